"""A case's records as sheets of a workbook.

Records enter; XLSX bytes leave, with the sheet row of each record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from defects.feeds import HEADERS
from defects.truth import Record
from demo_company import workbook
from demo_company.workbook import Formula, column_letter


@dataclass(frozen=True)
class Sheet:
    """One sheet to be written.

    `merged` are ranges (first row, last row, column from 0); `hidden_columns` count from 0; `last`
    is the row of the last record, where blank rows stand above it. `{row}` in a formula stands for
    the row's number.
    """

    name: str
    records: Sequence[Record]
    headers: Mapping[str, str] = field(default_factory=lambda: dict(HEADERS))
    above: Sequence[Sequence[str]] = ()
    merged: Sequence[tuple[int, int, int]] = ()
    hidden_columns: frozenset[int] = frozenset()
    hidden: bool = False
    last: int = 0

    def number_rows(self) -> list[int]:
        """The row of each record."""
        rows = [len(self.above) + 2 + place for place in range(len(self.records))]
        return [*rows[:-1], self.last] if self.last else rows


def typed(record: Record) -> dict[str, Any]:
    """The record's cells as a spreadsheet holds them: dates and numbers by their type, all else as
    text.
    """
    if record.line is None:
        return dict(record.cells)
    return {
        **record.cells,
        "date": record.line.date,
        "quantity": record.line.quantity,
        "amount": record.line.amount,
    }


def write_workbook(
    sheets: Sequence[Sheet], *, from_1904: bool = False
) -> tuple[bytes, list[list[int]]]:
    """The workbook's bytes, and for each sheet the row of each record."""
    content = workbook.write_workbook(list(map(_lay_out, sheets)), is_1904=from_1904)
    return content, [sheet.number_rows() for sheet in sheets]


def _lay_out(sheet: Sheet) -> workbook.Sheet:
    numbers = sheet.number_rows()
    rows = dict(enumerate([*sheet.above, list(sheet.headers.values())], 1))
    for number, record in zip(numbers, sheet.records, strict=True):
        rows[number] = [_value(record.cells.get(name), number) for name in sheet.headers]
    return workbook.Sheet(
        sheet.name,
        {number: [None if value == "" else value for value in row] for number, row in rows.items()},
        [
            f"{column_letter(column)}{first}:{column_letter(column)}{last}"
            for first, last, column in sheet.merged
        ],
        {number for number, record in zip(numbers, sheet.records, strict=True) if record.hidden},
        sheet.hidden_columns,
        sheet.hidden,
    )


def _value(value: Any, row: int) -> Any:
    return replace(value, text=value.text.format(row=row)) if isinstance(value, Formula) else value
