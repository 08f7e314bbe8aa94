"""Claims about which sheet of a workbook is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.schema import Source
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.findings.propose import propose_feed
from salesfc_lib.intake.sources.extract import Extract, read_source

NOTE = [["Report of sales"], ["printed 2024-03-01"]]
PIVOT = [["Row Labels", "Sum of net"], ["A", 6]]
ORDERS = [["day", "customer", "net"], ["2024-01-31", "A", 2], ["2024-02-01", "B", 4]]

Sheets = dict[str, Sequence[Sequence[object]]]


def write(folder: Path, sheets: Sheets) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append([*row])
    workbook.save(folder / "a.xlsx")
    return folder / "a.xlsx"


def read(folder: Path, sheets: Sheets, **more: Any) -> Extract:
    write(folder, sheets)
    columns = {"date": "day", "customer": "customer", "amount": "net"}
    return read_source(
        "orders", Source(kind="excel", path="a.xlsx", columns=columns, **more), folder
    )


def said(extract: Extract) -> list[str]:
    issues = extract.issues
    return issues.loc[issues["rule"].eq("sheet"), "reason"].tolist()


def test_the_one_sheet_with_the_columns_is_found_behind_a_cover_and_a_pivot(tmp_path: Path) -> None:
    extract = read(tmp_path, {"Cover": NOTE, "Pivot": PIVOT, "Data": ORDERS})
    assert extract.rows["net"].to_pylist() == ["2", "4"]
    assert said(extract) == ["the sheet 'Data' is read: the first, 'Cover', lacks the columns"]


def test_several_sheets_with_the_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match="'2023', '2024'. One sheet for a source"):
        read(tmp_path, {"Cover": NOTE, "2023": ORDERS, "2024": ORDERS})


def test_a_named_sheet_or_the_first_is_read_and_others_with_its_columns_are_told(
    tmp_path: Path,
) -> None:
    both: Sheets = {"2023": ORDERS[:2], "2024": ORDERS}
    assert read(tmp_path, both, sheet="2024").rows.num_rows == 2
    first = read(tmp_path, both)
    assert first.rows.num_rows == 1
    assert "the sheets '2024' have the same columns as '2023'" in said(first)[0]


def test_without_a_sheet_with_all_columns_the_nearest_says_what_it_lacks(tmp_path: Path) -> None:
    lacking = [["day", "customer"], ["2024-01-31", "A"]]
    with pytest.raises(SalesForecastError, match="sheet Data' lacks the column 'net'"):
        read(tmp_path, {"Cover": NOTE, "Data": lacking})


def test_a_first_look_asks_about_sheets_with_the_same_columns(tmp_path: Path) -> None:
    found = propose_feed([write(tmp_path, {"2023": ORDERS[:2], "2024": ORDERS})], read_aliases())
    assert found.sample.settings == {"sheet": "2024"}
    assert any("'2023' of the same file have the same columns" in text for text in found.questions)


def test_a_first_look_prefers_days_and_figures_to_a_longer_pivot(tmp_path: Path) -> None:
    orders = [["Order Date", "Customer", "Amount"], *ORDERS[1:]]
    found = propose_feed([write(tmp_path, {"Pivot": PIVOT * 5, "Data": orders})], read_aliases())
    assert found.sample.settings == {"sheet": "Data"}
    assert "of those with days and figures" in found.sample.why["sheet"]


@pytest.mark.parametrize(
    ("regions", "fill_down"),
    [(["East", "", "", "West", "", ""], ["region"]), (["", "East", "", "East", "", ""], [])],
)
def test_cells_that_were_merged_are_proposed_to_be_filled_in_text_too(
    tmp_path: Path, regions: list[str], fill_down: list[str]
) -> None:
    rows = [f"{region},2024-01-0{day},{day}.50" for day, region in enumerate(regions, start=1)]
    (tmp_path / "a.csv").write_text("\n".join(["Region,Order Date,Amount", *rows]))
    assert propose_feed([tmp_path / "a.csv"], read_aliases()).fill_down == fill_down
