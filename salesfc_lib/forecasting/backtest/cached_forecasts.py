"""Forecasts of one candidate, from the cache where it has them.

A candidate and rows of a `History` enter, a `Prediction` leaves. The cache key is a digest of
everything a forecast depends on, so a run with a cache gives the numbers of a run without one. A
candidate that raises fails for each of its rows; nothing is put in its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from salesfc_lib.forecasting.backtest.early_stopping import EarlyStopping, StopReason
from salesfc_lib.forecasting.cache import CacheEntry, ForecastCache, digest, fingerprint
from salesfc_lib.forecasting.candidates.protocol import (
    Candidate,
    Prediction,
    Window,
    describe,
    windows,
)
from salesfc_lib.forecasting.history import History

HALF_YEAR = 6  # months


def predict_cached(
    candidate: Candidate,
    rows: History,
    horizon: int,
    *,
    settings: Mapping[str, Any],
    cache: ForecastCache,
    stopping: EarlyStopping | None,
) -> tuple[Prediction, dict[str, StopReason]]:
    """Forecasts (n, horizon) of the rows, and reasons by id of series that were stopped early.

    Candidates of scope `panel` are neither cached nor stopped.
    """
    if not len(rows):
        return Prediction(np.full((0, horizon), np.nan)), {}
    if candidate.scope == "panel":
        return _predict(candidate, rows, horizon, settings), {}
    cache.refresh()
    searched = _search(candidate, rows, settings, cache)
    predict = partial(
        _look_up, candidate, horizon=horizon, settings=settings, cache=cache, searched=searched
    )
    if stopping is None:
        return predict(rows), {}
    return _predict_until_stopped(rows, horizon, predict, stopping)


def _predict_until_stopped(
    rows: History, horizon: int, predict: Callable[[History], Prediction], stopping: EarlyStopping
) -> tuple[Prediction, dict[str, StopReason]]:
    """Forecasts at the stopping cutoff, then of all other rows whose series was not stopped."""
    first, later = np.flatnonzero(rows.back == stopping.back), rows.back != stopping.back
    early = predict(rows.take(first))
    stopped = stopping.find_stops(rows.ids[first], early.values)
    kept = np.array([unique_id not in stopped for unique_id in rows.ids])
    rest = np.flatnonzero(later & kept)
    values = np.full((len(rows), horizon), np.nan)
    errors: dict[int, str] = {}
    for places, prediction in ((first, early), (rest, predict(rows.take(rest)))):
        values[places] = prediction.values
        errors |= {int(places[k]): error for k, error in prediction.errors.items()}
    return Prediction(np.where(kept[:, None], values, np.nan), errors), stopped


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
    if not len(rows):
        return Prediction(np.full((0, horizon), np.nan))
    keys = _keys(candidate, rows, horizon, settings=settings, searched=searched)
    missing = np.array([row for row, key in enumerate(keys) if cache.get(key) is None], dtype=int)
    more = {"searched": searched} if searched else {}
    fresh = _predict(candidate, rows.take(missing), horizon, {**settings, **more})
    new = {
        keys[row]: CacheEntry(None, fresh.errors[k])
        if k in fresh.errors
        else CacheEntry(fresh.values[k])
        for k, row in enumerate(missing)
    }
    cache.put(new)
    entries = [cache.get(key) or new[key] for key in keys]
    nothing = np.full(horizon, np.nan)
    values = np.stack([nothing if entry.values is None else entry.values for entry in entries])
    return Prediction(
        values, {row: entry.note for row, entry in enumerate(entries) if entry.values is None}
    )


def _predict(
    candidate: Candidate, rows: History, horizon: int, settings: Mapping[str, Any]
) -> Prediction:
    """Forecasts of the rows; an exception or another shape is an error of each row."""
    if not len(rows):
        return Prediction(np.full((0, horizon), np.nan))
    try:
        prediction = candidate.forecast(rows, horizon, **settings)
    except Exception as error:  # whatever a model raises is a failure of its rows
        return Prediction(
            np.full((len(rows), horizon), np.nan), dict.fromkeys(range(len(rows)), describe(error))
        )
    prediction = (
        prediction
        if isinstance(prediction, Prediction)
        else Prediction(np.asarray(prediction, dtype=float))
    )
    if prediction.values.shape != (len(rows), horizon):
        text = f"gave an array of shape {prediction.values.shape}, {(len(rows), horizon)} needed"
        return Prediction(
            np.full((len(rows), horizon), np.nan), dict.fromkeys(range(len(rows)), text)
        )
    infinite = np.isinf(prediction.values).any(axis=1)
    odd = {
        int(row): "the model's forecast is not a finite number" for row in np.flatnonzero(infinite)
    }
    return Prediction(
        np.where(infinite[:, None], np.nan, prediction.values), {**odd, **prediction.errors}
    )


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
    results: dict[str, Any] = {}
    fresh: dict[str, CacheEntry] = {}
    for unique_id in dict.fromkeys(rows.ids):
        own = rows.take(np.flatnonzero(rows.ids == unique_id))
        early = own.take(np.array([int(np.argmax(own.back))]))
        months = min(
            int((early.last[0].astype(int) + 1) % HALF_YEAR),
            int(early.length[0]) - candidate.needed,
        )
        early = early.cut(max(months, 0))
        key = digest(
            fingerprint(), candidate.name, "search", _text(settings), _content(windows(early, 0)[0])
        )
        entry = cache.get(key)
        if entry is None:
            entry = fresh[key] = CacheEntry(
                None, json.dumps(candidate.search(early, **settings)[str(unique_id)])
            )
        results[str(unique_id)] = json.loads(entry.note)
    cache.put(fresh)
    return results


def _keys(
    candidate: Candidate,
    rows: History,
    horizon: int,
    *,
    settings: Mapping[str, Any],
    searched: Mapping[str, Any],
) -> list[str]:
    """Cache key of each row: a digest of all that its forecast depends on."""
    head = digest(fingerprint(), candidate.name, candidate.code, _text(settings), str(horizon))
    return [
        digest(head, _content(window), json.dumps(searched.get(window.unique_id)))
        for window in windows(rows, horizon)
    ]


def _text(settings: Mapping[str, Any]) -> str:
    return json.dumps(dict(settings), sort_keys=True, default=str)


def _content(window: Window) -> str:
    named = [
        part
        for name, values in sorted(window.regressors.items())
        for part in (name, np.ascontiguousarray(values).tobytes())
    ]
    return digest(window.y.tobytes(), window.month.astype("int64").tobytes(), *named)
