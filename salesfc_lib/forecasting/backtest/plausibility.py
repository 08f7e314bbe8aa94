"""Rejection of implausible forecasts.

Bounds are a series' own extremes times a growth and a fall from one year to the next that the panel
exceeded once in 500 cases, both as known at the cutoff. A series of less than two years may peak as
its peers do; one that fades in its first year is bounded by its last months. What cannot be judged
passes, and the least implausible forecast stays where all of a row's are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.history import History, sum_years
from salesfc_lib.foundation import SEASON, is_said, read_said, say
from salesfc_lib.panel import FADED_SHARE, RECENT_MONTHS

TINY = 1e-12  # stands for nothing in a ratio
SLACK = 1e-6  # relative: a forecast on its bound is within it


@dataclass(frozen=True)
class PlausibleBounds:
    """What is plausible of rows (n,) at their cutoffs, in the series' unit.

    month: most of any month in absolute terms, for the first year ahead; `growth` times that for
    each further year. high, low: of the first twelve months ahead together; infinite where nothing
    bounds them. largest, year, pace: the history's largest month, its last twelve, and four times
    its last three; growth: how many times the year before a year may be. fading: whether a series
    sells a small share of its largest month, in its first year: its months do not grow again.
    """

    month: np.ndarray
    high: np.ndarray
    low: np.ndarray
    largest: np.ndarray
    year: np.ndarray
    pace: np.ndarray
    growth: float
    fading: np.ndarray

    def excess(self, forecast: np.ndarray) -> np.ndarray:
        """Forecast (n, horizon) over its nearest bound (n,); at most 1: within; NaN stays NaN."""
        months = np.abs(forecast) / np.maximum(self._by_month(forecast.shape[1]), TINY)
        beyond = months.max(axis=1)
        if forecast.shape[1] >= SEASON:
            total = forecast[:, :SEASON].sum(axis=1)
            beyond = np.maximum(beyond, total / np.maximum(self.high, TINY))
            short = self.low / np.where(total > 0, total, TINY)
            beyond = np.maximum(beyond, np.where(self.low > 0, short, 0.0))
        return np.asarray(beyond)

    def hold(self, forecast: np.ndarray) -> np.ndarray:
        """The forecast (n, horizon) clipped to its bounds: months, then the first year."""
        limit = self._by_month(forecast.shape[1])
        held = np.clip(forecast, -limit, limit)
        if forecast.shape[1] < SEASON:
            return held
        total = held[:, :SEASON].sum(axis=1)
        wanted, sold = np.clip(total, self.low, self.high), total > 0
        ratio = wanted / np.where(sold, total, 1.0)
        factor = np.where(sold & (wanted != total), ratio, 1.0)
        even = np.where(~sold & (wanted > 0), wanted / SEASON, 0.0)
        return np.clip(held * factor[:, None] + even[:, None], -limit, limit)

    def explain(self, row: int, forecast: np.ndarray) -> str:
        """Why the forecast (horizon,) of a row is refused, with its numbers, kept by `say`."""
        limit = self._by_month(len(forecast))[row]
        step = int(np.argmax(np.abs(forecast) / limit))
        pace, largest = self.pace[row] / SEASON, self.largest[row]
        if abs(forecast[step]) > limit[step] * (1 + SLACK):
            month = {"value": forecast[step], "h": step + 1, "limit": limit[step]}
            if self.fading[row]:
                return say("refused.month.fading", **month, largest=largest, pace=pace)
            return say("refused.month", **month, largest=largest, growth=self.growth)
        total, high = float(forecast[:SEASON].sum()), self.high[row]
        side, bound = ("most", high) if total > high else ("least", self.low[row])
        year = {"total": total, "bound": bound, "year": self.year[row], "pace": pace}
        return say(f"refused.year.{side}", **year)

    def reach(self, horizon: int) -> np.ndarray:
        """The furthest that an interval may end from zero, in every month ahead (n, horizon)."""
        most = np.maximum(self.month, self.largest * self.growth)[:, None]
        return np.asarray(tuning.MAX_REACH * most * self.growth ** (np.arange(horizon) // SEASON))

    def _by_month(self, horizon: int) -> np.ndarray:
        """Bound of every month ahead (n, horizon)."""
        years = np.where(self.fading[:, None], 0, np.arange(horizon) // SEASON)
        return np.asarray(self.month[:, None] * self.growth**years)


def refusal_of(error: str) -> str:
    """Which refusal an error of table failures keeps: 'month' or 'year'; '' for another failure.

    >>> refusal_of(say("refused.month.fading")), refusal_of("ValueError: no season")
    ('month', '')
    """
    start, _, kind = (read_said(error)[0] if is_said(error) else "").partition(".")
    return kind.partition(".")[0] if start == "refused" else ""


def bounds_at(history: History, back: int) -> PlausibleBounds:
    """Bounds of a panel as known `back` months ago, computed once for a history.

    Growth is the 99.8 % quantile of (12 months / the 12 before) over all years of the panel's
    series, at least 2; fall the 0.2 % quantile, at most half. A month may reach the series' largest
    times growth. A year may reach the last year times growth, the best year, or twelve times the
    mean of the last three months times 2, whichever is most; where sales are regular and never
    negative it may fall to the least of the same with fall, the worst year, and a division. A month
    of a series that fades in its first year may reach the mean of the last three times 2.
    """
    return history.once(("bounds", back), lambda: _set_bounds(history.cut(back).y))


def _set_bounds(y: np.ndarray) -> PlausibleBounds:
    years, known = sum_years(y), np.isfinite(y)
    growth, fall = _usual_change(years)
    size = np.abs(np.where(known, y, 0.0))
    most, year = size.max(axis=1, initial=0.0), np.full(len(y), np.nan)
    best = worst = year
    if years.shape[1]:
        year = years[:, -1]
        best, worst = np.fmax.reduce(years, axis=1), np.fmin.reduce(years, axis=1)
    mean = size[:, -SEASON:].sum(axis=1) / known[:, -SEASON:].sum(axis=1).clip(1)
    young = known.sum(axis=1) < tuning.YOUNG_MONTHS
    shown = np.where(young, np.maximum(most, mean * _usual_peak(y, years)), most)
    pace = size[:, -RECENT_MONTHS:].mean(axis=1) * SEASON
    judged = np.isfinite(year) & (year > 0) & ~np.any(y < 0, axis=1)
    high = np.fmax(np.fmax(year * growth, pace * tuning.MIN_GROWTH), best)
    low = np.fmin(np.fmin(year * fall, pace / tuning.MIN_GROWTH), worst)
    recent = size[:, -RECENT_MONTHS:].max(axis=1)
    fading = ~np.isfinite(year) & (recent > 0) & (recent <= FADED_SHARE * most)
    bound = np.where(fading, pace / SEASON * tuning.MIN_GROWTH, shown * growth)
    return PlausibleBounds(
        month=np.where(shown > 0, bound, np.inf),
        high=np.where(judged, high, np.inf),
        low=np.where(judged & ~is_intermittent(y), low, -np.inf),
        largest=most,
        year=year,
        pace=pace,
        growth=growth,
        fading=fading,
    )


def reject_implausible(
    values: dict[str, np.ndarray], bounds: PlausibleBounds
) -> tuple[dict[str, np.ndarray], list[tuple[int, str, str]]]:
    """Forecasts by name (n, horizon), implausible ones NaN, and (row, name, reason) of these.

    Where all of a row's forecasts are implausible, the one that is least so stays.
    """
    beyond = np.stack([bounds.excess(forecast) for forecast in values.values()])
    out = beyond > 1 + SLACK  # False for NaN
    stuck = out.any(axis=0) & (out | np.isnan(beyond)).all(axis=0)
    least = np.where(np.isnan(beyond), np.inf, beyond).argmin(axis=0)
    out[least[stuck], np.flatnonzero(stuck)] = False
    rejected = [
        (int(row), name, bounds.explain(int(row), values[name][row]))
        for k, name in enumerate(values)
        for row in np.flatnonzero(out[k])
    ]
    left = {
        name: np.where(out[k][:, None], np.nan, forecast) if out[k].any() else forecast
        for k, (name, forecast) in enumerate(values.items())
    }
    return left, rejected


def _usual_change(years: np.ndarray) -> tuple[float, float]:
    """Rare growth and fall of a year against the one before in sums of years (n, n_years)."""
    before, after = years[:, :-SEASON], years[:, SEASON:]
    known = (before > 0) & (after >= 0)
    least = tuning.MIN_GROWTH if known.sum() * tuning.RARE >= 1 else tuning.UNKNOWN_GROWTH
    if not known.any():
        return least, 1 / least
    most = np.minimum(after[known], tuning.MAX_GROWTH * before[known])  # no overflow
    change = most / before[known]
    low, high = np.quantile(change, (tuning.RARE, 1 - tuning.RARE))
    return float(np.clip(high, least, tuning.MAX_GROWTH)), min(float(low), 1 / least)


def _usual_peak(y: np.ndarray, years: np.ndarray) -> float:
    """Largest month over the mean of its last year, in all but one of 500 series; at least 2."""
    known = years[:, -1] > 0 if years.shape[1] else np.full(len(y), False)
    if not known.any():
        return tuning.MIN_GROWTH
    ratio = y[known, -SEASON:].max(axis=1) * SEASON / years[known, -1]
    return max(float(np.quantile(ratio, 1 - tuning.RARE)), tuning.MIN_GROWTH)
