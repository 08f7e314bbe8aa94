"""Which month is closed, and what a closed month holds.

A few dates typed a year ahead do not make a month count: a month is reached if it holds at least a
quarter of a usual month's lines, or follows directly on a month that is (the first days of a
running month).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.exceptions import AFTER_MONTH
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Calendar, Parameters, bound_months, holidays, label_months, say
from salesfc_lib.intake import Issue

MISSING_MONTH = "missing_month"
SUBSTANTIAL = 0.25  # share of a usual month's lines
TRADED = 0.01  # share of the lines that makes a day of the week one of trade
THURSDAY = 3  # the weekday of 1 January 1970, from Monday 0


def find_latest(dates: pd.Series, calendar: Calendar | None = None) -> pd.Timestamp:
    """The latest day of the last month that is reached; NaT without dates.

    >>> days = ["2024-01-05", "2024-02-03", "2025-02-01"] + ["2024-01-31"] * 30
    >>> find_latest(pd.to_datetime(pd.Series(days)))
    Timestamp('2024-02-03 00:00:00')
    """
    days = dates.dropna().to_numpy().astype("datetime64[D]")
    if not len(days):
        return pd.NaT
    months = label_months(days, calendar or Calendar()).astype(np.int64)
    counts = np.bincount(months - months.min())
    ordered = np.sort(counts)  # usual: the month of a typical line; stray months hardly weigh in it
    usual = int(ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)])
    last = int(np.flatnonzero(counts >= SUBSTANTIAL * usual).max())
    while last + 1 < len(counts) and counts[last + 1]:
        last += 1
    return pd.Timestamp(days[months == last + months.min()].max())


def find_covered(dates: pd.Series, latest: pd.Timestamp, calendar: Calendar) -> pd.Timestamp:
    """The last day that lines dated through `latest` are complete for.

    It is the end of the latest day's month where the lines come by month (each is dated on the
    first day of one), or where they reach the month's last trading day: a weekday, or a day of the
    week that holds at least `TRADED` of the lines, that is no holiday.

    >>> days = pd.to_datetime(pd.Series(["2025-01-01", "2025-02-01"]))
    >>> find_covered(days, days.iloc[-1], Calendar())
    Timestamp('2025-02-28 00:00:00')
    """
    if latest is pd.NaT:
        return latest
    days = dates.dropna().to_numpy().astype("datetime64[D]")
    days = days[days <= np.datetime64(latest, "D")]
    month = label_months(days.max()[None], calendar)
    first, after = bound_months(month, calendar)
    stamps = np.unique(days)
    starts, _ = bound_months(label_months(stamps, calendar), calendar)
    by_month = len(stamps) > 1 and bool((stamps == starts).all())
    shares = np.bincount((days.astype(np.int64) + THURSDAY) % 7, minlength=7) / len(days)
    traded = shares >= TRADED
    traded[:5] = True
    off = np.array(holidays.list_days_off(calendar, first, after), dtype="datetime64[D]")
    last = np.busday_offset(after, -1, roll="forward", weekmask=traded, holidays=off)
    is_covered = by_month or days.max() >= last[0]
    return pd.Timestamp(after[0] - 1) if is_covered else latest


def closed_through(parameters: Parameters, covered: pd.Timestamp) -> str:
    """The latest closed month: as declared, else the latest that ends by the last covered day."""
    if parameters.calendar.closed_through is not None:
        return parameters.calendar.closed_through
    following = np.array([covered], dtype="datetime64[D]") + 1
    return str(label_months(following, parameters.calendar)[0] - 1)


def write_closed(month: str) -> str:
    """The line of a unit's file that declares the latest closed month."""
    return f'calendar: {{closed_through: "{month}"}}'


def check_closed(month: str, closed: str) -> None:
    """Raise `SalesForecastError` if the month is not closed yet."""
    if month > closed:
        raise SalesForecastError.of(
            f"The month {month} is not closed",
            f"A month through {closed}, the latest that is closed in this unit's data",
            f"Run {closed}, wait for the month's last rows, or, where {month} is complete, declare "
            f"`{write_closed(month)}`",
        )


def note_missing_months(batch: Batch, parameters: Parameters, through: str) -> Batch:
    """Batch with an issue of the months without any row in which the unit was not closed."""
    sold = batch.lines["month"].dropna().drop_duplicates().to_numpy().astype("datetime64[M]")
    if not len(sold):
        return batch
    months = np.arange(sold.min(), np.datetime64(through, "M") + 1)
    empty = map(str, months[~np.isin(months, sold)])
    missing = [month for month in empty if month not in parameters.calendar.closed_months]
    if not missing:
        return batch
    source = next(name for name, source in parameters.sources.items() if source.role == "orders")
    more = {"source": source, "example": say("example.months", months=missing)}
    reason = say("reason.missing_month")
    return batch.report(Issue(MISSING_MONTH, reason, 0, len(missing), **more))


def take_later(batch: Batch, month: str, closed: str) -> Batch:
    """Batch without lines that belong to a later month or were not known by the end of this one.

    Where `month` is the latest closed, it is said how the next is taken in.
    """
    end = bound_months(np.array([month], dtype="datetime64[M]"), batch.calendar)[1][0]
    later = (batch.lines["date"].to_numpy() >= end) | (batch.lines["known"].to_numpy() >= end)
    reason = say("reason.after_month", month=month)
    if month == closed:
        following = str(np.datetime64(month, "M") + 1)
        facts = {"month": month, "following": following, "line": write_closed(following)}
        reason = say("reason.after_month.next", **facts)
    return batch.drop(AFTER_MONTH, np.flatnonzero(later), reason)
