"""Defects 48 to 51: months that are not what they seem.

A seed enters; cases leave. These are judged by what the month's tables say of a series, not row by
row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from defects.company import PLAIN, list_months, make_lines, seeded
from defects.feeds import KINDS, Export, record_of
from defects.projects import declare, text_case
from defects.truth import Case, Cell, Note, Record


def plant_gaps(seed: int) -> list[Case]:
    """48: a month without any row is unknown; one in which only a region sold nothing is zero; so
    is a month declared closed.
    """
    rng = seeded(seed, 48)
    lines = make_lines(seed)
    lost, none, shut = (date(*month, 1) for month in rng.sample(list_months()[4:20], 3))
    region = rng.choice(PLAIN.regions)
    left = [
        line
        for line in lines
        if line.date.replace(day=1) not in (lost, shut)
        and not (line.region == region and line.date.replace(day=1) == none)
    ]
    cells = [
        Cell("panel", {"region": name, "ds": lost.isoformat()}, "y_raw", None)
        for name in PLAIN.regions
    ]
    cells += [
        Cell("panel", {"region": name, "ds": shut.isoformat()}, "y_raw", 0)
        for name in PLAIN.regions
    ]
    cells.append(Cell("panel", {"region": region, "ds": none.isoformat()}, "y_raw", 0))
    tree = declare(calendar={"closed_months": [f"{shut:%Y-%m}"]})
    return [
        text_case(
            48,
            "missing, zero, closed",
            Export("orders.csv", [record_of(line) for line in left]),
            tree,
            cells=tuple(cells),
            notes=(Note("missing_month", "orders", (f"{lost:%Y-%m}",), "noted", rows=1),),
        )
    ]


def plant_trading_days(seed: int) -> list[Case]:
    """50: the working days of each month, 29 February and the unit's holidays counted."""
    rng = seeded(seed, 50)
    holidays = sorted({date(2023, 1, 2) + timedelta(days=rng.randrange(700)) for _ in range(25)})
    cells = [
        Cell(
            "panel",
            {"level": "total", "ds": date(year, month, 1).isoformat()},
            "trading_days",
            count_days(year, month, holidays),
        )
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


def plant_weeks(seed: int) -> list[Case]:
    """49: periods of four, four and five weeks, one year with its 53rd week."""
    lines = make_lines(seed)
    cases = []
    for begins in ((9, 1), (1, 1)):
        labels = [label_period(line.date, begins) for line in lines]
        sums: dict[tuple[str, date], Decimal] = {}
        for line, label in zip(lines, labels, strict=True):
            sums[line.region, label] = sums.get((line.region, label), Decimal(0)) + line.amount
        last = date(2024, 12, 1)
        records = [
            replace(record_of(line), fate="later", rule="after_month")
            if label > last
            else record_of(line)
            for line, label in zip(lines, labels, strict=True)
        ]
        cells = tuple(
            Cell("panel", {"region": region, "ds": label.isoformat()}, "y_raw", sums[region, label])
            for region, label in sorted(sums)
            if label <= last
        )
        tree = declare(
            calendar={
                "kind": "4-4-5",
                "year_begins": f"{begins[0]:02}-{begins[1]:02}",
                "week_begins": "monday",
            }
        )
        cases.append(
            text_case(
                49,
                f"year from {begins[0]:02}-{begins[1]:02}",
                Export("orders.csv", records),
                tree,
                cells=cells,
            )
        )
    return cases + plant_shared_weeks(seed)


def plant_shared_weeks(seed: int) -> list[Case]:
    """49: sums of weeks, each shared over two months by its days; the first month is a part."""
    rng = seeded(seed, "weeks")
    mondays = [date(2023, 1, 2) + timedelta(weeks=week) for week in range(104)]  # to 29 Dec 2024
    cases = []
    for variant, period, off in (("begin", "week", 0), ("end", "week_ending", 6)):
        records, sums = [], dict[tuple[str, date], Decimal]()
        for place, monday in enumerate(mondays):
            for region in PLAIN.regions:
                daily = Decimal(rng.randrange(5_000, 6_000)) / 100  # of seven days: exact shares
                day = (monday + timedelta(days=off)).isoformat()
                cells = {"date": day, "order_id": f"W{place}", "line": region, "region": region}
                cells |= {"quantity": "7", "amount": f"{7 * daily:f}", "kind": KINDS["sale"]}
                cells |= {"customer": PLAIN.customers[0], "product": PLAIN.products[0]}
                records.append(Record(cells, None))
                for each in range(7):
                    month = (monday + timedelta(days=each)).replace(day=1)
                    sums[region, month] = sums.get((region, month), Decimal(0)) + daily
        found = tuple(
            Cell("panel", {"region": region, "ds": month.isoformat()}, "y_raw", total)
            for (region, month), total in sorted(sums.items())
        )
        notes = tuple(Note("part_month", "", (month,), "noted") for month in ("2023-01", "2024-12"))
        cases.append(
            text_case(
                49,
                f"weeks by their {variant}",
                Export("orders.csv", records),
                declare({"period": period}),
                cells=found,
                notes=notes,
                allowed=("week", "part_month"),
            )
        )
    return cases


def label_period(day: date, begins: tuple[int, int]) -> date:
    """First day of the calendar month whose name the period of a day bears: years begin on the
    Monday nearest to `begins`.
    """
    start = max(
        first
        for year in (day.year - 1, day.year, day.year + 1)
        if (first := _monday_near(date(year, *begins))) <= day
    )
    weeks = (day - start).days // 7
    ends = [4, 8, 13, 17, 21, 26, 30, 34, 39, 43, 47, 53]
    period = next(place for place, end in enumerate(ends) if weeks < end)
    named = start + timedelta(days=14)  # a day well inside the first period
    month = named.year * 12 + named.month - 1 + period
    return date(month // 12, month % 12 + 1, 1)


def _monday_near(day: date) -> date:
    return min(
        (day + timedelta(days=off) for off in range(-3, 4)), key=lambda other: other.weekday()
    )


def plant_moving_holidays(seed: int) -> list[Case]:
    """51: Chinese New Year, Easter and Ramadan move between months, and the models are told."""
    export = Export("orders.csv", [record_of(line) for line in make_lines(seed)])
    cases = []
    for name, mostly, hardly in (
        (
            "chinese_new_year",
            ("2023-01-01", "2024-02-01", "2025-01-01"),
            ("2023-02-01", "2024-01-01", "2025-02-01"),
        ),
        (
            "easter",
            ("2023-04-01", "2024-03-01", "2025-04-01"),
            ("2023-03-01", "2024-05-01", "2025-03-01"),
        ),
        (
            "ramadan",
            ("2023-04-01", "2024-03-01", "2025-03-01"),
            ("2023-05-01", "2024-02-01", "2025-05-01"),
        ),
    ):
        cells = [_share(month, name, (0.5, 1.0)) for month in mostly] + [
            _share(month, name, (0.0, 0.5)) for month in hardly
        ]
        cases.append(
            text_case(
                51, name, export, declare(calendar={"moving_holidays": [name]}), cells=tuple(cells)
            )
        )
    return cases


def _share(month: str, name: str, bounds: tuple[float, float]) -> Cell:
    return Cell(
        "panel" if month < "2025" else "future", {"level": "total", "ds": month}, name, bounds
    )


PLANTS = {48: plant_gaps, 49: plant_weeks, 50: plant_trading_days, 51: plant_moving_holidays}
