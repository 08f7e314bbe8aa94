"""What an XLSX or XLSM file tells that its values do not: date system, hidden rows and columns, errors, empty and stale formulas.

A package enters; `SheetFacts` leave. The decision made here: a sheet's XML is first searched for the few marks that matter;
only a sheet that has one is parsed cell by cell, in pieces, with memory bounded. A formula is worked out where it looks at its own
row, the one above and the sheet's first rows (what stands over a table, as a rate), and only there.
"""

from __future__ import annotations

import posixpath
import re
import xml.parsers.expat

from salesfc_lib.intake.sources.formulas import (
    BLANK,
    UNKNOWN,
    Cell,
    Formula,
    Place,
    differs,
    read_column,
    work_out,
)
from salesfc_lib.intake.sources.header import SEARCHED
from salesfc_lib.intake.sources.package import Package
from salesfc_lib.intake.sources.sheet import STALE, SheetFacts

EMPTY = rb"\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
TROUBLE = tuple(
    map(
        re.compile,
        (
            rb"""hidden=["'](?:1|true|on)""",
            rb"""t=["']e["']""",  # an error
            rb"</f>",  # a formula
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
LONGEST = 8_192  # characters of a formula, as many as Excel allows
TRUE = {"1", "true", "on"}
MAIN = "xl/workbook.xml"


def scan_xlsx(package: Package, sheet: str) -> SheetFacts:
    """Facts of one sheet of a workbook."""
    book = _Book()
    package.parse(_find_main(package), book.parser())
    facts = SheetFacts(is_1904=book.is_1904)
    part = find_target(package, _find_main(package), book.sheets.get(sheet, ""))
    if part is not None and _matters(package, part, facts):
        package.parse(part, _Cells(facts, package.where, works_out=book.is_precise).parser())
    return facts


class _Book:
    """The date system, whether values are kept as precise as they are, and each sheet's relation id."""

    def __init__(self) -> None:
        self.is_1904 = False
        self.is_precise = True
        self.sheets: dict[str, str] = {}

    def parser(self) -> xml.parsers.expat.XMLParserType:
        parser = xml.parsers.expat.ParserCreate()
        parser.StartElementHandler = self._start
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "workbookPr":
            self.is_1904 = attributes.get("date1904", "") in TRUE
        elif local == "calcPr":
            self.is_precise = attributes.get("fullPrecision", "1") in TRUE
        elif local == "sheet":
            related = next(
                (
                    value
                    for key, value in attributes.items()
                    if key.rpartition(":")[2] == "id" and ":" in key
                ),
                "",
            )
            self.sheets[attributes.get("name", "")] = related


class _Cells:
    """Cells, rows and columns as expat meets them; formulas are compared with their cells at the end of each row."""

    def __init__(self, facts: SheetFacts, where: str, *, works_out: bool) -> None:
        self.facts, self.where, self.works_out = facts, where, works_out
        self.row = self.column = 0
        self.type, self.value, self.formula = "", "", ""
        self.has_formula = self.in_value = self.in_formula = False
        self.kind: dict[str, str] = {}  # attributes of the formula
        self.rows: dict[int, dict[int, Cell]] = {}  # the first rows, the last one and this one
        self.formulas: list[tuple[Place, Formula, str]] = []  # of this row, with what is stored
        self.shared: dict[str, Formula] = {}

    def parser(self) -> xml.parsers.expat.XMLParserType:
        parser = xml.parsers.expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._read
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._move(attributes.get("r"))
                self.type, self.value, self.has_formula, self.formula = (
                    attributes.get("t", "n"),
                    "",
                    False,
                    "",
                )
            case "v" | "is":
                self.in_value = True
            case "f":
                self.has_formula = self.in_formula = True
                self.kind = attributes
            case "row":
                place = attributes.get("r", "")
                self._begin(int(place) if place.isdecimal() else self.row + 1)
                if attributes.get("hidden") in TRUE:
                    self.facts.hidden_rows.append(self.row)
            case "col" if attributes.get("hidden") in TRUE:
                self.facts.hidden_columns.append(
                    (int(attributes["min"]) - 1, int(attributes["max"]) - 1)
                )

    def _begin(self, row: int) -> None:
        """A new row; where rows do not follow each other, nothing can be said of what was not seen yet."""
        self.works_out &= row > self.row
        if self.row - 1 > SEARCHED:
            self.rows.pop(self.row - 1, None)
        if self.row > SEARCHED and self.row != row - 1:
            self.rows.pop(self.row, None)
        self.row, self.column, self.rows[row] = row, -1, {}

    def _move(self, place: str | None) -> None:
        """To the place that the cell names, else to the next column."""
        match = CELL.fullmatch(place or "")
        self.row, self.column = (
            (int(match[2]), read_column(match[1])) if match else (self.row, self.column + 1)
        )

    def _read(self, text: str) -> None:
        if self.in_value and len(self.value) < 64:
            self.value += text[:64]
        elif self.in_formula and len(self.formula) < LONGEST:
            self.formula += text

    def _end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v" | "is":
                self.in_value = False
            case "f":
                self.in_formula = False
            case "c":
                self._close()
            case "row":
                self._compare()

    def _close(self) -> None:
        if self.value:
            self.facts.reach(self.row, self.column, self.where)
            if self.type == "e":
                self.facts.add_trouble(self.row, self.column, self.value)
            elif self.type == "n" and self.value.startswith("60") and (self.value + ".")[2] == ".":
                self.facts.leap.add((self.row, self.column))
        elif self.has_formula and self.type != "str":
            self.facts.add_trouble(self.row, self.column, STALE)
        if self.works_out and (self.value or self.has_formula):
            self._keep(Place(self.row, self.column))

    def _keep(self, place: Place) -> None:
        """The cell for the formulas that look at it, and its own formula, which others may share."""
        is_empty = not self.value and self.type != "str"
        self.rows.setdefault(place.row, {})[place.column] = (
            UNKNOWN if is_empty else Cell(self.type, self.value)
        )
        if not self.has_formula or self.kind.get("t", "normal") not in ("normal", "shared"):
            return
        name = self.kind.get("si", "")
        formula = Formula(self.formula, place) if self.formula else self.shared.get(name)
        if formula and self.formula and name:
            self.shared[name] = formula
        if formula and self.type == "n" and self.value and len(formula.text) < LONGEST:
            self.formulas.append((place, formula, self.value))

    def _compare(self) -> None:
        """Take note of this row's formulas whose stored value is not what their cells make."""
        for place, formula, stored in self.formulas if self.works_out else ():
            made = work_out(formula, place, self._look)
            if made and differs(stored, made):
                moved = "" if formula.home == place else " (filled down)"
                self.facts.stale[place] = (
                    f"{stored} where its formula {formula.text}{moved} makes {made.value:.15g}"
                )
        self.formulas = []

    def _look(self, place: Place) -> Cell:
        """A cell that was seen; one of a row that is not kept, or still to come, is unknown."""
        if (
            place.row == self.row
            or place.row == self.row - 1
            or place.row <= min(SEARCHED, self.row)
        ):
            return self.rows.get(place.row, {}).get(place.column, BLANK)
        return UNKNOWN


def _find_main(package: Package) -> str:
    """The workbook's own part: where the package's relations say, else where it usually is."""
    if MAIN in package or "_rels/.rels" not in package:
        return MAIN
    targets = _list_targets(package, "_rels/.rels")
    return next(
        (target for kind, target in targets.values() if kind.endswith("/officeDocument")), MAIN
    )


def find_target(package: Package, main: str, related: str) -> str | None:
    """The part that a relation of the workbook's own part leads to; None where there is none."""
    folder, name = posixpath.split(main)
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in package:
        return None
    _, target = _list_targets(package, relations).get(related, ("", ""))
    path = (
        target.lstrip("/")
        if target.startswith("/")
        else posixpath.normpath(posixpath.join(folder, target))
    )
    return path if target and path in package else None


def _list_targets(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """Type and target of each relation, by its id."""
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "Relationship":
            found[attributes.get("Id", "")] = (
                attributes.get("Type", ""),
                attributes.get("Target", ""),
            )

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
        if number == 0 and (
            b"\x00" in piece[:4] or not re.search(rb"<worksheet[\s>]", piece[:4096])
        ):
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
