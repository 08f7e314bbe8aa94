"""Weights of the candidates from their backtest errors, and their weighted mean.

An error is part the series' own and part the mean of its level, because a few cutoffs say little
about one series. Intermittent series are judged by squared errors: a forecast of zero wins on
absolute ones. Weights at an earlier cutoff use only what was known then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salesfc_lib.forecasting.backtest.backtest import CandidateForecasts
from salesfc_lib.forecasting.candidates.registry import BASELINE
from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.tuning import (
    LEVEL_PRIOR_SERIES,
    MIN_CUTOFFS,
    MIN_RELATIVE_ERROR,
    PRIOR_WEIGHTS,
    TIE,
    UNTESTED_ERROR,
)
from salesfc_lib.foundation import SEASON, nan_mean, schema


@dataclass(frozen=True)
class CandidateErrors:
    """Errors of the candidates known at a cutoff, each (n_models, n), NaN where there is none.

    `relative` is the own error over the mean of the series' candidates, `blended` its mix with the
    level's, `wape` the pooled absolute error as a share of sales, `revision` how far a forecast of
    the same month moved from cutoff to cutoff as a share of sales; `cutoffs` counts the cutoffs
    with an error.
    """

    relative: np.ndarray
    blended: np.ndarray
    wape: np.ndarray
    revision: np.ndarray
    cutoffs: np.ndarray


def backtest_errors(
    candidates: CandidateForecasts, back: int, settings: schema.Combine
) -> CandidateErrors:
    """Errors at the backtest's cutoffs before `back` months ago, against what was known then.

    A candidate that covers fewer cutoffs is compared on the rows it has: its error over the mean
    candidate's on those rows. One that a series is too young to have tested counts as it does in
    the series of the level that have.
    """
    n_models, n = len(candidates.names), len(candidates.history)
    names = ("error", "shared", "absolute", "size", "moved", "base", "cutoffs")
    sums = {name: np.zeros((n_models, n)) for name in names}
    squared = is_intermittent(candidates.history.cut(back).y)
    previous: np.ndarray | None = None
    backs = candidates.backs
    step = backs[-2] - backs[-1] if len(backs) > 1 else SEASON  # months between cutoffs
    both = max(candidates.horizon - step, 0)  # months that neighbouring cutoffs both forecast
    for cutoff in known_cutoffs(candidates, back):
        forecast, actual = candidates.at(cutoff), candidates.actuals(cutoff, known=back)
        gap = np.abs(forecast - actual)
        there = np.isfinite(gap)
        loss = np.where(there, np.where(squared[:, None], gap**2, gap), 0.0)
        shared = loss.sum(axis=0) / there.sum(axis=0).clip(1)
        sums["error"] += loss.sum(axis=2)
        sums["shared"] += (there * shared).sum(axis=2)
        sums["absolute"] += np.where(there, gap, 0.0).sum(axis=2)
        sums["size"] += np.where(there, np.abs(actual), 0.0).sum(axis=2)
        sums["cutoffs"] += there.any(axis=2)
        if previous is not None:
            moved = np.abs(forecast[:, :, :both] - previous[:, :, step:])
            base = np.where(np.isfinite(moved), np.abs(forecast[:, :, :both]), 0.0)
            sums["moved"] += np.nansum(moved, axis=2)
            sums["base"] += np.nansum(base, axis=2)
        previous = forecast
    relative = _ratio(sums["error"], sums["shared"])
    relative = np.where(squared, np.sqrt(relative), relative)
    own = np.where(sums["cutoffs"].max(axis=0) >= MIN_CUTOFFS, relative, np.nan)
    shared = _of_level(own, candidates.history.level)
    mixed = settings.own_weight * own + (1 - settings.own_weight) * shared
    blended = np.where(np.isfinite(own), mixed, shared)
    young = _too_young(candidates, back) & ~np.isfinite(blended) & (sums["cutoffs"].max(axis=0) > 0)
    return CandidateErrors(
        relative,
        np.where(young, UNTESTED_ERROR, blended),
        _ratio(sums["absolute"], sums["size"]),
        _ratio(sums["moved"], sums["base"]),
        sums["cutoffs"],
    )


def _too_young(candidates: CandidateForecasts, back: int) -> np.ndarray:
    """Where a series was shorter than a candidate needs at each known cutoff (n_models, n)."""
    latest = min(known_cutoffs(candidates, back), default=back)
    needed = np.array([candidates.needed.get(name, 0) for name in candidates.names])
    return np.asarray(candidates.history.length - latest < needed[:, None])


def known_cutoffs(candidates: CandidateForecasts, back: int) -> list[int]:
    """Cutoffs that are evidence `back` months ago, as many as the backtest has, earliest first."""
    known = sorted((each for each in candidates.backs if each > back), reverse=True)
    return known[-max(len(candidates.tested), 1) :]


def combination_weights(
    evidence: CandidateErrors,
    forecast: np.ndarray,
    settings: schema.Combine,
    names: Sequence[str] = (),
) -> np.ndarray:
    """Weights (n_models, n) of forecasts (n_models, n, horizon), columns summing to one.

    weight = prior x error ** -power, over their sum; below `min_weight` zero, and the rest over
    their sum again (Bates and Granger 1969, https://doi.org/10.1057/jors.1969.103, with the power
    and the floor as parameters). The prior is that of the candidate's name (`PRIOR_WEIGHTS`), 1
    without names. Where no series of the panel was tested, all candidates count equally.
    """
    known = np.isfinite(forecast).all(axis=2)
    usable = known & np.isfinite(evidence.blended)
    error = np.where(usable, evidence.blended, 1.0).clip(MIN_RELATIVE_ERROR)
    prior = np.array([PRIOR_WEIGHTS.get(name, 1.0) for name in names] or [1.0])[:, None]
    raw = np.where(usable, prior * error**-settings.power, 0.0)
    raw = np.where(raw.any(axis=0), raw, known.astype(float))
    shares = raw / raw.sum(axis=0).clip(1e-300)
    kept = np.where((shares >= settings.min_weight) | (shares >= shares.max(axis=0)), shares, 0.0)
    return np.asarray(kept / kept.sum(axis=0).clip(1e-300))


def weighted_mean(
    forecast: np.ndarray, weights: np.ndarray, mean: np.ndarray | None = None
) -> np.ndarray:
    """Weighted mean (n, horizon), the outermost forecast on each side clipped to its neighbour.

    Series in `mean` (n,) are not drawn in: where months are mostly zero, the mean is wanted and not
    the middle. NaN where no candidate has weight.
    """
    carried = weights[:, :, None] > 0
    known = carried & np.isfinite(forecast)
    ordered = np.sort(np.where(known, forecast, np.nan), axis=0)  # NaN last
    count = known.sum(axis=0)
    inner = count > 2
    lowest = np.where(inner, 1, 0)
    highest = np.where(inner, count - 2, count - 1).clip(0)
    low = np.take_along_axis(ordered, lowest[None], axis=0)[0]
    high = np.take_along_axis(ordered, highest[None], axis=0)[0]
    drawn = np.clip(forecast, low, high)
    if mean is not None:
        drawn = np.where(mean[:, None], forecast, drawn)
    share = np.where(known, weights[:, :, None], 0.0)
    total = share.sum(axis=0)
    mixed = (np.where(known, drawn, 0.0) * share).sum(axis=0) / np.where(total > 0, total, 1.0)
    return np.asarray(np.where(total > 0, mixed, np.nan))


def best_single(
    candidates: CandidateForecasts, evidence: CandidateErrors, forecast: np.ndarray
) -> np.ndarray:
    """Place of the best single candidate of each series (n,), -1 where none gave a forecast.

    The least own error among those that covered every cutoff that the baseline covered; within 1 %
    of it the simplest and steadiest: the least sum of its ranks in the registry's order and in how
    far its forecasts moved from cutoff to cutoff. A series without backtest takes the simplest
    there is.
    """
    known, names, cutoffs = np.isfinite(forecast).all(axis=2), candidates.names, evidence.cutoffs
    required = cutoffs[names.index(BASELINE)] if BASELINE in names else cutoffs.min(axis=0)
    errors = np.where(known & (cutoffs >= required.clip(1)), evidence.relative, np.nan)
    least = np.fmin.reduce(errors, axis=0)
    near = np.where(np.isfinite(least), errors <= least * (1 + TIE), known)
    revision = np.where(np.isfinite(evidence.revision), evidence.revision, np.inf)
    unsteady = revision.argsort(axis=0, kind="stable").argsort(axis=0)
    rank = np.arange(len(names))[:, None] + unsteady
    best = np.where(near, rank, np.iinfo(int).max).argmin(axis=0)
    return np.where(near.any(axis=0), best, -1)


def _of_level(relative: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Mean relative error of each series' level (n_models, n), drawn to that of all levels.

    NaN for a candidate that was tested on no series.
    """
    overall, result = nan_mean(relative, 1), np.empty_like(relative)
    for code in np.unique(level):
        own = relative[:, level == code]
        count = np.isfinite(own).sum(axis=1)
        trust = count / (count + LEVEL_PRIOR_SERIES)
        mixed = trust * np.nan_to_num(nan_mean(own, 1)) + (1 - trust) * overall
        result[:, level == code] = np.where(trust > 0, mixed, overall)[:, None]
    return result


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    there = denominator > 0
    return np.where(there, numerator / np.where(there, denominator, 1.0), np.nan)
