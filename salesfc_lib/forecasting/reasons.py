"""Reasons for the weight of each candidate, and what a short history rests on, kept by `say`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salesfc_lib.forecasting.candidates.registry import BASELINE
from salesfc_lib.forecasting.tuning import BOOSTED_FROM, MIN_CUTOFFS, PRIOR_WEIGHTS, TIE
from salesfc_lib.foundation import SEASON, say

FULL_HISTORY = 2 * SEASON + 1  # months from which every candidate runs: no fallback is named
FALLBACKS = (  # months of history from which it holds, what the forecast then rests on
    (1, "uncorrected"),
    (BOOSTED_FROM, "level"),
    (SEASON, "last_year"),
    (SEASON + 1, "trends"),
    (2 * SEASON, "two_years"),
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
        return say("weight.only")
    if most < MIN_CUTOFFS:
        why = say("weight.no_backtest.one" if most else "weight.no_backtest.none")
        if len({fact.weight for fact in facts}) == 1:
            return say("weight.no_backtest.equal", why=why, n=len(facts))
        return say("weight.no_backtest.level", why=why)
    if own.cutoffs == 0:
        return say("weight.untested.used" if own.weight else "weight.untested.unused")
    over = say("weight.over", n=own.cutoffs) if own.cutoffs < most else ""
    if not np.isfinite(own.wape):
        return say("weight.unsold.used" if own.weight else "weight.unsold.unused", over=over)
    known = [fact.wape for fact in facts if np.isfinite(fact.wape)]
    place = "unused" if own.weight == 0 else "best" if own.wape <= min(known) else "used"
    against = _against_baseline(own, facts)
    factor = PRIOR_WEIGHTS.get(own.model, 1.0) if own.weight else 1.0
    prior = "" if factor == 1 else say("weight.prior", factor=factor)
    return say(f"weight.tested.{place}", error=own.wape, over=over, against=against, prior=prior)


def describe_fallback(months: int, *, unit: int) -> str:
    """The fallback of a series of `months` in a unit of `unit` months; empty where there is none.

    >>> from salesfc_lib.foundation import in_words
    >>> in_words(describe_fallback(5, unit=60))
    "5 months of history: smoothed level with the unit's season, uncorrected"
    >>> in_words(describe_fallback(1, unit=5))
    '1 month of history: smoothed level, uncorrected'
    >>> describe_fallback(25, unit=60)
    ''
    """
    if not 1 <= months < FULL_HISTORY:
        return ""
    name = [name for least, name in FALLBACKS if least <= months][-1]
    season = say("fallback.season") if unit > SEASON else ""
    return say("fallback", months=months, rests=say(f"fallback.{name}", season=season))


def describe_limit(limit: float | None) -> str:
    """What a series that fell silent within its first year may sell a month; '' where it did not.

    >>> from salesfc_lib.foundation import in_words
    >>> in_words(describe_limit(4890.44))
    'silent after less than a year of sales: 4,890 a month at most on average, as it may be over'
    """
    return "" if limit is None else say("weight.silent", limit=limit)


def _against_baseline(own: BacktestFact, facts: Sequence[BacktestFact]) -> str:
    baseline = next((fact.wape for fact in facts if fact.model == BASELINE), np.nan)
    if own.model == BASELINE or not np.isfinite(baseline):
        return ""
    if abs(own.wape - baseline) <= TIE * baseline:
        return say("weight.against.alike")
    way = "worse" if own.wape > baseline else "better"
    return say(f"weight.against.{way}", naive=baseline)
