"""What the modeling notebook says of declared effects: who declared each and what it is worth.

Every effect that a person declared is listed, also one that was removed, refused or is over; of the
ends of series that master files declare, those that change most.
"""

from __future__ import annotations

import json

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.reporting.blocks import Cell
from salesfc_lib.reporting.catalogue import iso
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.writer import Blocks, BlockWriter, Row, writer_of

SHOWN = 12  # ends by master files that are listed
STATES = ("applied", "refused", "ahead", "later", "off", "over", "removed")  # as they are listed


def effects(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Effects with scope, months, change, worth over the horizon, author, reason and state."""
    writer, found, key = writer_of(run), modeled.effect, "modeling.effects"
    if found.empty:
        return Blocks(writer.prose(f"{key}.none", unit=run.unit))
    standing, months, listed = modeled.assumed(), modeled.forecast["ds"], _order(found)
    hidden = len(found) - len(listed)
    more = writer.text(f"{key}.hidden", n=hidden) if hidden else ""
    cells = (
        lambda row: Cell(_scope(writer, row["scope"]), sub=row["id"]),
        lambda row: _months(writer, row),
        lambda row: writer.fill(writer.template(f"{key}.change.{row['kind']}"), row),
        lambda row: writer.fill("{worth:signed_amount}", row) or "–",
        lambda row: Cell(f"{row['author']}: {row['reason']}", sub=_declared(writer, row)),
        lambda row: Cell(
            writer.text(f"{key}.state.{row['state']}", **row),
            tag="" if row["state"] == "applied" else "plain",
        ),
    )
    table = writer.table(f"{key}.table", listed, cells, width="min46", more=more, **standing)
    text = f"{key}.some" if standing["applied"] else f"{key}.idle"
    return Blocks(writer.prose(text, first=months.min(), last=months.max(), **standing), table)


def _order(found: pd.DataFrame) -> pd.DataFrame:
    """Effects with their worth by state and size; of those by master files at most `SHOWN`."""
    worth = found["after"] - found["before"]
    rank, size = found["state"].map(STATES.index), worth.abs().fillna(0.0)
    table = found.assign(
        worth=worth, rank=rank, size=size, place=range(len(found)), share=found["change"] / 100
    )
    table = table.sort_values(["rank", "size", "place"], ascending=[True, False, True])
    written = table["source"].str.startswith("effects/")
    return table[written | (~written).cumsum().le(SHOWN)]


def _scope(writer: BlockWriter, text: str) -> str:
    members = [f"{name.replace('_', ' ')} {member}" for name, member in json.loads(text).items()]
    return " · ".join(members) or writer.text("modeling.effects.whole")


def _months(writer: BlockWriter, row: Row) -> str:
    """'Mar 2026 on', 'Mar 2026' or 'Mar to May 2026'."""
    start, until = row["start"], row["until"]
    if pd.isna(until):
        key = "on"
    elif iso(until) == iso(start):
        key = "one"
    else:
        key = "within" if until.year == start.year else "over"
    return writer.text(f"modeling.effects.months.{key}", start=start, until=until)


def _declared(writer: BlockWriter, row: Row) -> str:
    key = "undated" if pd.isna(row["declared_at"]) else "declared"
    return f"{writer.text(f'modeling.effects.{key}', **row)} {row['remark']}".strip()
