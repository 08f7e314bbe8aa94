"""The indexes: all units and months at one look, what needs attention first.

The summaries of all published months enter, `reports/index.html` and one index per month leave. The decision made here:
the order of units never changes; urgency is said by the list above the matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.foundation import wording
from salesfc_lib.reporting import markup, plots
from salesfc_lib.reporting.blocks import Alert, Answer, Attention, Cell, Column, Fact, Figure, Table
from salesfc_lib.reporting.catalogue import say
from salesfc_lib.reporting.facts.summary import (
    AttentionItem,
    Failure,
    Summary,
    read_failures,
    read_summaries,
)
from salesfc_lib.reporting.pages.headline import lede, title
from salesfc_lib.reporting.pages.matrix import MATRIX_MONTHS, items, matrix
from salesfc_lib.reporting.pages.page import page, write
from salesfc_lib.reporting.pages.portfolio import Portfolio
from salesfc_lib.reporting.pages.unit import alert, ordered

LISTED = 8  # items of attention before the rest is counted


def write_index(reports: Path) -> list[Path]:
    """Paths of `reports/index.html` and of each month's index, all written anew."""
    summaries, failures = read_summaries(reports), read_failures(reports)
    months = sorted(
        {summary.month for summary in summaries} | {failure.month for failure in failures}
    )
    if not months:
        crumbs = [("Sales forecast", "")]
        nothing = Answer(
            ["All units"], say("index.empty.title"), [say("index.empty.lede")]
        ).to_json()
        empty = {"figure": None, "attention": None, "matrix": None, "months": None}
        return [
            write(
                reports / "index.html",
                markup.render(
                    "index.html.j2", page=_page("Sales forecast", crumbs), head=nothing, **empty
                ),
            )
        ]
    latest = Portfolio.of(summaries, failures, months[-1])
    written = [
        write(
            reports / "index.html",
            _render(
                latest,
                "",
                [("Sales forecast", "")],
                [Portfolio.of(summaries, failures, m) for m in months[::-1]],
            ),
        )
    ]
    for month in months:
        crumbs = [("Sales forecast", "../index.html"), (wording.month_name(month), "")]
        written.append(
            write(
                reports / month / "index.html",
                _render(Portfolio.of(summaries, failures, month), "../", crumbs, []),
            )
        )
    return written


def _page(name: str, crumbs: list[tuple[str, str]]) -> dict[str, Any]:
    description = "All units and months at a glance: accuracy, bias, alerts, status, and what needs attention first."
    return page(name, crumbs, description=description, styles=("page.css", "matrix.css"))


def _render(
    portfolio: Portfolio, prefix: str, crumbs: list[tuple[str, str]], months: Sequence[Portfolio]
) -> str:
    alerts = _alerts(portfolio, prefix)
    figure = pooled(portfolio)
    more = len(alerts) - LISTED
    return markup.render(
        "index.html.j2",
        page=_page(f"Sales forecast · {wording.month_name(portfolio.month)}", crumbs),
        head=_head(portfolio, len(alerts)).to_json(),
        figure=figure.to_json() if figure else None,
        attention=Attention(alerts[:LISTED], say("unit.attention.none")).to_json(),
        attention_more=f"{wording.plural(more, 'more item')} on the units’ pages."
        if more > 0
        else "",
        matrix=matrix(portfolio, prefix),
        months=_months(months).to_json() if months else None,
    )


def _head(portfolio: Portfolio, alerts: int) -> Answer:
    latest = max((summary.published_at for summary in portfolio.published), default="")
    kicker = [
        "All units",
        wording.month_name(portfolio.month),
        *([f"published {wording.minute(latest)}"] if latest else []),
    ]
    return Answer(kicker, title(portfolio), lede(portfolio), facts=_facts(portfolio, alerts))


def _facts(portfolio: Portfolio, alerts: int) -> list[Fact]:
    before, facts = portfolio.before, []
    last = wording.month_word(before.month)
    accuracy, bias, missed = portfolio.accuracy, portfolio.bias, len(portfolio.below_floor)
    if accuracy is not None:
        facts.append(
            Fact(
                "One-month accuracy",
                wording.percent(accuracy),
                f"{last} {wording.percent(before.accuracy)}"
                if before.accuracy is not None
                else "first scored month",
            )
        )
    if bias is not None:
        facts.append(
            Fact(
                "Bias",
                wording.signed_percent(bias),
                f"{last} {wording.signed_percent(before.bias)}"
                if before.bias is not None
                else "above zero is too high",
            )
        )
    if accuracy is not None:
        was = f"{last} {len(before.below_floor)}" if before.accuracy is not None else ""
        unpublished = f"{len(portfolio.failed)} not published" if portfolio.failed else ""
        facts.append(
            Fact(
                "Below their floor",
                f"{missed} of {len(portfolio.scored)}",
                " · ".join(filter(None, (was, unpublished))),
                alarm=missed > 0,
            )
        )
    else:
        facts.append(
            Fact(
                "Units published",
                f"{len(portfolio.published)} of {portfolio.n_units}",
                "first forecasts",
                alarm=bool(portfolio.failed),
            )
        )
    overdue = sum(
        item.kind == "overdue" for summary in portfolio.published for item in summary.attention
    )
    facts.append(Fact("Alerts open", str(alerts), f"{overdue} overdue"))
    return facts


def _alerts(portfolio: Portfolio, prefix: str) -> list[Alert]:
    found = [
        _failure_alert(failure, portfolio.name(failure.unit), prefix)
        for failure in portfolio.failures
        if failure.month == portfolio.month
    ]
    for summary in portfolio.published:
        where = f"{prefix}{summary.month}/{summary.unit}/"
        found += [alert(_named(item, summary), summary, where) for item in ordered(items(summary))]
    return sorted(found, key=lambda item: item.rank)


def _named(item: AttentionItem, summary: Summary) -> AttentionItem:
    return (
        item if summary.title in item.what else replace(item, what=f"{summary.title}: {item.what}")
    )


def _failure_alert(failure: Failure, title: str, prefix: str) -> Alert:
    where = f"in step {failure.step}" if failure.step else "before its first step"
    error = failure.error.strip().splitlines()[0] if failure.error.strip() else "no message"
    what = say(
        "attention.failed.what",
        unit=title,
        month=wording.month_name(failure.month),
        error=error[:300],
    )
    return Alert(
        what,
        say("attention.failed.why", where=where),
        "",
        f"stopped {wording.day_short(failure.at)}" if failure.at else "",
        f"{prefix}{failure.page}" if failure.page else "",
        0,
    )


def pooled(portfolio: Portfolio) -> Figure | None:
    """Pooled accuracy and the seasonal naive's over the last year; None with fewer than two scored months."""
    rows = [
        (month, p.accuracy, p.naive)
        for month in portfolio.months(MATRIX_MONTHS)
        if (p := portfolio.at(month)).accuracy is not None
    ]
    if len(rows) < 2 or portfolio.accuracy is None:  # a line needs two points
        return None
    names = {"All units": "forecast", "Seasonal naive": "baseline"}
    frame = pd.DataFrame(
        [
            (pd.Timestamp(f"{month}-01"), name, value)
            for month, *values in rows
            for name, value in zip(names, values, strict=True)
        ],
        columns=["ds", "group", "value"],
    )
    frame["value"] = frame["value"].astype(float)
    wide, slim = plots.draw(plots.lines, frame, height=(230, 230), width=420, roles=names)
    now, before = rows[-1][1], rows[-2][1]
    assert now is not None and before is not None
    gain = (now - rows[-1][2]) if rows[-1][2] is not None else 0.0
    how = "same" if abs(now - before) < 5e-4 else "up" if now > before else "down"  # rounds to 0.0
    above = say(
        "index.figure.above" if gain >= 0 else "index.figure.below",
        points=wording.points(abs(gain)).lstrip("+"),
    )
    known = [value for _, value, _ in rows if value is not None]
    alt = say(
        "index.figure.alt",
        first=wording.month_name(rows[0][0]),
        last=wording.month_name(rows[-1][0]),
        low=wording.percent(min(known)),
        high=wording.percent(max(known)),
        now=wording.percent(now),
        naive=wording.percent(rows[-1][2]) if rows[-1][2] is not None else "is not known",
    )
    return Figure(
        say(f"index.figure.{how}", accuracy=wording.percent(now), gain=above),
        "Accuracy one month ahead, all units pooled, %; the axis does not start at 0",
        alt,
        wide,
        slim,
    )


def _months(portfolios: Sequence[Portfolio]) -> Table:
    columns = [
        Column("Month"),
        Column("Published", "w"),
        *(Column(name, "r") for name in ("Units", "Accuracy", "Bias")),
        Column("How"),
        Column("Versions"),
    ]
    rows: list[list[Cell | str]] = []
    for p in portfolios:
        again = [s.title for s in p.published if s.version > 1]
        kinds = {s.kind for s in p.published}
        how = (
            ""
            if not kinds
            else "run"
            if kinds == {"run"}
            else "backfilled"
            if kinds == {"backfill"}
            else "run and backfilled"
        )
        latest = max((s.published_at for s in p.published), default="")
        rows.append(
            [
                Cell(wording.month_name(p.month), href=f"{p.month}/index.html", bold=True),
                wording.minute(latest) if latest else "",
                f"{len(p.published)} of {p.n_units}",
                wording.percent(p.accuracy) if p.accuracy is not None else "not yet",
                wording.signed_percent(p.bias) if p.bias is not None else "not yet",
                how,
                f"{wording.listing(again)} published again" if again else "one each",
            ]
        )
    return Table(
        "Every published month stays, with every version",
        "Newest first; forecasts of past months are never recalculated",
        columns,
        rows,
        min_width="min40",
    )
