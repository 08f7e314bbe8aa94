"""The star schema in PostgreSQL: loaded into new tables, which take the old ones' place at once.

A folder that `write_star` wrote enters; tables in the schema `star` leave. All is one transaction:
until it ends readers see the tables as they were, and so they stay where anything fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import sqlalchemy as sa
from pyarrow import csv

from salesfc_lib.errors import RequestError
from salesfc_lib.handover.star_schema import model
from salesfc_lib.intake import begin_writing

SCHEMA = "star"
LOCK = 7263547  # of PostgreSQL, any number that is ours alone: of two loads at once one waits
ROWS = 100_000  # sent at a time
TYPES: dict[str, Any] = {
    "INTEGER": sa.Integer,
    "SMALLINT": sa.SmallInteger,
    "DOUBLE": sa.Double,
    "VARCHAR": sa.Text,
    "BOOLEAN": sa.Boolean,
    "DATE": sa.Date,
}


def load_star(folder: Path, address_env: str) -> int:
    """Number of rows loaded into the database whose address the environment variable holds.

    Raises `RequestError` for a database that is not PostgreSQL, and `SalesForecastError`, without
    any part of the address that could be secret, where it cannot be reached or written.
    """
    with begin_writing(address_env, Path()) as connection:
        if connection.dialect.name != "postgresql":
            raise RequestError.of(
                f"'{address_env}' names a database of {connection.dialect.name}",
                "PostgreSQL",
                "Correct the variable; other databases read the Parquet files",
            )
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        connection.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
        staged = _declare(folder)
        staged.drop_all(connection)
        staged.create_all(connection)
        rows = sum(_load(connection, folder, name) for name in model.names())
        _swap(connection)
    return rows


def _declare(folder: Path) -> sa.MetaData:
    """New tables beside the old ones; a dimension's key is its primary key."""
    staged = sa.MetaData(schema=SCHEMA)
    for name in model.names():
        columns = [
            sa.Column(each.name, TYPES[each.type], primary_key=not place and name[:3] == "dim")
            for place, each in enumerate(model.columns(name))
        ]
        declared = {each.name for each in model.columns(name)}
        found = pq.read_schema(_list_files(folder, name)[0]).names
        further = [sa.Column(each, sa.Text) for each in found if each not in declared]
        sa.Table(f"next_{name}", staged, *columns, *further)
    return staged


def _load(connection: sa.Connection, folder: Path, name: str) -> int:
    """Rows of a table's files, copied into its new table."""
    cursor, rows = connection.connection.cursor(), 0
    quote = connection.dialect.identifier_preparer.quote_identifier
    for path in _list_files(folder, name):
        file = pq.ParquetFile(path)
        columns = ", ".join(map(quote, file.schema_arrow.names))
        statement = f"COPY {SCHEMA}.next_{name} ({columns}) FROM STDIN (FORMAT csv)"
        with _as_error_of_sqlalchemy(connection, statement), cursor.copy(statement) as copy:
            for batch in file.iter_batches(ROWS):
                text = BytesIO()
                csv.write_csv(batch, text, csv.WriteOptions(include_header=False))
                copy.write(text.getvalue())
                rows += len(batch)
    return rows


def _swap(connection: sa.Connection) -> None:
    """Relate the new tables, and give them the places of the old ones, which are dropped."""
    for each in model.relationships():
        connection.exec_driver_sql(
            f"ALTER TABLE {SCHEMA}.next_{each['from']} ADD FOREIGN KEY ({each['column']}) "
            f"REFERENCES {SCHEMA}.next_{each['to']} ({each['key']})"
        )
    old = ", ".join(f"{SCHEMA}.{name}" for name in model.names())
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {old}")
    for name in model.names():
        connection.exec_driver_sql(f"ALTER TABLE {SCHEMA}.next_{name} RENAME TO {name}")
        keys = ", ".join(each.name for each in model.columns(name) if each.of)
        if name.startswith("fact"):  # what facts are joined by
            connection.exec_driver_sql(f"CREATE INDEX ON {SCHEMA}.{name} ({keys})")


def _list_files(folder: Path, name: str) -> list[Path]:
    if name.startswith("dim"):
        return [folder / f"{name}.parquet"]
    return sorted((folder / name).rglob("*.parquet"))


@contextmanager
def _as_error_of_sqlalchemy(connection: sa.Connection, statement: str) -> Iterator[None]:
    """Let errors of the driver be told as those of other statements are."""
    driver: Any = connection.dialect.dbapi
    try:
        yield
    except driver.Error as error:
        raise sa.exc.DBAPIError(statement, None, error) from None
