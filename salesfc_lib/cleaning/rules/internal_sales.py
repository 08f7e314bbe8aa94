"""Which lines are sales of the unit: sales within the company and samples, in or out.

Both are noted even where they count, and both are judged last, when amounts are in the unit's
currency and quantities in its base unit. A sample is a line with pieces and without an amount.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import say
from salesfc_lib.intake import text_columns

TAG = "within_company"  # column of lines: 'yes' for a sale within the company


def settle_within_company(batch: Batch, context: Context) -> Batch:
    """Batch whose sales within the company are tagged, or left out as the unit's measure says."""
    measure, lines = context.parameters.measure, batch.lines
    if not measure.own_company:
        return batch
    if missing := [name for name in measure.own_company if name not in lines]:
        raise SalesForecastError.missing_columns(
            missing, lines.columns, "`measure.own_company`: the orders with their lookups"
        )
    own = np.zeros(len(lines), dtype=bool)
    for name, values in measure.own_company.items():
        column = lines[name].cat
        own |= np.append(column.categories.isin(values), False)[column.codes.to_numpy()]
    reason = say(f"reason.within_company.{measure.within_company}")
    if measure.within_company == "out":
        return batch.drop("within_company", where(own), reason)
    batch = batch.with_columns(
        **{TAG: text_columns.category_of(own.astype(np.int8), [None, "yes"])}
    )
    return batch.note("within_company", where(own), reason)


def settle_samples(batch: Batch, context: Context) -> Batch:
    """Batch whose samples are noted, and left out where the unit's measure has them out."""
    lines, sources = batch.lines, context.sources
    priced = [name for name in sources if {"quantity", "amount"} <= set(sources[name].columns)]
    free = lines["amount"].eq(0) & lines["quantity"].ne(0) & lines["kind"].ne("adjustment")
    at = where(free)
    at = at[lines["name"].iloc[at].isin(priced).to_numpy()]
    if context.parameters.measure.samples == "out":
        return batch.drop("sample", at, say("reason.sample.out"))
    return batch.note("sample", at, say("reason.sample.in"), counted="quantity")
