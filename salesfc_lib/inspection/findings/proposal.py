"""A proposal: the evidence of one export, and what is said of it.

A finding is a `Line` for people, a `Fact` for programs, a `Setting` of the source, or an `Issue`
that cleaning will meet or its owner has to settle. Whoever writes a report, a parameter file or
JSON picks its kind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from salesfc_lib.inspection.evidence.columns import FEW, ColumnEvidence
from salesfc_lib.inspection.evidence.keys import Key
from salesfc_lib.inspection.evidence.mapping import DELIVERY, DIMENSIONS, NEEDED, SUPPLY, Match
from salesfc_lib.inspection.evidence.money import Money
from salesfc_lib.inspection.evidence.roles import Assignment
from salesfc_lib.inspection.evidence.rows import Months, Signs
from salesfc_lib.inspection.sampling.sample import Sample
from salesfc_lib.intake import DaySurvey, Issue

DATES = ("date", "ds", "start", "expected")  # names that date a row, the first that is found
UNMAPPED = {  # recognised, and not read by a run
    *("partner", "status", "department", "company", "warehouse", "cost", "profit", "price"),
    *("opportunity", "debit", "credit", "balance", "year", "month", "week"),
}
TABLES = (
    "promotions",
    "inventory",
    "deliveries",
    "targets",
    "events",
    *SUPPLY,
)  # roles along the unit's dimensions
# and their own columns
OWN = (
    *("name", "start", "end", "announced", "ds", "stock", "stockout_days", "value", "target"),
    *("date", "order_id", "line", *DELIVERY),
    *(name for names in SUPPLY.values() for name in names),
)
SPLITS = ("company", "region", "warehouse", "channel", "department")  # may tell units apart
SIDES = {*"shdc+-借贷", "dr", "cr", "soll", "haben", "debit", "credit", "借方", "贷方"}
PLACES = ("company", "warehouse", "department")  # not mapped, but may be forecast along
MOST_UNITS = 12
LONGEST = 30  # letters of a cell that are shown
ASKED = ("time_zone", "scientific_id", "half_converted")  # rules that only people can settle


class Line(NamedTuple):
    """A line of the report: its label and its text."""

    label: str
    text: str


class Fact(NamedTuple):
    """A key of the JSON and its value."""

    key: str
    value: Any


class Setting(NamedTuple):
    """A key of a source, its value and why; commented out unless it is proved.

    Without a value it is a comment that says what the key needs.
    """

    key: str
    value: object = None
    why: str = ""
    proved: bool = True


Finding = Line | Fact | Setting | Issue


def ask(rule: str, reason: str) -> Issue:
    """An issue that only the owner of the export can settle."""
    return Issue(rule, reason, action="asked")


@dataclass(frozen=True)
class Proposal:
    """What was found about an export.

    `sample` has its rows of business, `seen` counts all that were looked at, `kinds` has the known
    kind of each value of that column ('' where it is not known), `layout_rows` what each row that
    was looked at is instead of business, `units` by name the unit that a
    title or header states and its words, `spellings` by header those in other files of the feed,
    `beside` other sheets or tables. Of a master, `joined_by` is the name of the orders' column and
    its own header; `extra` are columns, by names made of their headers, that masters are joined by.
    """

    sample: Sample
    seen: int
    columns: Mapping[str, ColumnEvidence]
    assignment: Assignment
    money: Money
    kinds: Mapping[str, str]
    signs: Signs
    key: Key
    months: Months
    layout_rows: Sequence[str | None]
    fill_down: Sequence[str]
    units: Mapping[str, tuple[str, str]]
    spellings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    beside: Sequence[Proposal] = ()
    files: Sequence[Path] = ()
    findings: Sequence[Finding] = ()
    joined_by: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether every row was looked at."""
        return self.sample.counted and self.seen >= self.sample.total

    @property
    def role(self) -> str:
        return self.assignment.role

    @property
    def names(self) -> dict[str, str]:
        """This project's names: headers."""
        return {match.name: match.header for match in self.assignment.matches}

    @property
    def dimensions(self) -> list[str]:
        """Dimensions that were recognised, without those with as many members as customers."""
        found = [name for name in DIMENSIONS if name in self.names]
        return [name for name in found if len(self.columns[self.names[name]].members) <= FEW]

    @property
    def missing(self) -> list[str]:
        """Names that the role needs and that no header was recognised for."""
        made = {"amount"} if self.money.made else set()
        if self.sample.numbered:  # `period_dates` and `wide` say it
            made |= {"date", "amount", "quantity"}
        return [name for name in NEEDED.get(self.role, ()) if name not in {*self.names, *made}]

    @property
    def has_amount(self) -> bool:
        """Whether its rows have amounts, of their own or calculated."""
        return "amount" in self.names or bool(self.money.made)

    @property
    def is_sided(self) -> bool:
        """Whether the column of kinds says debit or credit: which one is a sale has to be said."""
        return len(self.kinds) > 1 and {value.casefold() for value in self.kinds} <= SIDES

    @property
    def credited(self) -> tuple[int, int]:
        """Amounts that are marked as credit and make them negative, and all that are marked."""
        column = self.column("amount")
        marked = column.numbers.rules.get("debit_credit", ()) if column else ()
        values = [column.numbers.values[at] for at in marked] if column else []
        return sum(value is not None and value < 0 for value in values), len(values)

    @property
    def is_credit_sale(self) -> bool:
        """Whether most of the orders' marked amounts are credits: sales as an account has them."""
        credits, marked = self.credited
        return self.role == "orders" and 2 * credits > marked

    @property
    def others(self) -> dict[str, int]:
        """Further headers with few members, that a forecast may be made along, and their number."""
        known = [header for name, header in self.names.items() if name not in PLACES]
        free = {one.header: len(one.members) for one in self.columns.values()}
        return {head: n for head, n in free.items() if head not in known and 1 < n <= FEW}

    @property
    def subtotals(self) -> list[str]:
        """Words that mark rows which add up others."""
        return [word for word in dict.fromkeys(self.layout_rows) if word and word != "header"]

    @property
    def splits(self) -> dict[str, list[str]]:
        """Headers of columns that may tell units apart, with their members by number of rows."""
        found = [column for name in SPLITS if (column := self.column(name))]
        return {
            column.header: [member for member, _ in column.members.most_common()]
            for column in found
            if 2 <= len(column.members) <= MOST_UNITS
        }

    @property
    def date_name(self) -> str | None:
        """The name of the column by which the export's rows are dated."""
        return next((name for name in DATES if name in self.names), None)

    def column(self, name: str) -> ColumnEvidence | None:
        """The column of a name, None where no header was recognised."""
        return self.columns.get(self.names.get(name, ""))

    def days(self, name: str) -> DaySurvey:
        """Days of a column; serial numbers are read as days."""
        column = self.columns[self.names[name]]
        return column.days if column.content == "date" else column.as_serials or column.days

    def show_cell(self, column: ColumnEvidence, position: int) -> str:
        """A cell of a column and where it stands."""
        return f"{column.raw[position]} ({self.sample.describe_place(position)})"

    def point_at(
        self, column: ColumnEvidence, positions: Sequence[int], rule: str, text: str
    ) -> Issue:
        """The issue of some cells of a column, with the first of them."""
        cell = " ".join(column.raw[positions[0]].splitlines())[:LONGEST]
        where = self.sample.describe_place(positions[0])
        cells = f"{column.header}: cells that {text}: {len(positions):,}, e.g. '{cell}' in {where}"
        return Issue(rule, cells, action="asked" if rule in ASKED else "noted")

    def list_mapped(self, dimensions: Collection[str] | None = None) -> dict[str, Match]:
        """Matches that stand in `columns` of the source, by name; `dimensions` are the unit's.

        What would mean nothing to a run is left out: what is not mapped cannot be misread.
        """
        along = {*OWN, *dimensions} if self.role in TABLES and dimensions is not None else None
        if along is not None and self.role in SUPPLY:
            along |= {"product", "unit_of_measure"}
        return {
            match.name: match
            for match in self.assignment.matches
            if (match.name not in UNMAPPED or self._is_read(match.name))
            and (along is None or match.name in along)
            and not self._is_idle(match)
        }

    def _is_read(self, name: str) -> bool:
        """Whether a name that most roles have no use for is one of this role."""
        return name in SUPPLY.get(self.role, ()) or (name == "price" and bool(self.money.made))

    def _is_idle(self, match: Match) -> bool:
        """Whether a column would mean nothing to a run: one currency, shares of a price, tax that
        is not in.
        """
        few = len(self.columns[match.header].members) < 2
        no_tax = self.money.tax != "included"
        return {
            "line": "line" not in self.key.columns,
            "version": "version" not in self.key.columns,
            "discount": bool(self.money.share) and "discount" not in self.money.formula,
            "currency": few and self.role != "rates",
            "unit_of_measure": few and self.role != "conversions",
            "tax_amount": no_tax,
            "tax_rate": no_tax,
            "rate": self.role != "rates",
            "kind": not any(self.kinds.values()) and not self.is_sided,
            "amount": bool(self.money.made),
            "reference": self.role == "orders" and not self._refers(match.header),
        }.get(match.name, False)

    def _refers(self, header: str) -> bool:
        """Whether a column names an order of the export, or none of its orders has a number."""
        orders = self.column("order_id")
        return orders is None or bool(orders.members.keys() & self.columns[header].members.keys())

    @property
    def issues(self) -> list[Issue]:
        """What cleaning will meet, and what only the owner of the export can settle."""
        return [one for one in self.findings if isinstance(one, Issue)]

    @property
    def questions(self) -> list[str]:
        """Questions for the owner of the export."""
        return [issue.reason for issue in self.issues if issue.action == "asked"]
