"""Alerts of a unit: what each says, why, who has it by when, and what was done about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from salesfc_lib.foundation import translate_message, wording
from salesfc_lib.reporting.blocks import Alert, Attention, Cell, Table
from salesfc_lib.reporting.facts.now.state import State, UnitNow, is_missing
from salesfc_lib.reporting.narrative.now.parts import (
    WRITER,
    day,
    due,
    moment,
    number,
    writer_of_unit,
)


def alert_list(state: State, unit: UnitNow) -> Attention:
    """The open alerts by urgency; that there are none, or that nobody has looked."""
    alerts = [_alert(state, unit, row) for row in unit.open_alerts.to_dict("records")]
    key = f"now.alerts.{'none' if unit.knows('alerts') else 'unknown'}"
    return Attention(alerts, empty=WRITER.text(key, unit=unit.unit))


def _alert(state: State, unit: UnitNow, row: Mapping[Any, Any]) -> Alert:
    """One alert: what, what is known of it, and the command that takes it a step further."""
    writer, said = writer_of_unit(unit), row["state"]
    about = [writer.text("now.alert.about", kind=writer.name("alert.kind", row["kind"]))]
    if not is_missing(row["size"]):
        side = "less" if row["size"] > 0 else "more"
        about.append(writer.text(f"now.alert.size.{side}", size=abs(row["size"])))
    if not is_missing(row["acknowledged_by"]):
        facts = {"by": state.name(row["acknowledged_by"]), "at": day(state, row["acknowledged_at"])}
        about.append(writer.text("now.alert.acknowledged", **facts))
    if not is_missing(row["explained"]):
        about.append(writer.text("now.alert.explained", text=row["explained"]))
    if not is_missing(row["became"]):
        about.append(writer.text("now.alert.became", name=row["became"]))
    owner = state.name(row["owner"]) or unit.owner
    if not is_missing(row["escalated_to"]):
        facts = {"who": state.name(row["escalated_to"]), "owner": owner}
        about.append(writer.text("now.alert.escalated", **facts))
        owner = facts["who"]
    if not is_missing(row["note"]):
        about.append(str(writer.said(row["note"])))
    if not is_missing(row["gone_since"]):
        about.append(writer.text("now.alert.gone", at=day(state, row["gone_since"])))
    facts = {"unit": unit.unit, "subject": row["number"], "says": writer.said(row["says"])}
    return Alert(
        writer.text("now.alert.what", **facts),
        wording.paragraph(about),
        owner,
        due(state, row),
        do=writer.text(f"now.do.alert.{said}", **facts),
        state=writer.name("now.state", said),
        late=number(row["overdue_days"]) > 0,
    )


def alert_history(state: State, unit: UnitNow) -> Table | None:
    """Who did what about each open alert, when; None where nothing is known of any."""
    events, says = unit["alert_events"], unit.open_alerts.set_index("number")["says"]
    opened = events["what"].eq("alert.open")  # its own number names the alert from then on
    number = pd.to_numeric(events["subject"].where(~opened, events["number"]), errors="coerce")
    shown = events.assign(alert=number)[number.isin(says.index)]
    if shown.empty:
        return None
    rank = shown["alert"].map({each: at for at, each in enumerate(says.index)})
    shown = shown.assign(rank=rank).sort_values(["rank", "number"], kind="stable")
    rows = []
    for row, again in zip(shown.to_dict("records"), shown["alert"].duplicated(), strict=True):
        about = WRITER.said(says[row["alert"]])
        what = WRITER.text("now.alert.what", subject=int(row["alert"]), says=about)
        rows.append({"alert": Cell() if again else Cell(what), **describe_event(state, row)})
    return WRITER.table("now.history", rows, n=len(rows), alerts=shown["alert"].nunique())


def describe_event(state: State, row: Mapping[Any, Any]) -> dict[str, Any]:
    """A record of the log as a table shows it: at, who, what, about and reason."""
    return {
        "at": moment(state, row["at"]),
        "who": state.name(row["who"]),
        "what": WRITER.name("event", row["what"]),
        "about": str(row["subject"]),
        "reason": translate_message(str(WRITER.said(row["reason"]))),
    }


def closed_alerts(state: State, unit: UnitNow) -> Table | None:
    """Alerts that were closed, the latest first, with what came of each."""
    closed = unit["alerts"][unit["alerts"]["state"].eq("closed")]
    if closed.empty:
        return None
    rows = [
        {
            "what": WRITER.text(
                "now.alert.what", subject=row["number"], says=WRITER.said(row["says"])
            ),
            "kind": WRITER.name("alert.kind", row["kind"]),
            "opened": day(state, row["opened_at"]),
            "closed": day(state, row["closed_at"]),
            "by": state.name(row["closed_by"]),
            "outcome": WRITER.name("now.outcome", row["outcome"] or ""),
            "became": "" if is_missing(row["became"]) else str(row["became"]),
        }
        for row in closed.sort_values("closed_at", ascending=False).to_dict("records")
    ]
    return WRITER.table("now.closed", rows, n=len(rows))
