"""Panels made up with the traps of real ones, whose truth is known.

Each function gives rows of a panel (unique_id, ds, y) over `months` months, the last ones to be
held back. `weeks`: a company that books each week on its Friday, so that months hold four or five
of them. `rise`: a third of the series rose by half, four months before those that are held back.
`launches`: series that began 10 to 20 months before, whose season was seen once or not whole.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

SERIES = 80
SEED = 11
RISE, RISEN = 1.5, 4  # times the level before, and months before those held back


def weeks(months: int, held_back: int) -> pd.DataFrame:
    """Sales by the Fridays of each month."""
    dice, month = np.random.default_rng(SEED), _months(months)
    first = month.astype("datetime64[D]")
    fridays = np.busday_count(first, (month + 1).astype("datetime64[D]"), weekmask="0000100")
    return _rows(month, _usual(dice, month) * fridays / fridays.mean())


def rise(months: int, held_back: int) -> pd.DataFrame:
    """A level that moved shortly before the cutoff, in every third series."""
    dice, month = np.random.default_rng(SEED), _months(months)
    moved = np.arange(SERIES) % 3 == 0
    since = np.arange(months) >= months - held_back - RISEN
    return _rows(month, _usual(dice, month) * np.where(moved[:, None] & since, RISE, 1.0))


def launches(months: int, held_back: int) -> pd.DataFrame:
    """Series that are younger than two seasons."""
    dice, month = np.random.default_rng(SEED), _months(months)
    y = _usual(dice, month)
    age = dice.integers(10, 21, SERIES) + held_back
    return _rows(month, np.where(np.arange(months) >= months - age[:, None], y, np.nan))


PANELS: dict[str, Callable[[int, int], pd.DataFrame]] = {
    "weeks": weeks,
    "rise": rise,
    "launches": launches,
}


def _months(count: int) -> np.ndarray:
    return np.datetime64("2025-12", "M") + np.arange(1 - count, 1)


def _usual(dice: np.random.Generator, month: np.ndarray) -> np.ndarray:
    """Levels that wander, a season that the series share in part, and noise (SERIES, months)."""
    count, of_year = len(month), month.astype(int) % 12
    level = dice.normal(0, 1, (SERIES, 1)) + np.cumsum(dice.normal(0, 0.03, (SERIES, count)), 1)
    season = dice.normal(0, 0.2, 12) + dice.normal(0, 0.1, (SERIES, 12))
    noise = dice.normal(0, 0.1, (SERIES, count)) + dice.normal(0, 0.03, count)
    return np.asarray(100 * np.exp(level + season[:, of_year] + noise))


def _rows(month: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    ids = np.repeat([f"series {n:03d}" for n in range(len(y))], len(month))
    ds = np.tile(month.astype("datetime64[ns]"), len(y))
    return pd.DataFrame({"unique_id": ids, "ds": ds, "y": y.ravel()}).dropna(ignore_index=True)
