"""Months in which stock ran out: what was sold there is not what was wanted.

The inventory, the bottom series and their panel enter; a table of censored months leaves. The decision made here: a stock-out
is never a low. It is said, its month is no evidence against a series, and models see what was to be expected there only where
the unit asks for it (`cleaning.stock_outs: replace`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.foundation import tables


def find_stock_outs(
    inventory: pd.DataFrame, series: pd.DataFrame, panel: pd.DataFrame
) -> pd.DataFrame:
    """Table censored: bottom series and months with days without stock, `y_raw` what was sold nevertheless.

    A dimension that the inventory leaves blank, or does not have, means all members; of several rows for one series and month
    the longest stock-out counts.
    """
    short = inventory[inventory["stockout_days"].gt(0)]
    if short.empty:
        return tables.empty("censored")
    shared = [
        name for name in series if name in short and name not in ("unique_id", "level", "label")
    ]
    given = short[shared].notna()
    parts = []
    for there, rows in short.groupby(
        [given[name] for name in shared] or np.zeros(len(short)), sort=False
    ):
        names = [name for name, has in zip(shared, there, strict=True) if has] if shared else []
        keys = rows[[*names, "ds", "stockout_days"]]
        parts.append(
            series[["unique_id", *names]].merge(keys, on=names)
            if names
            else series[["unique_id"]].merge(keys, how="cross")
        )
    days = pd.concat(parts).groupby(["unique_id", "ds"], as_index=False)["stockout_days"].max()
    found = days.merge(panel[["unique_id", "ds", "y_raw"]], on=["unique_id", "ds"]).dropna(
        subset="y_raw"
    )
    return found.sort_values(["unique_id", "ds"], ignore_index=True)
