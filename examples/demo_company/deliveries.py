"""What was ordered from the warehouses, promised and delivered: one unit's logistics export.

A unit and a seed enter; order lines leave. Most come in full a little before the day promised; some
are late, short or cancelled, and where stock ran out most are both late and short.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from demo_company.chance import RandomIntegers, scale
from demo_company.company import Unit, list_cells
from demo_company.demand import plan
from demo_company.months import CLOSED, EXPORTED, days_in, label

LINES = 4  # order lines that a product line has in a region and month
LATE, SHORT, OVER, CANCELLED = 70, 40, 12, 6  # thousandths of the lines
WITHOUT_STOCK = 10  # times as many are late or short while stock is out


@dataclass(frozen=True)
class Delivery:
    """An order line: pieces ordered and delivered, and the days of both."""

    order_id: str
    ordered_on: date
    product_line: str
    region: str
    ordered: int
    promised: date
    delivered: int
    delivered_on: date | None  # None: nothing was delivered yet

    @property
    def is_on_time(self) -> bool:
        """Whether it came in full by the day promised."""
        came = self.delivered_on is not None and self.delivered_on <= self.promised
        return came and self.delivered >= self.ordered


def deliver(unit: Unit, seed: int) -> list[Delivery]:
    """The unit's order lines of all closed months, as known on the day of the export."""
    draws = RandomIntegers(seed, unit.number, 10)
    return [
        _take_line(f"FH{label(month).replace('-', '')}{position:04d}", where, size, month, draws)
        for month in range(CLOSED)
        for position, (where, size) in enumerate(_list_lines(unit, month), 1)
    ]


def pieces_planned(unit: Unit, line: str, region: str, month: int) -> int:
    """Pieces that a product line sells in a region and month if nothing is left to chance."""
    products = next(item.products for item in unit.lines if item.name == line)
    price = sum(product.price for product in products) // len(products)
    cells = [
        cell for cell in list_cells(unit) if (cell.product_line, cell.region) == (line, region)
    ]
    return sum(plan(unit, cell, month) for cell in cells) // price


def list_due(deliveries: Sequence[Delivery]) -> dict[str, dict[str, int]]:
    """What a right reading finds due in each month: pieces, and order lines on time."""
    months: dict[str, dict[str, int]] = defaultdict(
        lambda: dict.fromkeys(("ordered", "delivered", "lines", "on_time", "over", "cancelled"), 0)
    )
    for line in deliveries:
        due = months[f"{line.promised:%Y-%m}"]
        due["cancelled"] += line.ordered == 0
        if line.ordered:
            due["ordered"] += line.ordered
            due["delivered"] += min(line.delivered, line.ordered)
            due["lines"] += 1
            due["on_time"] += line.is_on_time
            due["over"] += line.delivered > line.ordered
    return dict(sorted(months.items()))


def _list_lines(unit: Unit, month: int) -> list[tuple[tuple[str, str, bool], int]]:
    """Product line, region and whether stock was out, with the usual pieces of a line."""
    out = {
        (item.product_line, item.region) for item in unit.stock_outs if label(month) in item.days
    }
    return [
        (
            (line.name, region.name, (line.name, region.name) in out),
            pieces_planned(unit, line.name, region.name, month) // LINES,
        )
        for line in unit.lines
        for region in unit.regions
        for _ in range(LINES)
    ]


def _take_line(
    order_id: str, where: tuple[str, str, bool], size: int, month: int, draws: RandomIntegers
) -> Delivery:
    line, region, is_out = where
    ordered_on = draws.pick(days_in(month))
    promised = ordered_on + timedelta(days=draws.between(4, 9))
    ordered = scale(size, draws.between(700, 1300))
    late = draws.chance(LATE * (WITHOUT_STOCK if is_out else 1))
    short = draws.chance(SHORT * (WITHOUT_STOCK if is_out else 1))
    delivered = scale(ordered, draws.between(300, 900)) if short else ordered
    delivered += scale(ordered, 50) if draws.chance(OVER) and not short else 0
    days = draws.between(1, 8) if late else -draws.between(0, 3)
    delivered_on = promised + timedelta(days=days)
    if draws.chance(CANCELLED):
        return Delivery(order_id, ordered_on, line, region, 0, promised, 0, None)
    if delivered_on > EXPORTED:
        return Delivery(order_id, ordered_on, line, region, ordered, promised, 0, None)
    return Delivery(order_id, ordered_on, line, region, ordered, promised, delivered, delivered_on)
