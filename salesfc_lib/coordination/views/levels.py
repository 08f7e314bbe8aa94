"""Forecasts of some series summed to others, and what a piece of each series brings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.panel import list_levels, summing_matrix
from salesfc_lib.retrospective.loop import read_published


def roll_up(view: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """The view with every further series that its series of one level add up to.

    What was entered stays as it is, even where it does not add up. Columns unique_id, ds, y_hat.
    """
    summing = summing_matrix(series, list_levels(series))
    members = (summing.matrix > 0).astype(np.int64)
    size = np.asarray(members.sum(axis=1)).ravel()
    level = series.set_index("unique_id")["level"].reindex(summing.ids).to_numpy()
    parts = [view[["unique_id", "ds", "y_hat"]]]
    for ds, own in view.groupby("ds"):
        given = own.set_index("unique_id")["y_hat"]
        done = set(given.index)
        for name in pd.unique(level)[::-1]:
            rows = np.flatnonzero((level == name) & summing.ids.isin(given.index))
            if not len(rows):
                continue
            inside = (members @ members[rows].T).toarray() == size[rows]
            full = inside @ size[rows] == size
            found = pd.Series(inside @ given[summing.ids[rows]].to_numpy(), summing.ids)[full]
            fresh = found[~found.index.isin(done)]
            done |= set(fresh.index)
            parts.append(fresh.rename("y_hat").rename_axis("unique_id").reset_index().assign(ds=ds))
    return pd.concat(parts, ignore_index=True)


def price_series(run: UnitMonth) -> pd.Series:
    """What a piece of each series brings, by unique_id; without those of which nobody knows.

    The mean of its bottom series' prices (table `piece_price`), weighed by pieces sold.
    """
    prices, series = read_published(run, "piece_price"), read_published(run, "series")
    if prices.empty or run.parameters.measure.value == "quantity":
        return pd.Series(dtype=float)
    summing = summing_matrix(series, list_levels(series))
    own = prices.set_index("unique_id").reindex(summing.bottom_ids)
    pieces = own["pieces"].where(own["price"].notna()).fillna(0.0)
    total = summing.matrix @ pieces.to_numpy()
    money = summing.matrix @ (pieces * own["price"].fillna(0.0)).to_numpy()
    known = total > 0
    return pd.Series(money[known] / total[known], summing.ids[known])
