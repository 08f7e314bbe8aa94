"""What drivers make of each month of each series, as the forecast applies it.

Rows of a `History` enter; factors of a usual month leave. An aggregate's months are those of its
bottom series, weighted by sales, so that no level can contradict another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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

    bottoms: the m bottom series of which `effects` are; weight: (n, m), their shares in the sales
    of each row; follows: (n,), rows to which effects are applied: those that are long enough, and
    not intermittent.
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
        bottoms, weight = weigh_bottoms(part)
        if len(bottoms):
            below = part.take(bottoms)
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


def weigh_bottoms(history: History) -> tuple[np.ndarray, sparse.csr_matrix]:
    """Rows of the bottom series that are long enough for effects (m,), and their shares in the
    sales of each row (n, m), of rows of one cutoff.
    """
    from scipy import sparse  # slow to import

    long, summing = history.length >= design.NEEDED, history.summing
    if summing is None:
        bottoms = np.flatnonzero(long)
        within = sparse.eye(len(history), format="csr")[:, bottoms]
    else:
        column = summing.bottom_ids.get_indexer(history.ids)
        bottoms = np.flatnonzero(long & (column >= 0))
        within = summing.matrix[summing.ids.get_indexer(history.ids)][:, column[bottoms]]
    sales = within @ sparse.diags(design.series_scale(history.y[bottoms]))
    total = np.asarray(sales.sum(axis=1)).ravel()
    return bottoms, sparse.diags(1 / np.where(total > 0, total, 1.0)) @ sales
