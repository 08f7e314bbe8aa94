"""Forecasts without a fitted model: last year's month, last year's month times growth, and the recent mean.

One series enters, its forecast leaves. The decision made here: growth is what companies do by hand today, with two
safeguards that they leave out: a limit on the growth of a year, and half of it in the forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from salesfc_lib.candidates.protocol import SEASON, Result, Window, forecast_each


def seasonal_naive(panel: pd.DataFrame, future: pd.DataFrame, cutoffs: Sequence[pd.Timestamp], horizon: int) -> Result:
    """The same month of the last year known: y_hat(t + h) = y(t + h - 12 k) with the smallest k that is known."""
    return forecast_each(panel, future, cutoffs=cutoffs, horizon=horizon, fit=_last_year, needed=SEASON)


def growth(
    panel: pd.DataFrame,
    future: pd.DataFrame,
    cutoffs: Sequence[pd.Timestamp],
    horizon: int,
    *,
    damping: float = 0.5,
    limit: float = 0.3,
) -> Result:
    """The same month last year times growth: (last 12 months / the 12 before - 1), within +-`limit`, times `damping`.

    A forecast more than a year ahead grows once for each year.
    """
    fit = partial(_grow, damping=damping, limit=limit)
    return forecast_each(panel, future, cutoffs=cutoffs, horizon=horizon, fit=fit, needed=2 * SEASON)


def recent_mean(
    panel: pd.DataFrame, future: pd.DataFrame, cutoffs: Sequence[pd.Timestamp], horizon: int, *, months: int = 12
) -> Result:
    """The mean of the last `months` months, or of as many as there are: works from the first month on."""
    fit = partial(_mean, months=months)
    return forecast_each(panel, future, cutoffs=cutoffs, horizon=horizon, fit=fit, needed=1)


def _last_year(window: Window, _: str) -> np.ndarray:
    return np.resize(window.y[-SEASON:], window.horizon)


def _grow(window: Window, unique_id: str, *, damping: float, limit: float) -> np.ndarray:
    last, before = window.y[-SEASON:].sum(), window.y[-2 * SEASON : -SEASON].sum()
    rate = np.clip(last / before - 1, -limit, limit) if last > 0 and before > 0 else 0.0
    years = np.arange(window.horizon) // SEASON + 1
    return _last_year(window, unique_id) * (1 + damping * rate) ** years


def _mean(window: Window, _: str, *, months: int) -> np.ndarray:
    return np.full(window.horizon, window.y[-months:].mean())
