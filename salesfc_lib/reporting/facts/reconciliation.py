"""Tables of the reconciliation step, and what can be counted from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesfc_lib.foundation import STAGES
from salesfc_lib.reporting.blocks import Check
from salesfc_lib.reporting.facts.shared import sales_of


@dataclass(frozen=True)
class ReconciledMonth:
    """Tables of the reconciliation step; `gap_before` and `gap` are relative incoherence."""

    series: pd.DataFrame
    panel: pd.DataFrame
    forecast: pd.DataFrame
    reconciliation: pd.DataFrame
    adjustment: pd.DataFrame
    gap_before: float
    gap: float
    checks: tuple[Check, ...]
    bottom: str
    earlier: pd.DataFrame

    @property
    def published(self) -> pd.DataFrame:
        """Rows of the last stage there is: the numbers that are published."""
        return final_stage(self.forecast)

    @property
    def method(self) -> str:
        """The reconciliation method that was used."""
        return str(self.forecast.loc[self.forecast["stage"] == "reconciled", "model"].iloc[0])

    @property
    def modeled(self) -> str:
        """The stage that was reconciled."""
        return last_modeled(self.forecast)

    @property
    def month(self) -> pd.Timestamp:
        """The first month that is forecast."""
        return self.top()["ds"].iloc[0]

    @property
    def sold(self) -> pd.Series:
        """Sales of the whole unit by `ds`."""
        return sales_of(self.panel, self.series["unique_id"].iloc[0])

    def top(self, stage: str | None = None) -> pd.DataFrame:
        """The top series' rows of a stage, by month; the published ones without a name."""
        forecast = self.forecast
        rows = self.published if stage is None else forecast[forecast["stage"] == stage]
        own = rows[rows["unique_id"] == self.series["unique_id"].iloc[0]]
        return own.sort_values("ds", ignore_index=True)

    def next(self, stage: str | None = None) -> float:
        """The top series' forecast of the first month, at a stage or as published."""
        return float(self.top(stage)["y_hat"].iloc[0])

    def _first_month(self) -> pd.DataFrame:
        """The first month of every series: unique_id, label, level, before and after."""
        stages = {self.modeled: "before", "reconciled": "after"}
        rows = self.forecast[(self.forecast["h"] == 1) & self.forecast["stage"].isin(stages)]
        wide = rows.pivot(index="unique_id", columns="stage", values="y_hat").rename(columns=stages)
        named = self.series[["unique_id", "label", "level"]]
        return named.merge(wide[["before", "after"]], left_on="unique_id", right_index=True)

    def by_level(self) -> pd.DataFrame:
        """The first month by level: sums of the level's series before reconciliation and after."""
        sums = self._first_month().groupby("level", sort=False)[["before", "after"]].sum()
        return sums.reset_index()

    def moves(self) -> pd.DataFrame:
        """The first month with its change by reconciliation, the largest first."""
        table = self._first_month().assign(change=lambda rows: rows["after"] - rows["before"])
        return table.sort_values("change", key=abs, ascending=False, ignore_index=True)

    def counts(self) -> dict[str, int]:
        """Counts that are the same on every machine."""
        state = self.adjustment["state"]
        return {
            "series published": int(self.published["unique_id"].nunique()),
            "months published": int(self.published["ds"].nunique()),
            "changes applied": int((state == "applied").sum()),
            "changes refused": int((state == "refused").sum()),
            "methods judged": int(self.reconciliation["method"].nunique()),
        }

    @property
    def counted(self) -> dict[str, Any]:
        """`counts` by names that a sentence can hold."""
        return {name.replace(" ", "_"): n for name, n in self.counts().items()}


def last_modeled(forecast: pd.DataFrame) -> str:
    """The stage that is reconciled: `assumed` where declared effects act, else `combined`."""
    return "assumed" if forecast["stage"].eq("assumed").any() else "combined"


def final_stage(forecast: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last stage there is in a month's forecast."""
    last = max(forecast["stage"].unique(), key=STAGES.index)
    return forecast[forecast["stage"] == last].reset_index(drop=True)
