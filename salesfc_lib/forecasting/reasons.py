"""Reasons for the weight of each candidate, in words.

Facts of the backtest enter (error, error of the seasonal naive, number of cutoffs); a sentence for
each candidate of a series leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salesfc_lib.forecasting.backtest.early_stopping import StopReason
from salesfc_lib.forecasting.candidates.registry import BASELINE
from salesfc_lib.forecasting.tuning import MIN_CUTOFFS, TIE

BOOSTING_REASON = (
    "the middle of the candidates, corrected by what they missed in the whole unit; the more "
    "series there are, the more it counts"
)


@dataclass(frozen=True)
class Fact:
    """What is known of one candidate of one series; `wape` is NaN where nothing was sold."""

    model: str
    weight: float
    wape: float
    cutoffs: int


def weight_reason(own: Fact, facts: Sequence[Fact]) -> str:
    """Why a candidate of a series has its weight, from the facts of all its candidates."""
    most = max(fact.cutoffs for fact in facts)
    if len(facts) == 1:
        return "the only candidate that could forecast this series"
    if most < MIN_CUTOFFS:
        why = "no backtest: the history is too short"
        why = "one cutoff in the backtest tells too little" if most else why
        if len({fact.weight for fact in facts}) == 1:
            return f"{why}, so all {len(facts)} candidates count equally"
        return f"{why}, so it counts as it does in the level's other series"
    if own.cutoffs == 0:
        unused = "not used, as it is too far behind the others"
        counts = "counts as it does" if own.weight else unused
        return f"not tested here, as the history is too short: {counts} in the level's other series"
    error = "unknown, as nothing was sold in its months"
    error = percent(own.wape) if np.isfinite(own.wape) else error
    if own.cutoffs < most:
        error += f" over {own.cutoffs} cutoff{'s' if own.cutoffs > 1 else ''}"
    error += _against(own, facts)
    if own.weight == 0:
        return f"not used: backtest error {error}, too far behind the others"
    known = [fact.wape for fact in facts if np.isfinite(fact.wape)]
    best = bool(known) and own.wape <= min(known)
    return f"lowest error in the backtest, {error}" if best else f"backtest error {error}"


def early_stopping_reason(stop: StopReason) -> str:
    """Why a costly candidate was stopped early for a series."""
    return (
        f"raced out: error {percent(stop.error)} against {percent(stop.reference)} at the "
        "latest cutoff"
    )


def _against(own: Fact, facts: Sequence[Fact]) -> str:
    baseline = next((fact.wape for fact in facts if fact.model == BASELINE), np.nan)
    if own.model == BASELINE or not np.isfinite(baseline) or not np.isfinite(own.wape):
        return ""
    if abs(own.wape - baseline) <= TIE * baseline:
        return ", like the seasonal naive"
    if own.wape > baseline:
        return f", worse than the {percent(baseline)} of the seasonal naive"
    return f", against {percent(baseline)} for the seasonal naive"


def percent(share: float) -> str:
    """A share in percent with one decimal."""
    return f"{100 * share:.1f} %"
