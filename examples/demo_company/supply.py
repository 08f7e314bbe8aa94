"""What purchasing, production and finance know: one unit's exports for planning supply.

A unit and a seed enter; rows of six exports leave, and what is planted in them: a product line
short of stock, a supplier that is late, a line that sells more than can be made, a product that
nobody ever sold, stock below zero and stock counted in boxes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from demo_company.chance import RandomIntegers, scale
from demo_company.company import ProductLine, Unit
from demo_company.deliveries import pieces_planned
from demo_company.months import CLOSED, first_day

HEADERS: dict[str, tuple[str, ...]] = {
    "lead_times": ("产品线", "供应商", "提前期", "提前期波动", "批量", "起订量"),
    "stock": ("盘点日期", "物料编码", "区域", "库存数量", "单位"),
    "open_orders": ("类型", "单号", "对方", "产品线", "区域", "未交数量", "交货日期"),
    "prices": ("物料编码", "单价", "生效日期", "账期"),
    "costs": ("物料编码", "单位成本", "账期"),
    "capacity": ("月份", "产品线", "产能"),
}
SUPPLIERS = {  # product line: who makes it, days and their spread, lot, least order
    "炊具": ("永固炊具厂", 30, 4, 50, 500),
    "小家电": ("粤宁电器", 45, 9, 20, 400),
    "餐具": ("景华瓷业", 35, 6, 100, 1000),
    "刀具": ("阳江刃业", 25, 3, 50, 300),
}
SHORT, LATE, FULL = "小家电", "餐具", "炊具"  # short of stock, late, beyond capacity
LATE_DUE = date(2026, 6, 12)  # when the late supplier's orders should have come
COUNTED = date(2026, 7, 1)
STOCK, LITTLE = (1700, 2200), (150, 280)  # at the month's beginning, thousandths of July
BOX, UNSOLD = 12, "00109999"  # pieces of a box; a product that nobody ever sold
PLANNED = 6  # months with a capacity
ROOM, TIGHT = 1900, 880  # capacity in thousandths of the plan
COST, RAISED = 620, 1040  # thousandths of the price; and of a price from next year on
PAID, PAYS = 45, 30  # days after which customers pay, and suppliers are paid

Row = tuple[object, ...]


def supply(unit: Unit, seed: int) -> dict[str, list[Row]]:
    """Rows by export."""
    draws = RandomIntegers(seed, unit.number, 11)
    products = [product for line in unit.lines for product in line.products]
    prices: list[Row] = [(each.code, each.price, date(2026, 1, 1), PAID) for each in products]
    raised = [(each.code, scale(each.price, RAISED), date(2027, 1, 1), PAID) for each in products]
    return {
        "lead_times": [(line.name, *SUPPLIERS[line.name]) for line in unit.lines],
        "stock": list(_count_stock(unit, draws)),
        "open_orders": [*_list_purchases(unit), *_list_sales(unit, draws)],
        "prices": [*prices, *raised],
        "costs": [(each.code, scale(each.price, COST), PAYS) for each in products],
        "capacity": [
            (first_day(month), line.name, _capacity(unit, line, month))
            for month in range(CLOSED, CLOSED + PLANNED)
            for line in unit.lines
        ],
    }


def list_planted(unit: Unit) -> dict[str, object]:
    """What a right reading finds, and what the decisions have to show."""
    return {
        "short": SHORT,
        "late": {"product_line": LATE, "supplier": SUPPLIERS[LATE][0], "due": str(LATE_DUE)},
        "over_capacity": FULL,
        "unsold": UNSOLD,
        "boxed": unit.lines[-1].products[0].code,
        "negative": [unit.lines[-1].products[-1].code, unit.regions[-1].name],
    }


def _count_stock(unit: Unit, draws: RandomIntegers) -> Iterator[Row]:
    """Each product in each region; the last product's last count is below zero."""
    boxed, negative = unit.lines[-1].products[0], unit.lines[-1].products[-1]
    for line in unit.lines:
        cover = LITTLE if line.name == SHORT else STOCK
        for region in unit.regions:
            pieces = pieces_planned(unit, line.name, region.name, CLOSED) // len(line.products)
            for product in line.products:
                count, name = scale(pieces, draws.between(*cover)), "件"
                if product == boxed:
                    count, name = count // BOX, "箱"
                if product == negative and region == unit.regions[-1]:
                    count = -7
                yield COUNTED, product.code, region.name, count, name
    yield COUNTED, UNSOLD, unit.regions[0].name, 40, "件"


def _list_purchases(unit: Unit) -> Iterator[Row]:
    """About a month's pieces on their way for each line and region; of the line short of stock
    less and not before August, of the late supplier since June.
    """
    for number, line in enumerate(unit.lines, 1):
        due = {SHORT: date(2026, 8, 28), LATE: LATE_DUE}.get(line.name, date(2026, 7, 20))
        for place, region in enumerate(unit.regions, 1):
            pieces = pieces_planned(unit, line.name, region.name, CLOSED)
            share = 500 if line.name == SHORT else 1100
            order = f"CG2606{number}{place}"
            supplier = SUPPLIERS[line.name][0]
            yield "采购", order, supplier, line.name, region.name, scale(pieces, share), due


def _list_sales(unit: Unit, draws: RandomIntegers) -> Iterator[Row]:
    """Open orders of key accounts, one of four overdue since the end of June."""
    for number, account in enumerate(unit.accounts, 1):
        for place, line in enumerate(account.monthly, 1):
            pieces = pieces_planned(unit, line, account.region, CLOSED)
            days = -draws.between(2, 9) if (number + place) % 4 == 0 else draws.between(5, 40)
            order = f"XD2607{number}{place}"
            amount, due = scale(pieces, draws.between(60, 140)), COUNTED + timedelta(days=days)
            yield "销售", order, account.customer, line, account.region, amount, due


def _capacity(unit: Unit, line: ProductLine, month: int) -> int:
    """Pieces that can be made of a line in a month, in hundreds."""
    pieces = sum(pieces_planned(unit, line.name, region.name, month) for region in unit.regions)
    return scale(pieces, TIGHT if line.name == FULL else ROOM) // 100 * 100
