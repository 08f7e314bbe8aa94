"""Whole months of backtest errors, and random combinations of them that keep their dependence.

Backtested forecasts and the panel enter; standard normal scores leave, one for each path, bottom
series and month ahead. Which errors belong together is decided here: those of one cutoff, over all
series and months ahead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import rankdata

from salesfc_lib.foundation import SEASON, nan_mean

# share of a score's variance that comes from whole months of errors. A backtest has so few cutoffs
# that any two series seem related: of 0, 0.3, 0.6 and 1 on earlier months (benchmarks/paths.py
# --earlier) the sums of bottom series were covered best with little, those of totals with some
JOINT = 0.3
LEAST = 1e-3  # eigenvalue of a correlation, so that it can be factored


class Trajectories(NamedTuple):
    """Errors actual - forecast of one kind of forecast, as shares of what a series sold.

    errors: (n_cutoffs, n_series, horizon), null where the month is not over or nothing was known.
    """

    errors: np.ndarray

    def standardised(self) -> np.ndarray:
        """Errors of which the squares of each series and month ahead add up to 1 over the cutoffs;
        zero where there is none.
        """
        errors = np.nan_to_num(self.errors)
        size = np.sqrt((errors**2).sum(axis=0))
        return np.asarray(errors / np.where(size > 0, size, 1.0))


def list_trajectories(
    backtest: pd.DataFrame, panel: pd.DataFrame, ids: pd.Index, horizon: int
) -> Trajectories:
    """Errors of `backtest` (unique_id, cutoff, ds, h, y_hat) against the panel's y_raw.

    A share is of the series' mean absolute sales of the twelve months through the cutoff, so that
    errors of a series that grows count alike.
    """
    actual = panel.pivot(index="ds", columns="unique_id", values="y_raw").reindex(columns=ids)
    rows = backtest[backtest["unique_id"].isin(ids) & backtest["h"].le(horizon)]
    cutoffs, at = np.unique(rows["cutoff"].to_numpy(), return_inverse=True)
    row, step = ids.get_indexer(rows["unique_id"]), rows["h"].to_numpy(dtype=int) - 1
    month = actual.index.get_indexer(rows["ds"])
    came = np.where(month >= 0, actual.to_numpy(dtype=float)[month, row], np.nan)
    errors = np.full((len(cutoffs), len(ids), horizon), np.nan)
    errors[at, row, step] = came - rows["y_hat"].to_numpy(dtype=float)
    for place, cutoff in enumerate(cutoffs):
        past = actual.loc[actual.index <= cutoff].to_numpy(dtype=float)[-SEASON:]
        size = nan_mean(np.abs(past), 0)
        errors[place] /= np.where(size > 0, size, np.nan)[:, None]
    return Trajectories(errors[np.isfinite(errors).any(axis=(1, 2))])


def draw_scores(
    trajectories: Trajectories,
    count: int,
    dice: np.random.Generator,
    *,
    joint: float = JOINT,
    common: float = 0.0,
) -> np.ndarray:
    """Normal scores (count, n_series, horizon) of variance 1, of three parts.

    `joint` of the variance is a multiplier bootstrap: each path is a random normal combination of
    the errors of all cutoffs, over all series and months at once (Mammen 1993,
    doi:10.1214/aos/1176349025). `common` is the same for all series, the rest is each series' own;
    both have the correlation between months that the errors of all series have together.
    """
    parts = trajectories.standardised().astype(np.float32)
    cutoffs, series, horizon = parts.shape
    between = np.linalg.cholesky(correlate_months(trajectories.errors)).T.astype(np.float32)
    weights = dice.standard_normal((count, cutoffs), dtype=np.float32)
    shared = dice.standard_normal((count, 1, horizon), dtype=np.float32) @ between
    own = dice.standard_normal((count, series, horizon), dtype=np.float32) @ between
    whole = (weights @ parts.reshape(cutoffs, series * horizon)).reshape(-1, series, horizon)
    share = np.where((parts != 0).any(axis=0), joint, 0.0).astype(np.float32)
    scores = np.sqrt(share) * whole + np.sqrt(common, dtype=np.float32) * shared
    return np.asarray(scores + np.sqrt((1 - share - common).clip(0)) * own)


def share_in_common(
    trajectories: Trajectories, deviation: np.ndarray, total: np.ndarray, joint: float = JOINT
) -> float:
    """Share of variance that is common to all series, so that their sum varies as much as `total`.

    deviation: (n_series, horizon) of the series, total: (horizon,) of their sum, both as published.
    Variances of a sum are those of the three parts of `draw_scores`, added up over the months;
    0 to 1 - joint.
    """
    own = (deviation**2).sum(axis=0)
    parts = trajectories.standardised()
    whole = np.where(
        (parts != 0).any(axis=(0, 1)), ((parts * deviation).sum(axis=1) ** 2).sum(axis=0), own
    )
    lacking = (total**2 - (1 - joint) * own - joint * whole).sum()
    most = (deviation.sum(axis=0) ** 2 - own).sum()
    return float(np.clip(lacking / most, 0.0, 1 - joint)) if most > 0 else 0.0


def correlate_months(errors: np.ndarray) -> np.ndarray:
    """Correlation (horizon, horizon) of errors between months ahead, over all series and cutoffs.

    Of normal scores of the errors, as shares of sales, so that a few large ones do not decide.
    Errors of exactly zero are of series that came to an end, and tell nothing.
    """
    flat = errors.reshape(-1, errors.shape[2])
    known = np.isfinite(flat) & (flat != 0)
    ranks = rankdata(np.where(known, flat, np.nan), axis=0, nan_policy="omit")
    scores = np.where(known, ndtri((ranks - 0.5) / known.sum(axis=0).clip(1)), 0.0)
    counted = known.T.astype(float) @ known
    values, vectors = np.linalg.eigh((scores.T @ scores) / counted.clip(1))
    kept = vectors @ np.diag(values.clip(LEAST)) @ vectors.T
    spread = np.sqrt(np.diag(kept))
    return np.asarray(kept / np.outer(spread, spread))
