"""What an XLSX or XLSM file tells that its values do not: its date system, hidden rows and columns, errors, empty formulas.

A package enters; `SheetFacts` leave. The decision made here: a sheet's XML is first searched for the few marks that matter;
only a sheet that has one is parsed cell by cell, in pieces, with memory bounded.
"""

from __future__ import annotations

import posixpath
import re
import xml.parsers.expat

from salesfc_lib.sources.package import Package
from salesfc_lib.sources.sheet import STALE, SheetFacts

EMPTY = rb"\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
TROUBLE = tuple(
    map(
        re.compile,
        (
            rb"""hidden=["'](?:1|true|on)""",
            rb"""t=["']e["']""",  # an error
            rb"</f>" + EMPTY,  # a formula without a value
            rb"<f\b[^>]*/>" + EMPTY,
            rb">60(?:\.\d*)?</",  # the serial number of 29 February 1900
            rb"""<c(?! r="[A-Z]{1,3}[0-9]{1,7}")[ />]""",  # a cell that does not begin with its place
            rb'r="[A-Z]{1,3}(?:[2-9]\d{6}|1[1-9]\d{5}|10[5-9]\d{4})',  # one below the last row of a sheet
        ),
    )
)  # one by one, because a pattern that begins with fixed bytes is searched ten times faster than alternatives
WIDE = re.compile(rb'<c r="[A-Z]{2}')
PLACE = re.compile(rb'<c r="([A-Z]+)([0-9]+)')
OVERLAP = 256  # bytes searched again, so that no mark is cut in two
CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
TRUE = {"1", "true", "on"}
MAIN = "xl/workbook.xml"


def scan_xlsx(package: Package, sheet: str) -> SheetFacts:
    """Facts of one sheet of a workbook."""
    book = _Book()
    package.parse(_find_main(package), book.parser())
    facts = SheetFacts(is_1904=book.is_1904)
    part = find_target(package, _find_main(package), book.sheets.get(sheet, ""))
    if part is not None and _matters(package, part, facts):
        package.parse(part, _Cells(facts, package.where).parser())
    return facts


class _Book:
    """The date system, and each sheet's relation id."""

    def __init__(self) -> None:
        self.is_1904 = False
        self.sheets: dict[str, str] = {}

    def parser(self) -> xml.parsers.expat.XMLParserType:
        parser = xml.parsers.expat.ParserCreate()
        parser.StartElementHandler = self._start
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "workbookPr":
            self.is_1904 = attributes.get("date1904", "") in TRUE
        elif local == "sheet":
            related = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id" and ":" in key), "")
            self.sheets[attributes.get("name", "")] = related


class _Cells:
    """Cells, rows and columns as expat meets them."""

    def __init__(self, facts: SheetFacts, where: str) -> None:
        self.facts, self.where = facts, where
        self.row = self.column = 0
        self.type, self.value = "", ""
        self.has_formula = self.in_value = False

    def parser(self) -> xml.parsers.expat.XMLParserType:
        parser = xml.parsers.expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._read
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._move(attributes.get("r"))
                self.type, self.value, self.has_formula = attributes.get("t", "n"), "", False
            case "v" | "is":
                self.in_value = True
            case "f":
                self.has_formula = True
            case "row":
                place = attributes.get("r", "")
                self.row, self.column = int(place) if place.isdecimal() else self.row + 1, -1
                if attributes.get("hidden") in TRUE:
                    self.facts.hidden_rows.append(self.row)
            case "col" if attributes.get("hidden") in TRUE:
                self.facts.hidden_columns.append((int(attributes["min"]) - 1, int(attributes["max"]) - 1))

    def _move(self, place: str | None) -> None:
        """To the place that the cell names, else to the next column."""
        match = CELL.fullmatch(place or "")
        self.row, self.column = (int(match[2]), read_column(match[1])) if match else (self.row, self.column + 1)

    def _read(self, text: str) -> None:
        if self.in_value and len(self.value) < 64:
            self.value += text[:64]

    def _end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v" | "is":
                self.in_value = False
            case "c":
                self._close()

    def _close(self) -> None:
        if self.value:
            self.facts.reach(self.row, self.column, self.where)
            if self.type == "e":
                self.facts.add_trouble(self.row, self.column, self.value)
            elif self.type == "n" and self.value.startswith("60") and (self.value + ".")[2] == ".":
                self.facts.leap.add((self.row, self.column))
        elif self.has_formula and self.type != "str":
            self.facts.add_trouble(self.row, self.column, STALE)


def read_column(letters: str) -> int:
    """Column (from 0) by its letters.

    >>> read_column("A"), read_column("AB"), read_column("XFD")
    (0, 27, 16383)
    """
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _find_main(package: Package) -> str:
    """The workbook's own part: where the package's relations say, else where it usually is."""
    if MAIN in package or "_rels/.rels" not in package:
        return MAIN
    targets = _list_targets(package, "_rels/.rels")
    return next((target for kind, target in targets.values() if kind.endswith("/officeDocument")), MAIN)


def find_target(package: Package, main: str, related: str) -> str | None:
    """The part that a relation of the workbook's own part leads to; None where there is none."""
    folder, name = posixpath.split(main)
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in package:
        return None
    _, target = _list_targets(package, relations).get(related, ("", ""))
    path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
    return path if target and path in package else None


def _list_targets(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """Type and target of each relation, by its id."""
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "Relationship":
            found[attributes.get("Id", "")] = (attributes.get("Type", ""), attributes.get("Target", ""))

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = start
    package.parse(part, parser)
    return found


def _matters(package: Package, part: str, facts: SheetFacts) -> bool:
    """Whether a sheet has anything but plain values; if not, its size is taken where it has more than 26 columns.

    XML that programs do not usually write (wide characters, prefixes) is not searched but parsed.
    """
    tail = b""
    for number, piece in enumerate(package.stream(part)):
        if number == 0 and (b"\x00" in piece[:4] or not re.search(rb"<worksheet[\s>]", piece[:4096])):
            return True
        text = tail + piece
        end = text.rfind(b">") + 1
        if not end or any(pattern.search(text, 0, end) for pattern in TROUBLE):
            return True
        if WIDE.search(text):
            for letters, digits in set(PLACE.findall(text, 0, end)):
                facts.reach(int(digits), read_column(letters.decode("ascii")), package.where)
        tail = text[max(0, end - OVERLAP) :]
    return False
