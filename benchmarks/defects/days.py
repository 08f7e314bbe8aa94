"""Defects 25 to 30: how a day is spelled.

A seed enters; cases leave. A spelling stands in all rows of a file where systems write it so, and
in a random share where people do.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from defects.company import make_lines, seeded
from defects.feeds import Export, record_of
from defects.planting import (
    change_cell,
    choose,
    is_free,
    plain_records,
    quarantine,
    spoil,
    typed_records,
)
from defects.projects import EXCEL, declare, text_case, workbook_case
from defects.truth import Case, Note, Record
from defects.workbook import Sheet
from demo_company.workbook import DAY_ZERO, DAY_ZERO_1904


def show_days(
    records: Sequence[Record], show: Callable[[date], Any], chosen: Sequence[int] | None = None
) -> list[Record]:
    """The chosen records (all) with their day written as `show` says."""
    places = range(len(records)) if chosen is None else chosen
    return spoil(records, places, lambda record: _show_day(record, show))


def _show_day(record: Record, show: Callable[[date], Any]) -> Record:
    return change_cell(record, "date", show(record.line.date)) if record.line else record


def plant_serial_dates(seed: int) -> list[Case]:
    """25: days as Excel counts them."""
    rng = seeded(seed, 25)
    records = plain_records(seed)
    some = choose(rng, records, len(records) // 3)
    count: Callable[[date], str] = lambda day: str((day - DAY_ZERO).days)  # noqa: E731
    with_time: Callable[[date], str] = lambda day: f"{(day - DAY_ZERO).days}.{rng.randrange(1, 9)}"  # noqa: E731
    workbook = show_days(typed_records(records), lambda day: Decimal((day - DAY_ZERO).days), some)
    return [
        text_case(25, "all rows, text", Export("orders.csv", show_days(records, count))),
        text_case(25, "some rows, text", Export("orders.csv", show_days(records, count, some))),
        text_case(25, "with time, text", Export("orders.csv", show_days(records, with_time))),
        workbook_case(25, "numbers in a workbook", [Sheet("明细", workbook)], declare(EXCEL)),
    ]


def plant_1904(seed: int) -> list[Case]:
    """26: a workbook that counts its days from 1904, in date cells and in plain numbers."""
    records = typed_records(plain_records(seed))
    dated = [replace(record, planted=True) for record in records]
    plain = show_days(records, lambda day: Decimal((day - DAY_ZERO_1904).days))
    notes = (Note("date_system", "orders"),)
    return [
        workbook_case(
            26, "date cells", [Sheet("明细", dated)], declare(EXCEL), from_1904=True, notes=notes
        ),
        workbook_case(
            26,
            "plain numbers",
            [Sheet("明细", plain)],
            declare(EXCEL),
            from_1904=True,
            notes=notes,
            allowed=("serial_date",),
        ),
    ]


def plant_impossible_days(seed: int) -> list[Case]:
    """27: 29 February 1900, which only a spreadsheet knows, and other days that never were."""
    return _plant_dates(
        seed,
        27,
        "no_such_day",
        (
            "1900-02-29",
            "1900/2/29",
            "2023-02-29",
            "2023-02-30",
            "2024-04-31",
            "2023年2月29日",
            "20230229",
        ),
    )


def plant_sentinels(seed: int) -> list[Case]:
    """29: dates that mean that there is none."""
    return _plant_dates(
        seed,
        29,
        "sentinel_date",
        (
            "0000-00-00",
            "9999-12-31",
            "0000-00-00 00:00:00",
            "9999-12-31 00:00:00",
            "9999/12/31",
            "00000000",
            "99991231",
        ),
    )


def _plant_dates(seed: int, number: int, rule: str, texts: Sequence[str]) -> list[Case]:
    rng = seeded(seed, number)
    records = plain_records(seed)
    chosen = choose(rng, records, len(texts), is_free(records))
    at = dict(zip(chosen, texts, strict=True))
    planted = [
        replace(quarantine(rule, date=at[place])(record), planted=True) if place in at else record
        for place, record in enumerate(records)
    ]
    return [text_case(number, "in rows", Export("orders.csv", planted))]


def plant_date_orders(seed: int) -> list[Case]:
    """28: day first or month first, told by each file; one that does not tell is asked about. Years
    first in any spelling.
    """
    rng = seeded(seed, 28)
    records = plain_records(seed)
    styles: dict[str, Callable[[date], str]] = {
        "d/m/y": lambda day: f"{day.day}/{day.month}/{day.year}",
        "m/d/y": lambda day: f"{day.month:02}/{day.day:02}/{day.year}",
        "d.m.y": lambda day: f"{day.day:02}.{day.month:02}.{day.year}",
        "m-d-y": lambda day: f"{day.month}-{day.day}-{day.year}",
        "y/m/d": lambda day: f"{day.year}/{day.month}/{day.day}",
        "y.m.d": lambda day: f"{day.year}.{day.month:02}.{day.day:02}",
        "y年m月d日": lambda day: f"{day.year}年{day.month:02}月{day.day:02}日",
        "compact": lambda day: f"{day:%Y%m%d}",
        "with time": lambda day: f"{day.isoformat()} 08:30:00",
    }
    cases = [
        text_case(28, name, Export("orders.csv", show_days(records, show)))
        for name, show in styles.items()
    ]
    lines = make_lines(seed)
    feed = [
        Export(
            f"orders_{year}.csv",
            show_days([record_of(line) for line in lines if line.date.year == year], styles[style]),
        )
        for year, style in ((2023, "d/m/y"), (2024, "m/d/y"))
    ]
    cases.append(text_case(28, "one order a file", feed))
    for style in ("d/m/y", "m/d/y"):
        half = show_days(records, _convert_half(styles[style]))
        notes = (Note("half_converted_dates", "orders"),)
        cases.append(
            text_case(28, f"half converted {style}", Export("orders.csv", half), notes=notes)
        )
    some = [styles[name] for name in ("y/m/d", "y.m.d", "y年m月d日", "with time")]
    mixed = spoil(records, range(len(records)), lambda record: _show_day(record, rng.choice(some)))
    cases.append(text_case(28, "mixed, year first", Export("orders.csv", mixed)))
    early = [
        record_of(replace(line, date=line.date.replace(day=1 + line.date.day % 12)))
        for line in make_lines(seed, returns=False)
    ]
    for style, written in (("d/m/y", "%d/%m/%Y"), ("m/d/y", "%m/%d/%Y")):
        shown = show_days(early, styles[style])
        plain = [replace(record, planted=False) for record in shown]
        cases.append(
            text_case(
                28,
                f"undecidable {style}",
                Export("orders.csv", plain),
                blocked=("orders.csv", "date_format|day"),
            )
        )
        cases.append(
            text_case(
                28,
                f"declared {style}",
                Export("orders.csv", shown),
                declare({"date_format": written}),
            )
        )
    return cases


def _convert_half(show: Callable[[date], str]) -> Callable[[date], str]:
    """Days up to the 12th as a spreadsheet of the other order leaves them: real dates, of which day
    and month are exchanged; all others as text.
    """
    return lambda day: show(day) if day.day > 12 else date(day.year, day.day, day.month).isoformat()


def plant_time_zones(seed: int) -> list[Case]:
    """30: moments with a zone; the business's own zone says which day, and at month end which
    month, they belong to.
    """
    cases = []
    for zone in ("Asia/Shanghai", "America/New_York"):
        for name, show in (
            ("Z", "{:%Y-%m-%dT%H:%M:%S}Z"),
            ("+00:00", "{:%Y-%m-%d %H:%M:%S}+00:00"),
        ):
            rng = seeded(seed, 30, zone, name)
            records = plain_records(seed)
            planted = show_days(records, lambda day: show.format(_moment(day, zone, rng)))
            cases.append(
                text_case(
                    30,
                    f"{zone} from {name}",
                    Export("orders.csv", planted),
                    declare(calendar={"zone": zone}),
                    allowed=("time_zone",),
                )
            )
    return cases


def _moment(day: date, zone: str, rng: random.Random) -> datetime:
    """A moment of that day in the zone, in universal time: often on another day, at month end in
    another month.
    """
    local = datetime(
        day.year, day.month, day.day, rng.randrange(24), rng.randrange(60), tzinfo=ZoneInfo(zone)
    )
    return local.astimezone(ZoneInfo("UTC"))


PLANTS = {
    25: plant_serial_dates,
    26: plant_1904,
    27: plant_impossible_days,
    28: plant_date_orders,
    29: plant_sentinels,
    30: plant_time_zones,
}
