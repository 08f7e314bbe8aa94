"""Estimates of missing months from earlier months only, so that no cutoff sees later sales."""

from __future__ import annotations

import numpy as np

from salesfc_lib.foundation import SEASON, nan_mean

RECENT_MONTHS = 3  # months that say what a series' level is. Not tuned: a quarter


def fill_forward(y: np.ndarray) -> np.ndarray:
    """Copy of y (n, T) without NaN from each row's first value on.

    A gap gets the same month last year times the growth of the three months before over the same
    months a year earlier (between half and double; 1 where last year's month was estimated itself).
    Without last year's month it gets the mean of the three months before.

    >>> fill_forward(np.array([[np.nan, 1.0, np.nan, 3.0]])).tolist()
    [[nan, 1.0, 1.0, 3.0]]
    """
    y = y.astype(float, copy=True)
    begun = np.isfinite(y).cumsum(axis=1) > 0
    gaps = begun & np.isnan(y)
    for column in np.flatnonzero(gaps.any(axis=0)):
        rows = np.flatnonzero(gaps[:, column])
        y[rows, column] = estimate_month(y[rows, :column], estimated=gaps[rows, :column])
    return y


def estimate_month(before: np.ndarray, estimated: np.ndarray) -> np.ndarray:
    """Value (n,) of the month after `before` (n, T), some of it `estimated`; NaN without any."""
    level = nan_mean(before[:, -RECENT_MONTHS:], 1)
    if before.shape[1] < SEASON:
        return level
    year_ago = before[:, -SEASON]
    level_then = nan_mean(before[:, -SEASON - RECENT_MONTHS : -SEASON], 1)
    usable = (level > 0) & (level_then > 0) & ~estimated[:, -SEASON]
    growth = np.where(usable, np.clip(level / np.where(usable, level_then, 1.0), 0.5, 2.0), 1.0)
    return np.where(np.isnan(year_ago), level, year_ago * growth)
