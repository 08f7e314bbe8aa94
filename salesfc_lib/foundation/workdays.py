"""Working days of the business calendar: the trading weekdays that are no day off.

Days and a calendar enter; the day by which something is due leaves. A calendar that has too few of
them within a year is refused, so that nobody waits for a day that never comes.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.calendar import bound_months
from salesfc_lib.foundation.holidays import list_days_off
from salesfc_lib.foundation.schema import Calendar

SEARCHED = 366  # days in which a working day has to be found


def add_workdays(day: date, n: int, calendar: Calendar) -> date:
    """The `n`-th working day after `day`; with 0, `day` itself or the first working day after it.

    >>> friday = date(2026, 7, 3)
    >>> [f"{add_workdays(friday, n, Calendar(holidays=['2026-07-07'])):%a %d}" for n in (0, 1, 2)]
    ['Fri 03', 'Mon 06', 'Wed 08']

    Raises `SalesForecastError` for a calendar with fewer of them in the year after.
    """
    first = np.datetime64(day) + (1 if n else 0)
    days = np.arange(first, first + SEARCHED)
    off = np.array(list_days_off(calendar, days[:1], days[-1:]), dtype="datetime64[D]")
    working = days[np.is_busday(days, weekmask=calendar.weekmask, holidays=off)]
    if len(working) < max(n, 1):
        raise SalesForecastError.of(
            f"The business calendar has {len(working)} working days in the {SEARCHED} days after "
            f"{day:%Y-%m-%d}",
            f"At least {max(n, 1)}: trading weekdays that are no holiday",
            "Correct `calendar.trading_weekdays`, `calendar.holidays` or `calendar.country` of "
            "the unit",
        )
    found: date = working[max(n, 1) - 1].astype(object)
    return found


def last_day(month: str, calendar: Calendar) -> date:
    """Last day of a business month (YYYY-MM).

    >>> last_day("2026-12", Calendar(kind="4-4-5")), last_day("2026-12", Calendar())
    (datetime.date(2027, 1, 3), datetime.date(2026, 12, 31))
    """
    _, end = bound_months(np.array([month], dtype="datetime64[M]"), calendar)
    found: date = end[0].astype(object) - timedelta(days=1)
    return found
