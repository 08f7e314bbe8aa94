"""What was planted, and what a right cleaning keeps: `data/truth.json`.

The exports and the units' definitions enter; one nested record leaves. The truth is told in the
words of the tables (order number and line, month, series), with amounts in yuan without tax as
text, so that a test can ask whether the workbench found it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from demo_company.company import Unit, series_id
from demo_company.exports import yuan
from demo_company.months import RUNNING, label, number
from demo_company.orders import Line, month_of
from demo_company.planting import Export

SLIP = "slip"


def list_truth(unit: Unit, export: Export) -> dict[str, Any]:
    """Everything planted in one unit, by kind, and its kept rows, pieces and yuan by month."""
    return {
        "outliers": [
            _outlier(line)
            for line in export.orders
            if line.mark == "bulk" or line.mark.startswith(SLIP)
        ],
        "duplicates": [_row(line) for line in export.marked("duplicate")],
        "repeats": [_row(line) for line in export.marked("repeat")],
        "returns": [_return(line) for line in export.returns],
        "unmatched_returns": [_return(line) for line in export.marked("unmatched")],
        "unreadable": [
            _row(line) | {"written": line.written} for line in export.marked("unreadable")
        ],
        "future_dated": [_row(line) for line in export.marked("future")],
        "samples": [_row(line) for line in export.marked("sample")],
        "running_month": {"month": label(RUNNING), "rows": len(export.running)},
        "stock_outs": [asdict(stock_out) for stock_out in unit.stock_outs],
        "lost_accounts": [
            {"customer": account.customer, "last_month": account.last}
            for account in unit.accounts
            if account.last is not None
        ],
        "new_accounts": [
            {"customer": account.customer, "first_month": account.first}
            for account in unit.accounts
            if number(account.first) > 0
        ],
        "renames": [asdict(rename) for rename in unit.renames],
        "unlisted_promotions": [
            {
                "name": event.name,
                "start": str(event.start),
                "end": str(event.end),
                "where": dict(event.where),
            }
            for event in unit.promotions
            if not event.listed
        ],
        "planners": _planners(unit),
        "kept": _by_month(export.kept),
    }


def _row(line: Line) -> dict[str, Any]:
    return {
        "order_id": line.order_id,
        "line": line.line,
        "date": line.date.isoformat(),
        "month": month_of(line),
        "quantity": str(line.quantity),
        "amount": str(yuan(line.amount)),
    }


def _return(line: Line) -> dict[str, Any]:
    order, position = line.returned or ("", 0)
    return _row(line) | {"sale_order_id": order, "sale_line": position}


def _outlier(line: Line) -> dict[str, Any]:
    """A slip with what it should have been, or a bulk order, which is true."""
    factor = int(line.mark.removeprefix(SLIP)) if line.mark.startswith(SLIP) else 1
    cell = asdict(line.cell)
    return _row(line) | {
        "kind": SLIP if factor > 1 else line.mark,
        "factor": factor,
        "true_quantity": str(line.quantity // factor),
        "true_amount": str(yuan(line.amount // factor)),
        "unique_id": series_id("bottom", cell),
        "series": cell,
    }


def _planners(unit: Unit) -> list[dict[str, Any]]:
    habits = [
        {
            "author": habit.author,
            "kind": habit.kind,
            "level": habit.level,
            "unique_id": series_id(habit.level, habit.members),
            "percent": list(habit.percent),
        }
        for habit in unit.habits
    ]
    tips = [
        {
            "author": tip.author,
            "kind": "informed",
            "about": tip.about,
            "level": tip.level,
            "unique_id": series_id(tip.level, tip.members),
            "made_in": list(tip.made_in),
            "percent": dict(tip.months),
        }
        for tip in unit.tips
    ]
    return habits + tips


def _by_month(lines: Iterable[Line]) -> dict[str, dict[str, Any]]:
    by_month: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_month[month_of(line)].append(line)
    return {
        month: {
            "rows": len(members),
            "quantity": str(sum(line.quantity for line in members)),
            "amount": str(yuan(sum(line.amount for line in members))),
        }
        for month, members in sorted(by_month.items())
    }
