"""How what the calendar, flags on the rows, spans of days and values say makes a series' months.

A plan that names members below the bottom level holds for the share of a series' rows that those
members had, through a horizon before the month (the series' first month at the earliest), so that
a forecast made within the horizon sees nothing that was sold after its cutoff.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from salesfc_lib.foundation import Parameters, bound_months, count_trading_days, holidays, schema

Kind = Literal["share", "level", "count"]


@dataclass(frozen=True)
class PanelMonths:
    """Months (datetime64[M]) of the panel, the first `n_past`, and of the horizon after it."""

    all: np.ndarray
    n_past: int

    @property
    def past(self) -> np.ndarray:
        return self.all[: self.n_past]

    @property
    def ahead(self) -> np.ndarray:
        return self.all[self.n_past :]


@dataclass(frozen=True)
class PlacedRows:
    """The unit's rows and their place in the panel.

    series, month: (n_rows,), the month counted from the first; shape: (n_series, n_months).
    """

    rows: pd.DataFrame
    series: np.ndarray
    month: np.ndarray
    shape: tuple[int, int]


@dataclass(frozen=True)
class SeriesSplit:
    """How each series splits into groups of members.

    series: (n_groups,); share: of the series' rows, (n_groups, n_months).
    """

    members: pd.DataFrame
    series: np.ndarray
    share: np.ndarray
    n_series: int

    def take(self, months: slice) -> SeriesSplit:
        """The same of some months."""
        return replace(self, share=self.share[:, months])

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean (n_series, n_months) of the groups' known values, weighted by share; else NaN."""
        known = np.isfinite(values) & (self.share > 0)
        weight = self._sum(np.where(known, self.share, 0.0))
        total = self._sum(np.where(known, self.share * np.nan_to_num(values), 0.0))
        return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)

    def _sum(self, values: np.ndarray) -> np.ndarray:
        sums = np.zeros((self.n_series, values.shape[1]))
        np.add.at(sums, self.series, values)
        return sums


def regressor_kinds(parameters: Parameters) -> dict[str, Kind]:
    """What each regressor is, as far as it is known or declared: a share of the month, a level or a
    count.
    """
    known: dict[str, Kind] = {"trading_days": "count", "promotion": "share", "event": "share"}
    known |= dict.fromkeys(holidays.WINDOWS, "share")
    declared = parameters.drivers
    kept = {name: kind for name, kind in known.items() if name not in declared}
    return kept | {name: each.kind for name, each in declared.items() if each.kind}


def calendar_columns(months: PanelMonths, parameters: Parameters) -> dict[str, np.ndarray]:
    """What the calendar says, alike for every series: (n_months,) of all months."""
    bounds = bound_months(months.all, parameters.calendar)
    off = holidays.list_days_off(parameters.calendar, *bounds)
    days = count_trading_days(months.all, off, parameters.calendar)
    declared = parameters.calendar.moving_holidays
    festivals = holidays.list_observed(off) if declared is None else declared
    return {
        "trading_days": days,
        **{name: holidays.share_of_festival(name, *bounds) for name in festivals},
    }


def split_series(
    plan: pd.DataFrame, placed: PlacedRows, months: PanelMonths, parameters: Parameters
) -> SeriesSplit:
    """How the series split along the dimensions that a plan names, by rows a horizon before."""
    from salesfc_lib.cleaning import group_numbers

    dimensions = [*parameters.dimensions, "key_account"]
    possible = [name for name in plan.columns if name in dimensions and name in placed.rows.columns]
    named = [name for name in possible if plan[name].notna().any()]
    lines = placed.rows[[*named]].assign(series=placed.series)
    group, firsts = group_numbers(lines, [*named, "series"])
    series, n_months = placed.series[firsts], placed.shape[1]
    counts = np.bincount(group * n_months + placed.month, minlength=len(firsts) * n_months)
    counts = counts.reshape(len(firsts), n_months)
    begun = np.full(placed.shape[0], n_months)
    np.minimum.at(begun, placed.series, placed.month)
    seen = np.maximum(np.arange(len(months.all)) - parameters.horizon, begun[series][:, None])
    seen = seen.clip(0, n_months - 1)
    rows = np.take_along_axis(counts.cumsum(axis=1), seen, axis=1).astype(float)
    total = np.zeros((placed.shape[0], len(months.all)))
    np.add.at(total, series, rows)
    members = lines[[*named]].iloc[firsts].astype(object).reset_index(drop=True)
    return SeriesSplit(members, series, rows / np.maximum(total[series], 1.0), placed.shape[0])


def share_of_spans(
    spans: pd.DataFrame,
    split: SeriesSplit,
    months: np.ndarray,
    *,
    calendar: schema.Calendar,
    window: schema.PromotionWindow,
) -> np.ndarray:
    """Share of each month's days that spans and their `window` cover, (n_series, n_months).

    A day counts once, as the widest span on it.
    """
    match = _match(spans, split)
    start, end = (spans[name].to_numpy().astype("datetime64[D]") for name in ("start", "end"))
    start, end = start - window.before, end + window.after
    shares = np.zeros((split.n_series, len(months)))
    for place, (first, stop) in enumerate(zip(*bound_months(months, calendar), strict=True)):
        days = np.arange(first, stop)
        on = (start[:, None] <= days) & (end[:, None] >= days)
        widest = np.zeros((split.n_series, len(days)))
        for span in np.flatnonzero(on.any(axis=1)):
            weights = split.share[:, place] * match[span]
            part = np.bincount(split.series, weights, minlength=split.n_series)
            np.maximum(widest, part[:, None] * on[span], out=widest)
        shares[:, place] = widest.mean(axis=1)
    return shares


def share_flagged(placed: PlacedRows) -> np.ndarray:
    """Share of each month's days that rows flag as promotion (n_series, n_months); else NaN.

    A day counts as the share of its rows that are flagged, whatever their number.
    """
    from salesfc_lib.cleaning import FLAG, read_flags

    sold = placed.rows["kind"].eq("sale").to_numpy()
    cell = (placed.series * placed.shape[1] + placed.month)[sold]
    flagged = read_flags(placed.rows[FLAG][sold]).astype(float)
    day = placed.rows["date"].to_numpy()[sold].astype("datetime64[D]").astype(np.int64)
    span = int(day.max(initial=0)) + 1
    group, distinct = pd.factorize(cell * span + day)
    share = np.bincount(group, flagged) / np.bincount(group)
    month, n_cells = distinct // span, placed.shape[0] * placed.shape[1]
    sums, days = (np.bincount(month, by, minlength=n_cells) for by in (share, None))
    return np.where(days > 0, sums / np.maximum(days, 1), np.nan).reshape(placed.shape)


def spread_driver(
    values: pd.DataFrame, split: SeriesSplit, months: np.ndarray, *, declared: schema.Driver
) -> np.ndarray:
    """A driver's value of each series and month (n_series, n_months); NaN where it has none.

    Its rows of a month are aggregated as declared; of rows for different members, those that name
    the most dimensions win.
    """
    own = values["ds"].to_numpy().astype("datetime64[M]")
    # earlier months than those asked for may have to be carried forward
    every = np.arange(np.append(own, months[0]).min(), months[-1] + 1)
    known = np.full((len(split.members), len(every)), np.nan)
    for named, rows in _by_dimensions(values):
        more = _look_up(rows, named, declared.aggregate, split.members, every)
        known = np.where(np.isnan(known), more, known)
    if declared.carry == "last":
        known = pd.DataFrame(known).ffill(axis=1).to_numpy()
    return split.mean(known[:, -len(months) :])


def _match(spans: pd.DataFrame, split: SeriesSplit) -> np.ndarray:
    """Whether each span names only members of each group, (n_spans, n_groups)."""
    match = np.ones((len(spans), len(split.members)), dtype=bool)
    for name in split.members.columns:
        same = spans[name].to_numpy(object)[:, None] == split.members[name].to_numpy(object)
        match &= spans[name].isna().to_numpy()[:, None] | same
    return match


def _by_dimensions(values: pd.DataFrame) -> Iterator[tuple[list[str], pd.DataFrame]]:
    """Rows that name the same dimensions, those that name the most first."""
    from salesfc_lib.cleaning import OWN

    dimensions = [name for name in values.columns if name not in OWN]
    named = values[dimensions].notna().to_numpy()
    patterns = {tuple(row) for row in np.unique(named, axis=0).tolist()}
    for pattern in sorted(patterns, key=lambda row: (-sum(row), [not on for on in row])):
        rows = values[(named == np.array(pattern, dtype=bool)).all(axis=1)]
        yield [name for name, on in zip(dimensions, pattern, strict=True) if on], rows


def _look_up(
    rows: pd.DataFrame, named: list[str], aggregate: str, members: pd.DataFrame, months: np.ndarray
) -> np.ndarray:
    """Each group's value of the rows that name its members (n_groups, n_months); else NaN."""
    ds = pd.DatetimeIndex(months.astype("datetime64[ns]"))
    if not named:
        alike = rows.groupby("ds")["value"].agg(aggregate).reindex(ds).to_numpy()
        return np.broadcast_to(alike, (len(members), len(ds)))
    wide = rows.groupby([*named, "ds"])["value"].agg(aggregate).unstack("ds").reindex(columns=ds)
    several = len(named) > 1
    keys = pd.MultiIndex.from_frame(members[named]) if several else pd.Index(members[named[0]])
    at = wide.index.get_indexer(keys)
    return np.where(at[:, None] >= 0, wide.to_numpy()[at], np.nan)
