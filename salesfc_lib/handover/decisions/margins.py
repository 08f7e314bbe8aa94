"""Each month of each series as its published interval says it, in the order of given scores.

Scores of paths and published quantiles enter; values of paths leave. The order of paths (what goes
together) comes from the scores, the size from the publication: the Schaake shuffle (Clark et al.
2004, doi:10.1175/1525-7541(2004)005<0243:TSSAMF>2.0.CO;2), or ensemble copula coupling (Schefzik,
Thorarinsdottir and Gneiting 2013, doi:10.1214/13-STS443).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

KNOTS = ndtri(np.array([0.025, 0.10, 0.50, 0.90, 0.975]))  # lo-95, lo-80, centre, hi-80, hi-95
CENTRE, ROUNDS = 2, 4


def shuffle(scores: np.ndarray, quantiles: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Values (n_paths, ...) with the ranks of `scores` over paths and the published margins.

    quantiles: (..., 5) lo-95, lo-80, forecast, hi-80, hi-95, in this order; mean: (...,) the
    published forecast, which the paths have as their mean as far as the 80 % interval lets them.
    Between the bounds a quantile is linear in its normal score, and beyond the outer ones as
    between the last two. Never below zero, unless the published lower bound is.
    """
    count = len(scores)
    basis = lay_basis(count)
    floor = np.minimum(quantiles[..., 0], 0.0)
    centred = centre_on(mean, quantiles, basis, floor)
    order = np.argsort(scores, axis=0, kind="stable")
    ranked = np.maximum(np.tensordot(basis, centred, axes=(1, -1)), floor).astype(np.float32)
    values = np.empty_like(ranked)
    np.put_along_axis(values, order, ranked, axis=0)
    return values


def lay_basis(count: int) -> np.ndarray:
    """Weights (count, 5) of the five quantiles in each of `count` ordered values."""
    score = ndtri((np.arange(count) + 0.5) / count)
    left = np.clip(np.searchsorted(KNOTS, score) - 1, 0, len(KNOTS) - 2)
    share = (score - KNOTS[left]) / (KNOTS[left + 1] - KNOTS[left])
    basis, rows = np.zeros((count, len(KNOTS))), np.arange(count)
    basis[rows, left], basis[rows, left + 1] = 1 - share, share
    return basis


def centre_on(
    mean: np.ndarray, quantiles: np.ndarray, basis: np.ndarray, floor: np.ndarray
) -> np.ndarray:
    """Quantiles with the centre moved within the 80 % interval until the values' mean is `mean`."""
    found, weight = quantiles.copy(), basis.mean(axis=0)
    low, high = quantiles[..., CENTRE - 1], quantiles[..., CENTRE + 1]
    for _ in range(ROUNDS):
        values = np.maximum(np.tensordot(basis, found, axes=(1, -1)), floor)
        gap = mean - values.mean(axis=0)
        found[..., CENTRE] = np.clip(found[..., CENTRE] + gap / weight[CENTRE], low, high)
    return found
