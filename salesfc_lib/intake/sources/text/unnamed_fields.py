"""Fields that the header does not name, where the rows have more fields than it.

The header and the top rows enter; the header leaves with a blank name for each such field, where
days and numbers of the named columns prove that all of them stand behind the others, or before
them, as R writes the names of rows. Otherwise the rows stay as they are and do not fit: a field
too many may as well be half of a number with a decimal comma, or of a text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.header import match_header
from salesfc_lib.intake.sources.row_marks import MEASURES

DAYS = {"date", "ds", "start", "end", "expected"}
NEARLY_ALL = 0.9  # share of the rows, or of the cells of a column
FEWEST = 2  # rows
DAY = re.compile(
    r"\d{1,4}([-/. ]).{1,12}\1\W*\d{1,4}\b.*|\d{4}[-/.]\d{1,2}|\d{4,19}|\d{2,4}年.*"
    r"|\w+ \d{1,2}, \d{4}"
)
NUMBER = re.compile(r"[^\w]*(?:[A-Z]{3} ?)?[-+(]*\d[\d.,'\s]*(?:[Ee][-+]?\d+)?\W*(?:[A-Z]{2,3})?")
WHOLE = re.compile(r"[-+(]*(?:\d{1,3}(?:[. ]\d{3})+|\d+)")

Rows = Sequence[Sequence[str]]


def name_fields(header: list[str], rows: Rows, source: Source) -> list[str]:
    """The header, with blank names for the fields that nearly all rows have beyond it, and without
    blank names at its end for which they have no field.

    >>> rows = [["2024-01-31", "2.50", "x"], ["2024-02-01", "3.75", "y"]]
    >>> columns = {"date": "day", "amount": "net"}
    >>> name_fields(["day", "net"], rows, Source(kind="csv", path="a.csv", columns=columns))
    ['day', 'net', '']
    """
    width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    surplus = width - len(header)
    if surplus == 0 or count < max(FEWEST, NEARLY_ALL * len(rows)):
        return header
    if surplus < 0:
        return header if any(map(str.strip, header[width:])) else header[:width]
    usual = [[cell.strip() for cell in row] for row in rows if len(row) == width]
    blank = [""] * surplus
    behind = _fits([*header, *blank], usual, source)
    before = _fits([*blank, *header], usual, source)
    if behind == before or not any(any(row[len(header) :]) for row in usual):
        return header
    if before:
        return [*blank, *header]
    return header if _may_be_split(usual, len(header)) else [*header, *blank]


def note_unnamed(header: Sequence[str], named: Sequence[str], line: int) -> list[Issue]:
    """The issue that rows have fields which the header of the file does not name."""
    if len(header) >= len(named):
        return []
    place = "past the header" if named[0] == header[0] else "before those of the header"
    text = f"rows have {len(named)} fields, the header {len(header)}"
    return [Issue("unnamed_fields", f"{text}; the fields {place} are not read", line)]


def _fits(header: Sequence[str], rows: Rows, source: Source) -> bool:
    """Whether the columns of days and numbers hold such; not where none is mapped."""
    places = match_header(header, source)
    found = [
        _holds(rows, place, DAY if name in DAYS else NUMBER)
        for name, wanted in source.columns.items()
        if name in DAYS | MEASURES
        for place in places[wanted]
    ]
    return bool(found) and all(found)


def _holds(rows: Rows, place: int, pattern: re.Pattern[str]) -> bool:
    cells = [row[place] for row in rows if row[place]]
    return _is_nearly_all(cells, lambda cell: pattern.fullmatch(cell) is not None)


def _is_nearly_all(cells: Sequence[str], rule: Callable[[str], bool]) -> bool:
    return bool(cells) and sum(map(rule, cells)) >= NEARLY_ALL * len(cells)


def _may_be_split(rows: Rows, named: int) -> bool:
    """Whether two fields may be parts of one: whole numbers with as many digits behind each, or
    the last text of the header with another behind it.
    """
    columns = [*zip(*rows, strict=True)]
    pairs = [*zip(columns[:named], columns[1:], strict=False)]
    letters = (any(map(str.isalpha, "".join(cells))) for cells in pairs[-1])
    return any(_is_fraction(*pair) for pair in pairs) or (all(letters) and len({*pairs[-1][1]}) > 1)


def _is_fraction(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether whole numbers have digits behind them, as many in each row, that differ."""
    lengths = {len(cell) for cell in right if cell.isdecimal()}
    same = len(lengths) == 1 and max(lengths) <= 3 and all(map(str.isdecimal, right))
    return same and len({*right}) > 1 and all(map(WHOLE.fullmatch, left))
