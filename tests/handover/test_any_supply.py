"""Whatever sources there are, and whatever they leave out: tables keep their contracts, and stock
adds up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.foundation import Parameters, defaults, tables, with_value
from salesfc_lib.handover.decisions import (
    Paths,
    Supply,
    check_capacity,
    plan_supply,
    rank_urgent,
    value_pieces,
    view_finance,
)
from salesfc_lib.panel import build_series

LEVELS = {"total": [], "line": ["line"], "bottom": ["line", "site"]}


def draw_settings(dice: np.random.Generator) -> Parameters:
    parameters = with_value(
        with_value(defaults(), "dimensions", ["line", "site"]), "levels", LEVELS
    )
    drawn: dict[str, Any] = {
        "level": dice.choice([*LEVELS]).item(),
        "service": dice.choice(["cycle", "fill_rate"]).item(),
        "service_level": float(dice.uniform(0.51, 0.999)),
        "review_days": float(dice.uniform(0.5, 90)),
        "consumption.mode": dice.choice(["same", "backward", "forward", "both"]).item(),
    }
    if dice.random() < 0.3:
        drawn["lead_days"] = float(dice.uniform(1, 200))
    for name, value in drawn.items():
        parameters = with_value(parameters, f"handover.{name}", value)
    return parameters


def draw_paths_of(dice: np.random.Generator, ids: list[str], months: pd.DatetimeIndex) -> Paths:
    """Steady, silent, lumpy, or with months below zero."""
    values = dice.gamma(2, 50, (120, len(ids), len(months)))
    kind = dice.integers(4)
    values = [values, values * 0, np.floor(values * (dice.random(values.shape) < 0.2)), values - 60]
    return Paths(values[kind].astype(np.float32), pd.Index(ids), months)


def draw_supply(dice: np.random.Generator, keys: pd.DataFrame, start: pd.Timestamp) -> Supply:
    """Some sources, some of their columns of dimensions, some of their members."""
    count, nothing = len(keys), np.nan
    due = [start + pd.Timedelta(int(days), "D") for days in dice.integers(-90, 300, count)]
    due = [pd.NaT if dice.random() < 0.2 else each for each in due]
    columns: dict[str, dict[str, Any]] = {
        "stock": {"stock": dice.gamma(1, 200, count).round()},
        "lead_time": {
            "days": dice.uniform(0, 150, count),
            "spread": dice.choice([0, 5, nothing], count),
            "lot": dice.choice([1, 50, nothing], count),
            "minimum": dice.choice([0, 100, nothing], count),
            "shelf_life": dice.choice([20, 400, nothing], count),
        },
        "open_order": {
            "kind": dice.choice(["sale", "purchase"], count),
            "due": pd.to_datetime(due),
            "quantity": dice.gamma(1, 80, count),
        },
        "price": {"price": dice.gamma(2, 5, count), "terms": dice.choice([30, nothing], count)},
        "cost": {"cost": dice.gamma(2, 3, count), "terms": dice.choice([75, nothing], count)},
        "capacity": {"ds": pd.NaT, "capacity": dice.gamma(1, 500, count)},
    }
    found = {}
    for name, more in columns.items():
        rows = keys.assign(**more)
        for dimension in keys:
            if dice.random() < 0.2:
                rows = rows.drop(columns=dimension)
            elif dice.random() < 0.3:
                kept = rows[dimension].astype(object).where(dice.random(count) < 0.7, None)
                rows[dimension] = kept
        if dice.random() < 0.8:
            found[name] = rows
    return Supply.of(found)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(30))
def test_tables_keep_their_contracts_and_stock_adds_up(seed: int) -> None:
    dice = np.random.default_rng(seed)
    keys = pd.DataFrame(
        [(line, site) for line in "ABC" for site in "NS"], columns=["line", "site"]
    ).sample(int(dice.integers(1, 7)), random_state=seed)
    series, parameters = build_series(keys, LEVELS), draw_settings(dice)
    bottom = series[series["level"].eq("bottom")]
    months = pd.date_range("2026-03-01", periods=int(dice.integers(1, 8)), freq="MS")
    paths = draw_paths_of(dice, bottom["unique_id"].tolist(), months)
    supply = draw_supply(dice, keys.reset_index(drop=True), months[0])
    plan = plan_supply(paths, supply, series, parameters)
    worth = value_pieces(supply, series)
    past = pd.DataFrame(
        {"unique_id": bottom["unique_id"], "ds": months[0] - pd.DateOffset(months=1)}
    )
    money = paths.scaled(pd.Series(3.0, bottom["unique_id"]))
    made = {
        "requirements": plan.requirements,
        "stock_policy": plan.policy,
        "urgent": rank_urgent(plan, worth),
        "capacity_plan": check_capacity(plan, supply.capacity, paths, series),
        "finance": view_finance(money, paths, worth, past.assign(y_raw=10.0), plan),
        "asked": supply.missing(),
    }
    for name, rows in made.items():
        tables.check(rows, name)
    rows = plan.requirements
    left = rows["opening"] + rows["received"].fillna(0.0) + rows["planned"] - rows["demand"]
    assert (left - rows["closing"]).abs().fillna(0.0).max() < 0.01
    assert rows["planned"].isna().equals(rows["net"].isna())
    assert not (rows["planned"] < rows["net"] - 1e-6).any()
    assert not (plan.policy["order_up_to"] < plan.policy["reorder_point"] - 1e-6).any()
    assert made["urgent"]["rank"].tolist() == [*range(1, len(plan.items) + 1)]
