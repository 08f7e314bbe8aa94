"""Whether a text file came whole: by its trailer, if one is declared, or by how it ends."""

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
    """The grid without the trailer's line, and what the trailer says.

    `tail` are the file's last lines (number, text), `unended` the number of its last line if that
    has no line end: if it breaks off, that is noted. Raises `SalesForecastError` for a file without
    its trailer.
    """
    if not source.trailer:
        return _note_cut(grid, unended)
    found = ((place, re.search(source.trailer, text)) for place, text in reversed(tail))
    place, match = next(((place, match) for place, match in found if match), (0, None))
    if match is None:
        last = f"line {tail[-1][0]}: '{tail[-1][1][:80]}'" if tail else "nothing"
        raise SalesForecastError.say(
            f"'{where}' was cut short (cut_short): its trailer is not there; it ends with {last}",
            f"A last line like `{source.trailer}`",
            "Export it again, or correct `trailer`",
        )
    kept = grid.numbers != place
    columns = grid.cells.columns
    if not kept.all():
        columns = [_filter(column, kept) for column in columns]
    return replace(
        grid,
        numbers=grid.numbers[kept],
        cells=pa.table(columns, names=grid.cells.column_names),
        rejected=[item for item in grid.rejected if item.row != place],
        trailer={name: text.strip() for name, text in match.groupdict().items() if text},
    )


def check_rows(grid: Grid, plain: np.ndarray, where: str) -> None:
    """Raise if the trailer counts other rows than were read; `plain`: rows of the business.

    A rejected line is a row too, or a piece of one: any number between those read and those read
    or rejected agrees.
    """
    stated = (grid.trailer or {}).get("rows")
    if stated is None:
        return
    read = int(plain.sum())
    try:
        expected = int(GROUPING.sub("", unicodedata.normalize("NFKC", stated)))
    except ValueError:
        raise SalesForecastError.say(
            f"The trailer of '{where}' says '{stated}' rows",
            "A whole number",
            "Correct the group `rows` of the source's `trailer`",
        ) from None
    if not read <= expected <= read + len(grid.rejected):
        raise SalesForecastError.say(
            f"'{where}' was cut short or changed (cut_short): {read:,} rows were read and "
            f"{len(grid.rejected):,} set aside",
            f"{expected:,} rows, as its trailer says",
            "Export it again",
        )


def _filter(column: pa.ChunkedArray, kept: np.ndarray) -> pa.ChunkedArray:
    """The kept cells; of an encoded column also without the texts that only the others had."""
    left = column.filter(pa.array(kept)).combine_chunks()
    if pa.types.is_dictionary(left.type):
        codes = left.indices.to_numpy(zero_copy_only=False)
        used = np.bincount(codes, minlength=len(left.dictionary)) > 0
        renumbered = (np.cumsum(used) - 1).astype(np.int32)[codes]
        texts = left.dictionary.filter(pa.array(used))
        left = pa.DictionaryArray.from_arrays(pa.array(renumbered), texts)
    return pa.chunked_array([left])


def _note_cut(grid: Grid, unended: int | None) -> Grid:
    broken = [item for item in grid.rejected if item.row == unended and item.rule == "misfit"]
    if not broken:
        return grid
    inside = f"the file ends inside its last line, which has no line end: {broken[0].reason}"
    issue = Issue("cut_short", f"{inside}; rows after it may be lost", broken[0].row)
    return replace(grid, issues=[*grid.issues, issue])
