"""Databases: one extract of a table as it stood at one moment, of SQLite files too.

Everything is read in one transaction (`connection`), however long it takes. Records pass in batches
into a Parquet file, which is what is read; of a database by its address it is also what is hashed
and kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source, scratch_folder
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources import snapshot
from salesfc_lib.intake.sources.databases import watermark
from salesfc_lib.intake.sources.databases.connection import (
    connect,
    make_sqlite_engine,
    open_snapshot,
)
from salesfc_lib.intake.sources.databases.sql import Relation, choose, find_relation, read_texts
from salesfc_lib.intake.sources.header import header_of, list_needed
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.text_columns import compact
from salesfc_lib.intake.sources.unusable_rows import set_aside_control

ROW_GROUP = 200_000  # records
OWN = ("(number)", "(of this unit)")  # the last two columns of an extract, after the table's own


def read_database(
    source: Source, project: Path, *, keep: bool = False
) -> tuple[Grid, Grid, dict[str, Any]]:
    """This unit's records now, the others', and the extract's fingerprint (path, sha256, bytes).

    With `keep`, the extract goes to the project's archive. Raises `SalesForecastError` for an
    address that is not set or not understood, a database that does not answer, an unknown table
    and a missing column.
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
        mine, others = _load(path, relation)
    return replace(mine, issues=issues), others, {"path": name, "sha256": sha256, "bytes": size}


def read_sqlite(path: Path, source: Source, where: str) -> tuple[Grid, Grid]:
    """Records of one table of a SQLite file: those that `where` chooses, and the others.

    Raises `SalesForecastError` for a file that is no database or that another program has open, an
    unknown table and a missing column.
    """
    _refuse_short(path, where)
    _refuse_open(path, where)
    try:
        with _spooling(None) as folder, make_sqlite_engine(path).connect() as connection:
            relation = find_relation(open_snapshot(connection), source, where)
            batches = stream(connection, relation, choose(relation, source))
            return _load(_write(folder, relation, batches), relation)
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
        raise SalesForecastError.of(
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
def _spooling(archive: Path | None) -> Iterator[Path]:
    """Folder, gone afterwards, for an extract: on the archive's disk where it is to be kept."""
    if archive is not None:
        archive.mkdir(parents=True, exist_ok=True)
    with scratch_folder(".extract.", archive) as folder:
        yield folder


def _extract(
    connection: sa.Connection, relation: Relation, source: Source, *, archive: Path, folder: Path
) -> tuple[Path, list[Issue], Any]:
    """The Parquet file of the records, issues, and the largest watermark."""
    queries, last = choose(relation, source), None
    issues: list[Issue] = []
    if source.watermark:
        if header_of(source, source.watermark) not in relation.names:
            place = f"'{describe(source)}' (`watermark`)"
            raise SalesForecastError.missing_columns([source.watermark], relation.header, place)
        column = relation.column(header_of(source, source.watermark))
        is_plain = connection.dialect.name == "sqlite"
        largest = sa.func.max(column)
        query: sa.Select[Any] = sa.select(largest if is_plain else sa.cast(largest, sa.Text))
        last = connection.execute(query).scalar_one()
        known = watermark.recall(archive, _identify(connection, relation, source))
        if known is not None:
            before, bound = known[0], sa.literal(known[1])
            since = column >= (bound if is_plain else sa.cast(bound, relation.types[column.name]))
            # and those without a watermark, which none ever finds
            also = sa.or_(since, column.is_(None))
            earlier = _read(before)
            fetched = join(stream(connection, relation, choose(relation, source, also)), relation)
            key = [relation.column(header_of(source, name)).name for name in source.key]
            merged = watermark.merge(earlier, fetched, key)
            query = sa.select(sa.func.count()).select_from(relation.table)
            count = connection.execute(query).scalar_one()
            if merged.num_rows == count:
                is_same = merged is earlier
                return before if is_same else _write(folder, relation, [merged]), [], last
            rows = f"the table has {count} rows where {merged.num_rows} were known"
            issues = [Issue("watermark", f"{rows}: it was read whole")]
    return _write(folder, relation, stream(connection, relation, queries)), issues, last


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


def stream(
    connection: sa.Connection, relation: Relation, queries: Iterable[tuple[sa.Select[Any], bool]]
) -> Iterator[pa.Table]:
    """Batches of an extract: the records of each statement, which are this unit's or not."""
    schema = _schema(relation)
    for query, is_mine in queries:
        for number, *texts in read_texts(connection, query):
            yield pa.Table.from_arrays(
                [*texts, number, pa.array(np.full(len(number), is_mine))], schema=schema
            )


def join(batches: Iterable[pa.Table], relation: Relation) -> pa.Table:
    """One table of an extract's batches."""
    return pa.concat_tables([_schema(relation).empty_table(), *batches])


def _schema(relation: Relation) -> pa.Schema:
    texts = [pa.field(name, pa.string()) for name in relation.header]
    return pa.schema([*texts, pa.field(OWN[0], pa.int64()), pa.field(OWN[1], pa.bool_())])


def _write(folder: Path, relation: Relation, batches: Iterable[pa.Table]) -> Path:
    """Parquet file of the records in groups of ROW_GROUP, whatever the batches' sizes."""
    path, schema = folder / "extract.parquet", _schema(relation)
    held = schema.empty_table()
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            held = pa.concat_tables([held, batch.cast(schema)])
            while len(held) >= ROW_GROUP:
                writer.write_table(held.slice(0, ROW_GROUP))
                held = held.slice(ROW_GROUP)
        if len(held):
            writer.write_table(held)
    return path


def _read(path: Path) -> pa.Table:
    """Table of an extract; one column at a time, so that only one is ever held as plain text."""
    header = pq.read_schema(path).names
    columns = {name: pq.read_table(path, columns=[name])[name] for name in header[-2:]}
    texts = {name: compact(pq.read_table(path, columns=[name])[name]) for name in header[:-2]}
    return pa.table({**texts, **columns})


def _load(path: Path, relation: Relation) -> tuple[Grid, Grid]:
    """Grids of this unit's records (without those with control characters) and of the others'."""
    table = _read(path)
    is_mine = table[OWN[1]]
    mine = as_grid(table.filter(is_mine), relation)
    return set_aside_control(mine, relation.names), as_grid(
        table.filter(pc.invert(is_mine)), relation
    )


def as_grid(table: pa.Table, relation: Relation) -> Grid:
    """Grid of the records of an extract."""
    texts = table.drop_columns([*OWN])
    places = table[OWN[0]].to_numpy() if relation.row_ids else np.arange(1, len(table) + 1)
    names = [str(place) for place in range(texts.num_columns)]
    return Grid(relation.header, places, texts.rename_columns(names))
