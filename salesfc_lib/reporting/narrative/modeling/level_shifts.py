"""Level shifts: where, since when, by how much."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import SEASON
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.writer import Blocks, with_labels, writer_of

SHOWN = 10  # level shifts that are listed, those of the largest sales first


@in_languages
def lasting_changes(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """How many series changed their level, whether the unit did, and the changes that move most."""
    writer, shifts = writer_of(run), modeled.explained["break"]
    everything, key = len(modeled.series), "modeling.level_shifts"
    if shifts.empty:
        return Blocks(writer.prose(f"{key}.none", all=everything))
    shifts = shifts.assign(share=shifts["change"] / 100)
    unit = shifts[shifts["unique_id"] == modeled.top]
    table = order_level_shifts(shifts, modeled)
    cut = "some" if len(shifts) > len(table) else "all"
    own = unit.iloc[0] if len(unit) else {}
    return writer.section(
        key,
        table,
        n=len(shifts),
        all=everything,
        cut=writer.text(f"{key}.cut.{cut}", shown=len(table), n=len(shifts)),
        whole=writer.text(f"{key}.unit.{'changed' if len(unit) else 'steady'}", **own),
        handling=writer.text(f"{key}.{'handled' if run.parameters.breaks.enabled else 'left'}"),
        **table.iloc[0],
    )


def order_level_shifts(shifts: pd.DataFrame, modeled: ModeledMonth) -> pd.DataFrame:
    """The ten shifts that move most sales in a year: with label and level, largest first."""
    sales = modeled.panel.sort_values("ds").groupby("unique_id")["y_raw"]
    sold = shifts["unique_id"].map(sales.apply(lambda months: months.tail(SEASON).sum()))
    before = sold / (1 + shifts["change"] / 100)
    table = with_labels(shifts.assign(moved=(before * shifts["change"]).abs()), modeled.series)
    ordered = table.sort_values(["moved", "unique_id"], ascending=[False, True], ignore_index=True)
    return ordered.head(SHOWN)
