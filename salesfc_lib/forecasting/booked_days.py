"""Which weekdays a month's sales are booked on, by the evidence of the months themselves.

Companies that book weeks on their last day have months of four or five Fridays, which no season
explains. Sales and months of a bare panel enter; the weekdays that count leave.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.tuning import BOOKED_RATIO, BOOKED_T
from salesfc_lib.foundation import SEASON

WEEKDAYS = "1111100"  # Monday to Friday, as numpy writes it
TERMS = 3  # constant, trend, count
LEAST_VARIANCE = 1e-12  # of a month around the line: a perfect fit is no infinite t
MASKS = (WEEKDAYS, "1111110", "0000110", *("0" * day + "1" + "0" * (6 - day) for day in range(7)))


def find_booked_days(y: np.ndarray, last: np.ndarray, usual: str = WEEKDAYS) -> str:
    """Weekdays, as a numpy weekmask, whose number in a month sales (n, T) follow; `last` (n,).

    They are found once, of all that is known now, like a calendar that a unit declares. The
    `usual` ones unless another count explains the changes over a year with a t of at least 5,
    and 1.25 times as well. A month is one observation, however many series there are: the mean over
    series of the change relative to both months, on a constant, a trend and the relative change of
    the count.
    """
    months, change = _changes(y, last)
    if len(months) <= TERMS:
        return usual
    t = {mask: _t(change, months, mask) for mask in dict.fromkeys((usual, *MASKS))}
    best = max(MASKS, key=lambda mask: t[mask])
    enough = t[best] >= BOOKED_T and t[best] >= BOOKED_RATIO * t[usual]
    return best if enough else usual


def count_days(months: np.ndarray, mask: str) -> np.ndarray:
    """Days of a weekmask in each month (datetime64[M])."""
    first = months.astype("datetime64[D]")
    return np.busday_count(first, (months + 1).astype("datetime64[D]"), weekmask=mask).astype(float)


def _changes(y: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Months with a change over a year, and its mean over the series that sell steadily."""
    if y.shape[1] <= SEASON:
        return np.zeros(0, dtype="datetime64[M]"), np.zeros(0)
    regular = ~is_intermittent(y) & (y >= 0).all(axis=1, where=np.isfinite(y))
    now, then = y[regular, SEASON:], y[regular, :-SEASON]
    known = np.isfinite(now) & np.isfinite(then) & (now + then > 0)
    relative = np.where(known, 2 * (now - then) / np.where(known, now + then, 1.0), np.nan)
    month = last[regular].astype(int)[:, None] + np.arange(1 - now.shape[1], 1)
    distinct, place = np.unique(month, return_inverse=True)
    place = place.reshape(month.shape)[known]
    count = np.bincount(place, minlength=len(distinct))
    mean = np.bincount(place, relative[known], minlength=len(distinct)) / count.clip(1)
    return distinct[count > 0].astype("datetime64[M]"), mean[count > 0]


def _t(change: np.ndarray, months: np.ndarray, mask: str) -> float:
    """t of a count's change over a year in the mean change of sales; 0 where it never changes."""
    now, then = count_days(months, mask), count_days(months - SEASON, mask)
    moved = 2 * (now - then) / (now + then)
    time = np.arange(len(months)) - (len(months) - 1) / 2
    x = np.column_stack([np.ones(len(months)), time, moved])
    solved, _, rank, _ = np.linalg.lstsq(x, change, rcond=None)
    if rank < x.shape[1]:
        return 0.0
    rest = change - x @ solved
    variance = (rest @ rest) / (len(change) - x.shape[1])
    error = np.sqrt(max(variance, LEAST_VARIANCE) * np.linalg.inv(x.T @ x)[2, 2])
    return float(solved[2] / error)
