"""What one candidate says of the rows it is asked about.

A candidate and rows enter; its `Answer` leaves. The decision made here: a costly answer is computed once. Where a memory is given, it is looked
up by everything it depends on, so a month after another costs only what is new and its numbers are those of a run alone; and a
candidate that breaks as a whole fails for each row, with nothing put in its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from salesfc_lib.candidates.protocol import Answer, Candidate, Window, describe, windows
from salesfc_lib.history import History
from salesfc_lib.memory import Entry, Memory, digest, fingerprint
from salesfc_lib.racing import Lost, Race

HALF_YEAR = 6  # months


def ask(
    candidate: Candidate, rows: History, horizon: int, *, settings: Mapping[str, Any], memory: Memory, race: Race | None
) -> tuple[Answer, dict[str, Lost]]:
    """Forecasts of the rows, remembered or computed, and the series for which the race was lost, which have none."""
    if not len(rows):
        return Answer(np.full((0, horizon), np.nan)), {}
    if candidate.scope == "panel":
        return _compute(candidate, rows, horizon, settings), {}
    memory.refresh()
    found = _search(candidate, rows, settings, memory)
    ask = partial(_recall, candidate, horizon=horizon, settings=settings, memory=memory, found=found)
    return _run_race(rows, horizon, ask, race) if race is not None else (ask(rows), {})


def _run_race(rows: History, horizon: int, ask: Callable[[History], Answer], race: Race) -> tuple[Answer, dict[str, Lost]]:
    """Forecasts of the rows of the race's cutoff, then those of all others but of series for which it was lost."""
    first, later = np.flatnonzero(rows.back == race.back), rows.back != race.back
    early = ask(rows.take(first))
    lost = race.judge(rows.ids[first], early.values)
    going_on = np.array([unique_id not in lost for unique_id in rows.ids])
    rest = np.flatnonzero(later & going_on)
    values = np.full((len(rows), horizon), np.nan)
    errors: dict[int, str] = {}
    for places, answer in ((first, early), (rest, ask(rows.take(rest)))):
        values[places] = answer.values
        errors |= {int(places[k]): error for k, error in answer.errors.items()}
    return Answer(np.where(going_on[:, None], values, np.nan), errors), lost


def _recall(
    candidate: Candidate, rows: History, *, horizon: int, settings: Mapping[str, Any], memory: Memory, found: Mapping[str, Any]
) -> Answer:
    """Forecasts of the rows, remembered or computed; a candidate that breaks as a whole fails for each row."""
    if not len(rows):
        return Answer(np.full((0, horizon), np.nan))
    keys = _keys(candidate, rows, horizon, settings=settings, found=found)
    missing = np.array([row for row, key in enumerate(keys) if memory.get(key) is None], dtype=int)
    more = {"found": found} if found else {}
    fresh = _compute(candidate, rows.take(missing), horizon, {**settings, **more})
    said = [Entry(None, fresh.errors[k]) if k in fresh.errors else Entry(fresh.values[k]) for k in range(len(missing))]
    new = {keys[row]: entry for row, entry in zip(missing, said, strict=True)}
    memory.put(new)
    entries = [memory.get(key) or new[key] for key in keys]
    nothing = np.full(horizon, np.nan)
    values = np.stack([nothing if entry.values is None else entry.values for entry in entries])
    return Answer(values, {row: entry.note for row, entry in enumerate(entries) if entry.values is None})


def _compute(candidate: Candidate, rows: History, horizon: int, settings: Mapping[str, Any]) -> Answer:
    if not len(rows):
        return Answer(np.full((0, horizon), np.nan))
    try:
        answer = candidate.forecast(rows, horizon, **settings)
    except Exception as error:  # a candidate that breaks as a whole
        return Answer(np.full((len(rows), horizon), np.nan), dict.fromkeys(range(len(rows)), describe(error)))
    answer = answer if isinstance(answer, Answer) else Answer(np.asarray(answer, dtype=float))
    if answer.values.shape != (len(rows), horizon):
        said = f"gave an array of shape {answer.values.shape}, {(len(rows), horizon)} needed"
        return Answer(np.full((len(rows), horizon), np.nan), dict.fromkeys(range(len(rows)), said))
    infinite = np.isinf(answer.values).any(axis=1)
    odd = {int(row): "the model's forecast is not a finite number" for row in np.flatnonzero(infinite)}
    return Answer(np.where(infinite[:, None], np.nan, answer.values), {**odd, **answer.errors})


def _search(candidate: Candidate, rows: History, settings: Mapping[str, Any], memory: Memory) -> Mapping[str, Any]:
    """What the candidate's search finds for each series, as known at the latest June or December before all its cutoffs.

    So it never sees a month after any cutoff that it serves; and because it depends on the half-year and on the series only,
    neighbouring months of publication share it, and a month run alone finds what a backfill found.
    """
    if candidate.search is None:
        return {}
    found: dict[str, Any] = {}
    fresh: dict[str, Entry] = {}
    for unique_id in dict.fromkeys(rows.ids):
        own = rows.take(np.flatnonzero(rows.ids == unique_id))
        early = own.take(np.array([int(np.argmax(own.back))]))
        months = min(int((early.last[0].astype(int) + 1) % HALF_YEAR), int(early.length[0]) - candidate.needed)
        early = early.cut(max(months, 0))
        key = digest(fingerprint(), candidate.name, "search", _text(settings), _content(windows(early, 0)[0]))
        entry = memory.get(key)
        if entry is None:
            entry = fresh[key] = Entry(None, json.dumps(candidate.search(early, **settings)[str(unique_id)]))
        found[str(unique_id)] = json.loads(entry.note)
    memory.put(fresh)
    return found


def _keys(candidate: Candidate, rows: History, horizon: int, *, settings: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Key of each row: a digest of all that its answer depends on."""
    head = digest(fingerprint(), candidate.name, candidate.code, _text(settings), str(horizon))
    return [digest(head, _content(window), json.dumps(found.get(window.unique_id))) for window in windows(rows, horizon)]


def _text(settings: Mapping[str, Any]) -> str:
    return json.dumps(dict(settings), sort_keys=True, default=str)


def _content(window: Window) -> str:
    named = [part for name, values in sorted(window.regressors.items()) for part in (name, np.ascontiguousarray(values).tobytes())]
    return digest(window.y.tobytes(), window.month.astype("int64").tobytes(), *named)
