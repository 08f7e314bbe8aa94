"""Databases by an address: one extract of a table as it stood at one moment, kept by its content.

A source with `url_env` enters; a grid of its unit's records, one of the others', and the extract's fingerprint leave. The
decisions made here: the address comes from the environment, and neither it nor its password is written or said anywhere;
everything is read in one read-only transaction that sees one state of the database, however long it takes; records pass in
batches into a Parquet file, which is what is hashed, kept and read.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources import snapshot, watermark
from salesfc_lib.intake.sources.header import header_of, list_needed
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.sql import Relation, choose, find_relation, read_texts
from salesfc_lib.intake.sources.texts import compact
from salesfc_lib.intake.sources.troubled import set_aside_control

DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}  # where an address names none
SNAPSHOTS = {
    "postgresql": "REPEATABLE READ",
    "mysql": "REPEATABLE READ",
    "mariadb": "REPEATABLE READ",
}  # others: SERIALIZABLE
SESSION = (
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL client_encoding = 'UTF8'",
)  # PostgreSQL's texts
CONNECT_SECONDS = 15
ROW_GROUP = 200_000  # records
OWN = ("(number)", "(of this unit)")  # the last two columns of an extract, after the table's own


@dataclass(frozen=True)
class Drawn:
    """What an extraction gave: this unit's records, the others', the extract's fingerprint, its name, what there is to say."""

    mine: Grid
    others: Grid
    fingerprint: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.fingerprint["path"])


def read_database(source: Source, project: Path, *, keep: bool = False) -> Drawn:
    """Records of the source's table, now; with `keep`, the extract goes to the project's archive.

    Raises `SalesForecastError` for an address that is not set or not understood, a database that does not answer, an
    unknown table and a missing column.
    """
    archive, name = snapshot.find_archive(project), describe(source)
    with _spooling(archive if keep else None) as folder, connect(source.url_env) as connection:
        relation = find_relation(connection, source, name)
        path, said, last = _extract(connection, relation, source, archive=archive, folder=folder)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        if keep and path.parent == folder:
            path = snapshot.keep_extract(archive, path, sha256)
        if keep and source.watermark:
            watermark.remember(archive, _identify(connection, relation, source), sha256, last)
        mine, others = _load(path, relation, said)
    return Drawn(mine, others, {"path": name, "sha256": sha256, "bytes": size})


def describe(source: Source) -> str:
    """What a source's table is called in messages and records: by the variable that names the database, never by its address.

    >>> describe(Source(kind="sql", url_env="SALES_DB", table_schema="erp", table="orders"))
    '$SALES_DB/erp/orders'
    """
    return "/".join(
        [
            f"${source.url_env}",
            *([source.table_schema] if source.table_schema else []),
            str(source.table),
        ]
    )


@contextmanager
def connect(variable: str) -> Iterator[sa.Connection]:
    """A connection to the database whose address the environment variable holds, in one read-only transaction.

    Raises `SalesForecastError`, without any part of the address that could be secret.
    """
    address = _read_address(variable)
    try:
        with _make_engine(address).connect() as connection:
            yield _open_snapshot(connection)
    except SQLAlchemyError as error:
        said = hide(" ".join(str(getattr(error, "orig", None) or error).split()), address)
    except UnicodeDecodeError as error:
        said = f"it holds text that is not in its declared encoding ({error.object[error.start : error.end]!r})"
    except ModuleNotFoundError as error:
        said = f"the driver '{error.name}' is not installed; PostgreSQL's comes with `pip install 'salesfc[postgres]'`"
    else:
        return
    raise SalesForecastError.say(  # outside of `except`: the original error, which may hold the address, is not chained
        f"The database that '{variable}' names cannot be read: {said}",
        "A database that answers, with a user who may read this table",
        f"Correct the address in '{variable}', or ask who runs the database",
    )


def hide(text: str, address: sa.URL) -> str:
    """The text without the address' password and the values of its options, however they are spelled."""
    values = [str(address.password or "")]
    values += [
        each
        for value in address.query.values()
        for each in ([value] if isinstance(value, str) else value)
    ]
    secrets = {
        spelled
        for value in values
        if value
        for spelled in (value, quote(value), quote(value, safe=""), quote_plus(value))
    }
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
    raise SalesForecastError.say(
        f"The environment variable '{variable}' "
        + ("holds no address of a database" if text else "is not set"),
        "An address such as postgresql://user@host/database",
        f"Set it, as in `{variable}=postgresql://… salesfc run …`; it is never written anywhere",
    )


def _make_engine(address: sa.URL) -> sa.Engine:
    if address.get_backend_name() == "sqlite":
        place = Path(address.database or "").resolve().as_uri()
        return sa.create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(f"{place}?mode=ro", uri=True),
            poolclass=sa.pool.NullPool,
        )
    timeout = (
        {"connect_timeout": CONNECT_SECONDS} if address.get_backend_name() == "postgresql" else {}
    )
    return sa.create_engine(
        address, poolclass=sa.pool.NullPool, connect_args=timeout, hide_parameters=True
    )


def _open_snapshot(connection: sa.Connection) -> sa.Connection:
    backend = connection.dialect.name
    if backend == "sqlite":
        connection.exec_driver_sql("BEGIN")
        return connection
    connection = connection.execution_options(
        isolation_level=SNAPSHOTS.get(backend, "SERIALIZABLE")
    )
    if backend == "postgresql":
        connection = connection.execution_options(postgresql_readonly=True)
        for statement in SESSION:
            connection.exec_driver_sql(statement)
    return connection


@contextmanager
def _spooling(archive: Path | None) -> Iterator[Path]:
    """Folder for an extract that is being made, gone afterwards: on the archive's disk where it is to be kept."""
    if archive is not None:
        archive.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".extract.", dir=archive) as folder:
        yield Path(folder)


Extracted = tuple[
    Path, list[Issue], Any
]  # the Parquet file, what there is to say, the largest watermark


def _extract(
    connection: sa.Connection, relation: Relation, source: Source, *, archive: Path, folder: Path
) -> Extracted:
    if not source.watermark:
        return _write(folder, relation, _stream(connection, relation, source)), [], None
    if header_of(source, source.watermark) not in relation.names:
        raise SalesForecastError.missing_columns(
            [source.watermark], relation.header, f"'{describe(source)}' (`watermark`)"
        )
    last = _find_last(connection, relation, source)
    known = watermark.recall(archive, _identify(connection, relation, source))
    said: list[Issue] = []
    if known is not None:
        before = snapshot.find_kept(archive, known.sha256)
        assert before is not None  # recall has looked at it
        earlier = _read(before)
        merged = watermark.merge(
            earlier, _fetch(connection, relation, source, known.last), _key(relation, source)
        )
        count = connection.execute(
            sa.select(sa.func.count()).select_from(relation.table)
        ).scalar_one()
        if merged is earlier and merged.num_rows == count:
            return before, said, last
        if merged.num_rows == count:
            slices = (
                merged.slice(start, ROW_GROUP) for start in range(0, merged.num_rows, ROW_GROUP)
            )
            return _write(folder, relation, slices), said, last
        said = [
            Issue(
                "watermark",
                f"the table has {count} rows where {merged.num_rows} were known: it was read whole",
            )
        ]
    return _write(folder, relation, _stream(connection, relation, source)), said, last


def _identify(connection: sa.Connection, relation: Relation, source: Source) -> dict[str, Any]:
    """What an extract is an extract of: one of another database, table or choice of rows is never added to."""
    address = (
        connection.engine.url
        if connection.dialect.name != "sqlite"
        else sa.URL.create("sqlite", database=_file_of(connection))
    )
    server = f"{address.get_backend_name()} {address.username} {address.host} {address.port} {address.database}"
    return {
        "server": hashlib.sha256(server.encode()).hexdigest(),
        "table": describe(source),
        "columns": relation.header,
        "needed": [*list_needed(source)],
        "key": source.key,
        "where": source.where,
        "watermark": source.watermark,
    }


def _file_of(connection: sa.Connection) -> str:
    return str(connection.exec_driver_sql("PRAGMA database_list").all()[0][2])


def _find_last(connection: sa.Connection, relation: Relation, source: Source) -> Any:
    largest = sa.func.max(relation.column(header_of(source, str(source.watermark))))
    plain = connection.dialect.name == "sqlite"
    return connection.execute(
        sa.select(largest if plain else sa.cast(largest, sa.Text))
    ).scalar_one()


def _fetch(
    connection: sa.Connection, relation: Relation, source: Source, last: str | int | float
) -> pa.Table:
    """Records at or after the last watermark seen, and those without one, which no watermark ever finds."""
    column = relation.column(header_of(source, str(source.watermark)))
    bound = sa.literal(last)
    since = column >= (
        bound
        if connection.dialect.name == "sqlite"
        else sa.cast(bound, relation.types[column.name])
    )
    found = list(_stream(connection, relation, source, sa.or_(since, column.is_(None))))
    return pa.concat_tables(found) if found else _schema(relation).empty_table()


def _key(relation: Relation, source: Source) -> list[str]:
    return [relation.column(header_of(source, name)).name for name in source.key]


def _stream(
    connection: sa.Connection,
    relation: Relation,
    source: Source,
    also: sa.ColumnElement[bool] | None = None,
) -> Iterator[pa.Table]:
    """Batches of an extract: this unit's records, then the others'."""
    schema = _schema(relation)
    for query, is_mine in zip(choose(relation, source, also), (True, False), strict=True):
        for number, *texts in read_texts(connection, query):
            yield pa.Table.from_arrays(
                [*texts, number, pa.array(np.full(len(number), is_mine))], schema=schema
            )


def _schema(relation: Relation) -> pa.Schema:
    texts = [pa.field(name, pa.string()) for name in relation.header]
    return pa.schema([*texts, pa.field(OWN[0], pa.int64()), pa.field(OWN[1], pa.bool_())])


def _write(folder: Path, relation: Relation, batches: Iterable[pa.Table]) -> Path:
    path, schema = folder / "extract.parquet", _schema(relation)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in _regroup(batches):
            writer.write_table(group.cast(schema))
    return path


def _regroup(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same records in tables of ROW_GROUP, whatever the batches' sizes."""
    held: list[pa.Table] = []
    for batch in batches:
        held.append(batch)
        while sum(map(len, held)) >= ROW_GROUP:
            whole = pa.concat_tables(held)
            yield whole.slice(0, ROW_GROUP)
            held = [whole.slice(ROW_GROUP)]
    if any(map(len, held)):
        yield pa.concat_tables(held)


def _read(path: Path) -> pa.Table:
    """Table of an extract; one column at a time, so that only one is ever held as plain text."""
    header = pq.read_schema(path).names
    columns = {name: pq.read_table(path, columns=[name])[name] for name in header[-2:]}
    texts = {name: compact(pq.read_table(path, columns=[name])[name]) for name in header[:-2]}
    return pa.table({**texts, **columns})


def _load(path: Path, relation: Relation, said: list[Issue]) -> tuple[Grid, Grid]:
    table = _read(path)
    numbers, mine = (table[name].to_numpy() for name in OWN)
    texts = table.drop_columns([*OWN]).rename_columns(
        [str(place) for place in range(len(relation.header))]
    )
    grids = []
    for mask in (mine, ~mine):
        places = numbers[mask] if relation.row_ids else np.arange(1, mask.sum() + 1, dtype=np.int64)
        grids.append(
            Grid(
                relation.header,
                places,
                texts.filter(pa.array(mask)),
                issues=said if mask is mine else [],
            )
        )
    return set_aside_control(grids[0], relation.names), grids[1]
