"""What moves a bottom series' sales, month by month: promotions, events, flags on the rows, drivers.

Tables of plans and the unit's rows enter; a number for each series and month leaves. The decisions made here: a plan that
names members below the bottom level holds for the share of a series' rows that those members had; and that share is of the rows
through `lag` months before the month (the series' first month at the earliest), so that a forecast made within the lag sees
nothing that was sold after its cutoff.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.cleaning import FLAG, OWN, group_numbers, read_flags
from salesfc_lib.foundation import Calendar, Driver, Window, bound_months


@dataclass(frozen=True)
class Placed:
    """The unit's rows with their place: `series` and `month` (n_rows,), the latter counted from `first`; (n_series, n_months)."""

    rows: pd.DataFrame
    series: np.ndarray
    month: np.ndarray
    first: np.datetime64
    shape: tuple[int, int]


@dataclass(frozen=True)
class Split:
    """How each series splits into groups of members: (n_groups,) `series`, and the share of its rows (n_groups, n_months)."""

    members: pd.DataFrame
    series: np.ndarray
    share: np.ndarray
    n_series: int

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean by series (n_series, n_months) of the groups' values that are known, weighted by share; null where none is."""
        known = np.isfinite(values) & (self.share > 0)
        weight = self._sum(np.where(known, self.share, 0.0))
        total = self._sum(np.where(known, self.share * np.nan_to_num(values), 0.0))
        return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)

    def _sum(self, values: np.ndarray) -> np.ndarray:
        sums = np.zeros((self.n_series, values.shape[1]))
        np.add.at(sums, self.series, values)
        return sums


def list_dimensions(frame: pd.DataFrame, placed: Placed, known: Sequence[str]) -> list[str]:
    """Dimensions that a table of plans names at least once, and that the rows have."""
    return [
        name
        for name in frame.columns
        if name in known and name in placed.rows.columns and frame[name].notna().any()
    ]


def split_series(placed: Placed, named: Sequence[str], months: np.ndarray, lag: int) -> Split:
    """How the series split along `named` in each of the months, by their rows through `lag` months before."""
    lines = placed.rows[[*named]].assign(series=placed.series)
    group, firsts = group_numbers(lines, [*named, "series"])
    series, n_months = placed.series[firsts], placed.shape[1]
    counts = np.bincount(group * n_months + placed.month, minlength=len(firsts) * n_months).reshape(
        len(firsts), n_months
    )
    begun = np.full(placed.shape[0], n_months)
    np.minimum.at(begun, placed.series, placed.month)
    seen = np.maximum((months - placed.first).astype(np.int64) - lag, begun[series][:, None]).clip(
        0, n_months - 1
    )
    rows = np.take_along_axis(counts.cumsum(axis=1), seen, axis=1).astype(float)
    total = np.zeros((placed.shape[0], len(months)))
    np.add.at(total, series, rows)
    members = lines[[*named]].iloc[firsts].astype(object).reset_index(drop=True)
    return Split(members, series, rows / np.maximum(total[series], 1.0), placed.shape[0])


def share_of_spans(
    spans: pd.DataFrame, split: Split, months: np.ndarray, calendar: Calendar, *, window: Window
) -> np.ndarray:
    """Share of each month's days that spans cover (n_series, n_months), `window` included; a day counts once, as the widest on it.

    A span with a day in `known_from` counts in the months that begin on it or later.
    """
    match = _match(spans, split)
    start, end = (spans[name].to_numpy().astype("datetime64[D]") for name in ("start", "end"))
    start, end = start - window.before, end + window.after
    known = (
        spans["known_from"].to_numpy().astype("datetime64[D]")
        if "known_from" in spans
        else np.full(len(spans), "NaT", "M8[D]")
    )
    shares = np.zeros((split.n_series, len(months)))
    for place, (first, stop) in enumerate(zip(*bound_months(months, calendar), strict=True)):
        days = np.arange(first, stop)
        on = (start[:, None] <= days) & (end[:, None] >= days) & ~(known > first)[:, None]
        widest = np.zeros((split.n_series, len(days)))
        for running in np.flatnonzero(on.any(axis=1)):
            part = np.bincount(
                split.series, split.share[:, place] * match[running], minlength=split.n_series
            )
            np.maximum(widest, part[:, None] * on[running], out=widest)
        shares[:, place] = widest.mean(axis=1)
    return shares


def share_flagged(placed: Placed) -> np.ndarray:
    """Share of each month's days that rows flag as promotion (n_series, n_months); null where a series has no sale.

    A day counts as the share of its rows that are flagged, so that a day on which a promotion brings more rows weighs no more.
    """
    sold = placed.rows["kind"].eq("sale").to_numpy()
    cell = (placed.series * placed.shape[1] + placed.month)[sold]
    flagged = read_flags(placed.rows[FLAG][sold]).astype(float)
    day = placed.rows["date"].to_numpy()[sold].astype("datetime64[D]").astype(np.int64)
    span = int(day.max(initial=0)) + 1
    group, distinct = pd.factorize(cell * span + day)
    share = np.bincount(group, flagged) / np.bincount(group)
    sums, days = (
        np.bincount(distinct // span, by, minlength=placed.shape[0] * placed.shape[1])
        for by in (share, None)
    )
    return np.where(days > 0, sums / np.maximum(days, 1), np.nan).reshape(placed.shape)


def spread_driver(
    values: pd.DataFrame, declared: Driver, split: Split, months: np.ndarray
) -> np.ndarray:
    """A driver's value of each series and month (n_series, n_months); null where it has none.

    Its rows of a month are aggregated as declared; of rows for different members, those that name the most dimensions win.
    """
    own = values["ds"].to_numpy().astype("datetime64[M]")
    every = np.arange(
        np.append(own, months[0]).min(), months[-1] + 1
    )  # what came before may have to be carried
    found = np.full((len(split.members), len(every)), np.nan)
    for named, rows in _by_dimensions(values):
        found = np.where(
            np.isnan(found), _look_up(rows, named, declared.aggregate, split.members, every), found
        )
    if declared.carry == "last":
        found = pd.DataFrame(found).ffill(axis=1).to_numpy()
    return split.mean(found[:, -len(months) :])


def _match(spans: pd.DataFrame, split: Split) -> np.ndarray:
    """Whether each span holds for each group (n_spans, n_groups): all members that it names are the group's."""
    match = np.ones((len(spans), len(split.members)), dtype=bool)
    for name in split.members.columns:
        wanted = spans[name].to_numpy(dtype=object)[:, None]
        match &= spans[name].isna().to_numpy()[:, None] | (
            wanted == split.members[name].to_numpy(dtype=object)
        )
    return match


def _by_dimensions(values: pd.DataFrame) -> Iterator[tuple[list[str], pd.DataFrame]]:
    """Rows that name the same dimensions, those that name the most first."""
    dimensions = [name for name in values.columns if name not in OWN]
    named = values[dimensions].notna().to_numpy()
    patterns = sorted(
        {tuple(row) for row in np.unique(named, axis=0).tolist()},
        key=lambda row: (-sum(row), [not on for on in row]),
    )
    for pattern in patterns:
        rows = values[(named == np.array(pattern, dtype=bool)).all(axis=1)]
        yield [name for name, on in zip(dimensions, pattern, strict=True) if on], rows


def _look_up(
    rows: pd.DataFrame, named: list[str], aggregate: str, members: pd.DataFrame, months: np.ndarray
) -> np.ndarray:
    """Each group's value of the rows that name its members (n_groups, n_months); null where there is none."""
    ds = pd.DatetimeIndex(months.astype("datetime64[ns]"))
    if not named:
        alike = rows.groupby("ds")["value"].agg(aggregate).reindex(ds).to_numpy()
        return np.broadcast_to(alike, (len(members), len(ds)))
    wide = rows.groupby([*named, "ds"])["value"].agg(aggregate).unstack("ds").reindex(columns=ds)
    keys = (
        pd.MultiIndex.from_frame(members[named]) if len(named) > 1 else pd.Index(members[named[0]])
    )
    at = wide.index.get_indexer(keys)
    return np.where(at[:, None] >= 0, wide.to_numpy()[at], np.nan)
