"""What every candidate says now and would have said at earlier cutoffs.

A `History` and parameters enter; what was `Said` leaves. The decisions made here: which cutoffs are rolled over; which series each
candidate forecasts; that a forecast is not negative where its history is not, and is left out where it is beyond anything the
panel has seen (`plausibility`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from salesfc_lib import schema
from salesfc_lib.asking import ask
from salesfc_lib.breaks import level_out
from salesfc_lib.candidates import BASELINE, CORRECTION, REGISTRY
from salesfc_lib.candidates.protocol import Answer, Candidate
from salesfc_lib.candidates.regression import tell_drivers
from salesfc_lib.engine.demand import classify, is_intermittent
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.history import History
from salesfc_lib.memory import Memory
from salesfc_lib.periods import SEASON
from salesfc_lib.plausibility import bounds_at, refuse
from salesfc_lib.racing import Lost, Race, set_race

MIN_HISTORY = SEASON + 1  # months of the panel at the earliest cutoff: the baseline needs a year
PROTOCOL = ("history", "horizon", "window", "found")

Progress = Callable[[str, int, int], None]


class Raced(NamedTuple):
    """A costly candidate that was left out for a series, because it lost at the latest tested cutoff."""

    row: int
    model: str
    lost: Lost


class Failure(NamedTuple):
    """A candidate that could not forecast a series at a cutoff, `back` months before now."""

    row: int
    back: int
    model: str
    error: str


@dataclass(frozen=True)
class Said:
    """What candidates said of the series of `history`.

    values: name to (n_cutoffs, n, horizon), NaN where nothing was said; backs: months before now of each cutoff, earliest first, the
    last 0. `tested` are those of the backtest; the earlier ones are there for what learns from candidates.
    """

    history: History
    backs: tuple[int, ...]
    tested: tuple[int, ...]
    values: Mapping[str, np.ndarray]
    failures: tuple[Failure, ...] = ()
    raced: tuple[Raced, ...] = ()

    @property
    def names(self) -> list[str]:
        """Candidates, simplest first."""
        return list(self.values)

    @property
    def horizon(self) -> int:
        return int(next(iter(self.values.values())).shape[2])

    def at(self, back: int) -> np.ndarray:
        """Forecasts of all candidates at a cutoff (n_models, n, horizon)."""
        place = self.backs.index(back)
        return np.stack([values[place] for values in self.values.values()])

    def came(self, back: int, *, known: int = 0) -> np.ndarray:
        """What was sold in the months after the cutoff (n, horizon); NaN for months that are less than `known` months back."""
        y, steps = self.history.y, np.arange(self.horizon)
        columns = y.shape[1] - back + steps
        over = columns < y.shape[1] - known
        return np.where(over, y[:, np.minimum(columns, y.shape[1] - 1)], np.nan)


def run_candidates(  # noqa: PLR0913  the last four have defaults that a step rarely changes
    history: History,
    parameters: schema.Parameters,
    *,
    horizon: int,
    levels: Sequence[str] = (),
    memory: Memory | None = None,
    progress: Progress | None = None,
    extra: Mapping[str, Candidate] | None = None,
) -> Said:
    """What all enabled candidates say now and at the cutoffs of the backtest; `levels` are the names of the history's level codes.

    `extra` are an analyst's own candidates, by name: they run on every level unless the parameters name levels for them, and
    are remembered only where they say which code they are. Candidates that are asked series by series come last, and those that
    lose the race at the latest tested cutoff (`racing`) are left out for that series, as if they had never been asked.
    `progress(name, done, of)` is called before each candidate and at the end.

    Raises `SalesForecastError` for a candidate or a setting that does not exist, for none at all, and for regressors that end before
    the horizon.
    """
    known = {**REGISTRY, **(extra or {})}
    names = _enabled(parameters.candidates, known, extra or {})
    _check_request(history, names, horizon)
    tested, earlier = list_backs(history.y.shape[1], parameters.backtest)
    backs = (*earlier, *tested, 0)
    stacked, brought = _stack(history, backs, horizon, of_series=len(tested) + 1, breaks=parameters.breaks.enabled)
    values: dict[str, np.ndarray] = {}
    failures: list[Failure] = []
    raced: list[Raced] = []
    for done, name in enumerate(sorted(names, key=lambda name: known[name].scope == "series")):
        if progress is not None:
            progress(name, done, len(names))
        candidate, block = known[name], parameters.candidates.get(name, _NO_BLOCK)
        rows = stacked[_view(candidate)]
        suited = (rows.length >= candidate.needed) & np.isin(_kinds(rows), candidate.demand)
        asked = np.flatnonzero(suited & _at_levels(rows.level, block.levels, levels))
        remembers = memory if memory is not None and (name not in (extra or {}) or candidate.code) else Memory()
        race = _race(Said(history, backs, tested, values), known, parameters.backtest.race) if candidate.scope == "series" else None
        answer, lost = ask(candidate, _take_once(rows, asked), horizon, settings=block.settings, memory=remembers, race=race)
        raced += [Raced(row, name, lost[unique_id]) for row, unique_id in enumerate(history.ids) if unique_id in lost]
        failures += _failed(answer, asked, rows, name=name, n=len(history))
        full = np.full((len(backs) * len(history), horizon), np.nan)
        full[asked + len(full) - len(rows)] = answer.values
        full = full * brought if _view(candidate) == "free" else full
        values[name] = floor_at_zero(full, stacked["plain"].y).reshape(len(backs), len(history), horizon)
    if progress is not None:
        progress("", len(names), len(names))
    del stacked  # with all that was computed from it once
    values, refused = _refuse(history, backs, {name: values[name] for name in names})
    told = tuple(item for item in (*failures, *refused) if item.back in (*tested, 0))
    return Said(history, backs, tested, values, told, tuple(raced))


def _view(candidate: Candidate) -> str:
    """Which rows a candidate sees."""
    if candidate.name == BASELINE:
        return "plain"
    return "free" if candidate.scope == "panel" and not candidate.sees_drivers else candidate.scope


def _stack(
    history: History, backs: Sequence[int], horizon: int, *, of_series: int, breaks: bool
) -> tuple[dict[str, History], np.ndarray]:
    """Rows at all cutoffs as candidates see them, and how many times a usual month the drivers make each month ahead (n_rows, horizon).

    `plain`: as they are, for the baseline, so that anybody can follow it; `panel`: on the level after a lasting change; `free`: likewise, and
    without what promotions, prices and holidays brought; `series`: as `panel`, of the latest `of_series` cutoffs, for the slow ones.
    The first and the third have no regressors, of which the rows that candidates are asked about would be copies.
    """
    plain = history.stack(backs)
    panel = level_out(plain) if breaks else plain
    factor = tell_drivers(panel, horizon)
    free = replace(panel, y=panel.y / factor[:, : panel.y.shape[1]], regressors={}) if history.regressors else panel
    latest = np.arange((len(backs) - of_series) * len(history), len(plain))
    plain = replace(plain, regressors={}) if history.regressors else plain
    return {"plain": plain, "panel": panel, "free": free, "series": panel.take(latest)}, factor[:, panel.y.shape[1] :]


def list_backs(width: int, backtest: schema.Backtest) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Months before now of the backtest's cutoffs, earliest first, and of as many before them, from which to learn.

    Every `step` months, with 13 months of panel behind each: fewer where the history is short, none where it is very short.

    >>> list_backs(40, schema.Backtest(cutoffs=4, step=3))
    ((12, 9, 6, 3), (24, 21, 18, 15))
    """
    possible = [back for back in range(backtest.step, width - MIN_HISTORY + 1, backtest.step)]
    tested, earlier = possible[: backtest.cutoffs], possible[backtest.cutoffs : 2 * backtest.cutoffs]
    return tuple(reversed(tested)), tuple(reversed(earlier))


_NO_BLOCK = schema.Candidate()


def _enabled(blocks: Mapping[str, schema.Candidate], known: Mapping[str, Candidate], extra: Mapping[str, Candidate]) -> list[str]:
    """Names of candidates that run, in the registry's order."""
    for name, block in blocks.items():
        if name == CORRECTION:
            continue
        if name not in known:
            raise SalesForecastError.unknown_key(f"candidates.{name}", [f"candidates.{key}" for key in known], "the parameters")
        taken = inspect.signature(known[name].forecast).parameters
        allowed = [key for key in taken if key not in PROTOCOL]
        takes_all = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken.values())
        for key in set() if takes_all else set(block.settings) - set(allowed):
            where = f"`candidates.{name}.settings`"
            raise SalesForecastError.unknown_key(key, allowed, where)
    return [name for name in known if (name in blocks and blocks[name].enabled) or (name in extra and name not in blocks)]


def _check_request(history: History, names: Sequence[str], horizon: int) -> None:
    if not names:
        raise SalesForecastError.say(
            "No candidate is enabled", "One model at least has to forecast", "Enable one under `candidates`"
        )
    if history.regressors and history.ahead < horizon:
        raise SalesForecastError.say(
            f"Regressors are laid out {history.ahead} months ahead, for a horizon of {horizon}",
            "They reach as far as the forecast, null where they are unknown",
            "Call `align` with the horizon of the forecast",
        )


def _at_levels(level: np.ndarray, wanted: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Whether each row is of a wanted level; a level that the unit does not have is passed over."""
    if not wanted:
        return np.full(len(level), True)
    return np.isin(level, [code for code, name in enumerate(names) if name in wanted])


def _kinds(rows: History) -> np.ndarray:
    """How regularly each row sells, judged once."""
    kinds = rows.derived.setdefault("kinds", classify(rows.y))
    assert isinstance(kinds, np.ndarray)
    return kinds


def _take_once(rows: History, asked: np.ndarray) -> History:
    """Some rows, the same object for candidates that are asked the same, so that what they share is computed once."""
    key = ("rows", asked.tobytes())
    if key not in rows.derived:
        rows.derived[key] = rows.take(asked) if len(asked) < len(rows) else rows
    taken = rows.derived[key]
    assert isinstance(taken, History)
    return taken


def _race(said: Said, known: Mapping[str, Candidate], factor: float | None) -> Race | None:
    """The race at the latest tested cutoff against the panel's candidates; none where it is off or there is nobody to race."""
    panel = [values for name, values in said.values.items() if known[name].scope == "panel"]
    if factor is None or not panel or not said.tested:
        return None
    back = said.tested[-1]
    place, squared = said.backs.index(back), is_intermittent(said.history.cut(back).y)
    forecasts = np.stack([values[place] for values in panel])
    return set_race(back, said.history.ids, forecasts, said.came(back), squared=squared, factor=factor)


def _refuse(
    history: History, backs: Sequence[int], values: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], list[Failure]]:
    """Forecasts by name (n_cutoffs, n, horizon) without the implausible ones, and these."""
    kept: dict[str, list[np.ndarray]] = {name: [] for name in values}
    refused: list[Failure] = []
    for place, back in enumerate(backs):
        left, told = refuse({name: said[place] for name, said in values.items()}, bounds_at(history, back))
        refused += [Failure(row, back, name, reason) for row, name, reason in told]
        for name, forecast in left.items():
            kept[name].append(forecast)
    return {name: np.stack(parts) for name, parts in kept.items()}, refused


def _failed(answer: Answer, asked: np.ndarray, rows: History, *, name: str, n: int) -> list[Failure]:
    """Failures of the rows that were asked and gave an error."""
    return [Failure(int(asked[k]) % n, int(rows.back[asked[k]]), name, error) for k, error in sorted(answer.errors.items())]


def floor_at_zero(values: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Forecasts (n, horizon), none below zero whose series y (n, T) was never below zero through its cutoff."""
    never = ~np.any(y < 0, axis=1)
    return np.where(never[:, None] & (values < 0), 0.0, values)
