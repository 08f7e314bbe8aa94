"""Cutoffs of the backtest, and the day on which the forecast of a cutoff was published."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.foundation import SEASON, Parameters, schema

MIN_HISTORY = SEASON + 1  # months of the panel at the earliest cutoff: the baseline needs a year


def list_backs(width: int, backtest: schema.Backtest) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Months before now of the backtest's cutoffs, and of as many before them to learn from.

    Every `step` months, with 13 months of panel behind each: fewer where the history is short, none
    where it is very short.

    >>> list_backs(40, schema.Backtest(cutoffs=4, step=3))
    ((12, 9, 6, 3), (24, 21, 18, 15))
    """
    possible = list(range(backtest.step, width - MIN_HISTORY + 1, backtest.step))
    count = backtest.cutoffs
    return tuple(possible[:count][::-1]), tuple(possible[count : 2 * count][::-1])


def find_publication_day(cutoff: pd.Timestamp, parameters: Parameters) -> pd.Timestamp:
    """Day in the following month on which the forecast of a cutoff is published."""
    return cutoff + pd.DateOffset(months=1, days=parameters.adjust.publication_day - 1)
