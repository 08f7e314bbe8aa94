"""Order lines and returns, as the business really had them.

What each series sells enters; order lines with customers, products, prices and numbers leave,
before anybody exports them. The lines of a series and month add up to about what it sells (a whole
number of pieces at each line's price), so that the months keep their shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache

from demo_company.chance import RandomIntegers, scale
from demo_company.company import Cell, CustomerType, Product, Region, Unit
from demo_company.demand import MONTHS, Demand, account_of
from demo_company.months import EXPORTED, exported_days, label, number, trading_days

Key = tuple[str, int]  # order number, line number

CUSTOMERS = 7  # of each customer type and region
ORDER_DAYS = 2  # days in a month on which a customer orders, at most
RETURNED = 25  # thousandths of the lines
PART = (10, 60)  # percent of a returned line's pieces that come back
REBATE = (90, 100)  # percent of the list price that is paid
WORDS = (
    "恒达",
    "鑫源",
    "盛通",
    "嘉禾",
    "瑞丰",
    "宏业",
    "百益",
    "永信",
    "华茂",
    "同兴",
    "金桥",
    "远航",
    "德润",
)


@dataclass(frozen=True)
class Line:
    """One line of an order, or of a return; amounts in cents without tax, what is returned is
    negative.
    """

    date: date
    cell: Cell
    customer: str
    salesperson: str
    product: Product
    quantity: int
    price: int  # cents a piece, after the discount
    order_id: str = ""
    line: int = 0
    returned: Key | None = None  # the line that a return takes back
    mark: str = ""  # what was planted in it
    written: dict[str, str] = field(
        default_factory=dict
    )  # column -> what the export shows in place of the value

    @property
    def key(self) -> Key:
        return self.order_id, self.line

    @property
    def amount(self) -> int:
        return self.quantity * self.price

    @property
    def gross(self) -> int:
        """Cents at the list price."""
        return self.quantity * self.product.price * 100 if self.price else 0


def take_orders(unit: Unit, demand: Demand, seed: int) -> list[Line]:
    """Numbered order lines of every series and month, with the bulk orders, samples and repeats
    that were planted.
    """
    lines: list[Line] = []
    for position, (cell, values) in enumerate(demand.items()):
        draws = RandomIntegers(seed, unit.number, 3, position)
        for month in range(MONTHS):
            days = exported_days(month)
            lines += order(unit, cell, values[month], month=month, days=days, draws=draws)
    lines += _bulk_orders(unit, demand, RandomIntegers(seed, unit.number, 4))
    draws = RandomIntegers(seed, unit.number, 5)
    lines += [_sample(draws.pick(lines), draws) for _ in range(unit.counts.samples)]
    lines += [
        replace(draws.pick(lines[: -unit.counts.samples]), mark="repeat")
        for _ in range(unit.counts.repeats)
    ]
    return number_orders(lines, unit.prefix)


def take_back(unit: Unit, lines: Iterable[Line], seed: int) -> list[Line]:
    """Numbered returns of some lines, each days or weeks after its sale, and those whose sale is in
    no export.
    """
    draws = RandomIntegers(seed, unit.number, 6)
    returns = []
    for line in lines:
        day = _next_trading_day(line.date + timedelta(days=draws.between(4, 40)))
        if line.mark == "" and draws.chance(RETURNED) and day <= EXPORTED:
            quantity = -max(1, line.quantity * draws.between(*PART) // 100)
            returns.append(replace(line, date=day, quantity=quantity, returned=line.key))
    for position in draw_positions(draws, len(returns), unit.counts.unmatched):
        lost = (f"{unit.prefix}202205-{draws.between(1, 300):04d}", 1)
        returns[position] = replace(returns[position], returned=lost, mark="unmatched")
    return number_orders(returns, f"{unit.prefix}T")


def draw_positions(draws: RandomIntegers, end: int, count: int) -> list[int]:
    """`count` different whole numbers below `end`, sorted."""
    drawn: set[int] = set()
    while len(drawn) < count:
        drawn.add(draws.below(end))
    return sorted(drawn)


def number_orders(lines: Iterable[Line], prefix: str, *, after: int = 0) -> list[Line]:
    """The lines by date, with order numbers: what a customer orders on one day is one order.

    Orders are numbered within their month, from the one `after` on, lines within their order.
    """
    lines = sorted(lines, key=lambda line: (line.date, line.customer, line.cell.region))
    numbered: list[Line] = []
    order, position, previous = after, 0, None
    for line in lines:
        owner = (line.date, line.customer, line.cell.region)
        if (
            previous is None
            or previous[0].month != line.date.month
            or previous[0].year != line.date.year
        ):
            order = after
        if owner != previous:
            order, position = order + 1, 0
        position, previous = position + 1, owner
        numbered.append(
            replace(line, order_id=f"{prefix}{line.date:%Y%m}-{order:04d}", line=position)
        )
    return numbered


def order(
    unit: Unit, cell: Cell, value: int, *, month: int, days: Sequence[date], draws: RandomIntegers
) -> list[Line]:
    """Order lines of one series on days of a month; all its days add up to about `value` yuan."""
    value = value * len(days) // len(trading_days(month))
    count = max(
        1, (unit.lines_per_cell + draws.between(-2, 2)) * len(days) // len(trading_days(month))
    )
    weights = [draws.between(50, 150) for _ in range(count)]
    lines = (
        _line(unit, cell, days, yuan=value * weight // sum(weights), draws=draws)
        for weight in weights
    )
    return [line for line in lines if line.quantity]


@cache
def list_customers(kind: CustomerType, region: Region) -> tuple[str, ...]:
    """Names of the customers of one type and region; one holds the comma that a careless reader
    trips over.
    """
    start = sum(map(ord, kind.name + region.name))
    cities = [region.cities[place % len(region.cities)] for place in range(CUSTOMERS)]
    words = [WORDS[(start + 3 * place) % len(WORDS)] for place in range(CUSTOMERS)]
    first, *others = [
        f"{city}{word}{kind.suffix}" for city, word in zip(cities, words, strict=True)
    ]
    return (f"{first},{cities[1]}分店", *others)


def _line(
    unit: Unit, cell: Cell, days: Sequence[date], *, yuan: int, draws: RandomIntegers
) -> Line:
    day = draws.pick(days)
    line = next(line for line in unit.lines if line.name == cell.product_line)
    product = draws.pick(line.products)
    price = product.price * draws.between(*REBATE)
    price = price // 100 * 100 if unit.whole_yuan else price
    customer, salesperson = _parties(unit, cell, draws)
    day = _order_day(customer, day, days)
    return Line(
        day, cell, customer, salesperson, product, (yuan * 100 + price // 2) // price, price
    )


def _parties(unit: Unit, cell: Cell, draws: RandomIntegers) -> tuple[str, str]:
    """Customer and salesperson of an order line."""
    account = account_of(unit, cell)
    if account is not None:
        return account.customer, account.salesperson
    position = next(
        position for position, kind in enumerate(unit.types) if kind.name == cell.customer_type
    )
    region = next(region for region in unit.regions if region.name == cell.region)
    return draws.pick(list_customers(unit.types[position], region)), unit.salespeople[cell.region][
        position
    ]


def _order_day(customer: str, day: date, days: Sequence[date]) -> date:
    """The customer's ordering day nearest before the day, so that several lines share an order."""
    shift = sum(map(ord, customer)) % len(days)
    half = len(days) // ORDER_DAYS or 1
    return days[(shift + days.index(day) // half * half) % len(days)]


def _bulk_orders(unit: Unit, demand: Demand, draws: RandomIntegers) -> list[Line]:
    lines = []
    for bulk in unit.bulks:
        month, where = number(bulk.month), {**bulk.where, "key_account": "other"}
        for cell in (cell for cell in demand if cell.meets(where)):
            yuan = scale(demand[cell][month], bulk.times)
            line = _line(unit, cell, trading_days(month), yuan=yuan, draws=draws)
            lines.append(replace(line, mark="bulk"))
    return lines


def _sample(line: Line, draws: RandomIntegers) -> Line:
    return replace(line, quantity=draws.between(1, 6), price=0, mark="sample")


def _next_trading_day(day: date) -> date:
    while day not in trading_days(number(day)):
        day += timedelta(days=1)
    return day


def month_of(line: Line) -> str:
    """`YYYY-MM` of the line's date."""
    return label(number(line.date))
