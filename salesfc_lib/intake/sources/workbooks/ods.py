"""A guard for ODS files, which write repeated rows and cells as counts that calamine unfolds."""

from __future__ import annotations

import xml.parsers.expat

from salesfc_lib.intake.sources.workbooks.package import Package
from salesfc_lib.intake.sources.workbooks.xlsx import SheetFacts

CELLS = {"table:table-cell", "table:covered-table-cell"}


def refuse_large(package: Package) -> None:
    """Raise `SalesForecastError` for a document with a sheet that memory cannot hold."""
    row = column = rows = 0
    has_value = False
    facts = SheetFacts()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal facts, row, column, rows, has_value
        if name == "table:table":
            facts, row = SheetFacts(), 0
        elif name == "table:table-row":
            rows = _count(attributes, "table:number-rows-repeated")
            column, has_value = 0, False
        elif name in CELLS:
            column += _count(attributes, "table:number-columns-repeated")
            if "office:value-type" in attributes:
                has_value = True
                facts.reach(row + 1, column - 1, package.where)

    def end(name: str) -> None:
        nonlocal row
        if name == "table:table-row":
            row += rows
            if has_value:
                facts.reach(row, 0, package.where)

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    package.parse("content.xml", parser)


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return int(text) if text.isdecimal() else 1
