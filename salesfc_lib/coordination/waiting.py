"""What waits for people in a unit: alerts, steps of the cycle, questions and actions, as one list.

The state of each, as its own room folds it from the records, enters; rows leave with who has to do
something, by when, and the event that made it so. Digests tell of them, and sheets and notebooks
let people act on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination.alerts import fold_alerts
from salesfc_lib.coordination.consultation.asking import fold_questions
from salesfc_lib.coordination.cycle import fold_cycle
from salesfc_lib.coordination.opening import day_of, read_events
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import people, say
from salesfc_lib.retrospective import loop

CHANGES = {  # events that change what waits, by its kind
    "alert": [f"alert.{each}" for each in ("open", "acknowledge", "explain", "act", "close")],
    "step": ["cycle.done", "cycle.skip"],
    "question": ["consult.ask", "consult.answer"],
    "action": ["action.add", "action.update", "action.close"],
}
People = Mapping[str, people.Person]
COLUMNS = [
    *("unit", "month", "kind", "number", "about", "says", "state", "due", "overdue_days"),
    *("people", "escalated_to", "event"),
]


def list_waiting(run: UnitMonth, at: datetime) -> pd.DataFrame:
    """What is not over in a unit, the most overdue first.

    Columns: unit, month; kind: alert, step, question or action; number, which names it in its unit
    and month; about: kind of an alert, name of a step, department of a question; says: what it is
    (a sentence of `say`, or as people wrote it); state; due: a day as YYYY-MM-DD, or empty;
    overdue_days; people: ids of those for whom it waits; escalated_to: id of who it went to, or
    empty; event: number of the last event that changed it.
    """
    events, known = read_events(run), people.read_people(run.project)
    alerts, actions = _list_alerts(run, events, at), _list_actions(run, events, at)
    steps = fold_cycle(events, run.parameters, run.month, at, known=known)
    rows = []
    for row in (*alerts, *_list_steps(run, steps), *_list_questions(run, events, steps), *actions):
        changed = find_events(events, row["kind"], row["number"], row["month"])["number"]
        last = {"unit": run.unit, "event": max(changed, default=0)}
        rows.append(_name_people(row, known) | last)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    order = ["overdue_days", "due", "kind", "number"]
    return frame.sort_values(order, ascending=[False, True, True, True], ignore_index=True)


def find_events(events: pd.DataFrame, kind: str, number: str, month: str) -> pd.DataFrame:
    """Events of a unit that made something what it is: all but that it was handed on or chased."""
    mine = events[events["what"].isin(CHANGES[kind])]
    if kind == "step":  # a step is open once the one before it is over
        return mine[mine["month"].eq(month)]
    own = mine["number"].astype(str).eq(number.lstrip("AQ"))
    subject = mine.loc[own, "subject"].iloc[0] if kind == "question" and own.any() else number
    widens = mine["new"].map(lambda new: str(new.get("widens", "")) == number)
    return mine[own | mine["subject"].eq(subject) | widens]


def _list_alerts(run: UnitMonth, events: pd.DataFrame, at: datetime) -> Iterator[dict[str, Any]]:
    alerts = fold_alerts(events, run.parameters, at)
    for row in alerts[alerts["state"].ne("closed")].to_dict("records"):
        to = row["escalated_to"] if pd.notna(row["escalated_to"]) else ""
        yield {
            "month": row["month"],
            "kind": "alert",
            "number": str(row["number"]),
            "about": row["kind"],
            "says": row["says"],
            "state": row["state"],
            "due": f"{row['due']:%Y-%m-%d}",
            "overdue_days": row["overdue_days"],
            "people": [row["owner"], to],
            "escalated_to": to,
        }


def _list_steps(run: UnitMonth, steps: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The step whose turn it is, of the month whose cycle is under way."""
    is_open = steps["state"].eq("open") & run.parameters.cycle.enabled
    for row in steps[is_open].to_dict("records"):
        yield {
            "month": run.month,
            "kind": "step",
            "number": row["step"],
            "about": row["step"],
            "says": say("waiting.step", step=row["step"], month=run.month),
            "state": "open",
            "due": f"{row['due']:%Y-%m-%d}",
            "overdue_days": row["late_days"],
            "people": [row["owner"]],
            "escalated_to": "",
        }


def _list_questions(
    run: UnitMonth, events: pd.DataFrame, steps: pd.DataFrame
) -> Iterator[dict[str, Any]]:
    """Questions without an answer, due with the step that needs them."""
    cycle = run.parameters.cycle
    needing = [name for name, step in cycle.steps.items() if "questions" in step.needs]
    due = steps[steps["step"].isin(needing) & cycle.enabled].head(1).to_dict("records")
    questions = fold_questions(events, run.month)
    for row in questions[questions["answer"].isna()].to_dict("records"):
        department = cycle.departments.get(row["department"])
        yield {
            "month": run.month,
            "kind": "question",
            "number": f"Q{row['number']}",
            "about": row["department"],
            "says": row["says"],
            "state": "open",
            "due": f"{due[0]['due']:%Y-%m-%d}" if due else "",
            "overdue_days": due[0]["late_days"] if due else 0,
            "people": department.people if department else [],
            "escalated_to": "",
        }


def _list_actions(run: UnitMonth, events: pd.DataFrame, at: datetime) -> Iterator[dict[str, Any]]:
    mine = events[events["what"].str.startswith("action.")]
    actions = loop.judge_states(loop.fold_actions(mine), day_of(at, run.parameters.calendar))
    for row in actions[actions["state"] != "closed"].to_dict("records"):
        yield {
            "month": row["added_in"],
            "kind": "action",
            "number": f"A{row['number']}",
            "about": row["cause"],
            "says": row["what"],
            "state": row["state"],
            "due": row["due"],
            "overdue_days": row["overdue_days"],
            "people": [row["owner"]],
            "escalated_to": "",
        }


def _name_people(row: dict[str, Any], known: People) -> dict[str, Any]:
    """The row with ids in the place of names; a name that nobody has is left out."""
    ids = [_find_id(known, each) for each in (row["escalated_to"], *row["people"])]
    return row | {"escalated_to": ids[0], "people": tuple(dict.fromkeys(filter(None, ids)))}


def _find_id(known: People, said: str) -> str:
    try:
        return people.find_person(known, said) if said else ""
    except RequestError:
        return ""
