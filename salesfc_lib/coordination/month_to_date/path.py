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

from salesfc_lib.coordination.month_to_date import threshold
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


@dataclass(frozen=True)
class MonthPath:
    """The path of all series by day of the month; arrays are (n_series, n_days), cumulative.

    below, above: standard deviations of what may be sold less, and more, than expected; told:
    series whose path says something; days that are covered come first, `n_covered` of them; looks:
    days (n_days,) at which paths are judged; limit: how many standard deviations are within.
    `reason` says why no series has a path ('' where some have): no_forecast, few_months,
    few_days or wide.
    """

    month: str
    layout: Layout
    days: np.ndarray
    n_covered: int
    looks: np.ndarray
    expected: np.ndarray
    actual: np.ndarray
    below: np.ndarray
    above: np.ndarray
    told: np.ndarray
    limit: float
    reason: str

    @property
    def difference(self) -> np.ndarray:
        """Actual less expected."""
        return self.actual - self.expected

    def table(self) -> pd.DataFrame:
        """Table month_path of the series that have one."""
        rows, n_days = np.flatnonzero(self.told), len(self.days)
        low, high = (
            self.expected - self.limit * self.below,
            self.expected + self.limit * self.above,
        )
        if (self.actual >= 0).all():
            low = np.clip(low, 0, None)
        seen = np.where(np.arange(n_days) < self.n_covered, self.actual, np.nan)
        columns = {"expected": self.expected, "lo": low, "hi": high, "actual": seen}
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
    place, share, spread = profile.read(days, days.n_past)
    told, reason = _find_told(layout, days, profile, size, np.maximum(below, above))
    month = days.of(days.n_past)
    looks = (place[0] >= LEAST_PLACE) & (np.diff(place[0], prepend=0.0) > 0)
    noise = size[:, None] * spread
    limit = threshold.find_limit(
        threshold.Family.of(profile, layout.contains, size, (below + above) / 2, told),
        share[told][:, looks],
        spread[told][:, looks],
        place[told][:, looks],
        false_alarms=false_alarms,
    )
    return MonthPath(
        month=found.month,
        layout=layout,
        days=days.days[month],
        n_covered=int((days.days[month] <= found.covered.to_datetime64()).sum()),
        looks=looks,
        expected=size[:, None] * share,
        actual=np.cumsum(layout.y[:, month], axis=1),
        below=np.hypot(share * below[:, None], noise),
        above=np.hypot(share * above[:, None], noise),
        told=told,
        limit=limit,
        reason=reason,
    )


def _read_forecast(
    forecast: pd.DataFrame, ids: pd.Index, month: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Forecast of the month (n_series,), 0 where there is none, and its standard deviations below
    and above, from the 95 % interval (else the 80 % one); NaN where there is none.
    """
    own = forecast[forecast["ds"].eq(pd.Timestamp(f"{month}-01")) & forecast["h"].eq(1)]
    if own.empty:
        return np.zeros(len(ids)), *np.full((2, len(ids)), np.nan)
    last = max(own["stage"].unique(), key=STAGES.index)
    rows = own[own["stage"].eq(last)].set_index("unique_id").reindex(ids)
    size = rows["y_hat"].to_numpy(float)
    below, above = (
        np.abs(rows[f"{side}-95"].to_numpy(float) - size) / NORMAL_95 for side in ("lo", "hi")
    )
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
        "wide": threshold.can_tell(profile, size, np.nan_to_num(sigma, nan=np.inf)),
    }
    told = np.ones(len(size), dtype=bool)
    for reason, passed in checks.items():
        told &= passed
        if not told.any():
            return told, reason
    return told & (size >= LEAST_SHARE * size[0]), ""
