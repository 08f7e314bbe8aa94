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
from salesfc_lib.retrospective.habits import count_months, sign_p
from salesfc_lib.retrospective.members import bottom_series, sum_targets, top_series

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


def stretch(past: Past, target: pd.DataFrame, *, month: pd.Timestamp | str) -> pd.DataFrame:
    """What was to be reached in each of the last 24 months, and what was.

    Table `stretch`, of the whole unit: the forecast published one month ahead, and the targets of
    months in which all of its parts have one.
    """
    top = top_series(past.series)[["unique_id"]]
    sold = past.actual.merge(top)[["ds", "y_raw"]].rename(columns={"y_raw": "actual"}).dropna()
    before = sold.assign(ds=sold["ds"] + pd.DateOffset(years=1))
    sold = sold.merge(before.rename(columns={"actual": "last_year"}), on="ds", how="left")
    bars = {
        "forecast": published(past.vintages.query("h == 1")).rename(columns={"y_hat": "stated"}),
        "target": sum_targets(target, past.series).rename(columns={"target": "stated"}),
    }
    rows = [bar.merge(top).merge(sold, on="ds").assign(bar=name) for name, bar in bars.items()]
    return tables.build(window(pd.concat(rows), month, 2 * SEASON), "stretch")


def judge_stretch(bars: pd.DataFrame) -> dict[str, Any]:
    """Facts of table `stretch`, by bar: whether it was lowered, and whether it is easily reached.

    <bar>_months, _reached (months in which more was sold), _p (chance of so many where less is as
    likely; null without months), and _earlier and _later: what was stated over sales of the year
    before, in the older and the newer half of the months that have both (null: none).
    """
    over = bars["actual"] / bars["stated"].where(bars["stated"] > 0) - 1.0
    counts = count_months(over.set_axis(pd.MultiIndex.from_frame(bars[["bar", "ds"]])))
    facts: dict[str, Any] = {}
    for bar in ("forecast", "target"):
        known = bars[bars["bar"] == bar].dropna(subset="last_year").sort_values("ds")
        found = counts.loc[bar] if bar in counts.index else {"months": 0, "hits": 0, "p": None}
        facts |= {f"{bar}_months": found["months"], f"{bar}_reached": found["hits"]}
        facts |= {f"{bar}_p": found["p"]}
        halves = {"earlier": slice(None, len(known) // 2), "later": slice(len(known) // 2, None)}
        for name, half in halves.items():
            stated, before = known.iloc[half][["stated", "last_year"]].sum()
            facts[f"{bar}_{name}"] = stated / before - 1.0 if before > 0 else None
    return facts


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
