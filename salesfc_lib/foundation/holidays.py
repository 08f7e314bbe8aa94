"""Days off of a country, and moving holidays: Chinese New Year, Easter and Ramadan.

The days come from the packages `holidays` and `dateutil`. A moving holiday is a window of days
around its own day. A month holds the share of the window that falls in it, so that the shares of a
year add up to one wherever the holiday falls. A unit that declares no moving holidays has those
that its days off keep.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta

import numpy as np
from dateutil.easter import easter

from salesfc_lib.foundation.schema import Calendar

# first and last day of each window, counted from the holiday's own day
WINDOWS = {"chinese_new_year": (-14, 7), "easter": (-7, 1), "ramadan": (0, 29)}
# days off, counted from the holiday's own day, which show that it is kept, and how many of them:
# other holidays fall near it too
KEPT = {
    "chinese_new_year": (range(-1, 7), 2),
    "easter": ((-2, 1), 1),
    "ramadan": (range(28, 34), 1),
}


def list_days_off(calendar: Calendar, first: np.ndarray, end: np.ndarray) -> list[str]:
    """Days off (YYYY-MM-DD, sorted) that `calendar` declares, with those of its country.

    The country's are its public holidays and the days taken off in exchange, of the years from the
    first day of `first` to the last of `end` (datetime64[D]). What is not yet proclaimed for a
    coming year is not in the package either.

    >>> days = np.array(["2026-01-01", "2026-03-01"], dtype="datetime64[D]")
    >>> list_days_off(Calendar(country="CN", holidays=["2026-03-06"]), days[:1], days[1:])[1:3]
    ['2026-01-02', '2026-02-16']
    """
    if calendar.country is None or not len(first):
        return list(calendar.holidays)
    import holidays

    country, _, part = calendar.country.partition("-")
    years = range(first.min().astype(object).year, end.max().astype(object).year + 1)
    off = holidays.country_holidays(country, subdiv=part or None, years=years)
    return sorted({*calendar.holidays, *(day.isoformat() for day in off)})


def share_of_festival(name: str, first: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Share of a festival's window in each month (n_months,).

    A month spans `first` to the day before `end` (datetime64[D]).

    >>> months = np.array(["2026-01-01", "2026-02-01", "2026-03-01"], dtype="datetime64[D]")
    >>> share_of_festival("chinese_new_year", months[:-1], months[1:]).round(2)
    array([0., 1.])
    """
    if not len(first):
        return np.zeros(0)
    years = range(first.min().astype(object).year - 1, end.max().astype(object).year + 2)
    before, after = WINDOWS[name]
    shares = np.zeros(len(first))
    for day in (day for year in years for day in FESTIVALS[name](year)):
        begin, stop = (np.datetime64(day + timedelta(add)) for add in (before, after + 1))
        overlap = (np.minimum(end, stop) - np.maximum(first, begin)).astype(np.int64)
        shares += np.clip(overlap, 0, None) / (after - before + 1)
    return shares


def list_observed(holidays: Iterable[str]) -> list[str]:
    """Festivals that a list of holidays (YYYY-MM-DD) keeps, in at least half of its years.

    >>> list_observed(["2025-01-01", "2025-01-28", "2025-01-29"]), list_observed(["2026-04-03"])
    (['chinese_new_year'], ['easter'])
    """
    off = {date.fromisoformat(day) for day in holidays}
    years = {day.year for day in off}
    return [
        name
        for name in FESTIVALS
        if years and sum(_is_kept(name, year, off) for year in years) >= len(years) / 2
    ]


def _is_kept(name: str, year: int, off: Collection[date]) -> bool:
    days, least = KEPT[name]
    kept = [sum(day + timedelta(add) in off for add in days) for day in FESTIVALS[name](year)]
    return any(count >= least for count in kept)


def _chinese_new_year(year: int) -> list[date]:
    from holidays.calendars.chinese import _ChineseLunisolar

    day, _ = _ChineseLunisolar().lunar_new_year_date(year)
    return [] if day is None else [day]


def _ramadan(year: int) -> list[date]:
    """First days of the months of fasting that begin in a year: one, in some years two."""
    from holidays.calendars.islamic import _IslamicLunar

    days = {day for day, _ in _IslamicLunar().ramadan_beginning_dates(year)}
    return sorted(day for day in days if day.year == year)


FESTIVALS: dict[str, Callable[[int], list[date]]] = {
    "chinese_new_year": _chinese_new_year,
    "easter": lambda year: [easter(year)],
    "ramadan": _ramadan,
}
