"""What finders of causes look at: misses of a month, what led up to them, and the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.foundation import SEASON, Calendar, bound_months, month_of, schema
from salesfc_lib.retrospective.compare import Past, no_rows
from salesfc_lib.retrospective.members import bottom_series, by_series


@dataclass(frozen=True)
class Evidence:
    """The unit's tables that may hold a cause; any of them may be empty.

    promotion_then: the promotion calendar as it was when the forecast was made (None: not
    archived); effects: what declared effects did to the forecast then (table `effect_applied` with
    author and reason); restatement: what became of history since; measure: column of the
    transactions that is forecast; returns_count: false where returns are kept apart; window: days
    around a promotion that it is agreed to influence, in the months of `calendar`; lifecycle: when
    a series sold regularly, and when it has ended.
    """

    transactions: pd.DataFrame = no_rows("transactions")
    inventory: pd.DataFrame = no_rows("inventory")
    promotion: pd.DataFrame = no_rows("promotion")
    promotion_then: pd.DataFrame | None = None
    outliers: pd.DataFrame = no_rows("outliers")
    adjustments: pd.DataFrame = no_rows("adjustment")
    effects: pd.DataFrame = no_rows("effect_applied")
    restatement: pd.DataFrame = no_rows("restatement")
    measure: str = "amount"
    returns_count: bool = True
    window: schema.PromotionWindow = schema.PromotionWindow()
    calendar: Calendar = Calendar()
    lifecycle: schema.Lifecycle = schema.Lifecycle()


@dataclass(frozen=True)
class Case:
    """The misses of one month (of `compare_month`), what led up to them, and the evidence."""

    missed: pd.DataFrame
    past: Past
    evidence: Evidence

    @property
    def series(self) -> pd.DataFrame:
        return self.past.series

    @property
    def month(self) -> pd.Timestamp:
        return self.missed["ds"].iloc[0]

    @property
    def made_in(self) -> pd.Timestamp:
        return self.missed["cutoff"].iloc[0]

    @cached_property
    def rows(self) -> dict[str, Any]:
        """Row of `missed` by unique_id, with `gap` = actual - forecast."""
        rows = self.missed.assign(gap=-self.missed["difference"])
        return {row.unique_id: row for row in rows.itertuples(index=False)}

    @cached_property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last day of the business month."""
        month = np.array([self.month], dtype="datetime64[M]")
        firsts, ends = bound_months(month, self.evidence.calendar)
        return pd.Timestamp(firsts[0]), pd.Timestamp(ends[0] - 1)

    @cached_property
    def sales(self) -> pd.DataFrame:
        """Sales through the month, months x bottom series.

        Null: not known, or before the first row.
        """
        past = self.past.actual[self.past.actual["ds"] <= self.month]
        past = past[past["unique_id"].isin(bottom_series(self.past.series)["unique_id"])]
        return past.pivot(index="ds", columns="unique_id", values="y_raw").sort_index()

    @cached_property
    def sold(self) -> pd.DataFrame:
        """Transactions of this month and the year before with unique_id and ds."""
        rows, months = self.evidence.transactions, month_of(self.evidence.transactions)
        first = self.month - pd.DateOffset(months=SEASON)
        return by_series(rows[(months >= first) & (months <= self.month)], self.past.series)

    @property
    def known(self) -> list[str]:
        """Missed series of which sales are known."""
        return [unique_id for unique_id in self.rows if unique_id in self.sales.columns]
