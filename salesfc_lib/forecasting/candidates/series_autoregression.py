"""Autoregression of each series, shrunken to the panel's.

Rows enter, forecasts leave. A series' coefficients start from the panel's and move as far as its
own months ask for.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.forecasting.history import History, shift
from salesfc_lib.forecasting.smoothing.seasonality import adjust
from salesfc_lib.forecasting.tuning import OWN_LAGS, OWN_LIMIT, OWN_MIN_VARIANCE, OWN_PRIOR_MONTHS
from salesfc_lib.foundation import SEASON, nan_mean

BLOCK = 4000  # rows worked on at once


def forecast(history: History, horizon: int) -> np.ndarray:
    """Recursive forecasts y(t) = c + sum of b(k) y(t - k), adjusted, k = 1, 2, 3, 6."""
    adjusted = adjust(history, horizon, relative=True)
    base = nan_mean(adjusted.y[:, -2 * SEASON :], 1, keepdims=True)
    size = np.where(base == 0, 1.0, np.abs(base))
    z = np.clip((adjusted.y - base) / size, -OWN_LIMIT, OWN_LIMIT)
    left, right, variance = _sum_products(z)
    path = np.empty((len(z), horizon))
    for back in np.unique(history.back):
        rows = np.flatnonzero(history.back == back)
        equations = _solve(left[rows], right[rows], variance[rows])
        path[rows] = _go_on(z[rows], equations, horizon)
    return adjusted.restore(base + size * path)


def _sum_products(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X'X (n, p, p) and X'y (n, p) of each row's lags and constant, its months' variance (n,)."""
    n, terms = len(z), len(OWN_LAGS) + 1
    left, right, variance = np.empty((n, terms, terms)), np.empty((n, terms)), np.empty(n)
    for begin in range(0, n, BLOCK):
        rows = slice(begin, begin + BLOCK)
        x, y = _lagged(z[rows])
        left[rows] = np.matmul(x.transpose(0, 2, 1), x)
        right[rows] = np.einsum("ntp,nt->np", x, y)
        variance[rows] = (y**2).sum(axis=1) / x[:, :, -1].sum(axis=1).clip(1)
    return left, right, variance.clip(OWN_MIN_VARIANCE)


def _lagged(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lags and a constant (n, T, p), months explained (n, T); zero where one is missing."""
    x = np.stack([*(shift(z, lag) for lag in OWN_LAGS), np.ones_like(z)], axis=2)
    whole = np.isfinite(x).all(axis=2) & np.isfinite(z)
    return np.where(whole[:, :, None], x, 0.0), np.where(whole, z, 0.0)


def _solve(left: np.ndarray, right: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Coefficients (n, p), drawn to those of all rows, weighted by the inverse variance."""
    ridge = np.eye(left.shape[1])
    by = variance[:, None]
    panel = np.linalg.solve(
        (left / by[:, :, None]).sum(axis=0) + 1e-6 * ridge, (right / by).sum(axis=0)
    )
    pull = OWN_PRIOR_MONTHS * by
    solved = np.linalg.solve(left + pull[:, :, None] * ridge, (right + pull * panel)[:, :, None])
    return np.asarray(solved[:, :, 0])


def _go_on(z: np.ndarray, equations: np.ndarray, horizon: int) -> np.ndarray:
    """Months ahead (n, horizon), each from those before it."""
    n, longest = len(z), max(OWN_LAGS)
    known = np.nan_to_num(z[:, -longest:])
    path = np.zeros((n, longest + horizon))
    path[:, longest - known.shape[1] : longest] = known
    for column in range(longest, longest + horizon):
        x = np.stack([*(path[:, column - lag] for lag in OWN_LAGS), np.ones(n)], axis=1)
        path[:, column] = np.clip((x * equations).sum(axis=1), -OWN_LIMIT, OWN_LIMIT)
    return path[:, longest:]
