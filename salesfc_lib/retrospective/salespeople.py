"""Sales by salesperson, and the forecast error that falls to each by share.

Transactions and the month's missed series enter; one row per salesperson leaves. The decision made here: nobody
forecasts by salesperson, so a series' forecast is shared out by who sold it over the twelve months before, and every
such column is called `attributed`. It says where to ask, not who was wrong.
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from salesfc_lib.foundation import month_of
from salesfc_lib.retrospective.compare import window
from salesfc_lib.retrospective.members import by_series

SALES = ["salesperson", "actual", "last_year", "change", "growth", "share"]
ATTRIBUTED = ["salesperson", "actual", "attributed_forecast", "attributed_difference", "series"]


def by_salesperson(
    transactions: pd.DataFrame, *, month: pd.Timestamp | str, measure: str = "amount"
) -> pd.DataFrame:
    """Net sales of the month by salesperson, against the same month last year.

    One row per salesperson by name, since nobody is ranked (null: rows without one); change = actual - last_year, growth
    is its share of last year (null where there was none), share is the share of the month. Sums are exact before they
    become floats. Transactions hold what counts as sales: leave out the kind 'return' where returns are kept apart.
    """
    if "salesperson" not in transactions.columns:
        return pd.DataFrame(
            {
                name: pd.Series(dtype=object if name == "salesperson" else "float64")
                for name in SALES
            }
        )
    now = pd.Timestamp(month)
    dated = transactions.assign(ds=month_of(transactions))
    actual = _sums(dated[dated["ds"] == now], ["salesperson"], measure).rename("actual")
    before = _sums(
        dated[dated["ds"] == now - pd.DateOffset(years=1)], ["salesperson"], measure
    ).rename("last_year")
    table = pd.concat([actual, before], axis=1).fillna(0.0).rename_axis("salesperson").reset_index()
    change = table["actual"] - table["last_year"]
    table = table.assign(
        change=change,
        growth=change / table["last_year"].where(table["last_year"] != 0),
        share=table["actual"] / (table["actual"].sum() or float("nan")),
    )
    return table[SALES].sort_values("salesperson", ignore_index=True)


def attribute_error(
    missed: pd.DataFrame,
    transactions: pd.DataFrame,
    series: pd.DataFrame,
    *,
    measure: str = "amount",
) -> pd.DataFrame:
    """Forecast error by salesperson, attributed by their share of each series in the twelve months before.

    One row per salesperson by name; attributed_difference = attributed_forecast - actual. Where a series sold nothing in
    those months, or was sold by nobody by name, its forecast stands in the row whose salesperson is null, so the
    attributed forecasts always sum to the forecast. `missed` comes from `misses.compare_month`.
    """
    if missed.empty or "salesperson" not in transactions.columns:
        return pd.DataFrame(
            {
                name: pd.Series(dtype=object if name == "salesperson" else "float64")
                for name in ATTRIBUTED
            }
        )
    month = missed["ds"].iloc[0]
    recent = transactions[month_of(transactions) >= month - pd.DateOffset(months=12)]
    sold = _by_series(recent, series, measure)
    share = _share_by_name(window(sold, month - pd.DateOffset(months=1), 12))
    rows = missed[["unique_id", "forecast"]].merge(share, on="unique_id", how="left")
    rows = rows.assign(attributed=rows["forecast"] * rows["share"].fillna(1.0))
    by_name = rows.groupby("salesperson", dropna=False)
    forecast = by_name.agg(
        attributed_forecast=("attributed", "sum"), series=("unique_id", "nunique")
    )
    scored = sold[(sold["ds"] == month) & sold["unique_id"].isin(missed["unique_id"])]
    actual = scored.groupby("salesperson", dropna=False)["sold"].sum().rename("actual")
    table = (
        pd.concat([forecast, actual], axis=1).fillna(0.0).rename_axis("salesperson").reset_index()
    )
    table = table.assign(
        attributed_difference=table["attributed_forecast"] - table["actual"]
    ).astype({"series": "int64"})
    return table[ATTRIBUTED].sort_values("salesperson", ignore_index=True)


def _share_by_name(sold: pd.DataFrame) -> pd.DataFrame:
    """Share of each salesperson in each series that sold anything: unique_id, salesperson, share."""
    sums = (
        sold.groupby(["unique_id", "salesperson"], dropna=False)["sold"]
        .sum()
        .clip(lower=0.0)
        .reset_index()
    )
    sums = sums[sums["sold"] > 0]
    share = sums["sold"] / sums.groupby("unique_id")["sold"].transform("sum")
    return sums.assign(share=share)[["unique_id", "salesperson", "share"]]


def _by_series(transactions: pd.DataFrame, series: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Sales by bottom series, month and salesperson: unique_id, ds, salesperson, sold."""
    rows = by_series(transactions, series)
    return _sums(rows, ["unique_id", "ds", "salesperson"], measure).rename("sold").reset_index()


def _sums(rows: pd.DataFrame, by: list[str], measure: str) -> pd.Series:
    """Exact sums of the Decimal measure by group, as floats."""
    if rows.empty:
        index = rows.set_index(by).index
        return pd.Series(dtype="float64", index=index)
    return rows.groupby(by, dropna=False)[measure].agg(
        lambda values: float(sum(values, Decimal(0)))
    )
