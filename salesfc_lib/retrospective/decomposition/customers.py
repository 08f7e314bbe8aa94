"""New, kept, pausing and lost customers, each with its part of the difference."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.foundation import tables

CHANCE = 0.05  # of so long a silence of a customer who still buys


def customer_change(
    attribution: pd.DataFrame, sales: pd.DataFrame, *, month: pd.Timestamp, least: int = 3
) -> pd.DataFrame:
    """Table `customer_change`: each customer with the forecast shared out to it, and its change.

    new: no sale in the twelve months before, one now. kept: sales then and now. lost: sales then,
    and silent for `least` months or more, for longer than ever between two of them, and so long
    that of those who buy as often fewer than one in twenty would be. pausing: sales then, none now,
    and not lost. returned: no sale then or now, but returns. unnamed: what no customer by name
    bought. months: months with a sale of the twelve before; silent: months since the last sale,
    this one included; longest: most months between two sales. The rows sum to the forecast and the
    actual of the month. `attribution` is the table of that name, `sales` comes from
    `sales_around`. No rows where nobody by name bought.
    """
    rows = attribution[attribution["dimension"] == "customer"]
    rows = rows.rename(columns={"member": "customer"})
    if rows.empty:
        return tables.empty("customer_change")
    rows = rows.merge(_rhythm(sales, month), on="customer", how="left")
    counts = ["months", "silent", "longest"]
    rows = rows.assign(**rows[counts].fillna(0).astype("int64"), now=rows["now"].eq(True))
    then, now = rows["months"] > 0, rows["now"]
    gone = (rows["silent"] >= least) & (rows["silent"] > rows["longest"])
    gone &= (1 - rows["rate"]) ** rows["silent"] <= CHANCE
    cases = [rows["customer"].isna(), then & now, now, then & gone, then]
    change = np.select(cases, ["unnamed", "kept", "new", "lost", "pausing"], "returned")
    return tables.build(rows.assign(change=change), "customer_change")


def _rhythm(sales: pd.DataFrame, month: pd.Timestamp) -> pd.DataFrame:
    """When each customer bought: customer, months (before), longest, silent, now and rate.

    rate: share of months with a sale, of those after the first through the last.
    """
    bought = sales.loc[sales["kind"].eq("sale") & sales["sold"].gt(0), ["customer", "ds", "now"]]
    bought = bought.dropna().drop_duplicates().sort_values(["customer", "ds"])
    at = bought["ds"].dt.year * 12 + bought["ds"].dt.month
    before = bought.assign(at=at)[~bought["now"]]
    before["between"] = before.groupby("customer")["at"].diff() - 1
    found = before.groupby("customer").agg(
        months=("at", "size"), longest=("between", "max"), first=("at", "min"), last=("at", "max")
    )
    found = bought.groupby("customer").agg(now=("now", "any")).join(found)
    silent = month.year * 12 + month.month - found["last"]
    rate = (found["months"] - 1) / (found["last"] - found["first"])  # null after one sale
    return found.assign(silent=silent.mask(found["now"], 0), rate=rate).reset_index()
