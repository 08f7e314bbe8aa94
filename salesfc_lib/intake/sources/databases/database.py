"""Databases: one extract of a table as it stood at one moment, of SQLite files too.

Everything is read in one read-only transaction that sees one state of the database, however long it
takes. Records pass in batches into a Parquet file, which is what is read; of a database by its
address it is also what is hashed and kept. An address comes from the environment, and neither it
nor its password is written or shown anywhere.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources import snapshot
from salesfc_lib.intake.sources.databases import watermark
from salesfc_lib.intake.sources.databases.sql import Relation, choose, find_relation, read_texts
from salesfc_lib.intake.sources.header import header_of, list_needed
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.text_columns import compact
from salesfc_lib.intake.sources.unusable_rows import set_aside_control

DRIVERS = dict.fromkeys(("postgresql", "postgres"), "postgresql+psycopg")  # if none is named
SNAPSHOTS = dict.fromkeys(("postgresql", "mysql", "mariadb"), "REPEATABLE READ")
OTHERS = "SERIALIZABLE"  # isolation level of other databases
SESSION = (  # how PostgreSQL writes its texts
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL client_encoding = 'UTF8'",
)
CONNECT_SECONDS = 15
ROW_GROUP = 200_000  # records
OWN = ("(number)", "(of this unit)")  # the last two columns of an extract, after the table's own


@dataclass(frozen=True)
class DatabaseExtract:
    """This unit's records, the others', and the extract's fingerprint (path, sha256, bytes)."""

    mine: Grid
    others: Grid
    fingerprint: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.fingerprint["path"])


def read_database(source: Source, project: Path, *, keep: bool = False) -> DatabaseExtract:
    """Records of the source's table, now; with `keep`, the extract goes to the project's archive.

    Raises `SalesForecastError` for an address that is not set or not understood, a database that
    does not answer, an unknown table and a missing column.
    """
    archive, name = snapshot.find_archive(project), describe(source)
    with _spooling(archive if keep else None) as folder, connect(source.url_env) as connection:
        relation = find_relation(connection, source, name)
        path, issues, last = _extract(connection, relation, source, archive=archive, folder=folder)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        if keep and path.parent == folder:
            path = snapshot.keep_extract(archive, path, sha256)
        if keep and source.watermark:
            watermark.remember(archive, _identify(connection, relation, source), sha256, last)
        mine, others = _load(path, relation, issues)
    return DatabaseExtract(mine, others, {"path": name, "sha256": sha256, "bytes": size})


def read_sqlite(path: Path, source: Source, where: str) -> tuple[Grid, Grid]:
    """Records of one table of a SQLite file: those that `where` chooses, and the others.

    Raises `SalesForecastError` for a file that is no database or that another program has open, an
    unknown table and a missing column.
    """
    _refuse_short(path, where)
    _refuse_open(path, where)
    try:
        with _spooling(None) as folder, _make_sqlite_engine(path).connect() as connection:
            relation = find_relation(_open_snapshot(connection), source, where)
            extract = _write(folder, relation, _stream(connection, relation, source))
            return _load(extract, relation, [])
    except DatabaseError as error:
        raise SalesForecastError.unreadable_file(
            where,
            f"it is no complete SQLite database ({error.orig})",
            "Export it again, or set the source's `kind` to what it is",
        ) from error


def _refuse_short(path: Path, where: str) -> None:
    """Raise if the file is shorter than its header says: SQLite would read its table as empty.

    Bytes 16-17 hold the page size (1 means 65,536), bytes 28-31 the number of pages: https://www.sqlite.org/fileformat.html
    """
    with path.open("rb") as file:
        header = file.read(32)
    size = int.from_bytes(header[16:18], "big")
    promised = (65_536 if size == 1 else size) * int.from_bytes(header[28:32], "big")
    if header.startswith(b"SQLite format 3\x00") and path.stat().st_size < promised:
        raise SalesForecastError.unreadable_file(
            where,
            f"it ends after {path.stat().st_size} of {promised} bytes",
            "Export or copy it again, completely",
        )


def _refuse_open(path: Path, where: str) -> None:
    """Raise if changes stand beside the file (write-ahead log): its hash would not cover them."""
    log = path.with_name(f"{path.name}-wal")
    if log.is_file() and log.stat().st_size:
        raise SalesForecastError.say(
            f"'{where}' is open in another program: '{log.name}' beside it holds changes that are "
            "not in the file yet",
            "A database file that nobody writes to",
            "Close that program, or name the database by `url_env` instead of `path`: then its "
            "tables are extracted",
        )


def describe(source: Source) -> str:
    """Name of a source's table in messages and records: by the variable, never by the address.

    >>> describe(Source(kind="sql", url_env="SALES_DB", table_schema="erp", table="orders"))
    '$SALES_DB/erp/orders'
    """
    schema = [source.table_schema] if source.table_schema else []
    return "/".join([f"${source.url_env}", *schema, str(source.table)])


@contextmanager
def connect(variable: str) -> Iterator[sa.Connection]:
    """A connection, in one read-only transaction, to the database that the variable names.

    Raises `SalesForecastError`, without any part of the address that could be secret.
    """
    address = _read_address(variable)
    try:
        with _make_engine(address).connect() as connection:
            yield _open_snapshot(connection)
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
    raise SalesForecastError.say(
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
    raise SalesForecastError.say(
        f"The environment variable '{variable}' {wrong}",
        "An address such as postgresql://user@host/database",
        f"Set it, as in `{variable}=postgresql://… salesfc run …`; it is never written anywhere",
    )


def _make_engine(address: sa.URL) -> sa.Engine:
    backend = address.get_backend_name()
    if backend == "sqlite":
        return _make_sqlite_engine(Path(address.database or ""))
    options = {"connect_timeout": CONNECT_SECONDS} if backend == "postgresql" else {}
    return sa.create_engine(
        address, poolclass=sa.pool.NullPool, connect_args=options, hide_parameters=True
    )


def _make_sqlite_engine(path: Path) -> sa.Engine:
    """An engine that does not make a missing file, as an address by itself would."""
    place = f"{path.resolve().as_uri()}?mode=ro"
    return sa.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(place, uri=True), poolclass=sa.pool.NullPool
    )


def _open_snapshot(connection: sa.Connection) -> sa.Connection:
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


@contextmanager
def _spooling(archive: Path | None) -> Iterator[Path]:
    """Folder, gone afterwards, for an extract: on the archive's disk where it is to be kept."""
    if archive is not None:
        archive.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".extract.", dir=archive) as folder:
        yield Path(folder)


def _extract(
    connection: sa.Connection, relation: Relation, source: Source, *, archive: Path, folder: Path
) -> tuple[Path, list[Issue], Any]:
    """The Parquet file of the records, issues, and the largest watermark."""
    if not source.watermark:
        return _write(folder, relation, _stream(connection, relation, source)), [], None
    if header_of(source, source.watermark) not in relation.names:
        place = f"'{describe(source)}' (`watermark`)"
        raise SalesForecastError.missing_columns([source.watermark], relation.header, place)
    last = _find_last(connection, relation, source)
    known = watermark.recall(archive, _identify(connection, relation, source))
    issues = []
    if known is not None:
        before = snapshot.find_kept(archive, known.sha256)
        assert before is not None  # recall has looked at it
        earlier = _read(before)
        fetched = _fetch(connection, relation, source, known.last)
        merged = watermark.merge(earlier, fetched, _key(relation, source))
        query = sa.select(sa.func.count()).select_from(relation.table)
        count = connection.execute(query).scalar_one()
        if merged.num_rows == count:
            is_same = merged is earlier
            return before if is_same else _write(folder, relation, [merged]), [], last
        rows = f"the table has {count} rows where {merged.num_rows} were known"
        issues = [Issue("watermark", f"{rows}: it was read whole")]
    return _write(folder, relation, _stream(connection, relation, source)), issues, last


def _identify(connection: sa.Connection, relation: Relation, source: Source) -> dict[str, Any]:
    """What an extract is one of: another database's, table's or choice's is never added to."""
    url = connection.engine.url
    if connection.dialect.name == "sqlite":
        file = connection.exec_driver_sql("PRAGMA database_list").all()[0][2]
        url = sa.URL.create("sqlite", database=file)
    server = f"{url.get_backend_name()} {url.username} {url.host} {url.port} {url.database}"
    return {
        "server": hashlib.sha256(server.encode()).hexdigest(),
        "table": describe(source),
        "columns": relation.header,
        "needed": [*list_needed(source)],
        "key": source.key,
        "where": source.where,
        "watermark": source.watermark,
    }


def _find_last(connection: sa.Connection, relation: Relation, source: Source) -> Any:
    largest = sa.func.max(relation.column(header_of(source, str(source.watermark))))
    plain = connection.dialect.name == "sqlite"
    query = sa.select(largest if plain else sa.cast(largest, sa.Text))
    return connection.execute(query).scalar_one()


def _fetch(
    connection: sa.Connection, relation: Relation, source: Source, last: str | int | float
) -> pa.Table:
    """Records at or after the last watermark, and those without one, which none ever finds."""
    column = relation.column(header_of(source, str(source.watermark)))
    bound = sa.literal(last)
    plain = connection.dialect.name == "sqlite"
    since = column >= (bound if plain else sa.cast(bound, relation.types[column.name]))
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


def _load(path: Path, relation: Relation, issues: list[Issue]) -> tuple[Grid, Grid]:
    """Grids of this unit's records (without those with control characters) and of the others'."""
    table, header = _read(path), relation.header
    numbers, is_mine = (table[name].to_numpy() for name in OWN)
    texts = table.drop_columns([*OWN]).rename_columns([str(place) for place in range(len(header))])

    def take(mask: np.ndarray) -> Grid:
        places = numbers[mask] if relation.row_ids else np.arange(1, mask.sum() + 1)
        return Grid(header, places, texts.filter(pa.array(mask)))

    mine = replace(take(is_mine), issues=issues)
    return set_aside_control(mine, relation.names), take(~is_mine)
