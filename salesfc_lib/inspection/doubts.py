"""Cells of days and numbers that cleaning will have to treat, and those that can be read in two ways.

A proposal enters; problems leave, by the names that cleaning gives its rules. The decision made here: where two readings of
a cell are possible, a question is asked with the cell in it; a hint may be added, but decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from salesfc_lib.inspection.columns import Column
from salesfc_lib.inspection.days import count_in_order, read_as
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.inspection.sample import Problem

LIKELY = (
    0.97  # share of neighbouring rows in order of date, from which that order is named as a hint
)
DATED = ("date", "ds", "start", "end", "expected")
CODES = ("order_id", "customer", "product")
DAYS_SAID = {
    "sentinel_date": "stand for no date; their rows go to quarantine",
    "no_such_day": "are no day of any calendar; their rows go to quarantine",
    "time_zone": "carry a time zone; in which zone do the business's days begin (`calendar.zone`)?",
    "serial_date": "are days as Excel counts them",
}
NUMBERS_SAID = {
    "trailing_minus": "have their minus behind",
    "parentheses": "are negative in parentheses",
    "currency_sign": "carry a currency sign",
    "percent": "are in percent",
    "debit_credit": "end in CR, DR, 借 or 贷",
    "chinese_unit": "count in 万 or 亿",
    "full_width": "have full-width digits",
}


def doubt_days(found: Proposal) -> Iterator[Problem]:
    """Problems of the columns of days."""
    for name in DATED:
        if name not in found.names:
            continue
        days, column = found.days(name), found.columns[found.names[name]]
        yield from _doubt_order(found, name)
        for rule, positions in days.strange.items():
            yield point_at(
                found, column, positions, (rule, DAYS_SAID[rule]), ask=rule == "time_zone"
            )
        strange = {place for positions in days.strange.values() for place in positions}
        unread = [
            place
            for place, (cell, day) in enumerate(zip(column.cells, days.values, strict=True))
            if cell and day is None
        ]
        if days.order not in ("?", "both") and (
            left := [place for place in unread if place not in strange]
        ):
            yield point_at(
                found, column, left, ("unreadable", "are no date; their rows go to quarantine")
            )


def doubt_numbers(found: Proposal) -> Iterator[Problem]:
    """Problems of the columns of numbers, and of codes that a spreadsheet took for numbers."""
    for match in found.assignment.matches:
        column = found.columns[match.header]
        figures = column.figures
        if match.name in CODES and "scientific_id" in figures.forms:
            said = "lost their digits in a spreadsheet and cannot be recovered: export them as text"
            yield point_at(
                found, column, figures.forms["scientific_id"], ("scientific_id", said), ask=True
            )
        if column.looks != "number" or match.name in ("line", *CODES):
            continue
        yield from _doubt_decimals(found, column)
        for rule, positions in figures.forms.items():
            if rule in NUMBERS_SAID:
                yield point_at(found, column, positions, (rule, NUMBERS_SAID[rule]))
        unread = [
            place
            for place, (cell, value) in enumerate(zip(column.cells, figures.values, strict=True))
            if cell and value is None
        ]
        if unread:
            rule = "error_cell" if column.cells[unread[0]].startswith("#") else "unreadable"
            yield point_at(
                found, column, unread, (rule, "are no number; their rows go to quarantine")
            )


def point_at(
    found: Proposal,
    column: Column,
    positions: Sequence[int],
    what: tuple[str, str],
    *,
    ask: bool = False,
) -> Problem:
    """The problem of some cells of a column, with the first of them; `what` is the rule and what it says of them."""
    cell, place = (
        " ".join(column.cells[positions[0]].splitlines()),
        found.sample.say_place(positions[0]),
    )
    rule, said = what
    return Problem(
        rule,
        f"{column.header}: cells that {said}: {len(positions):,}, e.g. '{cell[:30]}' in {place}",
        ask,
    )


def _doubt_order(found: Proposal, name: str) -> Iterator[Problem]:
    days, header = found.days(name), found.names[name]
    cells = found.columns[header].cells
    if days.order == "?":
        example = next(
            cell for cell, day in zip(cells, days.values, strict=True) if cell and day is None
        )
        said = f"{header}: is {example} written day first or month first? All {days.open:,} such cells can be read both ways{_hint(cells)}"
        yield Problem("date_order", said, ask=True)
    if days.order == "both":
        first, second = (
            f"{cells[days.proof[order]]} ({found.sample.say_place(days.proof[order])})"
            for order in ("dmy", "mdy")
        )
        yield Problem(
            "date_order",
            f"{header}: {first} has its day first, {second} its month: which files or rows are which?",
            ask=True,
        )


def _hint(cells: Sequence[str]) -> str:
    """Which order would leave the rows sorted by day, where one would and the other would not."""
    shares = {order: count_in_order(read_as(cells, order)) for order in ("dmy", "mdy")}
    best, other = sorted(shares, key=lambda order: -shares[order])
    first = {"dmy": "day", "mdy": "month"}[best]
    is_likely = shares[best] >= LIKELY and shares[other] < LIKELY - 0.05
    return (
        f" ({first} first would leave the rows in order of date: likely, no proof)"
        if is_likely
        else ""
    )


def _doubt_decimals(found: Proposal, column: Column) -> Iterator[Problem]:
    figures, header = column.figures, column.header
    if figures.decimal == "?" and not found.sample.typed:
        cell = column.cells[figures.open[0]]
        said = f"{header}: is {cell} {cell.replace('.', '').replace(',', '')}, or does it have decimals? No cell of the column proves it"
        yield Problem("separators", f"{said}{_say_others(found, header)}", ask=True)
    if figures.decimal == "both":
        proofs = {
            sign: f"{column.cells[place]} ({found.sample.say_place(place)})"
            for sign, place in figures.proof.items()
        }
        said = f"{header}: decimal point in {proofs['.']}, decimal comma in {proofs[',']}: two conventions in one column"
        yield Problem("separators", said, ask=True)


def _say_others(found: Proposal, header: str) -> str:
    proved = {
        column.figures.decimal: other
        for other, column in found.columns.items()
        if other != header and column.looks == "number" and column.figures.decimal in (".", ",")
    }
    said = [f"{other} has '{sign}'" for sign, other in proved.items()]
    return f" (elsewhere in the file the decimal sign of {' and '.join(said)})" if said else ""
