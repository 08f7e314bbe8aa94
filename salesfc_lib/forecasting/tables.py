"""The modeling step's tables, out of the arrays of a `Modeled` panel.

Arrays enter; the tables candidate_forecast, failures, weights, forecast and backtest leave. Of the
candidates the tested cutoffs and the current one are written, not those that were only learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from salesfc_lib.forecasting import metrics
from salesfc_lib.forecasting.candidates.registry import BASELINE, BOOSTING
from salesfc_lib.forecasting.coverage import backtest_intervals
from salesfc_lib.forecasting.forecast import Modeled
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.intervals import LEVELS
from salesfc_lib.forecasting.plausibility import REJECTED
from salesfc_lib.forecasting.reasons import (
    BOOSTING_REASON,
    Fact,
    early_stopping_reason,
    weight_reason,
)
from salesfc_lib.forecasting.short_history import describe_fallback
from salesfc_lib.foundation import tables

COMBINATION = "combination"
WEIGHTS = ["unique_id", "model", "weight", "backtest_error", "reason"]
FORECAST = ["unique_id", "stage", "model", "cutoff", "ds", "h", "y_hat"]


def list_candidates(modeled: Modeled) -> pd.DataFrame:
    """Table candidate_forecast; the boosted median is among the candidates."""
    candidates = modeled.candidates
    places = {back: candidates.backs.index(back) for back in (*candidates.tested, 0)}
    parts = [
        _rows(candidates.history, {back: values[place] for back, place in places.items()}, name)
        for name, values in candidates.values.items()
    ]
    parts.append(_rows(candidates.history, modeled.boosted, BOOSTING))
    columns = ["unique_id", "model", "cutoff", "ds", "h", "y_hat"]
    return pd.concat(parts, ignore_index=True)[columns]


def list_failures(modeled: Modeled) -> pd.DataFrame:
    """Table failures: a row per series, candidate and cutoff without a forecast."""
    history, failures = modeled.candidates.history, modeled.candidates.failures
    rows = np.array([each.row for each in failures], dtype=int)
    months = np.array([each.back for each in failures], dtype="timedelta64[M]")
    columns = {
        "unique_id": history.ids[rows],
        "model": [each.model for each in failures],
        "cutoff": (history.last[rows] - months).astype("datetime64[ns]"),
        "error": [each.error for each in failures],
    }
    frame = pd.DataFrame(columns).astype({"unique_id": object, "model": object, "error": object})
    return frame.sort_values(["unique_id", "model", "cutoff"], ignore_index=True)


def list_weights(modeled: Modeled) -> pd.DataFrame:
    """Table weights with reasons, also of candidates that failed now or were stopped early."""
    candidates, ids = modeled.candidates, modeled.candidates.history.ids
    rows = [line for row in range(len(ids)) for line in _weights_of(modeled, row)]
    rows += [
        (ids[each.row], each.model, 0.0, np.nan, _say_failed(each.error))
        for each in candidates.failures
        if each.back == 0
    ]
    rows += [
        (ids[each.row], each.model, 0.0, np.nan, early_stopping_reason(each.reason))
        for each in candidates.stopped
    ]
    return pd.DataFrame(rows, columns=WEIGHTS) if rows else tables.empty("weights")


def _weights_of(modeled: Modeled, row: int) -> list[tuple[str, str, float, float, str]]:
    """Rows of table weights of one series: the candidates that gave a forecast, and boosting."""
    candidates, errors, weights = modeled.candidates, modeled.errors, modeled.weights
    history, unique_id = candidates.history, candidates.history.ids[row]
    wape, cutoffs = errors.wape[:, row].tolist(), errors.cutoffs[:, row].astype(int).tolist()
    facts = [
        Fact(name, float(weights[k, row]), wape[k], cutoffs[k])
        for k, name in enumerate(candidates.names)
        if np.isfinite(candidates.values[name][-1, row]).all()
    ]
    if row in modeled.ended:
        reason = _ended(modeled.ended[row])
        return [(unique_id, fact.model, 0.0, fact.wape, reason) for fact in facts]
    months = int(np.isfinite(history.y[row]).sum())
    fallback = describe_fallback(months, unit=history.y.shape[1])
    begin = f"{fallback}; " if fallback else ""
    share = modeled.shares[0][row] if 0 in modeled.shares else 0.0
    found = [
        (
            unique_id,
            fact.model,
            fact.weight * (1 - share),
            fact.wape,
            begin + weight_reason(fact, facts),
        )
        for fact in facts
    ]
    if share:
        found.append((unique_id, BOOSTING, share, _error(modeled, row), BOOSTING_REASON))
    return found


def list_forecasts(modeled: Modeled) -> pd.DataFrame:
    """Rows of table forecast of now: stages baseline, statistical, combined with intervals."""
    history, names = modeled.candidates.history, modeled.candidates.names
    forecast, best = modeled.candidates.at(0), modeled.best.clip(0)
    parts = []
    if BASELINE in names:
        naive = _rows(history, {0: forecast[names.index(BASELINE)]}, BASELINE)
        parts.append(naive.assign(stage="baseline"))
    single = forecast[best, np.arange(len(history))]
    single = np.where((modeled.best >= 0)[:, None], single, np.nan)
    models = np.array(names, dtype=object)[best]
    parts.append(_rows(history, {0: single}, models).assign(stage="statistical"))
    bounds = _name_bounds(modeled.bounds(LEVELS))
    combined = _rows(history, {0: modeled.combined[0]}, COMBINATION, bounds)
    parts.append(combined.assign(stage="combined"))
    return _as_forecast(pd.concat(parts, ignore_index=True))


def list_backtest(modeled: Modeled) -> pd.DataFrame:
    """Rows of table forecast, stage combined, at every cutoff of the last two years.

    Those of tested cutoffs have the intervals that they would have had.
    """
    history, bounds = modeled.candidates.history, backtest_intervals(modeled)
    parts = [
        _rows(history, {back: values}, COMBINATION, _name_bounds(bounds.get(back, {})))
        for back, values in modeled.past.forecasts.items()
    ]
    return _as_forecast(pd.concat(parts, ignore_index=True)) if parts else tables.empty("forecast")


def score_modeled(modeled: Modeled, panel: pd.DataFrame) -> pd.DataFrame:
    """Score table of the backtest: stages 'candidate' and 'combined' (wape, bias, mase).

    Forecasts of months that have no actual yet, so all of the last cutoff, give no row.
    """
    names = ["unique_id", "stage", "model", "cutoff", "ds", "h", "y_hat"]
    candidates = list_candidates(modeled).assign(stage="candidate")
    earlier = candidates[candidates["cutoff"] < candidates["cutoff"].max()]
    backtest = _rows(modeled.candidates.history, modeled.past.forecasts, COMBINATION)
    tested = backtest[backtest["cutoff"].isin(earlier["cutoff"].unique())]
    rows = pd.concat([earlier[names], tested.assign(stage="combined")[names]], ignore_index=True)
    return metrics.score(rows, panel, metrics=("wape", "bias", "mase"))


def _rows(
    history: History,
    values: Mapping[int, np.ndarray],
    model: str | np.ndarray,
    extra: Mapping[str, np.ndarray] | None = None,
) -> pd.DataFrame:
    """Long rows of forecasts (n, horizon) at cutoffs; series without a forecast have none."""
    parts = []
    for back, forecast in values.items():
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
        columns |= {name: array[known].ravel() for name, array in (extra or {}).items()}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True) if parts else tables.empty("candidate_forecast")


def _name_bounds(bounds: Mapping[int, tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
    """Columns of bounds by level: lo-80, hi-80 and so on."""
    return {
        f"{side}-{level}": pair[place]
        for level, pair in bounds.items()
        for place, side in enumerate(("lo", "hi"))
    }


def _as_forecast(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows if "stage" in rows.columns else rows.assign(stage="combined")
    missing = {name: np.nan for name in tables.INTERVALS if name not in rows.columns}
    return rows.assign(**missing)[[*FORECAST, *tables.INTERVALS]].sort_values(
        FORECAST[:5], ignore_index=True
    )


def _say_failed(error: str) -> str:
    return error if error.startswith(REJECTED) else f"failed: {error}"


def _ended(months: int) -> str:
    return f"the series came to an end: no sale for {months} months; forecast at zero"


def _error(modeled: Modeled, row: int) -> float:
    """WAPE of the boosted median of a series over the tested cutoffs."""
    gaps, size = 0.0, 0.0
    for back in (each for each in modeled.candidates.tested if each in modeled.boosted):
        actual, forecast = modeled.candidates.actuals(back)[row], modeled.boosted[back][row]
        there = np.isfinite(actual) & np.isfinite(forecast)
        gaps += float(np.abs(np.where(there, actual - forecast, 0.0)).sum())
        size += float(np.abs(np.where(there, actual, 0.0)).sum())
    return gaps / size if size else float("nan")
