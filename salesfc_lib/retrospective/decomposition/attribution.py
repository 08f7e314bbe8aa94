"""The difference by member of every dimension, and of every column of names below the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.decomposition.sharing import VALUES, share_out
from salesfc_lib.retrospective.members import bottom_series, dimensions


@dataclass(frozen=True)
class Part:
    """A part of the month: its rows, and what its members can be shared out by.

    rows: forecast and actual by unique_id, `dimensions` and `named`; sold: of `sum_sales` with all
    names; fixed: dimensions of which the rows have one member; named: names split by already.
    """

    rows: pd.DataFrame
    sold: pd.DataFrame
    dimensions: tuple[str, ...]
    fixed: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    def split(self, column: str) -> Part:
        """The same rows with `column`: a dimension of theirs, or names that they are shared to."""
        if column in self.rows:
            return replace(self, fixed=(*self.fixed, column))
        rows = share_out(self.rows, self.sold, column, key=("unique_id", *self.named))
        return replace(self, rows=rows, named=(*self.named, column))

    def only(self, column: str, member: str | None) -> Part:
        """The rows of one member of a column."""
        rows, sold = self.rows[_is(self.rows[column], member)], self.sold
        sold = sold[sold["unique_id"].isin(rows["unique_id"])]
        if column in self.named:
            sold = sold[_is(sold[column], member)]
        return replace(self, rows=rows, sold=sold)

    def by(self, column: str) -> pd.DataFrame:
        """Forecast, actual and difference by member, by size of the difference; null is one."""
        table = self.rows.groupby(column, dropna=False)[VALUES].sum()
        table = table.rename_axis("member").reset_index()
        table = table.assign(difference=table["forecast"] - table["actual"])
        order = table["difference"].abs().sort_values(ascending=False, kind="stable").index
        return table.loc[order].reset_index(drop=True)


def _is(values: pd.Series, member: str | None) -> pd.Series:
    return values.isna() if member is None else values == member


def whole_month(missed: pd.DataFrame, series: pd.DataFrame, sold: pd.DataFrame) -> Part:
    """Everything that `compare_month` found, with the members of each series."""
    bottom = bottom_series(series)
    own = tuple(name for name in dimensions(series) if bottom[name].notna().any())
    rows = missed[["unique_id", *VALUES]].merge(bottom[["unique_id", *own]], on="unique_id")
    return Part(rows, sold, own)


def attribute(month: Part, names: Sequence[str]) -> pd.DataFrame:
    """Table `attribution`: forecast, actual and difference by member of each dimension and name.

    Members of a dimension sum their bottom series exactly; where `shared`, the forecast is shared
    out (`sharing.share_out`). Null is what has no member by name. Each dimension's rows sum to the
    forecast and the actual of the month.
    """
    found = [
        month.split(name).by(name).assign(dimension=name, shared=name in names)
        for name in (*month.dimensions, *names)
    ]
    return tables.build(pd.concat(found), "attribution") if found else tables.empty("attribution")
