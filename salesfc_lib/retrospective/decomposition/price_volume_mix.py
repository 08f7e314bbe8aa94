"""How much of the difference is quantity, mix and price, where quantity and amount are known.

The standard price-volume-mix analysis of management accounting (sales volume, sales mix and selling
price variances: Horngren, Datar, Rajan, *Cost Accounting*, chapter 14). With forecast amount F_i,
actual amount A_i and quantity q_i of each item, and P_i its price over the twelve months before:

    forecast quantity  f_i = F_i / P_i,   F = sum f_i,   Q = sum q_i,   s_i = f_i / F
    volume = (Q - F) * sum(s_i * P_i)     more or fewer pieces, in the forecast's mix
    mix    = sum((q_i - Q * s_i) * P_i)   dearer or cheaper items than forecast
    price  = sum(A_i - q_i * P_i)         other prices than in the year before

which sum to sum A_i - sum F_i. Pieces are added over items, so they have to be of one kind; where
they are not, volume and mix only mean something together.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.decomposition.sharing import VALUES, share_out, sum_by, sum_sales
from salesfc_lib.retrospective.facts import write_facts

PRICED = ("volume", "mix", "price", "average")
STATES = ("no_reference", "no_quantity")  # of items that have no price, or no quantity
STEPS = (*PRICED, *STATES)
LARGEST = 3  # items that a step names
COVERED = 0.8  # of a series' sales in products with a price: below, the series is the item
CENT = 0.005


def price_volume_mix(missed: pd.DataFrame, sales: pd.DataFrame) -> pd.DataFrame:
    """Table `price_volume_mix`: from the forecast to the actual amount, a step a row.

    Effects are signed as sales (below zero: sold less than forecast) and sum to actual - forecast:
    volume, mix and price of the items that have both; `average`, the price step of items that are a
    whole series, in which prices and products cannot be told apart; then items without a price of
    the twelve months before (`no_reference`: new, or not sold then) and those of which a part of
    the amount has no quantity (`no_quantity`). No rows where no sale has a quantity. `sales` comes
    from `sales_around` of a unit that forecasts amounts.
    """
    if missed.empty or not sales["quantity"].astype(bool).any():
        return tables.empty("price_volume_mix")
    items = split_items(missed, sales)
    effects = items[[*STEPS]].apply(math.fsum)
    start, gap = math.fsum(items["forecast"]), math.fsum(effects)
    after = start + effects.cumsum()
    rows = effects.rename("effect").rename_axis("cause").reset_index()
    rows = rows.assign(before=(after - effects).to_numpy(), after=after.to_numpy())
    facts = [write_facts(**_facts(items, step)) for step in STEPS]
    states = ["priced"] * len(PRICED) + [*STATES]
    counts = items["state"].value_counts().reindex(states, fill_value=0).to_numpy()
    share = rows["effect"] / (gap or math.nan)
    rows = rows.assign(position=range(1, len(STEPS) + 1), share=share, items=counts, facts=facts)
    return tables.build(rows, "price_volume_mix")


def split_items(missed: pd.DataFrame, sales: pd.DataFrame) -> pd.DataFrame:
    """Every item with its forecast, actual, quantities, prices and one column a step.

    An item is a product in a bottom series. Where less than `COVERED` of a series was sold in
    products that have a price of the twelve months before, or rows have no product, the series is
    one item, whose product is null. state: `priced`, `no_reference` or `no_quantity`;
    sold and planned (the forecast quantity) are null where an item is not priced.
    """
    sales = sales.assign(product=sales.get("product"))
    items = _price(missed, sales)
    size = items["actual"].abs()
    known = size.where(items["reference"].notna(), 0.0).groupby(items["unique_id"]).sum()
    whole = known.index[known < COVERED * size.groupby(items["unique_id"]).sum()]
    if len(whole):
        items = _price(
            missed, sales.assign(product=sales["product"].mask(sales["unique_id"].isin(whole)))
        )
    priced, gap = items["state"] == "priced", items["actual"] - items["forecast"]
    reference = items["reference"]
    planned, sold = (items["forecast"] / reference).where(priced), items["quantity"].where(priced)
    pieces = planned.sum()
    in_mix = planned * (sold.sum() / pieces) if pieces else planned
    price, alone = items["actual"] - sold * reference, items["product"].notna()
    steps = {
        "volume": (in_mix - planned) * reference,
        "mix": (sold - in_mix) * reference,
        "price": price.where(alone),
        "average": price.mask(alone),
        **{step: gap.where(items["state"] == step) for step in STATES},
    }
    steps = {name: values.fillna(0.0) for name, values in steps.items()}
    return items.assign(planned=planned, sold=sold, **steps)


def _price(missed: pd.DataFrame, sales: pd.DataFrame) -> pd.DataFrame:
    """Items with forecast, actual, quantity, reference (price of the year before) and state."""
    key = ["unique_id", "product"]
    rows = missed[["unique_id", "label", *VALUES]]
    items = share_out(rows, sum_sales(sales, ["product"]), "product")
    items = items.merge(_sums(sales, key), on=key, how="left")
    usual = (items["quantity_before"] > 0) & (items["amount_before"] > 0)
    reference = (items["amount_before"] / items["quantity_before"]).where(usual)
    told = (items["actual"] - items["amount"].fillna(0.0)).abs() < CENT
    missing = [reference.isna(), ~told | items["without"].gt(0)]
    return items.assign(reference=reference, state=np.select(missing, STATES, "priced"))


def _sums(sales: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Amount and quantity of each item, now and before; without: a sale of now lacks a quantity."""
    now, quantity, amount = sales["now"], sales["quantity"].astype(float), sales["sold"]
    columns = {
        "amount": amount.where(now, 0.0),
        "quantity": quantity.where(now, 0.0),
        "amount_before": amount.mask(now, 0.0),
        "quantity_before": quantity.mask(now, 0.0),
        "without": now & sales["kind"].eq("sale") & quantity.eq(0) & amount.ne(0),
    }
    return sum_by(sales[key].assign(**columns), key)


def _facts(items: pd.DataFrame, step: str) -> dict[str, Any]:
    """What a step rests on: quantities and mean prices of all its items, the largest by name."""
    priced = items[items["state"] == "priced"]
    planned, sold = priced["planned"].sum(), priced["sold"].sum()
    sums = {"planned": planned, "sold": sold, "forecast": priced["forecast"].sum()}
    sums |= {"actual": priced["actual"].sum()}
    size = priced["volume"] + priced["mix"] if step in ("volume", "mix") else items[step]
    order = size[size != 0].abs().sort_values(ascending=False, kind="stable").index[:LARGEST]
    named = items.loc[order, ["label", "product", "reference", "sold", "actual", "forecast"]]
    largest = named.assign(effect=size[order]).to_dict("records")
    sums |= {"whole": priced.loc[priced["product"].isna(), "unique_id"].nunique()}
    return {"largest": largest} | (sums if step in PRICED else {})
