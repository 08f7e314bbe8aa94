"""Roles written into PostgreSQL: a login sees the rows of its units, and adds what its role may.

The roles of parameter files enter; tables of roles, grants, policies and a trigger leave, so that
the database refuses what this program would, whoever asks. The owner of the table is above them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import sqlalchemy as sa

from salesfc_lib.archive.event_log.access import (
    OF_PROGRAM,
    OWN,
    PERMISSIONS,
    check_known,
    hold_roles,
    read_roles,
)
from salesfc_lib.archive.event_log.record import PROGRAM
from salesfc_lib.archive.event_log.table import Log, fill_in, open_log
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import people

SQL = Path(__file__).with_name("roles.sql")
GROUP = "salesfc_people"  # of all logins; what it may do, each of them may
EVERYONE = "everyone"  # role of all people in a unit that declares none
TABLES = {
    "records_permissions": ("kind", "role"),
    "records_roles": ("login", "person", "unit", "role"),
}


def apply_roles(project: Path, units: Iterable[str], *, address_env: str) -> list[str]:
    """Logins that the database cannot hold back, as they own the table; the others it now does.

    units: those whose roles are written; the others' stay as they were. Logins that do not exist
    are made without a password. Raises `RequestError` where this login does not own the table.
    """
    with open_log(project, address_env) as log:
        check_owner(log, "write roles")
        run = log.connection.exec_driver_sql
        words = {"programs": [PROGRAM], "of_program": OF_PROGRAM, "own": OWN}
        run(fill_in(log.connection, SQL, **words))
        run("DELETE FROM records_permissions")
        pairs = [(kind, role) for kind, roles in PERMISSIONS.items() for role in roles]
        _put(log, "records_permissions", pairs)
        for unit in units:
            log.connection.execute(sa.text("DELETE FROM records_roles WHERE unit = :unit"),
                                   {"unit": unit})  # fmt: skip
            _put(log, "records_roles", _list_rows(project, unit))
        return _grant(log)


def check_owner(log: Log, what: str) -> None:
    """Raise `RequestError` where this login may not do everything with the table."""
    if log.is_sqlite or log.connection.scalar(sa.text("SELECT records_is_owner()")):
        return
    raise RequestError.of(
        f"This login may not {what}: it may only add events of its own",
        "The login that owns the table of events",
        "Run it with that login",
    )


def _list_rows(project: Path, unit: str) -> list[tuple[str, str, str, str]]:
    """Login, person, unit and role of everyone with a role in the unit."""
    known, roles = people.read_people(project), read_roles(project, unit)
    check_known(roles, known, unit)
    return [
        (login, person.name, unit, role)
        for key, person in known.items()
        for role in (hold_roles(roles, key) if roles.are_declared else (EVERYONE,))
        for login in person.logins
    ]


def _put(log: Log, table: str, rows: Sequence[tuple[str, ...]]) -> None:
    names = TABLES[table]
    if rows:
        places = ", ".join(f":{name}" for name in names)
        added = sa.text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})")
        log.connection.execute(added, [dict(zip(names, row, strict=True)) for row in rows])


def _grant(log: Log) -> list[str]:
    """Let every login of the roles into the group, and no other; those that own the table."""
    connection = log.connection
    quote = connection.dialect.identifier_preparer.quote_identifier
    logins = set(connection.scalars(sa.text("SELECT login FROM records_roles")))
    exist = set(connection.scalars(sa.text("SELECT rolname FROM pg_roles")))
    for name, kind in [(GROUP, "NOLOGIN"), *((login, "LOGIN") for login in sorted(logins))]:
        if name not in exist:
            connection.exec_driver_sql(f"CREATE ROLE {quote(name)} {kind}")
    schema = connection.scalar(sa.text("SELECT quote_ident(current_schema())"))
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {GROUP}")
    connection.exec_driver_sql(f"GRANT SELECT, INSERT ON {schema}.records TO {GROUP}")
    members = set(connection.scalars(sa.text(
        "SELECT m.member::regrole::text FROM pg_auth_members m WHERE m.roleid = :g ::regrole"
    ), {"g": GROUP}))  # fmt: skip
    members = {name.strip('"').replace('""', '"') for name in members}
    for login in sorted(members - logins):
        connection.exec_driver_sql(f"REVOKE {GROUP} FROM {quote(login)}")
    for login in sorted(logins - members):
        connection.exec_driver_sql(f"GRANT {GROUP} TO {quote(login)}")
    above = "SELECT pg_has_role(:login, relowner, 'MEMBER') FROM pg_class WHERE oid = 'records'::regclass"  # noqa: E501
    return [each for each in sorted(logins) if connection.scalar(sa.text(above), {"login": each})]
