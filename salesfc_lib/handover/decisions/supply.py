"""What supply is planned with, laid out by the series that are stocked.

Tables lead_time, stock, open_order, price, cost and capacity enter, each with the dimensions that
its rows hold for; numbers by series and month leave. Which row holds for which series is decided
here: the one that names most of its dimensions. A table without rows is a source that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.foundation import Parameters, say, tables
from salesfc_lib.panel import DESCRIBING

MONTH_DAYS = 365.25 / 12
ROLES = {
    "lead_time": "lead_times",
    "stock": "stock",
    "open_order": "open_orders",
    "price": "prices",
    "cost": "costs",
    "capacity": "capacity",
}


@dataclass(frozen=True)
class Supply:
    """The tables of supply, empty where there is no source of that role."""

    lead_time: pd.DataFrame
    stock: pd.DataFrame
    open_order: pd.DataFrame
    price: pd.DataFrame
    cost: pd.DataFrame
    capacity: pd.DataFrame

    @classmethod
    def of(cls, found: Mapping[str, pd.DataFrame]) -> Supply:
        """Supply of the tables that there are; `stock` is table `on_hand`."""
        named = {name: "on_hand" if name == "stock" else name for name in ROLES}
        return cls(**{name: found.get(name, tables.empty(each)) for name, each in named.items()})

    def missing(self) -> pd.DataFrame:
        """Table `asked`: a row for each source that there is not."""
        roles = [role for name, role in ROLES.items() if getattr(self, name).empty]
        rows = [
            (role, say(f"decision.lacking.{role}"), say(f"decision.instead.{role}"))
            for role in roles
        ]
        return tables.build(pd.DataFrame(rows, columns=["role", "lacking", "instead"]), "asked")


def list_dimensions(series: pd.DataFrame) -> list[str]:
    """The dimensions of a series table."""
    return [name for name in series.columns if name not in DESCRIBING]


def place(rows: pd.DataFrame, items: pd.DataFrame) -> np.ndarray:
    """Which of `items` each row lies within, (n_rows,); -1 where it does not tell a dimension of
    theirs, or names a member that is not forecast.
    """
    names = [name for name in list_dimensions(items) if items[name].notna().all()]
    if any(name not in rows for name in names):
        return np.full(len(rows), -1)
    if not names:
        return np.zeros(len(rows), dtype=int)
    at = items[names].assign(at=np.arange(len(items)))
    found = rows[names].astype(object).merge(at, on=names, how="left")["at"]
    return np.asarray(found.fillna(-1).to_numpy(dtype=int))


def sum_by(rows: pd.DataFrame, items: pd.DataFrame, value: str) -> np.ndarray:
    """Sum of `value` over the rows that lie within each of `items`, (n_items,).

    Null where no row does, and for all items where rows do not tell a dimension of theirs: stock of
    a whole line cannot be shared between its regions.
    """
    names = [name for name in list_dimensions(items) if items[name].notna().all()]
    if any(name not in rows or rows[name].isna().any() for name in names):
        return np.full(len(items), np.nan)
    sums = rows.groupby(place(rows, items))[value].sum(min_count=1)
    return sums.reindex(range(len(items))).to_numpy(dtype=float)


def value_by(
    rows: pd.DataFrame, items: pd.DataFrame, value: str, *, of_several: str = "mean"
) -> np.ndarray:
    """`value` of the row that holds for each of `items`, (n_items,); null where none does.

    The row that names most of the item's dimensions; of several such rows their mean, or `max`.
    """
    found = np.full(len(items), np.nan)
    names = [name for name in list_dimensions(items) if name in rows]
    told = rows[names].notna()
    told.loc[:, items[names].isna().all()] = False  # finer than the item: all of them are its own
    patterns = sorted(set(map(tuple, told.to_numpy())), key=sum, reverse=True)
    for pattern in patterns:
        own = rows[(told == list(pattern)).all(axis=1)]
        by = [name for name, is_told in zip(names, pattern, strict=True) if is_told]
        if by:
            values = own.groupby(by)[value].agg(of_several).rename("found").reset_index()
            matched = items[by].merge(values, on=by, how="left")["found"].to_numpy(dtype=float)
        else:
            matched = np.full(len(items), own[value].agg(of_several), dtype=float)
        found = np.where(np.isnan(found), matched, found)
    return found


def sum_by_day(rows: pd.DataFrame, items: pd.DataFrame, months: pd.DatetimeIndex) -> np.ndarray:
    """Quantity due by item and day of the months, (n_items, n_days); overdue and undated on the
    first.

    What is due after the last month, or lies within no item, is left out. Zero where nothing is.
    """
    count = int(months.days_in_month.to_numpy().sum())
    day = (rows["due"].fillna(months[0]) - months[0]).dt.days.clip(lower=0).to_numpy(dtype=int)
    item, found = place(rows, items), np.zeros((len(items), count))
    known = (item >= 0) & (day < count)
    np.add.at(found, (item[known], day[known]), rows["quantity"].to_numpy(dtype=float)[known])
    return found


def by_month(days: np.ndarray, months: pd.DatetimeIndex) -> np.ndarray:
    """Sums of days (n_items, n_days) by month, (n_items, n_months)."""
    return np.asarray(np.add.reduceat(days, (months - months[0]).days.to_numpy(), axis=1))


def price_pieces(
    transactions: pd.DataFrame, series: pd.DataFrame, parameters: Parameters, supply: Supply
) -> pd.DataFrame:
    """Table `piece_price` of the bottom series: amount by quantity of their last twelve months.

    A series without pieces of its own has the price agreed (table price), else the unit's mean;
    null where there is none. Where pieces are forecast: 1.
    """
    items = series[series["level"].eq(parameters.bottom)]
    columns = {"unique_id": items["unique_id"].to_numpy(), "price": 1.0, "origin": "own"}
    if parameters.measure.value == "quantity":
        return tables.build(pd.DataFrame(columns | {"pieces": np.nan}), "piece_price")
    names = list_dimensions(items)
    last = transactions["month"].max() - pd.DateOffset(months=11)
    rows = transactions.loc[transactions["month"] >= last, [*names, "amount", "quantity"]]
    rows = rows.astype({"amount": float, "quantity": float})
    sums = rows.groupby(place(rows, items))[["amount", "quantity"]].sum()
    amount, pieces = sums.reindex(range(len(items)), fill_value=0.0).to_numpy().T
    all_pieces = rows["quantity"].sum()
    whole = rows["amount"].sum() / all_pieces if all_pieces > 0 else 0.0
    prices = {
        "own": np.where((amount > 0) & (pieces > 0), amount / np.where(pieces > 0, pieces, 1), 0.0),
        "prices": np.nan_to_num(value_by(supply.price, items, "price")),
        "unit": np.full(len(items), whole),
    }
    known = [each > 0 for each in prices.values()]
    columns["price"] = np.select(known, [*prices.values()], np.nan)
    columns["origin"] = np.select(known, [*prices], "none")
    return tables.build(pd.DataFrame(columns | {"pieces": pieces}), "piece_price")
