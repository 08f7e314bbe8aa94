"""The panel of all levels, from that of the bottom.

Regressors of an aggregate are weighted by sales of at least `lag` months before, so that no
forecast made within the lag sees what was sold after its cutoff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import SEASON, holidays
from salesfc_lib.panel.hierarchy import Summing, summing_matrix

if TYPE_CHECKING:
    from scipy import sparse

OF_THE_MONTH = ("trading_days", *holidays.WINDOWS)  # regressors that are the same for every series


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
