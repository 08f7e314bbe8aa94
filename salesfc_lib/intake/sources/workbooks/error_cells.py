"""Rows of a workbook with an error, or a formula that was never calculated, are set aside."""

from __future__ import annotations

from dataclasses import replace

from salesfc_lib.errors import shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.header import list_needed, name_columns
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.unusable_rows import set_aside_control, without
from salesfc_lib.intake.sources.workbooks.xlsx import STALE, SheetFacts


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


def _explain(cells: list[tuple[str, str]]) -> tuple[str, str]:
    """Rule and reason of a row with these cells (column, text) in mapped columns."""
    errors = [f"'{name}' holds {text}" for name, text in cells if text != STALE]
    if errors:
        return "error_cell", "; ".join(errors)
    empty = shorten([name for name, _ in cells])
    return "stale_formula", f"{empty} holds a formula that was never calculated"
