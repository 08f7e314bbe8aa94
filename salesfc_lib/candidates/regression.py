"""Regression on trend, calendar month, trading days and promotions, by statsmodels.

One series enters, its forecast leaves, and with `coefficients` what it rests on. The decisions made here: the model is
additive at the series' own scale of one, so it stands zeros and negative months; recent months weigh more; and no term
is dropped where the history is short or noisy: each is shrunk to zero by a pseudo-observation, so that with one year or in
an erratic series the months move little, and with four steady years nearly freely. The trend is damped beyond the cutoff.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.candidates.protocol import SEASON, Result, Window, forecast_each, grid

NEEDED = SEASON + 1  # months
# prior standard deviations as shares of the series' mean: what is likely before the series is seen
PRIOR = {"trend": 0.10, "month": 0.30, "promotion": 0.50, "trading_days": 0.30}
NOISE = 0.15  # standard deviation of a month around the model, as a share of the mean, before a series has two years
LEAST_NOISE = 0.05  # of the mean: below this the shrinkage no longer matters
DRIVERS = ("trading days", "promotion")  # terms that come from regressors
TYPICAL_DAYS = 21.0  # trading days in a month: turns their count into a share


def forecast(
    panel: pd.DataFrame,
    future: pd.DataFrame,
    cutoffs: Sequence[pd.Timestamp],
    horizon: int,
    *,
    half_life: float = 18.0,
    damping: float = 0.9,
) -> Result:
    """Forecasts of a weighted regression: a month counts half of one that is `half_life` months later.

    `damping` shrinks each further step of the trend beyond the cutoff.
    """
    fit = partial(_predict, half_life=half_life, damping=damping)
    return forecast_each(panel, future, cutoffs=cutoffs, horizon=horizon, fit=fit, needed=NEEDED)


def coefficients(panel: pd.DataFrame, cutoff: pd.Timestamp, *, half_life: float = 18.0) -> pd.DataFrame:
    """Terms of each series at `cutoff`: unique_id, term, estimate, low, high (95 %), in the panel's unit.

    `level` is the month's normal sale at the cutoff, `trend` the change in a year, `month 01` to `month 12` the difference from the
    normal month, `promotion` a month wholly on promotion against none, `trading days` one day more. Series with fewer than
    13 months are absent.
    """
    arrays = grid(panel.loc[panel["ds"] <= cutoff], pd.DataFrame())
    rows: list[dict[str, Any]] = []
    for row, unique_id in enumerate(arrays.ids):
        window = arrays.window(row, cutoff, 0)
        if len(window.y) >= NEEDED:
            rows += [{"unique_id": unique_id, **term} for term in _terms(window, half_life)]
    return pd.DataFrame(rows, columns=["unique_id", "term", "estimate", "low", "high"])


def _predict(window: Window, _: str, *, half_life: float, damping: float) -> np.ndarray:
    names, design, unit = _design(window, damping)
    scale = _scale(window)
    if scale == 0:
        return np.zeros(window.horizon)
    fitted = _fit(window.y / scale, design[: len(window.y)], names, half_life)
    return np.asarray(design[len(window.y) :] @ fitted.params) * scale


def _terms(window: Window, half_life: float) -> list[dict[str, Any]]:
    names, design, units = _design(window, 1.0)
    scale = _scale(window)
    fitted = _fit(window.y / (scale or 1.0), design, names, half_life)
    bounds = np.asarray(fitted.conf_int())
    return [
        {"term": name, "estimate": value * unit * scale, "low": low * unit * scale, "high": high * unit * scale}
        for name, value, (low, high), unit in zip(names, fitted.params, bounds, units, strict=True)
    ]


def _scale(window: Window) -> float:
    return float(np.abs(window.y[-2 * SEASON :]).mean())


def _design(window: Window, damping: float) -> tuple[list[str], np.ndarray, list[float]]:
    """Names of terms, design (n + horizon, n_terms), and what one reported unit of each term is in the design's."""
    n = len(window.y)
    beyond = np.cumsum(damping ** np.arange(window.horizon))
    trend = np.concatenate([np.arange(1 - n, 1), beyond]) / SEASON
    columns = {"level": np.ones(n + window.horizon), "trend": trend}
    units = [1.0, 1.0]
    for month in range(1, SEASON + 1):
        columns[f"month {month:02d}"] = (window.month == month).astype(float)
        units.append(1.0)
    if "trading_days" in window.regressors:
        columns["trading days"] = _known(window.regressors["trading_days"], window) / TYPICAL_DAYS
        units.append(1 / TYPICAL_DAYS)
    if "promotion" in window.regressors and np.nansum(window.regressors["promotion"][:n]) > 0:
        columns["promotion"] = np.nan_to_num(window.regressors["promotion"])
        units.append(1.0)
    return list(columns), np.column_stack(list(columns.values())), units


def _known(days: np.ndarray, window: Window) -> np.ndarray:
    """Trading days less the mean of the calendar month in the history; 0 where unknown."""
    n = len(window.y)
    past = np.isfinite(days[:n])
    counts = np.bincount(window.month[:n][past], minlength=SEASON + 1)
    totals = np.bincount(window.month[:n][past], weights=days[:n][past], minlength=SEASON + 1)
    means = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
    return np.nan_to_num(days - means[window.month])


def _fit(y: np.ndarray, design: np.ndarray, names: Sequence[str], half_life: float) -> Any:
    """Weighted least squares in which every term but the level has one pseudo-observation of zero, (noise / prior)^2 heavy.

    That is ridge regression with a penalty per term (Hoerl and Kennard 1970, https://doi.org/10.1080/00401706.1970.10488634).
    """
    from statsmodels.regression.linear_model import WLS

    priors = np.array([PRIOR.get("month" if name.startswith("month ") else name.replace(" ", "_"), np.inf) for name in names])
    shrunk = np.flatnonzero(np.isfinite(priors))
    pseudo = np.eye(design.shape[1])[shrunk]
    drivers = design[:, [name in DRIVERS for name in names]]
    weights = np.r_[0.5 ** (np.arange(len(y))[::-1] / half_life), (_noise(y, drivers) / priors[shrunk]) ** 2]
    return WLS(np.r_[y, np.zeros(len(shrunk))], np.vstack([design, pseudo]), weights=weights).fit()


def _noise(y: np.ndarray, drivers: np.ndarray) -> float:
    """Standard deviation of a month around the model, from differences over a year less what `drivers` (n, k) explain of them.

    y: (n,) at a scale of one. Trend and season cancel in the differences.
    """
    if len(y) < 2 * SEASON:
        return NOISE
    change, by = y[SEASON:] - y[:-SEASON], drivers[SEASON:] - drivers[:-SEASON]
    by = np.column_stack([np.ones(len(change)), by])
    left = change - by @ np.linalg.lstsq(by, change, rcond=None)[0]
    return max(float(np.sqrt(left @ left / (len(left) - by.shape[1]) / 2)), LEAST_NOISE)
