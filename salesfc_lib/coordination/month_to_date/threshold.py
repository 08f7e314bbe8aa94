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
import pandas as pd

from salesfc_lib.coordination.month_to_date import scores
from salesfc_lib.coordination.month_to_date.layout import Layout
from salesfc_lib.coordination.month_to_date.profile import GRID, KEPT_SPREAD, Profile

DRAWS, BLOCK = 1000, 100
TOLD = 4.0  # degrees of freedom that a month adds to what is known of its days' variance
FREEDOM = 10.0  # of Student's t of forecast errors: monthly sales have heavier tails than a normal
NORMAL_95, T_95 = 1.959964, 2.228139  # what holds 95 % of a normal distribution, and of this t
USUAL_LIMIT = 3.5  # about what limits come to
JUDGED_AT = GRID * 3 // 4  # the place by which a stop of all sales has to be seen
TAIL, ROUNDS = 0.1, 20
USED = 0.8  # of the share of false alarms: the rest is for orders more skewed than what is drawn
LEAST_LIMIT = 2.0  # where next to nothing is judged
SEED = 16


@dataclass(frozen=True)
class Family:
    """What the paths of the told series have in common.

    level: (n_told,) numbers of their levels; parts: (n_told, n_bottom) standard deviations of the
    forecasts of the bottom series in each; rho: correlation of any two of their errors; sigma, v:
    (n_told,) as shares of the forecast; residuals (n_told, n_months, points); months: (n_told,).
    """

    level: np.ndarray
    parts: np.ndarray
    rho: float
    sigma: np.ndarray
    v: np.ndarray
    residuals: np.ndarray
    months: np.ndarray

    @classmethod
    def of(
        cls,
        profile: Profile,
        layout: Layout,
        deviation: np.ndarray,
        sigma: np.ndarray,
        told: np.ndarray,
    ) -> Family:
        """Family of the told series; deviation: (n_series,) of forecasts, sigma: as a share."""
        bottom = np.nan_to_num(deviation)[layout.bottom]
        alone, together = (bottom**2).sum(), bottom.sum() ** 2
        whole = np.nan_to_num(deviation)[0] ** 2
        rho = float(np.clip((whole - alone) / max(together - alone, 1e-12), 0, 1))
        return cls(
            level=pd.factorize(layout.series["level"][told])[0],
            parts=layout.contains[told] * bottom,
            rho=rho,
            sigma=sigma[told],
            v=profile.v[told],
            residuals=profile.residuals[told],
            months=profile.months[told],
        )


def can_tell(profile: Profile, sigma: np.ndarray) -> np.ndarray:
    """Series (n_series,) in which a stop of all sales would be seen before the month ends."""
    share, spread = profile.curve[:, JUDGED_AT], profile.spread[:, JUDGED_AT]
    return np.asarray(USUAL_LIMIT * np.hypot(share * sigma, spread) < share)


def find_limits(
    family: Family, share: np.ndarray, spread: np.ndarray, place: np.ndarray, alarms: float
) -> tuple[np.ndarray, np.ndarray]:
    """Limits (n_told,) of `score_path` and of `score_since`, one a level and question, which the
    scores of a quiet month pass in a share `alarms` of months, on any look (n_told, n_looks).

    Each level and question is as likely to raise a false alarm, so that the few series of upper
    levels do not have to be as far off as the many below. They depend on nothing that the month
    sold.
    """
    if not share.size:
        nothing = np.full(len(share), np.nan)
        return nothing, nothing
    dice = np.random.default_rng(SEED)
    levels = _draw_levels(family, dice)
    groups = [family.level == each for each in range(family.level.max() + 1)]
    largest = np.zeros((2, len(groups), DRAWS))
    for begin in range(0, DRAWS, BLOCK):
        rows = slice(begin, begin + BLOCK)
        shapes = _draw_shapes(family, place, dice, BLOCK)
        x = levels[rows, :, None] * (share * family.sigma[:, None]) + shapes * spread
        path = np.abs(scores.score_path(x, share, family.sigma[:, None], spread)).max(axis=2)
        since = np.zeros(path.shape)
        for end in range(1, share.shape[1]):
            own = np.abs(scores.score_since(x, share, family.sigma, family.v, end)).max(axis=2)
            np.maximum(since, own, out=since)
        for number, on in enumerate(groups):
            largest[:, number, rows] = path[:, on].max(axis=1), since[:, on].max(axis=1)
    limits = _share_alarms(largest.reshape(-1, DRAWS), USED * alarms)
    path_limit, since_limit = limits.reshape(2, -1)[:, family.level]
    return path_limit, since_limit


def _share_alarms(largest: np.ndarray, alarms: float) -> np.ndarray:
    """Limits (n,) that largest scores (n, DRAWS) pass equally often, and any of them in a share
    `alarms` of draws. Beyond a tenth of the draws their excess is taken for exponential (peaks over
    threshold; Pickands 1975, doi:10.1214/aos/1176343003).
    """
    base = np.quantile(largest, 1 - TAIL, axis=1)
    excess = np.clip(largest - base[:, None], 0, None)
    mean = excess.sum(axis=1) / np.clip((excess > 0).sum(axis=1), 1, None)
    low, high = alarms / len(largest) / 2, min(alarms, TAIL)
    for _ in range(ROUNDS):
        middle = np.sqrt(low * high)
        limits = base + mean * np.log(TAIL / middle)
        passed = (largest > limits[:, None]).any(axis=0).mean()
        low, high = (low, middle) if passed > alarms else (middle, high)
    return np.asarray((base + mean * np.log(TAIL / low)).clip(LEAST_LIMIT))


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
    freedom = TOLD * np.clip(family.months - 1, 1, None)
    heavy = np.sqrt(freedom / dice.chisquare(freedom, (count, n_told)))
    return np.asarray(mixed * heavy[:, :, None])


def _draw_bridges(place: np.ndarray, dice: np.random.Generator, count: int) -> np.ndarray:
    """Brownian bridges at places (n_told, n_looks), each of standard deviation 1."""
    steps = np.diff(place, axis=1, prepend=0.0, append=1.0).clip(0)
    walk = np.cumsum(dice.standard_normal((count, *steps.shape)) * np.sqrt(steps), axis=2)
    bridge = walk[:, :, :-1] - place * walk[:, :, -1:]
    return np.asarray(bridge / np.sqrt(np.clip(place * (1 - place), 1e-9, None)))
