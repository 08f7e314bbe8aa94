"""XLSX files written as XML: the same bytes on every machine, and every cell as it was asked for.

Sheets of cells enter; the parts of an XLSX file, or its bytes, leave. openpyxl is not used: it
stamps the time, and it cannot store a formula with a cached value that is not its result. Also used
by the planted defects and the tests.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_STORED, ZipFile, ZipInfo

DAY_ZERO = date(1899, 12, 30)  # Excel's serial dates count from here
DAY_ZERO_1904 = date(1904, 1, 1)  # and in a workbook of the 1904 date system from here
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip entry can have
UNIX = 3
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

# two styles: 0 general, 1 a date
STYLES = (
    f'{HEAD}<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


@dataclass(frozen=True)
class Day:
    """A serial number shown as a date."""

    serial: float


@dataclass(frozen=True)
class Error:
    """A cell that shows a spreadsheet's error, such as `#REF!`."""

    text: str


@dataclass(frozen=True)
class Formula:
    """A formula and the value stored with it; None: it was never calculated."""

    value: Decimal | float | str | None = None
    text: str = "A1"


Value = str | int | float | Decimal | date | Day | Error | Formula | None


@dataclass(frozen=True)
class Sheet:
    """One sheet: its rows in order, or by their number from 1; None is no cell.

    `merged` are ranges such as `A5:A9`; `hidden_rows` count from 1, `hidden_columns` from 0.
    """

    name: str
    rows: Sequence[Sequence[Value]] | Mapping[int, Sequence[Value]]
    merged: Sequence[str] = ()
    hidden_rows: Collection[int] = ()
    hidden_columns: Collection[int] = ()
    is_hidden: bool = False


def write_workbook(sheets: Sequence[Sheet], *, is_1904: bool = False) -> bytes:
    """The workbook as a file's bytes."""
    return zip_parts(list_parts(sheets, is_1904=is_1904))


def list_parts(sheets: Sequence[Sheet], *, is_1904: bool = False) -> dict[str, str]:
    """The workbook's parts by their path in the file."""
    numbers = range(1, len(sheets) + 1)
    targets = [
        *(("worksheet", f"worksheets/sheet{number}.xml") for number in numbers),
        ("styles", "styles.xml"),
    ]
    parts = {
        "[Content_Types].xml": _content_types(numbers),
        "_rels/.rels": relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(sheets, is_1904),
        "xl/_rels/workbook.xml.rels": relations(targets),
        "xl/styles.xml": STYLES,
    }
    zero = DAY_ZERO_1904 if is_1904 else DAY_ZERO
    return parts | {
        f"xl/worksheets/sheet{number}.xml": sheet_xml(sheet, zero)
        for number, sheet in zip(numbers, sheets, strict=True)
    }


def zip_parts(parts: Mapping[str, str | bytes], compression: int = ZIP_STORED) -> bytes:
    """The parts as one file whose entries all have the earliest date."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, part in parts.items():
            entry = ZipInfo(name, EARLIEST)
            entry.create_system = UNIX
            archive.writestr(entry, part, compress_type=compression)
    return buffer.getvalue()


def column_letter(position: int) -> str:
    """Letters of a column counted from 0.

    >>> column_letter(2), column_letter(26)
    ('C', 'AA')
    """
    return (column_letter(position // 26 - 1) if position >= 26 else "") + chr(
        ord("A") + position % 26
    )


def relations(targets: Sequence[tuple[str, str]]) -> str:
    """Part that says where the parts are that another one names: kind and target, `rId1` on."""
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'


def sheet_xml(sheet: Sheet, zero: date = DAY_ZERO) -> str:
    """Part of one sheet; dates count from `zero`."""
    numbered = sheet.rows if isinstance(sheet.rows, Mapping) else dict(enumerate(sheet.rows, 1))
    columns = "".join(
        f'<col min="{place + 1}" max="{place + 1}" width="9" hidden="1"/>'
        for place in sorted(sheet.hidden_columns)
    )
    rows = "".join(
        f'<row r="{number}"{_flag("hidden", "1", number in sheet.hidden_rows)}>'
        f"{_cells(row, number, zero)}</row>"
        for number, row in numbered.items()
    )
    ranges = "".join(f'<mergeCell ref="{merged}"/>' for merged in sheet.merged)
    merges = (
        f'<mergeCells count="{len(sheet.merged)}">{ranges}</mergeCells>' if sheet.merged else ""
    )
    return (
        f'{HEAD}<worksheet xmlns="{MAIN}">{f"<cols>{columns}</cols>" if columns else ""}'
        f"<sheetData>{rows}</sheetData>{merges}</worksheet>"
    )


def _cells(row: Sequence[Value], number: int, zero: date) -> str:
    return "".join(
        _cell(f"{column_letter(place)}{number}", value, zero) for place, value in enumerate(row)
    )


def _content_types(numbers: range) -> str:
    kind = f"{SHEET_TYPE}.worksheet+xml"
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{kind}"/>'
        for number in numbers
    )
    return (
        f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{SHEET_TYPE}.styles+xml"/>'
        f"{sheets}</Types>"
    )


def _workbook(sheets: Sequence[Sheet], is_1904: bool) -> str:
    names = "".join(
        f'<sheet name={quoteattr(sheet.name)} sheetId="{number}"'
        f'{_flag("state", "hidden", sheet.is_hidden)} r:id="rId{number}"/>'
        for number, sheet in enumerate(sheets, 1)
    )
    dates = '<workbookPr date1904="1"/>' if is_1904 else ""
    return (
        f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{dates}'
        f"<sheets>{names}</sheets></workbook>"
    )


def _flag(name: str, value: str, is_set: bool) -> str:
    return f' {name}="{value}"' if is_set else ""


def _cell(place: str, value: Value, zero: date) -> str:
    kind, inner = "", ""
    match value:
        case None:
            return ""
        case str():
            space = ' xml:space="preserve"' if value != value.strip() else ""
            kind, inner = ' t="inlineStr"', f"<is><t{space}>{escape(value)}</t></is>"
        case date():
            kind, inner = ' s="1"', f"<v>{(value - zero).days}</v>"
        case Day(serial):
            kind, inner = ' s="1"', f"<v>{serial}</v>"
        case Error(text):
            kind, inner = ' t="e"', f"<v>{escape(text)}</v>"
        case Formula(stored, text):
            kind = ' t="str"' if isinstance(stored, str) else ""
            cached = "" if stored is None else f"<v>{escape(str(stored))}</v>"
            inner = f"<f>{escape(text)}</f>{cached}"
        case _:
            inner = f"<v>{value}</v>"
    return f'<c r="{place}"{kind}>{inner}</c>'
