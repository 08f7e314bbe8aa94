"""Daily sales of a unit's bottom series, of past months and of the month in progress.

Sources enter; sums by day leave, by the unit's own rules and in its measure, with the last day that
the export is complete for. A line counts from the day on which it was known, so that past months
look as they looked then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from salesfc_lib.cleaning import drop_cancelled, group_numbers, read_all, standardise, sum_units
from salesfc_lib.foundation import Calendar, Parameters, bound_months, label_months

LEAST_GAP = 3  # days without a line that no unit's lines are taken for strays after
YEAR = 366  # days whose gaps count


@dataclass(frozen=True)
class MonthToDate:
    """Sales by day and bottom series: `daily` has the bottom's dimensions, `date` and `y`.

    month: the month in progress, 'YYYY-MM'; covered: the last day of it that all sales are known
    for, the day before its first where none is; gap: the most days from one with lines to the next
    in the year before.
    """

    month: str
    daily: pd.DataFrame
    covered: pd.Timestamp
    gap: int = LEAST_GAP


def read_month_to_date(
    parameters: Parameters, project: Path, month: str, *, today: date | None = None
) -> MonthToDate:
    """Daily sales through `month`, the month in progress, from the unit's sources.

    The latest day with lines may hold a part of its sales only: it is not covered, unless the month
    is over. Lines dated after `today`, and single ones long after all others, cover nothing.

    Raises `SalesForecastError` as cleaning does.
    """
    done = standardise(parameters, read_all(parameters, project))
    lines, scale = drop_cancelled(done.batch, month).lines, done.batch.scales
    if parameters.measure.returns == "apart":
        lines = lines[lines["kind"].ne("return").to_numpy()]
    dimensions, value = parameters.levels[parameters.bottom], parameters.measure.value
    daily = _sum_days(lines, dimensions, value, 10 ** scale[value])
    days = np.unique(daily["date"].to_numpy().astype("datetime64[D]"))
    covered = find_covered(days, month, parameters.calendar, today=today)
    kept = _keep_known(daily, month, parameters.calendar)
    return MonthToDate(month, kept, covered, _find_gap(days, month, parameters.calendar))


def find_covered(
    days: np.ndarray, month: str, calendar: Calendar, *, today: date | None = None
) -> pd.Timestamp:
    """The last day of the month that is complete, by the days that have lines (sorted).

    >>> days = np.arange("2026-06-01", "2026-07-10", dtype="datetime64[D]")
    >>> find_covered(days, "2026-07", Calendar())
    Timestamp('2026-07-08 00:00:00')
    """
    first, after = (each[0] for each in bound_months(np.array([month], "datetime64[M]"), calendar))
    own = days if today is None else days[days <= np.datetime64(today, "D")]
    widest = _find_gap(own, month, calendar)
    while len(own) > 1 and (own[-1] - own[-2]).astype(int) > widest:
        own = own[:-1]
    if not len(own) or own[-1] < first:
        return pd.Timestamp(first - 1)
    return pd.Timestamp(min(own[-1], after) - 1)


def _find_gap(days: np.ndarray, month: str, calendar: Calendar) -> int:
    """Most days from one with lines to the next before the month, at least `LEAST_GAP`."""
    first = bound_months(np.array([month], "datetime64[M]"), calendar)[0][0]
    gaps = np.diff(days[days < first][-YEAR:]).astype(np.int64)
    return max(int(gaps.max(initial=0)), LEAST_GAP)


def _sum_days(lines: pd.DataFrame, dimensions: list[str], value: str, units: int) -> pd.DataFrame:
    """Sums by day and members, exact until they are floats; `dated`: the day they belong to."""
    known = np.maximum(lines["date"].to_numpy(), lines["known"].to_numpy())
    placed = lines[[*dimensions]].assign(date=known, dated=lines["date"].to_numpy())
    group, firsts = group_numbers(placed, [*dimensions, "date", "dated"])
    sums = sum_units(lines[value].to_numpy(), group, len(firsts))
    texts = dict.fromkeys(dimensions, object)
    frame = placed.iloc[firsts].astype(texts).reset_index(drop=True)
    return frame.assign(y=np.asarray(sums, dtype=float) / units)


def _keep_known(daily: pd.DataFrame, month: str, calendar: Calendar) -> pd.DataFrame:
    """Days through the month, without what was known only after the month it belongs to."""
    days = {name: daily[name].to_numpy().astype("datetime64[D]") for name in ("date", "dated")}
    known, dated = (label_months(each, calendar) for each in days.values())
    kept = (known == dated) & (known <= np.datetime64(month, "M"))
    return daily[kept].drop(columns="dated").reset_index(drop=True)
