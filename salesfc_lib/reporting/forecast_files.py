"""The final numbers of a month as files: a CSV for people and machines, a workbook for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.foundation import INTERVALS, SEASON, name_in_file, name_of, tables

SHEET = 31  # letters that the name of a sheet may have
COLUMNS = ("ds", "h", "y_hat", "lo-80", "hi-80", "last_year", "change")
WIDTHS = {"ds": 11, "unique_id": 40}  # of other columns: WIDTH
WIDTH = 16
FORMATS = {"ds": "yyyy-mm", "change": "0.0%", "h": "0"}
NUMBER = "#,##0.##"


def write_forecast_csv(final: pd.DataFrame, series: pd.DataFrame, path: Path) -> Path:
    """Write the final numbers of every series.

    Heads, and the names of levels and dimensions that the catalogue knows, are in the current
    language; in English they never change, because machines read them. Text that a spreadsheet
    would take for a formula gets an apostrophe.
    """
    names = [name for name in series.columns if name != "label"]
    columns = ["unique_id", "ds", "h", "y_hat", *INTERVALS]
    wide = series[names].merge(final[columns], on="unique_id")
    wide["level"] = [name_in_file("level", level) for level in wide["level"]]
    wide[names] = wide[names].apply(lambda column: column.map(tables.guard_text))
    wide["month"] = wide["ds"].dt.strftime("%Y-%m")
    wide = wide.rename(columns={"y_hat": "forecast", "h": "months_ahead"})
    wide = wide[[*names, "month", "months_ahead", "forecast", *INTERVALS]].round(4)
    own = set(names) - {"unique_id", "level"}  # dimensions
    wide.columns = [name_in_file("level" if name in own else "csv", name) for name in wide]
    wide.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
    return path


def write_forecast_workbook(
    final: pd.DataFrame, series: pd.DataFrame, panel: pd.DataFrame, path: Path
) -> Path:
    """Write the final numbers with a sheet a level, last year's sales beside the forecast.

    Heads, levels and dimensions are named as in the CSV file of the current language. Numbers are
    numbers and months dates; the header of a sheet is frozen and filters. Text that a spreadsheet
    would take for a formula gets an apostrophe.
    """
    from openpyxl import Workbook

    sold = panel[["unique_id", "ds", "y_raw"]].rename(columns={"y_raw": "last_year"})
    sold["ds"] += pd.DateOffset(months=SEASON)
    rows = final.merge(sold, on=["unique_id", "ds"], how="left")
    rows["change"] = (rows["y_hat"] / rows["last_year"] - 1).where(rows["last_year"].gt(0))
    book = Workbook(write_only=True)
    for title, level in _name_sheets(series["level"].unique()):
        own = series[series["level"] == level]
        members = [name for name in own if name not in ("unique_id", "label", "level")]
        members = [name for name in members if own[name].ne("").any() and own[name].notna().any()]
        named = own[["unique_id", *members]].merge(rows, on="unique_id", how="inner")
        _fill_sheet(book, title, named[[*(members or ["unique_id"]), *COLUMNS]])
    book.save(path)
    return path


def _name_sheets(levels: Any) -> Iterator[tuple[str, str]]:
    """A title that a sheet may have for each level, none twice."""
    taken: set[str] = set()
    for level in levels:
        name = name_in_file("level", level)
        title = plain = "".join("-" if sign in "[]:*?/\\" else sign for sign in name)[:SHEET]
        count = 1
        while title.casefold() in taken:
            count += 1
            title = f"{plain[: SHEET - 4]} {count}"
        taken.add(title.casefold())
        yield title, level


def _fill_sheet(book: Any, title: str, frame: pd.DataFrame) -> None:
    """A sheet of the book with the frame's rows under a header that stays in view."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    last = get_column_letter(frame.shape[1])
    sheet.auto_filter.ref = f"A1:{last}{len(frame) + 1}"
    for place, name in enumerate(frame, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = WIDTHS.get(name, WIDTH)
    heads = {name: name_of("workbook", name) for name in COLUMNS}
    head = [WriteOnlyCell(sheet, heads.get(name, name_in_file("level", name))) for name in frame]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    formats = [FORMATS.get(name, NUMBER) if name in COLUMNS else None for name in frame]
    for row in frame.itertuples(index=False):
        sheet.append([_cell(sheet, *pair) for pair in zip(row, formats, strict=True)])


def _cell(sheet: Any, value: Any, number_format: str | None) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if pd.isna(value):
        return None
    if number_format is None:
        return tables.guard_text(str(value))
    shown = value.to_pydatetime() if isinstance(value, pd.Timestamp) else round(float(value), 4)
    cell = WriteOnlyCell(sheet, shown)
    cell.number_format = number_format
    return cell
