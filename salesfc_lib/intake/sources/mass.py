"""The plain lines of a block, all at once, through Arrow.

A scanned block enters; the plain lines' texts leave as columns, with the places of the lines that the careful parser has to
look at. The decision made here: Arrow gets only lines on which it cannot disagree with the careful parser (see `scan`), each
column as text, and columns whose texts repeat are encoded at once, block by block, so that a large file stays small in memory.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from salesfc_lib.intake.sources.records import Dialect
from salesfc_lib.intake.sources.scan import BLANK, Scan

MANY = (
    100  # lines of one width beyond the header's, in a block, from which they go through Arrow too
)
NEW = 0.1  # texts a row that were not there before, up to which a column is encoded: more, and it is as large and much slower
SAMPLE = 20_000  # rows that tell
ENCODED = pa.dictionary(pa.int32(), pa.string())


class Mass(NamedTuple):
    """Rows of plain lines: the line of each (from 0 in the block, ascending), its texts, and the lines that are not plain."""

    lines: np.ndarray
    cells: pa.Table
    troubled: np.ndarray


def read_mass(text: bytes, scanned: Scan, dialect: Dialect, width: int) -> Mass:
    """The block's plain lines as rows of `width` columns; lines of blank cells only are left out.

    A line with more fields than that is plain too if those beyond are blank and many lines are like it.
    """
    found, counts = np.unique(scanned.fields[scanned.fields > width], return_counts=True)
    widths = [width, *found[counts >= MANY].tolist()]
    troubled = (scanned.fields != BLANK) & ~np.isin(scanned.fields, widths)
    lines, parts = [], []
    for fields in widths:
        places = np.flatnonzero(scanned.fields == fields)
        table = _parse(_join(text, scanned, places), dialect, fields)
        if table.num_rows != len(places):
            raise RuntimeError(
                f"Arrow read {table.num_rows} rows where {len(places)} lines are plain"
            )
        excess = ~_find_blank_rows(table.columns[width:], len(places))
        troubled[places[excess]] = True
        kept = ~(excess | _find_blank_rows(table.columns[:width], len(places)))
        lines.append(places[kept])
        parts.append(_keep(table.select(range(width)), kept))
    rows = np.concatenate(lines)
    cells = pa.concat_tables(parts)
    return Mass(
        *((rows, cells) if len(widths) == 1 else sort_rows(rows, cells)), np.flatnonzero(troubled)
    )


def find_repeating(table: pa.Table) -> list[bool]:
    """Whether each column's texts repeat: whether the second half of a sample brings few that the first half lacks."""
    half = min(table.num_rows, SAMPLE) // 2

    def count(column: pa.ChunkedArray, rows: int) -> int:
        return int(pc.count_distinct(column.slice(0, rows)).as_py())

    return [count(column, 2 * half) - count(column, half) <= NEW * half for column in table.columns]


def encode(table: pa.Table, repeating: Sequence[bool]) -> pa.Table:
    """The table with the repeating columns encoded; those that are so already stay."""
    columns = [
        column.combine_chunks().dictionary_encode().cast(ENCODED)
        if repeats and column.type != ENCODED
        else column
        for column, repeats in zip(table.columns, repeating, strict=True)
    ]
    return pa.table(columns, names=table.column_names)


def sort_rows(lines: np.ndarray, cells: pa.Table) -> tuple[np.ndarray, pa.Table]:
    """Rows in the order of their lines."""
    order = np.argsort(lines, kind="stable")
    return lines[order], cells.take(pa.array(order))


def join_blocks(tables: list[pa.Table]) -> pa.Table:
    """One table, each column in one chunk; empties the list, so that a column's blocks are let go once it is joined."""
    names = tables[0].column_names
    blocks = [
        [chunk for table in tables for chunk in table.column(place).chunks]
        for place in range(len(names))
    ]
    tables.clear()
    with ThreadPoolExecutor() as workers:
        return pa.table(list(workers.map(_join_column, blocks)), names=names)


def _join_column(chunks: list[pa.Array]) -> pa.ChunkedArray:
    column = pa.chunked_array(chunks).unify_dictionaries()
    chunks.clear()
    return pa.chunked_array([column.combine_chunks()])


def _parse(text: bytes, dialect: Dialect, width: int) -> pa.Table:
    names = [str(place) for place in range(width)]
    if not text:
        return pa.table([pa.array([], pa.string())] * width, names=names)
    if text.startswith(codecs.BOM_UTF8):
        text = (
            codecs.BOM_UTF8 + text
        )  # Arrow takes the first for a mark; these are bytes of the first field
    return csv.read_csv(
        pa.BufferReader(text),
        read_options=csv.ReadOptions(use_threads=False, block_size=len(text), column_names=names),
        parse_options=csv.ParseOptions(
            delimiter=dialect.delimiter, quote_char=dialect.quote, ignore_empty_lines=False
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )


def _join(text: bytes, scanned: Scan, places: np.ndarray) -> bytes:
    """The bytes of the lines at these places."""
    if len(places) == len(scanned.fields):
        return text
    if not len(places):
        return b""
    gaps = np.flatnonzero(np.diff(places) > 1)
    firsts = scanned.starts[places[np.concatenate([[0], gaps + 1])]]
    lasts = scanned.starts[places[np.concatenate([gaps, [-1]])] + 1]
    view = memoryview(text)
    return b"".join(
        [view[first:last] for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)]
    )


def _find_blank_rows(columns: Sequence[pa.ChunkedArray], rows: int) -> np.ndarray:
    """Rows in which every cell is blank (n_rows,); a column is looked at only where those before it are."""
    places = np.arange(rows)
    for column in columns:
        here = column if len(places) == rows else column.take(pa.array(places))
        places = places[np.asarray(pc.equal(pc.utf8_trim_whitespace(here), ""))]
        if not len(places):
            break
    blank = np.zeros(rows, dtype=bool)
    blank[places] = True
    return blank


def _keep(table: pa.Table, kept: np.ndarray) -> pa.Table:
    return table if kept.all() else table.filter(pa.array(kept))
