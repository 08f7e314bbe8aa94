"""The models that compete, by name.

Nothing enters; the registry leaves. To add a model: one file with one function in the protocol's shape, one line here,
one in `parameters/defaults.yml`. The order is from the simplest to the most complex: where two are nearly as accurate,
the earlier is preferred.
"""

from __future__ import annotations

from salesfc_lib.candidates import arima, naive, regression, smoothing, trees
from salesfc_lib.candidates.protocol import Candidate

BASELINE = "seasonal_naive"

REGISTRY: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate("seasonal_naive", "naive", "Seasonal naive", naive.seasonal_naive),
        Candidate("recent_mean", "naive", "Recent mean", naive.recent_mean),
        Candidate("growth", "naive", "Last year times growth", naive.growth),
        Candidate("theta", "exponential smoothing", "Theta", smoothing.theta),
        Candidate("ets", "exponential smoothing", "ETS", smoothing.ets),
        Candidate("ces", "exponential smoothing", "CES", smoothing.ces),
        Candidate("regression", "regression", "Regression", regression.forecast),
        Candidate("arima", "ARIMA", "ARIMA", arima.forecast, search=arima.search, search_month=arima.search_month),
        Candidate("xgboost", "gradient boosting", "XGBoost", trees.forecast, scope="panel"),
    )
}

__all__ = ["BASELINE", "REGISTRY", "Candidate"]
