"""Which series have come to an end.

A panel and a month enter; the series that ended and since when leave. The decision made here: only a series that sold
in nearly every month can be said to have ended, because in a lumpy or seasonal one silence is nothing new.
"""

from __future__ import annotations

import pandas as pd

SILENT = 3  # months without a sale
REGULAR = 0.9  # share of the months before with a sale
BEFORE = 12  # months, at least, that this share is taken over; at most two years


def find_ended(panel: pd.DataFrame, through: pd.Timestamp) -> pd.Series:
    """Months without a sale by unique_id, for the series that ended by `through`.

    `panel` holds unique_id, ds and y_raw; months that are missing altogether say nothing.

    >>> months = pd.date_range("2024-01-01", periods=16, freq="MS")
    >>> sold = pd.DataFrame({"unique_id": "a", "ds": months, "y_raw": [5.0] * 13 + [0.0] * 3})
    >>> find_ended(sold, months[-1]).to_dict(), find_ended(sold, months[-2]).to_dict()
    ({'a': 3}, {})
    """
    known = panel[panel["ds"] <= through].pivot(index="ds", columns="unique_id", values="y_raw").sort_index()
    return count_silent(known)


def count_silent(known: pd.DataFrame) -> pd.Series:
    """The same of a frame with a row per month and a column per series."""
    known = known.dropna(how="all")
    sells = known.gt(0).where(known.notna())
    silent = sells.eq(False).iloc[::-1].cumprod().sum().astype(int)
    return silent[[name for name in silent.index if _has_ended(sells[name].dropna(), int(silent[name]))]]


def _has_ended(sells: pd.Series, silent: int) -> bool:
    if silent < SILENT:
        return False
    before = sells.iloc[: len(sells) - silent].tail(2 * BEFORE)
    return bool(len(before) >= BEFORE and before.mean() >= REGULAR)
