"""What cleaning will meet in an export, and what only its owner can answer.

A proposal enters; problems leave, by the names that cleaning gives its rules. The decision made here: where two readings of
a cell are possible, a question is asked with the cell in it; a hint may be added, but decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from salesfc_lib.inspection.days import count_in_order, read_as, read_days
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.inspection.sample import Problem

LIKELY = 0.97  # share of neighbouring rows in order of date, from which that order is named as a hint


def list_problems(found: Proposal, marks: Sequence[str | None]) -> list[Problem]:
    """Problems of rows, dates, numbers and values; `marks` say what each row of the sample is instead of business."""
    return [*_expect_rows(found, marks), *_expect_dates(found), *_expect_numbers(found), *_expect_values(found)]


def _expect_rows(found: Proposal, marks: Sequence[str | None]) -> list[Problem]:
    problems = []
    headers = sum(mark == "header" for mark in marks)
    subtotals = sum(mark not in (None, "header") for mark in marks)
    if headers:
        problems.append(Problem("repeated_header", f"the header stands again in {headers:,} rows; they are dropped"))
    if subtotals:
        problems.append(
            Problem(
                "subtotal",
                f"{subtotals:,} rows add up others ({', '.join(found.subtotals)}); they are dropped once they equal their parts",
            )
        )
    if found.fill_down:
        problems.append(
            Problem(
                "filled_down",
                f"merged or blank cells in {', '.join(found.names[name] for name in found.fill_down)} are filled from above",
            )
        )
    if found.key.copies:
        problems.append(Problem("duplicate", f"{found.key.copies:,} rows repeat another in every cell"))
    width = len(found.sample.header)
    named = [header for header in found.sample.header if header]
    twice = sorted({header for header in named if named.count(header) > 1})
    if twice:
        problems.append(
            Problem(
                "renamed_column",
                f"the header {', '.join(twice)} stands more than once",
                ask=bool(set(twice) & set(found.names.values())),
            )
        )
    months = [header for header in named if look_like_month(header)]
    if len(months) >= 3 and len(months) * 2 > width:
        problems.append(
            Problem(
                "wide",
                f"months stand side by side as columns ({', '.join(months[:3])} …): one row a month and member is needed; export it so",
                ask=True,
            )
        )
    return problems


def look_like_month(header: str) -> bool:
    """Whether a header is a month or a year."""
    return read_days([header]).share > 0 or (header.isdigit() and 1980 <= int(header) < 2100)


def _expect_dates(found: Proposal) -> list[Problem]:
    problems = []
    for name in ("date", "ds", "start", "end", "expected_close"):
        if name not in found.names:
            continue
        days, header = found.days(name), found.names[name]
        cells = found.columns[header].cells
        if days.order == "?":
            example = next(cell for cell, day in zip(cells, days.values, strict=True) if cell and day is None)
            problems.append(
                Problem(
                    "date_order",
                    f"{header}: day or month first? All {days.open:,} cells such as {example} can be read both ways{_hint(cells)}",
                    ask=True,
                )
            )
        if days.order == "both":
            first, second = (
                f"{cells[days.proof[order]]} ({found.sample.say_place(days.proof[order])})" for order in ("dmy", "mdy")
            )
            problems.append(
                Problem(
                    "date_order", f"{header}: {first} has its day first, {second} its month: two orders in one column", ask=True
                )
            )
        said = {
            "sentinel_date": "stand for no date",
            "no_such_day": "are no day of any calendar",
            "time_zone": "carry a time zone: days at month end depend on it",
            "serial_date": "are days as Excel counts them",
        }
        for rule, positions in days.strange.items():
            problems.append(
                Problem(
                    rule,
                    f"{header}: {len(positions):,} cells {said.get(rule, rule)}, e.g. {cells[positions[0]]} in {found.sample.say_place(positions[0])}",
                )
            )
        bad = [place for place, (cell, day) in enumerate(zip(cells, days.values, strict=True)) if cell and day is None]
        strange = {place for positions in days.strange.values() for place in positions}
        if days.order not in ("?", "both") and (left := [place for place in bad if place not in strange]):
            problems.append(
                Problem(
                    "unreadable",
                    f"{header}: {len(left):,} cells are no date, e.g. '{cells[left[0]][:30]}' in {found.sample.say_place(left[0])}",
                )
            )
    if found.date_name and (blank := sum(not cell for cell in found.columns[found.names[found.date_name]].cells)):
        problems.append(Problem("unreadable", f"{found.names[found.date_name]}: {blank:,} rows have no date"))
    if found.months.missing:
        shown = ", ".join(found.months.missing[:4]) + (" …" if len(found.months.missing) > 4 else "")
        seen = "" if found.sample.whole else " in the rows looked at"
        problems.append(
            Problem("missing_month", f"no row{seen} in {len(found.months.missing)} months between the first and the last: {shown}")
        )
    return problems


def _hint(cells: Sequence[str]) -> str:
    """Which order would leave the rows sorted by day, where one would and the other would not."""
    shares = {order: count_in_order(read_as(cells, order)) for order in ("dmy", "mdy")}
    best, other = sorted(shares, key=lambda order: -shares[order])
    if shares[best] >= LIKELY and shares[other] < LIKELY - 0.05:
        return f" ({ {'dmy': 'day', 'mdy': 'month'}[best] } first would leave the rows in order of date: likely, no proof)"
    return ""


def _expect_numbers(found: Proposal) -> list[Problem]:
    problems = []
    words = {"trailing_minus": "have their minus behind", "parentheses": "are negative in parentheses", "currency_sign": "carry a currency sign", "percent": "are in percent",
             "debit_credit": "end in CR, DR, 借 or 贷", "chinese_unit": "count in 万 or 亿", "full_width": "have full-width digits"}  # fmt: skip
    for match in found.assignment.matches:
        column = found.columns[match.header]
        if column.looks != "number" or match.name in ("line", "order_id", "customer", "product"):
            if match.name in ("order_id", "customer", "product") and "scientific_id" in column.figures.forms:
                position = column.figures.forms["scientific_id"][0]
                problems.append(
                    Problem(
                        "scientific_id",
                        f"{match.header}: '{column.cells[position]}' in {found.sample.say_place(position)} lost its digits in a spreadsheet; export it as text",
                        ask=True,
                    )
                )
            continue
        figures = column.figures
        if figures.decimal == "?" and not found.sample.typed:
            cell = column.cells[figures.open[0]]
            problems.append(
                Problem(
                    "separators",
                    f"{match.header}: {cell} may be {cell.replace('.', '').replace(',', '')} or have decimals; no cell proves it{_say_others(found, match.header)}",
                    ask=True,
                )
            )
        if figures.decimal == "both":
            first, second = (
                f"{column.cells[figures.proof[sign]]} ({found.sample.say_place(figures.proof[sign])})" for sign in (".", ",")
            )
            problems.append(
                Problem(
                    "separators",
                    f"{match.header}: decimal point in {first}, decimal comma in {second}: two conventions in one column",
                    ask=True,
                )
            )
        for rule, positions in figures.forms.items():
            if rule in words:
                problems.append(
                    Problem(
                        rule,
                        f"{match.header}: {len(positions):,} cells {words[rule]}, e.g. {column.cells[positions[0]]} in {found.sample.say_place(positions[0])}",
                    )
                )
        bad = [
            place for place, (cell, value) in enumerate(zip(column.cells, figures.values, strict=True)) if cell and value is None
        ]
        if bad:
            error = "error_cell" if column.cells[bad[0]].startswith("#") else "unreadable"
            problems.append(
                Problem(
                    error,
                    f"{match.header}: {len(bad):,} cells are no number, e.g. '{column.cells[bad[0]][:30]}' in {found.sample.say_place(bad[0])}; their rows go to quarantine",
                )
            )
    return problems


def _say_others(found: Proposal, header: str) -> str:
    proved = {
        column.figures.decimal: other
        for other, column in found.columns.items()
        if other != header and column.looks == "number" and column.figures.decimal in (".", ",")
    }
    said = [f"{other} has '{sign}'" for sign, other in proved.items()]
    return f" (elsewhere in the file the decimal sign of {' and '.join(said)})" if said else ""


def _expect_values(found: Proposal) -> list[Problem]:
    problems = []
    nulls = {
        spelling: (header, count) for header in found.names.values() for spelling, count in found.columns[header].nulls.items()
    }
    if nulls:
        shown = ", ".join(f"'{spelling}' {count:,} times in {header}" for spelling, (header, count) in list(nulls.items())[:4])
        problems.append(
            Problem(
                "null_spelling", f"texts that stand for nothing: {shown}; if one is a real name (NA a region), say so under `nulls`"
            )
        )
    unknown = [value for value, kind in found.kinds.items() if not kind]
    if unknown:
        problems.append(
            Problem(
                "kinds",
                f"{found.names['kind']}: are {', '.join(unknown[:6])}{' …' if len(unknown) > 6 else ''} sales, returns or adjustments?",
                ask=True,
            )
        )
    for name, what in (("currency", "currencies"), ("unit", "units of measure"), ("status", "states")):
        column = found.columns.get(found.names.get(name, ""))
        if column is not None and len(column.members) > 1:
            shown = ", ".join(f"{member} ({count:,})" for member, count in column.members.most_common(5))
            ask = {
                "currency": "at which dated rates?",
                "unit": "how many of one make one of the other?",
                "status": "which of them are sales (cancelled ones are not)?",
            }[name]
            rule = {"currency": "currency", "unit": "unit_of_measure", "status": "cancelled"}[name]
            problems.append(Problem(rule, f"{len(column.members)} {what} in {column.header}: {shown}; {ask}", ask=True))
    for name, (unit, words) in found.units.items():
        problems.append(Problem("stated_unit", f"{found.names[name]} is in units of {unit} ('{words}')"))
    if found.role == "orders" and found.signs.negative and not any(kind == "return" for kind in found.kinds.values()):
        problems.append(Problem("returns", f"{found.signs.negative:,} rows are below zero: taken for returns"))
    return problems
