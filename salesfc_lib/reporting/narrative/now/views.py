"""Forecasts of departments side by side: drawn beside history and the statistical forecast, where
they disagree most, and how earlier ones turned out.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.foundation import level_name, wording
from salesfc_lib.reporting.blocks import Cell, Figure, Prose, Table
from salesfc_lib.reporting.facts.now.state import State, UnitNow
from salesfc_lib.reporting.narrative.now.consultation import department_name, view_name
from salesfc_lib.reporting.narrative.now.parts import WRITER, moment, writer_of_unit
from salesfc_lib.reporting.narrative.writer import draw

HISTORY = 24  # months drawn before the forecast
MONTHS = 12  # ahead
MOST_VIEWS = 4  # lines that dashes tell apart
OWN = ("plan", "last_year")  # drawn after what departments entered
STATISTICAL = "statistical"


def view_figure(unit: UnitNow) -> Figure | Prose:
    """History, the statistical forecast and each view of the whole unit, as far as it has one."""
    rows = _lines(unit)
    if rows.empty:
        key = "none" if unit.knows("views") else "unknown"
        return Prose(WRITER.text(f"now.views.{key}", unit=unit.unit, month=unit.closed))
    writer = writer_of_unit(unit).at(rows["value"])
    history, *names = dict.fromkeys(rows["group"])
    roles = {history: "actual", view_name(STATISTICAL): "forecast"}
    others = [name for name in names if name not in roles][:MOST_VIEWS]
    roles |= {name: f"view{at}" for at, name in enumerate(others)}
    scaled = rows.assign(value=rows["value"] / writer.scale.divisor)
    first = rows[rows["group"].isin(names) & rows["ds"].gt(pd.Timestamp(f"{unit.closed}-01"))]
    ends = first[first["ds"].eq(first["ds"].min())]
    values = [
        f"{name} {writer.measure.scaled(value, writer.scale)}"
        for name, value in zip(ends["group"], ends["value"], strict=True)
    ]
    low, high = ends["value"].min(), ends["value"].max()
    return writer.figure(
        "now.views",
        draw("lines", scaled, roles=roles, percent=False),
        title_key="now.views.title" if low > 0 else "now.views.title.plain",
        spread=high / low - 1 if low > 0 else 0.0,
        ds=first["ds"].min(),
        values=wording.listing(values, 8),
        axis=writer.axis,
        label=unit.label(unit.top),
    )


def version_table(state: State, unit: UnitNow) -> Table | Prose:
    """Every version that was entered, the newest first."""
    views = unit["views"]
    if views.empty:
        key = "none" if unit.knows("views") else "unknown"
        return Prose(WRITER.text(f"now.views.{key}", unit=unit.unit, month=unit.closed))
    counts = views.groupby(["department", "version"]).size()
    rows = [
        {
            "department": department_name(row["department"]),
            "version": row["version"],
            "author": state.name(row["author"]),
            "at": moment(state, row["entered_at"]),
            "reason": row["reason"],
            "n": int(counts[row["department"], row["version"]]),
        }
        for row in views.drop_duplicates(["department", "version"])
        .sort_values("entered_at", ascending=False, kind="stable")
        .to_dict("records")
    ]
    return WRITER.table("now.versions", rows, n=len(rows))


def disagreement_table(unit: UnitNow) -> Table | None:
    """The five largest disagreements by branch, in units, per cent and money; None without any."""
    found = unit["disagreements"]
    if found.empty:
        return None
    writer = writer_of_unit(unit).at([*found["value"], *found["base"]])
    rows = [
        row
        | {
            "name": Cell(str(writer.said(row["label"])), level_name(row["level"]), bold=True),
            "view": view_name(row["department"]),
            "other": view_name(row["other"]),
        }
        for row in found.to_dict("records")
    ]
    facts = {"n": len(rows), "axis": writer.axis, "other": rows[0]["other"]}
    return writer.table("now.disagreements", rows, **facts)


def score_table(unit: UnitNow) -> Table | Prose:
    """How earlier views turned out, beside the statistical forecast and what was decided."""
    scores = unit["scores"]
    if scores.empty:
        return Prose(WRITER.text("now.scores.none"))
    rows = [row | {"name": view_name(row["department"])} for row in scores.to_dict("records")]
    return WRITER.table("now.scores", rows, n=len(rows))


def _lines(unit: UnitNow) -> pd.DataFrame:
    """Rows by `group`, `ds` and `value` of the whole unit: sales, then each view from there on.

    None where no view has the whole unit.
    """
    top, compared = unit.top, unit["compared"]
    ahead = compared[compared["unique_id"].eq(top) & compared["ds"].notna()].sort_values("ds")
    if ahead.empty:
        return pd.DataFrame(columns=["group", "ds", "value"])
    sales = unit["sales"]
    sold = sales[sales["unique_id"].eq(top)].sort_values("ds").tail(HISTORY)
    entered = unit["views"]["department"].unique()
    named = [name for name in (*entered, *OWN) if name in set(ahead["department"])]
    base = ahead.drop_duplicates("ds")
    lines = {view_name(STATISTICAL): base[["ds", "base"]].rename(columns={"base": "value"})}
    lines |= {view_name(name): ahead[ahead["department"].eq(name)] for name in named}
    seam = sold.rename(columns={"y": "value"}).tail(1)  # where the lines ahead begin
    parts = [sold.assign(group=WRITER.text("now.line.history"), value=sold["y"])]
    for name, rows in lines.items():
        parts += [seam.assign(group=name), rows.head(MONTHS).assign(group=name)]
    every = pd.concat(parts, ignore_index=True)[["group", "ds", "value"]]
    return every.astype({"value": float}).dropna(subset=["value"])
