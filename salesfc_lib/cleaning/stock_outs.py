"""Months in which stock ran out: what was sold there is not what was wanted.

A stock-out is never an outlier: its month is no evidence against a series, and models get what was
to be expected there only where the unit asks for it (`cleaning.stock_outs: replace`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.foundation import tables


def find_stock_outs(
    inventory: pd.DataFrame, series: pd.DataFrame, panel: pd.DataFrame
) -> pd.DataFrame:
    """Table censored: bottom series and months with days without stock, `y_raw` as sold.

    A dimension that the inventory leaves blank, or does not have, means all members; of several
    rows for one series and month the longest stock-out counts.
    """
    short = inventory[inventory["stockout_days"].gt(0)]
    if short.empty:
        return tables.empty("censored")
    ids, about = ["unique_id", "ds"], ("unique_id", "level", "label")
    shared = [name for name in series if name in short and name not in about]
    by = [short[name].notna() for name in shared] or np.zeros(len(short))
    parts = []
    for given, rows in short.groupby(by, sort=False):
        names = [name for name, has in zip(shared, given, strict=True) if has] if shared else []
        keys, known = rows[[*names, "ds", "stockout_days"]], series[["unique_id", *names]]
        parts.append(known.merge(keys, on=names) if names else known.merge(keys, how="cross"))
    days = pd.concat(parts).groupby(ids, as_index=False)["stockout_days"].max()
    found = days.merge(panel[[*ids, "y_raw"]], on=ids).dropna(subset="y_raw")
    return found.sort_values(ids, ignore_index=True)
