"""A first look at an export: its headers and its first rows.

A file enters; headers, a sample and how to read it leave. The decision made here: the header is the first row, among the
first thirty, that fills the most columns with text, because exports begin with titles and dates of printing.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from salesfc_lib.errors import SalesForecastError

ENCODINGS = ("utf-8-sig", "utf-16", "gb18030", "cp1252")
DELIMITERS = ",;\t|"
HEADER_ROWS = 30  # title rows above a header
SAMPLE_ROWS = 50_000  # enough to see every member of a dimension, and the total under most workbooks
# words of rows that add up others; the longer first, because 'Subtotal' ends with 'total'
MARKERS = ("小计", "合计", "总计", "Grand total", "Subtotal", "Total")
EXCEL = (".xls", ".xlsx", ".xlsm", ".xlsb", ".ods")
DATABASES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True)
class Peek:
    """Headers, sample rows as text, the kind of source, the settings that reading it takes, and what else the file holds."""

    kind: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    settings: Mapping[str, str] = field(default_factory=dict)
    beside: Sequence[str] = ()  # other sheets or tables

    def members(self, header: str) -> int:
        """Number of different values of a column in the sample."""
        return len(set(self.column(header)) - {""})

    def column(self, header: str) -> list[str]:
        """A column's cells in the sample, without surrounding spaces."""
        place = list(self.headers).index(header)
        return [row[place].strip() if place < len(row) else "" for row in self.rows]

    def markers(self, own: Sequence[str]) -> list[str | None]:
        """For each row of the sample the word that makes it a subtotal, None for a row of the business.

        `own` are headers that a row of the business fills, e.g. its date: a row that fills them all is no subtotal.
        """
        kept = zip(*(self.column(header) for header in own), strict=True) if own else ((False,) for _ in self.rows)
        return [None if all(cells) else _find_marker(row) for row, cells in zip(self.rows, kept, strict=True)]

    def without(self, marks: Sequence[object]) -> Peek:
        """The same export without the rows that are marked, and without empty ones."""
        rows = [row for row, mark in zip(self.rows, marks, strict=True) if mark is None and any(cell.strip() for cell in row)]
        return replace(self, rows=rows)


def peek(path: Path) -> Peek:
    """Headers and first rows of an export: a workbook, an SQLite file, or text with columns.

    Raises `SalesForecastError` where the file is not what its ending says, or holds no row of headers.
    """
    look = _peek_workbook if path.suffix.lower() in EXCEL else _peek_database if path.suffix.lower() in DATABASES else _peek_text
    found = look(path)
    if not found.headers:
        raise SalesForecastError.unreadable_file(path, "it holds no row of headers", "Export it again, with headers")
    return found


def _peek_text(path: Path) -> Peek:
    for encoding in ENCODINGS:
        try:
            with path.open(encoding=encoding, newline="") as file:
                lines = list(islice(file, SAMPLE_ROWS))
        except UnicodeError:
            continue
        if "\0" not in "".join(lines[:HEADER_ROWS]):
            break
    else:
        raise SalesForecastError.unreadable_file(path, "it is not text in a known encoding", "Export it as CSV in UTF-8")
    delimiter = max(DELIMITERS, key=lambda mark: sum(line.count(mark) for line in lines[:HEADER_ROWS]))
    headers, rows = _split(list(csv.reader(lines, delimiter=delimiter)))
    return Peek("csv", headers, rows, {"encoding": encoding, "delimiter": delimiter})


def _peek_workbook(path: Path) -> Peek:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            sheets = {
                name: book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=SAMPLE_ROWS) for name in book.sheet_names
            }
    except (CalamineError, OSError) as error:
        raise SalesForecastError.unreadable_file(path, str(error), "Save it again from the spreadsheet program") from error
    found = {name: _split([[str(cell) for cell in row] for row in rows]) for name, rows in sheets.items()}
    if not found:
        raise SalesForecastError.unreadable_file(path, "it holds no sheet", "Export it again")
    sheet = max(found, key=lambda name: len(found[name][1]))
    return Peek("excel", *found[sheet], {"sheet": sheet}, [name for name in found if name != sheet and found[name][1]])


def _peek_database(path: Path) -> Peek:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
            names = [row[0] for row in base.execute("select name from sqlite_master where type in ('table', 'view') order by name")]
            counts = {name: base.execute(f"select count(*) from {_identifier(name)}").fetchone()[0] for name in names}
            if not counts:
                raise SalesForecastError.unreadable_file(path, "it holds no table", "Export it again")
            table = max(counts, key=lambda name: counts[name])
            cursor = base.execute(f"select * from {_identifier(table)} limit {SAMPLE_ROWS}")
            rows = [["" if cell is None else str(cell) for cell in row] for row in cursor]
            return Peek(
                "sql",
                [column[0] for column in cursor.description],
                rows,
                {"table": table},
                [name for name in names if name != table],
            )
    except sqlite3.Error as error:
        raise SalesForecastError.unreadable_file(path, str(error), "Give an SQLite file") from error


def _find_marker(row: Sequence[str]) -> str | None:
    cells = [cell.strip().rstrip(":：").rstrip().casefold() for cell in row]
    words = [(word, word.casefold()) for word in MARKERS]
    return next((word for word, folded in words if any(cell.startswith(folded) or cell.endswith(folded) for cell in cells)), None)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _split(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Headers, without trailing empty cells, and the rows below them."""
    filled = [sum(bool(cell.strip()) and not _is_number(cell) for cell in row) for row in rows[:HEADER_ROWS]]
    if not any(filled):
        return [], []
    place = filled.index(max(filled))
    headers = [cell.strip() for cell in rows[place]]
    while headers and not headers[-1]:
        headers.pop()
    return headers, [row[: len(headers)] for row in rows[place + 1 :]]


def _is_number(cell: str) -> bool:
    return cell.strip().replace(",", "").replace(".", "", 1).lstrip("-").isdigit()
