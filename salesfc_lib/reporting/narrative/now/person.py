"""What waits for one person, by urgency, each with the command that answers it."""

from __future__ import annotations

from collections.abc import Callable

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Attention
from salesfc_lib.reporting.facts.now.state import State, count_waiting
from salesfc_lib.reporting.narrative.now.parts import WRITER, waiting_alert
from salesfc_lib.reporting.narrative.writer import Row

GROUPS = ("overdue", "open")


def person_title(state: State, key: str) -> str:
    """How much waits for the person, and how much of it is overdue."""
    counts = _counts(state, key)
    one = counts["n"] == 1
    kind = "none" if not counts["n"] else "one" if one else "some"
    if counts["overdue"]:
        kind = "one.overdue" if one else "some.overdue"
    return WRITER.text(f"now.person.title.{kind}", name=state.people[key].name, **counts)


def person_opening(state: State, key: str) -> list[str]:
    """What it is made of, and who takes over what is overdue."""
    counts, person = _counts(state, key), state.people[key]
    kinds = [
        WRITER.text(f"now.person.{kind}", n=counts[kind])
        for kind in ("alert", "step", "question", "action")
        if counts[kind]
    ]
    said = [WRITER.text("now.person.kinds", kinds=wording.listing(kinds))] if kinds else []
    if person.next:
        said.append(WRITER.text("now.person.next", name=state.name(person.next)))
    return said


def person_lists(state: State, key: str, href: Callable[[Row], str]) -> dict[str, Attention]:
    """What is overdue and what is open, each by urgency; `href(row)` leads to its place."""
    waiting = state.waiting
    own = waiting[waiting["who"].eq(key)]
    groups = zip(GROUPS, (own["overdue_days"].gt(0), own["overdue_days"].le(0)), strict=True)
    return {
        name: Attention(
            [
                waiting_alert(state, row, href=href(row), named=False)
                for row in own[rows].to_dict("records")
            ],
            empty=WRITER.text(f"now.person.{name}.none"),
        )
        for name, rows in groups
    }


def all_list(state: State, href: Callable[[Row], str], most: int) -> Attention:
    """What is most urgent over all units and people."""
    rows = state.waiting.drop_duplicates(["unit", "kind", "number", "about"]).head(most)
    alerts = [waiting_alert(state, row, href=href(row)) for row in rows.to_dict("records")]
    return Attention(alerts, empty=WRITER.text("now.all.nothing"))


def _counts(state: State, key: str) -> dict[str, int]:
    waiting = state.waiting
    return count_waiting(waiting[waiting["who"].eq(key)])
