"""Sales by salesperson, and the forecast error that falls to each by share.

Nobody forecasts by salesperson, so a series' forecast is shared out (`decomposition.sharing`) by
who sold it over the twelve months before. It says where to ask, not who was wrong.
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from salesfc_lib.foundation import month_of
from salesfc_lib.retrospective.decomposition.sharing import (
    VALUES,
    sales_around,
    share_out,
    sum_sales,
)

SALES = ["salesperson", "actual", "last_year", "change", "growth", "share"]
ATTRIBUTED = ["salesperson", "actual", "attributed_forecast", "attributed_difference", "series"]


def by_salesperson(
    transactions: pd.DataFrame, *, month: pd.Timestamp | str, measure: str = "amount"
) -> pd.DataFrame:
    """Net sales of the month by salesperson, against the same month last year.

    One row per salesperson by name, since nobody is ranked (null: rows without one); change =
    actual - last_year, growth is its share of last year (null where there was none), share is the
    share of the month. Sums are exact before they become floats. Transactions hold what counts as
    sales: leave out the kind 'return' where returns are kept apart.
    """
    if "salesperson" not in transactions.columns:
        return _empty(SALES)
    now, months = pd.Timestamp(month), month_of(transactions)
    spans = {"actual": now, "last_year": now - pd.DateOffset(years=1)}
    sums = {
        name: _sums(transactions[months == ds], ["salesperson"], measure)
        for name, ds in spans.items()
    }
    table = pd.concat(sums, axis=1).fillna(0.0).rename_axis("salesperson").reset_index()
    change, last_year = table["actual"] - table["last_year"], table["last_year"]
    growth = change / last_year.where(last_year != 0)
    share = table["actual"] / (table["actual"].sum() or float("nan"))
    table = table.assign(change=change, growth=growth, share=share)
    return table[SALES].sort_values("salesperson", ignore_index=True)


def attribute_error(
    missed: pd.DataFrame,
    transactions: pd.DataFrame,
    series: pd.DataFrame,
    *,
    measure: str = "amount",
) -> pd.DataFrame:
    """Forecast error by salesperson, by their share of each series in the twelve months before.

    One row per salesperson by name; attributed_difference = attributed_forecast - actual. Where a
    series sold nothing in those months, or was sold by nobody by name, its forecast stands in the
    row whose salesperson is null, so the attributed forecasts always sum to the forecast. `missed`
    comes from `compare_month`.
    """
    if missed.empty or "salesperson" not in transactions.columns:
        return _empty(ATTRIBUTED)
    sales = sales_around(transactions, series, month=missed["ds"].iloc[0], measure=measure)
    sold = sum_sales(sales, ["salesperson"])
    rows = share_out(missed[["unique_id", *VALUES]], sold, "salesperson")
    by_name = rows.assign(series=rows["forecast"].ne(0)).groupby("salesperson", dropna=False)
    table = by_name[[*VALUES, "series"]].sum().reset_index()
    table = table.rename(columns={"forecast": "attributed_forecast"}).astype({"series": "int64"})
    difference = table["attributed_forecast"] - table["actual"]
    table = table.assign(attributed_difference=difference)[ATTRIBUTED]
    return table.sort_values("salesperson", ignore_index=True)


def _empty(columns: list[str]) -> pd.DataFrame:
    types = {name: object if name == "salesperson" else "float64" for name in columns}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def _sums(rows: pd.DataFrame, by: list[str], measure: str) -> pd.Series:
    """Exact sums of the Decimal measure by group, as floats."""
    if rows.empty:
        return pd.Series(dtype="float64", index=rows.set_index(by).index)
    exact = rows.groupby(by, dropna=False)[measure]
    return exact.agg(lambda values: float(sum(values, Decimal(0))))
