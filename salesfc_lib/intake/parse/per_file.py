"""Columns and files that may each be written in their own way.

Each proves its own decimal mark, or its own order of day and month. One that proves nothing follows
the others of its source where these all agree; otherwise its error names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.evidence import ParsedColumn, Undecidable, join_parts, name_place

Key = TypeVar("Key")
# column, file, and its notation where the other files say so
Reader = Callable[[pa.ChunkedArray, str, str | None], ParsedColumn]


def read_alike(
    readers: Mapping[Key, Callable[[str | None], ParsedColumn]],
) -> dict[Key, ParsedColumn]:
    """What each reader gives; one that proves no notation is called again with that of the others.

    Raises `Undecidable` where these do not agree.
    """
    parts: dict[Key, ParsedColumn] = {}
    unproved: dict[Key, Undecidable] = {}
    for key, read in readers.items():
        try:
            parts[key] = read(None)
        except Undecidable as problem:
            unproved[key] = problem
    notations = {part.notation for part in parts.values()} - {None}
    for key, error in unproved.items():
        if len(notations) != 1:
            raise error
        parts[key] = readers[key](next(iter(notations)))
    return {key: parts[key] for key in readers}


def read_by_file(
    column: pa.ChunkedArray,
    codes: np.ndarray,
    files: Sequence[str],
    read: Reader,
    numbers: np.ndarray | None = None,
) -> ParsedColumn:
    """What `read` makes of each file's part of the column, in one; `codes` says which of `files`
    each row is from, `numbers` where it stands there.

    Raises
    ------
    SalesForecastError
        As `read` does, naming the file, and the row of the cell that it shows.
    """
    places = [np.flatnonzero(codes == code) for code in range(len(files))]

    def read_file(code: int, notation: str | None) -> ParsedColumn:
        place, file = places[code], files[code]
        part = column if len(place) == len(column) else column.take(pa.array(place))
        try:
            return read(part, file, notation)
        except SalesForecastError as error:
            rows = None if numbers is None else numbers[place]
            raise name_place(error, f"'{file}'", part, rows) from error

    parts = read_alike({code: partial(read_file, code) for code in range(len(files))})
    return join_parts([(places[code], part) for code, part in parts.items()], len(column))
