"""The contract of every table that steps hand over: its columns, types and key.

Nothing enters; one schema per table leaves. Tables are long and tidy: model is a column, `ds` is the first day of a
month, `cutoff` the last month used in training, `h` counts from 1, and a key is unique or it is an error. `bias` and all
differences are forecast - actual.
"""

from __future__ import annotations

from typing import Any

import pandera.pandas as pa

STAGES = ("baseline", "statistical", "combined", "assumed", "reconciled", "adjusted")
ASSUMED, ENDED = (
    "assumption",
    "ended",
)  # models of stage `assumed`: a forecast that a declared effect changed, or took to zero for good
INTERVALS = ("lo-80", "hi-80", "lo-95", "hi-95")


def _month(**kwargs: Any) -> pa.Column:
    return pa.Column(
        "datetime64[ns]",
        pa.Check(lambda ds: ds.dropna().dt.day.eq(1).all(), error="first day of a month"),
        **kwargs,
    )


def _text(**kwargs: Any) -> pa.Column:
    return pa.Column(object, **kwargs)


def _number(**kwargs: Any) -> pa.Column:
    return pa.Column("float64", **kwargs)


def _table(
    columns: dict[str, pa.Column], key: list[str], strict: bool = True
) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        columns, unique=key, strict=strict, ordered=False, coerce=False, metadata={"key": key}
    )


_count = pa.Column("int64")

CONTRACTS: dict[str, pa.DataFrameSchema] = {
    # one order line, return or adjustment; quantity and amount are decimals at the finest scale of the sources, returns negative;
    # texts are categories while they are in memory;
    # further columns: dimensions, salesperson, key_account
    "transactions": _table(
        {
            "source": pa.Column(None),
            "row": _count,
            "date": pa.Column("datetime64[ns]"),
            "order_id": pa.Column(None, nullable=True),
            "customer": pa.Column(None, nullable=True),
            "product": pa.Column(None, nullable=True),
            "quantity": pa.Column(None),
            "amount": pa.Column(None),
            "kind": pa.Column(None, pa.Check.isin(["sale", "return", "adjustment"])),
        },
        ["source", "row", "kind"],
        strict=False,
    ),
    # what each rule took away (positive) or put in (negative), in rows, quantity and amount (Decimal); rule
    # `opening` is what was read, `kept` what is left: opening = kept + every other rule, exactly;
    # month is null where the row has no readable date
    "ledger": _table(
        {
            "source": _text(),
            "rule": _text(),
            "month": _month(nullable=True),
            "rows": _count,
            "quantity": _text(),
            "amount": _text(),
            "reason": _text(),
        },
        ["source", "rule", "month"],
    ),
    # a row that was not used: where it stands, why, and its text as read (JSON)
    "quarantine": _table(
        {"source": _text(), "row": _count, "rule": _text(), "reason": _text(), "content": _text()},
        ["source", "row"],
    ),
    # what the scan saw: read (by a rule), noted, changed, dropped, quarantined; column '' is the row or the file; first_row 0 the file
    "problems": _table(
        {
            "source": _text(),
            "rule": _text(),
            "column": _text(),
            "action": pa.Column(
                object, pa.Check.isin(["read", "noted", "changed", "dropped", "quarantined"])
            ),
            "rows": _count,
            "first_row": _count,
            "example": _text(),
            "reason": _text(),
        },
        ["source", "rule", "column", "action"],
    ),
    # a line that a rule took, with its values then; further columns: those of transactions
    "removed": _table(
        {
            "source": pa.Column(None),
            "row": _count,
            "kind": pa.Column(None),
            "date": pa.Column("datetime64[ns]", nullable=True),
            "quantity": pa.Column(None),
            "amount": pa.Column(None),
            "rule": _text(),
            "action": _text(),
            "reason": _text(),
        },
        [],
        strict=False,
    ),
    # a cell that a rule changed: text before and after, in the order of the changes; column '': a line that a rule put in
    "changes": _table(
        {
            "sequence": _count,
            "source": _text(),
            "row": _count,
            "kind": _text(),
            "rule": _text(),
            "column": _text(),
            "before": _text(),
            "after": _text(),
        },
        ["sequence"],
    ),
    # what became of months that the month before published: by month, source, members of the bottom level (further columns) and
    # kind, over the rows concerned only; difference = now - before; rows_changed counts those with another version;
    # reason: the definitions that changed, where the kind is redefined
    "restatement": _table(
        {
            "ds": _month(),
            "source": _text(),
            "kind": pa.Column(
                object, pa.Check.isin(["late_posting", "corrected", "reopened", "redefined"])
            ),
            **{
                f"{measure}_{view}": _text()
                for measure in ("quantity", "amount")
                for view in ("before", "now", "difference")
            },
            **dict.fromkeys(["rows_new", "rows_gone", "rows_changed"], _count),
            "reason": _text(),
        },
        [],
        strict=False,
    ),
    # each month that two published months both have: its total as the earlier published it and as it is now (Decimal)
    "restatement_months": _table(
        {
            "ds": _month(),
            **{
                f"{measure}_{view}": _text()
                for measure in ("quantity", "amount")
                for view in ("before", "now", "difference")
            },
            **dict.fromkeys(["rows_before", "rows_now"], _count),
        },
        ["ds"],
    ),
    # months in which a series was launched and discontinued; null: in the data from the first month on, or not ended
    "lifecycle": _table(
        {
            "unique_id": _text(),
            "launched": _month(nullable=True),
            "discontinued": _month(nullable=True),
            "evidence": _text(),
        },
        ["unique_id"],
    ),
    # a member that ends where another begins: `from` is the first month of the new name; yaml accepts it under renames.<dimension>
    "rename_proposals": _table(
        {
            "dimension": _text(),
            "old": _text(),
            "new": _text(),
            "from": _month(),
            "evidence": _text(),
            "score": _number(),
            "yaml": _text(),
        },
        ["dimension", "old", "new"],
    ),
    # one series of one level, with one column per dimension (null where the level sums over it)
    "series": _table(
        {"unique_id": _text(), "level": _text(), "label": _text()}, ["unique_id"], strict=False
    ),
    # y: what models train on; y_raw: what was sold. null: no source row at all in that month; further columns: regressors, numeric,
    # null where unknown. One that is in `future` too counts as known ahead, and a model sees no other: what is known only
    # afterwards (a driver without `known_ahead`, a flag on the rows without a plan) stands here alone. The value of a
    # month does not depend on sales of the `horizon` months before it, so that no cutoff sees what was sold after it
    "panel": _table(
        {
            "unique_id": _text(),
            "ds": _month(),
            "y": _number(nullable=True),
            "y_raw": _number(nullable=True),
        },
        ["unique_id", "ds"],
        strict=False,
    ),
    # regressors known ahead, for the months after the panel's last; null: nothing is known of that month. Every column is also one
    # of the panel
    "future": _table({"unique_id": _text(), "ds": _month()}, ["unique_id", "ds"], strict=False),
    # a month of a bottom series that is far outside what the series did before
    "outliers": _table(
        {
            "unique_id": _text(),
            "ds": _month(),
            "y_raw": _number(),
            "y": _number(),
            "score": _number(),
            "reason": _text(),
        },
        ["unique_id", "ds"],
    ),
    # a month of a bottom series in which stock ran out: y_raw was sold, y was to be expected from its past (null: too thin a past)
    "censored": _table(
        {
            "unique_id": _text(),
            "ds": _month(),
            "stockout_days": _number(),
            "y_raw": _number(),
            "y": _number(nullable=True),
        },
        ["unique_id", "ds"],
    ),
    # what each candidate said at each cutoff, the month's own included
    "candidate_forecast": _table(
        {
            "unique_id": _text(),
            "model": _text(),
            "cutoff": _month(),
            "ds": _month(),
            "h": _count,
            "y_hat": _number(),
        },
        ["unique_id", "model", "cutoff", "ds"],
    ),
    "forecast": _table(
        {
            "unique_id": _text(),
            "stage": pa.Column(object, pa.Check.isin(STAGES)),
            "model": _text(),
            "cutoff": _month(),
            "ds": _month(),
            "h": _count,
            "y_hat": _number(),
            **{name: _number(nullable=True) for name in INTERVALS},
        },
        ["unique_id", "stage", "model", "cutoff", "ds"],
    ),
    # numerator / denominator is the metric over the rows counted by n; sum both before dividing
    "score": _table(
        {
            "unique_id": _text(),
            "stage": _text(),
            "model": _text(),
            "cutoff": _month(),
            "h": _count,
            "metric": _text(),
            "numerator": _number(),
            "denominator": _number(),
            "n": _count,
        },
        ["unique_id", "stage", "model", "cutoff", "h", "metric"],
    ),
    "weights": _table(
        {
            "unique_id": _text(),
            "model": _text(),
            "weight": _number(),
            "backtest_error": _number(nullable=True),
            "reason": _text(),
        },
        ["unique_id", "model"],
    ),
    # a lasting change of a series' level in the last 18 months: ds is the first month after; change in percent of the level before;
    # strength in standard errors
    "break": _table(
        {
            "unique_id": _text(),
            "ds": _month(),
            "change": _number(),
            "strength": _number(),
            "evidence": _text(),
        },
        ["unique_id"],
    ),
    "failures": _table(
        {"unique_id": _text(), "model": _text(), "cutoff": _month(), "error": _text()},
        ["unique_id", "model", "cutoff"],
    ),
    # WAPE of each reconciliation method by level over the backtest; chosen marks the one used
    "reconciliation": _table(
        {
            "method": _text(),
            "level": _text(),
            "numerator": _number(),
            "denominator": _number(),
            "n": _count,
            "chosen": pa.Column(bool),
        },
        ["method", "level"],
    ),
    # what the business assumes: a line of effects/<unit>.csv, or an end that a master file declares, and what became of it. scope: the
    # members that it holds for by dimension (JSON; {}: the whole unit); change: in percent, or in the measure a month; until: its
    # last month, null for ever; carried_by: the series that has an amount for a member without series; before and after: sums
    # over its bottom series and months when its turn came, null unless applied; source: where it stands
    "effect": _table(
        {
            "id": _text(),
            "scope": _text(),
            "kind": pa.Column(object, pa.Check.isin(["percent", "amount"])),
            "change": _number(),
            "start": _month(),
            "until": _month(nullable=True),
            "carried_by": _text(nullable=True),
            "author": _text(),
            "reason": _text(),
            "declared_at": pa.Column("datetime64[ns]", nullable=True),
            "removed_at": pa.Column("datetime64[ns]", nullable=True),
            "source": _text(),
            "state": pa.Column(
                object,
                pa.Check.isin(["applied", "refused", "ahead", "over", "later", "removed", "off"]),
            ),
            "remark": _text(),
            "before": _number(nullable=True),
            "after": _number(nullable=True),
        },
        ["id"],
    ),
    # what an effect did to a month of a bottom series, in the order in which they were applied
    "effect_applied": _table(
        {
            "id": _text(),
            "unique_id": _text(),
            "ds": _month(),
            "before": _number(),
            "after": _number(),
            "remark": _text(),
        },
        ["id", "unique_id", "ds"],
    ),
    # a series with a page of its own: its file under key/, its sales of the last twelve months and their share of the unit's
    "key_series": _table(
        {"unique_id": _text(), "page": _text(), "sales": _number(), "share": _number()},
        ["unique_id"],
    ),
    # a term of the regression of a key series or the whole unit, in the panel's unit, with its 95 % interval: level (a normal month),
    # trend (a year), month 01 to 12 (difference from the normal month), and drivers, for a `step` of them: 1, or their own mean
    # where they are never zero; step is null for the others
    "coefficient": _table(
        {
            "unique_id": _text(),
            "term": _text(),
            "estimate": _number(),
            "low": _number(),
            "high": _number(),
            "step": _number(nullable=True),
        },
        ["unique_id", "term"],
    ),
    # what a driver does in the whole unit: change for a `step` of it in shares of a bottom series' usual month, with its 95 % interval;
    # series: those in which it moves
    "pooled_driver": _table(
        {
            "term": _text(),
            "estimate": _number(),
            "low": _number(),
            "high": _number(),
            "step": _number(),
            "series": _count,
        },
        ["term"],
    ),
    # what is known ahead of a driver, and what the regression adds for it: against none of it, or where it is never zero against
    # its mean; low and high are the 95 % interval
    "driver_effect": _table(
        {
            "unique_id": _text(),
            "term": _text(),
            "ds": _month(),
            "value": _number(),
            "effect": _number(),
            "low": _number(),
            "high": _number(),
        },
        ["unique_id", "term", "ds"],
    ),
    # actuals inside the interval (percent) that the combination would have had at cutoffs of the backtest, by level and months ahead
    "backtest_coverage": _table(
        {"level": _text(), "interval": _count, "h": _count, "inside": _count, "n": _count},
        ["level", "interval", "h"],
    ),
    # days on which a master file says that a member was launched and discontinued
    "declared": _table(
        {
            "dimension": _text(),
            "member": _text(),
            "launched": pa.Column("datetime64[ns]", nullable=True),
            "discontinued": pa.Column("datetime64[ns]", nullable=True),
        },
        ["dimension", "member"],
    ),
    # overrides/<unit>.csv, as people wrote them
    "override": _table(
        {
            "unit": _text(),
            "made_in": _month(),
            "unique_id": _text(),
            "ds": _month(),
            "sequence": _count,
            "new": _number(nullable=True),
            "percent": _number(nullable=True),
            "author": _text(nullable=True),
            "reason": _text(nullable=True),
            "created_at": pa.Column("datetime64[ns]", nullable=True),
        },
        ["unit", "made_in", "unique_id", "ds", "sequence"],
    ),
    # an override as a run treated it: applied or refused (with why); old, asked and final are forecasts of that series and month
    "adjustment": _table(
        {
            "made_in": _month(),
            "unique_id": _text(),
            "ds": _month(),
            "sequence": _count,
            "old": _number(),
            "asked": _number(),
            "final": _number(),
            "author": _text(nullable=True),
            "reason": _text(nullable=True),
            "state": pa.Column(object, pa.Check.isin(["applied", "refused"])),
            "remark": _text(),
        },
        ["made_in", "unique_id", "ds", "sequence"],
    ),
    # further columns: the dimensions it holds for (null: all members)
    "promotion": _table(
        {"name": _text(), "start": pa.Column("datetime64[ns]"), "end": pa.Column("datetime64[ns]")},
        ["name", "start"],
        strict=False,
    ),
    # stock at the end of a month; stockout_days counts days without stock
    "inventory": _table(
        {"ds": _month(), "stock": _number(), "stockout_days": _number()}, [], strict=False
    ),
    "target": _table({"ds": _month(), "target": _number()}, [], strict=False),
    # what a currency is worth in the unit's, from a day on (Decimal)
    "rate": _table(
        {"currency": _text(), "date": pa.Column("datetime64[ns]"), "rate": _text()},
        ["currency", "date"],
        strict=False,
    ),
    # how many base units a unit of measure is (Decimal); further column: product, null where it holds for all
    "conversion": _table({"unit": _text(), "factor": _text()}, [], strict=False),
    # the general ledger's total of a month (Decimal), by account; further columns: dimensions, null where it holds for all
    "control_total": _table(
        {
            "ds": _month(),
            "account": _text(nullable=True),
            "amount": _text(nullable=True),
            "quantity": _text(nullable=True),
        },
        [],
        strict=False,
    ),
    # the unit's total of a month beside the ledger's: ours, ledger and difference = ours - ledger (Decimal, null where the ledger
    # says nothing); share of the ledger's; state: within, accepted (outside, with a reason), missing (no control total)
    "control": _table(
        {
            "ds": _month(),
            "member": _text(),
            "measure": pa.Column(object, pa.Check.isin(["amount", "quantity"])),
            "ours": _text(),
            "ledger": _text(nullable=True),
            "difference": _text(nullable=True),
            "share": _number(nullable=True),
            "state": pa.Column(object, pa.Check.isin(["within", "accepted", "missing"])),
            "reason": _text(),
        },
        ["ds", "member", "measure"],
    ),
    # a deal that may be won: expected is the day on which it should close; probability 0..1; amount is a Decimal
    "opportunity": _table(
        {
            "customer": _text(nullable=True),
            "expected": pa.Column("datetime64[ns]"),
            "amount": _text(nullable=True),
            "probability": _number(checks=pa.Check.in_range(0, 1), nullable=True),
            "stage": _text(nullable=True),
        },
        [],
        strict=False,
    ),
    # a number that moves sales, as its source has it: a value of a day, or of a month on its first; ds is the business month. What is
    # not known ahead ends with the month; further columns: dimensions, null for all members
    "driver": _table(
        {"name": _text(), "date": pa.Column("datetime64[ns]"), "ds": _month(), "value": _number()},
        [],
        strict=False,
    ),
    # something in the market or at a competitor, from its first to its last day; announced: the day on which it became known (null:
    # not recorded); further columns: dimensions, null for all members
    "event": _table(
        {
            "name": _text(),
            "start": pa.Column("datetime64[ns]"),
            "end": pa.Column("datetime64[ns]"),
            "kind": _text(nullable=True),
            "effect": _text(nullable=True),
            "comment": _text(nullable=True),
            "announced": pa.Column("datetime64[ns]", nullable=True),
        },
        [],
        strict=False,
    ),
    # WAPE of each stage at the top and bottom level, and of the stage `before` on the same rows; gain = wape_before - wape
    "value_added": _table(
        {
            "level": _text(),
            "stage": _text(),
            "before": _text(nullable=True),
            "months": _count,
            "own_months": _count,
            "n": _count,
            "wape": _number(nullable=True),
            "accuracy": _number(nullable=True),
            "wape_before": _number(nullable=True),
            "gain": _number(nullable=True),
        },
        ["level", "stage"],
    ),
    # a bottom series in the month reviewed; difference = forecast - actual, share of the summed absolute difference;
    # forecasted: false where the forecast is zero because none was archived
    "missed": _table(
        {
            "unique_id": _text(),
            "label": _text(),
            "cutoff": _month(),
            "ds": _month(),
            "forecast": _number(),
            "actual": _number(),
            "difference": _number(),
            "share": _number(nullable=True),
            "forecasted": pa.Column(bool),
        },
        ["unique_id"],
    ),
    # why a series missed, likeliest first; effect is signed as sales (below zero: sold less than forecast), null where the
    # evidence gives no amount; the effects of a series sum to actual - forecast; facts are JSON
    "causes": _table(
        {
            "unique_id": _text(),
            "rank": _count,
            "cause": _text(),
            "effect": _number(nullable=True),
            "facts": _text(),
        },
        ["unique_id", "rank"],
    ),
    # from the forecast total to the actual total, a step a cause; series counts those concerned, largest names one
    "difference": _table(
        {
            "position": _count,
            "cause": _text(),
            "effect": _number(),
            "share": _number(nullable=True),
            "before": _number(),
            "after": _number(),
            "series": _count,
            "largest": _text(nullable=True),
            "facts": _text(),
        },
        ["position"],
    ),
    # what one author's changes did, over the months judged; gains are summed absolute error saved; leans: low, high or ''
    "people": _table(
        {
            "author": _text(nullable=True),
            **dict.fromkeys(["changes", "raised", "lowered", "helped", "hurt"], _count),
            "share_helped": _number(),
            **dict.fromkeys(["raised_helped", "lowered_helped"], _count),
            **dict.fromkeys(
                ["raised_gain", "lowered_gain", "error_without", "error_with", "gain"], _number()
            ),
            **dict.fromkeys(["bias_without", "bias_with"], _number(nullable=True)),
            **dict.fromkeys(
                ["months", "months_raised", "months_lowered", "months_too_low", "months_too_high"],
                _count,
            ),
            "p_direction": _number(),
            "p_outcome": _number(),
            "leans": pa.Column(object, pa.Check.isin(["", "low", "high"])),
        },
        ["author"],
    ),
    # what to change next month: kind parameter (key is a dotted key, now and proposed as YAML) or practice; facts are JSON
    "proposals": _table(
        {
            "kind": pa.Column(object, pa.Check.isin(["parameter", "practice"])),
            "key": _text(),
            "now": _text(),
            "proposed": _text(),
            "evidence": _text(),
            "facts": _text(),
            "decision": _text(),
        },
        [],
    ),
}
