"""Effects of each driver on each series, shrunken to the panel's (random effects).

Months are partly differenced, since a wandering level would pass for an effect. For the panel's
effect a month is one observation, however many series there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.drivers import design
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing.seasonality import centred_mean
from salesfc_lib.foundation import nan_mean


@dataclass(frozen=True)
class DriverEffects:
    """In shares of a series' usual month: `centre` (n_drivers,) of the panel, as far as it is sure,
    and its standard error `error`; `spread` (n_drivers,), the standard deviation of the series
    around it; `own` (n, n_drivers).
    """

    centre: np.ndarray
    error: np.ndarray
    spread: np.ndarray
    own: np.ndarray

    @property
    def prior_std(self) -> np.ndarray:
        """Prior standard deviation of a series' effect (n_drivers,): spread and panel's error."""
        return np.sqrt(self.spread**2 + self.error**2)


@dataclass(frozen=True)
class _Sums:
    """Of each series: x'wx (n, k, k), x'wy (n, k), y'wy (n,), x'wwx by driver (n, k), and the sum
    of w (n,).
    """

    left: np.ndarray
    right: np.ndarray
    squares: np.ndarray
    doubly: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, y: np.ndarray, x: np.ndarray, weight: np.ndarray) -> _Sums:
        weighted = x * weight[:, :, None]
        return cls(
            np.matmul(weighted.transpose(0, 2, 1), x),
            np.einsum("ntp,nt->np", weighted, y),
            (weight * y**2).sum(axis=1),
            (weighted**2).sum(axis=1),
            weight.sum(axis=1),
        )

    def noise(self, effect: np.ndarray) -> np.ndarray:
        """Variance of a month around effects (k,) or (n, k), (n,)."""
        effect = np.broadcast_to(effect, self.right.shape)
        squared = np.einsum("np,npq,nq->n", effect, self.left, effect)
        explained = 2 * (effect * self.right).sum(axis=1) - squared
        left = (self.squares - explained) / np.where(self.weight > 0, self.weight, 1.0)
        return np.asarray(left.clip(tuning.DRIVER_MIN_NOISE**2))

    def variance(self, driver: int, rows: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Variance of the rows' own effects of a driver, from the noise of all rows (n,)."""
        return noise[rows] * self.doubly[rows, driver] / self.left[rows, driver, driver] ** 2


def learn_effects(history: History, half_life: float) -> DriverEffects:
    """Effects of all drivers; intermittent series do not inform the panel's.

    Random effects: centre and spread by the method of moments (DerSimonian and Laird 1986,
    https://doi.org/10.1016/0197-2456(86)90046-2), each driver given the others; a series' own by
    its posterior mean (Efron and Morris 1973, https://doi.org/10.1080/01621459.1973.10481350).
    """
    count = len(history.regressors)
    centre, spread = np.zeros(count), np.full(count, tuning.DRIVER_MIN_SPREAD)
    if not count or not len(history):
        return DriverEffects(centre, np.zeros(count), spread, np.zeros((len(history), count)))
    blocks = [_partial_residuals(block, half_life) for _, block in design.row_blocks(history)]
    y, x, weight = (np.concatenate(each) for each in zip(*blocks, strict=True))
    sums = _Sums.of(y, x, weight)
    diagonal = np.einsum("npp->np", sums.left)
    usual = np.sqrt(diagonal / (weight > 0).sum(axis=1).clip(1)[:, None])
    moving = (usual > tuning.MIN_DRIVER_SPREAD) & ~is_intermittent(history.y)[:, None]
    moved = {driver: np.flatnonzero(moving[:, driver]) for driver in range(count)}
    moved = {driver: rows for driver, rows in moved.items() if len(rows)}
    for _ in range(tuning.DRIVER_ROUNDS):
        noise = sums.noise(centre)
        for driver, rows in moved.items():
            rest = sums.right[rows, driver] - sums.left[rows, driver] @ centre
            own = rest / diagonal[rows, driver] + centre[driver]
            centre[driver], beyond = _random_effects(own, sums.variance(driver, rows, noise))
            widest = tuning.DRIVER_MAX_SPREAD / np.median(usual[rows, driver])
            spread[driver] = min(max(beyond, tuning.DRIVER_MIN_SPREAD), widest)
    missed, noise = weight * (y - x @ centre), sums.noise(centre)
    month = history.last.astype(int)[:, None] + np.arange(y.shape[1])
    error = np.zeros(count)
    for driver, rows in moved.items():  # of the common effect; months are the observations
        share = 1 / (sums.variance(driver, rows, noise) + spread[driver] ** 2)
        by = share / share.sum() / diagonal[rows, driver]
        influence = by[:, None] * x[rows, :, driver] * missed[rows]
        of_months = np.bincount((month[rows] - month.min()).ravel(), influence.ravel())
        error[driver] = np.sqrt(tuning.DRIVER_VARIANCE_FACTOR * (of_months**2).sum())
    sure = centre * (1 - (error / np.where(centre == 0, 1.0, centre)) ** 2).clip(0)
    penalty = sums.noise(sure)[:, None] / spread**2
    left = sums.left + penalty[:, :, None] * np.eye(count)
    around = np.linalg.solve(left, (sums.right - sums.left @ sure)[:, :, None])[:, :, 0]
    return DriverEffects(sure, error, spread, sure + around)  # own: posterior means


def _partial_residuals(
    history: History, half_life: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What level, trend and season leave of sales y (n, T), in shares of the local level, and of
    drivers x (n, T, k), both as changes; weight (n, T).
    """
    y = history.y / _local_level(history.y)
    terms = design.build_design(history, 0, 1.0)
    changes, moved = _change(y), _change(terms.x)
    own, drivers = moved[:, :, : design.OWN_TERMS], moved[:, :, design.OWN_TERMS :]
    known = np.isfinite(changes)
    known[:, 0] = False
    weight = np.where(known, design.exponential_weights(y.shape[1], half_life), 0.0)
    both = np.concatenate([np.where(known, changes, 0.0)[:, :, None], drivers], axis=2)
    penalty = design.penalties(design.noise_std(y), terms.prior)
    across, left = design.own_equations(own, weight, penalty)
    fitted = np.matmul(own, np.linalg.solve(left, np.matmul(across, both)))
    rest = (both - fitted) * known[:, :, None]
    return rest[:, :, 0], rest[:, :, 1:], weight


def _local_level(y: np.ndarray) -> np.ndarray:
    """Mean absolute month of the year around each column (n, T); at the ends the nearest known."""
    means = centred_mean(np.abs(y))
    known, columns = np.isfinite(means), np.arange(y.shape[1])
    first, last = known.argmax(axis=1), y.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    nearest = np.take_along_axis(means, np.clip(columns, first[:, None], last[:, None]), axis=1)
    level = np.where(np.isfinite(nearest), nearest, design.series_scale(y)[:, None])
    least = tuning.DRIVER_MIN_LEVEL * nan_mean(np.abs(y), 1, keepdims=True)
    return np.asarray(np.maximum(np.where(level > 0, level, 1.0), np.nan_to_num(least)))


def _change(values: np.ndarray) -> np.ndarray:
    """Each column (axis 1) less a share of the one before."""
    changed = values.copy()
    changed[:, 1:] -= tuning.DRIVER_DIFFERENCE * values[:, :-1]
    return changed


def _random_effects(own: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """Mean of effects (n,) with variances (n,), and the standard deviation beyond these."""
    between, mean = 0.0, float(np.average(own, weights=1 / variance))
    for _ in range(20 if len(own) >= tuning.DRIVER_MIN_SERIES else 0):
        weight = 1 / (variance + between)
        mean = float(np.average(own, weights=weight))
        beyond = (weight**2 * ((own - mean) ** 2 - variance)).sum() / (weight**2).sum()
        between = max(0.0, float(beyond))
    return mean, float(np.sqrt(between))
