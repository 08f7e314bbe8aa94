"""What each bottom series would sell, month by month.

A unit and a seed enter; yuan by series and month leave, with and without chance. What moves sales
(trend, season, trading days, Chinese New Year, promotions, shared and own noise, stock-outs, an
account that goes) multiplies in a fixed order, in thousandths.
"""

from __future__ import annotations

from collections.abc import Mapping

from demo_company.chance import THOUSAND, RandomIntegers, scale
from demo_company.company import Account, Cell, Unit, list_cells
from demo_company.months import (
    CLOSED,
    days_in,
    first_day,
    label,
    new_year_effect,
    number,
    overlap,
    trading_days,
)

MONTHS = CLOSED + 1  # the running month too
USUAL_DAYS = 21
DAYS_WEIGHT = 550  # thousandths of a trading day's share that a month with one more sells more
SPREAD = {
    "unit": 14,
    "line": 20,
    "region": 16,
    "cell": 80,
}  # standard deviations of noise, thousandths
MEMORY = 600  # share of last month's noise of the unit that stays

Demand = Mapping[Cell, list[int]]


def plan(unit: Unit, cell: Cell, month: int) -> int:
    """Yuan that the series sells in the month if nothing is left to chance."""
    line = next(line for line in unit.lines if line.name == cell.product_line)
    region = next(region for region in unit.regions if region.name == cell.region)
    value = scale(base(unit, cell), THOUSAND + (line.growth + region.growth) * month // 12)
    value = scale(value, line.season[first_day(month).month - 1])
    value = scale(value, THOUSAND + new_year_effect(month))
    value = scale(
        value, THOUSAND + DAYS_WEIGHT * (len(trading_days(month)) - USUAL_DAYS) // USUAL_DAYS
    )
    return scale(value, THOUSAND + promotion_lift(unit, cell, month))


def base(unit: Unit, cell: Cell) -> int:
    """Yuan a month at the start."""
    account = account_of(unit, cell)
    if account is not None:
        return account.monthly[cell.product_line]
    shares = (
        next(line.share for line in unit.lines if line.name == cell.product_line),
        next(kind.share for kind in unit.types if kind.name == cell.customer_type),
        next(region.share for region in unit.regions if region.name == cell.region),
    )
    value = unit.monthly
    for share in shares:
        value = scale(value, share)
    return value


def account_of(unit: Unit, cell: Cell) -> Account | None:
    return next(
        (account for account in unit.accounts if account.customer == cell.key_account), None
    )


def promotion_lift(unit: Unit, cell: Cell, month: int) -> int:
    """Thousandths that promotions add in the month, by their share of its days."""
    return sum(
        promotion.lift * overlap(month, promotion.start, promotion.end) // len(days_in(month))
        for promotion in unit.promotions
        if cell.meets(promotion.where)
    )


def draw(unit: Unit, seed: int) -> Demand:
    """Yuan of every series in every month, the running one included: the plan, chance and what
    happened.
    """
    shared = _shared_noise(unit, seed)
    demand: dict[Cell, list[int]] = {}
    for position, cell in enumerate(list_cells(unit)):
        draws = RandomIntegers(seed, unit.number, 2, position)
        size = draws.between(800, 1200)
        demand[cell] = [
            scale(
                scale(scale(plan(unit, cell, month), size), _noise(shared, cell, month, draws)),
                _happened(unit, cell, month),
            )
            for month in range(MONTHS)
        ]
    return demand


def _shared_noise(unit: Unit, seed: int) -> dict[str, list[int]]:
    noise = {"": _remembering(RandomIntegers(seed, unit.number, 0), SPREAD["unit"])}
    for position, line in enumerate(unit.lines):
        noise[line.name] = _remembering(
            RandomIntegers(seed, unit.number, 1, 0, position), SPREAD["line"]
        )
    for position, region in enumerate(unit.regions):
        noise[region.name] = _remembering(
            RandomIntegers(seed, unit.number, 1, 1, position), SPREAD["region"]
        )
    return noise


def _remembering(draws: RandomIntegers, spread: int) -> list[int]:
    noise = [0]
    for _ in range(MONTHS):
        noise.append(scale(noise[-1], MEMORY) + draws.bell(spread))
    return noise[1:]


def _noise(shared: Mapping[str, list[int]], cell: Cell, month: int, draws: RandomIntegers) -> int:
    common = shared[""][month] + shared[cell.product_line][month] + shared[cell.region][month]
    return max(300, THOUSAND + common + draws.bell(SPREAD["cell"]))


def _happened(unit: Unit, cell: Cell, month: int) -> int:
    """Thousandths of its sales that stock-outs and an account's coming and going leave."""
    account = account_of(unit, cell)
    if account is not None and (
        month < number(account.first) or (account.last is not None and month > number(account.last))
    ):
        return 0
    left = THOUSAND
    for stock_out in unit.stock_outs:
        if (cell.product_line, cell.region) == (stock_out.product_line, stock_out.region):
            left = scale(left, stock_out.left.get(label(month), THOUSAND))
    return left
