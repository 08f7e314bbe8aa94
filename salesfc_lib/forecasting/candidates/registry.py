"""The candidates by name.

To add one: a file with a function in the protocol's shape, a line here, and a key under
`candidates` in `parameters/defaults.yml`. The order is from the simplest to the most complex: of
two that are about as accurate, the earlier is preferred.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from salesfc_lib.forecasting.candidates import (
    arima,
    autoregression,
    dynamic_theta,
    intermittent,
    naive,
    network,
    structural,
    winters,
)
from salesfc_lib.forecasting.candidates import statsforecast_models as models
from salesfc_lib.forecasting.candidates.protocol import KINDS, Candidate, Prediction
from salesfc_lib.forecasting.candidates.smoothing import (
    Smoother,
    aggregation,
    damped_trend,
    level,
    seasonal,
    smooth_as_is,
    theta,
)
from salesfc_lib.forecasting.demand import INTERMITTENT, PATCHY, STEADY
from salesfc_lib.forecasting.drivers import regression
from salesfc_lib.foundation import SEASON

BASELINE = "seasonal_naive"
BOOSTING = "xgboost"  # no candidate of its own: it corrects the others (`combination.boosting`)
YEAR, TWO_YEARS, LONGER = SEASON + 1, 2 * SEASON, 2 * SEASON + 1  # months of history needed
SOLD = (STEADY, PATCHY)  # sells in most months
# where a season may be a factor: intermittent series take that of all such series added up
FACTOR = (STEADY, INTERMITTENT)
NAIVE, SMOOTHING, LUMPY = "naive", "exponential smoothing", "intermittent demand"
LAGS, NETWORK = "autoregression", "neural network"

# name, family, label for people, forecast, months needed, kinds of demand
Row = tuple[str, str, str, Callable[..., np.ndarray | Prediction], int, tuple[str, ...]]


def _smooth(name: str, label: str, smoother: Smoother, needed: int = YEAR) -> list[Row]:
    """A smoother of seasonally adjusted months, with the season as a factor and as an addend."""
    factor, addend = (seasonal(smoother, relative=relative) for relative in (True, False))
    return [
        (name, SMOOTHING, label, factor, needed, FACTOR),
        (f"{name}_additive", SMOOTHING, f"{label}, additive", addend, needed, SOLD),
    ]


PANEL: list[Row] = [
    (BASELINE, NAIVE, "Seasonal naive", naive.seasonal_naive, SEASON, KINDS),
    ("recent_mean", NAIVE, "Recent mean", naive.recent_mean, 1, KINDS),
    ("growth", NAIVE, "Last year times growth", naive.growth, TWO_YEARS, SOLD),
    ("two_years", NAIVE, "Mean of two years", naive.two_years, TWO_YEARS, SOLD),
    *_smooth("level", "Smoothed level", level, 1),
    *_smooth("theta", "Theta", theta),
    *_smooth("damped", "Damped trend", damped_trend),
    *_smooth("aggregation", "Temporal aggregation", aggregation),
    ("theta_plain", SMOOTHING, "Theta without a season", smooth_as_is(theta), YEAR, SOLD),
    ("theta_own", SMOOTHING, "Dynamic Theta, own season", dynamic_theta.forecast, YEAR, (STEADY,)),
    ("winters", SMOOTHING, "Holt-Winters", winters.multiplicative, LONGER, (STEADY,)),
    ("winters_additive", SMOOTHING, "Holt-Winters, additive", winters.additive, LONGER, SOLD),
    ("croston", LUMPY, "Croston, SBA", intermittent.croston, YEAR, (INTERMITTENT,)),
    ("tsb", LUMPY, "TSB", intermittent.tsb, YEAR, (INTERMITTENT,)),
    ("autoregression", LAGS, "Autoregression of the panel", autoregression.of_panel, YEAR, KINDS),
    ("autoregression_own", LAGS, "Autoregression of each series", autoregression.own, YEAR, FACTOR),
    ("regression", "regression", "Regression", regression.forecast, YEAR, SOLD),
    ("network", NETWORK, "Neural network", network.multiplicative, YEAR, (STEADY,)),
    ("network_additive", NETWORK, "Neural network, additive", network.additive, YEAR, SOLD),
    ("network_own", NETWORK, "Neural network, own season", network.own, YEAR, SOLD),
]
SERIES: list[Row] = [
    ("ets", SMOOTHING, "ETS", models.ets, LONGER, KINDS),
    (
        "optimised_theta",
        SMOOTHING,
        "Dynamic optimised Theta",
        models.optimised_theta,
        LONGER,
        KINDS,
    ),
    ("ces", SMOOTHING, "CES", models.ces, LONGER, KINDS),
    ("auto_arima", "ARIMA", "ARIMA by statsforecast", models.auto_arima, LONGER, KINDS),
    (
        "unobserved_components",
        "structural",
        "Structural model",
        structural.unobserved_components,
        LONGER,
        SOLD,
    ),
    ("arima", "ARIMA", "ARIMA", arima.forecast, arima.NEEDED, KINDS),
]
SEARCHES = {"arima": arima.search}

CANDIDATES = (
    *(Candidate(*row, "panel") for row in PANEL),
    *(Candidate(*row, "series", search=SEARCHES.get(row[0])) for row in SERIES),
)
REGISTRY = {candidate.name: candidate for candidate in CANDIDATES}
