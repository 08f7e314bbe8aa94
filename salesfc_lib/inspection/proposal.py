"""Everything that was found about one export.

Nothing enters; `propose` fills a `Proposal`. The decision made here: what an export lacks is counted against what its role
needs, and a question is kept apart from what can only be expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from salesfc_lib.inspection.columns import FEW, Column
from salesfc_lib.inspection.days import Days
from salesfc_lib.inspection.mapping import DIMENSIONS, NEEDED, Assignment
from salesfc_lib.inspection.money import Money
from salesfc_lib.inspection.rows import Key, Months, Signs
from salesfc_lib.inspection.sample import Problem, Sample


@dataclass(frozen=True)
class Proposal:
    """What was found about an export; `others` are further headers by their number of members."""

    sample: Sample  # its rows of business
    seen: int  # rows that were looked at
    columns: Mapping[str, Column]
    assignment: Assignment
    money: Money
    kinds: Mapping[str, str]
    signs: Signs
    key: Key
    months: Months
    subtotals: Sequence[str]
    fill_down: Sequence[str]
    splits: Mapping[str, Sequence[str]]
    others: Mapping[str, int]
    units: Mapping[
        str, tuple[str, str]
    ]  # name: the unit that its title or header states, and the words
    spellings: Mapping[str, Sequence[str]] = field(
        default_factory=dict
    )  # header: others that it has in other files of the feed
    beside: Sequence[Proposal] = ()  # other sheets or tables
    problems: Sequence[Problem] = ()
    files: Sequence[Path] = ()

    @property
    def whole(self) -> bool:
        """Whether every row was looked at."""
        return self.sample.counted and self.seen >= self.sample.total

    @property
    def role(self) -> str:
        return self.assignment.role

    @property
    def names(self) -> dict[str, str]:
        """This project's names: headers."""
        return self.assignment.columns

    @property
    def dimensions(self) -> list[str]:
        """Dimensions that were recognised, and have more than one member but not as many as customers."""
        return [
            name
            for name in DIMENSIONS
            if name in self.names and len(self.columns[self.names[name]].members) <= FEW
        ]

    @property
    def missing(self) -> list[str]:
        """Names that the role needs and that no header was recognised for."""
        return [name for name in NEEDED.get(self.role, ()) if name not in self.names]

    @property
    def returns_are_positive(self) -> bool:
        return self.signs.returns_are_positive

    @property
    def date_name(self) -> str | None:
        """The name of the column by which the export's rows are dated."""
        return next(
            (name for name in ("date", "ds", "start", "expected") if name in self.names), None
        )

    def days(self, name: str) -> Days:
        """Days of a column; serial numbers are read as days."""
        column = self.columns[self.names[name]]
        return column.as_serials or column.days if column.looks != "date" else column.days

    @property
    def asks(self) -> list[str]:
        """Questions for the owner of the export."""
        of_money = self.money.asks if self.role in ("orders", "returns") else ()
        return [*of_money, *(problem.said for problem in self.problems if problem.ask)]
