"""Members under the names in use: renamed, split where a code was reused, restated.

A line's own day decides (an undated return's is that of its sale); values never change, and a
restatement keeps both views.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch, LineIssue
from salesfc_lib.cleaning.batch.frames import replace_cells
from salesfc_lib.cleaning.context import Context
from salesfc_lib.cleaning.mappings import Names, Pair
from salesfc_lib.cleaning.rules.returns import match_sales
from salesfc_lib.errors import shorten
from salesfc_lib.foundation import say
from salesfc_lib.intake import Issue

SHOWN = 20  # renamed members that the ledger names one by one


def rename_members(batch: Batch, context: Context) -> Batch:
    """Batch with members under the names now used; counted by name, values unchanged."""
    for column, names in context.mappings.renames.items():
        if column not in batch.lines:
            reason = say("reason.renamed.no_column", column=column)
            batch = _report(batch, context, column, reason)
            continue
        pairs = names.match(batch.lines[column], _days(batch, context))
        batch = _report_unused(batch, context, names, pairs)
        for rule, reused in (("renamed", False), ("reused_code", True)):
            own = [pair for pair in pairs if pair.reused is reused]
            batch = batch.apply(*_list_changes(rule, column, own))
    return batch


def restate_members(batch: Batch, context: Context) -> Batch:
    """Batch in which a reorganised dimension has two columns: as the levels use it, and beside."""
    for column, names in context.mappings.reorganised.items():
        item = context.parameters.reorganised[column]
        by, lines = item.by or column, batch.lines
        if missing := [name for name in (column, by) if name not in lines]:
            reason = say("reason.reorganised.no_column", column=missing[0])
            batch = _report(batch, context, column, reason)
            continue
        pairs = names.match(lines[by], _days(batch, context))
        batch = _report_unused(batch, context, names, pairs)
        at, new = _values(pairs)
        keeps = item.view == "as_was"
        other = f"{column}_{'restated' if keeps else 'as_was'}"
        if keeps:
            restated = replace_cells(lines[column], at, pd.Series(new, dtype=object))
            batch = batch.with_columns(**{other: restated})
            reason = say("reason.reorganised.as_was", column=column, other=other, by=by)
            batch = batch.note("reorganised", at, reason, column=column)
        else:
            batch = batch.with_columns(**{other: lines[column]})
            reason = say("reason.reorganised.restated", column=column, other=other, by=by)
            batch = batch.change("reorganised", at, reason, **{column: new})
    return batch


def _days(batch: Batch, context: Context) -> np.ndarray:
    """The day that decides on each line's names."""
    days = batch.lines["date"].to_numpy()
    if not np.isnat(days).any():
        return days
    sale = match_sales(batch, context)
    undated = sale[sale.ge(0).to_numpy() & np.isnat(days[sale.index])]
    days = days.copy()
    days[undated.index] = days[undated.to_numpy()]
    return days


def _list_changes(rule: str, column: str, pairs: list[Pair]) -> list[LineIssue]:
    """An issue for each pair of names, or one for all where they are many."""
    reasons = []
    for pair in pairs:
        old, new, *_, why = pair.entry
        facts = {"column": column, "old": old, "new": new}
        said = say(f"reason.{rule}", **facts)
        reasons.append(say("reason.because", reason=said, why=why) if why else said)
    if len(pairs) > SHOWN:
        reasons = [say("reason.renamed.many", n=len(pairs), column=column, first=reasons[0])]
    changes = [_values(pairs)] if len(pairs) > SHOWN else [_values([pair]) for pair in pairs]
    return [
        LineIssue(rule, "change", at, reason, values={column: new})
        for reason, (at, new) in zip(reasons, changes, strict=True)
    ]


def _values(pairs: list[Pair]) -> tuple[np.ndarray, np.ndarray]:
    """Positions, ascending, and the new name of each."""
    if not pairs:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=object)
    at = np.concatenate([pair.places for pair in pairs])
    names = np.array([pair.entry.new for pair in pairs], dtype=object)
    order = np.argsort(at)
    return at[order], np.repeat(names, [len(pair.places) for pair in pairs])[order]


def _report_unused(batch: Batch, context: Context, names: Names, pairs: list[Pair]) -> Batch:
    used = {pair.entry for pair in pairs}
    unused = [
        old
        for old, windows in names.windows.items()
        if any(item not in used and item.new != old for item in windows)
    ]
    if not unused:
        return batch
    reason = say("reason.renamed.unused", column=names.column, unused=shorten(unused))
    return _report(batch, context, names.column, reason)


def _report(batch: Batch, context: Context, column: str, reason: str) -> Batch:
    """Batch with an issue of the mapping as a whole."""
    source = context.mappings.source
    return batch.report(Issue("renamed", reason, rows=0, source=source, column=column))
