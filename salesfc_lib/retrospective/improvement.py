"""Whether an improvement is real, and what it cost: facts beside the accuracy.

A rising accuracy proves nothing by itself, since easy months and a lowered bar raise it too. So the
gain is taken over the seasonal naive of the same rows, next to how sales grew and how often the
published total stood below the statistical one.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.foundation import SEASON, tables
from salesfc_lib.retrospective.compare import Past, of_stage, published, tabulate, window
from salesfc_lib.retrospective.habits import sign_p
from salesfc_lib.retrospective.members import bottom_series, top_series

STOCK = ["ds", "stockout_days", "stockout_days_before", "stock", "stock_before"]


def gaming_check(past: Past, *, month: pd.Timestamp | str) -> dict[str, Any]:
    """Facts for "is the improvement real?" over the last twelve months, one month ahead.

    months: months scored. At the bottom level: accuracy, naive_accuracy, gain (WAPE of the seasonal
    naive minus that of the published forecast, pooled), gain_now (this month's), gain_earlier and
    gain_later (older and newer half of the months), naive_earlier and naive_later (accuracy of the
    naive: above in the later half means easier months). At the top level: sales_growth over the
    same months a year before (null without them), months_compared and months_below (published below
    statistical), p_below (chance of at least so many if both signs are equally likely), mean_change
    (published minus statistical, as a share of statistical). What cannot be computed is null.
    """
    bottom = bottom_series(past.series)[["unique_id"]]
    scores = past.scores(month, SEASON, [1]).merge(bottom, on="unique_id")
    scored = sorted(scores["ds"].unique())
    later = scores["ds"] >= scored[len(scored) // 2] if scored else pd.Series(dtype=bool)
    whole, now = _pooled(scores), _pooled(scores[scores["ds"] == pd.Timestamp(month)])
    older, newer = _pooled(scores[~later]), _pooled(scores[later])
    return {
        "months": len(scored),
        **{name: whole.get(name) for name in ("accuracy", "naive_accuracy", "gain")},
        "gain_now": now.get("gain"),
        "gain_earlier": older.get("gain"),
        "naive_earlier": older.get("naive_accuracy"),
        "gain_later": newer.get("gain"),
        "naive_later": newer.get("naive_accuracy"),
        "sales_growth": _growth(past, pd.Timestamp(month)),
        **_below_statistical(past, window(past.vintages, month, SEASON).query("h == 1")),
    }


def stock_view(inventory: pd.DataFrame, *, month: pd.Timestamp | str) -> pd.DataFrame:
    """Stock-out days and stock of this month and the month before.

    One row per member that inventory is kept for (its columns beside those of the contract),
    most stock-out days first. Null: no count in that month. No rows where the unit has no
    inventory.
    """
    now = pd.Timestamp(month)
    members = [*inventory.columns.difference(tables.empty("inventory").columns, sort=False)]
    rows = inventory[inventory["ds"].isin([now, now - pd.DateOffset(months=1)])]
    if rows.empty:
        return pd.DataFrame(columns=[*members, *STOCK])
    keys = members or [pd.Series("total", index=rows.index, name="member")]
    months = rows.groupby([rows["ds"] == now, *keys], dropna=False)[["stockout_days", "stock"]]
    sums = months.sum(min_count=1)
    is_now = sums.index.get_level_values(0)
    this, before = sums[is_now].droplevel(0), sums[~is_now].droplevel(0)
    table = this.join(before, how="outer", rsuffix="_before").reset_index().assign(ds=now)
    return table.reindex(columns=[*members, *STOCK]).sort_values(
        "stockout_days", ascending=False, kind="stable", ignore_index=True
    )


def _pooled(scores: pd.DataFrame) -> dict[str, float]:
    """Measures of `compare.tabulate` over all rows, those that are known."""
    table = tabulate(scores.assign(all="all"), ["all"]).drop(columns="all")
    known = table.iloc[0].dropna() if len(table) else pd.Series(dtype="float64")
    return {str(name): float(value) for name, value in known.items()}


def _growth(past: Past, month: pd.Timestamp) -> float | None:
    """Growth of sales over the same months a year before; None unless both windows are complete."""
    rows = past.actual.merge(bottom_series(past.series)[["unique_id"]], on="unique_id")
    monthly = rows.groupby("ds")["y_raw"].sum(min_count=1).dropna()
    now = window(monthly.reset_index(), month, SEASON).set_index("ds")["y_raw"]
    before = monthly.reindex(now.index - pd.DateOffset(years=1))
    complete = len(now) and before.notna().all() and before.sum()
    return float(now.sum() / before.sum() - 1) if complete else None


def _below_statistical(past: Past, rows: pd.DataFrame) -> dict[str, Any]:
    """How often, and by how much, the published total stood below the statistical one."""
    top = rows.merge(top_series(past.series)[["unique_id"]], on="unique_id")
    final = published(top).groupby("ds")["y_hat"].sum()
    statistical = of_stage(top, "statistical").groupby("ds")["y_hat"].sum()
    change = (final - statistical).dropna()
    differs, below = int((change != 0).sum()), int((change < 0).sum())
    base = float(statistical.reindex(change.index).sum())
    return {
        "months_compared": len(change),
        "months_below": below,
        "p_below": sign_p(below, differs) if differs else None,
        "mean_change": float(change.sum()) / base if base else None,
    }
