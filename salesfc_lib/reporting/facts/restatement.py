"""What a notebook shows of restated history: by cause, by month, and the members that moved most.

Tables `restatement` and `restatement_months` enter; small tables leave, in exact decimals of one measure. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

import pandas as pd

ROWS = ["rows_new", "rows_gone", "rows_changed"]
EXACT = Context(prec=76)  # more digits than any sum of decimals of 38 has


@dataclass(frozen=True)
class Restated:
    """The months that the month before published, as they were then and are now, in the measure that is forecast."""

    restatement: pd.DataFrame
    months: pd.DataFrame
    dimensions: Sequence[str]
    measure: str

    @property
    def total(self) -> Decimal:
        """What all shared months are worth now less then."""
        return add(self.months[f"{self.measure}_difference"])

    def by_kind(self) -> pd.DataFrame:
        """One row per kind, the largest difference first: kind, months, rows_new, rows_gone, rows_changed, difference, reason."""
        groups = [
            {
                "kind": kind,
                "months": rows["ds"].nunique(),
                **rows[ROWS].sum().astype(int),
                "difference": add(rows[f"{self.measure}_difference"]),
                "reason": "; ".join(dict.fromkeys(rows["reason"])),
            }
            for kind, rows in self.restatement.groupby("kind")
        ]
        return _sort(
            pd.DataFrame(groups, columns=["kind", "months", *ROWS, "difference", "reason"])
        )

    def by_month(self) -> pd.DataFrame:
        """One row per month that differs, oldest first: ds, before, now, difference and the kinds of it."""
        kinds = self.restatement.groupby("ds")["kind"].agg(
            lambda found: ", ".join(sorted(set(found)))
        )
        names = {f"{self.measure}_{view}": view for view in ("before", "now", "difference")}
        months = self.months[["ds", *names]].rename(columns=names)
        months = months[months["ds"].isin(kinds.index)]
        return months.assign(kinds=months["ds"].map(kinds)).reset_index(drop=True)

    def largest(self, most: int) -> pd.DataFrame:
        """The members of the bottom level with the largest absolute difference over all months: dimensions, difference, months."""
        by = [*self.dimensions]
        value = f"{self.measure}_difference"
        groups = (
            self.restatement.groupby(by, sort=True)
            if by
            else [((), self.restatement)]
            if len(self.restatement)
            else []
        )
        rows = [(*members, add(found[value]), found["ds"].nunique()) for members, found in groups]
        return _sort(pd.DataFrame(rows, columns=[*by, "difference", "months"])).head(most)


def add(values: pd.Series) -> Decimal:
    """Exact sum of decimals."""
    with localcontext(EXACT):
        return sum(values, Decimal(0))


def _sort(table: pd.DataFrame) -> pd.DataFrame:
    order = (
        table["difference"]
        .map(abs)
        .astype(object)
        .sort_values(ascending=False, kind="stable")
        .index
    )
    return table.loc[order].reset_index(drop=True)
