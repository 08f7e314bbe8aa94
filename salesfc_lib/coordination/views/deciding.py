"""Which forecast counts: one of those side by side, or a mix of them, as overrides."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from salesfc_lib.archive import Record, UnitMonth, append_record
from salesfc_lib.coordination.entering import OverrideLine, put_overrides
from salesfc_lib.coordination.opening import name_person
from salesfc_lib.coordination.views.levels import roll_up
from salesfc_lib.coordination.views.versions import latest_views, list_views
from salesfc_lib.errors import RequestError, shorten
from salesfc_lib.panel import list_levels
from salesfc_lib.retrospective import published
from salesfc_lib.retrospective.loop import find_rows, read_published

SAME = 1e-9  # relative difference up to which a forecast is as it is published


def decide_view(
    run: UnitMonth, takes: Mapping[str, float], *, reason: str, rows: str = "", by: str = ""
) -> int:
    """Number of overrides by which the forecast becomes what was decided; `run --again` applies it.

    takes: share of each view, which add up to 1; rows: '' for the whole unit, a member as
    `dimension=member`, or a series. Overrides stand at the finest level whose series in `rows`
    every view has; where it is published already, none is needed.

    Raises `RequestError` for a view that nobody entered, shares that do not add up to 1, rows that
    are none or that a view lacks, and without a reason; nothing is written then.
    """
    views, series = latest_views(run), read_published(run, "series")
    for name in takes:
        if name not in views:
            raise RequestError.unknown_key(name, views, f"the forecasts of {run.month}")
    if any(share <= 0 for share in takes.values()) or not math.isclose(sum(takes.values()), 1.0):
        raise RequestError.of(
            f"The shares are {', '.join(f'{name} {share:g}' for name, share in takes.items())}",
            "Shares above 0 that add up to 1, such as 0.5 and 0.5",
            "Correct --take",
        )
    mixed = _mix({name: roll_up(views[name], series) for name in takes}, takes)
    decided = _at_one_level(mixed, series, rows)
    now = published(read_published(run, "forecast"))[["unique_id", "ds", "y_hat"]]
    both = decided.merge(now, on=["unique_id", "ds"], suffixes=("", "_now"))
    moved = both[(both["y_hat"] - both["y_hat_now"]).abs() > SAME * both["y_hat_now"].abs()]
    lines = [
        OverrideLine(unique_id=row.unique_id, ds=f"{row.ds:%Y-%m}", new=float(row.y_hat))
        for row in moved.itertuples()
    ]
    record = _record(run, takes, rows, decided, name_person(run, by), reason)
    if lines:
        put_overrides(run, lines, who=record.who, reason=reason, records=[record])
    else:
        append_record(run.project, record, address_env=run.parameters.archive.records_env)
    return len(lines)


def _mix(views: Mapping[str, pd.DataFrame], takes: Mapping[str, float]) -> pd.DataFrame:
    """Values that all views have, weighed by their shares."""
    parts = [views[name].set_index(["unique_id", "ds"])["y_hat"] * takes[name] for name in takes]
    whole = pd.concat(parts, axis=1, join="inner")
    return whole.sum(axis=1).rename("y_hat").reset_index()


def _at_one_level(mixed: pd.DataFrame, series: pd.DataFrame, rows: str) -> pd.DataFrame:
    """Values of the rows meant, at the finest level that has all of them in every month."""
    if rows in set(series["unique_id"]):
        targets = {rows: {rows}}
    else:
        bottoms = series[series["unique_id"].isin(find_rows(series, rows))]
        targets = {
            level: _list_series(series, level, crossed, rows, bottoms)
            for level, crossed in reversed(list_levels(series).items())
        }
    for wanted in targets.values():
        own = mixed[mixed["unique_id"].isin(wanted)]
        if wanted and len(own) and len(own) == len(wanted) * own["ds"].nunique():
            return own
    raise RequestError.of(
        f"Not every forecast that is taken has '{rows or 'the whole unit'}'",
        f"Rows that each has, such as {shorten(mixed['unique_id'].unique())}",
        "Name such rows with --rows, or enter what is missing",
    )


def _list_series(
    series: pd.DataFrame, level: str, crossed: list[str], rows: str, bottoms: pd.DataFrame
) -> set[str]:
    """Series of a level that are the rows meant; none where it does not tell them apart."""
    own = series[series["level"].eq(level)]
    dimension = rows.partition("=")[0].strip()
    if dimension and dimension not in crossed:
        return set()
    for name in crossed:
        own = own[own[name].isin(bottoms[name])]
    return set(own["unique_id"])


def _record(  # noqa: PLR0917  what a record holds
    run: UnitMonth,
    takes: Mapping[str, float],
    rows: str,
    decided: pd.DataFrame,
    who: str,
    reason: str,
) -> Record:
    if not reason.strip():
        raise RequestError.of("`reason` is empty", "Why it is so, in words", "Give --reason")
    entered = list_views(run)
    versions = entered.groupby("department")["version"].max()
    new = {
        "takes": dict(takes),
        "rows": rows,
        "versions": {name: int(versions[name]) for name in takes if name in versions},
        "series": sorted(decided["unique_id"].unique()),
        "total": float(decided["y_hat"].sum()),
    }
    return Record(
        what="view.decide",
        who=who,
        unit=run.unit,
        month=run.month,
        reason=reason.strip(),
        subject=rows or "total",
        new=new,
    )
