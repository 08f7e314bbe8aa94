"""Actions: what somebody promised to do about a cause, by when, and what it should change.

Each is added, perhaps updated, and closed once; every step is a record, and what an action is now
is a fold of them. What it should change is fixed when it is added, so that it is held to that.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, get_args

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import RequestError, shorten
from salesfc_lib.retrospective.loop.answers import check_cause
from salesfc_lib.retrospective.loop.decisions import decide, read_decisions, read_published
from salesfc_lib.retrospective.loop.effect import KPIS
from salesfc_lib.retrospective.loop.rows import find_rows

Outcome = Literal["done", "partly", "dropped"]
OUTCOMES: tuple[str, ...] = get_args(Outcome)
NUMBER = re.compile(r"[Aa]?(\d{1,9})")

MAY_CHANGE = ("what", "owner", "due")
COLUMNS = [
    *("number", "added_in", "added_by", "added_on", "reason", "cause", "what", "owner", "due"),
    *("kpi", "rows", "expected", "postponed", "closed_by", "closed_on", "outcome", "remark"),
]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What an action promises.

    cause: a cause of the month's page, or an answer such as `C12`; due: YYYY-MM-DD; kpi: one of
    `effect.KPIS`; rows: as `find_rows` reads them, empty for the whole unit; expected: the change
    of the KPI, signed, in its own unit (-0.02: two points less; of the error: the measure).
    """

    cause: str
    what: str
    owner: str
    due: str
    kpi: str
    expected: float
    rows: str = ""


def add_action(run: UnitMonth, promise: Promise, *, by: str, reason: str) -> str:
    """Name of the action added to what the unit's published month asks for, such as 'A12'.

    Raises `RequestError`, with what is known, for a month that is not published, a cause that its
    page does not have or that is closed, a blank owner or text, a day that is none or is over, a
    KPI, rows or a change that cannot be measured.
    """
    series = read_published(run, "series")
    check_cause(run, promise.cause)
    for name in ("what", "owner"):
        if not getattr(promise, name).strip():
            expected = "Who sees to it, and what is to be done"
            raise RequestError.of(f"`{name}` is empty", expected, f"Give --{name}")
    check_due(run, promise.due)
    if promise.kpi not in KPIS:
        raise RequestError.unknown_key(promise.kpi, KPIS, "the KPIs of an effect")
    find_rows(series, promise.rows)
    _check_expected(promise)
    return f"A{decide(run, 'action.add', who=by, reason=reason, new=asdict(promise))}"


def update_action(run: UnitMonth, name: str, *, by: str, reason: str, **changes: str) -> None:
    """Record that an open action has another `what`, `owner` or `due`.

    Raises `RequestError` for an action that is unknown or closed, and for changes that are none.
    """
    action = _open_action(run, name)
    new = {key: text.strip() for key, text in changes.items() if text.strip()}
    old = {key: action[key] for key in new}
    for key in set(new) - {*MAY_CHANGE}:
        raise RequestError.unknown_key(key, MAY_CHANGE, "what may change of an action")
    if new == old:
        raise RequestError.of(
            f"{name_of(action['number'])} would stay as it is",
            "Another --what, --owner or --due; what it should change stays, to be held to it",
            "Name what is different, or close it and add another",
        )
    if "due" in new:
        check_due(run, new["due"])
    subject = name_of(action["number"])
    decide(run, "action.update", who=by, reason=reason, subject=subject, old=old, new=new)


def close_action(run: UnitMonth, name: str, outcome: str, *, by: str, remark: str) -> None:
    """Record that an open action is over: done, partly done or dropped, and why.

    Raises `RequestError` for an action that is unknown or closed: it says who closed it.
    """
    if outcome not in OUTCOMES:
        raise RequestError.unknown_key(outcome, OUTCOMES, "the outcomes of an action")
    subject = name_of(_open_action(run, name)["number"])
    new, once = {"outcome": outcome}, f"action.close.{subject}"
    decide(run, "action.close", who=by, reason=remark, subject=subject, new=new, once=once)


def fold_actions(records: pd.DataFrame) -> pd.DataFrame:
    """Actions as they stand after the records, one row each, in the order in which they were added.

    Columns: number; added_in (month whose page it answers), added_by, added_on; what is promised
    (as in `Promise`); reason; postponed (how often its day was put off); closed_by, closed_on,
    outcome and remark, null while it is open. A record of an action that is closed or
    was never added changes nothing.
    """
    actions: dict[str, dict[str, Any]] = {}
    for record in records.to_dict("records"):
        kind, new, at = record["what"], record["new"], record["at"][:10]
        action = actions.get(record["subject"], {})
        if kind == "action.add":
            named = {"number": record["number"], "reason": record["reason"], "postponed": 0}
            added = {"added_in": record["month"], "added_by": record["who"], "added_on": at}
            actions[name_of(record["number"])] = {**new, **named, **added}
        elif action and not action.get("closed_by") and kind == "action.update":
            action["postponed"] += new.get("due", "") > action["due"]
            action |= new
        elif action and not action.get("closed_by") and kind == "action.close":
            closed = {"closed_by": record["who"], "closed_on": at, "remark": record["reason"]}
            action |= closed | new
    return pd.DataFrame([*actions.values()], columns=COLUMNS)


def judge_states(actions: pd.DataFrame, day: date) -> pd.DataFrame:
    """The actions with their state on a day: open, overdue (by overdue_days) or closed."""
    late = [(day - date.fromisoformat(due)).days for due in actions["due"]]
    is_open = actions["closed_by"].isna()
    days = pd.Series(late, index=actions.index, dtype="int64").where(is_open, 0).clip(lower=0)
    state = days.gt(0).map({True: "overdue", False: "open"}).where(is_open, "closed")
    return actions.assign(state=state, overdue_days=days)


def list_actions(run: UnitMonth) -> pd.DataFrame:
    """The unit's actions as they stand today: overdue first, then by day; closed ones last."""
    actions = judge_states(fold_actions(read_decisions(run, "action")), date.today())
    return sort_actions(actions)


def sort_actions(actions: pd.DataFrame) -> pd.DataFrame:
    """The most overdue first, then those due next; closed ones last."""
    rank = actions["state"].map({"overdue": 0, "open": 1, "closed": 2})
    ordered = actions.assign(rank=rank).sort_values(["rank", "due", "number"], kind="stable")
    return ordered.drop(columns="rank").reset_index(drop=True)


def name_of(number: int) -> str:
    """How an action is named: 'A12'."""
    return f"A{number}"


def check_due(run: UnitMonth, due: str) -> None:
    """Raise `RequestError` for a day that is none, or that was over when the month was."""
    try:
        over = pd.Timestamp(date.fromisoformat(due)) < run.cutoff + pd.DateOffset(months=1)
    except ValueError:
        over = True
    if over:
        wrong = f"`due` is '{due}'" if due else "`due` is empty"
        raise RequestError.of(wrong, f"A day as YYYY-MM-DD after {run.month}", "Give --due")


def _check_expected(promise: Promise) -> None:
    size, is_share = abs(promise.expected), promise.kpi != "error"
    if not math.isfinite(size) or size == 0 or (is_share and size > 1):
        raise RequestError.of(
            f"The change expected of '{promise.kpi}' is {promise.expected:g}",
            "A change with its sign: a share such as -2% or -0.02, of the error an amount",
            "Say what the action should change: --expected",
        )


def _open_action(run: UnitMonth, name: str) -> dict[str, Any]:
    """The action of that name. Raises `RequestError` where it is unknown or closed."""
    actions = fold_actions(read_decisions(run, "action"))
    number = int(found[1]) if (found := NUMBER.fullmatch(name.strip())) else -1
    rows = actions[actions["number"] == number].to_dict("records")
    still = [name_of(each) for each in actions.loc[actions["closed_by"].isna(), "number"]]
    if not rows:
        raise RequestError.of(
            f"'{run.unit}' has no action '{name}'",
            f"Open here: {shorten(still, 8)}" if still else "None is open here",
            f"See `salesfc action list {run.unit}`",
        )
    action = {str(key): value for key, value in rows[0].items()}
    if pd.notna(action["closed_by"]):
        raise RequestError.of(
            f"{action['closed_by']} closed {name_of(number)} on {action['closed_on']} "
            f"({action['outcome']}): {action['remark']}",
            "An open action",
            "Add another where more is to be done",
        )
    return action
