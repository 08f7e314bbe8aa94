"""Daily sales of all series as arrays, by the days of past months and of the month in progress.

Long frames and the calendar enter; arrays of sales by series and day, and what is known of each
day, leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.foundation import Calendar, bound_months, holidays, label_months
from salesfc_lib.panel import build_series, list_levels, summing_matrix

MOST_MONTHS = 36  # past months that a profile is learnt from
FESTIVE = 0.2  # share of a moving holiday's days that makes a month unlike others


@dataclass(frozen=True)
class Days:
    """Days (n_days,) datetime64[D] of past months and, last, of the month in progress.

    month: (n_days,) the place of each day's month, from 0; weekday: from Monday 0; off: no trading
    day by the calendar's holidays; festive: (n_months,) months of a moving holiday.
    """

    days: np.ndarray
    month: np.ndarray
    weekday: np.ndarray
    off: np.ndarray
    festive: np.ndarray

    @property
    def n_past(self) -> int:
        return len(self.festive) - 1

    def of(self, month: int) -> slice:
        """Places of a month's days."""
        begin, end = np.searchsorted(self.month, [month, month + 1])
        return slice(int(begin), int(end))


def lay_days(first: np.datetime64, month: str, calendar: Calendar) -> Days:
    """Days of at most `MOST_MONTHS` whole months from a first day on, and of the month."""
    last = np.datetime64(month, "M")
    begin = label_months(np.array([first], dtype="datetime64[D]"), calendar)[0]
    begin += int(bound_months(np.array([begin]), calendar)[0][0] < first)
    months = np.arange(max(min(begin, last), last - MOST_MONTHS), last + 1)
    starts, ends = bound_months(months, calendar)
    days = np.arange(starts[0], ends[-1])
    off = holidays.list_days_off(calendar, starts, ends)
    moving = calendar.moving_holidays
    festivals = holidays.list_observed(off) if moving is None else moving
    shares = [holidays.share_of_festival(name, starts, ends) for name in festivals]
    return Days(
        days=days,
        month=np.searchsorted(ends, days, side="right"),
        weekday=(days.astype(np.int64) + 3) % 7,
        off=np.isin(days, np.array(off, dtype="datetime64[D]")),
        festive=np.max([np.zeros(len(months)), *shares], axis=0) > FESTIVE,
    )


@dataclass(frozen=True)
class Layout:
    """Series, the widest first, and their daily sales: y (n_series, n_days); `contains` (n_series,
    n_bottom) of flags, which bottoms make up a series; bottom: (n_bottom,) their rows. Bottom
    series that sold first after the forecast was made stand among them, without a forecast.
    """

    series: pd.DataFrame
    contains: np.ndarray
    bottom: np.ndarray
    y: np.ndarray

    @property
    def ids(self) -> pd.Index:
        return pd.Index(self.series["unique_id"])


def lay_out(daily: pd.DataFrame, series: pd.DataFrame, days: Days) -> Layout:
    """Sales of the series and of those that are new, by day; sales of other days are left out."""
    levels = list_levels(series)
    every = _with_new(daily, series, levels)
    summing = summing_matrix(every, levels)
    rows = every.iloc[summing.bottom]
    at = _find_bottoms(daily, rows, levels[[*levels][-1]])
    place = (daily["date"].to_numpy().astype("datetime64[D]") - days.days[0]).astype(np.int64)
    inside = (place >= 0) & (place < len(days.days))
    sold = np.zeros((len(rows), len(days.days)))
    np.add.at(sold, (at[inside], place[inside]), daily["y"].to_numpy(float)[inside])
    contains, y = summing.matrix.toarray() > 0, summing.matrix @ sold
    order = np.argsort(np.arange(len(every)) != contains.sum(axis=1).argmax(), kind="stable")
    bottom = np.argsort(order)[summing.bottom]
    return Layout(every.iloc[order].reset_index(drop=True), contains[order], bottom, y[order])


def _with_new(
    daily: pd.DataFrame, series: pd.DataFrame, levels: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    dimensions = [*levels][-1:] and levels[[*levels][-1]]
    if not dimensions:
        return series
    keys = daily[[*dimensions]].drop_duplicates()
    more = build_series(keys, levels) if len(keys) else series.iloc[:0]
    new = more[~more["unique_id"].isin(series["unique_id"])]
    return pd.concat([series, new], ignore_index=True) if len(new) else series


def _find_bottoms(daily: pd.DataFrame, rows: pd.DataFrame, dimensions: Sequence[str]) -> np.ndarray:
    """Place among the bottom series of each row of sales."""
    if not dimensions:
        return np.zeros(len(daily), dtype=np.intp)
    known = pd.MultiIndex.from_frame(rows[[*dimensions]].astype(str))
    return known.get_indexer(pd.MultiIndex.from_frame(daily[[*dimensions]].astype(str)))
