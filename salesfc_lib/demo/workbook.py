"""A workbook written by hand, so that it is the same bytes everywhere.

Sheets of cells enter; an XLSX file leaves. The decision made here: an XLSX file is a few pages of XML in a zip,
and a library would stamp them with the time, its version and its compression; these are stored as they are, with
the earliest date that a zip can hold.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_STORED, ZipFile, ZipInfo

Value = str | int | Decimal | date | None

DAY_ZERO = date(1899, 12, 30)  # Excel's serial dates count from here
EARLIEST = (1980, 1, 1, 0, 0, 0)
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
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


@dataclass(frozen=True)
class Sheet:
    name: str
    rows: list[list[Value]]
    merged: list[str]  # ranges such as A5:A9


def write_workbook(path: Path, sheets: list[Sheet]) -> Path:
    """The path of the workbook written."""
    names = range(1, len(sheets) + 1)
    targets = [*(("worksheet", f"worksheets/sheet{name}.xml") for name in names), ("styles", "styles.xml")]
    parts = {
        "[Content_Types].xml": content_types(names),
        "_rels/.rels": relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(sheets),
        "xl/_rels/workbook.xml.rels": relations(targets),
        "xl/styles.xml": STYLES,
    }
    parts |= {f"xl/worksheets/sheet{name}.xml": _sheet(sheet) for name, sheet in zip(names, sheets, strict=True)}
    path.write_bytes(zip_parts(parts))
    return path


def zip_parts(parts: dict[str, str]) -> bytes:
    """The pages of a workbook as one file, without a time of its own."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name, text in parts.items():
            entry = ZipInfo(name, EARLIEST)
            entry.create_system = UNIX
            archive.writestr(entry, text.encode("utf-8"))
    return buffer.getvalue()


def column_letter(position: int) -> str:
    """Letter of a column counted from 0, up to 25.

    >>> column_letter(2)
    'C'
    """
    return chr(ord("A") + position)


def content_types(names: range) -> str:
    """Page that says what the other pages are."""
    kind = f"{SHEET_TYPE}.worksheet+xml"
    sheets = "".join(f'<Override PartName="/xl/worksheets/sheet{name}.xml" ContentType="{kind}"/>' for name in names)
    return (
        f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{SHEET_TYPE}.styles+xml"/>{sheets}</Types>'
    )


def relations(targets: list[tuple[str, str]]) -> str:
    """Page that says where the pages lie that another one names."""
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'


def _workbook(sheets: list[Sheet]) -> str:
    names = "".join(
        f'<sheet name="{escape(sheet.name)}" sheetId="{place}" r:id="rId{place}"/>' for place, sheet in enumerate(sheets, 1)
    )
    return f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{names}</sheets></workbook>'


def _sheet(sheet: Sheet) -> str:
    rows = "".join(
        f'<row r="{number}">{"".join(_cell(f"{column_letter(place)}{number}", value) for place, value in enumerate(row))}</row>'
        for number, row in enumerate(sheet.rows, 1)
    )
    ranges = "".join(f'<mergeCell ref="{merged}"/>' for merged in sheet.merged)
    merges = f'<mergeCells count="{len(sheet.merged)}">{ranges}</mergeCells>' if sheet.merged else ""
    return f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{merges}</worksheet>'


def _cell(place: str, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return f'<c r="{place}" s="1"><v>{(value - DAY_ZERO).days}</v></c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'
