"""Tables coefficient, pooled_driver and driver_effect of a `History`.

Only the unit's total and the key series are explained, because statsmodels takes one series at a
time. The effect of a known promotion or price is relative to a month without it, or, for a driver
that is never zero, to its mean of the twelve months before.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from salesfc_lib.forecasting.drivers.design import trailing_mean
from salesfc_lib.forecasting.drivers.pooled import pool_effects, step_of
from salesfc_lib.forecasting.drivers.regression import coefficients
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import HALF_LIFE
from salesfc_lib.foundation import Parameters, tables


def explain_drivers(
    history: History, explained: Collection[str], parameters: Parameters
) -> dict[str, pd.DataFrame]:
    """The three tables by name; coefficient and driver_effect of the `explained` series."""
    block = parameters.candidates.get("regression")  # whose terms are listed
    half_life = HALF_LIFE if block is None else float(block.settings.get("half_life", HALF_LIFE))
    bottom = list(parameters.levels).index(parameters.bottom)
    bottoms = history.take(np.flatnonzero(history.level == bottom))
    coefficient = list_coefficients(history, explained, half_life=half_life)
    return {
        "coefficient": coefficient,
        "pooled_driver": pool_effects(bottoms, half_life=half_life),
        "driver_effect": list_ahead(history, coefficient, parameters.horizon),
    }


def list_coefficients(
    history: History, explained: Collection[str], *, half_life: float = HALF_LIFE
) -> pd.DataFrame:
    """Table coefficient of the explained series, 95 %; drivers that never moved are left out."""
    terms = coefficients(history, half_life=half_life, only=set(explained))
    width, steps, moved = history.y.shape[1], [], []
    rows = pd.Index(history.ids).get_indexer(terms["unique_id"])
    for row, term in zip(rows, terms["term"], strict=True):
        values = history.regressors[term][row, :width] if term in history.regressors else None
        known = values[np.isfinite(history.y[row])] if values is not None else np.zeros(0)
        steps.append(np.nan if values is None else step_of(values))
        spread = np.nanmax(known, initial=-np.inf) - np.nanmin(known, initial=np.inf)
        moved.append(values is None or spread > 0)
    return tables.build(terms.assign(step=steps).loc[moved], "coefficient")


def list_ahead(history: History, coefficient: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Table driver_effect: each driver ahead, and what the regression adds for it, 95 %.

    Months of which nothing is known have no row.
    """
    width, parts = history.y.shape[1], []
    drivers = coefficient[coefficient["term"].isin(list(history.regressors))]
    rows = pd.Index(history.ids).get_indexer(drivers["unique_id"])
    for row, term in zip(rows, drivers.to_dict("records"), strict=True):
        known = history.regressors[term["term"]][row, : width + horizon]
        value = moved = known[width:]
        if np.nanmin(known[:width], initial=np.inf) > 0:
            usual = trailing_mean(known[None])[0, width:]
            moved = (value - usual) / np.where(usual > 0, usual, 1.0)
        low, high = np.sort(np.stack([term["low"] * moved, term["high"] * moved]), axis=0)
        columns = {
            "unique_id": term["unique_id"],
            "term": term["term"],
            "ds": (history.last[row] + np.arange(1, len(value) + 1)).astype("datetime64[ns]"),
            "value": value,
            "effect": term["estimate"] * moved,
            "low": low,
            "high": high,
        }
        parts.append(pd.DataFrame(columns)[np.isfinite(value)])
    return pd.concat(parts, ignore_index=True) if parts else tables.empty("driver_effect")
