"""The people of a project: `parameters/people.yml`, by an id, and who is at this computer.

    hanlei: {name: 韩磊, logins: [hanlei], next: liuhui, department: sales, notify: [HANLEI_WECOM]}

Events hold a person's name. Who acts is the login of JupyterHub or of the operating system; the
event log on PostgreSQL does not believe either and takes the login of the database.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation.language import LANGUAGES
from salesfc_lib.foundation.schema.block import UNIT_ID, ParameterBlock
from salesfc_lib.foundation.schema.coordination import Roles
from salesfc_lib.foundation.strict_yaml import read_yaml

FILE = Path("parameters", "people.yml")  # under the project
HUB = "JUPYTERHUB_USER"


class Person(ParameterBlock):
    """One person; `next`: id of who takes over what is overdue."""

    name: str = Field(min_length=1)
    logins: list[str] = []
    next: str | None = None
    department: str = ""
    language: str | None = None  # of what is sent to them; null: the unit's first
    notify: list[str] = []  # environment variables, each with an address as apprise writes it


@dataclass(frozen=True)
class Identity:
    """Who is at this computer: login, and the person's id and name where the login is known."""

    login: str
    person: str | None
    name: str | None


def read_people(project: Path) -> dict[str, Person]:
    """People by id; none where the project has no such file.

    Raises `SalesForecastError` for an id, a key or a `next` that is none, and for two people with
    one name or login.
    """
    path = project / FILE
    if not path.exists():
        return {}
    people = {str(key): _read_person(str(key), each) for key, each in read_yaml(path).items()}
    _refuse_twice(people)
    for key, person in people.items():
        if person.next is not None and (person.next not in people or person.next == key):
            raise SalesForecastError.of(
                f"`{key}.next` in {FILE.as_posix()} is '{person.next}'",
                "The id of another person in that file",
                "Add that person, or correct it",
            )
    return people


def find_person(people: Mapping[str, Person], said: str) -> str:
    """Id of the person with that id or name. Raises `RequestError` where nobody has it."""
    if said in people:
        return said
    for key, person in people.items():
        if person.name == said.strip():
            return key
    raise RequestError.unknown_key(said, people, FILE.as_posix())


def identify(project: Path) -> Identity:
    """Who is at this computer: JupyterHub's user where it runs this, else the system's login."""
    login = os.environ.get(HUB, "").strip() or getpass.getuser()
    for key, person in read_people(project).items():
        if login in person.logins:
            return Identity(login, key, person.name)
    return Identity(login, None, None)


def list_authors(project: Path, roles: Roles) -> frozenset[str] | None:
    """Names of who may write overrides and effects by hand; None where no roles are declared."""
    if not roles.are_declared:
        return None
    return frozenset(
        person.name
        for key, person in read_people(project).items()
        if {"planner", "owner"} & set(roles.of(key)) and key not in roles.administrator
    )


def _read_person(key: str, tree: object) -> Person:
    try:
        if not UNIT_ID.match(key):
            raise ValueError("its id has to be lower-case letters, digits, '-' and '_', at most 32")
        person = Person.model_validate(tree)
        if person.language is not None and person.language not in LANGUAGES:
            raise ValueError(f"`language` is '{person.language}', none of {', '.join(LANGUAGES)}")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        why = f"`{where}`: {first['msg']}" if where else first["msg"]
    except ValueError as error:
        why = str(error)
    else:
        return person
    raise SalesForecastError.of(
        f"Person '{key}' in {FILE.as_posix()} cannot be read: {why}",
        "An entry such as `hanlei: {name: 韩磊, logins: [hanlei], next: liuhui}`",
        "Correct it",
    )


def _refuse_twice(people: Mapping[str, Person]) -> None:
    taken: dict[tuple[str, str], str] = {}
    for key, person in people.items():
        for kind, said in [("name", person.name), *(("login", each) for each in person.logins)]:
            if (other := taken.setdefault((kind, said), key)) != key:
                raise SalesForecastError.of(
                    f"'{other}' and '{key}' in {FILE.as_posix()} have the {kind} '{said}'",
                    "One person for each name and login",
                    "Tell them apart by another name, or remove one of them",
                )
