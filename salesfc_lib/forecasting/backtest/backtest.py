"""Forecasts of every candidate, now and at the rolling cutoffs of the backtest.

A `History` and parameters enter, `CandidateForecasts` leave. No forecast is negative where its
history is not, and implausible ones are rejected (`plausibility`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.backtest.cached_forecasts import predict_cached
from salesfc_lib.forecasting.backtest.early_stopping import EarlyStopping
from salesfc_lib.forecasting.backtest.plausibility import bounds_at, reject_implausible
from salesfc_lib.forecasting.cache import ForecastCache
from salesfc_lib.forecasting.candidates.protocol import Candidate
from salesfc_lib.forecasting.candidates.registry import BASELINE, BOOSTING, REGISTRY
from salesfc_lib.forecasting.demand import classify, is_intermittent
from salesfc_lib.forecasting.drivers.factors import driver_factors
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.level_shifts import adjust_level_shifts
from salesfc_lib.foundation import schema
from salesfc_lib.panel import list_backs

# arguments of a candidate that are no settings
PROTOCOL = ("history", "horizon", "window", "searched")

Progress = Callable[[str, int, int], None]


class EarlyStopped(NamedTuple):
    """A costly candidate that was stopped for a series: its error at the latest cutoff as a share
    of sales, and the median `reference` of the panel's candidates.
    """

    row: int
    model: str
    error: float
    reference: float


class CandidateFailure(NamedTuple):
    """A candidate that could not forecast a series at a cutoff, `back` months before now."""

    row: int
    back: int
    model: str
    error: str


@dataclass(frozen=True)
class CandidateForecasts:
    """Forecasts of the candidates for the series of `history`.

    values: name to (n_cutoffs, n, horizon), NaN without a forecast; backs: months before now of
    each cutoff, earliest first, the last 0. `tested` are those of the backtest; boosting learns
    from the earlier ones too.
    """

    history: History
    backs: tuple[int, ...]
    tested: tuple[int, ...]
    values: Mapping[str, np.ndarray]
    failures: tuple[CandidateFailure, ...] = ()
    stopped: tuple[EarlyStopped, ...] = ()
    needed: Mapping[str, int] = field(default_factory=dict)  # months of history, by name
    levelled: np.ndarray | None = None  # (n_cutoffs, n, T), adjusted for level shifts

    def seen_at(self, back: int) -> History:
        """The history as candidates saw it at a cutoff: adjusted for level shifts."""
        history = self.history.cut(back)
        if self.levelled is None:
            return history
        return replace(history, y=self.levelled[self.backs.index(back)])

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

    def actuals(self, back: int, *, known: int = 0) -> np.ndarray:
        """Actuals after a cutoff (n, horizon); NaN later than `known` months before now."""
        return self.history.actuals(back, self.horizon, known=known)


def run_candidates(  # noqa: PLR0913  the last four have defaults that a step rarely changes
    history: History,
    parameters: schema.Parameters,
    *,
    horizon: int,
    levels: Sequence[str] = (),
    cache: ForecastCache | None = None,
    progress: Progress | None = None,
    extra: Mapping[str, Candidate] | None = None,
) -> CandidateForecasts:
    """Forecasts of all enabled candidates now and at the cutoffs of the backtest.

    `levels` are the names of the history's level codes. `extra` are an analyst's own candidates by
    name: they run on every level unless the parameters name levels for them, and are cached only
    where they have a digest of their code. Candidates of scope `series` run last; one that is
    stopped early for a series (`early_stopping`) has no forecast of it. `progress(name, done, of)`
    is called before each candidate and at the end.

    Raises `SalesForecastError` for a candidate or a setting that does not exist, for none at all,
    and for regressors that end before the horizon.
    """
    extra, n = extra or {}, len(history)
    if not parameters.driver_effects.enabled:
        history = replace(history, regressors={})
    known = {**REGISTRY, **extra}
    names = _enabled(parameters.candidates, known, extra)
    _check_request(history, names, horizon)
    tested, earlier = list_backs(history.y.shape[1], parameters.backtest)
    backs = (*earlier, *tested, 0)
    shape = (len(backs), n, horizon)
    views, factor = _stack(
        history, backs, horizon, of_series=len(tested) + 1, parameters=parameters
    )
    values: dict[str, np.ndarray] = {}
    failures: list[CandidateFailure] = []
    stopped: list[EarlyStopped] = []
    for done, name in enumerate(sorted(names, key=lambda name: known[name].scope == "series")):
        if progress is not None:
            progress(name, done, len(names))
        candidate = known[name]
        block = parameters.candidates.get(name, schema.CandidateSettings())
        view, stopping = _view(candidate), None
        rows = views[view]
        run = _suited_rows(rows, candidate, block.levels, levels)
        cacheable = name not in extra or candidate.code
        if candidate.scope == "series":
            earlier_forecasts = CandidateForecasts(history, backs, tested, values)
            stopping = _early_stopping(earlier_forecasts, known, parameters.backtest.race)
        prediction, stops = predict_cached(
            candidate,
            _take_once(rows, run),
            horizon,
            settings=block.settings,
            cache=cache if cache is not None and cacheable else ForecastCache(),
            stopping=stopping,
        )
        ids = enumerate(history.ids)
        stopped += [EarlyStopped(row, name, *stops[key]) for row, key in ids if key in stops]
        failures += [
            CandidateFailure(int(run[k]) % n, int(rows.back[run[k]]), name, error)
            for k, error in sorted(prediction.errors.items())
        ]
        full = np.full((len(backs) * n, horizon), np.nan)
        full[run + len(full) - len(rows)] = prediction.values
        full = full * factor if view == "free" else full
        values[name] = floor_at_zero(full, views["plain"].y).reshape(shape)
    if progress is not None:
        progress("", len(names), len(names))
    levelled = views["panel"].y.reshape(len(backs), n, history.y.shape[1])
    del views  # with all that was computed from it once
    values, rejected = _reject(history, backs, {name: values[name] for name in names})
    listed = tuple(item for item in (*failures, *rejected) if item.back in (*tested, 0))
    needed = {name: known[name].needed for name in values}
    return CandidateForecasts(
        history, backs, tested, values, listed, tuple(stopped), needed, levelled
    )


def _view(candidate: Candidate) -> str:
    """Which rows a candidate sees."""
    if candidate.name == BASELINE:
        return "plain"
    return "free" if candidate.scope == "panel" else candidate.scope


def _stack(
    history: History,
    backs: Sequence[int],
    horizon: int,
    *,
    of_series: int,
    parameters: schema.Parameters,
) -> tuple[dict[str, History], np.ndarray]:
    """Rows at all cutoffs as candidates see them, and the drivers' factors (n_rows, horizon).

    `plain`: as they are, for the baseline; `panel`: adjusted for level shifts; `free`: likewise,
    divided by the drivers' factors; `series`: as `panel`, of the latest `of_series` cutoffs only,
    for candidates of that scope. `plain` and `free` carry no regressors, which would be copied with
    the rows.
    """
    plain, breaks = history.stack(backs), parameters.breaks
    panel = free = adjust_level_shifts(plain, breaks) if breaks.enabled else plain
    width = panel.y.shape[1]
    factor = driver_factors(panel, horizon, parameters.driver_effects.half_life)
    if history.regressors:
        plain = replace(plain, regressors={})
        free = replace(panel, y=panel.y / factor[:, :width], regressors={})
    latest = np.arange((len(backs) - of_series) * len(history), len(plain))
    views = {"plain": plain, "panel": panel, "free": free, "series": panel.take(latest)}
    return views, factor[:, width:]


def _enabled(
    blocks: Mapping[str, schema.CandidateSettings],
    known: Mapping[str, Candidate],
    extra: Mapping[str, Candidate],
) -> list[str]:
    """Names of candidates that run, in the registry's order."""
    for name, block in blocks.items():
        if name == BOOSTING:
            continue
        if name not in known:
            allowed = [f"candidates.{key}" for key in known]
            raise SalesForecastError.unknown_key(f"candidates.{name}", allowed, "the parameters")
        taken = inspect.signature(known[name].forecast).parameters
        if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken.values()):
            continue
        allowed = [key for key in taken if key not in PROTOCOL]
        for key in set(block.settings) - set(allowed):
            where = f"`candidates.{name}.settings`"
            raise SalesForecastError.unknown_key(key, allowed, where)
    return [name for name in known if (blocks[name].enabled if name in blocks else name in extra)]


def _check_request(history: History, names: Sequence[str], horizon: int) -> None:
    if not names:
        raise SalesForecastError.of(
            "No candidate is enabled",
            "One model at least has to forecast",
            "Enable one under `candidates`",
        )
    if history.regressors and history.ahead < horizon:
        raise SalesForecastError.of(
            f"Regressors are laid out {history.ahead} months ahead, for a horizon of {horizon}",
            "They reach as far as the forecast, null where they are unknown",
            "Call `align` with the horizon of the forecast",
        )


def _suited_rows(
    rows: History, candidate: Candidate, wanted: Sequence[str], names: Sequence[str]
) -> np.ndarray:
    """Rows that are long enough, sell as the candidate asks for, and are of a `wanted` level.

    A level that the unit does not have is passed over.
    """
    kinds = rows.once("kinds", lambda: classify(rows.y))
    suited = (rows.length >= candidate.needed) & np.isin(kinds, candidate.demand)
    if wanted:
        codes = [code for code, name in enumerate(names) if name in wanted]
        suited &= np.isin(rows.level, codes)
    return np.flatnonzero(suited)


def _take_once(rows: History, run: np.ndarray) -> History:
    """Some rows, the same object for the same rows, so that shared results are computed once."""
    return rows if len(run) == len(rows) else rows.once(run.tobytes(), lambda: rows.take(run))


def _early_stopping(
    candidates: CandidateForecasts, known: Mapping[str, Candidate], factor: float | None
) -> EarlyStopping | None:
    """Early stopping at the latest tested cutoff; None where off or nothing to compare with."""
    panel = [values for name, values in candidates.values.items() if known[name].scope == "panel"]
    if factor is None or not panel or not candidates.tested:
        return None
    history, back = candidates.history, candidates.tested[-1]
    forecasts = np.stack([values[candidates.backs.index(back)] for values in panel])
    actuals, squared = candidates.actuals(back), is_intermittent(history.cut(back).y)
    return EarlyStopping(back, history.ids, forecasts, actuals, squared, factor)


def _reject(
    history: History, backs: Sequence[int], values: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], list[CandidateFailure]]:
    """Forecasts by name (n_cutoffs, n, horizon) without the implausible ones, and these."""
    kept, rejected = [], []
    for place, back in enumerate(backs):
        at_cutoff = {name: array[place] for name, array in values.items()}
        left, reasons = reject_implausible(at_cutoff, bounds_at(history, back))
        rejected += [CandidateFailure(row, back, name, reason) for row, name, reason in reasons]
        kept.append(left)
    return {name: np.stack([left[name] for left in kept]) for name in values}, rejected


def floor_at_zero(values: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Forecasts (n, horizon), not below zero where the series y (n, T) never was."""
    never = ~np.any(y < 0, axis=1)
    return np.where(never[:, None] & (values < 0), 0.0, values)
