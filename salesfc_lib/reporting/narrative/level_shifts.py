"""What the modeling notebook says of lasting changes of level: where, since when, by how much, and what became of the months before.

The modeling step's tables enter; blocks leave.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Prose, Table
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.section import Section, columns, iso, voice_of

SHOWN = 10  # changes that are listed, those of the largest sales first


def breaks(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """How many series changed their level, whether the unit did, and the changes that move most."""
    voice, found = voice_of(run), modeled.explained["break"]
    if found.empty:
        return Section(Prose(voice.say("modeling.breaks.none", all=len(modeled.series))))
    handled = voice.say(f"modeling.breaks.{'handled' if run.parameters.breaks.enabled else 'left'}")
    text = voice.say("modeling.breaks.some", n=len(found), all=len(modeled.series))
    table = order_breaks(found, modeled)
    first = table.iloc[0]
    title = voice.say(
        "modeling.breaks.title",
        label=str(first["label"]),
        change=first["change"] / 100,
        month=iso(first["ds"]),
    )
    block = Table(
        title,
        f"The {len(table)} that move most sales, of {len(found)}"
        if len(found) > len(table)
        else "Those that move most sales first",
        columns("Series", "|Since", ">Change", ">Strength", "What is seen"),
        [_row(row) for _, row in table.iterrows()],
        source="Source: tables/break.parquet. Strength: the change in its standard errors; 5 are needed.",
        min_width="min46",
    )
    return Section(Prose(f"{text} {_say_unit(run, modeled)} {handled}"), block)


def order_breaks(found: pd.DataFrame, modeled: ModeledMonth) -> pd.DataFrame:
    """The ten changes that move most sales in a year: with label and level, largest first."""
    sold = (
        modeled.panel.sort_values("ds")
        .groupby("unique_id")["y_raw"]
        .apply(lambda months: months.tail(12).sum())
    )
    before = found["unique_id"].map(sold) / (1 + found["change"] / 100)
    table = found.assign(moved=(before * found["change"]).abs()).merge(
        modeled.series[["unique_id", "label", "level"]], on="unique_id"
    )
    return table.sort_values(
        ["moved", "unique_id"], ascending=[False, True], ignore_index=True
    ).head(SHOWN)


def _say_unit(run: UnitMonth, modeled: ModeledMonth) -> str:
    voice, found = voice_of(run), modeled.explained["break"]
    own = found[found["unique_id"] == modeled.series["unique_id"].iloc[0]]
    if own.empty:
        return voice.say("modeling.breaks.unit.steady")
    return voice.say(
        "modeling.breaks.unit.changed",
        change=own["change"].iloc[0] / 100,
        month=iso(own["ds"].iloc[0]),
    )


def _row(row: pd.Series) -> list[object]:
    return [
        Cell(str(row["label"]), sub=str(row["level"]).replace("_", " ")),
        wording.month_word(iso(row["ds"])),
        Cell(wording.signed_percent(row["change"] / 100), bold=True),
        f"{row['strength']:.1f}",
        str(row["evidence"]),
    ]
