"""Forecasts of departments: read whole or not at all, kept, compared by branch, decided, scored."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from salesfc_lib.archive import UnitMonth, read_records
from salesfc_lib.coordination import views
from salesfc_lib.coordination.views.versions import FOLDER
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import tables
from salesfc_lib.reconciliation import adjust, read_overrides
from tests.coordination.unit_files import write_project
from tests.retrospective.test_retrospective import EAST, LAMP, NORTH, SERIES, forecast, sold

MONTHS = ["2026-07-01", "2026-08-01"]
OWN = {EAST: 100.0, NORTH: 60.0, LAMP: 40.0, "厨具": 160.0, "灯": 40.0, "total": 200.0}
DEPARTMENTS = {"sales": {"people": ["hanlei"]}, "finance": {"people": ["liuhui"]}}


@pytest.fixture
def run(tmp_path: Path) -> UnitMonth:
    opened = write_project(tmp_path, departments=DEPARTMENTS)
    rows = [
        (name, "reconciled", month, place, value)
        for name, value in OWN.items()
        for place, month in enumerate(MONTHS, start=1)
    ]
    folder = opened.reports / "2026-06" / "north" / "tables"
    tables.write(forecast(rows), folder, "forecast")
    before = sold([(name, month.replace("2026", "2025"), 50) for name in OWN for month in MONTHS])
    tables.write(before.assign(y=before["y_raw"]), folder, "panel")
    return opened


def write(run: UnitMonth, text: str, name: str = "sales.csv") -> Path:
    path = run.project / name
    path.write_text(text, encoding="utf-8")
    return path


def enter(run: UnitMonth, text: str, measure: str = "amount", department: str = "sales") -> int:
    path = write(run, text)
    return views.enter_view(run, department, path, measure=measure, reason="客户计划", by="hanlei")


LONG = f"unique_id,month,value\n{EAST},2026-07,130\n{NORTH},2026-07,60\n{LAMP},2026-07,40\n"


def test_long_and_wide_files_and_workbooks_say_the_same(run: UnitMonth) -> None:
    long = write(run, "product_line,region,月份,数值\n厨具,华东,2026-07,130\n厨具,,2026-08,150\n")
    wide = write(run, f"series;2026-07;2026年8月\n{EAST};130;\n厨具;;150\n", "wide.csv")
    book = openpyxl.Workbook()
    for row in (["unique_id", "ds", "y"], [EAST, pd.Timestamp("2026-07-01"), 130]):
        book.active.append(row)
    book.active.append(["厨具", "2026-08", 150.0])
    book.active["C1"] = "value"
    book.save(run.project / "sales.xlsx")
    found = [views.read_view(run, path, "amount") for path in (long, wide)]
    found.append(views.read_view(run, run.project / "sales.xlsx", "amount"))
    assert found[0].set_index(["unique_id", "ds"])["y_hat"].tolist() == [150.0, 130.0]
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0], other, check_dtype=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unique_id,month,value\n华中,2026-07,5\n", "line 2: `unique_id` is '华中'"),
        ("region,month,value\n华中,2026-07,5\n", "line 2: `region` is '华中'"),
        (f"unique_id,month,value\n{EAST},2026-06,5\n", "A month from 2026-07 to 2026-08"),
        (f"unique_id,month,value\n{EAST},2026-07,-5\n", "A forecast from 0 on"),
        (f"unique_id,month,value\n{EAST},2026-07,many\n", "`value` is 'many'"),
        (LONG + f"{EAST},2026-07,131\n", f"line 5 repeats '{EAST}' in 2026-07 of .* line 2"),
        ("unique_id,month,value\n", "has no forecast"),
        ("unique_id,valu\n厨具,5\n", "'valu' cannot be used"),
        (f"unique_id,month,value\n{EAST},2026-07,13000\n", "130 times the statistical forecast"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_is_taken(
    run: UnitMonth, text: str, said: str
) -> None:
    with pytest.raises(SalesForecastError, match=said):
        enter(run, text)
    assert not (run.project / FOLDER).exists()
    assert read_records(run.project).empty


def test_percent_is_of_the_same_month_a_year_before(run: UnitMonth) -> None:
    path = write(run, f"unique_id,month,value\n{EAST},2026-07,104\n")
    assert views.read_view(run, path, "percent")["y_hat"].tolist() == [52.0]
    with pytest.raises(SalesForecastError, match=r"as percent are 0\.0\d* times"):
        views.read_view(run, write(run, f"unique_id,month,value\n{EAST},2026-07,1.04\n"), "percent")
    with pytest.raises(SalesForecastError, match="No price is known of '厨具/华东'"):
        views.read_view(run, path, "quantity")


def test_pieces_become_money_by_the_price_of_a_series_parts(run: UnitMonth) -> None:
    prices = [(EAST, 10.0, 3.0), (NORTH, 2.0, 1.0)]
    frame = pd.DataFrame(prices, columns=["unique_id", "price", "pieces"]).assign(origin="own")
    folder = run.reports / "2026-06" / "north" / "tables"
    tables.write(tables.build(frame, "piece_price"), folder, "piece_price")
    path = write(run, "unique_id,month,value\n厨具,2026-07,20\n")
    assert views.read_view(run, path, "quantity")["y_hat"].tolist() == [160.0]  # 8 a piece
    enter(run, "unique_id,month,value\n厨具,2026-07,176\n")
    row = views.compare_views(run).query("department == 'sales' and ds.isna()").iloc[0]
    assert (row["difference"], row["units"], row["money"]) == (16.0, 2.0, 16.0)
    assert row["percent"] == pytest.approx(0.1)


def test_versions_are_kept_whole_and_a_changed_one_is_found(run: UnitMonth) -> None:
    assert [enter(run, LONG), enter(run, LONG.replace("130", "125"))] == [1, 2]
    listed = views.list_views(run).query("unique_id == @EAST")
    assert listed[["version", "y_hat"]].to_numpy().tolist() == [[1, 130.0], [2, 125.0]]
    assert set(listed["author"]) == {"韩磊"}
    with pytest.raises(RequestError, match="Version 2 of 'sales' holds the same"):
        enter(run, LONG.replace("130", "125"))
    with pytest.raises(RequestError, match="Unknown key 'salse'"):
        enter(run, LONG, department="salse")
    kept = next((run.project / FOLDER).iterdir())
    kept.write_text(kept.read_text().replace("60", "61"))
    with pytest.raises(SalesForecastError, match="not what its record says"):
        views.list_views(run)


def test_a_view_is_summed_to_every_series_that_it_makes_up_and_to_no_other(run: UnitMonth) -> None:
    enter(run, f"unique_id,month,value\n{EAST},2026-07,130\n{NORTH},2026-07,60\n")
    rows = views.compare_views(run).query("department == 'sales' and ds.notna()")
    assert dict(zip(rows["unique_id"], rows["value"], strict=True)) == {
        **{EAST: 130.0, NORTH: 60.0},
        "厨具": 190.0,
    }


def test_the_largest_disagreements_are_each_of_another_branch(run: UnitMonth) -> None:
    enter(run, LONG.replace(f"{LAMP},2026-07,40", f"{LAMP},2026-07,30"))
    found = views.list_disagreements(run)
    assert found["unique_id"].tolist() == [EAST, "灯"]  # neither 厨具 nor the whole unit again
    assert found["difference"].tolist() == [30.0, -10.0]


def test_a_mix_becomes_overrides_that_a_run_applies(run: UnitMonth) -> None:
    enter(run, LONG)
    takes = {"sales": 0.5, "statistical": 0.5}
    assert views.decide_view(run, takes, reason="折中", by="刘慧") == 1
    made = read_overrides(run.project, "north")
    assert made[["unique_id", "new", "author", "reason"]].to_numpy().tolist() == [
        [EAST, 115.0, "刘慧", "折中"]
    ]
    own = tables.read(run.reports / "2026-06" / "north" / "tables", "forecast")
    after, _ = adjust(own, made, SERIES, made_in="2026-06", source="overrides")
    first = after[after["ds"] == MONTHS[0]].set_index("unique_id")["y_hat"]
    assert (first[EAST], first["total"]) == (115.0, 215.0)
    decided = read_records(run.project, what="view.decide").iloc[0]
    assert (decided["new"]["takes"], decided["new"]["versions"]) == (takes, {"sales": 1})


def test_what_is_published_needs_no_override_and_is_recorded_all_the_same(run: UnitMonth) -> None:
    assert views.decide_view(run, {"published": 1.0}, reason="无异议", by="刘慧") == 0
    assert len(read_records(run.project, what="view.decide")) == 1
    assert not (run.project / "overrides").exists()


@pytest.mark.parametrize(
    ("takes", "rows", "said"),
    [
        ({"sales": 0.5, "statistical": 0.4}, "", "add up to 1"),
        ({"sales": 1.5, "statistical": -0.5}, "", "Shares above 0"),
        ({"finance": 1.0}, "", "Unknown key 'finance'"),
        ({"sales": 1.0}, "region=华北", "Not every forecast that is taken has 'region=华北'"),
        ({"sales": 1.0}, "region=华中", "Unknown key '华中'"),
    ],
)
def test_a_decision_that_cannot_be_leaves_nothing(
    run: UnitMonth, takes: dict[str, float], rows: str, said: str
) -> None:
    enter(run, f"unique_id,month,value\n{EAST},2026-07,130\n")
    with pytest.raises(RequestError, match=said):
        views.decide_view(run, takes, rows=rows, reason="so", by="刘慧")
    assert read_records(run.project, what="view.decide").empty


def test_each_view_is_scored_at_its_own_rows_beside_the_statistical_forecast(
    run: UnitMonth,
) -> None:
    enter(run, LONG)
    assert views.score_views(run).query("department == 'sales'").empty
    folder = run.reports / "2026-07" / "north"
    actual = sold([(EAST, "2026-07", 120), (NORTH, "2026-07", 60), (LAMP, "2026-07", 40)])
    tables.write(actual.assign(y=actual["y_raw"]), folder / "tables", "panel")
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    row = views.score_views(run).set_index("department").loc["sales"]
    assert (row["n"], row["actual"]) == (3, 220.0)
    assert (row["wape"], row["statistical_wape"]) == pytest.approx((10 / 220, 20 / 220))
    assert (row["bias"], row["statistical_bias"]) == pytest.approx((10 / 220, -20 / 220))
