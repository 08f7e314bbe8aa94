"""Forecasts of one candidate, from the cache where it has them.

The cache key is a digest of everything a forecast depends on, so a run with a cache gives the
numbers of a run without one. A candidate that raises fails for each of its rows; a failure that
another moment or machine would not have is not remembered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from salesfc_lib.forecasting.backtest.early_stopping import EarlyStopping
from salesfc_lib.forecasting.cache import CacheEntry, ForecastCache, digest, fingerprint
from salesfc_lib.forecasting.candidates.protocol import (
    NOT_FINITE,
    Candidate,
    Prediction,
    Window,
    describe_error,
    windows,
)
from salesfc_lib.forecasting.history import History

HALF_YEAR = 6  # months
PASSING = ("MemoryError", "TimeoutError")  # how failures begin that the content does not decide


def predict_cached(
    candidate: Candidate,
    rows: History,
    horizon: int,
    *,
    settings: Mapping[str, Any],
    cache: ForecastCache,
    stopping: EarlyStopping | None,
) -> tuple[Prediction, dict[str, tuple[float, float]]]:
    """Forecasts (n, horizon) of the rows, and errors by id of series that were stopped early.

    Candidates of scope `panel` are neither cached nor stopped.
    """
    if candidate.scope == "panel" or not len(rows):
        return _predict(candidate, rows, horizon, settings), {}
    cache.refresh()
    searched = _search(candidate, rows, settings, cache)
    predict = partial(
        _look_up, candidate, horizon=horizon, settings=settings, cache=cache, searched=searched
    )
    if stopping is None:
        return predict(rows), {}
    first = rows.take(np.flatnonzero(rows.back == stopping.back))
    stopped = stopping.find_stops(first.ids, predict(first).values)
    kept = np.flatnonzero([unique_id not in stopped for unique_id in rows.ids])
    rest = predict(rows.take(kept))  # forecasts of the stopping cutoff are in the cache by now
    values = np.full((len(rows), horizon), np.nan)
    values[kept] = rest.values
    return Prediction(values, {int(kept[k]): error for k, error in rest.errors.items()}), stopped


def _look_up(
    candidate: Candidate,
    rows: History,
    *,
    horizon: int,
    settings: Mapping[str, Any],
    cache: ForecastCache,
    searched: Mapping[str, Any],
) -> Prediction:
    """Forecasts of the rows, from the cache or computed and put into it."""
    head = digest(fingerprint(), candidate.name, candidate.code, _text(settings), str(horizon))
    keys = [  # digests of all that each forecast depends on
        digest(head, _content(window), json.dumps(searched.get(window.unique_id)))
        for window in windows(rows, horizon)
    ]
    missing = np.flatnonzero([key not in cache.entries for key in keys])
    more = {"searched": searched} if searched else {}
    fresh = _predict(candidate, rows.take(missing), horizon, {**settings, **more})
    new = {keys[row]: CacheEntry(fresh.values[k]) for k, row in enumerate(missing)}
    new |= {keys[missing[k]]: CacheEntry(None, error) for k, error in fresh.errors.items()}
    cache.put({key: each for key, each in new.items() if not each.note.startswith(PASSING)})
    values, errors = np.full((len(rows), horizon), np.nan), {}
    for row, entry in enumerate(new.get(key) or cache.entries[key] for key in keys):
        if entry.values is None:
            errors[row] = entry.note
        else:
            values[row] = entry.values
    return Prediction(values, errors)


def _predict(
    candidate: Candidate, rows: History, horizon: int, settings: Mapping[str, Any]
) -> Prediction:
    """Forecasts of the rows; an exception or another shape is an error of each row."""
    shape = (len(rows), horizon)
    failed = partial(Prediction, np.full(shape, np.nan))
    if not len(rows):
        return failed()
    try:
        prediction = candidate.forecast(rows, horizon, **settings)
        if not isinstance(prediction, Prediction):
            prediction = Prediction(np.asarray(prediction, dtype=float))
    except (Exception, SystemExit) as error:  # whatever a model raises is a failure of its rows
        return failed(dict.fromkeys(range(len(rows)), describe_error(error)))
    values = prediction.values
    if values.shape != shape:
        text = f"gave an array of shape {values.shape}, {shape} needed"
        return failed(dict.fromkeys(range(len(rows)), text))
    infinite = np.isinf(values).any(axis=1)
    odd = {int(row): NOT_FINITE for row in np.flatnonzero(infinite)}
    return Prediction(np.where(infinite[:, None], np.nan, values), {**odd, **prediction.errors})


def _search(
    candidate: Candidate, rows: History, settings: Mapping[str, Any], cache: ForecastCache
) -> Mapping[str, Any]:
    """Search result by series id, on months through the latest June or December before all cutoffs.

    The search sees no month after a cutoff that it serves. Because it depends on the half-year and
    the series only, neighbouring months of publication share it, and a month run alone finds what a
    backfill found.
    """
    if candidate.search is None:
        return {}
    keys, fresh = {}, {}
    head = (fingerprint(), candidate.name, "search", _text(settings))
    for unique_id in dict.fromkeys(rows.ids):
        own = np.flatnonzero(rows.ids == unique_id)
        early = rows.take(own[[np.argmax(rows.back[own])]])
        spare = int(early.length[0]) - candidate.needed
        early = early.cut(max(min(int((early.last[0].astype(int) + 1) % HALF_YEAR), spare), 0))
        key = keys[str(unique_id)] = digest(*head, _content(windows(early, 0)[0]))
        if key not in cache.entries and key not in fresh:
            result = candidate.search(early, **settings)[str(unique_id)]
            fresh[key] = CacheEntry(None, json.dumps(result))
    cache.put(fresh)
    return {unique_id: json.loads(cache.entries[key].note) for unique_id, key in keys.items()}


def _text(settings: Mapping[str, Any]) -> str:
    return json.dumps(dict(settings), sort_keys=True, default=str)


def _content(window: Window) -> str:
    named = sorted(window.regressors.items())
    kinds = window.kinds
    parts = [part for name, values in named for part in (name, kinds[name], values.tobytes())]
    return digest(window.y.tobytes(), window.month.astype("int64").tobytes(), *parts)
