"""Driver effects: the regression's terms for chosen series, and pooled over the whole unit.

A `History` enters; tables coefficient, pooled_driver and driver_effect leave. Only the unit's total
and the key series are explained, because statsmodels takes one series at a time. The effect of a
known promotion or price is relative to a month without it, or, for a driver that is never zero, to
its mean of the twelve months before.
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

CANDIDATE = "regression"  # whose terms are listed


def explain_drivers(
    history: History, chosen: Collection[str], parameters: Parameters
) -> dict[str, pd.DataFrame]:
    """The three tables by name; coefficient and driver_effect of the chosen series."""
    block = parameters.candidates.get(CANDIDATE)
    half_life = HALF_LIFE if block is None else float(block.settings.get("half_life", HALF_LIFE))
    bottom = history.take(
        np.flatnonzero(history.level == list(parameters.levels).index(parameters.bottom))
    )
    coefficient = list_coefficients(history, chosen, half_life=half_life)
    return {
        "coefficient": coefficient,
        "pooled_driver": pool_effects(bottom, half_life=half_life),
        "driver_effect": list_ahead(history, coefficient, parameters.horizon),
    }


def list_coefficients(
    history: History, chosen: Collection[str], *, half_life: float = HALF_LIFE
) -> pd.DataFrame:
    """Table coefficient of the chosen series, 95 %; drivers that never moved are left out."""
    found = coefficients(history, half_life=half_life, only=set(chosen))
    if found.empty:
        return tables.empty("coefficient")
    row = {unique_id: place for place, unique_id in enumerate(history.ids)}
    width, steps, moved = history.y.shape[1], [], []
    for unique_id, term in zip(found["unique_id"], found["term"], strict=True):
        driver = term in history.regressors
        values = history.regressors[term][row[unique_id], :width] if driver else np.zeros(0)
        steps.append(step_of(values) if driver else np.nan)
        moved.append(not driver or _moves(values[np.isfinite(history.y[row[unique_id]])]))
    table = found.assign(step=steps)[moved].astype({"unique_id": object, "term": object})
    return table.reset_index(drop=True)


def list_ahead(history: History, coefficient: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Table driver_effect: each driver ahead, and what the regression adds for it, 95 %."""
    row = {unique_id: place for place, unique_id in enumerate(history.ids)}
    drivers = coefficient[coefficient["term"].isin(list(history.regressors))]
    parts = [
        _ahead(history, row[each["unique_id"]], each, horizon) for _, each in drivers.iterrows()
    ]
    return pd.concat(parts, ignore_index=True) if parts else tables.empty("driver_effect")


def _moves(values: np.ndarray) -> bool:
    return bool(np.nanmax(values, initial=-np.inf) > np.nanmin(values, initial=np.inf))


def _ahead(history: History, row: int, term: pd.Series, horizon: int) -> pd.DataFrame:
    """Months ahead of one driver; those of which nothing is known have no row."""
    width = history.y.shape[1]
    known = history.regressors[str(term["term"])][row, : width + horizon]
    value = moved = known[width:]
    if np.nanmin(known[:width], initial=np.inf) > 0:
        usual = trailing_mean(known[None])[0, width:]
        moved = (value - usual) / np.where(usual > 0, usual, 1.0)
    low, high = np.sort(np.stack([term["low"] * moved, term["high"] * moved]), axis=0)
    columns = {
        "unique_id": str(term["unique_id"]),
        "term": str(term["term"]),
        "ds": (history.last[row] + np.arange(1, len(value) + 1)).astype("datetime64[ns]"),
        "value": value,
        "effect": term["estimate"] * moved,
        "low": low,
        "high": high,
    }
    return pd.DataFrame(columns)[np.isfinite(value)]
