"""What an amount holds: discounts, freight and tax, taken out or put in as the unit's measure says.

An account enters and leaves. The decisions made here: the order is discount, freight, tax, and only then the currency
(`currency`), because what stands beside an amount is in the line's own currency; each makes an amount larger or smaller whatever its
sign, so that a return undoes its sale; a computed amount has at least two decimals, rounded half to even at the account's scale.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.account.lines import is_notice, needs_discount, needs_freight
from salesfc_lib.cleaning.basic_rules import Context, where
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake import INT64, largest, round_half_even, whole

CENTS = 2  # decimals that a computed amount has at least
PERCENT = Decimal("0.01")
EXEMPT = {
    "免税",
    "不征税",
    "零税率",
    "exempt",
    "zero-rated",
    "zero rated",
}  # rates in words: no tax


def settle_discounts(account: Account, context: Context) -> Account:
    """Account with discounts taken off, or left in, as the unit's measure says.

    A discount is an amount in the line's currency, or a share of it where the source's `units` say percent; a share is taken
    off exactly.
    """
    measure = context.parameters.measure.discounts
    mine = {
        name: source
        for name, source in context.sources.items()
        if needs_discount(source, context.parameters)
    }
    shares = [name for name, source in mine.items() if source.units.get("discount") == PERCENT]
    reason = f"amounts are made {measure} of discounts"
    at = where(account.lines["name"].isin([name for name in mine if name not in shares]))
    account = _move_part(account, at, "discount", -1 if measure == "net" else 1, reason)
    at = where(account.lines["name"].isin(shares))
    return _move_share(account, at, reason, off=measure == "net") if len(at) else account


def settle_freight(account: Account, context: Context) -> Account:
    """Account with freight taken out, or put in, as the unit's measure says."""
    measure = context.parameters.measure.freight
    mine = [
        name
        for name, source in context.sources.items()
        if needs_freight(source, context.parameters)
    ]
    at = where(account.lines["name"].isin(mine))
    return _move_part(
        account,
        at,
        "freight",
        -1 if measure == "excluded" else 1,
        f"amounts are made '{measure}' of freight",
    )


def settle_tax(account: Account, context: Context) -> Account:
    """Account with tax taken off, or put on, as the unit's measure says.

    The line's own `tax_amount` is exact and goes first; else its `tax_rate`, else the source's: amount / (1 + rate) without tax,
    amount * (1 + rate) with it. A line whose rate cannot be read is quarantined.

    Raises `SalesForecastError` where the source says nothing of its tax.
    """
    measure = context.parameters.measure.tax
    for name, source in context.sources.items():
        at = (
            where(account.lines["name"].eq(name))
            if source.tax != measure
            else np.array([], dtype=np.int64)
        )
        if not len(at) or is_notice(source) or "amount" not in source.columns:
            continue
        if "tax_amount" in source.columns:
            sign = -1 if measure == "excluded" else 1
            account = _move_part(
                account,
                at,
                "tax_amount",
                sign,
                f"amounts are made '{measure}' of the tax of their line",
            )
        elif "tax_rate" in source.columns:
            account = _settle_rates(account, at, source, measure)
        elif source.tax_rate is None:
            raise SalesForecastError.say(
                f"The amounts of '{name}' have tax {source.tax}, the unit's measure has it {measure}, and nothing says how much it is",
                "A `tax_rate`, or a column `tax_rate` or `tax_amount`",
                f"Add it under `sources.{name}`; `tax_rate: 0` where there is none",
            )
        elif source.tax_rate:
            account = _tax(
                account, at, [source.tax_rate], np.zeros(len(at), dtype=np.int64), measure
            )
    return account


def read_tax_rates(texts: Iterable[str]) -> list[Decimal | None]:
    """Rates of a column's distinct texts, None where there is none to read.

    A number without a percent sign is in percent where one of the column's is 1 or more.

    >>> read_tax_rates(["13%", "免税", "?"]), read_tax_rates(["0.13", "0"]), read_tax_rates(["13", "0.5"])
    ([Decimal('0.13'), Decimal('0.00'), None], [Decimal('0.13'), Decimal('0')], [Decimal('0.13'), Decimal('0.005')])
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
        rate = Decimal(plain.removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        return None, False
    return (rate, plain.endswith("%")) if rate.is_finite() and rate >= 0 else (None, False)


def _settle_rates(account: Account, at: np.ndarray, source: Source, measure: str) -> Account:
    """Account with the tax of lines at their own rates; those without one are quarantined, unless their amount is zero."""
    column = account.lines["tax_rate"].iloc[at].cat
    labels = [*column.categories]
    read = [*read_tax_rates(labels), source.tax_rate]  # the last is that of a blank cell
    rates = [rate for rate in dict.fromkeys(read) if rate is not None]
    place = np.array([-1 if rate is None else rates.index(rate) for rate in read], dtype=np.int64)
    codes = place[column.codes.to_numpy()]
    lost = (codes < 0) & (account.lines["amount"].to_numpy()[at] != 0)
    texts = [
        f"tax_rate '{labels[code]}' is no rate" if code >= 0 else "tax_rate is blank"
        for code in column.codes[lost]
    ]
    account = _tax(account, at[codes >= 0], rates, codes[codes >= 0], measure)
    return account.apply(
        Finding(
            "unreadable", "quarantine", at[lost], "the rate of the line's tax cannot be read", texts
        )
    )


def _tax(
    account: Account, at: np.ndarray, rates: list[Decimal], codes: np.ndarray, measure: str
) -> Account:
    """Account with tax at a rate each: `codes` says which of the rates each line has."""
    account = with_cents(account)
    for code, rate in enumerate(rates):
        mine = at[codes == code] if len(rates) > 1 else at
        if not len(mine) or not rate:
            continue
        up, down = (1 + rate).as_integer_ratio()
        taxed = round_half_even(
            account.lines["amount"].to_numpy()[mine],
            *((down, up) if measure == "excluded" else (up, down)),
        )
        reason = f"amounts are made '{measure}' of tax at {rate:%}"
        account = account.apply(Finding("tax", "change", mine, reason, values={"amount": taxed}))
    return account


def _move_part(account: Account, at: np.ndarray, part: str, sign: int, reason: str) -> Account:
    """Account whose amounts are larger (sign 1) or smaller (-1) by a part of their own line."""
    if not len(at):
        return account
    account = account.at_one_scale("amount", part)
    amount, moved = (account.lines[name].to_numpy()[at] for name in ("amount", part))
    settled = amount + sign * np.where(amount < 0, -1, 1) * np.abs(moved)
    rule = {"tax_amount": "tax"}.get(part, part)
    return account.apply(Finding(rule, "change", at, reason, values={"amount": settled}))


def _move_share(account: Account, at: np.ndarray, reason: str, *, off: bool) -> Account:
    """Account whose amounts are without (off), or again with, a discount that is a share of them."""
    places = account.scales["discount"]
    account = (
        account.at_scales({"amount": account.scales["amount"] + places})
        if off
        else with_cents(account)
    )
    one = 10**places
    amount, left = (
        account.lines["amount"].to_numpy()[at],
        one - np.abs(account.lines["discount"].to_numpy()[at]),
    )
    if off:
        settled = multiply_each(amount // one, left)
    else:
        settled = amount.copy()
        for share in np.unique(left):
            if share <= 0:
                raise SalesForecastError.say(
                    "A discount of 100 % leaves nothing to compute the amount before it from",
                    "Amounts before discount",
                    "Export them, or set `measure.discounts: net`",
                )
            settled[left == share] = round_half_even(amount[left == share], one, int(share))
    return account.apply(Finding("discount", "change", at, reason, values={"amount": settled}))


def with_cents(account: Account) -> Account:
    """Account whose amounts have at least two decimals."""
    return account.at_scales({"amount": max(account.scales["amount"], CENTS)})


def multiply_each(units: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Products of whole numbers, exactly.

    >>> multiply_each(np.array([2, 10**18]), np.array([3, 100])).tolist()
    [6, 100000000000000000000]
    """
    if (
        object not in (units.dtype, factors.dtype)
        and max(largest(units), 1) * max(largest(factors), 1) <= INT64
    ):
        return units * factors
    return whole(
        [
            int(unit) * int(factor)
            for unit, factor in zip(units.tolist(), factors.tolist(), strict=True)
        ]
    )


def first_rows(lines: pd.DataFrame, at: np.ndarray, most: int = 3) -> str:
    """Where the first of some lines stand, and how many more there are."""
    rows = lines[["source", "row"]].iloc[at[:most]]
    shown = ", ".join(
        f"{source} row {row}" for source, row in zip(rows["source"], rows["row"], strict=True)
    )
    return shown if len(at) <= most else f"{shown} and {len(at) - most} more"
