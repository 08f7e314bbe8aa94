"""Declared effects: who declared each and what it is worth.

Every effect that a person declared is listed, also one that was removed, refused or is over; of the
ends of series that master files declare, those that change most.
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import iso, level_name, template_of, wording
from salesfc_lib.reporting.blocks import Cell
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.writer import Blocks, BlockWriter, Row, writer_of

SHOWN = 12  # ends by master files that are listed
STATES = ("applied", "refused", "ahead", "later", "off", "over", "removed")  # as they are listed


@in_languages
def effects(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Effects with scope, months, change, worth over the horizon, author, reason and state."""
    writer, effect, months = writer_of(run), modeled.effect, modeled.forecast["ds"]
    listed, standing = _order(effect), modeled.assumed()
    hidden = len(effect) - len(listed)
    return writer.section(
        "modeling.effects",
        [_describe_effect(writer, row) for row in listed.to_dict("records")],
        variant="some" if standing["applied"] else "idle",
        unit=run.unit,
        first=months.min(),
        last=months.max(),
        more=writer.text("modeling.effects.hidden", n=hidden) if hidden else "",
        **standing,
    )


def _describe_effect(writer: BlockWriter, row: dict[Any, Any]) -> Row:
    key, state = "modeling.effects", row["state"]
    members = json.loads(row["scope"]).items()
    scope = " · ".join(f"{level_name(name)} {member}" for name, member in members)
    dated = "undated" if pd.isna(row["declared_at"]) else "declared"
    declared = wording.paragraph((writer.text(f"{key}.{dated}", **row), writer.said(row["remark"])))
    return row | {
        "scope": scope or writer.text(f"{key}.whole"),
        "months": _describe_months(writer, row["start"], row["until"]),
        "change": writer.fill(template_of(f"{key}.change.{row['kind']}"), row),
        "declared": declared,
        "state": Cell(
            writer.text(f"{key}.state.{state}", **row), tag="" if state == "applied" else "plain"
        ),
    }


def _order(effect: pd.DataFrame) -> pd.DataFrame:
    """Effects with their worth by state and size; of those by master files at most `SHOWN`."""
    worth = effect["after"] - effect["before"]
    rank, size = effect["state"].map(STATES.index), worth.abs().fillna(0.0)
    table = effect.assign(
        worth=worth, rank=rank, size=size, place=range(len(effect)), share=effect["change"] / 100
    )
    table = table.sort_values(["rank", "size", "place"], ascending=[True, False, True])
    by_people = table["source"].str.startswith("effects/")
    return table[by_people | (~by_people).cumsum().le(SHOWN)]


def _describe_months(writer: BlockWriter, start: pd.Timestamp, until: pd.Timestamp) -> str:
    """'Mar 2026 on', 'Mar 2026' or 'Mar to May 2026'."""
    if pd.isna(until):
        key = "on"
    elif iso(until) == iso(start):
        key = "one"
    else:
        key = "within" if until.year == start.year else "over"
    return writer.text(f"modeling.effects.months.{key}", start=start, until=until)
