"""The models that compete, by name.

Nothing enters; the registry leaves. To add a model: one file with one function in the protocol's shape, one line here,
one in `parameters/defaults.yml`. The order is from the simplest to the most complex: where two are nearly as accurate,
the earlier is preferred.
"""

from __future__ import annotations

from salesfc_lib.candidates.arima import forecast as arima
from salesfc_lib.candidates.arima import search, search_month
from salesfc_lib.candidates.naive import growth, recent_mean, seasonal_naive
from salesfc_lib.candidates.protocol import Candidate
from salesfc_lib.candidates.regression import forecast as regression
from salesfc_lib.candidates.smoothing import ces, ets, theta
from salesfc_lib.candidates.trees import forecast as xgboost

BASELINE = "seasonal_naive"

REGISTRY: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate("seasonal_naive", "naive", "Seasonal naive", seasonal_naive),
        Candidate("recent_mean", "naive", "Recent mean", recent_mean),
        Candidate("growth", "naive", "Last year times growth", growth),
        Candidate("theta", "exponential smoothing", "Theta", theta),
        Candidate("ets", "exponential smoothing", "ETS", ets),
        Candidate("ces", "exponential smoothing", "CES", ces),
        Candidate("regression", "regression", "Regression", regression),
        Candidate("arima", "ARIMA", "ARIMA", arima, search=search, search_month=search_month),
        Candidate("xgboost", "gradient boosting", "XGBoost", xgboost, scope="panel"),
    )
}

__all__ = ["BASELINE", "REGISTRY", "Candidate"]
