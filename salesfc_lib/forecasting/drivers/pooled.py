"""One effect of each driver for the whole unit, with a confidence interval, for reports.

Every series keeps its own level, trend and season, as in `regression`; the driver's effect is
common and not shrunken. Standard errors take a month as one observation, because all series share
its shocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.forecasting.drivers import design
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import HALF_LIFE, MIN_DRIVER_SPREAD
from salesfc_lib.foundation import SEASON, tables

LEAST_FREEDOM = 1.0


@dataclass(frozen=True)
class PartialResiduals:
    """Partial residuals of y (n, T), drivers x (n, T, k); weight and leverage (n, T)."""

    y: np.ndarray
    x: np.ndarray
    weight: np.ndarray
    leverage: np.ndarray


def pool_effects(history: History, *, half_life: float = HALF_LIFE) -> pd.DataFrame:
    """Drivers of a panel: term, estimate, low, high (95 %), step, series.

    The estimate is the change for a `step` of the driver in shares of a series' usual month: one
    unit of it, or its own mean where it is never zero; `series` counts those in which the driver
    moves. A driver that moves nowhere is absent.

    Common coefficients of the series' partial regressions, weighted by how quiet each is; the
    variance sums the influence of whole months (Driscoll and Kraay 1998,
    https://doi.org/10.1162/003465398557825, without lags), each as if it had been left out, and the
    degrees of freedom are those of Satterthwaite (1946, https://doi.org/10.2307/3002019).
    """
    from scipy import stats  # slow to import

    sold = (np.abs(history.y[:, -2 * SEASON :]) > 0).any(axis=1)
    known = history.take(np.flatnonzero((history.length >= design.NEEDED) & sold))
    if not len(known) or not known.regressors:
        return tables.empty("pooled_driver")
    parts = [_partial_residuals(block, half_life) for _, block in design.row_blocks(known)]
    reach = [np.abs(part.x * (part.weight > 0)[:, :, None]).max(axis=1) for part in parts]
    moves = np.concatenate(reach) > MIN_DRIVER_SPREAD
    kept = np.flatnonzero(moves.any(axis=0))
    if not len(kept):
        return tables.empty("pooled_driver")
    estimate, error, freedom = _share(parts, kept)
    around = stats.t.ppf(0.975, freedom) * error
    names = np.array(list(known.regressors), dtype=object)[kept]
    columns = {
        "term": names,
        "estimate": estimate,
        "low": estimate - around,
        "high": estimate + around,
        "step": [step_of(known.regressors[name]) for name in names],
        "series": moves.sum(axis=0)[kept],
    }
    return tables.build(pd.DataFrame(columns), "pooled_driver")


def step_of(values: np.ndarray) -> float:
    """What a driver's coefficient is for: 1 where the driver is zero at times, else its mean.

    >>> step_of(np.array([0.0, 0.5])), step_of(np.array([20.0, 22.0, np.nan]))
    (1.0, 21.0)
    """
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) and known.min() > 0 else 1.0


def _partial_residuals(history: History, half_life: float) -> PartialResiduals:
    """What the series' own level, trend and season leave of sales and drivers, at a size of one."""
    y = history.y / design.series_scale(history.y)[:, None]
    terms = design.build_design(history, 0, 1.0)
    own, drivers = terms.x[:, :, : design.OWN_TERMS], terms.x[:, :, design.OWN_TERMS :]
    noise = design.noise_std(y)
    weight = np.where(np.isfinite(y), design.exponential_weights(y.shape[1], half_life), 0.0)
    across, left = design.own_equations(own, weight, design.penalties(noise, terms.prior))
    inverse = np.linalg.inv(left)
    leverage = np.einsum("ntp,npq,ntq->nt", across.transpose(0, 2, 1), inverse, own)
    both = np.concatenate([np.nan_to_num(y)[:, :, None], drivers], axis=2)
    rest = both - np.matmul(own, np.matmul(inverse, np.matmul(across, both)))
    return PartialResiduals(rest[:, :, 0], rest[:, :, 1:], weight / noise[:, None] ** 2, leverage)


def _share(
    parts: list[PartialResiduals], kept: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Effects, standard errors and degrees of freedom of the drivers `kept`, each (len(kept),)."""
    pairs = [(part.x[:, :, kept], part) for part in parts]
    left = sum(np.einsum("ntp,nt,ntq->pq", x, part.weight, x) for x, part in pairs)
    right = sum(np.einsum("ntp,nt->p", x, part.weight * part.y) for x, part in pairs)
    inverse = np.linalg.pinv(left)
    effect = inverse @ right
    by_month = np.zeros((len(kept), parts[0].y.shape[1]))
    size = np.zeros_like(by_month)
    for x, part in pairs:
        missed = (part.y - x @ effect) / (1 - part.leverage).clip(0.05)
        by_month += np.einsum("pq,ntq,nt->pt", inverse, x, part.weight * missed)
        size += np.einsum("pq,ntq,nt->pt", inverse, x, part.weight) ** 2
    freedom = size.sum(axis=1) ** 2 / (size**2).sum(axis=1).clip(1e-300)
    return effect, np.sqrt((by_month**2).sum(axis=1)), freedom.clip(LEAST_FREEDOM)
