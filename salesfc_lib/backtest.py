"""What every candidate says now and would have said at earlier cutoffs.

Panel, regressors and parameters enter; the tables `candidate_forecast` and `failures` leave. The decisions made here: which
cutoffs are rolled over, which series each candidate forecasts, that a forecast is not negative where its history is not,
and that an answer is computed once: where a memory is given, an answer is looked up by everything it depends on,
so a month after another costs only what is new and its numbers are those of a run alone.
"""

from __future__ import annotations

import inspect
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib import metrics, schema, tables
from salesfc_lib.candidates import REGISTRY
from salesfc_lib.candidates.protocol import SEASON, Candidate, Grid, Result, collect, describe, grid, pick
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.memory import Entry, Memory, digest, fingerprint

MIN_HISTORY = SEASON + 1  # months of the panel at the earliest cutoff: the baseline needs a year
PROTOCOL = ("panel", "future", "cutoffs", "horizon", "found")

Pair = tuple[str, pd.Timestamp]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class _Request:
    """What one candidate is asked for: its series' panel and their arrays, regressors, cutoffs, settings."""

    candidate: Candidate
    panel: pd.DataFrame
    future: pd.DataFrame
    arrays: Grid
    cutoffs: tuple[pd.Timestamp, ...]
    horizon: int
    settings: Mapping[str, Any]
    memory: Memory

    @property
    def pairs(self) -> list[Pair]:
        return [(unique_id, cutoff) for unique_id in self.arrays.ids for cutoff in self.cutoffs]


def run_candidates(  # noqa: PLR0913  the last three have defaults that a step rarely changes
    panel: pd.DataFrame,
    series: pd.DataFrame,
    future: pd.DataFrame,
    *,
    parameters: schema.Parameters,
    month: str | pd.Timestamp,
    memory: Memory | None = None,
    progress: Progress | None = None,
    extra: Mapping[str, Candidate] | None = None,
) -> Result:
    """Tables `candidate_forecast` and `failures` of all enabled candidates, at the backtest's cutoffs and at `month`.

    `extra` are an analyst's own candidates, by name: they run on every level unless the parameters name levels for them, and
    are never remembered, because their code may change. `progress(name, done, of)` is called before each candidate and at
    the end.

    Raises `SalesForecastError` for a candidate or a setting that does not exist.
    """
    known = {**REGISTRY, **(extra or {})}
    names = _enabled(parameters.candidates, known, extra or {})
    last = pd.Timestamp(month)
    past, ahead = panel.loc[panel["ds"] <= last], _look_ahead(panel, future, last)
    cutoffs = (*list_cutoffs(past, last, parameters.backtest), last)
    memory = memory if memory is not None else Memory()
    memory.refresh()
    results: list[Result] = []
    for k, name in enumerate(names):
        if progress is not None:
            progress(name, k, len(names))
        block = parameters.candidates.get(name, _NO_BLOCK)
        own = pick(past, select_series(series, block.levels, list(parameters.levels)))
        if len(own):
            remembers = memory if name not in (extra or {}) else Memory()
            arrays = grid(own, ahead)
            request = _Request(known[name], own, ahead, arrays, cutoffs, parameters.horizon, block.settings, remembers)
            results.append(_label(_answer(request), name))
    if progress is not None:
        progress("", len(names), len(names))
    return _join(results, past)


def list_cutoffs(panel: pd.DataFrame, month: pd.Timestamp, backtest: schema.Backtest) -> list[pd.Timestamp]:
    """Cutoffs of the backtest, earliest first: every `step` months before `month` that have 13 months of panel behind them.

    Fewer than `backtest.cutoffs` where the history is short; none where it is very short.
    """
    first = panel.dropna(subset=["y"])["ds"].min()
    cutoffs = [month - pd.DateOffset(months=backtest.step * k) for k in range(backtest.cutoffs, 0, -1)]
    return [cutoff for cutoff in cutoffs if cutoff >= first + pd.DateOffset(months=MIN_HISTORY - 1)]


def select_series(series: pd.DataFrame, levels: Sequence[str], known: Sequence[str]) -> list[str]:
    """Ids of the series at `levels` (empty: all); a level that the unit does not have is passed over."""
    chosen = series["level"].isin([level for level in levels if level in known]) if levels else series["level"].notna()
    return list(series.loc[chosen, "unique_id"])


def score_candidates(candidate_forecast: pd.DataFrame, combined: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """Score table of the backtest: stage 'candidate' for each model and 'combined' for their combination (wape, bias, mase).

    Forecasts of months that have no actual yet, so all of the last cutoff, give no row.
    """
    names = ["unique_id", "stage", "model", "cutoff", "ds", "h", "y_hat"]
    rows = pd.concat([candidate_forecast.assign(stage="candidate")[names], combined[names]], ignore_index=True)
    return metrics.score(rows, panel, metrics=("wape", "bias", "mase"))


_NO_BLOCK = schema.Candidate()


def _look_ahead(panel: pd.DataFrame, future: pd.DataFrame, month: pd.Timestamp) -> pd.DataFrame:
    """Regressors of the months after `month`: those of `future`, and of the panel where it goes on."""
    later = panel.loc[panel["ds"] > month].drop(columns=["y", "y_raw"], errors="ignore")
    return pd.concat([later, future], ignore_index=True) if len(later) else future


def _enabled(blocks: Mapping[str, schema.Candidate], known: Mapping[str, Candidate], extra: Mapping[str, Candidate]) -> list[str]:
    """Names of candidates that run, in the registry's order."""
    for name, block in blocks.items():
        if name not in known:
            raise SalesForecastError.unknown_key(f"candidates.{name}", [f"candidates.{key}" for key in known], "the parameters")
        allowed = [key for key in inspect.signature(known[name].forecast).parameters if key not in PROTOCOL]
        for key in set(block.settings) - set(allowed):
            where = f"`candidates.{name}.settings`"
            raise SalesForecastError.unknown_key(key, allowed, where)
    return [name for name in known if (name in blocks and blocks[name].enabled) or (name in extra and name not in blocks)]


def _answer(request: _Request) -> Result:
    """Forecasts and failures, remembered or computed."""
    settings = dict(request.settings)
    found = _search(request) if request.candidate.search is not None else {}
    keys = _keys(request, found)
    missing = [pair for pair in request.pairs if request.memory.get(keys[pair]) is None]
    fresh: dict[str, Entry] = {}
    for ids, cutoffs in _blocks(missing):
        more = {"found": {unique_id: found[unique_id] for unique_id in ids}} if found else {}
        answers = _compute(request, ids, cutoffs, {**settings, **more})
        fresh |= {keys[pair]: entry for pair, entry in answers.items()}
    request.memory.put(fresh)
    entries = {pair: request.memory.get(keys[pair]) or fresh[keys[pair]] for pair in request.pairs}
    done = [(*pair, entry.values) for pair, entry in entries.items() if entry.values is not None]
    failed = [(*pair, entry.note) for pair, entry in entries.items() if entry.values is None]
    return collect(done, failed, request.horizon)


def _search(request: _Request) -> dict[str, Any]:
    """What the candidate's search finds for each series, on the history through its search month."""
    candidate = request.candidate
    assert candidate.search is not None and candidate.search_month is not None
    found: dict[str, Any] = {}
    fresh: dict[str, Entry] = {}
    for row, unique_id in enumerate(request.arrays.ids):
        start = request.arrays.start + request.arrays.first(row, request.arrays.y.shape[1])
        first = pd.Timestamp(year=start // SEASON, month=start % SEASON + 1, day=1)
        month = min(candidate.search_month(first, request.cutoffs), request.cutoffs[-1])
        key = digest(fingerprint(), candidate.name, "search", _settings(request), _content(request.arrays, row, month, 0))
        entry = request.memory.get(key)
        if entry is None:
            own = pick(request.panel.loc[request.panel["ds"] <= month], [unique_id])
            finding = candidate.search(own, **request.settings).get(unique_id, {"error": "no month with a value"})
            entry = fresh[key] = Entry(None, json.dumps(finding))
        found[unique_id] = json.loads(entry.note)
    request.memory.put(fresh)
    return found


def _keys(request: _Request, found: Mapping[str, Any]) -> dict[Pair, str]:
    """Key of each series and cutoff: a digest of all that its answer depends on."""
    arrays, horizon = request.arrays, request.horizon
    head = digest(fingerprint(), request.candidate.name, _settings(request), str(horizon))
    own = {
        (unique_id, cutoff): _content(arrays, row, cutoff, horizon)
        for row, unique_id in enumerate(arrays.ids)
        for cutoff in request.cutoffs
    }
    if request.candidate.scope == "series":
        return {pair: digest(head, content, json.dumps(found.get(pair[0]))) for pair, content in own.items()}
    whole = {cutoff: digest(head, *(own[unique_id, cutoff] for unique_id in arrays.ids)) for cutoff in request.cutoffs}
    order = {unique_id: str(row) for row, unique_id in enumerate(arrays.ids)}
    return {pair: digest(whole[pair[1]], pair[0], order[pair[0]]) for pair in own}


def _settings(request: _Request) -> str:
    return json.dumps(request.settings, sort_keys=True, default=str)


def _content(arrays: Grid, row: int, cutoff: pd.Timestamp, horizon: int) -> str:
    """Digest of a series' window at a cutoff."""
    window = arrays.window(row, cutoff, horizon)
    named = [part for name, values in sorted(window.regressors.items()) for part in (name, values.tobytes())]
    return digest(window.y.tobytes(), window.month.astype("int64").tobytes(), *named)


def _blocks(missing: Sequence[Pair]) -> list[tuple[list[str], list[pd.Timestamp]]]:
    """Series that lack the same cutoffs, together: one call each."""
    lacking: dict[str, list[pd.Timestamp]] = defaultdict(list)
    for unique_id, cutoff in missing:
        lacking[unique_id].append(cutoff)
    groups: dict[tuple[pd.Timestamp, ...], list[str]] = defaultdict(list)
    for unique_id, cutoffs in lacking.items():
        groups[tuple(cutoffs)].append(unique_id)
    return [(ids, list(cutoffs)) for cutoffs, ids in groups.items()]


def _compute(
    request: _Request, ids: Sequence[str], cutoffs: Sequence[pd.Timestamp], settings: Mapping[str, Any]
) -> dict[Pair, Entry]:
    """Entry of each series and cutoff: what the candidate gave, or why it gave nothing."""
    asked = request.panel if request.candidate.scope == "panel" else pick(request.panel, ids)
    try:
        forecasts, failures = request.candidate.forecast(asked, request.future, list(cutoffs), request.horizon, **settings)
    except Exception as error:  # a candidate that breaks as a whole fails for each series
        return {(unique_id, cutoff): Entry(None, describe(error)) for unique_id in ids for cutoff in cutoffs}
    entries = {(unique_id, cutoff): Entry(None, "gave no forecast") for unique_id in ids for cutoff in cutoffs}
    for row in failures.itertuples(index=False):
        entries[row.unique_id, row.cutoff] = Entry(None, str(row.error))
    ordered = forecasts.sort_values(["unique_id", "cutoff", "h"])
    for pair, values in ordered.groupby(["unique_id", "cutoff"], sort=False)["y_hat"]:
        entries[pair] = _entry(values.to_numpy(dtype=float, copy=True), request.horizon)
    return {pair: entries[pair] for pair in ((unique_id, cutoff) for unique_id in ids for cutoff in cutoffs)}


def _entry(values: np.ndarray, horizon: int) -> Entry:
    if len(values) != horizon or not np.isfinite(values).all():
        return Entry(None, f"gave {int(np.isfinite(values).sum())} finite values, {horizon} needed")
    return Entry(values)


def _label(result: Result, name: str) -> Result:
    return result[0].assign(model=name), result[1].assign(model=name)


def _join(results: Sequence[Result], panel: pd.DataFrame) -> Result:
    """Tables of all candidates, forecasts floored at zero where the history through the cutoff is never negative."""
    if not results:
        return tables.empty("candidate_forecast"), tables.empty("failures")
    forecasts = pd.concat([result[0] for result in results], ignore_index=True)
    failures = pd.concat([result[1] for result in results], ignore_index=True)
    floored = floor_at_zero(forecasts, panel)
    failures = failures[["unique_id", "model", "cutoff", "error"]].sort_values(["unique_id", "model", "cutoff"], ignore_index=True)
    return floored[["unique_id", "model", "cutoff", "ds", "h", "y_hat"]], failures


def floor_at_zero(forecasts: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """Forecasts (unique_id, cutoff, y_hat), none below zero whose series was never below zero through the cutoff."""
    below = panel.loc[panel["y"] < 0].groupby("unique_id")["ds"].min()
    first = forecasts["unique_id"].map(below)
    negative = first.notna() & (first <= forecasts["cutoff"])
    return forecasts.assign(y_hat=forecasts["y_hat"].where(negative | (forecasts["y_hat"] > 0), 0.0))
