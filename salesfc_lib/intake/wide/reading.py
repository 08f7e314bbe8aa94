"""Sources as they are declared: those with periods side by side are read as rows by period."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.sources import extract
from salesfc_lib.intake.sources.extract import Extract
from salesfc_lib.intake.sources.files import RawFile
from salesfc_lib.intake.sources.header import SEARCHED
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.wide.columns import find_across
from salesfc_lib.intake.wide.unpivot import PERIOD, unpivot


def read_source(name: str, source: Source, project: Path, *, keep: bool = False) -> Extract:
    """What the source holds, as `extract.read_source` says it.

    Raises `SalesForecastError` also where no periods stand side by side though `wide` says so, and
    for a sum that does not equal its parts.
    """
    return extract.read_source(name, source, project, keep=keep, read=_read_grid)


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


def _read_grid(source: Source, file: RawFile, where: str) -> Grid:
    if not source.wide:
        return extract.read_grid(source, file, where)
    own = narrow(source)
    grid = extract.read_grid(own, file, where)
    tried = (_lower(grid, at) for at in range(min(SEARCHED, len(grid.numbers))))
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
        raise SalesForecastError.of(
            f"'{where}' has no months, weeks or days side by side as columns",
            f"Some, as `wide` of its source says; its header: {[*grid.header]}",
            "Correct `wide`, or leave it out",
        )
    found = unpivot(grid, across, source.wide, own, where)
    if found.error is not None:
        raise found.error
    return found.grid
