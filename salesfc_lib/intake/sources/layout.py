"""From a grid of text to rows: repeated headers, subtotals, merged cells, other units' rows.

A row is marked and never dropped, so that cleaning can account for it: `mark` is '' for a row of
the business, 'subtotal' or 'header' for one that only looks like it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.header import header_of, list_renamed, name_columns
from salesfc_lib.intake.sources.row_marks import (
    PLAIN,
    apply_rule,
    as_column,
    equals,
    is_blank,
    mark_rows,
)
from salesfc_lib.intake.sources.text_columns import compact, constant, join

ROW, FILE, MARK = "row", "file", "mark"
RESERVED = {ROW, FILE, MARK}
ROW_LIMITS = (65_536, 1_048_576)  # rows of a sheet: Excel to 2003, and since


@dataclass(frozen=True)
class Grid:
    """Rows below the header, as text.

    `cells` has one text column per cell of the header, in its order (the names of its columns mean
    nothing; no null: a blank cell is ''). `numbers` (n_rows,) are the rows' places in the file
    (from 1), ascending; `merged` are cells (row number, column from 0) that a merged cell above
    covers, or None where the kind of file does not say; `above` are the rows above the header;
    `is_1904`: serial numbers of days count from 1904; `dialect` is what stands between fields, in
    words; `trailer` is what the file's own last line says of it (see `trailer`).
    """

    header: list[str]
    numbers: np.ndarray
    cells: pa.Table
    rejected: list[Issue] = field(default_factory=list)
    encoding: str | None = None
    merged: frozenset[tuple[int, int]] | None = None
    issues: list[Issue] = field(default_factory=list)
    above: list[list[str]] = field(default_factory=list)
    dialect: str | None = None
    trailer: dict[str, str] | None = None
    is_1904: bool = False

    @property
    def titles(self) -> list[str]:
        """Texts of the rows above the header, blank rows left out."""
        texts = (" ".join(cell.strip() for cell in row if cell.strip()) for row in self.above)
        return [text for text in texts if text]


def exported(header: str) -> str:
    """Column of an `Extract` that holds the export's column `header`; three names are ours."""
    return f"{header} (export)" if header in RESERVED else header


def lay_out(grid: Grid, source: Source, where: str, file: str) -> tuple[pa.Table, list[Issue]]:
    """Rows of the grid as text columns with `row`, `file` and `mark`, and issues.

    Merged cells are filled. A column is named as in the export, a needed one by the first of the
    headers that the source lists for it.
    """
    names = name_columns(grid.header, source, where)
    columns = [compact(column) for column in grid.cells.columns]
    table = pa.Table.from_arrays(columns, names=[exported(name) for name in names])
    ours = {name: exported(header) for name, header in source.columns.items()}
    codes = mark_rows(table, grid.header, source, ours)
    issues = []
    if count := len(grid.titles):
        shown = shorten(grid.titles, 5)
        text = f"{count} rows above the header: {shown}"
        text = text if count > 1 else f"1 row above the header: {shown}"
        issues.append(Issue("title_rows", text, 1))
    renamed = list_renamed(grid.header, names, source)
    if pairs := "; ".join(f"'{cell}' is read as '{name}'" for cell, name in renamed.items()):
        issues.append(Issue("renamed_column", f"the column {pairs}"))
    for name in source.fill_down:
        header = header_of(source, name)
        place = names.index(header)
        filled, count = fill_from_above(columns[place], codes, grid, names, place)
        if count:
            table = table.set_column(place, exported(header), filled)
            why = f"{count} blank cells of '{header}' were filled with the text above them"
            issues.append(Issue("filled_down", why))
    numbers = pa.array(np.asarray(grid.numbers, dtype=np.int64))
    table = table.append_column(ROW, numbers).append_column(FILE, constant(file, table.num_rows))
    return table.append_column(MARK, as_column(codes)), issues


def is_plain(table: pa.Table) -> np.ndarray:
    """Rows of the business: those without a mark (n_rows,)."""
    return np.asarray(pc.equal(table[MARK], ""))


def split_where(table: pa.Table, source: Source) -> tuple[pa.Table, pa.Table]:
    """Rows that `where` chooses, and the other units' rows.

    A marked row has no values of its own to choose it by: it goes with the row above it.
    """
    if not source.where:
        return table, table.slice(0, 0)
    mine = np.ones(table.num_rows, dtype=bool)
    for header, value in source.where.items():
        mine &= apply_rule(table[exported(header)], equals(value))
    plain = is_plain(table)
    if not plain.all():
        above = np.maximum.accumulate(np.where(plain, np.arange(len(plain)), -1))
        mine = np.where(above < 0, True, mine[above])
    return table.filter(pa.array(mine)), table.filter(pa.array(~mine))


def find_last(grid: Grid) -> int:
    """Place of the last row in use, rejected ones included; 0 where there is none."""
    return max([0, *grid.numbers[-1:].tolist(), *(item.row for item in grid.rejected)])


def refuse_row_limit(last: int, where: str) -> None:
    """Raise if the last row in use is the last of a spreadsheet: what came after it is lost."""
    if last in ROW_LIMITS:
        raise SalesForecastError.of(
            f"'{where}' ends at row {last:,}, the last that a sheet of this kind can hold "
            "(row_limit): rows after it are probably lost",
            "An export that ends before the limit",
            "Export it as CSV or Parquet, or in parts (a file a month, and a pattern as `path`)",
        )


def fill_from_above(
    column: pa.ChunkedArray, codes: np.ndarray, grid: Grid, names: Sequence[str], place: int
) -> tuple[pa.ChunkedArray, int]:
    """The column at a place with its blank cells filled from the next cell above with text, and how
    many were.

    Blank cells count that a merged cell covers, or all where the column has none merged. Rows that
    were set aside head the rows below them all the same.
    """
    texts = {
        at.row: at.content.get(names[place], "")
        for at in grid.rejected
        if isinstance(at.content, dict)
    }
    lost = {row: texts[row] for row in sorted(texts) if texts[row].strip()}
    above = _find_filled(column, codes, grid, place, [*lost])
    count = int((above != np.arange(len(above))).sum())
    if not count:
        return column, 0
    whole = join([column, pa.chunked_array([pa.array(lost.values(), pa.string())])])
    return compact(whole.take(pa.array(above))), count


def _find_filled(
    column: pa.ChunkedArray, codes: np.ndarray, grid: Grid, place: int, lost: list[int]
) -> np.ndarray:
    """Place that each row's cell is taken from (n_rows,).

    `lost` are the numbers of rows with text that were set aside; their places begin with
    `len(column)`.
    """
    plain = codes == PLAIN
    has_text = ~apply_rule(column, is_blank)
    rows = np.arange(len(plain))
    blank = ~has_text & plain
    covered = [row for row, at in grid.merged if at == place] if grid.merged else []
    if covered:
        blank &= np.isin(grid.numbers, np.array(covered, dtype=np.int64))
    # a blank cell that none covers ends the text above it: it heads a merged cell without text
    above = np.maximum.accumulate(np.where(plain & ~blank, rows, -1))
    if lost:
        last = np.searchsorted(lost, grid.numbers) - 1
        is_nearer = np.array(lost)[last] > np.where(above < 0, 0, grid.numbers[above])
        above = np.where((last >= 0) & is_nearer, len(rows) + last, above)
    return np.where(blank & (above >= 0), above, rows)
