"""Everything that was found about one export; `propose` fills it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from salesfc_lib.inspection.columns import FEW, Column
from salesfc_lib.inspection.mapping import DIMENSIONS, NEEDED, Assignment
from salesfc_lib.inspection.money import Money
from salesfc_lib.inspection.rows import Key, Months, Signs
from salesfc_lib.inspection.sample import Sample
from salesfc_lib.intake import CONTRARY, UNPROVED, DaySurvey, Issue

DATES = (
    "date",
    "ds",
    "start",
    "expected",
)  # names by which rows are dated, the first that is found
ORDER_WORDS = {
    "dmy": "day first",
    "mdy": "month first",
    "ymd": "year first",
    UNPROVED: "undecidable",
    CONTRARY: "contradictory",
}


@dataclass(frozen=True)
class Proposal:
    """What was found about an export.

    `seen` counts the rows that were looked at, `others` are further headers by their number of
    members, `units` by name the unit that a title or header states and its words, `spellings` by
    header those in other files of the feed.
    """

    sample: Sample  # its rows of business
    seen: int
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
    units: Mapping[str, tuple[str, str]]
    spellings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    beside: Sequence[Proposal] = ()  # other sheets or tables
    issues: Sequence[Issue] = ()
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
        """Dimensions that were recognised, without those with as many members as customers."""
        found = [name for name in DIMENSIONS if name in self.names]
        return [name for name in found if len(self.columns[self.names[name]].members) <= FEW]

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
        return next((name for name in DATES if name in self.names), None)

    def days(self, name: str) -> DaySurvey:
        """Days of a column; serial numbers are read as days."""
        column = self.columns[self.names[name]]
        return column.days if column.looks == "date" else column.as_serials or column.days

    def say_order_proof(self, name: str, more: str = "") -> str:
        """The cell that proves the order of a column's days, and where it stands."""
        days, column = self.days(name), self.columns[self.names[name]]
        place = days.proof[days.order]
        where = f"{column.raw[place]} in {self.sample.say_place(place)}"
        if len(days.meanings[place]) == 1:
            return f"{where}{more} can be read no other way"
        return f"{where}: {days.reason}"

    @property
    def asks(self) -> list[str]:
        """Questions for the owner of the export."""
        of_money = self.money.asks if self.role in ("orders", "returns") else ()
        return [*of_money, *(issue.reason for issue in self.issues if issue.action == "asked")]
