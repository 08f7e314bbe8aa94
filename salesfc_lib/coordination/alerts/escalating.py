"""Overdue alerts go to the next person, each of whom has the same time again."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import PROGRAM, Record, append_record
from salesfc_lib.coordination.alerts.finding import Look
from salesfc_lib.coordination.alerts.folding import deadline, fold_alerts
from salesfc_lib.coordination.alerts.owners import find_next
from salesfc_lib.coordination.opening import day_of, read_events
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import people


def escalate_overdue(look: Look) -> int:
    """How many times an overdue alert went to a next person, of which each is recorded once."""
    events = read_events(look.run, "alert")
    alerts = fold_alerts(events, look.run.parameters, look.at)
    late = alerts[alerts["overdue_days"].gt(0)]
    return sum(_escalate(look, events, alert) for alert in late.to_dict("records"))


def _escalate(look: Look, events: pd.DataFrame, alert: dict[Any, Any]) -> int:
    run, known = look.run, people.read_people(look.run.project)
    had = _had_it(events, alert)
    opened, today = (
        day_of(each, run.parameters.calendar) for each in (alert["opened_at"], look.at)
    )
    times = alert["escalations"]
    while today > deadline(opened, alert["state"], times, run.parameters):
        members = look.members(alert["unique_id"])
        to = find_next(alert["kind"], members, run.parameters, known, after=had[-1], had=had)
        if not to or not _record(look, alert, to, times):
            break
        had, times = [*had, to], times + 1
    return int(times - alert["escalations"])


def _had_it(events: pd.DataFrame, alert: dict[Any, Any]) -> list[str]:
    """Names of the owner and of those to whom the alert went in its state, in order."""
    own = events[events["what"].eq("alert.escalate") & events["subject"].eq(str(alert["number"]))]
    return [alert["owner"], *(new["to"] for new in own["new"] if new["state"] == alert["state"])]


def _record(look: Look, alert: dict[Any, Any], to: str, times: int) -> bool:
    """Whether this watch recorded it; not where another did just now."""
    run, state = look.run, alert["state"]
    days = alert["overdue_days"]
    record = Record(
        what="alert.escalate",
        who=PROGRAM,
        unit=run.unit,
        month=alert["month"],
        reason=f"{state} and overdue by {days} days",
        series=alert["unique_id"],
        subject=str(alert["number"]),
        old={"owner": alert["owner"]},
        new={"to": to, "state": state},
        once=f"alert.escalate.{run.unit}.{alert['number']}.{state}.{times + 1}",
    )
    try:
        append_record(run.project, record, address_env=run.parameters.archive.records_env)
    except RequestError:
        had = _had_it(read_events(run, "alert"), alert)
        if len(had) <= times + 1:
            raise
        return False
    return True
