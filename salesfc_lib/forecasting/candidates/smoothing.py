"""Exponential smoothing of seasonally adjusted months: level, trend, aggregation.

The season is the shrunken one of the panel (`smoothing.seasonality`), a factor or, in the
candidates named additive, an addend; what is left is smoothed over a grid of parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing.recursions import slope, smooth_levels, smooth_trends
from salesfc_lib.forecasting.smoothing.seasonality import adjust
from salesfc_lib.foundation import nan_mean

TREND_GRID = product(tuning.TREND_ALPHAS, tuning.TREND_BETAS, tuning.TREND_PHIS)
TREND_ALPHA, TREND_BETA, TREND_PHI = np.array(list(TREND_GRID)).T

Smoother = Callable[[np.ndarray, int], np.ndarray]
Forecast = Callable[[History, int], np.ndarray]


def seasonal(smoother: Smoother, *, relative: bool) -> Forecast:
    """The forecast of a smoother of adjusted months, with its season put back."""

    def forecast(history: History, horizon: int) -> np.ndarray:
        adjusted = adjust(history, horizon, relative=relative)
        return adjusted.restore(smoother(adjusted.y, horizon))

    return forecast


def smooth_as_is(smoother: Smoother) -> Forecast:
    """The forecast of a smoother of the months as they are, without a season."""
    return lambda history, horizon: smoother(history.y, horizon)


def level(y: np.ndarray, horizon: int) -> np.ndarray:
    """The smoothed level (n, horizon) of adjusted months (n, T)."""
    return np.repeat(smooth_levels(y).mean_level[:, None], horizon, axis=1)


def theta(y: np.ndarray, horizon: int) -> np.ndarray:
    """The smoothed level plus half the linear trend.

    Assimakopoulos and Nikolopoulos (2000), https://doi.org/10.1016/S0169-2070(00)00066-2, in the
    form of Hyndman and Billah (2003), https://doi.org/10.1016/S0169-2070(01)00143-1.
    """
    trend = tuning.THETA_SLOPE * slope(y)[:, None] * np.arange(1, horizon + 1)
    return smooth_levels(y).mean_level[:, None] + trend


def damped_trend(y: np.ndarray, horizon: int) -> np.ndarray:
    """Damped trend smoothing, the mean over a grid: level + (phi + ... + phi^h) trend."""
    states = smooth_trends(y, alpha=TREND_ALPHA, beta=TREND_BETA, phi=TREND_PHI)
    reach = np.cumsum(TREND_PHI[:, None] ** np.arange(1, horizon + 1), axis=1)
    return np.asarray(states.mean_level[:, None] + (states.weight * states.trend) @ reach)


def aggregation(y: np.ndarray, horizon: int) -> np.ndarray:
    """Level and a quarter of the trend at every span of months, averaged.

    Kourentzes, Petropoulos and Trapero (2014), https://doi.org/10.1016/j.ijforecast.2013.09.006.
    """
    ahead = np.arange(1, horizon + 1)
    parts = []
    for span in tuning.AGGREGATION_SPANS:
        blocks = add_up(y, span)
        change = tuning.AGGREGATION_SLOPE * slope(blocks) / span
        smoothed = smooth_levels(blocks, start=max(1, tuning.LEVEL_START // span)).mean_level
        parts.append(smoothed[:, None] + change[:, None] * ahead)
    return np.asarray(np.mean(parts, axis=0))


def add_up(y: np.ndarray, span: int) -> np.ndarray:
    """Means of `span` months, counted from the last (n, T // span); recent mean under two blocks.

    >>> add_up(np.array([[9.0, 1.0, 3.0, 5.0, 7.0]]), 2).tolist()
    [[2.0, 6.0]]
    """
    n, width = y.shape
    blocks = y[:, width % span :].reshape(n, width // span, span).mean(axis=2)
    few = np.isfinite(blocks).sum(axis=1) < 2
    if not blocks.shape[1]:
        return nan_mean(y, 1, keepdims=True)
    blocks[few] = np.nan
    blocks[few, -1] = nan_mean(y[few, -span:], 1)
    return np.asarray(blocks)
