"""The demo's months, trading days and moving holidays.

Nothing enters; months as whole numbers (0 is 2022-07), their days and Chinese New Year leave. What
the demo knows about the calendar stands in tables, not in a library whose next release may differ.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

FIRST_YEAR, FIRST_MONTH = 2022, 7
CLOSED = 48  # months that are closed, 2022-07 to 2026-06
RUNNING = CLOSED  # number of the running month, 2026-07
EXPORTED = date(2026, 7, 6)  # the day on which every department made its export
SATURDAY = 5

NEW_YEARS = (
    date(2022, 2, 1),
    date(2023, 1, 22),
    date(2024, 2, 10),
    date(2025, 1, 29),
    date(2026, 2, 17),
    date(2027, 2, 6),
)

# public holidays that fall on a weekday, State Council notices; 2027 is an estimate, the notice
# comes in late 2026
HOLIDAYS = tuple(
    f"{year}-{day}"
    for year, days in {
        2022: "09-12 10-03 10-04 10-05 10-06 10-07",
        2023: "01-02 01-23 01-24 01-25 01-26 01-27 04-05 05-01 05-02 05-03 "
        "06-22 06-23 09-29 10-02 10-03 10-04 10-05 10-06",
        2024: "01-01 02-12 02-13 02-14 02-15 02-16 04-04 04-05 05-01 05-02 "
        "05-03 06-10 09-16 09-17 10-01 10-02 10-03 10-04 10-07",
        2025: "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 "
        "05-05 06-02 10-01 10-02 10-03 10-06 10-07 10-08",
        2026: "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 "
        "05-04 05-05 06-19 09-25 10-01 10-02 10-05 10-06 10-07",
        2027: "01-01 02-05 02-08 02-09 02-10 02-11 02-12 04-05 05-03 05-04 05-05 06-09",
    }.items()
    for day in days.split()
)


def first_day(month: int) -> date:
    """First day of the month with that number.

    >>> first_day(0), first_day(47)
    (datetime.date(2022, 7, 1), datetime.date(2026, 6, 1))
    """
    count = FIRST_MONTH - 1 + month
    return date(FIRST_YEAR + count // 12, count % 12 + 1, 1)


def last_day(month: int) -> date:
    return first_day(month + 1) - timedelta(days=1)


def label(month: int) -> str:
    """`YYYY-MM` of the month with that number."""
    return f"{first_day(month):%Y-%m}"


def number(text: str | date) -> int:
    """Number of a month written `YYYY-MM`, or of a day's month.

    >>> number("2022-07"), number("2024-01")
    (0, 18)
    """
    year, month = (
        (text.year, text.month) if isinstance(text, date) else map(int, text.split("-")[:2])
    )
    return (year - FIRST_YEAR) * 12 + month - FIRST_MONTH


@cache
def days_in(month: int) -> tuple[date, ...]:
    """Every day of the month."""
    first = first_day(month)
    return tuple(first + timedelta(days=day) for day in range((last_day(month) - first).days + 1))


@cache
def trading_days(month: int) -> tuple[date, ...]:
    """The month's weekdays that are no holiday."""
    return tuple(
        day
        for day in days_in(month)
        if day.weekday() < SATURDAY and day.isoformat() not in HOLIDAYS
    )


def exported_days(month: int) -> tuple[date, ...]:
    """The trading days that the export holds: all, but of the running month only the first ones."""
    return tuple(day for day in trading_days(month) if day <= EXPORTED)


@cache
def overlap(month: int, start: date, end: date) -> int:
    """Days of the month from `start` to `end`, both included."""
    return max(0, (min(end, last_day(month)) - max(start, first_day(month))).days + 1)


@cache
def new_year_effect(month: int) -> int:
    """Thousandths by which Chinese New Year moves the month's sales: stocking up before it, silence
    after it.
    """
    effect = 0
    for new_year in NEW_YEARS:
        before = overlap(month, new_year - timedelta(days=30), new_year - timedelta(days=10))
        after = overlap(month, new_year - timedelta(days=9), new_year + timedelta(days=12))
        effect += 120 * before // 21 - 170 * after // 22
    return effect
