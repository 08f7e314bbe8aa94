"""What a sheet tells besides its values: hidden rows and columns, cells that hold an error, dates of 1904.

Nothing enters; the shape that each format's scanner fills is defined here. The decision: places are plain numbers in
arrays, so that a sheet of a million errors stays small.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from salesfc_lib.errors import SalesForecastError

CELLS = (
    100_000_000  # cells between the first and the last in use that memory has room for (about 3 GB)
)
STALE = "formula without a value"
ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # [MS-XLS] 2.5.10


@dataclass
class SheetFacts:
    """Places are 1-based rows and columns from 0.

    `rows`, `columns`, `texts`: cells with an error, or a formula without a value (`STALE`), in the sheet's order.
    `stale`: cells whose stored number is not what their formula makes, and how they differ (XLSX only). `leap`: cells with the serial number 60, which Excel shows as 29 February 1900 (XLSX only). `height` and `width` are the last
    row and column in use, where counted.
    """

    rows: array[int] = field(default_factory=lambda: array("l"))
    columns: array[int] = field(default_factory=lambda: array("l"))
    texts: list[str] = field(default_factory=list)
    hidden_rows: array[int] = field(default_factory=lambda: array("l"))
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)  # first and last
    stale: dict[tuple[int, int], str] = field(default_factory=dict)
    leap: set[tuple[int, int]] = field(default_factory=set)
    is_1904: bool = False
    height: int = 0
    width: int = 0

    def add_trouble(self, row: int, column: int, text: str) -> None:
        self.rows.append(row)
        self.columns.append(column)
        self.texts.append(text)

    def reach(self, row: int, column: int, where: str) -> None:
        """Take note of a cell in use; raises where the sheet is too large for memory."""
        if row > self.height or column >= self.width:
            self.height, self.width = max(self.height, row), max(self.width, column + 1)
            if self.height * self.width > CELLS:
                raise SalesForecastError.unreadable_file(
                    where,
                    f"its sheet reaches to row {self.height:,} and column {self.width:,}, {self.height * self.width:,} cells",
                    "Delete what stands far off the table, or export it as CSV or Parquet",
                )
