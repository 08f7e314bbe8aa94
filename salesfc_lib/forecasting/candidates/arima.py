"""Seasonal ARIMA by pmdarima, for the few series that are worth its time.

Orders are searched once per series and refitted at every cutoff: the search costs ten times a fit
and sees no month after a cutoff that it serves. Drivers that are known ahead are regressors.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.candidates.protocol import (
    Prediction,
    SearchResults,
    Window,
    describe_error,
    each_series,
    windows,
)
from salesfc_lib.forecasting.drivers.design import centre
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation import SEASON

NEEDED = 2 * SEASON  # months


def forecast(
    history: History, horizon: int, *, searched: SearchResults | None = None, max_order: int = 2
) -> Prediction:
    """Forecasts with the orders in `searched` by id (`search`), or searched now on each row."""

    def fit(window: Window) -> np.ndarray:
        return _fit(
            window, _find(window.y, max_order) if searched is None else searched[window.unique_id]
        )

    return each_series(fit)(history, horizon)


def search(history: History, *, max_order: int = 2) -> SearchResults:
    """Orders by id: {"order": [p, d, q], "seasonal": [P, D, Q], "constant": bool}, or {"error"}.

    pmdarima's stepwise search by AICc, after Hyndman and Khandakar (2008),
    https://doi.org/10.18637/jss.v027.i03.
    """
    return {window.unique_id: _find(window.y, max_order) for window in windows(history, 0)}


def seasonal_strength(y: np.ndarray) -> float:
    """Share of the detrended variance explained by calendar months, 0 to 1; y: (n,), n >= 24."""
    trend = np.convolve(y, np.r_[0.5, np.ones(SEASON - 1), 0.5] / SEASON, mode="valid")
    detrended = y[SEASON // 2 : SEASON // 2 + len(trend)] - trend
    month = np.arange(len(detrended)) % SEASON
    profile = np.array([detrended[month == k].mean() for k in range(min(SEASON, len(detrended)))])
    remainder = detrended - profile[month]
    return float(max(0.0, 1 - remainder.var() / detrended.var())) if detrended.var() > 0 else 0.0


def _find(y: np.ndarray, max_order: int) -> dict[str, Any]:
    try:
        return _search(y, max_order)
    except Exception as error:  # this series fails, not the run
        return {"error": f"order search failed: {describe_error(error)}"}


def _search(y: np.ndarray, max_order: int) -> dict[str, Any]:
    import pmdarima

    if len(y) < NEEDED or np.ptp(y) == 0:
        return {"order": [0, 0, 0], "seasonal": [0, 0, 0], "constant": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of orders that were tried and left
        yearly = int(seasonal_strength(y) >= tuning.ARIMA_SEASONAL_STRENGTH)
        monthly = int(pmdarima.arima.ndiffs(_difference(y, 0, yearly), test="kpss", max_d=1))
        model = pmdarima.auto_arima(
            _difference(y / np.abs(y).mean(), monthly, yearly),
            m=SEASON,
            d=0,
            D=0,
            start_p=1,
            start_q=1,
            start_P=0,
            start_Q=0,
            max_p=max_order,
            max_q=max_order,
            max_P=1,
            max_Q=1,
            with_intercept="auto" if monthly + yearly < 2 else False,
            information_criterion="aicc",
            stepwise=True,
            maxiter=tuning.ARIMA_ITERATIONS,
            cov_type="none",
            suppress_warnings=True,
            error_action="ignore",
        )
    (p, _, q), (big_p, _, big_q, _) = model.order, model.seasonal_order
    return {
        "order": [p, monthly, q],
        "seasonal": [big_p, yearly, big_q],
        "constant": bool(model.with_intercept),
    }


def _fit(window: Window, orders: dict[str, Any]) -> np.ndarray:
    import pmdarima

    if "error" in orders:
        raise ValueError(orders["error"])
    if np.ptp(window.y) == 0:
        return np.full(window.horizon, window.y[-1])
    scale = float(np.abs(window.y).mean())
    (p, monthly, q), (big_p, yearly, big_q) = orders["order"], orders["seasonal"]
    model = pmdarima.ARIMA(
        order=(p, 0, q),
        seasonal_order=(big_p, 0, big_q, SEASON),
        with_intercept=orders["constant"],
        maxiter=tuning.ARIMA_ITERATIONS,
        suppress_warnings=True,
    )
    differenced = _difference(window.y / scale, monthly, yearly)
    known, ahead = lively_drivers(window, monthly, yearly)
    with warnings.catch_warnings():
        # an optimiser that stopped early still gives a forecast, and the backtest judges it
        warnings.simplefilter("ignore")
        changes = model.fit(differenced, X=known, cov_type="none").predict(window.horizon, X=ahead)
    return _integrate(np.asarray(changes), window.y / scale, monthly, yearly) * scale


def lively_drivers(
    window: Window, monthly: int = 0, yearly: int = 0
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Drivers differenced as the sales are: in the history (n, k) and ahead (horizon, k).

    None without a driver that moves in the history; as many as there are years of history at most,
    the liveliest first.
    """
    months, horizon = len(window.y), window.horizon
    known = window.regressors.items()
    usual = [centre(values[None], months, window.kinds[name])[0] for name, values in known]
    moved = [_difference(values, monthly, yearly) for values in usual]
    lively = [each for each in moved if np.ptp(each[:-horizon]) > tuning.MIN_DRIVER_SPREAD]
    lively.sort(key=lambda each: -float(np.std(each[:-horizon])))
    if not lively[: months // SEASON]:
        return None, None
    x = np.column_stack(lively[: months // SEASON])
    return x[:-horizon], x[-horizon:]


def _difference(y: np.ndarray, monthly: int, yearly: int) -> np.ndarray:
    """Differences over a year, then over a month, each taken 0 or 1 times.

    Differenced before the fit and not within its state space, which halves the time and loses only
    the first year's likelihood.
    """
    y = y[SEASON:] - y[:-SEASON] if yearly else y
    return np.diff(y) if monthly else y


def _integrate(changes: np.ndarray, y: np.ndarray, monthly: int, yearly: int) -> np.ndarray:
    """Forecasts of y from forecasts of its differences."""
    if monthly:
        changes = _difference(y, 0, yearly)[-1] + np.cumsum(changes)
    if not yearly:
        return changes
    path = list(y[-SEASON:])
    for change in changes:
        path.append(path[-SEASON] + change)
    return np.array(path[SEASON:])
