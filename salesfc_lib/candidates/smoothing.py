"""Exponential smoothing by statsforecast: ETS, Theta and CES.

One series enters, its forecast leaves. The decision made here: each model is fitted alone, with no fallback model, so
that what fails is seen, and on a copy, because statsforecast's CES writes into what it is given.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.candidates.protocol import SEASON, Result, Window, forecast_each

NEEDED = 2 * SEASON + 1  # months: two full years, and one to tell them apart


def ets(
    panel: pd.DataFrame,
    future: pd.DataFrame,
    cutoffs: Sequence[pd.Timestamp],
    horizon: int,
    *,
    model: str = "ZNZ",
    damped: bool | None = None,
) -> Result:
    """Error-trend-season smoothing; `model` names the three forms, Z is chosen by AICc.

    Hyndman, Koehler, Snyder and Grose (2002), https://doi.org/10.1016/S0169-2070(01)00110-8.
    """
    return _each(panel, future, cutoffs=cutoffs, horizon=horizon, model=_models().AutoETS(SEASON, model=model, damped=damped))


def theta(
    panel: pd.DataFrame,
    future: pd.DataFrame,
    cutoffs: Sequence[pd.Timestamp],
    horizon: int,
    *,
    decomposition: str = "additive",
) -> Result:
    """Dynamic optimised Theta on the seasonally adjusted series, additive unless `decomposition` says multiplicative.

    Multiplicative indices are unstable where months are near zero, so series with such a month stay additive. Fiorucci et
    al. (2016), https://doi.org/10.1016/j.ijforecast.2016.02.005.
    """
    forms = {form: _models().DynamicOptimizedTheta(SEASON, decomposition_type=form) for form in {decomposition, "additive"}}

    def fit(window: Window, _: str) -> np.ndarray:
        return _run(forms[decomposition if window.y.min() > 0 else "additive"], window)

    return forecast_each(panel, future, cutoffs=cutoffs, horizon=horizon, fit=fit, needed=NEEDED)


def ces(panel: pd.DataFrame, future: pd.DataFrame, cutoffs: Sequence[pd.Timestamp], horizon: int, *, model: str = "Z") -> Result:
    """Complex exponential smoothing; `model` Z chooses the seasonal form by AICc.

    Svetunkov, Kourentzes and Ord (2022), https://doi.org/10.1002/nav.22074.
    """
    return _each(panel, future, cutoffs=cutoffs, horizon=horizon, model=_models().AutoCES(SEASON, model=model))


def _models() -> Any:
    """statsforecast's models. Its import warns in a kernel without progress widgets; none is ever shown here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")
        from statsforecast import models
    return models


def _each(panel: pd.DataFrame, future: pd.DataFrame, *, cutoffs: Sequence[pd.Timestamp], horizon: int, model: Any) -> Result:
    def fit(window: Window, _: str) -> np.ndarray:
        return _run(model, window)

    return forecast_each(panel, future, cutoffs=cutoffs, horizon=horizon, fit=fit, needed=NEEDED)


def _run(model: Any, window: Window) -> np.ndarray:
    """Forecast of a statsforecast model, fitted at the series' own scale of one.

    The optimisers have absolute tolerances and bounds, so a series in cents and one in millions would be fitted differently.
    A series that never changes goes on as it is.
    """
    if np.ptp(window.y) == 0:
        return np.full(window.horizon, window.y[-1])
    scale = float(np.abs(window.y).mean())
    fitted = model.forecast(y=window.y / scale, h=window.horizon)
    return np.asarray(fitted["mean"]) * scale
