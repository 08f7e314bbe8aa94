"""What to order, what to do first, capacity and money: one product by hand, and slow loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.foundation import Parameters, defaults, read_said, tables, with_value
from salesfc_lib.handover.decisions import (
    Paths,
    Plan,
    Supply,
    check_capacity,
    plan_supply,
    price_pieces,
    rank_urgent,
    value_pieces,
    view_finance,
)
from salesfc_lib.handover.decisions.supply import MONTH_DAYS, sum_by, value_by
from salesfc_lib.panel import build_series

LEVELS = {"total": [], "line": ["line"], "bottom": ["line", "site"]}
KEYS = pd.DataFrame({"line": ["Pots", "Pans", "Pans"], "site": ["East", "East", "West"]})
SERIES = build_series(KEYS, LEVELS)
BOTTOM = SERIES.loc[
    SERIES["level"].eq("bottom"), "unique_id"
].tolist()  # Pans/East, Pans/West, Pots
PANS, WEST, POTS = BOTTOM
MONTHS = pd.date_range("2026-07-01", periods=6, freq="MS")


def agreed(**handover: Any) -> Parameters:
    parameters = with_value(defaults(), "dimensions", ["line", "site"])
    parameters = with_value(parameters, "levels", LEVELS)
    handover = {"service": "cycle", "review_days": MONTH_DAYS} | handover
    for name, value in handover.items():
        parameters = with_value(parameters, f"handover.{name}", value)
    return parameters


def steady(*monthly: float, count: int = 200, spread: float = 0.0, seed: int = 4) -> Paths:
    """Paths around so many pieces a month."""
    dice = np.random.default_rng(seed)
    values = np.array(monthly)[:, None] * (1 + spread * dice.standard_normal((count, 3, 6)))
    return Paths(values.clip(0).astype(np.float32), pd.Index(BOTTOM), MONTHS)


def supplied(**changes: pd.DataFrame) -> Supply:
    """Lead time of a month for all; 250 Pans in the East, 60 in the West, 500 Pots."""
    found = {
        "lead_time": frame(days=[MONTH_DAYS], spread=[0.0], lot=[50.0], minimum=[100.0]),
        "stock": frame(
            line=["Pans", "Pans", "Pots"], site=["East", "West", "East"], stock=[250.0, 60, 500]
        ),
        "open_order": frame(
            kind=["sale", "sale", "purchase"],
            line=["Pans"] * 3,
            site=["East"] * 3,
            due=pd.to_datetime(["2026-06-10", "2026-08-20", "2026-08-05"]),
            quantity=[30.0, 120.0, 40.0],
        ),
        "price": frame(price=[10.0], terms=[MONTH_DAYS]),
        "cost": frame(line=["Pans", "Pots"], cost=[6.0, 4.0], terms=[0.0, 0.0]),
        "capacity": frame(line=["Pans", "Pans"], ds=[pd.NaT, MONTHS[2]], capacity=[180.0, 90.0]),
    }
    return Supply.of(found | changes)


def frame(**columns: Any) -> pd.DataFrame:
    empty = {"shelf_life": np.nan} if "days" in columns else {}
    return pd.DataFrame(columns | empty)


def row_of(rows: pd.DataFrame, unique_id: str, month: int | None = None) -> pd.Series:
    found = rows[rows["unique_id"].eq(unique_id)]
    return found.iloc[0] if month is None else found[found["ds"].eq(MONTHS[month])].iloc[0]


@pytest.fixture(scope="module")
def plan() -> Plan:
    """100 Pans in the East, 50 in the West and 20 Pots a month, without any doubt."""
    return plan_supply(steady(100, 50, 20), supplied(), SERIES, agreed())


def test_net_requirements_of_one_product_by_hand(plan: Plan) -> None:
    # orders: 30 overdue count in July and take of its forecast; 120 due in August take its 100 and
    # 20 of what July has left. July 30 + (100 - 30 - 20), August 120 + 0, then 100 a month
    rows = plan.requirements.query("unique_id == @PANS")
    assert rows["ordered"].tolist() == [30, 120, 0, 0, 0, 0]
    assert rows["consumed"].tolist() == [50, 100, 0, 0, 0, 0]
    assert rows["demand"].tolist() == [80, 120, 100, 100, 100, 100]
    assert rows["received"].tolist() == [0, 40, 0, 0, 0, 0]
    # no doubt, so no safety stock: 250 - 80 = 170, + 40 - 120 = 90, 10 lacking in September;
    # at least 100: closes at 90, and again 10 lacking each month
    assert rows["safety_stock"].tolist() == pytest.approx([0] * 6)
    assert rows["net"].tolist() == pytest.approx([0, 0, 10, 10, 10, 10])
    assert rows["planned"].tolist() == [0, 0, 100, 100, 100, 100]
    assert rows["closing"].tolist() == pytest.approx([170, 90, 90, 90, 90, 90])
    assert row_of(rows, PANS, 2)["release"] == pd.Timestamp("2026-08-02")  # 30.4 days, rounded
    assert rows["runs_out"].tolist() == [0, 0, 1, 1, 1, 1]


def test_an_order_that_should_have_left_already_is_late(plan: Plan) -> None:
    # 60 in the West last for July's 50 only with what should have been ordered in June
    slow = plan_supply(steady(100, 80, 20), supplied(), SERIES, agreed()).requirements.query(
        "unique_id == @WEST"
    )
    assert slow["net"].iloc[0] == pytest.approx(20)
    assert slow["planned"].iloc[0] == 100 and bool(slow["late"].iloc[0])
    assert slow["release"].iloc[0] == MONTHS[0]
    assert not plan.requirements.query("unique_id == @POTS")["late"].any()


def test_levels_of_one_product_by_hand(plan: Plan) -> None:
    # review and lead time of a month each: July and August, 80 + 120 = 200, is the reorder point;
    # in lots of 50, at least 100: up to 300. 250 and 40 to come: no order
    row = row_of(plan.policy, PANS)
    assert row["demand"] == pytest.approx(200) and row["reorder_point"] == pytest.approx(200)
    assert row["order_up_to"] == pytest.approx(300)
    assert row["position"] == 290 and row["quantity"] == 0
    west = row_of(plan.policy, WEST)  # 100 needed, 60 there: 140 to 200, in lots of 50
    assert west["reorder_point"] == pytest.approx(100) and west["quantity"] == 150


def test_safety_stock_is_that_of_the_textbook_where_demand_is_normal() -> None:
    # sigma 10 a month over two months: k sigma sqrt(2) with k = 1.645
    pieces = steady(100, 50, 20, count=40_000, spread=0.1)
    row = row_of(
        plan_supply(
            pieces, supplied(open_order=tables.empty("open_order")), SERIES, agreed()
        ).policy,
        PANS,
    )
    assert row["safety_stock"] == pytest.approx(1.645 * 10 * np.sqrt(2), rel=0.02)
    assert row["cycle_service"] == pytest.approx(0.95, abs=0.001)


def test_stock_that_lasts_is_counted_over_paths_by_a_slow_loop() -> None:
    pieces = steady(100, 50, 20, spread=0.5)
    supply = supplied(open_order=tables.empty("open_order"))
    plan = plan_supply(pieces, supply, SERIES, agreed())
    point = row_of(plan.policy, PANS)["reorder_point"]
    sold = [float(path[0, 0] + path[0, 1]) for path in pieces.values]
    assert sum(each <= point for each in sold) >= 0.95 * len(sold)
    assert sum(each <= point - 1e-3 for each in sold) < 0.95 * len(sold)
    for month in range(6):
        gone = sum(float(path[0, : month + 1].sum()) > 250 for path in pieces.values)
        assert row_of(plan.requirements, PANS, month)["runs_out"] == gone / 200
    urgent = row_of(rank_urgent(plan, value_pieces(supply, plan.items)), PANS)
    lacking = sum(max(0.0, each - 250) for each in sold) / 200
    assert urgent["short"] == pytest.approx(lacking, rel=1e-4)
    assert urgent["money"] == pytest.approx(lacking * 4, rel=1e-4) and urgent["valued"] == "margin"
    outs = sorted(_day_out(path[0], 250) for path in pieces.values)
    assert urgent["out_on"] == MONTHS[0] + pd.Timedelta(int(outs[99]), "D")
    assert urgent["early_on"] == MONTHS[0] + pd.Timedelta(int(outs[19]), "D")


def _day_out(sold: np.ndarray, stock: float) -> float:
    """Day on which stock is gone, day after day of even sales."""
    elapsed = 0.0
    for month, pieces in zip(MONTHS, sold, strict=True):
        if stock < pieces:
            return elapsed + stock / pieces * month.days_in_month
        stock, elapsed = stock - pieces, elapsed + month.days_in_month
    return np.inf


def test_what_is_most_money_comes_first(plan: Plan) -> None:
    # West: 60 there, 100 sold over lead time and review: 40 short at 10 - 6. Pots last past it
    rows = rank_urgent(plan, value_pieces(supplied(), plan.items))
    assert rows["rank"].tolist() == [1, 2, 3]
    first = rows.iloc[0]
    assert first["unique_id"] == WEST and first["short"] == pytest.approx(40)
    assert first["money"] == pytest.approx(160) and first["action"] == "order"
    assert first["out_on"] == pd.Timestamp("2026-08-07")  # 50 in July, 10 of 50 in August: 6.2 days
    assert row_of(rows, POTS)["action"] == "wait"
    assert pd.isna(row_of(rows, POTS)["out_on"])  # 500 last for 25 months


def test_what_a_supplier_owes_counts_from_its_day() -> None:
    # 50 a month, 60 there: gone on August 7; 25 more on July 20 last for half of August more
    orders = frame(
        kind=["purchase"],
        line=["Pans"],
        site=["West"],
        quantity=[25.0],
        due=pd.to_datetime(["2026-07-20"]),
    )
    for due, stock, day in (
        ("2026-07-20", 60, "2026-08-22"),
        ("2026-07-20", 20, "2026-07-13"),
        ("2026-06-01", 20, "2026-07-28"),
        ("2026-08-25", 60, "2026-08-07"),
    ):
        held = frame(line=["Pans"], site=["West"], stock=[float(stock)])
        supply = supplied(stock=held, open_order=orders.assign(due=pd.Timestamp(due)))
        plan = plan_supply(steady(100, 50, 20), supply, SERIES, agreed())
        rows = rank_urgent(plan, value_pieces(supply, plan.items))
        assert row_of(rows, WEST)["out_on"] == pd.Timestamp(day)


def test_what_is_gone_before_an_order_could_come_is_to_be_expedited() -> None:
    supply = supplied(lead_time=frame(days=[60.0], spread=[0.0], lot=[np.nan], minimum=[np.nan]))
    plan = plan_supply(steady(100, 50, 20), supply, SERIES, agreed())
    rows = rank_urgent(plan, value_pieces(supply, plan.items))
    assert row_of(rows, WEST)["action"] == "expedite" and row_of(rows, WEST)["risk"] == 1


def test_what_will_not_be_sold_within_its_shelf_life_is_a_surplus() -> None:
    lead = frame(days=[10.0], spread=[0.0], lot=[np.nan], minimum=[np.nan])
    supply = supplied(lead_time=lead.assign(shelf_life=3 * MONTH_DAYS))
    plan = plan_supply(steady(100, 50, 20), supply, SERIES, agreed())
    pots = row_of(rank_urgent(plan, value_pieces(supply, plan.items)), POTS)
    assert pots["action"] == "surplus" and pots["expire"] == pytest.approx(500 - 3 * 20)


def test_shelf_life_holds_stock_below_what_service_asks_for() -> None:
    lead = frame(days=[MONTH_DAYS], spread=[0.0], lot=[np.nan], minimum=[np.nan])
    pieces = steady(100, 50, 20, spread=0.6, count=4000)
    supply = supplied(lead_time=lead, open_order=tables.empty("open_order"))
    free = row_of(plan_supply(pieces, supply, SERIES, agreed()).policy, PANS)
    short = supplied(
        lead_time=lead.assign(shelf_life=MONTH_DAYS), open_order=tables.empty("open_order")
    )
    held = row_of(plan_supply(pieces, short, SERIES, agreed()).policy, PANS)
    expected = pieces.values[:, 0, :2].sum(axis=1).mean()
    assert held["order_up_to"] == pytest.approx(expected, rel=1e-3)
    assert held["order_up_to"] < free["order_up_to"]
    assert held["cycle_service"] < 0.95 <= free["cycle_service"]


@pytest.mark.parametrize("kind", ["cycle", "fill_rate"])
def test_more_service_is_never_less_stock(kind: str) -> None:
    pieces = steady(100, 50, 20, spread=0.4)
    points = [
        plan_supply(pieces, supplied(), SERIES, agreed(service=kind, service_level=level)).policy
        for level in (0.8, 0.9, 0.95, 0.99)
    ]
    for lower, higher in zip(points, points[1:], strict=False):
        assert (higher["reorder_point"] >= lower["reorder_point"] - 1e-9).all()
        assert (higher["fill_rate"] >= lower["fill_rate"] - 1e-9).all()


def test_the_order_of_series_changes_nothing() -> None:
    pieces = steady(100, 50, 20, spread=0.4)
    other = pieces.of(BOTTOM[::-1])
    found = [
        plan_supply(each, supplied(), series, agreed()).requirements.sort_values(
            ["unique_id", "ds"]
        )
        for each, series in ((pieces, SERIES), (other, SERIES.iloc[::-1]))
    ]
    pd.testing.assert_frame_equal(*(each.reset_index(drop=True) for each in found))


def test_a_level_above_the_bottom_is_planned_as_a_whole() -> None:
    plan = plan_supply(steady(100, 50, 20), supplied(), SERIES, agreed(level="line"))
    pans = plan.requirements.query("unique_id == 'line:Pans'")
    assert pans["forecast"].tolist() == pytest.approx([150] * 6)
    assert plan.stock.tolist() == [310, 500]
    # stock of a line cannot be shared between its sites
    whole = supplied(stock=frame(line=["Pans", "Pots"], stock=[310.0, 500.0]))
    assert np.isnan(plan_supply(steady(100, 50, 20), whole, SERIES, agreed()).stock).all()


def test_without_sources_there_is_demand_and_what_is_asked_for() -> None:
    nothing = Supply.of({})
    plan = plan_supply(steady(100, 50, 20, spread=0.3), nothing, SERIES, agreed())
    rows = plan.requirements
    assert rows["demand"].gt(0).all() and (rows["lo-80"] < rows["hi-80"]).all()
    assert rows[["net", "planned", "closing", "runs_out", "received"]].isna().all(axis=None)
    assert plan.policy[["reorder_point", "quantity", "position"]].isna().all(axis=None)
    said = {read_said(text)[0] for text in plan.policy["formula"]}
    assert said == {"decision.formula.policy.unknown"}
    assert rank_urgent(plan, value_pieces(nothing, plan.items))["action"].eq("wait").all()
    asked = nothing.missing()
    assert {*asked["role"]} == {"lead_times", "stock", "open_orders", "prices", "costs", "capacity"}
    assert supplied().missing().empty


def test_a_lead_time_beyond_the_months_planned_is_said() -> None:
    supply = supplied(lead_time=frame(days=[400.0], spread=[0.0], lot=[np.nan], minimum=[np.nan]))
    row = row_of(plan_supply(steady(100, 50, 20), supply, SERIES, agreed()).policy, PANS)
    assert np.isnan(row["reorder_point"])
    assert read_said(row["formula"]) == (
        "decision.formula.policy.beyond",
        {"days": 400.0, "review": pytest.approx(MONTH_DAYS)},
    )


def test_the_row_that_names_most_holds() -> None:
    items = SERIES[SERIES["level"].eq("bottom")]
    rows = frame(line=[None, "Pans", "Pans"], site=[None, None, "West"], cost=[1.0, 2.0, 3.0])
    assert value_by(rows, items, "cost").tolist() == [2, 3, 1]
    lines = SERIES[SERIES["level"].eq("line")]
    assert value_by(rows, lines, "cost").tolist() == [2.5, 1]  # of both rows within the line
    assert np.isnan(value_by(rows.iloc[1:], items, "cost")[2])
    stock = frame(line=["Pans", "Pans"], site=["East", "West"], stock=[1.0, 2.0])
    assert sum_by(stock, lines, "stock")[0] == 3 and np.isnan(sum_by(stock, lines, "stock")[1])


def test_capacity_beside_what_is_planned(plan: Plan) -> None:
    pieces = steady(100, 50, 20)
    rows = check_capacity(plan, supplied().capacity, pieces, SERIES)
    assert rows["member"].unique().tolist() == ["Pans"]
    assert rows["capacity"].tolist() == [180, 180, 90, 180, 180, 180]  # September has its own
    ordered = plan.requirements[plan.requirements["unique_id"].isin([PANS, WEST])]
    planned = ordered.groupby("ds")["planned"].sum()
    assert rows["plan"].tolist() == planned.tolist() and rows["basis"].eq("planned").all()
    assert rows["used"].tolist() == pytest.approx((planned / rows["capacity"].to_numpy()).tolist())
    assert rows["over"].tolist() == [0, 0, 1, 0, 0, 0]  # 150 are sold each month
    none = plan_supply(pieces, Supply.of({}), SERIES, agreed())
    bare = check_capacity(none, supplied().capacity, pieces, SERIES)
    assert bare["basis"].eq("demand").all() and bare["plan"].tolist() == pytest.approx([150] * 6)


def test_money_of_a_month_by_hand() -> None:
    # 170 pieces at 10 a month; cost 150 * 6 + 20 * 4 = 980; received a month later: July has
    # June's 1,000; what is sold is bought, because no stock is known
    pieces = steady(100, 50, 20)
    worth = value_pieces(supplied(), SERIES[SERIES["level"].eq("bottom")])
    money = pieces.scaled(worth.set_index("unique_id")["price"])
    past = pd.DataFrame({"unique_id": PANS, "ds": pd.to_datetime(["2026-06-01"]), "y_raw": 1000.0})
    rows = view_finance(money, pieces, worth, past).set_index(["item", "ds"])["mean"].unstack()
    assert rows.loc["revenue"].tolist() == pytest.approx([1700] * 6)
    assert rows.loc["cost"].tolist() == pytest.approx([980] * 6)
    assert rows.loc["margin"].tolist() == pytest.approx([720] * 6)
    assert rows.loc["received"].tolist() == pytest.approx([1000, 1700, 1700, 1700, 1700, 1700])
    assert rows.loc["paid"].tolist() == pytest.approx([980] * 6)
    assert rows.loc["cash"].tolist() == pytest.approx([20, 720, 720, 720, 720, 720])


def test_half_a_month_of_terms_moves_half_of_the_money() -> None:
    pieces = steady(100, 50, 20)
    items = SERIES[SERIES["level"].eq("bottom")]
    worth = value_pieces(supplied(price=frame(price=[10.0], terms=[MONTH_DAYS / 2])), items)
    money = pieces.scaled(worth.set_index("unique_id")["price"])
    past = pd.DataFrame({"unique_id": PANS, "ds": pd.to_datetime(["2026-06-01"]), "y_raw": 1000.0})
    rows = view_finance(money, pieces, worth, past)
    received = rows.query("item == 'received'")["mean"].tolist()
    assert received == pytest.approx([0.5 * 1000 + 0.5 * 1700, *[1700] * 5])


def test_what_is_paid_is_what_is_planned_where_orders_are_known(plan: Plan) -> None:
    pieces = steady(100, 50, 20)
    worth = value_pieces(supplied(), SERIES[SERIES["level"].eq("bottom")])
    money = pieces.scaled(worth.set_index("unique_id")["price"])
    past = pd.DataFrame({"unique_id": [], "ds": pd.to_datetime([]), "y_raw": []})
    rows = view_finance(money, pieces, worth, past, plan)
    arriving = plan.requirements["planned"].to_numpy().reshape(3, 6) + plan.received
    paid = (arriving * np.array([6.0, 6, 4])[:, None]).sum(axis=0)
    assert rows.query("item == 'paid'")["mean"].tolist() == pytest.approx(paid.tolist())


def test_without_costs_there_is_revenue_and_the_source_is_named() -> None:
    pieces = steady(100, 50, 20, spread=0.2)
    worth = value_pieces(
        Supply.of({}), SERIES[SERIES["level"].eq("bottom")], pd.Series(10.0, BOTTOM)
    )
    money = pieces.scaled(worth.set_index("unique_id")["price"])
    past = pd.DataFrame({"unique_id": [], "ds": pd.to_datetime([]), "y_raw": []})
    rows = view_finance(money, pieces, worth, past)
    known = rows[rows["mean"].notna()]
    assert {*known["item"]} == {"revenue", "received"}
    assert (known["lo-95"] <= known["lo-80"]).all() and (known["lo-80"] < known["hi-80"]).all()
    lacking = rows[rows["mean"].isna()]
    assert {read_said(text)[0] for text in lacking["formula"]} == {
        "decision.formula.finance.unknown"
    }


def test_money_becomes_pieces_by_the_mean_price_of_the_last_twelve_months() -> None:
    lines = pd.DataFrame(
        {
            "month": pd.to_datetime(["2025-06-01", "2026-01-01", "2026-06-01", "2026-06-01"]),
            "line": ["Pans", "Pans", "Pans", "Pots"],
            "site": ["East"] * 4,
            "amount": ["9999", "300", "100", "60"],
            "quantity": ["1", "20", "5", "3"],
        }
    )
    nothing = Supply.of({})
    found = price_pieces(lines, SERIES, agreed(), nothing).set_index("unique_id")
    assert found.loc[PANS, "price"] == pytest.approx(400 / 25) and found.loc[PANS, "pieces"] == 25
    assert found.loc[POTS, "price"] == pytest.approx(20)
    assert found.loc[WEST, "price"] == pytest.approx(460 / 28)  # nothing sold: the unit's mean
    assert found["origin"].tolist() == ["own", "unit", "own"]
    quantity = with_value(agreed(), "measure.value", "quantity")
    assert price_pieces(lines, SERIES, quantity, nothing)["price"].eq(1).all()
    told = price_pieces(lines, SERIES, agreed(), supplied()).set_index("unique_id")
    assert told.loc[WEST, ["price", "origin"]].tolist() == [10, "prices"]


def test_without_quantities_and_prices_there_are_no_pieces_and_this_is_said() -> None:
    lines = pd.DataFrame(
        {"month": MONTHS[:1], "line": "Pans", "site": "East", "amount": "5", "quantity": None}
    )
    price = price_pieces(lines, SERIES, agreed(), Supply.of({})).set_index("unique_id")
    assert price["origin"].eq("none").all() and price["price"].isna().all()
    pieces = steady(100, 50, 20, spread=0.1).scaled(1 / price["price"])
    supply = supplied(price=tables.empty("price"))
    plan = plan_supply(pieces, supply, SERIES, agreed())
    assert plan.requirements[["demand", "net", "planned"]].isna().all(axis=None)
    said = {read_said(text)[0] for text in plan.requirements["formula"]}
    assert said == {"decision.formula.requirement.no_pieces"}
    assert rank_urgent(plan, value_pieces(supply, plan.items))["action"].eq("wait").all()
    rows = check_capacity(plan, supply.capacity, pieces, SERIES)
    assert rows["demand"].isna().all()
    worth = value_pieces(supply, SERIES[SERIES["level"].eq("bottom")])
    past = pd.DataFrame({"unique_id": [], "ds": pd.to_datetime([]), "y_raw": []})
    money = pieces.scaled(worth.set_index("unique_id")["price"])
    finance = view_finance(money, pieces, worth, past, plan)
    assert {read_said(text)[0] for text in finance["formula"]} == {
        "decision.formula.finance.no_price"
    }


def test_open_orders_that_tell_no_site_are_left_out_and_this_is_said() -> None:
    orders = frame(
        kind=["sale", "sale", "purchase"],
        line=["Pans", "Pans", "Lids"],
        site=["East", None, "East"],
        due=pd.to_datetime(["2026-07-10", "2026-07-11", "2026-07-12"]),
        quantity=[30.0, 7.0, 5.0],
    )
    plan = plan_supply(steady(100, 50, 20), supplied(open_order=orders), SERIES, agreed())
    assert plan.requirements["ordered"].sum() == 30 and plan.received.sum() == 0
    said = read_said(plan.requirements["assumptions"].iloc[0])[1]["reasons"][-1]
    assert read_said(said) == ("decision.assumption.open_orders.unplaced", {"quantity": 12.0})
