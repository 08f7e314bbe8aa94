"""Business months: calendar months, or the 4-4-5, 4-5-4 and 5-4-4 periods of weeks.

A period has the name of a calendar month, so that `ds` is the first day of a month in every table.
Its year begins on the declared weekday nearest to a declared date; a 53rd week belongs to the
year's last period.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.schema import Calendar

SEASON = 12  # months of a year: the period of every seasonal model here
YEARS = (1978, 2102)  # of the periods: cleaning takes no day before 1980 or after 2099


def label_months(days: np.ndarray, calendar: Calendar) -> np.ndarray:
    """Business month (datetime64[M], NaT for NaT) of each day.

    >>> fiscal = Calendar(kind="4-4-5", year_begins="01-01", week_begins="monday")
    >>> days = np.array(["2024-12-29", "2024-12-30", "2025-01-27"], dtype="datetime64[D]")
    >>> label_months(days, fiscal).astype(str).tolist()
    ['2024-12', '2025-01', '2025-02']
    """
    if calendar.kind == "months":
        return days.astype("datetime64[M]")
    starts, labels = _list_periods(calendar)
    exact = days.astype("datetime64[D]")
    place = np.searchsorted(starts, np.where(np.isnat(exact), starts[0], exact), side="right") - 1
    if (place < 0).any() or (exact[~np.isnat(exact)] >= starts[-1]).any():
        raise SalesForecastError.of(
            "A day lies outside the business calendar",
            f"A day of the years {YEARS[0]} to {YEARS[1]}",
            "Correct it",
        )
    return np.where(np.isnat(exact), np.datetime64("NaT", "M"), labels[place])


def bound_months(months: np.ndarray, calendar: Calendar) -> tuple[np.ndarray, np.ndarray]:
    """First day of each business month, and the first day after it (datetime64[D]).

    >>> fiscal = Calendar(kind="4-4-5", year_begins="01-01", week_begins="monday")
    >>> bound_months(np.array(["2026-12"], dtype="datetime64[M]"), fiscal)
    (array(['2026-11-23'], dtype='datetime64[D]'), array(['2027-01-04'], dtype='datetime64[D]'))
    """
    months = np.asarray(months, dtype="datetime64[M]")
    if calendar.kind == "months":
        return months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
    starts, labels = _list_periods(calendar)
    place = np.searchsorted(labels, months)
    return starts[place], starts[place + 1]


def count_trading_days(
    months: np.ndarray, holidays: Sequence[str] = (), calendar: Calendar | None = None
) -> np.ndarray:
    """The calendar's trading weekdays of each business month (datetime64[M]), without holidays.

    >>> months = np.array(["2026-01", "2026-02"], dtype="datetime64[M]")
    >>> count_trading_days(months, ["2026-01-01", "2026-01-03"])
    array([21, 20])
    """
    try:
        off = np.array(list(holidays), dtype="datetime64[D]")
    except ValueError as error:
        raise SalesForecastError.of(
            f"`calendar.holidays` holds a date that cannot be read: {error}",
            "YYYY-MM-DD",
            "Correct it in the unit's parameter file",
        ) from error
    calendar = calendar or Calendar()
    bounds = bound_months(months, calendar)
    return np.busday_count(*bounds, weekmask=calendar.weekmask, holidays=off)


def month_of(rows: pd.DataFrame) -> pd.Series:
    """Business month of each transaction (first day); the calendar's where cleaning set none."""
    return rows["month"] if "month" in rows else rows["date"].dt.to_period("M").dt.to_timestamp()


def _list_periods(calendar: Calendar) -> tuple[np.ndarray, np.ndarray]:
    """First days of all periods, ascending, and the day after the last; the month of each."""
    begins = calendar.year_begins
    years = np.arange(YEARS[0], YEARS[1] + 1)
    anchors = np.array([f"{year}-{begins}" for year in years], dtype="datetime64[D]")
    weekday = calendar.week_begins[:3].title()  # the one nearest: the first from 3 days before on
    first = np.busday_offset(anchors - 3, 0, roll="forward", weekmask=weekday)
    quarter = [int(weeks) for weeks in calendar.kind.split("-")]
    offsets = np.concatenate([[0], np.cumsum(quarter * 4)[:-1]]) * 7
    starts = (first[:-1, None] + offsets).ravel()
    labels = (anchors[:-1, None].astype("datetime64[M]") + np.arange(12)).ravel()
    return np.append(starts, first[-1]), labels
