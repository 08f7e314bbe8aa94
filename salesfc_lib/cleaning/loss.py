"""The loss budget: a unit whose quarantine is too large is not forecast.

Lines as read and the account after the rules enter; nothing leaves but an error. The decision made here: the share is
asked twice, of rows and of absolute amount, because a few rows may carry most of the money.
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from salesfc_lib.cleaning.ledger import ZERO, Account, exactly
from salesfc_lib.errors import SalesForecastError


def check_loss(read: pd.DataFrame, account: Account, budget: float) -> None:
    """Raise `SalesForecastError` if the quarantined share of rows or of absolute amount is above the budget.

    Subtotals and repeated headers are no rows here; an amount that cannot be read counts zero.
    """
    if not account.quarantined:
        return
    business = read[read["mark"].eq("")]
    lost = pd.concat(account.quarantined, ignore_index=True)
    shares = {
        "rows": (Decimal(len(lost)), Decimal(len(business))),
        "absolute amount": (_sum_absolute(lost), _sum_absolute(business)),
    }
    for name, (part, whole) in shares.items():
        if part > Decimal(str(budget)) * whole:
            raise SalesForecastError.say(
                f"{part} of {whole} {name} ({_percent(part, whole)}) cannot be used, first {_list_first(lost)}",
                f"At most {budget:.1%} (`cleaning.loss_budget`)",
                "Correct the export, or the source's parameters where they misread it",
            )


def _sum_absolute(lines: pd.DataFrame) -> Decimal:
    with exactly():
        return sum((abs(amount) for amount in lines["amount"]), ZERO)


def _percent(part: Decimal, whole: Decimal) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "all"


def _list_first(lost: pd.DataFrame) -> str:
    rows = lost.sort_values(["source", "row"]).head(3)
    return "; ".join(f"{item.source} row {item.row}: {item.reason}" for item in rows.itertuples())
