"""What drivers make of each month of each series, as the forecast applies it.

Rows of a `History` enter; factors of a usual month leave. An aggregate's months are those of its
bottom series, weighted by sales, so that no level can contradict another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.drivers import design
from salesfc_lib.forecasting.drivers.effects import Effects, learn_effects
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import DRIVER_BOUNDS, HALF_LIFE

if TYPE_CHECKING:
    from scipy import sparse


@dataclass(frozen=True)
class Applied:
    """Effects that are applied to the rows of one cutoff, `history`.

    bottoms: the m series of which `effects` are (`weigh_bottoms`); weight: (n, m), their shares in
    the sales of each row; follows: (n,), rows to which effects are applied: those that are long
    enough, and not intermittent.
    """

    history: History
    bottoms: History
    weight: sparse.csr_matrix
    follows: np.ndarray
    effects: Effects

    def factor(self, horizon: int) -> np.ndarray:
        """How many times a usual month the drivers make each month (n, T + horizon)."""
        moved, own = design.list_moves(self.bottoms, horizon), self.effects.applied
        added = sum(own[:, [place]] * each for place, each in enumerate(moved))
        return np.where(self.follows[:, None], 1 + self.weight @ added, 1.0).clip(*DRIVER_BOUNDS)


def apply_effects(history: History, half_life: float) -> Iterator[tuple[np.ndarray, Applied]]:
    """Places and effects of the rows of each cutoff; none without drivers or a series to learn
    from.
    """
    for back in np.unique(history.back) if history.regressors else ():
        rows = np.flatnonzero(history.back == back)
        part = history.take(rows)
        below, weight = weigh_bottoms(part)
        if len(below):
            follows = (part.length >= design.NEEDED) & ~is_intermittent(part.y)
            yield rows, Applied(part, below, weight, follows, learn_effects(below, half_life))


def driver_factors(history: History, horizon: int, half_life: float = HALF_LIFE) -> np.ndarray:
    """How many times a usual month the drivers make each month (n, T + horizon).

    A driver at its own mean makes 1; so do all where demand is intermittent or the history is
    short.
    """
    factor = np.ones((len(history), history.y.shape[1] + horizon))
    for rows, applied in apply_effects(history, half_life):
        factor[rows] = applied.factor(horizon)
    return factor


def weigh_bottoms(history: History) -> tuple[History, sparse.csr_matrix]:
    """The m bottom series that are long enough for effects, and their shares in the sales of each
    row (n, m), of rows of one cutoff. Intermittent ones of a hierarchy say too little alone: they
    are one series, their sum.
    """
    from scipy import sparse  # slow to import

    long, summing = history.length >= design.NEEDED, history.summing
    if summing is None:
        bottoms = np.flatnonzero(long)
        below, within = history.take(bottoms), sparse.eye(len(history), format="csr")[:, bottoms]
    else:
        column = summing.bottom_ids.get_indexer(history.ids)
        bottoms = np.flatnonzero(long & (column >= 0))
        below = history.take(bottoms)
        within = summing.matrix[summing.ids.get_indexer(history.ids)][:, column[bottoms]]
    sales = within @ sparse.diags(design.series_scale(below.y))
    total = np.asarray(sales.sum(axis=1)).ravel()
    weight = sparse.diags(1 / np.where(total > 0, total, 1.0)) @ sales
    rare = np.flatnonzero(is_intermittent(below.y))
    if summing is None or len(rare) < 2:
        return below, weight
    kept = np.setdiff1d(np.arange(len(below)), rare)
    together = np.asarray(weight[:, rare].sum(axis=1))
    return _join_rows(below, kept, rare), sparse.hstack([weight[:, kept], together], format="csr")


def _join_rows(history: History, kept: np.ndarray, joined: np.ndarray) -> History:
    """Some rows, and the sum of others as the last: of drivers their mean, weighted by sales."""
    rows, share = np.append(kept, joined[0]), design.series_scale(history.y[joined])
    known = history.y[joined]
    months = np.where(np.isfinite(known).any(axis=0), np.nansum(known, axis=0), np.nan)
    mixed = {
        name: np.vstack([values[kept], share @ values[joined] / share.sum()])
        for name, values in history.regressors.items()
    }
    part = history.take(rows)
    return replace(part, y=np.vstack([history.y[kept], months]), regressors=mixed)
