"""Records of a text file below its header: through Arrow where it is plain, else one by one.

A file is plain where Arrow reads each line as the strict parser of `records` does: quotes that
pair up within a line around whole fields, no control characters, no line that does not decode.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.row_marks import apply_rule, is_blank
from salesfc_lib.intake.sources.text.blocks import MOST_LINE, LineTooLongError
from salesfc_lib.intake.sources.text.dialect import Layout
from salesfc_lib.intake.sources.text.encodings import LINE, Text
from salesfc_lib.intake.sources.text.records import (
    MOST_FIELD,
    Dialect,
    Record,
    fit,
    parse_record,
    reject,
)
from salesfc_lib.intake.sources.text_columns import text_table

WORKERS = 2
AHEAD = 3  # blocks that are parsed ahead of the one that is taken
TAIL = 10  # lines at the end of a file that may hold its trailer
TAIL_BYTES = 1 << 18  # at the end of a block, in which those lines are looked for
MOST_REJECTED = 1_000_000  # lines that a quarantine is meant to hold
NEW = 0.1  # new texts a row, up to which a column is dictionary-encoded
SAMPLE = 20_000  # rows that tell whether a column's texts repeat
BATCH = 10_000  # records that are held as Python values at a time
CONTROLS = bytes({*range(32), 127} - {*b"\t\n\r"})
TEXT = pa.string()
ENCODED = pa.dictionary(pa.int32(), TEXT)

Decode = Callable[[bytes], Text]
Describe = Callable[[bytes], tuple[str, str]]  # a line that does not decode: content and reason


class TooManyRejectedError(Exception):
    """More lines than `MOST_REJECTED` do not fit."""


class NotPlainError(Exception):
    """Arrow may read the file otherwise than the strict parser; `is_broken`: a line has no text."""

    def __init__(self, *, is_broken: bool = False) -> None:
        super().__init__()
        self.is_broken = is_broken


@dataclass
class Records:
    """What a file holds below its header.

    `numbers` (n_rows,) are the lines (from 1) at which the rows of `cells` begin; `tail` the last
    lines that are not blank (number, text); `lines` counts all lines of the file and `broken` those
    that do not decode; `is_ended`: the last line has a line end.
    """

    numbers: np.ndarray
    cells: pa.Table
    rejected: list[Issue] = field(default_factory=list)
    tail: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=TAIL))
    lines: int = 0
    broken: int = 0
    is_ended: bool = True


@dataclass
class _Part:
    """A block's rows (line in the block, from 0) and the lines that do not fit the header."""

    places: np.ndarray
    cells: pa.Table
    misfits: list[tuple[int, str]]
    tail: list[tuple[int, str]]
    lines: int
    is_ended: bool


def read_plain(blocks: Iterable[bytes], decode: Decode, layout: Layout) -> Records:
    """Records of a plain file.

    Raises `NotPlainError` as soon as it is not plain, `TooManyRejectedError`, and `UnicodeError`
    where decoding cannot go on.
    """
    names = [str(place) for place in range(len(layout.header))]
    kinds: dict[str, pa.DataType] = {}  # of the columns, once it is known which repeat
    found = Records(np.zeros(0, dtype=np.int64), text_table(names, []))
    numbers, tables = [found.numbers], list[pa.Table]()
    for part in _parse_ahead(blocks, decode, layout, kinds):
        for place, text in part.misfits:
            number = found.lines + place + 1
            outcome = fit(parse_record([text], layout.dialect), number, text, layout.header)
            if isinstance(outcome, Issue):
                found.rejected.append(outcome)
            elif outcome is not None:  # a row after all, with blank fields beyond the header's
                raise NotPlainError
        if len(found.rejected) > MOST_REJECTED:
            raise TooManyRejectedError
        if not kinds and len(part.places):
            kinds |= _find_kinds(part.cells)
        numbers.append(part.places + found.lines + 1)
        tables.append(_encode(part.cells, kinds))
        found.tail.extend((found.lines + place + 1, text) for place, text in part.tail)
        found.lines, found.is_ended = found.lines + part.lines, part.is_ended
    found.numbers = np.concatenate(numbers)
    found.cells = _join(tables) if tables else found.cells
    return found


def read_careful(
    blocks: Iterable[bytes], decode: Decode, layout: Layout, describe: Describe
) -> Records:
    """Records of any file, one by one.

    Raises `LineTooLongError`, `TooManyRejectedError`, and `UnicodeError` where decoding cannot go
    on.
    """
    names = [str(place) for place in range(len(layout.header))]
    found = Records(np.zeros(0, dtype=np.int64), text_table(names, []))
    numbers, tables = list[int](), [found.cells]
    rows: list[list[str]] = []
    given = _iterate_lines(blocks, decode, found)
    waiting: deque[str | bytes] = deque()  # lines that a record has looked at and not claimed

    def look() -> Iterator[str | None]:
        place = 0
        while place < len(waiting) or _take(given, waiting):
            line = waiting[place]
            yield line if isinstance(line, str) else None
            place += 1

    for _ in range(layout.start):
        next(given, None)
    at = layout.start
    while waiting or _take(given, waiting):
        first, claimed = waiting[0], 1
        if isinstance(first, bytes):
            content, reason = describe(first)
            outcome: list[str] | Issue | None = reject(at + 1, "other_encoding", reason, content)
        else:
            if layout.dialect.quote in first or len(first) > MOST_FIELD:
                record = parse_record(look(), layout.dialect)
            else:  # what the strict parser makes of it too, at a third of the time
                record = Record(first.rstrip("\r\n").split(layout.dialect.delimiter))
            outcome = fit(record, at + 1, first, layout.header)
            claimed = 1 if isinstance(outcome, Issue) else record.lines
        if isinstance(outcome, Issue):
            found.rejected.append(outcome)
            if len(found.rejected) > MOST_REJECTED:
                raise TooManyRejectedError
        elif outcome is not None:
            numbers.append(at + 1)
            rows.append(outcome)
        for _ in range(claimed):
            waiting.popleft()
        at += claimed
        if len(rows) == BATCH:
            tables.append(text_table(names, rows))
            rows = []
    found.numbers = np.array(numbers, dtype=np.int64)
    found.cells = pa.concat_tables([*tables, text_table(names, rows)]).combine_chunks()
    return found


def _take(given: Iterator[str | bytes], waiting: deque[str | bytes]) -> bool:
    """Whether there is a next line, which then waits too."""
    for line in given:
        waiting.append(line)
        return True
    return False


def _iterate_lines(
    blocks: Iterable[bytes], decode: Decode, found: Records
) -> Iterator[str | bytes]:
    """Lines of a file, the bytes of one that does not decode; counted in `found` block by block."""
    for block in blocks:
        text = decode(block)
        lines = LINE.findall(text.text)
        if len(lines) in text.broken:  # the last one, without a line end
            lines.append(b"")
        for place, line in enumerate(lines):
            if len(line) > MOST_LINE:
                raise LineTooLongError
            found.lines += 1
            found.is_ended = line.endswith((b"\n", b"\r"))
            if (broken := text.broken.get(place)) is not None:
                found.broken += 1
                yield broken
                continue
            shown = line.decode()
            if shown.strip():
                found.tail.append((found.lines, shown.rstrip("\r\n")))
            yield shown


def _parse_ahead(
    blocks: Iterable[bytes], decode: Decode, layout: Layout, kinds: dict[str, pa.DataType]
) -> Iterator[_Part]:
    """Parts in order, some parsed by other threads while the next block is read and hashed."""
    skip = layout.start
    with ThreadPoolExecutor(WORKERS) as workers:
        waiting: deque[Future[_Part]] = deque()
        for block in blocks:
            waiting.append(workers.submit(_parse, block, decode, layout, kinds, skip))
            skip = max(0, skip - len(LINE.findall(block))) if skip else 0
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _parse(
    block: bytes, decode: Decode, layout: Layout, kinds: dict[str, pa.DataType], skip: int
) -> _Part:
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
    table = table.select(range(width))
    blank = _find_blank_rows(table)
    if len(blank):
        kept = np.delete(np.arange(len(places)), blank)
        places, table = places[kept], table.take(pa.array(kept))
    misfits = [(place + above, line) for place, line in misfits]
    is_ended = decoded.text.endswith((b"\n", b"\r"))
    tail = _list_tail(decoded.text, above + lines)
    return _Part(places + above, table, misfits, tail, above + lines, is_ended)


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


def _read_arrow(
    text: bytes, layout: Layout, kinds: dict[str, pa.DataType]
) -> tuple[pa.Table, list[tuple[int, str]]]:
    """Table of the lines that are as wide as the layout's rows; place and text of the others."""
    names = [str(place) for place in range(layout.width)]
    misfits: list[tuple[int, str]] = []
    if not text:
        return text_table(names, []), misfits

    def skip(row: csv.InvalidRow) -> str:
        misfits.append((row.number - 1, row.text))
        return "skip"

    if text.startswith(codecs.BOM_UTF8):  # of the first field; Arrow would leave it out
        text = codecs.BOM_UTF8 + text
    table = csv.read_csv(
        pa.BufferReader(text),
        csv.ReadOptions(use_threads=False, block_size=len(text), column_names=names),
        csv.ParseOptions(
            delimiter=layout.dialect.delimiter,
            quote_char=layout.dialect.quote,
            ignore_empty_lines=False,
            invalid_row_handler=skip,
        ),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, TEXT) | kinds,
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


def _find_blank_rows(table: pa.Table) -> np.ndarray:
    """Places of the rows in which every cell is blank."""
    places = np.arange(table.num_rows)
    for column in table.columns:
        here = column if len(places) == len(column) else column.take(pa.array(places))
        places = places[apply_rule(here, is_blank)]
        if not len(places):
            break
    return places


def _find_kinds(table: pa.Table) -> dict[str, pa.DataType]:
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


def _encode(table: pa.Table, kinds: dict[str, pa.DataType]) -> pa.Table:
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
    kinds = {part.type for part in parts}
    kind = parts[0].type if len(kinds) == 1 else TEXT
    whole = pa.chunked_array([chunk for part in parts for chunk in part.cast(kind).chunks], kind)
    parts.clear()
    return pa.chunked_array([whole.unify_dictionaries().combine_chunks()])


def _list_tail(text: bytes, lines: int) -> list[tuple[int, str]]:
    """The block's last lines that are not blank (place, text)."""
    found = LINE.findall(text[-TAIL_BYTES:])
    if len(text) > TAIL_BYTES:
        found = found[1:]
    texts = [line.decode().rstrip("\r\n") for line in found]
    shown = [(lines - len(found) + place, line) for place, line in enumerate(texts) if line.strip()]
    return shown[-TAIL:]
