"""Revenue, cost, margin and cash by month, with their ranges over the paths.

Paths in pieces, prices, costs, the plan and past sales enter; table `finance` leaves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.foundation import say, say_all, tables
from salesfc_lib.handover.decisions.paths import Paths, bound
from salesfc_lib.handover.decisions.requirements import Plan
from salesfc_lib.handover.decisions.supply import MONTH_DAYS, Supply, value_by

ITEMS = ("revenue", "cost", "margin", "received", "paid", "cash")


def value_pieces(
    supply: Supply, items: pd.DataFrame, mean_price: pd.Series | None = None
) -> pd.DataFrame:
    """What a piece of each of `items` brings and costs: unique_id, price, cost, and received_after
    and paid_after in days; null where not known.

    items: rows of `series`; mean_price: by unique_id (`piece_price`), where the table price has
    none.
    """
    price = value_by(supply.price, items, "price")
    if mean_price is not None:
        own = mean_price.reindex(items["unique_id"]).to_numpy(dtype=float)
        price = np.where(np.isnan(price), own, price)
    columns = {
        "unique_id": items["unique_id"].to_numpy(),
        "price": price,
        "cost": value_by(supply.cost, items, "cost"),
        "received_after": value_by(supply.price, items, "terms"),
        "paid_after": value_by(supply.cost, items, "terms"),
    }
    return pd.DataFrame(columns)


def mean_prices(money: Paths, pieces: Paths, known: pd.Series) -> pd.Series:
    """What a piece of each series of the paths brings on average, by unique_id.

    known: of bottom series (`price_pieces`), kept beside, and where no piece is expected.
    """
    brought, count = (each.values.sum(axis=(0, 2), dtype=float) for each in (money, pieces))
    sold = count > 0
    return pd.Series(brought[sold] / count[sold], money.ids[sold]).combine_first(known)


def price_sales(
    drawn: Paths, panel: pd.DataFrame, worth: pd.DataFrame
) -> tuple[Paths, pd.DataFrame]:
    """Paths and past sales in money, from those in pieces and what a piece brings."""
    brings = worth.set_index("unique_id")["price"]
    sales = panel.assign(y_raw=panel["y_raw"] * panel["unique_id"].map(brings))
    return drawn.scaled(brings), sales


def view_finance(
    money: Paths, pieces: Paths, worth: pd.DataFrame, panel: pd.DataFrame, plan: Plan | None = None
) -> pd.DataFrame:
    """Table `finance` of the whole unit.

    money, pieces: paths of the bottom series; worth: of the same (`value_pieces`); panel: past
    sales in money (y_raw), what is still to be received. With a plan whose orders are known, paid
    is what suppliers deliver, else what is sold, at cost; bills of the past are not in it.
    """
    told = worth.set_index("unique_id").reindex(money.ids)
    cost = told["cost"].to_numpy(dtype=float)
    known = np.isfinite(cost)
    revenue = money.values.sum(axis=1, dtype=np.float64)
    sold = money.values[:, known].sum(axis=1, dtype=np.float64)
    spent = pieces.values[:, known] * cost[known, None]
    past = _past_sales(panel, money)
    received = _delay(money.values, told["received_after"].to_numpy(dtype=float), past)
    paid, basis = _paid(spent, told["paid_after"].to_numpy(dtype=float)[known], plan, worth)
    costs = spent.sum(axis=1, dtype=np.float64)
    courses = (revenue, costs, sold - costs, received, paid, received - paid)
    share = float((sold.sum() / revenue.sum()).clip(0, 1)) if revenue.sum() > 0 else 0.0
    parts = [
        _lay_out(item, course, money.months, None if known.any() else item)
        for item, course in zip(ITEMS, courses, strict=True)
    ]
    rows = pd.concat(parts, ignore_index=True)
    return tables.build(rows.assign(known=share).join(_basis(rows, told, basis)), "finance")


def _past_sales(panel: pd.DataFrame, money: Paths) -> np.ndarray:
    """Sales of the twelve months before the first, (n_series, 12); zero where there are none."""
    months = pd.date_range(end=money.months[0], periods=13, freq="MS")[:-1]
    rows = panel[panel["unique_id"].isin(money.ids) & panel["ds"].isin(months)]
    wide = rows.pivot(index="unique_id", columns="ds", values="y_raw")
    return np.asarray(wide.reindex(index=money.ids, columns=months).fillna(0.0).to_numpy())


def _delay(values: np.ndarray, days: np.ndarray, past: np.ndarray) -> np.ndarray:
    """Sums (n_paths, n_months) of values that come `days` later; not known: at once.

    A part of a month moves its share into the month after: sales are even over a month's days.
    """
    months = np.nan_to_num(days / MONTH_DAYS).clip(0, past.shape[1] - 1)
    count, _, horizon = values.shape
    before = np.broadcast_to(past, (count, *past.shape))
    every = np.concatenate([before, values], axis=2, dtype=np.float64)
    total = np.zeros((count, horizon))
    for each in np.unique(months):
        own = every[:, months == each].sum(axis=1)
        whole, part = int(each), each - int(each)
        start = past.shape[1] - whole
        total += (1 - part) * own[:, start : start + horizon]
        total += part * own[:, start - 1 : start - 1 + horizon] if part else 0.0
    return total


def _paid(
    spent: np.ndarray, days: np.ndarray, plan: Plan | None, worth: pd.DataFrame
) -> tuple[np.ndarray, str]:
    """Paid by path and month, and whether `planned` orders or what is `sold` is paid."""
    none = np.zeros((spent.shape[1], 12))
    if plan is None or plan.requirements["planned"].isna().any():
        return _delay(spent, days, none), "sold"
    items = worth.set_index("unique_id").reindex(plan.items["unique_id"])
    cost = items["cost"].to_numpy(dtype=float)
    if np.isnan(cost).any():
        return _delay(spent, days, none), "sold"
    shape = len(plan.items), len(plan.demand.months)
    arriving = plan.requirements["planned"].to_numpy().reshape(shape) + plan.received
    bought = np.broadcast_to(arriving * cost[:, None], (len(spent), *shape))
    later = items["paid_after"].to_numpy(dtype=float)
    return _delay(bought, later, np.zeros((shape[0], 12))), "planned"


def _lay_out(
    item: str, course: np.ndarray, months: pd.DatetimeIndex, lacking: str | None
) -> pd.DataFrame:
    """Rows of one item; null where the costs that it needs are not known."""
    known = lacking in (None, "revenue", "received")
    numbers = {"mean": course.mean(axis=0)}
    for level in (80, 95):
        numbers[f"lo-{level}"], numbers[f"hi-{level}"] = bound(course, level)
    return pd.DataFrame(
        {
            "item": item,
            "ds": months,
            **{
                name: each if known else np.full(len(each), np.nan)
                for name, each in numbers.items()
            },
        }
    )


def _basis(rows: pd.DataFrame, told: pd.DataFrame, paid: str) -> pd.DataFrame:
    """Formula, assumptions and inputs of each row of `finance`."""
    terms = {
        "received": "known" if told["received_after"].notna().any() else "unknown",
        "paid": "known" if told["paid_after"].notna().any() else "unknown",
    }
    found, priced = [], rows["mean"].notna().any()
    for item, mean in zip(rows["item"], rows["mean"], strict=True):
        lacking = "unknown" if priced else "no_price"
        formula = item if pd.notna(mean) else lacking
        assumptions = [say("decision.assumption.paths")]
        if item in ("received", "cash"):
            assumptions.append(say(f"decision.assumption.received.{terms['received']}"))
        if item in ("paid", "cash"):
            assumptions.append(say(f"decision.assumption.paid.{terms['paid']}"))
            assumptions.append(say(f"decision.assumption.paid.{paid}"))
        found.append(
            {
                "formula": say(f"decision.formula.finance.{formula}"),
                "assumptions": say_all(assumptions),
                "inputs": say("decision.inputs.finance"),
            }
        )
    return pd.DataFrame(found)
