"""Tables of the reconciliation step, and what can be counted from them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from salesfc_lib.foundation import STAGES
from salesfc_lib.reporting.blocks import Check


@dataclass(frozen=True)
class ReconciledMonth:
    """Tables of the reconciliation step; `gap_before` and `gap` are relative incoherence before and after."""

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

    def stage(self, name: str) -> pd.DataFrame:
        """Rows of one stage."""
        return self.forecast[self.forecast["stage"] == name]

    def top(self, name: str | None = None) -> pd.DataFrame:
        """The top series' rows of a stage, by month; the published ones without a name."""
        rows = self.published if name is None else self.stage(name)
        return rows[rows["unique_id"] == self.series["unique_id"].iloc[0]].sort_values(
            "ds", ignore_index=True
        )

    def by_level(self) -> pd.DataFrame:
        """Next month by level: sums of the level's series before reconciliation and after."""
        first = self.forecast[self.forecast["h"] == 1].merge(
            self.series[["unique_id", "level"]], on="unique_id"
        )
        sums = first.pivot_table(
            index="level", columns="stage", values="y_hat", aggfunc="sum", sort=False
        )
        sums = sums.rename(columns={self.modeled: "before", "reconciled": "after"})[
            ["before", "after"]
        ]
        return sums.reindex(self.series["level"].drop_duplicates()).reset_index()

    def moves(self) -> pd.DataFrame:
        """What reconciliation moved next month: unique_id, label, level, before, after, change; largest first."""
        wide = self.forecast[
            (self.forecast["h"] == 1) & self.forecast["stage"].isin([self.modeled, "reconciled"])
        ]
        wide = wide.pivot(index="unique_id", columns="stage", values="y_hat")
        wide = wide.rename(columns={self.modeled: "before", "reconciled": "after"})
        table = self.series[["unique_id", "label", "level"]].merge(
            wide, left_on="unique_id", right_index=True
        )
        table = table.assign(change=table["after"] - table["before"])
        return table.sort_values("change", key=abs, ascending=False, ignore_index=True)

    def counts(self) -> dict[str, int]:
        """Counts that are the same on every machine."""
        return {
            "series published": int(self.published["unique_id"].nunique()),
            "months published": int(self.published["ds"].nunique()),
            "changes applied": int((self.adjustment["state"] == "applied").sum()),
            "changes refused": int((self.adjustment["state"] == "refused").sum()),
            "methods judged": int(self.reconciliation["method"].nunique()),
        }


def last_modeled(forecast: pd.DataFrame) -> str:
    """The stage that is reconciled: `assumed` where declared effects changed what was combined, else `combined`."""
    return "assumed" if forecast["stage"].eq("assumed").any() else "combined"


def final_stage(forecast: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last stage there is in a month's forecast."""
    last = max(forecast["stage"].unique(), key=STAGES.index)
    return forecast[forecast["stage"] == last].reset_index(drop=True)
