"""What the modeling notebook says of the business's own assumptions: each declared effect, who declared it and what it is worth.

The modeling step's tables enter; blocks leave. The decision made here: every effect that a person declared is listed, also one that
was removed, refused or is over; of the ends that master files declare, those that change most.
"""

from __future__ import annotations

import json

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Prose, Table
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.section import Section, columns, iso, measure_of, voice_of

SHOWN = 12  # ends by master files that are listed
STATES = {
    "applied": "active", "refused": "refused", "ahead": "not yet", "later": "declared later", "off": "switched off", "over": "over",
    "removed": "removed",
}  # fmt: skip


def effects(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """Every effect with its scope, months, change, worth over the horizon, author, reason and state."""
    voice, found = voice_of(run), modeled.effect
    if found.empty:
        return Section(Prose(voice.say("modeling.effects.none", unit=run.unit)))
    standing = modeled.assumed()
    key = "modeling.effects.some" if standing["applied"] else "modeling.effects.idle"
    text = voice.say(
        key,
        first=iso(modeled.forecast["ds"].min()),
        last=iso(modeled.forecast["ds"].max()),
        **standing,
    )
    listed = _order(found)
    hidden = len(found) - len(listed)
    block = Table(
        voice.say("modeling.effects.title", applied=standing["applied"], worth=standing["worth"]),
        "Active ones first, largest first; worth: what the bottom series gain or lose over the months forecast, before reconciliation"
        + (
            f"; {wording.plural(hidden, 'further end')} by master files in the source"
            if hidden
            else ""
        ),
        columns("What it is for", "|Months", ">Change", ">Worth", "Who and why", "|State"),
        [_row(run, effect) for _, effect in listed.iterrows()],
        source="Source: tables/effect.parquet; by series and month: tables/effect_applied.parquet.",
        min_width="min46",
    )
    return Section(Prose(text), block)


def _order(found: pd.DataFrame) -> pd.DataFrame:
    """Effects as they are listed: by state and size; of those by master files at most `SHOWN`."""
    table = found.assign(
        rank=found["state"].map(list(STATES).index),
        size=(found["after"] - found["before"]).abs().fillna(0.0),
        place=range(len(found)),
    )
    table = table.sort_values(["rank", "size", "place"], ascending=[True, False, True])
    written = table["source"].str.startswith("effects/")
    return table[written | (~written).cumsum().le(SHOWN)]


def _row(run: UnitMonth, effect: pd.Series) -> list[object]:
    measure, worth = measure_of(run), effect["after"] - effect["before"]
    state = STATES[effect["state"]]
    if effect["state"] == "removed":
        state = f"removed {wording.day(effect['removed_at'])}"
    return [
        Cell(_scope(effect["scope"]), sub=str(effect["id"])),
        _months(effect),
        wording.signed_percent(effect["change"] / 100)
        if effect["kind"] == "percent"
        else f"{measure.amount(effect['change'], sign=True)} a month",
        "–" if pd.isna(worth) else measure.amount(worth, sign=True),
        Cell(
            f"{effect['author']}: {effect['reason']}",
            sub=" ".join(filter(None, [_declared(effect), str(effect["remark"])])),
        ),
        Cell(state, tag="" if effect["state"] == "applied" else "plain"),
    ]


def _scope(text: str) -> str:
    scope = json.loads(text)
    return (
        " · ".join(f"{name.replace('_', ' ')} {member}" for name, member in scope.items())
        or "The whole unit"
    )


def _months(effect: pd.Series) -> str:
    """'Mar 2026 on', 'Mar 2026' or 'Mar to May 2026'."""
    start, until = iso(effect["start"]), effect["until"]
    if pd.isna(until):
        return f"{wording.month_short(start)} {start[:4]} on"
    last = f"{wording.month_short(iso(until))} {iso(until)[:4]}"
    if iso(until) == start:
        return last
    return f"{wording.month_short(start)}{'' if start[:4] == iso(until)[:4] else f' {start[:4]}'} to {last}"


def _declared(effect: pd.Series) -> str:
    return (
        "Not dated."
        if pd.isna(effect["declared_at"])
        else f"Declared {wording.day(effect['declared_at'])}."
    )
