"""Sample paths of coming sales: coherent, never negative, and alike in bytes each time.

The published forecast, the backtest and the panel enter; `Paths` leave: what every decision takes
its ranges from. A path is one possible course of all bottom series over all months; a total of a
path is the sum of its parts, and a range of a sum is one of sums of paths.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import tables
from salesfc_lib.handover.decisions.margins import rank, shuffle
from salesfc_lib.handover.decisions.trajectories import (
    draw_scores,
    list_trajectories,
    share_in_common,
)
from salesfc_lib.panel import DESCRIBING, summing_matrix

COUNT = 500
_BOUNDS = ["lo-95", "lo-80", "y_hat", "hi-80", "hi-95"]


@dataclass(frozen=True)
class Paths:
    """Courses of coming sales, (n_paths, n_series, n_months) of float32, by series and month."""

    values: np.ndarray
    ids: pd.Index
    months: pd.DatetimeIndex

    def of(self, ids: Sequence[str]) -> Paths:
        """The paths of these series, in this order."""
        place = self.ids.get_indexer(pd.Index(ids))
        if (place < 0).any():
            raise SalesForecastError.of(
                f"There are no paths of {shorten(pd.Index(ids)[place < 0])}",
                f"Series that paths were drawn for, such as {shorten(self.ids)}",
                "Ask for bottom series, or sum them to a level with `at_level` first",
            )
        return Paths(self.values[:, place], pd.Index(ids), self.months)

    def total(
        self, ids: Sequence[str] | None = None, months: slice | Sequence[int] = slice(None)
    ) -> np.ndarray:
        """Sum of each path over series (None: all) and months (places from 0), (n_paths,)."""
        values = self.values if ids is None else self.of(ids).values
        return np.asarray(values[:, :, months].sum(axis=(1, 2), dtype=np.float64))

    def quantile(
        self,
        share: float | Sequence[float],
        ids: Sequence[str] | None = None,
        months: slice | Sequence[int] = slice(None),
    ) -> np.ndarray:
        """Quantiles of the sum over series and months."""
        return np.asarray(np.quantile(self.total(ids, months), share))

    def interval(
        self,
        level: int,
        ids: Sequence[str] | None = None,
        months: slice | Sequence[int] = slice(None),
    ) -> tuple[float, float]:
        """Bounds of the sum, of which at least `level` percent of the paths lie within."""
        low, high = bound(self.total(ids, months), level)
        return float(low), float(high)

    def scaled(self, factor: pd.Series) -> Paths:
        """Each series times its factor by unique_id: a price, or pieces for a unit of money."""
        values = self.values * factor.reindex(self.ids).to_numpy(dtype=np.float32)[:, None]
        return Paths(values, self.ids, self.months)

    def at_level(
        self, series: pd.DataFrame, levels: Mapping[str, Sequence[str]], level: str
    ) -> Paths:
        """Sums by the series of `level`, of paths of the bottom."""
        summing = summing_matrix(series, levels)
        own = series.loc[series["level"].eq(level), "unique_id"]
        rows = summing.ids.get_indexer(own)
        matrix = summing.matrix[rows].astype(np.float32)
        place = self.ids.get_indexer(summing.bottom_ids)
        flat = self.values[:, place].transpose(1, 0, 2).reshape(len(place), -1)
        shape = (len(rows), *self.values.shape[::2])
        values = (matrix @ flat).reshape(shape).transpose(1, 0, 2)
        return Paths(values, summing.ids[rows], self.months)

    def rows(self) -> pd.DataFrame:
        """Table `paths`."""
        count, series, months = self.values.shape
        columns = {
            "unique_id": np.tile(np.repeat(self.ids.to_numpy(), months), count),
            "ds": np.tile(self.months.to_numpy(), count * series),
            "path": np.repeat(np.arange(1, count + 1), series * months),
            "y": self.values.reshape(-1),
        }
        return tables.build(pd.DataFrame(columns), "paths")

    @classmethod
    def read(cls, rows: pd.DataFrame) -> Paths:
        """Paths of a table `paths`."""
        count, months = int(rows["path"].max()), pd.DatetimeIndex(rows["ds"].unique())
        ids = pd.Index(rows["unique_id"].unique())
        values = rows["y"].to_numpy(np.float32).reshape(count, len(ids), len(months))
        return cls(values, ids, months)


def bound(values: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Bounds over the first axis, paths, that `level` percent of them lie within, half of the rest
    on each side: values of paths themselves, so that whole pieces stay whole.
    """
    tail = (1 - level / 100) / 2
    low = np.quantile(values, tail, axis=0, method="inverted_cdf")
    return low, np.quantile(values, 1 - tail, axis=0, method="higher")


def draw_paths(
    published: pd.DataFrame,
    backtest: pd.DataFrame,
    panel: pd.DataFrame,
    series: pd.DataFrame,
    *,
    bottom: str,
    count: int = COUNT,
) -> Paths:
    """Paths of the bottom series through the months of the published forecast.

    published: final rows of table `forecast`, of one cutoff, with their intervals; backtest: rows
    of earlier cutoffs (`reconcile_backtest`, else stage combined); bottom: its level. What goes
    together comes from the errors of the backtest, sizes come from the published intervals.

    Raises `SalesForecastError` where a bottom series lacks a month.
    """
    ids = pd.Index(series.loc[series["level"].eq(bottom), "unique_id"])
    in_order, ids = ids, ids.sort_values()  # the same paths, however the series are ordered
    quantiles, months = _lay_out(published, ids)
    trajectories = list_trajectories(backtest, panel, ids, len(months))
    dice = np.random.default_rng(_seed(quantiles, trajectories.errors))
    common = 0.0
    if len(whole := _whole(series)):
        of_whole = _deviation(_lay_out(published, whole)[0])[0]
        common = share_in_common(trajectories, _deviation(quantiles), of_whole)
    scores = draw_scores(trajectories, count, dice, common=common)
    return Paths(shuffle(scores, quantiles, quantiles[..., 2]), ids, months).of(in_order)


def _whole(series: pd.DataFrame) -> pd.Index:
    """The series of the whole unit; none where no level is."""
    names = [name for name in series.columns if name not in DESCRIBING]
    return pd.Index(series.loc[series[names].isna().all(axis=1), "unique_id"])[:1]


def _deviation(quantiles: np.ndarray) -> np.ndarray:
    """Standard deviation of the published margins."""
    return np.asarray(rank(200, quantiles, quantiles[..., 2]).std(axis=0, dtype=float))


def _lay_out(published: pd.DataFrame, ids: pd.Index) -> tuple[np.ndarray, pd.DatetimeIndex]:
    """Published quantiles (n_series, horizon, 5); without an interval the forecast is certain."""
    rows = published[published["unique_id"].isin(ids)]
    months = pd.DatetimeIndex(np.sort(rows["ds"].unique()))
    found = np.full((len(ids), len(months), len(_BOUNDS)), np.nan)
    place = ids.get_indexer(rows["unique_id"]), months.get_indexer(rows["ds"])
    found[place] = rows[_BOUNDS].to_numpy(dtype=float)
    lacking = ids[np.isnan(found[..., 2]).any(axis=1)]
    if len(lacking) or not len(months):
        raise SalesForecastError.of(
            f"The published forecast lacks months of {shorten(lacking)}",
            f"A forecast of each of {len(ids)} bottom series for each month of the horizon",
            "Publish the month again",
        )
    return np.where(np.isnan(found), found[..., 2:3], found), months


def _seed(quantiles: np.ndarray, errors: np.ndarray) -> list[int]:
    """Seed of what the paths are drawn from: the same content gives the same paths."""
    return [*hashlib.sha256(quantiles.tobytes() + errors.tobytes()).digest()]
