"""Tables of the cleaning step, and what can be counted from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesfc_lib.reporting.blocks import Check
from salesfc_lib.reporting.facts.restatement import Restated, add


@dataclass(frozen=True)
class CleanedBefore:
    """The month before, as published: rows kept and set aside; its history's value now - then."""

    month: str
    kept: int
    quarantine: int
    restated: float


@dataclass(frozen=True)
class CleanedMonth:
    """Tables of the cleaning step."""

    ledger: pd.DataFrame
    quarantine: pd.DataFrame
    problems: pd.DataFrame
    outliers: pd.DataFrame
    censored: pd.DataFrame
    control: pd.DataFrame
    proposals: pd.DataFrame
    restated: Restated
    series: pd.DataFrame
    panel: pd.DataFrame
    missing: pd.DataFrame
    files: list[dict[str, Any]]
    checks: tuple[Check, ...]
    bottom: str
    before: CleanedBefore | None

    @property
    def by_rule(self) -> pd.DataFrame:
        """`ledger_totals` by rule."""
        return ledger_totals(self.ledger).set_index("rule")

    def totals(self) -> pd.DataFrame:
        """`by_rule` with its decimals as text."""
        return self.by_rule.astype({"quantity": str, "amount": str})

    def counts(self) -> dict[str, int]:
        """Counts that are the same on every machine."""
        return {
            "rows kept": int(self.by_rule.loc["kept", "rows"]),
            "rows in quarantine": len(self.quarantine),
            "series": len(self.series),
            "bottom series": int((self.series["level"] == self.bottom).sum()),
            "months": int(self.panel["ds"].nunique()),
            "outliers": len(self.outliers),
        }


def ledger_totals(ledger: pd.DataFrame) -> pd.DataFrame:
    """One row per rule, opening first and kept last: rows, quantity and amount summed exactly."""
    table = (
        ledger.groupby("rule")
        .agg(rows=("rows", "sum"), quantity=("quantity", add), amount=("amount", add))
        .reset_index()
    )
    order = table["rule"].map({"opening": 0, "kept": 2}).fillna(1)
    return (
        table.assign(order=order)
        .sort_values(["order", "rule"], ignore_index=True)
        .drop(columns="order")
    )
