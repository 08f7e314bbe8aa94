"""Intermittent demand: Croston with the SBA correction, and TSB, over a grid of parameters.

A mean a month, the same for all months ahead. Parameters are averaged by squared error, since
purchasing needs the mean.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing.recursions import likelihood_weights
from salesfc_lib.forecasting.tuning import INTERMITTENT_ALPHAS

ALPHAS = np.array(INTERMITTENT_ALPHAS)  # of the size of a sale, and in TSB of its probability too


def croston(history: History, horizon: int) -> np.ndarray:
    """Size of a sale over the months between sales, times 1 - alpha / 2.

    Croston (1972), https://doi.org/10.1057/jors.1972.50, corrected by Syntetos and Boylan (2005),
    https://doi.org/10.1016/j.ijforecast.2004.10.001.
    """
    return np.repeat(_smooth(history.y, by_interval=True)[:, None], horizon, axis=1)


def tsb(history: History, horizon: int) -> np.ndarray:
    """Size of a sale times its probability, which falls in every month without one.

    Teunter, Syntetos and Babai (2011), https://doi.org/10.1016/j.ejor.2011.05.018.
    """
    return np.repeat(_smooth(history.y, by_interval=False)[:, None], horizon, axis=1)


def _smooth(y: np.ndarray, *, by_interval: bool) -> np.ndarray:
    """Mean demand a month (n,), averaged over the grid by squared error."""
    known = np.isfinite(y)
    sold = known & (y != 0)
    count, sales = known.sum(axis=1).clip(1), sold.sum(axis=1)
    first_size = np.where(sold, y, 0).sum(axis=1) / sales.clip(1)
    size = np.repeat(first_size[:, None], len(ALPHAS), axis=1)
    often = np.repeat((sales / count).clip(1e-3)[:, None], len(ALPHAS), axis=1)
    interval, since = 1 / often, np.ones((len(y), 1))
    squares = np.zeros_like(size)
    factor = 1 - ALPHAS / 2
    for column in range(y.shape[1]):
        begun, sale, value = (array[:, column, None] for array in (known, sold, y))
        mean = factor * size / interval if by_interval else size * often
        squares += np.where(begun, (np.where(begun, value, 0.0) - mean) ** 2, 0.0)
        size = np.where(sale, size + ALPHAS * (np.where(sale, value, 0.0) - size), size)
        interval = np.where(sale, interval + ALPHAS * (since - interval), interval)
        often = np.where(begun, often + ALPHAS * (sale - often), often)
        since = np.where(sale, 1.0, since + begun)
    mean = factor * size / interval if by_interval else size * often
    weight = likelihood_weights(squares / count[:, None] + 1e-12, count, 0.5)
    return np.asarray((weight * mean).sum(axis=1))
