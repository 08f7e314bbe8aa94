"""The indexes: all units and months at one look, what needs attention first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.foundation import language, translate_message, wording
from salesfc_lib.reporting.blocks import Alert, Attention, Cell, Fact, Figure, Table
from salesfc_lib.reporting.facts.now.state import LIVE, State, UnitNow
from salesfc_lib.reporting.facts.published import (
    FailedMonth,
    read_damaged,
    read_failures,
    read_summaries,
)
from salesfc_lib.reporting.facts.summary import AttentionItem, Summary
from salesfc_lib.reporting.narrative.now.overview import unit_table
from salesfc_lib.reporting.narrative.writer import draw
from salesfc_lib.reporting.pages.headline import ZERO, direction, opening_sentences, status, title
from salesfc_lib.reporting.pages.matrix import MATRIX_MONTHS, kpi_table, matrix
from salesfc_lib.reporting.pages.page import WRITER, in_language, page, switches, write
from salesfc_lib.reporting.pages.portfolio import Portfolio
from salesfc_lib.reporting.pages.unit import alerts_of

LISTED = 8  # items of attention before the rest is counted
KINDS = ("run", "backfill")  # how a month was made


def write_index(reports: Path) -> list[Path]:
    """Paths of `reports/index.html` and of each month's index, all written anew, in each language.

    The plain name is in the default language of the latest month. What is damaged is a row and an
    alert of its month, and an alert of the first page where a month has no place for its page.
    """
    spoken = list_spoken(reports)
    written = []
    for each in spoken:
        with language.speaking(each):
            written += _write_language(reports, spoken)
    return written


def write_first_index(reports: Path, now: State) -> list[Path]:
    """Paths of `reports/index.html` in each language, with the state of alerts, cycles, actions."""
    spoken = list_spoken(reports)
    written = []
    for each in spoken:
        with language.speaking(each):
            portfolios, loose = _read_portfolios(reports)
            written.append(_write_first(reports, spoken, portfolios, loose, now))
    return written


def list_spoken(reports: Path) -> tuple[str, ...]:
    """Languages of the indexes, that of their plain names first."""
    summaries = read_summaries(reports)
    latest = max(summaries, key=lambda summary: summary.month, default=None)
    default = latest.languages[0] if latest else language.SOURCE
    every = dict.fromkeys(each for summary in summaries for each in summary.languages)
    return (default, *(each for each in every if each != default))


def _write_language(reports: Path, spoken: Sequence[str]) -> list[Path]:
    """Paths of the indexes in the current language."""
    portfolios, loose = _read_portfolios(reports)
    others = [_write_month(reports / p.month, p, spoken, prefix="../") for p in portfolios]
    return [_write_first(reports, spoken, portfolios, loose), *others]


def _read_portfolios(reports: Path) -> tuple[list[Portfolio], list[FailedMonth]]:
    """Every month, oldest first, and what is damaged where a month has no place for its page."""
    summaries = read_summaries(reports)
    failures = [each for each in read_failures(reports) if not each.is_damaged]
    failures += read_damaged(reports)
    taken = {failure.month for failure in failures if not failure.unit}
    loose = [failure for failure in failures if failure.month in taken]
    failures = [failure for failure in failures if failure.month not in taken]
    months = sorted({s.month for s in summaries} | {failure.month for failure in failures})
    return [Portfolio.of(summaries, failures, month) for month in months], loose


def _write_first(
    reports: Path,
    spoken: Sequence[str],
    portfolios: Sequence[Portfolio],
    loose: Sequence[FailedMonth],
    now: State | None = None,
) -> Path:
    """The index above all months: the latest month, what every month is, and the state now."""
    if not portfolios:
        heading, opening = WRITER.text("index.empty.title"), WRITER.text("index.empty.summary")
        sentences = [opening, *(failure.error for failure in loose)]
        shown = {"title": heading, "sentences": sentences, **_live(now)}
        return _write(reports, spoken, name=WRITER.text("brand"), **shown)
    first = {"months": _months(portfolios[::-1], spoken), **_live(now)}
    return _write_month(reports, portfolios[-1], spoken, loose=loose, first=first)


def _write(
    folder: Path, spoken: Sequence[str], *, name: str, month: str = "", **shown: Any
) -> Path:
    """The index of a folder, of `month` alone or of all of them."""
    home = in_language("../index.html", spoken)
    crumbs = [(WRITER.text("brand"), home if month else ""), (month, "")]
    frame = page(
        name,
        [crumb for crumb in crumbs if crumb[0]],
        twins=list(switches("index.html", spoken)),
        description=WRITER.text("index.description"),
        styles=("page.css", "matrix.css"),
    )
    empty = dict.fromkeys(("facts", "figure", "portfolio", "kpis", "months", "live"))
    values = {**empty, "overline": [WRITER.text("index.all")], **shown}
    values |= {"status": status, "items": items, "in_language": in_language, "spoken": spoken}
    path = folder / in_language("index.html", spoken)
    return write(path, "index.html.j2", page=frame, **values)


def _write_month(
    folder: Path,
    portfolio: Portfolio,
    spoken: Sequence[str],
    *,
    prefix: str = "",
    first: Mapping[str, Any] | None = None,
    loose: Sequence[FailedMonth] = (),
) -> Path:
    """The index of a month; `prefix` leads from the page to the reports folder, `first` is what
    the first page shows alone.
    """
    month, at = wording.month_name(portfolio.month), portfolio.published_at
    alerts = [*(_failure_alert(each, each.unit, prefix) for each in loose)]
    alerts += _alerts(portfolio, prefix)
    return _write(
        folder,
        spoken,
        name=f"{WRITER.text('brand')} · {month}",
        month=month if prefix else "",
        overline=[WRITER.text("index.all"), month, *([_published(at)] if at else [])],
        title=title(portfolio),
        sentences=opening_sentences(portfolio),
        facts=_facts(portfolio, len(alerts)),
        figure=_pooled(portfolio),
        attention=Attention(alerts[:LISTED]),
        n_alerts=len(alerts),
        portfolio=portfolio,
        prefix=prefix,
        matrix=matrix(portfolio),
        kpis=kpi_table(portfolio, prefix),
        **(first or {}),
    )


def _live(now: State | None) -> dict[str, Any]:
    """Alerts, cycle and actions of each unit, with links to their live pages and to that of all."""
    if now is None or not now.units:
        return {}

    def link(unit: UnitNow) -> str:
        return f"{LIVE}/{unit.unit}/{in_language('index.html', unit.languages)}"

    every = in_language(f"{LIVE}/index.html", now.spoken)
    return {"live": unit_table(now, link, dated=True), "all_live": every}


def _published(at: str) -> str:
    return WRITER.text("index.published", at=wording.minute(at))


def items(summary: Summary) -> list[AttentionItem]:
    """What the unit says needs attention, and a missed floor or limit that it does not mention."""
    kinds = {item.kind for item in summary.attention}
    items, unit, bias = list(summary.attention), summary.title, summary.bias
    if summary.below_floor and summary.accuracy is not None and "floor" not in kinds:
        floor = wording.percent_label(summary.floor * 100)
        what = WRITER.text("attention.floor", unit=unit, accuracy=summary.accuracy, floor=floor)
        items.append(AttentionItem("floor", what, "", summary.owner))
    if bias is not None and abs(bias.value) > summary.bias_limit and "bias" not in kinds:
        side = WRITER.text("side.high" if bias.value > 0 else "side.low")
        limit = wording.percent_label(summary.bias_limit * 100)
        what = WRITER.text("attention.bias", unit=unit, side=side, bias=bias.value, limit=limit)
        items.append(AttentionItem("bias", what, "", summary.owner))
    return [item if item.href else replace(item, href="index.html") for item in items]


def _alerts(portfolio: Portfolio, prefix: str) -> list[Alert]:
    failed = [failure for failure in portfolio.failures if failure.month == portfolio.month]
    alerts = [_failure_alert(each, portfolio.name(each.unit), prefix) for each in failed]
    for summary in portfolio.published:
        name = summary.title
        named = [
            item
            if name in item.what
            else replace(item, what=WRITER.text("attention.of", unit=name, what=item.what))
            for item in items(summary)
        ]
        alerts += alerts_of(summary, named, f"{prefix}{summary.month}/{summary.unit}/")
    return sorted(alerts, key=lambda alert: alert.rank)


def _failure_alert(failure: FailedMonth, title: str, prefix: str) -> Alert:
    text = WRITER.text
    where = text(f"attention.failed.{'step' if failure.step else 'early'}", step=failure.step)
    error = translate_message(failure.error.strip() or text("attention.failed.silent"))
    error = error.splitlines()[0]
    if failure.is_damaged:
        key = "attention.damaged.what" if failure.unit else "attention.damaged.month"
        what = text(key, unit=title, month=failure.month, error=error)
        return Alert(what, text("attention.damaged.why"), rank=0)
    error = error[:300]
    return Alert(
        text("attention.failed.what", unit=title, month=failure.month, error=error),
        text("attention.failed.why", where=where),
        due=text("attention.failed.due", at=wording.day_short(failure.at)) if failure.at else "",
        href=f"{prefix}{in_language(failure.page, failure.languages)}" if failure.page else "",
        rank=0,
    )


def _facts(portfolio: Portfolio, alerts: int) -> list[Fact]:
    """Accuracy, bias and units below their floor beside the month before, and the open alerts."""
    before, accuracy, bias = portfolio.before, portfolio.accuracy, portfolio.bias
    fact, text = WRITER.fact, partial(WRITER.text, month=before.month)
    failed = len(portfolio.failed) + len(portfolio.damaged)
    published, facts = portfolio.published, []
    if accuracy is not None:
        then = before.accuracy
        was = text(f"index.fact.accuracy.{'first' if then is None else 'was'}", then=then)
        facts.append(fact("index.fact.accuracy", now=accuracy, was=was))
    if bias is not None:
        then = before.bias
        was = text(f"index.fact.bias.{'first' if then is None else 'was'}", then=then)
        facts.append(fact("index.fact.bias", now=bias, was=was))
    if accuracy is not None:
        parts = {"was": before.accuracy is not None, "failed": failed > 0}
        counts = {"missed": len(before.below_floor), "failed": failed}
        said = [text(f"index.fact.floor.{key}", **counts) for key, there in parts.items() if there]
        was = " · ".join(said)
        missed, n = len(portfolio.below_floor), len(portfolio.scored)
        facts.append(fact("index.fact.floor", alarm=missed > 0, missed=missed, n=n, was=was))
    else:
        counts = {"published": len(published), "n": portfolio.n_units}
        facts.append(fact("index.fact.published", alarm=failed > 0, **counts))
    kinds = [item.kind for summary in published for item in summary.attention]
    return [*facts, fact("index.fact.alerts", n=alerts, overdue=kinds.count("overdue"))]


def _pooled(portfolio: Portfolio) -> Figure | None:
    """Pooled accuracy and the seasonal naive's over the last year.

    None with fewer than two scored months: a line needs two points.
    """
    scored = [then for then in portfolio.back(MATRIX_MONTHS) if then.accuracy is not None]
    if len(scored) < 2 or portfolio.accuracy is None:
        return None
    rows = [(p.month, p.accuracy, p.naive) for p in scored]
    every, baseline = WRITER.text("index.pooled"), WRITER.name("stage", "baseline")
    table = pd.DataFrame(rows, columns=["ds", every, baseline])
    frame = table.astype({every: float, baseline: float}).melt("ds", var_name="group")
    frame["ds"] = pd.to_datetime(frame["ds"], format="%Y-%m")
    roles = {every: "forecast", baseline: "baseline"}
    drawn = draw("lines", frame, height=(230, 230), width=420, roles=roles)
    (before, now), naive = table[every].iloc[-2:], portfolio.naive
    gain = 0.0 if naive is None else now - naive
    way = direction(now, before, same=abs(now - before) < ZERO)
    side = WRITER.text(f"index.figure.{'above' if gain >= 0 else 'below'}", gain=gain)
    return WRITER.figure(
        "index.figure",
        drawn,
        title_key=f"index.figure.{way}",
        gain=side,
        first=scored[0].month,
        last=scored[-1].month,
        low=table[every].min(),
        high=table[every].max(),
        now=now,
        naive=WRITER.text("index.figure.unknown") if naive is None else wording.percent(naive),
    )


def _months(portfolios: Sequence[Portfolio], spoken: Sequence[str]) -> Table:
    """Every published month with its accuracy, how it was made, and what was published again."""
    text, missing = WRITER.text, WRITER.text("index.months.not_yet")

    def row(p: Portfolio) -> dict[str, Any]:
        again = [summary.title for summary in p.published if summary.version > 1]
        kinds = {summary.kind for summary in p.published}
        return {
            "month": Cell(
                wording.month_name(p.month),
                href=in_language(f"{p.month}/index.html", spoken),
                bold=True,
            ),
            "at": wording.minute(p.published_at) if p.published_at else "",
            "units": text("index.fact.published.value", published=len(p.published), n=p.n_units),
            "accuracy": missing if p.accuracy is None else wording.percent(p.accuracy),
            "bias": missing if p.bias is None else wording.signed_percent(p.bias),
            "how": wording.listing([text(f"made.{kind}") for kind in KINDS if kind in kinds]),
            "signed": text(
                "sign_off.of", n=sum(bool(s.signed_by) for s in p.published), of=len(p.published)
            ),
            "again": text(f"index.months.{'again' if again else 'once'}", units=again),
        }

    return WRITER.table("index.months", [row(p) for p in portfolios])
