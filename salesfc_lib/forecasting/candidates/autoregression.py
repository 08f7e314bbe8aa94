"""Autoregressions: one of the whole panel, and one of each series shrunken to the panel's.

Rows enter, forecasts leave. That of the panel has one equation a horizon for all series, divided by
the size of their last year and pooled; equations minimise absolute errors, are solved once for each
year of cutoffs and serve the cutoffs of the year after.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.history import History, shift
from salesfc_lib.forecasting.smoothing.seasonality import adjust
from salesfc_lib.foundation import SEASON, nan_mean

BLOCK = 4000  # rows worked on at once


def of_panel(history: History, horizon: int) -> np.ndarray:
    """Direct forecasts; equations learnt at cutoffs a year apart serve the later cutoffs."""
    long = history.y.shape[1] >= tuning.LONG_HISTORY
    lags = tuning.PANEL_LAGS_LONG if long else tuning.PANEL_LAGS
    values = np.full((len(history), horizon), np.nan)
    years = np.ceil(history.back / SEASON).astype(int) * SEASON
    years = np.minimum(years, history.back.max())
    for year in np.unique(years):
        rows = np.flatnonzero(years == year)
        training = np.flatnonzero(history.back == history.back[rows].max())
        equations = learn(history.y[training], horizon, lags)
        values[rows] = apply(history.y[rows], equations, lags)
    return values


def learn(y: np.ndarray, horizon: int, lags: int) -> np.ndarray:
    """Coefficients (horizon, lags + 1), latest lag last, then a constant; NaN with few examples."""
    width, limit = y.shape[1], tuning.PANEL_LIMIT
    equations = np.full((horizon, lags + 1), np.nan)
    draw = np.random.default_rng(tuning.SEED)
    latest = range(width - 1, lags - 1, -1)[: tuning.PANEL_ORIGINS + horizon]
    examples = {origin: _scaled(y[:, :origin], lags) for origin in latest}
    for step in range(1, horizon + 1):
        origins = [origin for origin in latest if origin + step <= width][: tuning.PANEL_ORIGINS]
        if not origins:
            continue
        parts = []
        for origin in origins:
            inputs, base, size = examples[origin]
            parts.append((inputs, (y[:, origin + step - 1] - base) / size))
        inputs, target = (np.concatenate(each) for each in zip(*parts, strict=True))
        usable = np.flatnonzero(np.isfinite(inputs).all(axis=1) & np.isfinite(target))
        if len(usable) > tuning.PANEL_EXAMPLES:
            usable = draw.choice(usable, tuning.PANEL_EXAMPLES, replace=False)
        if len(usable) >= 3 * lags:
            clipped = np.clip(target[usable], -limit, limit)
            equations[step - 1] = fit_absolute(inputs[usable], clipped)
    return equations


def apply(y: np.ndarray, equations: np.ndarray, lags: int) -> np.ndarray:
    """Forecasts (n, horizon) of rows with at least `lags` months, NaN for others."""
    inputs, base, size = _scaled(y, lags)
    sold = np.any(y[:, -SEASON:] != 0, axis=1)  # a year without a sale has no size
    return np.asarray(base[:, None] + np.where(sold, size, 0.0)[:, None] * (inputs @ equations.T))


def fit_absolute(inputs: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Coefficients of least absolute error, by reweighted least squares (Schlossmacher 1973,
    https://doi.org/10.2307/2284512).
    """
    ridge = tuning.PANEL_RIDGE * np.eye(inputs.shape[1])
    weight = np.ones(len(target))
    for _ in range(tuning.PANEL_ROUNDS + 1):
        weighted = inputs * weight[:, None]
        solved = np.linalg.solve(weighted.T @ inputs + ridge * weight.sum(), weighted.T @ target)
        weight = 1 / np.maximum(np.abs(target - inputs @ solved), tuning.PANEL_MIN_ERROR)
    return np.asarray(solved)


def _scaled(y: np.ndarray, lags: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lags and a constant (n, lags + 1), base and size (n,); NaN where a row is shorter."""
    last = y[:, -lags:] if y.shape[1] >= lags else np.full((len(y), lags), np.nan)
    year = last[:, -SEASON:]
    base, size = year.mean(axis=1), np.abs(year).mean(axis=1)
    size = np.where(size > 0, size, 1.0)
    scaled = (last - base[:, None]) / size[:, None]
    scaled = np.clip(scaled, -tuning.PANEL_LIMIT, tuning.PANEL_LIMIT)
    return np.concatenate([scaled, np.ones((len(y), 1))], axis=1), base, size


def own(history: History, horizon: int) -> np.ndarray:
    """Recursive forecasts y(t) = c + sum of b(k) y(t - k), adjusted, k = 1, 2, 3, 6.

    A series' coefficients start from the panel's and move as far as its own months ask for.
    """
    adjusted = adjust(history, horizon, relative=True)
    base = nan_mean(adjusted.y[:, -2 * SEASON :], 1, keepdims=True)
    size = np.where(base == 0, 1.0, np.abs(base))
    z = np.clip((adjusted.y - base) / size, -tuning.OWN_LIMIT, tuning.OWN_LIMIT)
    left, right, variance = _sum_products(z)
    path = np.empty((len(z), horizon))
    for back in np.unique(history.back):
        rows = np.flatnonzero(history.back == back)
        equations = _solve(left[rows], right[rows], variance[rows])
        path[rows] = _go_on(z[rows], equations, horizon)
    return adjusted.restore(base + size * path)


def _sum_products(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X'X (n, p, p) and X'y (n, p) of each row's lags and constant, its months' variance (n,)."""
    n, terms = len(z), len(tuning.OWN_LAGS) + 1
    left, right, variance = np.empty((n, terms, terms)), np.empty((n, terms)), np.empty(n)
    for begin in range(0, n, BLOCK):
        rows = slice(begin, begin + BLOCK)
        x, y = _lagged(z[rows])
        left[rows] = np.matmul(x.transpose(0, 2, 1), x)
        right[rows] = np.einsum("ntp,nt->np", x, y)
        variance[rows] = (y**2).sum(axis=1) / x[:, :, -1].sum(axis=1).clip(1)
    return left, right, variance.clip(tuning.OWN_MIN_VARIANCE)


def _lagged(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lags and a constant (n, T, p), months explained (n, T); zero where one is missing."""
    x = np.stack([*(shift(z, lag) for lag in tuning.OWN_LAGS), np.ones_like(z)], axis=2)
    whole = np.isfinite(x).all(axis=2) & np.isfinite(z)
    return np.where(whole[:, :, None], x, 0.0), np.where(whole, z, 0.0)


def _solve(left: np.ndarray, right: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Coefficients (n, p), drawn to those of all rows, weighted by the inverse variance."""
    ridge = np.eye(left.shape[1])
    by = variance[:, None]
    panel = np.linalg.solve(
        (left / by[:, :, None]).sum(axis=0) + 1e-6 * ridge, (right / by).sum(axis=0)
    )
    pull = tuning.OWN_PRIOR_MONTHS * by
    solved = np.linalg.solve(left + pull[:, :, None] * ridge, (right + pull * panel)[:, :, None])
    return np.asarray(solved[:, :, 0])


def _go_on(z: np.ndarray, equations: np.ndarray, horizon: int) -> np.ndarray:
    """Months ahead (n, horizon), each from those before it."""
    n, longest = len(z), max(tuning.OWN_LAGS)
    known = np.nan_to_num(z[:, -longest:])
    path = np.zeros((n, longest + horizon))
    path[:, longest - known.shape[1] : longest] = known
    for column in range(longest, longest + horizon):
        x = np.stack([*(path[:, column - lag] for lag in tuning.OWN_LAGS), np.ones(n)], axis=1)
        path[:, column] = np.clip((x * equations).sum(axis=1), -tuning.OWN_LIMIT, tuning.OWN_LIMIT)
    return path[:, longest:]
