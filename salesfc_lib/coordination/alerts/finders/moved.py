"""Forecasts that moved more than agreed since last month, for the same coming months."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from salesfc_lib.coordination.alerts.branches import explain
from salesfc_lib.coordination.alerts.finding import Found, Look
from salesfc_lib.foundation import say
from salesfc_lib.retrospective import published


def find_moved(look: Look) -> Iterator[Found]:
    """A branch whose forecast of the months that both published changed by more than agreed.

    Nothing where `revision` has no rows: the month before was not published, or counted something
    else. size: before - after.
    """
    before = look.run.read_before("forecast")
    if look.read("revision").empty or before is None:
        return
    then, now = (_published(frame) for frame in (before, look.read("forecast")))
    months = sorted({*then["ds"]} & {*now["ds"]})
    sums = [_sum(frame[frame["ds"].isin(months)]) for frame in (then, now)]
    table = pd.concat(sums, axis=1, keys=["before", "after"]).fillna(0.0)
    limit = look.run.parameters.alerts.moved
    for branch, size in explain(_bottom(look, table), look.series, limit=limit):
        was, becomes = table.loc[branch, "before"], table.loc[branch, "after"]
        direction = "up" if size < 0 else "down"
        facts = {"label": look.label(branch), "before": was, "after": becomes}
        facts |= {"share": becomes / was - 1 if was else None, "first": months[0]}
        key = "alert.says.moved" if was else "alert.says.moved.new"
        says = say(key, **facts, last=months[-1])
        yield Found("moved", look.run.month, branch, direction, says, size)


def _published(forecast: pd.DataFrame) -> pd.DataFrame:
    """Last stage of what a month forecast at its own cutoff."""
    return published(forecast[forecast["cutoff"].eq(forecast["cutoff"].max())])


def _sum(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby("unique_id")["y_hat"].sum()


def _bottom(look: Look, table: pd.DataFrame) -> pd.DataFrame:
    """Bottom series with before - after; weight: the forecast before, or now where it is new."""
    level = look.series["level"].iloc[-1]
    ids = look.series.loc[look.series["level"].eq(level), "unique_id"]
    rows = table.reindex(ids).fillna(0.0)
    size, weight = rows["before"] - rows["after"], rows["before"].where(rows["before"] > 0)
    return pd.DataFrame(
        {
            "unique_id": ids.to_numpy(),
            "size": size.to_numpy(),
            "weight": weight.fillna(rows["after"]).clip(lower=0).to_numpy(),
        }
    )
