"""Which costly candidates are hopeless for a series, told by one cutoff before they are asked at all of them.

Forecasts at the latest tested cutoff and what came of it enter; who lost leaves. The decisions made here: a candidate is measured
against the middle of the panel's candidates, which cost next to nothing, on the months that are known by now; squared where a series
mostly sells nothing, as everywhere; and a series of which nothing was sold in those months is no race.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd


class Lost(NamedTuple):
    """A candidate's error for a series at the race's cutoff, and the middle of the panel candidates', both as shares of sales."""

    error: float
    usual: float


@dataclass(frozen=True)
class Race:
    """What has to be kept up with, at the cutoff `back` months before now.

    ids: (n,) of the series; came: (n, horizon), NaN in months to come; usual: (n,) the panel candidates' median error; squared: (n,)
    whether errors count squared; factor: times the usual error from which a candidate has lost.
    """

    back: int
    ids: np.ndarray
    came: np.ndarray
    usual: np.ndarray
    squared: np.ndarray
    factor: float

    def judge(self, ids: np.ndarray, forecast: np.ndarray) -> dict[str, Lost]:
        """Who lost, by id, of series whose forecasts (len(ids), horizon) at the cutoff are given; one without a forecast did not."""
        rows = pd.Index(self.ids).get_indexer(pd.Index(ids))
        error, usual = measure(forecast, self.came[rows], self.squared[rows]), self.usual[rows]
        lost = np.flatnonzero(np.isfinite(error) & (usual > 0) & (error > self.factor * usual))
        return {str(ids[k]): Lost(float(error[k]), float(usual[k])) for k in lost}


def set_race(back: int, ids: np.ndarray, forecasts: np.ndarray, came: np.ndarray, *, squared: np.ndarray, factor: float) -> Race:
    """The race against the candidates whose forecasts (n_models, n, horizon) at the cutoff are given."""
    errors = np.stack([measure(forecast, came, squared) for forecast in forecasts])
    usual = np.full(len(ids), np.nan)
    known = np.isfinite(errors).any(axis=0)
    usual[known] = np.nanmedian(errors[:, known], axis=0)
    return Race(back, ids, came, usual, squared, factor)


def measure(forecast: np.ndarray, came: np.ndarray, squared: np.ndarray) -> np.ndarray:
    """Error of each series as a share of what was sold in its known months (n,): mean absolute, or root mean square where `squared`.

    NaN where a month lacks its forecast, and where nothing was sold.

    >>> measure(np.array([[8.0, 4.0, 9.0]]), np.array([[10.0, 10.0, np.nan]]), np.array([False])).tolist()
    [0.4]
    """
    known = np.isfinite(came)
    count = known.sum(axis=1).clip(1)
    gap = np.where(known, np.abs(forecast - came), 0.0)
    error = np.where(squared, np.sqrt((gap**2).sum(axis=1) / count), gap.sum(axis=1) / count)
    sold = np.where(known, np.abs(came), 0.0).sum(axis=1) / count
    return np.where(sold > 0, error / np.where(sold > 0, sold, 1.0), np.nan)
