"""Rows and columns of a sheet that add up others, each proved by the figures that it adds up.

Figures by row and column enter. A row of sums equals the rows above it, or below it, back to an
earlier one, or all of them; a column of sums equals the periods of its year, those since the sum
before it, or all. What is a sum by its words and equals nothing is an error with its cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

# a row of business; one that may add up others; one that says so; one of neither kind
PLAIN, MAYBE, STATED, NO_ROW = range(4)

Figures = Sequence[Decimal | None]  # of a row, by column; None: blank


class Wrong(NamedTuple):
    """A sum that is none: its row and column, what it says, and what its parts make."""

    row: int
    column: int
    says: Decimal
    make: Decimal


def find_sums(rows: Sequence[Figures], marks: Sequence[int]) -> tuple[set[int], Wrong | None]:
    """Rows that add up others, and the first that says so and does not."""
    if not rows:
        return set(), None
    none = [None] * len(rows[0])
    every = _add(none, *(row for row, mark in zip(rows, marks, strict=True) if mark == PLAIN))
    proved, wrong = _walk(rows, marks, range(len(rows)), every)
    if wrong is not None:
        other, still = _walk(rows, marks, range(len(rows) - 1, -1, -1), every)
        if still is None:
            return other, None
    return proved, wrong


def check_columns(
    rows: Sequence[Figures], totals: Mapping[int, Sequence[Sequence[int]]]
) -> Wrong | None:
    """The first cell of a column of sums that equals none of the groups of columns it may add up
    (`totals`: groups by column, the likeliest first).
    """
    for column, groups in totals.items():
        wrongs = [_check_column(rows, column, group) for group in groups]
        if all(wrongs):
            return wrongs[0]
    return None


def _walk(
    rows: Sequence[Figures], marks: Sequence[int], order: Sequence[int], every: Sequence[Decimal]
) -> tuple[set[int], Wrong | None]:
    none = [Decimal(0)] * len(every)
    total, starts = none, [none]
    proved: set[int] = set()
    wrong = None
    for at in (place for place in order if marks[place] != NO_ROW):
        shown = rows[at]
        parts = [every] if marks[at] != PLAIN else []
        for start in starts if parts else ():
            parts.insert(0, [end - begin for end, begin in zip(total, start, strict=True)])
        if any(_is_sum(shown, part) for part in parts):
            proved.add(at)
            starts.append(total)
        elif marks[at] == STATED:
            wrong = wrong or _explain(at, shown, parts)
        else:
            total = _add(total, shown)
    return proved, wrong


def _add(*rows: Figures) -> list[Decimal]:
    columns = zip(*rows, strict=True)
    return [sum((figure or Decimal(0) for figure in column), Decimal(0)) for column in columns]


def _is_sum(shown: Figures, parts: Sequence[Decimal]) -> bool:
    pairs = [pair for pair in zip(shown, parts, strict=True) if pair[0] is not None]
    return bool(pairs) and all(figure == part for figure, part in pairs)


def _explain(row: int, shown: Figures, parts: Sequence[Sequence[Decimal]]) -> Wrong | None:
    """The first figure that differs from the parts that most figures equal."""
    differs = [
        [at for at, figure in enumerate(shown) if figure is not None and figure != part[at]]
        for part in parts
    ]
    best = min(range(len(parts)), key=lambda place: len(differs[place]))
    if not differs[best]:  # a row that says it adds up others and shows no figure
        return None
    column = differs[best][0]
    return Wrong(row, column, shown[column] or Decimal(0), parts[best][column])


def _check_column(rows: Sequence[Figures], column: int, group: Sequence[int]) -> Wrong | None:
    for at, row in enumerate(rows):
        made = sum((row[part] or Decimal(0) for part in group), Decimal(0))
        if (says := row[column]) is not None and says != made:
            return Wrong(at, column, says, made)
    return None
