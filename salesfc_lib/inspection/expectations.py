"""What cleaning will meet in the rows and values of an export, and what only its owner can answer.

A proposal enters; problems leave, by the names that cleaning gives its rules. The decision made here: several currencies,
units of measure or states are questions, because adding them up needs what the export does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from salesfc_lib.foundation import COUNTS, MONEY, find_scale
from salesfc_lib.inspection.columns import Column
from salesfc_lib.inspection.days import read_days
from salesfc_lib.inspection.doubts import doubt_days, doubt_numbers, point_at
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.inspection.sample import Problem

MONTHLY = (
    "orders",
    "returns",
    "inventory",
    "targets",
    "control_totals",
)  # roles in which a month without rows is odd
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SEVERAL = {
    "currency": ("currency", "currencies", "at which dated rates?"),
    "unit_of_measure": (
        "unit_of_measure",
        "units of measure",
        "how many of one make one of another?",
    ),
    "status": ("cancelled", "states", "which of them count as sales?"),
}


def list_problems(found: Proposal, marks: Sequence[str | None]) -> list[Problem]:
    """Problems of rows, days, numbers and values; `marks` say what each row of the sample is instead of business."""
    return [
        *_expect_rows(found, marks),
        *_expect_columns(found),
        *doubt_days(found),
        *_expect_months(found),
        *doubt_numbers(found),
        *_expect_texts(found),
        *_expect_values(found),
    ]


def look_like_month(header: str) -> bool:
    """Whether a header is a month or a year."""
    return read_days([header]).share > 0 or (header.isdigit() and 1980 <= int(header) < 2100)


def _expect_rows(found: Proposal, marks: Sequence[str | None]) -> Iterator[Problem]:
    headers = sum(mark == "header" for mark in marks)
    subtotals = sum(mark not in (None, "header") for mark in marks)
    if not found.sample.rows:
        yield Problem("empty", "no row stands below the header", ask=True)
    if headers:
        yield Problem(
            "repeated_header", f"rows that repeat the header: {headers:,}; they are dropped"
        )
    if subtotals:
        words = ", ".join(found.subtotals)
        yield Problem(
            "subtotal",
            f"rows that add up others ({words}): {subtotals:,}; they are dropped once they equal their parts",
        )
    if found.fill_down:
        headers_of = ", ".join(found.names[name] for name in found.fill_down)
        yield Problem(
            "filled_down", f"{headers_of}: merged or blank cells; they are filled from above"
        )
    if found.key.copies:
        said = "; with a key they are dropped as duplicates" if found.key.names else ""
        yield Problem(
            "duplicate", f"rows that repeat another in every cell: {found.key.copies:,}{said}"
        )


def _expect_columns(found: Proposal) -> Iterator[Problem]:
    named = [header for header in found.sample.header if header]
    twice = sorted({header for header in named if named.count(header) > 1})
    if twice:
        is_mapped = bool(set(twice) & set(found.names.values()))
        yield Problem(
            "renamed_column",
            f"the header {', '.join(twice)} stands more than once: which column is meant?",
            ask=is_mapped,
        )
    months = [header for header in named if look_like_month(header)]
    if len(months) >= 3 and len(months) * 2 > len(named):
        shown = ", ".join(months[:3])
        yield Problem(
            "wide",
            f"months stand side by side as columns ({shown} …): can it be exported with a row for each month?",
            ask=True,
        )


def _expect_months(found: Proposal) -> Iterator[Problem]:
    if found.months.missing and found.role in MONTHLY:
        missing = found.months.missing
        shown = ", ".join(missing[:4]) + (" …" if len(missing) > 4 else "")
        seen = "" if found.whole else " among the rows looked at"
        yield Problem(
            "missing_month",
            f"months without any row{seen}, between the first and the last: {len(missing)} ({shown})",
        )
    if found.months.apart:
        shown = ", ".join(
            f"{month} ({rows:,})" for month, rows in list(found.months.apart.items())[:4]
        )
        yield Problem(
            "future_date", f"rows months away from all others, mistyped or dated ahead: {shown}"
        )
    name = found.date_name
    if name and (
        blank := [
            place for place, cell in enumerate(found.columns[found.names[name]].cells) if not cell
        ]
    ):
        place = found.sample.say_place(blank[0])
        yield Problem(
            "unreadable",
            f"{found.names[name]}: blank cells: {len(blank):,}, the first in {place}; a row without a date goes to quarantine",
        )


def _expect_texts(found: Proposal) -> Iterator[Problem]:
    """Texts that were damaged before the export: control characters, a wrong encoding, zeros that a spreadsheet cut off."""
    for column in found.columns.values():
        if column.looks != "text" and not column.is_code:
            continue
        places = {cell: place for place, cell in reversed(list(enumerate(column.cells)))}
        damaged = [place for cell, place in places.items() if CONTROL.search(cell)]
        if damaged:
            yield point_at(
                found,
                column,
                damaged,
                ("control_character", "hold a control character; their rows go to quarantine"),
            )
        garbled = [place for cell, place in places.items() if repair(cell)]
        if garbled:
            said = f"were read in a wrong encoding before the export ('{repair(column.cells[garbled[0]])}' is meant); `mojibake: repair` undoes it"
            yield point_at(found, column, garbled, ("mojibake", said))
        short = [place for cell, place in places.items() if _lacks_zeros(cell, column)]
        if short:
            yield point_at(
                found,
                column,
                short,
                (
                    "lost_zeros",
                    "lost the zeros at their beginning: the same code stands with them too",
                ),
            )


def repair(text: str) -> str:
    """What a text that is UTF-8 read as GB18030 or Windows-1252 was meant to be; '' where it is none.

    >>> repair("浜哄伐"), repair("MÃ¼ller"), repair("人工"), repair("Müller")
    ('人工', 'Müller', '', '')
    """
    if text.isascii():
        return ""
    for encoding in ("gb18030", "cp1252"):
        try:
            meant = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if meant != text and not meant.isascii():
            return meant
    return ""


def _lacks_zeros(cell: str, column: Column) -> bool:
    """Whether a code also stands with zeros before it, in a column whose codes have them."""
    return (
        cell.isdigit()
        and cell[0] != "0"
        and any(f"{zeros}{cell}" in column.members for zeros in ("0", "00", "000", "0000"))
    )


def _expect_values(found: Proposal) -> Iterator[Problem]:
    spelled = [
        (spelling, header, count)
        for header in found.names.values()
        for spelling, count in found.columns[header].nulls.items()
    ]
    if spelled:
        shown = ", ".join(
            f"'{spelling}' in {header} ({count:,})" for spelling, header, count in spelled[:4]
        )
        yield Problem(
            "null_spelling",
            f"texts that may stand for nothing: {shown}; numbers and dates are then blank, in other columns they are names unless `nulls` lists them",
        )
    unknown = [value for value, kind in found.kinds.items() if not kind]
    if unknown:
        shown = ", ".join(unknown[:6]) + (" …" if len(unknown) > 6 else "")
        yield Problem(
            "kinds",
            f"{found.names['kind']}: which of these are sales, returns, adjustments: {shown}?",
            ask=True,
        )
    for name, (rule, what, question) in SEVERAL.items():
        column = found.columns.get(found.names.get(name, ""))
        if column is not None and len(column.members) > 1:
            shown = ", ".join(
                f"{member} ({count:,})" for member, count in column.members.most_common(5)
            )
            yield Problem(
                rule,
                f"{len(column.members)} {what} in {column.header}: {shown}; {question}",
                ask=True,
            )
    for name, header in found.names.items():
        scale = find_scale(header) if name in (*MONEY, *COUNTS) else None
        if scale and not scale.sure:
            said = f"does '{scale.words}' in the header {header} say that its numbers count in units of {scale.unit}?"
            yield Problem(
                "stated_unit",
                f"{said} Declare `units: {{{name}: {scale.unit}}}`, or `{{{name}: 1}}` if not",
                ask=True,
            )
    for name, (unit, words) in found.units.items():
        yield Problem("stated_unit", f"{found.names[name]} counts in units of {unit}: '{words}'")
    if found.role == "orders" and found.signs.negative and "return" not in found.kinds.values():
        yield Problem(
            "returns",
            f"rows below zero: {found.signs.negative:,}; a sale of less than nothing counts as a return",
        )
