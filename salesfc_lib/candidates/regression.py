"""Regression on trend, calendar month and what is known ahead: trading days, moving holidays, promotions, prices.

Rows enter, their forecasts leave, and with `coefficients` what they rest on. The decisions made here: the model is
additive at the series' own size of one, so it stands zeros and negative months; recent months weigh more; and no term is
dropped where the history is short or noisy: each is shrunk by a pseudo-observation, the season to zero and the drivers to what they do
in the whole panel, since a promotion that a series had twice is known better from its neighbours. The trend is damped
beyond the cutoff.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.engine.known import mean_known
from salesfc_lib.history import SEASON, History

NEEDED = SEASON + 1  # months
# prior standard deviations as shares of the series' mean: what is likely before the series is seen
TREND, MONTH, DRIVER = 0.10, 0.30, 0.30
NOISE = 0.15  # standard deviation of a month around the model, as a share of the mean, before a series has two years
LEAST_NOISE = 0.05  # of the mean: below this the shrinkage no longer matters
OWN_DRIVER = 0.3  # prior standard deviation of a driver's effect around the panel's, in shares of the panel's own spread
LEAST_SPREAD = 1e-6  # of a driver within a history: below it the series says nothing about it
BLOCK = 2000  # rows solved at once


@dataclass(frozen=True)
class Design:
    """Terms of rows: x (n, T + horizon, n_terms), zero before a row's first month; prior (n_terms,) standard deviations."""

    names: list[str]
    x: np.ndarray
    prior: np.ndarray

    @property
    def drivers(self) -> np.ndarray:
        """Places of the terms that are neither level nor trend nor month."""
        return np.arange(2 + SEASON, len(self.names))


def forecast(history: History, horizon: int, *, half_life: float = 18.0, damping: float = 0.9) -> np.ndarray:
    """Forecasts of a weighted regression: a month counts half of one that is `half_life` months later.

    `damping` shrinks each further step of the trend beyond the cutoff.
    """
    values = np.full((len(history), horizon), np.nan)
    for back in np.unique(history.back):
        rows = np.flatnonzero(history.back == back)
        values[rows] = _forecast_panel(history.take(rows), horizon, half_life=half_life, damping=damping)
    return values


def coefficients(history: History, *, half_life: float = 18.0, only: Collection[str] | None = None) -> pd.DataFrame:
    """Terms of each series, or of those in `only`: unique_id, term, estimate, low, high (95 %), in the panel's unit, by statsmodels.

    `level` is the month's normal sale at the cutoff, `trend` the change in a year, `month 01` to `month 12` the difference from the
    normal month; a driver's is the change for one unit of it, or for a rise by its own mean where it is never zero (a price twice as high). Series with
    fewer than 13 months are absent.
    """
    known = history.take(np.flatnonzero(history.length >= NEEDED))
    rows: list[dict[str, Any]] = []
    if len(known):
        centre = _panel_effects(known, half_life)
        for part in _blocks(known):
            design, size = _design(part, 0, 1.0), _size(part.y)
            for row in range(len(part)):
                if only is not None and part.ids[row] not in only:
                    continue
                rows += _explain(part, design, row=row, size=float(size[row]), centre=centre, half_life=half_life)
    return pd.DataFrame(rows, columns=["unique_id", "term", "estimate", "low", "high"])


def _forecast_panel(history: History, horizon: int, *, half_life: float, damping: float) -> np.ndarray:
    centre = _panel_effects(history, half_life)
    parts = []
    for part in _blocks(history):
        design, size = _design(part, horizon, damping), _size(part.y)
        solved = _solve(part.y / size[:, None], design, centre=centre, half_life=half_life)[0]
        parts.append(np.einsum("nhp,np->nh", design.x[:, part.y.shape[1] :], solved) * size[:, None])
    return np.concatenate(parts)


def _panel_effects(history: History, half_life: float) -> np.ndarray:
    """What each driver does in the whole panel (n_drivers,): the mean of the series' effects, each as heavy as it is sure."""
    if not history.regressors:
        return np.zeros(0)
    effects, errors = [], []
    for part in _blocks(history):
        design = _design(part, 0, 1.0)
        solved, error = _solve(
            part.y / _size(part.y)[:, None], design, centre=np.zeros(len(design.drivers)), half_life=half_life, loose=True
        )
        told = np.abs(design.x[:, :, design.drivers]).max(axis=1) > LEAST_SPREAD
        effects.append(np.where(told, solved[:, design.drivers], 0.0))
        errors.append(np.where(told, error[:, design.drivers], np.inf))
    effect, error = np.concatenate(effects), np.concatenate(errors)
    weight = 1 / (error**2 + DRIVER**2)
    total = weight.sum(axis=0)
    return np.asarray(np.where(total > 0, (weight * effect).sum(axis=0) / np.where(total > 0, total, 1.0), 0.0))


def _blocks(history: History) -> Iterator[History]:
    for begin in range(0, len(history), BLOCK):
        yield history.take(np.arange(begin, min(begin + BLOCK, len(history))))


def _size(y: np.ndarray) -> np.ndarray:
    """Mean absolute month of the last two years (n,), 1 where there is none."""
    size = mean_known(np.abs(y[:, -2 * SEASON :]), 1)
    return np.asarray(np.where(size > 0, size, 1.0))


def _design(history: History, horizon: int, damping: float) -> Design:
    n, width = history.y.shape
    past = np.arange(1 - width, 1)
    trend = np.concatenate([past, np.cumsum(damping ** np.arange(horizon))]) / SEASON
    month = history.month_of_year(horizon)
    x = np.zeros((n, width + horizon, 2 + SEASON + len(history.regressors)))
    x[:, :, 0], x[:, :, 1] = 1.0, trend
    np.put_along_axis(x[:, :, 2 : 2 + SEASON], month[:, :, None], 1.0, axis=2)
    for place, values in enumerate(history.regressors.values(), start=2 + SEASON):
        x[:, :, place] = _centre(values[:, : width + horizon], width)
    x[:, :width] *= np.isfinite(history.y)[:, :, None]
    names = ["level", "trend", *(f"month {each:02d}" for each in range(1, SEASON + 1)), *history.regressors]
    prior = np.array([np.inf, TREND, *[MONTH] * SEASON, *[DRIVER] * len(history.regressors)])
    return Design(names, x, prior)


def _centre(values: np.ndarray, width: int) -> np.ndarray:
    """A driver less its mean in the history, as a share of it where the driver is never zero; 0 where unknown."""
    known = np.isfinite(values[:, :width])
    mean = np.where(known, values[:, :width], 0.0).sum(axis=1, keepdims=True) / known.sum(axis=1, keepdims=True).clip(1)
    positive = np.nanmin(np.where(np.isfinite(values), values, np.inf), axis=1, keepdims=True) > 0
    return np.nan_to_num((values - mean) / np.where(positive & (mean > 0), mean, 1.0))


def _solve(
    y: np.ndarray, design: Design, *, centre: np.ndarray, half_life: float, loose: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (n, n_terms) and their standard errors, at a size of one.

    Weighted least squares with a pseudo-observation a term, (noise / prior)^2 heavy: ridge regression with a penalty a term (Hoerl and
    Kennard 1970, https://doi.org/10.1080/00401706.1970.10488634) towards `centre` for the drivers.
    """
    width = y.shape[1]
    weight = np.where(np.isfinite(y), _fade(width, half_life), 0.0)
    past = design.x[:, :width]
    noise = _noise(y)
    prior = (
        design.prior if loose or not len(design.drivers) else np.r_[design.prior[: 2 + SEASON], np.full(len(centre), OWN_DRIVER)]
    )
    penalty = np.where(np.isfinite(prior), (noise[:, None] / prior) ** 2, 0.0)
    target = np.zeros(len(design.names))
    target[design.drivers] = centre
    weighted = past * weight[:, :, None]
    left = np.matmul(weighted.transpose(0, 2, 1), past) + penalty[:, :, None] * np.eye(len(prior))
    right = np.einsum("ntp,nt->np", weighted, np.nan_to_num(y)) + penalty * target
    inverse = np.linalg.inv(left + 1e-9 * np.eye(len(prior)))
    return np.einsum("npq,nq->np", inverse, right), noise[:, None] * np.sqrt(np.einsum("npp->np", inverse).clip(0))


def _fade(width: int, half_life: float) -> np.ndarray:
    return np.asarray(0.5 ** (np.arange(width)[::-1] / half_life))


def _noise(y: np.ndarray) -> np.ndarray:
    """Standard deviation of a month around the model (n,), from differences over a year, in which trend and season cancel."""
    change = y[:, SEASON:] - y[:, :-SEASON] if y.shape[1] > SEASON else np.full((len(y), 1), np.nan)
    known = np.isfinite(change)
    count = known.sum(axis=1)
    mean = np.where(known, change, 0.0).sum(axis=1) / count.clip(1)
    squares = np.where(known, (change - mean[:, None]) ** 2, 0.0).sum(axis=1) / (count - 1).clip(1)
    return np.where(count >= SEASON, np.sqrt(squares / 2).clip(LEAST_NOISE), NOISE)


def _explain(
    history: History, design: Design, *, row: int, size: float, centre: np.ndarray, half_life: float
) -> list[dict[str, Any]]:
    """Terms of one series with their intervals; the same equations as `_solve`, by statsmodels."""
    from statsmodels.regression.linear_model import WLS

    y = history.y[row] / size
    known = np.isfinite(y)
    noise = _noise(history.y[row : row + 1] / size)[0]
    prior = np.r_[design.prior[: 2 + SEASON], np.full(len(centre), OWN_DRIVER)]
    shrunk = np.flatnonzero(np.isfinite(prior))
    pseudo = np.r_[np.zeros(1 + SEASON), centre]
    weights = np.r_[_fade(len(y), half_life)[known], (noise / prior[shrunk]) ** 2]
    rows = np.vstack([design.x[row, : len(y)][known], np.eye(len(prior))[shrunk]])
    fitted = WLS(np.r_[y[known], pseudo], rows, weights=weights).fit()
    bounds = np.asarray(fitted.conf_int()) * size
    terms = zip(design.names, np.asarray(fitted.params) * size, bounds, strict=True)
    return [
        {"unique_id": history.ids[row], "term": name, "estimate": value, "low": low, "high": high}
        for name, value, (low, high) in terms
    ]
