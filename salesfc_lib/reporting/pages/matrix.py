"""The matrix of units and months: accuracy, a tick for bias, a mark where the floor was missed.

A portfolio enters, what the template needs leaves. The decision made here: every cell is a link to its month, a missed
floor shows one decimal (rounded down, so that 84.97 never reads as 85), and a first month says so in a word.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.catalogue import say
from salesfc_lib.reporting.facts.summary import AttentionItem, Summary
from salesfc_lib.reporting.pages.headline import status
from salesfc_lib.reporting.pages.portfolio import Portfolio
from salesfc_lib.reporting.pages.unit import measure_of

MATRIX_MONTHS = 12
OLD = 9  # of them hidden on a small screen
FULL_BIAS = 0.09  # bias at which the tick fills its half of the cell
TICKS = 6


def items(summary: Summary) -> list[AttentionItem]:
    """What the unit says needs attention, and a missed floor or limit that it does not mention."""
    kinds = {item.kind for item in summary.attention}
    items = list(summary.attention)
    accuracy = summary.accuracy
    if summary.below_floor and accuracy is not None and "floor" not in kinds:
        what = say(
            "attention.floor",
            unit=summary.title,
            accuracy=wording.percent(accuracy),
            floor=wording.percent_label(summary.floor * 100),
        )
        items.append(AttentionItem("floor", what, "", summary.owner))
    if (
        summary.bias is not None
        and abs(summary.bias.value) > summary.bias_limit
        and "bias" not in kinds
    ):
        side = "too high" if summary.bias.value > 0 else "too low"
        facts = {
            "bias": wording.signed_percent(summary.bias.value),
            "limit": wording.percent_label(summary.bias_limit * 100),
        }
        items.append(
            AttentionItem(
                "bias",
                say("attention.bias", unit=summary.title, side=side, **facts),
                "",
                summary.owner,
            )
        )
    return [item if item.href else replace(item, href="index.html") for item in items]


def matrix(portfolio: Portfolio, prefix: str) -> dict[str, Any]:
    """The matrix as its template reads it; `prefix` leads from the page to the reports folder."""
    months = portfolio.months(MATRIX_MONTHS)
    now = portfolio.month
    following = wording.month_word(wording.add_months(now, 1))
    scale = wording.scale_for(
        [summary.next.y_hat for summary in portfolio.published if summary.next]
    )
    missed = len(portfolio.below_floor)
    key = (
        "index.matrix.new"
        if portfolio.accuracy is None
        else "index.matrix.missed"
        if missed
        else "index.matrix.met"
    )
    heads = [
        {
            "short": wording.month_short(m),
            "year": m[:4],
            "href": f"{prefix}{m}/index.html" if portfolio.at(m).any else "",
            "classes": " ".join(
                filter(
                    None,
                    (
                        "old" if index < len(months) - (MATRIX_MONTHS - OLD) else "",
                        "now" if m == now else "",
                    ),
                )
            ),
        }
        for index, m in enumerate(months)
    ]
    rows = [_matrix_row(portfolio, unit, prefix, scale) for unit in portfolio.units]
    axis = {measure_of(summary).axis(scale) for summary in portfolio.published if summary.next}
    return {
        "title": say(key, missed=wording.cardinal(missed), month=wording.month_word(now)),
        "months": heads,
        "rows": rows,
        "now": wording.month_short(now),
        "now_word": wording.month_word(now),
        "next": f"{following}, {axis.pop().replace(' ', wording.NBSP)}"
        if len(axis) == 1
        else following,
        "has_new": any(cell["text"] == "new" for row in rows for cell in row["cells"]),
    }


def _matrix_row(
    portfolio: Portfolio, unit: str, prefix: str, scale: wording.Scale
) -> dict[str, Any]:
    summary = portfolio.summary(unit)
    months = portfolio.months(MATRIX_MONTHS)
    alerts = items(summary) if summary else []
    bias = summary.bias.value if summary and summary.bias else None
    text, bad = status(portfolio, unit)
    same = len({(s.currency, s.quantity_unit) for s in portfolio.published}) == 1
    amount = (
        ""
        if not summary or not summary.next
        else (
            wording.number(
                summary.next.y_hat / scale.divisor,
                wording.decimals(summary.next.y_hat / scale.divisor, 3),
            )
            if same
            else measure_of(summary).amount(summary.next.y_hat, digits=3)
        )
    )
    return {
        "title": portfolio.name(unit),
        "href": f"{prefix}{summary.month}/{unit}/index.html" if summary else "",
        "floor": wording.percent_label(summary.floor * 100).split(wording.THIN)[0]
        if summary
        else "",
        "cells": [
            _matrix_cell(
                portfolio, unit, month, prefix, old=index < len(months) - (MATRIX_MONTHS - OLD)
            )
            for index, month in enumerate(months)
        ],
        "bias": "" if bias is None else wording.signed_percent(bias),
        "tone": ""
        if bias is None or summary is None or abs(bias) <= summary.bias_limit
        else "over"
        if bias > 0
        else "under",
        "alerts": len(alerts),
        "overdue": sum(item.kind == "overdue" for item in alerts),
        "next": amount,
        "status": text,
        "bad": bad,
    }


def _matrix_cell(
    portfolio: Portfolio, unit: str, month: str, prefix: str, *, old: bool
) -> dict[str, str]:
    classes = ["c", "old" if old else "", "now" if month == portfolio.month else ""]
    then = portfolio.at(month)
    summary = then.summary(unit)
    if summary is None:
        failed = any(failure.unit == unit for failure in then.failed)
        return {
            "classes": " ".join(
                filter(None, [*(classes if failed else ["r", *classes[1:]]), "x" if failed else ""])
            ),
            "href": "",
            "text": "✕" if failed else "",
            "hidden": "did not publish",
        }
    href = f"{prefix}{month}/{unit}/index.html"
    if summary.accuracy is None:
        return {
            "classes": " ".join(filter(None, ["c", "muted", *classes[1:]])),
            "href": href,
            "text": "new",
            "hidden": f"{wording.month_name(month)}",
        }
    if summary.bias is not None and abs(summary.bias.value) >= 5e-4:  # rounds to 0.0 %
        width = min(TICKS, math.ceil(abs(summary.bias.value) / (FULL_BIAS / TICKS)))
        classes += ["o" if summary.bias.value > 0 else "u", f"w{width}"]
    share = summary.accuracy * 100
    text = _below(share, summary.floor * 100) if summary.below_floor else wording.number(share)
    return {
        "classes": " ".join(filter(None, [*classes, "f" if summary.below_floor else ""])),
        "href": href,
        "text": text,
        "hidden": "",
    }


def _below(share: float, floor: float) -> str:
    """A missed share with one decimal, rounded down where rounding would lift it to the floor.

    >>> _below(74.16, 75.0), _below(84.96, 85.0)
    ('74.2', '84.9')
    """
    return f"{share:.1f}" if round(share, 1) < floor else f"{math.floor(share * 10) / 10:.1f}"
