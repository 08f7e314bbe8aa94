"""The month in progress goes on: later exports of the same departments, and a shock in one of them.

The day of the export enters; the unit's orders and returns through the day before leave, beside
those that the first export held. What is drawn here is drawn apart, so that no earlier row changes.
On `SHOCK_FROM` the warehouse of personal care in East China stops delivering.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from demo_company.chance import RandomIntegers
from demo_company.company import Unit
from demo_company.demand import draw
from demo_company.months import EXPORTED, RUNNING, days_in, trading_days
from demo_company.orders import PART, RETURNED, Line, number_orders, order
from demo_company.planting import Export
from demo_company.units import read_units
from demo_company.write import FORMATS, SEED, trade

SHOCK_UNIT, SHOCK_FROM = "personal-care", date(2026, 7, 12)  # a Sunday
SHOCK_WHERE = {"region": "华东"}
LEFT = 150  # thousandths of its order lines that are left
FIRST_NUMBER = 5000  # later orders are numbered from here on


def go_on(project: Path, made_on: date, seed: int = SEED) -> list[Path]:
    """Paths of the orders' files written again, as they are exported on a later day of the month.

    They hold what was ordered before `made_on`. Raises `ValueError` for a day outside the month.
    """
    if not EXPORTED < made_on <= days_in(RUNNING)[-1]:
        raise ValueError(f"{made_on} is no day after {EXPORTED} of the demo's month in progress")
    written: list[Path] = []
    for unit in read_units():
        write_orders, _, _ = FORMATS[unit.id]
        export = extend(unit, trade(unit, seed), made_on, seed)
        written += write_orders(unit, export, project / "data" / unit.id)
    return written


def extend(unit: Unit, export: Export, made_on: date, seed: int = SEED) -> Export:
    """The export with what was ordered and returned since, through the day before `made_on`."""
    since = [day for day in trading_days(RUNNING) if EXPORTED < day < made_on]
    orders = [line for line in _order_month(unit, seed) if line.date in since]
    later = Export(export.orders + orders, export.returns, made_on)
    returns = _take_back(unit, later, since, seed)
    return replace(later, returns=export.returns + returns)


def _order_month(unit: Unit, seed: int) -> list[Line]:
    """Order lines of the whole month, of which every export holds the first days."""
    lines: list[Line] = []
    days = trading_days(RUNNING)
    for position, (cell, values) in enumerate(draw(unit, seed).items()):
        draws = RandomIntegers(seed, unit.number, 8, position)
        of_cell = order(unit, cell, values[RUNNING], month=RUNNING, days=days, draws=draws)
        fate = RandomIntegers(seed, unit.number, 9, position)
        lines += [line for line in of_cell if _is_left(unit, line, fate)]
    return number_orders(lines, unit.prefix, after=FIRST_NUMBER)


def _is_left(unit: Unit, line: Line, fate: RandomIntegers) -> bool:
    stays = fate.chance(LEFT)
    shocked = unit.id == SHOCK_UNIT and line.cell.meets(SHOCK_WHERE) and line.date >= SHOCK_FROM
    return stays or not shocked


def _take_back(unit: Unit, export: Export, since: list[date], seed: int) -> list[Line]:
    """Returns of these days, at the usual rate; a line's return does not depend on the export."""
    draws = RandomIntegers(seed, unit.number, 10)
    taken = {line.returned for line in export.returns}
    returns = []
    for line in export.orders:
        day = line.date + timedelta(days=draws.between(4, 40))
        chance, part = draws.chance(RETURNED), draws.between(*PART)
        if chance and day > EXPORTED and line.mark == "" and line.key not in taken:
            back = next((each for each in trading_days(RUNNING) if each >= day), None)
            quantity = -max(1, line.quantity * part // 100)
            if back in since:
                returns.append(replace(line, date=back, quantity=quantity, returned=line.key))
    return number_orders(returns, f"{unit.prefix}T", after=FIRST_NUMBER)
