"""Whether a text file came whole: its trailer, where the source declares one, or how its last line ends.

A grid and the file's last lines enter; the grid leaves without the trailer, which is no row of the business. The decision made
here: a trailer that is declared has to be there and has to agree with the rows that were read, or the unit stops; without one, a last
line that breaks off is rejected like any line that does not fit, and said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.layout import Grid

GROUPING = re.compile(r"[\s,，'’]")


def find_trailer(
    grid: Grid, tail: Sequence[tuple[int, str]], unended: int | None, source: Source, where: str
) -> Grid:
    """The grid without the trailer's line, and what the trailer says; `tail` are the file's last lines (place, text), and `unended` the
    place of its last line if that has no line end.

    Raises `SalesForecastError` for a file without its trailer.
    """
    if not source.trailer:
        return _tell_cut(grid, unended)
    found = (
        (place, match)
        for place, text in reversed(tail)
        if (match := re.search(source.trailer, text))
    )
    place, match = next(found, (0, None))
    if match is None:
        last = f"line {tail[-1][0]}: '{tail[-1][1][:80]}'" if tail else "nothing"
        raise SalesForecastError.say(
            f"'{where}' was cut short (cut_short): its trailer is not there; it ends with {last}",
            f"A last line like `{source.trailer}`",
            "Export it again, or correct `trailer`",
        )
    kept, names = grid.numbers != place, grid.cells.column_names
    return replace(
        grid,
        numbers=grid.numbers[kept],
        cells=grid.cells
        if kept.all()
        else pa.table([_without(column, kept) for column in grid.cells.columns], names=names),
        rejected=[item for item in grid.rejected if item.row != place],
        trailer={name: text.strip() for name, text in match.groupdict().items() if text},
    )


def check_rows(grid: Grid, plain: np.ndarray, where: str) -> None:
    """Raise if the trailer counts other rows than were read; `plain` tells the rows of the business (n_rows,).

    A rejected line is a row too, or a piece of one: any number between those read and those read or rejected agrees.
    """
    said = (grid.trailer or {}).get("rows")
    if said is None:
        return
    read = int(plain.sum())
    try:
        expected = int(GROUPING.sub("", unicodedata.normalize("NFKC", said)))
    except ValueError:
        raise SalesForecastError.say(
            f"The trailer of '{where}' says '{said}' rows",
            "A whole number",
            "Correct the group `rows` of the source's `trailer`",
        ) from None
    if not read <= expected <= read + len(grid.rejected):
        raise SalesForecastError.say(
            f"'{where}' was cut short or changed (cut_short): {read:,} rows were read and {len(grid.rejected):,} set aside",
            f"{expected:,} rows, as its trailer says",
            "Export it again",
        )


def _without(column: pa.ChunkedArray, kept: np.ndarray) -> pa.ChunkedArray:
    """The kept cells; of an encoded column also without the texts that only the others had."""
    left = column.filter(pa.array(kept)).combine_chunks()
    if pa.types.is_dictionary(left.type):
        codes = left.indices.to_numpy(zero_copy_only=False)
        used = np.bincount(codes, minlength=len(left.dictionary)) > 0
        renumbered = (np.cumsum(used) - 1).astype(np.int32)[codes]
        left = pa.DictionaryArray.from_arrays(
            pa.array(renumbered), left.dictionary.filter(pa.array(used))
        )
    return pa.chunked_array([left])


def _tell_cut(grid: Grid, unended: int | None) -> Grid:
    broken = [item for item in grid.rejected if item.row == unended and item.rule == "misfit"]
    if not broken:
        return grid
    said = f"the file ends inside its last line, which has no line end: {broken[0].reason}; rows after it may be lost"
    return replace(grid, issues=[*grid.issues, Issue("cut_short", said, broken[0].row)])
