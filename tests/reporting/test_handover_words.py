"""The handover in words: what to order and to do first, and what a missing source leaves unsaid."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd

from salesfc_lib.foundation import Parameters, language, say, tables
from salesfc_lib.reporting.blocks import Answer, Prose, Table
from salesfc_lib.reporting.facts.handover import HANDED_TABLES, HandedMonth
from salesfc_lib.reporting.narrative.attention.supply import supply_at_risk
from salesfc_lib.reporting.narrative.handover import money, orders, overview

RANGE = ("mean", "lo-80", "hi-80")
MONTH, JULY, AUGUST = (pd.Timestamp(f"2026-0{n}-01") for n in (6, 7, 8))
WHY = {"formula": say("decision.assumption.even"), "assumptions": say("decision.assumption.days")}
WHY |= {"inputs": say("decision.inputs.finance")}
SERIES = pd.DataFrame(
    {
        "unique_id": ["total", "r/East", "r/West"],
        "level": ["total", "region", "region"],
        "label": ["All", "East", "West"],
        "region": [None, "East", "West"],
    }
)
RUN: Any = SimpleNamespace(
    parameters=Parameters.model_validate(
        {
            "unit": {"currency": "¥"},
            "dimensions": ["region"],
            "levels": {"total": [], "region": ["region"]},
            "handover": {"enabled": True, "site": "region"},
        }
    ),
    title="Tools",
    unit="tools",
    month="2026-06",
    month_before="2026-05",
    cutoff=MONTH,
    kind="run",
)


def urgent(unique_id: str, action: str, quantity: float | None, **more: Any) -> dict[str, Any]:
    row = {"unique_id": unique_id, "action": action, "quantity": quantity, "short": 10.0}
    row |= {"out_on": pd.Timestamp("2026-07-09"), "early_on": pd.NaT, "risk": 0.9, "expire": 0.0}
    return {**row, "money": 4_000.0, "valued": "margin", **WHY, **more}


def planned(unique_id: str, ds: pd.Timestamp, planned: float | None) -> dict[str, Any]:
    names = ("forecast", "demand", "lo-80", "hi-80")
    row: dict[str, Any] = dict.fromkeys(names, 100.0) | {"ordered": 0.0, "consumed": 0.0}
    return {"unique_id": unique_id, "ds": ds, "planned": planned, "late": False, **row, **WHY}


def handed(**rows: Any) -> HandedMonth:
    """A month with these rows; what is not given is empty."""
    ids = ("r/East", "r/West")
    usual: dict[str, Any] = {
        "requirements": [planned(each, ds, 50.0) for each in ids for ds in (JULY, AUGUST)],
        "urgent": [
            {"rank": 1, **urgent("r/East", "expedite", 300.0)},
            {"rank": 2, **urgent("r/West", "wait", 0.0, money=0.0, out_on=pd.NaT)},
        ],
        "outlook": [
            {
                "name": name,
                "first": JULY,
                "last": AUGUST,
                "mean": mean,
                "lo-80": mean,
                "hi-80": mean,
            }
            for name, mean in (("pieces", 400.0), ("revenue", 80_000.0))
        ],
    }
    found = {name: tables.empty(name) for name in HANDED_TABLES}
    given = {**usual, **rows}
    before = given.pop("before", None)
    found |= {name: tables.build(pd.DataFrame(each), name) for name, each in given.items()}
    sold = pd.Series(dtype=float)
    return HandedMonth(found, SERIES, MONTH, "region", "region", (), before, "stock", sold)


def rows_of(table: Any) -> list[list[str]]:
    assert isinstance(table, Table)
    return [[cell.text for cell in row] for row in table.rows]  # type: ignore[attr-defined]


def test_the_answer_names_what_runs_out_first_and_what_waiting_would_cost() -> None:
    said = overview.answer(RUN, handed())
    assert isinstance(said, Answer)
    assert said.title == "East runs out on 9 July 2026: 1 of 2 series are to be ordered now"
    assert "if that waits for the next order, ¥4,000 of margin" in said.sentences[1]
    assert said.changes == (
        "This is the first handover; from the next month on its changes are told.",
    )
    zh = said.translations["zh"]
    assert isinstance(zh, Answer)
    assert zh.title == "East 将于 2026年7月9日缺货：2 个序列中 1 个现在就要下单"


def test_changes_since_the_month_before_are_told() -> None:
    before = tables.build(pd.DataFrame([{"rank": 1, **urgent("r/West", "order", 5.0)}]), "urgent")
    said = overview.answer(RUN, handed(before=before))
    assert said.changes == (
        "1 series is to be ordered now, 1 a month before; at stake are ¥4,000, ¥4,000 then.",
        "New on the list: East.",
    )


def test_without_stock_and_lead_times_demand_is_said_and_both_are_asked_for() -> None:
    unknown = [
        {"rank": n, **urgent(each, "wait", None)}
        for n, each in enumerate(SERIES["unique_id"][1:], 1)
    ]
    lacking = [
        {
            "role": role,
            "lacking": say(f"decision.lacking.{role}"),
            "instead": say(f"decision.instead.{role}"),
        }
        for role in ("lead_times", "stock")
    ]
    needed = [planned(each, ds, None) for each in ("r/East", "r/West") for ds in (JULY, AUGUST)]
    month = handed(urgent=unknown, asked=lacking, requirements=needed)
    said = overview.answer(RUN, month)
    assert said.title.endswith("what to order is not known yet")
    assert "without stock on hand and lead times of suppliers" in said.sentences[1]
    prose, table, *_ = orders.order(RUN, month).blocks
    assert isinstance(prose, Prose) and "there is no net requirement" in prose.text
    assert rows_of(table) == [["East", "100", "100"], ["West", "100", "100"]]
    _, asked = overview.asked(RUN, month).blocks
    assert [row[:3] for row in rows_of(asked)] == [
        [
            "Lead times of suppliers",
            "purchasing",
            "days, spread, lot, minimum, shelf_life, supplier",
        ],
        ["Stock on hand", "warehouse", "date, stock"],
    ]


def test_without_lead_times_what_has_to_arrive_is_said_and_when_to_order_is_not() -> None:
    urgent_now = [{"rank": 1, **urgent("r/East", "wait", None, risk=None, money=None)}]
    month = handed(urgent=urgent_now)
    said = overview.answer(RUN, month)
    assert said.title.startswith("200\u00a0pieces have to arrive from July 2026 to August 2026")
    prose, sites, series, basis = orders.order(RUN, month).blocks
    assert isinstance(prose, Prose) and "it holds no safety stock" in prose.text
    prose, table, _ = orders.first(RUN, month).blocks
    assert isinstance(prose, Prose) and prose.text.startswith("Without lead times")
    assert rows_of(table)[0][:4] == ["East", "not known", "9 July 2026", ""]


def test_money_stands_alone_where_nothing_makes_pieces_of_it() -> None:
    whole = {"name": "revenue", "first": JULY, "last": AUGUST} | dict.fromkeys(RANGE, 80_000.0)
    needed = [planned(each, ds, None) for each in ("r/East", "r/West") for ds in (JULY, AUGUST)]
    unknown = [{"rank": 1, **urgent("r/East", "wait", None)}]
    month = handed(outlook=[whole], requirements=needed, urgent=unknown)
    said = overview.answer(RUN, month).sentences[0]
    assert "need ¥80.00\u00a0k" in said and said.endswith("how many pieces that is.")


def test_orders_stand_by_site_and_by_series_with_their_basis_folded() -> None:
    policy = [
        {"unique_id": each, "kind": "cycle", "service": 0.95, "review": 30.0, "quantity": n, **WHY}
        for each, n in (("r/East", 300.0), ("r/West", 0.0))
    ]
    _, sites, series, aimed, basis = orders.order(RUN, handed(stock_policy=policy)).blocks
    assert rows_of(sites) == [["East", "50", "50", "100"], ["West", "50", "50", "100"]]
    assert [row[-1] for row in rows_of(series)] == ["100", "100"]
    assert [row[-1] for row in rows_of(aimed)] == ["300", "–"]
    assert isinstance(basis, Table) and basis.folded
    assert rows_of(basis)[0][0] == "East and West"


def test_suppliers_that_are_late_stand_below_the_list() -> None:
    due = pd.Timestamp("2026-06-12")
    order = {"kind": "purchase", "due": due, "quantity": 70.0, "order_id": "P1", "partner": "Wu"}
    frame = pd.DataFrame([order, {**order, "due": AUGUST}]).assign(region="East")
    month = handed()
    month.tables["open_order"] = frame
    late = next(each for each in orders.first(RUN, month).blocks if "overdue" in each.plain())
    assert rows_of(late) == [["P1", "Wu", "East", "70", "12 June 2026", "19"]]
    assert (
        "1 purchase order is overdue from Wu, the oldest by 19 days"
        in overview.answer(RUN, month).sentences[2]
    )


def test_a_month_counts_as_beyond_capacity_where_half_of_the_paths_are() -> None:
    plan = {"member": "East", "capacity": 80.0, "plan": 50.0, "basis": "planned", "demand": 100.0}
    plan |= {"lo-80": 70.0, "hi-80": 120.0, "used": 0.6, **WHY}
    month = handed(
        capacity_plan=[{**plan, "ds": JULY, "over": 0.9}, {**plan, "ds": AUGUST, "over": 0.4}]
    )
    prose, table, _ = orders.capacity(RUN, month).blocks
    assert (
        isinstance(prose, Prose) and "above capacity in 1 of 2 months; 20\u00a0pieces" in prose.text
    )
    assert isinstance(table, Table)
    assert [cell.tone for cell in table.rows[0]] == ["", "alarm", ""]  # type: ignore[attr-defined]
    none, *_ = orders.capacity(RUN, handed()).blocks
    assert isinstance(none, Prose) and none.text.startswith("No capacity is known")


def test_finance_says_revenue_where_costs_are_missing() -> None:
    numbers = dict.fromkeys(("mean", "lo-80", "hi-80", "lo-95", "hi-95"), 40_000.0)
    rows = [
        {"item": item, "ds": JULY, "known": 0.0, **WHY, **(numbers if item == "revenue" else {})}
        for item in ("revenue", "margin", "cash")
    ]
    prose, table, _ = money.finance(RUN, handed(finance=rows)).blocks
    assert isinstance(prose, Prose) and prose.text.endswith("Margin and cash need costs.")
    assert rows_of(table) == [["Revenue", "40.0"]]
    with language.speaking("zh"):
        said = money.finance(RUN, handed(finance=rows)).blocks[0]
        assert isinstance(said, Prose) and "毛利与现金需要成本数据" in said.text


def test_coverage_of_sums_is_shown_beside_months_added_up() -> None:
    rows = [
        {"level": "region", "way": way, "inside": n, "n": 20, "width": wide, "sold": 100.0}
        for way, n, wide in (("paths", 16, 20.0), ("added", 19, 30.0))
    ]
    prose, table = money.sums(RUN, handed(sum_coverage=rows)).blocks
    assert isinstance(prose, Prose) and "in 80\u202f% of 20 cases" in prose.text
    assert rows_of(table)[0][1:] == ["80\u202f%", "95\u202f%", "20\u202f%", "30\u202f%", "20"]
    none = money.sums(RUN, handed()).blocks[0]
    assert isinstance(none, Prose) and "cannot be said yet" in none.text


def test_what_runs_out_before_an_order_arrives_and_who_is_late_are_alerts() -> None:
    month = handed()
    order = {"kind": "purchase", "due": pd.Timestamp("2026-06-12"), "quantity": 70.0}
    month.tables["open_order"] = pd.DataFrame([{**order, "order_id": "P1", "partner": "Wu"}])
    facts: Any = SimpleNamespace(run=RUN, handed=month)
    out, late = supply_at_risk(facts)
    assert out.what == "East runs out on 9 July 2026, before a new order arrives"
    assert "order 300\u00a0pieces now" in out.do and "¥4,000 is at stake" in out.why
    assert late.what == "1 purchase order of Wu overdue"
    assert out.href == late.href == "05_handover.html#what-do-we-do-first"
    assert [*supply_at_risk(SimpleNamespace(run=RUN, handed=None))] == []  # type: ignore[arg-type]
