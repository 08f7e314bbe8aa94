"""Connections to databases: each one read-only transaction that sees one state of the database.

An address comes from the environment, and neither it nor its password is written or shown anywhere.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import hide_parts, hide_secrets, parts_of

DRIVERS = dict.fromkeys(("postgresql", "postgres"), "postgresql+psycopg")  # if none is named
SNAPSHOTS = dict.fromkeys(("postgresql", "mysql", "mariadb"), "REPEATABLE READ")
OTHERS = "SERIALIZABLE"  # isolation level of other databases
SESSION = (  # how PostgreSQL writes its texts
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL client_encoding = 'UTF8'",
)
CONNECT_SECONDS = 15
HOST = re.compile(r"[\w.:%,-]*$")


@contextmanager
def connect(variable: str) -> Iterator[sa.Connection]:
    """A connection, in one read-only transaction, to the database that the variable names.

    Raises `SalesForecastError`, without any part of the address that could be secret.
    """
    address = _read_address(variable)
    with ExitStack() as stack:
        why = ""
        try:
            connection = stack.enter_context(_make_engine(address).connect())
            snapshot = open_snapshot(connection)
        except Exception as error:  # a driver may raise anything, with the address in it
            why = _explain(error, variable)
        if not why:
            try:
                yield snapshot
            except (SQLAlchemyError, UnicodeDecodeError) as error:
                why = _explain(error, variable)
    if not why:
        return
    # outside of `except`: the original error, which may hold the address, is not chained
    raise SalesForecastError.of(
        f"The database that '{variable}' names cannot be read: {why}",
        "A database that answers, with a user who may read this table",
        f"Correct the address in '{variable}', or ask who runs the database",
    )


def _explain(error: Exception, variable: str) -> str:
    """What a driver says, without any part of the address that could be secret."""
    if isinstance(error, UnicodeDecodeError):
        odd = error.object[error.start : error.end]
        return f"it holds text that is not in its declared encoding ({odd!r})"
    if isinstance(error, ModuleNotFoundError):
        install = "PostgreSQL's comes with `pip install 'salesfc[postgres]'`"
        return f"the driver '{error.name}' is not installed; {install}"
    said = getattr(error, "orig", None) or error
    text = hide_parts(str(said), parts_of(os.environ.get(variable, "")))
    return " ".join(hide_secrets(text).split()) or type(said).__name__


def _read_address(variable: str) -> sa.URL:
    text = os.environ.get(variable, "")
    with suppress(ArgumentError, ValueError):  # their messages may hold the address
        address = sa.make_url(text)
        address = address.set(drivername=DRIVERS.get(address.drivername, address.drivername))
        address.get_dialect()
        if HOST.match(address.host or ""):  # with a password's @ or / in it, it is no host
            return address
    wrong = "holds no address of a database" if text else "is not set"
    raise SalesForecastError.of(
        f"The environment variable '{variable}' {wrong}",
        "An address such as postgresql://user@host/database, with %40, %2F and %3A for the signs "
        "@, / and : in a password",
        f"Set it, as in `{variable}=postgresql://… salesfc run …`; it is never written anywhere",
    )


def _make_engine(address: sa.URL) -> sa.Engine:
    backend = address.get_backend_name()
    if backend == "sqlite":
        return make_sqlite_engine(Path(address.database or ""))
    options = {"connect_timeout": CONNECT_SECONDS} if backend == "postgresql" else {}
    return sa.create_engine(
        address, poolclass=sa.pool.NullPool, connect_args=options, hide_parameters=True
    )


def make_sqlite_engine(path: Path) -> sa.Engine:
    """An engine that does not make a missing file, as an address by itself would."""
    place = f"{path.resolve().as_uri()}?mode=ro"
    return sa.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(place, uri=True), poolclass=sa.pool.NullPool
    )


def open_snapshot(connection: sa.Connection) -> sa.Connection:
    backend = connection.dialect.name
    if backend == "sqlite":
        connection.exec_driver_sql("BEGIN")
        return connection
    level = SNAPSHOTS.get(backend, OTHERS)
    connection = connection.execution_options(isolation_level=level)
    if backend == "postgresql":
        connection = connection.execution_options(postgresql_readonly=True)
        for statement in SESSION:
            connection.exec_driver_sql(statement)
    return connection
