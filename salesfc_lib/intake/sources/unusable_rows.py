"""Rows with a cell that nobody can use are set aside, with their reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.intake.issues import reject
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.row_marks import apply_rule

CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def set_aside_control(grid: Grid, names: Sequence[str]) -> Grid:
    """The grid without the rows that have a control character in a cell."""
    rejects: dict[int, tuple[str, str]] = {}
    for name, column in zip(names, grid.cells.columns, strict=True):
        found = apply_rule(column, lambda texts: pc.match_substring_regex(texts, CONTROL))
        for place in np.flatnonzero(found).tolist():
            why = describe_control(name, column[place].as_py())
            rejects.setdefault(int(grid.numbers[place]), ("control_character", why))
    return without(grid, rejects, names)


def describe_control(name: str, text: str) -> str:
    """The first control character of a cell of the column `name`, as half a sentence."""
    found = re.search(CONTROL, text)
    assert found is not None
    which = f"U+{ord(found.group()):04X} at place {found.start() + 1}"
    return f"'{name}' holds the control character {which}"


def without(grid: Grid, rejects: dict[int, tuple[str, str]], names: Sequence[str]) -> Grid:
    """The grid without these rows (number: rule and reason), which join its rejected ones."""
    if not rejects:
        return grid
    gone = np.isin(grid.numbers, np.array(list(rejects), dtype=np.int64))
    content = grid.cells.filter(pa.array(gone)).rename_columns(list(names)).to_pylist()
    numbers = grid.numbers[gone].tolist()
    rejected = [reject(at, *rejects[at], cells) for at, cells in zip(numbers, content, strict=True)]
    return replace(
        grid,
        numbers=grid.numbers[~gone],
        cells=grid.cells.filter(pa.array(~gone)),
        rejected=[*grid.rejected, *rejected],
    )
