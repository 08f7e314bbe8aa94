"""The handover step on the demo: what was planted is found, and what is missing is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesfc_lib import steps
from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import resolve
from salesfc_lib.reporting import HandedMonth
from salesfc_lib.steps.handover import is_handed
from tests.conftest import FIRST, MONTH


def open_run(project: Path, unit: str, month: str = MONTH, kind: str = "run") -> UnitMonth:
    found = resolve(project, unit, month).parameters
    folder = project / "reports" / month / unit
    return UnitMonth(project, unit, month, found, {}, {}, folder, kind)


@pytest.fixture(scope="module")
def planted(demo_project: Path) -> dict[str, Any]:
    told = json.loads((demo_project / "data" / "truth.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = told["units"]["kitchen"]["supply"]
    return found


@pytest.fixture(scope="module")
def kitchen(demo_project: Path) -> HandedMonth:
    return steps.read_handed(open_run(demo_project, "kitchen"))


def test_the_line_that_is_short_of_stock_is_the_most_urgent(
    kitchen: HandedMonth, planted: dict[str, Any]
) -> None:
    lines = kitchen.items.set_index("unique_id")["product_line"]
    first = kitchen.urgent.head(3)
    assert {*lines[first["unique_id"]]} == {planted["short"]}
    assert first["action"].eq("expedite").all()
    assert (first["out_on"] < pd.Timestamp("2026-08-01")).all()
    hurried = kitchen.urgent.query("action == 'expedite'")
    assert {*lines[hurried["unique_id"]]} == {planted["short"]}, "no other line is out that soon"


def test_only_the_supplier_that_is_late_is_late(
    kitchen: HandedMonth, planted: dict[str, Any]
) -> None:
    late = kitchen.overdue()
    assert {*late["partner"]} == {planted["late"]["supplier"]}
    assert {*late["product_line"]} == {planted["late"]["product_line"]}
    assert len(late) == 3, "an order of each region"


def test_only_the_line_that_sells_more_than_can_be_made_is_beyond_capacity(
    kitchen: HandedMonth, planted: dict[str, Any]
) -> None:
    assert {*kitchen.beyond()["member"]} == {planted["over_capacity"]}


def test_paths_bring_the_published_forecast_and_sums_are_those_of_the_paths(
    demo_project: Path, kitchen: HandedMonth
) -> None:
    run = open_run(demo_project, "kitchen")
    published = steps.read_reconciled(run).published.query("h <= 6")
    bottom = kitchen.series.loc[kitchen.series["level"].eq("bottom"), "unique_id"]
    expected = float(published.loc[published["unique_id"].isin(bottom), "y_hat"].sum())
    paths = run.read("paths")
    totals = paths.groupby("path")["y"].sum()
    assert len(totals) == run.parameters.handover.paths
    brought = kitchen.total("revenue")
    assert brought["mean"] == pytest.approx(totals.mean(), rel=1e-4)
    assert brought["mean"] == pytest.approx(expected, rel=0.02)
    inside = totals.between(brought["lo-80"] * (1 - 1e-5), brought["hi-80"] * (1 + 1e-5))
    assert 0.80 <= inside.mean() <= 0.81


def test_orders_are_the_same_in_every_file(demo_project: Path, kitchen: HandedMonth) -> None:
    folder = demo_project / "reports" / MONTH / "kitchen"
    english, chinese = (pd.read_csv(folder / f"orders{end}.csv") for end in ("", ".zh"))
    assert [*english] == ["product_line", "region", "supplier", "month", "planned", "order_by"]
    assert [*chinese] == ["产品线", "区域", "供应商", "月份", "订货量", "最晚下单日"]
    np.testing.assert_array_equal(english.to_numpy(str), chinese.to_numpy(str))
    planned = kitchen.requirements.loc[kitchen.requirements["planned"].gt(0), "planned"]
    assert english["planned"].sum() == pytest.approx(planned.sum())
    assert english["supplier"].notna().all()


def test_a_unit_without_lead_times_says_what_has_to_arrive_and_asks_for_the_rest(
    demo_project: Path,
) -> None:
    found = steps.read_handed(open_run(demo_project, "personal-care"))
    assert found.stock_from == "inventory", "counted by product line and region, too"
    assert found.knows_stock and not found.knows_days
    assert found.stock_policy["reorder_point"].isna().all()
    assert sorted(found.asked["role"]) == [
        "capacity",
        "costs",
        "lead_times",
        "open_orders",
        "prices",
    ]
    assert {*found.finance.dropna(subset=["mean"])["item"]} == {"revenue", "received"}


def test_units_and_months_without_a_handover_stay_as_they_are(demo_project: Path) -> None:
    reports = demo_project / "reports"
    for month, unit in ((MONTH, "cleaning"), (FIRST, "kitchen")):
        names = [path.name for path in (reports / month / unit).rglob("*")]
        assert not {"05_handover.html", "orders.csv", "paths.parquet", "urgent.parquet"} & {*names}
    run = open_run(demo_project, "kitchen")
    assert is_handed(run)
    assert not is_handed(open_run(demo_project, "kitchen", FIRST, "backfill"))
    assert not is_handed(open_run(demo_project, "cleaning"))
