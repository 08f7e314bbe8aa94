"""The rows of a sheet with periods side by side: one for each period in which a row has a figure.

A blank cell is no row, a zero is a row of zero. Sums among rows and columns are left out once they
are proved. A row's number tells its cell: its row in the file times a power of ten, plus its
column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.header_keys import fold_header
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.parse.evidence import BLANK, reword
from salesfc_lib.intake.parse.numbers.fixed_point import rescale, round_half_even
from salesfc_lib.intake.parse.numbers.reading import Convention, read_numbers
from salesfc_lib.intake.sources.header import header_of, name_columns
from salesfc_lib.intake.sources.layout import Grid, fill_from_above
from salesfc_lib.intake.sources.row_marks import mark_rows
from salesfc_lib.intake.wide.columns import ANY_YEAR, YEAR, Across
from salesfc_lib.intake.wide.row_kinds import Texts, find_measures_in_rows, tell_sums
from salesfc_lib.intake.wide.totals import PLAIN, STATED, Wrong, check_columns, find_sums

PERIOD, CELL = "date", "column"  # headers of the columns that say of which period a row is
LEAST_BASE = 100  # by which a row's number is multiplied, so that its column can be added


class Unpivoted(NamedTuple):
    """The grid of rows by period, and why its figures are in doubt (None: they are not)."""

    grid: Grid
    error: SalesForecastError | None


class _Sheet(NamedTuple):
    """Rows below the header, what their columns are, their texts, and which rows are sums."""

    body: Grid
    across: Across
    texts: Texts
    marks: Sequence[int]


class _Measure(NamedTuple):
    """Columns of a measure by their period, where its cells have a text, and its sums."""

    columns: Mapping[date, int]
    filled: np.ndarray  # (n_rows, n_columns of the sheet)
    sums: set[int]
    error: SalesForecastError | None


def unpivot(
    grid: Grid, across: Across, measures: Mapping[Any, str], source: Source, where: str
) -> Unpivoted:
    """Rows by period; `measures` has the label of each measure's columns, `source` no column of
    theirs.

    Raises `SalesForecastError` for a label that no column has.
    """
    cells = grid.cells.slice(across.below)
    body = replace(grid, numbers=grid.numbers[across.below :], cells=cells)
    names = name_columns(body.header, source, where)
    codes = mark_rows(cells.rename_columns(names), body.header, source, source.columns)
    texts = [column.cast(pa.string()).to_pylist() for column in cells.columns]
    beside = [texts[at] for at in across.others]
    marks, is_row = tell_sums(codes, beside, source)
    body = _fill_down(body, codes, names, source)
    means = int(len(is_row) - is_row.sum())
    sheet = _Sheet(body, across, texts, marks)
    read = {name: _read_measure(sheet, label, source, where) for name, label in measures.items()}
    sums = {at for at, mark in enumerate(marks) if mark == STATED}
    sums |= {at for each in read.values() for at in each.sums}
    is_row[[*sums]] = False
    left = len(sums), means
    long = _make_rows(sheet, read, is_row)
    error = next((each.error for each in read.values() if each.error), None)
    named = [body.header[at].strip() for at in across.others]
    error = error or find_measures_in_rows(named, beside, is_row, source, where)
    issues = _note(long, across, {*measures.values()}, left, is_proved=error is None)
    return Unpivoted(replace(long, issues=[*body.issues, *issues]), error)


def _fill_down(body: Grid, codes: np.ndarray, names: Sequence[str], source: Source) -> Grid:
    """The sheet with blank cells of columns filled from above, labels of groups among it."""
    cells, issues = body.cells, [*body.issues]
    for place in (names.index(header_of(source, name)) for name in source.fill_down):
        filled, count = fill_from_above(cells.column(place), codes, body, names, place)
        why = f"{count} blank cells of '{body.header[place]}' were filled with the text above them"
        issues += [Issue("filled_down", why)] if count else []
        cells = cells.set_column(place, cells.column_names[place], filled)
    return replace(body, cells=cells, issues=issues)


def _read_measure(sheet: _Sheet, label: str, source: Source, where: str) -> _Measure:
    """Figures of the columns with this label, and whether their sums are right."""
    _, across, texts, marks = sheet
    columns = _find_columns(across, label, where)
    totals = [at for at, of in across.totals.items() if of == across.labels[columns[0]]]
    days = {across.periods[at]: at for at in columns}
    filled = np.array([[bool(cell.strip()) for cell in column] for column in texts]).T
    try:
        figures = _read_figures(sheet, columns, totals, source, filled)
    except SalesForecastError as problem:
        shown = f"'{across.names[columns[0]]}' to '{across.names[columns[-1]]}'"
        text = f"Columns {shown} of '{where}': {problem}"
        return _Measure(days, filled, set(), reword(problem, text))
    sums, wrong = find_sums(figures, marks)
    groups = {
        len(columns) + place: _list_groups(across, at, columns) for place, at in enumerate(totals)
    }
    wrong = wrong or check_columns(figures, groups)
    error = _refuse(wrong, [*columns, *totals], sheet, where) if wrong else None
    return _Measure(days, filled, sums, error)


def _find_columns(across: Across, label: str, where: str) -> list[int]:
    """Columns of periods with this label."""
    key = fold_header(label)
    found = [at for at, text in across.labels.items() if fold_header(text) == key]
    if not found and len({*across.labels.values()}) == 1:
        return [*across.labels]
    if not found:
        raise SalesForecastError.of(
            f"No period of '{where}' has a column '{label}'",
            f"One of {shorten(dict.fromkeys(across.labels.values()), 8)}",
            "Correct `wide` of this source",
        )
    return found


def _list_groups(across: Across, total: int, columns: Sequence[int]) -> list[list[int]]:
    """Places in `columns` that a column of sums may add up."""
    year = across.years.get(total, 0)
    before = [at for at, of in across.totals.items() if at < total and of == across.totals[total]]
    chosen = (
        [at for at in columns if across.periods[at].year == year],
        *([at for at in columns if start < at < total] for start in sorted(before, reverse=True)),
        [at for at in columns if at < total],
        columns,
    )
    return [[columns.index(at) for at in group] for group in chosen if group]


def _read_figures(
    sheet: _Sheet, columns: Sequence[int], totals: Sequence[int], source: Source, filled: np.ndarray
) -> list[list[Decimal | None]]:
    """Figures by row, of the periods and their sums; spellings of nothing are no longer `filled`.

    Sums carry binary noise beyond the scale of their parts: it is rounded away.
    """
    texts, marks = sheet.texts, sheet.marks
    places = [(row, at) for row in range(len(marks)) for at in (*columns, *totals)]
    is_part = [marks[row] == PLAIN and at in {*columns} for row, at in places]
    convention = Convention(decimal=source.decimal, credit=source.credit)
    parts = [place for place, own in zip(places, is_part, strict=True) if own]
    shown = [place for place, own in zip(places, is_part, strict=True) if not own]
    own = read_numbers(_gather(texts, parts), convention)
    other = read_numbers(_gather(texts, shown), replace(convention, decimal=own.notation or "."))
    finest = max(own.scale, other.scale)
    units = round_half_even(
        rescale(other.values, other.scale, finest), 1, 10 ** (finest - own.scale)
    )
    found: dict[tuple[int, int], Decimal] = {}
    for read, at, values in ((own, parts, own.values), (other, shown, units)):
        for (row, column), value in zip(at, values.tolist(), strict=True):
            found[row, column] = Decimal(int(value)).scaleb(-own.scale)
        for place, why in read.problems.items():
            del found[at[int(place)]]
            filled[at[int(place)]] = why != BLANK
    return [[found.get((row, at)) for at in (*columns, *totals)] for row in range(len(marks))]


def _gather(texts: Texts, places: Sequence[tuple[int, int]]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([texts[at][row] for row, at in places], pa.string())])


def _refuse(wrong: Wrong, columns: Sequence[int], sheet: _Sheet, where: str) -> SalesForecastError:
    column = sheet.across.names[columns[wrong.column]]
    place = f"row {sheet.body.numbers[wrong.row]}, column '{column}'"
    said = f"The sum in {place} of '{where}' says {wrong.says:f}; its parts make {wrong.make:f}"
    if wrong.says and wrong.make > wrong.says and wrong.make % wrong.says == 0:
        return SalesForecastError.of(
            f"{said}; that is {wrong.make / wrong.says:f} times as much: rows that no word marks "
            "add up others, as the groups of a pivot table in compact form do",
            "Each level in a column of its own, and sums that a word marks, such as East Total",
            "Show the pivot table in tabular form (Design, Report Layout) and export it again",
        )
    return SalesForecastError.of(
        said,
        "A sum equals the rows or the periods that it adds up",
        "Export it again with right ones or none; if this row adds up nothing, list under "
        "`subtotals` only the words that do mark sums ([] for none)",
    )


def _make_rows(sheet: _Sheet, read: Mapping[str, _Measure], is_row: np.ndarray) -> Grid:
    """The grid of rows by period, in the order of rows and columns."""
    body, across, texts, _ = sheet
    base = max(LEAST_BASE, 10 ** len(str(len(body.header))))
    days = sorted({day for each in read.values() for day in each.columns})
    firsts = {
        day: min(each.columns[day] for each in read.values() if day in each.columns) for day in days
    }
    rows = [
        (row, day)
        for row in np.flatnonzero(is_row).tolist()
        for day in sorted(days, key=lambda day: firsts[day])
        if any(
            day in each.columns and each.filled[row, each.columns[day]] for each in read.values()
        )
    ]
    at = pa.array([row for row, _ in rows], pa.int64())
    kept = [body.cells.column(place).take(at) for place in across.others]
    named = [
        [across.names[firsts[day]] for _, day in rows],
        [_write_date(sheet, row, across.dates[firsts[day]]) for row, day in rows],
    ]
    figures = [
        [texts[each.columns[day]][row] if day in each.columns else "" for row, day in rows]
        for each in read.values()
    ]
    columns = [
        *kept,
        *(pa.chunked_array([pa.array(part, pa.string())]) for part in (*named, *figures)),
    ]
    header = [*(body.header[place] for place in across.others), CELL, PERIOD, *read]
    numbers = [int(body.numbers[row]) * base + firsts[day] + 1 for row, day in rows]
    moved = {place: new for new, place in enumerate(across.others)}
    covered = body.merged or ()
    merged = frozenset(
        (row * base + first + 1, moved[place])
        for row, place in covered
        if place in moved
        for first in firsts.values()
    )
    return replace(
        body,
        header=header,
        numbers=np.array(numbers, dtype=np.int64),
        cells=pa.table(columns, names=[str(place) for place in range(len(columns))]),
        rejected=[replace(issue, row=issue.row * base) for issue in body.rejected],
        merged=None if body.merged is None else merged,
        above=body.above[: len(body.above) - across.above],
    )


def _write_date(sheet: _Sheet, row: int, text: str) -> str:
    """The period of a cell, in the year that its row says, if its column has none."""
    if sheet.across.years_at is None:
        return text
    cell = sheet.body.cells.column(sheet.across.years_at)[row].as_py().strip()
    found = YEAR.fullmatch(cell)
    return f"{found[1]}{text[len(ANY_YEAR) :]}" if found else cell


def _note(
    long: Grid, across: Across, labels: set[str], left: tuple[int, int], *, is_proved: bool
) -> Iterator[Issue]:
    """Issues that say what was read as rows, what was left out, and what proves it."""
    base = max(LEAST_BASE, 10 ** len(str(len(across.names))))
    first, *_, last = sorted(across.periods, key=lambda at: across.periods[at])
    text = (
        f"{len({*across.periods.values()})} periods side by side, '{across.names[first]}' to "
        f"'{across.names[last]}', are read as {len(long.numbers):,} rows; the number of a row "
        f"is its row in the file times {base:,} plus its column"
    )
    yield Issue("wide", text)
    sums, others_left = left
    added = f"{sums} rows and {len(across.totals)} columns that add up others"
    if others_left:
        yield Issue("left_out", f"{others_left} rows of averages, or that repeat the header")
    if is_proved and (sums or across.totals):
        yield Issue("subtotal", f"{added} equal their parts, and are left out")
    elif is_proved:
        yield Issue("wide_unproved", "no sum among its rows or columns proves the figures")
    others = {*across.labels.values()} - labels
    if len({*across.labels.values()}) > 1 and others:
        yield Issue("left_out", f"columns {shorten(sorted(others), 5)} of the periods are not read")
