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
from salesfc_lib.coordination.cycle import fold_cycle
from salesfc_lib.coordination.opening import day_of, read_events
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import people, say
from salesfc_lib.retrospective import loop

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
    found = [*_list_steps(run, events, at, known), *_list_actions(run, events, at)]
    rows = [_name_people(row, known) | {"unit": run.unit} for row in found]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    order = ["overdue_days", "due", "kind", "number"]
    return frame.sort_values(order, ascending=[False, True, True, True], ignore_index=True)


def _list_steps(
    run: UnitMonth, events: pd.DataFrame, at: datetime, known: People
) -> Iterator[dict[str, Any]]:
    """The step whose turn it is, of the month whose cycle is under way."""
    if not run.parameters.cycle.enabled:
        return
    steps = fold_cycle(events, run.parameters, run.month, at, known=known)
    ends = events["what"].isin(["cycle.done", "cycle.skip"]) & events["month"].eq(run.month)
    for row in steps[steps["state"] == "open"].to_dict("records"):
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
            "event": max(events.loc[ends, "number"], default=0),
        }


def _list_actions(run: UnitMonth, events: pd.DataFrame, at: datetime) -> Iterator[dict[str, Any]]:
    mine = events[events["what"].str.startswith("action.")]
    actions = loop.judge_states(loop.fold_actions(mine), day_of(at, run.parameters.calendar))
    for row in actions[actions["state"] != "closed"].to_dict("records"):
        name = f"A{row['number']}"
        changed = mine.loc[mine["subject"].eq(name), "number"]
        yield {
            "month": row["added_in"],
            "kind": "action",
            "number": name,
            "about": row["cause"],
            "says": row["what"],
            "state": row["state"],
            "due": row["due"],
            "overdue_days": row["overdue_days"],
            "people": [row["owner"]],
            "escalated_to": "",
            "event": max([row["number"], *changed]),
        }


def _name_people(row: dict[str, Any], known: People) -> dict[str, Any]:
    """The row with ids in the place of names; a name that nobody has is left out."""
    said = [row["escalated_to"], *row["people"]]
    ids = [_find_id(known, each) for each in said]
    return row | {"escalated_to": ids[0], "people": tuple(dict.fromkeys(filter(None, ids)))}


def _find_id(known: People, said: str) -> str:
    try:
        return people.find_person(known, said) if said else ""
    except RequestError:
        return ""
