"""The candidates by name.

To add one: a file with a function in the protocol's shape, a line here, a key under `candidates` in
`parameters/defaults.yml`, and its name in the catalogue (`model.<name>`). The order is from the
simplest to the most complex: of two that are about as accurate, the earlier is preferred.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

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

# name, family, forecast, months needed, kinds of demand; the catalogue has the name for people
Row = tuple[str, str, Callable[..., np.ndarray | Prediction], int, tuple[str, ...]]


def _smooth(name: str, smoother: Smoother, needed: int = YEAR) -> list[Row]:
    """A smoother of seasonally adjusted months, with the season as a factor and as an addend."""
    factor, addend = (seasonal(smoother, relative=relative) for relative in (True, False))
    return [
        (name, SMOOTHING, factor, needed, FACTOR),
        (f"{name}_additive", SMOOTHING, addend, needed, SOLD),
    ]


PANEL: list[Row] = [
    (BASELINE, NAIVE, naive.seasonal_naive, SEASON, KINDS),
    ("recent_mean", NAIVE, naive.recent_mean, 1, KINDS),
    ("growth", NAIVE, naive.growth, TWO_YEARS, SOLD),
    ("two_years", NAIVE, naive.two_years, TWO_YEARS, SOLD),
    *_smooth("level", level, 1),
    *_smooth("damped", damped_trend),
    *_smooth("aggregation", aggregation),
    ("theta_plain", SMOOTHING, smooth_as_is(theta), YEAR, SOLD),
    ("theta_own", SMOOTHING, dynamic_theta.forecast, YEAR, (STEADY,)),
    ("winters", SMOOTHING, winters.multiplicative, LONGER, (STEADY,)),
    ("winters_additive", SMOOTHING, winters.additive, LONGER, SOLD),
    ("croston", LUMPY, intermittent.croston, YEAR, (INTERMITTENT,)),
    ("tsb", LUMPY, intermittent.tsb, YEAR, (INTERMITTENT,)),
    ("autoregression", LAGS, autoregression.of_panel, YEAR, KINDS),
    ("autoregression_own", LAGS, autoregression.own, YEAR, FACTOR),
    ("regression", "regression", regression.forecast, YEAR, SOLD),
    ("network", NETWORK, network.multiplicative, YEAR, (STEADY,)),
    ("network_additive", NETWORK, network.additive, YEAR, SOLD),
    ("network_own", NETWORK, network.own, YEAR, SOLD),
]
SERIES: list[Row] = [
    ("ets", SMOOTHING, models.ets, LONGER, KINDS),
    ("optimised_theta", SMOOTHING, models.optimised_theta, LONGER, KINDS),
    ("ces", SMOOTHING, models.ces, LONGER, KINDS),
    ("auto_arima", "ARIMA", models.auto_arima, LONGER, KINDS),
    ("unobserved_components", "structural", structural.unobserved_components, LONGER, SOLD),
    ("arima", "ARIMA", arima.forecast, arima.NEEDED, KINDS),
]
SEARCHES = {"arima": arima.search}


def _candidate(row: Row, scope: Literal["series", "panel"]) -> Candidate:
    name, family, forecast, needed, demand = row
    return Candidate(name, family, "", forecast, needed, demand, scope, SEARCHES.get(name))


CANDIDATES = (
    *(_candidate(row, "panel") for row in PANEL),
    *(_candidate(row, "series") for row in SERIES),
)
REGISTRY = {candidate.name: candidate for candidate in CANDIDATES}
QUICK = {row[0] for row in PANEL} | {BOOSTING}  # all series at once: seconds for a whole panel
