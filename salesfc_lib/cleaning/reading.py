"""What reading a column of text leaves beside its values: which rules read it, and what could not be read.

What was found of each distinct text enters; sparse columns by row position leave. The decision made here: evidence is kept
by rule and by column, problems by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

BLANK = "is blank"
UNREADABLE = "unreadable"
SHOWN = 40  # characters of a text in a problem or an example


class Reading(NamedTuple):
    """What a rule read in a column: in how many rows, first where, one of them, and why so."""

    rule: str
    rows: int
    first: int  # row position
    example: str
    reason: str


class Unreadable(ValueError):
    """A text that is no value: why, and the rule that says so."""

    def __init__(self, why: str, rule: str = UNREADABLE):
        super().__init__(why)
        self.rule = rule


class Places:
    """Where each of a column's cells stands: itself, or every row whose code names it."""

    def __init__(self, codes: np.ndarray | None):
        self.codes = codes

    def rows(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row positions, ascending, of the cells with these numbers (ascending), and each one's place among `cells`."""
        if self.codes is None or not len(cells):
            return cells.astype(np.int64), np.arange(len(cells))
        place = np.full(max(int(self.codes.max(initial=-1)), int(cells.max())) + 1, -1, dtype=np.int64)
        place[cells] = np.arange(len(cells))
        found = place[self.codes]
        rows = np.flatnonzero(found >= 0)
        return rows, found[rows]

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Value of each row, given that of each cell."""
        return values if self.codes is None else values[self.codes]


def quote_problem(text: str, why: str) -> str:
    """The problem of a text, as people read it."""
    return BLANK if why == BLANK else f"'{text.strip()[:SHOWN]}' {why}"


def place_problems(places: Places, problems: Mapping[int, str], rules: Mapping[int, str]) -> tuple[pd.Series, pd.Series]:
    """Problem and rule of each row that has one, by row position, given those of cells by number."""
    cells = np.array(sorted(problems), dtype=np.int64)
    rows, place = places.rows(cells)
    index = pd.Index(rows, dtype="int64")
    said, named = (
        pd.Series([words[cell] for cell in cells[place].tolist()], index=index, dtype=object) for words in (problems, rules)
    )
    return said, named


def gather_readings(
    places: Places, texts: Callable[[int], str], found: Mapping[str, list[int]], reasons: Mapping[str, str]
) -> list[Reading]:
    """One reading a rule, given the cells that each rule read."""
    readings = []
    for rule, cells in found.items():
        ordered = np.array(sorted(cells), dtype=np.int64)
        rows, place = places.rows(ordered)
        if len(rows):
            example = texts(int(ordered[place[0]])).strip()[:SHOWN]
            readings.append(Reading(rule, len(rows), int(rows[0]), example, reasons[rule]))
    return readings
