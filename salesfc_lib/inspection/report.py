"""A proposal for the terminal: what decides how the numbers are read, with its evidence; what to
expect and what to ask; the source to paste comes last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from salesfc_lib.inspection.choices import list_mapped
from salesfc_lib.inspection.issues import MONTHLY
from salesfc_lib.inspection.mapping import say_match
from salesfc_lib.inspection.proposal import ORDER_WORDS, Proposal
from salesfc_lib.intake import CONTRARY, UNPROVED

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # steer the terminal
LABEL = 11  # width of the first column
MOST_FREE = 12  # headers shown that nothing is known of
KINDS = {
    "csv": "text",
    "excel": "workbook",
    "parquet": "Parquet",
    "jsonl": "JSON lines",
    "sql": "SQLite",
}
DECIMALS = {
    ".": "decimal point",
    ",": "decimal comma",
    UNPROVED: "undecidable, see below",
    CONTRARY: "two conventions, see below",
}


def write_report(found: Proposal, block: Sequence[str]) -> str:
    """What was found, on a screen or two."""
    sample, files = found.sample, found.files
    name = f"{sample.path}"
    if len(files) > 1:
        spread = f"{files[0].name} to {files[-1].name}"
        name = f"{files[0].parent}: {len(files)} files, {spread}"
    beside = "; ".join(_say_beside(other) for other in found.beside)
    lines = [
        name,
        "",
        _line("role", f"{found.role}: {found.assignment.why}"),
        _line("file", _say_file(found)),
        _line("header", _say_header(found)),
        *(_line("", f"above it: row {place}: {text[:90]}") for place, text in sample.titles[:4]),
        *([_line("also holds", beside)] if beside else []),
        "",
        "Columns",
        *_write_columns(found),
        "",
        "Found",
        *(_line(label, text) for label, text in _list_findings(found) if text),
        *_write_list("Expect", [one.reason for one in found.issues if one.action != "asked"]),
        *_write_list("Ask", found.asks),
        "",
        "For the unit's parameter file, under parameters/units/:",
        "",
        "sources:",
        *block,
    ]
    shown = "\n".join(lines).split("\n")
    return "\n".join(CONTROL.sub(lambda sign: f"\\x{ord(sign[0]):02x}", line) for line in shown)


def _list_findings(found: Proposal) -> list[tuple[str, str]]:
    """What the cells show, by subject."""
    return [
        ("dates", _say_dates(found)),
        ("months", _say_months(found)),
        ("numbers", _say_numbers(found)),
        ("measure", _say_measure(found)),
        ("returns", _say_returns(found)),
        ("key", _say_key(found)),
        ("money", _say_members(found, "currency")),
        ("pieces", _say_members(found, "unit_of_measure")),
        ("units", _say_splits(found)),
    ]


def _line(label: str, text: str) -> str:
    return f"  {label:<{LABEL}} {text}".rstrip()


def _join_lines(texts: Iterable[str]) -> str:
    return f"\n{' ' * (LABEL + 3)}".join(texts)


def _write_list(title: str, texts: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(texts))
    return ["", title, *(f"  - {text}" for text in found)] if found else []


def _say_file(found: Proposal) -> str:
    said = [KINDS[found.sample.kind]]
    for key, value in found.sample.settings.items():
        why = found.sample.why.get(key, "")
        shown = why if key == "delimiter" else f"{key} {value!r}{f' ({why})' if why else ''}"
        said.append(shown)
    return ", ".join(said)


def _say_header(found: Proposal) -> str:
    sample = found.sample
    where = f"row {sample.header_row}" if sample.header_row else "the columns' own names"
    below = " below" if sample.header_row else ""
    about = "" if sample.counted else "about "
    spread = ", from all over the file" if 0 in sample.places else ""
    seen = "all looked at" if found.whole else f"{found.seen:,} looked at{spread}"
    return f"{where}; {about}{sample.total:,} rows{below}, {seen}"


def _say_beside(other: Proposal) -> str:
    sample = other.sample
    name = sample.settings.get("sheet") or sample.settings.get("table")
    headers = ", ".join(list(sample.header)[:6])
    return f"{name} ({sample.total:,} rows: {headers}; looks like {other.role})"


def _write_columns(found: Proposal) -> list[str]:
    mapped = list_mapped(found)
    rows = []
    for match in found.assignment.matches:
        notes = [say_match(match)]
        if match.rivals:
            notes.append(f"rather than {', '.join(match.rivals[:3])}")
        if match.other_names:
            notes.append(f"could be {', '.join(match.other_names)} elsewhere")
        if match.name not in mapped and found.role != "lookup":
            notes.append("recognised, not mapped")
        rows.append((match.name, f"{match.header}  ({'; '.join(notes)})"))
    rows += [(name, "not recognised") for name in found.missing]
    known = set(found.names.values())
    free = [(header, column) for header, column in found.columns.items() if header not in known]
    rows += [("-", f"{header}: {column.describe()}") for header, column in free[:MOST_FREE]]
    if len(free) > MOST_FREE:
        rows.append(("-", f"and {len(free) - MOST_FREE} more headers that nothing is known of"))
    refused = found.assignment.refused
    rows += [("!", text) for text in refused if not any(f"'{name}'" in text for name in known)]
    width = max((len(name) for name in found.names), default=8)
    return [f"  {name:<{width}}  {text}" for name, text in rows]


def _say_dates(found: Proposal) -> str:
    if found.date_name is None:
        return ""
    days, column = found.days(found.date_name), found.columns[found.names[found.date_name]]
    span = f"; {days.span[0]} to {days.span[1]}" if days.span else ""
    if column.dated:
        return f"days by the file's own type{span}"
    if days.order in (UNPROVED, CONTRARY):
        return f"{ORDER_WORDS[days.order]}, see below{span}"
    if days.order:
        more = f" (and {days.proofs[days.order] - 1:,} more)"
        return f"{ORDER_WORDS[days.order]}: {found.say_order_proof(found.date_name, more)}{span}"
    forms = sorted(days.forms.items(), key=lambda pair: -pair[1])[:3]
    said = ", ".join(f"{form} ({count:,})" for form, count in forms)
    what = "months" if days.months else "no doubt about their order"
    return f"{what}: {said}{span}" if forms else ""


def _say_months(found: Proposal) -> str:
    counts = found.months.rows
    if not counts or found.role not in MONTHLY:
        return ""
    months = list(counts)
    missing = f"{len(found.months.missing)} missing" if found.months.missing else "none missing"
    least, most = min(counts.values()), max(counts.values())
    seen = "" if found.whole else " of those looked at"
    spread = f"always {least:,}" if least == most else f"{least:,} to {most:,}"
    rows = f"rows{seen} in a month: {spread}, in the last {counts[months[-1]]:,}"
    return f"{months[0]} to {months[-1]}, {missing}; {rows}"


def _say_numbers(found: Proposal) -> str:
    if found.sample.typed:
        return "stored as numbers: no question of decimal signs"
    said = []
    for match in found.assignment.matches:
        column = found.columns[match.header]
        if column.looks != "number" or match.name == "line":
            continue
        numbers = column.numbers
        text = DECIMALS.get(numbers.decimal, "whole numbers")
        if numbers.decimal in (".", ","):
            place = numbers.proof[numbers.decimal]
            grouped = f", thousands with {numbers.grouping!r}" if numbers.grouping else ""
            where = found.sample.say_place(place)
            text = f"{text}, as in {column.raw[place]} ({where}){grouped}"
        said.append(f"{match.header}: {text}")
    return _join_lines(said)


def _say_measure(found: Proposal) -> str:
    money = found.money
    if money.amount is None:
        return ""
    why = "; ".join(money.why) or "nothing says whether tax or discounts are in it"
    held = [f"holds: {equation.say()}" for equation in money.equations[:4]]
    return _join_lines([f"{money.amount}: {why}", *held])


def _say_returns(found: Proposal) -> str:
    signs = found.signs
    if found.role not in ("orders", "returns"):
        return ""
    if count := signs.returns_negative + signs.returns_positive:
        how = "without a minus sign" if found.returns_are_positive else "below zero"
        return f"{count:,} rows are returns, most {how}"
    if found.role == "returns":
        return "the export names what came back, without amounts"
    if signs.negative:
        return f"{signs.negative:,} rows are below zero"
    return "none among the rows looked at: are they in another export?"


def _say_key(found: Proposal) -> str:
    if found.role not in ("orders", "returns"):
        return ""
    if found.key.names:
        return f"{' + '.join(found.key.names)}: no two rows looked at have the same"
    if found.key.tried:
        return f"none found ({'; '.join(found.key.tried[:3])})"
    return "none found: no order number was recognised"


def _say_members(found: Proposal, name: str) -> str:
    column = found.columns.get(found.names.get(name, ""))
    if column is None:
        return ""
    members = [f"{member} ({count:,})" for member, count in column.members.most_common(6)]
    return f"{column.header}: {', '.join(members)}"


def _say_splits(found: Proposal) -> str:
    if found.role != "orders" or not found.splits:
        return ""
    header, members = next(iter(found.splits.items()))
    shown = f"{', '.join(members[:5])}{' …' if len(members) > 5 else ''}"
    return f"if the file holds several, {header} may tell them apart ({shown}); `where` chooses one"
