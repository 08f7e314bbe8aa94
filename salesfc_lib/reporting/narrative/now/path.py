"""Figures of the month in progress: sales so far beside the path that the forecast implies."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Figure
from salesfc_lib.reporting.facts.now.state import UnitNow, is_missing
from salesfc_lib.reporting.narrative.now.parts import writer_of_unit
from salesfc_lib.reporting.narrative.writer import draw

MOST = 4  # figures: the unit's total, and branches of sales alerts


def path_figures(unit: UnitNow) -> list[Figure]:
    """The path of the unit's total, then of the branch of each sales alert by urgency."""
    alerts = unit.open_alerts
    branches = alerts.loc[alerts["kind"].eq("sales"), "unique_id"].dropna()
    ids = [
        each
        for each in dict.fromkeys([unit.top, *branches])
        if each in set(unit["path"]["unique_id"])
    ]
    return [_figure(unit, each) for each in ids[:MOST]]


def describe_path(unit: UnitNow, unique_id: str) -> dict[str, Any] | None:
    """Where sales stand on the last day known: day, actual, expected, lo, hi, change and side.

    side: below, above or within the band. None without a path or any day of it.
    """
    path = unit["path"]
    known = path[path["unique_id"].eq(unique_id)].dropna(subset=["actual"]).sort_values("date")
    if known.empty:
        return None
    last: dict[str, Any] = {str(key): value for key, value in known.iloc[-1].items()}
    actual, expected = last["actual"], last["expected"]
    side = "below" if actual < last["lo"] else "above" if actual > last["hi"] else "within"
    change = actual / expected - 1 if expected else None
    day = wording.day_short(pd.Timestamp(last["date"]).date())
    return last | {"day": day, "side": side, "change": change, "label": unit.label(unique_id)}


def say_change(unit: UnitNow, found: dict[str, Any], than: str) -> str:
    """'8.1 % less than expected', 'as much as', where nothing was expected 'against'.

    `than` names what was expected, as a part of the sentence `now.path.than`.
    """
    writer, change = writer_of_unit(unit), found["change"]
    base = writer.text(f"now.path.than.{than}", expected=found["expected"])
    if is_missing(change):
        return writer.text("now.path.change.none", than=base)
    key = "same" if abs(change) < 5e-4 else "more" if change > 0 else "less"
    return writer.text(f"now.path.change.{key}", size=abs(change), than=base)


def _figure(unit: UnitNow, unique_id: str) -> Figure:
    rows = unit["path"][unit["path"]["unique_id"].eq(unique_id)].sort_values("date")
    writer = writer_of_unit(unit).at(rows[["expected", "hi", "actual"]].to_numpy(float).ravel())
    found, drawn = describe_path(unit, unique_id), draw("month_path", rows, scale=writer.scale)
    facts: dict[str, Any] = {
        "label": unit.label(unique_id),
        "month": unit.month,
        "axis": writer.axis,
    }
    if found is None:
        last = rows.iloc[-1]
        return writer.figure(
            "now.path.ahead",
            drawn,
            **facts,
            expected=last["expected"],
            lo=last["lo"],
            hi=last["hi"],
        )
    facts |= found | {"change": say_change(unit, found, "expected")}
    rows = rows.assign(day=[wording.day_short(each.date()) for each in rows["date"]])
    return writer.figure(
        "now.path", drawn, rows, title_key=f"now.path.title.{found['side']}", **facts
    )
