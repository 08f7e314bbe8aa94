"""Rules that every unit has: what is a row, who it belongs to, and which sign it has."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch, LineIssue
from salesfc_lib.cleaning.batch.declared import key_columns
from salesfc_lib.cleaning.batch.frames import key_codes
from salesfc_lib.cleaning.context import Context, lines_of, where
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import say

OTHER = "other"  # customers that are no key account
SPARSE = 16  # times the number of rows, above which the codes of keys are too many to count
UNKNOWN = "unknown"  # the member of lines without a value
UNREADABLE = say("reason.unreadable")
UNUSABLE = say("reason.unusable")


def drop_structure(batch: Batch, _: Context) -> Batch:
    """Batch without repeated headers, and without subtotals (proven by `check_subtotals`)."""
    headers, subtotals = (where(batch.lines["mark"].eq(mark)) for mark in ("header", "subtotal"))
    return batch.apply(
        LineIssue("repeated_header", "drop", headers, say("reason.repeated_header")),
        LineIssue("subtotal", "drop", subtotals, say("reason.subtotal")),
    )


def quarantine_unreadable(batch: Batch, _: Context) -> Batch:
    """Batch without lines that cannot be read; an unreadable amount or quantity counts 0."""
    issues = []
    for rule in batch.lines["problem_rule"].dropna().unique():
        at = where(batch.lines["problem_rule"].eq(rule))
        reasons = batch.lines["problem"].iloc[at].tolist()
        reason = UNREADABLE if rule == "unreadable" else UNUSABLE
        issues.append(LineIssue(str(rule), "quarantine", at, reason, reasons))
    return batch.apply(*issues)


def drop_duplicates(batch: Batch, context: Context) -> Batch:
    """Batch without lines that repeat their source's key: dropped if equal, else quarantined.

    The first of each key stays. A line without a complete key is no duplicate, and without a
    declared key nothing is.
    """
    for name in batch.lines["name"].cat.categories:
        source, (mine, own) = context.sources[name], lines_of(batch, name)
        columns = key_columns(source)
        if not source.key:
            continue
        keys = key_codes(own, columns)
        few = keys.max(initial=-1) < SPARSE * len(keys)
        if few and np.bincount(keys + 1)[1:].max(initial=0) < 2:
            continue  # much faster than to look for the repeats
        repeated = pd.Series(keys).duplicated(keep="first").to_numpy() & (keys >= 0)
        if not repeated.any():
            continue
        concerned = where(np.isin(keys, keys[repeated]))
        more = [item for item in source.columns if item in own]
        content = dict.fromkeys([*columns, "kind", "date", "quantity", "amount", *more])
        same = own[[*content]].iloc[concerned].astype(str).duplicated(keep="first").to_numpy()
        later, at = repeated[concerned], mine[concerned]
        equal, other = at[later & same], at[later & ~same]
        again, differs = (
            say(f"reason.{rule}", key=source.key) for rule in ("duplicate", "key_conflict")
        )
        batch = batch.apply(
            LineIssue("duplicate", "drop", equal, again),
            LineIssue("key_conflict", "quarantine", other, differs),
        )
    return batch


def name_unknown(batch: Batch, context: Context) -> Batch:
    """Batch in which a missing member of a dimension is called 'unknown'."""
    for column in context.parameters.dimensions:
        at = where(batch.lines[column].isna())
        reason = say("reason.unknown_member", column=column, unknown=UNKNOWN)
        batch = batch.change("unknown_member", at, reason, **{column: [UNKNOWN] * len(at)})
    return batch


def name_key_accounts(batch: Batch, context: Context) -> Batch:
    """Batch whose lines have `key_account`: the customer where it is one, else 'other'."""
    settings, lines = context.parameters.key_accounts, batch.lines
    if settings.members and settings.column not in lines:
        raise SalesForecastError.missing_columns(
            [settings.column], lines.columns, "`key_accounts.column`: the orders"
        )
    others = [member for member in settings.members if member != OTHER]
    kind = pd.CategoricalDtype(pd.Index([OTHER, *others], dtype=object))
    codes = np.zeros(len(lines), dtype=np.int32)
    if settings.members:
        known = lines[settings.column].cat
        place = np.maximum(kind.categories.get_indexer(known.categories), 0).astype(np.int32)
        codes = np.append(place, 0)[known.codes]  # a missing customer has the code -1
    return batch.with_columns(key_account=pd.Categorical.from_codes(codes, dtype=kind))


def sign_returns(batch: Batch, context: Context) -> Batch:
    """Batch in which returns are negative; where a source counts them without a sign, they get one.

    A return that is still positive then contradicts itself or its source's declaration, and is
    quarantined.
    """
    lines = batch.lines
    positive = [name for name, source in context.sources.items() if source.returns_are_positive]
    at = where(lines["kind"].eq("return") & lines["name"].isin(positive))
    negated = {name: -lines[name].to_numpy()[at] for name in ("quantity", "amount")}
    batch = batch.change("return_sign", at, say("reason.return_sign"), **negated)
    lines = batch.lines
    at = where(lines["kind"].eq("return") & (lines["quantity"].gt(0) | lines["amount"].gt(0)))
    problem = say("reason.return_sign_unclear.line")
    reason = say("reason.return_sign_unclear")
    return batch.quarantine("return_sign_unclear", at, reason, [problem] * len(at))
