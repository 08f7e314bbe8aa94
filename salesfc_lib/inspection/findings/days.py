"""What the days of an export show: their order, the months that they cover, cells that are none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date

from salesfc_lib.inspection.evidence.columns import join_some
from salesfc_lib.inspection.findings.proposal import Fact, Finding, Line, Proposal, Setting, ask
from salesfc_lib.intake import CONTRARY, UNPROVED, Issue, is_null_spelling

MONTHLY = ("orders", "returns", "inventory", "targets", "control_totals")
DATED = ("date", "ds", "start", "end", "expected")
LIKELY = 0.97  # share of neighbouring rows in order of date, from which that order is a hint
ORDERS = {
    "dmy": "day first",
    "mdy": "month first",
    "ymd": "year first",
    UNPROVED: "undecidable",
    CONTRARY: "contradictory",
}
WEEK = re.compile(r"week|\bw/?[ce]\b|woche|semaine|semana|settimana|周|週", re.IGNORECASE)
ENDING = re.compile(r"\bend|\bw/?e\b|\bfin\b|结束|截止|結束", re.IGNORECASE)
MANY_WEEKS = 8  # different days, all of one weekday, that look like weeks without a word for it
STRANGE = {
    "sentinel_date": "stand for no date; their rows go to quarantine",
    "no_such_day": "are no day of any calendar; their rows go to quarantine",
    "time_zone": "carry a time zone; in which zone do the business's days begin (`calendar.zone`)?",
    "half_converted_dates": "are real dates with days up to 12, beside texts with days past 12 "
    "alone; day and month were exchanged and are exchanged back",
    "half_converted": "are real dates with days up to 12, beside texts with days past 12 alone; "
    "are their day and month exchanged? A run stops there until `dates_exchanged: true` or `false` "
    "says it",
    "serial_date": "are days as Excel counts them",
    "epoch": "count time since 1970-01-01, universal time",
    "roc_year": "have years of the Republic of China; 1911 is added",
    "era_year": "have years of a Japanese era",
    "buddhist_year": "have years of the Buddhist era; 543 is taken off",
}


def describe_days(found: Proposal) -> Iterator[Finding]:
    """Order, months and strange cells of the columns of days."""
    for name in DATED:
        if name in found.names:
            yield from _check_order(found, name)
            yield from _check_cells(found, name)
    yield Fact("months", asdict(found.months))
    yield from _check_months(found)
    if found.date_name is not None:
        yield from _describe_order(found, found.date_name)
        yield from _check_blanks(found, found.date_name)
        yield from _describe_weeks(found, found.date_name)
    else:
        yield Fact("date_order", None)
    if (counts := found.months.rows) and found.role in MONTHLY:
        missing, seen = len(found.months.missing), "" if found.is_whole else " of those looked at"
        least, most = min(counts.values()), max(counts.values())
        spread = f"always {least:,}" if least == most else f"{least:,}–{most:,}"
        months = [*counts]
        rows = f"rows{seen} in a month: {spread}, in the last {counts[months[-1]]:,}"
        yield Line("months", f"{months[0]} to {months[-1]}, {missing or 'none'} missing; {rows}")


def _describe_order(found: Proposal, name: str) -> Iterator[Finding]:
    """The order of the days by which rows are dated, and the cell that proves it."""
    days, column = found.days(name), found.columns[found.names[name]]
    first, last = days.span or (None, None)
    yield Fact(
        "date_order",
        {
            "is": ORDERS.get(days.order, "year first" if days.forms else ""),
            "code": days.order,
            "proof": {order: column.raw[at[0]] for order, at in days.proofs.items()},
            "rows": {order: found.sample.places[at[0]] for order, at in days.proofs.items()},
            "cells": {order: len(at) for order, at in days.proofs.items()},
            "undecided": len(days.open),
            "first": str(first) if first else None,
            "last": str(last) if last else None,
        },
    )
    forms = sorted(days.forms.items(), key=lambda pair: -pair[1])[:3]
    what = f"{days.period}s" if days.period else "no doubt about their order"
    text = f"{what}: {', '.join(f'{form} ({count:,})' for form, count in forms)}"
    if days.order == UNPROVED:
        why = "dmy or mdy: no cell proves whether the day or the month stands first; ask"
        yield Setting("date_order", None, why)
    elif days.order and days.order != CONTRARY:
        place = days.proofs[days.order][0]
        why = found.show_cell(column, place)
        more = len(days.proofs[days.order]) - 1
        if len(days.meanings[place]) == 1:
            why = f"{why} (and {more:,} more) can be read no other way"
        else:
            why = f"{why}: {days.reason}"
        yield Setting("date_order", days.order, why)
        text = f"{ORDERS[days.order]}: {why}"
    if column.dated:
        text = "days by the file's own type"
    elif days.order in (UNPROVED, CONTRARY):
        text = f"{ORDERS[days.order]}, see below"
    elif not days.order and not forms:
        return
    yield Line("dates", f"{text}; {first}–{last}" if first else text)


def _describe_weeks(found: Proposal, name: str) -> Iterator[Finding]:
    """Whether the days of orders stand for weeks: by the header and their weekday."""
    header, days = found.names[name], {day for day in found.days(name).values if day is not None}
    if found.role not in ("orders", "returns") or len({day.weekday() for day in days}) != 1:
        return
    where = f"the week {'ends' if ENDING.search(header) else 'begins'} on its date"
    period = "week_ending" if ENDING.search(header) else "week"
    is_wide = bool(found.sample.wide) and not found.days(name).period
    if is_wide or (WEEK.search(header) and found.days(name).period != "week"):
        why = f"{header}: {where}; a week that crosses the end of a month is shared by days"
        yield Setting("period", period, why)
    elif len(days) >= MANY_WEEKS and "order_id" not in found.names:
        yield Setting("period", period, f"if {where}: all are of one weekday", proved=False)
        text = "all days are of one weekday: does each row stand for a week (`period: week`)?"
        yield ask("weeks", f"{header}: {text}")


def _check_order(found: Proposal, name: str) -> Iterator[Issue]:
    days, column = found.days(name), found.columns[found.names[name]]
    if days.order == UNPROVED:
        text = (
            f"is {column.raw[days.open[0]]} written day first or month first? "
            f"All {len(days.open):,} such cells can be read both ways"
            f"{_hint_at_order(days.meanings)}"
        )
        yield ask("date_order", f"{column.header}: {text}")
    if days.order == CONTRARY:
        cells = {order: found.show_cell(column, at[0]) for order, at in days.proofs.items()}
        text = f"{cells.get('dmy')} has its day first, {cells.get('mdy')} its month"
        yield ask("date_order", f"{column.header}: {text}: which files or rows are which?")


def _hint_at_order(meanings: Sequence[Mapping[str, date]]) -> str:
    """Which order would leave the rows sorted by day, where one would and the other would not."""
    shares = {}
    for order in ("dmy", "mdy"):
        days = [meant[order] for meant in meanings if order in meant]
        steps = [later >= earlier for earlier, later in zip(days, days[1:], strict=False)]
        shares[order] = sum(steps) / len(steps) if steps else 0.0
    other, best = sorted(shares, key=lambda order: shares[order])
    if shares[best] < LIKELY or shares[other] >= LIKELY - 0.05:
        return ""
    return f" ({ORDERS[best]} would leave the rows in order of date: likely, no proof)"


def _check_cells(found: Proposal, name: str) -> Iterator[Issue]:
    days, column = found.days(name), found.columns[found.names[name]]
    for rule, positions in days.strange.items():
        yield found.point_at(column, positions, rule, STRANGE[rule])
    strange = {place for positions in days.strange.values() for place in positions}
    unread = [place for place in days.unread if place not in strange]
    if unread and days.order not in (UNPROVED, CONTRARY):
        text = "are no date; their rows go to quarantine"
        yield found.point_at(column, unread, "unreadable", text)


def _check_months(found: Proposal) -> Iterator[Issue]:
    missing, apart = found.months.missing, found.months.apart
    if missing and found.role in MONTHLY:
        seen = "" if found.is_whole else " among the rows looked at"
        text = f"months without any row{seen}, between the first and the last: {len(missing)}"
        yield Issue("missing_month", f"{text} ({join_some(missing, 4)})")
    if apart:
        months = ", ".join([f"{month} ({rows:,})" for month, rows in apart.items()][:4])
        text = f"rows months away from all others, mistyped or dated ahead: {months}"
        yield Issue("future_date", text)


def _check_blanks(found: Proposal, name: str) -> Iterator[Issue]:
    column = found.columns[found.names[name]]
    blank = [place for place, cell in enumerate(column.raw) if not cell or is_null_spelling(cell)]
    if blank:
        text = f"blank cells: {len(blank):,}, the first in {found.sample.describe_place(blank[0])}"
        text += "; a row without a date goes to quarantine"
        yield Issue("unreadable", f"{column.header}: {text}")
