"""Tables of a batch: a ledger that closes, problems, removed, changes; and the loss budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import (
    BY,
    LINE,
    MEASURES,
    SUMS,
    Batch,
    as_objects,
    as_text,
    sum_lines,
)
from salesfc_lib.cleaning.batch.frames import concat_lines, sum_units, units_as_decimals
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_english, say, say_all, tables
from salesfc_lib.intake import fixed_point

ZERO = Decimal(0)
MOST_REASONS = 3  # of one row of table problems
INTERNAL = ("name", "mark", "known", "problem", "problem_rule")  # columns of lines in no table


def open_ledger(batch: Batch) -> Batch:
    """Batch whose first entries are what was read."""
    opening = sum_lines(batch.lines).assign(rule="opening", reason=say("reason.opening"))
    return replace(batch, entries=(opening,))


def close_ledger(batch: Batch) -> pd.DataFrame:
    """Table ledger: opening, every rule's entries, and as `kept` what is left, in decimals.

    Raises `SalesForecastError` where opening = kept + every rule does not hold by source and month.
    """
    kept = sum_lines(batch.lines).assign(rule="kept", reason=say("reason.kept"))
    entries = [as_objects(entry) for entry in (*batch.entries, kept)]
    with fixed_point.exactly():
        ledger = _merge_entries(pd.concat(entries, ignore_index=True), batch.scales)
    gap = ledger_gap(ledger)
    if len(open_rows := gap[gap[SUMS].ne(0).any(axis=1)]):
        first = open_rows.iloc[0]
        raise SalesForecastError.of(
            f"The ledger of source '{first['source']}' does not close: rows {first['rows']}, "
            f"quantity {first['quantity']}, amount {first['amount']} are unaccounted for in month "
            f"{str(first['month'])[:7]}",
            "opening = kept + every rule, exactly",
            "This is an error of the program, not of the export: report it",
        )
    return ledger


def list_problems(batch: Batch) -> pd.DataFrame:
    """Table problems: one row per source, rule, column and action, its first reasons joined."""
    if not batch.issues:
        return tables.empty("problems")
    keys = ["source", "rule", "column", "action"]
    how = {"rows": "sum", "first_row": "min", "example": "first", "reason": _join_reasons}
    found = pd.DataFrame(batch.issues).rename(columns={"row": "first_row"})
    joined = found.groupby(keys, sort=False, as_index=False).agg(how)
    return tables.check(joined.astype({"rows": "int64", "first_row": "int64"}), "problems")


def _join_reasons(reasons: pd.Series) -> str:
    return say_all(reasons, MOST_REASONS)


def list_removed(batch: Batch) -> pd.DataFrame:
    """Table removed: every line that a rule took, with its values then."""
    if not batch.removed:
        return tables.empty("removed")
    frame = concat_lines(batch.removed)
    first = [*LINE, "date", "month", *MEASURES, "rule", "action", "reason"]
    others = {*INTERNAL, *batch.scales, *first}
    columns = [*first, *(name for name in frame if name not in others)]
    decimals = {
        name: units_as_decimals(frame[name].to_numpy(), batch.scales[name]) for name in MEASURES
    }
    return tables.check(frame[columns].assign(**decimals), "removed")


def list_changes(batch: Batch) -> pd.DataFrame:
    """Table changes: every cell that a rule changed, as text before and after, in order."""
    if not batch.changes:
        return tables.empty("changes")
    parts = [as_text(cells, batch.scales) for cells in batch.changes]
    frame = pd.concat(parts, ignore_index=True)
    return tables.check(frame.assign(sequence=np.arange(len(frame), dtype=np.int64)), "changes")


def ledger_gap(ledger: pd.DataFrame) -> pd.DataFrame:
    """opening - kept - every other rule, by source and month: all zeros in a ledger that closes.

    One row per source and month, with rows, quantity and amount.
    """
    sign = ledger["rule"].map(lambda rule: 1 if rule == "opening" else -1)
    with fixed_point.exactly():
        signed = ledger.assign(**{name: ledger[name] * sign for name in SUMS})
        return signed.groupby(BY, dropna=False, sort=True)[SUMS].sum().reset_index()


def total_gap(ledger: pd.DataFrame) -> dict[str, Decimal]:
    """The largest absolute gap of any source and month, in rows, quantity and amount."""
    gap = ledger_gap(ledger)
    return {name: max((abs(Decimal(value)) for value in gap[name]), default=ZERO) for name in SUMS}


def _merge_entries(entries: pd.DataFrame, scales: Mapping[str, int]) -> pd.DataFrame:
    """One row per source, rule (in the order in which they ran) and month, in decimals."""
    order = {rule: place for place, rule in enumerate(dict.fromkeys(entries["rule"]))}
    order |= {"opening": -1, "kept": len(order)}
    groups = entries.groupby(["source", "rule", "month"], dropna=False, sort=True)
    merged = groups[SUMS].sum().reset_index()
    reasons = groups["reason"].agg(say_all)
    merged = merged.assign(reason=reasons.to_numpy(), order=merged["rule"].map(order))
    for name in MEASURES:
        decimals = [Decimal(int(units)).scaleb(-scales[name]) for units in merged[name]]
        merged[name] = pd.Series(decimals, index=merged.index, dtype=object)
    merged = merged.astype({"rows": "int64", "month": "datetime64[ns]"})
    merged = merged.sort_values(["source", "order", "month"], kind="stable", ignore_index=True)
    return tables.check(merged[[*tables.CONTRACTS["ledger"].columns]], "ledger")


def weigh(batch: Batch) -> tuple[int, Decimal]:
    """Rows and their summed absolute amount, without subtotals and repeated headers."""
    plain = batch.lines["mark"].eq("").to_numpy()
    return int(plain.sum()), _sum_absolute(batch.lines["amount"].to_numpy()[plain], batch)


def check_loss(read: Sequence[tuple[int, Decimal]], batch: Batch, budget: float) -> None:
    """Raise `SalesForecastError` if the quarantined share of rows or amount is above the budget.

    Both are limited, because a few rows may carry most of the money. `read` is what was weighed
    before the rules; an amount that cannot be read counts zero.
    """
    if not batch.quarantined:
        return
    columns = ["source", "row", "reason", "amount"]
    lost = pd.concat([part[columns].astype({"source": object}) for part in batch.quarantined])
    gone = _sum_absolute(lost["amount"].to_numpy(), batch)
    shares = {
        "rows": (Decimal(len(lost)), Decimal(sum(rows for rows, _ in read))),
        "absolute amount": (gone, sum((amount for _, amount in read), Decimal(0))),
    }
    for name, (part, whole) in shares.items():
        if part > Decimal(str(budget)) * whole:
            share = f"{100 * part / whole:.1f} %" if whole else "all"
            firsts = lost.sort_values(["source", "row"]).head(3).itertuples()
            shown = "; ".join(
                f"{item.source} row {item.row}: {in_english(item.reason)}" for item in firsts
            )
            raise SalesForecastError.of(
                f"{part} of {whole} {name} ({share}) cannot be used, first {shown}",
                f"At most {budget:.1%} (`cleaning.loss_budget`)",
                "Correct the export, or the source's parameters where they misread it",
            )


def _sum_absolute(units: np.ndarray, batch: Batch) -> Decimal:
    total = sum_units(np.abs(units), np.zeros(len(units), dtype=np.int64), 1)[0]
    return Decimal(int(total)).scaleb(-batch.scales["amount"])
