"""Net requirements by month and site.

Paths in pieces, stock, open orders and terms enter; tables `requirements` and `stock_policy` leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.foundation import Parameters, say, say_all, tables
from salesfc_lib.handover.decisions.consumption import consume
from salesfc_lib.handover.decisions.paths import Paths, bound
from salesfc_lib.handover.decisions.policy import Levels, Terms, list_policy, set_levels
from salesfc_lib.handover.decisions.supply import Supply, by_month, place, sum_by, sum_by_day


@dataclass(frozen=True)
class Plan:
    """What is to be ordered: tables `requirements` and `stock_policy`, and what they came from.

    items: rows of `series` of the level that is stocked; demand: paths in pieces after open orders;
    stock (n_items,), null where not known; received (n_items, n_months) and arriving (n_items,
    n_days): open purchase orders due.
    """

    requirements: pd.DataFrame
    policy: pd.DataFrame
    items: pd.DataFrame
    demand: Paths
    stock: np.ndarray
    received: np.ndarray
    arriving: np.ndarray
    terms: Terms


def plan_supply(
    pieces: Paths, supply: Supply, series: pd.DataFrame, parameters: Parameters
) -> Plan:
    """The plan of the level `handover.level`, from paths of the bottom series in pieces.

    What a missing source leaves unknown is null: without stock no net requirement, without lead
    times no safety stock and no day of release. Stock counts as that of the first month's start.
    """
    settings, levels = parameters.handover, parameters.levels
    own = pieces.at_level(series, levels, settings.level or parameters.bottom)
    items = series.set_index("unique_id").loc[own.ids].reset_index(names="unique_id")
    due = {
        kind: sum_by_day(supply.open_order[supply.open_order["kind"].eq(kind)], items, own.months)
        for kind in ("sale", "purchase")
    }
    ordered, received = (by_month(each, own.months) for each in due.values())
    left = consume(own.values.astype(np.float64), ordered, **settings.consumption.model_dump())
    demand = Paths((left + ordered).astype(np.float32), own.ids, own.months)
    terms = Terms.of(supply, items, settings, len(own.values))
    stock = sum_by(supply.stock, items, "stock")
    at_start = [
        set_levels(demand.values, terms, settings, start) for start in range(len(own.months))
    ]
    expected = own.values.mean(axis=0, dtype=np.float64)
    given = {"forecast": expected, "ordered": ordered, "consumed": expected - left.mean(axis=0)}
    numbers = given | _net(demand, stock, received, terms, at_start)
    position = stock + received.sum(axis=1)
    return Plan(
        requirements=_list_requirements(items, demand, numbers, terms, supply),
        policy=list_policy(items, at_start[0], terms, settings, position=position),
        items=items,
        demand=demand,
        stock=stock,
        received=received,
        arriving=due["purchase"],
        terms=terms,
    )


def _net(
    demand: Paths, stock: np.ndarray, received: np.ndarray, terms: Terms, levels: list[Levels]
) -> dict[str, np.ndarray]:
    """Stock month by month with planned orders, (n_items, n_months) each.

    net = max(0, demand + safety stock - opening - received); planned: net in lots; closing =
    opening + received + planned - demand. The safety stock of months whose lead time and review go
    beyond the horizon is that of the last month before.
    """
    expected = demand.values.mean(axis=0, dtype=np.float64)
    safety = pd.DataFrame([each.safety_stock for each in levels]).ffill().to_numpy().T
    opening, net, planned, closing = (np.full(expected.shape, np.nan) for _ in range(4))
    held = stock
    for month in range(expected.shape[1]):
        opening[:, month] = held
        there = held + received[:, month]
        wanted = expected[:, month] + np.nan_to_num(safety[:, month].clip(0))
        net[:, month] = np.maximum(wanted - there, 0.0)
        planned[:, month] = terms.round_up(net[:, month])
        held = there + planned[:, month] - expected[:, month]
        closing[:, month] = held
    supplied = stock[:, None] + received.cumsum(axis=1)
    gone = demand.values.cumsum(axis=2) > supplied[None]
    runs_out = np.where(np.isnan(stock)[:, None], np.nan, gone.mean(axis=0))
    names = ("opening", "net", "planned", "closing", "received", "safety_stock", "runs_out")
    return dict(
        zip(names, (opening, net, planned, closing, received, safety, runs_out), strict=True)
    )


def _list_requirements(
    items: pd.DataFrame, demand: Paths, numbers: dict[str, np.ndarray], terms: Terms, supply: Supply
) -> pd.DataFrame:
    """Table `requirements`."""
    count, months = len(items), len(demand.months)
    numbers = numbers | {"demand": demand.values.mean(axis=0, dtype=np.float64)}
    numbers["lo-80"], numbers["hi-80"] = bound(demand.values, 80)
    rows = pd.DataFrame({name: value.reshape(-1) for name, value in numbers.items()})
    if supply.open_order.empty:
        rows["received"] = np.nan
    rows["unique_id"] = np.repeat(items["unique_id"].to_numpy(), months)
    rows["ds"] = np.tile(demand.months.to_numpy(), count)
    days = pd.to_timedelta(np.repeat(terms.days, months), unit="D").round("D")
    release = rows["ds"] - days
    ordering = rows["planned"].gt(0) & np.isfinite(np.repeat(terms.days, months))
    start = demand.months[0]
    rows["release"] = release.where(ordering).clip(lower=start)
    rows["late"] = (ordering & (release < start)).to_numpy()
    orders = _say_orders(supply.open_order, items)
    rows["formula"] = [_say_formula(*each) for each in rows[["demand", "net"]].to_numpy()]
    rows["assumptions"] = [_say_assumptions(each, orders) for each in rows["safety_stock"]]
    rows["inputs"] = [
        say(f"decision.inputs.requirement.{_state(each)}", paths=len(demand.values))
        for each in rows["opening"]
    ]
    return tables.build(rows, "requirements")


def _state(value: float) -> str:
    return "known" if pd.notna(value) else "unknown"


def _say_formula(demand: float, net: float) -> str:
    if pd.isna(demand):
        return say("decision.formula.requirement.no_pieces")
    return say(f"decision.formula.requirement.{_state(net)}")


def _say_assumptions(safety_stock: float, orders: str) -> str:
    safety = say(f"decision.assumption.safety_stock.{_state(safety_stock)}")
    return say_all([say("decision.assumption.even"), safety, orders])


def _say_orders(orders: pd.DataFrame, items: pd.DataFrame) -> str:
    """Whether open orders are known, and how much of them belongs to no stocked series."""
    lost = float(orders.loc[place(orders, items) < 0, "quantity"].sum())
    if lost > 0:
        return say("decision.assumption.open_orders.unplaced", quantity=round(lost, 3))
    return say(f"decision.assumption.open_orders.{'unknown' if orders.empty else 'known'}")
