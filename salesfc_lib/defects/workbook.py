"""Workbooks written as XML, so that a plant decides about every cell: what is stored, what is shown, what is hidden.

Records enter; XLSX bytes leave, with the sheet row of each record. The decision made here: no library stands between, because
none writes a formula with a stale cache, and all of them stamp the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from salesfc_lib.defects.feeds import HEADERS
from salesfc_lib.defects.truth import Record
from salesfc_lib.demo.workbook import DAY_ZERO, HEAD, MAIN, RELATIONS, STYLES, column_letter, content_types, relations, zip_parts

DAY_ZERO_1904 = date(1904, 1, 1)


@dataclass(frozen=True)
class ErrorCell:
    """A cell that shows a spreadsheet's error."""

    said: str


@dataclass(frozen=True)
class Formula:
    """A formula and the value that was stored with it (None: none was). `{row}` stands for the row's number."""

    text: str
    cached: Decimal | None


@dataclass(frozen=True)
class Sheet:
    """One sheet to be. `merged` are ranges (first row, last row, column from 0); `hidden` columns from 0; `last` is the row of the
    last record, where blank rows stand above it."""

    name: str
    records: Sequence[Record]
    headers: Mapping[str, str] = field(default_factory=lambda: dict(HEADERS))
    above: Sequence[Sequence[str]] = ()
    merged: Sequence[tuple[int, int, int]] = ()
    hidden_columns: frozenset[int] = frozenset()
    hidden: bool = False
    last: int = 0

    def number_rows(self) -> list[int]:
        """The row of each record."""
        rows = [len(self.above) + 2 + place for place in range(len(self.records))]
        return [*rows[:-1], self.last] if self.last else rows


def typed(record: Record) -> dict[str, Any]:
    """The record's cells as a spreadsheet holds them: dates and numbers by their type, all else as text."""
    if record.line is None:
        return dict(record.cells)
    return {**record.cells, "date": record.line.date, "quantity": record.line.quantity, "amount": record.line.amount}


def write_workbook(sheets: Sequence[Sheet], *, from_1904: bool = False) -> tuple[bytes, list[list[int]]]:
    """The workbook's bytes, and for each sheet the row of each record."""
    numbers = range(1, len(sheets) + 1)
    zero = DAY_ZERO_1904 if from_1904 else DAY_ZERO
    targets = [*(("worksheet", f"worksheets/sheet{number}.xml") for number in numbers), ("styles", "styles.xml")]
    parts = {
        "[Content_Types].xml": content_types(numbers),
        "_rels/.rels": relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(sheets, from_1904),
        "xl/_rels/workbook.xml.rels": relations(targets),
        "xl/styles.xml": STYLES,
    }
    parts |= {f"xl/worksheets/sheet{number}.xml": _sheet(sheet, zero) for number, sheet in zip(numbers, sheets, strict=True)}
    return zip_parts(parts), [sheet.number_rows() for sheet in sheets]


def _workbook(sheets: Sequence[Sheet], from_1904: bool) -> str:
    names = "".join(
        f'<sheet name="{escape(sheet.name)}" sheetId="{place}"{" state=" + chr(34) + "hidden" + chr(34) if sheet.hidden else ""} r:id="rId{place}"/>'
        for place, sheet in enumerate(sheets, 1)
    )
    flag = '<workbookPr date1904="1"/>' if from_1904 else "<workbookPr/>"
    return f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{flag}<sheets>{names}</sheets></workbook>'


def _sheet(sheet: Sheet, zero: date) -> str:
    tops = [*sheet.above, list(sheet.headers.values())]
    rows = [_row(number, list(cells), zero) for number, cells in enumerate(tops, 1)]
    rows += [
        _row(number, [record.cells.get(name) for name in sheet.headers], zero, hidden=record.hidden)
        for number, record in zip(sheet.number_rows(), sheet.records, strict=True)
    ]
    columns = "".join(f'<col min="{place + 1}" max="{place + 1}" width="9" hidden="1"/>' for place in sorted(sheet.hidden_columns))
    ranges = "".join(
        f'<mergeCell ref="{column_letter(column)}{first}:{column_letter(column)}{last}"/>' for first, last, column in sheet.merged
    )
    merges = f'<mergeCells count="{len(sheet.merged)}">{ranges}</mergeCells>' if sheet.merged else ""
    return (
        f'{HEAD}<worksheet xmlns="{MAIN}">{f"<cols>{columns}</cols>" if columns else ""}'
        f"<sheetData>{''.join(rows)}</sheetData>{merges}</worksheet>"
    )


def _row(number: int, cells: Sequence[Any], zero: date, *, hidden: bool = False) -> str:
    shown = "".join(_cell(f"{column_letter(place)}{number}", value, number, zero) for place, value in enumerate(cells))
    return f'<row r="{number}"{" hidden=" + chr(34) + "1" + chr(34) if hidden else ""}>{shown}</row>'


def _cell(place: str, value: Any, number: int, zero: date) -> str:
    match value:
        case None | "":
            return ""
        case date():
            return f'<c r="{place}" s="1"><v>{(value - zero).days}</v></c>'
        case str():
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
        case ErrorCell():
            return f'<c r="{place}" t="e"><v>{escape(value.said)}</v></c>'
        case Formula():
            cached = "" if value.cached is None else f"<v>{value.cached}</v>"
            return f'<c r="{place}"><f>{escape(value.text.format(row=number))}</f>{cached}</c>'
        case _:
            return f'<c r="{place}"><v>{value}</v></c>'
