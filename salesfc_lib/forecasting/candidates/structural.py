"""Structural time series by statsmodels: a level that wanders, a season of harmonics, drivers.

Harvey (1989), https://doi.org/10.1017/CBO9781107049994.
"""

from __future__ import annotations

import warnings

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.candidates.arima import lively_drivers
from salesfc_lib.forecasting.candidates.protocol import Window, each_series
from salesfc_lib.foundation import SEASON


@each_series
def unobserved_components(window: Window, *, harmonics: int = 3) -> np.ndarray:
    """Local level and `harmonics` pairs of a yearly season, with the drivers known ahead.

    Fitted at the series' own scale of one, by maximum likelihood. A series that never changes goes
    on as it is.
    """
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    if np.ptp(window.y) == 0:
        return np.full(window.horizon, window.y[-1])
    scale = float(np.abs(window.y).mean())
    known, ahead = lively_drivers(window)
    season = [{"period": SEASON, "harmonics": harmonics}]
    with warnings.catch_warnings():
        # an optimiser that stopped early still gives a forecast, and the backtest judges it
        warnings.simplefilter("ignore")
        model = UnobservedComponents(
            window.y / scale, level="local level", freq_seasonal=season, exog=known
        )
        fitted = model.fit(disp=False, maxiter=tuning.STRUCTURAL_ITERATIONS, cov_type="none")
        return np.asarray(fitted.forecast(window.horizon, exog=ahead)) * scale
