"""Restated history by cause, by month and by member, in exact decimals of one measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

import pandas as pd

ROWS = ["rows_new", "rows_gone", "rows_changed"]
EXACT = Context(prec=76)  # more digits than any sum of decimals of 38 has


@dataclass(frozen=True)
class Restated:
    """Months that the month before published, then and now, in the measure that is forecast."""

    restatement: pd.DataFrame
    months: pd.DataFrame
    dimensions: Sequence[str]
    measure: str

    @property
    def total(self) -> Decimal:
        """What all shared months are worth now less then."""
        return add(self.months[f"{self.measure}_difference"])

    def by_kind(self) -> pd.DataFrame:
        """One row per kind, the largest difference first: kind, months, `ROWS`, reason."""
        kinds = self.restatement.groupby("kind").agg(
            months=("ds", "nunique"),
            **{name: (name, "sum") for name in ROWS},
            difference=(f"{self.measure}_difference", add),
            reason=("reason", lambda reasons: "; ".join(dict.fromkeys(reasons))),
        )
        return _sort(kinds.reset_index())

    def by_month(self) -> pd.DataFrame:
        """One row per month that differs, oldest first: ds, before, now, difference, kinds."""
        by_month = self.restatement.groupby("ds")["kind"]
        kinds = by_month.agg(lambda found: ", ".join(sorted(set(found))))
        names = {f"{self.measure}_{view}": view for view in ("before", "now", "difference")}
        months = self.months[["ds", *names]].rename(columns=names)
        months = months[months["ds"].isin(kinds.index)]
        return months.assign(kinds=months["ds"].map(kinds)).reset_index(drop=True)

    def largest(self, most: int) -> pd.DataFrame:
        """Members of the bottom level that differ most: dimensions, difference, months."""
        by, value = [*self.dimensions], f"{self.measure}_difference"
        whole = [((), self.restatement)] if len(self.restatement) else []
        groups = self.restatement.groupby(by, sort=True) if by else whole
        rows = [(*members, add(found[value]), found["ds"].nunique()) for members, found in groups]
        return _sort(pd.DataFrame(rows, columns=[*by, "difference", "months"])).head(most)


def add(values: pd.Series) -> Decimal:
    """Exact sum of decimals."""
    with localcontext(EXACT):
        return sum(values, Decimal(0))


def _sort(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by absolute difference, the largest first."""
    size = table["difference"].map(abs).astype(object)
    order = size.sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)
