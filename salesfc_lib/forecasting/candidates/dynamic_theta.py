"""Dynamic Theta model over a grid of parameters.

The season is the series' own where it is significant, and none otherwise; `smoothing` takes the
panel's shrunken one.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing import recursions
from salesfc_lib.forecasting.smoothing.seasonality import adjust_own
from salesfc_lib.forecasting.tuning import THETA_ALPHAS, THETA_LINES, THETA_POWER, THETA_START

ALPHA, LINE = (axis.ravel() for axis in np.meshgrid(THETA_ALPHAS, THETA_LINES, indexing="ij"))
SHARE = 1 - 1 / LINE  # of the linear trend


def forecast(history: History, horizon: int) -> np.ndarray:
    """The dynamic standard Theta model, averaged over alpha and theta by likelihood.

    Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler (2016),
    https://doi.org/10.1016/j.ijforecast.2016.02.005.
    """
    adjusted, first = adjust_own(history, horizon), history.first
    values = np.empty((len(history), horizon))
    for rows in recursions.blocks_by_start(first, len(ALPHA)):
        values[rows] = _smooth(adjusted.y[rows], first[rows], horizon)
    return adjusted.restore(values)


def _smooth(y: np.ndarray, first: np.ndarray, horizon: int) -> np.ndarray:
    """Forecasts (n, horizon) of rows sorted by their first column."""
    months, a, b = _fit_lines(y, first)
    level = np.repeat(recursions.mean_of_first(y, first, THETA_START)[:, None], len(ALPHA), axis=1)
    squares = np.zeros_like(level)
    for column, rows in recursions.begun_rows(first, y.shape[1]):
        known, value = months[:rows, column, None], y[:rows, column, None]
        drift = _drift(known, a[:rows, column, None], b[:rows, column, None])
        error = np.where(known >= THETA_START, value - (level[:rows] + SHARE * drift), 0.0)
        squares[:rows] += error * error
        level[:rows] += ALPHA * (value - level[:rows])
    tested = (months[:, -1] - THETA_START).clip(1)
    weight = recursions.likelihood_weights(squares / tested[:, None] + 1e-12, tested, THETA_POWER)
    values = np.empty((len(y), horizon))
    for step in range(horizon):
        drift = _drift(months[:, -1:] + step, a[:, -1:], b[:, -1:])
        expected = level + SHARE * drift
        values[:, step] = (weight * expected).sum(axis=1)
        level += ALPHA * (expected - level)
    return values


def _fit_lines(y: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Months and the line a + b t through them, before each column and after all (n, T + 1)."""
    months = (np.arange(y.shape[1] + 1.0) - first[:, None]).clip(0)
    value = np.concatenate([np.zeros((len(y), 1)), np.nan_to_num(y)], axis=1)
    total, by_time = value.cumsum(axis=1), (months * value).cumsum(axis=1)
    pairs = np.maximum(months * (months * months - 1), 1)
    slope = np.where(months > 1, (12 * by_time - 6 * (months + 1) * total) / pairs, 0.0)
    return months, total / months.clip(1) - (months + 1) / 2 * slope, slope


def _drift(months: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What the line adds to the level in the month after `months` (n, n_parameters)."""
    rest = (1 - ALPHA) ** months
    return np.asarray(rest * a + (1 - rest * (1 - ALPHA)) / ALPHA * b)
