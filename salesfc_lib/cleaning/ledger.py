"""The ledger: what every rule took away or put in, so that no row and no cent goes missing.

Lines enter; an `Account` (the lines still in, with the entries that explain the rest) leaves, and in the end a ledger that
closes. The decision made here: opening = kept + every rule, exactly, per source and month, in rows, quantity and
amount. What a rule took away is positive, what it put in negative; a rule that changes values has signed entries
with rows = 0. Sums are exact decimals: a sum that would have to be rounded is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext

import pandas as pd

from salesfc_lib import tables
from salesfc_lib.errors import SalesForecastError

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
BY = ["source", "month"]
SUMS = ["rows", "quantity", "amount"]
ZERO = Decimal(0)


@contextmanager
def exactly() -> Iterator[None]:
    """Decimal arithmetic in which nothing is rounded: `decimal.Inexact` where it would have to be."""
    with localcontext(EXACT):
        yield


@dataclass(frozen=True)
class Account:
    """Lines still in, and what became of the others.

    `lines` has one row per line: source, row, month (first day; NaT where unknown), quantity and amount (Decimal), and
    whatever the rules need. `entries` are ledger rows, `quarantined` rows of table quarantine without their content.
    """

    lines: pd.DataFrame
    entries: tuple[pd.DataFrame, ...] = ()
    quarantined: tuple[pd.DataFrame, ...] = ()

    def take(self, mask: pd.Series, rule: str, reason: str) -> Account:
        """Account without the lines in `mask`."""
        if not mask.any():
            return self
        entry = sum_lines(self.lines[mask]).assign(rule=rule, reason=reason)
        return replace(self, lines=self.lines[~mask], entries=(*self.entries, entry))

    def quarantine(self, problems: pd.Series, rule: str, reason: str) -> Account:
        """Account without the lines that have a problem; each line's own problem goes to the quarantine table."""
        mask = problems.notna()
        if not mask.any():
            return self
        rows = self.lines.loc[mask, ["source", "row", "amount"]].assign(rule=rule, reason=problems[mask])
        return replace(self.take(mask, rule, reason), quarantined=(*self.quarantined, rows))

    def put(self, lines: pd.DataFrame, rule: str, reason: str) -> Account:
        """Account with lines that a rule makes out of others."""
        if lines.empty:
            return self
        entry = _negate(sum_lines(lines)).assign(rule=rule, reason=reason)
        return replace(self, lines=pd.concat([self.lines, lines], ignore_index=True), entries=(*self.entries, entry))

    def change(self, lines: pd.DataFrame, rule: str, reason: str) -> Account:
        """Account with the same lines at other values, or in other months."""
        with exactly():
            both = pd.concat([sum_lines(self.lines), _negate(sum_lines(lines))])
            entry = _add_up(both, BY)
        entry = entry[entry["rows"].ne(0) | entry["quantity"].ne(ZERO) | entry["amount"].ne(ZERO)]
        entries = (*self.entries, entry.assign(rule=rule, reason=reason)) if len(entry) else self.entries
        return replace(self, lines=lines, entries=entries)

    def absorb(self, other: Account) -> Account:
        """Account with the entries and the quarantine of another one, whose lines are all accounted for."""
        return replace(self, entries=(*self.entries, *other.entries), quarantined=(*self.quarantined, *other.quarantined))

    def relabel(self, lines: pd.DataFrame) -> Account:
        """Account with the same lines in the same order, at the same values and months, under other names."""
        return replace(self, lines=lines)

    def remark(self, mask: pd.Series, rule: str, reason: str) -> Account:
        """Account with a note, by month, of how many lines a rule touched without changing a value."""
        if not mask.any():
            return self
        counts = self.lines[mask].groupby(BY, dropna=False).size().reset_index(name="count")
        reasons = [f"{count} {'row' if count == 1 else 'rows'}: {reason}" for count in counts["count"]]
        entry = counts[BY].assign(rows=0, quantity=ZERO, amount=ZERO, rule=rule, reason=reasons)
        return replace(self, entries=(*self.entries, entry))


def sum_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Rows, quantity and amount of lines by source and month, exactly."""
    return _add_up(lines[[*BY, "quantity", "amount"]].assign(rows=1), BY)


def close_ledger(opening: pd.DataFrame, account: Account) -> pd.DataFrame:
    """Table ledger: opening, every rule's entries, and what the account still holds as `kept`.

    Raises `SalesForecastError` if it does not close.
    """
    entries = [
        opening.assign(rule="opening", reason="as read"),
        *account.entries,
        sum_lines(account.lines).assign(rule="kept", reason="what the forecast sees"),
    ]
    ledger = _merge_entries(pd.concat(entries, ignore_index=True))
    gap = ledger_gap(ledger)
    if len(open_rows := gap[gap[SUMS].ne(0).any(axis=1)]):
        first = open_rows.iloc[0]
        raise SalesForecastError.say(
            f"The ledger of source '{first['source']}' does not close: rows {first['rows']}, quantity {first['quantity']}, "
            f"amount {first['amount']} are unaccounted for in month {str(first['month'])[:7]}",
            "opening = kept + every rule, exactly",
            "This is an error of the program, not of the export: report it",
        )
    return ledger


def ledger_gap(ledger: pd.DataFrame) -> pd.DataFrame:
    """opening - kept - every other rule, by source and month: all zeros in a ledger that closes.

    One row per source and month, with rows, quantity and amount.
    """
    sign = ledger["rule"].map(lambda rule: 1 if rule == "opening" else -1)
    with exactly():
        signed = ledger.assign(**{name: ledger[name] * sign for name in SUMS})
    return _add_up(signed, BY)


def total_gap(ledger: pd.DataFrame) -> dict[str, Decimal]:
    """The largest absolute gap of any source and month, in rows, quantity and amount."""
    gap = ledger_gap(ledger)
    return {name: max((abs(Decimal(value)) for value in gap[name]), default=ZERO) for name in SUMS}


def _merge_entries(entries: pd.DataFrame) -> pd.DataFrame:
    """One row per source, rule and month, in the order in which the rules ran, sources together."""
    order = {rule: place for place, rule in enumerate(dict.fromkeys(entries["rule"]))}
    order |= {"opening": -1, "kept": len(order)}
    keys = ["source", "rule", "month"]
    sums = _add_up(entries, keys)
    reasons = entries.groupby(keys, dropna=False, sort=True)["reason"].agg(lambda texts: "; ".join(dict.fromkeys(texts)))
    merged = sums.assign(reason=reasons.to_numpy(), order=sums["rule"].map(order))
    merged = merged.sort_values(["source", "order", "month"], kind="stable").drop(columns="order").reset_index(drop=True)
    return tables.check(merged[[*tables.CONTRACTS["ledger"].columns]], "ledger")


def _add_up(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    with exactly():
        sums = frame.groupby(keys, dropna=False, sort=True)[SUMS].sum().reset_index()
    return sums.astype({"rows": "int64", "quantity": object, "amount": object, "month": "datetime64[ns]"})


def _negate(sums: pd.DataFrame) -> pd.DataFrame:
    with exactly():
        return sums.assign(rows=-sums["rows"], quantity=-sums["quantity"], amount=-sums["amount"])
