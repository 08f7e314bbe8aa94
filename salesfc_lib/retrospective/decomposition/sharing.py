"""A forecast shared out to members that nobody forecasts: customers, products, salespeople.

Rows with a forecast and an actual enter, and what was sold over the twelve months before and in the
month; the same rows leave, split by a column of the transactions, with the sums that they had.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesfc_lib.foundation import SEASON, month_of
from salesfc_lib.retrospective.compare import window
from salesfc_lib.retrospective.members import bottom_series, by_series, dimensions

# an order is none of them: it has no sales of the year before, by which a forecast could be shared
NAMES = ("customer", "product", "salesperson")
VALUES = ["forecast", "actual"]
PLACES = 6  # decimals of what is left without a name: far below a cent, above binary noise


def sales_around(
    transactions: pd.DataFrame, series: pd.DataFrame, *, month: pd.Timestamp, measure: str
) -> pd.DataFrame:
    """Transactions of the month and the twelve before with `unique_id`, `ds` and `sold`.

    sold: the measure as a float; now: whether the row is of the month itself.
    """
    months = month_of(transactions).rename("ds").to_frame()
    rows = by_series(transactions.loc[window(months, month, SEASON + 1).index], series)
    return rows.assign(sold=rows[measure].astype(float), now=rows["ds"].eq(month))


def names_below(sales: pd.DataFrame, series: pd.DataFrame) -> list[str]:
    """Columns with names below the bottom level: dimensions that no bottom series has, `NAMES`.

    A column without any value is none.
    """
    bottom = bottom_series(series)
    below = [name for name in dimensions(series) if bottom[name].isna().all()]
    return [name for name in (*below, *NAMES) if name in sales and sales[name].notna().any()]


def sum_sales(sales: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Net sales by series and `names`: over the twelve months `before`, and `now`."""
    sold, now = sales["sold"], sales["now"]
    rows = sales[["unique_id", *names]].assign(before=sold.mask(now, 0.0), now=sold.where(now, 0.0))
    return sum_by(rows, ["unique_id", *names])


def sum_by(rows: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """Sums of all other columns by key, in which null is a member like others."""
    sums = rows.groupby([*key], dropna=False, sort=False, observed=True).sum().reset_index()
    return sums.astype(dict.fromkeys(key, object))


def share_out(
    rows: pd.DataFrame, sold: pd.DataFrame, column: str, *, key: Sequence[str] = ("unique_id",)
) -> pd.DataFrame:
    """The rows split by `column`: forecasts by net sales of the twelve months before.

    `rows` has `key`, forecast and actual, `sold` comes from `sum_sales` with the key and the
    column. A member's share is its sales over those of all members that sold more than was
    returned; actuals are what each member sold. What falls to nobody by name, all of the forecast
    where nothing was sold before, and an actual that no transaction shows, stands in a row whose
    member is null: forecasts and actuals of the result sum to those of each row. Further columns of
    `rows` stay.
    """
    rows = rows.reset_index(drop=True)
    sums = sum_by(sold[[*key, column, "before", "now"]], [*key, column])
    share = sums["before"].where(sums["before"] > 0)
    total = share.groupby([sums[name] for name in key], dropna=False).transform("sum")
    named = sums.assign(share=share / total).dropna(subset=column)
    parts = rows.rename_axis("row").reset_index().merge(named, on=[*key])
    parts = parts.assign(forecast=parts["forecast"] * parts["share"].fillna(0), actual=parts["now"])
    shared = parts.groupby("row")[VALUES].sum().reindex(rows.index, fill_value=0.0)
    left = rows.assign(**(rows[VALUES] - shared).round(PLACES), **{column: None})
    parts = pd.concat([parts[[*rows.columns, column]], left])
    return parts[parts[VALUES].ne(0).any(axis=1)].reset_index(drop=True)


def share_months(
    actual: pd.DataFrame, sold: pd.DataFrame, column: str
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Parts of each series by `column`, as `share_out` gives them, in many months at once.

    actual: unique_ids by month; `sold` has unique_id, ds, the column and sold, from twelve months
    before on. parts: unique_id and the column; share of the forecast and actual, (parts, months).
    """
    months, nobody = actual.columns, ""
    every = pd.date_range(end=months[-1], periods=len(months) + SEASON, freq="MS")
    rows = sold[sold["unique_id"].isin(actual.index)]
    rows = rows.assign(**{column: rows[column].astype(object).fillna(nobody)})
    wide = rows.pivot_table("sold", ["unique_id", column], "ds", "sum").reindex(columns=every)
    unnamed = pd.MultiIndex.from_product([actual.index, [nobody]], names=["unique_id", column])
    wide = wide.reindex(unnamed.union(wide.index)).fillna(0.0)
    parts, values = wide.index.to_frame(index=False), wide.to_numpy()
    series, left = parts["unique_id"], parts[column].eq(nobody).to_numpy()
    year = np.lib.stride_tricks.sliding_window_view(values, SEASON, axis=1)[:, :-1].sum(axis=-1)
    before = pd.DataFrame(year.clip(min=0.0))
    share = (before / before.groupby(series).transform("sum")).fillna(0.0).to_numpy()
    values = values[:, SEASON:].copy()
    known = actual.loc[series[left]].to_numpy()
    for each, whole, places in ((share, 1.0, 2 * PLACES), (values, known, PLACES)):
        each[left] = 0.0
        each[left] = (whole - pd.DataFrame(each).groupby(series).sum().to_numpy()).round(places)
    return parts.assign(**{column: parts[column].replace(nobody, None)}), share, values
