"""What comes with the orders: promotion calendar, inventory snapshots, targets and deliveries.

A unit and what it planned enter; CSV files leave, those that its headers name. Targets are last
year's plan with ambition added, as companies set them, and stock runs out exactly where sales broke
down.
"""

from __future__ import annotations

from pathlib import Path

from demo_company.chance import RandomIntegers, scale
from demo_company.company import Unit, list_cells
from demo_company.deliveries import deliver, pieces_planned
from demo_company.demand import account_of, plan
from demo_company.exports import write_csv
from demo_company.months import CLOSED, first_day, label, last_day, number
from demo_company.supply import HEADERS, supply

PLANNED = CLOSED + 6  # months with a target: through December 2026
AMBITION = 1030  # thousandths of the plan
ROUNDED = 10_000  # yuan
PROMOTED = ("product_line", "region", "channel")  # dimensions of the calendar; blank means all
COVER = (900, 1500)  # stock at a month's end, in thousandths of a month's sales
COST = 620  # thousandths of the list price

CHINESE = {
    "promotions": ("活动名称", "开始日期", "结束日期", "产品线", "区域", "渠道"),
    "inventory": ("月末", "产品线", "区域", "库存数量", "缺货天数"),
    "targets": ("月份", "产品线", "目标金额"),
}
# what one unit knows beside: the stock's cost, what was delivered, and what supply is planned with
LOGISTICS = {
    "inventory": (*CHINESE["inventory"], "库存金额"),
    "deliveries": (
        *("订单号", "下单日期", "产品线", "区域"),
        *("订单数量", "承诺日期", "发货数量", "发货日期"),
    ),
    **HEADERS,
}
ENGLISH = {
    "promotions": ("name", "starts_on", "ends_on", "product_line", "region", "channel"),
    "inventory": ("snapshot_date", "product_line", "region", "stock_qty", "stockout_days"),
    "targets": ("month", "product_line", "target"),
}


def write_companions(
    unit: Unit, folder: Path, *, seed: int, encoding: str, header: dict[str, tuple[str, ...]]
) -> list[Path]:
    """Paths of the unit's files, one for each header, with as many columns as it has."""
    rows: dict[str, list[tuple[object, ...]]] = {
        "promotions": _promotions(unit),
        "inventory": _inventory(unit, RandomIntegers(seed, unit.number, 8)),
        "targets": _targets(unit),
        "deliveries": [
            tuple("" if value is None else value for value in vars(each).values())
            for each in deliver(unit, seed)
        ],
        **(supply(unit, seed) if {*HEADERS} <= {*header} else {}),
    }
    return [
        write_csv(
            folder / f"{name}.csv",
            columns,
            [row[: len(columns)] for row in rows[name]],
            encoding=encoding,
        )
        for name, columns in header.items()
    ]


def _promotions(unit: Unit) -> list[tuple[object, ...]]:
    listed = sorted((item for item in unit.promotions if item.listed), key=lambda item: item.start)
    return [
        (item.name, item.start, item.end, *(item.where.get(name, "") for name in PROMOTED))
        for item in listed
    ]


def _inventory(unit: Unit, draws: RandomIntegers) -> list[tuple[object, ...]]:
    """Pieces in stock at each month's end, days without any and what they cost, by product line and
    region.
    """
    return [
        (
            last_day(month),
            line.name,
            region.name,
            *_stock(unit, line.name, region.name, month=month, draws=draws),
        )
        for month in range(CLOSED)
        for line in unit.lines
        for region in unit.regions
    ]


def _stock(
    unit: Unit, line: str, region: str, *, month: int, draws: RandomIntegers
) -> tuple[int, int, int]:
    products = next(item.products for item in unit.lines if item.name == line)
    cost = scale(sum(product.price for product in products) // len(products), COST)
    pieces = pieces_planned(unit, line, region, month)
    stock, days = scale(pieces, draws.between(*COVER)), int(draws.chance(60))
    for stock_out in unit.stock_outs:
        if (stock_out.product_line, stock_out.region) == (line, region) and label(
            month
        ) in stock_out.days:
            stock, days = scale(stock, 40), stock_out.days[label(month)]
    return stock, days, stock * cost


def _targets(unit: Unit) -> list[tuple[object, ...]]:
    """Yuan without tax by month and product line; a key account counts while known to buy."""
    return [
        (
            first_day(month),
            line.name,
            scale(_planned(unit, line.name, month), AMBITION) // ROUNDED * ROUNDED,
        )
        for month in range(PLANNED)
        for line in unit.lines
    ]


def _planned(unit: Unit, line: str, month: int) -> int:
    """Plan of the line, made a year ago: with every key account that bought then."""
    total = 0
    for cell in list_cells(unit):
        account = account_of(unit, cell)
        known = account is None or (
            number(account.first) <= month
            and (account.last is None or month <= number(account.last) + 12)
        )
        total += plan(unit, cell, month) if cell.product_line == line and known else 0
    return total
