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
from salesfc_lib.foundation import Calendar, Parameters, bound_months, label_months, wording
from salesfc_lib.intake import Issue

MISSING_MONTH = "missing_month"
SUBSTANTIAL = 0.25  # share of a usual month's lines


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


def closed_through(parameters: Parameters, latest: pd.Timestamp) -> str:
    """The latest closed month: as declared, else the month before that of the latest line."""
    if parameters.calendar.closed_through is not None:
        return parameters.calendar.closed_through
    return str(label_months(np.array([latest], dtype="datetime64[D]"), parameters.calendar)[0] - 1)


def check_closed(month: str, closed: str) -> None:
    """Raise `SalesForecastError` if the month is not closed yet."""
    if month > closed:
        raise SalesForecastError.of(
            f"The month {month} is not closed",
            f"A month through {closed}, the latest that is closed in this unit's data",
            f"Run {closed}, wait for the month's last rows, or set `calendar.closed_through`",
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
    reason = (
        "no row at all: models get an estimate there; if the unit was closed, list it under "
        "`calendar.closed_months`"
    )
    example = wording.listing(missing)
    more = {"source": source, "example": example}
    return batch.report(Issue(MISSING_MONTH, reason, 0, len(missing), **more))


def take_later(batch: Batch, month: str) -> Batch:
    """Batch without lines that belong to a later month or were not known by the end of this one."""
    end = bound_months(np.array([month], dtype="datetime64[M]"), batch.calendar)[1][0]
    later = (batch.lines["date"].to_numpy() >= end) | (batch.lines["known"].to_numpy() >= end)
    reason = f"dated after {month}: not lost, it counts in its own month"
    return batch.drop(AFTER_MONTH, np.flatnonzero(later), reason)
