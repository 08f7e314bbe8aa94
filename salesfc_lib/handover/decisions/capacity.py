"""What can be made beside what is to be made, by month and by whatever capacity is told of.

A plan, the table capacity and the series enter; table `capacity_plan` leaves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.foundation import say, say_all, tables
from salesfc_lib.handover.decisions.paths import Paths, bound
from salesfc_lib.handover.decisions.requirements import Plan
from salesfc_lib.handover.decisions.supply import list_dimensions


def check_capacity(
    plan: Plan, capacity: pd.DataFrame, pieces: Paths, series: pd.DataFrame
) -> pd.DataFrame:
    """Table `capacity_plan`: a row for each member that has a capacity, and month.

    plan: orders that are to arrive in the month, of the stocked series that belong to the member;
    demand where stock is not known or these series lie across members. pieces: paths of the bottom
    series. A capacity without a month holds for each; a month's own goes before it.
    """
    dimensions = [name for name in list_dimensions(series) if name in capacity]
    if capacity.empty:
        return tables.empty("capacity_plan")
    bottom = series.set_index("unique_id").loc[pieces.ids].reset_index(names="unique_id")
    parts = []
    keys = capacity[dimensions].astype(object).where(capacity[dimensions].notna(), None)
    for members in keys.drop_duplicates().to_dict("records") or [{}]:
        told = {name: value for name, value in members.items() if value is not None}
        own = capacity[_within(keys, members)]
        inside = bottom.loc[_within(bottom, told), "unique_id"]
        demand = pieces.of(inside).values.sum(axis=1, dtype=np.float64)
        planned = _planned(plan, told)
        rows = _lay_out(own, demand, planned, pieces.months)
        parts.append(rows.assign(member=" · ".join(map(str, told.values())) or "All"))
    rows = pd.concat(parts, ignore_index=True)
    return tables.build(rows[rows["capacity"].notna()], "capacity_plan")


def _within(rows: pd.DataFrame, members: dict[str, str | None]) -> pd.Series:
    """Rows that have these members; None: that name none."""
    found = pd.Series(True, rows.index)
    for name, member in members.items():
        found &= rows[name].isna() if member is None else rows[name].eq(member)
    return found


def _planned(plan: Plan, told: dict[str, str]) -> np.ndarray | None:
    """Planned orders of the stocked series within the members, (n_months,), or None."""
    items = plan.items
    if any(items[name].isna().any() for name in told):
        return None
    inside = items.loc[_within(items, dict(told)), "unique_id"]
    rows = plan.requirements[plan.requirements["unique_id"].isin(inside)]
    sums = rows.groupby("ds")["planned"].agg(lambda each: each.sum(skipna=False))
    return None if sums.isna().any() or sums.empty else sums.to_numpy()


def _lay_out(
    own: pd.DataFrame, demand: np.ndarray, planned: np.ndarray | None, months: pd.DatetimeIndex
) -> pd.DataFrame:
    """Rows of one member; demand: (n_paths, n_months)."""
    always = own.loc[own["ds"].isna(), "capacity"]
    by_month = own.dropna(subset="ds").groupby("ds")["capacity"].sum().reindex(months)
    limit = by_month.fillna(always.sum() if len(always) else np.nan).to_numpy()
    basis = "demand" if planned is None else "planned"
    to_make = demand.mean(axis=0) if planned is None else planned
    rows = pd.DataFrame({"ds": months, "capacity": limit, "plan": to_make, "basis": basis})
    rows["demand"] = demand.mean(axis=0)
    rows["lo-80"], rows["hi-80"] = bound(demand, 80)
    rows["used"] = rows["plan"] / rows["capacity"].where(rows["capacity"] > 0)
    rows["over"] = (demand > limit).mean(axis=0)
    rows["formula"] = say(f"decision.formula.capacity.{basis}")
    rows["assumptions"] = say_all([say("decision.assumption.capacity")])
    rows["inputs"] = say("decision.inputs.capacity", paths=len(demand))
    return rows
