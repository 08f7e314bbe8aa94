"""Defects 48 to 55: months that are not what they seem, and what surrounds them.

A seed enters; cases leave. The decision made here: these are judged by what the month's tables say of a series, not row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from salesfc_lib.defects.company import PLAIN, dice, list_months, make_lines
from salesfc_lib.defects.feeds import Export, record_of
from salesfc_lib.defects.projects import declare, text_case
from salesfc_lib.defects.truth import Case, Cell, Line


def plant_gaps(seed: int) -> list[Case]:
    """48: a month without any row is unknown; one in which only a region sold nothing is zero; so is a month declared closed."""
    throw = dice(seed, 48)
    lines = make_lines(seed)
    lost, none, shut = (date(*month, 1) for month in throw.sample(list_months()[4:20], 3))
    region = throw.choice(PLAIN.regions)
    left = [
        line
        for line in lines
        if line.date.replace(day=1) not in (lost, shut) and not (line.region == region and line.date.replace(day=1) == none)
    ]
    cells = [Cell("panel", {"region": name, "ds": lost.isoformat()}, "y_raw", None) for name in PLAIN.regions]
    cells += [Cell("panel", {"region": name, "ds": shut.isoformat()}, "y_raw", 0) for name in PLAIN.regions]
    cells.append(Cell("panel", {"region": region, "ds": none.isoformat()}, "y_raw", 0))
    tree = declare(calendar={"closed_months": [f"{shut:%Y-%m}"]})
    return [
        text_case(48, "missing, zero, closed", Export("orders.csv", [record_of(line) for line in left]), tree, cells=tuple(cells))
    ]


def plant_trading_days(seed: int) -> list[Case]:
    """50: the working days of each month, 29 February and the unit's holidays counted."""
    throw = dice(seed, 50)
    holidays = sorted({date(2023, 1, 2) + timedelta(days=throw.randrange(700)) for _ in range(25)})
    cells = [
        Cell("panel", {"level": "total", "ds": date(year, month, 1).isoformat()}, "trading_days", count_days(year, month, holidays))
        for year, month in list_months()
    ]
    tree = declare(calendar={"holidays": [day.isoformat() for day in holidays]})
    return [
        text_case(
            50,
            "holidays, leap year",
            Export("orders.csv", [record_of(line) for line in make_lines(seed)]),
            tree,
            cells=tuple(cells),
        )
    ]


def count_days(year: int, month: int, holidays: Sequence[date]) -> int:
    """Days of a month on which one works, counted one by one."""
    day, count = date(year, month, 1), 0
    while day.month == month:
        count += day.weekday() < 5 and day not in holidays
        day += timedelta(days=1)
    return count


def total(lines: Sequence[Line], region: str, month: date) -> Decimal:
    """A region's sales of a month."""
    return sum((line.amount for line in lines if line.region == region and line.date.replace(day=1) == month), Decimal(0))


PLANTS = {
    48: plant_gaps,
    50: plant_trading_days,
}
