"""Members under the names that are used: renamed, split where a code was reused, restated where a dimension was cut anew.

Lines with the members that the exports say enter; lines with the members that the levels use leave. The decision made here: a
line's own day decides (an undated return's is that of its sale), values never change, and a restatement keeps both views.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.basic_rules import Context
from salesfc_lib.cleaning.rules.returns import match_sales
from salesfc_lib.cleaning.side_tables.mapping import Names, Pair, read_mappings
from salesfc_lib.errors import shorten

SHOWN = 20  # renamed members that the ledger names one by one
AS_WAS, RESTATED = "{}_as_was", "{}_restated"  # columns that hold the other view


def rename_members(account: Account, context: Context) -> Account:
    """Account with members under the names now used; counted by name, values unchanged."""
    mappings = read_mappings(context.parameters, context.extracts)
    for column, names in mappings.renames.items():
        if column not in account.lines:
            account = account.see(
                _note(
                    mappings.source,
                    column,
                    f"the orders have no column '{column}': nothing is renamed",
                )
            )
            continue
        pairs = names.match(account.lines[column], _days(account, context, names))
        account = _tell_unused(account, names, pairs, mappings.source)
        for rule, chosen in _by_rule(pairs):
            account = account.apply(*_find(rule, column, chosen))
    return account


def restate_members(account: Account, context: Context) -> Account:
    """Account in which a reorganised dimension has both views: the one that the levels use under its name, the other beside."""
    mappings = read_mappings(context.parameters, context.extracts)
    for column, names in mappings.reorganised.items():
        item = context.parameters.reorganised[column]
        by = item.by or column
        lines = account.lines
        if missing := [name for name in (column, by) if name not in lines]:
            account = account.see(
                _note(
                    mappings.source,
                    column,
                    f"the orders have no column '{missing[0]}': nothing is restated",
                )
            )
            continue
        pairs = names.match(lines[by], _days(account, context, names))
        account = _tell_unused(account, names, pairs, mappings.source)
        at, new = _values(pairs)
        keeps = item.view == "as_was"
        other = (RESTATED if keeps else AS_WAS).format(column)
        account = account.relabel(lines.assign(**{other: lines[column]}))
        now = f"{column} as it is cut now, by {by}"
        if keeps:
            restated = Account(lines.assign(**{other: lines[column]}), account.scales)
            restated = restated.apply(
                Finding("reorganised", "change", at, now, values={other: new})
            )
            account = account.relabel(lines.assign(**{other: restated.lines[other]}))
            reason = (
                f"the levels use {column} as it was; '{other}' holds it as it is cut now, by {by}"
            )
            account = account.apply(Finding("reorganised", "note", at, reason, column=column))
        else:
            reason = f"{now}; '{other}' holds it as it was"
            account = account.apply(
                Finding("reorganised", "change", at, reason, values={column: new})
            )
    return account


def _days(account: Account, context: Context, names: Names) -> np.ndarray:
    """The day that decides on each line's names."""
    days = account.lines["date"].to_numpy()
    if not names.dated or not np.isnat(days).any():
        return days
    sale = match_sales(account, context)
    undated = sale[sale.ge(0).to_numpy() & np.isnat(days[sale.index])]
    days = days.copy()
    days[undated.index] = days[undated.to_numpy()]
    return days


def _by_rule(pairs: list[Pair]) -> list[tuple[str, list[Pair]]]:
    reused = {"renamed": False, "reused_code": True}
    return [
        (rule, [pair for pair in pairs if pair.reused is flag]) for rule, flag in reused.items()
    ]


def _find(rule: str, column: str, pairs: list[Pair]) -> list[Finding]:
    """A finding for each pair of names, or one for all where they are many."""
    if len(pairs) > SHOWN:
        first = _said(rule, column, pairs[0])
        at, new = _values(pairs)
        reason = f"{len(pairs)} names of {column} as the mapping says, such as: {first}"
        return [Finding(rule, "change", at, reason, values={column: new})]
    return [
        Finding(
            rule,
            "change",
            np.sort(pair.places),
            _said(rule, column, pair),
            values={column: [pair.entry.new] * len(pair.places)},
        )
        for pair in pairs
    ]


def _said(rule: str, column: str, pair: Pair) -> str:
    old, new, why = (
        pair.entry.old,
        pair.entry.new,
        f" ({pair.entry.reason})" if pair.entry.reason else "",
    )
    said = (
        f"{column} '{old}' is now '{new}'"
        if rule == "renamed"
        else f"{column} '{old}' was used again: here it is '{new}'"
    )
    return f"{said}{why}"


def _values(pairs: list[Pair]) -> tuple[np.ndarray, np.ndarray]:
    """Positions, ascending, and the new name of each."""
    if not pairs:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=object)
    at = np.concatenate([pair.places for pair in pairs])
    new = np.repeat(
        np.array([pair.entry.new for pair in pairs], dtype=object),
        [len(pair.places) for pair in pairs],
    )
    order = np.argsort(at)
    return at[order], new[order]


def _tell_unused(account: Account, names: Names, pairs: list[Pair], source: str) -> Account:
    used = {pair.entry for pair in pairs}
    unused = [
        old
        for old, windows in names.windows.items()
        if any(item not in used and item.new != old for item in windows)
    ]
    if not unused:
        return account
    return account.see(
        _note(
            source,
            names.column,
            f"the mapping of {names.column} matches no line for {shorten(unused)}",
        )
    )


def _note(source: str, column: str, reason: str) -> dict[str, object]:
    """A row of table problems about the mapping as a whole."""
    return {
        "source": source,
        "rule": "renamed",
        "column": column,
        "action": "noted",
        "rows": 0,
        "first_row": 0,
        "example": "",
        "reason": reason,
    }
