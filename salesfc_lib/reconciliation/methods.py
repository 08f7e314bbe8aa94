"""Reconciliation of all levels by the method with the smallest backtest error.

Combined forecasts of every series enter, or those of stage `assumed` where declared effects changed
them; coherent ones (stage `reconciled`) and the table of methods by level leave. At each earlier
cutoff a method learns only from errors of months that were over by then; all methods are compared
on the same cutoffs, each level weighing alike. What is learnt from errors is learnt by band of
months ahead. The methods are in `projection`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import ASSUMED, ENDED, Parameters, tables
from salesfc_lib.panel import Summing
from salesfc_lib.reconciliation.past_errors import BacktestErrors
from salesfc_lib.reconciliation.projection import METHODS, project

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


def reconcile_backtest(
    method: str,
    backtest: pd.DataFrame,
    panel: pd.DataFrame,
    series: pd.DataFrame,
    *,
    parameters: Parameters,
) -> pd.DataFrame:
    """Combined forecasts at earlier cutoffs as `method` would have reconciled them then.

    Rows of table `forecast`, stage `reconciled`, without intervals: at each cutoff of the backtest
    at which enough errors were known for the method, of the series that there were.
    """
    combined = backtest[backtest["stage"].eq("combined")]
    past = BacktestErrors.of(combined, panel, series, parameters.levels, rule=parameters.lifecycle)
    parts = []
    for at, cutoff in enumerate(past.cutoffs):
        there = np.isfinite(past.forecast[at]).all(axis=0)
        if there.any() and len(past.errors_by(cutoff)) >= METHODS[method].needs:
            ahead = (past.target[at] - cutoff).astype(int)
            rows, coherent = _reconcile_at(past, method, at, np.full(len(ahead), True))
            base = pd.DataFrame(coherent, past.summing.ids[rows], pd.Index(ahead, name="h"))
            parts.append(_long(coherent, base, method, pd.Timestamp(cutoff)))
    return pd.concat(parts, ignore_index=True) if parts else tables.empty("forecast")


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


def _score(past: BacktestErrors, method: str, cutoff: np.datetime64) -> pd.DataFrame:
    """Errors by level of `method` at `cutoff`, on the series there were then."""
    at = int(np.searchsorted(past.cutoffs, cutoff))
    steps = np.isfinite(past.actuals[at] - past.forecast[at]).any(axis=1)
    actuals = past.actuals[at][steps].T
    rows, coherent = _reconcile_at(past, method, at, steps)
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


def _reconcile_at(
    past: BacktestErrors, method: str, at: int, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows with a forecast at a cutoff, and their coherent forecasts as known then.

    at: place of the cutoff; steps: (n_steps,) whether a month ahead is wanted. Rows have a forecast
    of all these; the forecasts are (n_rows, n_wanted).
    """
    cutoff, base = past.cutoffs[at], past.forecast[at][steps].T
    rows, summing = _there(past.summing, np.isfinite(base).all(axis=1))
    signed, ended = past.ever_negative(cutoff)[rows], past.ended_by(cutoff)[rows]
    coherent, ahead = base[rows], (past.target[at][steps] - cutoff).astype(int)
    for months, errors in past.bands(method, cutoff, ahead):
        coherent[:, months] = project(
            coherent[:, months], summing, method, errors=errors[:, rows], signed=signed, ended=ended
        )
    return rows, coherent


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
    key = ["unique_id", "h"]
    if (repeated := combined.duplicated(key, keep=False)).any():
        examples = combined.loc[repeated, "unique_id"].unique()
        where = f"Combined forecast of {now:%Y-%m}"
        raise SalesForecastError.duplicate_keys(key, examples, int(repeated.sum()), where)
    wide = combined.pivot(index="unique_id", columns="h", values="y_hat").sort_index(axis=1)
    lacking = ids[wide.reindex(ids).isna().any(axis=1).to_numpy()] if wide.shape[1] else ids
    unknown = wide.index.difference(ids)
    if len(lacking) or len(unknown):
        wrong = f"Combined forecast of {now:%Y-%m} lacks {shorten(lacking)}"
        if not len(lacking):
            wrong = (
                f"Combined forecast of {now:%Y-%m} has {shorten(unknown)}, which the series table "
                "has not"
            )
        raise SalesForecastError.of(
            wrong,
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
