r"""Forecasts of all levels moved to the nearest ones that add up, and are not negative where
history is not.

Base forecasts, the summing matrix and past errors enter as arrays; coherent forecasts leave.
What is nearest depends on W, the covariance of the base forecasts' errors, one per method.

All methods but bottom-up are one formula. With C the constraints that each aggregate equals the sum
of its bottoms (C y = 0 where y adds up), the coherent forecasts nearest in W are

    y~ = y^ - W C' (C W C')^-1 C y^,

the same as S (S' W^-1 S)^-1 S' W^-1 y^ but solved in the number of aggregates (Wickramasuriya,
Athanasopoulos & Hyndman 2019, doi:10.1080/01621459.2018.1448825). W is a diagonal plus a factor
with one column per error vector, D + U U', so no matrix of series by series is ever formed.

A negative bottom whose history never was negative is held at zero by a further constraint, and the
rest solved again until none is left: what was cut off is taken from the series that are least
certain, instead of being added to every total (an active set that only grows, so it ends; near the
optimum of Wickramasuriya, Turlach & Hyndman 2020, doi:10.1007/s11222-020-09930-0)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from salesfc_lib.panel import Summing

# smallest variance, as a share of the mean variance: keeps series without any error in
RIDGE = 1e-8
# base forecasts, bottoms held at zero -> bottoms (n_bottom, n_months)
Solve = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Covariance(NamedTuple):
    """W = diag(diagonal) + factor @ factor.T: (n_series,) and (n_series, n_vectors)."""

    diagonal: np.ndarray
    factor: np.ndarray


class Method(NamedTuple):
    """A way to reconcile: months of errors it needs, and its W from S and the errors (n_vectors,
    n_series); None: bottom-up.
    """

    needs: int
    covariance: Callable[[sparse.csr_matrix, np.ndarray], Covariance] | None


def project(
    base: np.ndarray,
    summing: Summing,
    method: str,
    *,
    errors: np.ndarray,
    signed: np.ndarray,
    ended: np.ndarray | None = None,
) -> np.ndarray:
    """Coherent forecasts (n_series, n_months) nearest to `base` by `method`.

    errors: (n_vectors, n_series), null where a series had no forecast; signed: (n_series,) whether
    a series' history was ever negative, so that its forecast may be; ended: (n_series,) whether a
    series came to an end, so that everything below it stays at zero.
    """
    over = np.zeros(len(summing.bottom), dtype=bool)
    if ended is not None:
        over = summing.matrix.T @ ended.astype(float) > 0
    covariance = METHODS[method].covariance
    solve: Solve = partial(_take_bottoms, summing.bottom)
    if covariance is not None and len(summing.upper):
        solve = _build_solver(summing, covariance(summing.matrix, errors))
    bottoms = solve(base, over)
    for column in np.flatnonzero(_below_zero(bottoms, summing, signed).any(axis=0)):
        bottoms[:, column] = _hold_at_zero(solve, base[:, [column]], summing, signed, over)
    return summing.matrix @ bottoms


def weigh_equally(matrix: sparse.csr_matrix, errors: np.ndarray) -> Covariance:
    """W = I: ordinary least squares (Hyndman et al. 2011, doi:10.1016/j.csda.2011.03.006)."""
    return Covariance(np.ones(matrix.shape[0]), np.empty((matrix.shape[0], 0)))


def weigh_by_size(matrix: sparse.csr_matrix, errors: np.ndarray) -> Covariance:
    """W = number of bottoms in each series (Athanasopoulos et al. 2017,
    doi:10.1016/j.ejor.2017.02.046).
    """
    return Covariance(np.asarray(matrix.sum(axis=1)).ravel(), np.empty((matrix.shape[0], 0)))


def weigh_by_variance(matrix: sparse.csr_matrix, errors: np.ndarray) -> Covariance:
    """W = mean squared error of each series (Hyndman, Lee & Wang 2016,
    doi:10.1016/j.csda.2015.11.007).
    """
    return Covariance(_bounded(_mean(errors**2), matrix), np.empty((matrix.shape[0], 0)))


def weigh_by_shrunk_covariance(matrix: sparse.csr_matrix, errors: np.ndarray) -> Covariance:
    """W = covariance, correlations shrunk towards zero (Wickramasuriya et al. 2019).

    The covariance R'R / (n - 1) of centred errors R times 1 - intensity off the diagonal; the
    factor holds R'.
    """
    centred = np.nan_to_num(errors - _mean(errors))
    intensity = shrinkage_intensity(centred)
    count = np.isfinite(errors).sum(axis=0)
    own = (centred**2).sum(axis=0) / np.maximum(count - 1, 1)
    variance = _bounded(np.where(count > 1, own, np.nan), matrix)
    factor = np.sqrt((1.0 - intensity) / (len(errors) - 1)) * centred.T
    return Covariance(np.maximum(variance - (factor**2).sum(axis=1), RIDGE * variance), factor)


def shrinkage_intensity(centred: np.ndarray) -> float:
    r"""Share of the correlations of centred errors (n_vectors, n_series) that is noise, 0..1.

    sum over pairs of Var(r_ij) / sum over pairs of r_ij^2 with
    Var(r_ij) = sum_t (w_tij - mean w_ij)^2 / (n (n - 1)), w_tij = x_ti x_tj, x standardised
    (Schaefer & Strimmer 2005, doi:10.2202/1544-6115.1175). Both sums are taken over the n x n
    products of error vectors, so the cost is linear in the number of series.
    """
    n = len(centred)
    spread = np.sqrt((centred**2).mean(axis=0))
    x = centred / np.where(spread > 0, spread, 1.0)
    squares = x**2
    correlations = ((x @ x.T) ** 2).sum() / n**2 - (squares.mean(axis=0) ** 2).sum()
    products = (squares.sum(axis=1) ** 2).sum() - (squares**2).sum()
    variances = (products - n * correlations) / (n * (n - 1))
    return float(np.clip(variances / correlations, 0.0, 1.0)) if correlations > 0 else 1.0


METHODS: Mapping[str, Method] = {
    "bottom_up": Method(0, None),
    "ols": Method(0, weigh_equally),
    "wls_struct": Method(0, weigh_by_size),
    "wls_var": Method(6, weigh_by_variance),
    "mint_shrink": Method(6, weigh_by_shrunk_covariance),
}


def _build_solver(summing: Summing, covariance: Covariance) -> Solve:
    """y^ - W C' (C W C')^-1 C y^ as a function of y^, C being (n_upper, n_series)."""
    unit = sparse.identity(len(summing.ids), format="csr")
    sums = (unit - summing.matrix @ unit[summing.bottom])[summing.upper]

    def solve(base: np.ndarray, zero: np.ndarray) -> np.ndarray:
        base, (diagonal, factor) = _hold(base, covariance, summing.bottom[zero])
        spanned = sums @ factor
        middle = (sums.multiply(diagonal) @ sums.T).toarray() + spanned @ spanned.T
        pull = sums.T @ cho_solve(cho_factor(middle, overwrite_a=True), sums @ base)
        moved = base - diagonal[:, None] * pull - factor @ (factor.T @ pull)
        return _take_bottoms(summing.bottom, moved, zero)

    return solve


def _hold(
    base: np.ndarray, covariance: Covariance, rows: np.ndarray
) -> tuple[np.ndarray, Covariance]:
    """Base forecasts and W given that the series in `rows` are zero.

    With A the rows held and L L' = I + U_A' D_A^-1 U_A, W given A is D without A plus (U L'^-1) (U
    L'^-1)' without A.
    """
    if len(rows) == 0:
        return base, covariance
    diagonal, factor = covariance
    scaled = factor[rows] / diagonal[rows, None]
    lower = np.linalg.cholesky(np.eye(factor.shape[1]) + factor[rows].T @ scaled)
    factor = solve_triangular(lower, factor.T, lower=True).T
    base = base - factor @ solve_triangular(lower, scaled.T @ base[rows], lower=True)
    free = np.ones(len(diagonal))
    free[rows] = 0.0
    return base * free[:, None], Covariance(diagonal * free, factor * free[:, None])


def _take_bottoms(bottom: np.ndarray, base: np.ndarray, zero: np.ndarray) -> np.ndarray:
    return np.where(zero[:, None], 0.0, base[bottom])


def _hold_at_zero(
    solve: Solve, base: np.ndarray, summing: Summing, signed: np.ndarray, over: np.ndarray
) -> np.ndarray:
    """Bottoms (n_bottom,) of a month without negatives; each round holds more at zero."""
    zero = over
    bottoms = solve(base, zero)
    while (below := _below_zero(bottoms, summing, signed)[:, 0]).any():
        zero = zero | below
        bottoms = solve(base, zero)
    return bottoms[:, 0]


def _below_zero(bottoms: np.ndarray, summing: Summing, signed: np.ndarray) -> np.ndarray:
    """Negative bottoms that never were, or that make a sum so; (n_bottom, n_months)."""
    sums_below = (summing.matrix @ bottoms < 0) & ~signed[:, None]
    return (bottoms < 0) & (summing.matrix.T @ sums_below.astype(float) > 0)


def _bounded(variance: np.ndarray, matrix: sparse.csr_matrix) -> np.ndarray:
    """Variances above zero; where unknown, the median variance per bottom times its bottoms."""
    size = np.asarray(matrix.sum(axis=1)).ravel()
    known = np.isfinite(variance)
    usual = np.median(variance[known] / size[known]) if known.any() else 0.0
    variance = np.where(known, variance, size * usual)
    mean = variance.mean()
    return np.maximum(variance, RIDGE * mean if mean > 0 else 1.0)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean by column of what is not null; null where there are fewer than two."""
    count = np.isfinite(values).sum(axis=0)
    return np.where(count > 1, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)
