"""What a watch looks at in a unit, and one thing that it found.

A unit's latest published month and a moment enter as `Look`; a finder gives `Found` from it, a row
for each cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination.month_to_date import MonthPath
from salesfc_lib.panel import DESCRIBING


@dataclass(frozen=True)
class Found:
    """Something that a person should see to.

    month: the month that was looked at; unique_id: the branch that explains it; direction: tells
    what is found of one kind and branch apart; says: what `say` kept; size: in the measure, above
    zero where less was sold than expected, None where it has none.
    """

    kind: str
    month: str
    unique_id: str
    direction: str
    says: str
    size: float | None = None

    def once(self, unit: str) -> str:
        """What is recorded a single time."""
        parts = (unit, self.month, self.kind, self.unique_id, self.direction)
        return ".".join(["alert.open", *parts])


@dataclass(frozen=True)
class Look:
    """A unit's latest published month, looked at at a moment.

    path: of the month after it, None where it was not looked at; departures: table departure.
    """

    run: UnitMonth
    at: datetime
    path: MonthPath | None = None
    departures: pd.DataFrame = field(default_factory=pd.DataFrame)

    def read(self, name: str) -> pd.DataFrame:
        """A table of the published month; without rows where that version lacks it."""
        return self.run.read_if_any(name)

    @cached_property
    def series(self) -> pd.DataFrame:
        return self.run.read("series")

    @cached_property
    def dimensions(self) -> list[str]:
        return [name for name in self.series if name not in DESCRIBING]

    @property
    def top(self) -> str:
        """Id of the whole unit."""
        return str(self.series["unique_id"].iloc[0])

    def members(self, unique_id: str) -> dict[str, str]:
        """Members of a branch by dimension; none of the whole unit, or of one that is gone."""
        rows = self.series.loc[self.series["unique_id"].eq(unique_id), self.dimensions]
        return {} if rows.empty else dict(rows.iloc[0].dropna().astype(str))

    def label(self, unique_id: str) -> str:
        """How a branch is named: the whole unit by its title."""
        if unique_id == self.top:
            return self.run.title
        labels = self.series.loc[self.series["unique_id"].eq(unique_id), "label"]
        return str(labels.iloc[0]) if len(labels) else unique_id

    def holds(self, wide: str, narrow: str) -> bool:
        """Whether a branch is another one, or holds all of it."""
        outer, inner = self.members(wide), self.members(narrow)
        return wide in (narrow, self.top) or bool(outer) and outer.items() <= inner.items()

    def narrowest(self, ids: Iterable[str]) -> str:
        """The narrowest branch that holds all of some series."""
        ids = [*ids]
        common = set.intersection(*({*self.members(each).items()} for each in ids))
        for _, row in self.series.iloc[::-1].iterrows():
            own = {*row[self.dimensions].dropna().astype(str).items()}
            if own == common:
                return str(row["unique_id"])
        return self.top


Finder = Callable[[Look], Iterable[Found]]


def last_month(look: Look, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the month that was closed last."""
    return frame[frame["ds"].eq(look.run.cutoff)]


def first_row(frame: pd.DataFrame) -> dict[str, Any]:
    """The first row by column; nothing without rows."""
    return {} if frame.empty else {str(key): value for key, value in frame.iloc[0].items()}
