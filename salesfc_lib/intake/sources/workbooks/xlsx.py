"""What an XLSX or XLSM sheet tells that its values do not: errors, empty formulas, what is hidden.

The sheet's XML is searched for the few patterns that matter; only a sheet that has one is parsed.
"""

from __future__ import annotations

import posixpath
import re
import xml.etree.ElementTree as ET
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.sources.workbooks.package import PIECE, Package

CELLS = 100_000_000  # cells from the first to the last in use that fit in memory (about 3 GB)
STALE = "="  # begins the text of a formula without a value
NO_VALUE = rb"\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
TELLING = (  # one by one: a pattern that begins with fixed bytes is searched ten times faster
    rb"""hidden=["'](?:1|true|on)""",
    rb"""t=["']e["']""",  # an error
    rb"</f>" + NO_VALUE,
    rb"<f\b[^>]*/>" + NO_VALUE,
    rb"""<c(?! r="[A-Z]{1,3}[0-9]{1,7}")[ />]""",  # a cell that does not begin with its place
    rb'r="[A-Z]{1,3}(?:[2-9]\d{6}|1[1-9]\d{5}|10[5-9]\d{4})',  # below the last row of a sheet
)
TROUBLE = tuple(map(re.compile, TELLING))
ZERO = "0"
UNCALCULATED = re.compile(rb"</f>\s*<v>0</v>")
WIDE = re.compile(rb'<c r="[A-Z]{2}')
PLACE = re.compile(rb'<c r="([A-Z]+)([0-9]+)')
CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
OVERLAP = 256  # bytes searched again, so that no pattern is cut in two
TRUE = {"1", "true", "on"}
MAIN = "xl/workbook.xml"


@dataclass
class SheetFacts:
    """Places are rows from 1 and columns from 0.

    `rows`, `columns`, `texts`: cells with an error, or with a formula without a value (its text
    begins with `STALE`); arrays, so that a million errors stay small. `height` and `width`: the
    last row and column in use. `hidden_columns`: first and last of each range. `is_new`: the
    workbook asks to be calculated when it is opened, as programs write one; formulas of a column
    that are all zero there have no value.
    """

    rows: array[int] = field(default_factory=lambda: array("l"))
    columns: array[int] = field(default_factory=lambda: array("l"))
    texts: list[str] = field(default_factory=list)
    hidden_rows: array[int] = field(default_factory=lambda: array("l"))
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    is_1904: bool = False
    is_new: bool = False
    height: int = 0
    width: int = 0

    def add_trouble(self, row: int, column: int, text: str) -> None:
        self.rows.append(row)
        self.columns.append(column)
        self.texts.append(text)

    def reach(self, row: int, column: int, where: str) -> None:
        """Note a cell in use. Raises `SalesForecastError` for a sheet that memory cannot hold."""
        if row <= self.height and column < self.width:
            return
        self.height, self.width = max(self.height, row), max(self.width, column + 1)
        if (cells := self.height * self.width) > CELLS:
            reach = f"row {self.height:,} and column {self.width:,}, {cells:,} cells"
            raise SalesForecastError.unreadable_file(
                where,
                f"its sheet reaches to {reach}",
                "Delete what stands far off the table, or export it as CSV or Parquet",
            )


def scan_xlsx(package: Package, sheet: str) -> SheetFacts:
    """Facts of one sheet of a workbook."""
    main = _find_main(package)
    related = ""
    facts = SheetFacts()
    for element in ET.parse(package.open(main)).iter():
        if local_name(element.tag) == "workbookPr":
            facts.is_1904 = element.get("date1904") in TRUE
        elif local_name(element.tag) == "calcPr":
            facts.is_new = element.get("fullCalcOnLoad") in TRUE
        elif local_name(element.tag) == "sheet" and element.get("name") == sheet:
            ids = (value for key, value in element.items() if key.endswith("}id"))
            related = next(ids, "")
    part = _find_target(package, main, related)
    if part is not None and _has_trouble(package, part, facts):
        _read_cells(package, part, facts)
    return facts


def _read_cells(package: Package, part: str, facts: SheetFacts) -> None:
    """Fill the facts from a sheet's cells, rows and columns."""
    row = column = 0
    kind, value, formula = "", "", ""
    formulas: list[tuple[int, int, str]] = []  # of a new workbook; '' where one has a value
    for event, element in package.parse(part):
        match event, local_name(element.tag):
            case "start", "row":
                number = element.get("r", "")
                row, column = int(number) if number.isdecimal() else row + 1, -1
                if element.get("hidden") in TRUE:
                    facts.hidden_rows.append(row)
            case "start", "col" if element.get("hidden") in TRUE:
                first, last = int(element.attrib["min"]) - 1, int(element.attrib["max"]) - 1
                facts.hidden_columns.append((first, last))
            case "start", "c":
                place = CELL.fullmatch(element.get("r", ""))
                row, column = (int(place[2]), read_column(place[1])) if place else (row, column + 1)
                kind, value, formula = element.get("t", "n"), "", ""
            case "end", "v" | "t":
                value += element.text or ""
            case "end", "f":
                formula = STALE + (element.text or "")
            case "end", "c" if value:
                facts.reach(row, column, package.where)
                if kind == "e":
                    facts.add_trouble(row, column, value)
                elif formula and facts.is_new:
                    formulas.append((row, column, formula if value == ZERO else ""))
            case "end", "c" if formula and kind != "str":
                facts.add_trouble(row, column, formula)
    _add_zeros(facts, formulas)


def _add_zeros(facts: SheetFacts, formulas: Sequence[tuple[int, int, str]]) -> None:
    """Add formulas (row, column, text; '' of one with another value) of columns that are all
    zero.
    """
    calculated = {column for _, column, text in formulas if not text}
    for row, column, text in formulas:
        if column not in calculated:
            facts.add_trouble(row, column, text)


def read_column(letters: str) -> int:
    """Column (from 0) by its letters.

    >>> read_column("A"), read_column("AB"), read_column("XFD")
    (0, 27, 16383)
    """
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def name_column(column: int) -> str:
    """Letters of a column (from 0).

    >>> name_column(0), name_column(27), name_column(16383)
    ('A', 'AB', 'XFD')
    """
    letters = ""
    while column >= 0:
        column, letter = divmod(column, 26)
        letters, column = chr(letter + 65) + letters, column - 1
    return letters


def local_name(name: str) -> str:
    """An element's or attribute's name without its namespace."""
    return name.rpartition("}")[2]


def _find_main(package: Package) -> str:
    """The workbook's own part: where the package's relations say, else where it usually is."""
    if MAIN in package or "_rels/.rels" not in package:
        return MAIN
    relations = ET.parse(package.open("_rels/.rels")).getroot()
    found = (at for at in relations if at.get("Type", "").endswith("/officeDocument"))
    return next((at.get("Target", "") for at in found), MAIN)


def _find_target(package: Package, main: str, related: str) -> str | None:
    """The part that a relation of the workbook's own part leads to; None where there is none."""
    folder, name = posixpath.split(main)
    part = f"{folder}/_rels/{name}.rels"
    if part not in package:
        return None
    relations = ET.parse(package.open(part)).getroot()
    found = (at.get("Target", "") for at in relations if at.get("Id") == related)
    target = next(found, "")
    path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
    return path if target and path in package else None


def _has_trouble(package: Package, part: str, facts: SheetFacts) -> bool:
    """Whether a sheet has more than plain values; if not, its size is noted beyond 26 columns.

    XML that programs do not usually write (wide characters, prefixes) counts as more.
    """
    tail = b""
    for number, piece in enumerate(iter(partial(package.open(part).read, PIECE), b"")):
        top = piece[:4096]
        if number == 0 and (b"\x00" in top[:4] or not re.search(rb"<worksheet[\s>]", top)):
            return True
        text = tail + piece
        end = text.rfind(b">") + 1
        patterns = (*TROUBLE, UNCALCULATED) if facts.is_new else TROUBLE
        if not end or any(pattern.search(text, 0, end) for pattern in patterns):
            return True
        if WIDE.search(text):
            for letters, digits in set(PLACE.findall(text, 0, end)):
                facts.reach(int(digits), read_column(letters.decode("ascii")), package.where)
        tail = text[max(0, end - OVERLAP) :]
    return False
