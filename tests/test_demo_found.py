"""Cleaning finds what was planted in the demo company: its tables against the written truth."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from demo_company import UNITS, write_demo
from salesfc_lib import cleaning
from salesfc_lib.cleaning.outliers import judge_months
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.panel.build import build_panel
from salesfc_lib.reporting.narrative.cleaning.overview import describe_rules

MONTH = "2026-06"
UNIT_IDS = [unit.id for unit in UNITS]

# a slip in the month of 双十一, which cleaning takes for a promotion's peak
HIDDEN = {("bottom:剃须刀/电商/华东/线上/other", "2024-11")}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder)
    return folder


@pytest.fixture(scope="module")
def truth(project: Path) -> dict[str, Any]:
    units: dict[str, Any] = json.loads(
        (project / "data" / "truth.json").read_text(encoding="utf-8")
    )["units"]
    return units


@pytest.fixture(scope="module")
def cleaned(project: Path) -> dict[str, Any]:
    return {
        unit: cleaning.clean(resolve(project, unit).parameters, project, MONTH) for unit in UNIT_IDS
    }


@pytest.mark.parametrize("unit", UNIT_IDS)
def test_cleaning_keeps_exactly_what_the_truth_says(
    unit: str, truth: dict[str, Any], cleaned: dict[str, Any]
) -> None:
    kept = cleaned[unit].transactions
    by_month = {
        month: {
            "rows": len(rows),
            "quantity": str(int(rows["quantity"].sum())),
            "amount": str(rows["amount"].sum().quantize(Decimal("0.01"))),
        }
        for month, rows in kept.groupby(kept["date"].dt.strftime("%Y-%m"))
    }
    assert by_month == truth[unit]["kept"]


@pytest.mark.parametrize("unit", UNIT_IDS)
def test_as_many_rows_are_taken_as_were_planted(
    unit: str, truth: dict[str, Any], cleaned: dict[str, Any]
) -> None:
    taken = cleaned[unit].ledger.groupby("rule")["rows"].sum()
    planted = truth[unit]
    assert taken["duplicate"] == len(planted["duplicates"])
    assert len(cleaned[unit].quarantine) == len(planted["unreadable"])
    assert taken["after_month"] == planted["running_month"]["rows"] + len(planted["future_dated"])


@pytest.mark.parametrize("unit", UNIT_IDS)
def test_every_planted_return_is_a_return_and_nothing_else_is(
    unit: str, truth: dict[str, Any], cleaned: dict[str, Any]
) -> None:
    returns = cleaned[unit].transactions.query("kind == 'return'")
    planted = pd.DataFrame(truth[unit]["returns"]).query("month <= @MONTH")
    assert sorted(returns["amount"]) == sorted(map(Decimal, planted["amount"]))
    assert sorted(returns["date"]) == sorted(pd.to_datetime(planted["date"]))


def test_the_renamed_region_is_one_region(cleaned: dict[str, Any]) -> None:
    kept = cleaned["kitchen"].transactions
    assert set(kept["region"]) == {"华东", "华北", "华南"}
    assert kept.loc[kept["region"].eq("华南"), "date"].dt.to_period("M").nunique() == 48


@pytest.mark.parametrize("unit", UNIT_IDS)
def test_the_running_month_does_not_open_the_gate(
    unit: str, project: Path, cleaned: dict[str, Any]
) -> None:
    assert f"{cleaned[unit].latest:%Y-%m}" == "2026-07"
    assert cleaned[unit].transactions["date"].max() < pd.Timestamp("2026-07-01")
    assert cleaning.closed_through(resolve(project, unit).parameters, cleaned[unit].latest) == MONTH


@pytest.mark.parametrize("unit", UNIT_IDS)
def test_outliers_are_found_and_nothing_else_is(
    unit: str, project: Path, truth: dict[str, Any], cleaned: dict[str, Any]
) -> None:
    parameters = resolve(project, unit).parameters
    bottom = build_panel(
        cleaned[unit].transactions, parameters, MONTH, promotion=cleaned[unit].promotion
    )
    found, _ = judge_months(bottom.panel, settings=parameters.cleaning.outliers)
    months = set(zip(found["unique_id"], found["ds"].dt.strftime("%Y-%m"), strict=True))
    planted = {(outlier["unique_id"], outlier["month"]) for outlier in truth[unit]["outliers"]}
    assert months <= planted
    assert planted - months <= HIDDEN


def test_the_ledger_page_counts_what_a_rule_touched_in_all_months() -> None:
    entries = [
        ("renamed", 0, "70 rows: a is b"),
        ("renamed", 0, "5 rows: a is b"),
        ("duplicate", 2, "stands again"),
    ]
    ledger = pd.DataFrame(entries, columns=["rule", "rows", "reason"]).assign(
        quantity=Decimal(0), amount=Decimal(0)
    )
    found = [
        ("renamed", "changed", 70, "a is b"),
        ("renamed", "changed", 5, "a is b"),
        ("duplicate", "dropped", 2, "stands again"),
    ]
    problems = pd.DataFrame(found, columns=["rule", "action", "rows", "reason"])
    assert describe_rules(ledger, problems).map(in_words).to_dict() == {
        "duplicate": "stands again",
        "renamed": "75 rows: a is b",
    }
    assert describe_rules(ledger, problems.iloc[:0])["renamed"] == "70 rows: a is b"


def test_what_was_due_each_month_and_came_is_what_the_truth_says(
    truth: dict[str, Any], cleaned: dict[str, Any]
) -> None:
    table = cleaned["kitchen"].delivery
    parts = ["ordered", "delivered", "lines", "on_time", "over", "cancelled"]
    months = table.groupby(table["ds"].dt.strftime("%Y-%m"))[parts].sum().astype("int64")
    due = {month: parts for month, parts in truth["kitchen"]["due"].items() if month <= MONTH}
    assert months.to_dict("index") == due
    found = cleaned["kitchen"].problems.set_index("rule")["rows"]
    assert found["over_delivered"] == months["over"].sum() > 0
    assert found["order_of_nothing"] == months["cancelled"].sum() > 0
    assert all(cleaned[unit].delivery.empty for unit in UNIT_IDS if unit != "kitchen")


def test_only_one_unit_knows_what_its_stock_cost(cleaned: dict[str, Any]) -> None:
    assert cleaned["kitchen"].inventory["value"].gt(0).all()
    assert cleaned["cleaning"].inventory["value"].isna().all()


def test_what_supply_is_planned_with_is_read_and_what_is_wrong_in_it_is_said(
    truth: dict[str, Any], cleaned: dict[str, Any]
) -> None:
    planted, found = truth["kitchen"]["supply"], cleaned["kitchen"]
    supply = found.supply
    cover = supply["on_hand"].groupby("product_line")["stock"].sum()
    assert cover.idxmin() == planted["short"]
    late = supply["open_order"].query("kind == 'purchase' and due < '2026-07-01'")
    assert {*late["product_line"]} == {planted["late"]["product_line"]}
    assert {*late["partner"]} == {planted["late"]["supplier"]}
    assert {*late["due"]} == {pd.Timestamp(planted["late"]["due"])}
    prices = supply["price"].set_index("product_line")["price"]
    costs = supply["cost"].set_index("product_line")["cost"]
    assert (costs / prices).between(0.61, 0.62).all(), "prices of next year are not valid yet"
    said = found.problems[found.problems["source"].isin(["stock", "prices"])]
    assert said.set_index("rule")["rows"].to_dict() == {
        "unit_converted": 3,  # in boxes, in each region
        "negative_stock": 1,
        "supply_member": 1,  # nobody ever sold it
        "supply_outdated": 18,
    }
    assert all(cleaned[unit].supply == {} for unit in UNIT_IDS if unit != "kitchen")
