"""Spreadsheets: XLS, XLSX, XLSM, XLSB and ODS through calamine, and pages of HTML that carry a workbook's name.

The bytes of a workbook enter; a grid leaves. The decisions made here: a row is known by its number in the sheet, as a person
who opens the file sees it; hidden rows, columns and sheets count like any other, and are told; calamine shows a cell with an
error, and a formula that was never calculated, as blank, so each format is scanned for them first, and a row that has one in a
column we read is set aside.

All formats tell what is hidden and which cells hold errors. Only XLSX and XLSM tell that a formula has no value yet or
an old one, and serial 59 from 60; XLSB and ODS do not tell which cells are merged, so `fill_down` fills every blank cell of its columns there.
"""

from __future__ import annotations

import datetime
import io
import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.cells import cell_text
from salesfc_lib.intake.sources.compound import Compound
from salesfc_lib.intake.sources.header import SEARCHED, header_of, name_columns, require_header
from salesfc_lib.intake.sources.kinds import HTML, OLE
from salesfc_lib.intake.sources.layout import Grid, refuse_row_limit
from salesfc_lib.intake.sources.package import Package
from salesfc_lib.intake.sources.sheet import STALE, SheetFacts
from salesfc_lib.intake.sources.troubled import set_aside

BATCH = 16_384  # rows that are held as Python values at a time
LEAP = datetime.date(
    1900, 2, 28
)  # what calamine makes of serial 59, and of 60, the day that never was
NO_DAY = "1900-02-29"
DAMAGE = (
    CalamineError,
    OSError,
    ValueError,
    LookupError,
    OverflowError,
    struct.error,
)  # what a damaged file makes of its readers

Answer = TypeVar("Answer")


def read_excel(content: bytes, source: Source, where: str) -> Grid:
    """Rows of one sheet below its header; rows without any text are left out.

    Raises `SalesForecastError` for a file that is no workbook or ends too early, one that would fill the memory, a password, an
    unknown sheet, and a sheet that is full to its last row.
    """
    if not content.startswith((b"PK", OLE)) and HTML.match(content[:65_536]):
        from salesfc_lib.intake.sources.html import read_html

        return read_html(content, source, where)
    package = None if content.startswith(OLE) else Package(content, where)
    if package:
        package.check()
    if package is None:
        _refuse_password(content, where)
    document = _ask(where, lambda: _scan_document(package))
    workbook = _open(content, where)
    name = choose_sheet(workbook, source, where)
    facts, is_leap = (
        (document[name], False)
        if name in document
        else _ask(where, lambda: _scan(content, package, workbook, name))
    )
    sheet = _load(workbook, name, where)
    place = f"{where}, sheet {name}"
    refuse_row_limit(sheet.end[0] + 1 if sheet.end else 0, place)
    rows = _iterate(sheet, facts, is_leap=is_leap)
    top = list(islice(rows, SEARCHED))
    if not any(cell.strip() for row in top for cell in row):
        raise SalesForecastError.unreadable_file(
            place, "it has no text in its first rows", _name_other_sheets(workbook, name)
        )
    at = require_header(top, source, place)
    header = top[at]
    numbers, cells = _collect(top[at + 1 :], rows, at + 2, len(header))
    grid = Grid(
        header,
        numbers,
        cells,
        merged=list_covered(
            sheet,
            [
                name_columns(header, source, place).index(header_of(source, ours))
                for ours in source.fill_down
            ],
        ),
        issues=[
            *_see_hidden(facts, header, numbers, at + 1),
            *_see_sheets(workbook, name),
            *_see_dates(facts),
        ],
        titles=[
            " ".join(cell.strip() for cell in row if cell.strip())
            for row in top[:at]
            if any(cell.strip() for cell in row)
        ],
        is_1904=facts.is_1904,
    )
    return set_aside(grid, facts, source, place)


def choose_sheet(workbook: CalamineWorkbook, source: Source, where: str) -> str:
    """The sheet that the source names, else the first that holds rows rather than a chart."""
    if source.sheet is not None:
        if source.sheet not in workbook.sheet_names:
            raise SalesForecastError.unknown_key(
                source.sheet, workbook.sheet_names, f"'{where}' (sheets)"
            )
        return source.sheet
    names = [
        sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet
    ]
    if not names:
        raise SalesForecastError.unreadable_file(
            where, "it has no sheet with rows", "Export it again"
        )
    return names[0]


def list_covered(sheet: CalamineSheet, columns: Sequence[int]) -> frozenset[tuple[int, int]] | None:
    """Cells (1-based row, column from 0) of these columns that a merged cell further up covers.

    None where the format does not say: XLSB and ODS.
    """
    ranges = sheet.merged_cell_ranges
    if ranges is None or sheet.end is None:
        return None
    last, covered = sheet.end[0], set[tuple[int, int]]()
    for column in columns:
        reached = -1
        for top, bottom in sorted(
            (top, bottom) for (top, left), (bottom, _) in ranges if left == column
        ):
            covered.update(
                (row + 1, column) for row in range(max(top + 1, reached + 1), min(bottom, last) + 1)
            )
            reached = max(reached, bottom)
    return frozenset(covered)


def _open(content: bytes, where: str) -> CalamineWorkbook:
    return _ask(where, lambda: CalamineWorkbook.from_filelike(io.BytesIO(content)))


def _load(workbook: CalamineWorkbook, name: str, where: str) -> CalamineSheet:
    return _ask(where, lambda: workbook.get_sheet_by_name(name))


def _ask(where: str, read: Callable[[], Answer]) -> Answer:
    """What a reader answers; its complaints, and calamine's panic on a damaged file, as ours."""
    try:
        return read()
    except PasswordError as error:
        raise SalesForecastError.unreadable_file(
            where, "it is protected by a password", "Save it without one"
        ) from error
    except (SalesForecastError, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        if not isinstance(error, DAMAGE) and type(error).__name__ != "PanicException":
            raise
        raise SalesForecastError.unreadable_file(
            where,
            f"it is no complete workbook ({error})",
            "Export it again as XLSX, or set the source's `kind` to what it is",
        ) from error


def _refuse_password(content: bytes, where: str) -> None:
    """Raise for a newer workbook that is encrypted: it lies as one stream in the shape of an old file."""
    if "EncryptedPackage" in _ask(where, lambda: Compound(content)).streams:
        raise SalesForecastError.unreadable_file(
            where, "it is protected by a password", "Save it without one"
        )


def _scan_document(package: Package | None) -> dict[str, SheetFacts]:
    """Facts of each sheet of an ODS file, scanned before calamine opens it; none of another format."""
    if package is None or "content.xml" not in package:
        return {}
    from salesfc_lib.intake.sources.ods import scan_ods

    return scan_ods(package)


def _scan(
    content: bytes, package: Package | None, workbook: CalamineWorkbook, sheet: str
) -> tuple[SheetFacts, bool]:
    """Facts of the sheet, and whether a 28 February 1900 of calamine's is the 29th wherever `facts.leap` does not say."""
    if package is None:
        from salesfc_lib.intake.sources.xls import scan_xls

        return scan_xls(content, workbook.sheet_names.index(sheet)), True
    if "xl/workbook.bin" in package:
        from salesfc_lib.intake.sources.xlsb import scan_xlsb

        return scan_xlsb(package, sheet), True
    from salesfc_lib.intake.sources.xlsx import scan_xlsx

    return scan_xlsx(package, sheet), False


def _iterate(sheet: CalamineSheet, facts: SheetFacts, *, is_leap: bool) -> Iterator[list[str]]:
    """Rows as text, from the sheet's first row and column on, all of one width."""
    before = [""] * (sheet.start[1] if sheet.start else 0)
    found = zip(facts.rows, facts.columns, facts.texts, strict=True)
    texts = {(row - 1, column): "" if text == STALE else text for row, column, text in found}
    special = {row for row, _ in texts} | {row - 1 for row, _ in facts.leap}
    for place, row in enumerate(sheet.iter_rows()):
        cells = before + [value if type(value) is str else cell_text(value) for value in row]
        if place in special or (is_leap and not facts.is_1904 and LEAP in map(_day, row)):
            values = before + row
            for column, value in enumerate(values):
                if (place, column) in texts:
                    cells += [""] * (column + 1 - len(cells))
                    cells[column] = texts[place, column]
                elif (
                    _day(value) == LEAP
                    and not facts.is_1904
                    and (is_leap or (place + 1, column) in facts.leap)
                ):
                    cells[column] = NO_DAY + cells[column][10:]
        yield cells


def _day(value: object) -> datetime.date | None:
    return (
        value.date()
        if isinstance(value, datetime.datetime)
        else value
        if isinstance(value, datetime.date)
        else None
    )


def _collect(
    first: list[list[str]], rows: Iterator[list[str]], number: int, width: int
) -> tuple[np.ndarray, pa.Table]:
    """Numbers and cells of the rows with text, in batches."""
    names = [str(place) for place in range(width)]
    schema = pa.schema([(name, pa.string()) for name in names])
    numbers, tables = [np.zeros(0, dtype=np.int64)], [schema.empty_table()]
    batch = first
    while batch:
        batch += islice(rows, BATCH - len(batch)) if len(batch) < BATCH else ()
        columns = [pa.array(column, pa.string()) for column in zip(*batch, strict=True)]
        has_text = np.logical_or.reduce(
            [np.asarray(pc.not_equal(pc.utf8_trim_whitespace(column), "")) for column in columns]
        )
        numbers.append(np.flatnonzero(has_text) + number)
        tables.append(pa.Table.from_arrays(columns, schema=schema).filter(pa.array(has_text)))
        number += len(batch)
        batch = list(islice(rows, BATCH))
    return np.concatenate(numbers), pa.concat_tables(tables).combine_chunks()


def _see_hidden(
    facts: SheetFacts, header: Sequence[str], numbers: np.ndarray, above: int
) -> list[Issue]:
    seen = []
    rows = [
        row
        for row in np.asarray(facts.hidden_rows, dtype=np.int64)[
            np.isin(facts.hidden_rows, numbers)
        ].tolist()
        if row > above
    ]
    if rows:
        said = f"{len(rows)} hidden {'row was' if len(rows) == 1 else 'rows were'} read like any other: {shorten(rows, 10)}"
        seen.append(Issue("hidden", said, rows[0]))
    names = [
        header[place].strip() or f"column {place + 1}"
        for place in range(len(header))
        if _is_hidden(place, facts)
    ]
    if names:
        said = f"{len(names)} hidden {'column was' if len(names) == 1 else 'columns were'} read like any other: {shorten(names, 10)}"
        seen.append(Issue("hidden", said))
    return seen


def _is_hidden(column: int, facts: SheetFacts) -> bool:
    return any(first <= column <= last for first, last in facts.hidden_columns)


def _see_sheets(workbook: CalamineWorkbook, name: str) -> list[Issue]:
    hidden = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible != SheetVisibleEnum.Visible
    ]
    seen = (
        [Issue("hidden", f"the sheet '{name}' is hidden; it was read like any other")]
        if name in hidden
        else []
    )
    others = [other for other in hidden if other != name]
    if others:
        seen.append(
            Issue(
                "hidden",
                f"{len(others)} other sheets are hidden and were not read: {shorten(others)}",
            )
        )
    return seen


def _see_dates(facts: SheetFacts) -> list[Issue]:
    said = "the workbook counts its days from 1904 (date_system); its dates were read so"
    return [Issue("date_system", said)] if facts.is_1904 else []


def _name_other_sheets(workbook: CalamineWorkbook, name: str) -> str:
    others = [other for other in workbook.sheet_names if other != name]
    return (
        f"Name the sheet that holds the rows in `sheet`: {shorten(others, 8)}"
        if others
        else "Export it again, with its rows"
    )
