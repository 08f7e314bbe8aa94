"""A table in an HTML page, which many systems save under the name of a workbook (.xls).

The table whose rows hold the header is read; a row is known by its number in it. A cell that spans
rows covers those below it, as a merged cell of a workbook does.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import reject
from salesfc_lib.intake.sources.header import (
    SEARCHED,
    find_header,
    header_of,
    name_columns,
    require_header,
)
from salesfc_lib.intake.sources.layout import Grid, refuse_row_limit
from salesfc_lib.intake.sources.text.encodings import decode_whole
from salesfc_lib.intake.sources.text.unnamed_fields import name_fields, note_unnamed
from salesfc_lib.intake.sources.text_columns import text_table

DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
SILENT = {"script", "style", "head", "title"}
MOST_CELLS = 20_000_000  # cells that a page may span: more is made to fill the memory
MOST_SPAN = 1_000  # columns that a cell may span, as browsers have it
Row = list[str]


def read_html(content: bytes, source: Source, where: str) -> Grid:
    """Rows of the page's table below its header.

    Raises `SalesForecastError` for bytes that are not in the page's encoding, and a page without
    the header.
    """
    encoding, text = decode_page(content, source.encoding, where)
    tables = read_tables(text, where)
    with_header = (table for table in tables if find_header(table.rows, source) is not None)
    table = next(with_header, None) or max(tables, key=lambda each: len(each.rows), default=None)
    if table is None:
        raise SalesForecastError.unreadable_file(
            where,
            "it is an HTML page without a table, perhaps the message of a system",
            "Open it in a browser; export it again",
        )
    return _lay(table, source, where, encoding)


class Table:
    """Rows of cells, and the cells (row from 1, column from 0) that one above spans."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.covered: dict[tuple[int, int], None] = {}
        self.spans: dict[int, int] = {}  # column: how many rows further down it is covered


class Tables(HTMLParser):
    """Collects the rows of each table; a table within a cell is text of that cell."""

    def __init__(self, where: str) -> None:
        super().__init__(convert_charrefs=True)
        self.where, self.tables, self.depth, self.cells = where, list[Table](), 0, 0
        self.parts: list[str] | None = None
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        self.depth += tag == "table"
        if self.depth > 1 or (tag == "br" and self.parts is not None):
            if tag in ("br", "td", "th", "tr") and self.parts is not None:
                self.parts.append(" ")
            return
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr" and self.depth:
            self._close_cell()
            self._open_row()
        elif tag in ("td", "th") and self.depth:
            self._close_cell()
            if not self.tables[-1].rows:
                self._open_row()
            self.parts, self.attributes = [], dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT and self.silent > 0
        if self.depth == 1 and tag in ("td", "th", "tr", "table"):
            self._close_cell()
        self.depth -= tag == "table" and self.depth > 0

    def handle_data(self, data: str) -> None:
        if self.parts is not None and not self.silent:
            self.parts.append(data)

    def _open_row(self) -> None:
        self.tables[-1].rows.append([])
        self._cover()

    def _cover(self) -> None:
        """Blank cells where one from above spans the place at hand."""
        table, row = self.tables[-1], self.tables[-1].rows[-1]
        while table.spans.get(len(row), 0) > 0:
            table.spans[len(row)] -= 1
            table.covered[len(table.rows), len(row)] = None
            row.append("")

    def _close_cell(self) -> None:
        if self.parts is None:
            return
        table, row = self.tables[-1], self.tables[-1].rows[-1]
        down, across = (_count(self.attributes.get(name)) for name in ("rowspan", "colspan"))
        for text in (" ".join("".join(self.parts).split()), *[""] * (min(across, MOST_SPAN) - 1)):
            if down > 1:
                table.spans[len(row)] = down - 1
            row.append(text)
        self.cells += across
        if self.cells + len(table.covered) > MOST_CELLS:
            raise SalesForecastError.unreadable_file(
                self.where,
                f"it is an HTML page of more than {MOST_CELLS:,} cells",
                "Export it as CSV or XLSX",
            )
        self.parts = None
        self._cover()


def read_tables(text: str, where: str) -> list[Table]:
    """The page's tables, in order."""
    parser = Tables(where)
    parser.feed(text)
    parser.close()
    return parser.tables


def _lay(table: Table, source: Source, where: str, encoding: str) -> Grid:
    """The table's rows below its header; those of another width are set aside."""
    refuse_row_limit(len(table.rows), where)
    at, _ = require_header(table.rows, source, where)
    below = [row for row in table.rows[at + 1 : at + SEARCHED] if any(row)]
    header = name_fields(table.rows[at], below, source)
    names = name_columns(header, source, where)
    width, misfit = len(header), f"cells where the header has {len(header)}"
    numbers, rows, rejected = [], [], []
    for number, row in enumerate(table.rows[at + 1 :], start=at + 2):
        if any(row[width:]):
            why = f"it has {len(row)} {misfit}"
            rejected.append(reject(number, "misfit", why, "\t".join(row)))
        elif any(row):
            numbers.append(number)
            rows.append([*row[:width], *[""] * (width - len(row))])
    filled = {names.index(header_of(source, name)) for name in source.fill_down}
    return Grid(
        header,
        np.array(numbers, dtype=np.int64),
        text_table(width, rows),
        rejected,
        encoding,
        merged=frozenset(cell for cell in table.covered if cell[1] in filled),
        above=table.rows[:at],
        issues=note_unnamed(table.rows[at], header, at + 2),
    )


def decode_page(content: bytes, declared: str | None, where: str) -> tuple[str, str]:
    """Encoding and text of a page: the page's own encoding first, then the declared one, UTF-8."""
    own = DECLARED.search(content[:4096])
    page = own.group(1).decode("ascii").lower() if own else ""
    page = {"gb2312": "gb18030", "gbk": "gb18030"}.get(page, page)
    return decode_whole(content, [page, declared, "utf-8"], where, "it is an HTML page in")


def _count(text: str | None) -> int:
    """The number of rows or columns that an attribute says a cell spans."""
    is_number = text and text.isascii() and text.isdigit() and int(text)
    return min(int(text), 1_048_576) if text and is_number else 1
