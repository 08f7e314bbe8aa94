"""Forecasts at earlier cutoffs beside what happened: what a method of reconciliation learns from.

A backtest and the panel enter; errors leave, a vector a month, by the month in which they were
known and by months ahead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.foundation import schema
from salesfc_lib.panel import Summing, count_silent, summing_matrix
from salesfc_lib.reconciliation.projection import METHODS

USUAL = schema.Lifecycle()
# first and last month ahead of the bands that have a covariance of their own
BANDS = ((1, 3), (4, 6), (7, 10**6))


@dataclass(frozen=True)
class BacktestErrors:
    """Forecasts at earlier cutoffs and actuals of all series; months are datetime64[M].

    level: (n_series,); cutoffs: (n_cutoffs,); target: months forecast, (n_cutoffs, n_steps);
    forecast and actuals: (n_cutoffs, n_steps, n_series), null where there is none; months:
    (n_months,); actual: (n_months, n_series), null where missing or before the first sale.
    """

    summing: Summing
    level: np.ndarray
    cutoffs: np.ndarray
    target: np.ndarray
    forecast: np.ndarray
    actuals: np.ndarray
    months: np.ndarray
    actual: np.ndarray
    rule: schema.Lifecycle

    @classmethod
    def of(
        cls,
        backtest: pd.DataFrame,
        panel: pd.DataFrame,
        series: pd.DataFrame,
        levels: Mapping[str, list[str]],
        *,
        rule: schema.Lifecycle = USUAL,
    ) -> BacktestErrors:
        """Backtest (unique_id, cutoff, h, y_hat) beside the panel's y_raw."""
        summing = summing_matrix(series, levels)
        wide = panel.pivot(index="ds", columns="unique_id", values="y_raw")
        months = wide.index.to_numpy().astype("datetime64[M]")
        actual = wide.reindex(columns=summing.ids).to_numpy(dtype=float)
        known = backtest.loc[backtest["unique_id"].isin(summing.ids)]
        cutoffs, forecast, steps = _lay_out(known, summing.ids)
        target = cutoffs[:, None] + steps
        place = np.searchsorted(months, target).clip(max=len(months) - 1)
        actuals = np.where((months[place] == target)[:, :, None], actual[place], np.nan)
        level = series.set_index("unique_id")["level"].reindex(summing.ids).to_numpy()
        return cls(summing, level, cutoffs, target, forecast, actuals, months, actual, rule)

    @property
    def judged(self) -> np.ndarray:
        """Cutoffs at which a forecast has its actual."""
        return self.cutoffs[np.isfinite(self.actuals - self.forecast).any(axis=(1, 2))]

    def errors_by(
        self, month: np.datetime64, band: tuple[int, int] = (1, BANDS[-1][1])
    ) -> np.ndarray:
        """Errors actual - forecast of months over at `month`, (n_vectors, n_series).

        A vector a month, the mean of all forecasts of it that were made within a band of months
        ahead: errors of one month made at several cutoffs are no further evidence.
        """
        ahead = (self.target - self.cutoffs[:, None]).astype(int)
        taken = (self.target <= month) & (ahead >= band[0]) & (ahead <= band[1])
        errors, of_month = (self.actuals - self.forecast)[taken], self.target[taken]
        known = np.isfinite(errors)
        months, place = np.unique(of_month[known.any(axis=1)], return_inverse=True)
        sums, count = np.zeros((2, len(months), errors.shape[1]))
        np.add.at(sums, place, np.where(known, errors, 0.0)[known.any(axis=1)])
        np.add.at(count, place, known[known.any(axis=1)])
        return np.where(count > 0, sums / count.clip(1), np.nan)

    def bands(
        self, method: str, month: np.datetime64, ahead: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Places of months `ahead` with the errors known at `month` that a method learns from.

        By band, where the method learns from errors and the band has enough of them, else all.
        """
        every, needs = self.errors_by(month), METHODS[method].needs
        if not needs:
            yield np.arange(len(ahead)), every
            return
        for band in BANDS:
            steps = np.flatnonzero((ahead >= band[0]) & (ahead <= band[1]))
            own = self.errors_by(month, band)
            if len(steps):
                yield steps, own if len(own) >= needs else every

    def ever_negative(self, month: np.datetime64) -> np.ndarray:
        """Whether a series was negative in any month through `month`, (n_series,)."""
        return np.any(self.actual[self.months <= month] < 0, axis=0)

    def ended_by(self, month: np.datetime64) -> np.ndarray:
        """Whether a series has come to an end by `month`, (n_series,)."""
        known = pd.DataFrame(self.actual[self.months <= month], columns=self.summing.ids)
        return self.summing.ids.isin(count_silent(known, self.rule).index)


def _lay_out(backtest: pd.DataFrame, ids: pd.Index) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cutoffs (n_cutoffs,), forecasts (n_cutoffs, n_steps, n_series), steps (n_steps,)."""
    made_in = backtest["cutoff"].to_numpy().astype("datetime64[M]")
    cutoffs, row = np.unique(made_in, return_inverse=True)
    steps, column = np.unique(backtest["h"].to_numpy().astype(int), return_inverse=True)
    forecast = np.full((len(cutoffs), len(steps), len(ids)), np.nan)
    place = ids.get_indexer(backtest["unique_id"])
    forecast[row, column, place] = backtest["y_hat"].to_numpy(dtype=float)
    return cutoffs, forecast, steps
