"""Seasonal indices of every series, shrunken to those of the panel (empirical Bayes).

A `History` enters; indices and seasonally adjusted months leave. Own indices count as far as they
differ from the panel's by more than their noise; a series of a few months takes the panel's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.history import History, sum_years
from salesfc_lib.foundation import SEASON, nan_mean


@dataclass(frozen=True)
class Adjusted:
    """Adjusted months (n, T), and the season ahead (n, horizon), a factor or an addend."""

    y: np.ndarray
    ahead: np.ndarray
    relative: bool

    def restore(self, level: np.ndarray) -> np.ndarray:
        """Forecasts (n, horizon) from forecasts of the adjusted series."""
        return level * self.ahead if self.relative else level + self.ahead


def adjust(history: History, horizon: int, *, relative: bool) -> Adjusted:
    """The seasonally adjusted history: y / (1 + index), or y - index; computed once."""

    def compute() -> Adjusted:
        indices = estimate_indices(history, relative=relative)
        return _adjust(history, indices, horizon, relative=relative)

    return history.once(("adjusted", horizon, relative), compute)


def adjust_own(history: History, horizon: int) -> Adjusted:
    """The history over its own seasonal factors where significant; unadjusted elsewhere.

    Significant: the F ratio of the months' variance to their noise exceeds its 90 % point.
    """
    deviation = _relative_deviation(history.y, centred_mean(history.y))
    own, count, noise = _by_month(deviation, history.month_of_year(0))
    own = own - own.mean(axis=1, keepdims=True)
    error = np.where(np.isfinite(noise), noise, np.inf) / count.mean(axis=1).clip(1)
    significant = (own**2).mean(axis=1) > tuning.SEASON_F * np.maximum(error, 1e-12)
    indices = np.clip(np.where(significant[:, None], own, 0.0), *tuning.SEASON_BOUNDS)
    return _adjust(history, indices, horizon, relative=True)


def _adjust(history: History, indices: np.ndarray, horizon: int, *, relative: bool) -> Adjusted:
    width = history.y.shape[1]
    season = np.take_along_axis(indices, history.month_of_year(horizon), axis=1)
    past, ahead = season[:, :width], season[:, width:]
    if relative:
        return Adjusted(history.y / (1 + past), 1 + ahead, True)
    return Adjusted(history.y - past, ahead, False)


def estimate_indices(history: History, *, relative: bool) -> np.ndarray:
    """Seasonal indices (n, 12), mean zero: shares of the trend, or in the series' unit.

    own = mean of y / MA(2 x 12) - 1 by month (or of the difference, in means of |y|); index = base
    + w (own - base) with base = 0.8 x panel and w = t2 / (t2 + noise / years), the shrinkage of
    James and Stein (1961) with a variance per series. Rows of the same `back` are one panel.
    """
    trend = centred_mean(history.y)
    size = nan_mean(np.abs(history.y), 1, keepdims=True)
    size = np.where(size > 0, size, 1.0)
    absolute = (history.y - trend) / size
    deviation = _relative_deviation(history.y, trend) if relative else absolute
    month = history.month_of_year(0)
    own, count, noise = _by_month(deviation, month)
    sparse = is_intermittent(history.y)
    indices = np.zeros_like(own)
    for back in np.unique(history.back):
        rows, few = (history.back == back) & ~sparse, (history.back == back) & sparse
        if rows.any():
            indices[rows] = shrink(own[rows], count[rows], noise[rows])
        if few.any() and history.length[few].max() >= SEASON:
            profile = pooled_profile(history.y[few] / size[few], month[few])
            indices[few] = tuning.SEASON_PANEL_SHARE * profile
    return np.clip(indices, *tuning.SEASON_BOUNDS) if relative else indices * size


def _relative_deviation(y: np.ndarray, trend: np.ndarray) -> np.ndarray:
    """y over its trend, less one (n, T); NaN where the trend is not above zero."""
    above = trend > 0
    ratio = np.where(above, y / np.where(above, trend, 1.0) - 1, np.nan)
    return np.clip(ratio, -1.0, tuning.SEASON_BOUNDS[1])


def pooled_profile(y: np.ndarray, month: np.ndarray) -> np.ndarray:
    """Profile (12,), mean zero, of the sum of rows y (n, T), by calendar month (n, T)."""
    known = np.isfinite(y)
    total = np.bincount(month[known], weights=y[known], minlength=SEASON)
    count = np.bincount(month[known], minlength=SEASON)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    if not np.nansum(mean) > 0:
        return np.zeros(SEASON)
    return np.asarray(np.nan_to_num(mean / np.nanmean(mean) - 1))


def centred_mean(y: np.ndarray) -> np.ndarray:
    """Mean of 2 x 12 months around each column (n, T), NaN where one of them is missing."""
    mean, years = np.full(y.shape, np.nan), sum_years(y)
    if years.shape[1] > 1:
        half = SEASON // 2
        mean[:, half : y.shape[1] - half] = (years[:, :-1] + years[:, 1:]) / (2 * SEASON)
    return mean


def shrink(own: np.ndarray, count: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Indices (n, 12) of a panel drawn to its mean profile; `noise` (n,) NaN with few years."""
    seen, repeated = count > 0, np.isfinite(noise)
    some = seen.any(axis=1)
    if not some.any():
        return np.zeros_like(own)
    usual = np.median(noise[repeated]) if repeated.any() else tuning.SEASON_USUAL_VARIANCE
    variance = np.maximum(np.where(repeated, noise, usual), tuning.SEASON_MIN_VARIANCE)
    error = variance[:, None] / np.maximum(count, 1)
    spread = np.median(((own**2).mean(axis=1) - error.mean(axis=1)).clip(0)[some])
    precision = seen / (error + spread + 1e-6)
    panel = (precision * own).sum(axis=0) / np.maximum(precision.sum(axis=0), 1e-12)
    base = tuning.SEASON_PANEL_SHARE * (panel - panel.mean())
    beyond = np.where(seen, (own - base) ** 2 - error, 0.0).sum(axis=1)
    excess = (beyond / np.maximum(seen.sum(axis=1), 1)).clip(0)
    share = tuning.SEASON_OWN_VARIANCE
    prior = (share * excess + (1 - share) * np.median(excess[some]))[:, None]
    # one year alone cannot tell a season from chance
    weight = np.where(seen & repeated[:, None], prior / (prior + error), 0.0)
    indices = base + weight * (own - base)
    return indices - indices.mean(axis=1, keepdims=True)


def _by_month(
    deviation: np.ndarray, month: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and count by calendar month (n, 12), variance around it (n,), NaN where few repeat."""
    n, width = deviation.shape
    total, square, count = (np.zeros((n, SEASON)) for _ in range(3))
    known = np.isfinite(deviation)
    value = np.where(known, deviation, 0.0)
    rows = np.arange(n)
    for place in range(min(SEASON, width)):  # columns whole years apart share a calendar month
        columns = slice(place, width, SEASON)
        at = month[:, place]
        count[rows, at] = known[:, columns].sum(axis=1)
        total[rows, at] = value[:, columns].sum(axis=1)
        square[rows, at] = (value[:, columns] ** 2).sum(axis=1)
    mean = total / np.maximum(count, 1)
    repeats = (count - 1).clip(0).sum(axis=1)
    variance = (square - count * mean**2).clip(0).sum(axis=1) / np.maximum(repeats, 1)
    return mean, count, np.where(repeats >= tuning.SEASON_MIN_REPEATS, variance, np.nan)
