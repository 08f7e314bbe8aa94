"""What is said of a month's cycle as time goes by: that it began, that a step is due, or overdue.

The watch calls `remind` as often as it likes: an event stands once for a step and day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import PROGRAM, Record, UnitMonth
from salesfc_lib.coordination.consultation import ask_questions
from salesfc_lib.coordination.cycle.needs import find_missing
from salesfc_lib.coordination.cycle.steps import fold_cycle
from salesfc_lib.coordination.opening import day_of, open_cycle, put_once, read_events
from salesfc_lib.foundation import add_workdays, people

SOON = 1  # working days before the due day on which the owner is reminded


def remind(project: Path, unit: str, at: datetime) -> list[Record]:
    """Events that were recorded now: `cycle.open` once a month, `cycle.remind` once a step and day.

    A step is reminded of from the working day before its own on, while it is open. Departments are
    asked once the month is published. Nothing where the unit's cycle is not enabled.
    """
    run = open_cycle(project, unit, at=at)
    if not run.parameters.cycle.enabled:
        return []
    calendar = run.parameters.calendar
    today = day_of(at, calendar)
    events = read_events(run)
    if _can_ask(run, events):
        ask_questions(run, by=PROGRAM)
    steps = fold_cycle(
        events, run.parameters, run.month, at, known=people.read_people(run.project)
    ).to_dict("records")
    records = [_announce(run, steps)]
    for row in steps:
        if row["state"] == "open" and add_workdays(today, SOON, calendar) >= row["due"].date():
            records.append(_remind(run, row, today.isoformat()))
    known = set(zip(events["month"], events["what"], events["subject"], strict=True))
    fresh = [each for each in records if _key(each) not in known]
    missing = find_missing(run, events, at) if fresh else {}
    full = [_with_missing(each, missing) for each in fresh]
    return [each for each in full if put_once(run, each)]


def _can_ask(run: UnitMonth, events: pd.DataFrame) -> bool:
    """Whether departments are not asked of the month yet, and can be."""
    asked = (events["what"].eq("consult.ask") & events["month"].eq(run.month)).any()
    is_published = archive.is_published(run.reports, run.month, run.unit)
    return bool(run.parameters.cycle.departments) and is_published and not asked


def _with_missing(record: Record, missing: Mapping[str, tuple[str, ...]]) -> Record:
    """A reminder with what its step still lacks; any other event as it is."""
    if record.what != "cycle.remind":
        return record
    return replace(record, new={**record.new, "missing": list(missing[record.new["step"]])})


def _key(record: Record) -> tuple[str, ...]:
    return record.month, record.what, record.subject


def _announce(run: UnitMonth, steps: list[dict[Any, Any]]) -> Record:
    """That the month's cycle began, with who answers for which step by when."""
    new = {row["step"]: {"owner": row["owner"], "due": f"{row['due']:%Y-%m-%d}"} for row in steps}
    return _record(run, "cycle.open", "cycle", {"steps": new}, "the month has ended")


def _remind(run: UnitMonth, row: dict[Any, Any], day: str) -> Record:
    new = {"step": row["step"], "owner": row["owner"], "due": f"{row['due']:%Y-%m-%d}"}
    new |= {"late_days": row["late_days"]}
    reason = f"overdue by {row['late_days']} days" if row["late_days"] else "due"
    return _record(run, "cycle.remind", f"{row['step']} {day}", new, reason)


def _record(run: UnitMonth, what: str, subject: str, new: dict[str, Any], reason: str) -> Record:
    return Record(
        what=what,
        who=PROGRAM,
        unit=run.unit,
        month=run.month,
        reason=reason,
        subject=subject,
        new=new,
        once=f"{what} {run.unit} {run.month} {subject}",
    )
