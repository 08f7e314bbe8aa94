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
        terms = design.build_design(part, horizon, damping)
        values[rows] = np.einsum("nhp,np->nh", terms.own[:, width:], _solve(part, terms, half_life))
    return values


def list_terms(history: History, *, half_life: float = HALF_LIFE) -> pd.DataFrame:
    """Terms by series: unique_id, term, estimate.

    `level` is the month's normal sale at the cutoff, `trend` the change in a year, `month 01` to
    `month 12` the difference from the normal month. Series with fewer than 13 months are absent.
    They have no interval: with noise that goes on from month to month, the usual one of the trend
    held it in half of simulated series.
    """
    known = history.take(np.flatnonzero(history.length >= design.NEEDED))
    terms = design.build_design(known, 0, 1.0)
    columns = {
        "unique_id": np.repeat(known.ids, len(terms.names)),
        "term": np.tile(np.array(terms.names, dtype=object), len(known)),
        "estimate": _solve(known, terms, half_life).ravel(),
    }
    return pd.DataFrame(columns)


def _solve(history: History, terms: design.Design, half_life: float) -> np.ndarray:
    """Coefficients (n, n_terms).

    Weighted least squares with a pseudo-observation a term, (noise / prior)^2 heavy: ridge
    regression with a penalty a term (Hoerl and Kennard 1970,
    https://doi.org/10.1080/00401706.1970.10488634).
    """
    size, width = design.series_scale(history.y)[:, None], history.y.shape[1]
    y = history.y / size
    weight = np.where(np.isfinite(y), design.exponential_weights(width, half_life), 0.0)
    penalty = design.penalties(design.noise_std(y), terms.prior)
    across, left = design.own_equations(terms.own[:, :width], weight, penalty)
    solved = np.linalg.solve(left, np.matmul(across, np.nan_to_num(y)[:, :, None]))
    return np.asarray(solved[:, :, 0] * size)
