"""People's changes that cost accuracy, and authors whose changes are too high or too low."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.facts.month import MonthFacts
from salesfc_lib.reporting.facts.summary import AttentionItem
from salesfc_lib.reporting.narrative.attention.items import (
    RETROSPECTIVE,
    item,
    label_of,
    names,
    say,
    say_proposal,
)
from salesfc_lib.retrospective import read_facts

ENOUGH = 3  # months with changes before their yearly gain is held against them
CHANGED = "change_by_people"


def peoples_changes(month: MonthFacts) -> Iterator[AttentionItem]:
    """What changes cost over the year or this month, then each author's lean."""
    compared = month.compared
    year = compared["value_added_year"].query(
        "level == @compared.bottom and stage == 'adjusted' and own_months > 0"
    )
    now = compared.people_gain() if compared.scored else None
    gain, months = year[["gain", "own_months"]].to_numpy()[0] if len(year) else (0.0, 0)
    if months >= ENOUGH and gain < 0:
        yield _cost(month, "people", gain=gain, months=months)
    elif now is not None and now < 0:
        helped = {"year": gain, "months": months} if gain > 0 else {}
        yield _cost(month, "people.month", gain=now, **helped)
    for row in compared["people"].query("leans != ''").to_dict("records"):
        yield _lean(month, row)


def _cost(month: MonthFacts, key: str, **facts: Any) -> AttentionItem:
    """Whose changes cost most, and this month in which series."""
    table = month.compared["people"]
    worst = table[table["gain"] < 0].sort_values("gain").head(1).to_dict("records")
    largest = _largest_change(month)
    parts = [say(month, "people.author", **row) for row in worst]
    parts += [say(month, "people.series", **row) for row in largest]
    why = say(month, "people.why", parts=wording.semicolons(parts)) if parts else ""
    if "year" in facts:
        do = say(month, "people.do.month", **(largest[0] if largest else {"label": ""}) | facts)
    elif worst and (answer := say_proposal(month, "changes_hurt", worst[0]["author"])):
        do = say(month, "people.do.signature", proposal=answer, **worst[0])
    else:
        do = say(month, "people.do.ask" if worst else "people.do", **next(iter(worst), {}))
    href = f"{RETROSPECTIVE}#which-steps-made-the-forecast-better"
    return item(month, "other", key, why, do, href=href, **facts)


def _largest_change(month: MonthFacts) -> list[dict[str, Any]]:
    """The series of this month whose miss a change made largest: label, authors, before, after."""
    causes = month.compared["causes_all"].query("cause == @CHANGED and state != 'corrected'")
    if causes.empty:
        return []
    first = causes.loc[causes["effect"].abs().idxmax()]
    facts = read_facts(first["facts"])
    return [{"label": label_of(month, first["unique_id"]), "points": first["effect"], **facts}]


def _lean(month: MonthFacts, row: dict[str, Any]) -> AttentionItem:
    """How far off with the changes and without them, and what to do with those not yet judged."""
    limit = month.run.parameters.retrospective.bias_limit
    without, own = row["bias_without"], row["bias_with"]
    facts = row | {
        "beyond": row["months_too_low" if row["leans"] == "low" else "months_too_high"],
        "open": _open_changes(month, row["author"]),
    }
    better = pd.notna(without) and abs(without) < abs(own)
    key = "leave_out" if better and abs(without) <= limit else "adjust"
    facts["way"] = say(month, "lean.up" if row["leans"] == "low" else "lean.down")
    facts |= {"size": abs(own), "proposal": say_proposal(month, "author_leans", row["author"])}
    do = say(month, f"lean.do.{key}", **facts)
    why = say(month, "lean.why", **facts)
    href = f"{RETROSPECTIVE}#whose-changes-were-too-high-or-too-low"
    return item(month, "other", "lean", why, do, href=href, **facts)


def _open_changes(month: MonthFacts, author: str) -> str:
    """The series of the changes that the author made now, in brackets; empty without any."""
    made = month.reconciled.adjustment.query("author == @author and state == 'applied'")
    labels = [label_of(month, unique_id) for unique_id in made["unique_id"].unique()]
    return say(month, "lean.open", labels=names(labels)) if labels else ""
