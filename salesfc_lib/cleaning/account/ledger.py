"""The ledger: what every rule took away or put in, so that no row and no cent goes missing.

An account enters; its tables leave, and a ledger that closes. The decision made here: opening = kept + every rule, exactly,
per source and month, in rows, quantity and amount, in decimals at the source's scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import (
    BY,
    LINE,
    MEASURES,
    SUMS,
    Account,
    as_objects,
    as_text,
    sum_lines,
)
from salesfc_lib.cleaning.account.frames import concat_lines, units_as_decimals
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import tables
from salesfc_lib.intake import exactly

ZERO = Decimal(0)
MOST_SAID = 3  # reasons of one problem that are told


def open_ledger(account: Account) -> Account:
    """Account whose first entries are what was read."""
    return replace(
        account, entries=(sum_lines(account.lines).assign(rule="opening", reason="as read"),)
    )


def close_ledger(account: Account) -> pd.DataFrame:
    """Table ledger: opening, every rule's entries, and what the account still holds as `kept`, in decimals.

    Raises `SalesForecastError` if it does not close.
    """
    entries = [
        *account.entries,
        sum_lines(account.lines).assign(rule="kept", reason="what the forecast sees"),
    ]
    with exactly():
        ledger = _merge_entries(
            pd.concat([as_objects(entry) for entry in entries], ignore_index=True), account.scales
        )
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


def list_problems(account: Account) -> pd.DataFrame:
    """Table problems: what the scan saw, one row per source, rule, column and action, with what was said of it."""
    if not account.problems:
        return tables.empty("problems")
    keys = ["source", "rule", "column", "action"]
    groups = pd.DataFrame(account.problems).groupby(keys, sort=False, as_index=False)
    joined = groups.agg(
        rows=("rows", "sum"),
        first_row=("first_row", "min"),
        example=("example", "first"),
        reason=("reason", _join_reasons),
    )
    return tables.check(joined.astype({"rows": "int64", "first_row": "int64"}), "problems")


def _join_reasons(reasons: pd.Series) -> str:
    """The first of what was said, and how much more there is."""
    said = [*dict.fromkeys(filter(None, reasons))]
    return "; ".join(said[:MOST_SAID]) + (
        f"; and {len(said) - MOST_SAID} more" if len(said) > MOST_SAID else ""
    )


def list_removed(account: Account) -> pd.DataFrame:
    """Table removed: every line that a rule took, with its values then."""
    if not account.removed:
        return tables.empty("removed")
    frame = concat_lines(account.removed)
    own = {
        "name",
        "mark",
        "known",
        "problem",
        "problem_rule",
        *(name for name in account.scales if name not in MEASURES),
    }
    first = [*LINE, "date", "month", *MEASURES, "rule", "action", "reason"]
    columns = [*first, *(name for name in frame if name not in own and name not in first)]
    decimals = {
        name: units_as_decimals(frame[name].to_numpy(), account.scales[name]) for name in MEASURES
    }
    return tables.check(frame[columns].assign(**decimals), "removed")


def list_changes(account: Account) -> pd.DataFrame:
    """Table changes: every cell that a rule changed, as text before and after, in the order in which it was changed."""
    if not account.changes:
        return tables.empty("changes")
    frame = pd.concat(
        [as_text(cells, account.scales) for cells in account.changes], ignore_index=True
    )
    return tables.check(frame.assign(sequence=np.arange(len(frame), dtype=np.int64)), "changes")


def ledger_gap(ledger: pd.DataFrame) -> pd.DataFrame:
    """opening - kept - every other rule, by source and month: all zeros in a ledger that closes.

    One row per source and month, with rows, quantity and amount.
    """
    sign = ledger["rule"].map(lambda rule: 1 if rule == "opening" else -1)
    with exactly():
        signed = ledger.assign(**{name: ledger[name] * sign for name in SUMS})
        return signed.groupby(BY, dropna=False, sort=True)[SUMS].sum().reset_index()


def total_gap(ledger: pd.DataFrame) -> dict[str, Decimal]:
    """The largest absolute gap of any source and month, in rows, quantity and amount."""
    gap = ledger_gap(ledger)
    return {name: max((abs(Decimal(value)) for value in gap[name]), default=ZERO) for name in SUMS}


def _merge_entries(entries: pd.DataFrame, scales: Mapping[str, int]) -> pd.DataFrame:
    """One row per source, rule and month, in the order in which the rules ran, sources together; decimals at their scale."""
    order = {rule: place for place, rule in enumerate(dict.fromkeys(entries["rule"]))}
    order |= {"opening": -1, "kept": len(order)}
    keys = ["source", "rule", "month"]
    groups = entries.groupby(keys, dropna=False, sort=True)
    merged = groups[SUMS].sum().reset_index()
    reasons = groups["reason"].agg(lambda texts: "; ".join(dict.fromkeys(texts)))
    merged = merged.assign(reason=reasons.to_numpy(), order=merged["rule"].map(order))
    for name in MEASURES:
        merged[name] = (
            merged[name]
            .map(lambda units, scale=scales[name]: Decimal(int(units)).scaleb(-scale))
            .astype(object)
        )
    merged = merged.astype({"rows": "int64", "month": "datetime64[ns]"})
    merged = (
        merged.sort_values(["source", "order", "month"], kind="stable")
        .drop(columns="order")
        .reset_index(drop=True)
    )
    return tables.check(merged[[*tables.CONTRACTS["ledger"].columns]], "ledger")
