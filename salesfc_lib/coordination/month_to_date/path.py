"""The path of the month in progress: what should be sold through each day, and within what bounds.

The forecast of a month is sold along the profile of past months. A day's sales so far may be off
because the whole month is (the forecast's own interval), or because of when in the month it is
sold: variance = (share * sigma)^2 + (forecast * spread)^2, which have nothing to do with each other
for a month of independent days (a Brownian motion and its bridge).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.coordination.month_to_date import scores, threshold
from salesfc_lib.coordination.month_to_date.layout import Days, Layout, lay_days, lay_out
from salesfc_lib.coordination.month_to_date.profile import Profile, learn_profile
from salesfc_lib.coordination.month_to_date.promotions import lift_days
from salesfc_lib.coordination.month_to_date.reading import MonthToDate
from salesfc_lib.foundation import STAGES, Calendar, tables

LEAST_MONTHS = 3  # past months that a profile is learnt from
LEAST_DAYS = 5  # days with sales in a usual month
LEAST_SHARE = 0.02  # of the unit's forecast: smaller branches are not watched on their own
LEAST_PLACE = 0.1  # of the month: before it nothing is told
NORMAL_95 = 1.959964
SIDES = ("lo", "hi")


@dataclass(frozen=True)
class MonthPath:
    """The path of all series through the month in progress; arrays are (n_series, n_days).

    size: (n_series,) the forecast of the month, and as shares of it: share and spread, expected
    through each day and its standard deviation; v: (n_series,) the variance of a month's own days;
    below, above: (n_series,) standard deviations of the forecast. actual: sold through each day, of
    which the first `n_covered` are complete; gap: as of `MonthToDate`. told: (n_series,) those
    whose path says something; looks: (n_days,) days at which paths are judged; limit, limit_since:
    (n_series,) of `score_path` and `score_since`. `reason` says why no series has a path (''
    where some have): no_forecast, few_months, few_days or wide.
    """

    month: str
    layout: Layout
    days: np.ndarray
    n_covered: int
    gap: int
    looks: np.ndarray
    size: np.ndarray
    share: np.ndarray
    spread: np.ndarray
    v: np.ndarray
    below: np.ndarray
    above: np.ndarray
    actual: np.ndarray
    told: np.ndarray
    limit: np.ndarray
    limit_since: np.ndarray
    reason: str

    @property
    def expected(self) -> np.ndarray:
        """Sales expected through each day."""
        return self.size[:, None] * self.share

    @property
    def difference(self) -> np.ndarray:
        """Actual less expected."""
        return self.actual - self.expected

    @property
    def seen(self) -> np.ndarray:
        """Places of the days that are judged and complete."""
        return np.flatnonzero(self.looks[: self.n_covered])

    @property
    def sigma(self) -> np.ndarray:
        """Standard deviations of the forecast, on the mean of both sides."""
        return (self.below + self.above) / 2

    def bounds(self, rows: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """What a quiet month keeps within, from its first day on (n_rows, n_days)."""
        low, high = (
            self.size[rows, None]
            * (
                self.share[rows]
                + side
                * self.limit[rows, None]
                * np.hypot(self.share[rows] * sigma[rows, None], self.spread[rows])
            )
            for side, sigma in ((-1, self.below), (1, self.above))
        )
        return low, high

    def bounds_since(self, series: int, begin: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Expected, lowest and highest sales (n_days,) of a series given those through day `begin`;
        what is before is as seen from the first day on.
        """
        expected, (low, high) = self.expected[series].copy(), self.bounds(slice(series, series + 1))
        low, high, row = low[0], high[0], slice(series, series + 1)
        x, sigma = self.difference[series, begin] / self.size[series], self.sigma[row]
        for day in range(begin + 1, len(self.days)):
            multiple, deviation = scores.predict_since(
                self.share[row], sigma, self.v[row], slice(begin, begin + 1), day
            )
            expected[day] += self.size[series] * x * multiple[0, 0]
            around = self.limit_since[series] * self.size[series] * deviation[0, 0]
            low[day], high[day] = expected[day] - around, expected[day] + around
        return expected, low, high

    def table(self, departures: pd.DataFrame | None = None) -> pd.DataFrame:
        """Table month_path of the series that have one; for those of `departures`, what is expected
        from the day on since when they are off follows from what the month sold before.
        """
        rows, n_days = np.flatnonzero(self.told), len(self.days)
        expected, (low, high) = self.expected.copy(), self.bounds()
        for one in () if departures is None else departures.itertuples():
            series = self.layout.ids.get_loc(one.unique_id)
            begin = int(np.searchsorted(self.days, np.datetime64(one.since, "D"))) - 1
            if begin >= 0:
                found = self.bounds_since(series, begin)
                expected[series], low[series], high[series] = found
        low = np.clip(low, 0, None) if (self.actual >= 0).all() else low
        seen = np.where(np.arange(n_days) < self.n_covered, self.actual, np.nan)
        columns = {"expected": expected, "lo": low, "hi": high, "actual": seen}
        frame = pd.DataFrame(
            {
                "unique_id": np.repeat(self.layout.ids.to_numpy()[rows], n_days),
                "date": np.tile(self.days.astype("datetime64[ns]"), len(rows)),
                **{name: values[rows].ravel() for name, values in columns.items()},
            }
        )
        return tables.check(tables.build(frame, "month_path"), "month_path")


def build_path(
    found: MonthToDate,
    forecast: pd.DataFrame,
    series: pd.DataFrame,
    calendar: Calendar,
    *,
    promotion: pd.DataFrame | None = None,
    false_alarms: float = 0.05,
) -> MonthPath:
    """Path of the month in progress.

    forecast: table `forecast` of the last closed month, of which the last stage one month ahead
    counts, with its intervals; series: its table; promotion: plans with their days. The bounds are
    set so that in a share `false_alarms` of quiet months any day of any series leaves them.
    """
    first = found.daily["date"].min()
    begin = np.datetime64(f"{found.month}-01" if first is pd.NaT else first, "D")
    days = lay_days(begin, found.month, calendar)
    layout = lay_out(found.daily, series, days)
    lift = lift_days(layout, days, promotion)
    profile = learn_profile(layout.y, days, lift)
    size, below, above = _read_forecast(forecast, layout.ids, found.month)
    sigma = (below + above) / 2
    place, share, spread = profile.read(days, days.n_past)
    told, reason = _find_told(layout, days, profile, size, sigma)
    looks = (place[0] >= LEAST_PLACE) & (np.diff(place[0], prepend=0.0) > 0)
    family = threshold.Family.of(profile, layout, size * sigma, sigma, told)
    limits = np.full((2, len(told)), np.nan)
    limits[:, told] = threshold.find_limits(
        family, share[told][:, looks], spread[told][:, looks], place[told][:, looks], false_alarms
    )
    month = days.of(days.n_past)
    return MonthPath(
        month=found.month,
        layout=layout,
        days=days.days[month],
        n_covered=int((days.days[month] <= found.covered.to_datetime64()).sum()),
        gap=found.gap,
        looks=looks,
        size=size,
        share=share,
        spread=spread,
        v=profile.v,
        below=below,
        above=above,
        actual=np.cumsum(layout.y[:, month], axis=1),
        told=told,
        limit=limits[0],
        limit_since=limits[1],
        reason=reason,
    )


def _read_forecast(
    forecast: pd.DataFrame, ids: pd.Index, month: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecast of the month (n_series,), 0 where there is none, and its standard deviations below
    and above as shares of it, from the 95 % interval; NaN where there is none.
    """
    own = forecast[forecast["ds"].eq(pd.Timestamp(f"{month}-01")) & forecast["h"].eq(1)]
    if own.empty:
        return np.zeros(len(ids)), *np.full((2, len(ids)), np.nan)
    last = max(own["stage"].unique(), key=STAGES.index)
    rows = own[own["stage"].eq(last)].set_index("unique_id").reindex(ids)
    size = rows["y_hat"].to_numpy(float)
    scale = NORMAL_95 * np.where(size > 0, size, np.nan)
    below, above = (np.abs(rows[f"{side}-95"].to_numpy(float) - size) / scale for side in SIDES)
    return np.nan_to_num(size), below, above


def _find_told(
    layout: Layout, days: Days, profile: Profile, size: np.ndarray, sigma: np.ndarray
) -> tuple[np.ndarray, str]:
    """Series whose path can be told, and why there is none."""
    past = days.month < days.n_past
    sold = np.zeros((len(size), max(days.n_past, 1)))
    for month in range(days.n_past):
        sold[:, month] = (layout.y[:, days.of(month)] != 0).sum(axis=1)
    checks = {
        "no_forecast": (size > 0) & np.isfinite(sigma),
        "few_months": (profile.months >= LEAST_MONTHS) & past.any(),
        "few_days": np.median(sold, axis=1) >= LEAST_DAYS,
        "wide": threshold.can_tell(profile, np.nan_to_num(sigma, nan=np.inf)),
    }
    told = np.ones(len(size), dtype=bool)
    for reason, passed in checks.items():
        told &= passed
        if not told.any():
            return told, reason
    return told & (size >= LEAST_SHARE * size[0]), ""
