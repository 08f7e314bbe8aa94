"""The final numbers of a month as files: a CSV for people and machines, a workbook for people."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from salesfc_lib.foundation import (
    INTERVALS,
    SEASON,
    Sheet,
    name_in_file,
    name_of,
    tables,
    write_book,
)

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


def write_order_csv(
    requirements: pd.DataFrame, supplier: pd.Series, series: pd.DataFrame, path: Path
) -> Path:
    """Write what is to arrive in each month, and the day on which to order it, by stocked series.

    supplier: by unique_id. Heads are named as in `write_forecast_csv`.
    """
    rows = requirements[requirements["planned"].gt(0)]
    dimensions = [name for name in series if name not in ("unique_id", "label", "level")]
    known = series[["unique_id", *dimensions]].dropna(axis=1, how="all")
    wide = known.merge(rows, on="unique_id").assign(
        supplier=lambda each: each["unique_id"].map(supplier),
        month=lambda each: each["ds"].dt.strftime("%Y-%m"),
        order_by=lambda each: each["release"].dt.strftime("%Y-%m-%d"),
    )
    names = [name for name in known if name != "unique_id"]
    wide = wide[[*names, "supplier", "month", "planned", "order_by"]].round(2)
    wide = wide.map(tables.guard_text)
    wide.columns = [name_in_file("level" if name in names else "csv", name) for name in wide]
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
    sold = panel[["unique_id", "ds", "y_raw"]].rename(columns={"y_raw": "last_year"})
    sold["ds"] += pd.DateOffset(months=SEASON)
    rows = final.merge(sold, on=["unique_id", "ds"], how="left")
    rows["change"] = (rows["y_hat"] / rows["last_year"] - 1).where(rows["last_year"].gt(0))
    levels = series["level"].unique()
    return write_book([_make_sheet(level, series, rows) for level in levels], path)


def _make_sheet(level: str, series: pd.DataFrame, rows: pd.DataFrame) -> Sheet:
    """The sheet of a level: its dimensions and numbers."""
    own = series[series["level"] == level]
    members = [name for name in own if name not in ("unique_id", "label", "level")]
    members = [name for name in members if own[name].ne("").any() and own[name].notna().any()]
    named = own[["unique_id", *members]].merge(rows, on="unique_id", how="inner")
    frame = named[[*(members or ["unique_id"]), *COLUMNS]]
    heads = {name: name_of("workbook", name) for name in COLUMNS}
    return Sheet(
        title=name_in_file("level", level),
        rows=frame,
        heads=[heads.get(name, name_in_file("level", name)) for name in frame],
        formats=[FORMATS.get(name, NUMBER) if name in COLUMNS else None for name in frame],
        widths=[WIDTHS.get(name, WIDTH) for name in frame],
    )
