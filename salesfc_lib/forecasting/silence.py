"""What a series that hardly began, and then fell silent, is still expected to sell.

Histories enter; the most that each forecast may be leaves. A series may sell rarely, or it may be
over: the beta-geometric/beta-Bernoulli model (Fader, Hardie and Shang 2010,
https://doi.org/10.1287/mksc.1100.0580) weighs both. In every month a series that is alive sells
with a probability of its own, and it may end. How likely sales and ends are is learnt from all
series of a level, so that silence says little where all sell now and then.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import betaln, logsumexp

from salesfc_lib.forecasting.tuning import (
    SILENCE_CHANCES,
    SILENCE_END_STRENGTHS,
    SILENCE_ENDS,
    SILENCE_STRENGTHS,
)
from salesfc_lib.foundation import SEASON, schema


class Sales(NamedTuple):
    """Counts of rows (n,): months with a sale, months from the first to the last sale, and months
    without one since; and the mean size of a sale.
    """

    sold: np.ndarray
    months: np.ndarray
    silent: np.ndarray
    size: np.ndarray


def limit_silent(y: np.ndarray, level: np.ndarray, rule: schema.Lifecycle) -> np.ndarray:
    """What a month of each row of y (n, T) is expected to sell at most (n,); infinite but for rows
    that sold for less than a year and have been silent for `rule.silent_months` or more.

    level: (n,) codes of the rows that are learnt from together. NaN is no month of the row.

    >>> y = np.array([[np.nan, 128050, 0, 0, 0, 0], [128050, 0, 0, 0, 0, 0], [5, 0, 0, 5, 0, 0]])
    >>> limit_silent(y, np.arange(3), schema.Lifecycle()).round().tolist()
    [4890.0, 3715.0, inf]
    """
    sales = count_sales(y)
    is_young = (sales.sold > 0) & (sales.months < SEASON) & (sales.size > 0)
    is_young &= sales.silent >= rule.silent_months
    limit = np.full(len(y), np.inf)
    for code in np.unique(level[is_young]):
        own = (level == code) & (sales.sold > 0)
        share = expect_share(Sales(*(each[own] for each in sales)))
        limit[own] = np.where(is_young[own], share * sales.size[own], np.inf)
    return limit


def hold_mean(forecast: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Forecasts (n, horizon) scaled down where their mean is above the limit (n,).

    >>> hold_mean(np.array([[2.0, 6.0], [2.0, 6.0]]), np.array([1.0, np.inf])).tolist()
    [[0.5, 1.5], [2.0, 6.0]]
    """
    mean = forecast.mean(axis=1)
    is_above = mean > limit
    return forecast * np.where(is_above, limit / np.where(is_above, mean, 1.0), 1.0)[:, None]


def count_sales(y: np.ndarray) -> Sales:
    """Counts of sales of each row of y (n, T)."""
    sells = np.isfinite(y) & (y != 0)
    begun = np.logical_or.accumulate(sells, axis=1)
    ahead = np.logical_or.accumulate(sells[:, ::-1], axis=1)[:, ::-1]
    sold = sells.sum(axis=1)
    size = np.where(sells, y, 0.0).sum(axis=1) / sold.clip(1)
    return Sales(sold, (begun & ahead).sum(axis=1), (begun & ~ahead).sum(axis=1), size)


def expect_share(sales: Sales) -> np.ndarray:
    """Expected share of the coming months in which each row sells (n,): the mean over a grid of
    parameters (C chances to sell, E chances to end), weighed by the likelihood of all rows.

    The first sale says nothing, as no row begins before it.

    >>> five, three = np.array([5]), np.array([3])
    >>> expect_share(Sales(five, five, three, five)).round(2).tolist()
    [0.09]
    """
    counts, group, rows = np.unique(
        np.column_stack(sales[:3]), axis=0, return_inverse=True, return_counts=True
    )
    sold, months, silent = counts.T
    sell = _Chance.of(SILENCE_CHANCES, SILENCE_STRENGTHS, sold - 1, months - sold, silent)
    end = _Chance.of(SILENCE_ENDS, SILENCE_END_STRENGTHS, 0 * sold, months - 1, silent)
    alive = sell.never[:, None, :, -1] * end.never[:, :, -1]  # (C, E, n)
    ends = end.never[..., :-1] - end.never[..., 1:]
    over = np.einsum("cnj,enj->cen", sell.never[..., :-1], ends, optimize=True)
    likelihood = sell.likelihood[:, None] + end.likelihood + np.log(alive + over)
    total = (likelihood * rows).sum(axis=2)
    weight = np.exp(total - logsumexp(total))
    share = np.einsum("ce,cen,cn->n", weight, alive / (alive + over), sell.next, optimize=True)
    return np.asarray(share)[group.ravel()]


class _Chance(NamedTuple):
    """A monthly chance that differs by row, beta distributed, on a grid of G means and strengths.

    likelihood: log, of what was seen before the silence (G, n); never: that it does not happen in
    the first 0, 1, ... months of the silence, no more of them than there are (G, n, S + 1); next:
    of the month after a silence in which it never happened (G, n).
    """

    likelihood: np.ndarray
    never: np.ndarray
    next: np.ndarray

    @classmethod
    def of(
        cls,
        means: Sequence[float],
        strengths: Sequence[float],
        hits: np.ndarray,
        misses: np.ndarray,
        silent: np.ndarray,
    ) -> _Chance:
        """From the months in which it happened and did not (n,), and the months of silence."""
        grid = np.array([*product(means, strengths)])
        a, b = grid[:, :1] * grid[:, 1:], (1 - grid[:, :1]) * grid[:, 1:]
        known = betaln(a + hits, b + misses) - betaln(a, b)
        after = np.arange(silent.max())
        stays = (b + misses)[..., None] + after
        stays = stays / ((a + b + hits + misses)[..., None] + after)
        stays = np.where(after < silent[:, None], stays, 1.0)
        never = np.concatenate([np.ones((*known.shape, 1)), stays.cumprod(axis=2)], axis=2)
        return cls(known, never, (a + hits) / (a + b + hits + misses + silent))
