"""A guard for ODS files, which write repeated rows and cells as counts that calamine unfolds."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from salesfc_lib.intake.sources.workbooks.package import Package
from salesfc_lib.intake.sources.workbooks.xlsx import SheetFacts, local_name


def refuse_large(package: Package) -> None:
    """Raise `SalesForecastError` for a document with a sheet that memory cannot hold."""
    row = column = rows = 0
    facts = SheetFacts()
    for event, element in package.parse("content.xml"):
        match event, local_name(element.tag):
            case "start", "table":
                facts, row = SheetFacts(), 0
            case "start", "table-row":
                rows, column = _count(element, "number-rows-repeated"), 0
            case "start", "table-cell" | "covered-table-cell":
                column += _count(element, "number-columns-repeated")
                if any(local_name(key) == "value-type" for key in element.attrib):
                    facts.reach(row + rows, column - 1, package.where)
            case "end", "table-row":
                row += rows


def _count(element: ET.Element, name: str) -> int:
    found = (text for key, text in element.items() if local_name(key) == name)
    text = next(found, "1")
    return int(text) if text.isdecimal() else 1
