"""How far from its path a quiet month gets, on any day and in any branch of a unit.

Forecast errors and past months' residuals enter; one limit leaves, in standard deviations, which a
quiet month passes with an agreed probability anywhere. What the forecast misses is drawn with
Student's t around the published intervals, coherently: the errors of bottom series add up, and have
as much in common as the whole unit's interval says. When in the month it is sold is drawn as random
combinations of past months, whole, which keeps what goes together (a multiplier bootstrap, Liu
1988, doi:10.1214/aos/1176351062), and of bridges of their own where months are few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesfc_lib.coordination.month_to_date.profile import GRID, KEPT_SPREAD, Profile

DRAWS = 2000
FREEDOM = 6.0  # of Student's t of forecast errors: monthly sales have heavier tails than a normal
NORMAL_95, T_95 = 1.959964, 2.446912  # what holds 95 % of a normal distribution, and of this t
USUAL_LIMIT = 3.5  # about what limits come to
JUDGED_AT = GRID * 3 // 4  # the place by which a stop of all sales has to be seen
SEED = 16


@dataclass(frozen=True)
class Family:
    """What the paths of the told series have in common.

    common: (n_told, n_bottom) of bottom series' standard deviations in each; rho: correlation of
    any two bottom series' errors; sigma: (n_told,) relative; residuals (n_told, n_months, points).
    """

    parts: np.ndarray
    rho: float
    sigma: np.ndarray
    residuals: np.ndarray
    months: np.ndarray

    @classmethod
    def of(
        cls,
        profile: Profile,
        contains: np.ndarray,
        size: np.ndarray,
        sigma: np.ndarray,
        told: np.ndarray,
    ) -> Family:
        bottom = np.flatnonzero(contains.sum(axis=1) == 1)
        of_bottom = np.zeros(contains.shape[1])
        of_bottom[contains[bottom].argmax(axis=1)] = np.nan_to_num(sigma[bottom])
        alone, together = (of_bottom**2).sum(), of_bottom.sum() ** 2
        whole = np.nan_to_num(sigma[0]) ** 2
        rho = float(np.clip((whole - alone) / max(together - alone, 1e-12), 0, 1))
        relative = sigma[told] / np.where(size[told] > 0, size[told], 1.0)
        parts = contains[told] * of_bottom
        return cls(parts, rho, relative, profile.residuals[told], profile.months[told])


def can_tell(profile: Profile, size: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Series (n_series,) in which a stop of all sales would be seen before the month ends."""
    share, spread = profile.curve[:, JUDGED_AT], profile.spread[:, JUDGED_AT]
    relative = sigma / np.where(size > 0, size, np.nan)
    with np.errstate(invalid="ignore"):
        return np.asarray(USUAL_LIMIT * np.hypot(share * relative, spread) < share)


def find_limit(
    family: Family, share: np.ndarray, spread: np.ndarray, place: np.ndarray, *, false_alarms: float
) -> float:
    """Limit that the largest deviation of a quiet month, over series and looks (n_told, n_looks),
    passes in a share `false_alarms` of months. It depends on nothing that the month sold.
    """
    if not share.size:
        return np.inf
    dice = np.random.default_rng(SEED)
    scale = np.hypot(share * family.sigma[:, None], spread)
    largest = np.zeros(DRAWS)
    level = _draw_levels(family, dice)
    for begin in range(0, DRAWS, 200):
        rows = slice(begin, begin + 200)
        shape = _draw_shapes(family, place, dice, len(level[rows]))
        off = level[rows, :, None] * (share * family.sigma[:, None]) + shape * spread
        largest[rows] = np.abs(off / scale).max(axis=(1, 2))
    return float(np.quantile(largest, 1 - false_alarms))


def _draw_levels(family: Family, dice: np.random.Generator) -> np.ndarray:
    """Errors of the month's forecasts in standard deviations (DRAWS, n_told)."""
    own = dice.standard_normal((DRAWS, family.parts.shape[1]))
    common = dice.standard_normal((DRAWS, 1))
    mixed = np.sqrt(1 - family.rho) * own + np.sqrt(family.rho) * common
    errors = mixed @ family.parts.T
    errors /= np.clip(errors.std(axis=0), 1e-12, None)
    heavy = np.sqrt(FREEDOM / dice.chisquare(FREEDOM, errors.shape))
    return np.asarray(errors * heavy * NORMAL_95 / T_95)


def _draw_shapes(
    family: Family, place: np.ndarray, dice: np.random.Generator, count: int
) -> np.ndarray:
    """Deviations of shares in standard deviations (count, n_told, n_looks)."""
    n_told, n_looks = place.shape
    known = np.nan_to_num(family.residuals)
    at = np.clip(np.rint(place * GRID).astype(int), 1, GRID - 1)
    points = np.take_along_axis(known, at[:, None, :], axis=2)
    deviation = np.sqrt((points**2).sum(axis=1, keepdims=True))
    points = points / np.where(deviation > 0, deviation, 1.0)
    factor = dice.standard_normal((count, points.shape[1]))
    together = np.einsum("dm,smk->dsk", factor, points, optimize=True)
    own = (family.months / (family.months + KEPT_SPREAD))[:, None]
    mixed = np.sqrt(own) * together + np.sqrt(1 - own) * _draw_bridges(place, dice, count)
    freedom = np.clip(family.months - 1, 2, None)
    heavy = np.sqrt(freedom / dice.chisquare(freedom, (count, n_told)))
    return np.asarray(mixed * heavy[:, :, None])


def _draw_bridges(place: np.ndarray, dice: np.random.Generator, count: int) -> np.ndarray:
    """Brownian bridges at places (n_told, n_looks), each of standard deviation 1."""
    steps = np.diff(place, axis=1, prepend=0.0, append=1.0).clip(0)
    walk = np.cumsum(dice.standard_normal((count, *steps.shape)) * np.sqrt(steps), axis=2)
    bridge = walk[:, :, :-1] - place * walk[:, :, -1:]
    return np.asarray(bridge / np.sqrt(np.clip(place * (1 - place), 1e-9, None)))
