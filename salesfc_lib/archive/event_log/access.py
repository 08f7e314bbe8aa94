"""Who may record what: roles of a unit's parameters, people by their logins.

An event and the login of who is at this computer (of the database, on PostgreSQL) enter; an error
leaves where that person may not record it. A unit that declares no roles lets everyone record
everything, under the name that is given.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from salesfc_lib.archive.event_log.record import OF_LOG, PROGRAM, Record
from salesfc_lib.archive.event_log.table import EVENTS, FILE, Log
from salesfc_lib.errors import RequestError, SalesForecastError, shorten
from salesfc_lib.foundation import people, resolve
from salesfc_lib.foundation.parameters import list_units
from salesfc_lib.foundation.people import Identity, Person
from salesfc_lib.foundation.resources import DEFAULTS
from salesfc_lib.foundation.schema import Roles
from salesfc_lib.intake import begin_writing

PEOPLE = ("planner", "owner", "reviewer", "analyst")
RUNS = ("analyst", "owner", "administrator")  # publish, watch and notify
PERMISSIONS: dict[str, tuple[str, ...]] = {  # by kind, or its first part; the longest that fits
    "alert": ("planner", "owner", "analyst"),
    "alert.open": RUNS,
    "alert.escalate": RUNS,
    "watch": RUNS,
    "notify": RUNS,
    "publish": RUNS,
    "cycle": PEOPLE,
    "cycle.open": RUNS,
    "cycle.remind": RUNS,
    "cycle.late": (*PEOPLE, "administrator"),
    "cycle.skip": ("owner",),
    "consult.ask": RUNS,
    "consult.answer": ("planner", "owner"),
    "view.enter": ("planner", "owner"),
    "view.decide": ("owner",),
    "effect": ("planner", "owner"),
    "override": ("planner", "owner"),
    "action": ("planner", "owner"),
    "cause": ("reviewer",),
    "proposal": ("owner",),
    "sign_off": ("reviewer",),
    "handover": ("administrator",),
    "log": ("administrator",),
}
OF_PROGRAM = ("alert.open", "alert.escalate", "watch", "notify", "publish", "cycle.open",
              "cycle.remind", "cycle.late", "consult.ask", "log")  # fmt: skip
OWN = ("view.decide", "override.enter")  # who did one of a month does not sign it off
BOTH = "administrator"  # who has this role in a unit has no other there


def check_access(project: Path, record: Record, log: Log) -> None:
    """Raise `RequestError` unless who is here may record this, under that name."""
    roles = read_roles(project, record.unit)
    if not roles.are_declared:
        return
    known = people.read_people(project)
    check_known(roles, known, record.unit)
    here = _identify(project, log)
    if here.person is None or here.name is None:
        raise RequestError.of(
            f"The login '{here.login}' is of nobody in {people.FILE.as_posix()}, and "
            f"'{record.unit}' declares roles",
            "The login of a person with a role there",
            f"Add '{here.login}' to a person's `logins`; for a program's own login, to a person "
            f"whose name is {PROGRAM}, with the role analyst",
        )
    is_program = record.who == PROGRAM and fits(record.what, OF_PROGRAM) is not None
    if record.who.strip() != here.name and not is_program:
        raise RequestError.of(
            f"'{record.who}' is not who is signed in: '{here.login}' is {here.name}",
            f"Events of '{record.unit}' are recorded under one's own name, as it declares roles",
            "Leave the name out, or sign in as that person",
        )
    _check_role(record, here, roles, known)
    _check_own(record, here.name, log)


def read_roles(project: Path, unit: str) -> Roles:
    """Roles that a unit declares; of the log itself, all administrators; none without a file."""
    units = list_units(project)
    if unit in units:
        return _resolve(project, unit)[0]
    if unit != OF_LOG:
        return Roles()
    every = [_resolve(project, each)[0].administrator for each in units]
    return Roles(administrator=list(dict.fromkeys(sum(every, []))))


def find_address(project: Path, unit: str) -> str:
    """Environment variable with the address of the log of a unit; empty for the project's file.

    What is no unit of the project is where its first unit is.
    """
    units = list_units(project)
    return _resolve(project, unit if unit in units else units[0])[1] if units else ""


def list_addresses(project: Path) -> list[str]:
    """Variables of the logs that the units of a project name, each once; "" is the file."""
    named = []
    for unit in list_units(project):
        with suppress(SalesForecastError):  # its run says what is wrong with its parameters
            named.append(find_address(project, unit))
    return list(dict.fromkeys(named)) or [""]


def name_actor(project: Path, unit: str, said: str = "") -> str:
    """Name of who acts: the person that `said` means by id or name, or who is signed in.

    Raises `RequestError` where nobody is named and the login is of nobody in `people.yml`.
    """
    known, said = people.read_people(project), said.strip()
    if said:
        return known[said].name if said in known else said
    address = find_address(project, unit)
    if address:
        with begin_writing(address, project / FILE) as connection:
            here = _identify(project, Log(connection, None))
    else:
        here = people.identify(project)
    if here.name is None:
        raise RequestError.of(
            f"Nobody of `{people.FILE.as_posix()}` has the login '{here.login}'",
            "Who acts, by name",
            "Give --by, or add the login to that person",
        )
    return here.name


def fits(what: str, kinds: tuple[str, ...] | dict[str, tuple[str, ...]]) -> str | None:
    """The longest of the kinds that is this one, or its first part; None where none is."""
    found = [kind for kind in kinds if what == kind or what.startswith(f"{kind}.")]
    return max(found, key=len, default=None)


def hold_roles(roles: Roles, person: str) -> tuple[str, ...]:
    """Roles of a person by id; an administrator has no other."""
    held = roles.of(person)
    return (BOTH,) if BOTH in held else held


def check_known(roles: Roles, known: dict[str, Person], unit: str) -> None:
    """Raise `SalesForecastError` where a role names somebody whom nobody knows."""
    for role, ids in roles:
        if missing := [each for each in ids if each not in known]:
            raise SalesForecastError.of(
                f"`roles.{role}` of '{unit}' names {shorten(missing)}, not in "
                f"{people.FILE.as_posix()}",
                "Ids of people who stand there",
                "Add them there, or correct the unit's `roles`; until then nothing is recorded",
            )


def _check_role(record: Record, here: Identity, roles: Roles, known: dict[str, Person]) -> None:
    kind = fits(record.what, PERMISSIONS)
    may = PERMISSIONS[kind] if kind else ()
    held = hold_roles(roles, str(here.person))
    if set(held) & set(may):
        return
    able = [known[each].name for each in known if set(hold_roles(roles, each)) & set(may)]
    raise RequestError.of(
        f"{here.name} may not record '{record.what}' in '{record.unit}': "
        f"{' and '.join(held) or 'no role'} there",
        f"The role {' or '.join(may)}" if may else "A kind of event that a role may record",
        f"Ask {shorten(able)}"
        if able
        else "Nobody has that role: declare it under the unit's `roles`",
    )


def _check_own(record: Record, name: str, log: Log) -> None:
    """Refuse a sign-off by who decided on that month's numbers."""
    if record.what != "sign_off":
        return
    table = EVENTS.c
    mine = sa.select(table.number).where(
        table.unit == record.unit, table.month == record.month, table.who == name,
        table.what.in_(OWN),
    )  # fmt: skip
    if (number := log.connection.scalar(mine.limit(1))) is not None:
        raise RequestError.of(
            f"{name} decided on numbers of {record.month} in '{record.unit}' (event {number})",
            "A reviewer who did not",
            "Let another reviewer sign it off",
        )


def _identify(project: Path, log: Log) -> Identity:
    """Who is here: the login of the database on PostgreSQL, else of the computer."""
    if log.is_sqlite:
        return people.identify(project)
    login = str(log.connection.scalar(sa.text("SELECT session_user")))
    for key, person in people.read_people(project).items():
        if login in person.logins:
            return Identity(login, key, person.name)
    return Identity(login, None, None)


def _resolve(project: Path, unit: str) -> tuple[Roles, str]:
    """Roles and `archive.records_env` of a unit, read again where a file changed."""
    file = project / "parameters" / "units" / f"{unit}.yml"
    stamps = [(path.stat().st_mtime_ns, path.stat().st_size) for path in (DEFAULTS, file)]
    return _resolve_once(project.resolve(), unit, tuple(stamps))


@lru_cache(maxsize=256)
def _resolve_once(
    project: Path, unit: str, _stamps: tuple[tuple[int, int], ...]
) -> tuple[Roles, str]:
    found = resolve(project, unit).parameters
    return found.roles, found.archive.records_env
