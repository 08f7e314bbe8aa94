"""Seasonal naive: each coming month is the last value known of its calendar month; what nobody
should fall behind.

Intervals: the forecast plus and minus the normal quantile times the root of the mean squared step
from year to year (Hyndman and Athanasopoulos 2021,
https://otexts.com/fpp3/prediction-intervals.html), which grows with the root of the years ahead.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from measure import LEVELS

SEASON = 12  # months


def forecast(history: pd.DataFrame, future: pd.DataFrame, settings: dict[str, Any]) -> pd.DataFrame:
    """unique_id, ds, y_hat, lo-50 .. hi-95; a calendar month that was never seen takes the mean of
    the history.
    """
    known = history.dropna(subset=["y"])
    seasons = known.assign(month=known["ds"].dt.month).groupby(["unique_id", "month"])["y"].last()
    rows = future[["unique_id", "ds"]].reset_index(drop=True)
    keys = pd.MultiIndex.from_arrays([rows["unique_id"], rows["ds"].dt.month])
    means = rows["unique_id"].map(known.groupby("unique_id")["y"].mean())
    rows["y_hat"] = pd.Series(seasons.reindex(keys).to_numpy()).fillna(means)
    spread = rows["unique_id"].map(find_spread(history)) * np.sqrt(
        1 + rows.groupby("unique_id").cumcount() // SEASON
    )
    for level in LEVELS:
        width = NormalDist().inv_cdf(0.5 + level / 200) * spread
        rows[f"lo-{level}"], rows[f"hi-{level}"] = rows["y_hat"] - width, rows["y_hat"] + width
    return rows


def find_spread(history: pd.DataFrame) -> pd.Series:
    """Root of the mean squared step from a month to that of the next year, of each series; of the
    deviations where there is none.
    """
    series = history.groupby("unique_id")["y"]
    steps = np.sqrt((series.diff(SEASON) ** 2).groupby(history["unique_id"]).mean())
    return steps.fillna(series.std()).fillna(0.0)
