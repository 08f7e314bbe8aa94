"""Who sees to an alert, and to whom it goes when it is overdue."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import Parameters, people, say
from salesfc_lib.foundation.schema import AlertOwner

People = Mapping[str, people.Person]
Members = Mapping[str, str]  # of an alert's branch, by dimension


def find_owner(
    kind: str, members: Members, parameters: Parameters, known: People
) -> tuple[str, str]:
    """Name of who sees to an alert, and what there is to say of it (`say`; '' where nothing is).

    The first of `alerts.owners` that fits; a person who is not known, or where none fits, the
    unit's owner; '' where the unit has none.
    """
    rule, owner = _find_rule(kind, members, parameters), parameters.unit.owner
    if rule is not None and rule.owner in known:
        return known[rule.owner].name, ""
    if not owner:
        return "", say("alert.owner.nobody")
    said = rule.owner if rule is not None else ""
    return owner, say("alert.owner.unknown", said=said, owner=owner) if said else ""


def find_next(
    kind: str,
    members: Members,
    parameters: Parameters,
    known: People,
    *,
    after: str,
    had: Collection[str],
) -> str:
    """Name of the person to whom an alert goes after `after`; '' where nobody follows.

    `next` of the rule that named the owner, else the person's own. Nobody who had it gets it again.
    """
    rule, person = _find_rule(kind, members, parameters), _find_id(known, after)
    if rule is not None and rule.next in known and rule.owner == person:
        to = rule.next
    else:
        to = known[person].next if person else None
    name = known[to].name if to is not None and to in known else ""
    return "" if name in had else name


def _find_rule(kind: str, members: Members, parameters: Parameters) -> AlertOwner | None:
    for rule in parameters.alerts.owners:
        dimension, _, member = rule.where.partition("=")
        fits = not rule.where or members.get(dimension.strip()) == member.strip()
        if fits and rule.kind in (None, kind):
            return rule
    return None


def _find_id(known: People, name: str) -> str | None:
    try:
        return people.find_person(known, name)
    except RequestError:
        return None
