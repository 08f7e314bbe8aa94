"""Intervals around a forecast, from what the same kind of forecast missed before.

Forecasts, backtest forecasts and the panel enter; the forecasts leave with lo-80 to hi-95. The decisions made here: no model's
own variance is believed; the spread of past errors is. Errors are scaled by the series' own size of error, shrunk
to its level's because a few cutoffs say little about one series; scaled errors are pooled over the series of a level and over
neighbouring horizons; and an interval never narrows with the horizon, always holds its forecast, and does
not go below zero where the history does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

SEASON = 12  # months: the size of a series is the mean of its last year
OWN = 0.5  # share of a series' own error in its scale at `ENOUGH` backtest rows; the rest is its level's
ENOUGH = 12  # rows
NEIGHBOURS = 2  # horizons on each side that share their errors
LEVEL_ROWS = 60  # rows of a level at which its own quantile and that of all levels count equally
WIDER = 1.1  # errors to come are a little larger than those that set the weights; measured on three public panels
FALLBACK = 0.35  # error as a share of a month's mean where nothing at all was backtested


def add_intervals(
    forecast: pd.DataFrame, backtest: pd.DataFrame, panel: pd.DataFrame, series: pd.DataFrame, *, levels: Sequence[int] = (80, 95)
) -> pd.DataFrame:
    """Forecast rows with `lo-…` and `hi-…` for each level in percent.

    `backtest` holds forecasts of the same kind at earlier cutoffs (unique_id, cutoff, ds, h, y_hat), `panel` the actuals (y_raw).
    Split conformal quantiles of scaled errors, upper and lower apart: the k-th smallest of n with k = ceil((n + 1) p), after Vovk,
    Gammerman and Shafer (2005). Only errors of months through each forecast's cutoff count. A forecast whose series has
    no history at its cutoff has null intervals.
    """
    blocks = []
    for cutoff, rows in forecast.groupby("cutoff", sort=True):
        past = backtest.loc[(backtest["cutoff"] < cutoff) & (backtest["ds"] <= cutoff)]
        history = panel.loc[panel["ds"] <= cutoff]
        blocks.append(_at_cutoff(rows, past, history, series=series, levels=levels))
    return pd.concat(blocks).loc[forecast.index] if blocks else forecast.copy()


def _at_cutoff(
    rows: pd.DataFrame, past: pd.DataFrame, history: pd.DataFrame, *, series: pd.DataFrame, levels: Sequence[int]
) -> pd.DataFrame:
    group = series.set_index("unique_id")["level"]
    errors = past.merge(history[["unique_id", "ds", "y_raw"]].dropna(), on=["unique_id", "ds"])
    errors = errors.assign(error=errors["y_raw"] - errors["y_hat"], level=errors["unique_id"].map(group))
    scale = _scales(errors, history, group)
    scaled = errors.assign(z=errors["error"] / errors["unique_id"].map(scale))
    scaled = scaled.loc[np.isfinite(scaled["z"])]
    floor = _floors(history)
    columns: dict[str, np.ndarray] = {}
    for level in levels:
        up, down = (_bounds(scaled, rows, group, share=level / 100, side=side) for side in (1, -1))
        width = WIDER * rows["unique_id"].map(scale).to_numpy(dtype=float)
        low = np.maximum(rows["y_hat"].to_numpy() - down * width, rows["unique_id"].map(floor).fillna(-np.inf).to_numpy())
        columns[f"lo-{level}"] = np.minimum(low, rows["y_hat"].to_numpy())
        columns[f"hi-{level}"] = rows["y_hat"].to_numpy() + up * width
    return rows.assign(**columns)


def _scales(errors: pd.DataFrame, history: pd.DataFrame, group: pd.Series) -> pd.Series:
    """Size of error per series, in the panel's unit: a mix of its own mean absolute error and its level's share of size."""
    known = history.sort_values("ds").dropna(subset=["y_raw"])
    last = known.groupby("unique_id").tail(SEASON)
    recent = last["y_raw"].abs().groupby(last["unique_id"]).mean()
    own = errors.assign(error=errors["error"].abs()).groupby("unique_id")["error"].agg(["mean", "size"]).reindex(recent.index)
    share = own["mean"] / recent.where(recent > 0)
    level = group.reindex(recent.index)
    of_level = share.groupby(level).transform("median").fillna(share.median() if share.notna().any() else FALLBACK)
    trust = OWN * (own["size"].fillna(0) / ENOUGH).clip(upper=1)
    return recent * (trust * share.fillna(0) + (1 - trust) * of_level)


def _bounds(scaled: pd.DataFrame, rows: pd.DataFrame, group: pd.Series, *, share: float, side: int) -> np.ndarray:
    """Quantile of scaled errors on one side for each forecast row, at least 0: the level's mixed with that of all levels."""
    horizons = np.arange(1, int(rows["h"].max()) + 1)
    overall = _curve(scaled, horizons, share=share, side=side)
    result = np.empty(len(rows))
    level = rows["unique_id"].map(group).to_numpy()
    for name in pd.unique(level):
        own = scaled.loc[scaled["level"] == name]
        trust = len(own) / (len(own) + LEVEL_ROWS)
        curve = trust * _curve(own, horizons, share=share, side=side) + (1 - trust) * overall if len(own) else overall
        here = level == name
        result[here] = curve[rows["h"].to_numpy()[here] - 1]
    return result


def _curve(scaled: pd.DataFrame, horizons: np.ndarray, *, share: float, side: int) -> np.ndarray:
    """Quantile by horizon (n_horizons,): of errors at neighbouring horizons, never falling, the nearest where there is none."""
    p = 0.5 + share / 2
    h, z = scaled["h"].to_numpy(), side * scaled["z"].to_numpy()
    if not len(z):
        return np.full(len(horizons), _normal_quantile(p))
    values = np.array([_conformal(z[np.abs(h - k) <= NEIGHBOURS], p) for k in horizons])
    known = np.flatnonzero(np.isfinite(values))
    values = np.interp(np.arange(len(horizons)), known, values[known]) if len(known) else np.full(len(horizons), _conformal(z, p))
    return np.maximum.accumulate(np.maximum(values, 0.0))


def _conformal(z: np.ndarray, p: float) -> float:
    """The ceil((n + 1) p)-th smallest value, the largest where n is too small for that; NaN of none.

    >>> _conformal(np.arange(1.0, 20.0), 0.9)
    18.0
    """
    if not len(z):
        return float("nan")
    k = min(int(np.ceil((len(z) + 1) * p)), len(z))
    return float(np.sort(z)[k - 1])


def _normal_quantile(p: float) -> float:
    """Quantile of a normal error in units of its mean absolute value, where there is nothing to count."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(p) * float(np.sqrt(np.pi / 2))


def _floors(history: pd.DataFrame) -> pd.Series:
    """0 for each series that was never negative, and minus infinity for the others."""
    least = history.groupby("unique_id")["y_raw"].min()
    return pd.Series(np.where(least < 0, -np.inf, 0.0), index=least.index)
