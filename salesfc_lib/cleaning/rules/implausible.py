"""Lines that cannot well be meant as they stand: flagged, and never changed.

An account enters and leaves with the same lines. The decisions made here: a sale at a negative price, a quantity far beyond
what its product's lines have, a unit price far from its product's. Far is both a factor and a number of robust standard
deviations on the scale of logarithms, so that neither a product of many prices nor one that is always sold by twos is
flagged. Medians and quartiles are read off a histogram with eight steps to a doubling: one pass, the same in any order of rows.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.basic_rules import Context, where
from salesfc_lib.foundation import Implausible

STEPS = 8  # of the histogram to a doubling
NORMAL = 1.349  # quartile distance of a normal distribution, in standard deviations
MAX_CELLS = 8_000_000  # of a histogram; more products than that allows are sorted


class Usual(NamedTuple):
    """What is usual of each product (n_products,), as base-2 logarithms; lines counts what it rests on."""

    median: np.ndarray
    deviation: np.ndarray
    lines: np.ndarray


def flag_implausible(account: Account, context: Context) -> Account:
    """Account with its implausible lines noted; what is wrong with each stands in the reason."""
    lines, settings = account.lines, context.parameters.cleaning.implausible
    sale = lines["kind"].eq("sale").to_numpy()
    quantity, amount = lines["quantity"].to_numpy(), lines["amount"].to_numpy()
    negative = sale & (quantity > 0) & (amount < 0)
    product = lines["product"].cat.codes.to_numpy()
    judged = where(sale & (quantity > 0) & (product >= 0))
    groups = len(lines["product"].cat.categories)
    log_quantity = _log(quantity[judged], account.scales["quantity"])
    much = _is_far(
        log_quantity, product[judged], groups, settings, settings.quantity_factor, above_only=True
    )
    many = np.zeros(len(lines), dtype=bool)
    many[judged[much]] = True
    priced = judged[amount[judged] > 0]
    log_price = _log(amount[priced], account.scales["amount"]) - _log(
        quantity[priced], account.scales["quantity"]
    )
    odd = np.zeros(len(lines), dtype=bool)
    odd[
        priced[
            _is_far(
                log_price,
                product[priced],
                groups,
                settings,
                settings.price_factor,
                above_only=False,
            )
        ]
    ] = True
    return account.apply(
        Finding(
            "implausible",
            "note",
            where(negative),
            "sales at a negative price",
            example=_show(account, negative),
        ),
        Finding(
            "implausible",
            "note",
            where(many & ~negative),
            "quantities far beyond their product's",
            example=_show(account, many),
        ),
        Finding(
            "implausible",
            "note",
            where(odd & ~many & ~negative),
            "prices far from their product's",
            example=_show(account, odd),
        ),
    )


def _is_far(
    logs: np.ndarray,
    product: np.ndarray,
    groups: int,
    settings: Implausible,
    factor: float,
    *,
    above_only: bool,
) -> np.ndarray:
    """Lines whose value is far from their product's usual one (n,)."""
    if not len(logs):
        return np.zeros(0, dtype=bool)
    usual = find_usual(logs, product, groups)
    limit = np.maximum(math.log2(factor), settings.deviations * usual.deviation)
    limit = np.where(usual.lines >= settings.min_lines, limit, np.inf)
    away = logs - usual.median[product]
    return (away if above_only else np.abs(away)) >= limit[product]


def find_usual(logs: np.ndarray, product: np.ndarray, groups: int) -> Usual:
    """Median and robust standard deviation of each product's logarithms, to an eighth of a doubling."""
    steps = np.floor(logs * STEPS).astype(np.int64)
    low = int(steps.min())
    width = int(steps.max()) - low + 1
    if groups * width > MAX_CELLS:
        return _find_exactly(logs, product, groups)
    counts = np.bincount(
        product.astype(np.int64) * width + (steps - low), minlength=groups * width
    ).reshape(groups, width)
    below = np.cumsum(counts, axis=1)
    lines = below[:, -1]
    lower, middle, upper = (
        ((below < np.maximum(lines * share, 1)[:, None]).sum(axis=1) + low + 0.5) / STEPS
        for share in (0.25, 0.5, 0.75)
    )
    return Usual(middle, (upper - lower) / NORMAL, lines)


def _find_exactly(logs: np.ndarray, product: np.ndarray, groups: int) -> Usual:
    """As `find_usual`, by sorting: for more products than a histogram holds."""
    by = pd.Series(logs).groupby(product)
    quartiles = by.quantile([0.25, 0.5, 0.75]).unstack().reindex(range(groups))
    lower, middle, upper = (quartiles[share].to_numpy() for share in (0.25, 0.5, 0.75))
    return Usual(
        np.nan_to_num(middle),
        np.nan_to_num(upper - lower) / NORMAL,
        by.size().reindex(range(groups), fill_value=0).to_numpy(),
    )


def _log(units: np.ndarray, scale: int) -> np.ndarray:
    return np.log2(units.astype(np.float64)) - scale * math.log2(10)


def _show(account: Account, mask: np.ndarray) -> str:
    """The first such line, as people read it."""
    at = where(mask)[:1]
    if not len(at):
        return ""
    cell = {name: account.lines[name].iat[at[0]] for name in ("product", "quantity", "amount")}
    quantity, amount = (
        f"{Decimal(int(cell[name])).scaleb(-account.scales[name]):,f}"
        for name in ("quantity", "amount")
    )
    return f"{cell['product']}: quantity {quantity}, amount {amount}"
