"""Records of a plain text file, through Arrow.

A file is plain where Arrow reads each line as the strict parser of `records` does: quotes that
pair up within a line around whole fields, no control characters, no line that does not decode.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.row_marks import apply_rule, drop_blank_rows, is_blank
from salesfc_lib.intake.sources.text.dialect import MOST_FIELD, Dialect, Layout, parse_record
from salesfc_lib.intake.sources.text.lines import LINE
from salesfc_lib.intake.sources.text.records import Decode, Records, fit
from salesfc_lib.intake.sources.text_columns import join, text_table

WORKERS = 2
AHEAD = 3  # blocks that are parsed ahead of the one that is taken
NEW = 0.1  # new texts a row, up to which a column is dictionary-encoded
SAMPLE = 20_000  # rows that tell whether a column's texts repeat
CONTROLS = bytes({*range(32), 127} - {*b"\t\n\r"})
TEXT = pa.string()
ENCODED = pa.dictionary(pa.int32(), TEXT)

Kinds = dict[str, pa.DataType]  # type of each column
Misfits = list[tuple[int, str]]  # place (from 0) and text of lines that do not fit the header


class NotPlainError(Exception):
    """Arrow may read the file otherwise than the strict parser; `is_broken`: a line has no text."""

    def __init__(self, *, is_broken: bool = False) -> None:
        super().__init__()
        self.is_broken = is_broken


class _Block(NamedTuple):
    """A block's rows, the lines in it (from 0) at which they begin, and all of its lines."""

    places: np.ndarray
    cells: pa.Table
    misfits: Misfits
    lines: int


def read_plain(blocks: Iterable[bytes], decode: Decode, layout: Layout) -> Records:
    """Records of a plain file.

    Raises `NotPlainError` as soon as it is not plain, `SalesForecastError` where too many lines do
    not fit, and `UnicodeError` where decoding cannot go on.
    """
    kinds: Kinds = {}  # once it is known which columns repeat
    found = Records.empty(layout)
    numbers, tables = [found.numbers], list[pa.Table]()
    for block in _parse_ahead(blocks, decode, layout, kinds):
        for place, text in block.misfits:
            number = found.lines + place + 1
            outcome = fit(parse_record([text], layout.dialect), number, text, layout.header)
            if isinstance(outcome, Issue):
                found.reject(outcome, layout.where)
            elif outcome is not None:  # a row after all, with blank fields beyond the header's
                raise NotPlainError
        if not kinds and len(block.places):
            kinds |= _find_kinds(block.cells)
        numbers.append(block.places + found.lines + 1)
        tables.append(_encode(block.cells, kinds))
        found.lines += block.lines
    found.numbers = np.concatenate(numbers)
    found.cells = _join(tables) if tables else found.cells
    return found


def _parse_ahead(
    blocks: Iterable[bytes], decode: Decode, layout: Layout, kinds: Kinds
) -> Iterator[_Block]:
    """Blocks in order, some parsed by other threads while the next one is read and hashed."""
    skip = layout.start
    with ThreadPoolExecutor(WORKERS) as workers:
        waiting: deque[Future[_Block]] = deque()
        for block in blocks:
            waiting.append(workers.submit(_parse, block, decode, layout, kinds, skip))
            skip = max(0, skip - len(LINE.findall(block))) if skip else 0
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _parse(block: bytes, decode: Decode, layout: Layout, kinds: Kinds, skip: int) -> _Block:
    """Rows of one block, below the lines to skip."""
    decoded = decode(block)
    if decoded.broken:
        raise NotPlainError(is_broken=True)
    text, above, width = decoded.text, 0, len(layout.header)
    while above < skip and (line := LINE.match(text)):
        above, text = above + 1, text[line.end() :]
    if not _is_plain(text, layout.dialect):
        raise NotPlainError
    table, misfits = _read_arrow(text, layout, kinds)
    if not all(apply_rule(column, is_blank).all() for column in table.columns[width:]):
        raise NotPlainError
    lines = table.num_rows + len(misfits)
    places = np.delete(np.arange(lines), [place for place, _ in misfits])
    filled, table = drop_blank_rows(table.select(range(width)))
    misfits = [(place + above, line) for place, line in misfits]
    return _Block(places[filled] + above, table, misfits, above + lines)


def _is_plain(text: bytes, dialect: Dialect) -> bool:
    """Whether Arrow splits whole lines of UTF-8 as the strict parser does."""
    delimiter, quote = dialect.delimiter.encode(), dialect.quote.encode()
    if len(delimiter) != 1 or len(quote) != 1:
        return False
    controls = bytes({*CONTROLS} - {*delimiter})
    if len(text.translate(None, controls)) != len(text):
        return False
    return quote not in text or _are_paired(text, delimiter, quote)


def _are_paired(text: bytes, delimiter: bytes, quote: bytes) -> bool:
    """Whether quotes open at the start of a field and close at its end, in the same line.

    A doubled quote within a field closes and opens.
    """
    content = np.frombuffer(b"\n" + text + b"\n", dtype=np.uint8)
    quotes = np.flatnonzero(content == quote[0])
    if len(quotes) % 2:
        return False
    opens, closes = quotes[::2], quotes[1::2]
    is_edge = np.zeros(256, dtype=bool)
    is_edge[[*b"\r\n", delimiter[0], quote[0]]] = True
    ends = np.flatnonzero((content == ord("\n")) | (content == ord("\r")))
    in_line = np.searchsorted(ends, opens) == np.searchsorted(ends, closes)
    return bool((is_edge[content[opens - 1]] & is_edge[content[closes + 1]] & in_line).all())


def _read_arrow(text: bytes, layout: Layout, kinds: Kinds) -> tuple[pa.Table, Misfits]:
    """Table of the lines that are as wide as the layout's rows; place and text of the others."""
    misfits: Misfits = []
    blank = text_table(layout.width)
    if not text:
        return blank, misfits

    def skip(row: csv.InvalidRow) -> str:
        misfits.append((row.number - 1, row.text))
        return "skip"

    if text.startswith(codecs.BOM_UTF8):  # of the first field; Arrow would leave it out
        text = codecs.BOM_UTF8 + text
    table = csv.read_csv(
        pa.BufferReader(text),
        csv.ReadOptions(use_threads=False, block_size=len(text), column_names=blank.column_names),
        csv.ParseOptions(
            delimiter=layout.dialect.delimiter,
            quote_char=layout.dialect.quote,
            ignore_empty_lines=False,
            invalid_row_handler=skip,
        ),
        csv.ConvertOptions(
            column_types=dict.fromkeys(blank.column_names, TEXT) | kinds,
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    longest = sum(map(_find_longest, table.columns))
    if max([longest, *(len(line.encode()) for _, line in misfits)]) > MOST_FIELD:
        raise NotPlainError
    return table, misfits


def _find_longest(column: pa.ChunkedArray) -> int:
    """Bytes of the longest text of a column."""
    chunks = (
        chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk for chunk in column.chunks
    )
    return max((pc.max(pc.binary_length(chunk)).as_py() or 0 for chunk in chunks), default=0)


def _find_kinds(table: pa.Table) -> Kinds:
    """Type of each column: dictionary-encoded where the second half of a sample has few new texts.

    Where many texts are new, a dictionary is as large as the column and much slower.
    """
    half = min(table.num_rows, SAMPLE) // 2

    def count(column: pa.ChunkedArray, rows: int) -> int:
        return int(pc.count_distinct(column.slice(0, rows)).as_py())

    return {
        name: ENCODED if count(column, 2 * half) - count(column, half) <= NEW * half else TEXT
        for name, column in zip(table.column_names, table.columns, strict=True)
    }


def _encode(table: pa.Table, kinds: Kinds) -> pa.Table:
    """The table with its columns in these types, if they are known."""
    for place, name in enumerate(table.column_names):
        column = table.column(place)
        if column.type != kinds.get(name, column.type):
            table = table.set_column(place, name, column.dictionary_encode())
    return table


def _join(tables: list[pa.Table]) -> pa.Table:
    """One table, each column in one chunk; empties the list, so that blocks are let go."""
    names = tables[0].column_names
    columns = [[table.column(name) for table in tables] for name in names]
    tables.clear()
    with ThreadPoolExecutor() as workers:
        return pa.table(list(workers.map(_join_column, columns)), names=names)


def _join_column(parts: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    whole = join(parts)
    parts.clear()
    return whole
