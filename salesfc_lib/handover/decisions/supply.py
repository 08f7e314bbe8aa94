"""What supply is planned with, laid out by the series that are stocked.

Tables lead_time, stock, open_order, price, cost and capacity enter, each with the dimensions that
its rows hold for; numbers by series and month leave. Which row holds for which series is decided
here: the one that names most of its dimensions. A table without rows is a source that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def sum_by(rows: pd.DataFrame, items: pd.DataFrame, value: str) -> np.ndarray:
    """Sum of `value` over the rows that lie within each of `items`, (n_items,).

    Null where no row does, and for all items where rows do not tell a dimension of theirs: stock of
    a whole line cannot be shared between its regions.
    """
    names = [name for name in list_dimensions(items) if items[name].notna().all()]
    if any(name not in rows or rows[name].isna().any() for name in names):
        return np.full(len(items), np.nan)
    if not names:
        return np.full(len(items), rows[value].sum(min_count=1), dtype=float)
    sums = rows.groupby(names)[value].sum().rename("found").reset_index()
    return items[names].merge(sums, on=names, how="left")["found"].to_numpy(dtype=float)


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


def sum_by_month(rows: pd.DataFrame, items: pd.DataFrame, months: pd.DatetimeIndex) -> np.ndarray:
    """Quantity due by item and month, (n_items, n_months); overdue and undated in the first.

    What is due after the last month is left out. Zero where nothing is due.
    """
    month = rows["due"].to_numpy().astype("datetime64[M]")
    first = months[0].to_datetime64().astype("datetime64[M]")
    month = np.where(np.isnat(month) | (month < first), first, month)
    place = months.get_indexer(month.astype("datetime64[ns]"))
    parts = [
        np.nan_to_num(sum_by(rows[place == at], items, "quantity")) for at in range(len(months))
    ]
    return np.array(parts).T.reshape(len(items), len(months))


def price_pieces(
    transactions: pd.DataFrame, series: pd.DataFrame, parameters: Parameters
) -> pd.DataFrame:
    """Table `piece_price` of the bottom series: amount by quantity of their last twelve months.

    A series without pieces of its own has the unit's mean. Where pieces are forecast: 1.
    """
    items = series[series["level"].eq(parameters.bottom)]
    if parameters.measure.value == "quantity":
        ones = {"unique_id": items["unique_id"], "price": 1.0, "origin": "own", "pieces": np.nan}
        return tables.build(pd.DataFrame(ones), "piece_price")
    names = list_dimensions(items)
    last = transactions["month"].max() - pd.DateOffset(months=11)
    rows = transactions.loc[transactions["month"] >= last, [*names, "amount", "quantity"]]
    rows = rows.astype({"amount": float, "quantity": float})
    sums = rows.groupby(names, observed=True)[["amount", "quantity"]].sum().reset_index()
    own = items[names].merge(sums.astype(dict.fromkeys(names, object)), on=names, how="left")
    price = (own["amount"] / own["quantity"]).where((own["quantity"] > 0) & (own["amount"] > 0))
    whole = float(rows["amount"].sum() / rows["quantity"].sum()) if rows["quantity"].sum() else 0.0
    origin = np.where(price.notna(), "own", "unit" if whole > 0 else "none")
    columns = {
        "unique_id": items["unique_id"].to_numpy(),
        "price": price.fillna(whole if whole > 0 else np.nan).to_numpy(),
        "origin": origin,
        "pieces": own["quantity"].fillna(0.0).to_numpy(),
    }
    return tables.build(pd.DataFrame(columns), "piece_price")


def weighted(values: np.ndarray, weights: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    """Mean of `values` by group of places, weighted, without those that are null."""
    known = np.isfinite(values)
    found = []
    for places in groups:
        at = places[known[places]]
        size = weights[at].sum()
        found.append(float(values[at] @ weights[at] / size) if size > 0 else np.nan)
    return np.array(found)
