"""Quantities in several units of measure, made quantities in the unit's base unit.

Lines then have `quantity_original` beside `quantity`. A conversion of a product goes before that of
its unit of measure; one that is missing stops the unit; quantities are multiplied exactly and never
rounded.
"""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.frames import fit_int64
from salesfc_lib.cleaning.context import Context
from salesfc_lib.cleaning.rules.labels import find_other, keep_original
from salesfc_lib.cleaning.rules.measures import first_rows, multiply_each
from salesfc_lib.cleaning.side_tables.reading import read_side_table
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake import fixed_point

# (unit of measure, product or None for all): how many base units
Table = dict[tuple[str, str | None], Decimal]


def settle_units(batch: Batch, context: Context) -> Batch:
    """Batch whose quantities are in the unit's base unit.

    Raises `SalesForecastError` for quantities in several units where none is named the base, and
    for a missing conversion.
    """
    base, lines = context.parameters.measure.unit_of_measure, batch.lines
    other, codes, units = find_other("unit_of_measure", "quantity", batch, context, fold_unit)
    if base is None or not len(other):
        return batch
    factors, place = find_factors(lines, other, codes[other], units, read_conversions(context))
    if (missing := place == 0).any():
        raise _no_conversion(lines, other[missing], codes[other[missing]], units, base)
    places = max(max(0, -int(factor.as_tuple().exponent)) for factor in factors)
    batch = keep_original(batch, "quantity")
    batch = batch.at_scales({"quantity": batch.scales["quantity"] + places})
    by = fixed_point.whole([int(factor.scaleb(places)) for factor in factors])[place - 1]
    converted = multiply_each(lines["quantity"].to_numpy()[other], by)
    converted = fit_int64(converted, "A quantity")
    for code in np.unique(codes[other]):
        own = codes[other] == code
        reason = f"quantities in '{units[code]}' are made '{base}'"
        batch = batch.change("unit_of_measure", other[own], reason, quantity=converted[own])
    return batch


def fold_unit(text: str) -> str:
    """A unit of measure without what a person does not see: case, full-width forms, spaces around.

    >>> fold_unit(" ＰＣＳ ") == fold_unit("pcs")
    True
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()


def read_conversions(context: Context) -> Table:
    """Conversions from the parameters and the sources with the role `conversions`.

    Raises `SalesForecastError` where two of one unit and product differ.
    """
    frame = read_side_table("conversions", context)
    products = frame["product"] if "product" in frame else [None] * len(frame)
    rows = [(name, None, factor) for name, factor in context.parameters.measure.conversions.items()]
    rows += zip(frame["unit"], products, frame["factor"], strict=True)
    table: Table = {}
    for unit, product, factor in rows:
        key = (fold_unit(unit), product or None)
        if factor <= 0 or table.setdefault(key, factor) != factor:
            also = "" if factor <= 0 else f" and {table[key]}"
            raise SalesForecastError.say(
                f"The conversion of '{unit}'{f' of {product}' if product else ''} is {factor}"
                f"{also}",
                "One factor above zero for a unit of measure and a product",
                "Correct `measure.conversions` or the source with the role `conversions`",
            )
    return table


def find_factors(
    lines: pd.DataFrame, at: np.ndarray, codes: np.ndarray, units: list[str], table: Table
) -> tuple[list[Decimal], np.ndarray]:
    """The distinct factors, and each line's number among them from 1 (n,); 0 without one."""
    distinct = list(dict.fromkeys(table.values()))
    number = {factor: place for place, factor in enumerate(distinct, start=1)}
    products = lines["product"].cat
    known = {product: code for code, product in enumerate(products.categories)}
    row = {unit: code for code, unit in enumerate(units)}
    # the last row and column are those of lines without a unit of measure and without a product
    grid = np.zeros((len(units) + 1, len(products.categories) + 1), dtype=np.int32)
    for (unit, product), factor in sorted(table.items(), key=lambda entry: entry[0][1] is not None):
        if unit in row and (product is None or product in known):
            grid[row[unit], slice(None) if product is None else known[product]] = number[factor]
    return distinct, grid[codes, products.codes.to_numpy()[at]]


def _no_conversion(
    lines: pd.DataFrame, at: np.ndarray, codes: np.ndarray, units: list[str], base: str
) -> SalesForecastError:
    named = [f"'{units[code]}'" if code >= 0 else "no unit of measure at all" for code in codes[:3]]
    products = [f" of {name}" if pd.notna(name) else "" for name in lines["product"].iloc[at[:3]]]
    which = dict.fromkeys(map("".join, zip(named, products, strict=True)))
    return SalesForecastError.say(
        f"{len(at)} lines have no conversion to '{base}': {', '.join(which)} "
        f"({first_rows(lines, at)})",
        "A unit of measure in each line, and how many base units it is",
        "Add the conversion to `measure.conversions` or to the source with the role "
        "`conversions`, or declare the source's `unit_of_measure`",
    )
