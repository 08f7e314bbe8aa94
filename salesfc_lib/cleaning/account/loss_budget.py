"""The loss budget: a unit whose quarantine is too large is not forecast.

Lines as read and the account after the rules enter; nothing leaves but an error. The decision made here: the share is
asked twice, of rows and of absolute amount, because a few rows may carry most of the money.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import Account
from salesfc_lib.cleaning.account.frames import sum_units
from salesfc_lib.errors import SalesForecastError


def weigh(account: Account) -> tuple[int, Decimal]:
    """Rows of the business, and their summed absolute amount; subtotals and repeated headers are no rows."""
    plain, amounts = account.lines["mark"].eq("").to_numpy(), account.lines["amount"].to_numpy()
    units = _sum_absolute(amounts if plain.all() else amounts[plain])
    return int(plain.sum()), Decimal(units).scaleb(-account.scales["amount"])


def check_loss(read: Sequence[tuple[int, Decimal]], account: Account, budget: float) -> None:
    """Raise `SalesForecastError` if the quarantined share of rows or of absolute amount is above the budget.

    `read` is what was weighed before the rules; an amount that cannot be read counts zero.
    """
    if not account.quarantined:
        return
    lost = pd.concat(
        [
            part[["source", "row", "reason", "amount"]].astype({"source": object})
            for part in account.quarantined
        ]
    )
    gone = Decimal(_sum_absolute(lost["amount"].to_numpy())).scaleb(-account.scales["amount"])
    shares = {
        "rows": (Decimal(len(lost)), Decimal(sum(rows for rows, _ in read))),
        "absolute amount": (gone, sum((amount for _, amount in read), Decimal(0))),
    }
    for name, (part, whole) in shares.items():
        if part > Decimal(str(budget)) * whole:
            raise SalesForecastError.say(
                f"{part} of {whole} {name} ({_percent(part, whole)}) cannot be used, first {_list_first(lost)}",
                f"At most {budget:.1%} (`cleaning.loss_budget`)",
                "Correct the export, or the source's parameters where they misread it",
            )


def _sum_absolute(units: np.ndarray) -> int:
    return int(sum_units(np.abs(units), np.zeros(len(units), dtype=np.int64), 1)[0])


def _percent(part: Decimal, whole: Decimal) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "all"


def _list_first(lost: pd.DataFrame) -> str:
    rows = lost.sort_values(["source", "row"]).head(3)
    return "; ".join(f"{item.source} row {item.row}: {item.reason}" for item in rows.itertuples())
