"""Gradient boosting by XGBoost: one model for all series of a unit at once.

The panel enters, forecasts leave. The decisions made here: every series is divided by its own recent mean, so that large
and small ones teach each other; the model learns the difference from the mean of the last year, because trees cannot extend
a level; it forecasts each horizon directly, with the horizon as a feature; and a row of training is one series, origin and
horizon whose month lies at or before the cutoff.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.candidates.protocol import SEASON, Grid, Result, TooShort, collect, fill_gaps, finite, grid

NEEDED = SEASON + 1  # months
LAGS = 13  # months
ROWS = 60_000  # training rows kept, the latest origins first: more cost time and change little
LIMIT = 5.0  # recent means that a target may lie from its base: one odd month must not steer all series

SETTINGS: dict[str, Any] = {
    "objective": "reg:squarederror",
    "max_depth": 4,
    "learning_rate": 0.06,
    "min_child_weight": 20,
    "subsample": 0.8,
    "colsample_bytree": 0.7,
    "max_bin": 64,
    "tree_method": "hist",
    "nthread": 1,
    "seed": 20260601,
    "verbosity": 0,
}


def forecast(
    panel: pd.DataFrame,
    future: pd.DataFrame,
    cutoffs: Sequence[pd.Timestamp],
    horizon: int,
    *,
    trees: int = 80,
    objective: str = "reg:squarederror",
) -> Result:
    """Forecasts of one model per cutoff over all series with at least 13 months, single-threaded and seeded."""
    done: list[tuple[str, pd.Timestamp, np.ndarray]] = []
    failed: list[tuple[str, pd.Timestamp, str]] = []
    if panel.empty:
        return collect(done, failed, horizon)
    arrays = grid(panel, future)
    for cutoff in cutoffs:
        end = arrays.column(cutoff) + 1
        first = np.array([arrays.first(row, end) for row in range(len(arrays.ids))])
        long = np.flatnonzero(end - first >= NEEDED)
        young = np.flatnonzero(end - first < NEEDED)
        failed += [(arrays.ids[row], cutoff, str(TooShort(end - first[row], NEEDED))) for row in young]
        if not len(long):
            continue
        settings = {"trees": trees, "objective": objective}
        values = _forecast_at(arrays, long, first=first, end=end, horizon=horizon, settings=settings)
        done += [(arrays.ids[row], cutoff, finite(values[k])) for k, row in enumerate(long)]
    return collect(done, failed, horizon)


def _forecast_at(
    arrays: Grid, rows: np.ndarray, *, first: np.ndarray, end: int, horizon: int, settings: dict[str, Any]
) -> np.ndarray:
    """Forecasts (n_rows, horizon) of a model trained on what is known before column `end`."""
    import xgboost

    y = np.full((len(rows), end), np.nan)
    for k, row in enumerate(rows):
        y[k, first[row] :] = fill_gaps(arrays.y[row, first[row] : end])
    calendars = {name: values[rows] for name, values in arrays.regressors.items()}
    origins = [origin for origin in range(end - 2, SEASON - 2, -1) if (np.isfinite(y[:, origin - SEASON + 1])).any()]
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for origin in origins:
        steps = np.arange(1, min(horizon, end - 1 - origin) + 1)
        features, base, scale = _features(y[:, : origin + 1], steps, start=arrays.start, calendars=calendars)
        target = np.clip((y[:, origin + steps] - base[:, None]) / scale[:, None], -LIMIT, LIMIT).ravel()
        usable = np.isfinite(target)
        parts.append((features[usable], target[usable]))
        if sum(len(part[1]) for part in parts) >= ROWS:
            break
    rows_x, rows_y = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    training = xgboost.QuantileDMatrix(rows_x, rows_y, max_bin=SETTINGS["max_bin"], nthread=1)
    model = xgboost.train({**SETTINGS, "objective": settings["objective"]}, training, num_boost_round=settings["trees"])
    steps = np.arange(1, horizon + 1)
    features, base, scale = _features(y, steps, start=arrays.start, calendars=calendars)
    raw = model.inplace_predict(features).reshape(len(rows), horizon).astype(float)
    return base[:, None] + raw * scale[:, None]


def _features(
    y: np.ndarray, steps: np.ndarray, *, start: int, calendars: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features (n_series x n_steps, n_features) at the last column of y, with base and scale (n_series,).

    Base is the mean of the last 12 months, scale the mean of their absolute values; both NaN where a series is younger.
    """
    n, known = y.shape
    year = y[:, -SEASON:]
    base = year.mean(axis=1)
    scale = np.abs(year).mean(axis=1)
    scale = np.where(scale > 0, scale, 1.0)
    relative = (y - base[:, None]) / scale[:, None]
    own = [relative[:, -lag] if lag <= known else np.full(n, np.nan) for lag in range(1, LAGS + 1)]
    own += [relative[:, -months:].mean(axis=1) for months in (3, 6)]
    own += [_growth(y, scale), year.std(axis=1) / scale, (year == 0).mean(axis=1), np.log(scale)]
    each = [np.repeat(column[:, None], len(steps), axis=1) for column in own]
    for back in (0, 1, -1):
        each += [_take(relative, known - 1 + steps - SEASON * ((steps - 1) // SEASON + 1) - back, known)]
    two_back = known - 1 + steps - SEASON * ((steps - 1) // SEASON + 2)
    each += [_take(relative, two_back, known)]
    each += [np.broadcast_to(steps.astype(float), (n, len(steps)))]
    each += [np.broadcast_to(((start + known - 1 + steps) % SEASON).astype(float), (n, len(steps)))]
    for values in calendars.values():
        ahead = _take(values, known - 1 + steps, values.shape[1])
        each += [ahead, ahead - _take(values, known - 1 + steps - SEASON, values.shape[1])]
    return np.stack([column.ravel() for column in each], axis=1).astype(np.float32), base, scale


def _growth(y: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Mean of the last 12 months less that of the 12 before, in scales; NaN where a series is younger."""
    if y.shape[1] < 2 * SEASON:
        return np.full(len(y), np.nan)
    return (y[:, -SEASON:].mean(axis=1) - y[:, -2 * SEASON : -SEASON].mean(axis=1)) / scale


def _take(values: np.ndarray, columns: np.ndarray, limit: int) -> np.ndarray:
    """Columns of an array, NaN where a column is before 0 or at or past `limit`."""
    inside = (columns >= 0) & (columns < limit)
    taken = values[:, np.clip(columns, 0, limit - 1)]
    return np.where(inside[None, :], taken, np.nan)
