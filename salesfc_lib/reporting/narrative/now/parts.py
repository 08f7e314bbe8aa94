"""What every live page needs: the writer of a unit, moments, days that are due, and who has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from salesfc_lib.foundation import amounts, wording
from salesfc_lib.reporting.blocks import Alert
from salesfc_lib.reporting.facts.now.state import State, UnitNow, is_missing
from salesfc_lib.reporting.narrative.writer import BlockWriter

WRITER = BlockWriter(amounts.AmountFormat())  # of sentences without an amount


def writer_of_unit(unit: UnitNow) -> BlockWriter:
    """The writer of a unit, in its measure: money or pieces."""
    return BlockWriter(amounts.AmountFormat(unit.currency, unit.quantity_unit))


def moment(state: State, said: object) -> str:
    """A moment in the zone of the state, '14 July 2026, 09:00'; empty where there is none."""
    if is_missing(said):
        return ""
    at = datetime.fromisoformat(str(said))
    return wording.minute(at if at.tzinfo is None else at.astimezone(state.at.tzinfo))


def day(state: State, said: object) -> str:
    """The day of a day or moment, '14 July'; empty where there is none."""
    if is_missing(said):
        return ""
    at = datetime.fromisoformat(str(said))
    return wording.day_short(at if at.tzinfo is None else at.astimezone(state.at.tzinfo))


def due(state: State, row: Mapping[Any, Any]) -> str:
    """'due 8 July' or 'overdue 18 days'; empty where nothing is due."""
    if is_missing(row["due"]):
        return ""
    if late := number(row["overdue_days"]):
        return WRITER.text("unit.overdue", late=late)
    return WRITER.text("unit.due", when=day(state, row["due"]))


def number(value: object) -> int:
    """A count; 0 where it is missing."""
    return 0 if is_missing(value) else int(value)  # type: ignore[call-overload]


def waiting_alert(
    state: State, row: Mapping[str, Any], *, href: str = "", named: bool = True
) -> Alert:
    """What waits for somebody (a row of `list_waiting`), with the command that answers it.

    `named` says for whom it waits.
    """
    kind, writer = row["kind"], WRITER
    says = writer.name("cycle.step", row["about"]) if kind == "step" else writer.said(row["says"])
    facts = {"unit": row["unit"], "title": row["title"], "subject": row["number"], "says": says}
    facts |= {"about": row["about"], "name": writer.name("department", row["about"] or "")}
    steps = f".{row['state']}" if kind == "alert" else ""
    return Alert(
        writer.text(f"now.waiting.{kind}", **facts),
        who=state.name(row["who"]) if named else "",
        due=due(state, row),
        href=href,
        do=writer.text(f"now.do.{kind}{steps}", **facts),
        state=writer.name("now.state", row["state"]) if kind == "alert" else "",
        late=number(row["overdue_days"]) > 0,
    )
