"""What reading a column of text leaves beside its values: which rules read it, and what could not
be read.

What was found of each distinct text enters; sparse columns by row position leave:
evidence by rule and column, problems by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.parse.numbers.fixed_point import rescale

BLANK = "is blank"
UNREADABLE = "unreadable"
SHOWN = 40  # characters of a text in a problem or an example


class Unreadable(ValueError):
    """A text that is no value: why, the rule that says so, and `rules` that were used to tell."""

    def __init__(self, why: str, rule: str = UNREADABLE, rules: tuple[str, ...] = ()):
        super().__init__(why)
        self.rule, self.rules = rule, rules


class Undecidable(SalesForecastError):
    """Nothing in a column proves how it is written; other columns or files of its source may.
    `cell` is one that could be read in two ways."""

    cell = ""

    @classmethod
    def of_cell(cls, cell: str, wrong: str, *, expected: str, do: str) -> Undecidable:
        """Error for a cell that may be read in two ways: `wrong` says which."""
        error = cls(str(cls.of(f"'{cell}' {wrong}", expected, do)))
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
        place = place if found is None else f"{place}, row {numbers[found]}"
    return reword(error, f"{place}: {error}")


def reword(error: SalesForecastError, text: str) -> SalesForecastError:
    """An error of the same kind that says this."""
    named = type(error)(text)
    vars(named).update(vars(error))
    return named


class ParsedColumn(NamedTuple):
    """Values of a column of text by row, and what was found on the way.

    `values` (n_rows,) are days (datetime64[ns], NaT where there is a problem), or numbers as units
    of 10**-`scale`: int64, or Python ints where that does not suffice; 0 where there is a problem.
    """

    values: np.ndarray
    problems: pd.Series  # text by row position, only rows that have one
    rules: pd.Series  # rule by row position, beside `problems`
    issues: list[Issue]  # rules that read cells; `row` is the first position
    notation: str | None = None  # decimal mark, or order of a day, if declared or proved
    scale: int = 0


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
    if not pa.types.is_dictionary(whole.type):
        return whole, Places()
    codes = whole.indices.to_numpy(zero_copy_only=False)
    used = np.zeros(len(whole.dictionary), dtype=bool)
    used[codes] = True
    if used.all():
        return whole.dictionary, Places(codes)
    return whole.dictionary.filter(pa.array(used)), Places((np.cumsum(used) - 1)[codes])


def place_problems(
    places: Places, texts: pa.Array, cells: np.ndarray, explain: Callable[[int], Unreadable]
) -> tuple[pd.Series, pd.Series]:
    """Problem and rule of each row that has one, by row position.

    `cells` are those that cannot be read, ascending; `explain` says why, and is asked once for
    each distinct text.
    """
    encoded = texts.take(pa.array(cells)).dictionary_encode()
    codes = encoded.indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    why = [explain(int(cell)) for cell in cells[first]]
    quoted = [
        BLANK if str(each) == BLANK else f"'{text.strip()[:SHOWN]}' {each}"
        for text, each in zip(encoded.dictionary.to_pylist(), why, strict=True)
    ]
    rows, which = places.rows(cells)
    problems, rules = (
        pd.Series(np.array(each, dtype=object)[codes[which]], pd.Index(rows, dtype="int64"), object)
        for each in (quoted, [each.rule for each in why])
    )
    return problems, rules


def find_used(rules: Sequence[Sequence[str]], codes: np.ndarray) -> dict[str, np.ndarray]:
    """Cells that each rule was used for, as masks; `codes` are places in `rules`."""
    coded: dict[str, list[int]] = {}
    for code, names in enumerate(rules):
        for name in names:
            coded.setdefault(name, []).append(code)
    return {name: np.isin(codes, wanted) for name, wanted in coded.items()}


def report_rules(
    places: Places, texts: pa.Array, used: Mapping[str, np.ndarray], reasons: Mapping[str, str]
) -> list[Issue]:
    """What each rule read, by its name, given the cells as masks."""
    issues = []
    for rule, mask in sorted(used.items()):
        rows, which = places.rows(np.flatnonzero(mask))
        if len(rows):
            example = texts[int(np.flatnonzero(mask)[which[0]])].as_py().strip()[:SHOWN]
            reason = reasons[rule]
            issues.append(Issue(rule, reason, int(rows[0]), len(rows), "read", example=example))
    return issues


def scatter(parts: Sequence[tuple[Any, np.ndarray]], rows: int) -> np.ndarray:
    """Values of all rows, given the places and values of parts; zero or NaT where none is."""
    if len(parts) == 1 and len(parts[0][1]) == rows:
        return parts[0][1]
    is_large = any(values.dtype == object for _, values in parts)
    kind = object if is_large else parts[0][1].dtype
    blank = np.datetime64("NaT", "ns") if parts[0][1].dtype.kind == "M" else 0
    whole = np.full(rows, blank, dtype=kind)
    for place, values in parts:
        whole[place] = values
    return whole


def join_parts(parts: Sequence[tuple[np.ndarray, ParsedColumn]], rows: int) -> ParsedColumn:
    """One column of parts, given the rows of each (ascending)."""
    if len(parts) == 1 and len(parts[0][0]) == rows:
        return parts[0][1]
    scale = max(part.scale for _, part in parts)
    values = [(place, rescale(part.values, part.scale, scale)) for place, part in parts]
    problems, rules = (
        pd.concat([each.set_axis(place[each.index]) for place, each in pairs]).sort_index()
        for pairs in (
            [(place, part.problems) for place, part in parts],
            [(place, part.rules) for place, part in parts],
        )
    )
    issues = [replace(each, row=int(at[each.row])) for at, part in parts for each in part.issues]
    notations = {part.notation for _, part in parts} - {None}
    agreed = notations.pop() if len(notations) == 1 else None
    return ParsedColumn(scatter(values, rows), problems, rules, issues, agreed, scale)
