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
MOST = 5  # disagreements
MOST_VIEWS = 4  # lines that dashes tell apart
MONTHS = 12  # ahead


def view_figure(unit: UnitNow) -> Figure | Prose:
    """History, the statistical forecast and each department's latest view of the whole unit."""
    views = latest_views(unit)
    if views.empty:
        key = "none" if unit.knows("views") else "unknown"
        return Prose(WRITER.text(f"now.views.{key}", unit=unit.unit, month=unit.closed))
    rows = _lines(unit, views)
    writer = writer_of_unit(unit).at(rows["value"])
    names = [name for name in dict.fromkeys(rows["group"]) if name not in _own_names()]
    history, statistical = _own_names()
    roles = {history: "actual", statistical: "forecast"}
    roles |= {name: f"view{at}" for at, name in enumerate(names[:MOST_VIEWS])}
    drawn = draw(
        "lines", rows.assign(value=rows["value"] / writer.scale.divisor), roles=roles, percent=False
    )
    first = rows[rows["ds"].gt(_cutoff(unit))]
    ds = first["ds"].min()
    ends = first[first["ds"].eq(ds)].drop_duplicates("group")
    values = [
        f"{row.group} {writer.measure.scaled(row.value, writer.scale)}" for row in ends.itertuples()
    ]
    spread = (ends["value"].max() - ends["value"].min()) / ends["value"].min()
    return writer.figure(
        "now.views",
        drawn,
        spread=spread,
        ds=ds,
        values=wording.listing(values, 8),
        axis=writer.axis,
        label=unit.label(unit.top),
    )


def latest_views(unit: UnitNow) -> pd.DataFrame:
    """Rows of the latest version of each department."""
    views = unit["views"]
    if views.empty:
        return views
    return views[views["version"].eq(views.groupby("department")["version"].transform("max"))]


def version_table(state: State, unit: UnitNow) -> Table | None:
    """Every version that was entered, the newest first; None without any."""
    views = unit["views"]
    if views.empty:
        return None
    rows = [
        {
            "department": department_name(row["department"]),
            "version": row["version"],
            "author": state.name(row["author"]),
            "at": moment(state, row["entered_at"]),
            "reason": row["reason"],
            "n": int(views["version"].eq(row["version"]).sum()),
        }
        for row in views.drop_duplicates("version").iloc[::-1].to_dict("records")
    ]
    return WRITER.table("now.versions", rows, n=len(rows))


def disagreement_table(unit: UnitNow) -> Table | None:
    """The five largest disagreements by branch, in units, per cent and money; None without any."""
    compared = unit["compared"].head(MOST)
    if compared.empty:
        return None
    writer = writer_of_unit(unit)
    rows = [
        row
        | {
            "name": Cell(unit.label(row["unique_id"]), level_name(row["level"]), bold=True),
            "pair": WRITER.text("now.pair", a=view_name(row["a"]), b=view_name(row["b"])),
        }
        for row in compared.to_dict("records")
    ]
    return writer.table("now.disagreements", rows, n=len(rows))


def score_table(unit: UnitNow) -> Table | Prose:
    """How earlier views turned out, beside the statistical forecast."""
    scores = unit["scores"]
    if scores.empty:
        return Prose(WRITER.text("now.scores.none"))
    rows = [row | {"name": view_name(row["department"])} for row in scores.to_dict("records")]
    return WRITER.table("now.scores", rows, n=len(rows))


def _lines(unit: UnitNow, views: pd.DataFrame) -> pd.DataFrame:
    """Rows by `group`, `ds` and `value` of the whole unit."""
    history, statistical = _own_names()
    sales, ahead, top = unit["sales"], unit["forecast"], unit.top
    sold = sales[sales["unique_id"].eq(top)].sort_values("ds").tail(HISTORY)
    own = ahead[ahead["unique_id"].eq(top)].sort_values("ds").head(MONTHS)
    seam = sold.tail(1)  # where the lines ahead begin
    parts = [
        sold.assign(group=history, value=sold["y"]),
        seam.assign(group=statistical, value=seam["y"]),
        own.assign(group=statistical, value=own["y_hat"]),
    ]
    for department, theirs in views[views["unique_id"].eq(top)].groupby("department", sort=False):
        name = view_name(str(department))
        parts += [seam.assign(group=name, value=seam["y"])]
        ahead = theirs.sort_values("ds").head(MONTHS)
        parts.append(ahead.assign(group=name, value=ahead["y_hat"]))
    every = pd.concat(parts, ignore_index=True)[["group", "ds", "value"]]
    return every.astype({"value": float}).dropna(subset=["value"])


def _own_names() -> tuple[str, str]:
    return WRITER.text("now.line.history"), WRITER.text("now.line.statistical")


def _cutoff(unit: UnitNow) -> pd.Timestamp:
    return pd.Timestamp(f"{unit.closed}-01")
