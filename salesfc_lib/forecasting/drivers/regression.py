"""Regression on trend, calendar month and drivers that are known ahead.

Rows enter; forecasts leave, and with `coefficients` the terms they rest on. The model is additive
in units of the series' scale, so it takes zeros and negative months. No term is dropped where the
history is short: months are shrunken to zero and drivers to their effect in the panel.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.drivers import design
from salesfc_lib.forecasting.drivers.shrunken_effects import DriverEffects, learn_effects
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import DRIVER_BOUNDS, HALF_LIFE


def forecast(
    history: History, horizon: int, *, half_life: float = HALF_LIFE, damping: float = 0.9
) -> np.ndarray:
    """Forecasts of a weighted regression: a month counts half of one `half_life` months later.

    `damping` shrinks each further step of the trend beyond the cutoff.
    """
    values = np.full((len(history), horizon), np.nan)
    for rows, part, effects in _by_block(history, np.full(len(history), True), half_life):
        terms = design.build_design(part, horizon, damping)
        size = design.series_scale(part.y)[:, None]
        solved = _solve(part.y / size, terms, effects=effects, half_life=half_life)
        ahead = terms.x[:, part.y.shape[1] :]
        values[rows] = np.einsum("nhp,np->nh", ahead, solved) * size
    return values


def coefficients(
    history: History, *, half_life: float = HALF_LIFE, only: Collection[str] | None = None
) -> pd.DataFrame:
    """Terms by series (all, or `only`): unique_id, term, estimate, low, high (95 %).

    `level` is the month's normal sale at the cutoff, `trend` the change in a year, `month 01` to
    `month 12` the difference from the normal month; a driver's is the change for one unit of it, or
    for a rise by its own mean where it is never zero (a price twice as high). Series with fewer
    than 13 months are absent.
    """
    lines: list[dict[str, Any]] = []
    for _, part, effects in _by_block(history, history.length >= design.NEEDED, half_life):
        terms = design.build_design(part, 0, 1.0)
        for row, unique_id in enumerate(part.ids):
            if only is None or unique_id in only:
                lines += _explain(part, terms, row=row, effects=effects, half_life=half_life)
    return pd.DataFrame(lines, columns=["unique_id", "term", "estimate", "low", "high"])


def driver_factors(history: History, horizon: int) -> np.ndarray:
    """How many times a usual month the drivers make each month (n, T + horizon).

    A driver at its own mean makes 1; so do all where demand is intermittent or the history is
    short.
    """
    factor = np.ones((len(history), history.y.shape[1] + horizon))
    regular = (history.length >= design.NEEDED) & ~is_intermittent(history.y)
    for rows, part, effects in _by_block(history, regular, HALF_LIFE) if history.regressors else ():
        terms = design.build_design(part, horizon, 1.0)
        added = np.einsum("ntp,np->nt", terms.x[:, :, terms.drivers], effects.own)
        factor[rows] = np.clip(1 + added, *DRIVER_BOUNDS)
    return factor


def _by_block(
    history: History, among: np.ndarray, half_life: float
) -> Iterator[tuple[np.ndarray, History, DriverEffects]]:
    """Places and rows of blocks of some rows (n,), with effects learnt over those of a cutoff."""
    for back in np.unique(history.back):
        rows = np.flatnonzero((history.back == back) & among)
        panel = history.take(rows)
        effects = learn_effects(panel, half_life)
        for some, part in design.row_blocks(panel):
            yield rows[some], part, replace(effects, own=effects.own[some])


def _solve(
    y: np.ndarray, terms: design.Design, *, effects: DriverEffects, half_life: float
) -> np.ndarray:
    """Coefficients (n, n_terms), at a size of one.

    Weighted least squares with a pseudo-observation a term, (noise / prior)^2 heavy: ridge
    regression with a penalty a term (Hoerl and Kennard 1970,
    https://doi.org/10.1080/00401706.1970.10488634) towards the panel's for the drivers.
    """
    width = y.shape[1]
    weight = np.where(np.isfinite(y), design.exponential_weights(width, half_life), 0.0)
    past = terms.x[:, :width]
    prior = np.r_[terms.prior, effects.prior_std]
    penalty = design.penalties(design.noise_std(y), prior)
    target = np.zeros(len(terms.names))
    target[terms.drivers] = effects.centre
    weighted = past * weight[:, :, None]
    left = np.matmul(weighted.transpose(0, 2, 1), past) + penalty[:, :, None] * np.eye(len(prior))
    right = np.einsum("ntp,nt->np", weighted, np.nan_to_num(y)) + penalty * target
    solved = np.linalg.solve(left + 1e-9 * np.eye(len(prior)), right[:, :, None])
    return np.asarray(solved[:, :, 0])


def _explain(
    history: History, terms: design.Design, *, row: int, effects: DriverEffects, half_life: float
) -> list[dict[str, Any]]:
    """Terms of one series with their intervals; the same equations as `_solve`, by statsmodels."""
    from statsmodels.regression.linear_model import WLS

    size = float(design.series_scale(history.y[row : row + 1])[0])
    y = history.y[row] / size
    known = np.isfinite(y)
    noise = design.noise_std(y[None])[0]
    prior = np.r_[terms.prior, effects.prior_std]
    shrunk = np.flatnonzero(np.isfinite(prior))
    pseudo = np.r_[np.zeros(design.OWN_TERMS - 1), effects.centre]
    recent = design.exponential_weights(len(y), half_life)[known]
    weights = np.r_[recent, (noise / prior[shrunk]) ** 2]
    rows = np.vstack([terms.x[row, : len(y)][known], np.eye(len(prior))[shrunk]])
    fitted = WLS(np.r_[y[known], pseudo], rows, weights=weights).fit()
    bounds = np.asarray(fitted.conf_int()) * size
    lines = zip(terms.names, np.asarray(fitted.params) * size, bounds, strict=True)
    return [
        {"unique_id": history.ids[row], "term": name, "estimate": value, "low": low, "high": high}
        for name, value, (low, high) in lines
    ]
