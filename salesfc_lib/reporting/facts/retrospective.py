"""Tables of the retrospective, and what can be counted from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesfc_lib.reporting.blocks import Check
from salesfc_lib.reporting.facts.shared import NamedTables
from salesfc_lib.reporting.facts.summary import Ratio

UNEXPLAINED = "not_explained"  # the cause of what no table explains
BY_LAG = (
    "by_lag",
    "by_dimension",
    "by_dimension_year",
    "history",
    "coverage",
    "parts",
    "improvement",
)
BY_STAGE = ("value_added", "value_added_year")
BY_SERIES = ("series_errors", "total", "missed", "misses", "causes_all", "causes", "difference")
BY_PERSON = ("people", "salespeople", "attributed", "stock", "proposals")
RETROSPECTIVE_TABLES = (*BY_LAG, *BY_STAGE, *BY_SERIES, *BY_PERSON)


@dataclass(frozen=True)
class ComparedMonth(NamedTables):
    """Tables of the retrospective by name; `vintages` counts earlier months in the archive."""

    tables: dict[str, pd.DataFrame]
    improvement: dict[str, Any]
    series: pd.DataFrame
    vintages: int
    month: pd.Timestamp
    bottom: str
    checks: tuple[Check, ...]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    @property
    def scored(self) -> bool:
        """Whether an earlier month forecast this one."""
        return not self.tables["missed"].empty

    @property
    def now(self) -> pd.Series:
        """This month at lag 1, bottom level: a row of `by_lag`."""
        table = self.tables["by_lag"]
        return table[(table["level"] == self.bottom) & (table["lag"] == 1)].iloc[0]

    def people_gain(self) -> float | None:
        """Accuracy that people's changes added this month, bottom level; None without any."""
        rows = self.tables["value_added"].query(
            "level == @self.bottom and stage == 'adjusted' and own_months > 0"
        )
        return float(rows["gain"].iloc[0]) if len(rows) else None

    @property
    def before(self) -> pd.Series | None:
        """The month before at lag 1, bottom level; None where it was not scored."""
        history = self.one_ahead()
        rows = history[history["ds"] == self.month - pd.DateOffset(months=1)]
        return rows.iloc[0] if len(rows) else None

    def one_ahead(self) -> pd.DataFrame:
        """Accuracy month by month, one month ahead, bottom level."""
        table = self.tables["history"]
        return table[table["level"] == self.bottom].sort_values("ds", ignore_index=True)

    @property
    def proposed(self) -> pd.DataFrame:
        """Proposals that wait for a decision."""
        return self.tables["proposals"].query("decision == 'open'")

    def run_of_bias(self, limit: float) -> int:
        """Months running, this one included, with bias beyond the limit in the same direction."""
        bias = self.one_ahead()["bias"].iloc[::-1]
        sign = 1 if len(bias) and bias.iloc[0] > 0 else -1
        return int((bias * sign > limit).cumprod().sum())

    def ratio(self, metric: str, stage: str = "published") -> Ratio | None:
        """Pooled parts of this month's score one month ahead, bottom level; None for a stage that
        was not forecast, such as a seasonal naive after less than a year.
        """
        parts = self.tables["parts"]
        row = parts[(parts["stage"] == stage) & (parts["metric"] == metric)]
        sums = row[["numerator", "denominator"]].astype(float).itertuples(index=False)
        return next((Ratio(*both) for both in sums), None)

    def counts(self) -> dict[str, int]:
        """Counts that are the same on every machine."""
        return {
            "lags scored": int(self.tables["by_lag"]["lag"].nunique()),
            "members of dimensions scored": len(self.tables["by_dimension"].query("lag == 1")),
            "authors of changes": len(self.tables["people"]),
            "bottom series compared": len(self.tables["missed"]),
        }
