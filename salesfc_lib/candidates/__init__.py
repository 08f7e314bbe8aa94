"""The models that compete, by name.

Nothing enters; the registry leaves. To add a model: one file with one function in the protocol's shape, one line here,
one in `parameters/defaults.yml`. The order is from the simplest to the most complex: where two are nearly as accurate,
the earlier is preferred.
"""

from __future__ import annotations

from salesfc_lib.candidates import arima, autoregression, intermittent, naive, named, regression, winters
from salesfc_lib.candidates.protocol import SEASON, Candidate
from salesfc_lib.candidates.smoothing import aggregation, damped_trend, level, seasonal, theta

BASELINE = "seasonal_naive"
CORRECTION = "xgboost"  # no candidate of its own: it corrects what the others say (`correction`)
ONE_YEAR = SEASON + 1

REGISTRY: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate("seasonal_naive", "naive", "Seasonal naive", naive.seasonal_naive, SEASON, "panel"),
        Candidate("recent_mean", "naive", "Recent mean", naive.recent_mean, 1, "panel"),
        Candidate("growth", "naive", "Last year times growth", naive.growth, 2 * SEASON, "panel"),
        Candidate("two_years", "naive", "Mean of two years", naive.two_years, 2 * SEASON, "panel"),
        Candidate("level", "exponential smoothing", "Smoothed level", seasonal(level, relative=True), 3, "panel"),
        Candidate(
            "level_additive", "exponential smoothing", "Smoothed level, additive", seasonal(level, relative=False), 3, "panel"
        ),
        Candidate("theta", "exponential smoothing", "Theta", seasonal(theta, relative=True), ONE_YEAR, "panel"),
        Candidate("theta_additive", "exponential smoothing", "Theta, additive", seasonal(theta, relative=False), ONE_YEAR, "panel"),
        Candidate("damped", "exponential smoothing", "Damped trend", seasonal(damped_trend, relative=True), ONE_YEAR, "panel"),
        Candidate(
            "damped_additive",
            "exponential smoothing",
            "Damped trend, additive",
            seasonal(damped_trend, relative=False),
            ONE_YEAR,
            "panel",
        ),
        Candidate(
            "aggregation", "exponential smoothing", "Temporal aggregation", seasonal(aggregation, relative=True), ONE_YEAR, "panel"
        ),
        Candidate(
            "aggregation_additive",
            "exponential smoothing",
            "Temporal aggregation, additive",
            seasonal(aggregation, relative=False),
            ONE_YEAR,
            "panel",
        ),
        Candidate("winters", "exponential smoothing", "Holt-Winters", winters.multiplicative, winters.NEEDED, "panel"),
        Candidate("winters_additive", "exponential smoothing", "Holt-Winters, additive", winters.additive, winters.NEEDED, "panel"),
        Candidate("croston", "intermittent demand", "Croston, SBA", intermittent.croston, ONE_YEAR, "panel"),
        Candidate("tsb", "intermittent demand", "TSB", intermittent.tsb, ONE_YEAR, "panel"),
        Candidate("autoregression", "autoregression", "Autoregression of the panel", autoregression.forecast, ONE_YEAR, "panel"),
        Candidate("regression", "regression", "Regression", regression.forecast, ONE_YEAR, "panel"),
        Candidate("ets", "exponential smoothing", "ETS", named.ets, named.NEEDED),
        Candidate("dynamic_theta", "exponential smoothing", "Dynamic optimised Theta", named.dynamic_theta, named.NEEDED),
        Candidate("ces", "exponential smoothing", "CES", named.ces, named.NEEDED),
        Candidate("auto_arima", "ARIMA", "ARIMA by statsforecast", named.auto_arima, named.NEEDED),
        Candidate("arima", "ARIMA", "ARIMA", arima.forecast, arima.NEEDED, search=arima.search),
    )
}

__all__ = ["BASELINE", "CORRECTION", "REGISTRY", "Candidate"]
