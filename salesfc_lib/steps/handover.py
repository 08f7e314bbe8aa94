"""The handover step: from the published forecast to what departments are to do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import language, tables
from salesfc_lib.reporting import (
    DECIDED_TABLES,
    SUPPLY_TABLES,
    Check,
    HandedMonth,
    final_stage,
    write_order_csv,
)

if TYPE_CHECKING:
    from salesfc_lib.handover import Paths

CLOSE = 1e-4  # relative gap that 500 paths in single precision may leave
EDGES = ("lo-80", "hi-80")


def is_handed(run: UnitMonth) -> bool:
    """Whether the month has a handover: not where it is switched off, nor in a backfill, because
    what stock and open orders were then is not known.
    """
    return run.parameters.handover.enabled and run.kind == "run"


def hand_over(run: UnitMonth) -> HandedMonth:
    """Draw sample paths and compute decisions from them; what the step wrote comes back."""
    from salesfc_lib import handover

    parameters = run.parameters
    panel, series = run.read("panel"), run.read("series")
    past, drawn = _draw(run, panel, series)
    supply = handover.Supply.of(_read_supply(run)[0])
    price = handover.price_pieces(run.read("transactions"), series, parameters, supply)
    known = price.set_index("unique_id")["price"]
    pieces = drawn.scaled(1 / known)
    plan = handover.plan_supply(pieces, supply, series, parameters)
    shown = list(dict.fromkeys([next(iter(parameters.levels)), _level(run), parameters.bottom]))
    valued = series[series["level"].isin(shown)]
    if parameters.measure.value == "amount":
        shape = series, parameters.levels, _level(run)
        mean = handover.mean_prices(drawn.at_level(*shape), pieces.at_level(*shape), known)
        worth = handover.value_pieces(supply, valued, mean)
        money, past_sales = drawn, panel
    else:
        worth = handover.value_pieces(supply, valued)
        money, past_sales = handover.price_sales(drawn, panel, worth)
    run.write(
        paths=drawn.rows(),
        piece_price=price,
        stock_policy=plan.policy,
        requirements=plan.requirements,
        urgent=handover.rank_urgent(plan, worth),
        capacity_plan=handover.check_capacity(plan, supply.capacity, pieces, series),
        finance=handover.view_finance(money, pieces, worth, past_sales, plan),
        outlook=_sum_up(plan.stock, plan.items, worth, pieces=pieces, revenue=money),
        asked=supply.missing(),
        sum_coverage=handover.cover_sums(
            past, panel, series, parameters.levels, shown=shown, rule=parameters.lifecycle
        ),
    )
    _write_orders(run, plan.requirements, supply.lead_time, plan.items)
    return read_handed(run)


def _level(run: UnitMonth) -> str:
    return run.parameters.handover.level or run.parameters.bottom


def _draw(run: UnitMonth, panel: pd.DataFrame, series: pd.DataFrame) -> tuple[pd.DataFrame, Paths]:
    """Coherent forecasts of earlier cutoffs, and paths of the published one."""
    from salesfc_lib import handover
    from salesfc_lib.reconciliation import reconcile_backtest

    forecast, backtest, parameters = run.read("forecast"), run.read("backtest"), run.parameters
    method = str(forecast.loc[forecast["stage"].eq("reconciled"), "model"].iloc[0])
    past = reconcile_backtest(method, backtest, panel, series, parameters=parameters)
    past = past if len(past) else backtest[backtest["stage"].eq("combined")]
    published, settings = final_stage(forecast), parameters.handover
    near = published[published["h"].le(settings.horizon)]
    bottom, count = parameters.bottom, settings.paths
    return past, handover.draw_paths(near, past, panel, series, bottom=bottom, count=count)


def _read_supply(run: UnitMonth) -> tuple[dict[str, pd.DataFrame], str]:
    """Tables of supply by name, and the role that stock is from: without a source of its own the
    month's end of `inventory` is the beginning of the plan, where it is counted by what is stocked.
    """
    found = {name: run.read_if_any(name) for name in SUPPLY_TABLES}
    stock, role = found.pop("on_hand"), "stock"
    if stock.empty:
        counted, crossed = run.read_if_any("inventory"), run.parameters.levels[_level(run)]
        if {*crossed} <= {*counted}:
            stock = counted[counted["ds"].eq(run.cutoff)].drop(columns=["ds"])
        role = "inventory" if len(stock) else ""
    return {**found, "stock": stock}, role


def _sum_up(
    stock: np.ndarray, items: pd.DataFrame, worth: pd.DataFrame, **courses: Paths
) -> pd.DataFrame:
    """Table `outlook`."""
    rows, ends = [], {}
    for name, paths in courses.items():
        total = paths.total()
        ends = {"first": paths.months[0], "last": paths.months[-1]}
        if np.isfinite(total).all():
            edges = dict(zip(EDGES, paths.interval(80), strict=True))
            rows.append({"name": name, **ends, "mean": total.mean(), **edges})
    cost = worth.set_index("unique_id")["cost"].reindex(items["unique_id"]).to_numpy()
    if np.isfinite(tied := float((stock * cost).sum())):
        rows.append({"name": "capital", **ends, "mean": tied, **dict.fromkeys(EDGES, tied)})
    return tables.build(rows, "outlook")


def _write_orders(
    run: UnitMonth, requirements: pd.DataFrame, lead_time: pd.DataFrame, items: pd.DataFrame
) -> None:
    """Write orders.csv where anything is to be ordered."""
    if not requirements["planned"].gt(0).any():
        return
    names = [name for name in lead_time if name in items]
    supplier = pd.Series(dtype=object)
    if names and lead_time[names].notna().all(axis=None):
        found = items.merge(lead_time, on=names, how="left")
        supplier = found.drop_duplicates("unique_id").set_index("unique_id")["supplier"]
    write_csv = partial(write_order_csv, requirements, supplier, items)
    language.write_each(write_csv, run.folder / "orders.csv", run.parameters.report.spoken)


def read_handed(run: UnitMonth) -> HandedMonth:
    """What the handover left."""
    found = {name: run.read(name) for name in DECIDED_TABLES}
    supply, role = _read_supply(run)
    found |= {name: supply["stock" if name == "on_hand" else name] for name in SUPPLY_TABLES}
    return HandedMonth(
        found,
        run.read("series"),
        run.cutoff,
        _level(run),
        run.parameters.handover.site,
        _check_handover(run, found),
        run.read_before("urgent"),
        role,
        _read_sales(run),
    )


def _read_sales(run: UnitMonth) -> pd.Series:
    """Sales of the whole unit in money by `ds`."""
    panel, whole = run.read("panel"), run.read("series")["unique_id"].iloc[0]
    own = panel[panel["unique_id"].eq(whole)].set_index("ds")["y_raw"]
    return own if run.parameters.measure.value == "amount" else own.iloc[:0]


def _check_handover(run: UnitMonth, found: Mapping[str, pd.DataFrame]) -> tuple[Check, ...]:
    """Check that paths hold the forecast together, and that no piece is counted twice."""
    paths = run.read("paths")
    above = int(paths["y"].lt(0).sum()) if run.read("panel")["y_raw"].ge(0).all() else 0
    rows = found["requirements"].fillna({"received": 0.0})
    taken = rows["demand"] - (rows["ordered"] + rows["forecast"] - rows["consumed"])
    left = rows["opening"] + rows["received"] + rows["planned"] - rows["demand"] - rows["closing"]
    largest = max(float(rows["demand"].abs().max()), 1.0)
    gap, stock = (float(np.nan_to_num(each.abs().max())) / largest for each in (taken, left))
    count = run.parameters.handover.paths
    return (
        Check("Every path is whole and none is below zero", above == 0, f"paths: {count}"),
        Check(
            "Demand = orders + forecast − what orders take of it", gap <= CLOSE, f"left: {gap:.1e}"
        ),
        Check(
            "Stock = opening + receipts + planned orders − demand",
            stock <= CLOSE,
            f"left: {stock:.1e}",
        ),
    )
