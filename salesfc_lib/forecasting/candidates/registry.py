"""The candidates by name.

To add one: a file with a function in the protocol's shape, a line here, and a key under
`candidates` in `parameters/defaults.yml`. The order is from the simplest to the most complex: of
two that are about as accurate, the earlier is preferred.
"""

from __future__ import annotations

from salesfc_lib.forecasting.candidates import (
    arima,
    autoregression,
    dynamic_theta,
    intermittent,
    launch,
    naive,
    regression,
    winters,
)
from salesfc_lib.forecasting.candidates import series_autoregression as own_autoregression
from salesfc_lib.forecasting.candidates import statsforecast_models as named
from salesfc_lib.forecasting.candidates.protocol import Candidate
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
from salesfc_lib.foundation import SEASON

BASELINE = "seasonal_naive"
BOOSTING = "xgboost"  # no candidate of its own: it corrects what the others say (`correction`)
ONE_YEAR = SEASON + 1
FACTOR = (
    STEADY,
    INTERMITTENT,
)  # where a season may be a factor: the latter takes that of all such series added up
REGULAR = (STEADY, PATCHY)
SMOOTHING, LUMPY = "exponential smoothing", "intermittent demand"


def _smooth(
    name: str, label: str, smoother: Smoother, needed: int = ONE_YEAR
) -> tuple[Candidate, Candidate]:
    """A smoother of seasonally adjusted months, with the season as a factor and as an addend."""
    relative = Candidate(
        name, SMOOTHING, label, seasonal(smoother, relative=True), needed, FACTOR, "panel"
    )
    additive = Candidate(
        f"{name}_additive",
        SMOOTHING,
        f"{label}, additive",
        seasonal(smoother, relative=False),
        needed,
        REGULAR,
        "panel",
    )
    return relative, additive


REGISTRY: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate(
            "seasonal_naive", "naive", "Seasonal naive", naive.seasonal_naive, SEASON, scope="panel"
        ),
        Candidate("recent_mean", "naive", "Recent mean", naive.recent_mean, 1, scope="panel"),
        Candidate(
            "growth", "naive", "Last year times growth", naive.growth, 2 * SEASON, REGULAR, "panel"
        ),
        Candidate(
            "two_years", "naive", "Mean of two years", naive.two_years, 2 * SEASON, REGULAR, "panel"
        ),
        *_smooth("level", "Smoothed level", level, needed=1),
        *_smooth("theta", "Theta", theta),
        *_smooth("damped", "Damped trend", damped_trend),
        *_smooth("aggregation", "Temporal aggregation", aggregation),
        Candidate(
            "theta_plain",
            SMOOTHING,
            "Theta without a season",
            smooth_as_is(theta),
            ONE_YEAR,
            REGULAR,
            "panel",
        ),
        Candidate(
            "theta_own",
            SMOOTHING,
            "Dynamic Theta, own season",
            dynamic_theta.forecast,
            ONE_YEAR,
            (STEADY,),
            "panel",
        ),
        Candidate(
            "winters",
            SMOOTHING,
            "Holt-Winters",
            winters.multiplicative,
            winters.NEEDED,
            (STEADY,),
            "panel",
        ),
        Candidate(
            "winters_additive",
            SMOOTHING,
            "Holt-Winters, additive",
            winters.additive,
            winters.NEEDED,
            REGULAR,
            "panel",
        ),
        Candidate(
            "croston",
            LUMPY,
            "Croston, SBA",
            intermittent.croston,
            ONE_YEAR,
            (INTERMITTENT,),
            "panel",
        ),
        Candidate("tsb", LUMPY, "TSB", intermittent.tsb, ONE_YEAR, (INTERMITTENT,), "panel"),
        Candidate(
            "autoregression",
            "autoregression",
            "Autoregression of the panel",
            autoregression.forecast,
            ONE_YEAR,
            scope="panel",
        ),
        Candidate(
            "autoregression_own",
            "autoregression",
            "Autoregression of each series",
            own_autoregression.forecast,
            ONE_YEAR,
            FACTOR,
            "panel",
        ),
        Candidate(
            "regression",
            "regression",
            "Regression",
            regression.forecast,
            ONE_YEAR,
            REGULAR,
            "panel",
            sees_drivers=True,
        ),
        Candidate("launch", "analogues", "Launches of others", launch.forecast, 1, scope="panel"),
        Candidate("ets", SMOOTHING, "ETS", named.ets, named.NEEDED),
        Candidate(
            "optimised_theta",
            SMOOTHING,
            "Dynamic optimised Theta",
            named.optimised_theta,
            named.NEEDED,
        ),
        Candidate("ces", SMOOTHING, "CES", named.ces, named.NEEDED),
        Candidate("auto_arima", "ARIMA", "ARIMA by statsforecast", named.auto_arima, named.NEEDED),
        Candidate("arima", "ARIMA", "ARIMA", arima.forecast, arima.NEEDED, search=arima.search),
    )
}

__all__ = ["BASELINE", "BOOSTING", "REGISTRY", "Candidate"]
