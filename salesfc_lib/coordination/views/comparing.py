"""Forecasts side by side: by month and over the horizon, in the measure, pieces, percent and money.

Views enter; their differences from one of them leave, and the branches on which they disagree most.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination.views.levels import price_series, roll_up
from salesfc_lib.coordination.views.versions import BUILT_IN, latest_views
from salesfc_lib.foundation import tables
from salesfc_lib.panel import list_levels, summing_matrix
from salesfc_lib.retrospective.loop import read_published

OTHER = "statistical"  # what every view is compared with
MOST = 5  # disagreements that are named
CARRIES = 0.8  # share of a branch's difference with which one of its parts stands for it


def compare_views(
    run: UnitMonth, views: Mapping[str, pd.DataFrame] | None = None, *, other: str = OTHER
) -> pd.DataFrame:
    """Table `view_difference`: each view less `other`, at every series and month that both have.

    A row without `ds` is the sum over the months that both have. difference: in the unit's measure;
    units and money are null where no price is known; percent: a share of the other's value.
    """
    views = latest_views(run) if views is None else views
    series = read_published(run, "series")
    price = price_series(run)
    rolled = {name: roll_up(view, series) for name, view in views.items()}
    base = rolled.pop(other)
    frames = [tables.empty("view_difference")]
    for name, view in rolled.items():
        both = view.merge(base, on=["unique_id", "ds"], suffixes=("", "_other"))
        sums = both.groupby("unique_id", as_index=False)[["y_hat", "y_hat_other"]].sum()
        rows = pd.concat([both, sums.assign(ds=pd.NaT)]).assign(department=name, other=other)
        frames.append(rows.rename(columns={"y_hat": "value", "y_hat_other": "base"}))
    rows = pd.concat(frames).drop(columns=["level", "label"])
    rows = rows.merge(series[["unique_id", "level", "label"]], on="unique_id")
    difference, each = rows["value"] - rows["base"], rows["unique_id"].map(price)
    is_money = run.parameters.measure.value == "amount"
    rows = rows.assign(
        difference=difference,
        percent=difference / rows["base"].where(rows["base"] != 0),
        units=difference / each if is_money else difference,
        money=difference if is_money else np.nan,
    )
    return tables.build(rows, "view_difference")


def list_disagreements(run: UnitMonth, *, most: int = MOST) -> pd.DataFrame:
    """`find_disagreements` of the departments' own forecasts of the month."""
    views = latest_views(run)
    entered = {name: view for name, view in views.items() if name not in BUILT_IN or name == OTHER}
    return find_disagreements(compare_views(run, entered), read_published(run, "series"), most=most)


def find_disagreements(
    differences: pd.DataFrame, series: pd.DataFrame, *, most: int = MOST
) -> pd.DataFrame:
    """The `most` largest differences over the horizon, each of another branch, the largest first.

    Rows of `differences` without `ds`. A branch is named by the narrowest of its series that
    carries `CARRIES` of its difference, and none shares a bottom series with a larger one of the
    same view. The whole unit stands only where nothing below it is compared.
    """
    rows = differences[differences["ds"].isna() & differences["difference"].ne(0)]
    summing = summing_matrix(series, list_levels(series))
    below = {
        name: frozenset(summing.matrix[place].indices.tolist())
        for place, name in enumerate(summing.ids)
    }
    picked = [tables.empty("view_difference")]
    for _, own in rows.groupby("department", sort=False):
        branches = _pick(own.set_index("unique_id")["difference"], below, most)
        picked.append(own[own["unique_id"].isin(branches)])
    found = pd.concat(picked).sort_values("difference", key=abs, ascending=False, kind="stable")
    return tables.build(found.head(most), "view_difference")


def _pick(difference: pd.Series, below: Mapping[str, frozenset[int]], most: int) -> list[str]:
    whole = frozenset().union(*below.values())
    parts = difference[[below[str(name)] != whole for name in difference.index]]
    left = (parts if len(parts) else difference).sort_values(key=abs, ascending=False)
    taken: list[str] = []
    for name in map(str, left.index):
        branch = _narrow(name, left, below)
        if len(taken) < most and all(below[branch].isdisjoint(below[each]) for each in taken):
            taken.append(branch)
    return taken


def _narrow(name: str, left: pd.Series, below: Mapping[str, frozenset[int]]) -> str:
    """The smallest part of the series that carries most of its difference."""
    carries = [
        str(part)
        for part, size in left.items()
        if below[str(part)] <= below[name] and size / left[name] >= CARRIES
    ]
    return min(carries, key=lambda part: len(below[part]))
