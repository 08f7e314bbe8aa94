"""Whole months of backtest errors, and random combinations of them that keep their dependence.

Backtested forecasts and the panel enter; standard normal scores leave, one for each path, bottom
series and month ahead. Which errors belong together is decided here: those of one cutoff, over all
series and months ahead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.foundation import SEASON, nan_mean

# share of a score that comes from whole months of errors; the rest is each series' own. The few
# cutoffs of a backtest would otherwise make any two series seem to be related
JOINT = 0.6


class Trajectories(NamedTuple):
    """Errors actual - forecast of one kind of forecast, as shares of what a series sold.

    errors: (n_cutoffs, n_series, horizon), null where the month is not over or nothing was known.
    """

    errors: np.ndarray
    ids: pd.Index


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
        size = nan_mean(np.abs(past), 0) if len(past) else np.full(len(ids), np.nan)
        errors[place] /= np.where(size > 0, size, np.nan)[:, None]
    return Trajectories(errors[np.isfinite(errors).any(axis=(1, 2))], ids)


def draw_scores(
    trajectories: Trajectories, count: int, dice: np.random.Generator, joint: float = JOINT
) -> np.ndarray:
    """Normal scores (count, n_series, horizon) of variance 1.

    A multiplier bootstrap: each path is a random normal combination of the errors of all cutoffs,
    jointly over series and months (Mammen 1993, doi:10.1214/aos/1176349025). A share 1 - `joint` of
    the variance is each series' own, with the correlation between months that all series have
    together: a backtest of few cutoffs tells that of months well, that of two series hardly.
    """
    known = np.isfinite(trajectories.errors)
    size = np.sqrt(np.where(known, trajectories.errors, 0.0) ** 2)
    size = np.sqrt((size**2).sum(axis=0) / known.sum(axis=0).clip(1))
    shares = np.where(known, trajectories.errors, 0.0) / np.where(size > 0, size, 1.0)
    counted = np.sqrt(known.sum(axis=0).clip(1))
    cutoffs, series, horizon = shares.shape
    between = np.linalg.cholesky(correlate_months(shares))
    own = dice.standard_normal((count, series, horizon), dtype=np.float32)
    own = own @ between.T.astype(np.float32)
    if cutoffs == 0:
        return own
    weights = dice.standard_normal((count, cutoffs), dtype=np.float32)
    flat = (shares / counted).reshape(cutoffs, -1).astype(np.float32)
    whole = (weights @ flat).reshape(count, series, horizon)
    share = np.where(size > 0, joint, 0.0).astype(np.float32)
    return np.asarray(np.sqrt(share) * whole + np.sqrt(1 - share) * own)


def correlate_months(shares: np.ndarray) -> np.ndarray:
    """Correlation (horizon, horizon) of standardised errors between months ahead, over all series.

    Drawn a little to none, so that it can be factored; none where nothing is known.
    """
    horizon = shares.shape[2]
    flat = shares.reshape(-1, horizon)
    both = (flat != 0).astype(float)
    products, counted = flat.T @ flat, both.T @ both
    spread = np.sqrt(np.diag(products) / np.diag(counted).clip(1))
    scale = np.where(spread > 0, spread, 1.0)
    found = products / counted.clip(1) / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(np.where(counted > 0, found, 0.0))
    kept = vectors @ np.diag(values.clip(1e-3)) @ vectors.T
    spread = np.sqrt(np.diag(kept))
    return np.asarray(kept / np.outer(spread, spread))
