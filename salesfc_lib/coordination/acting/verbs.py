"""What can be done about each kind of thing that waits, and which function does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination import alerts, consultation, cycle
from salesfc_lib.coordination.alerts.folding import AFTER
from salesfc_lib.coordination.opening import name_person, open_cycle
from salesfc_lib.errors import RequestError
from salesfc_lib.retrospective import loop


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What somebody wants done about one thing that waits.

    kind and number: as in `list_waiting`; text: a reason, or an answer; became: what an alert led
    to; by: who, as `name_person` reads it.
    """

    unit: str
    month: str
    kind: str
    number: str
    verb: str
    text: str = ""
    became: str = ""
    by: str = ""


@dataclass(frozen=True)
class Verb:
    """Something that can be done: the kind of event that it is recorded as, and how.

    needs: what it cannot do without, of `text` and `became`; outcome: with which it ends something.
    """

    event: str
    apply: Callable[[UnitMonth, Deed], object]
    needs: tuple[str, ...] = ("text",)
    outcome: str = ""


def act(project: Path, deed: Deed) -> None:
    """Do it, as the verbs of the command line would.

    Raises `RequestError` for what cannot be done about it, or not any more, or not by this person.
    """
    verb = find_verb(deed)
    run = open_cycle(project, deed.unit, deed.month if deed.kind in OF_MONTH else None)
    verb.apply(run, deed)


def find_verb(deed: Deed) -> Verb:
    """The verb of a deed.

    Raises `RequestError` for one that its kind does not have, and for one that lacks a text.
    """
    known = VERBS[deed.kind]
    if deed.verb not in known:
        raise RequestError.unknown_key(deed.verb, known, f"what can be done about: {deed.kind}")
    verb = known[deed.verb]
    for name in verb.needs:
        if not getattr(deed, name).strip():
            expected = "What the alert led to, such as E3 or A12" if name == "became" else "Why"
            raise RequestError.of(f"`{name}` is empty", expected, f"Fill in `{name}`")
    return verb


def list_choices(row: Mapping[str, Any]) -> list[str]:
    """Verbs that can be done about a row of `list_waiting`, in the order of their table."""
    known, state = VERBS[row["kind"]], str(row["state"])
    if row["kind"] != "alert":
        return [*known]
    here = alerts.STATES.index(state) - (state == "acted")  # it may lead to one thing more
    return [each for each in known if alerts.STATES.index(AFTER[known[each].event]) > here]


def _acknowledge(run: UnitMonth, deed: Deed) -> None:
    number = int(deed.number)
    alerts.acknowledge_alert(run.project, run.unit, number, by=deed.by, reason=deed.text)


def _explain(run: UnitMonth, deed: Deed) -> None:
    number = int(deed.number)
    alerts.explain_alert(run.project, run.unit, number, by=deed.by, reason=deed.text)


def _lead_to(run: UnitMonth, deed: Deed) -> None:
    number, about = int(deed.number), {"by": deed.by, "reason": deed.text}
    alerts.act_on_alert(run.project, run.unit, number, became=deed.became, **about)


def _close_alert(run: UnitMonth, deed: Deed, *, outcome: str) -> None:
    number, about = int(deed.number), {"by": deed.by, "reason": deed.text}
    alerts.close_alert(run.project, run.unit, number, outcome=outcome, **about)


def _finish(run: UnitMonth, deed: Deed) -> None:
    cycle.finish_step(run, deed.number, by=deed.by, remark=deed.text)


def _skip(run: UnitMonth, deed: Deed) -> None:
    cycle.skip_step(run, deed.number, by=deed.by, reason=deed.text)


def _answer(run: UnitMonth, deed: Deed) -> None:
    answer = consultation.Answer(text=deed.text)
    consultation.answer_question(run, deed.number, answer, by=deed.by)


def _close_action(run: UnitMonth, deed: Deed, *, outcome: str) -> None:
    by = name_person(run, deed.by)
    loop.close_action(run, deed.number, outcome, by=by, remark=deed.text)


def _ends(event: str, apply: Callable[..., object], *outcomes: str) -> dict[str, Verb]:
    """Verbs named by the outcome with which they end something."""
    return {each: Verb(event, partial(apply, outcome=each), outcome=each) for each in outcomes}


OF_MONTH = ("step", "question")  # which are named within their month
VERBS: dict[str, dict[str, Verb]] = {
    "alert": {
        "acknowledge": Verb("alert.acknowledge", _acknowledge, needs=()),
        "explain": Verb("alert.explain", _explain),
        "act": Verb("alert.act", _lead_to, needs=("text", "became")),
        **_ends("alert.close", _close_alert, "done", "no_action", "false_alarm"),
    },
    "step": {"done": Verb("cycle.done", _finish, needs=()), "skip": Verb("cycle.skip", _skip)},
    "question": {"answer": Verb("consult.answer", _answer)},
    "action": _ends("action.close", _close_action, *loop.OUTCOMES),
}
