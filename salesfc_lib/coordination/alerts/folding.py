"""Alerts as they stand at a moment: a fold of their records.

Records are taken in the order of their numbers, whatever their clocks say. Deadlines are counted
from the day on which an alert was opened, so that nobody moves them by acting late or by assigning.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd

from salesfc_lib.coordination.opening import day_of
from salesfc_lib.foundation import Parameters, add_workdays, tables

STATES = ("open", "acknowledged", "explained", "acted", "closed")
AFTER = {
    "alert.acknowledge": "acknowledged",
    "alert.explain": "explained",
    "alert.act": "acted",
    "alert.close": "closed",
}
# what only later events say
LATER = (
    *("escalated_to", "acknowledged_by", "acknowledged_at", "explained", "became"),
    *("closed_by", "closed_at", "outcome", "gone_since"),
)
STEP = {  # of `alerts`, the days of a state
    "open": "acknowledge_days",
    "acknowledged": "explain_days",
    "explained": "close_days",
    "acted": "close_days",
}


def fold_alerts(records: pd.DataFrame, parameters: Parameters, at: datetime) -> pd.DataFrame:
    """Table alert at a moment, in the order in which alerts were opened, from records of one unit.

    A record of an alert that is closed, is further already or was never opened changes nothing.
    due: the working day by whose end its next step is due, null once it is closed; overdue_days:
    days since then.
    """
    alerts: dict[int, dict[str, Any]] = {}
    for record in records.to_dict("records"):
        what, new = record["what"], record["new"]
        if what == "alert.open":
            _open(alerts, record)
        elif what == "watch.run":
            _note_gone(alerts, record)
        elif (alert := alerts.get(_number(record["subject"]))) and alert["state"] != "closed":
            if what in AFTER:
                _advance(alert, record)
            elif what == "alert.assign":
                alert |= {"owner": new["owner"], "note": ""}
            elif what == "alert.escalate":
                alert["escalated_to"] = new["to"]
                alert["escalations"] += new["state"] == alert["state"]
    rows = [each | _judge_due(each, parameters, at) for each in alerts.values()]
    return tables.build(rows, "alert")


def deadline(opened: date, state: str, times: int, parameters: Parameters) -> date:
    """Day by whose end the next step of an alert is due; `times`: how often it was put to someone
    else before, each of whom has the same time again.
    """
    days = getattr(parameters.alerts, STEP[state])
    due = add_workdays(opened, days, parameters.calendar)
    for _ in range(times):
        due = add_workdays(due, max(days, 1), parameters.calendar)
    return due


def _open(alerts: dict[int, dict[str, Any]], record: Mapping[str, Any]) -> None:
    """An alert of its own, or a wider branch of one that is there."""
    new, number = record["new"], record["number"]
    found = {name: new.get(name) for name in ("unique_id", "says", "size")}
    if (widened := alerts.get(new.get("widens", 0))) is not None:
        widened |= found
        return
    about = {name: new.get(name, "") for name in ("kind", "direction", "owner", "note")}
    where = {"number": number, "unit": record["unit"], "month": record["month"], "state": "open"}
    moments = {"opened_at": record["at"], "data_at": new.get("data_at")}
    later = dict.fromkeys(LATER)
    alerts[number] = later | where | about | found | moments | {"escalations": 0}


def _advance(alert: dict[str, Any], record: Mapping[str, Any]) -> None:
    """The alert in a later state; one that it has already only adds what it led to."""
    what, new, who = record["what"], record["new"], record["who"]
    state, at = AFTER[what], record["at"]
    if STATES.index(state) < STATES.index(alert["state"]):
        return
    if state != alert["state"]:
        alert |= {"state": state, "escalations": 0}
    if state == "acknowledged" or not alert["acknowledged_at"]:  # whoever goes on has seen it
        alert |= {"acknowledged_by": who, "acknowledged_at": at}
    if state == "explained":
        alert["explained"] = record["reason"]
    elif state == "acted":
        alert["became"] = ", ".join(filter(None, [alert["became"], new.get("became")]))
    elif state == "closed":
        alert |= {"closed_by": who, "closed_at": at, "outcome": new.get("outcome")}


def _note_gone(alerts: dict[int, dict[str, Any]], record: Mapping[str, Any]) -> None:
    """Since when what an alert is about is no longer so, by what a watch looked at and found."""
    looked, holds = record["new"]["looked"], record["new"]["holds"]
    for number, alert in alerts.items():
        if number in holds:
            alert["gone_since"] = None
        elif f"{alert['kind']} {alert['month']}" in looked and not alert["gone_since"]:
            alert["gone_since"] = record["at"]


def _judge_due(alert: Mapping[str, Any], parameters: Parameters, at: datetime) -> dict[str, Any]:
    if alert["state"] == "closed":
        return {"due": pd.NaT, "overdue_days": 0}
    opened = day_of(datetime.fromisoformat(alert["opened_at"]), parameters.calendar)
    due = deadline(opened, alert["state"], 0, parameters)
    days = (day_of(at, parameters.calendar) - due).days
    return {"due": pd.Timestamp(due), "overdue_days": max(days, 0)}


def _number(subject: str) -> int:
    return int(subject) if subject.isdecimal() else 0
