"""What the modeling notebook says of level shifts: where, since when, by how much."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import SEASON
from salesfc_lib.reporting.blocks import Cell, Prose
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.writer import Blocks, with_labels, writer_of

SHOWN = 10  # level shifts that are listed, those of the largest sales first


def level_shifts(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """How many series changed their level, whether the unit did, and the changes that move most."""
    writer, found = writer_of(run), modeled.explained["break"]
    everything, key = len(modeled.series), "modeling.level_shifts"
    if found.empty:
        return Blocks(writer.prose(f"{key}.none", all=everything))
    found = found.assign(share=found["change"] / 100)
    unit = found[found["unique_id"] == modeled.top]
    table = order_level_shifts(found, modeled)
    cut = "some" if len(found) > len(table) else "all"
    cells = (
        Cell("{label}", sub="{level:spaced}"),
        "{ds:month_word}",
        Cell("{share:signed_percent}", bold=True),
        "{strength:.1f}",
        "{evidence}",
    )
    block = writer.table(
        f"{key}.table",
        table,
        cells,
        width="min46",
        cut=writer.text(f"{key}.cut.{cut}", shown=len(table), n=len(found)),
        **table.iloc[0],
    )
    sentences = (
        writer.text(f"{key}.some", n=len(found), all=everything),
        writer.text(f"{key}.unit.changed", **unit.iloc[0])
        if len(unit)
        else writer.text(f"{key}.unit.steady"),
        writer.text(f"{key}.{'handled' if run.parameters.breaks.enabled else 'left'}"),
    )
    return Blocks(Prose(" ".join(sentences)), block)


def order_level_shifts(found: pd.DataFrame, modeled: ModeledMonth) -> pd.DataFrame:
    """The ten shifts that move most sales in a year: with label and level, largest first."""
    sales = modeled.panel.sort_values("ds").groupby("unique_id")["y_raw"]
    sold = found["unique_id"].map(sales.apply(lambda months: months.tail(SEASON).sum()))
    before = sold / (1 + found["change"] / 100)
    table = with_labels(found.assign(moved=(before * found["change"]).abs()), modeled.series)
    ordered = table.sort_values(["moved", "unique_id"], ascending=[False, True], ignore_index=True)
    return ordered.head(SHOWN)
