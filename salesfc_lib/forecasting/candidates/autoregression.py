"""Global autoregression: direct forecasts from lags, one equation a horizon for all series.

Rows enter, forecasts leave. Series are divided by the size of their last year and pooled. Equations
minimise absolute errors. They are solved once for each year of cutoffs and serve the cutoffs of the
year after.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation import SEASON


def forecast(history: History, horizon: int) -> np.ndarray:
    """Direct forecasts; equations learnt at cutoffs a year apart serve the later cutoffs."""
    lags = (
        tuning.PANEL_LAGS_LONG if history.y.shape[1] >= tuning.LONG_HISTORY else tuning.PANEL_LAGS
    )
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
    scaled = np.clip(
        (last - base[:, None]) / size[:, None], -tuning.PANEL_LIMIT, tuning.PANEL_LIMIT
    )
    return np.concatenate([scaled, np.ones((len(y), 1))], axis=1), base, size
