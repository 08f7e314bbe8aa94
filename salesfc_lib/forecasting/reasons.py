"""Reasons for the weight of each candidate, and what a short history rests on, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salesfc_lib.forecasting.candidates.registry import BASELINE
from salesfc_lib.forecasting.tuning import BOOSTED_FROM, MIN_CUTOFFS, TIE
from salesfc_lib.foundation import SEASON

BOOSTING_REASON = (
    "the middle of the candidates, corrected by what they missed in the whole unit; the more "
    "series there are, the more it counts"
)
FULL_HISTORY = 2 * SEASON + 1  # months from which every candidate runs: no fallback is named
FALLBACKS = (  # months of history from which it holds, what the forecast then rests on
    (1, "smoothed level{season}, uncorrected"),
    (BOOSTED_FROM, "smoothed level{season}"),
    (SEASON, "smoothed level{season}, beside last year's months"),
    (SEASON + 1, "levels and trends{season}, beside last year's months"),
    (2 * SEASON, "levels and trends{season}, beside the months of two years"),
)


class BacktestFact(NamedTuple):
    """What is known of one candidate of one series; `wape` is NaN where nothing was sold."""

    model: str
    weight: float
    wape: float
    cutoffs: int


def weight_reason(own: BacktestFact, facts: Sequence[BacktestFact]) -> str:
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
        counts = "counts by its error in other series, or by a usual one without any"
        counts = counts if own.weight else "not used, as other series show it too far behind"
        return f"not tested here, as the history is too short: {counts}"
    unknown = "unknown, as nothing was sold in its months"
    error = percent(own.wape) if np.isfinite(own.wape) else unknown
    if own.cutoffs < most:
        error += f" over {own.cutoffs} cutoff{'s' if own.cutoffs > 1 else ''}"
    error += _against_baseline(own, facts)
    if own.weight == 0:
        return f"not used: backtest error {error}, too far behind the others"
    known = [fact.wape for fact in facts if np.isfinite(fact.wape)]
    best = bool(known) and own.wape <= min(known)
    return f"lowest error in the backtest, {error}" if best else f"backtest error {error}"


def describe_fallback(months: int, *, unit: int) -> str:
    """The fallback of a series of `months` in a unit of `unit` months; empty where there is none.

    >>> describe_fallback(5, unit=60)
    "5 months of history: smoothed level with the unit's season, uncorrected"
    >>> describe_fallback(1, unit=5)
    '1 month of history: smoothed level, uncorrected'
    >>> describe_fallback(25, unit=60)
    ''
    """
    if not 1 <= months < FULL_HISTORY:
        return ""
    words = [text for least, text in FALLBACKS if least <= months][-1]
    season = " with the unit's season" if unit > SEASON else ""
    return f"{months} month{'s' if months > 1 else ''} of history: {words.format(season=season)}"


def describe_limit(limit: float | None) -> str:
    """What a series that fell silent within its first year may sell a month; '' where it did not.

    >>> describe_limit(4890.44)
    'silent after less than a year of sales: 4890 a month at most on average, as it may be over'
    """
    if limit is None:
        return ""
    text = "silent after less than a year of sales"
    return f"{text}: {limit:.4g} a month at most on average, as it may be over"


def percent(share: float) -> str:
    """A share in percent with one decimal."""
    return f"{100 * share:.1f} %"


def _against_baseline(own: BacktestFact, facts: Sequence[BacktestFact]) -> str:
    baseline = next((fact.wape for fact in facts if fact.model == BASELINE), np.nan)
    if own.model == BASELINE or not np.isfinite(baseline) or not np.isfinite(own.wape):
        return ""
    if abs(own.wape - baseline) <= TIE * baseline:
        return ", like the seasonal naive"
    if own.wape > baseline:
        return f", worse than the {percent(baseline)} of the seasonal naive"
    return f", against {percent(baseline)} for the seasonal naive"
