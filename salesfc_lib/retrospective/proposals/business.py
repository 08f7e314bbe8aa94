"""Proposals on how the business is read: outliers, closed months, days and promotions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd

from salesfc_lib.foundation import SEASON, bound_months, holidays, schema
from salesfc_lib.retrospective.compare import window
from salesfc_lib.retrospective.habits import sign_p
from salesfc_lib.retrospective.members import bottom_series, by_series, match, top_series
from salesfc_lib.retrospective.proposals.observed import (
    SIGNIFICANT,
    Observed,
    Rows,
    change_parameter,
)

MIN_FLAGGED = 5
HIGHER = 4 / 3  # factor on the outlier threshold
FLAGGED = 0.03  # share of bottom series-months of the last year
WEEK = 7  # days before or after a promotion that are looked at
AROUND = 4  # weeks on each side that they are compared with
MIN_PROMOTIONS = 7
MIN_CHANGES = 24  # months with the same month a year before
FESTIVAL_T, FESTIVAL_RATIO = 4.0, 1.25  # of the window itself, and over any other season's
LEAST_MOVED = 1e-6  # square of shares of a window, that rounding leaves of one that never moves


def propose_outlier_threshold(observed: Observed) -> Rows:
    """A higher threshold where so many months are flagged that they are not outliers."""
    bottom = bottom_series(observed.series)[["unique_id"]]
    known = window(observed.actual, observed.month, SEASON).dropna(subset="y_raw")
    judged = len(known.merge(bottom, on="unique_id"))
    flagged = len(window(observed.outliers, observed.month, SEASON).merge(bottom, on="unique_id"))
    if flagged >= MIN_FLAGGED and flagged > FLAGGED * judged:
        now = observed.parameters.cleaning.outliers.threshold
        key, proposed = "cleaning.outliers.threshold", f"{now * HIGHER:.1f}"
        row = partial(change_parameter, key, str(now), proposed, "many_outliers")
        yield row(flagged=flagged, of=judged, months=SEASON)


def propose_closed_months(observed: Observed) -> Rows:
    """Declare of a month without any source row whether the unit was closed."""
    actual = observed.actual[observed.actual["ds"] <= observed.month]
    known = actual.groupby("ds")["y_raw"].count()
    declared = list(observed.parameters.calendar.closed_months)
    missing = sorted({f"{ds:%Y-%m}" for ds in known.index[known == 0]} - set(declared))
    if missing:
        now, proposed = json.dumps(declared), json.dumps(sorted([*declared, *missing]))
        key = "calendar.closed_months"
        yield change_parameter(key, now, proposed, "months_without_rows", months=missing)


def propose_trading_weekdays(observed: Observed) -> Rows:
    """Other weekdays to count, where the bottom series' months follow those."""
    from salesfc_lib.forecasting import align, find_booked_days

    known = observed.at_the_bottom
    actual = known.actual[["unique_id", "ds", "y_raw"]].rename(columns={"y_raw": "y"})
    actual = actual.merge(known.series[["unique_id"]], on="unique_id")
    history = align(actual, horizon=1, end=observed.month)
    calendar = observed.parameters.calendar
    mask = find_booked_days(history.y, history.last, calendar.weekmask)
    if calendar.kind == "months" and mask != calendar.weekmask:
        named = zip(get_args(schema.Weekday), mask, strict=True)
        days = [day for day, counts in named if counts == "1"]
        now, proposed = (f"[{', '.join(each)}]" for each in (calendar.trading_weekdays, days))
        yield change_parameter("calendar.trading_weekdays", now, proposed, "booked_days", days=days)


def propose_promotion_window(observed: Observed) -> Rows:
    """Count the week before or after promotions where it nearly always sold more, or less.

    More or less than the median of the weeks around, of the series on promotion, without a
    promotion of theirs. Promotions with the same first and last day are one; of sales by day,
    only those of the last twelve months are looked at.
    """
    agreed = observed.parameters.measure.promotion_window
    spans = [*_list_spans(observed)]
    for side, now in (("before", agreed.before), ("after", agreed.after)):
        signs = [sign for days in spans if (sign := _compare_week(days, side))]
        up = signs.count(1)
        hits = max(up, len(signs) - up)
        # two directions on two sides are looked at
        if now or len(signs) < MIN_PROMOTIONS or 4 * sign_p(hits, len(signs)) > SIGNIFICANT:
            continue
        key = f"measure.promotion_window.{side}"
        direction = "more" if up == hits else "less"
        facts = {"side": side, "direction": direction, "hits": hits, "promotions": len(signs)}
        yield change_parameter(key, str(now), str(WEEK), "weeks_beside_promotions", **facts)


def propose_festivals(observed: Observed) -> Rows:
    """A moving holiday that the calendar lacks, where the whole unit's months follow it.

    The change of sales over a year on that of the month's share in the holiday's window, beside
    what models know already: |t| of at least 4, and clearly more than the same window shows in any
    other season, which is how large it becomes here by chance.
    """
    months, changes = _changes_over_a_year(observed)
    if len(months) < MIN_CHANGES:
        return
    calendar, found = observed.parameters.calendar, {}
    kept = [name for name in holidays.WINDOWS if name in changes]
    for name in [each for each in holidays.WINDOWS if each not in kept]:
        t = []
        for moved in range(SEASON):  # the window as it is, and so many months later
            now, then = (
                holidays.share_of_festival(name, *bound_months(months - back - moved, calendar))
                for back in (0, SEASON)
            )
            t.append(_t_of(now - then, changes))
        if abs(t[0]) >= max(FESTIVAL_T, FESTIVAL_RATIO * max(map(abs, t[1:]))):
            found[name] = t[0]
    for name, t_value in found.items():
        declared = calendar.moving_holidays
        text = "null" if declared is None else f"[{', '.join(declared)}]"
        key, proposed = "calendar.moving_holidays", f"[{', '.join([*kept, name])}]"
        direction = "more" if t_value > 0 else "less"
        facts = {"festival": name, "direction": direction, "t": t_value, "months": len(months)}
        yield change_parameter(key, text, proposed, "festival_missing", **facts)


def _changes_over_a_year(observed: Observed) -> tuple[np.ndarray, pd.DataFrame]:
    """Months (datetime64[M]) with sales now and a year before, and what changed in the whole unit:
    sales as a share of both, and every regressor that models know.
    """
    rows = observed.actual[observed.actual["ds"] <= observed.month]
    rows = rows.merge(top_series(observed.series)[["unique_id"]], on="unique_id").set_index("ds")
    rows = rows.drop(columns=["unique_id", "y"], errors="ignore").select_dtypes("number")
    now = rows[rows["y_raw"] > 0]
    then = now.reindex(now.index - pd.DateOffset(years=1)).set_axis(now.index)
    sales = 2 * (now["y_raw"] - then["y_raw"]) / (now["y_raw"] + then["y_raw"])
    changes = (now - then).assign(y_raw=sales)[sales.notna()].fillna(0.0)
    return changes.index.to_numpy().astype("datetime64[M]"), changes


def _t_of(moved: np.ndarray, changes: pd.DataFrame) -> float:
    """t of `moved` in the change of sales, beside the other changes; 0 where it never moves."""
    known = np.column_stack([np.ones(len(changes)), changes.drop(columns="y_raw")])
    both = np.column_stack([moved, changes["y_raw"]])
    x, y = (both - known @ np.linalg.lstsq(known, both, rcond=None)[0]).T
    free = len(x) - known.shape[1] - 1
    if x @ x < LEAST_MOVED or free < 1:
        return 0.0
    slope = (x @ y) / (x @ x)
    return float(slope / np.sqrt(((y - slope * x) ** 2).sum() / free / (x @ x)))


def _list_spans(observed: Observed) -> Iterator[_Span]:
    """Promotions whose days and the weeks around lie within the days sold on."""
    rows, value = observed.transactions, observed.parameters.measure.value
    known = observed.promotion
    if rows.empty or known.empty:
        return
    recent = (known["end"] >= rows["date"].min()) & (known["start"] <= rows["date"].max())
    promotion = known[recent].reset_index(drop=True)
    sold = by_series(rows.assign(value=rows[value].astype(float)), observed.series)
    daily = sold.pivot_table(index="date", columns="unique_id", values="value", aggfunc="sum")
    daily = daily.reindex(pd.date_range(daily.index.min(), daily.index.max())).fillna(0.0)
    pairs = match(promotion, observed.series).merge(promotion, left_on="row", right_index=True)
    for (start, end), own in pairs.groupby(["start", "end"]):
        ids = daily.columns.intersection(own["unique_id"])
        others = pairs[pairs["unique_id"].isin(ids)].drop_duplicates(["start", "end"])
        busy = pd.Series(False, daily.index)
        for other in others.itertuples():
            busy[other.start : other.end] = True
        yield _Span(start, end, daily[ids].sum(axis=1).mask(busy))


class _Span(NamedTuple):
    """A promotion and its series' sales by day, null on days on any promotion of theirs."""

    start: pd.Timestamp
    end: pd.Timestamp
    daily: pd.Series


def _compare_week(span: _Span, side: str) -> int:
    """1 where the week beside the promotion sold more than the usual week around it, -1 less.

    0 where that week or half of the weeks around are not known.
    """

    def week(first: pd.Timestamp) -> float:
        days = span.daily[first : first + pd.Timedelta(days=WEEK - 1)]
        return float(days.sum(skipna=False)) if len(days) == WEEK else np.nan

    after = [span.end + pd.Timedelta(days=1 + WEEK * k) for k in range(AROUND + 1)]
    before = [span.start - pd.Timedelta(days=WEEK * (k + 1)) for k in range(AROUND + 1)]
    beside = week((before if side == "before" else after)[0])
    usual = np.array([week(first) for first in (*before[1:], *after[1:])])
    if np.isnan(beside) or np.isfinite(usual).sum() < AROUND:
        return 0
    return int(np.sign(beside - np.nanmedian(usual)))
