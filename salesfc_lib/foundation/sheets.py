"""Workbooks for people: frames as sheets that print, the same bytes for the same numbers.

Frames with their heads and number formats enter; one file leaves. Numbers are numbers and months
dates; text that a spreadsheet would take for a formula gets an apostrophe.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.foundation.tables import guard_text

TITLE = 31  # letters that the name of a sheet may have
A4 = 9  # how OOXML numbers paper
DAY = (1980, 1, 1, 0, 0, 0)  # of every part of the file: the first that an archive can say
WIDTH = 16
MARGINS = {"left": 0.4, "right": 0.4, "top": 0.7, "bottom": 0.6}  # inches


@dataclass(frozen=True)
class Sheet:
    """A frame as a sheet. Of each column: its head, its width in letters, and how its numbers look.

    formats: None for text; a sequence has a format for each row.
    """

    title: str
    rows: pd.DataFrame
    heads: Sequence[str]
    formats: Sequence[str | Sequence[str] | None]
    widths: Sequence[float]


def write_book(sheets: Iterable[Sheet], path: Path, title: str = "") -> Path:
    """Path of the workbook written; `title` stands above each printed page.

    A sheet is printed on A4 across, as wide as the page, its head on each; on the screen the head
    stays in view and filters.
    """
    from openpyxl import Workbook

    book, sheets = Workbook(write_only=True), list(sheets)
    for name, sheet in zip(name_sheets([each.title for each in sheets]), sheets, strict=True):
        _fill(book.create_sheet(name), sheet, title)
    made = BytesIO()
    book.save(made)
    path.write_bytes(_without_clock(made))
    return path


def name_sheets(titles: Iterable[str]) -> Iterator[str]:
    """The titles as a workbook may have them, none twice."""
    taken: set[str] = set()
    for each in titles:
        title = plain = re.sub(r"[\[\]:*?/\\]", "-", each)[:TITLE]
        count = 1
        while title.casefold() in taken:
            count += 1
            title = f"{plain[: TITLE - 4]} {count}"
        taken.add(title.casefold())
        yield title


def _fill(page: Any, sheet: Sheet, title: str) -> None:
    """The rows under a header."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    last = get_column_letter(len(sheet.heads))
    page.freeze_panes = "A2"
    page.auto_filter.ref = f"A1:{last}{len(sheet.rows) + 1}"
    for place, width in enumerate(sheet.widths, start=1):
        page.column_dimensions[get_column_letter(place)].width = width
    _lay_out(page, title)
    head = [WriteOnlyCell(page, guard_text(each)) for each in sheet.heads]
    for cell in head:
        cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    page.append(head)
    count = len(sheet.rows)
    looks = [
        [each] * count if each is None or isinstance(each, str) else each for each in sheet.formats
    ]
    for row, look in zip(sheet.rows.itertuples(index=False), zip(*looks, strict=True), strict=True):
        page.append([_cell(page, *pair) for pair in zip(row, look, strict=True)])


def _lay_out(page: Any, title: str) -> None:
    """How the sheet prints."""
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = "1:1"
    for side, inches in MARGINS.items():
        setattr(page.page_margins, side, inches)
    page.HeaderFooter.oddHeader.left.text = title.replace("&", "&&")
    page.HeaderFooter.oddHeader.right.text = "&A"
    page.HeaderFooter.oddFooter.right.text = "&P / &N"


def _cell(page: Any, value: Any, number_format: str | None) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if pd.isna(value):
        return None
    if number_format is None:
        return guard_text(str(value))
    shown = value.to_pydatetime() if isinstance(value, pd.Timestamp) else round(float(value), 4)
    cell = WriteOnlyCell(page, shown)
    cell.number_format = number_format
    return cell


def _without_clock(made: BytesIO) -> bytes:
    """The workbook with one day in place of every moment at which it was written."""
    fixed = BytesIO()
    with zipfile.ZipFile(made) as parts, zipfile.ZipFile(fixed, "w") as book:
        for name in parts.namelist():
            content = parts.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"1980-01-01T00:00:00Z", content)
            book.writestr(zipfile.ZipInfo(name, DAY), content, zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
