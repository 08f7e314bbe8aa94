"""Connections to databases: each one read-only transaction that sees one state of the database.

An address comes from the environment, and neither it nor its password is written or shown anywhere.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from salesfc_lib.errors import SalesForecastError

DRIVERS = dict.fromkeys(("postgresql", "postgres"), "postgresql+psycopg")  # if none is named
SNAPSHOTS = dict.fromkeys(("postgresql", "mysql", "mariadb"), "REPEATABLE READ")
OTHERS = "SERIALIZABLE"  # isolation level of other databases
SESSION = (  # how PostgreSQL writes its texts
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL client_encoding = 'UTF8'",
)
CONNECT_SECONDS = 15


@contextmanager
def connect(variable: str) -> Iterator[sa.Connection]:
    """A connection, in one read-only transaction, to the database that the variable names.

    Raises `SalesForecastError`, without any part of the address that could be secret.
    """
    address = _read_address(variable)
    try:
        with _make_engine(address).connect() as connection:
            yield open_snapshot(connection)
    except SQLAlchemyError as error:
        why = hide_secrets(" ".join(str(getattr(error, "orig", None) or error).split()), address)
    except UnicodeDecodeError as error:
        text = error.object[error.start : error.end]
        why = f"it holds text that is not in its declared encoding ({text!r})"
    except ModuleNotFoundError as error:
        install = "PostgreSQL's comes with `pip install 'salesfc[postgres]'`"
        why = f"the driver '{error.name}' is not installed; {install}"
    else:
        return
    # outside of `except`: the original error, which may hold the address, is not chained
    raise SalesForecastError.of(
        f"The database that '{variable}' names cannot be read: {why}",
        "A database that answers, with a user who may read this table",
        f"Correct the address in '{variable}', or ask who runs the database",
    )


def hide_secrets(text: str, address: sa.URL) -> str:
    """The text without the address' password and its options' values, however they are spelled."""
    values = [str(address.password or "")]
    for value in address.query.values():
        values += [value] if isinstance(value, str) else value
    spellings = (lambda each: each, quote, lambda each: quote(each, safe=""), quote_plus)
    secrets = {spell(value) for value in values if value for spell in spellings}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _read_address(variable: str) -> sa.URL:
    text = os.environ.get(variable, "")
    with suppress(ArgumentError, ValueError):  # their messages may hold the address
        address = sa.make_url(text)
        address = address.set(drivername=DRIVERS.get(address.drivername, address.drivername))
        address.get_dialect()
        return address
    wrong = "holds no address of a database" if text else "is not set"
    raise SalesForecastError.of(
        f"The environment variable '{variable}' {wrong}",
        "An address such as postgresql://user@host/database",
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
