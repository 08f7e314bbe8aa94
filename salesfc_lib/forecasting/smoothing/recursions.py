"""Exponential smoothing of all rows over a grid of parameters.

Instead of optimising parameters on a short history, all of a grid are run in one pass and averaged
by their errors. Rows are worked through in blocks that fit a processor's cache, those that begin
first in front.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from salesfc_lib.forecasting.tuning import LEVEL_ALPHAS, LEVEL_POWER, LEVEL_START
from salesfc_lib.foundation import nan_mean

ALPHAS = np.array(LEVEL_ALPHAS)
BLOCK = 24_000  # cells of a state: rows times parameters


@dataclass(frozen=True)
class States:
    """Final level and trend (n, n_parameters), and each parameter's weight, rows summing to one."""

    level: np.ndarray
    trend: np.ndarray
    weight: np.ndarray

    @property
    def mean_level(self) -> np.ndarray:
        """Weighted level (n,)."""
        return (self.weight * self.level).sum(axis=1)


def smooth_levels(y: np.ndarray, *, start: int = LEVEL_START) -> States:
    """Simple smoothing of y (n, T) over a grid: l(t) = l(t-1) + alpha (y(t) - l(t-1))."""

    def step(level: np.ndarray, trend: np.ndarray, value: np.ndarray) -> np.ndarray:
        error = value - level
        level += ALPHAS * error
        return error

    return _run(y, step, len(ALPHAS), start=start)


def smooth_trends(y: np.ndarray, *, alpha: np.ndarray, beta: np.ndarray, phi: np.ndarray) -> States:
    """Damped trend smoothing of y (n, T), one set (alpha, beta, phi) a parameter.

    l(t) = l(t-1) + phi b(t-1) + alpha e(t), b(t) = phi b(t-1) + alpha beta e(t); Gardner (1985),
    https://doi.org/10.1002/for.3980040103.
    """

    def step(level: np.ndarray, trend: np.ndarray, value: np.ndarray) -> np.ndarray:
        damped = phi * trend
        error = value - level - damped
        level += damped + alpha * error
        trend[:] = damped + alpha * beta * error
        return error

    return _run(y, step, len(alpha), start=LEVEL_START)


def likelihood_weights(mse: np.ndarray, months: np.ndarray, power: float) -> np.ndarray:
    """Weights (n, n_parameters) by mse ** (-months x power), rows summing to one."""
    least = np.maximum(mse.min(axis=1, keepdims=True), 1e-300)
    relative = np.maximum(mse, least) / least
    weight = np.exp(-power * months[:, None] * np.log(relative))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def slope(y: np.ndarray) -> np.ndarray:
    """Least-squares change a month of each row (n,), 0 where it has one month."""
    known = np.isfinite(y)
    count = np.maximum(known.sum(axis=1), 1)
    time = np.arange(y.shape[1]) - (y.shape[1] - 1.0)
    centre = (known * time).sum(axis=1) / count
    around = np.where(known, time - centre[:, None], 0.0)
    mean = np.where(known, y, 0.0).sum(axis=1) / count
    spread = (around**2).sum(axis=1)
    product = (around * np.where(known, y - mean[:, None], 0.0)).sum(axis=1)
    return np.asarray(np.where(spread > 0, product / np.where(spread > 0, spread, 1.0), 0.0))


Step = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _run(y: np.ndarray, step: Step, parameters: int, *, start: int) -> States:
    """States after the last column."""
    width = y.shape[1]
    first = np.where(np.isfinite(y).any(axis=1), np.isfinite(y).argmax(axis=1), width)
    level, trend, squares = (np.zeros((len(y), parameters)) for _ in range(3))
    for rows in blocks_by_start(first, parameters):
        states = _run_block(y[rows], first[rows], step, parameters=parameters, start=start)
        level[rows], trend[rows], squares[rows] = states
    months = (width - first).clip(1)
    return States(level, trend, likelihood_weights(squares / months[:, None], months, LEVEL_POWER))


def _run_block(
    y: np.ndarray, first: np.ndarray, step: Step, *, parameters: int, start: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level, trend and sum of squared errors of rows sorted by their first column."""
    level = np.repeat(mean_of_first(y, first, start)[:, None], parameters, axis=1)
    trend, squares = np.zeros_like(level), np.zeros_like(level)
    columns = np.ascontiguousarray(y.T)
    for column, rows in begun_rows(first, y.shape[1]):
        error = step(level[:rows], trend[:rows], columns[column, :rows, None])
        squares[:rows] += error * error
    return level, trend, squares


def blocks_by_start(first: np.ndarray, parameters: int) -> list[np.ndarray]:
    """Rows in blocks for a state of so many parameters, those that begin first in front."""
    order, size = np.argsort(first, kind="stable"), max(1, BLOCK // parameters)
    return [order[begin : begin + size] for begin in range(0, len(order), size)]


def begun_rows(first: np.ndarray, width: int) -> list[tuple[int, int]]:
    """Each column in which a row has begun, and how many have; `first` is sorted."""
    begun = np.searchsorted(first, np.arange(width), side="right")
    return [(column, rows) for column, rows in enumerate(begun.tolist()) if rows]


def first_months(y: np.ndarray, first: np.ndarray, months: int) -> np.ndarray:
    """Months of rows of y (n, T) from their column `first` on (n, months), NaN behind the last.

    >>> first_months(np.array([[np.nan, 3.0, 4.0]]), np.array([1]), 3).tolist()
    [[3.0, 4.0, nan]]
    """
    columns = first[:, None] + np.arange(months)
    inside = columns < y.shape[1]
    return np.where(inside, np.take_along_axis(y, np.where(inside, columns, 0), axis=1), np.nan)


def mean_of_first(y: np.ndarray, first: np.ndarray, months: int) -> np.ndarray:
    """Mean of each row's first `months` values (n,); 0 for a row without any."""
    return np.nan_to_num(nan_mean(first_months(y, first, months), 1))
