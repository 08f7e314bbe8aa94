"""Columns that only number their periods (d_1, d_2 …): which they are, and their cells as rows.

Where their days stand is declared (`period_dates`): in a file that has a row for each header, or
the day of the first. Cells are never texts of their own, so that a column a day over years is read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import PeriodDates, Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.parse.days.spellings import is_year
from salesfc_lib.intake.parse.numbers.reading import Convention, read_numbers
from salesfc_lib.intake.parse.survey import survey_days
from salesfc_lib.intake.sources import extract
from salesfc_lib.intake.sources.extract import Extract
from salesfc_lib.intake.sources.files import read_files
from salesfc_lib.intake.sources.header import name_columns
from salesfc_lib.intake.sources.kinds import identify
from salesfc_lib.intake.sources.layout import Grid, exported
from salesfc_lib.intake.sources.row_marks import mark_rows
from salesfc_lib.intake.sources.text_columns import compact
from salesfc_lib.intake.wide.row_kinds import find_measures_in_rows, tell_sums
from salesfc_lib.intake.wide.totals import NO_ROW, PLAIN, find_sums
from salesfc_lib.intake.wide.unpivot import CELL, LEAST_BASE, PERIOD

FEWEST = 12  # columns that count up side by side
NUMBERED = re.compile(r"(.*[^\W\d_].*?)(\d+)")
BLANK = r"^\s*$"
ZERO = r"^\s*[+-]?0+(?:[.,]0*)?\s*$"
WHOLE = r"^\s*(?:-?\d+)?\s*$"
UNITS = {"day": "D", "week": "D", "month": "M"}  # numpy's, in which steps are counted


def find_numbered(header: Sequence[str]) -> list[int]:
    """Places of the most headers that number after the same text; none where they are fewer than
    `FEWEST`, or years.

    >>> find_numbered(["id", *(f"d_{day}" for day in range(1, 13)), "total"])[:3]
    [1, 2, 3]
    """
    groups: dict[str, list[int]] = {}
    for at, cell in enumerate(header):
        if found := NUMBERED.fullmatch(cell.strip()):
            groups.setdefault(found[1], []).append(at)
    kept = [
        places
        for places in groups.values()
        if not all(is_year(_digits(header[at])) for at in places)
    ]
    most = max(kept, key=len, default=[])
    return most if len(most) >= FEWEST else []


def number_of(header: str) -> int:
    """The number that a header of such a column ends with."""
    return int(_digits(header))


def _digits(header: str) -> str:
    found = NUMBERED.fullmatch(header.strip())
    return found[2] if found else ""


def read_calendar(name: str, source: Source, project: Path, *, keep: bool) -> Extract | None:
    """The file that has the days of the columns, None where they are counted."""
    dates = source.period_dates
    if dates is None or not dates.path:
        return None
    columns = {"header": dates.key, "day": dates.date}
    declared = Source(kind="csv", path=dates.path, root=source.root, columns=columns)
    top = read_files(declared, project)[0].top
    kind = identify(top).kind or "csv"
    declared = declared.model_copy(update={"kind": kind, "sheet": None})
    return extract.read_source(f"{name}: period_dates", declared, project, keep=keep)


def count_days(headers: Sequence[str], first: date, step: str) -> np.ndarray:
    """Day of each header (n_headers,), datetime64[D], where the lowest number's is `first`; of a
    month its first.
    """
    numbers = np.array([number_of(header) for header in headers])
    steps = (numbers - numbers.min()) * (7 if step == "week" else 1)
    start = np.array([first], dtype="datetime64[D]").astype(f"datetime64[{UNITS[step]}]")
    return (start + steps).astype("datetime64[D]")


def date_columns(
    headers: Sequence[str], dates: PeriodDates, calendar: Extract | None, where: str
) -> np.ndarray:
    """Day of each header (n_headers,), datetime64[D]; of a month its first.

    Raises `SalesForecastError` for a header that the calendar lacks or names twice, and for days
    that cannot be read.
    """
    if calendar is None:
        assert dates.first is not None
        days = count_days(headers, dates.first, dates.step)
        if len({*days}) < len(days):
            raise SalesForecastError.of(
                f"Columns of periods of '{where}' have the same number",
                "A number of its own for each",
                "Remove the ones that stand twice from the export",
            )
        return days
    keys, texts = (
        [text.strip() for text in calendar.rows[exported(head)].cast(pa.string()).to_pylist()]
        for head in (dates.key, dates.date)
    )
    known = dict(zip(keys, survey_days(texts).values, strict=True))
    counts = Counter(keys)
    lacking = [header for header in headers if header not in known]
    repeated = [header for header in headers if counts[header] > 1]
    unread = [header for header in headers if known.get(header, "") is None]
    shared = Counter(known.get(header) for header in headers)
    same = [header for header in headers if shared[known.get(header)] > 1]
    for wrong, why in (
        (lacking, f"has no row for {len(lacking):,}"),
        (repeated, f"has several rows for {len(repeated):,}"),
        (unread, f"has no day in '{dates.date}' that can be read for {len(unread):,}"),
        (same, f"has days in '{dates.date}' that are not of one column alone for {len(same):,}"),
    ):
        if wrong:
            raise SalesForecastError.of(
                f"'{dates.path}' {why} of the {len(headers):,} columns of periods "
                f"of '{where}': {shorten(wrong, 5)}",
                f"One row for each header in '{dates.key}', and its day in '{dates.date}'",
                "Export the calendar through the last column, correct `period_dates`, or name the "
                f"day of '{min(headers, key=number_of)}' instead: "
                "`period_dates: {first: YYYY-MM-DD, step: day}`",
            )
    return np.array([known[header] for header in headers], dtype="datetime64[D]")


def leave_out_sums(
    grid: Grid, places: Sequence[int], days: np.ndarray, source: Source, where: str
) -> Grid:
    """The grid without rows that add up others, proved month by month, repeat the header or hold
    averages.

    Raises `SalesForecastError` for a row that says it is a sum and is none, and for a column that
    names a measure in each row.
    """
    others = [at for at in range(len(grid.header)) if at not in {*places}]
    header, cells = [grid.header[at] for at in others], grid.cells.select(others)
    named = cells.rename_columns(name_columns(header, source, where))
    texts = [column.cast(pa.string()).to_pylist() for column in cells.columns]
    marks, is_row = tell_sums(mark_rows(named, header, source, source.columns), texts, source)
    means = int(len(is_row) - is_row.sum())
    sums: set[int] = set()
    if {*marks} - {PLAIN, NO_ROW}:
        months, figures = _add_months(grid, places, days, source)
        sums, wrong = find_sums(figures, marks)
        if wrong is not None:
            raise SalesForecastError.of(
                f"The sum in row {grid.numbers[wrong.row]} of '{where}' says {wrong.says:f} for "
                f"{months[wrong.column]}; its parts make {wrong.make:f}",
                "A sum equals the rows that it adds up",
                "Export it again with right ones or none; if this row adds up nothing, list under "
                "`subtotals` only the words that do mark sums ([] for none)",
            )
    is_row[[*sums]] = False
    if error := find_measures_in_rows(header, texts, is_row, source, where):
        raise error
    issues = [*grid.issues]
    if means:
        issues += [Issue("left_out", f"{means} rows of averages, or that repeat the header")]
    if sums:
        text = f"{len(sums)} rows that add up others equal their parts, and are left out"
        issues += [Issue("subtotal", text)]
    cells = grid.cells.filter(pa.array(is_row))
    return replace(grid, cells=cells, numbers=grid.numbers[is_row], issues=issues)


def _add_months(
    grid: Grid, places: Sequence[int], days: np.ndarray, source: Source
) -> tuple[np.ndarray, list[list[Decimal]]]:
    """Months, and the figures of each row by month."""
    codes, texts = _encode(grid, places)
    convention = Convention(decimal=source.decimal, credit=source.credit)
    read = read_numbers(pa.chunked_array([texts]), convention)
    months, of = np.unique(days.astype("datetime64[M]"), return_inverse=True)
    sums = np.zeros((len(months), len(grid.numbers)), dtype=object)
    for at, row in zip(of, codes, strict=True):
        sums[at] += read.values[row].astype(object)
    return months, [[Decimal(int(sum_)).scaleb(-read.scale) for sum_ in row] for row in sums.T]


def _encode(grid: Grid, places: Sequence[int]) -> tuple[np.ndarray, pa.Array]:
    """Number of each cell's text (n_places, n_rows) among the different ones."""
    whole = _gather(grid, places).dictionary_encode().combine_chunks()
    return whole.indices.to_numpy().reshape(len(places), len(grid.numbers)), whole.dictionary


def melt(
    grid: Grid, places: Sequence[int], days: np.ndarray, measure: str, *, step: str = "day"
) -> Grid:
    """Rows by period of the columns at `places`, whose `days` (n_places,) are.

    A blank cell is no row. A zero is one in the last column of a month only, so that a month of
    zeros is not missing.
    """
    head = [grid.header[at].strip() for at in places]
    codes, texts = _encode(grid, places)
    is_blank, is_zero = (
        np.asarray(pc.match_substring_regex(texts, pattern)) for pattern in (BLANK, ZERO)
    )
    months = days.astype("datetime64[M]")
    latest = {months[at]: at for at in np.argsort(days)}
    is_last = np.isin(np.arange(len(places)), [*latest.values()])
    left = is_zero[codes]
    left[is_last] = False
    kept = ~(left | is_blank[codes]).T
    zeros = int(left.sum())
    rows, columns = np.nonzero(kept)
    shown = months if step == "month" else days
    others = [at for at in range(len(grid.header)) if at not in {*places}]
    at_rows = pa.array(rows)
    taken = [compact(grid.cells.column(at)).take(at_rows) for at in others]
    made = [
        pa.DictionaryArray.from_arrays(pa.array(columns.astype(np.int32)), pa.array(labels))
        for labels in (head, shown.astype(str).tolist())
    ]
    made.append(pa.DictionaryArray.from_arrays(pa.array(codes.T[kept]), texts))
    base = max(LEAST_BASE, 10 ** len(str(len(grid.header))))
    cells = [*taken, *(pa.chunked_array([part]) for part in made)]
    first, last = days.argmin(), days.argmax()
    said = (
        f"{len(head):,} periods side by side, '{head[first]}' ({shown[first]}) to "
        f"'{head[last]}' ({shown[last]}), are read as {len(rows):,} rows; the "
        f"number of a row is its row in the file times {base:,} plus its column"
    )
    issues = [*grid.issues, Issue("wide", said)]
    if zeros:
        why = f"{zeros:,} cells of zero are no rows; those in the last column of each month are"
        issues.append(Issue("left_out", why))
    if all(issue.rule != "subtotal" for issue in issues):
        text = "no sum among its rows or columns proves the figures"
        issues.append(Issue("wide_unproved", text))
    return replace(
        grid,
        header=[*(grid.header[at] for at in others), CELL, PERIOD, measure],
        numbers=grid.numbers[rows] * base + np.array(places)[columns] + 1,
        cells=pa.table(cells, names=[str(at) for at in range(len(cells))]),
        rejected=[replace(issue, row=issue.row * base) for issue in grid.rejected],
        merged=None,
        issues=issues,
    )


def is_whole(grid: Grid, places: Sequence[int]) -> bool:
    """Whether all figures of the columns at `places` are whole numbers, blank cells left out."""
    texts = pc.unique(_gather(grid, places))
    return bool(pc.all(pc.match_substring_regex(texts, WHOLE)).as_py())


def _gather(grid: Grid, places: Sequence[int]) -> pa.ChunkedArray:
    """Texts of the columns at `places`, one below the other."""
    columns = [grid.cells.column(at).cast(pa.string()) for at in places]
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
