"""Claims about the files of a month for people: what a spreadsheet shows is what was published."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import pandas as pd

from salesfc_lib.foundation import language
from salesfc_lib.reporting import write_forecast_csv, write_forecast_workbook

AHEAD = pd.date_range("2024-07-01", periods=2, freq="MS")
SERIES = pd.DataFrame(
    {
        "unique_id": ["total", "region:=east", "region:西区"],
        "level": ["total", "region", "region"],
        "region": ["", "=east", "西区"],
        "label": ["all", "east", "west"],
    }
)
FINAL = pd.DataFrame(
    [
        {"unique_id": name, "ds": ds, "h": h, "y_hat": 100.5 * h, "lo-80": 90.0, "hi-80": 120.0}
        for name in SERIES["unique_id"]
        for h, ds in enumerate(AHEAD, start=1)
    ]
).assign(**{"lo-95": 80.0, "hi-95": 130.0})
PANEL = pd.DataFrame(
    [
        {"unique_id": name, "ds": pd.Timestamp(ds), "y_raw": sold}
        for name in SERIES["unique_id"]
        for ds, sold in (("2023-07-01", 67.0), ("2024-06-01", 1.0))
    ]
)


def test_a_sheet_a_level_holds_numbers_dates_and_the_year_before(tmp_path: Path) -> None:
    path = write_forecast_workbook(FINAL, SERIES, PANEL, tmp_path / "forecast.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["total", "region"]
    sheet = book["region"]
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:H5"
    heads, first, second, *_ = sheet.iter_rows(values_only=True)
    assert heads[:4] == ("region", "Month", "Months ahead", "Forecast")
    assert first[:4] == ("'=east", datetime.datetime(2024, 7, 1), 1, 100.5)
    assert (first[6], round(first[7], 4)) == (67, 0.5)
    assert second[6:] == (None, None), "nothing was sold in August a year before"
    assert all(cell.data_type == "n" for cell in next(sheet.iter_rows(min_row=2))[2:])
    assert next(book["total"].iter_rows(min_row=2))[0].value == "total"


def test_the_workbook_has_its_heads_in_the_language_and_the_csv_the_same_in_every_one(
    tmp_path: Path,
) -> None:
    with language.speaking("zh"):
        path = write_forecast_workbook(FINAL, SERIES, PANEL, tmp_path / "forecast.xlsx")
        written = pd.read_csv(write_forecast_csv(FINAL, SERIES, tmp_path / "forecast.csv"))
    heads = next(openpyxl.load_workbook(path)["region"].iter_rows(values_only=True))
    assert heads[:4] == ("region", "月份", "提前月数", "预测")
    assert [*written.columns[3:6]] == ["month", "months_ahead", "forecast"]


def test_levels_whose_names_a_sheet_cannot_have_get_others(tmp_path: Path) -> None:
    names = ["a" * 40, "a" * 41, "x/y", "X/Y"]
    series = pd.DataFrame({"unique_id": names, "level": names, "label": names})
    final = FINAL.iloc[:4].assign(unique_id=names)
    path = write_forecast_workbook(final, series, PANEL, tmp_path / "forecast.xlsx")
    titles = openpyxl.load_workbook(path).sheetnames
    assert titles == ["a" * 31, "a" * 27 + " 2", "x-y", "X-Y 2"]


def test_the_csv_has_every_series_and_no_formula(tmp_path: Path) -> None:
    written = pd.read_csv(write_forecast_csv(FINAL, SERIES, tmp_path / "forecast.csv"))
    assert written["region"].dropna().unique().tolist() == ["'=east", "西区"]
    assert written["forecast"].tolist() == FINAL["y_hat"].tolist()
