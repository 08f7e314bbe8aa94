"""A unit's month as one page: what it says about itself, set against what was agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import (
    Alert,
    Answer,
    Attention,
    Cell,
    Figure,
    Prose,
    Record,
    Table,
)
from salesfc_lib.reporting.facts.summary import AttentionItem, Summary
from salesfc_lib.reporting.narrative.writer import BlockWriter
from salesfc_lib.reporting.pages.key_numbers import key_numbers
from salesfc_lib.reporting.pages.page import WRITER, page, write

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
        attention=Attention(items, WRITER.text("unit.attention.none")),
        changes_lead=_changes_lead(summary),
        changes=_changes(summary),
        keys=_keys(summary),
        downloads=_downloads(summary),
        record=_record(summary),
    )


def measure_of(summary: Summary) -> wording.AmountFormat:
    """How this unit's amounts are written."""
    return wording.AmountFormat(
        "" if summary.quantity_unit else summary.currency, summary.quantity_unit
    )


def writer_of(summary: Summary) -> BlockWriter:
    """The writer of this unit's page, in its measure."""
    return BlockWriter(measure_of(summary))


def growth(now: float, before: float | None) -> str:
    """', 6.7 % more than a year ago', or nothing where there is no year ago."""
    if not before or before <= 0:
        return ""
    change = now / before - 1
    key = "same" if abs(change) < 5e-4 else "more" if change > 0 else "less"  # rounds to 0.0 %
    return WRITER.text(f"growth.{key}", size=abs(change))


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
    return Answer(kicker, summary.headline, summary.sentences, tag=tag)


def _fan(summary: Summary) -> Figure | None:
    """History and forecast of the total; None where nothing is forecast."""
    if summary.next is None:
        return None
    from salesfc_lib.reporting import plots  # matplotlib: only where a figure is drawn

    month, frame, following = summary.month, _fan_frame(summary), summary.next
    writer = writer_of(summary).at([*frame["y"].dropna(), *frame["y_hat"].dropna()])
    scale, start = writer.scale, plots.fan_start(frame)

    def named(name: str, value: float) -> str:
        return f"{name} {wording.number(value / scale.divisor, 1)}"

    def number(value: float | None) -> str:
        return "" if value is None else _number(value, scale)

    def between(low: float | None, high: float | None) -> str:
        return "" if low is None or high is None else f"{number(low)} – {number(high)}"

    earlier = summary.earlier
    circle = [] if earlier is None else [named(f"{wording.month_word(month)} forecast", earlier)]
    options: dict[str, Any] = {"height": FAN_HEIGHT, "width": FAN_WIDTH, "scale": scale}
    options |= {"cutoff": month, "earlier": earlier, "named": circle}
    values = [named(wording.month_word(row.month), row.y_hat) for row in summary.forecast]
    start_at = wording.number(start / scale.divisor)
    cells = (
        lambda row: wording.month_name(row["month"]),
        lambda row: number(row["y_hat"]),
        lambda row: between(row["lo80"], row["hi80"]),
        lambda row: between(row["lo95"], row["hi95"]),
        lambda row: number(_a_year_before(summary, row["month"])),
    )
    return writer.figure(
        "unit.fan",
        plots.draw(plots.fan, frame, **options),
        [vars(row) for row in summary.forecast],
        cells,
        month=month,
        following=following.month,
        last=summary.forecast[-1].month,
        y_hat=following.y_hat,
        growth=growth(following.y_hat, _a_year_before(summary, following.month)),
        axis=writer.axis,
        cut=writer.text("unit.fan.cut", start=start_at) if start else "",
        values=wording.listing(values, 20),
        circle=writer.text("unit.fan.circle", month=month) if circle else "",
    )


def _a_year_before(summary: Summary, month: str) -> float | None:
    return summary.actual(wording.add_months(month, -12))


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


def _number(value: float, scale: wording.DisplayScale) -> str:
    value = value / scale.divisor
    return wording.number(value, wording.decimals(value, 3))


def _nothing_yet(summary: Summary) -> Prose | None:
    if summary.wape is not None:
        return None
    following = wording.add_months(summary.month, 1)
    return WRITER.prose("unit.nothing_yet", month=summary.month, following=following)


def _keys(summary: Summary) -> Table | None:
    """Key accounts and key products with their next month."""
    if not summary.keys or summary.next is None:
        return None
    writer, month = writer_of(summary).at([key.y_hat for key in summary.keys]), summary.next.month
    backfilled = not any(key.href for key in summary.keys)
    title = writer.text("unit.key.title.backfilled", month=month) if backfilled else ""
    rows = [vars(key) for key in summary.keys]
    interval = "{lo80:scaled} – {hi80:scaled}"
    cells = (
        Cell("{label}", sub="{level:spaced}", bold=True, href="{href}"),
        "{share:percent}",
        "{y_hat:scaled}",
        lambda row: "" if None in (row["lo80"], row["hi80"]) else writer.fill(interval, row),
    )
    return writer.table("unit.key", rows, cells, title=title, month=month)


def _changes_lead(summary: Summary) -> str:
    if not summary.changes:
        return WRITER.text("unit.changes.none")
    if summary.next is None or summary.before_changes is None:
        return ""
    total, month = summary.next.y_hat, summary.next.month
    facts = {"month": month, "before": summary.before_changes, "after": total}
    return writer_of(summary).text("unit.changes.lead", **facts)


def _changes(summary: Summary) -> Table | None:
    """People's changes, the largest first, refused ones last."""
    if not summary.changes:
        return None
    n, refused = len(summary.changes), sum(not change.applied for change in summary.changes)
    values = [value for change in summary.changes for value in (change.old, change.final)]
    writer = writer_of(summary).at(values)
    order = sorted(summary.changes, key=lambda c: (not c.applied, -abs(c.final - c.old)))

    def amount(row: Mapping[str, Any]) -> str:
        difference = (row["final"] - row["old"]) / writer.scale.divisor
        shown = wording.signed(difference, wording.decimals(difference, 3))
        return shown if row["applied"] else "none"

    def why(row: Mapping[str, Any]) -> Cell:
        when = f", {wording.day_short(row['made_on'])}" if row["made_on"] else ""
        who = f"{row['author'] or 'nobody named'}{when}"
        text, remark = ": ".join(filter(None, (who, row["reason"]))), row["remark"]
        if row["applied"]:
            return Cell(text, sub=remark)
        return Cell("refused", tag="plain", sub=f"{text}. {wording.first_upper(remark)}")

    return writer.table(
        "unit.changes.table",
        [vars(change) for change in order],
        (
            "{series}",
            "{month:month_short} {month:year}",
            *(partial(_scaled, name, writer.scale) for name in ("old", "asked", "final")),
            amount,
            why,
        ),
        width="min46",
        applied=n - refused,
        changes=f"{wording.cardinal(n)} {'change' if n == 1 else 'changes'}",
        refused=writer.text("unit.changes.table.refused", refused=refused) if refused else "",
        axis=writer.axis,
    )


def _scaled(name: str, scale: wording.DisplayScale, row: Mapping[str, Any]) -> str:
    return _number(row[name], scale)


def _downloads(summary: Summary) -> Table | None:
    if not summary.downloads:
        return None

    def fingerprint(row: Mapping[str, Any]) -> Cell:
        start = row["sha256"][:8]
        return Cell(start, code=True) if start else Cell("in the manifest")

    cells = (
        Cell("{path}", href="{path}", bold=True),
        "{audience}",
        "{holds}",
        lambda row: wording.size(row["bytes"]) if row["bytes"] else "",
        fingerprint,
    )
    rows = [vars(file) for file in summary.downloads]
    return WRITER.table("unit.downloads", rows, cells, width="min40", version=summary.version)


def _record(summary: Summary) -> Record:
    when = wording.minute(summary.published_at)
    badge = WRITER.text("unit.record.badge", files=summary.files) if summary.files else ""
    detail = WRITER.text("unit.record.detail", when=when, month=summary.month)
    how = "backfilled" if summary.kind == "backfill" else "run"
    version = f"{summary.version}, {how} {when}"
    if summary.replaces:
        version += f"; replaces version {summary.version - 1}, which is kept: {summary.replaces}"
    return Record(badge, detail, [("Version", version), *summary.record])
