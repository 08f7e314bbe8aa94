"""The indexes: all units and months at one look, what needs attention first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Alert, Answer, Attention, Cell, Fact, Figure, Table
from salesfc_lib.reporting.facts.summary import FailedMonth, read_failures, read_summaries
from salesfc_lib.reporting.pages.headline import ZERO, opening_sentences, title
from salesfc_lib.reporting.pages.matrix import MATRIX_MONTHS, items, matrix
from salesfc_lib.reporting.pages.page import WRITER, Crumbs, page, write
from salesfc_lib.reporting.pages.portfolio import Portfolio
from salesfc_lib.reporting.pages.unit import alert, ordered

LISTED = 8  # items of attention before the rest is counted
DESCRIPTION = (
    "All units and months at a glance: accuracy, bias, alerts, status, and what needs attention "
    "first."
)


def write_index(reports: Path) -> list[Path]:
    """Paths of `reports/index.html` and of each month's index, all written anew."""
    summaries, failures = read_summaries(reports), read_failures(reports)
    months = sorted({s.month for s in summaries} | {failure.month for failure in failures})
    if not months:
        head = Answer(
            ["All units"], WRITER.text("index.empty.title"), [WRITER.text("index.empty.summary")]
        )
        return [_write(reports / "index.html", "Sales forecast", [("Sales forecast", "")], head)]
    portfolios = {month: Portfolio.of(summaries, failures, month) for month in months}
    newest_first = list(portfolios.values())[::-1]
    latest = _write_month(reports / "index.html", newest_first[0], "", _months(newest_first))
    others = [
        _write_month(reports / month / "index.html", portfolio, "../", None)
        for month, portfolio in portfolios.items()
    ]
    return [latest, *others]


def _write(path: Path, name: str, crumbs: Crumbs, head: Answer, **blocks: object) -> Path:
    styles = ("page.css", "matrix.css")
    frame = page(name, crumbs, description=DESCRIPTION, styles=styles)
    shown = dict.fromkeys(("figure", "attention", "matrix", "months")) | blocks
    return write(path, "index.html.j2", page=frame, head=head, **shown)


def _write_month(path: Path, portfolio: Portfolio, prefix: str, months: Table | None) -> Path:
    """The index of a month; `prefix` leads from the page to the reports folder."""
    month, alerts = wording.month_name(portfolio.month), _alerts(portfolio, prefix)
    crumbs = [("Sales forecast", f"{prefix}index.html"), (month, "")]
    at = portfolio.published_at
    kicker = ["All units", month, *([f"published {wording.minute(at)}"] if at else [])]
    more = wording.plural(len(alerts) - LISTED, "more item")
    return _write(
        path,
        f"Sales forecast · {month}",
        crumbs if prefix else [("Sales forecast", "")],
        Answer(
            kicker,
            title(portfolio),
            opening_sentences(portfolio),
            facts=_facts(portfolio, len(alerts)),
        ),
        figure=_pooled(portfolio),
        attention=Attention(alerts[:LISTED], WRITER.text("unit.attention.none")),
        attention_more=f"{more} on the units’ pages." if len(alerts) > LISTED else "",
        matrix=matrix(portfolio, prefix),
        months=months,
    )


def _facts(portfolio: Portfolio, alerts: int) -> list[Fact]:
    """Accuracy, bias and units below their floor beside the month before, and the open alerts."""
    before, accuracy, bias = portfolio.before, portfolio.accuracy, portfolio.bias
    last, failed, facts = wording.month_word(before.month), len(portfolio.failed), []
    if accuracy is not None:
        was = "first scored month"
        if before.accuracy is not None:
            was = f"{last} {wording.percent(before.accuracy)}"
        facts.append(WRITER.fact("index.fact.accuracy", now=accuracy, was=was))
    if bias is not None:
        was = "above zero is too high"
        if before.bias is not None:
            was = f"{last} {wording.signed_percent(before.bias)}"
        facts.append(WRITER.fact("index.fact.bias", now=bias, was=was))
    if accuracy is not None:
        was = f"{last} {len(before.below_floor)}" if before.accuracy is not None else ""
        was = " · ".join(filter(None, (was, f"{failed} not published" if failed else "")))
        missed, n = len(portfolio.below_floor), len(portfolio.scored)
        floor = WRITER.fact("index.fact.floor", alarm=missed > 0, missed=missed, n=n, was=was)
        facts.append(floor)
    else:
        counts = {"published": len(portfolio.published), "n": portfolio.n_units}
        facts.append(WRITER.fact("index.fact.published", alarm=failed > 0, **counts))
    kinds = [item.kind for summary in portfolio.published for item in summary.attention]
    overdue = kinds.count("overdue")
    return [*facts, WRITER.fact("index.fact.alerts", n=alerts, overdue=overdue)]


def _alerts(portfolio: Portfolio, prefix: str) -> list[Alert]:
    found = [
        _failure_alert(failure, portfolio.name(failure.unit), prefix)
        for failure in portfolio.failures
        if failure.month == portfolio.month
    ]
    for summary in portfolio.published:
        where, name = f"{prefix}{summary.month}/{summary.unit}/", summary.title
        for item in ordered(items(summary)):
            what = item.what if name in item.what else f"{name}: {item.what}"
            found.append(alert(replace(item, what=what), summary, where))
    return sorted(found, key=lambda item: item.rank)


def _failure_alert(failure: FailedMonth, title: str, prefix: str) -> Alert:
    where = f"in step {failure.step}" if failure.step else "before its first step"
    error = failure.error.strip().splitlines()[0] if failure.error.strip() else "no message"
    facts = {"unit": title, "month": failure.month, "error": error[:300]}
    return Alert(
        WRITER.text("attention.failed.what", **facts),
        WRITER.text("attention.failed.why", where=where),
        due=f"stopped {wording.day_short(failure.at)}" if failure.at else "",
        href=f"{prefix}{failure.page}" if failure.page else "",
        rank=0,
    )


def _pooled(portfolio: Portfolio) -> Figure | None:
    """Pooled accuracy and the seasonal naive's over the last year.

    None with fewer than two scored months: a line needs two points.
    """
    then = [portfolio.at(month) for month in portfolio.months(MATRIX_MONTHS)]
    rows = [(p.month, p.accuracy, p.naive) for p in then if p.accuracy is not None]
    if len(rows) < 2 or portfolio.accuracy is None:
        return None
    from salesfc_lib.reporting import plots  # matplotlib: only where a figure is drawn

    table = pd.DataFrame(rows, columns=["ds", "All units", "Seasonal naive"])
    frame = table.astype({"All units": float, "Seasonal naive": float}).melt("ds", var_name="group")
    frame["ds"] = pd.to_datetime(frame["ds"], format="%Y-%m")
    roles = {"All units": "forecast", "Seasonal naive": "baseline"}
    drawn = plots.draw(plots.lines, frame, height=(230, 230), width=420, roles=roles)
    (before, now), naive = table["All units"].iloc[-2:], rows[-1][2]
    gain = 0.0 if naive is None else now - naive
    way = "same" if abs(now - before) < ZERO else "up" if now > before else "down"
    side = WRITER.text(f"index.figure.{'above' if gain >= 0 else 'below'}", gain=gain)
    return WRITER.figure(
        "index.figure",
        drawn,
        title=WRITER.text(f"index.figure.{way}", now=now, gain=side),
        first=rows[0][0],
        last=rows[-1][0],
        low=table["All units"].min(),
        high=table["All units"].max(),
        now=now,
        naive="is not known" if naive is None else wording.percent(naive),
    )


def _months(portfolios: Sequence[Portfolio]) -> Table:
    """Every published month with its accuracy, how it was made, and what was published again."""
    rows = []
    for p in portfolios:
        again = [summary.title for summary in p.published if summary.version > 1]
        kinds = {summary.kind for summary in p.published}
        ways = [
            word for kind, word in (("run", "run"), ("backfill", "backfilled")) if kind in kinds
        ]
        row = {
            "month": p.month,
            "at": wording.minute(p.published_at) if p.published_at else "",
            "units": f"{len(p.published)} of {p.n_units}",
            "accuracy": "not yet" if p.accuracy is None else wording.percent(p.accuracy),
            "bias": "not yet" if p.bias is None else wording.signed_percent(p.bias),
            "how": " and ".join(ways),
            "again": f"{wording.listing(again)} published again" if again else "one each",
        }
        rows.append(row)
    month = Cell("{month:month}", href="{month}/index.html", bold=True)
    others = [f"{{{name}}}" for name in ("at", "units", "accuracy", "bias", "how", "again")]
    return WRITER.table("index.months", rows, [month, *others], width="min40")
