"""What people do about an alert: acknowledge, explain, act, close it, or give it to someone else.

A command enters; an event leaves, or a refusal that says who was first. A later state may be
reached directly, an earlier one never again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.archive import Record, UnitMonth, append_record
from salesfc_lib.coordination.alerts.folding import AFTER, STATES, fold_alerts
from salesfc_lib.coordination.opening import name_person, open_cycle, read_events
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import clock, people

OUTCOMES = ("done", "no_action", "false_alarm")


def list_alerts(project: Path, unit: str) -> pd.DataFrame:
    """Table alert of the unit as it stands now, the most overdue first, closed ones last."""
    alerts = _fold(open_cycle(project, unit))
    alerts = alerts.assign(is_closed=alerts["state"].eq("closed"))
    order = ["is_closed", "overdue_days", "due", "number"]
    alerts = alerts.sort_values(order, ascending=[True, False, True, True], ignore_index=True)
    return alerts.drop(columns="is_closed")


def acknowledge_alert(
    project: Path, unit: str, number: int, *, by: str = "", reason: str = ""
) -> None:
    """Record that somebody has seen an open alert and sees to it.

    by: as `name_person` reads it. Raises `RequestError`, here and below, for an alert that is
    unknown, closed, in that state or further already.
    """
    _advance(project, unit, number, "alert.acknowledge", by=by, reason=reason or "Seen")


def explain_alert(project: Path, unit: str, number: int, *, by: str = "", reason: str) -> None:
    """Record why it came to this: `reason`."""
    _advance(project, unit, number, "alert.explain", by=by, reason=reason)


def act_on_alert(
    project: Path, unit: str, number: int, *, became: str, by: str = "", reason: str
) -> None:
    """Record what an alert led to: the id of an effect (E3), an override or an action (A12).

    An alert may lead to several things, each of which is recorded once.
    """
    if not became.strip():
        raise RequestError.of(
            "`became` is empty",
            "What the alert led to: an effect such as E3, an override or an action such as A12",
            "Name it with --became, or close the alert",
        )
    new = {"became": became.strip()}
    _advance(project, unit, number, "alert.act", by=by, reason=reason, new=new)


def close_alert(
    project: Path, unit: str, number: int, *, outcome: str, by: str = "", reason: str
) -> None:
    """Record that an alert is over: `done`, `no_action` or `false_alarm`."""
    if outcome not in OUTCOMES:
        raise RequestError.unknown_key(outcome, OUTCOMES, "the outcomes of an alert")
    new = {"outcome": outcome}
    _advance(project, unit, number, "alert.close", by=by, reason=reason, new=new)


def assign_alert(
    project: Path, unit: str, number: int, *, owner: str, by: str = "", reason: str
) -> None:
    """Record that another person of `people.yml` sees to an alert; its deadlines stay."""
    run = open_cycle(project, unit)
    alert = _find(_fold(run), number, "alert.assign", "")
    known = people.read_people(run.project)
    name = known[people.find_person(known, owner)].name
    if name == alert["owner"]:
        expected, do = "Another person", "Nothing was changed"
        raise RequestError.of(f"Alert {number} is {name}'s already", expected, do)
    old, new = {"owner": alert["owner"]}, {"owner": name}
    _append(run, alert, "alert.assign", name_person(run, by), reason, old=old, new=new)


def _advance(  # noqa: PLR0913  what a record holds
    project: Path,
    unit: str,
    number: int,
    what: str,
    *,
    by: str,
    reason: str,
    new: Mapping[str, Any] | None = None,
) -> None:
    run, new = open_cycle(project, unit), new or {}
    alert = _find(_fold(run), number, what, new.get("became", ""))
    who = name_person(run, by)
    once = f"{what}.{unit}.{number}.{new.get('became', '')}"
    own = _append(run, alert, what, who, reason, old={"state": alert["state"]}, new=new, once=once)
    events = read_events(run, "alert")
    earlier = fold_alerts(events[events["number"] < own], run.parameters, clock.now())
    _find(earlier, number, what, new.get("became", ""))  # whoever came between was first


def _fold(run: UnitMonth) -> pd.DataFrame:
    events = read_events(run)
    return fold_alerts(events, run.parameters, clock.now())


def _find(alerts: pd.DataFrame, number: int, what: str, became: str) -> dict[str, Any]:
    """The alert, which `what` can still be done about."""
    rows = alerts[alerts["number"] == number].to_dict("records")
    if not rows:
        known = alerts.loc[alerts["state"] != "closed", "number"]
        raise RequestError.unknown_key(str(number), known.astype(str), "the unit's open alerts")
    alert = {str(name): value for name, value in rows[0].items()}
    if alert["state"] == "closed":
        raise RequestError.of(
            f"Alert {number} was closed by {alert['closed_by']} on "
            f"{alert['closed_at']:%Y-%m-%d %H:%M} UTC ({alert['outcome']})",
            "An alert that is not closed",
            "Nothing was changed. What is found again next month is an alert of its own",
        )
    if what in AFTER and not _is_ahead(alert, AFTER[what], became):
        raise RequestError.of(
            f"Alert {number} is {alert['state']} already",
            f"A later state: {', '.join(STATES[STATES.index(alert['state']) + 1 :])}",
            "Nothing was changed",
        )
    return alert


def _is_ahead(alert: Mapping[str, Any], state: str, became: str) -> bool:
    if state == alert["state"] == "acted":
        return became not in str(alert["became"]).split(", ")
    return STATES.index(state) > STATES.index(alert["state"])


def _append(  # noqa: PLR0913  what a record holds
    run: UnitMonth,
    alert: Mapping[str, Any],
    what: str,
    who: str,
    reason: str,
    *,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    once: str | None = None,
) -> int:
    record = Record(
        what=what,
        who=who,
        unit=run.unit,
        month=alert["month"],
        reason=reason.strip(),
        series=alert["unique_id"],
        subject=str(alert["number"]),
        old=old,
        new=new,
        once=once,
    )
    return append_record(run.project, record, address_env=run.parameters.archive.records_env)
