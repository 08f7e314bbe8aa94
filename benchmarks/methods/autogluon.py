"""AutoGluon's time series predictor at a time limit, without models whose weights are downloaded.

Preset and list of models are its own (`high_quality`); what is pretrained is excluded. It is told
the season, MASE as the measure, the levels of the intervals and the columns known ahead; other
columns it sees as past covariates. Its forecast is the median, which is what its own measure
judges.
"""

from __future__ import annotations

import tempfile
from typing import Any

import pandas as pd
from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor

from measure import LEVELS

PRESET = "high_quality"
PRETRAINED = ["Chronos", "Chronos2", "Toto", "Toto2"]
TAILS = {
    f"{side}-{level}": round(0.5 + sign * level / 200, 4)
    for level in LEVELS
    for side, sign in (("lo", -1), ("hi", 1))
}
SEED = 123
QUICK = {
    "SeasonalNaive": {},
    "AutoETS": {},
    "DynamicOptimizedTheta": {},
    "RecursiveTabular": {},
    "DirectTabular": {},
}


def forecast(history: pd.DataFrame, future: pd.DataFrame, settings: dict[str, Any]) -> pd.DataFrame:
    """unique_id, ds, y_hat, lo-50 .. hi-95: the median and the quantiles of the best ensemble."""
    return _fit_and_predict(
        history, future, settings, presets=PRESET, excluded_model_types=PRETRAINED
    )


def warm_up(history: pd.DataFrame, future: pd.DataFrame, settings: dict[str, Any]) -> None:
    """A few quick models on a made-up panel, so that what is imported and compiled on first use is
    there.
    """
    _fit_and_predict(history, future, settings, hyperparameters=QUICK)


def _fit_and_predict(
    history: pd.DataFrame, future: pd.DataFrame, settings: dict[str, Any], **how: Any
) -> pd.DataFrame:
    known = settings["known"]
    with tempfile.TemporaryDirectory() as folder:
        predictor = TimeSeriesPredictor(
            target="y",
            prediction_length=settings["horizon"],
            freq="MS",
            eval_metric="MASE",
            eval_metric_seasonal_period=12,
            quantile_levels=sorted({0.5, *TAILS.values()}),
            known_covariates_names=known or None,
            path=folder,
            verbosity=1,
        )
        train = _shape(history)
        predictor.fit(train, time_limit=settings["time_limit"], random_seed=SEED, **how)
        ahead = _shape(future[["unique_id", "ds", *known]]) if known else None
        found = predictor.predict(train, known_covariates=ahead, random_seed=SEED).reset_index()
    columns = {side: found[str(tail)] for side, tail in TAILS.items()}
    return pd.DataFrame(
        {"unique_id": found["item_id"], "ds": found["timestamp"], "y_hat": found["0.5"], **columns}
    )


def _shape(rows: pd.DataFrame) -> TimeSeriesDataFrame:
    return TimeSeriesDataFrame.from_data_frame(rows, id_column="unique_id", timestamp_column="ds")
