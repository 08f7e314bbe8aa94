"""Rows of a workbook or a typed file that have a cell nobody can use: an error, an empty or stale formula, a control character.

A grid and the troubled cells enter; a grid without those rows leaves, the rows among its rejected ones with all they hold. The
decision made here: an error in a column that the source does not map costs no row; it is told, and stays as text.
"""

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
from salesfc_lib.intake.sources.marks import ask
from salesfc_lib.intake.sources.sheet import STALE, SheetFacts

CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def set_aside(grid: Grid, facts: SheetFacts, source: Source, where: str) -> Grid:
    """The grid without the rows that have an error, or an empty or stale formula, in a mapped column."""
    names = name_columns(grid.header, source, where)
    needed = set(list_needed(source))
    troubled: dict[int, list[tuple[int, str]]] = {}
    spared: dict[str, list[int]] = {}
    below = set(grid.numbers.tolist()) if facts.texts else set()
    for row, column, text in zip(facts.rows, facts.columns, facts.texts, strict=True):
        if row in below and column < len(names):
            if names[column] in needed:
                troubled.setdefault(row, []).append((column, text))
            elif text != STALE:
                spared.setdefault(names[column], []).append(row)
    said = [
        Issue(
            "error_cell",
            f"{len(rows)} cells of '{name}' hold an error; the column is not mapped, and its rows are kept",
            rows[0],
        )
        for name, rows in spared.items()
    ]
    stale: dict[int, list[str]] = {}
    for (row, column), why in facts.stale.items():
        if column < len(names) and names[column] in needed:
            stale.setdefault(row, []).append(f"'{names[column]}' holds {why}")
    rejects = {row: ("stale_formula", "; ".join(reasons)) for row, reasons in stale.items()}
    rejects |= {row: _reject(cells, names) for row, cells in troubled.items()}
    return set_aside_control(
        replace(without(grid, rejects, names), issues=[*grid.issues, *said]), names
    )


def set_aside_control(grid: Grid, names: Sequence[str]) -> Grid:
    """The grid without the rows that have a control character in a cell."""
    rejects: dict[int, tuple[str, str]] = {}
    for name, column in zip(names, grid.cells.columns, strict=True):
        found = ask(column, lambda texts: pc.match_substring_regex(texts, CONTROL))
        for place in np.flatnonzero(found).tolist():
            mark = re.search(CONTROL, column[place].as_py())
            if mark:
                why = f"'{name}' holds the control character U+{ord(mark.group()):04X} at place {mark.start() + 1}"
                rejects.setdefault(int(grid.numbers[place]), ("control_character", why))
    return without(grid, rejects, names)


def without(grid: Grid, rejects: dict[int, tuple[str, str]], names: Sequence[str]) -> Grid:
    """The grid without these rows; each becomes a issue with its rule, its reason and all its texts."""
    if not rejects:
        return grid
    gone = np.isin(grid.numbers, np.array(list(rejects), dtype=np.int64))
    content = grid.cells.filter(pa.array(gone)).rename_columns(list(names)).to_pylist()
    rejected = [
        reject(number, *rejects[number], cells)
        for number, cells in zip(grid.numbers[gone].tolist(), content, strict=True)
    ]
    kept = grid.cells.filter(pa.array(~gone))
    return replace(
        grid, numbers=grid.numbers[~gone], cells=kept, rejected=[*grid.rejected, *rejected]
    )


def _reject(cells: list[tuple[int, str]], names: Sequence[str]) -> tuple[str, str]:
    stale = [names[column] for column, text in cells if text == STALE]
    if len(stale) == len(cells):
        return "stale_formula", f"{shorten(stale)} holds a formula that was never calculated"
    errors = [f"'{names[column]}' holds {text}" for column, text in cells if text != STALE]
    return "error_cell", "; ".join(errors)
