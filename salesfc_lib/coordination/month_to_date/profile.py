"""What share of a month's sales is usually sold by each day, and how far past months were from it.

Daily sales of past months enter. Days weigh by weekday, holidays and promotions, learnt of the unit
and, as far as a series has sales enough, of itself; the rest of the profile is a curve over the
weighted month (`GRID` steps), such as a rush in the last days. A series' own curve counts as far as
it differs from the unit's by more than noise (James and Stein's positive part). Shares at u of the
month vary like a Brownian bridge, v * u * (1 - u), where months are few, and as past months did
where they are many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesfc_lib.coordination.month_to_date.layout import Days
from salesfc_lib.foundation import nan_median

GRID = 24  # steps of a month
FULL_WEIGHT = 100.0  # days with sales at which a series' own weekdays count half
KEPT_SPREAD = 12.0  # months at which a series' own spread by day counts half
LEAST_SHARE = 0.2  # of the median month: smaller months tell nothing of a profile
LEAST_VARIANCE = 1e-6  # of a bridge: nobody sells the same share each month
POINTS = np.arange(GRID + 1) / GRID


@dataclass(frozen=True)
class Profile:
    """Of each series: weight (n_series, n_days) of days; curve (n_series, GRID + 1), the share sold
    at each point of the weighted month, and `spread`, its standard deviation; v: (n_series,) the
    variance of a whole month's own days, as a share; residuals (n_series, n_months, GRID + 1), NaN
    for months that tell nothing; months: (n_series,) that tell something.
    """

    weight: np.ndarray
    curve: np.ndarray
    spread: np.ndarray
    v: np.ndarray
    residuals: np.ndarray
    months: np.ndarray

    def read(self, days: Days, month: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Place u in the weighted month, expected share and its spread by day (n_series, days)."""
        place = run_through(self.weight[:, days.of(month)])
        return place, _look_up(self.curve, place), _look_up(self.spread, place)


def learn_profile(y: np.ndarray, days: Days, lift: np.ndarray) -> Profile:
    """Profile of series y (n_series, n_days), the whole unit first, of which promotions are said to
    multiply days' sales by `lift` (n_series, n_days).
    """
    past = days.month < days.n_past
    weight = weigh_days(y[:, past], _take(days, past), lift[:, past], days) * lift
    shares = _share_curves(y, weight, days)
    if not days.festive[-1]:
        shares = _without(shares, days.festive[:-1])
    months = np.isfinite(shares[:, :, 0]).sum(axis=1)
    mean = _mean(shares)
    residuals = shares - mean[:, None]
    bridge = np.clip(POINTS * (1 - POINTS), 1e-9, None)
    squares = np.nansum(residuals**2, axis=1) / np.clip(months - 1, 1, None)[:, None]
    v = np.clip((squares / bridge)[:, 1:-1].mean(axis=1), LEAST_VARIANCE, None)
    curve = _shrink(mean, v, months, bridge)
    own = (months / (months + KEPT_SPREAD))[:, None]
    variance = own * squares + (1 - own) * v[:, None] * POINTS * (1 - POINTS)
    more = 1 + 1 / np.clip(months, 1, None)  # the profile is a mean of months itself
    spread = np.sqrt(variance * more[:, None])
    return Profile(weight, curve, spread, v * more, residuals, months)


def run_through(weight: np.ndarray) -> np.ndarray:
    """Share of a month's weight through each of its days (..., n_days); 0 without weight."""
    total = weight.sum(axis=-1, keepdims=True)
    return np.cumsum(weight, axis=-1) / np.where(total > 0, total, np.inf)


def weigh_days(y: np.ndarray, past: Days, lift: np.ndarray, days: Days) -> np.ndarray:
    """Usual sales of each day of `days` by weekday and holiday (n_series, n_days), 1 in the mean.

    Sales of past days, less what promotions bring; a month counts the same whatever it sold.
    """
    size = np.bincount(past.month, minlength=past.n_past)[past.month]
    total = _sum_months(y / lift, past)
    usual = np.where(total > 0, total, np.nan)[:, past.month] / size
    relative = np.nan_to_num(y / lift / usual)
    rates = np.stack(
        [
            _rate(relative, (past.weekday == day) & ~past.off, np.isfinite(usual))
            for day in range(7)
        ],
        axis=1,
    )
    unit = rates[:1]
    sold = (np.abs(y) > 0).sum(axis=1, keepdims=True)
    own = sold / (sold + FULL_WEIGHT)
    rates = np.clip(own * rates + (1 - own) * unit, 0, None)
    expected = unit[0, past.weekday][past.off].sum()
    rest = relative[0, past.off].sum() / expected if expected > 0 else 0.0
    return rates[:, days.weekday] * np.where(days.off, np.clip(rest, 0, 1), 1.0)


def _rate(relative: np.ndarray, on: np.ndarray, known: np.ndarray) -> np.ndarray:
    count = known[:, on].sum(axis=1)
    return relative[:, on].sum(axis=1) / np.clip(count, 1, None)


def _take(days: Days, on: np.ndarray) -> Days:
    return Days(days.days[on], days.month[on], days.weekday[on], days.off[on], days.festive)


def _sum_months(y: np.ndarray, days: Days) -> np.ndarray:
    """Sums by month (n_series, n_past)."""
    starts = np.searchsorted(days.month, np.arange(days.n_past))
    return np.add.reduceat(y, starts, axis=1) if days.n_past else np.zeros((len(y), 0))


def _share_curves(y: np.ndarray, weight: np.ndarray, days: Days) -> np.ndarray:
    """Share of a month's sales by each point (n_series, n_past, GRID + 1); NaN where none is told:
    a month without weight, or that sold less than `LEAST_SHARE` of the median month.
    """
    at = _pad_months(days)
    sold = np.where(at >= 0, y[:, at], 0.0)
    place = run_through(np.where(at >= 0, weight[:, at], 0.0))
    total = sold.sum(axis=2)
    told = (total > 0) & (place[:, :, -1] > 0.5)
    totals = np.where(told, total, np.nan)
    median = np.nan_to_num(nan_median(totals, 1))
    told &= total >= LEAST_SHARE * median[:, None]
    found = _interpolate(place, np.cumsum(sold, axis=2)) / np.where(told, totals, 1.0)[:, :, None]
    return np.where(told[:, :, None], found, np.nan)


def _pad_months(days: Days) -> np.ndarray:
    """Places of each past month's days (n_past, longest), -1 after its last."""
    spans = [days.of(month) for month in range(days.n_past)]
    found = np.full((days.n_past, max((s.stop - s.start for s in spans), default=1)), -1)
    for row, span in zip(found, spans, strict=True):
        row[: span.stop - span.start] = np.arange(span.start, span.stop)
    return found


def _interpolate(place: np.ndarray, sold: np.ndarray) -> np.ndarray:
    """Cumulative sales at the points of the grid, from those at ascending places (..., n_days)."""
    zero = np.zeros((*place.shape[:-1], 1))
    x, f = np.concatenate([zero, place], axis=-1), np.concatenate([zero, sold], axis=-1)
    columns = [f[..., 0]]
    for point in POINTS[1:]:
        right = np.clip((x < point - 1e-12).sum(axis=-1), 1, x.shape[-1] - 1)[..., None]
        x0, x1, f0, f1 = (
            np.take_along_axis(each, right - back, axis=-1)[..., 0]
            for each, back in ((x, 1), (x, 0), (f, 1), (f, 0))
        )
        step = np.where(x1 > x0, (point - x0) / np.where(x1 > x0, x1 - x0, 1.0), 1.0)
        columns.append(f0 + np.clip(step, 0, 1) * (f1 - f0))
    return np.stack(columns, axis=-1)


def _look_up(curve: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Values of curves (n_series, GRID + 1) at places (n_series, n_days)."""
    at = np.clip(place, 0, 1) * GRID
    left = np.minimum(at.astype(int), GRID - 1)
    low, high = (np.take_along_axis(curve, left + k, axis=1) for k in (0, 1))
    return low + (at - left) * (high - low)


def _without(shares: np.ndarray, festive: np.ndarray) -> np.ndarray:
    """Shares without months of moving holidays, which are unlike others, unless all are."""
    if festive.all():
        return shares
    return np.where(festive[None, :, None], np.nan, shares)


def _mean(shares: np.ndarray) -> np.ndarray:
    """Mean curve over months; without any, an even month."""
    known = np.isfinite(shares)
    count = known.sum(axis=1)
    return np.where(count > 0, np.nansum(shares, axis=1) / np.clip(count, 1, None), POINTS)


def _shrink(mean: np.ndarray, v: np.ndarray, months: np.ndarray, bridge: np.ndarray) -> np.ndarray:
    """Curves drawn to the unit's, and the unit's to an even month, as far as they are noise."""
    noise = (v / np.clip(months, 1, None))[:, None] * bridge

    def draw(own: np.ndarray, towards: np.ndarray, error: np.ndarray) -> np.ndarray:
        gap = ((own - towards) ** 2).sum(axis=-1, keepdims=True)
        kept = np.clip(1 - error.sum(axis=-1, keepdims=True) / np.clip(gap, 1e-12, None), 0, 1)
        return towards + kept * (own - towards)

    unit = draw(mean[0], POINTS, noise[0])
    curves = draw(mean, unit, noise)
    curves[0] = unit
    return np.asarray(np.clip(curves, 0, None))
