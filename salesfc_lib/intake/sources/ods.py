"""What an ODS file tells that its values do not: hidden rows and columns, and cells that hold an error.

A package enters; `SheetFacts` by sheet leave. The decision made here: the whole of `content.xml` is parsed in pieces, because
ODS writes repeated rows and cells as counts, and calamine unfolds every sheet when it opens the file: only so can one that would
fill the memory be refused beforehand.
"""

from __future__ import annotations

import xml.parsers.expat

from salesfc_lib.intake.sources.package import Package
from salesfc_lib.intake.sources.sheet import SheetFacts

HIDDEN = {"collapse", "filter"}
MAX_ROWS = 1_048_576
ERROR = ("#", "Err:")  # how LibreOffice shows errors


def scan_ods(package: Package) -> dict[str, SheetFacts]:
    """Facts of each sheet of a document. ODS has no date system of its own: its dates are written out."""
    scanner = _Content(package.where)
    package.parse("content.xml", scanner.parser())
    return scanner.sheets


class _Content:
    """Tables, rows and cells as expat meets them."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.sheets: dict[str, SheetFacts] = {}
        self.facts = SheetFacts()
        self.depth = 0  # tables within tables hold what a cell shows, not rows of the sheet
        self.row = self.column = 0
        self.rows = self.columns = 1  # how often the row and the cell at hand are repeated
        self.errors: list[tuple[int, str]] = []  # column and text, of the row at hand
        self.text = ""
        self.is_error = self.is_formula = self.has_value = self.in_text = self.is_hidden = False

    def parser(self) -> xml.parsers.expat.XMLParserType:
        parser = xml.parsers.expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._read
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self.depth += 1
            if self.depth == 1:
                self.facts = self.sheets[attributes.get("table:name", "")] = SheetFacts()
                self.row = self.column = 0
        if self.depth != 1:
            return
        match name:
            case "table:table-column":
                self.columns = _count(attributes, "table:number-columns-repeated")
                if attributes.get("table:visibility") in HIDDEN:
                    self.facts.hidden_columns.append((self.column, self.column + self.columns - 1))
                self.column += self.columns
            case "table:table-row":
                self.column, self.rows, self.errors = (
                    0,
                    _count(attributes, "table:number-rows-repeated"),
                    [],
                )
                self.is_hidden = attributes.get("table:visibility") in HIDDEN
            case "table:table-cell" | "table:covered-table-cell":
                self.columns = _count(attributes, "table:number-columns-repeated")
                self.text, self.in_text = "", False
                self.is_error = attributes.get("calcext:value-type") == "error"
                self.is_formula = "table:formula" in attributes
                self.has_value = "office:value-type" in attributes
            case "text:p":
                self.in_text = True

    def _read(self, text: str) -> None:
        if self.in_text and len(self.text) < 64:
            self.text += text[:64]

    def _end(self, name: str) -> None:
        if self.depth == 1:
            match name:
                case "text:p":
                    self.in_text = False
                case "table:table-cell" | "table:covered-table-cell":
                    self._close_cell()
                case "table:table-row":
                    self._close_row()
        if name == "table:table" and self.depth:
            self.depth -= 1

    def _close_cell(self) -> None:
        if self.text or self.has_value:
            self.facts.reach(self.row + 1, self.column + self.columns - 1, self.where)
            if self.is_error or (self.is_formula and self.text.startswith(ERROR)):
                self.errors += [
                    (place, self.text or "an error")
                    for place in range(self.column, self.column + self.columns)
                ]
        self.column += self.columns
        self.text = ""

    def _close_row(self) -> None:
        is_used = self.row < self.facts.height
        if is_used:
            self.facts.reach(self.row + self.rows, 0, self.where)
            for row in range(self.row + 1, self.row + self.rows + 1):
                for column, text in self.errors:
                    self.facts.add_trouble(row, column, text)
        if self.is_hidden and len(self.facts.hidden_rows) + self.rows < MAX_ROWS:
            self.facts.hidden_rows.extend(range(self.row + 1, self.row + self.rows + 1))
        self.row += self.rows


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return int(text) if text.isdecimal() else 1
