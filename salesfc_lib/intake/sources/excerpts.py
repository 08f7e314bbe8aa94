"""Parts of exports for a first look, to be read by the readers of a run: a large file is not read
to its end.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.sources.files import BLOCK, RawFile
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.text.lines import GZIP, unpack
from salesfc_lib.intake.sources.unusable_rows import set_aside_control

WHOLE_BYTES = 12_000_000  # read completely up to here
HEAD_BYTES, PIECE_BYTES, PIECES = 2_000_000, 40_000, 24  # of larger files, down to their end
TRAILER_LINES = 10  # at the end of a file, which say something of all of its rows
BATCH = 4_000  # rows taken of each part of a larger Parquet file


@dataclass
class Excerpt(RawFile):
    """Some of a file's bytes: of a text its head and whole lines from all over it.

    `head` is the number of bytes of the head, `size` that of the whole text.
    """

    data: bytes = b""
    head: int = 0  # bytes
    size: int = 0

    @property
    def is_whole(self) -> bool:
        return self.head == self.size

    def blocks(self, size: int = BLOCK) -> Iterator[bytes]:
        yield from (self.data[at : at + size] for at in range(0, len(self.data), size))


def take_excerpt(path: Path) -> Excerpt:
    """The text of a file: all of it, or its head and pieces; raises where it cannot be unpacked."""
    size = path.stat().st_size
    pieces: list[bytes] = []
    with path.open("rb") as file:
        is_packed = file.read(len(GZIP)) == GZIP
        file.seek(0)
        data = bytearray()
        for block in unpack(iter(lambda: file.read(PIECE_BYTES), b""), str(path)):
            data += block
            if len(data) > WHOLE_BYTES:
                break
        head = bytes(data)
        if len(head) <= WHOLE_BYTES:
            return Excerpt(path.name, path, data=head, head=len(head), size=len(head))
        if is_packed:
            size = max(len(head), size * len(head) // file.tell())
        head = head[: head.rfind(b"\n", 0, HEAD_BYTES) + 1] or head[:HEAD_BYTES]
        is_wide = b"\0" in head
        head = head + b"\0" if is_wide and len(head) % 2 else head
        for piece in range(1, PIECES + 1) if not (is_packed or is_wide) else ():
            file.seek(HEAD_BYTES + (size - HEAD_BYTES - PIECE_BYTES) * piece // PIECES)
            lines = file.read(PIECE_BYTES).splitlines(keepends=True)[1:-1]
            pieces += lines if piece < PIECES else lines[:-TRAILER_LINES]
    return Excerpt(path.name, path, data=head + b"".join(pieces), head=len(head), size=size)


@dataclass(frozen=True)
class SheetTop:
    """The first rows of a sheet as calamine gives them, its height, and the columns with merged
    cells.
    """

    name: str
    rows: list[list[Any]]
    height: int
    merged: frozenset[int]


def peek_sheets(content: bytes, where: str, most: int) -> list[SheetTop]:
    """The first rows of each sheet of a workbook that has rows."""
    from python_calamine import SheetTypeEnum

    from salesfc_lib.intake.sources.workbooks.excel import (
        explain_damage,
        list_covered,
        open_workbook,
    )

    tops = []
    with explain_damage(where):
        _, workbook = open_workbook(content, where)
        for about in workbook.sheets_metadata:
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(about.name)
            if sheet.height and sheet.width:
                rows = sheet.to_python(skip_empty_area=False, nrows=most)
                covered = list_covered(sheet, range(sheet.total_width + 1)) or ()
                merged = frozenset(column for _, column in covered)
                tops.append(SheetTop(about.name, rows, sheet.total_height + 1, merged))
    return tops


def excerpt_parquet(path: Path, most: int) -> tuple[bytes, int, frozenset[int]]:
    """A Parquet file of about so many rows from all over another, its rows, its columns of days.

    Raises `SalesForecastError` for a file that is cut off or damaged.
    """
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        total, groups = file.metadata.num_rows, file.metadata.num_row_groups
        types = [field.type for field in file.schema_arrow]
        dated = frozenset(at for at, kind in enumerate(types) if pa.types.is_temporal(kind))
        if total <= most:
            return path.read_bytes(), total, dated
        batches: list[pa.RecordBatch] = []
        for group in sorted({0, groups // 2, groups - 1}):
            for batch in file.iter_batches(batch_size=BATCH, row_groups=[group]):
                batches.append(batch)
                if sum(map(len, batches)) >= most * (1 + group / max(groups - 1, 1)) / 2:
                    break
        stream = io.BytesIO()
        pq.write_table(pa.Table.from_batches(batches), stream)
        return stream.getvalue(), total, dated
    except (pa.ArrowException, OSError, ValueError) as error:
        why = f"it is no complete Parquet file ({error})"
        raise SalesForecastError.unreadable_file(path, why, "Write it again") from error


def list_tables(path: Path) -> dict[str, int]:
    """Tables and views of a SQLite file with the number of their rows, the fullest first.

    Raises `SalesForecastError` for a file that is no database.
    """
    import sqlalchemy as sa
    from sqlalchemy.sql.elements import quoted_name

    from salesfc_lib.intake.sources.databases.connection import make_sqlite_engine

    counts: dict[str, int] = {}
    try:
        with make_sqlite_engine(path).connect() as connection:
            base = sa.inspect(connection)
            for name in sorted([*base.get_table_names(), *base.get_view_names()]):
                query = sa.select(sa.func.count()).select_from(sa.table(quoted_name(name, True)))
                counts[name] = connection.execute(query).scalar_one()
    except sa.exc.DatabaseError as error:
        why = f"it is no complete SQLite database ({error.orig})"
        raise SalesForecastError.unreadable_file(path, why, "Give an SQLite file") from error
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def excerpt_table(path: Path, table: str, total: int, most: int) -> Grid:
    """The first and the last records of a table of a SQLite file, at most so many."""
    from salesfc_lib.intake.sources.databases import database
    from salesfc_lib.intake.sources.databases.connection import make_sqlite_engine
    from salesfc_lib.intake.sources.databases.sql import choose, find_relation

    source = Source(kind="sql", path=path.name, table=table)
    spans = [(total, 0)] if total <= most else [(most * 3 // 4, 0), (most // 4, total - most // 4)]
    with make_sqlite_engine(path).connect() as connection:
        relation = find_relation(connection, source, str(path))
        query, _ = choose(relation, source)[0]
        queries = [(query.limit(count).offset(start), True) for count, start in spans]
        records = database.join(database.stream(connection, relation, queries), relation)
    return set_aside_control(database.as_grid(records, relation), relation.names)
