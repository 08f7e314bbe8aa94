"""Which row of an export is its header, and what stands above it.

Top rows enter; the header's place leaves, or an error. The decision made here: the row with the most known headers is the
header, from two on; where hardly any is known, the first row that fills the most columns with text, because exports begin
with titles and dates of printing. A file whose first rows all look like data has no header, and nobody makes one up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.sample import HEADER_ROWS

_NUMBER = re.compile(r"[-+(]?[¥$€£]?\s*[\d.,'\s\u00a0]*\d[\d.,]*\s*[%)-]?")
_DAY = re.compile(r"\d{1,4}[-/.年]\d{1,2}([-/.月]\d{1,4}日?)?.*")


def find_header(rows: Sequence[Sequence[str]], aliases: Aliases, path: Path) -> int:
    """Place of the header among the top rows.

    Raises `SalesForecastError` where there is none.
    """
    top = rows[:HEADER_ROWS]
    known = [
        len({cell.strip() for cell in row if cell.strip() and aliases.knows(cell)}) for row in top
    ]
    if known and max(known) >= 2:
        return known.index(max(known))
    texts = [sum(bool(cell.strip()) and not is_value(cell) for cell in row) for row in top]
    if not any(texts):
        raise SalesForecastError.unreadable_file(
            path, "it holds no row of headers", "Export it again, with headers"
        )
    place = texts.index(max(texts))
    values = [cell for cell in top[place] if is_value(cell)]
    if (
        not known[place]
        and 3 * len(values) >= sum(bool(cell.strip()) for cell in top[place])
        and not _is_wide(top, place)
    ):
        raise SalesForecastError.unreadable_file(
            path,
            f"it holds no row of headers: the first rows look like data ({shorten([cell.strip() for cell in top[place] if cell.strip()])})",
            "Export it again, with the names of the columns in its first row",
        )
    return place


def is_value(cell: str) -> bool:
    """Whether a cell is a number or a day, as a header is not."""
    text = cell.strip()
    return bool(text) and bool(_NUMBER.fullmatch(text) or _DAY.fullmatch(text))


def trim(header: Sequence[str]) -> list[str]:
    """Headers without surrounding spaces and trailing blank cells."""
    cells = [cell.strip() for cell in header]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def list_titles(rows: Sequence[tuple[int, Sequence[str]]]) -> list[tuple[int, str]]:
    """Rows above the header that say something: their place and text."""
    return [
        (place, " ".join(cell.strip() for cell in row if cell.strip()))
        for place, row in rows
        if any(cell.strip() for cell in row)
    ]


def _is_wide(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether the days or years in a row head columns of numbers: one column a month."""
    months = [column for column, cell in enumerate(rows[place]) if _DAY.fullmatch(cell.strip())]
    below = [
        row[column] for row in rows[place + 1 : place + 6] for column in months if column < len(row)
    ]
    return (
        bool(months)
        and bool(below)
        and all(_NUMBER.fullmatch(cell.strip()) or not cell.strip() for cell in below)
    )
