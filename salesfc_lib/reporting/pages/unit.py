"""A unit's month as one page: what it says about itself, set against what was agreed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.foundation import amounts, level_name, wording
from salesfc_lib.reporting.blocks import Alert, Attention, Cell, Figure, Step, Steps, Table
from salesfc_lib.reporting.facts.now.state import LIVE
from salesfc_lib.reporting.facts.summary import AttentionItem, Change, StepSummary, Summary
from salesfc_lib.reporting.narrative.kpis import count_kpis, describe_kpis
from salesfc_lib.reporting.narrative.outlook import draw_fan
from salesfc_lib.reporting.narrative.revision import revision_figure
from salesfc_lib.reporting.narrative.writer import BlockWriter
from salesfc_lib.reporting.pages.key_numbers import key_numbers
from salesfc_lib.reporting.pages.page import WRITER, in_language, page, switches, write
from salesfc_lib.retrospective import KPIS

FAN_HEIGHT, FAN_WIDTH = (290.0, 270.0), 460.0
RANKS = {"failed": 0, "overdue": 1, "floor": 2, "bias": 3, "other": 4}
PEOPLE = "value_added_adjusted"  # the one part of a KPI that the page shows
BOUNDS = {"lo80": "lo-80", "hi80": "hi-80", "lo95": "lo-95", "hi95": "hi-95"}


def write_unit_page(folder: Path, summary: Summary, *, earlier: Sequence[Summary] = ()) -> Path:
    """Path of `index.html` in the unit's month folder, or of its twin in the current language.

    `earlier` are the unit's published months before, oldest first.
    """
    month, spoken = wording.month_name(summary.month), summary.languages
    crumbs = [
        (WRITER.text("brand"), in_language("../../index.html", spoken)),
        (month, in_language("../index.html", spoken)),
        (summary.title, ""),
    ]
    title, twins = f"{summary.title} · {month}", list(switches("index.html", spoken))
    alerts = alerts_of(summary, summary.attention)
    return write(
        folder / in_language("index.html", spoken),
        "unit.html.j2",
        page=page(title, crumbs, twins=twins, description=summary.headline),
        summary=summary,
        live=in_language(f"../../{LIVE}/{summary.unit}/index.html", spoken) if summary.live else "",
        following=wording.add_months(summary.month, 1),
        writer=writer_of(summary),
        numbers=key_numbers(summary, earlier),
        fan=_fan(summary),
        ahead=_ahead(summary),
        revision=_revision(summary),
        steps=_steps(summary),
        attention=Attention(alerts),
        changes=_changes(summary),
        keys=_keys(summary),
        kpis=_kpis(summary),
        downloads=_downloads(summary),
    )


def writer_of(summary: Summary) -> BlockWriter:
    """The writer of this unit's page, in its measure: money, or pieces."""
    currency = "" if summary.quantity_unit else summary.currency
    return BlockWriter(amounts.AmountFormat(currency, summary.quantity_unit))


def growth(now: float, before: float | None) -> str:
    """', 6.7 % more than a year ago', or nothing where there is no year ago."""
    if not before or before <= 0:
        return ""
    change = now / before - 1
    key = "same" if abs(change) < 5e-4 else "more" if change > 0 else "less"  # rounds to 0.0 %
    return WRITER.text(f"growth.{key}", size=abs(change))


def alerts_of(summary: Summary, items: Sequence[AttentionItem], prefix: str = "") -> list[Alert]:
    """Items by urgency, then by due date, as of the summary's publication.

    `prefix` leads from the page to the unit's month.
    """
    alerts = []
    for item in sorted(items, key=lambda item: (RANKS[item.kind], item.due or "9999")):
        in_page = not item.href or (item.href.startswith("#") and not prefix)
        there = in_language(item.href, summary.languages)
        href = item.href if in_page else f"{prefix}{there}"
        due = _due(item.due, summary.published_at)
        rank = RANKS[item.kind]
        alerts.append(Alert(item.what, item.why, item.who, due, href, rank, item.do))
    return alerts


def _due(when: str, as_of: str) -> str:
    """'due 8 July' or 'overdue 18 days'; empty where nothing is due."""
    if not when:
        return ""
    late = (date.fromisoformat(as_of[:10]) - date.fromisoformat(when[:10])).days
    if late > 0:
        return WRITER.text("unit.overdue", late=late)
    return WRITER.text("unit.due", when=wording.day_short(when))


def _steps(summary: Summary) -> Steps:
    """The notebooks of the month, with the checks that each passed."""

    def show(step: StepSummary) -> Step:
        failed = step.total - step.passed
        key = f"unit.steps.{'failed' if failed else 'passed'}"
        note = WRITER.text(key, n=failed or step.passed, total=step.total)
        go = WRITER.text(f"unit.steps.{'open' if step.href else 'backfilled'}")
        href = in_language(step.href, summary.languages)
        return Step(step.title, step.sentences, go, href, note, alarm=failed > 0)

    return Steps([show(step) for step in summary.steps])


def _revision(summary: Summary) -> Figure | None:
    """What moved the coming month's total since the month before published it."""
    if summary.revision is None:
        return None
    return revision_figure(writer_of(summary), summary.revision, FAN_WIDTH)


def _fan(summary: Summary) -> Figure | None:
    """History and forecast of the total; None where nothing is forecast."""
    if summary.next is None:
        return None
    from salesfc_lib.reporting import plots  # matplotlib: only where a figure is drawn

    month, frame, following = summary.month, _fan_frame(summary), summary.next
    writer = writer_of(summary).at([*frame["y"].dropna(), *frame["y_hat"].dropna()])
    divisor, start = writer.scale.divisor, plots.fan_start(frame)
    earlier, size = summary.earlier, {"height": FAN_HEIGHT, "width": FAN_WIDTH}
    values = [
        f"{wording.month_word(row.month)} {wording.number(row.y_hat / divisor, 1)}"
        for row in summary.forecast
    ]
    return writer.figure(
        "unit.fan",
        draw_fan(writer, frame, cutoff=month, earlier=earlier, **size),
        month=month,
        following=following.month,
        last=summary.forecast[-1].month,
        y_hat=following.y_hat,
        growth=growth(following.y_hat, summary.year_before(following.month)),
        axis=writer.axis,
        cut=writer.text("outlook.cut", start=wording.number(start / divisor)) if start else "",
        values=wording.listing(values, 20),
        circle="" if earlier is None else writer.text("unit.fan.circle", month=month),
        borrowed=writer.text("unit.fan.borrowed") if summary.changes_apply else "",
    )


def _ahead(summary: Summary) -> Table | None:
    """The months of the forecast beside the same months a year before; None without a forecast."""
    if summary.next is None:
        return None
    writer = writer_of(summary).at([row.y_hat for row in summary.forecast])
    before = [summary.year_before(row.month) for row in summary.forecast]
    rows = [
        vars(row) | {"before": then, "change": row.y_hat / then - 1 if then else None}
        for row, then in zip(summary.forecast, before, strict=True)
    ]
    known = [then for then in before if then is not None]
    total = sum(row.y_hat for row in summary.forecast)
    whole = sum(known) if len(known) == len(rows) else None
    facts: dict[str, Any] = {
        "n": len(rows),
        "total": total,
        "growth": growth(total, whole),
        "axis": writer.axis,
    }
    return writer.table("unit.ahead", rows, **facts)


def _fan_frame(summary: Summary) -> pd.DataFrame:
    """Rows by month: `ds`, `y` and the forecast with its bounds, as `plots.fan` reads them."""
    rows = pd.DataFrame([vars(row) for row in (*summary.history, *summary.forecast)])
    values = rows.rename(columns=BOUNDS).reindex(columns=["y", "y_hat", *BOUNDS.values()])
    return values.astype(float).assign(ds=pd.to_datetime(rows["month"], format="%Y-%m"))


def _keys(summary: Summary) -> Table | None:
    """Key accounts and key products with their next month."""
    if not summary.keys or summary.next is None:
        return None
    writer = writer_of(summary).at([key.y_hat for key in summary.keys])
    month, has_pages = summary.next.month, any(key.href for key in summary.keys)
    interval = "{lo80:scaled} – {hi80:scaled}"
    rows = [
        vars(key)
        | {
            "name": Cell(
                key.label,
                level_name(key.level),
                bold=True,
                href=in_language(key.href, summary.languages),
            ),
            "interval": "" if key.lo80 is None else writer.fill(interval, vars(key)),
        }
        for key in summary.keys
    ]
    title = "" if has_pages else "unit.key.title.backfilled"
    return writer.table("unit.key", rows, title_key=title, month=month)


def _changes(summary: Summary) -> Table | None:
    """People's changes, the largest first, refused ones last."""
    if not summary.changes:
        return None
    n, refused = len(summary.changes), sum(not change.applied for change in summary.changes)
    values = [value for change in summary.changes for value in (change.old, change.final)]
    writer = writer_of(summary).at(values)
    order = sorted(summary.changes, key=lambda c: (not c.applied, -abs(c.final - c.old)))

    return writer.table(
        "unit.changes.table",
        [_describe_change(writer, change) for change in order],
        applied=n - refused,
        changes=n,
        title_key=f"unit.changes.table.title{'.one' if n == 1 else ''}",
        refused=writer.text("unit.changes.table.refused", refused=refused) if refused else "",
        axis=writer.axis,
    )


def _describe_change(writer: BlockWriter, change: Change) -> dict[str, Any]:
    """A change as the table shows it."""
    key, text = "unit.changes", WRITER.text
    author = change.author or text(f"{key}.nobody")
    why = text(f"{key}.why", author=author, reason=change.reason) if change.reason else author
    refusal = text(f"{key}.refusal", why=why, remark=change.remark)
    applied = Cell(why, sub=writer.said(change.remark))
    refused = Cell(text(f"{key}.refused"), tag="plain", sub=refusal)
    return vars(change) | {
        "change": change.final - change.old if change.applied else None,
        "why": applied if change.applied else refused,
    }


def _kpis(summary: Summary) -> Table | None:
    """KPIs over 3, 6 and 12 months beside a year earlier; those without data are folded."""
    rows = [
        row
        for row in describe_kpis(map(vars, summary.kpis), summary.money)
        if not KPIS[row["kpi"]].is_detail or row["kpi"] == PEOPLE
    ]
    if not rows:
        return None
    windows = sorted({row.window for row in summary.kpis})
    heads = {WRITER.text("kpi.head", months=months): f"{{over {months}}}" for months in windows}
    counts = count_kpis(rows)
    title = f"unit.kpis.title{'' if counts['compared'] else '.new'}"
    facts: dict[str, Any] = {"title_key": title, "month": summary.month, **counts}
    known = [row["known"] for row in rows]
    return WRITER.table("unit.kpis", rows, columns=heads, notable=known, **facts)


def _downloads(summary: Summary) -> Table | None:
    if not summary.downloads:
        return None
    rows = [
        vars(file)
        | {"name": Cell(file.path, href=file.path, bold=True), "bytes": file.bytes or None}
        for file in summary.downloads
    ]
    return WRITER.table("unit.downloads", rows, version=summary.version)
