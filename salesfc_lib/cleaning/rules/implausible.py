"""Lines that cannot well be meant as they stand: noted, and never changed.

A source of which most sales are below zero has its signs the other way round, and stops the unit.

A sale at a negative price, a quantity far beyond what its product's lines have, a unit price far
from its product's. Far is both a factor and a number of robust standard deviations on the scale of
logarithms, so that neither a product of many prices nor one that is always sold by twos is noted.
Medians and quartiles are read off a histogram with eight steps to a doubling: the same in any order
of rows.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import say, schema

STEPS = 8  # of the histogram to a doubling
FEWEST = 20  # sales of a source that tell which sign its amounts have
NORMAL = 1.349  # quartile distance of a normal distribution, in standard deviations


class Usual(NamedTuple):
    """What is usual of each product (n_products,), as base-2 logarithms, and of how many lines."""

    median: np.ndarray
    deviation: np.ndarray
    lines: np.ndarray


def flag_implausible(batch: Batch, context: Context) -> Batch:
    """Batch with its implausible lines noted; what is wrong with each stands in the reason.

    Raises `SalesForecastError` where most sales of a source are below zero.
    """
    lines, settings = batch.lines, context.parameters.cleaning.implausible
    sale = lines["kind"].eq("sale").to_numpy()
    _refuse_reversed(lines.loc[sale & lines["quantity"].ge(0) & lines["amount"].ne(0)])
    quantity, amount = lines["quantity"].to_numpy(), lines["amount"].to_numpy()
    product = lines["product"].cat.codes.to_numpy()
    negative = where(sale & (quantity > 0) & (amount < 0))
    judged = where(sale & (quantity > 0) & (product >= 0))
    size = _log(quantity[judged], batch.scales["quantity"])
    away = _find_excess(size, product[judged], settings, settings.quantity_factor)
    many = judged[away >= 0]
    priced = amount[judged] > 0
    judged, size = judged[priced], size[priced]
    price = _log(amount[judged], batch.scales["amount"]) - size
    away = _find_excess(price, product[judged], settings, settings.price_factor, both=True)
    odd = judged[away >= 0]
    noted = np.empty(0, dtype=np.int64)
    for at, what in ((negative, "negative"), (many, "quantity"), (odd, "price")):
        new, noted = np.setdiff1d(at, noted), np.union1d(noted, at)
        batch = batch.note(
            "implausible", new, say(f"reason.implausible.{what}"), example=_show(batch, at)
        )
    return batch


def _refuse_reversed(sales: pd.DataFrame) -> None:
    """Raise `SalesForecastError` for a source with most of its sales' amounts below zero."""
    for name, own in sales.groupby("name", observed=True):
        below = own.loc[own["amount"].lt(0)]
        if len(own) >= FEWEST and 2 * len(below) > len(own):
            raise SalesForecastError.of(
                f"{len(below):,} of {len(own):,} sales of source '{name}' have an amount below "
                f"zero, the first in row {below['row'].iloc[0]:,} of '{below['source'].iloc[0]}'",
                "Sales above zero, and what is taken back below",
                f"Where CR marks sales, set `sources.{name}.credit: positive`; where they are "
                "returns, `role: returns`; where the export shows all sales with a minus, as "
                "revenue accounts do, export them without it",
            )


def _find_excess(
    logs: np.ndarray,
    product: np.ndarray,
    settings: schema.Implausible,
    factor: float,
    *,
    both: bool = False,
) -> np.ndarray:
    """Distance of each line (n,) from its product's usual value beyond what is plausible.

    Values above the usual one are judged, and those below it where `both` is set.
    """
    if not len(logs):
        return np.zeros(0)
    usual = find_usual(logs, product, int(product.max()) + 1)
    limit = np.maximum(math.log2(factor), settings.deviations * usual.deviation)
    limit = np.where(usual.lines >= settings.min_lines, limit, np.inf)
    away = logs - usual.median[product]
    return (np.abs(away) if both else away) - limit[product]


def find_usual(logs: np.ndarray, product: np.ndarray, groups: int) -> Usual:
    """Median and robust standard deviation of each product, to an eighth of a doubling."""
    steps = np.floor(logs * STEPS).astype(np.int64)
    low = int(steps.min())
    width = int(steps.max()) - low + 1
    cells, counts = np.unique(product.astype(np.int64) * width + (steps - low), return_counts=True)
    lines = np.bincount(cells // width, weights=counts, minlength=groups).astype(np.int64)
    through, before = np.cumsum(counts), np.cumsum(lines) - lines
    places = (
        np.searchsorted(through, before + np.maximum(lines * share, 1))
        for share in (0.25, 0.5, 0.75)
    )
    lower, middle, upper = (
        (cells[np.minimum(place, len(cells) - 1)] % width + low + 0.5) / STEPS for place in places
    )
    return Usual(middle, (upper - lower) / NORMAL, lines)


def _log(units: np.ndarray, scale: int) -> np.ndarray:
    return np.log2(units.astype(np.float64)) - scale * math.log2(10)


def _show(batch: Batch, at: np.ndarray) -> str:
    """The first such line, as people read it."""
    if not len(at):
        return ""
    cell = batch.lines[["product", "quantity", "amount"]].iloc[at[0]]
    sums = {
        name: Decimal(int(cell[name])).scaleb(-batch.scales[name])
        for name in ("quantity", "amount")
    }
    return say("example.line", product=str(cell["product"]), **sums)
