"""Prediction intervals from past errors of the same kind of forecast (split conformal).

Errors are scaled by the series' error size as known at their cutoff and pooled over series and
neighbouring horizons; no model variance is used. An interval never narrows with the horizon, holds
its forecast, and is not below zero where the history is not; where the lower bound rests on zero,
the upper bound moves to keep the coverage. It ends where nothing beyond is plausible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.alignment import align
from salesfc_lib.forecasting.backtest.plausibility import bounds_at
from salesfc_lib.forecasting.demand import is_intermittent, share_of_zeros
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation import SEASON, nan_mean, schema
from salesfc_lib.panel import count_silent_months

USUAL = schema.Lifecycle()
LEVELS = (80, 95)  # percent: the intervals of the tables
TINY = 1e-100  # size of a series below which no error is a share of it: the division could overflow
TAILS = np.linspace(0.0, 0.5, 101)  # shares left out on each side that are tried


@dataclass(frozen=True)
class PastErrors:
    """Errors actual - forecast `back` months ago, (n, horizon) each; NaN for months not over."""

    history: History
    errors: Mapping[int, np.ndarray]
    forecasts: Mapping[int, np.ndarray]
    rule: schema.Lifecycle = USUAL


def add_intervals(
    forecast: pd.DataFrame,
    backtest: pd.DataFrame,
    panel: pd.DataFrame,
    series: pd.DataFrame,
    *,
    rule: schema.Lifecycle = USUAL,
) -> pd.DataFrame:
    """Forecast rows of one cutoff with lo-80, hi-80, lo-95 and hi-95.

    `backtest` holds forecasts of the same kind at earlier cutoffs (unique_id, cutoff, ds, h,
    y_hat), `panel` the actuals (y). A forecast whose series has no history at its cutoff has null
    intervals.
    """
    cutoff, horizon = forecast["cutoff"].iloc[0], int(forecast["h"].max())
    codes = dict(zip(series["unique_id"], pd.factorize(series["level"])[0], strict=True))
    history = align(panel, horizon=horizon, end=cutoff, level=codes)
    past = _past_of(backtest[backtest["cutoff"] < cutoff], history, horizon, rule)
    row = pd.Index(history.ids).get_indexer(forecast["unique_id"])
    known, step = row >= 0, forecast["h"].to_numpy() - 1
    base = np.zeros((len(history), horizon))
    base[row[known], step[known]] = forecast["y_hat"].to_numpy()[known]
    columns = {}
    for level, pair in conformal_intervals(past, base, LEVELS).items():
        for side, values in zip(("lo", "hi"), pair, strict=True):
            columns[f"{side}-{level}"] = np.where(known, values[row, step], np.nan)
    return forecast.assign(**columns)


def _past_of(
    backtest: pd.DataFrame, history: History, horizon: int, rule: schema.Lifecycle
) -> PastErrors:
    """Errors of a long backtest against the history."""
    last = history.last[0].astype(int)
    row = pd.Index(history.ids).get_indexer(backtest["unique_id"])
    back = last - backtest["cutoff"].to_numpy().astype("datetime64[M]").astype(int)
    step, y_hat = backtest["h"].to_numpy() - 1, backtest["y_hat"].to_numpy()
    usable = (row >= 0) & (back < history.y.shape[1]) & (step < horizon)
    errors, forecasts = {}, {}
    for months in sorted(set(back[usable].tolist()), reverse=True):
        at = usable & (back == months)
        forecast = np.full((len(history), horizon), np.nan)
        forecast[row[at], step[at]] = y_hat[at]
        errors[months] = history.actuals(months, horizon) - forecast
        forecasts[months] = forecast
    return PastErrors(history, errors, forecasts, rule)


def conformal_intervals(
    past: PastErrors, forecast: np.ndarray, levels: Sequence[int]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Lower and upper bounds (n, horizon) by level in percent, around forecasts of now.

    A series that came to an end is expected to stay so: only bounds beyond 90 % allow for a month
    as in its last year. Split conformal quantiles (Vovk, Gammerman and Shafer 2005,
    https://doi.org/10.1007/b106715) of errors over the scale of their series and cutoff.
    """
    y, scaled = past.history.y, _scaled_errors(past)
    scale, sparse, zeros = _scales(past, 0), is_intermittent(y), share_of_zeros(y)
    signed = np.any(y < 0, axis=1)
    over = (count_silent_months(y, past.rule) > 0)[:, None] & (forecast == 0)
    usual = nan_mean(np.abs(y[:, -SEASON:]), 1)[:, None]
    reach = bounds_at(past.history, 0).reach(forecast.shape[1])
    bounds, inner = {}, (forecast, forecast)
    for level in sorted(levels):
        low, high = forecast.copy(), forecast.copy()
        for kind in (False, True):
            rows = sparse == kind
            down, up = _widths(scaled.of_kind(kind), forecast.shape[1], level / 100)
            low[rows] -= scale[rows, None] * down
            high[rows] += scale[rows, None] * up
        low, high = np.maximum(low, -reach), np.minimum(high, reach)
        nothing = ~signed & (zeros > (1 - level / 100) / 2)
        low = np.where(nothing[:, None], 0.0, np.where(signed[:, None], low, low.clip(0)))
        low = np.where(over, 0.0, low)
        high = np.where(over, usual if level > tuning.ENDED_LEVEL else 0.0, high)
        inner = bounds[level] = (np.minimum(low, inner[0]), np.maximum(high, inner[1]))
    return bounds


def _scales(past: PastErrors, back: int) -> np.ndarray:
    """Mean absolute error known `back` months ago (n,), mixed with that of the level."""
    y = past.history.y[:, : past.history.y.shape[1] - back]
    size = np.nan_to_num(nan_mean(np.abs(y[:, -SEASON:]), 1))
    total, count = np.zeros(len(size)), np.zeros(len(size))
    for cutoff, errors in past.errors.items():
        if back < cutoff <= back + SEASON:
            over = np.isfinite(errors) & (np.arange(errors.shape[1]) < cutoff - back)
            total += np.where(over, np.abs(errors), 0.0).sum(axis=1)
            count += over.sum(axis=1)
    usable = (count > 0) & (size > TINY)
    share = np.where(usable, total / count.clip(1) / np.where(size > TINY, size, 1.0), np.nan)
    typical = _typical(share, past.history.level)
    trust = tuning.OWN_ERROR_SHARE * (count / tuning.ENOUGH_ERRORS).clip(max=1)
    return np.asarray(size * (trust * np.nan_to_num(share) + (1 - trust) * typical))


def _typical(share: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Median relative error of each series' level (n,), drawn to that of all levels."""
    known, prior = np.isfinite(share), tuning.ERROR_PRIOR_SERIES
    overall = float(np.median(share[known])) if known.any() else tuning.FALLBACK_ERROR
    result = np.full(len(share), overall)
    for code in np.unique(level[known]):
        own = share[(level == code) & known]
        mixed = (len(own) * np.median(own) + prior * overall) / (len(own) + prior)
        result[level == code] = mixed
    return result


class _ScaledErrors(NamedTuple):
    """Errors in scales of their series and cutoff (n_errors,), and of each: its horizon from 1, how
    far below the forecast zero lies in scales, the share of months without a sale known then, and
    whether that made the series intermittent.
    """

    z: np.ndarray
    h: np.ndarray
    room: np.ndarray
    zeros: np.ndarray
    sparse: np.ndarray

    def of_kind(self, sparse: bool) -> _ScaledErrors:
        """Those of a kind; all, where it has too few."""
        same = self.sparse == sparse
        return self.take(same) if same.sum() >= tuning.MIN_KIND_ERRORS else self

    def take(self, rows: np.ndarray) -> _ScaledErrors:
        return _ScaledErrors(*(values[rows] for values in self))


def _scaled_errors(past: PastErrors) -> _ScaledErrors:
    """Every error whose scale was known at its cutoff; of all cutoffs where none was.

    Of few cutoffs, those that knew a scale less well than now are left out where two others knew
    more: their errors would lie far out for the scale's sake. Of many, they are needed for the
    months furthest ahead.
    """
    parts = []
    earliest = max(past.errors, default=0)
    cutoffs = [cutoff for cutoff in past.errors if cutoff < earliest] or list(past.errors)
    sure = [each for each in cutoffs if _months_known(past, each) >= tuning.SCALE_MONTHS]
    cutoffs = sure if len(sure) > 1 and len(cutoffs) < tuning.MANY_CUTOFFS else cutoffs
    signed = np.any(past.history.y < 0, axis=1)
    for cutoff in cutoffs:
        errors, forecast = past.errors[cutoff], past.forecasts[cutoff]
        y = past.history.y[:, : past.history.y.shape[1] - cutoff]
        scale = _scales(past, cutoff if cutoff < earliest else 0)
        usable = np.isfinite(errors) & (scale > TINY)[:, None]
        least = tuning.LEAST_SCALE * np.nan_to_num(nan_mean(np.abs(y[:, -SEASON:]), 1))
        by = np.maximum(np.where(scale > TINY, scale, 1.0), least)[:, None]
        columns = (
            errors / by,
            np.arange(1, errors.shape[1] + 1),
            np.where(signed[:, None], np.inf, forecast / by),
            np.where(signed, 0.0, share_of_zeros(y))[:, None],
            is_intermittent(y)[:, None],
        )
        parts.append([np.broadcast_to(column, errors.shape)[usable] for column in columns])
    if not parts:
        return _ScaledErrors(*(np.zeros(0),) * 5)
    return _ScaledErrors(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _months_known(past: PastErrors, back: int) -> int:
    """Months of errors that a whole series has for its scale `back` months ago."""
    horizon = next(iter(past.errors.values())).shape[1]
    return sum(min(each - back, horizon) for each in past.errors if back < each <= back + SEASON)


def _widths(scaled: _ScaledErrors, horizon: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Scales below and above the forecast by horizon (horizon,), at least 0 and never falling."""
    steps = np.arange(1, horizon + 1)
    if not len(scaled.z):
        # a normal error, in units of its mean absolute value
        reach = NormalDist().inv_cdf(0.5 + share / 2) * float(np.sqrt(np.pi / 2))
        return (np.full(horizon, reach),) * 2
    near = [np.abs(scaled.h - step) <= tuning.NEIGHBOUR_HORIZONS for step in steps]
    pairs = np.array([_width_pair(scaled, rows, share) for rows in near])
    known = np.isfinite(pairs[:, 0])
    if not known.any():
        pairs[:] = _width_pair(scaled, np.full(len(scaled.z), True), share)
        known[:] = True
    sides = [np.interp(steps, steps[known], pairs[known, side]) for side in (0, 1)]
    down, up = (np.maximum.accumulate(np.maximum(side, 0.0)) for side in sides)
    return down, up


def _width_pair(scaled: _ScaledErrors, among: np.ndarray, share: float) -> tuple[float, float]:
    """Scales below and above, the same share beyond each, together covering `share`."""
    rows = np.flatnonzero(among)
    if not len(rows):
        return np.nan, np.nan
    some = scaled.take(rows[:: max(1, len(rows) // tuning.WIDTH_ERRORS)])
    ordered, room = np.sort(some.z), some.room.clip(0)
    downs = -_conformal_quantile(ordered, TAILS)
    ups = _conformal_quantile(ordered, 1 - TAILS, upper=True)
    below = np.where(some.zeros > (1 - share) / 2, room, np.minimum(downs[:, None], room))
    inside = ((some.z >= -below - 1e-12) & (some.z <= ups[:, None])).mean(axis=1)
    enough = np.flatnonzero(inside >= min(share, inside[0]))
    tail = enough[-1] if len(enough) else 0
    return float(downs[tail]), float(ups[tail])


def _conformal_quantile(ordered: np.ndarray, p: np.ndarray, *, upper: bool = False) -> np.ndarray:
    """The ceil((n + 1) p)-th smallest of sorted values; mirrored for a lower bound."""
    n = len(ordered)
    place = np.ceil((n + 1) * p) - 1 if upper else np.floor((n + 1) * p) - 1
    return np.asarray(ordered[place.clip(0, n - 1).astype(int)])
