"""What could explain a miss: each finder looks into one table and says what it saw.

The month's misses and the unit's tables enter; findings leave: series, cause, facts and, where the table allows it, the
effect on sales. The decision made here: an effect is only claimed where it can be computed from the evidence; what
merely coincides (a promotion ran, the last three months missed the same way) is named without an amount.
Effects are signed as sales are: below zero means sold less than forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.foundation import Calendar, Window, bound_months, month_of, tables
from salesfc_lib.retrospective.causes.promotions import (
    estimate_uplift,
    name_promotions,
    promotion_share,
    widen,
)
from salesfc_lib.retrospective.compare import of_stage, published
from salesfc_lib.retrospective.members import bottom_series, by_series, match

REGULAR = (
    0.75  # share of the twelve months before in which a series must have sold, to be called regular
)
ENDED_AFTER = 3  # months without sales
NEW_WITHIN = 6  # months since the first sale
RETURNS_ABOVE = 1.5  # times the usual rate of returns
PROMOTION_MOVED = 0.1  # share of the month by which the calendar must have changed
TREND_MONTHS = 3
TREND_SIZE = 0.1  # each month's miss, as a share of its forecast


@dataclass(frozen=True)
class Evidence:
    """The unit's tables that may hold a cause; any of them may be empty.

    `promotion_then` is the promotion calendar as it was when the forecast was made (None: not archived). `measure` is
    the column of the transactions that is forecast; `returns_count` is false where returns are kept apart; `window` are the days
    around a promotion that it is agreed to influence, in the months of `calendar`.
    """

    transactions: pd.DataFrame = field(default_factory=lambda: tables.empty("transactions"))
    inventory: pd.DataFrame = field(default_factory=lambda: tables.empty("inventory"))
    promotion: pd.DataFrame = field(default_factory=lambda: tables.empty("promotion"))
    promotion_then: pd.DataFrame | None = None
    outliers: pd.DataFrame = field(default_factory=lambda: tables.empty("outliers"))
    adjustments: pd.DataFrame = field(default_factory=lambda: tables.empty("adjustment"))
    measure: str = "amount"
    returns_count: bool = True
    window: Window = Window()
    calendar: Calendar = Calendar()


@dataclass(frozen=True)
class Found:
    """One thing that a finder saw: effect is null where the evidence gives no amount."""

    unique_id: str
    cause: str
    effect: float | None
    facts: dict[str, Any]


@dataclass(frozen=True)
class Case:
    """The misses of one month (of `compare_month`), what led up to them, and the evidence."""

    missed: pd.DataFrame
    vintages: pd.DataFrame
    actual: pd.DataFrame
    series: pd.DataFrame
    evidence: Evidence

    @property
    def month(self) -> pd.Timestamp:
        return self.missed["ds"].iloc[0]

    @property
    def made_in(self) -> pd.Timestamp:
        return self.missed["cutoff"].iloc[0]

    @cached_property
    def rows(self) -> dict[str, Any]:
        """Row of `missed` by unique_id, with `gap` = actual - forecast."""
        rows = self.missed.assign(gap=-self.missed["difference"])
        return {row.unique_id: row for row in rows.itertuples(index=False)}

    @cached_property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last day of the business month."""
        firsts, ends = bound_months(
            np.array([self.month], dtype="datetime64[M]"), self.evidence.calendar
        )
        return pd.Timestamp(firsts[0]), pd.Timestamp(ends[0] - 1)

    @cached_property
    def sales(self) -> pd.DataFrame:
        """Sales through the month, months x bottom series; null: not known, or before the first row."""
        bottom = bottom_series(self.series)["unique_id"]
        past = self.actual[
            self.actual["unique_id"].isin(bottom) & (self.actual["ds"] <= self.month)
        ]
        return past.pivot(index="ds", columns="unique_id", values="y_raw").sort_index()

    @cached_property
    def sold(self) -> pd.DataFrame:
        """Transactions of this month and the year before with unique_id and ds."""
        rows = self.evidence.transactions
        first, end = self.month - pd.DateOffset(months=12), self.month + pd.DateOffset(months=1)
        months = month_of(rows)
        return by_series(rows[(months >= first) & (months < end)], self.series)


Finder = Callable[[Case], Iterator[Found]]


def find_changes_by_people(case: Case) -> Iterator[Found]:
    """Series in which the applied overrides moved the forecast away from what was sold."""
    applied = case.evidence.adjustments.query("state == 'applied'")
    applied = applied[
        (applied["ds"] == case.month) & (applied["made_in"] == case.made_in)
    ].sort_values("sequence")
    if applied.empty:
        return
    month = case.vintages[
        (case.vintages["ds"] == case.month) & (case.vintages["cutoff"] == case.made_in)
    ]
    before = of_stage(month, "reconciled").set_index("unique_id")["y_hat"]
    after = of_stage(month, "adjusted").set_index("unique_id")["y_hat"]
    applied = applied.merge(
        case.series, on="unique_id", how="left", suffixes=("", "_series")
    ).reset_index(drop=True)
    for unique_id, group in match(applied, case.series).groupby("unique_id"):
        row, change = (
            case.rows.get(unique_id),
            after.get(unique_id, float("nan")) - before.get(unique_id, float("nan")),
        )
        if (
            row is not None
            and abs(row.difference) > abs(before.get(unique_id, row.forecast) - row.actual)
            and change
        ):
            made = applied.loc[group["row"]]
            authors = [str(name) for name in dict.fromkeys(made["author"].dropna())]
            yield Found(
                unique_id,
                "change_by_people",
                -change,
                {
                    "authors": authors,
                    "before": before[unique_id],
                    "after": after[unique_id],
                    "reasons": [str(reason) for reason in dict.fromkeys(made["reason"].dropna())],
                },
            )


def find_lost_accounts(case: Case) -> Iterator[Found]:
    """Series of a key account that ordered regularly and has now ordered nothing at all."""
    if "key_account" not in case.series.columns:
        return
    bottom = bottom_series(case.series).dropna(subset="key_account")
    for account, group in bottom[bottom["key_account"] != "other"].groupby("key_account"):
        members = [name for name in group["unique_id"] if name in case.sales.columns]
        silence = _silence(case.sales[members].sum(axis=1, min_count=1))
        if silence is not None:
            for unique_id in (name for name in members if name in case.rows):
                yield Found(
                    unique_id,
                    "lost_account",
                    -case.rows[unique_id].forecast,
                    {"account": account} | silence,
                )


def find_ended_series(case: Case) -> Iterator[Found]:
    """Series that sold regularly and have sold nothing for `ENDED_AFTER` months or more."""
    for unique_id in (name for name in case.rows if name in case.sales.columns):
        silence = _silence(case.sales[unique_id])
        if silence is not None and silence["months_without"] >= ENDED_AFTER:
            yield Found(unique_id, "ended_series", -case.rows[unique_id].forecast, silence)


def find_new_series(case: Case) -> Iterator[Found]:
    """Series whose first sale is at most `NEW_WITHIN` months old; all of it where none was forecast."""
    start = case.sales.index.min()
    for unique_id in (name for name in case.rows if name in case.sales.columns):
        sold = case.sales[unique_id]
        first = sold[sold > 0].index.min()
        if pd.isna(first) or first <= start:
            continue
        months = len(pd.period_range(first, case.month, freq="M"))
        if months <= NEW_WITHIN:
            row = case.rows[unique_id]
            yield Found(
                unique_id,
                "new_series",
                None if row.forecasted else row.gap,
                {"first_sale": first, "months": months, "forecasted": bool(row.forecasted)},
            )


def find_returns(case: Case) -> Iterator[Found]:
    """Series whose returns were above their usual rate over the twelve months before."""
    if not case.evidence.returns_count or case.sold.empty:
        return
    amount = case.sold[case.evidence.measure].astype(float).abs()
    sums = (
        amount.groupby([case.sold["unique_id"], case.sold["ds"] == case.month, case.sold["kind"]])
        .sum()
        .unstack(fill_value=0.0)
    )
    sums = sums.reindex(columns=["sale", "return"], fill_value=0.0)
    for unique_id, group in sums.groupby(level=0):
        by_time = group.droplevel(0).reindex([False, True], fill_value=0.0)
        usual_rate = (
            by_time.at[False, "return"] / by_time.at[False, "sale"]
            if by_time.at[False, "sale"]
            else 0.0
        )
        usual = usual_rate * by_time.at[True, "sale"]
        returned = by_time.at[True, "return"]
        if returned > RETURNS_ABOVE * usual and returned > 0:
            yield Found(
                unique_id,
                "returns",
                usual - returned,
                {"returned": returned, "usual": usual, "usual_rate": usual_rate},
            )


def find_outliers(case: Case) -> Iterator[Found]:
    """Months that cleaning flagged: one large order by name where there is one, else the flag without an amount."""
    flagged = case.evidence.outliers
    for row in flagged[flagged["ds"] == case.month].itertuples(index=False):
        expected = {"expected": row.y, "sold": row.y_raw, "score": row.score}
        order = _largest_order(case, row.unique_id) if row.y_raw > row.y else None
        if order is None:
            yield Found(row.unique_id, "unusual_month", None, expected)
        else:
            yield Found(
                row.unique_id,
                "large_order",
                min(row.y_raw - row.y, order["amount"]),
                expected | order,
            )


def find_stockouts(case: Case) -> Iterator[Found]:
    """Series without stock on some days: the forecast of those days, sales taken as even over the month."""
    stock = case.evidence.inventory
    stock = stock[stock["ds"] == case.month].dropna(subset="stockout_days").reset_index(drop=True)
    days = (case.span[1] - case.span[0]).days + 1
    for unique_id, group in match(stock, case.series).groupby("unique_id"):
        out = stock.loc[group["row"], "stockout_days"].clip(upper=days)
        if unique_id in case.rows and out.sum() > 0:
            share = float(out.mean()) / days
            yield Found(
                unique_id,
                "stockout",
                -case.rows[unique_id].forecast * share,
                {
                    "days": float(out.max()),
                    "items": len(out),
                    "items_out": int((out > 0).sum()),
                    "share_of_month": share,
                },
            )


def find_promotions(case: Case) -> Iterator[Found]:
    """Series whose promotion calendar changed after the forecast, with its usual uplift; or in which one ran."""
    evidence, planned = case.evidence, case.evidence.promotion_then
    counted = partial(
        promotion_share,
        series=case.series,
        months=case.sales.index,
        window=evidence.window,
        calendar=evidence.calendar,
    )
    now = counted(evidence.promotion)
    then = now if planned is None else counted(planned)
    uplift, months = estimate_uplift(case.sales, now)
    calendars = [evidence.promotion] if planned is None else [evidence.promotion, planned]
    names = name_promotions(
        [widen(frame, evidence.window) for frame in calendars], case.series, case.span
    )
    for unique_id in (name for name in case.rows if name in now.columns):
        ran, plan = now.at[case.month, unique_id], then.at[case.month, unique_id]
        facts = {"share_of_month": ran, "planned_share": plan, "names": names.get(unique_id, [])}
        if abs(ran - plan) >= PROMOTION_MOVED:
            effect = (
                None
                if uplift is None
                else case.rows[unique_id].forecast * uplift * (ran - plan) / (1 + uplift * plan)
            )
            yield Found(
                unique_id,
                "promotion_changed",
                effect,
                facts | {"uplift": uplift, "uplift_months": months},
            )
        elif ran > 0:
            yield Found(unique_id, "promotion_ran", None, facts)


def find_trends(case: Case) -> Iterator[Found]:
    """Series that missed the same way, and by a tenth or more, three months running at this lag."""
    lag = len(pd.period_range(case.made_in, case.month, freq="M")) - 1
    rows = case.vintages[(case.vintages["h"] == lag) & (case.vintages["ds"] <= case.month)]
    rows = published(rows[rows["ds"] > case.month - pd.DateOffset(months=TREND_MONTHS)])
    rows = rows.merge(case.actual[["unique_id", "ds", "y_raw"]].dropna(), on=["unique_id", "ds"])
    rows = rows.assign(
        relative=(rows["y_hat"] - rows["y_raw"]) / rows["y_hat"].where(rows["y_hat"] != 0)
    ).sort_values("ds")
    for unique_id, group in rows[rows["unique_id"].isin(case.rows)].groupby("unique_id"):
        size = group["relative"]
        if len(size) == TREND_MONTHS and (size.min() >= TREND_SIZE or size.max() <= -TREND_SIZE):
            differences = (group["y_hat"] - group["y_raw"]).tolist()
            yield Found(
                unique_id, "trend", None, {"months": TREND_MONTHS, "differences": differences}
            )


# In the order in which they may claim a part of a miss: what is counted before what is estimated, coincidence last.
FINDERS: tuple[Finder, ...] = (
    find_changes_by_people,
    find_lost_accounts,
    find_ended_series,
    find_new_series,
    find_returns,
    find_outliers,
    find_stockouts,
    find_promotions,
    find_trends,
)


def _silence(sold: pd.Series) -> dict[str, Any] | None:
    """How long a regular series has been silent through its last month; None where it is not, or was never regular."""
    sold = sold.dropna()
    active = sold.index[sold > 0]
    if active.empty or active[-1] == sold.index[-1]:
        return None
    before = sold[sold.index <= active[-1]].tail(12)
    regular = len(before) >= NEW_WITHIN and (before > 0).mean() >= REGULAR
    without = int((sold.index > active[-1]).sum())
    facts = {
        "months_without": without,
        "last_order": active[-1],
        "active_before": int((before > 0).sum()),
        "of": len(before),
    }
    return facts if regular else None


def _largest_order(case: Case, unique_id: str) -> dict[str, Any] | None:
    """The month's largest order of a series: order_id, customer, amount."""
    rows = case.sold[
        (case.sold["unique_id"] == unique_id)
        & (case.sold["ds"] == case.month)
        & (case.sold["kind"] == "sale")
    ]
    rows = rows.dropna(subset="order_id")
    if rows.empty:
        return None
    orders = rows.groupby("order_id")[case.evidence.measure].agg(
        lambda amounts: float(sum(amounts, Decimal(0)))
    )
    order_id = orders.sort_index().idxmax()
    customer = rows.loc[rows["order_id"] == order_id, "customer"].iloc[0]
    return {"order_id": order_id, "customer": customer, "amount": orders[order_id]}
