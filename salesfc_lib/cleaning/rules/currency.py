"""Amounts in several currencies, made amounts in the unit's.

An account enters and leaves; its lines then have `amount_original` beside `amount`, and `currency` as a code. The decisions made
here: the rate is the latest that is valid on the day on which the line was known (a cancellation has the rate of what it
cancels, so that the two still sum to nothing); a rate that is missing stops the unit; amounts are rounded once, half to even.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.basic_rules import Context, where
from salesfc_lib.cleaning.rules.cancellations import first_days
from salesfc_lib.cleaning.rules.measures import first_rows, multiply_each, with_cents
from salesfc_lib.cleaning.side_tables.reading import read_companion
from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.intake import CURRENCIES, category_of, round_half_even, whole

WITHOUT_CENTS = {
    "JPY",
    "KRW",
    "VND",
    "CLP",
    "ISK",
    "IDR",
    "HUF",
}  # currencies whose amounts are whole


class Rates(NamedTuple):
    """Rates of one currency to the unit's: `values` * 10**-scale, each valid from its day on (ascending)."""

    days: np.ndarray
    values: np.ndarray


def settle_currency(account: Account, context: Context) -> Account:
    """Account whose amounts are in the unit's currency.

    Raises `SalesForecastError` for amounts in several currencies where the unit names none, and for a missing rate.
    """
    target = context.parameters.measure.currency
    codes, names = code_currencies(account.lines, context)
    if codes is None:
        return account
    lines = account.lines
    counted = lines["amount"].to_numpy() != 0
    if target is None:
        used = [names[code] for code in np.unique(codes[counted & (codes >= 0)])]
        if len(used) > 1 and context.parameters.measure.value == "amount":
            raise SalesForecastError.say(
                f"The amounts are in several currencies ({shorten(used, 5)}), which cannot be added",
                "One currency in which the unit counts, and rates to it",
                "Set `measure.currency` and `measure.rates`, or add a source with the role `rates`",
            )
        return account
    foreign = where(counted & (codes != names.index(target)))
    if not len(foreign):
        return account
    rates, scale = read_rates(context)
    factors, missing = find_rates(first_days(lines)[foreign], codes[foreign], names, rates)
    if missing.any():
        raise _no_rate(lines, foreign[missing], codes[foreign[missing]], names, target)
    account = account if target in WITHOUT_CENTS else with_cents(account)
    kept = account.lines.assign(
        amount_original=account.lines["amount"].to_numpy(),
        currency=category_of(codes, [*names, None]),
    )
    account = replace(
        account, lines=kept, scales={**account.scales, "amount_original": account.scales["amount"]}
    )
    units = kept["amount"].to_numpy()[foreign]
    converted = round_half_even(multiply_each(units, factors), 1, 10**scale)
    own = codes[foreign]
    return account.apply(
        *(
            Finding(
                "currency",
                "change",
                foreign[own == code],
                f"{names[code]} are made {target} at the rate of their day",
                values={"amount": converted[own == code]},
            )
            for code in np.unique(own)
        )
    )


def code_currencies(lines: pd.DataFrame, context: Context) -> tuple[np.ndarray | None, list[str]]:
    """Number of each line's currency (n_lines,) among the names beside it, -1 where none is said; None where no source says any.

    A source without a column `currency` and without a declared one counts in the unit's.
    """
    target = context.parameters.measure.currency
    declared = {name: source.currency for name, source in context.sources.items()}
    if "currency" not in lines and not any(declared.values()):
        return None, []
    mapped = {name for name, source in context.sources.items() if "currency" in source.columns}
    names = list(dict.fromkeys([target] if target else []))
    found = (
        [name_currency(text, target) for text in lines["currency"].cat.categories]
        if "currency" in lines
        else []
    )
    usual = [
        name_currency(declared[name], target)
        if declared[name]
        else ""
        if name in mapped
        else (target or "")
        for name in lines["name"].cat.categories
    ]
    names += [name for name in dict.fromkeys([*found, *usual]) if name and name not in names]
    place = {name: code for code, name in enumerate(names)} | {"": -1}
    codes = np.array([place[name] for name in usual], dtype=np.int32)[
        lines["name"].cat.codes.to_numpy()
    ]
    if found:
        said = np.array([*(place[name] for name in found), -1], dtype=np.int32)[
            lines["currency"].cat.codes.to_numpy()
        ]
        codes = np.where(said >= 0, said, codes)
    return codes, names


def name_currency(text: str, target: str | None = None) -> str:
    """The ISO code that a text stands for; the text itself where it is no known currency.

    >>> name_currency("人民币"), name_currency("usd"), name_currency("￥", "JPY"), name_currency("Taler")
    ('CNY', 'USD', 'JPY', 'TALER')
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
    target = context.parameters.measure.currency
    rows = [
        (code, np.datetime64(day), rate)
        for code, rates in context.parameters.measure.rates.items()
        for day, rate in rates.items()
    ]
    table = read_companion("rates", context.parameters, context.extracts)
    rows += zip(
        table["currency"],
        table["date"].to_numpy().astype("datetime64[D]"),
        table["rate"],
        strict=True,
    )
    known: dict[tuple[str, np.datetime64], Decimal] = {}
    for text, day, rate in rows:
        code = name_currency(text, target)
        if rate <= 0 or known.setdefault((code, day), rate) != rate:
            raise SalesForecastError.say(
                f"The rate of {code} from {day} on is {rate}"
                + ("" if rate <= 0 else f" and {known[code, day]}"),
                "One rate above zero for a currency and a day",
                "Correct `measure.rates` or the source with the role `rates`",
            )
    scale = max((max(0, -int(rate.as_tuple().exponent)) for rate in known.values()), default=0)
    by_code: dict[str, list[tuple[np.datetime64, int]]] = {}
    for (code, day), rate in sorted(known.items()):
        by_code.setdefault(code, []).append((day, int(rate.scaleb(scale))))
    return {
        code: Rates(
            np.array([day for day, _ in dated], dtype="datetime64[D]"),
            whole([rate for _, rate in dated]),
        )
        for code, dated in by_code.items()
    }, scale


def find_rates(
    days: np.ndarray, codes: np.ndarray, names: Sequence[str], rates: Mapping[str, Rates]
) -> tuple[np.ndarray, np.ndarray]:
    """The rate of each line as a whole number (n,), and where there is none."""
    factors = np.ones(
        len(codes),
        dtype=object if any(known.values.dtype == object for known in rates.values()) else np.int64,
    )
    missing = codes < 0
    for code in np.unique(codes[codes >= 0]):
        at = where(codes == code)
        known = rates.get(names[code])
        valid = (
            np.searchsorted(known.days, days[at], side="right") - 1
            if known
            else np.full(len(at), -1)
        )
        missing[at] = (valid < 0) | np.isnat(days[at])
        if known:
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
        f"{len(at)} lines have no rate to {target}: {shorten(dict.fromkeys(which))} ({first_rows(lines, at)})",
        "A currency in each line, and a rate that is valid on or before its day",
        "Add the rate to `measure.rates` or to the source with the role `rates`, or declare the source's `currency` for blank cells",
    )
