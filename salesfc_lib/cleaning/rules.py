"""The rules of cleaning, in the order in which they run: each takes an account and gives the next.

Lines enter and leave inside an `Account`, which records what each rule took away or changed. The decision made here: what
counts as a row of the business, and what "sales" means in this unit (discounts, tax, the sign of returns).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, localcontext

import pandas as pd

from salesfc_lib.cleaning.ledger import ZERO, Account, exactly
from salesfc_lib.cleaning.lines import flag, key_tuples, needs_discount
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.schema import Parameters, Source
from salesfc_lib.sources.layout import header_of

OTHER = "other"  # customers that are no key account
UNKNOWN = "unknown"  # the member of lines without a value


def drop_structure(account: Account) -> Account:
    """Account without headers repeated in the middle, and without subtotals (proven by `check_subtotals`)."""
    account = account.take(account.lines["mark"].eq("header"), "repeated_header", "the header stands again in the middle")
    return account.take(account.lines["mark"].eq("subtotal"), "subtotal", "subtotals, each proven equal to its parts")


def quarantine_unreadable(account: Account) -> Account:
    """Account without lines that cannot be read; what cannot be read of an amount or a quantity counts as zero."""
    reasons = {"unreadable": "date, quantity, amount or kind cannot be read; an amount that cannot be read counts 0"}
    for rule in account.lines.loc[account.lines["problem"].notna(), "problem_rule"].unique():
        problems = account.lines["problem"].where(account.lines["problem_rule"].eq(rule), None)
        account = account.quarantine(problems, rule, reasons.get(rule, "the row does not fit the header; its amount counts 0"))
    return account


def drop_duplicates(account: Account, name: str, source: Source) -> Account:
    """Account without lines that repeat the source's key: dropped where they say the same, else quarantined.

    The first of each key stays. A line without a complete key is no duplicate, and without a declared key nothing is.
    """
    if not source.key:
        return account
    ours = {header: column for column, header in source.columns.items()}
    columns = [ours.get(header_of(source, key), key) for key in source.key]
    lines = account.lines[account.lines["name"].eq(name)]
    keys = key_tuples(lines, columns)
    later = keys.notna() & keys.duplicated(keep="first")
    if not later.any():
        return account
    content = dict.fromkeys([*columns, "kind", "date", "quantity", "amount", *(name for name in source.columns if name in lines)])
    same = later & lines[[*content]].astype(str).duplicated(keep="first")
    said = f"the key ({', '.join(source.key)})"
    conflict = flag(later & ~same, f"{said} is repeated with other values")
    account = account.take(_spread(same, account.lines.index), "duplicate", f"{said} stands again with the same values")
    return account.quarantine(conflict.reindex(account.lines.index), "key_conflict", f"{said} is repeated with other values")


def _spread(mask: pd.Series, index: pd.Index) -> pd.Series:
    return mask.reindex(index, fill_value=False)


def rename_members(account: Account, renames: Mapping[str, Mapping[str, str]]) -> Account:
    """Account with members under the names now used; counted by name, values unchanged."""
    for column, names in renames.items():
        if column not in account.lines:
            continue
        for old, new in names.items():
            account = account.remark(account.lines[column].eq(old), "renamed", f"{column} '{old}' is now '{new}'")
        account = account.relabel(account.lines.assign(**{column: account.lines[column].replace(dict(names))}))
    return account


def name_unknown(account: Account, dimensions: list[str]) -> Account:
    """Account in which a missing member of a dimension is called 'unknown'."""
    for column in dimensions:
        mask = account.lines[column].isna()
        account = account.remark(mask, "unknown_member", f"no {column}: counted under '{UNKNOWN}'")
        account = account.relabel(account.lines.assign(**{column: account.lines[column].where(~mask, UNKNOWN)}))
    return account


def name_key_accounts(lines: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Lines with `key_account`: the customer where it is one, else 'other'."""
    column, members = parameters.key_accounts.column, parameters.key_accounts.members
    if not members:
        return lines.assign(key_account=OTHER)
    if column not in lines:
        raise SalesForecastError.missing_columns([column], lines.columns, "`key_accounts.column`: the orders")
    return lines.assign(key_account=lines[column].where(lines[column].isin(members), OTHER).astype(object))


def sign_returns(account: Account, sources: Mapping[str, Source]) -> Account:
    """Account in which returns are negative; where a source counts them without a sign, they get one.

    A return that is still positive then contradicts itself or its source's declaration, and is quarantined.
    """
    lines = account.lines
    positive = [name for name, source in sources.items() if source.returns_are_positive]
    flip = lines["kind"].eq("return") & lines["name"].isin(positive)
    if flip.any():
        signed = {name: lines[name].mask(flip, lines.loc[flip, name].map(operator.neg)) for name in ("quantity", "amount")}
        account = account.change(lines.assign(**signed), "return_sign", "returns come without a minus sign and get one")
    lines = account.lines
    still = lines["kind"].eq("return") & (lines["quantity"].map(_is_positive) | lines["amount"].map(_is_positive))
    problems = flag(still, "a return of more than nothing; see `returns_are_positive`")
    return account.quarantine(problems, "return_sign_unclear", "returns whose sign contradicts the source's")


def settle_discounts(account: Account, sources: Mapping[str, Source], parameters: Parameters) -> Account:
    """Account with discounts taken off, or left in, as the unit's measure says.

    A discount is an amount in the source's currency; it makes the amount smaller, whatever that amount's sign.
    """
    names = [name for name, source in sources.items() if needs_discount(source, parameters)]
    if not names:
        return account
    towards = -1 if parameters.measure.discounts == "net" else 1
    lines, mask = account.lines, account.lines["name"].isin(names)
    with exactly():
        amounts = [
            amount + towards * abs(discount).copy_sign(amount)
            for amount, discount in zip(lines.loc[mask, "amount"], lines.loc[mask, "discount"], strict=True)
        ]
    settled = lines["amount"].mask(mask, pd.Series(amounts, index=lines.index[mask], dtype=object))
    return account.change(lines.assign(amount=settled), "discount", f"amounts are made {parameters.measure.discounts} of discounts")


def settle_tax(account: Account, sources: Mapping[str, Source], parameters: Parameters) -> Account:
    """Account with tax taken off, or put on, as the unit's measure says; rounded half to even at the source's scale."""
    for name, source in sources.items():
        if source.tax == parameters.measure.tax or not source.tax_rate:
            continue
        lines, mask = account.lines, account.lines["name"].eq(name)
        amounts = lines.loc[mask, "amount"]
        taxed = amounts.map(_remember(taxer(source, parameters, find_scale(amounts))))
        reason = f"amounts are made '{parameters.measure.tax}' of tax at {source.tax_rate:%}"
        account = account.change(lines.assign(amount=lines["amount"].mask(mask, taxed)), "tax", reason)
    return account


def taxer(source: Source, parameters: Parameters, scale: Decimal) -> Callable[[Decimal], Decimal]:
    """Function that takes tax off an amount (amount / (1 + rate)) or puts it on (amount * (1 + rate)), rounded to `scale`."""
    factor = 1 + source.tax_rate
    context = Context(prec=60)

    def settle(amount: Decimal) -> Decimal:
        with localcontext(context):
            exact = amount / factor if parameters.measure.tax == "excluded" else amount * factor
            return exact.quantize(scale)

    return settle


def find_scale(amounts: pd.Series) -> Decimal:
    """The unit of the last decimal place that any amount uses: 0.01 for cents."""
    places = max((-int(amount.as_tuple().exponent) for amount in amounts.unique()), default=0)
    return Decimal(1).scaleb(-max(places, 0))


def _remember(function: Callable[[Decimal], Decimal]) -> Callable[[Decimal], Decimal]:
    known: dict[Decimal, Decimal] = {}

    def ask(value: Decimal) -> Decimal:
        if value not in known:
            known[value] = function(value)
        return known[value]

    return ask


def _is_positive(value: Decimal) -> bool:
    return value > ZERO
