"""How a text file is laid out: separator, quotes, and where its header stands.

The separator and the quote are those with which most known headers are found, per file; a first
line `sep=;`, as Excel writes it, is obeyed. A run counts the headers that its source needs, a first
look those that it knows from elsewhere. A record ends within `MOST_LINES` lines, so that one stray
quote cannot swallow the lines below it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.header import SEARCHED, count_known, find_header, require_header
from salesfc_lib.intake.sources.text.unnamed_fields import name_fields, note_unnamed

DELIMITERS = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "vertical bar",
    "^": "caret",
    "~": "tilde",
    "\x01": "control-A character",
}
BETWEEN = {
    ",": "commas between fields",
    ";": "semicolons between fields",
    "\t": "tabs between fields",
    "|": "vertical bars between fields",
    "^": "carets between fields",
    "~": "tildes between fields",
    "\x01": "control-A characters between fields",
}
QUOTES = ('"', "'")
SEPARATOR_LINE = re.compile(r'^\s*"?sep=(.)"?[,;|\t\s]*$', re.IGNORECASE)
MOST_COLUMNS = 16_384  # a sheet's
MOST_LINES = 1_000  # lines that a record may take
MOST_TEXT = 1 << 20  # characters that a record may take
MOST_FIELD = 131_072  # characters of a field: the csv module's limit
SAMPLED = 200  # lines that tell which quote is used

CountKnown = Callable[[Sequence[str]], int]  # number of known headers in a row of cells


class Dialect(NamedTuple):
    """What stands between fields, and what around those that hold it."""

    delimiter: str = ","
    quote: str = '"'


class Record(NamedTuple):
    """Fields of one record, how many lines it takes, and the first of them (from 0).

    `error` says why it is no record.
    """

    fields: list[str]
    lines: int = 1
    error: str = ""
    line: int = 0


class Layout(NamedTuple):
    """How a file is laid out; `where` names it in messages.

    `header` has a blank name for each field that all rows have beyond it. `above` are the rows
    above the header, `start` is the line (from 0) where rows begin, `width` the number of
    fields of the first of them, where it has more than the header.
    """

    dialect: Dialect
    header: list[str]
    above: list[list[str]]
    start: int
    width: int
    where: str
    issues: list[Issue]


def find_layout(lines: Sequence[str], source: Source, where: str) -> Layout:
    """Layout of a file by its top lines (with their ends).

    Raises `SalesForecastError` where the header is not found or is not usable, or is found with
    another separator than declared.
    """
    if source.delimiter is not None and len(source.delimiter) != 1:
        why = f"The `delimiter: {source.delimiter!r}` declared for '{where}' is not one character"
        raise SalesForecastError.of(why, "One character", "Correct it")
    dialect = _find_dialect(lines, source)
    rows = list_top(lines, dialect)
    cells = [row.fields for row in rows]
    if source.delimiter and find_header(cells, source) is None:
        _refuse_declared(lines, source, where)
    place, _ = require_header(cells, source, where)
    header = rows[place]
    if len(header.fields) > MOST_COLUMNS:
        raise SalesForecastError.unreadable_file(
            where,
            f"its header (line {header.line + 1}) has {len(header.fields):,} columns",
            f"Export at most {MOST_COLUMNS:,} columns",
        )
    above = rows[1:place] if _find_separator(lines) else rows[:place]
    start = header.line + header.lines
    below = parse_record([next((line for line in lines[start:] if line.strip()), "")], dialect)
    filled = [row.fields for row in rows[place + 1 :] if any(map(str.strip, row.fields))]
    named = name_fields(header.fields, filled, source)
    issues = note_unnamed(header.fields, named, start + 1)
    width = max(len(named), len(below.fields))
    return Layout(dialect, named, [row.fields for row in above], start, width, where, issues)


def has_header(lines: Sequence[str], source: Source) -> bool:
    """Whether the header's names are found among the top lines."""
    rows = list_top(lines, _find_dialect(lines, source))
    return find_header([row.fields for row in rows], source) is not None


def find_dialect(
    lines: Sequence[str], count_known: CountKnown, declared: str | None = None
) -> Dialect:
    """The separator and the quote.

    A declared separator, else that of a `sep=` line, else that with which a row has most known
    headers, then that with which most rows have the same number of fields.
    """
    top = "".join(lines[:SEARCHED])
    named = declared or _find_separator(lines)
    delimiters = [named] if named else [each for each in DELIMITERS if each == "," or each in top]

    def rate(dialect: Dialect) -> tuple[int, bool, float, int]:
        rows = [row.fields for row in list_top(lines, dialect) if any(map(str.strip, row.fields))]
        widths = Counter(len(cells) for cells in rows if len(cells) > 1)
        width, times = widths.most_common(1)[0] if widths else (1, 0)
        is_usual = dialect.quote == QUOTES[0]
        known = max(map(count_known, rows), default=0)
        return known, is_usual, times / max(len(rows), 1), width

    quotes = [each for each in QUOTES if each == QUOTES[0] or each in top]
    best = max((Dialect(each, quote) for quote in quotes for each in delimiters), key=rate)
    other = best._replace(quote=QUOTES[1])
    return other if best.quote == QUOTES[0] and _is_quoted(lines, other, best) else best


def _find_dialect(lines: Sequence[str], source: Source) -> Dialect:
    return find_dialect(lines, partial(count_known, source=source), source.delimiter)


def count_headers(
    lines: Sequence[str], count_known: CountKnown, declared: str | None = None
) -> int:
    """Most known headers that a row among the top lines has."""
    rows = list_top(lines, find_dialect(lines, count_known, declared))
    return max((count_known(row.fields) for row in rows), default=0)


def parse_record(lines: Iterable[str | bytes], dialect: Dialect) -> Record:
    """The record that begins with the first of the lines (with their ends; bytes: unreadable)."""
    reader = csv.reader(
        _limit(lines), delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True
    )
    try:
        return Record(next(reader), reader.line_num)
    except csv.Error as problem:
        if "field larger" in str(problem):
            return Record([], error=f"one of its fields has more than {MOST_FIELD:,} characters")
        many = f"within {MOST_LINES:,} lines"
        pairs = many if reader.line_num >= MOST_LINES else f"({problem})"
        return Record([], error=f"its quotes do not pair up {pairs}")


def _limit(lines: Iterable[str | bytes]) -> Iterator[str]:
    """The lines that one record may take."""
    taken = 0
    for line in islice(lines, MOST_LINES):
        if isinstance(line, bytes) or (taken := taken + len(line)) > MOST_TEXT:
            return
        yield line


def list_top(lines: Sequence[str], dialect: Dialect) -> list[Record]:
    """Records at the top of a file; a line whose quotes do not pair up is split as if it had
    none.
    """
    records: list[Record] = []
    at = 0
    while at < min(len(lines), SEARCHED):
        record = parse_record(lines[at:SEARCHED], dialect)._replace(line=at)
        if record.error:
            record = record._replace(fields=lines[at].rstrip("\r\n").split(dialect.delimiter))
        records.append(record)
        at += record.lines
    return records


def describe(dialect: Dialect) -> str:
    """The dialect in words.

    >>> describe(Dialect(";"))
    'semicolons between fields and " around them'
    """
    between = BETWEEN.get(dialect.delimiter, f"{dialect.delimiter!r} between fields")
    return f"{between} and {dialect.quote} around them"


def _is_quoted(lines: Sequence[str], dialect: Dialect, usual: Dialect) -> bool:
    """Whether rows show the other quote and none the usual one.

    In more lines than not a field stands between two of them, and with them the lines agree better
    on how many fields there are, or every line has such a field.
    """
    quote, delimiter = re.escape(dialect.quote), re.escape(dialect.delimiter)
    inside = f"{quote}(?:[^{quote}]|{quote}{quote})*{quote}"
    field = re.compile(rf"(?:^|{delimiter}){inside}(?={delimiter}|\s*$)")
    sample = [line for line in lines[:SAMPLED] if line.count(dialect.delimiter)][1:]
    quoted = sum(bool(field.search(line)) for line in sample)
    if quoted < max(2, len(sample) / 2) or any(usual.quote in line for line in sample):
        return False
    widths = Counter(len(parse_record([line], dialect).fields) for line in sample)
    plain = Counter(line.count(dialect.delimiter) + 1 for line in sample)
    return quoted == len(sample) or max(widths.values()) > max(plain.values())


def _find_separator(lines: Sequence[str]) -> str | None:
    found = SEPARATOR_LINE.match(lines[0].rstrip("\r\n")) if lines else None
    return found.group(1) if found else None


def _refuse_declared(lines: Sequence[str], source: Source, where: str) -> None:
    """Raise if the header is found with another separator than the declared one."""
    free = source.model_copy(update={"delimiter": None})
    dialect = _find_dialect(lines, free)
    if has_header(lines, free):
        declared = f"its source declares `delimiter: {source.delimiter!r}` (dialect_drift)"
        raise SalesForecastError.of(
            f"'{where}' has {describe(dialect)}, but {declared}",
            "The declared separator in every file of the source",
            "Correct `delimiter`, or leave it out: it is then found in each file",
        )
