"""Levels of the business: every series, what it sums over, and how far a frame is from adding up.

The distinct combinations of dimensions at the bottom enter; the `series` table, the summing matrix and the
panel of all levels leave. The decisions made here: how a series is named (an id is built in `unique_id` alone and
never taken apart; who wants a member reads the columns of the `series` table); and that the regressors of a month are weighed
by sales of at least `lag` months before, so that no forecast made within the lag sees what was sold after its cutoff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import WINDOWS

DESCRIBING = ("unique_id", "level", "label")  # columns of `series` that are not dimensions
OF_THE_MONTH = ("trading_days", *WINDOWS)  # regressors that are the same for every series
WEIGHT_MONTHS = 12  # months of a bottom series' sales that weigh its regressors in an aggregate
LAG = 12  # months between those and the month weighed: the horizon, unless said otherwise


class Summing(NamedTuple):
    """Which bottoms make up which series: `matrix @ bottoms` gives every series.

    matrix: (n_series, n_bottom) of zeros and ones; ids: the rows' unique_ids, in the order of the `series` table;
    bottom_ids: the columns' unique_ids; bottom: (n_bottom,) rows of the bottoms in `ids`.
    """

    matrix: sparse.csr_matrix
    ids: pd.Index
    bottom_ids: pd.Index
    bottom: np.ndarray

    @property
    def upper(self) -> np.ndarray:
        """Rows of the series above the bottom, (n_series - n_bottom,)."""
        return np.setdiff1d(np.arange(len(self.ids)), self.bottom)


def unique_id(level: str, members: Mapping[str, str]) -> str:
    r"""Id of the series of `members` at `level`; `members` stand in the order of the level's dimensions.

    A backslash before ``/`` and ``\`` in a member (and before ``:`` in a level's name) keeps ids unique for any names.

    >>> unique_id("total", {})
    'total'
    >>> unique_id("line_region", {"line": "Pots/Pans", "region": "North"})
    'line_region:Pots\\/Pans/North'
    """
    head = _escape(level, "\\:")
    tail = "/".join(_escape(str(member), "\\/") for member in members.values())
    return f"{head}:{tail}" if members else head


def build_series(bottom_keys: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Series table of all `levels`, in their order, members sorted.

    `bottom_keys` has one row per combination of dimensions (further rows of the same combination are ignored).
    A dimension that a level sums over is null. Two levels that give the same series still give two rows.

    Raises `SalesForecastError` where a dimension is not a column or a member is null.

    >>> keys = pd.DataFrame({"line": ["Pots", "Pans"], "region": ["North", "North"]})
    >>> build_series(keys, {"total": [], "line": ["line"]})[["unique_id", "label", "line"]]
       unique_id label  line
    0      total   All  None
    1  line:Pans  Pans  Pans
    2  line:Pots  Pots  Pots
    """
    dimensions = [column for column in bottom_keys.columns if column not in DESCRIBING]
    _check_keys(bottom_keys, dimensions, levels)
    parts = [
        _level_series(bottom_keys, name, list(crossed), dimensions)
        for name, crossed in levels.items()
    ]
    return pd.concat(parts, ignore_index=True)


def list_levels(series: pd.DataFrame) -> dict[str, list[str]]:
    """Dimensions that each level of a series table crosses, in the table's order: the last is the bottom.

    >>> list_levels(build_series(pd.DataFrame({"line": ["Pots"]}), {"total": [], "line": ["line"]}))
    {'total': [], 'line': ['line']}
    """
    dimensions = [column for column in series.columns if column not in DESCRIBING]
    first = series.drop_duplicates("level").set_index("level")
    return {
        str(level): [name for name in dimensions if pd.notna(first.at[level, name])]
        for level in first.index
    }


def summing_matrix(series: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> Summing:
    """Summing matrix of the series table: S, (n_series, n_bottom), and the ids of its rows and columns.

    Raises `SalesForecastError` where a bottom series has no series to go into at some level.
    """
    series = series.loc[series["level"].isin(list(levels))].reset_index(drop=True)
    bottom = np.flatnonzero(series["level"].eq(list(levels)[-1]).to_numpy())
    rows = np.concatenate(
        [_parents(series, bottom, name, list(crossed)) for name, crossed in levels.items()]
    )
    columns = np.tile(np.arange(len(bottom)), len(levels))
    matrix = sparse.csr_matrix(
        (np.ones(len(rows)), (rows, columns)), shape=(len(series), len(bottom))
    )
    ids = pd.Index(series["unique_id"])
    return Summing(matrix, ids, ids[bottom], bottom)


def aggregate(
    bottom_panel: pd.DataFrame,
    series: pd.DataFrame,
    levels: Mapping[str, Sequence[str]],
    *,
    lag: int = LAG,
) -> pd.DataFrame:
    """Panel of all levels out of the bottom's: y and y_raw summed, from each series' first month on.

    A month is null where it is missing for the whole unit, and only there. What the calendar says (trading days, festivals) is
    the month's own; every other regressor is a mean of the bottoms' that have one, weighted by y_raw of the 12 months that end
    `lag` months before (of the aggregate's first month, while it is younger than that). `lag` is the horizon: then no regressor
    of a month that is forecast depends on sales after the cutoff. A bottom that began since has no weight yet.

    Raises `SalesForecastError` for an id that is no bottom series, or a month that is null for some bottoms only.
    """
    summing = summing_matrix(series, levels)
    grid = _Grid.of(bottom_panel, summing.bottom_ids)
    columns = {name: _sum(grid, summing, name) for name in ("y", "y_raw")}
    columns |= _regressors(grid, summing, _Weights.of(bottom_panel, summing, lag))
    return _long(columns, summing, grid)


def aggregate_future(
    future: pd.DataFrame,
    bottom_panel: pd.DataFrame,
    series: pd.DataFrame,
    levels: Mapping[str, Sequence[str]],
    *,
    lag: int = LAG,
) -> pd.DataFrame:
    """Regressors of the coming months for all levels, weighted as in `aggregate`: what the panel will hold once they have come."""
    summing = summing_matrix(series, levels)
    grid = _Grid.of(future, summing.bottom_ids)
    return _long(_regressors(grid, summing, _Weights.of(bottom_panel, summing, lag)), summing, grid)


def coherence_gap(
    frame: pd.DataFrame,
    series: pd.DataFrame,
    levels: Mapping[str, Sequence[str]],
    *,
    value: str = "y_hat",
    by: Sequence[str] | None = None,
) -> float:
    """Largest relative gap between a series and the sum of its bottoms; 0 where everything adds up.

    gap = |series - sum| / max(|series|, sum of |bottoms|), over every combination of `by` (those of stage, cutoff, ds
    that the frame has, unless given). A series without a row counts as zero; months that are null for all series are
    skipped, one that is null for some only is infinitely far off.
    """
    by = (
        [name for name in ("stage", "cutoff", "ds") if name in frame.columns]
        if by is None
        else list(by)
    )
    summing = summing_matrix(series, levels)
    wide = frame.pivot(index="unique_id", columns=by, values=value)
    missing = (
        frame[value].isna().groupby([frame[name] for name in by], dropna=False).agg(["all", "any"])
    )
    if (missing["any"] & ~missing["all"]).any():
        return float("inf")
    values = wide.reindex(summing.ids).fillna(0.0).to_numpy()
    bottoms = values[summing.bottom]
    scale = np.maximum(np.abs(values), summing.matrix @ np.abs(bottoms))
    gap = np.abs(values - summing.matrix @ bottoms)
    return float(np.max(gap / np.where(scale > 0, scale, 1.0), initial=0.0))


def _escape(text: str, marks: str) -> str:
    return "".join(f"\\{character}" if character in marks else character for character in text)


def _check_keys(
    bottom_keys: pd.DataFrame, dimensions: list[str], levels: Mapping[str, Sequence[str]]
) -> None:
    missing = sorted({name for crossed in levels.values() for name in crossed} - set(dimensions))
    if missing:
        raise SalesForecastError.missing_columns(
            missing, bottom_keys.columns, "The bottom's combinations"
        )
    null = [name for name in dimensions if bottom_keys[name].isna().any()]
    if null:
        raise SalesForecastError.say(
            f"Rows have no member of {shorten(null)}",
            "Every row belongs to one member of each dimension, so that the bottom series make up the whole",
            "Give such rows a member in cleaning, e.g. 'unknown'",
        )


def _level_series(
    keys: pd.DataFrame, level: str, crossed: list[str], dimensions: list[str]
) -> pd.DataFrame:
    members = keys[crossed].drop_duplicates().sort_values(crossed) if crossed else keys.iloc[:1]
    rows = members[crossed].to_dict("records") if crossed else [{}]
    frame = pd.DataFrame(
        {
            "unique_id": [unique_id(level, row) for row in rows],
            "level": level,
            "label": [" · ".join(map(str, row.values())) or "All" for row in rows],
        },
        dtype=object,
    )
    for name in dimensions:
        frame[name] = (
            members[name].to_numpy(dtype=object)
            if name in crossed
            else pd.Series([None] * len(rows), dtype=object)
        )
    return frame


def _parents(
    series: pd.DataFrame, bottom: np.ndarray, level: str, crossed: list[str]
) -> np.ndarray:
    """Row in `series` of each bottom's series at `level`, (n_bottom,)."""
    rows = np.flatnonzero(series["level"].eq(level).to_numpy())
    at = dict(zip(_members(series, rows, crossed), rows, strict=True))
    wanted = _members(series, bottom, crossed)
    orphans = [
        series["unique_id"].iat[row]
        for row, key in zip(bottom, wanted, strict=True)
        if key not in at
    ]
    if orphans:
        raise SalesForecastError.say(
            f"Level '{level}' has no series for {shorten(orphans)}",
            "Every bottom series adds into one series of each level",
            "Build the series table with `build_series`",
        )
    return np.array([at[key] for key in wanted], dtype=np.intp)


def _members(
    series: pd.DataFrame, rows: np.ndarray, crossed: list[str]
) -> list[tuple[object, ...]]:
    return list(map(tuple, series[crossed].to_numpy(dtype=object)[rows]))


@dataclass(frozen=True)
class _Grid:
    """A long frame of bottoms laid out as matrices (n_bottom, n_months)."""

    frame: pd.DataFrame
    rows: np.ndarray
    columns: np.ndarray
    months: pd.DatetimeIndex
    there: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame, ids: pd.Index) -> _Grid:
        rows = ids.get_indexer(frame["unique_id"])
        if (rows < 0).any():
            strangers = frame.loc[rows < 0, "unique_id"].unique()
            raise SalesForecastError.say(
                f"The panel holds {shorten(strangers)}",
                "Only series of the bottom level",
                "Build the series table from this panel's keys",
            )
        months = pd.DatetimeIndex(np.sort(frame["ds"].unique()))
        columns = months.get_indexer(frame["ds"])
        there = np.zeros((len(ids), len(months)))
        there[rows, columns] = 1.0
        return cls(frame, rows, columns, months, there)

    def spread(self, name: str) -> np.ndarray:
        """Column `name` as (n_bottom, n_months); null where there is no row."""
        wide = np.full(self.there.shape, np.nan)
        wide[self.rows, self.columns] = self.frame[name].to_numpy(dtype=float)
        return wide


def _sum(grid: _Grid, summing: Summing, name: str) -> np.ndarray:
    values = grid.spread(name)
    null = np.isnan(values) & (grid.there > 0)
    missing = null.sum(axis=0) == grid.there.sum(axis=0)
    if (partly := null.any(axis=0) & ~missing).any():
        raise SalesForecastError.say(
            f"`{name}` is null for some series only in {shorten(grid.months[partly].strftime('%Y-%m'))}",
            "A month is missing for the whole unit or not at all",
            "Fill such months with `fill_gaps`, or count them as zero",
        )
    return np.where(missing, np.nan, summing.matrix @ np.nan_to_num(values))


@dataclass(frozen=True)
class _Weights:
    """What weighs a bottom's regressors: its sales of 12 months through each month of the panel, (n_bottom, n_months).

    start: the panel's first month, as months since 1970; begun: (n_bottom,) columns of the bottoms' first months.
    """

    sales: np.ndarray
    begun: np.ndarray
    start: int
    lag: int

    @classmethod
    def of(cls, bottom_panel: pd.DataFrame, summing: Summing, lag: int) -> _Weights:
        rows, month = (
            summing.bottom_ids.get_indexer(bottom_panel["unique_id"]),
            _count_months(bottom_panel["ds"]),
        )
        start = int(month.min())
        sold = np.zeros((len(summing.bottom_ids), int(month.max()) - start + 1))
        sold[rows, month - start] = np.nan_to_num(bottom_panel["y_raw"].to_numpy(dtype=float))
        begun = np.full(len(sold), sold.shape[1])
        np.minimum.at(begun, rows, month - start)
        windows = np.pad(sold, ((0, 0), (WEIGHT_MONTHS - 1, 0)))
        trailing = np.lib.stride_tricks.sliding_window_view(windows, WEIGHT_MONTHS, axis=1).sum(
            axis=2
        )
        return cls(trailing.clip(min=0.0), begun, start, lag)

    def mean(self, values: np.ndarray, months: pd.DatetimeIndex, summing: Summing) -> np.ndarray:
        """Weighted mean (n_series, n_months) of the bottoms' values (n_bottom, n_months) that are known."""
        means = np.full((len(summing.ids), len(months)), np.nan)
        means[summing.bottom] = values
        first = np.minimum.reduceat(self.begun[summing.matrix.indices], summing.matrix.indptr[:-1])[
            summing.upper
        ]
        for begin in np.unique(first):
            rows = summing.upper[first == begin]
            used = np.unique(summing.matrix[rows].indices)
            seen = np.clip(
                _count_months(months) - self.start - self.lag, begin, self.sales.shape[1] - 1
            )
            weights, there = self.sales[used][:, seen], self.begun[used, None] <= seen
            means[rows] = _mean(
                values[used], summing.matrix[rows][:, used], np.where(there, weights, np.nan)
            )
        return means


def _count_months(ds: pd.Series | pd.DatetimeIndex) -> np.ndarray:
    """Months since 1970."""
    return ds.to_numpy().astype("datetime64[M]").astype(np.int64)


def _regressors(grid: _Grid, summing: Summing, weights: _Weights) -> dict[str, np.ndarray]:
    regressors = [
        name for name in grid.frame.columns if name not in ("unique_id", "ds", "y", "y_raw")
    ]
    return {
        name: _own_month(grid, summing, name)
        if name in OF_THE_MONTH
        else weights.mean(grid.spread(name), grid.months, summing)
        for name in regressors
    }


def _own_month(grid: _Grid, summing: Summing, name: str) -> np.ndarray:
    month = grid.frame.groupby("ds")[name].first().reindex(grid.months).to_numpy()
    return np.broadcast_to(month, (len(summing.ids), len(month)))


def _mean(values: np.ndarray, matrix: sparse.csr_matrix, weights: np.ndarray) -> np.ndarray:
    """Weighted mean over the bottoms that have a value and a weight; the plain mean of those where all weights are zero."""
    known = (np.isfinite(values) & np.isfinite(weights)).astype(float)
    filled, weighted = known * np.nan_to_num(values), known * np.nan_to_num(weights)
    sales, count = matrix @ weighted, matrix @ known
    plain = (matrix @ filled) / np.where(count > 0, count, np.nan)
    return np.where(
        sales > 0, (matrix @ (weighted * filled)) / np.where(sales > 0, sales, 1.0), plain
    )


def _long(columns: Mapping[str, np.ndarray], summing: Summing, grid: _Grid) -> pd.DataFrame:
    """Rows of every series in the months in which any of its bottoms is there, columns in the frame's order."""
    row, column = np.nonzero(summing.matrix @ grid.there)
    frame = pd.DataFrame({"unique_id": summing.ids.to_numpy()[row], "ds": grid.months[column]})
    return frame.assign(**{name: values[row, column] for name, values in columns.items()})[
        list(grid.frame.columns)
    ]
