"""Spreadsheets through calamine (XLS, XLSX, XLSM, XLSB, ODS), and HTML pages named as a workbook.

A row is known by its number in the sheet; hidden rows, columns and sheets are read like any other.
Calamine shows an error, and a formula that was never calculated, as a blank cell: XLSX and XLSM
files are scanned for them (`xlsx`), and a row that has one in a mapped column is set aside. Other
formats do not tell errors, hidden rows and columns; XLSB and ODS do not tell merged cells either,
so that `fill_down` fills every blank cell of its columns there.
"""

from __future__ import annotations

import io
import struct
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain, islice

import numpy as np
import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
)

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.cell_text import cell_text
from salesfc_lib.intake.sources.header import SEARCHED, header_of, list_needed, require_header
from salesfc_lib.intake.sources.kinds import HTML, OLE
from salesfc_lib.intake.sources.layout import Grid, refuse_row_limit
from salesfc_lib.intake.sources.row_marks import drop_blank_rows
from salesfc_lib.intake.sources.text.html import read_html
from salesfc_lib.intake.sources.text_columns import text_table
from salesfc_lib.intake.sources.unusable_rows import set_aside_control, without
from salesfc_lib.intake.sources.workbooks.ods import refuse_large
from salesfc_lib.intake.sources.workbooks.package import Package, refuse_password
from salesfc_lib.intake.sources.workbooks.sheets import choose_sheet
from salesfc_lib.intake.sources.workbooks.xlsx import STALE, SheetFacts, name_column, scan_xlsx

BATCH = 16_384  # rows that are held as Python values at a time
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream of a workbook with a password
DAMAGE = (  # what a damaged file makes of its readers
    CalamineError,
    OSError,
    ValueError,
    LookupError,
    OverflowError,
    struct.error,
    ET.ParseError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
)
LONGEST = 60  # characters of a formula that are shown
SAVE = "open the workbook in Excel or LibreOffice and save it, or export values"
UNKNOWN = (
    "only XLSX and XLSM tell which cells hold an error and which rows and columns are hidden: "
    "errors of this workbook are read as blank cells, hidden rows like any other"
)


def read_excel(content: bytes, source: Source, where: str) -> Grid:
    """Rows of one sheet below its header; rows without any text are left out.

    Raises `SalesForecastError` for a file that is no workbook or ends too early, one that would
    fill the memory, a password, an unknown sheet, and a sheet that is full to its last row.
    """
    if not content.startswith((b"PK", OLE)) and HTML.match(content[:65_536]):
        return read_html(content, source, where)
    with explain_damage(where):
        package, workbook = open_workbook(content, where)
        top_of = partial(_take_top, workbook=workbook, package=package, where=where)
        name, chosen = choose_sheet(workbook, top_of, source, where)
        scanned = _scan(package, name)
        sheet = workbook.get_sheet_by_name(name)
    facts = scanned or SheetFacts()
    limits = [] if scanned else [Issue("kind_of_workbook", UNKNOWN)]
    place = f"{where}, sheet {name}"
    refuse_row_limit(sheet.end[0] + 1 if sheet.end else 0, place)
    rows = _iterate(sheet, facts)
    top = list(islice(rows, SEARCHED))
    if not any(cell.strip() for row in top for cell in row):
        others = [other for other in workbook.sheet_names if other != name]
        named = f"Name the sheet that holds the rows in `sheet`: {shorten(others, 8)}"
        raise SalesForecastError.unreadable_file(
            place,
            "it has no text in its first rows",
            named if others else "Export it again, with its rows",
        )
    at, names = require_header(top, source, place)
    header = top[at]
    filled = [names.index(header_of(source, ours)) for ours in source.fill_down]
    numbers, cells = _collect(chain(top[at + 1 :], rows), at + 2, len(header))
    hidden = [*_list_hidden(facts, header, numbers, at + 1), *_list_hidden_sheets(workbook, name)]
    system = "the workbook counts its days from 1904 (date_system); its dates were read so"
    dates = [Issue("date_system", system)] if facts.is_1904 else []
    grid = Grid(
        header,
        numbers,
        cells,
        merged=list_covered(sheet, filled),
        issues=[*chosen, *hidden, *dates, *limits],
        above=top[:at],
        is_1904=facts.is_1904,
    )
    sums = {word.casefold() for word in source.subtotals}
    across = [header for header in names if header.strip().casefold() not in sums]
    needed = across if source.wide else list_needed(source)
    return _set_aside_errors(grid, facts, names, set(needed), sheet=name)


def _scan(package: Package | None, name: str) -> SheetFacts | None:
    """What an XLSX or XLSM sheet tells beside its values; None for other formats."""
    if package and not {"content.xml", "xl/workbook.bin"} & package.names.keys():
        return scan_xlsx(package, name)
    return None


def _take_top(
    name: str, workbook: CalamineWorkbook, package: Package | None, where: str
) -> list[list[str]]:
    """The first rows of a sheet; none of one that cannot be read."""
    try:
        with explain_damage(where):
            _scan(package, name)  # refuses a sheet that memory cannot hold
            sheet = workbook.get_sheet_by_name(name)
    except SalesForecastError:
        return []
    return [*islice(_iterate(sheet, SheetFacts()), SEARCHED)]


def list_covered(sheet: CalamineSheet, columns: Sequence[int]) -> frozenset[tuple[int, int]] | None:
    """Cells (row from 1, column from 0) of these columns that a merged cell further up covers.

    None where the format does not say: XLSB and ODS.
    """
    ranges = sheet.merged_cell_ranges
    if ranges is None or sheet.end is None:
        return None
    last, covered = sheet.end[0], set[tuple[int, int]]()
    for column in columns:
        below = 0  # overlapping ranges, as a damaged file may have, are not gone through twice
        ours = sorted((top, bottom) for (top, left), (bottom, _) in ranges if left == column)
        for top, bottom in ours:
            rows = range(max(top + 1, below), min(bottom, last) + 1)
            covered.update((row + 1, column) for row in rows)
            below = max(below, bottom + 1)
    return frozenset(covered)


def open_workbook(content: bytes, where: str) -> tuple[Package | None, CalamineWorkbook]:
    """The parts of a newer workbook (None for an old one), checked, and its reader.

    Raises `SalesForecastError` for one with a password, or that would fill the memory.
    """
    package = None
    if not content.startswith(OLE):
        package = Package(content, where)
        if "content.xml" in package:
            refuse_large(package)
    elif ENCRYPTED in content:
        raise refuse_password(where)
    return package, CalamineWorkbook.from_filelike(io.BytesIO(content))


@contextmanager
def explain_damage(where: str) -> Iterator[None]:
    """Turn complaints of readers, and calamine's panic on a damaged file, into our error."""
    try:
        yield
    except PasswordError as error:
        raise refuse_password(where) from error
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


def _iterate(sheet: CalamineSheet, facts: SheetFacts) -> Iterator[list[str]]:
    """Rows as text, from the sheet's first row and column on, all of one width."""
    before = [""] * (sheet.start[1] if sheet.start else 0)
    texts: dict[int, dict[int, str]] = {}
    for row, column, text in zip(facts.rows, facts.columns, facts.texts, strict=True):
        texts.setdefault(row - 1, {})[column] = "" if text.startswith(STALE) else text
    for place, values in enumerate(sheet.iter_rows()):
        cells = before + [value if type(value) is str else cell_text(value) for value in values]
        for column, text in texts.get(place, {}).items():
            if column < len(cells):
                cells[column] = text
        yield cells


def _collect(rows: Iterator[list[str]], number: int, width: int) -> tuple[np.ndarray, pa.Table]:
    """Numbers and cells of the rows with text; `number` is that of the first row."""
    numbers, tables = [np.zeros(0, dtype=np.int64)], [text_table(width)]
    while batch := list(islice(rows, BATCH)):
        places, filled = drop_blank_rows(text_table(width, batch))
        numbers.append(places + number)
        tables.append(filled)
        number += len(batch)
    return np.concatenate(numbers), pa.concat_tables(tables).combine_chunks()


def _list_hidden(
    facts: SheetFacts, header: Sequence[str], numbers: np.ndarray, above: int
) -> Iterator[Issue]:
    """Issues for hidden rows below the header and hidden columns."""
    found = np.asarray(facts.hidden_rows, dtype=np.int64)
    rows = found[np.isin(found, numbers) & (found > above)].tolist()
    names = [
        name.strip() or f"column {place + 1}"
        for place, name in enumerate(header)
        if any(first <= place <= last for first, last in facts.hidden_columns)
    ]
    for one, more, hidden, first_row in (
        ("hidden row was", "hidden rows were", rows, rows[:1]),
        ("hidden column was", "hidden columns were", names, []),
    ):
        if hidden:
            are = one if len(hidden) == 1 else more
            text = f"{len(hidden)} {are} read like any other: {shorten(hidden, 10)}"
            yield Issue("hidden", text, *first_row)


def _list_hidden_sheets(workbook: CalamineWorkbook, name: str) -> Iterator[Issue]:
    """Issues for the sheet that is read, if it is hidden, and for others that are."""
    sheets = workbook.sheets_metadata
    hidden = [sheet.name for sheet in sheets if sheet.visible != SheetVisibleEnum.Visible]
    if name in hidden:
        yield Issue("hidden", f"the sheet '{name}' is hidden; it was read like any other")
    if others := [other for other in hidden if other != name]:
        unread = f"{len(others)} other sheets are hidden and were not read: {shorten(others)}"
        yield Issue("hidden", unread)


def _set_aside_errors(
    grid: Grid, facts: SheetFacts, names: Sequence[str], needed: set[str], *, sheet: str
) -> Grid:
    """The grid without rows that have an error or an empty formula in a needed column.

    An error in another column costs no row: it is noted, and stays as text.
    """
    wrong: dict[int, list[tuple[int, str]]] = {}
    spared: dict[str, list[int]] = {}
    below = set(grid.numbers.tolist()) if facts.texts else set()
    for row, column, text in zip(facts.rows, facts.columns, facts.texts, strict=True):
        if row in below and column < len(names):
            if names[column] in needed:
                wrong.setdefault(row, []).append((column, text))
            elif not text.startswith(STALE):
                spared.setdefault(names[column], []).append(row)
    kept = "the column is not mapped, and its rows are kept"
    noted = [
        Issue("error_cell", f"{len(rows)} cells of '{name}' hold an error; {kept}", rows[0])
        for name, rows in spared.items()
    ]
    explained = {row: _explain(cells, names, sheet, row) for row, cells in wrong.items()}
    grid = without(grid, explained, names)
    return set_aside_control(replace(grid, issues=[*grid.issues, *noted]), names)


def _explain(
    cells: list[tuple[int, str]], names: Sequence[str], sheet: str, row: int
) -> tuple[str, str]:
    """Rule and reason of a row with these cells (column, text) in needed columns."""
    if errors := [(at, text) for at, text in cells if not text.startswith(STALE)]:
        return "error_cell", "; ".join(f"'{names[at]}' holds {text}" for at, text in errors)
    empty = shorten([names[at] for at, _ in cells])
    at, formula = cells[0]
    shown = formula if len(formula) <= LONGEST else f"{formula[:LONGEST]}…"
    cell = (
        f"cell {name_column(at)}{row} of sheet '{sheet}'{f': {shown}' if formula != STALE else ''}"
    )
    return "stale_formula", f"{empty} holds a formula that was never calculated ({cell}); {SAVE}"
