"""What drivers do: one effect of each on each bottom series, and of any aggregate of them.

Bottom series of one cutoff enter; effects in shares of a usual month and their intervals leave. A
series' effect is shrunk towards the mean of all (random effects): its own evidence counts for
k = tau^2 / (tau^2 + v), v its variance and tau the spread between series. Months are partly
differenced, since a wandering level would pass for an effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.drivers import design
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing.seasonality import centred_mean
from salesfc_lib.foundation import nan_mean


@dataclass(frozen=True)
class PartialResiduals:
    """What level, trend and season leave of sales y (n, T), in shares of the local level, and of
    drivers x (n, T, k), both as changes; weight and leverage (n, T). left: (n, k, k), x'wx, and
    right: (n, k), x'wy, of the drivers' equations, the series' own terms being solved for.
    """

    y: np.ndarray
    x: np.ndarray
    weight: np.ndarray
    leverage: np.ndarray
    left: np.ndarray
    right: np.ndarray


@dataclass(frozen=True)
class Effects:
    """In shares of a usual month: `own` (n, k), the `centre` and `spread` (k,) of the series around
    it; moved: (n, k), in which series a driver moves.

    solver: (n, k, k), what makes effects of a series' evidence x'wy; shrinkage: (n, k, k), how much
    of them is its own; pooling: (k, k), the inverse of its sum over the series that the centre is
    learnt from, `informing` (n,).
    """

    own: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    moved: np.ndarray
    informing: np.ndarray
    solver: np.ndarray
    shrinkage: np.ndarray
    pooling: np.ndarray
    residuals: PartialResiduals

    @cached_property
    def applied(self) -> np.ndarray:
        """Effects that a forecast applies (n, k): `own`, with the part that is the centre's drawn
        to zero as far as that is unsure (the positive part of James and Stein's factor).
        """
        months = self._influence[1][self.informing].sum(axis=0) @ self.pooling.T
        error = tuning.DRIVER_VARIANCE_FACTOR * (months**2).sum(axis=0)
        square = self.centre**2
        drawn = self.centre * (error / np.where(square > 0, square, 1.0)).clip(max=1.0)
        return np.asarray(self.own - (np.eye(len(drawn)) - self.shrinkage) @ drawn)

    def aggregate(self, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Effects of aggregates by weights (m, n) of the series, as applied, and the lower and
        upper ends of their 95 % intervals: (m, k) each. The intervals are not drawn to zero.
        """
        from scipy import stats  # slow to import

        variance, freedom = self.variance(weight)
        around = stats.t.ppf(0.975, freedom.clip(1.0)) * np.sqrt(variance)
        middle = weight @ self.own
        return weight @ self.applied, middle - around, middle + around

    def variance(self, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Variances of the effects of aggregates by weights (m, n), and their degrees of freedom:
        (m, k) each.

        The variance sums, by month, what all series' shocks of a month do (they share them), each
        as if the month had been left out (Driscoll and Kraay 1998,
        https://doi.org/10.1162/003465398557825, without lags), and the spread between series, as
        far as it is not known whose effect is whose. Degrees of freedom: Satterthwaite (1946,
        https://doi.org/10.2307/3002019).
        """
        leaning = np.einsum("mn,npq->mpq", weight, np.eye(len(self.centre)) - self.shrinkage)
        through = leaning @ self.pooling  # from what the centre is learnt from
        units, shocks = (
            np.einsum("mn,ntp->mtp", weight, each)
            + np.einsum("mpq,tq->mtp", through, each[self.informing].sum(axis=0))
            for each in self._influence
        )
        noise = tuning.DRIVER_VARIANCE_FACTOR * (shocks**2).sum(axis=1)
        months = (units**2).sum(axis=1) ** 2 / (units**4).sum(axis=1).clip(1e-300)
        pairs = zip(weight, through, strict=True)
        between = np.stack([self._unknown(*each) @ self.spread**2 for each in pairs])
        series = max(int(self.informing.sum()) - 1, 1)
        squares = noise**2 / months.clip(1.0) + between**2 / series
        return noise + between, (noise + between) ** 2 / squares.clip(1e-300)

    @cached_property
    def _influence(self) -> tuple[np.ndarray, np.ndarray]:
        """How each month moves each series' effects: by a unit of a driver's change, and by what
        the fit missed in that month, as if it had been left out (n, T, k).
        """
        past = self.residuals
        unit = np.matmul(past.x * past.weight[:, :, None], self.solver.transpose(0, 2, 1))
        left = 1 - past.leverage - (unit * past.x).sum(axis=2)
        missed = past.y - np.einsum("ntp,np->nt", past.x, self.own)
        return unit, unit * (missed / left.clip(tuning.DRIVER_MIN_LEFT))[:, :, None]

    def _unknown(self, weight: np.ndarray, through: np.ndarray) -> np.ndarray:
        """Squares, summed over the series, of how far each one's own deviation from the centre is
        not in the effect of an aggregate (k, k).
        """
        kept = self.informing[:, None, None] * (through @ self.shrinkage)
        missing = weight[:, None, None] * (np.eye(len(self.centre)) - self.shrinkage)
        return np.asarray(((kept - missing) ** 2).sum(axis=0))


def learn_effects(history: History, half_life: float) -> Effects:
    """Effects of all drivers on bottom series of one cutoff; intermittent ones inform no other.

    Spread by the method of moments (DerSimonian and Laird 1986,
    https://doi.org/10.1016/0197-2456(86)90046-2), each driver given the others; the centre by
    generalised least squares, a series' own by its posterior mean (Efron and Morris 1973,
    https://doi.org/10.1080/01621459.1973.10481350).
    """
    parts = [_partial_residuals(each, half_life) for _, each in design.row_blocks(history)]
    past = PartialResiduals(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    left, right = past.left, past.right
    doubly = ((past.x * past.weight[:, :, None]) ** 2).sum(axis=1)
    sums, months = past.weight.sum(axis=1), (past.weight > 0).sum(axis=1)
    diagonal = np.einsum("npp->np", left)
    usual = np.sqrt(diagonal / months.clip(1)[:, None])
    moved = usual > tuning.MIN_DRIVER_SPREAD
    informing = ~is_intermittent(history.y) & moved.any(axis=1)
    centre, spread = np.zeros(len(diagonal[0])), np.full(len(diagonal[0]), tuning.DRIVER_MIN_SPREAD)
    for _ in range(tuning.DRIVER_ROUNDS):
        missed = past.y - past.x @ centre
        noise = (past.weight * missed**2).sum(axis=1) / np.where(sums > 0, sums, 1.0)
        noise = noise.clip(tuning.DRIVER_MIN_NOISE**2)
        for driver in np.flatnonzero(moved[informing].any(axis=0)):
            rows = np.flatnonzero(informing & moved[:, driver])
            around = (right[rows, driver] - left[rows, driver] @ centre) / diagonal[rows, driver]
            variance = noise[rows] * doubly[rows, driver] / diagonal[rows, driver] ** 2
            widest = tuning.DRIVER_MAX_SPREAD / np.median(usual[rows, driver])
            found = _spread_beyond(around, variance)
            spread[driver] = min(max(found, tuning.DRIVER_MIN_SPREAD), widest)
        solver = np.linalg.inv(left + noise[:, None, None] * np.diag(spread**-2))
        shrinkage = np.matmul(solver, left)
        pooling = _invert(shrinkage[informing].sum(axis=0), spread)
        centre = pooling @ np.einsum("npq,nq->p", solver[informing], right[informing])
    own = centre + np.einsum("npq,nq->np", solver, right - left @ centre)
    return Effects(own, centre, spread, moved, informing, solver, shrinkage, pooling, past)


def _partial_residuals(history: History, half_life: float) -> tuple[np.ndarray, ...]:
    """Arrays of `PartialResiduals`."""
    y = history.y / _local_level(history.y)
    terms = design.build_design(history, 0, 1.0)
    changes, own, drivers = _change(y), _change(terms.own), _change(terms.drivers)
    known = np.isfinite(changes)
    known[:, 0] = False
    weight = np.where(known, design.exponential_weights(y.shape[1], half_life), 0.0)
    both = np.concatenate([np.where(known, changes, 0.0)[:, :, None], drivers], axis=2)
    penalty = design.penalties(design.noise_std(y), terms.prior)
    across, left = design.own_equations(own, weight, penalty)
    hat = np.linalg.solve(left, across)
    rest = (both - np.matmul(own, np.matmul(hat, both))) * known[:, :, None]
    # of all equations by partitioned inverse (Frisch, Waugh and Lovell), the penalties included
    sums = np.matmul((rest[:, :, 1:] * weight[:, :, None]).transpose(0, 2, 1), both)
    leverage = np.einsum("ntp,npt->nt", own, hat)
    return rest[:, :, 0], rest[:, :, 1:], weight, leverage, sums[:, :, 1:], sums[:, :, 0]


def _local_level(y: np.ndarray) -> np.ndarray:
    """Mean absolute month of the year around each column (n, T); at the ends the nearest known."""
    means = centred_mean(np.abs(y))
    known, columns = np.isfinite(means), np.arange(y.shape[1])
    first, last = known.argmax(axis=1), y.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    nearest = np.take_along_axis(means, np.clip(columns, first[:, None], last[:, None]), axis=1)
    level = np.where(np.isfinite(nearest), nearest, design.series_scale(y)[:, None])
    least = tuning.DRIVER_MIN_LEVEL * nan_mean(np.abs(y), 1, keepdims=True)
    return np.asarray(np.maximum(np.where(level > 0, level, 1.0), np.nan_to_num(least)))


def _invert(total: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Inverse of summed shrinkage (k, k): zero for drivers without evidence, and drivers that say
    the same share their effect.
    """
    information = total / spread[:, None] ** 2  # symmetric
    size = np.sqrt(np.diag(information).clip(0))
    by = np.outer(size, size)
    scaled = np.divide(information, by, out=np.zeros_like(total), where=by > 0)
    inverse = np.linalg.pinv(scaled, rcond=tuning.DRIVER_COLLINEAR, hermitian=True)
    return np.divide(inverse, by, out=np.zeros_like(total), where=by > 0) / spread**2


def _change(values: np.ndarray) -> np.ndarray:
    """Each column (axis 1) less a share of the one before."""
    changed = values.copy()
    changed[:, 1:] -= tuning.DRIVER_DIFFERENCE * values[:, :-1]
    return changed


def _spread_beyond(own: np.ndarray, variance: np.ndarray) -> float:
    """Standard deviation of effects (n,) beyond their variances (n,)."""
    between = 0.0
    for _ in range(20 if len(own) >= tuning.DRIVER_MIN_SERIES else 0):
        weight = 1 / (variance + between)
        mean = np.average(own, weights=weight)
        beyond = (weight**2 * ((own - mean) ** 2 - variance)).sum() / (weight**2).sum()
        between = max(0.0, float(beyond))
    return float(np.sqrt(between))
