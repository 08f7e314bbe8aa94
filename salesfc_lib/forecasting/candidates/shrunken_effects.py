"""Effects of each driver on each series, shrunken to the panel's (random effects).

Rows of a `History` enter; panel effects, the spread of series around them, and effects of each
series leave. Months are partly differenced, since a wandering level would pass for an effect. The
spread is estimated driver by driver from the variance between series beyond their noise. For the
panel's effect a month is one observation, however many series there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.candidates.design import (
    OWN_TERMS,
    build_design,
    exponential_weights,
    noise_std,
    row_blocks,
    series_scale,
)
from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing.seasonality import centred_mean
from salesfc_lib.foundation import nan_mean


@dataclass(frozen=True)
class Effects:
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
class _Part:
    """Partial residuals as changes: y (n, T), drivers x (n, T, n_drivers), weight (n, T)."""

    y: np.ndarray
    x: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class _Sums:
    """Of each series: x'wx (n, k, k), x'wy (n, k), y'wy (n,), x'wwx by driver (n, k), sum of w
    (n,), and whether it says something of all (n,).
    """

    left: np.ndarray
    right: np.ndarray
    squares: np.ndarray
    doubly: np.ndarray
    weight: np.ndarray
    informs: np.ndarray

    def noise(self, effect: np.ndarray) -> np.ndarray:
        """Variance of a month around effects (k,) or (n, k), (n,)."""
        effect = np.broadcast_to(effect, self.right.shape)
        squared = np.einsum("np,npq,nq->n", effect, self.left, effect)
        explained = 2 * (effect * self.right).sum(axis=1) - squared
        left = (self.squares - explained) / np.where(self.weight > 0, self.weight, 1.0)
        return np.asarray(left.clip(tuning.DRIVER_MIN_NOISE**2))


def learn_effects(history: History, half_life: float) -> Effects:
    """Effects of all drivers; intermittent series do not inform the panel's.

    Random effects: centre and spread by the method of moments (DerSimonian and Laird 1986,
    https://doi.org/10.1016/0197-2456(86)90046-2), each driver given the others; a series' own by
    its posterior mean (Efron and Morris 1973, https://doi.org/10.1080/01621459.1973.10481350).
    """
    count = len(history.regressors)
    centre, spread = np.zeros(count), np.full(count, tuning.DRIVER_MIN_SPREAD)
    if not count or not len(history):
        return Effects(centre, np.zeros(count), spread, np.zeros((len(history), count)))
    part = _join([_part_out(block, half_life) for block in row_blocks(history)])
    sums = _sum_up(part, ~is_intermittent(history.y))
    diagonal = np.einsum("npp->np", sums.left)
    months = (part.weight > 0).sum(axis=1).clip(1)
    usual = np.sqrt(diagonal / months[:, None])
    moving = (usual > tuning.MIN_DRIVER_SPREAD) & sums.informs[:, None]
    for _ in range(tuning.DRIVER_ROUNDS):
        noise = sums.noise(centre)
        for driver in np.flatnonzero(moving.any(axis=0)):
            rows = np.flatnonzero(moving[:, driver])
            by = diagonal[rows, driver]
            rest = sums.right[rows, driver] - sums.left[rows, driver] @ centre
            variance = noise[rows] * sums.doubly[rows, driver] / by**2
            centre[driver], found = _random_effects(rest / by + centre[driver], variance)
            widest = tuning.DRIVER_MAX_SPREAD / np.median(usual[rows, driver])
            spread[driver] = min(max(found, tuning.DRIVER_MIN_SPREAD), widest)
    error = _standard_error(part, sums, history, (centre, spread, moving))
    sure = centre * (1 - (error / np.where(centre == 0, 1.0, centre)) ** 2).clip(0)
    return Effects(sure, error, spread, _posterior_mean(sums, sure, spread))


def _part_out(history: History, half_life: float) -> _Part:
    """What level, trend and season leave of sales, in shares of the local level, and of drivers."""
    y = history.y / _local_level(history.y)
    design = build_design(history, 0, 1.0)
    changes, terms = _change(y), _change(design.x)
    own, drivers = terms[:, :, :OWN_TERMS], terms[:, :, OWN_TERMS:]
    known = np.isfinite(changes)
    known[:, 0] = False
    weight = np.where(known, exponential_weights(y.shape[1], half_life), 0.0)
    both = np.concatenate([np.where(known, changes, 0.0)[:, :, None], drivers], axis=2)
    penalty = np.where(np.isfinite(design.prior), (noise_std(y)[:, None] / design.prior) ** 2, 0.0)
    weighted = (own * weight[:, :, None]).transpose(0, 2, 1)
    left = np.matmul(weighted, own) + (penalty[:, :, None] + 1e-9) * np.eye(OWN_TERMS)
    fitted = np.matmul(own, np.linalg.solve(left, np.matmul(weighted, both)))
    rest = (both - fitted) * known[:, :, None]
    return _Part(rest[:, :, 0], rest[:, :, 1:], weight)


def _local_level(y: np.ndarray) -> np.ndarray:
    """Mean absolute month of the year around each column (n, T); at the ends the nearest known."""
    means = centred_mean(np.abs(y))
    known, columns = np.isfinite(means), np.arange(y.shape[1])
    first, last = known.argmax(axis=1), y.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    nearest = np.take_along_axis(means, np.clip(columns, first[:, None], last[:, None]), axis=1)
    level = np.where(np.isfinite(nearest), nearest, series_scale(y)[:, None])
    least = tuning.DRIVER_MIN_LEVEL * nan_mean(np.abs(y), 1, keepdims=True)
    return np.asarray(np.maximum(np.where(level > 0, level, 1.0), np.nan_to_num(least)))


def _change(values: np.ndarray) -> np.ndarray:
    """Each column (axis 1) less a share of the one before."""
    changed = values.copy()
    changed[:, 1:] -= tuning.DRIVER_DIFFERENCE * values[:, :-1]
    return changed


def _join(parts: list[_Part]) -> _Part:
    return _Part(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("y", "x", "weight"))
    )


def _sum_up(part: _Part, informs: np.ndarray) -> _Sums:
    y, x, weight = part.y, part.x, part.weight
    weighted = x * weight[:, :, None]
    return _Sums(
        np.matmul(weighted.transpose(0, 2, 1), x),
        np.einsum("ntp,nt->np", weighted, y),
        (weight * y**2).sum(axis=1),
        (weighted**2).sum(axis=1),
        weight.sum(axis=1),
        informs,
    )


def _random_effects(own: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """Mean of effects (n,) with variances (n,), and the standard deviation beyond these."""
    between, mean = 0.0, float(np.average(own, weights=1 / variance))
    for _ in range(20 if len(own) >= tuning.DRIVER_MIN_SERIES else 0):
        weight = 1 / (variance + between)
        mean = float(np.average(own, weights=weight))
        beyond = (weight**2 * ((own - mean) ** 2 - variance)).sum() / (weight**2).sum()
        between = max(0.0, float(beyond))
    return mean, float(np.sqrt(between))


def _standard_error(
    part: _Part, sums: _Sums, history: History, found: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> np.ndarray:
    """Standard error of each driver's common effect (n_drivers,); months are the observations."""
    centre, spread, moving = found
    missed = part.weight * (part.y - part.x @ centre)
    month = history.last.astype(int)[:, None] + np.arange(missed.shape[1])
    noise = sums.noise(centre)
    error = np.zeros(len(centre))
    for driver in np.flatnonzero(moving.any(axis=0)):
        rows = np.flatnonzero(moving[:, driver])
        by = sums.left[rows, driver, driver]
        share = 1 / (noise[rows] * sums.doubly[rows, driver] / by**2 + spread[driver] ** 2)
        influence = (share / share.sum() / by)[:, None] * part.x[rows, :, driver] * missed[rows]
        of_months = np.bincount((month[rows] - month.min()).ravel(), influence.ravel())
        error[driver] = np.sqrt(tuning.DRIVER_VARIANCE_FACTOR * (of_months**2).sum())
    return error


def _posterior_mean(sums: _Sums, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Effects of each series (n, n_drivers), posterior mean around the centre."""
    penalty = sums.noise(centre)[:, None] / spread**2
    left = sums.left + penalty[:, :, None] * np.eye(len(centre))
    right = (sums.right - sums.left @ centre)[:, :, None]
    return np.asarray(centre + np.linalg.solve(left, right)[:, :, 0])
