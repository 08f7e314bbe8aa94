"""The matrix of units and months: accuracy, a tick for bias, a mark where the floor was missed.

Its template reads the portfolio; this is what the template cannot work out.
"""

from __future__ import annotations

import math
from typing import Any

from salesfc_lib.foundation import name_of, wording
from salesfc_lib.reporting.blocks import Cell, Table
from salesfc_lib.reporting.facts.summary import Summary
from salesfc_lib.reporting.narrative.kpis import describe_kpis
from salesfc_lib.reporting.pages.headline import ZERO
from salesfc_lib.reporting.pages.page import WRITER, in_language
from salesfc_lib.reporting.pages.portfolio import Portfolio
from salesfc_lib.reporting.pages.unit import writer_of
from salesfc_lib.retrospective import KPIS

MATRIX_MONTHS = 12
KPI_MONTHS = 12
FULL_BIAS = 0.09  # bias at which the tick fills its half of the cell
TICKS = 6


def matrix(portfolio: Portfolio) -> dict[str, Any]:
    """Title, months (oldest first) and the head of the forecasts, with what writes a cell.

    Forecasts stand in one scale, which their head names, where all units have the same measure.
    """
    ahead = [summary for summary in portfolio.published if summary.next]
    writer = WRITER.at([summary.next.y_hat for summary in ahead if summary.next])
    axes = {writer_of(summary).measure.axis(writer.scale) for summary in ahead}
    axis = axes.pop().replace(" ", wording.NBSP) if len(axes) == 1 else ""
    missed = len(portfolio.below_floor)
    key = "new" if portfolio.accuracy is None else "missed" if missed else "met"

    def next_month(summary: Summary) -> str:
        if summary.next is None:
            return ""
        if not axis:
            return writer_of(summary).measure.amount(summary.next.y_hat, digits=3)
        return writer.fill("{y_hat:bare}", vars(summary.next))

    months, following = portfolio.back(MATRIX_MONTHS), wording.month_word(portfolio.following)
    return {
        "title": WRITER.text(f"index.matrix.{key}", missed=missed, month=portfolio.month),
        "months": months,
        "has_new": any(each.accuracy is None for then in months for each in then.published),
        "next_head": WRITER.text("page.comma").join(filter(None, (following, axis))),
        "next_month": next_month,
        "accuracy": accuracy_text,
        "tick": bias_tick,
    }


def kpi_table(portfolio: Portfolio, prefix: str) -> Table | None:
    """A row a unit with its KPIs over a year, of those that any unit knows; None where none does.

    `prefix` leads from the page to the reports folder.
    """
    rows: list[dict[str, Any]] = []
    for summary in portfolio.published:
        place = f"{prefix}{summary.month}/{summary.unit}"
        anchor = "#kpis" if summary.kpis else ""
        href = f"{place}/{in_language('index.html', summary.languages)}{anchor}"
        year = [vars(kpi) for kpi in summary.kpis if kpi.window == KPI_MONTHS]
        described = describe_kpis(year, summary.money)
        values = {row["kpi"]: row[f"over {KPI_MONTHS}"] for row in described if row["known"]}
        rows.append({"unit": Cell(summary.title, href=href, bold=True), **values})
    names = [name for name in KPIS if not KPIS[name].is_detail and any(name in row for row in rows)]
    if not names:
        return None
    missing = dict.fromkeys(names, Cell(WRITER.text("kpi.none"), tone="muted"))
    return WRITER.table(
        "index.kpis",
        [missing | row for row in rows],
        columns={f">{name_of('kpi', name)}": f"{{{name}}}" for name in names},
        months=KPI_MONTHS,
        month=portfolio.month,
    )


def accuracy_text(accuracy: float, floor: float) -> str:
    """Accuracy in per cent; one that missed the floor has a decimal, and never rounds up to it.

    >>> accuracy_text(0.86, 0.75), accuracy_text(0.7416, 0.75), accuracy_text(0.8496, 0.85)
    ('86', '74.2', '84.9')
    """
    share, limit = accuracy * 100, floor * 100
    if accuracy >= floor:
        return wording.number(share)
    return f"{share if round(share, 1) < limit else math.floor(share * 10) / 10:.1f}"


def bias_tick(bias: float) -> str:
    """Classes of the tick: its side (over, under) and width; none where bias rounds to zero.

    >>> bias_tick(0.05), bias_tick(-0.2), bias_tick(0.0)
    ('o w4', 'u w6', '')
    """
    width = math.ceil(min(TICKS, abs(bias) / (FULL_BIAS / TICKS)))
    return f"{'o' if bias > 0 else 'u'} w{width}" if abs(bias) >= ZERO else ""
