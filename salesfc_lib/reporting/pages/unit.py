"""A unit's month as one page: what it says about itself, set against what was agreed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.foundation import wording
from salesfc_lib.reporting import plots
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
from salesfc_lib.reporting.facts.summary import AttentionItem, Change, MonthForecast, Summary
from salesfc_lib.reporting.pages.key_numbers import key_numbers
from salesfc_lib.reporting.pages.page import page, write

FAN_HEIGHT, FAN_WIDTH = (290.0, 270.0), 460.0
RANKS = {"failed": 0, "overdue": 1, "floor": 2, "bias": 3, "other": 4}


def write_unit_page(folder: Path, summary: Summary, *, earlier: Sequence[Summary] = ()) -> Path:
    """Path of `index.html` in the unit's month folder.

    `earlier` are the unit's published months before, oldest first.
    """
    month = wording.month_name(summary.month)
    crumbs = [("Sales forecast", "../../index.html"), (month, "../index.html"), (summary.title, "")]
    items = [alert(item, summary) for item in ordered(summary.attention)]
    return write(
        folder / "index.html",
        "unit.html.j2",
        page=page(f"{summary.title} · {month}", crumbs, description=summary.headline),
        head=_head(summary),
        numbers=key_numbers(summary, earlier),
        nothing_yet=_nothing_yet(summary),
        fan=_fan(summary),
        steps=summary.steps,
        steps_word=wording.cardinal(len(summary.steps)),
        attention=Attention(items, say("unit.attention.none")),
        changes_lead=_changes_lead(summary),
        changes=_changes(summary),
        keys=_keys(summary),
        downloads=_downloads(summary),
        record=_record(summary),
    )


def measure_of(summary: Summary) -> wording.Measure:
    """How this unit's amounts are written."""
    return wording.Measure("" if summary.quantity_unit else summary.currency, summary.quantity_unit)


def growth(now: float, before: float | None) -> str:
    """', 6.7 % more than a year ago', or nothing where there is no year ago."""
    if not before or before <= 0:
        return ""
    change = now / before - 1
    key = "same" if abs(change) < 5e-4 else "more" if change > 0 else "less"  # rounds to 0.0 %
    return say(f"growth.{key}", change=wording.percent(abs(change)))


def ordered(items: Sequence[AttentionItem]) -> list[AttentionItem]:
    """Items by urgency, then by due date."""
    return sorted(items, key=lambda item: (_rank(item), item.due or "9999"))


def alert(item: AttentionItem, summary: Summary, prefix: str = "") -> Alert:
    """An item with its due date in words, as of the summary's publication."""
    in_page = not item.href or (item.href.startswith("#") and not prefix)
    href = item.href if in_page else f"{prefix}{item.href}"
    return Alert(
        item.what, item.why, item.who, _due(item.due, summary.published_at), href, _rank(item)
    )


def _rank(item: AttentionItem) -> int:
    return RANKS.get(item.kind, RANKS["other"])


def _due(when: str, as_of: str) -> str:
    """'due 8 July' or 'overdue 18 days'; empty where nothing is due."""
    if not when:
        return ""
    late = (date.fromisoformat(as_of[:10]) - date.fromisoformat(when[:10])).days
    days = wording.plural(late, "day")
    return f"overdue {days}" if late > 0 else f"due {wording.day_short(when)}"


def _head(summary: Summary) -> Answer:
    published = f"version {summary.version}, published {wording.minute(summary.published_at)}"
    kicker = [summary.title, wording.month_name(summary.month), published]
    tag = "backfilled" if summary.kind == "backfill" else ""
    return Answer(kicker, summary.headline, summary.lede, tag=tag)


def _fan(summary: Summary) -> Figure | None:
    """History and forecast of the total; None where nothing is forecast."""
    if summary.next is None:
        return None
    measure, frame = measure_of(summary), _fan_frame(summary)
    scale = wording.scale_for([*frame["y"].dropna(), *frame["y_hat"].dropna()])
    axis, start = measure.axis(scale), plots.fan_start(frame)
    closed, following = wording.month_word(summary.month), wording.month_word(summary.next.month)

    def named(month: str, value: float) -> str:
        return f"{month} {wording.number(value / scale.divisor, 1)}"

    earlier = summary.earlier
    circle = [] if earlier is None else [named(f"{closed} forecast", earlier)]
    options: dict[str, Any] = {"height": FAN_HEIGHT, "width": FAN_WIDTH, "scale": scale}
    options |= {"cutoff": summary.month, "earlier": earlier, "named": circle}
    wide, slim = plots.draw(plots.fan, frame, **options)
    values = [named(wording.month_word(row.month), row.y_hat) for row in summary.forecast]
    change = growth(summary.next.y_hat, _a_year_before(summary, summary.next))
    last = wording.month_name(summary.forecast[-1].month)
    cut = say("unit.fan.cut", start=wording.number(start / scale.divisor)) if start else ""
    alt = f"{wording.listing(values, 20)} {axis}"
    return Figure(
        say(
            "unit.fan.title",
            month=following,
            amount=measure.amount(summary.next.y_hat),
            growth=change,
        ),
        say("unit.fan.sub", axis=axis, first=following, last=last, cut=cut),
        say("unit.fan.alt", month=wording.month_name(summary.month), values=alt),
        wide,
        slim,
        say("unit.fan.source", circle=say("unit.fan.circle", month=closed) if circle else ""),
        _fan_numbers(summary, scale),
    )


def _a_year_before(summary: Summary, row: MonthForecast) -> float | None:
    return summary.actual(wording.add_months(row.month, -12))


def _fan_frame(summary: Summary) -> pd.DataFrame:
    """Rows by month: `ds`, `y` and the forecast with its bounds, as `plots.fan` reads them."""
    names = ["y_hat", "lo-80", "hi-80", "lo-95", "hi-95"]
    past = pd.DataFrame([(row.month, row.y) for row in summary.history], columns=["ds", "y"])
    ahead = pd.DataFrame(
        [(f.month, f.y_hat, f.lo80, f.hi80, f.lo95, f.hi95) for f in summary.forecast],
        columns=["ds", *names],
    )
    frame = past.merge(ahead, how="outer", on="ds")
    frame["ds"] = pd.to_datetime(frame["ds"], format="%Y-%m")
    return frame.astype(dict.fromkeys(["y", *names], float))


def _fan_numbers(summary: Summary, scale: wording.Scale) -> Table:
    def number(value: float | None) -> str:
        return "" if value is None else _number(value, scale)

    def between(low: float | None, high: float | None) -> str:
        return "" if low is None or high is None else f"{number(low)} – {number(high)}"

    rows = [
        [
            wording.month_name(row.month),
            number(row.y_hat),
            between(row.lo80, row.hi80),
            between(row.lo95, row.hi95),
            number(_a_year_before(summary, row)),
        ]
        for row in summary.forecast
    ]
    percent = f"{wording.THIN}% interval"
    heads = ("Forecast", f"80{percent}", f"95{percent}", "Last year")
    first, axis = wording.month_name(summary.forecast[0].month), measure_of(summary).axis(scale)
    columns = [Column("Month"), *(Column(head, "r") for head in heads)]
    return Table(f"Forecast from {first}, {axis}", "", columns, rows)


def _number(value: float, scale: wording.Scale) -> str:
    value = value / scale.divisor
    return wording.number(value, wording.decimals(value, 3))


def _nothing_yet(summary: Summary) -> Prose | None:
    if summary.wape is not None:
        return None
    following = wording.month_name(wording.add_months(summary.month, 1))
    month = wording.month_name(summary.month)
    return Prose(say("unit.nothing_yet", month=month, next_month=following))


def _keys(summary: Summary) -> Table | None:
    """Key accounts and key products with their next month."""
    if not summary.keys or summary.next is None:
        return None
    scale, measure = wording.scale_for([key.y_hat for key in summary.keys]), measure_of(summary)
    rows = []
    for key in summary.keys:
        there = [value for value in (key.lo80, key.hi80) if value is not None]
        bounds = [measure.scaled(value, scale) for value in there]
        name = Cell(key.label, sub=key.level.replace("_", " "), bold=True, href=key.href)
        interval = " – ".join(bounds) if len(bounds) == 2 else ""
        amount = measure.scaled(key.y_hat, scale)
        rows.append([name, wording.percent(key.share), amount, interval])
    month = wording.month_word(summary.next.month)
    heads = ("Share", month, f"80{wording.THIN}% interval")
    kind = "" if any(key.href for key in summary.keys) else ".backfilled"
    return Table(
        say(f"unit.key.title{kind}", month=month),
        say("unit.key.sub"),
        [Column("Account or product"), *(Column(head, "r") for head in heads)],
        rows,
        source="forecast.csv, tables/key_series.parquet",
    )


def _changes_lead(summary: Summary) -> str:
    if not summary.changes:
        return say("unit.changes.none")
    if summary.next is None or summary.before_changes is None:
        return ""
    amount, month = measure_of(summary).amount, wording.month_name(summary.next.month)
    before, after = amount(summary.before_changes), amount(summary.next.y_hat)
    return say("unit.changes.lead", month=month, before=before, after=after)


def _changes(summary: Summary) -> Table | None:
    """People's changes, the largest first, refused ones last."""
    if not summary.changes:
        return None
    n, refused = len(summary.changes), sum(not change.applied for change in summary.changes)
    values = [value for change in summary.changes for value in (change.old, change.final)]
    scale = wording.scale_for(values)
    order = sorted(summary.changes, key=lambda c: (not c.applied, -abs(c.final - c.old)))
    title = say(
        "unit.changes.title",
        applied=wording.first_upper(wording.cardinal(n - refused)),
        changes=f"{wording.cardinal(n)} {'change' if n == 1 else 'changes'}",
        refused=say("unit.changes.refused", refused=wording.cardinal(refused)) if refused else "",
    )
    subtitle = (
        f"Changes to the reconciled forecast, {measure_of(summary).axis(scale)}, largest first; "
        "every version is kept"
    )
    names = ("Series", "Month", "From", "Asked", "To", "Change", "Who and why")
    aligned: tuple[Align, ...] = ("l", "w", "r", "r", "r", "r", "l")
    columns = [Column(name, align) for name, align in zip(names, aligned, strict=True)]
    rows = [_change_row(change, scale) for change in order]
    return Table(title, subtitle, columns, rows, min_width="min46")


def _change_row(change: Change, scale: wording.Scale) -> list[Cell | str]:
    when = f", {wording.day_short(change.made_on)}" if change.made_on else ""
    who = f"{change.author or 'nobody named'}{when}"
    why = ": ".join(filter(None, (who, change.reason)))
    difference = (change.final - change.old) / scale.divisor
    amount = wording.signed(difference, wording.decimals(difference, 3))
    month = f"{wording.month_short(change.month)} {change.month[:4]}"
    values = [_number(value, scale) for value in (change.old, change.asked, change.final)]
    if change.applied:
        return [change.series, month, *values, amount, Cell(why, sub=change.remark)]
    refused = Cell("refused", tag="plain", sub=f"{why}. {wording.first_upper(change.remark)}")
    return [change.series, month, *values, "none", refused]


def _downloads(summary: Summary) -> Table | None:
    if not summary.downloads:
        return None
    rows = [
        [
            Cell(file.path, href=file.path, bold=True),
            file.audience,
            file.holds,
            wording.size(file.bytes) if file.bytes else "",
            Cell(file.sha256[:8], code=True) if file.sha256 else "in the manifest",
        ]
        for file in summary.downloads
    ]
    subtitle = (
        f"Files of version {summary.version}; the fingerprint is the start of the file’s sha256"
    )
    heads: tuple[tuple[str, Align], ...] = (
        ("File", "l"),
        ("For", "l"),
        ("Holds", "l"),
        ("Size", "r"),
        ("Fingerprint", "l"),
    )
    return Table(
        "Everyone takes the same numbers, each in the shape they use",
        subtitle,
        [Column(*head) for head in heads],
        rows,
        min_width="min40",
    )


def _record(summary: Summary) -> Record:
    when = wording.minute(summary.published_at)
    badge = say("unit.record.badge", files=wording.number(summary.files)) if summary.files else ""
    detail = say("unit.record.detail", when=when, month=summary.month)
    how = "backfilled" if summary.kind == "backfill" else "run"
    version = f"{summary.version}, {how} {when}"
    if summary.replaces:
        version += f"; replaces version {summary.version - 1}, which is kept: {summary.replaces}"
    return Record(badge, detail, [("Version", version), *summary.record])
