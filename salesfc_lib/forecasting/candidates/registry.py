"""The candidates by name.

To add one: a file with a function in the protocol's shape, a line here, and a key under
`candidates` in `parameters/defaults.yml`. The order is from the simplest to the most complex: of
two that are about as accurate, the earlier is preferred.
"""

from __future__ import annotations

from typing import Any

from salesfc_lib.forecasting.candidates import (
    arima,
    autoregression,
    dynamic_theta,
    intermittent,
    launch,
    naive,
    regression,
    series_autoregression,
    winters,
)
from salesfc_lib.forecasting.candidates import statsforecast_models as models
from salesfc_lib.forecasting.candidates.protocol import Candidate
from salesfc_lib.forecasting.candidates.smoothing import (
    Forecast,
    Smoother,
    aggregation,
    damped_trend,
    level,
    seasonal,
    smooth_as_is,
    theta,
)
from salesfc_lib.forecasting.demand import INTERMITTENT, PATCHY, STEADY
from salesfc_lib.foundation import SEASON

BASELINE = "seasonal_naive"
BOOSTING = "xgboost"  # no candidate of its own: it corrects what the others say (`boosting`)
ONE_YEAR = SEASON + 1
# where a season may be a factor: intermittent series take that of all such series added up
FACTOR = (STEADY, INTERMITTENT)
REGULAR = (STEADY, PATCHY)
NAIVE, SMOOTHING, LUMPY = "naive", "exponential smoothing", "intermittent demand"
LAGS = "autoregression"


def _panel(
    name: str, family: str, label: str, forecast: Forecast, needed: int = ONE_YEAR, **more: Any
) -> Candidate:
    """A candidate that forecasts the whole panel at once."""
    return Candidate(name, family, label, forecast, needed, scope="panel", **more)


def _smooth(name: str, label: str, smoother: Smoother, needed: int = ONE_YEAR) -> list[Candidate]:
    """A smoother of seasonally adjusted months, with the season as a factor and as an addend."""
    factor, addend = (seasonal(smoother, relative=relative) for relative in (True, False))
    additive = f"{label}, additive"
    return [
        _panel(name, SMOOTHING, label, factor, needed, demand=FACTOR),
        _panel(f"{name}_additive", SMOOTHING, additive, addend, needed, demand=REGULAR),
    ]


CANDIDATES = (
    _panel("seasonal_naive", NAIVE, "Seasonal naive", naive.seasonal_naive, SEASON),
    _panel("recent_mean", NAIVE, "Recent mean", naive.recent_mean, 1),
    _panel("growth", NAIVE, "Last year times growth", naive.growth, 2 * SEASON, demand=REGULAR),
    _panel("two_years", NAIVE, "Mean of two years", naive.two_years, 2 * SEASON, demand=REGULAR),
    *_smooth("level", "Smoothed level", level, needed=1),
    *_smooth("theta", "Theta", theta),
    *_smooth("damped", "Damped trend", damped_trend),
    *_smooth("aggregation", "Temporal aggregation", aggregation),
    _panel("theta_plain", SMOOTHING, "Theta without a season", smooth_as_is(theta), demand=REGULAR),
    _panel(
        "theta_own",
        SMOOTHING,
        "Dynamic Theta, own season",
        dynamic_theta.forecast,
        demand=(STEADY,),
    ),
    _panel(
        "winters",
        SMOOTHING,
        "Holt-Winters",
        winters.multiplicative,
        winters.NEEDED,
        demand=(STEADY,),
    ),
    _panel(
        "winters_additive",
        SMOOTHING,
        "Holt-Winters, additive",
        winters.additive,
        winters.NEEDED,
        demand=REGULAR,
    ),
    _panel("croston", LUMPY, "Croston, SBA", intermittent.croston, demand=(INTERMITTENT,)),
    _panel("tsb", LUMPY, "TSB", intermittent.tsb, demand=(INTERMITTENT,)),
    _panel("autoregression", LAGS, "Autoregression of the panel", autoregression.forecast),
    _panel(
        "autoregression_own",
        LAGS,
        "Autoregression of each series",
        series_autoregression.forecast,
        demand=FACTOR,
    ),
    _panel(
        "regression",
        "regression",
        "Regression",
        regression.forecast,
        demand=REGULAR,
        sees_drivers=True,
    ),
    _panel("launch", "analogues", "Launches of others", launch.forecast, 1),
    Candidate("ets", SMOOTHING, "ETS", models.ets, models.NEEDED),
    Candidate(
        "optimised_theta",
        SMOOTHING,
        "Dynamic optimised Theta",
        models.optimised_theta,
        models.NEEDED,
    ),
    Candidate("ces", SMOOTHING, "CES", models.ces, models.NEEDED),
    Candidate("auto_arima", "ARIMA", "ARIMA by statsforecast", models.auto_arima, models.NEEDED),
    Candidate("arima", "ARIMA", "ARIMA", arima.forecast, arima.NEEDED, search=arima.search),
)
REGISTRY = {candidate.name: candidate for candidate in CANDIDATES}
