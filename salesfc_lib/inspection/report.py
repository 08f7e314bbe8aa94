"""A proposal for the terminal, and as JSON.

Proposals enter; text leaves. The decision made here: what decides how the numbers are read comes first, each with the cell
or the count that shows it; then what to expect and what to ask; the source to paste comes last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from salesfc_lib.inspection.choices import list_mapped
from salesfc_lib.inspection.days import say_order
from salesfc_lib.inspection.expectations import MONTHLY
from salesfc_lib.inspection.mapping import say_match
from salesfc_lib.inspection.proposal import Proposal

CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)  # a cell must not steer the terminal
LABEL = 11  # width of the first column
KINDS = {
    "csv": "text",
    "excel": "workbook",
    "parquet": "Parquet",
    "jsonl": "JSON lines",
    "sql": "SQLite",
}
DECIMALS = {".": "decimal point", ",": "decimal comma"}


def write_report(found: Proposal, block: Sequence[str]) -> str:
    """What was found, on a screen or two."""
    sample = found.sample
    files = (
        f"{sample.path}"
        if len(found.files) == 1
        else f"{found.files[0].parent}: {len(found.files)} files, {found.files[0].name} to {found.files[-1].name}"
    )
    lines = [
        files,
        "",
        _line("role", f"{found.role}: {found.assignment.why}"),
        _line("file", _say_file(found)),
        _line("header", _say_header(found)),
        *(_line("", f"above it: row {place}: {text[:90]}") for place, text in sample.titles[:4]),
        *(
            [_line("also holds", "; ".join(_say_beside(other) for other in found.beside))]
            if found.beside
            else []
        ),
        "",
        "Columns",
        *_write_columns(found),
        "",
        "Found",
        *(_line(label, text) for label, text in list_findings(found)),
        *_write_list("Expect", [problem.said for problem in found.problems if not problem.ask]),
        *_write_list("Ask", found.asks),
        "",
        "For the unit's parameter file, under parameters/units/:",
        "",
        "sources:",
        *block,
    ]
    return "\n".join(
        CONTROL.sub(lambda sign: f"\\x{ord(sign.group()):02x}", line)
        for line in "\n".join(lines).split("\n")
    )


def list_findings(found: Proposal) -> list[tuple[str, str]]:
    """What the cells show, by subject."""
    return [pair for pair in (
        ("dates", _say_dates(found)), ("months", _say_months(found)), ("numbers", _say_numbers(found)), ("measure", _say_measure(found)),
        ("returns", _say_returns(found)), ("key", _say_key(found)), ("money", _say_members(found, "currency")), ("pieces", _say_members(found, "unit_of_measure")),
        ("units", _say_splits(found)),
    ) if pair[1]]  # fmt: skip


def describe(found: Proposal, block: Sequence[str]) -> dict[str, Any]:
    """Everything that was found, as JSON types."""
    sample, days = found.sample, found.days(found.date_name) if found.date_name else None
    date_cells = found.columns[found.names[found.date_name]].cells if found.date_name else ()
    return {
        "files": [str(file) for file in found.files],
        "role": {"is": found.role, "why": found.assignment.why},
        "kind": sample.kind,
        **{key: {"is": value, "why": sample.why.get(key, "")} for key, value in sample.settings.items()},
        "header_row": sample.header_row,
        "headers": list(sample.header),
        "titles": [text for _, text in sample.titles],
        "rows": {"seen": found.seen, "total": sample.total, "exact": sample.counted},
        "columns": {
            match.name: {"header": match.header, "why": say_match(match), "alias": match.alias, "exact": match.exact, "rivals": list(match.rivals), "other_names": list(match.other_names)}
            for match in found.assignment.matches
        },
        "unmatched": {header: {"looks": column.looks, "values": column.describe()} for header, column in found.columns.items() if header not in found.names.values()},
        "refused": list(found.assignment.refused),
        "missing": found.missing,
        "date_order": None if days is None else {
            "is": say_order(days), "code": days.order, "proof": {order: date_cells[place] for order, place in days.proof.items()}, "rows": {order: sample.places[place] for order, place in days.proof.items()},
            "cells": dict(days.proofs), "undecided": days.open, "first": str(days.span[0]) if days.span else None, "last": str(days.span[1]) if days.span else None,
        },
        "decimal": {
            match.header: {"is": column.figures.decimal, "proof": {sign: column.cells[place] for sign, place in column.figures.proof.items()}, "grouping": column.figures.grouping, "undecided": len(column.figures.open)}
            for match in found.assignment.matches if (column := found.columns[match.header]).looks == "number"
        },
        "measure": {
            "amount": found.money.amount, "tax": found.money.tax, "tax_rate": None if found.money.tax_rate is None else str(found.money.tax_rate),
            "discounts": found.money.discounts, "why": list(found.money.why),
            "equations": [{"says": item.text, "holds": item.holds, "of": item.of} for item in found.money.equations],
        },
        "units": {name: {"unit": unit, "words": words} for name, (unit, words) in found.units.items()},
        "kinds": dict(found.kinds),
        "returns": {"are_positive": found.returns_are_positive, "negative_rows": found.signs.negative, "returns_negative": found.signs.returns_negative, "returns_positive": found.signs.returns_positive},
        "key": {"columns": list(found.key.names), "copies": found.key.copies, "tried": list(found.key.tried)},
        "subtotals": list(found.subtotals),
        "fill_down": list(found.fill_down),
        "where": {header: list(members) for header, members in found.splits.items()},
        "months": {"rows": dict(found.months.rows), "missing": list(found.months.missing), "apart": dict(found.months.apart)},
        "members": {name: dict(found.columns[found.names[name]].members.most_common(12)) for name in ("currency", "unit_of_measure", "status", "kind") if name in found.names},
        "nulls": {match.header: dict(found.columns[match.header].nulls) for match in found.assignment.matches if found.columns[match.header].nulls},
        "problems": [{"rule": problem.rule, "says": problem.said, "ask": problem.ask} for problem in found.problems],
        "ask": found.asks,
        "beside": [{**{key: value for key, value in other.sample.settings.items() if key in ("sheet", "table")}, "role": other.role, "rows": other.sample.total, "headers": list(other.sample.header), "columns": other.names} for other in found.beside],
        "yaml": "\n".join(["sources:", *block]),
        "source": yaml.safe_load("\n".join(["sources:", *block]))["sources"],
    }  # fmt: skip


def _line(label: str, text: str) -> str:
    return f"  {label:<{LABEL}} {text}".rstrip()


def _write_list(title: str, texts: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(texts))
    return ["", title, *(f"  - {text}" for text in found)] if found else []


def _say_file(found: Proposal) -> str:
    said = [KINDS[found.sample.kind]]
    for key, value in found.sample.settings.items():
        why = found.sample.why.get(key, "")
        said.append(f"{key} {value!r} ({why})" if why else f"{key} {value!r}")
    return (
        ", ".join(said)
        .replace("delimiter ',' (comma", "comma (")
        .replace("((", "(")
        .replace("(: ", "(")
    )


def _say_header(found: Proposal) -> str:
    sample = found.sample
    where = f"row {sample.header_row}" if sample.header_row else "the columns' own names"
    about = "" if sample.counted else "about "
    spread = ", from all over the file" if 0 in sample.places else ""
    seen = "all looked at" if found.whole else f"{found.seen:,} looked at{spread}"
    return f"{where}; {about}{sample.total:,} rows{' below' if sample.header_row else ''}, {seen}"


def _say_beside(other: Proposal) -> str:
    name = other.sample.settings.get("sheet") or other.sample.settings.get("table")
    return f"{name} ({other.sample.total:,} rows: {', '.join(list(other.sample.header)[:6])}; looks like {other.role})"


def _write_columns(found: Proposal) -> list[str]:
    width = max((len(name) for name in found.names), default=8)
    lines = []
    mapped = list_mapped(found)
    for match in found.assignment.matches:
        notes = [say_match(match)]
        notes += [f"rather than {', '.join(match.rivals[:3])}"] if match.rivals else []
        notes += [f"could be {', '.join(match.other_names)} elsewhere"] if match.other_names else []
        notes += (
            ["recognised, not mapped"]
            if match.name not in mapped and found.role != "lookup"
            else []
        )
        lines.append(f"  {match.name:<{width}}  {match.header}  ({'; '.join(notes)})")
    lines += [f"  {name:<{width}}  not recognised" for name in found.missing]
    unknown = {
        header: column
        for header, column in found.columns.items()
        if header not in found.names.values()
    }
    lines += [
        f"  {'-':<{width}}  {header}: {column.describe()}"
        for header, column in list(unknown.items())[:12]
    ]
    if len(unknown) > 12:
        lines.append(
            f"  {'-':<{width}}  and {len(unknown) - 12} more headers that nothing is known of"
        )
    return [
        *lines,
        *(
            f"  {'!':<{width}}  {text}"
            for text in found.assignment.refused
            if not any(f"'{header}'" in text for header in found.names.values())
        ),
    ]


def _say_dates(found: Proposal) -> str:
    name = found.date_name
    if name is None:
        return ""
    days, column = found.days(name), found.columns[found.names[name]]
    span = f"; {days.span[0]} to {days.span[1]}" if days.span else ""
    if column.dated:
        return f"days by the file's own type{span}"
    if days.order in ("dmy", "mdy"):
        place = days.proof[days.order]
        return f"{say_order(days)}: {column.cells[place]} in {found.sample.say_place(place)} (and {days.proofs[days.order] - 1:,} more) can be read no other way{span}"
    if days.order in ("?", "both"):
        return f"{say_order(days)}, see below{span}"
    forms = ", ".join(
        f"{form} ({count:,})"
        for form, count in sorted(days.forms.items(), key=lambda pair: -pair[1])[:3]
    )
    return (
        f"{'months' if days.months else 'no doubt about their order'}: {forms}{span}"
        if forms
        else ""
    )


def _say_months(found: Proposal) -> str:
    counts = found.months.rows
    if not counts or found.role not in MONTHLY:
        return ""
    months = list(counts)
    missing = f"{len(found.months.missing)} missing" if found.months.missing else "none missing"
    least, most = min(counts.values()), max(counts.values())
    seen = "" if found.whole else " of those looked at"
    spread = f"always {least:,}" if least == most else f"{least:,} to {most:,}"
    return f"{months[0]} to {months[-1]}, {missing}; rows{seen} in a month: {spread}, in the last {counts[months[-1]]:,}"


def _say_numbers(found: Proposal) -> str:
    if found.sample.typed:
        return "stored as numbers: no question of decimal signs"
    said = []
    for match in found.assignment.matches:
        column = found.columns[match.header]
        if column.looks != "number" or match.name == "line":
            continue
        figures = column.figures
        if figures.decimal in DECIMALS:
            place = figures.proof[figures.decimal]
            grouped = f", thousands with {figures.grouping!r}" if figures.grouping else ""
            said.append(
                f"{match.header}: {DECIMALS[figures.decimal]}, as in {column.cells[place]} ({found.sample.say_place(place)}){grouped}"
            )
        else:
            said.append(
                f"{match.header}: {'undecidable, see below' if figures.decimal == '?' else 'two conventions, see below' if figures.decimal == 'both' else 'whole numbers'}"
            )
    return f"\n{' ' * (LABEL + 3)}".join(said)


def _say_measure(found: Proposal) -> str:
    money = found.money
    if money.amount is None:
        return ""
    said = [
        f"{money.amount}: {'; '.join(money.why) if money.why else 'nothing says whether tax or discounts are in it'}"
    ]
    said += [f"holds: {equation.say()}" for equation in money.equations[:4]]
    return f"\n{' ' * (LABEL + 3)}".join(said)


def _say_returns(found: Proposal) -> str:
    signs = found.signs
    if found.role not in ("orders", "returns"):
        return ""
    count = signs.returns_negative + signs.returns_positive
    if count:
        how = "without a minus sign" if found.returns_are_positive else "below zero"
        return f"{count:,} rows are returns, most {how}"
    if found.role == "returns":
        return "the export names what came back, without amounts"
    return (
        f"{signs.negative:,} rows are below zero"
        if signs.negative
        else "none among the rows looked at: are they in another export?"
    )


def _say_key(found: Proposal) -> str:
    if found.role not in ("orders", "returns"):
        return ""
    if found.key.names:
        return f"{' + '.join(found.key.names)}: no two rows looked at have the same"
    return (
        f"none found ({'; '.join(found.key.tried[:3])})"
        if found.key.tried
        else "none found: no order number was recognised"
    )


def _say_members(found: Proposal, name: str) -> str:
    column = found.columns.get(found.names.get(name, ""))
    return (
        f"{column.header}: {', '.join(f'{member} ({count:,})' for member, count in column.members.most_common(6))}"
        if column is not None
        else ""
    )


def _say_splits(found: Proposal) -> str:
    if found.role != "orders" or not found.splits:
        return ""
    header, members = next(iter(found.splits.items()))
    return f"if the file holds several, {header} may tell them apart ({', '.join(members[:5])}{' …' if len(members) > 5 else ''}); `where` chooses one"
