"""Forecasts without a fitted model: rows enter, forecasts (n, horizon) leave."""

from __future__ import annotations

import numpy as np

from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import TWO_YEARS_BOUNDS
from salesfc_lib.foundation import SEASON, nan_mean


def seasonal_naive(history: History, horizon: int) -> np.ndarray:
    """y_hat(t + h) = y(t + h - 12 k) with the smallest k that is known."""
    return _repeat(history.y[:, -SEASON:], horizon)


def growth(
    history: History, horizon: int, *, damping: float = 0.5, limit: float = 0.3
) -> np.ndarray:
    """Last year's month times its growth over the year before, within +-`limit`, times `damping`.

    A forecast more than a year ahead grows once for each year.
    """
    last = history.y[:, -SEASON:].sum(axis=1)
    before = history.y[:, -2 * SEASON : -SEASON].sum(axis=1)
    usable = (last > 0) & (before > 0)
    rate = np.clip(np.where(usable, last / np.where(usable, before, 1.0) - 1, 0.0), -limit, limit)
    years = np.arange(horizon) // SEASON + 1
    return seasonal_naive(history, horizon) * (1 + damping * rate[:, None]) ** years


def two_years(history: History, horizon: int) -> np.ndarray:
    """Mean of last year's month and the year before's, the latter scaled to last year's level."""
    last, before = history.y[:, -SEASON:], history.y[:, -2 * SEASON : -SEASON]
    now, then = last.mean(axis=1, keepdims=True), before.mean(axis=1, keepdims=True)
    usable = (now > 0) & (then > 0)
    level = np.clip(np.where(usable, now / np.where(usable, then, 1.0), 1.0), *TWO_YEARS_BOUNDS)
    return _repeat((last + before * level) / 2, horizon)


def recent_mean(history: History, horizon: int, *, months: int = SEASON) -> np.ndarray:
    """The mean of the last `months` months, or of as many as there are."""
    recent = history.y[:, -months:]
    return np.repeat(nan_mean(recent, 1)[:, None], horizon, axis=1)


def _repeat(year: np.ndarray, horizon: int) -> np.ndarray:
    """Twelve months (n, 12) over and over (n, horizon)."""
    return year[:, np.arange(horizon) % SEASON]
