"""What each department reads of a published month, a frame a sheet.

The tables of a published month enter; frames leave, one for each sheet of each department. Those of
decisions are there where the month's handover computed them. Nothing here computes a number beyond
sums, differences and shares of what tables hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import SEASON, iso, tables
from salesfc_lib.retrospective import KPIS, published

NAMES = ("unique_id", "level", "label")
RANGE = ["y_hat", "lo-80", "hi-80"]


@dataclass(frozen=True)
class Month:
    """The tables of a published month."""

    run: UnitMonth

    def read(self, name: str) -> pd.DataFrame:
        """Table of the month, with a series' label in place of its id; empty where it has none."""
        folder = archive.unit_folder(self.run.reports, self.run.month, self.run.unit) / "tables"
        if not (folder / f"{name}.parquet").is_file():
            return pd.DataFrame()
        found = tables.read(folder, name)
        if name in ("series", "panel", "forecast") or "unique_id" not in found:
            return found
        labels = self.series.set_index("unique_id")["label"]
        label = found["unique_id"].map(labels).fillna(found["unique_id"])
        found.insert(0, "label", label)
        return found.drop(columns="unique_id")

    @cached_property
    def series(self) -> pd.DataFrame:
        """Series with the dimensions that any of them has."""
        return self.read("series")

    @cached_property
    def rows(self) -> pd.DataFrame:
        """What is published, beside what was sold in the same month a year before."""
        made = self.read("forecast")
        made = published(made[made["cutoff"] == self.run.cutoff])
        sold = self.read("panel")[["unique_id", "ds", "y_raw"]]
        sold = sold.rename(columns={"y_raw": "last_year"})
        sold["ds"] += pd.DateOffset(months=SEASON)
        return _compare(made.merge(sold, on=["unique_id", "ds"], how="left"), "y_hat")

    def members(self, level: str) -> pd.DataFrame:
        """Series of a level with the dimensions that it has; their label where it has none."""
        own = self.series[self.series["level"] == level]
        named = own.drop(columns=[*NAMES]).replace("", None)
        there = [name for name in named if named[name].notna().any()]
        return own[["unique_id", *(there or ["label"])]]

    def product_level(self) -> str:
        """The level of products alone; the bottom where there is none."""
        names = self.run.parameters.handover.conformed.product
        levels = [level for level in self.series["level"].unique() if level != "total"]
        by = {tuple(self.members(level).columns[1:]): str(level) for level in levels}
        return next((by[name,] for name in names if (name,) in by), self.run.parameters.bottom)


Build = Callable[[Month], pd.DataFrame]


def by_month(month: Month, level: str) -> pd.DataFrame:
    """Series of a level, the months forecast side by side, their sum beside the year before."""
    members = month.members(level)
    own = month.rows[month.rows["unique_id"].isin(members["unique_id"])]
    wide = own.assign(month=own["ds"].map(iso)).pivot(
        index="unique_id", columns="month", values="y_hat"
    )
    wide["sum"] = wide.sum(axis=1, min_count=1)
    wide["last_year"] = own.groupby("unique_id")["last_year"].sum(min_count=1)
    whole = own.groupby("unique_id")["last_year"].apply(lambda sold: sold.notna().all())
    wide["last_year"] = wide["last_year"].where(whole)
    wide = _compare(wide, "sum").reset_index()
    return members.merge(wide, on="unique_id").drop(columns="unique_id")


def _outlook(month: Month, level: str) -> pd.DataFrame:
    """Series of a level by month, with what to expect at least and at most."""
    members = month.members(level)
    kept = ["unique_id", "ds", *RANGE, "last_year", "change"]
    return members.merge(month.rows[kept], on="unique_id").drop(columns="unique_id")


def _forecasts(month: Month) -> pd.DataFrame:
    """Every series by month."""
    kept = [*RANGE, "last_year", "change"]
    named = month.series[[*NAMES]].merge(month.rows[["unique_id", "ds", *kept]], on="unique_id")
    return named[["level", "label", "ds", *kept]]


def _business(month: Month) -> pd.DataFrame:
    """The unit by month beside its target: of targets in parts, those of the fewest parts."""
    total = _outlook(month, "total").drop(columns="label")
    more = month.members("total").merge(month.rows, on="unique_id")[["ds", "lo-95", "hi-95"]]
    total = total.merge(more, on="ds")
    target = month.read("target")
    if target.empty:
        return total
    parts = target.drop(columns=["ds", "target"]).notna().sum(axis=1)
    target = target[parts.eq(parts.groupby(target["ds"]).transform("min"))]
    sums = target.groupby("ds", as_index=False)["target"].sum()
    total = total.merge(sums, on="ds", how="left")
    return total.assign(
        gap=total["y_hat"] - total["target"], reached=total["y_hat"] / total["target"]
    )


def _changes(month: Month) -> pd.DataFrame:
    """What people changed of this month's forecast."""
    found = month.read("adjustment")
    kept = ["label", "ds", "old", "asked", "final", "author", "reason", "state"]
    return found[kept] if len(found) else pd.DataFrame()


def _kpis(month: Month) -> pd.DataFrame:
    """KPIs over 3, 6 and 12 months; those that need a source which is not there are left out."""
    found = month.read("kpis")
    if found.empty or (found := found.dropna(subset="value")).empty:
        return pd.DataFrame()
    unit = [KPIS[name].unit if name in KPIS else "" for name in found["kpi"]]
    return found.assign(unit=unit)[["kpi", "window", "value", "before", "months", "unit"]]


def _table(name: str, month: Month) -> pd.DataFrame:
    return month.read(name)


def _compare(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows with the change of a column on the year before."""
    change = (rows[column] / rows["last_year"] - 1).where(rows["last_year"].gt(0))
    return rows.assign(change=change)


DECIDED = {name: partial(_table, name) for name in ("stock_policy", "requirements", "urgent")}
ASKED: dict[str, Build] = {"asked": partial(_table, "asked")}
DEPARTMENTS: dict[str, dict[str, Build]] = {
    "sales": {"business": _business, "forecast": _forecasts, "changes": _changes, "kpis": _kpis},
    "purchasing": {
        "urgent": DECIDED["urgent"],
        "requirements": DECIDED["requirements"],
        "stock_policy": DECIDED["stock_policy"],
        "outlook": lambda month: _outlook(
            month, month.run.parameters.handover.level or month.run.parameters.bottom
        ),
        **ASKED,
    },
    "production": {
        "capacity_plan": partial(_table, "capacity_plan"),
        "requirements": DECIDED["requirements"],
        "plan": lambda month: by_month(month, month.product_level()),
        "outlook": lambda month: _outlook(month, month.product_level()),
        **ASKED,
    },
    "finance": {
        "business": _business,
        "finance": partial(_table, "finance"),
        "kpis": _kpis,
        **ASKED,
    },
}
