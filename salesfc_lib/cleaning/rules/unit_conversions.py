"""Quantities in several units of measure, made quantities in the unit's base unit.

An account enters and leaves; its lines then have `quantity_original` beside `quantity`. The decisions made here: a conversion of
a product goes before that of its unit of measure; one that is missing stops the unit; quantities are multiplied exactly and never rounded.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.basic_rules import Context, where
from salesfc_lib.cleaning.rules.measures import first_rows, multiply_each
from salesfc_lib.cleaning.side_tables.reading import read_companion
from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.intake import whole

Table = dict[
    tuple[str, str | None], Decimal
]  # (unit of measure, product or None for all): how many base units


def settle_units(account: Account, context: Context) -> Account:
    """Account whose quantities are in the unit's base unit.

    Raises `SalesForecastError` for quantities in several units where none is named the base, and for a missing conversion.
    """
    base, lines = context.parameters.measure.unit_of_measure, account.lines
    if "unit_of_measure" not in lines and not any(
        source.unit_of_measure for source in context.sources.values()
    ):
        return account
    codes, units = code_units(lines, context)
    counted = lines["quantity"].to_numpy() != 0
    if base is None:
        used = [units[code] for code in np.unique(codes[counted & (codes >= 0)])]
        if len(used) > 1 and context.parameters.measure.value == "quantity":
            raise SalesForecastError.say(
                f"The quantities are in several units of measure ({shorten(used, 5)}), which cannot be added",
                "One unit in which the unit counts, and conversions to it",
                "Set `measure.unit_of_measure` and `measure.conversions`, or add a source with the role `conversions`",
            )
        return account
    other = where(counted & (codes != units.index(fold_unit(base))))
    if not len(other):
        return account
    factors = find_factors(lines, other, codes[other], units, read_conversions(context))
    missing = np.array([factor is None for factor in factors[0]], dtype=bool)[factors[1]]
    if missing.any():
        raise _no_conversion(lines, other[missing], codes[other[missing]], units, base)
    distinct = [Decimal(1) if factor is None else factor for factor in factors[0]]
    places = max(max(0, -int(factor.as_tuple().exponent)) for factor in distinct)
    original = account.scales["quantity"]
    kept = lines.assign(quantity_original=lines["quantity"].to_numpy())
    account = replace(account, lines=kept, scales={**account.scales, "quantity_original": original})
    account = account.at_scales({"quantity": original + places})
    by = whole([int(factor.scaleb(places)) for factor in distinct])[factors[1]]
    converted = multiply_each(lines["quantity"].to_numpy()[other], by)
    own = codes[other]
    return account.apply(
        *(
            Finding(
                "unit_of_measure",
                "change",
                other[own == code],
                f"quantities in '{units[code]}' are made '{base}'",
                values={"quantity": converted[own == code]},
            )
            for code in np.unique(own)
        )
    )


def code_units(lines: pd.DataFrame, context: Context) -> tuple[np.ndarray, list[str]]:
    """Number of each line's unit of measure (n_lines,) among the names beside it; -1 where none is said.

    A source without a column `unit_of_measure` and without a declared one counts in the base unit.
    """
    base = fold_unit(context.parameters.measure.unit_of_measure or "")
    mapped = {
        name for name, source in context.sources.items() if "unit_of_measure" in source.columns
    }
    found = (
        [fold_unit(text) for text in lines["unit_of_measure"].cat.categories]
        if "unit_of_measure" in lines
        else []
    )
    usual = [
        fold_unit(context.sources[name].unit_of_measure) or ("" if name in mapped else base)
        for name in lines["name"].cat.categories
    ]
    units = [name for name in dict.fromkeys([base, *found, *usual]) if name]
    place = {name: code for code, name in enumerate(units)} | {"": -1}
    codes = np.array([place[name] for name in usual], dtype=np.int32)[
        lines["name"].cat.codes.to_numpy()
    ]
    if found:
        said = np.array([*(place[name] for name in found), -1], dtype=np.int32)[
            lines["unit_of_measure"].cat.codes.to_numpy()
        ]
        codes = np.where(said >= 0, said, codes)
    return codes, units


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
    frame = read_companion("conversions", context.parameters, context.extracts)
    products = frame["product"] if "product" in frame else [None] * len(frame)
    rows = [(name, None, factor) for name, factor in context.parameters.measure.conversions.items()]
    rows += zip(frame["unit"], products, frame["factor"], strict=True)
    table: Table = {}
    for unit, product, factor in rows:
        key = (fold_unit(unit), product or None)
        if factor <= 0 or table.setdefault(key, factor) != factor:
            raise SalesForecastError.say(
                f"The conversion of '{unit}'{f' of {product}' if product else ''} is {factor}"
                + ("" if factor <= 0 else f" and {table[key]}"),
                "One factor above zero for a unit of measure and a product",
                "Correct `measure.conversions` or the source with the role `conversions`",
            )
    return table


def find_factors(
    lines: pd.DataFrame, at: np.ndarray, codes: np.ndarray, units: list[str], table: Table
) -> tuple[list[Decimal | None], np.ndarray]:
    """The distinct factors, the first None for a missing one, and the place of each line's among them (n,)."""
    distinct: list[Decimal | None] = [None, *dict.fromkeys(table.values())]
    place = {factor: code for code, factor in enumerate(distinct)}
    products = lines["product"].cat
    grid = np.zeros(
        (len(units) + 1, len(products.categories) + 1), dtype=np.int32
    )  # the last row and column: none is said
    known = {product: code for code, product in enumerate(products.categories)}
    row = {unit: code for code, unit in enumerate(units)}
    for (unit, product), factor in sorted(table.items(), key=lambda entry: entry[0][1] is not None):
        if unit in row and (product is None or product in known):
            grid[row[unit], slice(None) if product is None else known[product]] = place[factor]
    return distinct, grid[codes, products.codes.to_numpy()[at]]


def _no_conversion(
    lines: pd.DataFrame, at: np.ndarray, codes: np.ndarray, units: list[str], base: str
) -> SalesForecastError:
    products = lines["product"].iloc[at[:3]]
    which = [
        (f"'{units[code]}'" if code >= 0 else "no unit of measure at all")
        + (f" of {product}" if pd.notna(product) else "")
        for code, product in zip(codes[:3], products, strict=True)
    ]
    return SalesForecastError.say(
        f"{len(at)} lines have no conversion to '{base}': {', '.join(dict.fromkeys(which))} ({first_rows(lines, at)})",
        "A unit of measure in each line, and how many base units it is",
        "Add the conversion to `measure.conversions` or to the source with the role `conversions`, or declare the source's `unit_of_measure`",
    )
