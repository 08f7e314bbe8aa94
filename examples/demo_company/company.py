"""The nouns of the demo company: what a business unit consists of and what happens to it.

Nothing enters but the definitions of the three units; frozen values leave. Everything that is
planted is declared with the unit, so that the truth is what was asked for and not what was found.
Shares, growth and lifts are in thousandths, amounts in yuan, months are `YYYY-MM`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

Where = Mapping[
    str, str
]  # dimension -> member; a dimension that is not named means all its members


@dataclass(frozen=True)
class Product:
    code: str
    name: str
    price: int  # yuan, list price without tax


@dataclass(frozen=True)
class ProductLine:
    name: str
    share: int
    growth: int  # per year, of the first month's level
    season: tuple[int, ...]  # January to December
    products: tuple[Product, ...]


@dataclass(frozen=True)
class CustomerType:
    name: str
    channel: str
    share: int
    suffix: str  # what such a customer's name ends in


@dataclass(frozen=True)
class Region:
    name: str
    share: int
    growth: int
    cities: tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """A key account: a customer of one type and region that buys some lines, and may come or go."""

    customer: str
    customer_type: str
    region: str
    monthly: Mapping[str, int]  # product line -> yuan a month at the start
    salesperson: str
    first: str = "2022-07"
    last: str | None = None


@dataclass(frozen=True)
class Promotion:
    name: str
    start: date
    end: date
    lift: int  # if it lasted the whole month
    where: Where = field(default_factory=dict)
    listed: bool = True  # in the promotion calendar; otherwise only a planner knew


@dataclass(frozen=True)
class StockOut:
    product_line: str
    region: str
    left: Mapping[str, int]  # month -> share of its sales that was still delivered
    days: Mapping[str, int]  # month -> days without stock


@dataclass(frozen=True)
class Bulk:
    """One real order far larger than anything that series sees."""

    month: str
    where: Where
    times: int  # thousandths of the series' sales in that month


@dataclass(frozen=True)
class Slip:
    """A data entry slip: one line's quantity, and with it its amount, ten or a hundred times too
    large.
    """

    month: str
    factor: int
    where: Where


@dataclass(frozen=True)
class Rename:
    dimension: str
    old: str
    new: str
    last: str  # last month with the old name


@dataclass(frozen=True)
class Counts:
    """How many of each small defect are planted."""

    duplicates: int
    unreadable: int
    samples: int
    repeats: int
    future: int = 0
    unmatched: int = 0


@dataclass(frozen=True)
class Habit:
    """A planner who changes the same series month after month, whatever is known."""

    author: str
    kind: str  # sandbagger, optimist, pessimist or tinkerer
    level: str
    members: Where
    percent: tuple[int, int]  # lowest and highest change
    ahead: int  # months changed each time
    odds: int  # thousandths of the months in which it happens
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Tip:
    """A change by someone who knew: right in direction, and near in size."""

    author: str
    about: str  # lost_account, stock_out, bulk or unlisted_promotion
    level: str
    members: Where
    made_in: tuple[str, ...]
    months: Mapping[str, int]  # month -> percent
    reason: str


@dataclass(frozen=True)
class Unit:
    id: str
    number: int
    title: str
    monthly: int  # yuan in the first month, without key accounts
    lines_per_cell: int  # order lines that a bottom series has in a month, about
    prefix: str  # of order numbers
    lines: tuple[ProductLine, ...]
    types: tuple[CustomerType, ...]
    regions: tuple[Region, ...]
    accounts: tuple[Account, ...]
    salespeople: Mapping[str, tuple[str, ...]]  # region -> one for each customer type
    promotions: tuple[Promotion, ...]
    stock_outs: tuple[StockOut, ...]
    bulks: tuple[Bulk, ...]
    slips: tuple[Slip, ...]
    renames: tuple[Rename, ...]
    counts: Counts
    habits: tuple[Habit, ...]
    tips: tuple[Tip, ...]
    whole_yuan: bool = False  # prices without cents, so that tax comes off without rounding


@dataclass(frozen=True)
class Cell:
    """One bottom series: its product line, customer type, region, channel and key account."""

    product_line: str
    customer_type: str
    region: str
    channel: str
    key_account: str

    def meets(self, where: Where) -> bool:
        return all(getattr(self, dimension) == member for dimension, member in where.items())


DIMENSIONS = ("product_line", "customer_type", "region", "channel", "key_account")
LEVELS: Mapping[str, tuple[str, ...]] = {
    "total": (),
    "product_line": ("product_line",),
    "customer_type": ("customer_type",),
    "region": ("region",),
    "channel": ("channel",),
    "key_account": ("key_account",),
    "line_region": ("product_line", "region"),
    "bottom": DIMENSIONS,
}


def series_id(level: str, members: Where) -> str:
    r"""Id of a series as overrides name it: the level, and its members in the level's order.

    >>> series_id("line_region", {"region": "a/b", "product_line": "c"})
    'line_region:c/a\\/b'
    """
    names = [members[name].replace("\\", "\\\\").replace("/", "\\/") for name in LEVELS[level]]
    return f"{level}:{'/'.join(names)}" if names else level


def list_cells(unit: Unit) -> list[Cell]:
    """Bottom series of the unit: every line, type and region, then the key accounts' own."""
    channel = {kind.name: kind.channel for kind in unit.types}
    crossed = [
        Cell(line.name, kind.name, region.name, kind.channel, "other")
        for line in unit.lines
        for kind in unit.types
        for region in unit.regions
    ]
    own = [
        Cell(
            line,
            account.customer_type,
            account.region,
            channel[account.customer_type],
            account.customer,
        )
        for account in unit.accounts
        for line in account.monthly
    ]
    return crossed + own
