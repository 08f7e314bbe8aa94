"""Early stopping of costly candidates: one cutoff shows for which series they are hopeless.

A candidate is compared with the median error of the panel's candidates, which cost next to nothing,
on the months known after the latest tested cutoff: absolute errors, squared ones where demand is
intermittent. A series without sales in those months is never stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.foundation import nan_median


@dataclass(frozen=True)
class EarlyStopping:
    """The error that a candidate has to keep up with, at the cutoff `back` months before now.

    ids: (n,) of the series; forecasts: (n_models, n, horizon) of the panel's candidates; actuals:
    (n, horizon), NaN in months to come; squared: (n,) whether errors count squared; factor: times
    the reference, the candidates' median error, beyond which a series is stopped.
    """

    back: int
    ids: np.ndarray
    forecasts: np.ndarray
    actuals: np.ndarray
    squared: np.ndarray
    factor: float

    def find_stops(self, ids: np.ndarray, forecast: np.ndarray) -> dict[str, tuple[float, float]]:
        """Error and reference by id of the series to stop, for forecasts (len(ids), horizon)."""
        rows = pd.Index(self.ids).get_indexer(pd.Index(ids))
        error, *errors = (
            relative_errors(each, self.actuals[rows], self.squared[rows])
            for each in (forecast, *self.forecasts[:, rows])
        )
        reference = nan_median(np.stack(errors), 0)
        behind = np.isfinite(error) & (reference > 0) & (error > self.factor * reference)
        return {str(ids[k]): (float(error[k]), float(reference[k])) for k in np.flatnonzero(behind)}


def relative_errors(forecast: np.ndarray, actuals: np.ndarray, squared: np.ndarray) -> np.ndarray:
    """Error of each series as a share of sales (n,): mean absolute, or RMSE where `squared`.

    NaN where a known month lacks its forecast, and where nothing was sold.

    >>> forecast, actuals = np.array([[8.0, 4.0, 9.0]]), np.array([[10.0, 10.0, np.nan]])
    >>> relative_errors(forecast, actuals, np.array([False])).tolist()
    [0.4]
    """
    known = np.isfinite(actuals)
    count = known.sum(axis=1).clip(1)
    gap = np.where(known, np.abs(forecast - actuals), 0.0)
    error = np.where(squared, np.sqrt((gap**2).sum(axis=1) / count), gap.sum(axis=1) / count)
    sold = np.where(known, np.abs(actuals), 0.0).sum(axis=1) / count
    return np.where(sold > 0, error / np.where(sold > 0, sold, 1.0), np.nan)
