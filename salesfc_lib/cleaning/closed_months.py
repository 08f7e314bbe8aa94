"""The month gate: which month is closed, and what belongs to it.

Dates of lines enter; the latest closed month leaves, and lines are taken that a month must not see. The decision made here: a
few dates typed a year ahead do not open the gate. A month counts as reached if it holds at least a quarter of a usual
month's lines, or follows directly on a month that counts (the first days of a running month). A month without any row is told,
and stays unknown.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Calendar, Parameters, bound_months, label_months, wording

MISSING_MONTH = "missing_month"
SUBSTANTIAL = 0.25  # share of a usual month's lines


def find_latest(dates: pd.Series, calendar: Calendar | None = None) -> pd.Timestamp:
    """The latest day of the last month that counts as reached; NaT without dates.

    >>> find_latest(pd.to_datetime(pd.Series(["2024-01-05", "2024-02-03", "2025-02-01"] + ["2024-01-31"] * 30)))
    Timestamp('2024-02-03 00:00:00')
    """
    days = dates.dropna().to_numpy().astype("datetime64[D]")
    if not len(days):
        return pd.NaT
    months = label_months(days, calendar or Calendar()).astype(np.int64)
    counts = np.bincount(months - months.min())
    usual = _weighted_median(
        counts
    )  # lines in the month of a typical line: stray months hardly weigh in it
    last = int(np.flatnonzero(counts >= SUBSTANTIAL * usual).max())
    while last + 1 < len(counts) and counts[last + 1]:
        last += 1
    return pd.Timestamp(days[months == last + months.min()].max())


def _weighted_median(counts: np.ndarray) -> int:
    """Median over lines of the number of lines in their month."""
    ordered = np.sort(counts)
    return int(ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)])


def closed_through(parameters: Parameters, latest: pd.Timestamp) -> str:
    """The latest closed month: what the unit says, else the month before that of its latest line."""
    if parameters.calendar.closed_through is not None:
        return parameters.calendar.closed_through
    return str(label_months(np.array([latest], dtype="datetime64[D]"), parameters.calendar)[0] - 1)


def check_closed(month: str, closed: str) -> None:
    """Raise `SalesForecastError` if the month is not closed yet."""
    if month > closed:
        raise SalesForecastError.say(
            f"The month {month} is not closed",
            f"A month through {closed}, the latest that is closed in this unit's data",
            f"Run {closed}, wait for the month's last rows, or set `calendar.closed_through`",
        )


def note_missing_months(account: Account, parameters: Parameters, through: str) -> Account:
    """Account whose problems name the months without any row, from the first month on, in which the unit was not closed."""
    sold = account.lines["month"].dropna().to_numpy().astype("datetime64[M]")
    last = np.datetime64(through, "M")
    if not len(sold) or sold.min() > last:
        return account
    seen = np.bincount(
        (sold - sold.min()).astype(np.int64), minlength=int((last - sold.min()).astype(int)) + 1
    )
    months = sold.min() + np.flatnonzero(seen == 0)
    missing = [
        str(month)
        for month in months[months <= last]
        if str(month) not in parameters.calendar.closed_months
    ]
    if not missing:
        return account
    return account.see(
        {
            "source": next(
                name for name, source in parameters.sources.items() if source.role == "orders"
            ),
            "rule": MISSING_MONTH,
            "column": "",
            "action": "noted",
            "rows": len(missing),
            "first_row": 0,
            "example": wording.listing(missing),
            "reason": "no row at all: models get an estimate there; if the unit was closed, list it under `calendar.closed_months`",
        }
    )


def take_later(account: Account, month: str) -> Account:
    """Account without lines that belong to a later month or were not known by the end of this one."""
    end = bound_months(np.array([month], dtype="datetime64[M]"), account.calendar)[1][0]
    later = (account.lines["date"].to_numpy() >= end) | (account.lines["known"].to_numpy() >= end)
    reason = f"dated after {month}: not lost, it counts in its own month"
    return account.apply(Finding("after_month", "drop", np.flatnonzero(later), reason))
