"""Small orders exports and a unit that reads them, for tests of what the unit's definition does to
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.cleaning.clean import Cleaned, clean
from salesfc_lib.foundation.schema import Parameters

COLUMNS = {
    name: name
    for name in ("date", "order_id", "line", "customer", "product", "region", "quantity", "amount")
}

Row = Mapping[str, Any]


def order(
    order_id: str = "A1", date: str = "2024-06-03", amount: str = "100.00", **more: Any
) -> Row:
    """A row of the export."""
    row = {
        "date": date,
        "order_id": order_id,
        "line": "1",
        "customer": "Li",
        "product": "p",
        "region": "east",
        "quantity": "2",
    }
    return {**row, "amount": amount, **more}


def save(folder: Path, name: str, rows: list[Row]) -> None:
    """Rows as a CSV file."""
    pd.DataFrame(rows).fillna("").to_csv(folder / f"{name}.csv", index=False)


def unit(
    sources: Mapping[str, Any] | None = None,
    *,
    orders: Mapping[str, Any] | None = None,
    **more: Any,
) -> Parameters:
    """A unit with orders from orders.csv (`orders` says what differs; its `columns` are added),
    more sources, a wide loss budget.
    """
    declared = dict(orders or {})
    own = {
        "kind": "csv",
        "path": "orders.csv",
        **declared,
        "columns": {**COLUMNS, **declared.get("columns", {})},
    }
    tree = {
        "sources": {"orders": own, **(sources or {})},
        "dimensions": ["region"],
        "calendar": {"closed_through": "2024-12"},
        "levels": {"total": [], "region": ["region"]},
        "cleaning": {"loss_budget": 1.0},
    }
    return Parameters.model_validate({**tree, **more})


def run(
    folder: Path, rows: list[Row], parameters: Parameters | None = None, month: str = "2024-12"
) -> Cleaned:
    """What cleaning leaves of the rows."""
    save(folder, "orders", rows)
    return clean(parameters or unit(), folder, month)


def by_rule(cleaned: Cleaned) -> dict[str, tuple[int, Decimal, Decimal]]:
    """Rows, quantity and amount of each rule."""
    sums = cleaned.ledger.groupby("rule", sort=False)[["rows", "quantity", "amount"]].sum()
    return {
        str(rule): (int(row["rows"]), row["quantity"], row["amount"])
        for rule, row in sums.iterrows()
    }


def amounts(cleaned: Cleaned) -> list[Decimal]:
    """Amounts of the transactions, in the order of the rows."""
    return cleaned.transactions["amount"].tolist()
