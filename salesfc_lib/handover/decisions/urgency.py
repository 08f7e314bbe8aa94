"""What to do first: when stock runs out, what would be lacking, and the money at stake.

A plan and what a piece is worth enter; table `urgent` leaves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.foundation import say, say_all, tables
from salesfc_lib.handover.decisions.requirements import Plan
from salesfc_lib.handover.decisions.service import demand_over

OUT, EARLY = 0.5, 0.1  # shares of the paths that are out of stock by `out_on` and `early_on`
SLACK = 1e-3  # of a piece: what single precision leaves
LEAST = 0.5  # pieces expected to expire from which stock is called a surplus


def rank_urgent(plan: Plan, worth: pd.DataFrame) -> pd.DataFrame:
    """Table `urgent`. worth: unique_id, price and cost of a piece of each stocked series, null
    where not known.

    short: expected lack over lead time and review if nothing is ordered until then; money: what
    these pieces would bring. Most money first, then the earliest day of a stock-out.
    """
    short, risk, expire = _judge_stock(plan)
    each, valued = _value_pieces(plan, worth)
    quantity = plan.policy["quantity"].to_numpy()
    late = risk > 1 - plan.policy["service"].to_numpy()
    choices = [late & (quantity > 0), quantity > 0, expire > LEAST]
    out_on, early_on = _days_out(plan)
    rows = pd.DataFrame(
        {
            "unique_id": plan.items["unique_id"].to_numpy(),
            "action": np.select(choices, ["expedite", "order", "surplus"], "wait"),
            "out_on": out_on,
            "early_on": early_on,
            "risk": risk,
            "quantity": quantity,
            "short": short,
            "money": short * each,
            "valued": valued,
            "expire": expire,
        }
    )
    return tables.build(_rank(rows.join(_basis(rows, plan))), "urgent")


def _judge_stock(plan: Plan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each stocked series what is expected to be short by the next review's delivery, the share
    of paths that lack something before an order of now could arrive, and what is expected to
    expire; null where stock or lead time is not known.
    """
    demand, terms = plan.demand.values, plan.terms
    lead, shelf_life = terms.days, np.minimum(terms.shelf_life, 1e6)
    known = np.isfinite(plan.stock) & np.isfinite(lead)
    gap = demand_over(demand, terms.drawn + terms.review) - _there(plan, lead + terms.review)
    lacks = demand_over(demand, terms.drawn) > _there(plan, lead)
    unsold = np.maximum(plan.stock - demand_over(demand, shelf_life[None]), 0.0).mean(axis=0)
    return (
        np.where(known, np.maximum(gap, 0.0).mean(axis=0), np.nan),
        np.where(known, lacks.mean(axis=0), np.nan),
        np.where(np.isfinite(terms.shelf_life) | np.isnan(plan.stock), unsold, 0.0),
    )


def _value_pieces(plan: Plan, worth: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What a lacking piece of each stocked series costs, and by what it is valued."""
    told = worth.set_index("unique_id").reindex(plan.items["unique_id"]).astype(float)
    price = told["price"].to_numpy()
    margin = price - told["cost"].to_numpy()
    valued = np.select([~np.isnan(margin), ~np.isnan(price)], ["margin", "revenue"], "none")
    return np.where(np.isnan(margin), price, margin.clip(0)), valued


def _rank(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of what to do, with their rank."""
    by = {"money": False, "out_on": True, "unique_id": True}
    rows = rows.sort_values(list(by), ascending=list(by.values()), na_position="last")
    return rows.assign(rank=np.arange(1, len(rows) + 1))


def _there(plan: Plan, days: np.ndarray) -> np.ndarray:
    """Stock and what is due within `days` of the start, (n_items,)."""
    due = np.arange(plan.arriving.shape[1]) <= np.nan_to_num(days)[:, None]
    return np.asarray(plan.stock + (plan.arriving * due).sum(axis=1))


def _days_out(plan: Plan) -> list[pd.DatetimeIndex]:
    """Days by which half and a tenth of the paths are out of stock without further orders.

    Day after day; null where they are not within the months planned.
    """
    months, demand = plan.demand.months, plan.demand.values
    left = np.broadcast_to(plan.stock, demand.shape[:2]).astype(np.float64)
    daily = (demand / months.days_in_month.to_numpy()).transpose(2, 0, 1)
    out = np.full(demand.shape[:2], np.inf)
    month = np.repeat(np.arange(len(months)), months.days_in_month)
    for day, arrived in enumerate(plan.arriving.T):
        left += arrived - daily[month[day]]
        np.copyto(out, day, where=(left < -SLACK) & np.isinf(out))
    found = np.quantile(out, [OUT, EARLY], axis=0, method="inverted_cdf")
    found = np.where(np.isfinite(found), found, np.nan)
    return [months[0] + pd.to_timedelta(each, unit="D") for each in found]


def _basis(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Formula, assumptions and inputs of each row of `urgent`."""
    found = []
    for place, row in enumerate(rows.itertuples(index=False)):
        stock = "known" if np.isfinite(plan.stock[place]) else "unknown"
        lead = "known" if np.isfinite(plan.terms.days[place]) else "unknown"
        fresh = np.isfinite(plan.terms.shelf_life[place])
        assumptions = [
            say("decision.assumption.even"),
            say("decision.assumption.fresh") if fresh else "",
            say("decision.assumption.receipts"),
            say(f"decision.assumption.valued.{row.valued}"),
        ]
        known = "known" if stock == lead == "known" else "unknown"
        facts = {"received": round(float(plan.received[place].sum()), 3)}
        if stock == "known":
            facts["stock"] = round(float(plan.stock[place]), 3)
        found.append(
            {
                "formula": say(f"decision.formula.urgent.{known}"),
                "assumptions": say_all(assumptions),
                "inputs": say(f"decision.inputs.urgent.{stock}", **facts),
            }
        )
    return pd.DataFrame(found)
