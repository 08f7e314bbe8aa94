"""From a panel to its forecast: candidates, weights, correction, intervals.

A `History` and parameters enter; what the models of a month are leaves, as arrays, and with `forecast_panel` as a frame. The
decision made here: the forecast is in part the weighted mean of the candidates and in part, at most half, their corrected middle, less of it
where it cost accuracy in the backtest, as among series that have nothing to do with each other. Notebooks, backfills and benchmarks come through here with the same defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from salesfc_lib.backtest import Progress, Said, floor_at_zero, run_candidates
from salesfc_lib.candidates import CORRECTION
from salesfc_lib.candidates.protocol import Candidate
from salesfc_lib.combine import Evidence, choose_best, mix, set_weights, weigh_evidence
from salesfc_lib.correction import correct
from salesfc_lib.engine.demand import is_intermittent
from salesfc_lib.history import History, align
from salesfc_lib.intervals import Past, bound
from salesfc_lib.known import mean_known
from salesfc_lib.ladder import count_months
from salesfc_lib.lifecycle import count_silent_months
from salesfc_lib.memory import Memory
from salesfc_lib.periods import SEASON
from salesfc_lib.plausibility import bounds_at
from salesfc_lib.schema import Parameters
from salesfc_lib.tuning import (
    BOOSTED_FROM,
    BOOSTING_MAX_COST,
    BOOSTING_PRIOR_INTERMITTENT,
    BOOSTING_PRIOR_SERIES,
    BOOSTING_SHARE,
    BOOSTING_SHARE_INTERMITTENT,
    ERROR_MONTHS,
)


@dataclass(frozen=True)
class Modeled:
    """Forecasts of a panel: what candidates said, how they were weighed, and the combination at every tested cutoff and now.

    combined: months before now to (n, horizon); corrected: likewise the corrected candidates, which are part of it, NaN where there is none;
    shares: of these in each series' forecast (n,). evidence and weights (n_models, n) are those of now; best (n,) is the place of the
    best single candidate; ended: rows that came to an end, with their months without a sale.
    """

    said: Said
    parameters: Parameters
    evidence: Evidence
    weights: np.ndarray
    best: np.ndarray
    combined: Mapping[int, np.ndarray]
    corrected: Mapping[int, np.ndarray]
    shares: Mapping[int, np.ndarray]
    ended: Mapping[int, int]

    @cached_property
    def past(self) -> Past:
        """Errors of the combination at the cutoffs before now."""
        earlier = {back: values for back, values in self.combined.items() if 0 < back <= ERROR_MONTHS}
        errors = {back: self.said.came(back) - values for back, values in earlier.items()}
        return Past(self.said.history, errors, earlier)

    def bounds(self, levels: Sequence[int]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Intervals of the combination by level in percent."""
        return bound(self.past, self.combined[0], levels)


def model_history(  # noqa: PLR0913  the last four have defaults that a step rarely changes
    history: History,
    parameters: Parameters,
    *,
    horizon: int,
    levels: Sequence[str] = (),
    memory: Memory | None = None,
    progress: Progress | None = None,
    extra: Mapping[str, Candidate] | None = None,
) -> Modeled:
    """Candidates at every cutoff, their weights, and the combination."""
    said = run_candidates(history, parameters, horizon=horizon, levels=levels, memory=memory, progress=progress, extra=extra)
    return combine_said(said, parameters)


def combine_said(said: Said, parameters: Parameters) -> Modeled:
    """The combination of what candidates said, now and at every cutoff that has an earlier one to learn from."""
    evidence = {back: weigh_evidence(said, back, parameters.combine) for back in said.backs}
    weights = {back: set_weights(evidence[back], said.at(back), parameters.combine) for back in said.backs}
    corrected = _corrections(said, parameters)
    known = {back: said.history.cut(back).y for back in said.backs}
    silent = {back: count_silent_months(y) for back, y in known.items()}
    mixed = {back: mix(said.at(back), weights[back], mean=is_intermittent(y)) for back, y in known.items()}
    shares = {
        back: share_corrected(values, known[back], trust_correction(said, mixed, corrected, back))
        for back, values in corrected.items()
    }
    combined = {}
    for back, y in known.items():
        blended = blend(mixed[back], corrected[back], shares[back]) if back in corrected else mixed[back]
        held = bounds_at(said.history, back).hold(blended)
        combined[back] = _end(held, y, silent[back])
    ended = {int(row): int(silent[0][row]) for row in np.flatnonzero(silent[0])}
    best = choose_best(said, evidence[0], said.at(0))
    return Modeled(said, parameters, evidence[0], weights[0], best, combined, corrected, shares, ended)


def blend(weighted: np.ndarray, corrected: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The weighted mean and the corrected candidates (n, horizon) in their shares (n,)."""
    return np.asarray((1 - share[:, None]) * weighted + share[:, None] * np.nan_to_num(corrected))


def share_corrected(corrected: np.ndarray, y: np.ndarray, trust: float = 1.0) -> np.ndarray:
    """Share of the corrected candidates (n, horizon) in each series' forecast (n,), 0 where there are none or the series is young.

    The more series there were to learn from, the more: half the full share at `BOOSTING_PRIOR_SERIES`; of that the part `trust`, except where demand is intermittent.
    """
    there = np.isfinite(corrected).all(axis=1) & (count_months(y) >= BOOSTED_FROM)
    series = there.sum()
    sparse = is_intermittent(y)
    full, few = (
        np.where(sparse, BOOSTING_SHARE_INTERMITTENT, trust * BOOSTING_SHARE),
        np.where(sparse, BOOSTING_PRIOR_INTERMITTENT, BOOSTING_PRIOR_SERIES),
    )
    return np.asarray(np.where(there, full * series / (series + few), 0.0))


def trust_correction(said: Said, weighted: Mapping[int, np.ndarray], corrected: Mapping[int, np.ndarray], back: int) -> float:
    """Part of its share that the correction keeps at a cutoff, by what it cost at the tested ones before: 1 where it was no worse, 0 from `BOOSTING_MAX_COST` on.

    Errors count in mean changes over a year of their series, as in MASE. Series of the intermittent kind have no part in it.
    """
    y = said.history.cut(back).y
    scale = mean_known(np.abs(y[:, SEASON:] - y[:, :-SEASON]), 1)
    without, by_it = 0.0, 0.0
    for cutoff in (each for each in said.tested if each > back and each in corrected):
        before = said.history.cut(cutoff).y
        came = said.came(cutoff, known=back)
        blended = blend(weighted[cutoff], corrected[cutoff], share_corrected(corrected[cutoff], before))
        gaps = [np.abs(values - came) for values in (weighted[cutoff], blended)]
        counts = np.isfinite(gaps[0]) & np.isfinite(gaps[1]) & (scale > 0)[:, None] & ~is_intermittent(before)[:, None]
        rows = np.nonzero(counts)[0]
        without += float((gaps[0][counts] / scale[rows]).sum())
        by_it += float((gaps[1][counts] / scale[rows]).sum())
    return float(np.clip(1 - (by_it / without - 1) / BOOSTING_MAX_COST, 0.0, 1.0)) if without > 0 else 1.0


def _end(forecast: np.ndarray, y: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """Zero for series that came to an end, and nothing below zero where the history is not."""
    return np.where((silent > 0)[:, None], 0.0, floor_at_zero(forecast, y))


def _corrections(said: Said, parameters: Parameters) -> dict[int, np.ndarray]:
    """The corrected median now, and at the tested cutoffs by what was learnt before the earliest of them; none where it is off."""
    block = parameters.candidates.get(CORRECTION)
    if block is None or not block.enabled or not said.tested:
        return {}
    corrected: dict[int, np.ndarray] = {}
    for asked in (said.tested, (0,)):
        squared = is_intermittent(said.history.cut(max(asked)).y)  # as known then
        corrected |= correct(said, asked, squared=squared, **block.settings)
    return corrected


def forecast_panel(
    panel: pd.DataFrame,
    *,
    horizon: int = 12,
    future: pd.DataFrame | None = None,
    levels: Sequence[int] = (50, 80, 95),
    parameters: Parameters | None = None,
) -> pd.DataFrame:
    """Forecasts of a panel with the defaults: unique_id, ds, h, y_hat, and lo-… and hi-… for each level in percent.

    `panel` holds unique_id, ds (first of a month), y and regressors, `future` the regressors of the coming months; each series may end at
    a month of its own. Series without any value have no rows.
    """
    from salesfc_lib.parameters import defaults

    history = align(panel, future, horizon=horizon)
    modeled = model_history(history, parameters or defaults(), horizon=horizon)
    bounds = modeled.bounds(levels)
    steps = np.arange(1, horizon + 1)
    months = (history.last[:, None] + steps).astype("datetime64[ns]")
    columns = {"y_hat": modeled.combined[0]}
    for level, (low, high) in bounds.items():
        columns |= {f"lo-{level}": low, f"hi-{level}": high}
    return pd.DataFrame(
        {"unique_id": np.repeat(history.ids, horizon), "ds": months.ravel(), "h": np.tile(steps, len(history))}
        | {name: values.ravel() for name, values in columns.items()}
    )
