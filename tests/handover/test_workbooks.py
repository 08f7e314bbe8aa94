"""Workbooks for departments hold what is published, print, and say it in the reader's language."""

from __future__ import annotations

import datetime
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from salesfc_lib import steps
from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import language, say, tables
from salesfc_lib.foundation.contracts import handover
from salesfc_lib.handover import write_workbooks
from salesfc_lib.handover.workbooks.write import BASIS
from tests import archives

PARAMETERS = """
unit: {title: 东区, currency: ¥}
dimensions: [line, region]
levels: {total: [], line: [line], bottom: [line, region]}
"""
BASE = dict.fromkeys(BASIS, say("reasons", reasons=["because"]))
MARCH = pd.Timestamp("2026-03-01")
REQUIREMENT: dict[str, Any] = dict.fromkeys(
    ("forecast", "ordered", "consumed", "demand", "lo-80", "hi-80", "received", "opening"), 120.0
)
DECIDED = {
    "requirements": REQUIREMENT
    | {"unique_id": "bottom:锅/east", "ds": MARCH, "safety_stock": 5.0, "net": 1.5}
    | {"planned": 1234.5, "closing": -7.0, "release": pd.Timestamp("2026-02-20"), "late": True}
    | {"runs_out": 0.25},
    "urgent": {"rank": 1, "unique_id": "bottom:锅/east", "action": "expedite", "risk": 0.9}
    | {"out_on": pd.Timestamp("2026-03-09"), "early_on": pd.NaT, "quantity": 10.0, "short": 4.0}
    | {"money": 1000.0, "valued": "margin", "expire": None},
    "finance": {"item": "cash", "ds": MARCH, "mean": 10.0, "lo-80": 1.0, "hi-80": 20.0}
    | {"lo-95": None, "hi-95": None, "known": 0.5},
    "asked": {"role": "costs", "lacking": "no margin", "instead": "revenue"},
}


@pytest.fixture
def run(tmp_path: Path) -> UnitMonth:
    """A month of a unit that is published, without decisions."""
    own = tmp_path / "parameters" / "units" / "east.yml"
    own.parent.mkdir(parents=True)
    own.write_text(PARAMETERS, encoding="utf-8")
    dangerous = archives.SERIES.replace({"region": {"west": "=west"}})
    folder = archives.publish(tmp_path / "reports", "east", "2026-02", series=dangerous)
    targets = pd.DataFrame(
        [(MARCH, 500.0, None), (MARCH, 100.0, "锅"), (MARCH, 90.0, "盆")],
        columns=["ds", "target", "line"],
    )
    tables.write(targets, folder / "tables", "target")
    return steps.open_month(tmp_path, "east", "2026-02")


def decide(run: UnitMonth) -> None:
    """What a month's handover computes."""
    folder = run.reports / run.month / run.unit / "tables"
    for name, row in DECIDED.items():
        tables.write(tables.build([row | BASE], name), folder, name)


def read(path: Path, sheet: str) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))


def test_every_department_has_a_workbook_in_each_language_and_a_csv_for_each_sheet(
    run: UnitMonth,
) -> None:
    written = write_workbooks(run)
    place = run.reports / "handover" / "2026-02" / "east"
    departments = ("finance", "production", "purchasing", "sales")
    names = [f"{each}{tail}.xlsx" for each in departments for tail in ("", ".zh")]
    assert [path.name for path in written] == names and {path.parent for path in written} == {place}
    csv = {path.name for path in place.glob("*.csv")}
    assert {"sales_business.csv", "sales_business.zh.csv", "production_plan.csv"} <= csv
    assert "purchasing_urgent.csv" not in csv, "the month has no decisions"
    assert not [path for path in place.iterdir() if path.name.startswith(".")]


def test_the_business_stands_beside_last_year_and_its_whole_target(run: UnitMonth) -> None:
    write_workbooks(run)
    heads, first, *_ = read(run.reports / "handover/2026-02/east/finance.xlsx", "Whole unit (¥)")
    row = dict(zip(heads, first, strict=True))
    made = archives.forecast("2026-02").query("stage == 'reconciled' and unique_id == 'total'")
    sold = archives.panel("2026-02").set_index(["unique_id", "ds"])["y_raw"]
    earlier = sold["total", pd.Timestamp("2025-03-01")]
    forecast = made["y_hat"].iloc[0]
    assert row["Month"] == datetime.datetime(2026, 3, 1)
    assert (row["Forecast"], row["Sold a year before"]) == (forecast, earlier)
    assert row["Change on a year before"] == round(forecast / earlier - 1, 4)
    assert (row["Target"], row["Forecast less target"]) == (500, forecast - 500)


def test_months_side_by_side_add_up(run: UnitMonth) -> None:
    write_workbooks(run)
    heads, *rows = read(run.reports / "handover/2026-02/east/production.xlsx", "By month (¥)")
    assert heads[:6] == ("Line", "2026-03", "2026-04", "2026-05", "2026-06", "Sum")
    assert [row[0] for row in rows] == ["锅", 'O\'Neil "x"']
    assert all(sum(row[1:5]) == row[5] for row in rows)


def test_decisions_are_sheets_where_the_month_has_them(run: UnitMonth) -> None:
    decide(run)
    write_workbooks(run)
    place = run.reports / "handover/2026-02/east"
    book = openpyxl.load_workbook(place / "purchasing.xlsx")
    named = ["What to do first (pieces)", "Net requirements (pieces)", "What to expect (¥)"]
    assert book.sheetnames == [*named, "What is missing"]
    heads, row = read(place / "purchasing.xlsx", "Net requirements (pieces)")
    found = dict(zip(heads, row, strict=True))
    assert (found["Series"], found["Planned orders"], found["Late"]) == ("锅 · east", 1234.5, "yes")
    assert found["Order on"] == datetime.datetime(2026, 2, 20)
    assert not set(heads) & {"Formula", "Inputs"}, "what is printed is no place for sentences"
    heads, row = read(place / "purchasing.zh.xlsx", "优先事项 (件)")
    assert dict(zip(heads, row, strict=True))["行动"] == "催货"
    machine = pd.read_csv(place / "purchasing_urgent.csv", encoding="utf-8-sig")
    assert machine.loc[0, ["action", "formula"]].tolist() == ["expedite", "because"]
    heads, row = read(place / "finance.zh.xlsx", "收入、毛利、现金 (¥)")
    assert row[0] == "现金净额"


def test_sheets_print_on_a4_across_with_their_head_on_each_page(run: UnitMonth) -> None:
    for path in write_workbooks(run):
        for sheet in openpyxl.load_workbook(path).worksheets:
            setup = sheet.page_setup
            assert (setup.orientation, int(setup.paperSize)) == ("landscape", 9)
            assert (setup.fitToWidth, setup.fitToHeight) == (1, 0)
            assert sheet.sheet_properties.pageSetUpPr.fitToPage
            assert sheet.print_title_rows == "$1:$1" and sheet.freeze_panes == "A2"
            assert "东区" in sheet.oddHeader.left.text
            widths = [each.width for each in sheet.column_dimensions.values()]
            assert len(widths) == sheet.max_column and min(widths) >= 8


def test_no_cell_is_a_formula(run: UnitMonth) -> None:
    seen = 0
    for path in write_workbooks(run):
        for sheet in openpyxl.load_workbook(path).worksheets:
            for row in sheet.iter_rows():
                assert all(cell.data_type != "f" for cell in row)
                seen += sum(cell.value == "'=west" for cell in row)
    assert seen > 0
    for path in (run.reports / "handover/2026-02/east").glob("*.csv"):
        assert not re.search(r"(^|,)=", path.read_text(encoding="utf-8-sig"), re.MULTILINE), path


def test_the_same_month_gives_the_same_bytes_whatever_the_clock_says(run: UnitMonth) -> None:
    decide(run)
    first = {path.name: path.read_bytes() for path in write_workbooks(run)}
    again = write_workbooks(run, run.project / "elsewhere")
    assert {path.name: path.read_bytes() for path in again} == first
    for path in again:
        with zipfile.ZipFile(path) as book:
            assert {each.date_time[0] for each in book.infolist()} == {1980}
            moments = re.findall(rb"\d{4}-\d\d-\d\dT", book.read("docProps/core.xml"))
            assert moments and set(moments) == {b"1980-01-01T"}


def test_every_head_has_a_name_in_both_languages() -> None:
    columns = {name for each in DECIDED for name in tables.empty(each).columns}
    named = {f"workbook.{name}" for name in columns - {"unique_id"}}
    for spoken in language.LANGUAGES:
        assert named <= set(language.sentences(spoken))
    texts = [set(contract.columns) for contract in handover.TABLES.values()]
    assert columns <= set().union(*texts)


def test_a_month_that_is_not_published_is_said(run: UnitMonth) -> None:
    other = steps.open_month(run.project, "east", "2026-01")
    with pytest.raises(RequestError, match="2026-01 of 'east' is not published"):
        write_workbooks(other)
