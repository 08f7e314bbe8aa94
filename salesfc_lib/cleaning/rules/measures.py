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
from salesfc_lib.cleaning.batch.declared import is_notice, needs_part
from salesfc_lib.cleaning.batch.frames import fit_int64, multiply_each
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source, say
from salesfc_lib.intake import evidence, fixed_point, parse_number

CENTS = 2  # decimals that a computed amount has at least
PERCENT = Decimal("0.01")
EXEMPT = {"免税", "不征税", "零税率", "exempt", "zero-rated", "zero rated"}  # rates in words: 0


def settle_discounts(batch: Batch, context: Context) -> Batch:
    """Batch with discounts taken off, or left in, as the unit's measure says.

    A discount is an amount in the line's currency, or a share of it where the source's `units` say
    percent; a share is taken off exactly.
    """
    measure, mine = context.parameters.measure.discounts, _list_needing("discounts", context)
    shares = {name for name in mine if context.sources[name].units.get("discount") == PERCENT}
    reason = say(f"reason.discount.{measure}")
    at = where(batch.lines["name"].isin(mine - shares))
    batch = _move_part(batch, at, "discount", -1 if measure == "net" else 1, reason)
    at = where(batch.lines["name"].isin(shares))
    return _settle_shares(batch, at, measure, reason) if len(at) else batch


def settle_freight(batch: Batch, context: Context) -> Batch:
    """Batch with freight taken out, or put in, as the unit's measure says."""
    measure = context.parameters.measure.freight
    at = where(batch.lines["name"].isin(_list_needing("freight", context)))
    sign = -1 if measure == "excluded" else 1
    return _move_part(batch, at, "freight", sign, say(f"reason.freight.{measure}"))


def _list_needing(part: str, context: Context) -> set[str]:
    sources, parameters = context.sources, context.parameters
    return {name for name in sources if needs_part(part, sources[name], parameters)}


def settle_tax(batch: Batch, context: Context) -> Batch:
    """Batch with tax taken off, or put on, as the unit's measure says.

    The line's own `tax_amount` is exact and goes first; else its `tax_rate`, else the source's:
    amount / (1 + rate) without tax, amount * (1 + rate) with it. A line whose rate cannot be read
    is quarantined.

    Raises `SalesForecastError` where the source does not declare its tax.
    """
    measure = context.parameters.measure.tax
    for name, source in context.sources.items():
        if source.tax == measure or is_notice(source) or not source.has_amount:
            continue
        at = where(batch.lines["name"].eq(name))
        if not len(at):
            continue
        if "tax_amount" in source.columns:
            sign = -1 if measure == "excluded" else 1
            reason = say(f"reason.tax.line.{measure}")
            batch = _move_part(batch, at, "tax_amount", sign, reason)
        elif "tax_rate" in source.columns or source.tax_rate:
            batch = _settle_rates(batch, at, source, measure)
        elif source.tax_rate is None:
            raise SalesForecastError.of(
                f"The amounts of '{name}' have tax {source.tax}, the unit's measure has it "
                f"{measure}, and nothing says how much it is",
                "A `tax_rate`, or a column `tax_rate` or `tax_amount`",
                f"Add it under `sources.{name}`; `tax_rate: 0` where there is none",
            )
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
    labels, codes = [], np.full(len(at), -1)
    if "tax_rate" in source.columns:
        column = batch.lines["tax_rate"].iloc[at].cat
        labels, codes = [*column.categories], column.codes.to_numpy()
    # the last is that of a blank cell
    rates = np.array([*read_tax_rates(labels), source.tax_rate], dtype=object)
    batch = with_cents(batch)
    lost = pd.isna(rates)[codes] & (batch.lines["amount"].to_numpy()[at] != 0)
    for rate in dict.fromkeys(filter(None, rates)):
        mine, ratio = at[(rates == rate)[codes]], (1 + rate).as_integer_ratio()
        amount = batch.lines["amount"].to_numpy()[mine]
        ratio = ratio[::-1] if measure == "excluded" else ratio
        taxed = fit_int64(fixed_point.round_half_even(amount, *ratio), "An amount")
        reason = say(f"reason.tax.rate.{measure}", rate=f"{rate:%}")
        batch = batch.change("tax", mine, reason, amount=taxed)
    reasons = [
        say("reason.tax_rate.none", text=labels[code])
        if code >= 0
        else say("reason.tax_rate.blank")
        for code in codes[lost]
    ]
    reason = say("reason.tax_rate")
    return batch.quarantine("unreadable", at[lost], reason, reasons)


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


def _settle_shares(batch: Batch, at: np.ndarray, measure: str, reason: str) -> Batch:
    """Batch with a discount that is a share of amounts taken off, exactly, or put on again."""
    places = batch.scales["discount"]
    left = 10**places - np.abs(batch.lines["discount"].to_numpy()[at])
    if measure == "net":
        settled = multiply_each(batch.lines["amount"].to_numpy()[at], left)
        batch = batch.at_scales({"amount": batch.scales["amount"] + places})
        return batch.change("discount", at, reason, amount=fit_int64(settled, "An amount"))
    if left.min() <= 0:
        raise SalesForecastError.of(
            "A discount of 100 % leaves nothing to compute the amount before it from",
            "Amounts before discount",
            "Export them, or set `measure.discounts: net`",
        )
    batch = with_cents(batch)
    settled = batch.lines["amount"].to_numpy()[at]
    for share in np.unique(left):
        before = fixed_point.round_half_even(settled[left == share], 10**places, int(share))
        settled[left == share] = fit_int64(before, "An amount")
    return batch.change("discount", at, reason, amount=settled)


def with_cents(batch: Batch) -> Batch:
    """Batch whose amounts have at least two decimals."""
    return batch.at_scales({"amount": max(batch.scales["amount"], CENTS)})


def first_rows(lines: pd.DataFrame, at: np.ndarray, most: int = 3) -> str:
    """Where the first of some lines stand, and how many more there are."""
    rows = lines[["source", "row"]].iloc[at[:most]].itertuples()
    shown = "; ".join(f"{item.source} row {item.row}" for item in rows)
    return shown if len(at) <= most else f"{shown} and {len(at) - most} more"
