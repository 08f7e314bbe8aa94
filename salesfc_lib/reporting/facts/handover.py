"""Tables of the handover, and what can be counted from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesfc_lib.reporting.blocks import Check
from salesfc_lib.reporting.facts.shared import NamedTables

DECIDED_TABLES = (
    *("sum_coverage", "stock_policy", "requirements", "urgent", "capacity_plan", "finance"),
    *("asked", "outlook"),
)
SUPPLY_TABLES = ("lead_time", "on_hand", "open_order", "price", "cost", "capacity")
HANDED_TABLES = (*DECIDED_TABLES, *SUPPLY_TABLES)
NOW = ("expedite", "order")  # what to do with a series that is to be ordered at once
OVER = 0.5  # share of the paths from which a month counts as beyond capacity


@dataclass(frozen=True)
class HandedMonth(NamedTables):
    """Tables of the handover by name. `level`: what is stocked; `site`: its dimension that names
    the place; `before`: table urgent of the month before, None where there was no handover.
    """

    tables: dict[str, pd.DataFrame]
    series: pd.DataFrame
    month: pd.Timestamp
    level: str
    site: str | None
    checks: tuple[Check, ...]
    before: pd.DataFrame | None
    stock_from: str  # the role whose source the stock is from; empty: not known
    sold: pd.Series  # sales of the whole unit by `ds`; without months where pieces are forecast

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    @property
    def items(self) -> pd.DataFrame:
        """The series that are stocked."""
        return self.series[self.series["level"].eq(self.level)]

    @property
    def months(self) -> list[pd.Timestamp]:
        """The months planned."""
        return sorted(self["requirements"]["ds"].unique())

    @property
    def knows_stock(self) -> bool:
        """Whether stock is known for anything, so that it can be said what has to arrive."""
        return bool(self["requirements"]["planned"].notna().any())

    @property
    def knows_days(self) -> bool:
        """Whether lead times are known too, so that it can be said when to order."""
        return bool(self["urgent"]["quantity"].notna().any())

    def to_order(self) -> pd.DataFrame:
        """What is to be ordered at once, most urgent first."""
        urgent = self["urgent"]
        return urgent[urgent["action"].isin(NOW) & urgent["quantity"].gt(0)]

    def overdue(self) -> pd.DataFrame:
        """Purchase orders that should have come before the first month planned."""
        orders = self["open_order"]
        is_late = orders["kind"].eq("purchase") & orders["due"].lt(self.months[0])
        return orders[is_late].sort_values("due")

    def beyond(self) -> pd.DataFrame:
        """Months of a member in which demand is likelier above its capacity than not."""
        plan = self["capacity_plan"]
        return plan[plan["over"].ge(OVER)]

    def money(self, item: str) -> pd.DataFrame:
        """Rows of one item of finance, by month."""
        table = self["finance"]
        return table[table["item"].eq(item)].sort_values("ds", ignore_index=True)

    def total(self, name: str) -> pd.Series:
        """The whole unit over all months planned: mean and range of what `outlook` calls so."""
        return self["outlook"].set_index("name").loc[name]

    def counts(self) -> dict[str, int]:
        """Counts that are the same on every machine."""
        return {
            "series stocked": len(self.items),
            "months planned": len(self.months),
            "sources asked for": len(self["asked"]),
        }

    @property
    def counted(self) -> dict[str, Any]:
        """`counts` by names that a sentence can hold."""
        return {name.replace(" ", "_"): n for name, n in self.counts().items()}
