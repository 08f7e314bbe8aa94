"""What goes wrong between the business and its exports, planted where the truth can name it.

Orders and returns as they were enter; the rows of the export leave, with a record of every defect.
A line carries one defect at most, none that was returned carries any, and a series has one outlier
at most, so that each can be found alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from demo_company.chance import THOUSAND, RandomIntegers
from demo_company.company import Cell, Slip, Unit
from demo_company.months import EXPORTED, RUNNING, number
from demo_company.orders import Key, Line, draw_positions, month_of

SEEN = 4000  # thousandths of its series' sales in that month that a slip adds, about
SMALL = 30_000_00  # cents; a line that cannot be read is no larger, so that the loss budget holds
YEAR_TYPED_WRONG = 1  # years by which a date lies in the future


@dataclass(frozen=True)
class Export:
    """Rows of the orders and of the returns in the order of the export, and what was planted in
    them.
    """

    orders: list[Line]
    returns: list[Line]
    made_on: date = EXPORTED

    def marked(self, mark: str) -> list[Line]:
        return [line for line in self.orders + self.returns if line.mark == mark]

    @property
    def running(self) -> list[Line]:
        """Rows of the month that is not closed yet."""
        return [line for line in self.orders + self.returns if number(line.date) == RUNNING]

    @property
    def kept(self) -> list[Line]:
        """Rows that a right cleaning keeps: readable, once, and of a closed month."""
        lost = {"unreadable", "future", "duplicate"}
        return [
            line
            for line in self.orders + self.returns
            if line.mark not in lost and number(line.date) < RUNNING
        ]


def plant(unit: Unit, orders: list[Line], returns: list[Line], *, seed: int) -> Export:
    """The export's rows: slips, unreadable values, future dates and repeated lines planted in the
    orders.
    """
    draws = RandomIntegers(seed, unit.number, 7)
    taken_back = {line.returned for line in returns}
    changed: dict[Key, Line] = {}

    def free(line: Line) -> bool:
        return (
            line.mark == ""
            and line.key not in taken_back
            and line.key not in changed
            and number(line.date) < RUNNING
        )

    unusual = {line.cell for line in orders if line.mark == "bulk"}
    for slip in unit.slips:
        where = {**slip.where, "key_account": "other"}
        line = _slippery(
            [line for line in orders if line.cell.meets(where) and line.cell not in unusual],
            slip,
            free,
        )
        changed[line.key] = replace(
            line, quantity=line.quantity * slip.factor, mark=f"slip{slip.factor}"
        )
        unusual.add(line.cell)
    for line in _some(
        orders, unit.counts.unreadable, lambda line: free(line) and line.amount < SMALL, draws
    ):
        changed[line.key] = replace(
            line, mark="unreadable", written=_unreadable(unit, len(changed), line)
        )
    for line in _some(
        orders,
        unit.counts.future,
        lambda line: free(line) and EXPORTED.year == line.date.year,
        draws,
    ):
        changed[line.key] = replace(
            line, mark="future", date=line.date.replace(year=line.date.year + YEAR_TYPED_WRONG)
        )
    twice = {line.key for line in _some(orders, unit.counts.duplicates, free, draws)}
    return Export(_repeat((changed.get(line.key, line) for line in orders), twice), returns)


def _slippery(lines: Iterable[Line], slip: Slip, free: Callable[[Line], bool]) -> Line:
    """The free line whose slip makes its series' month most nearly as large as `SEEN` says."""
    lines = [line for line in lines if month_of(line) == slip.month]
    total: dict[Cell, int] = defaultdict(int)
    for line in lines:
        total[line.cell] += line.amount
    return min(
        filter(free, lines),
        key=lambda line: abs(line.amount * (slip.factor - 1) * THOUSAND // total[line.cell] - SEEN),
    )


def _some(
    orders: list[Line], count: int, wanted: Callable[[Line], bool], draws: RandomIntegers
) -> list[Line]:
    candidates = [line for line in orders if wanted(line)]
    return [candidates[position] for position in draw_positions(draws, len(candidates), count)]


def _unreadable(unit: Unit, position: int, line: Line) -> dict[str, str]:
    """What stands in the export instead of a value, by the manner of the unit's system."""
    if unit.id == "personal-care":  # a broken formula takes the quantity and the amount with it
        return {"quantity": "#REF!", "amount": "#REF!"}
    if unit.id == "cleaning":
        return ({"amount": "N/A"}, {"date": "待定"})[position % 2]
    return ({"amount": "#REF!"}, {"date": f"{line.date.year}/2/30"}, {"amount": "见附件"})[
        position % 3
    ]


def _repeat(orders: Iterable[Line], twice: set[Key]) -> list[Line]:
    """The rows with those of `twice` once more, right behind the first."""
    rows = []
    for line in orders:
        rows.append(line)
        if line.key in twice:
            rows.append(replace(line, mark="duplicate"))
    return rows
