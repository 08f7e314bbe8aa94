"""Design matrix of the regression (level, trend, calendar months, drivers) and its equations.

Rows of a `History` enter; arrays of terms, scales and noise leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import MIN_MONTH_NOISE, MONTH_NOISE, MONTH_PRIOR, TREND_PRIOR
from salesfc_lib.foundation import SEASON, nan_mean
from salesfc_lib.panel import Kind

NEEDED = SEASON + 1  # months
OWN_TERMS = 2 + SEASON  # level, trend, months
BLOCK = 2000  # rows solved at once


@dataclass(frozen=True)
class Design:
    """Terms of rows, zero before a row's first month: `own` (n, T + horizon, len(names)), of level,
    trend and months, with prior standard deviations `prior`; drivers (n, T + horizon, k).
    """

    names: list[str]
    prior: np.ndarray
    own: np.ndarray
    drivers: np.ndarray


def row_blocks(history: History) -> Iterator[tuple[np.ndarray, History]]:
    """Places and rows of blocks that are solved at once."""
    for begin in range(0, len(history), BLOCK):
        rows = np.arange(begin, min(begin + BLOCK, len(history)))
        yield rows, history.take(rows)


def own_equations(
    own: np.ndarray, weight: np.ndarray, penalty: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Normal equations of a series' own terms: x'w (n, p, T), and x'wx with `penalty` (n, p, p)."""
    across = (own * weight[:, :, None]).transpose(0, 2, 1)
    return across, np.matmul(across, own) + (penalty[:, :, None] + 1e-9) * np.eye(own.shape[2])


def penalties(noise: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """(noise / prior)^2 by row and term (n, p), for standard deviations (n,) and (p,)."""
    return np.where(np.isfinite(prior), (noise[:, None] / prior) ** 2, 0.0)


def series_scale(y: np.ndarray) -> np.ndarray:
    """Mean absolute month of the last two years (n,), 1 where there is none."""
    size = nan_mean(np.abs(y[:, -2 * SEASON :]), 1)
    return np.asarray(np.where(size > 0, size, 1.0))


def build_design(history: History, horizon: int, damping: float) -> Design:
    """The terms of all rows, `horizon` months ahead; `damping` shrinks each step of the trend."""
    n, width = history.y.shape
    past = np.arange(1 - width, 1)
    trend = np.concatenate([past, np.cumsum(damping ** np.arange(horizon))]) / SEASON
    month = history.month_of_year(horizon)
    own = np.zeros((n, width + horizon, OWN_TERMS))
    own[:, :, 0], own[:, :, 1] = 1.0, trend
    np.put_along_axis(own[:, :, 2:], month[:, :, None], 1.0, axis=2)
    moved = list_moves(history, horizon)
    drivers = np.stack(moved, axis=2) if moved else np.zeros((n, width + horizon, 0))
    for each in (own, drivers):
        each[:, :width] *= np.isfinite(history.y)[:, :, None]
    months = [f"month {each:02d}" for each in range(1, SEASON + 1)]
    prior = np.array([np.inf, TREND_PRIOR, *[MONTH_PRIOR] * SEASON])
    return Design(["level", "trend", *months], prior, own, drivers)


def list_moves(history: History, horizon: int) -> list[np.ndarray]:
    """Each driver less what is usual, (n, T + horizon)."""
    width = history.y.shape[1]
    return [
        centre(values[:, : width + horizon], width, history.kinds[name])
        for name, values in history.regressors.items()
    ]


def centre(values: np.ndarray, width: int, kind: Kind) -> np.ndarray:
    """A driver (n, T + horizon) less what is usual; 0 where unknown.

    Usual is the mean of the history. A `level`, such as a price, is relative: a share of its mean
    in the twelve months before, so that a steady rise is no trend, and at most doubled; one of zero
    is unknown.
    """
    if kind != "level":
        return np.nan_to_num(values - nan_mean(values[:, :width], 1, keepdims=True))
    known = np.where(values > 0, values, np.nan)
    return np.nan_to_num(known / trailing_mean(known) - 1).clip(-1, 1)


def trailing_mean(values: np.ndarray) -> np.ndarray:
    """Mean of the twelve months before each column; the first known value where there is none."""
    known = np.isfinite(values)
    pad = np.zeros((len(values), 1))
    total = np.concatenate([pad, np.cumsum(np.where(known, values, 0.0), axis=1)], axis=1)
    count = np.concatenate([pad, np.cumsum(known, axis=1)], axis=1)
    end, begin = np.arange(values.shape[1]), (np.arange(values.shape[1]) - SEASON).clip(0)
    months = count[:, end] - count[:, begin]
    first = np.take_along_axis(values, known.argmax(axis=1)[:, None], axis=1)
    return np.where(months > 0, (total[:, end] - total[:, begin]) / months.clip(1), first)


def exponential_weights(width: int, half_life: float) -> np.ndarray:
    """Weight of each month (width,): half that of the month `half_life` months later."""
    return np.asarray(0.5 ** (np.arange(width)[::-1] / half_life))


def noise_std(y: np.ndarray) -> np.ndarray:
    """Standard deviation of a month around the model (n,), from differences over a year."""
    change = y[:, SEASON:] - y[:, :-SEASON] if y.shape[1] > SEASON else np.full((len(y), 1), np.nan)
    known = np.isfinite(change)
    count = known.sum(axis=1)
    around = (change - nan_mean(change, 1, keepdims=True)) ** 2
    squares = np.where(known, around, 0.0).sum(axis=1) / (count - 1).clip(1)
    return np.where(count >= SEASON, np.sqrt(squares / 2).clip(MIN_MONTH_NOISE), MONTH_NOISE)
