"""Reconciliation of all levels by the method with the smallest backtest error.

Combined forecasts of every series enter, or those of stage `assumed` where declared effects changed
them; coherent ones (stage `reconciled`) and the table of methods by level leave. At each earlier
cutoff a method learns only from errors of months that were over by then; all methods are compared
on the same cutoffs, each level weighing alike. What is learnt from errors is learnt by band of
months ahead. The methods are in `projection`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import ASSUMED, ENDED, Parameters, schema, tables
from salesfc_lib.panel import Summing, count_silent, summing_matrix
from salesfc_lib.reconciliation.projection import METHODS, project

USUAL = schema.Lifecycle()
# first and last month ahead of the bands that have a covariance of their own
BANDS = ((1, 3), (4, 6), (7, 10**6))
# of the least error, within which methods are level. Not tuned
TIE = 0.02
# cutoffs at which a method that learns from errors must have enough of them to be judged
MIN_CUTOFFS = 2


def reconcile(  # noqa: PLR0913  four frames, and what the month is judged by
    combined: pd.DataFrame,
    backtest: pd.DataFrame,
    panel: pd.DataFrame,
    series: pd.DataFrame,
    *,
    parameters: Parameters,
    month: str,
    before: str | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Coherent forecasts at `month` (stage `reconciled`) and the table `reconciliation`.

    `before` is the method of the month before, which stays while it is level with the best.

    combined, backtest: rows of table `forecast` of every series of every level, at the month and at
    earlier cutoffs; other stages and cutoffs in either frame are ignored. Of combined those of
    stage `assumed` are taken where there are any, and what an effect ended stays at zero. panel:
    all levels; actuals are y_raw. Methods that cannot be judged stand in the table with n = 0;
    without any backtest the method is bottom-up.

    Raises `SalesForecastError` where a series has no combined forecast for some month.
    """
    cutoff, now = pd.Timestamp(month), np.datetime64(month, "M")
    methods, rule = parameters.reconcile.methods, parameters.lifecycle
    earlier = backtest[backtest["stage"].eq("combined") & (backtest["cutoff"] < cutoff)]
    known = panel.loc[panel["ds"] <= cutoff]
    past = BacktestErrors.of(earlier, known, series, parameters.levels, rule=rule)
    table = choose_method(judge_methods(past, methods), methods, before)
    chosen = str(table.loc[table["chosen"], "method"].iat[0])
    stage = "assumed" if combined["stage"].eq("assumed").any() else "combined"
    rows = combined[combined["stage"].eq(stage) & combined["cutoff"].eq(cutoff)]
    base = _base(rows, past.summing.ids, cutoff)
    signed, values = past.ever_negative(now), base.to_numpy(copy=True)
    for steps, errors in past.bands(chosen, now, base.columns.to_numpy()):
        part = base.iloc[:, steps]
        for ended, months in _months_by_ended(past.ended_by(now), rows, part):
            at = steps[months]
            values[:, at] = project(
                values[:, at], past.summing, chosen, errors=errors, signed=signed, ended=ended
            )
    return _long(values, base, chosen, cutoff), table


def choose_method(
    scores: pd.DataFrame, methods: Sequence[str], before: str | None = None
) -> pd.DataFrame:
    """Table `reconciliation` with `chosen`: the lowest mean of the levels' WAPE.

    `before` stays while it is within 2 % of it, so that the method does not change from month to
    month by chance. Where none was judged: bottom-up, or the one method that the parameters name
    if it needs no errors.
    """
    error = mean_wape(scores)
    if error.notna().any():
        level = error.index[error <= error.min() * (1 + TIE)]
        best = before if before in level else error.reindex(methods).idxmin()
        return scores.assign(chosen=scores["method"].eq(best))
    only = methods[0] if len(methods) == 1 and METHODS[methods[0]].needs == 0 else "bottom_up"
    if only not in set(scores["method"]):
        added = _unjudged(only, scores["level"].to_numpy())
        scores = pd.concat([scores, added], ignore_index=True)
    return scores.assign(chosen=scores["method"].eq(only))


def mean_wape(reconciliation: pd.DataFrame) -> pd.Series:
    """Mean of the levels' WAPE by method; null where a method was not judged.

    A level's WAPE is pooled (sum of |forecast - actual| over sum of |actual|); levels without sales
    are left out.
    """
    size = reconciliation["denominator"]
    wape = reconciliation["numerator"] / size.where(size > 0)
    return wape.groupby(reconciliation["method"], sort=False).mean()


def judge_methods(past: BacktestErrors, methods: Sequence[str]) -> pd.DataFrame:
    """Errors of each method by level at the cutoffs that all judged methods share.

    Columns of `reconciliation` without `chosen`; n = 0 where a method was not judged. A method that
    learns from errors is judged if it has enough of them at two cutoffs.
    """
    vectors = {cutoff: len(past.errors_by(cutoff)) for cutoff in past.judged}
    known = {}
    for name in methods:
        needs = METHODS[name].needs
        cutoffs = {cutoff for cutoff, n in vectors.items() if n >= needs}
        if len(cutoffs) >= (MIN_CUTOFFS if needs else 1):
            known[name] = cutoffs
    common = sorted(set.intersection(*known.values())) if known else []
    parts = [_score(past, name, cutoff) for name in known for cutoff in common]
    scores = pd.concat([*(_unjudged(name, past.level) for name in methods), *parts])
    sums = scores.groupby(["method", "level"], sort=False, as_index=False)
    return sums[["numerator", "denominator", "n"]].sum()


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


def _score(past: BacktestErrors, method: str, cutoff: np.datetime64) -> pd.DataFrame:
    """Errors by level of `method` at `cutoff`, on the series there were then."""
    at = np.searchsorted(past.cutoffs, cutoff)
    steps = np.isfinite(past.actuals[at] - past.forecast[at]).any(axis=1)
    base, actuals = past.forecast[at][steps].T, past.actuals[at][steps].T
    rows, summing = _there(past.summing, np.isfinite(base).all(axis=1))
    signed, ended = past.ever_negative(cutoff)[rows], past.ended_by(cutoff)[rows]
    coherent = base[rows]
    ahead = (past.target[at][steps] - cutoff).astype(int)
    for months, errors in past.bands(method, cutoff, ahead):
        coherent[:, months] = project(
            coherent[:, months], summing, method, errors=errors[:, rows], signed=signed, ended=ended
        )
    gap = np.abs(coherent - actuals[rows])
    size = np.where(np.isnan(gap), 0.0, np.abs(actuals[rows]))
    columns = {
        "method": method,
        "level": past.level[rows],
        "numerator": np.nansum(gap, axis=1),
        "denominator": size.sum(axis=1),
        "n": np.isfinite(gap).sum(axis=1),
    }
    return pd.DataFrame(columns)


def _there(summing: Summing, known: np.ndarray) -> tuple[np.ndarray, Summing]:
    """Rows with a forecast that sum over a bottom with a forecast, and their summing matrix."""
    columns = known[summing.bottom]
    matrix = summing.matrix[:, columns]
    rows = np.flatnonzero(known & (np.asarray(matrix.sum(axis=1)).ravel() > 0))
    bottom = np.searchsorted(rows, summing.bottom[columns])
    return rows, Summing(matrix[rows], summing.ids[rows], summing.bottom_ids[columns], bottom)


def _unjudged(method: str, level: np.ndarray) -> pd.DataFrame:
    levels = list(dict.fromkeys(level))
    nothing = {"numerator": 0.0, "denominator": 0.0, "n": 0}
    return pd.DataFrame({"method": method, "level": levels, **nothing})


def _months_by_ended(
    silent: np.ndarray, rows: pd.DataFrame, base: pd.DataFrame
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Series that are held at zero, (n_series,), with the columns of `base` in which it is these.

    Those that ended by their sales (`silent`), unless a declared effect expects sales of them, and
    those that an effect ended.
    """
    held = np.repeat(silent[:, None], base.shape[1], axis=1)
    if rows["model"].isin([ASSUMED, ENDED]).any():
        model = rows.pivot(index="unique_id", columns="h", values="model")
        model = model.reindex(index=base.index, columns=base.columns)
        expected = (model.eq(ASSUMED) & base.gt(0)).to_numpy()
        held = (held & ~expected) | model.eq(ENDED).to_numpy()
    kinds, kind = np.unique(held, axis=1, return_inverse=True)
    return [(ended, np.flatnonzero(kind.ravel() == k)) for k, ended in enumerate(kinds.T)]


def _base(combined: pd.DataFrame, ids: pd.Index, now: pd.Timestamp) -> pd.DataFrame:
    """Combined forecasts at `now` by unique_id and h, complete."""
    key, table = ["unique_id", "h"], f"Combined forecast of {now:%Y-%m}"
    if (repeated := combined.duplicated(key, keep=False)).any():
        examples = combined.loc[repeated, "unique_id"].unique()
        raise SalesForecastError.duplicate_keys(key, examples, int(repeated.sum()), table)
    wide = combined.pivot(index="unique_id", columns="h", values="y_hat").sort_index(axis=1)
    lacking = ids[wide.reindex(ids).isna().any(axis=1).to_numpy()] if wide.shape[1] else ids
    unknown = wide.index.difference(ids)
    if len(lacking) or len(unknown):
        wrong = f"has {shorten(unknown)}, which the series table has not"
        raise SalesForecastError.of(
            f"{table} {f'lacks {shorten(lacking)}' if len(lacking) else wrong}",
            f"One forecast of each of the {len(ids)} series for each month of the horizon",
            "Look into the table `failures`: every series needs one candidate that works at "
            "this cutoff",
        )
    return wide.reindex(ids)


def _long(values: np.ndarray, base: pd.DataFrame, method: str, now: pd.Timestamp) -> pd.DataFrame:
    """Forecast rows in the order of the series, intervals null."""
    wide = pd.DataFrame(values, base.index, base.columns)
    rows = wide.stack(future_stack=True).rename("y_hat").reset_index()
    months = {step: now + pd.DateOffset(months=int(step)) for step in base.columns}
    labels = {"stage": "reconciled", "model": method, "cutoff": now, "ds": rows["h"].map(months)}
    return tables.build(rows.assign(**labels), "forecast")
