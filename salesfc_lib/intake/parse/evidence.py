"""What reading a column of text leaves beside its values: which rules read it, and what could not
be read.

What was found of each distinct text enters; sparse columns by row position leave:
evidence by rule and column, problems by row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.issues import Issue

BLANK = "is blank"
UNREADABLE = "unreadable"
SHOWN = 40  # characters of a text in a problem or an example


class Unreadable(ValueError):
    """A text that is no value: why, and the rule that says so."""

    def __init__(self, why: str, rule: str = UNREADABLE):
        super().__init__(why)
        self.rule = rule


class Undecidable(SalesForecastError):
    """Nothing in a column proves how it is written; other columns or files of its source may.
    `cell` is one that could be read in two ways."""

    cell = ""

    @classmethod
    def of(cls, cell: str, wrong: str, *, expected: str, do: str) -> Undecidable:
        """Error for a cell that may be read in two ways: `wrong` says which."""
        error = cls(str(cls.say(f"'{cell}' {wrong}", expected, do)))
        error.cell = cell
        return error


def name_place(
    error: SalesForecastError, place: str, column: pa.ChunkedArray, numbers: np.ndarray | None
) -> SalesForecastError:
    """The error with the place where it is wrong in front: a file or a column of it, and the row of
    the cell that it shows.

    `numbers` are the rows' numbers in the file (n_rows,).
    """
    cell = getattr(error, "cell", "")
    if cell and numbers is not None:
        texts = column.cast(pa.string())
        shown = [pc.equal(pc.utf8_trim_whitespace(texts), cell), pc.match_substring(texts, cell)]
        found = next(
            (at for at in (pc.index(each, True).as_py() for each in shown) if at >= 0), None
        )
        place += "" if found is None else f", row {numbers[found]}"
    return prefix(error, f"{place}: ")


def prefix(error: SalesForecastError, words: str) -> SalesForecastError:
    """An error of the same kind, with these words in front."""
    named = type(error)(f"{words}{error}")
    if isinstance(error, Undecidable) and isinstance(named, Undecidable):
        named.cell = error.cell
    return named


class Places:
    """Where each of a column's cells stands: in its own row, or in every row whose code names
    it.
    """

    def __init__(self, codes: np.ndarray | None = None):
        self.codes = codes

    def rows(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row positions, ascending, of cells (their numbers, ascending), and which of `cells`
        stands there.
        """
        if self.codes is None or not len(cells):
            return cells, np.arange(len(cells))
        place = np.full(max(int(self.codes.max(initial=0)), int(cells[-1])) + 1, -1, dtype=np.int64)
        place[cells] = np.arange(len(cells))
        found = place[self.codes]
        rows = np.flatnonzero(found >= 0)
        return rows, found[rows]

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Value of each row, given that of each cell."""
        return values if self.codes is None or not len(values) else values[self.codes]


def list_cells(column: pa.ChunkedArray) -> tuple[pa.Array, Places]:
    """Texts to be read, each row's or the distinct ones that rows use, and where they stand."""
    whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], pa.string())
    if not pa.types.is_dictionary(whole.type):
        return whole, Places()
    codes = whole.indices.to_numpy(zero_copy_only=False)
    used = np.zeros(len(whole.dictionary), dtype=bool)
    used[codes] = True
    if used.all():
        return whole.dictionary, Places(codes)
    return whole.dictionary.filter(pa.array(used)), Places((np.cumsum(used) - 1)[codes])


def quote_problem(text: str, why: str) -> str:
    """The problem of a text, as people read it."""
    return BLANK if why == BLANK else f"'{text.strip()[:SHOWN]}' {why}"


def place_problems(
    places: Places,
    cells: np.ndarray,
    codes: np.ndarray,
    texts: Sequence[str],
    unread: Sequence[Unreadable | None],
) -> tuple[pd.Series, pd.Series]:
    """Problem and rule of each row that has one, by row position.

    `cells` are numbers, ascending; `codes` says which of the distinct `texts` each of them is,
    `unread` what is wrong with each text.
    """
    wrong = np.array([problem is not None for problem in unread], dtype=bool)[codes]
    said = np.array(
        [
            problem and quote_problem(text, str(problem))
            for text, problem in zip(texts, unread, strict=True)
        ],
        dtype=object,
    )
    named = np.array([problem and problem.rule for problem in unread], dtype=object)
    rows, which = places.rows(cells[wrong])
    index, of_row = pd.Index(rows, dtype="int64"), codes[wrong][which]
    return pd.Series(said[of_row], index=index, dtype=object), pd.Series(
        named[of_row], index=index, dtype=object
    )


def report_rule(
    places: Places, texts: pa.Array, cells: np.ndarray, rule: str, reason: str
) -> Issue:
    """What a rule read, given the numbers of the cells, ascending."""
    rows, which = places.rows(cells)
    example = texts[int(cells[which[0]])].as_py().strip()[:SHOWN]
    return Issue(rule, reason, int(rows[0]), len(rows), "read", example=example)
