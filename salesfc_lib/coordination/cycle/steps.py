"""Where each step of a month's cycle stands: a fold of its records over the declared steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination.cycle.needs import find_missing
from salesfc_lib.coordination.opening import day_of, read_events
from salesfc_lib.foundation import Parameters, add_workdays, last_day, people, say, tables, text_of

ENDS = {"cycle.done": "done", "cycle.skip": "skipped"}
People = Mapping[str, people.Person]
Missing = Mapping[str, tuple[str, ...]]


def show_cycle(run: UnitMonth, at: datetime) -> pd.DataFrame:
    """`fold_cycle` of the unit's month with what each step that is not over still lacks."""
    records, known = read_events(run), people.read_people(run.project)
    missing = find_missing(run, records, at)
    return fold_cycle(records, run.parameters, run.month, at, known=known, missing=missing)


def fold_cycle(
    records: pd.DataFrame,
    parameters: Parameters,
    month: str,
    at: datetime,
    *,
    known: People | None = None,
    missing: Missing | None = None,
) -> pd.DataFrame:
    """Table `cycle`: the steps of a closed month in their order, as they stand at a moment.

    The first step that is neither done nor skipped is open, those after it wait. due: that working
    day of the unit's calendar after the month's last day; late_days: days after it on which the
    step was done or skipped, or by which it is overdue; missing: sentences (`say`) by step, as
    `find_missing` gives them; note: why another person than the declared one answers for it.

    Raises `SalesForecastError` for a calendar without working days.
    """
    ended = _read_ends(records, month)
    rows: list[dict[str, Any]] = []
    today, is_open = day_of(at, parameters.calendar), True
    for name, step in parameters.cycle.steps.items():
        owner, note = _find_owner(step.owner, known or {}, parameters)
        due = add_workdays(last_day(month, parameters.calendar), step.workday, parameters.calendar)
        row = {"step": name, "owner": owner, "due": pd.Timestamp(due), "note": note}
        if name in ended:
            row |= ended[name]
            late = day_of(datetime.fromisoformat(ended[name]["done_at"]), parameters.calendar)
        else:
            lacking = (missing or {}).get(name, ())
            row |= {"state": "open" if is_open else "waiting", "missing": lacking, "reason": ""}
            late, is_open = today, False
        rows.append(row | {"late_days": count_late(due, late)})
    return tables.build(rows, "cycle")


def describe_step(row: Mapping[str, Any]) -> str:
    """State of a row of table `cycle` in words of the current language."""
    state = row["state"]
    if state in ("open", "waiting") and row["late_days"]:
        state = "overdue"
    late = text_of("cycle.late", days=row["late_days"]) if row["late_days"] else ""
    about = {name: row[name] for name in ("owner", "due", "reason")}
    return text_of(f"cycle.state.{state}", by=row["done_by"], late=late, **about)


def count_late(due: date, day: date) -> int:
    """Days after the due day; 0 on it and before it."""
    return max((day - due).days, 0)


def _read_ends(records: pd.DataFrame, month: str) -> dict[str, dict[str, Any]]:
    """Steps of the month that are done or skipped; the first record of a step counts."""
    ended: dict[str, dict[str, Any]] = {}
    mine = records[records["what"].isin(list(ENDS)) & records["month"].eq(month)]
    for record in mine.to_dict("records"):
        end = {"state": ENDS[record["what"]], "reason": record["reason"], "missing": ()}
        end |= {"done_by": record["who"], "done_at": record["at"]}
        ended.setdefault(record["subject"], end)
    return ended


def _find_owner(said: str, known: People, parameters: Parameters) -> tuple[str, str]:
    """Name of who answers for a step, and a note where that is not who was declared."""
    if said in known:
        return known[said].name, ""
    owner = parameters.unit.owner
    return owner, say("cycle.owner.unknown", said=said, owner=owner) if said else ""
