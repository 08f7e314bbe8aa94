"""Amounts in several currencies and quantities in several units of measure, made the unit's own.

Lines then have `amount_original` beside `amount`, and `currency` as a code; `quantity_original`
beside `quantity`. The rate is the latest that is valid on the day on which the line was known (a
cancellation has the rate of what it cancels, so that the two still sum to nothing); amounts are
rounded once, half to even. A conversion of a product goes before that of its unit of measure;
quantities are multiplied exactly and never rounded. A factor that is missing stops the unit.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.frames import fit_int64, group_numbers, multiply_each
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.cleaning.rules.cancellations import first_days
from salesfc_lib.cleaning.rules.measures import first_rows, with_cents
from salesfc_lib.cleaning.side_tables.reading import read_side_table
from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import say
from salesfc_lib.intake import CURRENCIES, fixed_point, text_columns

WITHOUT_CENTS = {"JPY", "KRW", "VND", "CLP", "ISK", "IDR", "HUF"}  # amounts are whole
Fold = Callable[[str], str]  # one label of its spellings


class Measured(NamedTuple):
    """What a column of labels is about: its measure, and what makes one label of another."""

    measure: str
    label: str  # what people call one
    several: str
    factors: str  # the key of `measure` and the role of the sources that hold them
    factor: str


MEASURED = {
    "currency": Measured(
        measure="amount",
        label="currency",
        several="amounts are in several currencies",
        factors="rates",
        factor="rate",
    ),
    "unit_of_measure": Measured(
        measure="quantity",
        label="unit of measure",
        several="quantities are in several units of measure",
        factors="conversions",
        factor="conversion",
    ),
}


class Labels(NamedTuple):
    """The number of each line's label among `names` (n_lines,), -1 without one.

    `other` are the lines whose label is not the unit's.
    """

    column: str
    names: list[str]
    codes: np.ndarray
    other: np.ndarray


def settle_currency(batch: Batch, context: Context) -> Batch:
    """Batch whose amounts are in the unit's currency; raises as `find_labels` does."""
    target = context.parameters.measure.currency
    fold = partial(name_currency, target=target)
    labels = find_labels("currency", batch, context, fold)
    if target is None or not len(labels.other):
        return batch
    days = pd.Series(first_days(batch.lines)[labels.other])
    factors, places = _find_factors(labels, days, batch.lines, context, fold)
    batch = _keep_original(batch if target in WITHOUT_CENTS else with_cents(batch), "amount")
    codes = text_columns.category_of(labels.codes, [*labels.names, None])
    batch = batch.with_columns(currency=codes)
    products = multiply_each(batch.lines["amount"].to_numpy()[labels.other], factors)
    return _change(batch, labels, fixed_point.round_half_even(products, 1, 10**places), target)


def settle_units(batch: Batch, context: Context) -> Batch:
    """Batch whose quantities are in the unit's base unit; raises as `find_labels` does."""
    base, lines = context.parameters.measure.unit_of_measure, batch.lines
    labels = find_labels("unit_of_measure", batch, context, fold_unit)
    if base is None or not len(labels.other):
        return batch
    products = lines["product"].iloc[labels.other]
    factors, places = _find_factors(labels, products, lines, context, fold_unit)
    batch = _keep_original(batch, "quantity")
    batch = batch.at_scales({"quantity": batch.scales["quantity"] + places})
    converted = multiply_each(lines["quantity"].to_numpy()[labels.other], factors)
    return _change(batch, labels, converted, base)


def name_currency(text: str, target: str | None = None) -> str:
    """The ISO code that a text stands for; the text itself where it is no known currency.

    >>> [name_currency(text) for text in ("人民币", "usd", "Taler")], name_currency("￥", "JPY")
    (['CNY', 'USD', 'TALER'], 'JPY')
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    known = CURRENCIES.get(plain.lower(), frozenset())
    if target in known:
        return str(target)
    return next(iter(known)) if len(known) == 1 else plain.upper()


def fold_unit(text: str) -> str:
    """A unit of measure without what a person does not see: case, full-width forms, spaces around.

    >>> fold_unit(" ＰＣＳ ") == fold_unit("pcs")
    True
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()


def find_labels(column: str, batch: Batch, context: Context, fold: Fold) -> Labels:
    """What each line is counted in; a source without label and column counts in the unit's.

    Raises `SalesForecastError` where the unit forecasts this measure, has several labels in it and
    names none as its own.
    """
    lines, definition, item = batch.lines, context.parameters.measure, MEASURED[column]
    sources, base = context.sources, getattr(definition, column)
    if column not in lines and not any(getattr(source, column) for source in sources.values()):
        return Labels(column, [], where([]), where([]))
    own = fold(base) if base else ""
    usual = [
        fold(getattr(source, column) or "") or ("" if column in source.columns else own)
        for source in (sources[name] for name in lines["name"].cat.categories)
    ]
    found = [fold(text) for text in lines[column].cat.categories] if column in lines else []
    names = [name for name in dict.fromkeys([own, *found, *usual]) if name]
    place = {name: code for code, name in enumerate(names)} | {"": -1}
    codes = np.array([place[name] for name in usual], dtype=np.int32)[lines["name"].cat.codes]
    if found:
        mine = np.array([*(place[name] for name in found), -1], dtype=np.int32)
        mine = mine[lines[column].cat.codes]
        codes = np.where(mine >= 0, mine, codes)
    counted = lines[item.measure].to_numpy() != 0
    if base is not None:
        return Labels(column, names, codes, where(counted & (codes != place[own])))
    used = [names[code] for code in np.unique(codes[counted & (codes >= 0)])]
    if len(used) > 1 and definition.value == item.measure:
        raise SalesForecastError.of(
            f"The {item.several} ({shorten(used, 5)}), which cannot be added",
            f"One {item.label} in which the unit counts, and {item.factors} to it",
            f"Set `measure.{column}` and `measure.{item.factors}`, or add a source with the role "
            f"`{item.factors}`",
        )
    return Labels(column, names, codes, where([]))


def read_factors(column: str, context: Context, fold: Fold) -> dict[str, dict[Any, Decimal]]:
    """Factors by label, from the parameters and the sources with their role.

    Those of a currency are by the day from which they are valid, in order; those of a unit of
    measure by product, None for all. Raises `SalesForecastError` where two differ.
    """
    item, measure = MEASURED[column], context.parameters.measure
    table = read_side_table(item.factors, context)
    if column == "currency":
        dated = [(code, *rate) for code, rates in measure.rates.items() for rate in rates.items()]
        rows = [(code, pd.Timestamp(day), rate) for code, day, rate in dated]
        rows += zip(table["currency"], table["date"], table["rate"], strict=True)
        rows.sort(key=lambda row: row[1])
    else:
        rows = [(unit, None, factor) for unit, factor in measure.conversions.items()]
        products = table["product"] if "product" in table else [None] * len(table)
        rows += zip(table["unit"], products, table["factor"], strict=True)
    found: dict[str, dict[Any, Decimal]] = {}
    for text, key, factor in rows:
        known = found.setdefault(fold(text), {})
        if factor <= 0 or known.setdefault(key or None, factor) != factor:
            whose, other = f"{fold(text)}{_of_key(key)}", known.get(key or None)
            wrong = f"The {item.factor} of {whose} is {factor}"
            if factor > 0:
                wrong = f"The {item.factor} of {whose} is both {factor} and {other}"
            raise SalesForecastError.of(
                wrong,
                "One factor above zero for a label and a day or a product",
                f"Correct `measure.{item.factors}` or the source with the role `{item.factors}`",
            )
    return found


def _of_key(key: Any) -> str:
    text = f"{key:%Y-%m-%d}" if isinstance(key, pd.Timestamp) else key
    return f" ({text})" if pd.notna(key) and text else ""


def _find_factors(
    labels: Labels, keys: pd.Series, lines: pd.DataFrame, context: Context, fold: Fold
) -> tuple[np.ndarray, int]:
    """The factor of each other line (n_other,) as a whole number of 10**-places, and the places.

    `keys` are the lines' days or products.
    """
    known = read_factors(labels.column, context, fold)
    at, codes = labels.other, labels.codes[labels.other]
    frame = pd.DataFrame({"label": codes, "key": keys.array})
    group, firsts = group_numbers(frame, ["label", "key"])
    found = []
    for code, key in zip(codes[firsts], keys.iloc[firsts], strict=True):
        own = known.get(labels.names[code], {}) if code >= 0 else {}
        if labels.column == "currency":
            place = 0 if pd.isna(key) else bisect_right([*own], key)
            found.append([*own.values()][place - 1] if place else None)
        else:
            found.append(own.get(key, own.get(None)))
    if (missing := np.array([factor is None for factor in found])[group]).any():
        raise _no_factor(labels, at[missing], keys[missing], lines, context)
    every = [factor for own in known.values() for factor in own.values()]
    places = max(max(0, -int(factor.as_tuple().exponent)) for factor in every)
    units = fixed_point.whole([int(factor.scaleb(places)) for factor in found if factor])
    return units[group], places


def _change(batch: Batch, labels: Labels, converted: np.ndarray, target: str) -> Batch:
    """Batch with the converted measure of other lines, one change for each label."""
    item, codes = MEASURED[labels.column], labels.codes[labels.other]
    converted = fit_int64(converted, f"Column '{item.measure}'")
    for code in np.unique(codes):
        own = codes == code
        reason = say(f"reason.{labels.column}", label=labels.names[code], target=target)
        values = {item.measure: converted[own]}
        batch = batch.change(labels.column, labels.other[own], reason, **values)
    return batch


def _keep_original(batch: Batch, measure: str) -> Batch:
    """Batch with a copy of a measure beside it, as it is before it is converted."""
    copy = f"{measure}_original"
    scales = {**batch.scales, copy: batch.scales[measure]}
    return replace(batch.with_columns(**{copy: batch.lines[measure].to_numpy()}), scales=scales)


def _no_factor(
    labels: Labels, at: np.ndarray, keys: pd.Series, lines: pd.DataFrame, context: Context
) -> SalesForecastError:
    item, target = MEASURED[labels.column], getattr(context.parameters.measure, labels.column)
    which = []
    for code, key in zip(labels.codes[at[:3]], keys.iloc[:3], strict=True):
        named = f"'{labels.names[code]}'{_of_key(key)}"
        which.append(named if code >= 0 else f"no {item.label} at all")
    return SalesForecastError.of(
        f"{len(at)} lines have no {item.factor} to '{target}', first {first_rows(lines, at)}: "
        f"{'; '.join(dict.fromkeys(which))}",
        f"A {item.label} in each line, and a {item.factor} that is valid for its day or product",
        f"Add the {item.factor} to `measure.{item.factors}` or to the source with the role "
        f"`{item.factors}`, or declare the source's `{labels.column}`",
    )
