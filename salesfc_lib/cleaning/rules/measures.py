"""What an amount holds: discounts, freight and tax, taken out or put in as the unit's measure says.

The order is discount, freight, tax, and only then the currency (`currency`), because what stands
beside an amount is in the line's own currency. Each makes an amount larger or smaller whatever its
sign, so that a return undoes its sale. A computed amount has at least two decimals, rounded half to
even at the batch's scale.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.frames import fit_int64
from salesfc_lib.cleaning.batch.lines import is_notice, needs_part
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake import evidence, fixed_point, parse_number

CENTS = 2  # decimals that a computed amount has at least
PERCENT = Decimal("0.01")
EXEMPT = {"免税", "不征税", "零税率", "exempt", "zero-rated", "zero rated"}  # rates in words: 0


def settle_discounts(batch: Batch, context: Context) -> Batch:
    """Batch with discounts taken off, or left in, as the unit's measure says.

    A discount is an amount in the line's currency, or a share of it where the source's `units` say
    percent; a share is taken off exactly.
    """
    measure = context.parameters.measure.discounts
    mine = {
        name: source.units.get("discount") == PERCENT
        for name, source in context.sources.items()
        if needs_part("discounts", source, context.parameters)
    }
    reason = f"amounts are made {measure} of discounts"
    at = where(batch.lines["name"].isin([name for name, is_share in mine.items() if not is_share]))
    batch = _move_part(batch, at, "discount", -1 if measure == "net" else 1, reason)
    at = where(batch.lines["name"].isin([name for name, is_share in mine.items() if is_share]))
    if not len(at):
        return batch
    return (_take_share if measure == "net" else _add_share)(batch, at, reason)


def settle_freight(batch: Batch, context: Context) -> Batch:
    """Batch with freight taken out, or put in, as the unit's measure says."""
    measure = context.parameters.measure.freight
    mine = [
        name
        for name, source in context.sources.items()
        if needs_part("freight", source, context.parameters)
    ]
    at, sign = where(batch.lines["name"].isin(mine)), -1 if measure == "excluded" else 1
    return _move_part(batch, at, "freight", sign, f"amounts are made '{measure}' of freight")


def settle_tax(batch: Batch, context: Context) -> Batch:
    """Batch with tax taken off, or put on, as the unit's measure says.

    The line's own `tax_amount` is exact and goes first; else its `tax_rate`, else the source's:
    amount / (1 + rate) without tax, amount * (1 + rate) with it. A line whose rate cannot be read
    is quarantined.

    Raises `SalesForecastError` where the source does not declare its tax.
    """
    measure = context.parameters.measure.tax
    for name, source in context.sources.items():
        if source.tax == measure or is_notice(source) or "amount" not in source.columns:
            continue
        at = where(batch.lines["name"].eq(name))
        if not len(at):
            continue
        if "tax_amount" in source.columns:
            sign = -1 if measure == "excluded" else 1
            reason = f"amounts are made '{measure}' of the tax of their line"
            batch = _move_part(batch, at, "tax_amount", sign, reason)
        elif "tax_rate" in source.columns:
            batch = _settle_rates(batch, at, source, measure)
        elif source.tax_rate is None:
            raise SalesForecastError.say(
                f"The amounts of '{name}' have tax {source.tax}, the unit's measure has it "
                f"{measure}, and nothing says how much it is",
                "A `tax_rate`, or a column `tax_rate` or `tax_amount`",
                f"Add it under `sources.{name}`; `tax_rate: 0` where there is none",
            )
        elif source.tax_rate:
            codes = np.zeros(len(at), dtype=np.int64)
            batch = _tax(batch, at, [source.tax_rate], codes, measure)
    return batch


def read_tax_rates(texts: Iterable[str]) -> list[Decimal | None]:
    """Rates of a column's distinct texts, None where there is none to read.

    A number without a percent sign is in percent where one of the column's is 1 or more.

    >>> read_tax_rates(["13%", "免税", "?"]), read_tax_rates(["0.13", "0"])
    ([Decimal('0.13'), Decimal('0.00'), None], [Decimal('0.13'), Decimal('0')])
    >>> read_tax_rates(["13", "0.5"])
    [Decimal('0.13'), Decimal('0.005')]
    """
    read = [_read_rate(text) for text in texts]
    in_percent = any(rate is not None and not signed and rate >= 1 for rate, signed in read)
    return [
        rate * PERCENT if rate is not None and (signed or in_percent) else rate
        for rate, signed in read
    ]


def _read_rate(text: str) -> tuple[Decimal | None, bool]:
    """The number in a text, and whether it has a percent sign."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain in EXEMPT:
        return Decimal(0), True
    try:
        rate, signed = parse_number(plain)
    except evidence.Unreadable:
        return None, False
    return (rate, signed) if rate >= 0 else (None, False)


def _settle_rates(batch: Batch, at: np.ndarray, source: Source, measure: str) -> Batch:
    """Batch with tax at each line's rate; lines without one are quarantined, unless of amount 0."""
    column = batch.lines["tax_rate"].iloc[at].cat
    labels = [*column.categories]
    read = [*read_tax_rates(labels), source.tax_rate]  # the last is that of a blank cell
    rates = [rate for rate in dict.fromkeys(read) if rate is not None]
    place = np.array([-1 if rate is None else rates.index(rate) for rate in read], dtype=np.int64)
    codes = place[column.codes.to_numpy()]
    lost = (codes < 0) & (batch.lines["amount"].to_numpy()[at] != 0)
    reasons = [
        f"tax_rate '{labels[code]}' is no rate" if code >= 0 else "tax_rate is blank"
        for code in column.codes[lost]
    ]
    batch = _tax(batch, at[codes >= 0], rates, codes[codes >= 0], measure)
    reason = "the rate of the line's tax cannot be read"
    return batch.quarantine("unreadable", at[lost], reason, reasons)


def _tax(
    batch: Batch, at: np.ndarray, rates: list[Decimal], codes: np.ndarray, measure: str
) -> Batch:
    """Batch with tax at a rate each: `codes` says which of the rates each line has."""
    batch = with_cents(batch)
    for code, rate in enumerate(rates):
        mine = at[codes == code] if len(rates) > 1 else at
        if not len(mine) or not rate:
            continue
        ratio = (1 + rate).as_integer_ratio()
        taxed = fixed_point.round_half_even(
            batch.lines["amount"].to_numpy()[mine],
            *(reversed(ratio) if measure == "excluded" else ratio),
        )
        reason = f"amounts are made '{measure}' of tax at {rate:%}"
        batch = batch.change("tax", mine, reason, amount=fit_int64(taxed, "An amount"))
    return batch


def _move_part(batch: Batch, at: np.ndarray, part: str, sign: int, reason: str) -> Batch:
    """Batch whose amounts are larger (sign 1) or smaller (-1) by a part of their own line."""
    if not len(at):
        return batch
    batch = batch.at_scales(
        dict.fromkeys(["amount", part], max(batch.scales["amount"], batch.scales[part]))
    )
    amount, moved = (batch.lines[name].to_numpy()[at] for name in ("amount", part))
    settled = amount + sign * np.where(amount < 0, -1, 1) * np.abs(moved)
    return batch.change({"tax_amount": "tax"}.get(part, part), at, reason, amount=settled)


def _take_share(batch: Batch, at: np.ndarray, reason: str) -> Batch:
    """Batch whose amounts are without a discount that is a share of them, exactly."""
    places = batch.scales["discount"]
    batch = batch.at_scales({"amount": batch.scales["amount"] + places})
    left = 10**places - np.abs(batch.lines["discount"].to_numpy()[at])
    amount = batch.lines["amount"].to_numpy()[at] // 10**places
    settled = fit_int64(multiply_each(amount, left), "An amount")
    return batch.change("discount", at, reason, amount=settled)


def _add_share(batch: Batch, at: np.ndarray, reason: str) -> Batch:
    """Batch whose amounts are again with a discount that is a share of them."""
    batch = with_cents(batch)
    one = 10 ** batch.scales["discount"]
    left = one - np.abs(batch.lines["discount"].to_numpy()[at])
    settled = batch.lines["amount"].to_numpy()[at]
    for share in np.unique(left):
        if share <= 0:
            raise SalesForecastError.say(
                "A discount of 100 % leaves nothing to compute the amount before it from",
                "Amounts before discount",
                "Export them, or set `measure.discounts: net`",
            )
        before = fixed_point.round_half_even(settled[left == share], one, int(share))
        settled[left == share] = fit_int64(before, "An amount")
    return batch.change("discount", at, reason, amount=settled)


def with_cents(batch: Batch) -> Batch:
    """Batch whose amounts have at least two decimals."""
    return batch.at_scales({"amount": max(batch.scales["amount"], CENTS)})


def multiply_each(units: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Exact products of whole numbers: int64, or Python's whole numbers where one does not fit.

    >>> multiply_each(np.array([2, 10**18]), np.array([3, 100])).tolist()
    [6, 100000000000000000000]
    """
    if (
        max(fixed_point.largest(units), 1) * max(fixed_point.largest(factors), 1)
        <= fixed_point.INT64
    ):
        return units * factors
    return units.astype(object) * factors.astype(object)


def first_rows(lines: pd.DataFrame, at: np.ndarray, most: int = 3) -> str:
    """Where the first of some lines stand, and how many more there are."""
    rows = lines[["source", "row"]].iloc[at[:most]].itertuples()
    shown = ", ".join(f"{item.source} row {item.row}" for item in rows)
    return shown if len(at) <= most else f"{shown} and {len(at) - most} more"
