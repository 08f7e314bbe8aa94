"""The modeling step's tables, out of the arrays of a `Modeled` panel.

Of the candidates the tested cutoffs and the current one are written, not those that were only
learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from salesfc_lib.forecasting import metrics
from salesfc_lib.forecasting.alignment import align
from salesfc_lib.forecasting.backtest.backtest import CandidateFailure
from salesfc_lib.forecasting.backtest.plausibility import refusal_of
from salesfc_lib.forecasting.bare_panel import check_horizon, read_future, read_panel
from salesfc_lib.forecasting.candidates.registry import BASELINE, BOOSTING
from salesfc_lib.forecasting.forecast import Modeled, model_history
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.intervals import LEVELS
from salesfc_lib.forecasting.reasons import (
    BacktestFact,
    describe_fallback,
    describe_limit,
    weight_reason,
)
from salesfc_lib.foundation import INTERVALS, SEASON, Parameters, defaults, say, say_all, tables

COMBINATION = "combination"
WEIGHTS = ["unique_id", "model", "weight", "backtest_error", "reason"]
FORECAST = ["unique_id", "stage", "model", "cutoff", "ds", "h", "y_hat"]


def forecast_panel(
    panel: pd.DataFrame,
    *,
    horizon: int = SEASON,
    future: pd.DataFrame | None = None,
    levels: Sequence[int] = (50, 80, 95),
    parameters: Parameters | None = None,
) -> pd.DataFrame:
    """Forecasts with the defaults or with `parameters`: unique_id, ds, h, y_hat, and lo- and hi- of
    each level.

    `panel` holds unique_id, ds (first of a month), y and regressors, `future` the regressors of the
    coming months; each series may end at a month of its own. Series without any value have no rows.
    A series without a value for a year or more begins anew after it, and a month more than 100
    times all months before it is taken as unknown.

    Raises `SalesForecastError` for what is no such panel: `bare_panel` and `align` say what.
    """
    horizon, panel = check_horizon(horizon), read_panel(panel)
    future = None if future is None else read_future(future, panel)
    history = align(panel, future, horizon=horizon)
    modeled = model_history(history, parameters or defaults(), horizon=horizon)
    rows = _rows(history, {0: modeled.combined[0]}, COMBINATION, {0: modeled.bounds(levels)})
    return rows.drop(columns=["model", "cutoff"])


def list_candidates(modeled: Modeled) -> pd.DataFrame:
    """Table candidate_forecast; the boosted median is among the candidates."""
    candidates = modeled.candidates
    places = {back: candidates.backs.index(back) for back in (*candidates.tested, 0)}
    parts = [
        _rows(candidates.history, {back: values[place] for back, place in places.items()}, name)
        for name, values in candidates.values.items()
    ]
    parts.append(_rows(candidates.history, modeled.boosted, BOOSTING))
    return pd.concat(parts, ignore_index=True)


def list_failures(modeled: Modeled) -> pd.DataFrame:
    """Table failures: a row per series, candidate and cutoff without a forecast."""
    history, failures = modeled.candidates.history, modeled.candidates.failures
    found = pd.DataFrame(list(failures), columns=CandidateFailure._fields)
    rows, backs = found["row"].to_numpy(int), found["back"].to_numpy(int)
    found = found.assign(unique_id=history.ids[rows], cutoff=history.last[rows] - backs)
    return tables.build(found.sort_values(["unique_id", "model", "cutoff"]), "failures")


def list_weights(modeled: Modeled) -> pd.DataFrame:
    """Table weights with reasons, also of candidates that failed now or were stopped early."""
    candidates, ids = modeled.candidates, modeled.candidates.history.ids
    rows = [line for row in range(len(ids)) for line in _weights_of(modeled, row)]
    for failure in (each for each in candidates.failures if each.back == 0):
        why = failure.error
        why = why if refusal_of(why) else say("weight.failed", error=why)
        rows.append((ids[failure.row], failure.model, 0.0, np.nan, why))
    for row, model, error, reference in candidates.stopped:
        reason = say("weight.raced_out", error=error, reference=reference)
        rows.append((ids[row], model, 0.0, np.nan, reason))
    return pd.DataFrame(rows, columns=WEIGHTS) if rows else tables.empty("weights")


def _weights_of(modeled: Modeled, row: int) -> list[tuple[str, str, float, float, str]]:
    """Rows of table weights of one series: the candidates that gave a forecast, and boosting."""
    candidates, errors, history = modeled.candidates, modeled.errors, modeled.candidates.history
    wape, cutoffs = errors.wape[:, row].tolist(), errors.cutoffs[:, row].astype(int).tolist()
    facts = [
        BacktestFact(name, float(modeled.weights[k, row]), wape[k], cutoffs[k])
        for k, name in enumerate(candidates.names)
        if np.isfinite(candidates.values[name][-1, row]).all()
    ]
    unique_id = history.ids[row]
    if silent := modeled.ended.get(row):
        reason = say("weight.ended", silent=silent)
        return [(unique_id, fact.model, 0.0, fact.wape, reason) for fact in facts]
    months = int(np.isfinite(history.y[row]).sum())
    fallback = describe_fallback(months, unit=history.y.shape[1])
    limit = describe_limit(modeled.limited.get(row))
    begin = (history.absurd.get(unique_id, ""), fallback, limit)
    share = modeled.shares[0][row] if 0 in modeled.shares else 0.0
    lines = []
    for fact in facts:
        reason = say_all([*begin, weight_reason(fact, facts)])
        lines.append((unique_id, fact.model, fact.weight * (1 - share), fact.wape, reason))
    if share:
        error = _boosted_error(modeled, row)
        lines.append((unique_id, BOOSTING, share, error, say("weight.boosted")))
    return lines


def list_forecasts(modeled: Modeled) -> pd.DataFrame:
    """Rows of table forecast of now: stages baseline, statistical, combined with intervals."""
    history, names = modeled.candidates.history, modeled.candidates.names
    forecast, best = modeled.candidates.at(0), modeled.best.clip(0)
    parts = []
    if BASELINE in names:
        naive = _rows(history, {0: forecast[names.index(BASELINE)]}, BASELINE)
        parts.append(naive.assign(stage="baseline"))
    single = np.where((modeled.best >= 0)[:, None], forecast[best, np.arange(len(history))], np.nan)
    models = np.array(names, dtype=object)[best]
    parts.append(_rows(history, {0: single}, models).assign(stage="statistical"))
    combined = {0: modeled.combined[0]}
    parts.append(_rows(history, combined, COMBINATION, {0: modeled.bounds(LEVELS)}))
    return _as_forecast(parts)


def list_backtest(modeled: Modeled) -> pd.DataFrame:
    """Rows of table forecast, stage combined, at every cutoff of the last two years.

    Those of tested cutoffs have the intervals that they would have had.
    """
    history, forecasts = modeled.candidates.history, modeled.past.forecasts
    if not forecasts:
        return tables.empty("forecast")
    return _as_forecast([_rows(history, forecasts, COMBINATION, modeled.backtest_bounds())])


def list_past(modeled: Modeled) -> pd.DataFrame:
    """Rows of the combination at every cutoff before now that it was learnt from, no intervals."""
    past = {back: values for back, values in modeled.combined.items() if back > 0}
    return _rows(modeled.candidates.history, past, COMBINATION)


def score_modeled(modeled: Modeled, panel: pd.DataFrame) -> pd.DataFrame:
    """Score table of the backtest: stages 'candidate' and 'combined' (wape, bias, mase).

    Forecasts of months that have no actual yet, so all of the last cutoff, give no row.
    """
    candidates = list_candidates(modeled).assign(stage="candidate")
    earlier = candidates[candidates["cutoff"] < candidates["cutoff"].max()]
    backtest = _rows(modeled.candidates.history, modeled.past.forecasts, COMBINATION)
    tested = backtest[backtest["cutoff"].isin(earlier["cutoff"].unique())]
    rows = pd.concat([earlier, tested.assign(stage="combined")], ignore_index=True)
    return metrics.score(rows[FORECAST], panel, metrics=("wape", "bias", "mase"))


def count_inside(backtest: pd.DataFrame, panel: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Table backtest_coverage of a backtest; forecasts without bounds are not counted."""
    bounded = backtest.dropna(subset=["lo-80"])
    if bounded.empty:
        return tables.empty("backtest_coverage")
    scored = metrics.score(bounded, panel, metrics=[f"coverage-{level}" for level in LEVELS])
    named = scored.merge(series[["unique_id", "level"]], on="unique_id")
    pooled = metrics.pool(named, ["level", "metric", "h"])
    columns = {
        "interval": pooled["metric"].str.removeprefix("coverage-"),
        "inside": pooled["numerator"],
    }
    return tables.build(pooled.assign(**columns), "backtest_coverage")


def _rows(
    history: History,
    forecasts: Mapping[int, np.ndarray],
    model: str | np.ndarray,
    bounds: Mapping[int, Mapping[int, tuple[np.ndarray, np.ndarray]]] | None = None,
) -> pd.DataFrame:
    """Long rows of forecasts (n, horizon) at cutoffs; series without a forecast have none.

    `model` is a name or one a series, `bounds` hold lower and upper ones by cutoff and level.
    """
    parts = []
    for back, forecast in forecasts.items():
        known = np.flatnonzero(np.isfinite(forecast).all(axis=1))
        horizon = forecast.shape[1]
        cutoff = history.last[known] - np.timedelta64(back, "M")
        steps = np.arange(1, horizon + 1)
        columns = {
            "unique_id": np.repeat(history.ids[known], horizon),
            "model": np.repeat(model[known], horizon) if isinstance(model, np.ndarray) else model,
            "cutoff": np.repeat(cutoff.astype("datetime64[ns]"), horizon),
            "ds": (cutoff[:, None] + steps).astype("datetime64[ns]").ravel(),
            "h": np.tile(steps, len(known)),
            "y_hat": forecast[known].ravel(),
        }
        for level, pair in (bounds or {}).get(back, {}).items():
            for side, values in zip(("lo", "hi"), pair, strict=True):
                columns[f"{side}-{level}"] = values[known].ravel()
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True) if parts else tables.empty("candidate_forecast")


def _as_forecast(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of table forecast, in its order; stage combined where none is named."""
    rows = pd.concat(parts, ignore_index=True).reindex(columns=[*FORECAST, *INTERVALS])
    rows["stage"] = rows["stage"].fillna("combined")
    return rows.sort_values(FORECAST[:5], ignore_index=True)


def _boosted_error(modeled: Modeled, row: int) -> float:
    """WAPE of the boosted median of a series over the tested cutoffs."""
    gaps, size = 0.0, 0.0
    for back in (each for each in modeled.candidates.tested if each in modeled.boosted):
        actual, forecast = modeled.candidates.actuals(back)[row], modeled.boosted[back][row]
        there = np.isfinite(actual) & np.isfinite(forecast)
        gaps += float(np.abs(np.where(there, actual - forecast, 0.0)).sum())
        size += float(np.abs(np.where(there, actual, 0.0)).sum())
    return gaps / size if size else float("nan")
