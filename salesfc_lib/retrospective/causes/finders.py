"""What could explain a miss: each finder looks into one table for causes.

An effect is only claimed where it can be computed from the evidence; what merely coincides (a
promotion ran, the last three months missed the same way) is named without an amount. Effects are
signed as sales are: below zero means sold less than forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.foundation import SEASON
from salesfc_lib.retrospective.causes.case import Case
from salesfc_lib.retrospective.causes.promotions import (
    estimate_uplift,
    name_promotions,
    promotion_share,
    widen,
)
from salesfc_lib.retrospective.compare import of_stage, published, window
from salesfc_lib.retrospective.members import bottom_series, match

NEW_WITHIN = 6  # months since the first sale
RETURNS_ABOVE = 1.5  # times the usual rate of returns
PROMOTION_MOVED = 0.1  # share of the month by which the calendar must have changed
TREND_MONTHS = 3
TREND_SIZE = 0.1  # each month's miss, as a share of its forecast
POSTED_LATE = 0.05  # of the last month that the forecast knew, at least


class Cause(NamedTuple):
    """A possible cause of one series' miss; effect is None where the evidence gives no amount."""

    unique_id: str
    cause: str
    effect: float | None
    facts: dict[str, Any]


Finder = Callable[[Case], Iterator[Cause]]


def find_changes_by_people(case: Case) -> Iterator[Cause]:
    """Series in which the applied overrides moved the forecast away from what was sold."""
    made, rows = case.evidence.adjustments, case.past.vintages
    made = made[made["state"].eq("applied") & made["ds"].eq(case.month)]
    made = made[made["made_in"] == case.made_in]
    if made.empty:
        return
    rows = rows[rows["ds"].eq(case.month) & rows["cutoff"].eq(case.made_in)]
    before, after = (
        of_stage(rows, stage).set_index("unique_id")["y_hat"]
        for stage in ("reconciled", "adjusted")
    )
    made = made.sort_values("sequence").merge(
        case.series, on="unique_id", how="left", suffixes=("", "_series")
    )
    for unique_id, group in match(made, case.series).groupby("unique_id"):
        row = case.rows.get(unique_id)
        change = after.get(unique_id, np.nan) - before.get(unique_id, np.nan)
        if row is None or not change:
            continue
        if abs(row.difference) > abs(before.get(unique_id, row.forecast) - row.actual):
            authors, reasons = (
                [str(text) for text in dict.fromkeys(made.loc[group["row"], name].dropna())]
                for name in ("author", "reason")
            )
            facts = {"before": before[unique_id], "after": after[unique_id]}
            facts |= {"authors": authors, "reasons": reasons}
            yield Cause(unique_id, "change_by_people", -change, facts)


def find_declared_effects(case: Case) -> Iterator[Cause]:
    """Series in which what the business had declared moved the forecast away from what was sold."""
    rows = case.evidence.effects
    rows = rows[rows["ds"].eq(case.month) & rows["unique_id"].isin(case.rows)]
    for unique_id, group in rows.groupby("unique_id"):
        row, change = case.rows[unique_id], float((group["after"] - group["before"]).sum())
        if abs(row.difference) > abs(row.difference - change):
            facts = {"change": change, "effects": group["id"].unique()}
            facts |= {"reasons": group["reason"].dropna().unique()}
            yield Cause(unique_id, "declared_effect", -change, facts)


def find_lost_accounts(case: Case) -> Iterator[Cause]:
    """Series of a key account that ordered regularly and has now ordered nothing at all."""
    if "key_account" not in case.series.columns:
        return
    bottom = bottom_series(case.series).dropna(subset="key_account")
    for account, group in bottom[bottom["key_account"] != "other"].groupby("key_account"):
        members = [name for name in group["unique_id"] if name in case.sales.columns]
        silence = _find_silence(case, case.sales[members].sum(axis=1, min_count=1))
        if silence:
            for unique_id in (name for name in members if name in case.rows):
                effect = -case.rows[unique_id].forecast
                yield Cause(unique_id, "lost_account", effect, {"account": account} | silence)


def find_ended_series(case: Case) -> Iterator[Cause]:
    """Series that sold regularly and have sold nothing for `lifecycle.silent_months` or more."""
    least = case.evidence.lifecycle.silent_months
    for unique_id in case.known:
        silence = _find_silence(case, case.sales[unique_id])
        if silence and silence["months_without"] >= least:
            yield Cause(unique_id, "ended_series", -case.rows[unique_id].forecast, silence)


def find_new_series(case: Case) -> Iterator[Cause]:
    """Series first sold within `NEW_WITHIN` months; all of the miss where none was forecast."""
    start = case.sales.index.min()
    for unique_id in case.known:
        sold = case.sales[unique_id]
        first = sold[sold > 0].index.min()
        if pd.isna(first) or first <= start:
            continue
        row, months = case.rows[unique_id], len(pd.period_range(first, case.month, freq="M"))
        if months <= NEW_WITHIN:
            facts = {"first_sale": first, "months": months, "forecasted": bool(row.forecasted)}
            yield Cause(unique_id, "new_series", None if row.forecasted else row.gap, facts)


def find_returns(case: Case) -> Iterator[Cause]:
    """Series whose returns were above their usual rate over the twelve months before."""
    if not case.evidence.returns_count or case.sold.empty:
        return
    amount = case.sold[case.evidence.measure].astype(float).abs()
    by = [case.sold["unique_id"], case.sold["ds"] == case.month, case.sold["kind"]]
    sums = amount.groupby(by).sum().unstack(fill_value=0.0)
    sums = sums.reindex(columns=["sale", "return"], fill_value=0.0)
    for unique_id, group in sums.groupby(level=0):
        before, now = group.droplevel(0).reindex([False, True], fill_value=0.0).to_numpy()
        usual_rate = before[1] / before[0] if before[0] else 0.0
        usual, returned = usual_rate * now[0], now[1]
        if returned > RETURNS_ABOVE * usual and returned > 0:
            facts = {"returned": returned, "usual": usual, "usual_rate": usual_rate}
            yield Cause(unique_id, "returns", usual - returned, facts)


def find_outliers(case: Case) -> Iterator[Cause]:
    """Months that cleaning flagged: one large order where there is one, else without an amount."""
    flagged = case.evidence.outliers
    for row in flagged[flagged["ds"] == case.month].itertuples(index=False):
        facts = {"expected": row.y, "sold": row.y_raw, "score": row.score}
        order = _largest_order(case, row.unique_id) if row.y_raw > row.y else None
        if order is None:
            yield Cause(row.unique_id, "unusual_month", None, facts)
        else:
            effect = min(row.y_raw - row.y, order["amount"])
            yield Cause(row.unique_id, "large_order", effect, facts | order)


def find_stockouts(case: Case) -> Iterator[Cause]:
    """Series without stock on some days: their forecast, if sales are even over the month."""
    stock = case.evidence.inventory
    stock = stock[stock["ds"] == case.month].dropna(subset="stockout_days").reset_index(drop=True)
    days = (case.span[1] - case.span[0]).days + 1
    for unique_id, group in match(stock, case.series).groupby("unique_id"):
        out = stock.loc[group["row"], "stockout_days"].clip(upper=days)
        if unique_id in case.rows and out.sum() > 0:
            share = float(out.mean()) / days
            facts = {"days": float(out.max()), "items": len(out), "share_of_month": share}
            facts["items_out"] = int((out > 0).sum())
            yield Cause(unique_id, "stockout", -case.rows[unique_id].forecast * share, facts)


def find_promotions(case: Case) -> Iterator[Cause]:
    """Series whose promotion calendar changed after the forecast, or in which a promotion ran.

    A change has the effect of the usual uplift, where there is one.
    """
    evidence, planned = case.evidence, case.evidence.promotion_then
    planned = evidence.promotion if planned is None else planned
    wide = [widen(promotion, evidence.window) for promotion in (evidence.promotion, planned)]
    now, then = (
        promotion_share(each, case.series, case.sales.index, evidence.calendar) for each in wide
    )
    uplift, months = estimate_uplift(case.sales, now)
    names = name_promotions(wide, case.series, case.span)
    for unique_id in (name for name in case.rows if name in now.columns):
        ran, plan = now.at[case.month, unique_id], then.at[case.month, unique_id]
        facts = {"share_of_month": ran, "planned_share": plan, "names": names.get(unique_id, [])}
        if abs(ran - plan) >= PROMOTION_MOVED:
            forecast = case.rows[unique_id].forecast
            effect = uplift and forecast * uplift * (ran - plan) / (1 + uplift * plan)
            facts |= {"uplift": uplift, "uplift_months": months}
            yield Cause(unique_id, "promotion_changed", effect, facts)
        elif ran > 0:
            yield Cause(unique_id, "promotion_ran", None, facts)


def find_late_postings(case: Case) -> Iterator[Cause]:
    """Series whose last month before the forecast was posted in part after it was made.

    Named where that month changed by `POSTED_LATE` or more in the direction of the miss. Without an
    amount: how far the models would have carried it into this month is not known.
    """
    rows = case.evidence.restatement
    rows = rows[rows["kind"].eq("late_posting") & rows["ds"].eq(case.made_in)].reset_index(
        drop=True
    )
    posted = rows[f"{case.evidence.measure}_difference"].astype(float)
    known = case.sales.reindex([case.made_in]).iloc[0]
    for unique_id, group in match(rows, case.series).groupby("unique_id"):
        late, month = float(posted[group["row"]].sum()), known.get(unique_id, np.nan)
        row = case.rows.get(unique_id)
        if row and late * row.gap > 0 and abs(late) >= POSTED_LATE * abs(month) > 0:
            facts = {"posted": late, "month": case.made_in, "share": late / month}
            yield Cause(unique_id, "late_posting", None, facts)


def find_trends(case: Case) -> Iterator[Cause]:
    """Series that missed the same way, by a tenth or more, three months running at this lag."""
    lag = len(pd.period_range(case.made_in, case.month, freq="M")) - 1
    rows = window(case.past.vintages, case.month, TREND_MONTHS)
    actual = case.past.actual[["unique_id", "ds", "y_raw"]].dropna()
    rows = published(rows[rows["h"] == lag]).merge(actual, on=["unique_id", "ds"])
    rows = rows.assign(difference=rows["y_hat"] - rows["y_raw"]).sort_values("ds")
    rows["size"] = rows["difference"] / rows["y_hat"].where(rows["y_hat"] != 0)
    for unique_id, group in rows[rows["unique_id"].isin(case.rows)].groupby("unique_id"):
        size = group["size"]
        if len(size) == TREND_MONTHS and (size.min() >= TREND_SIZE or size.max() <= -TREND_SIZE):
            facts = {"months": TREND_MONTHS, "differences": group["difference"].tolist()}
            yield Cause(unique_id, "trend", None, facts)


# In the order in which they may claim a part of a miss: what is counted before what is estimated,
# coincidence last.
FINDERS: tuple[Finder, ...] = (
    find_changes_by_people,
    find_declared_effects,
    find_lost_accounts,
    find_ended_series,
    find_new_series,
    find_returns,
    find_outliers,
    find_stockouts,
    find_promotions,
    find_late_postings,
    find_trends,
)


def _find_silence(case: Case, sold: pd.Series) -> dict[str, Any]:
    """How long a regular series has sold nothing; empty where it sells, or was never regular."""
    sold = sold.dropna()
    last = sold.index[sold > 0].max()
    before = sold[sold.index <= last].tail(SEASON)
    active, months_without = int((before > 0).sum()), int((sold.index > last).sum())
    regular = active >= case.evidence.lifecycle.regular_share * len(before)
    if not months_without or len(before) < NEW_WITHIN or not regular:
        return {}
    facts = {"months_without": months_without, "last_order": last}
    return facts | {"active_before": active, "of": len(before)}


def _largest_order(case: Case, unique_id: str) -> dict[str, Any] | None:
    """The month's largest order of a series: order_id, customer, amount."""
    rows = case.sold[case.sold["unique_id"].eq(unique_id) & case.sold["ds"].eq(case.month)]
    rows = rows[rows["kind"] == "sale"].dropna(subset="order_id")
    if rows.empty:
        return None
    by_order = rows.groupby("order_id")[case.evidence.measure]
    orders = by_order.agg(lambda amounts: float(sum(amounts, Decimal(0))))
    order_id = orders.sort_index().idxmax()
    customer = rows.loc[rows["order_id"] == order_id, "customer"].iloc[0]
    return {"order_id": order_id, "customer": customer, "amount": orders[order_id]}
