"""SCUM: the median of Theta, ETS, CES and AutoARIMA by statsforecast, and of their own intervals.

Petropoulos and Svetunkov 2020, https://doi.org/10.1016/j.ijforecast.2019.01.006. The models know no
missing month: one is filled on the line between its neighbours. Where a model fails on a series,
the last value takes its place (`fallback_model`).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoARIMA, AutoCES, AutoETS, DynamicOptimizedTheta, Naive

from measure import CORES, INTERVALS, LEVELS

SEASON = 12  # months
MODELS = {"theta": DynamicOptimizedTheta, "ets": AutoETS, "ces": AutoCES, "arima": AutoARIMA}


def forecast(history: pd.DataFrame, future: pd.DataFrame, settings: dict[str, Any]) -> pd.DataFrame:
    """Median over the four models, for each of the coming months."""
    return take_median(forecast_each(history, settings["horizon"], cores=CORES))


def warm_up(history: pd.DataFrame, future: pd.DataFrame, settings: dict[str, Any]) -> None:
    """The same in this process, whose compiled code the workers inherit."""
    forecast_each(history, settings["horizon"], cores=1)


def forecast_each(history: pd.DataFrame, horizon: int, *, cores: int) -> pd.DataFrame:
    """Columns of each model: NAME, NAME-lo-50, NAME-hi-50 .. NAME-hi-95."""
    models = [model(season_length=SEASON, alias=name) for name, model in MODELS.items()]
    engine = StatsForecast(models=models, freq="MS", n_jobs=cores, fallback_model=Naive())
    return engine.forecast(df=fill_missing(history), h=horizon, level=list(LEVELS)).reset_index()


def fill_missing(history: pd.DataFrame) -> pd.DataFrame:
    """unique_id, ds, y without a missing y; the ends take the nearest value that is there."""
    filled = history.groupby("unique_id", sort=False)["y"].transform(
        lambda y: y.interpolate(limit_direction="both")
    )
    return history[["unique_id", "ds"]].assign(y=filled)


def take_median(each: pd.DataFrame) -> pd.DataFrame:
    """unique_id, ds, y_hat, lo-50 .. hi-95: medians over the models."""
    medians = {"y_hat": each[list(MODELS)].median(axis=1)}
    medians |= {
        side: each[[f"{name}-{side}" for name in MODELS]].median(axis=1) for side in INTERVALS
    }
    return each[["unique_id", "ds"]].assign(**medians)
