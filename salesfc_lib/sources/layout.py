"""From a grid of text to rows: header, repeated headers, subtotals, merged cells, other units' rows.

A grid enters (what a reader found, as lists of text); a frame with the export's own headers leaves, with the columns
`row`, `file` and `mark` added. The decision made here: a row is marked and never dropped, so that cleaning can
account for it. `mark` is '' for a row of the business, 'subtotal' or 'header' for one that only looks like it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.schema import Source

SEARCHED = 60  # rows at the top of a file among which the header must stand
ROW, FILE, MARK = "row", "file", "mark"
RESERVED = {ROW, FILE, MARK}


@dataclass(frozen=True)
class Reject:
    """A row that cannot be laid out: where it stands, which rule it broke, why, and its text."""

    row: int
    rule: str
    reason: str
    content: str


@dataclass(frozen=True)
class Grid:
    """Rows below the header, as text.

    `numbers` are the rows' places in the file (1-based); `merged` are cells (row number, column from 0) that a
    merged cell above covers, or None where the kind of file does not say.
    """

    header: list[str]
    numbers: list[int]
    cells: list[list[str]]
    rejected: list[Reject] = field(default_factory=list)
    encoding: str | None = None
    merged: frozenset[tuple[int, int]] | None = None


def exported(header: str) -> str:
    """Column of an `Extract` that holds the export's column `header`; three names are ours."""
    return f"{header} (export)" if header in RESERVED else header


def header_of(source: Source, name: str) -> str:
    """The export's header for one of this project's names; a name that is not mapped is a header itself."""
    return source.columns.get(name, name)


def list_needed(source: Source) -> list[str]:
    """Headers that an export must have to be read as this source."""
    named = [header_of(source, name) for name in (*source.key, *source.fill_down)]
    return list(dict.fromkeys([*source.columns.values(), *source.join.values(), *source.where, *named]))


def find_header(rows: Sequence[Sequence[str]], needed: Iterable[str]) -> int | None:
    """Place of the first of the top rows that holds every needed header; None where none does.

    >>> find_header([["Sales 2024"], ["date", "amount"]], ["amount"])
    1
    """
    wanted = set(needed)
    for place, row in enumerate(rows[:SEARCHED]):
        if wanted <= {cell.strip() for cell in row} and any(cell.strip() for cell in row):
            return place
    return None


def require_header(rows: Sequence[Sequence[str]], source: Source, where: str) -> int:
    """Place of the header row.

    Raises `SalesForecastError` that names the missing headers and those of the row that comes nearest, or the header
    that stands twice.
    """
    needed = list_needed(source)
    place = find_header(rows, needed)
    if place is None:
        nearest = max(rows[:SEARCHED], key=lambda row: (len({*needed} & {cell.strip() for cell in row}), len(row)), default=[])
        found = [cell.strip() for cell in nearest if cell.strip()]
        raise SalesForecastError.missing_columns([name for name in needed if name not in found], found, f"'{where}'")
    names = [cell.strip() for cell in rows[place]]
    twice = [name for name in needed if names.count(name) > 1]
    if twice:
        raise SalesForecastError.say(
            f"'{where}' has the column {shorten(twice)} more than once",
            "Each mapped header once",
            "Rename one of them in the export",
        )
    return place


def name_columns(header: Sequence[str]) -> list[str]:
    """Unique names for a header row: blanks by their place, repeated ones numbered.

    >>> name_columns(["a", "", "a"])
    ['a', 'column 2', 'a (2)']
    """
    names: list[str] = []
    for place, cell in enumerate(header, start=1):
        name = cell.strip() or f"column {place}"
        names.append(name if name not in names else f"{name} ({sum(n.strip() == name for n in header[:place])})")
    return names


def lay_out(grid: Grid, source: Source, file: str) -> pd.DataFrame:
    """Rows of the grid as text columns named as in the export, with `row`, `file` and `mark`; merged cells filled."""
    names = name_columns(grid.header)
    frame = pd.DataFrame(grid.cells, columns=[exported(name) for name in names], dtype=object)
    marks = _mark(frame, grid.header, source)
    for name in source.fill_down:
        column = header_of(source, name)
        frame[exported(column)] = _fill_down(frame[exported(column)], marks, grid, names.index(column))
    return frame.assign(**{ROW: pd.Series(grid.numbers, dtype="int64"), FILE: file, MARK: marks})


def split_where(frame: pd.DataFrame, source: Source) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows that `where` chooses, and the other units' rows.

    A marked row has no values of its own to choose it by: it goes with the row above it.
    """
    mine = pd.Series(True, index=frame.index)
    for header, value in source.where.items():
        mine &= frame[exported(header)].str.strip().eq(value)
    if source.where and frame[MARK].ne("").any():
        mine = mine.where(frame[MARK].eq("")).ffill().fillna(True).astype(bool)
    return frame[mine].reset_index(drop=True), frame[~mine].reset_index(drop=True)


def _mark(frame: pd.DataFrame, header: Sequence[str], source: Source) -> pd.Series:
    marks = pd.Series("", index=frame.index, dtype=object)
    if frame.empty:
        return marks
    marks[_is_header(frame, header)] = "header"
    if source.subtotals:
        marks[_is_subtotal(frame, source) & marks.eq("")] = "subtotal"
    return marks


def _is_header(frame: pd.DataFrame, header: Sequence[str]) -> pd.Series:
    same = pd.Series(True, index=frame.index)
    for column, cell in zip(frame.columns, header, strict=True):
        same &= frame[column].str.strip().eq(cell.strip())
        if not same.any():
            break
    return same


def _is_subtotal(frame: pd.DataFrame, source: Source) -> pd.Series:
    """Rows with a cell that is a subtotal's word, or that begins or ends with one where the row has no date of its own.

    'Total' in 'Total Tools Ltd' marks nothing as long as that row has its date and its order number.
    """
    words = tuple(word.strip().casefold() for word in source.subtotals)
    own = [exported(source.columns[name]) for name in ("date", "order_id") if name in source.columns]
    is_word, has_word = (
        pd.DataFrame({name: _ask(frame[name], rule) for name in frame.columns})
        for rule in (lambda text: text in words, lambda text: text.startswith(words) or text.endswith(words))
    )
    lacks_own = pd.Series(False, index=frame.index)
    for name in own:
        lacks_own |= frame[name].str.strip().eq("") | has_word[name]
    return is_word.any(axis=1) | (has_word.any(axis=1) & lacks_own)


def _ask(column: pd.Series, rule: Callable[[str], bool]) -> pd.Series:
    """The rule's answer for each cell, without spaces, closing colons and case."""
    return column.map({cell: rule(cell.strip().rstrip(":：").rstrip().casefold()) for cell in column.unique()})


def _fill_down(column: pd.Series, marks: pd.Series, grid: Grid, place: int) -> pd.Series:
    """Column with blank cells filled from above: those under a merged cell, or all where the column has none merged."""
    blank = column.str.strip().eq("") & marks.eq("")
    if grid.merged and any(cell[1] == place for cell in grid.merged):
        blank &= pd.Series([(row, place) in grid.merged for row in grid.numbers], index=column.index)
    values = column.where(marks.eq("") & column.str.strip().ne("")).ffill()
    return column.mask(blank & values.notna(), values)
