"""The branches of a unit that explain what was found in its series: one for each cause.

Of all branches that are beyond their limit the one is taken for which size / sqrt(weight) is
largest: what moved together is one branch, because sizes add up faster than roots of weights, and
a part that moved alone is that part. What it explains is taken out of all others, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from salesfc_lib.panel import DESCRIBING, list_levels

LEAST_SHARE = 0.02  # of the unit's weight: smaller branches are no cause of their own
MOST = 10  # causes


def explain(
    items: pd.DataFrame, series: pd.DataFrame, *, limit: float, least: float = LEAST_SHARE
) -> Iterator[tuple[str, float]]:
    """Branches with the size that each explains, the clearest first.

    Parameters
    ----------
    items
        Series of one level: unique_id, size (signed), weight (above zero, what size is a share of).
    series
        The table `series`.
    limit
        Share of its weight beyond which a branch's size, without what was explained, is too much.
    least
        Share of all weight that a branch has at least.
    """
    branches, holds = _lay_out(items, series)
    left, weight = items["size"].to_numpy(float), items["weight"].to_numpy(float)
    each = holds @ weight
    for _ in range(MOST):
        size = holds @ left
        over = (np.abs(size) > limit * each) & (each >= least * weight.sum()) & (each > 0)
        if not over.any():
            return
        score = np.where(over, np.abs(size) / np.sqrt(np.where(each > 0, each, 1.0)), -1.0)
        best = int(np.argmax(score))
        yield str(branches[best]), float(size[best])
        left = np.where(holds[best], 0.0, left)


def _lay_out(items: pd.DataFrame, series: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Ids of the branches at and above the items' level, and which items each holds
    (n_branches, n_items), widest first.
    """
    dimensions = [name for name in series if name not in DESCRIBING]
    own = series.set_index("unique_id").loc[items["unique_id"]]
    crossed = {name for name in dimensions if own[name].notna().any()}
    levels = [level for level, names in list_levels(series).items() if {*names} <= crossed]
    rows = series[series["level"].isin(levels)]
    holds = np.ones((len(rows), len(own)), dtype=bool)
    for name in dimensions:
        wanted, has = rows[name].to_numpy(object)[:, None], own[name].to_numpy(object)[None]
        holds &= pd.isna(wanted) | (wanted == has).astype(bool)
    return rows["unique_id"].to_numpy(object), holds
