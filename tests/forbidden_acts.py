"""A team of a person for each role in two units, and every act that one of them may not do.

An act is a kind of event in a unit, tried by `append_record` or by SQL of its own in several ways.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa

from salesfc_lib.archive import PERMISSIONS, Record, append_record, apply_roles
from salesfc_lib.errors import SalesForecastError

VARIABLE = "SALESFC_TEST_ROLES"
UNITS = ("east", "west")
ROLES = ("planner", "owner", "reviewer", "analyst", "administrator")
MONTH = "2026-06"
KINDS = {  # kind that stands for each permission
    "alert.close": "alert", "alert.open": "alert.open", "cycle.done": "cycle",
    "cycle.skip": "cycle.skip", "consult.answer": "consult.answer", "view.enter": "view.enter",
    "view.decide": "view.decide", "effect.declare": "effect", "override.enter": "override",
    "action.add": "action", "cause.confirm": "cause", "proposal.accept": "proposal",
    "sign_off": "sign_off", "handover.send": "handover", "log.import": "log", "made.up": "",
}  # fmt: skip
TEXTS = "clock, series, version, subject, old, new, reason, previous, hash"
INSERT = (
    "INSERT INTO records (number, at, who, what, unit, month, clock, series, version, subject, "
    "old, new, reason, previous, hash) VALUES (0, '2026-07-01T00:00:00+00:00', '{who}', '{what}', "
    "'{unit}', '2026-06', '', '', '', 's', '{{}}', '{{}}', 'r', '', '')"
)
WAYS = ("append_record", "insert", "set role", "search path", "temporary table", "copy")
DIRECT = (  # whoever runs it
    "UPDATE records SET reason = 'x'",
    "DELETE FROM records",
    "TRUNCATE records",
    "UPDATE records_head SET number = 0",
    "DELETE FROM records_head",
    "SELECT * FROM records_head",
    "INSERT INTO records_head VALUES (9, 'x')",
    "INSERT INTO records_roles VALUES (session_user, 'x', 'east', 'owner')",
    "SELECT * FROM records_roles",
    "UPDATE records_permissions SET role = 'reviewer'",
    "ALTER TABLE records DISABLE TRIGGER ALL",
    "ALTER TABLE records DISABLE ROW LEVEL SECURITY",
    "DROP TABLE records",
    "DROP POLICY records_added ON records",
    "CREATE RULE r AS ON INSERT TO records DO INSTEAD NOTHING",
    "CREATE TRIGGER zz BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION records_chain()",
    "CREATE OR REPLACE FUNCTION records_may_add(of_unit text, of_kind text) RETURNS boolean "
    "LANGUAGE sql AS 'SELECT true'",
    "SET session_replication_role = replica",
    "SET SESSION AUTHORIZATION owner",
    "SET ROLE owner",
    "MERGE INTO records r USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
)


@dataclass(frozen=True)
class Act:
    """What somebody tries: by which login, which kind of event of which unit, in which way."""

    login: str
    what: str
    unit: str
    way: str


def write_team(project: Path, server_address: str = "") -> None:
    """Two units with a person for each role, `<role>_<unit>`; all under the variable's address."""
    units = project / "parameters" / "units"
    units.mkdir(parents=True)
    people = []
    for unit in UNITS:
        roles = "".join(f"  {role}: [{role}_{unit}]\n" for role in ROLES)
        address = f"archive: {{records_env: {VARIABLE}}}\n" if server_address else ""
        (units / f"{unit}.yml").write_text(
            f"unit: {{title: {unit}}}\n{address}roles:\n{roles}", encoding="utf-8"
        )
        people += [f"{r}_{unit}: {{name: N {r} {unit}, logins: [{r}_{unit}]}}\n" for r in ROLES]
    text = "".join(people) + "nobody: {name: N nobody, logins: [nobody_here]}\n"
    (project / "parameters" / "people.yml").write_text(text, encoding="utf-8")


def set_up(project: Path, address: str) -> None:
    """The team, and its roles in the database, to which the variable leads as its owner."""
    write_team(project, address)
    os.environ[VARIABLE] = address
    apply_roles(project, UNITS, address_env=VARIABLE)
    with sa.create_engine(address).begin() as connection:
        for login in ("nobody_here", "stranger"):
            found = connection.scalar(
                sa.text("SELECT count(*) FROM pg_roles WHERE rolname = :n"), {"n": login}
            )
            if not found:
                connection.exec_driver_sql(f"CREATE ROLE {login} LOGIN")


def may(login: str, what: str, unit: str) -> bool:
    """Whether the table of permissions lets a login record it, by its name."""
    role, _, of = login.partition("_")
    return of == unit and role in PERMISSIONS.get(KINDS[what], ())


def list_acts(*, forbidden: bool) -> list[Act]:
    """All acts of the team that may not, or may, be done."""
    logins = [f"{role}_{unit}" for unit in UNITS for role in ROLES] + ["nobody_here", "stranger"]
    every = itertools.product(logins, KINDS, UNITS, WAYS)
    return [Act(*each) for each in every if may(*each[:3]) != forbidden]


def try_act(project: Path, act: Act, address: str) -> bool:
    """Whether the act left an event in the log; what stops it may be any error."""
    own = address.replace("//owner@", f"//{act.login}@")
    before = count_events(address)
    if act.way == "append_record":
        os.environ[VARIABLE] = own
        name = f"N {act.login.replace('_', ' ')}"
        said = Record(what=act.what, who=name, unit=act.unit, month=MONTH, reason="r")
        with suppress(SalesForecastError):
            append_record(project, said)
        os.environ[VARIABLE] = address
    else:
        insert = INSERT.format(who="N owner east", what=act.what, unit=act.unit)
        for statement in _list_statements(act.way, insert):
            run_sql(own, statement)
    return count_events(address) != before


def run_sql(address: str, statements: str) -> bool:
    """Whether statements of a login, in one transaction, went through."""
    with suppress(psycopg.Error):
        with psycopg.connect(address.replace("+psycopg", "")) as connection:
            connection.execute(statements)
        return True
    return False


def count_events(address: str) -> int:
    engine = sa.create_engine(address, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return int(connection.scalar(sa.text("SELECT count(*) FROM public.records")) or 0)


def _list_statements(way: str, insert: str) -> Iterator[str]:
    if way == "insert":
        yield insert
    elif way == "set role":
        yield f"SET ROLE salesfc_people; {insert}"
        yield f"SET ROLE owner_east; {insert}"
        yield f"SET ROLE owner; {insert}"
    elif way == "search path":
        shadow = "CREATE FUNCTION pg_temp.records_may_add(text, text) RETURNS boolean LANGUAGE sql"
        yield f"SET search_path = pg_temp, public; {insert}"
        yield (
            f"{shadow} AS 'SELECT true'; SET search_path = pg_temp, public, pg_catalog; {insert}"
        )
    elif way == "temporary table":
        roles = "login text, person text, unit text, role text"
        yield (
            f"CREATE TEMP TABLE records_roles ({roles}); "
            "INSERT INTO records_roles SELECT session_user, 'N owner east', u, 'everyone' "
            f"FROM unnest(ARRAY['east', 'west']) u; {insert}"
        )
        yield f"CREATE TEMP TABLE records (LIKE public.records); {insert}"
    elif way == "copy":
        yield insert.replace("VALUES (", "SELECT * FROM (VALUES (") + ") v"
        yield f"WITH added AS ({insert} RETURNING number) SELECT * FROM added"
        yield f"{insert} ON CONFLICT DO NOTHING"
