"""Months that real companies sold, by day, beside what the workbench would have forecast of them.

Panels with daily rows enter (pasta by brand and item, Superstore by region and sub-category); how
often a month leaves its path leaves. Nobody knows which months were quiet. Only months before those
that forecasts are judged on are looked at.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from held_out import DIMENSIONS, SUPERSTORE, publish, read_rows
from salesfc_lib.coordination import MonthToDate, build_path, find_departures
from salesfc_lib.foundation import Calendar

PANELS = ("pasta", "superstore")
EARLIER = range(12, 24, 2)  # months between a month that is looked at and the last
EVERY_DAY = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def judge_months(panel: str) -> list[dict[str, Any]]:
    """The row of question `real` of a panel; none without its data."""
    data = Path(os.environ.get("SALESFC_DATA", "data"))
    try:
        daily, rows = _read_days(panel, data), read_rows(panel, data)
    except OSError:
        return []
    alarms, told = 0, 0
    for earlier in EARLIER:
        found = _judge(panel, daily, rows, earlier)
        told += found is not None
        alarms += bool(found)
    ends = binomtest(alarms, max(told, 1)).proportion_ci(method="wilson")
    counted = {"unit_months": told, "alarms": alarms, "rate": alarms / max(told, 1)}
    return [{"question": "real", "panel": panel, **counted, "low": ends.low, "high": ends.high}]


def _judge(panel: str, daily: pd.DataFrame, rows: pd.DataFrame, earlier: int) -> int | None:
    """Departures of a month; None where no path can be told."""
    month = publish(rows, panel, earlier + 1, horizon=1)
    ds = month.published["ds"].iloc[0]
    until = daily["date"] < ds + pd.DateOffset(months=1)
    last = ds + pd.DateOffset(months=1) - pd.Timedelta(days=1)
    found = MonthToDate(f"{ds:%Y-%m}", daily[until], last)
    forecast = month.published.assign(stage="reconciled", h=1)
    calendar = Calendar(trading_weekdays=EVERY_DAY)
    path = build_path(found, forecast, month.series, calendar)
    return None if path.reason else len(find_departures(path))


def _read_days(panel: str, data: Path) -> pd.DataFrame:
    """Daily sales by the panel's dimensions, of the months and pairs that it has."""
    if panel == "pasta":
        rows = pd.read_parquet(data / "pasta" / "pasta_daily.parquet")
        names = {"DATE": "date", "qty": "y"}
        rows = rows.rename(columns=names).astype({"date": "datetime64[ns]"})
    else:
        lines = pd.read_csv(data / SUPERSTORE, encoding="utf-8-sig")
        names = {"Region": "region", "Sub-Category": "sub_category", "Quantity": "y"}
        rows = lines.rename(columns=names)
        rows["date"] = pd.to_datetime(rows["Order Date"], format="mixed", dayfirst=False)
    dimensions = [*DIMENSIONS[panel]]
    sold = rows.groupby([*dimensions, "date"])["y"].sum().reset_index()
    return sold[sold["y"] != 0].assign(y=lambda each: each["y"].astype(np.float64))
