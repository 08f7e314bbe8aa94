"""Regressors of bottom series by month: calendar, promotions, events, flags on the rows, drivers.

A plan that names members below the bottom level holds for the share of a series' rows that those
members had, through a horizon before the month (the series' first month at the earliest), so that
a forecast made within the horizon sees nothing that was sold after its cutoff.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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


def plan_columns(
    placed: PlacedRows,
    months: PanelMonths,
    parameters: Parameters,
    promotion: pd.DataFrame | None,
    event: pd.DataFrame | None,
) -> dict[str, np.ndarray]:
    """Promotions and events (n_series, n_months); without the months ahead if none are known."""
    from salesfc_lib.cleaning import has_flag

    columns = {}
    if promotion is not None and len(promotion):
        window = parameters.measure.promotion_window
        columns["promotion"] = share_of_spans(promotion, placed, months, parameters, window=window)
    if has_flag(placed.rows, parameters):
        flagged = share_flagged(placed)
        if "promotion" in columns:  # the plan, where the rows have no flag and in the months ahead
            planned = columns["promotion"].copy()
            past = planned[:, : months.n_past]
            np.copyto(past, flagged, where=np.isfinite(flagged))
            flagged = planned
        columns["promotion"] = flagged
    if event is not None and len(event):
        begins = bound_months(months.ahead[:1], parameters.calendar)[0][0]
        foreseen = bool(event["end"].ge(pd.Timestamp(begins)).any())
        if "announced" in event:
            # known ahead of the months that begin after the publication that followed it
            days = pd.Timedelta(days=parameters.adjust.publication_day - 1)
            foreseen |= bool(event["announced"].notna().any())
            event = event.assign(known_from=event["announced"] - days)
        covered = share_of_spans(event, placed, months, parameters, window=schema.PromotionWindow())
        columns["event"] = covered if foreseen else covered[:, : months.n_past]
    return columns


def driver_columns(
    placed: PlacedRows, months: PanelMonths, parameters: Parameters, driver: pd.DataFrame | None
) -> dict[str, np.ndarray]:
    """Each declared driver that has values (n_series, n_months).

    Without the months ahead if it is not known ahead, or no later value is.
    """
    columns = {}
    for name, declared in parameters.drivers.items():
        values = driver[driver["name"].eq(name)] if driver is not None else None
        if values is None or values.empty:
            continue
        split = _split_series(values, placed, months, parameters)
        spread = spread_driver(values, declared, split, months.all)
        foreseen = declared.known_ahead and np.isfinite(spread[:, months.n_past :]).any()
        columns[name] = spread if foreseen else spread[:, : months.n_past]
    return columns


def _split_series(
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
    placed: PlacedRows,
    months: PanelMonths,
    parameters: Parameters,
    *,
    window: schema.PromotionWindow,
) -> np.ndarray:
    """Share of each month's days that spans and their `window` cover, (n_series, n_months).

    A day counts once, as the widest span on it. A span with a day in `known_from` counts in the
    months that begin on it or later.
    """
    split = _split_series(spans, placed, months, parameters)
    match = _match(spans, split)
    start, end = (spans[name].to_numpy().astype("datetime64[D]") for name in ("start", "end"))
    start, end = start - window.before, end + window.after
    known = np.full(len(spans), "NaT", "M8[D]")
    if "known_from" in spans:
        known = spans["known_from"].to_numpy().astype("datetime64[D]")
    shares = np.zeros((split.n_series, len(months.all)))
    bounds = bound_months(months.all, parameters.calendar)
    for place, (first, stop) in enumerate(zip(*bounds, strict=True)):
        days = np.arange(first, stop)
        on = (start[:, None] <= days) & (end[:, None] >= days) & ~(known > first)[:, None]
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
    values: pd.DataFrame, declared: schema.Driver, split: SeriesSplit, months: np.ndarray
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
