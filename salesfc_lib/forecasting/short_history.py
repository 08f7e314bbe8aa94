"""Fallback of series with a short history, in words.

Months of history enter; what the forecast rests on leaves. From the first month on a series has a
level with the season of its unit; each candidate says in `needed` how many months it needs;
boosting is used from `BOOSTED_FROM` months on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from salesfc_lib.forecasting.tuning import BOOSTED_FROM
from salesfc_lib.foundation import SEASON

FULL = 2 * SEASON + 1  # months from which every candidate runs: no fallback is named


class Fallback(NamedTuple):
    """Months of history from which it holds, and what the forecast then rests on."""

    months: int
    words: str


FALLBACKS = (
    Fallback(1, "smoothed level{season}, uncorrected"),
    Fallback(BOOSTED_FROM, "smoothed level{season}"),
    Fallback(SEASON, "smoothed level{season}, beside last year's months"),
    Fallback(SEASON + 1, "levels and trends{season}, beside last year's months"),
    Fallback(2 * SEASON, "levels and trends{season}, beside the months of two years"),
)


def describe_fallback(months: int, *, unit: int) -> str:
    """The fallback of a series of `months` in a unit of `unit` months; empty where there is none.

    >>> describe_fallback(5, unit=60)
    "5 months of history: smoothed level with the unit's season, uncorrected"
    >>> describe_fallback(1, unit=5)
    '1 month of history: smoothed level, uncorrected'
    >>> describe_fallback(25, unit=60)
    ''
    """
    if not 1 <= months < FULL:
        return ""
    words = [rung.words for rung in FALLBACKS if rung.months <= months][-1]
    season = " with the unit's season" if unit > SEASON else ""
    return f"{months} month{'s' if months > 1 else ''} of history: {words.format(season=season)}"


def count_months(y: np.ndarray) -> np.ndarray:
    """Months of history of each row of y (n, T), from its first value on (n,)."""
    return np.asarray(np.isfinite(y).sum(axis=1))
