"""Levels of the business: the `series` table, the summing matrix, the panel of all levels.

An id is built by `unique_id` alone and never parsed: the `series` table has the members.
Regressors of an aggregate are weighted by sales of at least `lag` months before, so that no
forecast made within the lag sees what was sold after its cutoff.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import SEASON, holidays

if TYPE_CHECKING:
    from scipy import sparse

DESCRIBING = ("unique_id", "level", "label")  # columns of `series` that are not dimensions
OF_THE_MONTH = ("trading_days", *holidays.WINDOWS)  # regressors that are the same for every series


class Summing(NamedTuple):
    """Which bottom series make up which series: `matrix @ bottoms` gives every series.

    matrix: (n_series, n_bottom) of zeros and ones; ids: unique_ids of its rows, in the order of the
    `series` table; bottom_ids: unique_ids of its columns; bottom: (n_bottom,) their rows.
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
    r"""Id of the series of `members`, in the order of the level's dimensions, at `level`.

    A backslash before ``/`` and ``\`` in a member (and before ``:`` in a level's name) keeps ids
    unique for any names.

    >>> unique_id("total", {})
    'total'
    >>> unique_id("line_region", {"line": "Pots/Pans", "region": "North"})
    'line_region:Pots\\/Pans/North'
    """
    head = re.sub(r"[\\:]", r"\\\g<0>", level)
    tail = "/".join(re.sub(r"[\\/]", r"\\\g<0>", str(each)) for each in members.values())
    return f"{head}:{tail}" if members else head


def build_series(bottom_keys: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Series table of all `levels`, in their order, members sorted.

    `bottom_keys` has a row per combination of dimensions (repeated rows are ignored). A dimension
    that a level sums over is null. Two levels that give the same series still give two rows.

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
        _level_series(bottom_keys, name, crossed, dimensions) for name, crossed in levels.items()
    ]
    return pd.concat(parts, ignore_index=True)


def list_levels(series: pd.DataFrame) -> dict[str, list[str]]:
    """Dimensions that each level of a series table crosses, in the table's order, bottom last.

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
    """Summing matrix of the series table, (n_series, n_bottom), with ids of rows and columns.

    Raises `SalesForecastError` where a bottom series has no series to go into at some level.
    """
    from scipy import sparse  # slow to import

    series = series.loc[series["level"].isin(list(levels))].reset_index(drop=True)
    bottom = np.flatnonzero(series["level"].eq(list(levels)[-1]).to_numpy())
    parents = [_parents(series, bottom, name, list(crossed)) for name, crossed in levels.items()]
    rows = np.concatenate(parents)
    places = rows, np.tile(np.arange(len(bottom)), len(levels))
    matrix = sparse.csr_matrix((np.ones(len(rows)), places), shape=(len(series), len(bottom)))
    ids = pd.Index(series["unique_id"])
    return Summing(matrix, ids, ids[bottom], bottom)


def aggregate(
    frame: pd.DataFrame,
    series: pd.DataFrame,
    levels: Mapping[str, Sequence[str]],
    *,
    lag: int = SEASON,
    sold: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Panel of all levels from that of the bottom, or its future with the panel in `sold`.

    y and y_raw are summed, from each series' first month on. A month is null where it is missing
    for the whole unit, and only there. Trading days and festivals are the month's own. Every other
    regressor is the mean over the bottom series that have one, weighted by y_raw of the 12 months
    that end `lag` months before (of the aggregate's first month, while it is younger). `lag` is the
    horizon: then no regressor of a forecast month depends on sales after the cutoff. A bottom
    series that began since has no weight yet.

    Raises `SalesForecastError` for an id that is no bottom series, or a month that is null for some
    bottom series only.
    """
    summing = summing_matrix(series, levels)
    grid = _Grid.of(frame, summing.bottom_ids)
    known = grid if sold is None else _Grid.of(sold, summing.bottom_ids)
    weights = _Weights.of(known, lag)
    columns = {}
    for name in frame.columns.drop(["unique_id", "ds"]):
        if name in ("y", "y_raw"):
            columns[name] = _sum(grid, summing, name)
        elif name in OF_THE_MONTH:
            month = frame.groupby("ds")[name].first().reindex(grid.months).to_numpy()
            columns[name] = np.broadcast_to(month, (len(summing.ids), len(month)))
        else:
            columns[name] = weights.mean(grid.spread(name), grid.months, summing)
    there = summing.matrix @ grid.there > 0
    return long_rows(summing.ids, grid.months, there, columns)[list(frame.columns)]


def coherence_gap(
    frame: pd.DataFrame,
    series: pd.DataFrame,
    levels: Mapping[str, Sequence[str]],
    *,
    value: str = "y_hat",
) -> float:
    """Largest relative gap between a series and the sum of its bottoms; 0 where everything adds up.

    gap = |series - sum| / max(|series|, sum of |bottoms|), over every combination of stage, cutoff
    and ds, as far as the frame has them. A series without a row counts as zero; months that are
    null for all series are skipped, one that is null for some only is infinitely far off.
    """
    by = [name for name in ("stage", "cutoff", "ds") if name in frame.columns]
    summing = summing_matrix(series, levels)
    wide = frame.pivot(index="unique_id", columns=by, values=value)
    null = frame[value].isna()
    missing = null.groupby([frame[name] for name in by], dropna=False).agg(["all", "any"])
    if (missing["any"] & ~missing["all"]).any():
        return float("inf")
    values = wide.reindex(summing.ids).fillna(0.0).to_numpy()
    bottoms = values[summing.bottom]
    scale = np.maximum(np.abs(values), summing.matrix @ np.abs(bottoms))
    gap = np.abs(values - summing.matrix @ bottoms)
    return float(np.max(gap / np.where(scale > 0, scale, 1.0), initial=0.0))


def _check_keys(
    bottom_keys: pd.DataFrame, dimensions: list[str], levels: Mapping[str, Sequence[str]]
) -> None:
    missing = sorted({name for crossed in levels.values() for name in crossed} - set(dimensions))
    if missing:
        where = "The bottom's combinations"
        raise SalesForecastError.missing_columns(missing, bottom_keys.columns, where)
    null = [name for name in dimensions if bottom_keys[name].isna().any()]
    if null:
        raise SalesForecastError.of(
            f"Rows have no member of {shorten(null)}",
            "Every row belongs to one member of each dimension, so that the bottom series make up "
            "the whole",
            "Give such rows a member in cleaning, e.g. 'unknown'",
        )


def _level_series(
    keys: pd.DataFrame, level: str, crossed: Sequence[str], dimensions: list[str]
) -> pd.DataFrame:
    names = list(crossed)
    members = keys[names].drop_duplicates().sort_values(names) if names else keys.iloc[:1]
    rows = members[names].to_dict("records") if names else [{}]
    series: dict[str, Any] = {
        "unique_id": [unique_id(level, row) for row in rows],
        "level": level,
        "label": [" · ".join(map(str, row.values())) or "All" for row in rows],
    }
    none = [None] * len(rows)
    for name in dimensions:
        series[name] = members[name].to_numpy(object) if name in names else none
    return pd.DataFrame(series, dtype=object)


def _parents(
    series: pd.DataFrame, bottom: np.ndarray, level: str, crossed: list[str]
) -> np.ndarray:
    """Row in `series` of the series at `level` that each bottom series adds into, (n_bottom,)."""
    rows = np.flatnonzero(series["level"].eq(level).to_numpy())
    members = list(map(tuple, series[crossed].to_numpy(dtype=object)))
    at = {members[row]: row for row in rows}
    wanted = [members[row] for row in bottom]
    orphans = [row for row, key in zip(bottom, wanted, strict=True) if key not in at]
    if orphans:
        raise SalesForecastError.of(
            f"Level '{level}' has no series for {shorten(series['unique_id'].iloc[orphans])}",
            "Every bottom series adds into one series of each level",
            "Build the series table with `build_series`",
        )
    return np.array([at[key] for key in wanted], dtype=np.intp)


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
            raise SalesForecastError.of(
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
        months = shorten(grid.months[partly].strftime("%Y-%m"))
        raise SalesForecastError.of(
            f"`{name}` is null for some series only in {months}",
            "A month is missing for the whole unit or not at all",
            "Fill such months with `fill_gaps`, or count them as zero",
        )
    return np.where(missing, np.nan, summing.matrix @ np.nan_to_num(values))


@dataclass(frozen=True)
class _Weights:
    """Weights of the bottom series' regressors.

    sales: of 12 months through each month of the panel, (n_bottom, n_months); begun: (n_bottom,)
    columns of their first months; start: the panel's first month, in months since 1970.
    """

    sales: np.ndarray
    begun: np.ndarray
    start: int
    lag: int

    @classmethod
    def of(cls, grid: _Grid, lag: int) -> _Weights:
        """Weights from y_raw of the bottom panel, which has every month."""
        sold = np.pad(np.nan_to_num(grid.spread("y_raw")), ((0, 0), (SEASON - 1, 0)))
        trailing = sliding_window_view(sold, SEASON, axis=1).sum(axis=2)
        there = grid.there > 0
        begun = np.where(there.any(axis=1), there.argmax(axis=1), there.shape[1])
        return cls(trailing.clip(min=0.0), begun, int(_count_months(grid.months)[0]), lag)

    def mean(self, values: np.ndarray, months: pd.DatetimeIndex, summing: Summing) -> np.ndarray:
        """Weighted mean (n_series, n_months) of the known values (n_bottom, n_months)."""
        matrix, upper = summing.matrix, summing.upper
        means = np.full((len(summing.ids), len(months)), np.nan)
        means[summing.bottom] = values
        first = np.minimum.reduceat(self.begun[matrix.indices], matrix.indptr[:-1])[upper]
        ready = _count_months(months) - self.start - self.lag
        for begin in np.unique(first):
            rows = upper[first == begin]
            used = np.unique(matrix[rows].indices)
            seen = np.clip(ready, begin, self.sales.shape[1] - 1)
            there = self.begun[used, None] <= seen
            weights = np.where(there, self.sales[used][:, seen], np.nan)
            means[rows] = _mean(values[used], matrix[rows][:, used], weights)
        return means


def _count_months(ds: pd.DatetimeIndex) -> np.ndarray:
    """Months since 1970."""
    return ds.to_numpy().astype("datetime64[M]").astype(np.int64)


def _mean(values: np.ndarray, matrix: sparse.csr_matrix, weights: np.ndarray) -> np.ndarray:
    """Weighted mean over bottom series that have a value and a weight; plain where all are zero."""
    known = (np.isfinite(values) & np.isfinite(weights)).astype(float)
    filled, weighted = known * np.nan_to_num(values), known * np.nan_to_num(weights)
    sales, count = matrix @ weighted, matrix @ known
    plain = (matrix @ filled) / np.where(count > 0, count, np.nan)
    mean = (matrix @ (weighted * filled)) / np.where(sales > 0, sales, 1.0)
    return np.where(sales > 0, mean, plain)


def long_rows(
    ids: pd.Index | pd.Series,
    months: pd.DatetimeIndex | np.ndarray,
    there: np.ndarray,
    columns: Mapping[str, np.ndarray],
) -> pd.DataFrame:
    """Rows (unique_id, ds, columns) of the series' months that are there (n_series, n_months)."""
    row, column = np.nonzero(there)
    ds = np.asarray(months).astype("datetime64[ns]")[column]
    frame = pd.DataFrame({"unique_id": ids.to_numpy()[row], "ds": ds})
    return frame.assign(**{name: values[row, column] for name, values in columns.items()})
