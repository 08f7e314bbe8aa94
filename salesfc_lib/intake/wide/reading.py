"""Sources as they are declared: those with periods side by side are read as rows by period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import PeriodDates, Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources import extract
from salesfc_lib.intake.sources.extract import Extract
from salesfc_lib.intake.sources.files import RawFile
from salesfc_lib.intake.sources.header import SEARCHED
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.wide.columns import find_across
from salesfc_lib.intake.wide.numbered import (
    FEWEST,
    date_columns,
    find_numbered,
    leave_out_sums,
    melt,
    number_of,
    read_calendar,
)
from salesfc_lib.intake.wide.unpivot import PERIOD, unpivot

EACH = {"day": "each is a day", "week": "each is a week", "month": "each is a month"}


def read_source(name: str, source: Source, project: Path, *, keep: bool = False) -> Extract:
    """What the source holds, as `extract.read_source` says it.

    Raises `SalesForecastError` also where no periods stand side by side though `wide` says so, and
    for a sum that does not equal its parts.
    """
    calendar = read_calendar(name, source, project, keep=keep)

    def read(own: Source, file: RawFile, where: str) -> Grid:
        return _read_grid(own, file, where, calendar)

    return extract.read_source(name, source, project, keep=keep, read=read)


def narrow(source: Source) -> Source:
    """The source without the columns that its rows by period get."""
    ours = {PERIOD, *source.wide}
    columns = {name: header for name, header in source.columns.items() if name not in ours}
    key = [name for name in source.key if name not in ours]
    return source.model_copy(update={"columns": columns, "key": key})


def _lower(grid: Grid, rows: int) -> Grid:
    """The grid with its header so many rows further down: a header of no mapped column may stand
    anywhere.
    """
    if not rows:
        return grid
    top = grid.cells.slice(0, rows)
    lines = [*zip(*(column.cast("string").to_pylist() for column in top.columns), strict=True)]
    *above, header = [[*line] for line in (grid.header, *lines)]
    cells, numbers = grid.cells.slice(rows), grid.numbers[rows:]
    return replace(grid, header=header, above=[*grid.above, *above], cells=cells, numbers=numbers)


def _read_grid(source: Source, file: RawFile, where: str, calendar: Extract | None) -> Grid:
    if not source.wide:
        return extract.read_grid(source, file, where)
    own = narrow(source)
    grid = extract.read_grid(own, file, where)
    tried = (_lower(grid, at) for at in range(min(SEARCHED, len(grid.numbers))))
    if source.period_dates is not None:
        return _read_numbered(source.period_dates, source, tried, where, calendar)
    named = (source.sheet or "", file.path.stem)
    pairs = ((each, find_across(each, source.subtotals, named)) for each in tried)
    grid, across = next((pair for pair in pairs if pair[1] is not None), (grid, None))
    if across is None and grid.rejected and not len(grid.numbers):
        first = grid.rejected[0]
        raise SalesForecastError.of(
            f"No row of '{where}' can be read, the first, row {first.row}, because {first.reason}",
            "Rows with figures",
            "Mend them in the export",
        )
    if across is None:
        raise _refuse(grid, where)
    found = unpivot(grid, across, source.wide, own, where)
    if found.error is not None:
        raise found.error
    return found.grid


def _read_numbered(
    dates: PeriodDates, source: Source, tried: Iterable[Grid], where: str, calendar: Extract | None
) -> Grid:
    """Rows by period of the first of the grids whose columns only number their periods."""
    pairs = ((grid, find_numbered(grid.header)) for grid in tried)
    grid, places = next((pair for pair in pairs if pair[1]), (None, []))
    if grid is None:
        raise SalesForecastError.of(
            f"'{where}' has no {FEWEST} columns that number their periods, as d_1, d_2, d_3 do",
            "Some, as `period_dates` of its source says",
            "Leave out `period_dates`, or correct the file",
        )
    days = date_columns([grid.header[at].strip() for at in places], dates, calendar, where)
    grid = leave_out_sums(grid, places, days, narrow(source), where)
    read = melt(grid, places, days, next(iter(source.wide)), step=dates.step)
    return replace(read, issues=[*read.issues, Issue("wide", _describe(dates, calendar))])


def _describe(dates: PeriodDates, calendar: Extract | None) -> str:
    if calendar is None:
        return f"the first of the columns is {dates.first}, and {EACH[dates.step]}"
    sha256 = calendar.files[0]["sha256"]
    return f"the days of the columns are those of '{dates.path}' (sha256 {sha256})"


def _refuse(grid: Grid, where: str) -> SalesForecastError:
    """Error for a sheet without periods, or with some that nothing dates."""
    if places := find_numbered(grid.header):
        headers = sorted((grid.header[at].strip() for at in places), key=number_of)
        first, last = headers[0], headers[-1]
        return SalesForecastError.of(
            f"The columns '{first}' to '{last}' of '{where}' are periods by number: nothing says "
            "which days they are",
            f"The day of '{first}', or a file that has the day of each header",
            "Set `period_dates: {first: YYYY-MM-DD, step: day}` of this source, or "
            "`period_dates: {path: calendar.csv, key: its column of these headers, date: its "
            "column of days}`",
        )
    return SalesForecastError.of(
        f"'{where}' has no months, weeks or days side by side as columns",
        f"Some, as `wide` of its source says; its header: {shorten(grid.header, 20)}",
        "Correct `wide`, or leave it out",
    )
