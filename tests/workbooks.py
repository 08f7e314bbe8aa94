"""Small workbooks of each format, written byte by byte, because no library writes what goes wrong
in them.

A `Book` enters; bytes leave. A cell is a text, a number, a `Day` (a serial number shown as a date),
an `Error`, a `Formula`, or None. XLSX files come from the demo company's writer.
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED

from demo_company.workbook import (
    Day,
    Error,
    Formula,
    Sheet,
    list_parts,
    relations,
    sheet_xml,
    zip_parts,
)

ERROR_CODES = {
    "#NULL!": 0,
    "#DIV/0!": 7,
    "#VALUE!": 15,
    "#REF!": 23,
    "#NAME?": 29,
    "#NUM!": 36,
    "#N/A": 42,
}
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"


Cell = str | int | float | Day | Error | Formula | None


@dataclass(frozen=True)
class Book:
    rows: Sequence[Sequence[Cell]]
    name: str = "销售"
    hidden_rows: Sequence[int] = ()  # from 1
    hidden_columns: Sequence[int] = ()  # from 0
    is_hidden: bool = False
    is_1904: bool = False
    more: dict[str, str] = field(default_factory=dict)  # further parts of an XLSX or ODS


def zipped(parts: dict[str, str | bytes]) -> bytes:
    return zip_parts(parts, ZIP_DEFLATED)


def _given(is_so: bool, name: str, value: str) -> str:
    """An attribute, where it is so."""
    return f' {name}="{value}"' if is_so else ""


def _sheet(book: Book) -> Sheet:
    return Sheet(book.name, book.rows, (), book.hidden_rows, book.hidden_columns, book.is_hidden)


def xlsx_sheet(book: Book) -> str:
    return sheet_xml(_sheet(book))


def xlsx(book: Book, sheet: str | None = None) -> bytes:
    """The book; `sheet` is written in place of its sheet's XML."""
    other = {} if sheet is None else {"xl/worksheets/sheet1.xml": sheet}
    return zipped({**list_parts([_sheet(book)], is_1904=book.is_1904), **other, **book.more})


def _record12(number: int, content: bytes = b"") -> bytes:
    def seven(value: int) -> bytes:
        return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + seven(value >> 7)

    return seven(number) + seven(len(content)) + content


def _text12(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _xlsb_cell(column: int, cell: Cell) -> bytes:
    match cell:
        case None:
            return b""
        case str():
            return _record12(6, struct.pack("<II", column, 0) + _text12(cell))
        case Error(text):
            return _record12(3, struct.pack("<IIB", column, 0, ERROR_CODES[text]))
        case Day(serial):
            return _record12(5, struct.pack("<IId", column, 1, serial))
        case int() | float():
            return _record12(5, struct.pack("<IId", column, 0, cell))
    raise NotImplementedError(cell)


def xlsb(book: Book) -> bytes:
    rows = b"".join(
        _record12(
            0,
            struct.pack(
                "<IIHBBBI", number - 1, 0, 300, 0, 0x10 if number in book.hidden_rows else 0, 0, 0
            ),
        )
        + b"".join(_xlsb_cell(column, cell) for column, cell in enumerate(row))
        for number, row in enumerate(book.rows, start=1)
    )
    columns = b"".join(
        _record12(60, struct.pack("<IIIIH", place, place, 2048, 0, 1))
        for place in book.hidden_columns
    )
    width = max(len(row) for row in book.rows)
    sheet = (
        _record12(129)
        + _record12(148, struct.pack("<IIII", 0, len(book.rows) - 1, 0, width - 1))
        + (_record12(390) + columns + _record12(391) if columns else b"")
        + _record12(145)
        + rows
        + _record12(146)
        + _record12(130)
    )
    bundle = struct.pack("<II", int(book.is_hidden), 1) + _text12("rId1") + _text12(book.name)
    workbook = (
        _record12(131)
        + _record12(153, struct.pack("<III", int(book.is_1904), 0, 0))
        + _record12(143)
        + _record12(156, bundle)
        + _record12(144)
        + _record12(132)
    )
    formats = b"".join(
        _record12(47, struct.pack("<HHHHHBBHH", 0, number, 0, 0, 0, 0, 0, 0, 0))
        for number in (0, 14)
    )
    styles = (
        _record12(278)
        + _record12(617, struct.pack("<I", 2))
        + formats
        + _record12(618)
        + _record12(279)
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}"><Default Extension="bin" '
        'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
        "_rels/.rels": relations([("officeDocument", "xl/workbook.bin")]),
        "xl/workbook.bin": workbook,
        "xl/_rels/workbook.bin.rels": relations(
            [("worksheet", "worksheets/sheet1.bin"), ("styles", "styles.bin")]
        ),
        "xl/worksheets/sheet1.bin": sheet,
        "xl/styles.bin": styles,
    }
    return zipped(parts)


def _record8(number: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", number, len(content)) + content


def _xls_cell(row: int, column: int, cell: Cell) -> bytes:
    match cell:
        case None:
            return b""
        case str():
            text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
            return _record8(0x0204, struct.pack("<HHH", row, column, 0) + text)
        case Error(text):
            return _record8(0x0205, struct.pack("<HHHBB", row, column, 0, ERROR_CODES[text], 1))
        case Day(serial):
            return _record8(0x0203, struct.pack("<HHHd", row, column, 1, serial))
        case Formula():
            value = struct.pack("<BBBBBBH", 2, 0, ERROR_CODES["#DIV/0!"], 0, 0, 0, 0xFFFF)
            return _record8(
                0x0006, struct.pack("<HHH", row, column, 0) + value + struct.pack("<HIH", 0, 0, 0)
            )
        case int() | float():
            return _record8(0x0203, struct.pack("<HHHd", row, column, 0, cell))
    raise NotImplementedError(cell)


def biff(book: Book) -> bytes:
    """The stream of an XLS file; a formula in it has #DIV/0! for its value."""
    columns = b"".join(
        _record8(0x007D, struct.pack("<HHHHHH", place, place, 2048, 0, 1, 0))
        for place in book.hidden_columns
    )
    sheet = _record8(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + columns
    for number, row in enumerate(book.rows):
        flags = 0x20 if number + 1 in book.hidden_rows else 0
        sheet += _record8(
            0x0208, struct.pack("<HHHHHHBBH", number, 0, len(row), 255, 0, 0, flags, 1, 0)
        )
        sheet += b"".join(_xls_cell(number, column, cell) for column, cell in enumerate(row))
    sheet += _record8(0x000A)
    formats = b"".join(
        _record8(0x00E0, struct.pack("<HHH", 0, number, 0) + bytes(14)) for number in (0, 14)
    )
    top = _record8(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    top += _record8(0x0022, struct.pack("<H", int(book.is_1904))) + formats
    name = struct.pack("<BB", len(book.name), 1) + book.name.encode("utf-16-le")
    start = len(top) + 4 + 6 + len(name) + 4
    top += _record8(0x0085, struct.pack("<IBB", start, int(book.is_hidden), 0) + name) + _record8(
        0x000A
    )
    return top + sheet


def xls(book: Book) -> bytes:
    return compound({"Workbook": biff(book)})


def compound(streams: dict[str, bytes]) -> bytes:
    """An old Office file: header, one sector of the table of sectors, one or two of the directory,
    the streams.
    """
    free, end, table = 0xFFFFFFFF, 0xFFFFFFFE, [0xFFFFFFFD, 0xFFFFFFFE]
    directory = _entry("Root Entry", 5, end, 0, child=1)
    content = b""
    for place, (name, stream) in enumerate(streams.items(), start=1):
        padded = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\x00")
        first, count = len(table), len(padded) // 512
        table += [*range(first + 1, first + count), end]
        directory += _entry(
            name, 2, first, len(padded), right=place + 1 if place < len(streams) else free
        )
        content += padded
    assert len(table) <= 128, "more than one sector of the table is not written"
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack(
        "<109I", 0, *[free] * 108
    )
    return (
        header
        + struct.pack("<128I", *table, *[free] * (128 - len(table)))
        + directory.ljust(512, b"\x00")
        + content
    )


def _entry(
    name: str, kind: int, start: int, size: int, *, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF
) -> bytes:
    text = name.encode("utf-16-le")
    return (
        text.ljust(64, b"\x00")
        + struct.pack("<HBBIII", len(text) + 2, kind, 1, 0xFFFFFFFF, right, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def _ods_value(kind: str, stored: str, shown: object) -> str:
    return (
        f'<table:table-cell office:value-type="{kind}"{stored}>'
        f"<text:p>{shown}</text:p></table:table-cell>"
    )


def _ods_cell(cell: Cell) -> str:
    match cell:
        case None:
            return "<table:table-cell/>"
        case str():
            return _ods_value("string", "", escape(cell))
        case Error(text):
            return (
                '<table:table-cell table:formula="of:=1/0" office:value-type="string" '
                'office:string-value="" '
                f'calcext:value-type="error"><text:p>{text}</text:p></table:table-cell>'
            )
        case Day(serial):
            day = datetime.date(1899, 12, 30) + datetime.timedelta(days=serial)
            return _ods_value("date", f' office:date-value="{day}"', day)
        case int() | float():
            return _ods_value("float", f' office:value="{cell}"', cell)
    raise NotImplementedError(cell)


def ods(book: Book, rows: str | None = None) -> bytes:
    names = {
        "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
        "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
        "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
    }
    columns = "".join(
        "<table:table-column"
        f"{_given(place in book.hidden_columns, 'table:visibility', 'collapse')}/>"
        for place in range(max((len(row) for row in book.rows), default=1))
    )
    lines = "".join(
        f"<table:table-row{_given(number in book.hidden_rows, 'table:visibility', 'filter')}>"
        f"{''.join(map(_ods_cell, row))}</table:table-row>"
        for number, row in enumerate(book.rows, start=1)
    )
    spaces = " ".join(f'xmlns:{name}="{value}"' for name, value in names.items())
    content = (
        f'<office:document-content {spaces} office:version="1.2"><office:body><office:spreadsheet>'
        f"<table:table table:name={quoteattr(book.name)}>{columns}"
        f"{lines if rows is None else rows}</table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    parts: dict[str, str | bytes] = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": "<manifest:manifest "
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        "content.xml": content,
    }
    return zipped(parts | book.more)


WRITERS: dict[str, Callable[[Book], bytes]] = {"xlsx": xlsx, "xlsb": xlsb, "xls": xls, "ods": ods}
