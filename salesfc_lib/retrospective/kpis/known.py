"""What a unit's KPIs rest on: its archive, its sales and its side tables, up to a month.

A row of stock or of targets holds for the series that its dimensions name; what was sold of them
stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import SEASON, Parameters, bound_months, tables
from salesfc_lib.retrospective.compare import Past, no_rows, window
from salesfc_lib.retrospective.members import bottom_series, by_series, match
from salesfc_lib.retrospective.value_added import score_steps

YEARS = 2 * SEASON  # months that the windows and those a year before them reach back
# what months before bring, and no source: the stage that it leaves
ARCHIVED = {"archive": "", "effects": "assumed", "overrides": "adjusted"}


@dataclass(frozen=True)
class Known:
    """What a unit's KPIs rest on: months up to `month`, of the tables by those names.

    Any table may be empty. `transactions` are those whose quantities count as sold.
    """

    past: Past
    month: pd.Timestamp
    parameters: Parameters
    inventory: pd.DataFrame = no_rows("inventory")
    delivery: pd.DataFrame = no_rows("delivery")
    target: pd.DataFrame = no_rows("target")
    transactions: pd.DataFrame = no_rows("transactions")

    @cached_property
    def bottom(self) -> pd.DataFrame:
        """The series that partition the business: their `unique_id` alone."""
        return bottom_series(self.past.series)[["unique_id"]]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Scores of what was published one month ahead, at the bottom level."""
        return self.past.scores(self.month, YEARS, [1]).merge(self.bottom, on="unique_id")

    @cached_property
    def steps(self) -> pd.DataFrame:
        """Scores of each stage that was archived, beside the stage before it, bottom level."""
        scored = score_steps(self.past, month=self.month, months=YEARS)
        scored = scored[scored["before"].notna() & (scored["own_months"] > 0)]
        return scored.merge(self.bottom, on="unique_id")

    @cached_property
    def sales(self) -> pd.DataFrame:
        """Sales (`sold`) of each bottom series in the months with any row of the unit."""
        rows = self.past.actual.merge(self.bottom, on="unique_id").dropna(subset="y_raw")
        return rows[["unique_id", "ds", "y_raw"]].rename(columns={"y_raw": "sold"})

    @cached_property
    def is_valued(self) -> bool:
        """Whether what the stock cost is known of any."""
        return bool(self.inventory["value"].notna().any())

    @cached_property
    def stocked(self) -> pd.DataFrame:
        """Rows of stock with its level and what was sold of its series, in the months with sales.

        Both at the stock's cost where that is known of any, what was sold at that of its member's
        latest stock; else in pieces.
        """
        rows = self.inventory[self.inventory["ds"].isin(self.sales["ds"])]
        rows = rows.sort_values("ds", kind="stable", ignore_index=True)
        sold = by_series(self.transactions, self.past.series)
        sold = sold.assign(sold=sold["quantity"].astype(float))
        covered = self.cover(rows, sold[["unique_id", "ds", "sold"]])
        pieces = covered.groupby("row")["sold"].sum().reindex(rows.index).fillna(0.0)
        if not self.is_valued:
            return rows.assign(level=rows["stock"], sold=pieces)
        cost = rows["value"].astype(float) / rows["stock"].where(rows["stock"] > 0)
        members = rows.columns.difference(tables.empty("inventory").columns)
        by = [rows[name] for name in members] or [pd.Series(0, index=rows.index)]
        known = cost.groupby(by, dropna=False)
        return rows.assign(level=rows["value"], sold=pieces * known.ffill().fillna(known.bfill()))

    def cover(self, rows: pd.DataFrame, sales: pd.DataFrame) -> pd.DataFrame:
        """Sales (`sold`) of each series that a row (`row`, its index) holds for in its month."""
        pairs = match(rows, self.past.series)
        pairs = pairs.assign(ds=rows["ds"].reindex(pairs["row"]).to_numpy())
        return pairs.merge(sales, on=["unique_id", "ds"])

    def days(self, months: pd.Series) -> pd.Series:
        """Days of each month in the unit's calendar."""
        first, after = bound_months(months.to_numpy(), self.parameters.calendar)
        return pd.Series((after - first).astype(float), index=months.index)

    def name_source(self, role: str, columns: tuple[str, ...]) -> str:
        """A source as table kpis names it: its role, of stock levels how they are counted."""
        if columns == ("stock",):
            return "valued" if self.is_valued else "counted"
        return role

    def has(self, role: str, columns: tuple[str, ...]) -> bool:
        """Whether the archive has it, or a source of that role these columns (`a|b`: either)."""
        if role in ARCHIVED:
            stages = self.past.vintages["stage"]
            return bool(stages.eq(ARCHIVED[role]).any() if ARCHIVED[role] else len(stages))
        return any(
            source.role == role and all({*each.split("|")} & {*source.columns} for each in columns)
            for source in self.parameters.sources.values()
        )


def read_known(run: UnitMonth, past: Past) -> Known:
    """What the KPIs of a unit's month rest on; quantities only where stock is counted."""
    names = ("inventory", "delivery", "target")
    side = {name: window(run.read_if_any(name), run.cutoff, YEARS) for name in names}
    stock = side["inventory"]
    side["inventory"] = stock.assign(value=stock.get("value"))  # absent in earlier versions
    if len(stock):
        since = run.cutoff - pd.DateOffset(months=YEARS)
        sold = run.read("transactions", only=[("month", ">", since)])
        is_apart = run.parameters.measure.returns == "apart"
        side["transactions"] = sold[sold["kind"] != "return"] if is_apart else sold
    return Known(past, run.cutoff, run.parameters, **side)


def sum_by_month(months: pd.Series, **columns: pd.Series) -> pd.DataFrame:
    """Sums by month; a month in which anything is null is not known, and left out."""
    frame = pd.DataFrame(columns).assign(ds=months)
    unknown = frame.loc[frame.isna().any(axis=1), "ds"]
    return frame[~frame["ds"].isin(unknown)].groupby("ds").sum()
