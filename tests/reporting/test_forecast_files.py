"""Claims about the files of a month for people: what a spreadsheet shows is what was published."""

from __future__ import annotations

import datetime
from functools import partial
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from salesfc_lib.foundation import language
from salesfc_lib.reporting import write_forecast_csv, write_forecast_workbook
from salesfc_lib.reporting.pages.write import list_downloads

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


def test_the_workbook_has_its_heads_and_levels_in_the_language(tmp_path: Path) -> None:
    with language.speaking("zh"):
        path = write_forecast_workbook(FINAL, SERIES, PANEL, tmp_path / "forecast.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["合计", "区域"]
    heads = next(book["区域"].iter_rows(values_only=True))
    assert heads[:4] == ("区域", "月份", "提前月数", "预测")


HEADS = {
    "en": ["unique_id", "level", "region", "month", "months_ahead", "forecast"],
    "zh": ["序列编号", "层级", "区域", "月份", "提前月数", "预测"],
}
LAST = {"en": "hi-95", "zh": "95% 区间上限"}


@pytest.mark.parametrize(
    ("spoken", "files"),
    [
        (["en"], {"forecast.csv": "en"}),
        (["zh"], {"forecast.csv": "en", "forecast.zh.csv": "zh"}),
        (["zh", "en"], {"forecast.csv": "en", "forecast.zh.csv": "zh"}),
    ],
)
def test_machines_have_the_same_csv_whatever_the_languages_and_people_one_of_their_own(
    tmp_path: Path, spoken: list[str], files: dict[str, str]
) -> None:
    write = partial(write_forecast_csv, FINAL, SERIES)
    with language.speaking("zh"):  # whatever is spoken around it
        language.write_each(write, tmp_path / "forecast.csv", spoken)
    assert {path.name for path in tmp_path.iterdir()} == set(files)
    for name, each in files.items():
        written = pd.read_csv(tmp_path / name, encoding="utf-8-sig")
        assert [*written.columns[:6], written.columns[-1]] == [*HEADS[each], LAST[each]]
        named = {"en": ["total", "region"], "zh": ["合计", "区域"]}[each]
        assert written.iloc[:, 1].unique().tolist() == named
        assert written.iloc[:, 0].unique().tolist() == SERIES["unique_id"].tolist()
        assert written.iloc[:, 5].tolist() == FINAL["y_hat"].tolist()


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


@pytest.mark.parametrize(
    ("spoken", "offered"),
    [
        ("en", ["forecast.csv", "forecast.xlsx", "quarantine.csv"]),
        ("zh", ["forecast.zh.csv", "forecast.xlsx", "quarantine.zh.csv"]),
    ],
)
def test_a_page_offers_the_files_in_its_language(
    tmp_path: Path, spoken: str, offered: list[str]
) -> None:
    for name in ("forecast.csv", "forecast.zh.csv", "forecast.xlsx"):
        (tmp_path / name).write_bytes(b"a")
    for name in ("quarantine.csv", "quarantine.zh.csv", "manifest.json"):
        (tmp_path / name).write_bytes(b"b")
    with language.speaking(spoken):
        assert [each.path for each in list_downloads(tmp_path)][:3] == offered
