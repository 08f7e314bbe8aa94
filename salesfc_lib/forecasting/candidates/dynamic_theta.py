"""Dynamic Theta model over a grid of parameters, with each series' own season.

Rows enter, forecasts leave. Where `smoothing` takes the shrunken season, this candidate takes a
series' own indices where they are significant, and none otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing.recursions import likelihood_weights, mean_of_first
from salesfc_lib.forecasting.smoothing.seasonality import adjust_own
from salesfc_lib.forecasting.tuning import THETA_ALPHAS, THETA_LINES, THETA_POWER, THETA_START

ALPHA, LINE = (axis.ravel() for axis in np.meshgrid(THETA_ALPHAS, THETA_LINES, indexing="ij"))
SHARE = 1 - 1 / LINE  # of the linear trend
BLOCK = 24_000  # cells of a state: rows times parameters


@dataclass
class _State:
    """Level and sum of squared errors (n, n_parameters); months, their sum, their sum by time, and
    the line a + b t (n,).
    """

    level: np.ndarray
    squares: np.ndarray
    months: np.ndarray
    total: np.ndarray
    by_time: np.ndarray
    a: np.ndarray
    b: np.ndarray


def forecast(history: History, horizon: int) -> np.ndarray:
    """The dynamic standard Theta model, averaged over alpha and theta by likelihood.

    Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler (2016),
    https://doi.org/10.1016/j.ijforecast.2016.02.005.
    """
    adjusted = adjust_own(history, horizon)
    first = history.first
    order = np.argsort(first, kind="stable")
    values = np.empty((len(history), horizon))
    step = max(1, BLOCK // len(ALPHA))
    for begin in range(0, len(order), step):
        rows = order[begin : begin + step]
        values[rows] = _look_ahead(_pass_over(adjusted.y[rows], first[rows]), horizon)
    return adjusted.restore(values)


def _pass_over(y: np.ndarray, first: np.ndarray) -> _State:
    """State after the last month of rows that stand by their first column, longest first."""
    n = len(y)
    level = np.repeat(mean_of_first(y, first, THETA_START)[:, None], len(ALPHA), axis=1)
    state = _State(level, np.zeros_like(level), *(np.zeros(n) for _ in range(5)))
    begun = np.searchsorted(first, np.arange(y.shape[1]), side="right")
    for column, rows in enumerate(begun):
        if rows:
            _learn(state, int(rows), y[:rows, column])
    return state


def _learn(state: _State, rows: int, value: np.ndarray) -> None:
    """The first `rows` series take in a month's value (rows,)."""
    level, expected = state.level[:rows], state.level[:rows] + SHARE * _drift(state, slice(rows), 1)
    error = value[:, None] - expected
    error = np.where(state.months[:rows, None] >= THETA_START, error, 0.0)
    state.squares[:rows] += error * error
    level += ALPHA * (value[:, None] - level)
    state.months[:rows] += 1
    months = state.months[:rows]
    state.total[:rows] += value
    state.by_time[:rows] += months * value
    pairs = np.maximum(months * (months * months - 1), 1)
    slope = (12 * state.by_time[:rows] - 6 * (months + 1) * state.total[:rows]) / pairs
    state.b[:rows] = np.where(months > 1, slope, 0.0)
    state.a[:rows] = state.total[:rows] / months - (months + 1) / 2 * state.b[:rows]


def _drift(state: _State, rows: slice, step: int) -> np.ndarray:
    """What the line adds to the level `step` months ahead (n, n_parameters)."""
    rest = (1 - ALPHA) ** (state.months[rows, None] + step - 1)
    return np.asarray(
        rest * state.a[rows, None] + (1 - rest * (1 - ALPHA)) / ALPHA * state.b[rows, None]
    )


def _look_ahead(state: _State, horizon: int) -> np.ndarray:
    months = (state.months - THETA_START).clip(1)
    weight = likelihood_weights(state.squares / months[:, None] + 1e-12, months, THETA_POWER)
    level, values = state.level.copy(), np.empty((len(state.level), horizon))
    for step in range(1, horizon + 1):
        expected = level + SHARE * _drift(state, slice(None), step)
        values[:, step - 1] = (weight * expected).sum(axis=1)
        level += ALPHA * (expected - level)
    return values
