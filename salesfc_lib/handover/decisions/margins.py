"""Each month of each series as its published interval says it, in the order of given scores.

Scores of paths and published quantiles enter; values of paths leave. The order of paths (what goes
together) comes from the scores, the size from the publication: the Schaake shuffle (Clark et al.
2004, doi:10.1175/1525-7541(2004)005<0243:TSSAMF>2.0.CO;2), or ensemble copula coupling (Schefzik,
Thorarinsdottir and Gneiting 2013, doi:10.1214/13-STS443).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtri

KNOTS = ndtri(np.array([0.025, 0.10, 0.50, 0.90, 0.975]))  # lo-95, lo-80, centre, hi-80, hi-95
RESTING = ndtri(np.array([0.025, 0.10, 0.50, 0.80, 0.95]))  # where the lower bounds are zero
CENTRE, ROUNDS = 2, 12
# the inner half of past months lay nearer to the forecast than a normal distribution between the
# bounds says, and not as near as the tails say (benchmarks/paths.py --earlier: none, half, all)
HALF = 0.5
DEEP = 4.0  # of an upper bound: as far below zero as the centre of a lumpy series is put


def shuffle(scores: np.ndarray, quantiles: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Values (n_paths, ...) with the ranks of `scores` over paths and the published margins.

    quantiles: (..., 5) lo-95, lo-80, forecast, hi-80, hi-95, in this order; mean: (...,) the
    published forecast, which the paths have as their mean as far as the 80 % interval lets them.
    Within the 80 % bounds a quantile is a power of its normal score (`peak`), beyond them linear
    in it. Never below zero, unless the published lower bound is.
    """
    values = np.empty(scores.shape, np.float32)
    order = np.argsort(scores, axis=0, kind="stable")
    np.put_along_axis(values, order, rank(len(scores), quantiles, mean), axis=0)
    return values


def rank(count: int, quantiles: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Values (count, ...) of the published margins, in their order."""
    floor = np.minimum(quantiles[..., 0], 0.0)
    ranked = np.empty((count, *mean.shape), np.float32)
    for rows, knots in _by_reading(quantiles):
        basis = lay_basis(count, knots, peak(quantiles))
        centred = centre_on(mean[rows], quantiles[rows], basis, floor[rows])
        drawn = np.tensordot(basis, centred, axes=(1, -1))
        ranked[:, rows] = np.maximum(drawn, floor[rows])
    return ranked


def _by_reading(quantiles: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Masks (...,) of the intervals with the same knots, and their knots.

    An interval whose lower bound rests on zero, where nothing can sell less, leaves out its share
    above alone: its upper bound of 80 % is the quantile of 80 %, not of 90 %.
    """
    rests = [(quantiles[..., low] == 0) & (quantiles[..., 4 - low] > 0) for low in (0, 1)]
    for wide, narrow in ((False, False), (True, False), (True, True)):
        rows = (rests[0] == wide) & (rests[1] == narrow)
        if rows.any():
            yield rows, np.where([False] * 3 + [narrow, wide], RESTING, KNOTS)


def peak(quantiles: np.ndarray) -> float:
    """Power of the normal score by which inner values lie nearer to the centre than normal ones.

    The typical published bounds of 80 and 95 % lie on one such power; half of the way to it.
    """
    width = quantiles[..., 4:2:-1] - quantiles[..., :2]
    known = width[..., 1] > 0
    if not known.any():
        return 1.0
    wider = float(np.median(width[known, 0] / width[known, 1]))
    return 1 + HALF * max(0.0, np.log(wider) / np.log(KNOTS[4] / KNOTS[3]) - 1)


def lay_basis(count: int, knots: np.ndarray = KNOTS, power: float = 1.0) -> np.ndarray:
    """Weights (count, 5) of the five quantiles in each of `count` ordered values."""
    score = ndtri((np.arange(count) + 0.5) / count)
    left = np.clip(np.searchsorted(knots, score) - 1, 0, len(knots) - 2)
    share = (score - knots[left]) / (knots[left + 1] - knots[left])
    share = np.where(left == CENTRE, np.abs(share) ** power, share)
    share = np.where(left == CENTRE - 1, 1 - np.abs(1 - share) ** power, share)
    basis, rows = np.zeros((count, len(knots))), np.arange(count)
    basis[rows, left], basis[rows, left + 1] = 1 - share, share
    return basis


def centre_on(
    mean: np.ndarray, quantiles: np.ndarray, basis: np.ndarray, floor: np.ndarray
) -> np.ndarray:
    """Quantiles with the centre moved within the 80 % interval until the values' mean is `mean`.

    A centre below the floor is at it as a value: more than half of a lumpy series' months are zero.
    """
    found, weight = quantiles.copy(), basis.mean(axis=0)
    low, high = quantiles[..., CENTRE - 1], quantiles[..., CENTRE + 1]
    low = np.where(low == floor, floor - DEEP * (high - floor), low)
    for _ in range(ROUNDS):
        values = np.maximum(np.tensordot(basis, found, axes=(1, -1)), floor)
        gap = mean - values.mean(axis=0)
        found[..., CENTRE] = np.clip(found[..., CENTRE] + gap / weight[CENTRE], low, high)
    return found
