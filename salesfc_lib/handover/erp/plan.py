"""What a send would change: lines that are wanted against rows that the system has.

Lines (wanted) and rows (there) enter; changes and problems leave. A row is known by product, plant
and month. Quantities are never negative and in the ERP's unit; what is withdrawn becomes zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from salesfc_lib.foundation import Target

Key = tuple[str, str, str]  # product, plant, month
Kind = Literal["new", "changed", "withdrawn", "unchanged"]
KINDS: tuple[Kind, ...] = ("new", "changed", "withdrawn", "unchanged")


@dataclass(frozen=True)
class Line:
    """A forecast for the system: its product number, plant, month (YYYY-MM), quantity and unit.

    `place` is where it is mended: the line of the products' file.
    """

    product: str
    plant: str
    month: str
    quantity: Decimal
    unit: str
    place: str = ""

    @property
    def key(self) -> Key:
        """What identifies it."""
        return self.product, self.plant, self.month


@dataclass(frozen=True)
class Row(Line):
    """A line that stands in the system.

    taken: how much of it is in production, or written off; ref: what the system's own interface
    needs to change it.
    """

    taken: Decimal = Decimal(0)
    is_draft: bool = True
    ref: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Change:
    """What happens to one key: the row that is there, the line that is wanted, None for neither."""

    kind: Kind
    line: Line
    row: Row | None = None


@dataclass(frozen=True)
class Problem:
    """What stands in the way of sending, where it is mended and how."""

    what: str
    place: str
    do: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}. {self.do}."


@dataclass(frozen=True)
class Masters:
    """What the system knows: units of a product, its plants; None: it was not asked."""

    units: Mapping[str, set[str]] | None = None
    plants: Mapping[str, set[str]] | None = None


@dataclass(frozen=True)
class Plan:
    """All lines of a send, by what happens to them, and what stands in the way."""

    changes: Sequence[Change]
    problems: Sequence[Problem] = ()

    @property
    def pending(self) -> list[Change]:
        """Changes that write something."""
        return [each for each in self.changes if each.kind != "unchanged"]

    @property
    def counts(self) -> dict[str, int]:
        """Number of lines of each kind."""
        found = Counter(each.kind for each in self.changes)
        return {kind: found[kind] for kind in KINDS}


def make_plan(
    lines: Sequence[Line], rows: Sequence[Row], masters: Masters, target: Target, name: str
) -> Plan:
    """The changes that bring the system's rows of these months to the lines, and their problems."""
    there = {row.key: row for row in rows}
    wanted = {line.key: line for line in lines}
    months = {line.month for line in lines}
    changes = [_change(line, there.get(line.key), target.draft) for line in wanted.values()]
    for key, row in there.items():
        if key not in wanted and row.month in months and row.quantity:
            line = Line(row.product, row.plant, row.month, Decimal(0), row.unit)
            changes.append(Change("withdrawn", line, row))
    changes.sort(key=lambda each: each.line.key)
    problems = [*_doubled(rows, name), *_unknown(lines, masters)]
    for each in changes:
        problems += _blocked(each, target, f"handover.to.{name}")
    return Plan(changes, list(dict.fromkeys(problems)))


def differences(lines: Iterable[Line], rows: Iterable[Row]) -> list[str]:
    """How what was read back differs from what was wanted; a row that is missing counts as zero."""
    rows = list(rows)
    there = {row.key: row for row in rows}
    found = [_explain(line, there.get(line.key)) for line in lines]
    twice = [key for key, count in Counter(row.key for row in rows).items() if count > 1]
    return [*filter(None, found), *(f"{' '.join(key)} stands there twice" for key in twice)]


def _explain(line: Line, row: Row | None) -> str:
    quantity = row.quantity if row else Decimal(0)
    is_other_unit = row is not None and row.unit != line.unit and row.quantity != 0
    if quantity == line.quantity and not is_other_unit:
        return ""
    read = f"{quantity} {row.unit}" if row else "nothing"
    return f"{' '.join(line.key)}: wanted {line.quantity} {line.unit}, read back {read}"


def _change(line: Line, row: Row | None, draft: bool) -> Change:
    if row is None:
        return Change("unchanged" if not line.quantity else "new", line)
    is_same = row.quantity == line.quantity and (row.unit == line.unit or not line.quantity)
    is_finished = draft or not row.is_draft
    return Change("unchanged" if is_same and is_finished else "changed", line, row)


def _doubled(rows: Sequence[Row], name: str) -> list[Problem]:
    twice = [key for key, count in Counter(row.key for row in rows).items() if count > 1]
    return [
        Problem(f"{' '.join(key)} stands there twice", f"handover.to.{name}", "Remove one there")
        for key in twice
    ]


def _unknown(lines: Sequence[Line], masters: Masters) -> list[Problem]:
    """Products, units and plants that the system does not know."""
    found = []
    for line in lines:
        units = None if masters.units is None else masters.units.get(line.product, set())
        plants = None if masters.plants is None else masters.plants.get(line.product, set())
        if units is not None and not units:
            what = f"the system has no product '{line.product}'"
            found.append(Problem(what, line.place, "Correct its `number`"))
        elif units and line.unit not in units:
            what = f"'{line.product}' is kept in '{min(units)}' there, not in '{line.unit}'"
            found.append(Problem(what, line.place, "Correct its `unit`, with a `factor`"))
        elif plants is not None and line.plant not in plants:
            what = f"'{line.product}' has no plant '{line.plant}' there"
            found.append(Problem(what, line.place, "Correct its `plant`"))
    return found


def _blocked(change: Change, target: Target, place: str) -> list[Problem]:
    """What is in the way of changing one row."""
    row, line = change.row, change.line
    label = " ".join(line.key)
    if row is not None and target.draft and not row.is_draft:
        what = f"{label} is no draft any more: it was activated or audited there"
        do = "Name another `version` or `tag`, or set `draft: false`"
        return [Problem(what, f"{place}.draft", do)]
    if change.kind == "unchanged":
        return []
    if target.frozen_through and line.month <= target.frozen_through:
        what = f"{line.month} is taken into production through {target.frozen_through}"
        return [Problem(what, f"{place}.frozen_through", "Correct it, or raise `first`")]
    if row is not None and row.taken > 0:
        what = f"{label} is taken into production already ({row.taken} {row.unit})"
        return [Problem(what, line.place or f"{place}.first", "Raise `first`, or free it there")]
    return []
