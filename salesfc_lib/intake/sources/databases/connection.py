"""Connections to databases: each one read-only transaction that sees one state of the database.

An address comes from the environment, and neither it nor its password is written or shown anywhere.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
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
LOCK_SECONDS = 30
RESTORE = "Bring the file back from a copy, or give its folder room and rights to write"
HOST = re.compile(r"[\w.:%,-]*$")


@contextmanager
def connect(variable: str) -> Iterator[sa.Connection]:
    """A connection, in one read-only transaction, to the database that the variable names.

    Raises `SalesForecastError`, without any part of the address that could be secret.
    """
    address = _read_address(variable)

    def open_connection(stack: ExitStack) -> sa.Connection:
        return open_snapshot(stack.enter_context(_make_engine(address).connect()))

    with _explained(open_connection, variable, partial(_cannot_be_read, variable)) as connection:
        yield connection


@contextmanager
def begin(variable: str, file: Path) -> Iterator[sa.Connection]:
    """A transaction that writes: to the database that the variable names, else to a SQLite file.

    It ends with the block, and an error in the block takes everything back. The file and its folder
    are made where they are missing; another writer is waited for, `LOCK_SECONDS` at most. Raises
    `SalesForecastError` as `connect` does.
    """
    if variable:
        address, error = _read_address(variable), partial(_cannot_be_written, variable)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        address = sa.URL.create("sqlite", database=str(file))
        error = partial(SalesForecastError.unreadable_file, file, do=RESTORE)
    options = {"timeout": LOCK_SECONDS} if address.get_backend_name() == "sqlite" else {}

    def open_connection(stack: ExitStack) -> sa.Connection:
        engine = sa.create_engine(
            address, poolclass=sa.pool.NullPool, connect_args=options, hide_parameters=True
        )
        return stack.enter_context(engine.begin())

    with _explained(open_connection, variable, error) as connection:
        yield connection


@contextmanager
def _explained(
    open_connection: Callable[[ExitStack], sa.Connection],
    variable: str,
    put: Callable[[str], SalesForecastError],
) -> Iterator[sa.Connection]:
    """The connection that is opened on a stack, closed with the block; its errors put in words.

    They are raised outside of `except`: the original, which may hold the address, is not chained.
    """
    why, opened = "", False
    try:
        with ExitStack() as stack:
            connection = open_connection(stack)
            opened = True
            yield connection
    except Exception as error:  # while it opens a driver may raise anything
        if opened and not isinstance(error, SQLAlchemyError | UnicodeDecodeError):
            raise
        why = _explain(error, variable)
    if why:
        raise put(why)


def _cannot_be_read(variable: str, why: str) -> SalesForecastError:
    return SalesForecastError.of(
        f"The database that '{variable}' names cannot be read: {why}",
        "A database that answers, with a user who may read this table",
        f"Correct the address in '{variable}', or ask who runs the database",
    )


def _cannot_be_written(variable: str, why: str) -> SalesForecastError:
    return SalesForecastError.of(
        f"The database that '{variable}' names cannot be written: {why}",
        "A database that answers, with a user who may make tables and write them",
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
