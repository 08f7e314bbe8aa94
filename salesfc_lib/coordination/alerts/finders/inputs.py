"""Data that are not in by their day, or are in and look wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from salesfc_lib.archive import failed_folder
from salesfc_lib.coordination.alerts.finding import Found, Look, last_month
from salesfc_lib.coordination.alerts.sources import newest_file
from salesfc_lib.coordination.opening import day_of, last_ended
from salesfc_lib.foundation import add_workdays, last_day, say

# roles of sources that bring something new each month, and the tables that say of which months
MONTHLY = ("orders", "returns", "inventory", "deliveries", "stock", "open_orders", "control_totals")
BY_MONTH = {"inventory": "inventory", "deliveries": "delivery"}


def find_late(look: Look) -> Iterator[Found]:
    """Sources that lack the last month that ended, once it is after `alerts.late_days`; of the
    published month, sources without a row of it; of the month in progress, sales that stop.
    """
    parameters, month = look.run.parameters, last_ended(look.at, look.run.parameters.calendar)
    over, today = last_day(month, parameters.calendar), day_of(look.at, parameters.calendar)
    due = add_workdays(over, parameters.alerts.late_days, parameters.calendar)
    if look.run.month < month and today > due:
        newest = {name: _newest(look, name) for name in _monthly(look)}
        old = [name for name, day in newest.items() if day is not None and day <= over]
        if look.path is not None and look.path.month == month and _lacks_days(look, over):
            old += [name for name in _monthly(look, "orders") if name not in old]
        if old:
            says = say("alert.says.late", month=month, sources=sorted(old), due=due)
            yield Found("late", month, look.top, "month", says)
    without = [
        role
        for role, table in BY_MONTH.items()
        if len(rows := look.read(table)) and last_month(look, rows).empty
    ]
    if without:
        says = say("alert.says.late.rows", month=look.run.month, roles=without)
        yield Found("late", look.run.month, look.top, "rows", says)
    yield from _find_behind(look)


def find_odd(look: Look) -> Iterator[Found]:
    """Of the published month: quarantine above what is agreed, sums that differ from the ledger's,
    history that changed by more than agreed; of a later one: a run that stopped.
    """
    for find in (_quarantine, _control, _restated, _stopped):
        yield from find(look)


def _find_behind(look: Look) -> Iterator[Found]:
    """Sales of the month in progress that are known for its first days only, more than
    `alerts.behind_days` after the last of them, and longer ago than the unit's widest gap.

    A month without any day is left to the day on which its data are due: a unit's exports may come
    once a month.
    """
    path, parameters = look.path, look.run.parameters
    today = day_of(look.at, parameters.calendar)
    if path is None or not path.n_covered or today > last_day(path.month, parameters.calendar):
        return
    known: date = path.days[path.n_covered - 1].astype(object)
    due = add_workdays(known, parameters.alerts.behind_days, parameters.calendar)
    if today > due and (today - known).days > 1 + path.gap:
        facts = {"month": path.month, "day": known, "days": (today - known).days}
        says = say("alert.says.late.days", **facts)
        yield Found("late", path.month, look.top, "days", says)


def _quarantine(look: Look) -> Iterator[Found]:
    """Rows set aside that the month before did not set aside, as a share of the month's rows."""
    rows, ledger = look.read("quarantine"), look.read("ledger")
    before, key = look.run.read_before("quarantine"), ["source", "row"]
    opening = ledger[ledger["rule"].eq("opening")]
    if before is not None:
        known = pd.MultiIndex.from_frame(before[key])
        rows = rows[~pd.MultiIndex.from_frame(rows[key]).isin(known)]
        opening = opening[opening["month"].eq(look.run.cutoff)]
    read = int(opening["rows"].sum())
    if len(rows) > look.run.parameters.alerts.quarantined * max(read, 1):
        rule = str(rows["rule"].mode().iloc[0])
        says = say("alert.says.odd.quarantine", n=len(rows), read=read, rule=rule)
        yield Found("odd", look.run.month, look.top, "quarantine", says)


def _control(look: Look) -> Iterator[Found]:
    rows = last_month(look, look.read("control"))
    off = rows[rows["state"].ne("within")]
    if len(off):
        key = "accepted" if off["state"].eq("accepted").any() else "missing"
        row = off[off["state"].eq(key)].iloc[0]
        gap = None if row["difference"] is None else float(row["difference"])
        facts = {"difference": gap, "why": row["reason"], "n": len(off)}
        says = say(f"alert.says.odd.control.{key}", **facts)
        yield Found("odd", look.run.month, look.top, "control", says, gap and -gap)


def _restated(look: Look) -> Iterator[Found]:
    rows, value = look.read("restatement_months"), look.run.parameters.measure.value
    before, gap = (rows[f"{value}_{each}"].astype(float) for each in ("before", "difference"))
    share = gap.abs().sum() / (before.abs().sum() or float("nan"))
    if share > look.run.parameters.alerts.restated:
        largest = rows.loc[gap.abs().idxmax(), "ds"]
        facts = {
            "share": share,
            "difference": gap.sum(),
            "largest": largest,
            "n": int((gap != 0).sum()),
        }
        says = say("alert.says.odd.restated", **facts)
        yield Found("odd", look.run.month, look.top, "restated", says, -float(gap.sum()))


def _stopped(look: Look) -> Iterator[Found]:
    """A run of the last month that ended, which stopped and was not published since."""
    month = last_ended(look.at, look.run.parameters.calendar)
    path = failed_folder(look.run.reports, month, look.run.unit)
    facts = _read(path.with_name(f"{path.name}.json"))
    if month > look.run.month and facts:
        says = say("alert.says.odd.stopped", month=month, step=facts["step"], error=facts["error"])
        yield Found("odd", month, look.top, "stopped", says)


def _read(path: Path) -> dict[str, str]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return {name: str(facts[name]) for name in ("step", "error")}
    except (OSError, ValueError, KeyError, TypeError):  # none, or what the index says is damaged
        return {}


def _monthly(look: Look, *roles: str) -> list[str]:
    sources = look.run.parameters.sources
    return [name for name, each in sources.items() if each.role in (roles or MONTHLY)]


def _newest(look: Look, name: str) -> date | None:
    """Day on which a source's newest file was written; None where it has no files."""
    at = newest_file(look.run.parameters.sources[name], look.run.project)
    return None if at is None else day_of(datetime.fromisoformat(at), look.run.parameters.calendar)


def _lacks_days(look: Look, over: date) -> bool:
    """Whether sales are known for so few days of the month that more than its last are missing."""
    assert look.path is not None
    parameters, known = look.run.parameters, max(look.path.n_covered - 1, 0)
    day = look.path.days[known].astype(object)
    return add_workdays(day, parameters.alerts.late_days + 1, parameters.calendar) < over
