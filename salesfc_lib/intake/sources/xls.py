"""What an old Excel file (BIFF) tells that its values do not: date system, hidden rows and columns, cells that hold an error.

The bytes of a file enter; `SheetFacts` leave. The decision made here: records are walked one by one ([MS-XLS] 2.1.4). XLS
does not tell whether a formula was ever calculated: a program that does not calculate writes zero.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from salesfc_lib.intake.sources.compound import Compound
from salesfc_lib.intake.sources.sheet import ERRORS, SheetFacts

FORMULAS = {0x0006, 0x0206, 0x0406}
BOOL_OR_ERROR, ROW, COLUMNS, DATES, SHEET, END = 0x0205, 0x0208, 0x007D, 0x0022, 0x0085, 0x000A
BOF = {0x0809, 0x0409, 0x0209}


def scan_xls(content: bytes, place: int) -> SheetFacts:
    """Facts of the sheet at this place among the workbook's sheets. Raises `ValueError` for a damaged file."""
    try:
        book = Compound(content)
        stream = book.read("Workbook" if "Workbook" in book.streams else "Book")
        facts, starts = SheetFacts(), []
        for number, at, _ in walk(stream, 0):
            if number == DATES:
                facts.is_1904 = stream[at] == 1
            elif number == SHEET:
                starts.append(struct.unpack_from("<I", stream, at)[0])
        if place < len(starts):
            _scan_sheet(stream, starts[place], facts)
    except (struct.error, IndexError) as error:
        raise ValueError(f"a record of it is too short ({error})") from error
    return facts


def _scan_sheet(stream: bytes, start: int, facts: SheetFacts) -> None:
    for number, at, _ in walk(stream, start):
        if number in FORMULAS:
            row, column, _, kind, _, code, _, _, _, mark = struct.unpack_from(
                "<HHHBBBBBBH", stream, at
            )
            if mark == 0xFFFF and kind == 2:
                facts.add_trouble(row + 1, column, ERRORS.get(code, "an error"))
        elif number == BOOL_OR_ERROR:
            row, column, _, code, is_error = struct.unpack_from("<HHHBB", stream, at)
            if is_error:
                facts.add_trouble(row + 1, column, ERRORS.get(code, "an error"))
        elif number == ROW:
            if stream[at + 12] & 0x20:
                facts.hidden_rows.append(struct.unpack_from("<H", stream, at)[0] + 1)
        elif number == COLUMNS:
            first, last, _, _, flags = struct.unpack_from("<HHHHH", stream, at)
            if flags & 1:
                facts.hidden_columns.append((first, last))


def walk(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Number, place and length of each record up to the end of the part that begins here; parts may lie within parts."""
    depth = 0
    while at + 4 <= len(stream):
        number, size = struct.unpack_from("<HH", stream, at)
        if at + 4 + size > len(stream):
            raise ValueError(f"it ends within a record, at byte {at:,}")
        depth += number in BOF
        depth -= number == END
        if number not in BOF and depth <= 1:
            yield number, at + 4, size
        at += 4 + size
        if depth <= 0:
            return
