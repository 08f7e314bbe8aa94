"""Columns whose blank cells stand for the text above them: merged cells, and documents that name
their number, day and customer in their first line only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from salesfc_lib.inspection.evidence.columns import ColumnEvidence
from salesfc_lib.inspection.sampling.sample import Sample

HEADS = ("order_id", "date")  # names that stand once in a document of several lines
ENOUGH = 0.98  # share of the blank cells below a document's number that its lines have to explain


def find_merged(
    sample: Sample, columns: Mapping[str, ColumnEvidence], names: Mapping[str, str]
) -> list[str]:
    """Names whose cells are merged: covered by a merged cell of a workbook, blank in most rows
    below the first value, blank where the numbers of a document's lines go on, or blank where its
    number or its day is.

    In a text file a column that is blank in most rows has no text twice in a row, and a customer is
    blank only with its document: not every blank cell means the one above.
    """
    cells = {name: columns[header].cells for name, header in names.items() if name != "line"}
    is_excel = sample.kind == "excel"
    merged = [
        name
        for name in cells
        if [*sample.header].index(names[name]) in sample.merged
        or (_is_sparse(cells[name]) and (is_excel or _may_head(name, cells)))
    ]
    if "line" in names and "order_id" in cells:
        line = columns[names["line"]].cells
        merged += ["order_id"] if _goes_on(cells["order_id"], line) else []
    blank = {name: [not cell for cell in each] for name, each in cells.items()}
    heads = [blank[name] for name in HEADS if name in merged]
    pairs = [blank[name] for name in HEADS if name in blank]
    if len(pairs) == len(HEADS) and pairs[0] == pairs[1] and is_block(cells["order_id"]):
        heads += pairs[:1]
    return [name for name in cells if name in merged or blank[name] in heads]


def fill_cells(column: ColumnEvidence) -> ColumnEvidence:
    """The column with blank cells filled from above, as `fill_down` does."""
    filled: list[str] = []
    for cell in column.raw:
        filled.append(cell or (filled[-1] if filled else ""))
    return replace(column, raw=filled)


def _is_sparse(cells: Sequence[str]) -> bool:
    """Whether most of the cells below the first text are blank."""
    first = next((place for place, cell in enumerate(cells) if cell), len(cells))
    below = cells[first + 1 :]
    return below.count("") * 2 > len(below) and len({*cells}) > 1


def is_block(cells: Sequence[str]) -> bool:
    """Whether texts are followed by blank cells, never by themselves, as labels of blocks are."""
    labels = [*filter(None, cells)]
    is_headed = bool(labels) and bool(cells[0]) and len(labels) < len(cells)
    return is_headed and all(one != other for one, other in pairwise(labels))


def _may_head(name: str, cells: Mapping[str, Sequence[str]]) -> bool:
    return is_block(cells[name]) and (name != "customer" or "order_id" not in cells)


def _goes_on(cells: Sequence[str], line: Sequence[str]) -> bool:
    """Whether line numbers rise where the document's number is blank."""
    numbers = [int(cell) if cell.isdecimal() else 0 for cell in line]
    blank = [place for place, cell in enumerate(cells) if place and not cell]
    rising = sum(numbers[place] > numbers[place - 1] for place in blank)
    return is_block(cells) and rising >= ENOUGH * len(blank)
