"""Regression on level, trend and calendar month, of months from which drivers were taken out.

Rows enter; forecasts leave, and with `list_terms` what they rest on. The model is additive in units
of the series' scale, so it takes zeros and negative months. No term is dropped where the history is
short: months and trend are shrunken to zero.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.forecasting.drivers import design
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import HALF_LIFE


def forecast(
    history: History, horizon: int, *, half_life: float = HALF_LIFE, damping: float = 0.9
) -> np.ndarray:
    """Forecasts of a weighted regression: a month counts half of one `half_life` months later.

    `damping` shrinks each further step of the trend beyond the cutoff.
    """
    values, width = np.full((len(history), horizon), np.nan), history.y.shape[1]
    for rows, part in design.row_blocks(history):
        terms, size = design.build_design(part, horizon, damping), design.series_scale(part.y)
        solved, _ = _solve(part.y / size[:, None], terms, half_life)
        values[rows] = np.einsum("nhp,np->nh", terms.own[:, width:], solved) * size[:, None]
    return values


def list_terms(history: History, *, half_life: float = HALF_LIFE) -> pd.DataFrame:
    """Terms by series: unique_id, term, estimate, low, high (95 %).

    `level` is the month's normal sale at the cutoff, `trend` the change in a year, `month 01` to
    `month 12` the difference from the normal month. Series with fewer than 13 months are absent.
    """
    from scipy import stats  # slow to import

    known = history.take(np.flatnonzero(history.length >= design.NEEDED))
    terms, size = design.build_design(known, 0, 1.0), design.series_scale(known.y)
    y = known.y / size[:, None]
    solved, inverse = _solve(y, terms, half_life)
    missed = np.nan_to_num(y - np.einsum("ntp,np->nt", terms.own, solved))
    weight = _weight(y, half_life)
    prior = design.penalties(design.noise_std(y), terms.prior)
    freedom = (weight > 0).sum(axis=1) + np.isfinite(terms.prior).sum() - len(terms.prior)
    squares = (weight * missed**2).sum(axis=1) + (prior * solved**2).sum(axis=1)
    error = np.sqrt(np.einsum("npp->np", inverse) * (squares / freedom)[:, None])
    around = stats.t.ppf(0.975, freedom)[:, None] * error
    columns = {
        "unique_id": np.repeat(known.ids, len(terms.names)),
        "term": np.tile(np.array(terms.names, dtype=object), len(known)),
        "estimate": (solved * size[:, None]).ravel(),
        "low": ((solved - around) * size[:, None]).ravel(),
        "high": ((solved + around) * size[:, None]).ravel(),
    }
    return pd.DataFrame(columns)


def _weight(y: np.ndarray, half_life: float) -> np.ndarray:
    return np.where(np.isfinite(y), design.exponential_weights(y.shape[1], half_life), 0.0)


def _solve(y: np.ndarray, terms: design.Design, half_life: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (n, n_terms) at a size of one, and the inverse of their equations.

    Weighted least squares with a pseudo-observation a term, (noise / prior)^2 heavy: ridge
    regression with a penalty a term (Hoerl and Kennard 1970,
    https://doi.org/10.1080/00401706.1970.10488634).
    """
    penalty = design.penalties(design.noise_std(y), terms.prior)
    across, left = design.own_equations(terms.own[:, : y.shape[1]], _weight(y, half_life), penalty)
    inverse = np.linalg.inv(left)
    return np.einsum("npq,nqt,nt->np", inverse, across, np.nan_to_num(y)), inverse
