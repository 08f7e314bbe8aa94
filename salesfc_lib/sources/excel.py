"""Spreadsheets: XLS, XLSX, XLSB and ODS through calamine.

The bytes of a workbook enter; a grid leaves. The decision made here: a row is known by its number in the sheet, as a
person who opens the file sees it, and hidden rows count like any other.
"""

from __future__ import annotations

import io

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.schema import Source
from salesfc_lib.sources.cells import cell_text
from salesfc_lib.sources.layout import Grid, require_header


def read_excel(content: bytes, source: Source, where: str) -> Grid:
    """Rows of one sheet below its header; rows without any text are left out.

    Raises `SalesForecastError` for a file that is no workbook or ends too early, a password, and an unknown sheet.
    """
    sheet = _open(content, source, where)
    rows = [[cell_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    place = require_header(rows, source, f"{where}, sheet {sheet.name}")
    below = [(number, row) for number, row in enumerate(rows[place + 1 :], start=place + 2) if any(cell.strip() for cell in row)]
    return Grid(rows[place], [number for number, _ in below], [row for _, row in below], merged=list_covered(sheet))


def list_covered(sheet: CalamineSheet) -> frozenset[tuple[int, int]] | None:
    """Cells (1-based row, column from 0) that a merged cell further up covers; None where the format does not say."""
    ranges = sheet.merged_cell_ranges
    if ranges is None:
        return None
    return frozenset((row + 1, left) for (top, left), (bottom, _) in ranges for row in range(top + 1, bottom + 1))


def _open(content: bytes, source: Source, where: str) -> CalamineSheet:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        if source.sheet is not None and source.sheet not in workbook.sheet_names:
            raise SalesForecastError.unknown_key(source.sheet, workbook.sheet_names, f"'{where}' (sheets)")
        return workbook.get_sheet_by_name(source.sheet or workbook.sheet_names[0])
    except PasswordError as error:
        raise SalesForecastError.unreadable_file(where, "it is protected by a password", "Save it without one") from error
    except (CalamineError, IndexError) as error:
        raise SalesForecastError.unreadable_file(
            where, f"it is no complete workbook ({error})", "Export it again as XLSX, or set the source's `kind` to what it is"
        ) from error
