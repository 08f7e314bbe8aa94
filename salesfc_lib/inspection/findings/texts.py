"""What the texts of an export show: damage before the export, spellings of nothing, members that
would be added up.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from salesfc_lib.inspection.evidence.columns import ColumnEvidence
from salesfc_lib.inspection.findings.numbers import CODES
from salesfc_lib.inspection.findings.proposal import Fact, Finding, Line, Proposal, Setting, ask
from salesfc_lib.intake import Issue, identifiers, is_null_spelling, repair_mojibake

COUNTED = ("currency", "unit_of_measure", "status", "kind")  # names whose members are counted
LABELS = {"currency": "money", "unit_of_measure": "pieces"}
SEVERAL = {
    "currency": ("currency", "currencies", "at which dated rates?"),
    "unit_of_measure": ("unit_of_measure", "units of measure", "how many of one make another?"),
    "status": ("cancelled", "states", "which of them count as sales?"),
}


def describe_texts(found: Proposal) -> Iterator[Finding]:
    """Damaged cells, spellings of nothing and members of the columns of texts."""
    for name in CODES:
        if column := found.column(name):
            yield from _check_scientific(found, column)
    for column in found.columns.values():
        if column.content == "text" or column.is_code:
            yield from _check_damage(found, column)
    yield from _describe_nulls(found)
    columns = {name: column for name in COUNTED if (column := found.column(name))}
    counts = {name: dict(column.members.most_common(12)) for name, column in columns.items()}
    yield Fact("members", counts)
    for name, column in columns.items():
        shown = [f"{member} ({count:,})" for member, count in column.members.most_common(6)]
        if name in LABELS:
            yield Line(LABELS[name], f"{column.header}: {', '.join(shown)}")
        if name in SEVERAL and len(column.members) > 1:
            rule, what, question = SEVERAL[name]
            many = f"{column.header} has {len(column.members)} different {what}"
            yield ask(rule, f"{many}: {', '.join(shown[:5])}; {question}")
        if name in LABELS and len(column.members) == 1 and found.role in ("orders", "returns"):
            yield Setting("all rows", None, f"{name} {[*column.members][0]} ({column.header})")


def _check_scientific(found: Proposal, column: ColumnEvidence) -> Iterator[Issue]:
    short = identifiers.find_scientific(pa.chunked_array([pa.array(column.raw, pa.string())]))
    if len(short):
        text = "lost their digits in a spreadsheet and cannot be recovered: export them as text"
        yield found.point_at(column, [*short.index], "scientific_id", text)


def _check_damage(found: Proposal, column: ColumnEvidence) -> Iterator[Issue]:
    """Texts read in a wrong encoding, and codes without their zeros, that another cell has."""
    places = {cell: place for place, cell in reversed(list(enumerate(column.cells)))}
    if garbled := [place for cell, place in places.items() if repair_mojibake(cell)]:
        meant = repair_mojibake(column.cells[garbled[0]])
        text = f"were read in a wrong encoding before the export ('{meant}' is meant)"
        text += "; `mojibake: repair` undoes it"
        yield found.point_at(column, garbled, "mojibake", text)
    short = [
        place
        for cell, place in places.items()
        if cell.isdigit()
        and cell[0] != "0"
        and any(f"{'0' * zeros}{cell}" in column.members for zeros in range(1, 5))
    ]
    if short:
        text = "lost the zeros at their beginning: the same code stands with them too"
        yield found.point_at(column, short, "lost_zeros", text)


def _describe_nulls(found: Proposal) -> Iterator[Finding]:
    named = {name: found.columns[header] for name, header in found.names.items()}
    yield Fact("nulls", {one.header: dict(one.nulls) for one in named.values() if one.nulls})
    spelled = [
        f"{column.header} '{spelling}' ({count:,})"
        for column in named.values()
        for spelling, count in column.nulls.items()
        if column.content == "text" or is_null_spelling(spelling)
    ]
    if spelled:
        text = (
            f"texts that may stand for nothing: {', '.join(spelled[:4])}; numbers and dates are "
            "then blank, in other columns they are names unless `nulls` lists them"
        )
        yield Issue("null_spelling", text)
    texts = {name: named[name] for name in found.list_mapped() if named[name].content == "text"}
    if nulls := {name: [*column.nulls] for name, column in texts.items() if column.nulls}:
        yield Setting("nulls", nulls, "if they stand for nothing", proved=False)
