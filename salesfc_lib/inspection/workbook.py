"""A sample of a workbook: of its fullest sheet, with the other sheets beside it.

A path enters; a `Sample` leaves. The decision made here: the sheet with the most rows is the one to read, and no sheet is
passed over in silence. A workbook that would unpack to far more than it is, is refused before it is unpacked.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
)

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.header import find_header, list_titles, trim
from salesfc_lib.inspection.sample import Sample, fit, limit_rows
from salesfc_lib.intake import Issue, Package, cell_text, decode_page, read_tables

ROW_LIMITS = {65_536: "XLS", 1_048_576: "XLSX"}  # sheets of these heights are probably cut off


def sample_workbook(path: Path, aliases: Aliases) -> Sample:
    """Sample of a workbook's fullest sheet.

    Raises `SalesForecastError` for a file that is no complete workbook, a password, and a workbook without a table.
    """
    issues = _look_into_archive(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [
            _sample_sheet(path, book.get_sheet_by_name(name), aliases) for name in book.sheet_names
        ]
        hidden = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible != SheetVisibleEnum.Visible
        ]
    except PasswordError as error:
        raise SalesForecastError.unreadable_file(
            path, "it is protected by a password", "Save it without one"
        ) from error
    except (CalamineError, OSError, ValueError) as error:
        if isinstance(error, SalesForecastError):
            raise
        raise SalesForecastError.unreadable_file(
            path, str(error), "Save it again from the spreadsheet program"
        ) from error
    found = [sheet for sheet in sheets if sheet is not None]
    if not found:
        raise SalesForecastError.unreadable_file(
            path, "no sheet of it holds a row of headers", "Export it again, with headers"
        )
    best = max(found, key=lambda sheet: (sheet.total, -found.index(sheet)))
    if hidden:
        issues.append(
            Issue("hidden", f"hidden sheets: {', '.join(hidden)}; they are read like any other")
        )
    beside = [sheet for sheet in found if sheet is not best]
    why = "the only sheet with rows" if not beside else f"the fullest of {len(found)} sheets"
    return replace(best, beside=beside, why={"sheet": why}, issues=[*issues, *best.issues])


def sample_page(path: Path, aliases: Aliases) -> Sample:
    """Sample of the fullest table of an HTML page, as many systems save a table under the name of a workbook."""
    content = path.read_bytes()
    encoding, text = decode_page(content, None, str(path))
    tables = [table for table in read_tables(text, str(path)) if table.rows]
    if not tables:
        raise SalesForecastError.unreadable_file(
            path, "it is an HTML page without a table", "Open it in a browser; export it again"
        )
    rows = max((table.rows for table in tables), key=len)
    at = find_header(rows, aliases, path)
    header = trim(rows[at])
    below = [
        place for place in range(at + 1, len(rows)) if any(cell.strip() for cell in rows[place])
    ][: limit_rows(len(header))]
    return Sample(
        path, "excel", header, at + 1, [fit(rows[place], len(header)) for place in below], [place + 1 for place in below], len(below),
        titles=list_titles([(place + 1, rows[place]) for place in range(at)]),
        issues=[Issue("wrong_name", f"it is an HTML page in {encoding}, not a workbook; it is read all the same")],
    )  # fmt: skip


def _look_into_archive(path: Path) -> list[Issue]:
    """What the archive says without being unpacked: that it is whole and no bomb, and the date system."""
    if not zipfile.is_zipfile(path):
        return []
    package = Package(path.read_bytes(), str(path))
    book = package.read("xl/workbook.xml") if "xl/workbook.xml" in package else b""
    if re.search(rb'date1904="(?:1|true)"', book):
        return [Issue("date_system", "the workbook counts days from 1904; its dates are read so")]
    return []


def _sample_sheet(path: Path, sheet: CalamineSheet, aliases: Aliases) -> Sample | None:
    """Sample of one sheet; None where it holds no table."""
    if not sheet.height or not sheet.width:
        return None
    height, width = sheet.total_height + 1, sheet.total_width + 1  # both are the last place, from 0
    raw = sheet.to_python(skip_empty_area=False, nrows=limit_rows(width))
    rows = [[cell_text(value) for value in row] for row in raw]
    try:
        at = find_header(rows, aliases, path)
    except SalesForecastError:
        return None
    header = trim(rows[at])
    below = [
        place for place in range(at + 1, len(rows)) if any(cell.strip() for cell in rows[place])
    ]
    values = [[raw[place][column] for place in below] for column in range(len(header))]
    issues = []
    if height in ROW_LIMITS:
        issues.append(
            Issue(
                "row_limit",
                f"the sheet ends at row {height:,}, the last that {ROW_LIMITS[height]} can hold: the rest is probably missing",
            )
        )
    return Sample(
        path, "excel", header, at + 1, [fit(rows[place], len(header)) for place in below], [place + 1 for place in below],
        len(below) + max(height - len(rows), 0), height <= len(rows), settings={"sheet": sheet.name},
        titles=list_titles([(place + 1, rows[place]) for place in range(at)]),
        dated=frozenset(column for column, cells in enumerate(values) if _share(cells, (date, datetime)) > 0.5),
        typed=True, merged=_list_covered(sheet), issues=issues,
    )  # fmt: skip


def _share(cells: Sequence[object], kinds: tuple[type, ...]) -> float:
    filled = [cell for cell in cells if cell not in ("", None)]
    return sum(isinstance(cell, kinds) for cell in filled) / len(filled) if filled else 0.0


def _list_covered(sheet: CalamineSheet) -> frozenset[tuple[int, int]] | None:
    """Cells (1-based row, column from 0) that a merged cell covers from above; None where the format does not say."""
    ranges = sheet.merged_cell_ranges
    if ranges is None:
        return None
    return frozenset(
        (row + 1, left)
        for (top, left), (bottom, _) in ranges
        for row in range(top + 1, min(bottom, top + 100_000) + 1)
    )
