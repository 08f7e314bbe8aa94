"""What was looked at of an export: titles, headers, rows as text, and what the file says about
them.

A sample is bounded in cells, so that a wide file takes no longer than a narrow one. Of a larger
file the head, the end and places in between are seen; rows that are not of the head have the place
0: nobody has counted those above them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from pathlib import Path

from salesfc_lib.intake import CELL, PERIOD, Issue

SAMPLE_CELLS = 700_000  # looked at: about a second of work
MOST_ROWS = 50_000  # enough for every member of a dimension, and the total under most workbooks
HEADER_ROWS = 60  # rows at the top of a file among which a run finds the header


@dataclass(frozen=True)
class Sample:
    """Rows of an export as text, each as wide as the header.

    `places` are the rows' places in their file (from 1). `total` is the number of rows below the
    header, `counted` whether it is exact. `settings` are what reading takes (encoding, delimiter,
    sheet, table), `why` the evidence for each. `dated` are columns (from 0) whose cells the file
    holds as days, `merged` those with merged cells, `typed` says that it holds numbers as numbers,
    so that their text raises no question. `wide` has the label of each measure whose periods stood
    side by side, `why_wide` the evidence, `sums` the words of their sums. `numbered` are
    headers that only number their periods, each a `step`, and `period_dates` says which file has
    their days, if any does. `origins` name each
    row's file. `joined` has headers of this sample alone, and the headers that they were joined of
    by this project's name.
    """

    path: Path
    kind: str
    header: Sequence[str]
    header_row: int
    rows: Sequence[Sequence[str]]
    places: Sequence[int]
    total: int
    counted: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    titles: Sequence[tuple[int, str]] = ()  # rows above the header
    dated: frozenset[int] = frozenset()
    typed: bool = False
    merged: frozenset[int] = frozenset()
    wide: Mapping[str, str] = field(default_factory=dict)
    why_wide: str = ""
    sums: Sequence[str] = ()
    numbered: Sequence[str] = ()
    step: str = "day"
    period_dates: Mapping[str, str] = field(default_factory=dict)
    beside: Sequence[Sample] = ()  # other sheets or tables
    issues: Sequence[Issue] = ()
    origins: Sequence[str] = ()
    joined: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def _columns(self) -> Sequence[Sequence[str]]:
        return [*zip(*self.rows, strict=True)] if self.rows else [()] * len(self.header)

    def column(self, header: str) -> Sequence[str]:
        """Cells of a column, without surrounding spaces."""
        return [cell.strip() for cell in self._columns[list(self.header).index(header)]]

    def join(self, header: str, parts: Mapping[str, str], cells: Sequence[str]) -> Sample:
        """The same export with a further column, joined of others."""
        rows = [[*row, cell] for row, cell in zip(self.rows, cells, strict=True)]
        joined = {**self.joined, header: parts}
        return replace(self, header=[*self.header, header], rows=rows, joined=joined)

    def date_columns(self, days: Mapping[str, str], period_dates: Mapping[str, str]) -> Sample:
        """The same export, whose columns only number their periods, with the day of each."""
        at = [*self.header].index(CELL)
        rows = [[*row, days.get(row[at], "")] for row in self.rows]
        header = [*self.header, PERIOD]
        return replace(self, header=header, rows=rows, period_dates=period_dates)

    def keep(self, mask: Sequence[bool]) -> Sample:
        """The same export with the rows that the mask keeps."""
        rows, places = [*compress(self.rows, mask)], [*compress(self.places, mask)]
        return replace(self, rows=rows, places=places, origins=[*compress(self.origins, mask)])

    def describe_place(self, position: int) -> str:
        """Where a row of the sample stands, for people."""
        place = self.places[position]
        if not self.origins:
            return f"row {place:,}" if place else "a row further down"
        file = self.origins[position]
        return f"row {place:,} of {file}" if place else f"a row further down of {file}"


def limit_rows(width: int) -> int:
    """Rows to look at in a table of that width."""
    return max(200, min(MOST_ROWS, SAMPLE_CELLS // max(width, 1)))
