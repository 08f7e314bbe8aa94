"""Amounts in several currencies, made amounts in the unit's.

Lines then have `amount_original` beside `amount`, and `currency` as a code. The rate is the latest
that is valid on the day on which the line was known (a cancellation has the rate of what it
cancels, so that the two still sum to nothing); a rate that is missing stops the unit; amounts are
rounded once, half to even.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.frames import fit_int64
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.cleaning.rules.cancellations import first_days
from salesfc_lib.cleaning.rules.labels import find_other, keep_original
from salesfc_lib.cleaning.rules.measures import first_rows, multiply_each, with_cents
from salesfc_lib.cleaning.side_tables.reading import read_side_table
from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.intake import CURRENCIES, fixed_point, text_columns

WITHOUT_CENTS = {"JPY", "KRW", "VND", "CLP", "ISK", "IDR", "HUF"}  # amounts are whole


class Rates(NamedTuple):
    """Rates of one currency to the unit's: `values` * 10**-scale, from each of `days` on."""

    days: np.ndarray
    values: np.ndarray


def settle_currency(batch: Batch, context: Context) -> Batch:
    """Batch whose amounts are in the unit's currency.

    Raises `SalesForecastError` for amounts in several currencies where the unit names none, and for
    a missing rate.
    """
    target, lines = context.parameters.measure.currency, batch.lines
    fold = partial(name_currency, target=target)
    foreign, codes, names = find_other("currency", "amount", batch, context, fold)
    if target is None or not len(foreign):
        return batch
    rates, scale = read_rates(context)
    factors, missing = find_rates(first_days(lines)[foreign], codes[foreign], names, rates)
    if missing.any():
        raise _no_rate(lines, foreign[missing], codes[foreign[missing]], names, target)
    batch = keep_original(batch if target in WITHOUT_CENTS else with_cents(batch), "amount")
    batch = batch.with_columns(currency=text_columns.category_of(codes, [*names, None]))
    products = multiply_each(batch.lines["amount"].to_numpy()[foreign], factors)
    converted = fit_int64(fixed_point.round_half_even(products, 1, 10**scale), "An amount")
    for code in np.unique(codes[foreign]):
        own = codes[foreign] == code
        reason = f"{names[code]} are made {target} at the rate of their day"
        batch = batch.change("currency", foreign[own], reason, amount=converted[own])
    return batch


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


def read_rates(context: Context) -> tuple[dict[str, Rates], int]:
    """Rates by currency from the parameters and the sources with the role `rates`, and their scale.

    Raises `SalesForecastError` where two of one day differ.
    """
    measure = context.parameters.measure
    rows = [
        (code, np.datetime64(day), rate)
        for code, rates in measure.rates.items()
        for day, rate in rates.items()
    ]
    table = read_side_table("rates", context)
    days = table["date"].to_numpy().astype("datetime64[D]")
    rows += zip(table["currency"], days, table["rate"], strict=True)
    known: dict[tuple[str, np.datetime64], Decimal] = {}
    for text, day, rate in rows:
        key = name_currency(text, measure.currency), day
        if rate <= 0 or known.setdefault(key, rate) != rate:
            also = "" if rate <= 0 else f" and {known[key]}"
            raise SalesForecastError.say(
                f"The rate of {key[0]} from {day} on is {rate}{also}",
                "One rate above zero for a currency and a day",
                "Correct `measure.rates` or the source with the role `rates`",
            )
    scale = max((max(0, -int(rate.as_tuple().exponent)) for rate in known.values()), default=0)
    by_code: dict[str, dict[np.datetime64, int]] = {}
    for (code, day), rate in sorted(known.items()):
        by_code.setdefault(code, {})[day] = int(rate.scaleb(scale))
    found = {
        code: Rates(np.array([*dated], dtype="datetime64[D]"), fixed_point.whole([*dated.values()]))
        for code, dated in by_code.items()
    }
    return found, scale


def find_rates(
    days: np.ndarray, codes: np.ndarray, names: Sequence[str], rates: Mapping[str, Rates]
) -> tuple[np.ndarray, np.ndarray]:
    """The rate of each line as a whole number (n,), and where there is none."""
    factors, missing = np.ones(len(codes), dtype=np.int64), codes < 0
    for code in np.unique(codes[codes >= 0]):
        at = where(codes == code)
        known = rates.get(names[code])
        if known is None:
            missing[at] = True
            continue
        valid = np.searchsorted(known.days, days[at], side="right") - 1
        missing[at] = (valid < 0) | np.isnat(days[at])
        factors[at] = known.values[np.maximum(valid, 0)]
    return factors, missing


def _no_rate(
    lines: pd.DataFrame, at: np.ndarray, codes: np.ndarray, names: Sequence[str], target: str
) -> SalesForecastError:
    days = lines["known"].to_numpy()[at].astype("datetime64[D]")
    which = [
        f"{names[code]} of {day}" if code >= 0 else "no currency at all"
        for code, day in zip(codes[:3], days[:3], strict=True)
    ]
    return SalesForecastError.say(
        f"{len(at)} lines have no rate to {target}: {shorten(dict.fromkeys(which))} "
        f"({first_rows(lines, at)})",
        "A currency in each line, and a rate that is valid on or before its day",
        "Add the rate to `measure.rates` or to the source with the role `rates`, or declare the "
        "source's `currency` for blank cells",
    )
