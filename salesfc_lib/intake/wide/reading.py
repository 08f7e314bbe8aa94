"""Sources as they are declared: those with periods side by side are read as rows by period."""

from __future__ import annotations

from pathlib import Path

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.sources import extract
from salesfc_lib.intake.sources.extract import Extract
from salesfc_lib.intake.sources.files import RawFile
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


def _read_grid(source: Source, file: RawFile, where: str) -> Grid:
    if not source.wide:
        return extract.read_grid(source, file, where)
    own = narrow(source)
    grid = extract.read_grid(own, file, where)
    across = find_across(grid, source.subtotals)
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
