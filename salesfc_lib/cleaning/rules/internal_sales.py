"""Which lines are sales of the unit: sales within the company and samples, in or out.

An account enters and leaves. The decisions made here: both are told apart even where they count, and both are judged last, when
amounts are in the unit's currency and quantities in its base unit. A sample is a line with pieces and without an amount.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.basic_rules import Context, where
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake import category_of

TAG = "within_company"  # column of lines: 'yes' for a sale within the company


def settle_within_company(account: Account, context: Context) -> Account:
    """Account whose sales within the company are tagged, and left out unless the unit's measure has them in."""
    measure, lines = context.parameters.measure, account.lines
    if not measure.own_company:
        return account
    if missing := [name for name in measure.own_company if name not in lines]:
        raise SalesForecastError.missing_columns(
            missing, lines.columns, "`measure.own_company`: the orders with their lookups"
        )
    own = np.zeros(len(lines), dtype=bool)
    for name, values in measure.own_company.items():
        column = lines[name].cat
        own |= np.append(column.categories.isin(values), False)[column.codes.to_numpy()]
    if measure.within_company == "out":
        return account.apply(
            Finding(
                "within_company",
                "drop",
                where(own),
                "sales within the company, which the unit leaves out",
            )
        )
    account = account.relabel(
        lines.assign(**{TAG: category_of(own.astype(np.int8), [None, "yes"])})
    )
    return account.apply(
        Finding(
            "within_company", "note", where(own), "sales within the company, which the unit counts"
        )
    )


def settle_samples(account: Account, context: Context) -> Account:
    """Account whose samples are counted apart, and left out where the unit's measure has them out."""
    lines = account.lines
    priced = [
        name
        for name, source in context.sources.items()
        if {"quantity", "amount"} <= set(source.columns)
    ]
    free = (
        (lines["amount"].to_numpy() == 0)
        & (lines["quantity"].to_numpy() != 0)
        & lines["kind"].ne("adjustment").to_numpy()
    )
    at = where(free)
    at = at[lines["name"].iloc[at].isin(priced).to_numpy()]
    if context.parameters.measure.samples == "out":
        return account.apply(
            Finding(
                "sample", "drop", at, "samples: pieces without a price, which the unit leaves out"
            )
        )
    reason = "samples: pieces without a price; the pieces count, and there is no revenue"
    return account.apply(Finding("sample", "note", at, reason, counted="quantity"))
