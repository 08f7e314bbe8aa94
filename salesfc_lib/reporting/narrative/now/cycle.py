"""The cycle of the closed month: each step with its owner, its day, and what is missing; actions,
what was handed over, and the newest records of the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Prose, Step, Steps, Table
from salesfc_lib.reporting.facts.now.state import State, UnitNow, is_missing
from salesfc_lib.reporting.narrative.now.alerts import describe_event
from salesfc_lib.reporting.narrative.now.parts import WRITER, day, due, moment, number


def cycle_steps(state: State, unit: UnitNow) -> Steps | Prose:
    """The steps side by side; that the unit has no cycle, or that it is not known."""
    if not len(unit["cycle"]):
        key = "unknown" if unit.has_cycle else "off"
        return Prose(WRITER.text(f"now.cycle.{key}", unit=unit.unit))
    return Steps([_step(state, unit, row) for row in unit["cycle"].to_dict("records")])


def _step(state: State, unit: UnitNow, row: Mapping[Any, Any]) -> Step:
    said, late = row["state"], number(row["late_days"])
    owner = state.name(row["owner"]) or unit.owner
    lines = [WRITER.text("now.step.owner", owner=owner, due=day(state, row["due"]))]
    if said in ("done", "skipped"):
        facts = {"by": state.name(row["done_by"]), "at": moment(state, row["done_at"])}
        lines.append(WRITER.text(f"now.step.{said}", **facts))
    if said == "skipped" and not is_missing(row["reason"]):
        lines.append(WRITER.text("now.step.reason", reason=row["reason"]))
    missing = row["missing"] if isinstance(row["missing"], (list, tuple)) else ()
    lines += [WRITER.said(each) for each in missing]
    note = WRITER.text(f"now.step.late.{said}", late=late) if late else ""
    return Step(
        WRITER.name("cycle.step", row["step"]),
        [line for line in lines if line],
        go=WRITER.name("now.step.state", said),
        note=note,
        alarm=bool(late),
    )


def action_table(state: State, unit: UnitNow) -> Table | Prose:
    """The open actions, the most overdue first."""
    actions = unit.open_actions
    if actions.empty:
        return Prose(WRITER.text("now.actions.none"))
    rows = [
        {
            "number": f"A{row['number']}",
            "what": row["what"],
            "owner": state.name(row["owner"]),
            "due": due(state, row),
            "do": WRITER.text("now.do.action", unit=unit.unit, subject=row["number"]),
        }
        for row in actions.to_dict("records")
    ]
    overdue = int(actions["overdue_days"].gt(0).sum())
    return WRITER.table("now.actions", rows, n=len(rows), overdue=overdue)


def handed_table(state: State, unit: UnitNow) -> Table | None:
    """What was handed over to other systems; None where nothing was."""
    handed = unit["handed"]
    if handed.empty:
        return None
    rows = [
        {
            "name": Cell(str(row["name"]), bold=True),
            "at": moment(state, row["at"]),
            "who": state.name(row["who"]),
            "what": WRITER.said(row["reason"]),
        }
        for row in handed.to_dict("records")
    ]
    return WRITER.table("now.handed", rows, n=len(rows), month=unit.closed)


def event_table(state: State, unit: UnitNow) -> Table | Prose:
    """The newest records of the log about the unit, newest first."""
    events = unit["events"]
    if events.empty:
        return Prose(WRITER.text("now.events.none"))
    rows = [describe_event(state, row) for row in events.iloc[::-1].to_dict("records")]
    return WRITER.table("now.events", rows, n=len(rows))


def late_steps(unit: UnitNow) -> list[dict[str, Any]]:
    """Steps that are open and late: step, its name, and days."""
    steps = unit.steps_ahead
    rows = steps[steps["state"].eq("open") & steps["late_days"].gt(0)].to_dict("records")
    return [dict(row) | {"name": WRITER.name("cycle.step", row["step"])} for row in rows]


def say_cycle(state: State, unit: UnitNow) -> str:
    """How many steps are done, which is next, who has it by when."""
    cycle = unit["cycle"]
    if not len(cycle):
        return WRITER.text(f"now.opening.cycle.{'unknown' if unit.has_cycle else 'off'}")
    ahead = unit.steps_ahead
    facts: dict[str, Any] = {"month": unit.closed, "n": len(cycle)}
    facts["done"] = len(cycle) - len(ahead)
    if ahead.empty:
        return WRITER.text("now.opening.cycle.over", **facts)
    step = ahead.iloc[0]
    facts |= {"owner": state.name(step["owner"]) or unit.owner, "due": day(state, step["due"])}
    facts |= {"step": wording.first_lower(WRITER.name("cycle.step", step["step"]))}
    late = number(step["late_days"])
    key = "now.opening.cycle.late" if late else "now.opening.cycle"
    return WRITER.text(key, late=late, **facts)
