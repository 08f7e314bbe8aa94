"""Rows of a workbook or a typed file that have a cell nobody can use are set aside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue, reject
from salesfc_lib.intake.sources.header import list_needed, name_columns
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.marks import apply_rule
from salesfc_lib.intake.sources.xlsx import STALE, SheetFacts

CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def set_aside(grid: Grid, facts: SheetFacts, source: Source, where: str) -> Grid:
    """The grid without rows that have an error or an empty formula in a mapped column.

    An error in another column costs no row: it is noted, and stays as text.
    """
    names = name_columns(grid.header, source, where)
    needed = set(list_needed(source))
    wrong: dict[int, list[tuple[str, str]]] = {}
    spared: dict[str, list[int]] = {}
    below = set(grid.numbers.tolist()) if facts.texts else set()
    for row, column, text in zip(facts.rows, facts.columns, facts.texts, strict=True):
        if row in below and column < len(names):
            if names[column] in needed:
                wrong.setdefault(row, []).append((names[column], text))
            elif text != STALE:
                spared.setdefault(names[column], []).append(row)
    kept = "the column is not mapped, and its rows are kept"
    noted = [
        Issue("error_cell", f"{len(rows)} cells of '{name}' hold an error; {kept}", rows[0])
        for name, rows in spared.items()
    ]
    grid = without(grid, {row: _explain(cells) for row, cells in wrong.items()}, names)
    return set_aside_control(replace(grid, issues=[*grid.issues, *noted]), names)


def set_aside_control(grid: Grid, names: Sequence[str]) -> Grid:
    """The grid without the rows that have a control character in a cell."""
    rejects: dict[int, tuple[str, str]] = {}
    for name, column in zip(names, grid.cells.columns, strict=True):
        found = apply_rule(column, lambda texts: pc.match_substring_regex(texts, CONTROL))
        for place in np.flatnonzero(found).tolist():
            mark = re.search(CONTROL, column[place].as_py())
            if mark:
                which = f"U+{ord(mark.group()):04X} at place {mark.start() + 1}"
                why = f"'{name}' holds the control character {which}"
                rejects.setdefault(int(grid.numbers[place]), ("control_character", why))
    return without(grid, rejects, names)


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


def _explain(cells: list[tuple[str, str]]) -> tuple[str, str]:
    """Rule and reason of a row with these cells (column, text) in mapped columns."""
    errors = [f"'{name}' holds {text}" for name, text in cells if text != STALE]
    if errors:
        return "error_cell", "; ".join(errors)
    empty = shorten([name for name, _ in cells])
    return "stale_formula", f"{empty} holds a formula that was never calculated"
