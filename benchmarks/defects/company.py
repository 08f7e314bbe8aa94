"""A small company's books: clean order lines with known truth, out of a seed.

A seed enters; lines leave. Months are steady (a fixed number of lines in each region, a mild
season), so that no clean month is an outlier; every return names a sale that is there; prices and
quantities are decimals.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from defects import names
from defects.truth import Line

FIRST = (2023, 1)
MONTHS = 24
MONTH = "2024-12"  # the last month, closed
SEASON = (0.95, 0.9, 1.0, 1.0, 1.05, 1.05, 1.0, 0.95, 1.0, 1.05, 1.1, 1.1)
CENT = Decimal("0.01")
PRICES = ("3.05", "12.50", "99.90", "149.00", "235.75", "1234.50", "2880.00")


@dataclass(frozen=True)
class Members:
    customers: Sequence[str]
    products: Sequence[str]
    regions: Sequence[str]


PLAIN = Members(names.PLAIN_CUSTOMERS, names.PLAIN_PRODUCTS, names.PLAIN_REGIONS)
TRICKY = Members(names.TRICKY_CUSTOMERS, names.TRICKY_PRODUCTS, names.TRICKY_REGIONS)


def seeded(seed: int, *what: object) -> random.Random:
    """Dice of their own for each use, so that one more rng here changes nothing there."""
    return random.Random(":".join(map(str, (seed, *what))))


def list_months(months: int = MONTHS) -> list[tuple[int, int]]:
    """Year and month of each month of the books, in order."""
    start = FIRST[0] * 12 + FIRST[1] - 1
    return [((start + place) // 12, (start + place) % 12 + 1) for place in range(months)]


def make_lines(
    seed: int,
    members: Members = PLAIN,
    *,
    months: int = MONTHS,
    per_region: int = 5,
    returns: bool = True,
) -> list[Line]:
    """Order lines of all months, in the order of their dates; each return stands in its order, as a
    line of its own.
    """
    rng = seeded(seed, "company", *members.customers)
    prices = {
        product: Decimal(PRICES[place % len(PRICES)])
        for place, product in enumerate(members.products)
    }
    lines: list[Line] = []
    for year, month in list_months(months):
        made = [
            _sell(
                rng,
                date(year, month, 1 + (place * 5 + rng.randrange(5)) % 28),
                region,
                members,
                prices,
            )
            for region in members.regions
            for place in range(per_region)
        ]
        lines += [
            replace(line, order_id=f"{year}{month:02d}-{1000 + place}")
            for place, line in enumerate(made)
        ]
    if returns:
        lines += _take_back(rng, lines)
    if members is TRICKY:
        lines += _give_trinkets(rng, lines)
    return sorted(lines, key=lambda line: (line.date, line.order_id, line.line))


def _sell(
    rng: random.Random, day: date, region: str, members: Members, prices: dict[str, Decimal]
) -> Line:
    product = rng.choice(list(members.products))
    usual = (
        Decimal("6000")
        * Decimal(str(SEASON[day.month - 1]))
        * Decimal(rng.randrange(85, 116))
        / 100
    )
    quantity = max(Decimal(1), (usual / prices[product]).quantize(Decimal(1)))
    amount = (quantity * prices[product]).quantize(CENT)
    return Line(
        day, "", "1", rng.choice(list(members.customers)), product, region, quantity, amount
    )


def _take_back(rng: random.Random, lines: list[Line]) -> list[Line]:
    """Returns of some sales, in the same month: a tenth of what was sold, at least one piece."""
    taken = [
        line
        for line in rng.sample(lines, max(1, len(lines) // 20))
        if line.date.day <= 25 and line.quantity > 1
    ]
    return [_return(line) for line in taken]


def _return(line: Line) -> Line:
    quantity = max(Decimal(1), (line.quantity / 10).quantize(Decimal(1)))
    price = line.amount / line.quantity
    day = line.date.replace(day=line.date.day + 3)
    amount = -(quantity * price).quantize(CENT)
    return replace(
        line,
        date=day,
        line="2",
        quantity=-quantity,
        amount=amount,
        kind="return",
        original=line.order_id,
    )


def _give_trinkets(rng: random.Random, lines: list[Line]) -> list[Line]:
    """Sales for one cent: cheap, but no samples."""
    sold = rng.sample([line for line in lines if line.kind == "sale"], 6)
    return [
        replace(line, line="3", product="塑料袋", quantity=Decimal(1), amount=CENT) for line in sold
    ]
