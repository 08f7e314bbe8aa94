"""Which row of an export is its header, before anybody has said what its columns are called.

The row with the most known headers, from two on; where hardly any is known, the first row that
fills the most columns with text, because exports begin with titles and dates of printing. A file
whose first rows all look like data has no header, and none is made up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.sampling.sample import HEADER_ROWS
from salesfc_lib.intake import survey_days, survey_numbers


def find_header(rows: Sequence[Sequence[str]], aliases: Aliases, path: Path) -> int:
    """Place of the header among the top rows; raises `SalesForecastError` where there is none."""
    top = [[cell.strip() for cell in row] for row in rows[:HEADER_ROWS]]
    known = [len({cell for cell in row if cell and aliases.knows(cell)}) for row in top]
    if known and max(known) >= 2:
        return known.index(max(known))
    if (wide := _find_periods(top)) is not None:
        return wide
    texts = [sum(bool(cell) and not _is_value(cell) for cell in row) for row in top]
    if not any(texts):
        raise SalesForecastError.unreadable_file(
            path, "it holds no row of headers", "Export it again, with headers"
        )
    place = texts.index(max(texts))
    filled = [cell for cell in top[place] if cell]
    looks_like_data = 3 * sum(map(_is_value, filled)) >= len(filled)
    if looks_like_data and not known[place] and not _is_wide(top, place):
        raise SalesForecastError.unreadable_file(
            path,
            f"it holds no row of headers: the first rows look like data ({shorten(filled)})",
            "Export it again, with the names of the columns in its first row",
        )
    return place


def _find_periods(top: Sequence[Sequence[str]]) -> int | None:
    """Place of the first row with periods side by side behind a name, over numbers."""
    for place, row in enumerate(top):
        at = [column for column, cell in enumerate(row) if survey_days([cell]).share]
        if len(at) > 1 and any(row[: at[0]]) and _is_wide(top, place):
            return place
    return None


def _is_value(cell: str) -> bool:
    """Whether a cell is a number or a day, as a header is not."""
    return bool(survey_days([cell]).share or survey_numbers([cell]).share)


def _is_wide(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether the days or months in a row head columns of numbers: one column a month."""
    months = [at for at, cell in enumerate(rows[place]) if survey_days([cell]).share]
    below = [row[at] for row in rows[place + 1 : place + 6] for at in months if at < len(row)]
    numbers = (not cell or survey_numbers([cell]).share > 0 for cell in below)
    return bool(months) and bool(below) and all(numbers)
