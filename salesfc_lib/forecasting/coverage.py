"""Coverage of the intervals in the backtest.

A `Modeled` panel enters; its bounds at earlier cutoffs leave, and the count of actuals inside.
Bounds at a cutoff use only errors known then, so the count is out of sample.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesfc_lib.forecasting import metrics
from salesfc_lib.forecasting.forecast import Modeled
from salesfc_lib.forecasting.intervals import LEVELS, conformal_intervals
from salesfc_lib.forecasting.metrics import pool
from salesfc_lib.foundation import tables


def backtest_intervals(
    modeled: Modeled, levels: Sequence[int] = LEVELS
) -> dict[int, dict[int, tuple[np.ndarray, np.ndarray]]]:
    """Bounds (n, horizon) of the combination by tested cutoff and level in percent, as known then.

    A cutoff before which nothing was forecast has none.
    """
    found = {back: modeled.errors_known_at(back) for back in modeled.candidates.tested}
    return {
        back: conformal_intervals(past, modeled.combined[back], levels)
        for back, past in found.items()
        if past.errors
    }


def count_inside(backtest: pd.DataFrame, panel: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Table backtest_coverage of a backtest; forecasts without bounds are not counted."""
    bounded = backtest.dropna(subset=["lo-80"])
    if bounded.empty:
        return tables.empty("backtest_coverage")
    scored = metrics.score(bounded, panel, metrics=[f"coverage-{level}" for level in LEVELS])
    named = scored.merge(series[["unique_id", "level"]], on="unique_id")
    pooled = pool(named, ["level", "metric", "h"])
    columns = {
        "interval": pooled["metric"].str.removeprefix("coverage-").astype("int64"),
        "inside": pooled["numerator"].astype("int64"),
    }
    return pooled.assign(**columns)[["level", "interval", "h", "inside", "n"]].astype(
        {"h": "int64", "n": "int64"}
    )
