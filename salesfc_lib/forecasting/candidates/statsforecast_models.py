"""Models of statsforecast, one series at a time: ETS, Theta, CES and ARIMA.

Each is fitted without a fallback model, so that failures are seen. Off by default: the panel's
grids are as accurate at a hundredth of the cost.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from salesfc_lib.forecasting.candidates.protocol import Window, each_series
from salesfc_lib.foundation import SEASON


@each_series
def ets(window: Window, *, model: str = "ZNZ", damped: bool | None = None) -> np.ndarray:
    """Error-trend-season smoothing; `model` names the three forms, Z is chosen by AICc.

    Hyndman, Koehler, Snyder and Grose (2002), https://doi.org/10.1016/S0169-2070(01)00110-8.
    """
    return _run(_models().AutoETS(SEASON, model=model, damped=damped), window)


@each_series
def optimised_theta(window: Window, *, decomposition: str = "additive") -> np.ndarray:
    """Dynamic optimised Theta of the seasonally adjusted series.

    Multiplicative indices are unstable where months are near zero, so series with such a month stay
    additive. Fiorucci et al. (2016), https://doi.org/10.1016/j.ijforecast.2016.02.005.
    """
    form = decomposition if window.y.min() > 0 else "additive"
    return _run(_models().DynamicOptimizedTheta(SEASON, decomposition_type=form), window)


@each_series
def ces(window: Window, *, model: str = "Z") -> np.ndarray:
    """Complex exponential smoothing; `model` Z chooses the seasonal form by AICc.

    Svetunkov, Kourentzes and Ord (2022), https://doi.org/10.1002/nav.22074.
    """
    return _run(_models().AutoCES(SEASON, model=model), window)


@each_series
def auto_arima(window: Window) -> np.ndarray:
    """Seasonal ARIMA with the orders found by AICc.

    Hyndman and Khandakar (2008), https://doi.org/10.18637/jss.v027.i03.
    """
    return _run(_models().AutoARIMA(season_length=SEASON), window)


def _models() -> Any:
    """statsforecast's models, without the warning about progress widgets."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        from statsforecast import models
    return models


def _run(model: Any, window: Window) -> np.ndarray:
    """Forecast of a statsforecast model, fitted at the series' own scale of one.

    The optimisers have absolute tolerances and bounds, so a series in cents and one in millions
    would be fitted differently. A series that never changes goes on as it is.
    """
    if np.ptp(window.y) == 0:
        return np.full(window.horizon, window.y[-1])
    scale = float(np.abs(window.y).mean())
    fitted = model.forecast(y=window.y / scale, h=window.horizon)
    return np.asarray(fitted["mean"]) * scale
