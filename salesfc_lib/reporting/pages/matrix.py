"""The matrix of units and months: accuracy, a tick for bias, a mark where the floor was missed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.facts.summary import AttentionItem, Summary
from salesfc_lib.reporting.pages.headline import ZERO, status
from salesfc_lib.reporting.pages.page import WRITER
from salesfc_lib.reporting.pages.portfolio import Portfolio
from salesfc_lib.reporting.pages.unit import measure_of

MATRIX_MONTHS = 12
OLD = 9  # of them hidden on a small screen
FULL_BIAS = 0.09  # bias at which the tick fills its half of the cell
TICKS = 6


def items(summary: Summary) -> list[AttentionItem]:
    """What the unit says needs attention, and a missed floor or limit that it does not mention."""
    kinds = {item.kind for item in summary.attention}
    items, unit, bias = list(summary.attention), summary.title, summary.bias
    if summary.below_floor and summary.accuracy is not None and "floor" not in kinds:
        floor = wording.percent_label(summary.floor * 100)
        what = WRITER.text("attention.floor", unit=unit, accuracy=summary.accuracy, floor=floor)
        items.append(AttentionItem("floor", what, "", summary.owner))
    if bias is not None and abs(bias.value) > summary.bias_limit and "bias" not in kinds:
        side = "too high" if bias.value > 0 else "too low"
        limit = wording.percent_label(summary.bias_limit * 100)
        what = WRITER.text("attention.bias", unit=unit, side=side, bias=bias.value, limit=limit)
        items.append(AttentionItem("bias", what, "", summary.owner))
    return [item if item.href else replace(item, href="index.html") for item in items]


def matrix(portfolio: Portfolio, prefix: str) -> dict[str, Any]:
    """The matrix as its template reads it; `prefix` leads from the page to the reports folder.

    Every cell is a link to its month; a first month has the word 'new' for its accuracy.
    """
    now, published = portfolio.month, portfolio.published
    following = wording.month_word(wording.add_months(now, 1))
    scale = wording.scale_for([summary.next.y_hat for summary in published if summary.next])
    axes = {measure_of(summary).axis(scale) for summary in published if summary.next}
    axis = f", {axes.pop().replace(' ', wording.NBSP)}" if len(axes) == 1 else ""
    missed = len(portfolio.below_floor)
    key = "new" if portfolio.accuracy is None else "missed" if missed else "met"
    heads = [
        {
            "short": wording.month_short(month),
            "year": month[:4],
            "href": f"{prefix}{month}/index.html" if portfolio.at(month).any else "",
            "classes": classes,
        }
        for month, classes in _months(portfolio).items()
    ]
    rows = [_row(portfolio, unit, prefix, scale) for unit in portfolio.units]
    return {
        "title": WRITER.text(f"index.matrix.{key}", missed=missed, month=now),
        "months": heads,
        "rows": rows,
        "now": wording.month_short(now),
        "now_word": wording.month_word(now),
        "next": f"{following}{axis}",
        "has_new": any(cell["text"] == "new" for row in rows for cell in row["cells"]),
    }


def _months(portfolio: Portfolio) -> dict[str, str]:
    """Months of the matrix, each with its classes: `old` ones are hidden on a small screen."""
    months = portfolio.months(MATRIX_MONTHS)
    shown = months[-(MATRIX_MONTHS - OLD) :]
    return {
        month: " ".join(
            name
            for name, holds in (("old", month not in shown), ("now", month == portfolio.month))
            if holds
        )
        for month in months
    }


def _row(
    portfolio: Portfolio, unit: str, prefix: str, scale: wording.DisplayScale
) -> dict[str, Any]:
    summary = portfolio.summary(unit)
    text, bad = status(portfolio, unit)
    row = {
        "title": portfolio.name(unit),
        "cells": [
            _cell(portfolio.at(month), unit, prefix, classes)
            for month, classes in _months(portfolio).items()
        ],
        "status": text,
        "bad": bad,
    }
    if summary is None:
        empty = dict.fromkeys(("href", "floor", "bias", "tone", "next"), "")
        return row | empty | {"alerts": 0, "overdue": 0}
    alerts, bias = items(summary), summary.bias.value if summary.bias else 0.0
    outside = abs(bias) > summary.bias_limit
    return row | {
        "href": f"{prefix}{summary.month}/{unit}/index.html",
        "floor": wording.percent_label(summary.floor * 100).split(wording.THIN)[0],
        "bias": wording.signed_percent(bias) if summary.bias else "",
        "tone": ("over" if bias > 0 else "under") if outside else "",
        "alerts": len(alerts),
        "overdue": sum(item.kind == "overdue" for item in alerts),
        "next": _next(portfolio, summary, scale),
    }


def _next(portfolio: Portfolio, summary: Summary, scale: wording.DisplayScale) -> str:
    """Next month's forecast, in the column's scale where all units have the same measure."""
    if summary.next is None:
        return ""
    y_hat = summary.next.y_hat
    if len({(s.currency, s.quantity_unit) for s in portfolio.published}) > 1:
        return measure_of(summary).amount(y_hat, digits=3)
    return wording.number(y_hat / scale.divisor, wording.decimals(y_hat / scale.divisor, 3))


def _cell(then: Portfolio, unit: str, prefix: str, classes: str) -> dict[str, str]:
    """Accuracy of a unit's month, `then` being that month, with its link and classes."""
    summary = then.summary(unit)
    if summary is None:
        failed = any(failure.unit == unit for failure in then.failed)
        names = ("c", classes, "x") if failed else ("r", classes)
        return _link(names, "✕" if failed else "", hidden="did not publish")
    href = f"{prefix}{then.month}/{unit}/index.html"
    if summary.accuracy is None:
        names = ("c", "muted", classes)
        return _link(names, "new", href=href, hidden=wording.month_name(then.month))
    bias, tick = summary.bias.value if summary.bias else 0.0, ""
    if abs(bias) >= ZERO:
        width = min(TICKS, math.ceil(abs(bias) / (FULL_BIAS / TICKS)))
        tick = f"{'o' if bias > 0 else 'u'} w{width}"
    share, below = summary.accuracy * 100, summary.below_floor
    text = _below(share, summary.floor * 100) if below else wording.number(share)
    return _link(("c", classes, tick, "f" if below else ""), text, href=href)


def _link(
    classes: tuple[str, ...], text: str, *, href: str = "", hidden: str = ""
) -> dict[str, str]:
    return {
        "classes": " ".join(filter(None, classes)),
        "href": href,
        "text": text,
        "hidden": hidden,
    }


def _below(share: float, floor: float) -> str:
    """A missed share with one decimal, rounded down where rounding would lift it to the floor.

    >>> _below(74.16, 75.0), _below(84.96, 85.0)
    ('74.2', '84.9')
    """
    return f"{share:.1f}" if round(share, 1) < floor else f"{math.floor(share * 10) / 10:.1f}"
