"""How many months speak for something, and how often chance alone would bring so many.

What happens in one month happens to all series at once, so a month counts once, whatever its
number of changes. Months that resemble the month before count for less.
"""

from __future__ import annotations

import pandas as pd
from scipy.special import betainc

EVEN = 0.5  # chance of either sign where nothing speaks for one of them
DIGITS = 6  # beyond which values are the same, so that rounding makes no ranks
MOST = 0.9  # resemblance of a month to the one before, so that there are effective months at all


def sign_p(hits: float, trials: float, chance: float = EVEN) -> float:
    """Probability of at least `hits` of `trials` when each comes up with `chance`.

    The binomial tail as an incomplete beta function, which takes parts of a month as well.

    >>> round(sign_p(6, 6), 6)
    0.015625
    """
    return float(betainc(hits, trials - hits + 1.0, chance)) if hits > 0 else 1.0


def count_months(values: pd.Series, *, chance: float = EVEN) -> pd.DataFrame:
    """Sign test of every subject: months and hits (those above zero), and p.

    `values` has an index that ends in `ds`; a month of zero or null says nothing. p is the
    probability of so many hits where a month is one with `chance`, each month counting for its
    `effective_share`.
    """
    values = values.where(values != 0)
    found = pd.DataFrame({"hits": values > 0, "months": values.notna()})
    found = found.groupby(values.index.names[:-1]).sum()
    hits, missed = found["hits"], found["months"] - found["hits"]
    share = effective_share(values).reindex(found.index)
    p = betainc((hits * share).clip(lower=1e-9), missed * share + 1.0, chance)
    return found.assign(p=p.where(hits > 0, 1.0))


def effective_share(values: pd.Series) -> pd.Series:
    """What a month of every subject counts for, because an error that lasts comes back.

    (1 - r) / (1 + r), where r is the correlation of the months' ranks with those of the month
    before, as far as it is beyond its standard error n^-0.5; else 1 (Bayley and Hammersley 1946,
    https://doi.org/10.2307/2983560).
    """
    wide = values.astype("float64").round(DIGITS).unstack("ds")
    if len(wide.columns):
        months = pd.date_range(wide.columns.min(), wide.columns.max(), freq="MS")
        wide = wide.reindex(columns=months)
    ranks = wide.rank(axis=1)
    ranks = ranks.sub(ranks.mean(axis=1), axis=0)
    pairs, spread = (ranks * ranks.shift(axis=1)).sum(axis=1), (ranks**2).sum(axis=1)
    alike = (pairs / spread.where(spread > 0)).clip(upper=MOST)
    alike = alike.where(alike > wide.notna().sum(axis=1) ** -0.5, 0.0)
    return (1.0 - alike) / (1.0 + alike)
