"""What the sections of the handover share: pieces and money in words, and where numbers are from.

The measure of the unit's page is what is forecast; here pieces and money stand beside each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import amounts, wording
from salesfc_lib.reporting.blocks import Table
from salesfc_lib.reporting.facts.handover import HandedMonth
from salesfc_lib.reporting.narrative.writer import SHOWN, BlockWriter


def in_pieces(run: UnitMonth) -> BlockWriter:
    """The writer of quantities."""
    return BlockWriter(amounts.AmountFormat("", run.parameters.unit.quantity_unit))


def in_money(run: UnitMonth) -> BlockWriter:
    """The writer of amounts of money."""
    return BlockWriter(amounts.AmountFormat(run.parameters.unit.currency))


def label(rows: pd.DataFrame, handed: HandedMonth) -> pd.DataFrame:
    """Rows of stocked series with the `label` of each."""
    return rows.merge(handed.series[["unique_id", "label"]], on="unique_id", how="left")


def by_month(rows: pd.DataFrame, value: str, months: Iterable[pd.Timestamp]) -> pd.DataFrame:
    """One row per label, a column of `value` per month ('YYYY-MM')."""
    wide = rows.pivot(index="label", columns="ds", values=value)[[*months]]
    return wide.set_axis([f"{month:%Y-%m}" for month in wide.columns], axis=1)


def month_columns(months: Iterable[pd.Timestamp], form: str = "") -> dict[str, str]:
    """Heads and cells of months, for a table's `columns`; without a format they are cells."""
    named = [f"{month:%Y-%m}" for month in months]
    return {f">{wording.month_short(iso)}": f"{{{iso}{form}}}" for iso in named}


def basis(writer: BlockWriter, rows: pd.DataFrame, name: str) -> Table:
    """A folded table of where numbers are from: formula, assumptions and inputs of each row.

    Rows that say the same are one; `name` is the column that tells which they are.
    """
    said = rows.assign(
        **{each: rows[each].map(writer.said) for each in ("formula", "assumptions", "inputs")}
    )
    own = ["formula", "assumptions", "inputs"]
    groups = said.groupby(own, sort=False)[name].agg(lambda names: [*dict.fromkeys(names)])
    told = groups.reset_index().assign(names=lambda each: each[name].map(wording.listing))
    table = writer.table("handover.basis", told.head(SHOWN), n=len(told))
    return replace(table, folded=True)
