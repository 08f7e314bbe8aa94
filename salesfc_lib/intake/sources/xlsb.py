"""What an XLSB file tells that its values do not: its date system, hidden rows and columns, cells that hold an error.

A package enters; `SheetFacts` leave. The decision made here: records are walked one by one ([MS-XLSB] 2.1.4), their lengths
checked, their content read only where it matters. XLSB does not tell whether a formula was ever calculated.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from salesfc_lib.intake.sources.package import Package
from salesfc_lib.intake.sources.sheet import ERRORS, SheetFacts
from salesfc_lib.intake.sources.xlsx import find_target

MAIN = "xl/workbook.bin"
ROW, BLANK, ERROR, FORMULA_ERROR = 0, 1, 3, 11  # numbers of records; 1 to 11 are cells
COLUMNS, PROPERTIES, SHEET = 60, 153, 156
MOST = 64 << 20  # bytes of a record: none is near


def scan_xlsb(package: Package, sheet: str) -> SheetFacts:
    """Facts of one sheet of a workbook."""
    facts, related = SheetFacts(), ""
    for number, content in walk(package, MAIN):
        if number == PROPERTIES:
            facts.is_1904 = bool(content[0] & 1)
        elif number == SHEET:
            relation, after = _read_text(content, 8)
            if _read_text(content, after)[0] == sheet:
                related = relation
    part = find_target(package, MAIN, related)
    if part is not None:
        _scan_sheet(package, part, facts)
    return facts


def _scan_sheet(package: Package, part: str, facts: SheetFacts) -> None:
    row = 0
    for number, content in walk(package, part):
        if number == ROW:
            row = int.from_bytes(content[:4], "little") + 1
            if content[11] & 0x10:
                facts.hidden_rows.append(row)
        elif BLANK < number <= FORMULA_ERROR:
            column = int.from_bytes(content[:4], "little")
            if column >= facts.width or row > facts.height:
                facts.reach(row, column, package.where)
            if number in (ERROR, FORMULA_ERROR):
                facts.add_trouble(row, column, ERRORS.get(content[8], "an error"))
        elif number == COLUMNS:
            first, last = struct.unpack_from("<II", content)
            if content[16] & 1:
                facts.hidden_columns.append((first, last))


def walk(package: Package, part: str) -> Iterator[tuple[int, bytes]]:
    """Number and content of each record of a part; a part that ends within one, or has one too short, is an error."""
    rest = b""
    for piece in package.stream(part):
        text, at = rest + piece, 0
        while True:
            begin = at
            number, at = _read_number(text, at, 2)
            size, at = _read_number(text, at, 4)
            if at < 0 or at + size > len(text):
                rest = text[begin:]
                break
            content = text[at : at + size]
            at += size
            if size < SHORTEST.get(number, 0):
                raise package.damaged(f"its part '{part}' has a record that is too short")
            yield number, content
        if len(rest) > MOST:
            raise package.damaged(f"its part '{part}' has a record that never ends")
    if rest:
        raise package.damaged(f"its part '{part}' ends within a record")


SHORTEST = {
    ROW: 12,
    **dict.fromkeys(range(2, 12), 8),
    ERROR: 9,
    FORMULA_ERROR: 9,
    COLUMNS: 18,
    PROPERTIES: 4,
    SHEET: 16,
}  # bytes


def _read_number(text: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of seven bits a byte, low ones first, and where it ends; -1 where the text ends first."""
    value = 0
    if at < 0:
        return 0, -1
    for place in range(most):
        if at + place >= len(text):
            return 0, -1
        byte = text[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    return value, at + most


def _read_text(content: bytes, at: int) -> tuple[str, int]:
    """A text with its length before it, and where it ends; a length of 0xFFFFFFFF is none."""
    size = int.from_bytes(content[at : at + 4], "little")
    end = at + 4 + (0 if size == 0xFFFFFFFF else 2 * size)
    return content[at + 4 : end].decode("utf-16-le", "replace"), end
