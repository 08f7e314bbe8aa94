"""A unit's month as one page: what it says about itself, set against what was agreed.

One summary and the unit's earlier ones enter, `index.html` leaves. The decision made here: a first month has fewer
rows and says when there will be more; it has no empty ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.foundation import wording
from salesfc_lib.reporting import markup, plots
from salesfc_lib.reporting.blocks import (
    Alert,
    Align,
    Answer,
    Attention,
    Cell,
    Column,
    Figure,
    Prose,
    Record,
    Table,
)
from salesfc_lib.reporting.catalogue import say
from salesfc_lib.reporting.facts.summary import AttentionItem, Change, Summary
from salesfc_lib.reporting.pages.measures import key_numbers
from salesfc_lib.reporting.pages.page import page, write

FAN_HEIGHT, FAN_WIDTH = (290.0, 270.0), 460.0
RANKS = {"failed": 0, "overdue": 1, "floor": 2, "bias": 3, "other": 4}


def write_unit_page(folder: Path, summary: Summary, *, earlier: Sequence[Summary] = ()) -> Path:
    """Path of `index.html` in the unit's month folder; `earlier` are the unit's published months before, oldest first."""
    numbers = key_numbers(summary, earlier)
    shown: dict[str, Any] = {
        "page": page(
            f"{summary.title} · {wording.month_name(summary.month)}",
            _breadcrumb(summary),
            description=summary.headline,
        ),
        "head": head(summary).to_json(),
        "numbers": numbers and numbers.to_json(),
        "nothing_yet": _nothing_yet(summary),
        "fan": (figure := fan(summary)) and figure.to_json(),
        "steps": summary.steps,
        "steps_word": wording.cardinal(len(summary.steps)),
        "attention": Attention(
            [alert(item, summary) for item in ordered(summary.attention)],
            say("unit.attention.none"),
        ).to_json(),
        "changes_lead": _changes_lead(summary),
        "changes": changes.to_json() if (changes := _changes(summary)) else None,
        "keys": keys.to_json() if (keys := _keys(summary)) else None,
        "downloads": downloads.to_json() if (downloads := _downloads(summary)) else None,
        "record": _record(summary).to_json(),
    }
    return write(folder / "index.html", markup.render("unit.html.j2", **shown))


def measure_of(summary: Summary) -> wording.Measure:
    """How this unit's amounts are written."""
    return wording.Measure("" if summary.quantity_unit else summary.currency, summary.quantity_unit)


def growth(now: float, before: float | None) -> str:
    """', 6.7 % more than a year ago', or nothing where there is no year ago."""
    if not before or before <= 0:
        return ""
    change = now / before - 1
    key = (
        "growth.same" if abs(change) < 5e-4 else "growth.more" if change > 0 else "growth.less"
    )  # rounds to 0.0 %
    return say(key, change=wording.percent(abs(change)))


def ordered(items: Sequence[AttentionItem]) -> list[AttentionItem]:
    """Items by urgency; equal ones as they came."""
    return sorted(
        items, key=lambda item: (RANKS.get(item.kind, RANKS["other"]), item.due or "9999")
    )


def alert(item: AttentionItem, summary: Summary, prefix: str = "") -> Alert:
    """An item with its due date in words, as of the summary's publication."""
    href = (
        item.href
        if not item.href or item.href.startswith("#") and not prefix
        else f"{prefix}{item.href}"
    )
    return Alert(
        item.what,
        item.why,
        item.who,
        due(item.due, summary.published_at),
        href,
        RANKS.get(item.kind, RANKS["other"]),
    )


def due(when: str, as_of: str) -> str:
    """'due 8 July', 'due today' or 'overdue 18 days'; empty where nothing is due."""
    if not when:
        return ""
    late = (date.fromisoformat(as_of[:10]) - date.fromisoformat(when[:10])).days
    return (
        f"overdue {wording.plural(late, 'day')}" if late > 0 else f"due {wording.day_short(when)}"
    )


def head(summary: Summary) -> Answer:
    """Kicker, title and lede of the unit's month."""
    published = f"version {summary.version}, published {wording.minute(summary.published_at)}"
    kicker = [summary.title, wording.month_name(summary.month), published]
    return Answer(
        kicker,
        summary.headline,
        summary.lede,
        tag="backfilled" if summary.kind == "backfill" else "",
    )


def fan(summary: Summary) -> Figure | None:
    """History and forecast of the total; None where nothing is forecast."""
    if summary.next is None:
        return None
    measure, frame = measure_of(summary), _fan_frame(summary)
    scale = wording.scale_for([*frame["y"].dropna(), *frame["y_hat"].dropna()])
    start = plots.fan_start(frame)
    last = summary.forecast[-1].month
    earlier = (
        []
        if summary.earlier is None
        else [
            f"{wording.month_word(summary.month)} forecast {wording.number(summary.earlier / scale.divisor, 1)}"
        ]
    )
    wide, slim = plots.draw(
        plots.fan,
        frame,
        height=FAN_HEIGHT,
        width=FAN_WIDTH,
        cutoff=summary.month,
        scale=scale,
        earlier=summary.earlier,
        named=earlier,
    )
    same_month = summary.actual(wording.add_months(summary.next.month, -12))
    values = wording.listing(
        [
            f"{wording.month_word(row.month)} {wording.number(row.y_hat / scale.divisor, 1)}"
            for row in summary.forecast
        ],
        20,
    )
    return Figure(
        say(
            "unit.fan.title",
            month=wording.month_word(summary.next.month),
            amount=measure.amount(summary.next.y_hat),
            growth=growth(summary.next.y_hat, same_month),
        ),
        say(
            "unit.fan.sub",
            axis=measure.axis(scale),
            first=wording.month_word(summary.next.month),
            last=wording.month_name(last),
            cut=say("unit.fan.cut", start=wording.number(start / scale.divisor)) if start else "",
        ),
        say(
            "unit.fan.alt",
            month=wording.month_name(summary.month),
            values=f"{values} {measure.axis(scale)}",
        ),
        wide,
        slim,
        say(
            "unit.fan.source",
            circle=say("unit.fan.circle", month=wording.month_word(summary.month))
            if earlier
            else "",
        ),
        _fan_numbers(summary, scale),
    )


def _fan_frame(summary: Summary) -> pd.DataFrame:
    past = pd.DataFrame(
        [{"ds": row.month, "y": row.y} for row in summary.history], columns=["ds", "y"]
    )
    ahead = pd.DataFrame(
        [
            {
                "ds": f.month,
                "y_hat": f.y_hat,
                "lo-80": f.lo80,
                "hi-80": f.hi80,
                "lo-95": f.lo95,
                "hi-95": f.hi95,
            }
            for f in summary.forecast
        ],
        columns=["ds", "y_hat", "lo-80", "hi-80", "lo-95", "hi-95"],
    )
    frame = past.merge(ahead, how="outer", on="ds")
    return frame.assign(ds=pd.to_datetime(frame["ds"])).astype(
        {name: float for name in frame.columns if name != "ds"}
    )


def _fan_numbers(summary: Summary, scale: wording.Scale) -> Table:
    def number(value: float | None) -> str:
        return (
            ""
            if value is None
            else wording.number(value / scale.divisor, wording.decimals(value / scale.divisor, 3))
        )

    def between(low: float | None, high: float | None) -> str:
        return "" if low is None or high is None else f"{number(low)} – {number(high)}"

    rows = [
        [
            wording.month_name(f.month),
            number(f.y_hat),
            between(f.lo80, f.hi80),
            between(f.lo95, f.hi95),
            number(summary.actual(wording.add_months(f.month, -12))),
        ]
        for f in summary.forecast
    ]
    columns = [
        Column("Month"),
        *(
            Column(name, "r")
            for name in ("Forecast", "80\u202f% interval", "95\u202f% interval", "Last year")
        ),
    ]
    return Table(
        f"Forecast from {wording.month_name(summary.forecast[0].month)}, {measure_of(summary).axis(scale)}",
        "",
        columns,
        rows,
    )


def _nothing_yet(summary: Summary) -> dict[str, Any] | None:
    if summary.wape is not None:
        return None
    following = wording.month_name(wording.add_months(summary.month, 1))
    return Prose(
        say("unit.nothing_yet", month=wording.month_name(summary.month), next_month=following)
    ).to_json()


def _keys(summary: Summary) -> Table | None:
    """Key accounts and key products with their next month."""
    if not summary.keys or summary.next is None:
        return None
    scale = wording.scale_for([key.y_hat for key in summary.keys])
    amount = partial(measure_of(summary).scaled, scale=scale)
    rows = [
        [
            Cell(key.label, sub=key.level.replace("_", " "), bold=True, href=key.href),
            wording.percent(key.share),
            amount(key.y_hat),
            ""
            if key.lo80 is None or key.hi80 is None
            else f"{amount(key.lo80)} – {amount(key.hi80)}",
        ]
        for key in summary.keys
    ]
    month = wording.month_word(summary.next.month)
    heads = [
        Column("Account or product"),
        Column("Share", "r"),
        Column(month, "r"),
        Column(f"80{wording.THIN}% interval", "r"),
    ]
    title = say(
        "unit.key.title" if any(key.href for key in summary.keys) else "unit.key.title.backfilled",
        month=month,
    )
    return Table(
        title, say("unit.key.sub"), heads, rows, source="forecast.csv, tables/key_series.parquet"
    )


def _changes_lead(summary: Summary) -> str:
    if not summary.changes:
        return say("unit.changes.none")
    if summary.next is None or summary.before_changes is None:
        return ""
    amount = measure_of(summary).amount
    return say(
        "unit.changes.lead",
        month=wording.month_name(summary.next.month),
        before=amount(summary.before_changes),
        after=amount(summary.next.y_hat),
    )


def _changes(summary: Summary) -> Table | None:
    if not summary.changes:
        return None
    refused = sum(not change.applied for change in summary.changes)
    scale = wording.scale_for(
        [value for change in summary.changes for value in (change.old, change.final)]
    )
    title = say(
        "unit.changes.title",
        applied=wording.first_upper(wording.cardinal(len(summary.changes) - refused)),
        changes=f"{wording.cardinal(len(summary.changes))} {'change' if len(summary.changes) == 1 else 'changes'}",
        refused=say("unit.changes.refused", refused=wording.cardinal(refused)) if refused else "",
    )
    names: tuple[tuple[str, Align], ...] = (
        ("Series", "l"),
        ("Month", "w"),
        ("From", "r"),
        ("Asked", "r"),
        ("To", "r"),
        ("Change", "r"),
        ("Who and why", "l"),
    )
    most = sorted(
        summary.changes, key=lambda change: (not change.applied, -abs(change.final - change.old))
    )
    return Table(
        title,
        f"Changes to the reconciled forecast, {measure_of(summary).axis(scale)}, largest first; every version is kept",
        [Column(name, align) for name, align in names],
        [_change_row(change, scale) for change in most],
        min_width="min46",
    )


def _change_row(change: Change, scale: wording.Scale) -> list[Cell | str]:
    numbers = [
        wording.number(v / scale.divisor, wording.decimals(v / scale.divisor, 3))
        for v in (change.old, change.asked, change.final)
    ]
    when = f", {wording.day_short(change.made_on)}" if change.made_on else ""
    said = ": ".join(filter(None, (f"{change.author or 'nobody named'}{when}", change.reason)))
    row: list[Cell | str] = [
        change.series,
        f"{wording.month_short(change.month)} {change.month[:4]}",
        *numbers,
    ]
    if change.applied:
        return [*row, _signed(change.final - change.old, scale), Cell(said, sub=change.remark)]
    return [
        *row,
        "none",
        Cell("refused", tag="plain", sub=f"{said}. {wording.first_upper(change.remark)}"),
    ]


def _signed(value: float, scale: wording.Scale) -> str:
    return wording.signed(value / scale.divisor, wording.decimals(value / scale.divisor, 3))


def _downloads(summary: Summary) -> Table | None:
    if not summary.downloads:
        return None
    columns = [
        Column("File"),
        Column("For"),
        Column("Holds"),
        Column("Size", "r"),
        Column("Fingerprint"),
    ]
    rows: list[list[Cell | str]] = [
        [
            Cell(d.path, href=d.path, bold=True),
            d.audience,
            d.holds,
            wording.size(d.bytes) if d.bytes else "",
            Cell(d.sha256[:8], code=True) if d.sha256 else "in the manifest",
        ]
        for d in summary.downloads
    ]
    subtitle = (
        f"Files of version {summary.version}; the fingerprint is the start of the file’s sha256"
    )
    return Table(
        "Everyone takes the same numbers, each in the shape they use",
        subtitle,
        columns,
        rows,
        min_width="min40",
    )


def _record(summary: Summary) -> Record:
    badge = say("unit.record.badge", files=wording.number(summary.files)) if summary.files else ""
    detail = say(
        "unit.record.detail", when=wording.minute(summary.published_at), month=summary.month
    )
    version = f"{summary.version}, {'backfilled' if summary.kind == 'backfill' else 'run'} {wording.minute(summary.published_at)}"
    if summary.replaces:
        version += f"; replaces version {summary.version - 1}, which is kept: {summary.replaces}"
    return Record(badge, detail, [("Version", version), *summary.record])


def _breadcrumb(summary: Summary) -> list[tuple[str, str]]:
    return [
        ("Sales forecast", "../../index.html"),
        (wording.month_name(summary.month), "../index.html"),
        (summary.title, ""),
    ]
