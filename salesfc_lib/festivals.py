"""Holidays that move: Chinese New Year, Easter and Ramadan, and the share of each that falls in a month.

Months and the days that they span enter; one number a month leaves. The decision made here: a festival is a window of days
around its day, and a month holds the share of the window that falls in it, so that a year's shares add up to one wherever
the festival falls. A unit that
declares none has those that its list of holidays keeps. Dates come from `lunardate`, `dateutil` and `hijridate`: none is typed here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta

import numpy as np

WINDOWS = {"chinese_new_year": (-14, 7), "easter": (-7, 1), "ramadan": (0, 29)}  # first and last day, from the festival's own day
# days off that tell that a festival is kept, from its own day, and how many of them: others' holidays fall near it too
KEPT = {"chinese_new_year": (range(-1, 7), 2), "easter": ((-2, 1), 1), "ramadan": (range(28, 34), 1)}


def share_of_festival(name: str, first: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Share of a festival's window in each month (n_months,); a month spans `first` to the day before `end` (datetime64[D]).

    >>> months = np.array(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"], dtype="datetime64[D]")
    >>> share_of_festival("chinese_new_year", months[:-1], months[1:]).round(2)
    array([0., 1., 0.])
    """
    if not len(first):
        return np.zeros(0)
    years = range(first.min().astype(object).year - 1, end.max().astype(object).year + 2)
    before, after = WINDOWS[name]
    shares = np.zeros(len(first))
    for day in (day for year in years for day in FESTIVALS[name](year)):
        begin, stop = np.datetime64(day + timedelta(before)), np.datetime64(day + timedelta(after + 1))
        overlap = (np.minimum(end, stop) - np.maximum(first, begin)).astype(np.int64)
        shares += np.clip(overlap, 0, None) / (after - before + 1)
    return shares


def list_observed(holidays: Iterable[str]) -> list[str]:
    """Names of the festivals that a list of holidays (YYYY-MM-DD) keeps: in at least half of the years that it has a day of.

    >>> list_observed(["2025-01-01", "2025-01-28", "2025-01-29"]), list_observed(["2026-04-03", "2026-04-06"]), list_observed([])
    (['chinese_new_year'], ['easter'], [])
    """
    off = {date.fromisoformat(day) for day in holidays}
    years = {day.year for day in off}
    return [name for name in FESTIVALS if years and sum(_is_kept(name, year, off) for year in years) >= len(years) / 2]


def _is_kept(name: str, year: int, off: Collection[date]) -> bool:
    days, least = KEPT[name]
    return any(sum(day + timedelta(add) in off for add in days) >= least for day in FESTIVALS[name](year))


def _chinese_new_year(year: int) -> list[date]:
    from lunardate import LunarDate

    return [LunarDate(year, 1, 1).to_solar_date()] if 1900 <= year <= 2099 else []


def _easter(year: int) -> list[date]:
    from dateutil.easter import easter

    return [easter(year)]


def _ramadan(year: int) -> list[date]:
    """First days of the months of fasting that begin in a year: one, in some years two."""
    from hijridate import Gregorian, Hijri

    if not 1925 <= year <= 2076:
        return []
    islamic = Gregorian(year, 1, 1).to_hijri().year
    days = [Hijri(each, 9, 1).to_gregorian() for each in (islamic, islamic + 1)]
    return [date(day.year, day.month, day.day) for day in days if day.year == year]


FESTIVALS: dict[str, Callable[[int], list[date]]] = {"chinese_new_year": _chinese_new_year, "easter": _easter, "ramadan": _ramadan}
