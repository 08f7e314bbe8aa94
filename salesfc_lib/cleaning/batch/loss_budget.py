"""The loss budget: a unit whose quarantine is too large is not forecast."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.frames import sum_units
from salesfc_lib.errors import SalesForecastError


def weigh(batch: Batch) -> tuple[int, Decimal]:
    """Rows and their summed absolute amount, without subtotals and repeated headers."""
    plain, amounts = batch.lines["mark"].eq("").to_numpy(), batch.lines["amount"].to_numpy()
    amounts = amounts if plain.all() else amounts[plain]
    return int(plain.sum()), _sum_absolute(amounts, batch)


def check_loss(read: Sequence[tuple[int, Decimal]], batch: Batch, budget: float) -> None:
    """Raise `SalesForecastError` if the quarantined share of rows or amount is above the budget.

    Both are limited, because a few rows may carry most of the money. `read` is what was weighed
    before the rules; an amount that cannot be read counts zero.
    """
    if not batch.quarantined:
        return
    columns = ["source", "row", "reason", "amount"]
    lost = pd.concat([part[columns].astype({"source": object}) for part in batch.quarantined])
    gone = _sum_absolute(lost["amount"].to_numpy(), batch)
    shares = {
        "rows": (Decimal(len(lost)), Decimal(sum(rows for rows, _ in read))),
        "absolute amount": (gone, sum((amount for _, amount in read), Decimal(0))),
    }
    for name, (part, whole) in shares.items():
        if part > Decimal(str(budget)) * whole:
            share = f"{100 * part / whole:.1f} %" if whole else "all"
            firsts = lost.sort_values(["source", "row"]).head(3).itertuples()
            shown = "; ".join(f"{item.source} row {item.row}: {item.reason}" for item in firsts)
            raise SalesForecastError.say(
                f"{part} of {whole} {name} ({share}) cannot be used, first {shown}",
                f"At most {budget:.1%} (`cleaning.loss_budget`)",
                "Correct the export, or the source's parameters where they misread it",
            )


def _sum_absolute(units: np.ndarray, batch: Batch) -> Decimal:
    total = sum_units(np.abs(units), np.zeros(len(units), dtype=np.int64), 1)[0]
    return Decimal(int(total)).scaleb(-batch.scales["amount"])
