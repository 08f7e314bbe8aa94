"""What cleaning will meet in the cells and rows of an export, and what only its owner can answer.

Issues are called by the rules of cleaning that treat them. Where two readings of a cell are
possible, or several currencies, units of measure or states would have to be added up, the owner is
asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import pyarrow as pa

from salesfc_lib.foundation import scales
from salesfc_lib.inspection.columns import Column
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.intake import (
    CONTRARY,
    UNPROVED,
    Issue,
    identifiers,
    is_null_spelling,
    is_year,
    repair_mojibake,
    survey_days,
)

MONTHLY = ("orders", "returns", "inventory", "targets", "control_totals")
DATED = ("date", "ds", "start", "end", "expected")
CODES = ("order_id", "customer", "product")
LIKELY = 0.97  # share of neighbouring rows in order of date, from which that order is a hint
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
SEVERAL = {
    "currency": ("currency", "currencies", "at which dated rates?"),
    "unit_of_measure": ("unit_of_measure", "units of measure", "how many of one make another?"),
    "status": ("cancelled", "states", "which of them count as sales?"),
}


def list_issues(found: Proposal, marks: Sequence[str | None]) -> list[Issue]:
    """Issues of rows, days, numbers and values; `marks` say what a row is instead of business."""
    return [
        *_check_rows(found, marks),
        *_check_headers(found),
        *_check_days(found),
        *_check_months(found),
        *_check_numbers(found),
        *_check_texts(found),
        *_check_values(found),
        *_check_scales(found),
    ]


def ask(rule: str, reason: str) -> Issue:
    """An issue that only the owner of the export can settle."""
    return Issue(rule, reason, action="asked")


def _point_at(
    found: Proposal, column: Column, positions: Sequence[int], rule: str, said: str
) -> Issue:
    """The issue of some cells of a column, with the first of them."""
    cell = " ".join(column.raw[positions[0]].splitlines())[:30]
    where = found.sample.say_place(positions[0])
    reason = f"{column.header}: cells that {said}: {len(positions):,}, e.g. '{cell}' in {where}"
    return ask(rule, reason) if rule in ("time_zone", "scientific_id") else Issue(rule, reason)


def _check_rows(found: Proposal, marks: Sequence[str | None]) -> Iterator[Issue]:
    headers = sum(mark == "header" for mark in marks)
    subtotals = sum(mark not in (None, "header") for mark in marks)
    if not found.sample.rows:
        yield ask("empty", "no row stands below the header")
    if headers:
        said = f"rows that repeat the header: {headers:,}; they are dropped"
        yield Issue("repeated_header", said)
    if subtotals:
        said = f"rows that add up others ({', '.join(found.subtotals)}): {subtotals:,}"
        yield Issue("subtotal", f"{said}; they are dropped once they equal their parts")
    if found.fill_down:
        headers_of = ", ".join(found.names[name] for name in found.fill_down)
        said = f"{headers_of}: merged or blank cells; they are filled from above"
        yield Issue("filled_down", said)
    if found.key.copies:
        more = "; with a key they are dropped as duplicates" if found.key.names else ""
        said = f"rows that repeat another in every cell: {found.key.copies:,}{more}"
        yield Issue("duplicate", said)


def _check_headers(found: Proposal) -> Iterator[Issue]:
    named = [header for header in found.sample.header if header]
    if twice := sorted({header for header in named if named.count(header) > 1}):
        said = f"the header {', '.join(twice)} stands more than once: which column is meant?"
        is_mapped = bool(set(twice) & set(found.names.values()))
        yield ask("renamed_column", said) if is_mapped else Issue("renamed_column", said)
    months = [head for head in named if is_year(head) or survey_days([head]).share > 0]
    if len(months) >= 3 and len(months) * 2 > len(named):
        said = f"months stand side by side as columns ({', '.join(months[:3])} …)"
        yield ask("wide", f"{said}: can it be exported with a row for each month?")


def _check_days(found: Proposal) -> Iterator[Issue]:
    for name in DATED:
        if name not in found.names:
            continue
        days, column = found.days(name), found.columns[found.names[name]]
        yield from _check_order(found, name)
        for rule, positions in days.strange.items():
            yield _point_at(found, column, positions, rule, DAYS_SAID[rule])
        if name == "date" and days.months:
            said = "hold months, not days: a run reads days; can the day be exported?"
            places = [place for place, day in enumerate(days.values) if day]
            yield ask("unreadable", _point_at(found, column, places, "unreadable", said).reason)
        strange = {place for positions in days.strange.values() for place in positions}
        unread = [place for place in days.unread if place not in strange]
        if unread and days.order not in (UNPROVED, CONTRARY):
            said = "are no date; their rows go to quarantine"
            yield _point_at(found, column, unread, "unreadable", said)


def _check_order(found: Proposal, name: str) -> Iterator[Issue]:
    days, column = found.days(name), found.columns[found.names[name]]
    if days.order == UNPROVED:
        places = (place for place, meant in enumerate(days.meanings) if len({*meant.values()}) > 1)
        said = (
            f"{column.header}: is {column.raw[next(places)]} written day first or month first? "
            f"All {days.open:,} such cells can be read both ways"
        )
        yield ask("date_order", said + _hint([*days.meanings]))
    if days.order == CONTRARY:
        cells = {
            order: f"{column.raw[place]} ({found.sample.say_place(place)})"
            for order, place in days.proof.items()
        }
        said = f"{cells.get('dmy')} has its day first, {cells.get('mdy')} its month"
        yield ask("date_order", f"{column.header}: {said}: which files or rows are which?")


def _hint(meanings: Sequence[Mapping[str, date]]) -> str:
    """Which order would leave the rows sorted by day, where one would and the other would not."""
    shares = {}
    for order in ("dmy", "mdy"):
        days = [found[order] for found in meanings if order in found]
        steps = [later >= earlier for earlier, later in zip(days, days[1:], strict=False)]
        shares[order] = sum(steps) / len(steps) if steps else 0.0
    best, other = sorted(shares, key=lambda order: -shares[order])
    if shares[best] < LIKELY or shares[other] >= LIKELY - 0.05:
        return ""
    first = {"dmy": "day", "mdy": "month"}[best]
    return f" ({first} first would leave the rows in order of date: likely, no proof)"


def _check_months(found: Proposal) -> Iterator[Issue]:
    if (missing := found.months.missing) and found.role in MONTHLY:
        shown = ", ".join(missing[:4]) + (" …" if len(missing) > 4 else "")
        seen = "" if found.whole else " among the rows looked at"
        said = f"months without any row{seen}, between the first and the last"
        yield Issue("missing_month", f"{said}: {len(missing)} ({shown})")
    if found.months.apart:
        apart = [f"{month} ({rows:,})" for month, rows in found.months.apart.items()]
        said = "rows months away from all others, mistyped or dated ahead"
        yield Issue("future_date", f"{said}: {', '.join(apart[:4])}")
    if (name := found.date_name) is None:
        return
    column = found.columns[found.names[name]]
    blank = [place for place, cell in enumerate(column.raw) if not cell or is_null_spelling(cell)]
    if blank:
        said = f"blank cells: {len(blank):,}, the first in {found.sample.say_place(blank[0])}"
        yield Issue(
            "unreadable", f"{column.header}: {said}; a row without a date goes to quarantine"
        )


def _check_numbers(found: Proposal) -> Iterator[Issue]:
    """Issues of the columns of numbers, and of codes that a spreadsheet took for numbers."""
    for match in found.assignment.matches:
        column = found.columns[match.header]
        if match.name in CODES and len(
            short := identifiers.find_scientific(
                pa.chunked_array([pa.array(column.raw, pa.string())])
            )
        ):
            said = "lost their digits in a spreadsheet and cannot be recovered: export them as text"
            yield _point_at(found, column, [*short.index], "scientific_id", said)
        if column.looks != "number" or match.name in ("line", *CODES):
            continue
        yield from _check_decimals(found, column)
        for rule, positions in column.numbers.rules.items():
            if rule in NUMBERS_SAID:
                yield _point_at(found, column, positions, rule, NUMBERS_SAID[rule])
        if unread := column.numbers.unread:
            rule = "error_cell" if column.raw[unread[0]].startswith("#") else "unreadable"
            said = "are no number; their rows go to quarantine"
            yield _point_at(found, column, unread, rule, said)


def _check_decimals(found: Proposal, column: Column) -> Iterator[Issue]:
    numbers, header = column.numbers, column.header
    if numbers.decimal == UNPROVED and not found.sample.typed:
        cell = column.raw[numbers.open[0]]
        whole = cell.replace(".", "").replace(",", "")
        said = f"{header}: is {cell} {whole}, or does it have decimals?"
        yield ask(
            "separators", f"{said} No cell of the column proves it{_name_others(found, header)}"
        )
    if numbers.decimal == CONTRARY:
        proofs = {
            mark: f"{column.raw[place]} ({found.sample.say_place(place)})"
            for mark, place in numbers.proof.items()
        }
        said = f"decimal point in {proofs['.']}, decimal comma in {proofs[',']}"
        yield ask("separators", f"{header}: {said}: two conventions in one column")
    if numbers.currencies:
        said = "' and '".join(numbers.currencies)
        yield ask("currency", f"{header}: '{said}' are in different currencies: which is which?")


def _name_others(found: Proposal, header: str) -> str:
    proved = {
        column.numbers.decimal: f"{other} has '{column.numbers.decimal}'"
        for other, column in found.columns.items()
        if other != header and column.looks == "number" and column.numbers.decimal in (".", ",")
    }
    said = " and ".join(proved.values())
    return f" (elsewhere in the file the decimal sign of {said})" if said else ""


def _check_texts(found: Proposal) -> Iterator[Issue]:
    """Texts damaged before the export: a wrong encoding, zeros cut off."""
    for column in found.columns.values():
        if column.looks != "text" and not column.is_code:
            continue
        places = {cell: place for place, cell in reversed(list(enumerate(column.cells)))}
        if garbled := [place for cell, place in places.items() if repair_mojibake(cell)]:
            meant = repair_mojibake(column.cells[garbled[0]])
            said = f"were read in a wrong encoding before the export ('{meant}' is meant)"
            said += "; `mojibake: repair` undoes it"
            yield _point_at(found, column, garbled, "mojibake", said)
        if short := [place for cell, place in places.items() if _lacks_zeros(cell, column)]:
            said = "lost the zeros at their beginning: the same code stands with them too"
            yield _point_at(found, column, short, "lost_zeros", said)


def _lacks_zeros(cell: str, column: Column) -> bool:
    """Whether a code also stands with zeros before it, in a column whose codes have them."""
    longer = (f"{'0' * zeros}{cell}" for zeros in range(1, 5))
    return cell.isdigit() and cell[0] != "0" and any(code in column.members for code in longer)


def _check_values(found: Proposal) -> Iterator[Issue]:
    spelled = [
        f"'{spelling}' in {header} ({count:,})"
        for header in found.names.values()
        for spelling, count in found.columns[header].nulls.items()
        if found.columns[header].looks == "text" or is_null_spelling(spelling)
    ]
    if spelled:
        said = f"texts that may stand for nothing: {', '.join(spelled[:4])}"
        more = "; numbers and dates are then blank, in other columns they are names unless `nulls`"
        yield Issue("null_spelling", f"{said}{more} lists them")
    if unknown := [value for value, kind in found.kinds.items() if not kind]:
        shown = ", ".join(unknown[:6]) + (" …" if len(unknown) > 6 else "")
        said = f"{found.names['kind']}: which of these are sales, returns, adjustments: {shown}?"
        yield ask("kinds", said)
    for name, (rule, what, question) in SEVERAL.items():
        column = found.columns.get(found.names.get(name, ""))
        if column is not None and len(column.members) > 1:
            shown = ", ".join(f"{value} ({n:,})" for value, n in column.members.most_common(5))
            said = f"{len(column.members)} {what} in {column.header}: {shown}"
            yield ask(rule, f"{said}; {question}")
    if found.role == "orders" and found.signs.negative and "return" not in found.kinds.values():
        said = f"rows below zero: {found.signs.negative:,}"
        yield Issue("returns", f"{said}; a sale of less than nothing counts as a return")


def _check_scales(found: Proposal) -> Iterator[Issue]:
    for name, header in found.names.items():
        scale = scales.find_scale(header) if name in (*scales.MONEY, *scales.COUNTS) else None
        if scale and not scale.sure:
            said = (
                f"does '{scale.words}' in the header {header} say that its numbers count in units "
                f"of {scale.unit}? Declare `units: {{{name}: {scale.unit}}}`, or `{{{name}: 1}}` "
                "if not"
            )
            yield ask("stated_unit", said)
    for name, (unit, words) in found.units.items():
        yield Issue("stated_unit", f"{found.names[name]} counts in units of {unit}: '{words}'")
