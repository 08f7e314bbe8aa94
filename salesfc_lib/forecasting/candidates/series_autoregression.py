"""Autoregression of each series, shrunken to the panel's.

Rows enter, forecasts leave. A series' coefficients start from the panel's and move as far as its
own months ask for.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.forecasting.history import History
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
    terms = len(OWN_LAGS) + 1
    left, right, variance = (
        np.empty((len(z), terms, terms)),
        np.empty((len(z), terms)),
        np.empty(len(z)),
    )
    for begin in range(0, len(z), BLOCK):
        rows = slice(begin, begin + BLOCK)
        x, y = _lagged(z[rows])
        left[rows] = np.matmul(x.transpose(0, 2, 1), x)
        right[rows] = np.einsum("ntp,nt->np", x, y)
        variance[rows] = (y**2).sum(axis=1) / x[:, :, -1].sum(axis=1).clip(1)
    return left, right, variance.clip(OWN_MIN_VARIANCE)


def _lagged(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lags and a constant (n, T, p), months explained (n, T); zero where one is missing."""
    n, width = z.shape
    lags = [
        np.concatenate([np.full((n, min(lag, width)), np.nan), z[:, : max(width - lag, 0)]], axis=1)
        for lag in OWN_LAGS
    ]
    x = np.stack([*lags, np.ones_like(z)], axis=2)
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
    longest = max(OWN_LAGS)
    path = np.nan_to_num(z[:, -longest:])
    path = np.concatenate([np.zeros((len(z), longest - path.shape[1])), path], axis=1)
    for _ in range(horizon):
        x = np.stack([*(path[:, -lag] for lag in OWN_LAGS), np.ones(len(z))], axis=1)
        path = np.concatenate(
            [path, np.clip((x * equations).sum(axis=1), -OWN_LIMIT, OWN_LIMIT)[:, None]], axis=1
        )
    return path[:, longest:]
