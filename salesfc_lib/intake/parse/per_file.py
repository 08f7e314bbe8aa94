"""A column that comes from several files, each of which may be written in its own way.

Each file proves its own marks and its own order of day and month. A file that proves nothing
follows the others of its source where these all agree; otherwise its error names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.dates import Dates
from salesfc_lib.intake.parse.evidence import Undecidable, name_place
from salesfc_lib.intake.parse.fixed_point import rescale
from salesfc_lib.intake.parse.numbers import Numbers

Read = TypeVar("Read", Numbers, Dates)
Reader = Callable[
    [pa.ChunkedArray, str, str | None], Read
]  # column, file, and how it is written where the other files say so


def read_by_file(
    column: pa.ChunkedArray,
    codes: np.ndarray,
    files: Sequence[str],
    read: Reader[Read],
    numbers: np.ndarray | None = None,
) -> Read:
    """What `read` makes of each file's part of the column, in one; `codes` says which of `files`
    each row is from, `numbers` where it stands there.

    Raises
    ------
    SalesForecastError
        As `read` does, naming the file, and the row of the cell that it shows.
    """
    places = (
        [np.flatnonzero(codes == code) for code in range(len(files))]
        if len(files) > 1
        else [np.arange(len(codes))]
    )
    parts: dict[int, Read] = {}
    silent: dict[int, Undecidable] = {}
    columns = {
        code: column if len(place) == len(column) else column.take(pa.array(place))
        for code, place in enumerate(places)
    }
    rows = (
        {code: numbers[place] for code, place in enumerate(places)} if numbers is not None else {}
    )
    for code, part in columns.items():
        try:
            parts[code] = _read_named(part, files[code], read, rows.get(code))
        except Undecidable as problem:
            silent[code] = problem
    said = {part.written for part in parts.values() if part.written is not None}
    for code, error in silent.items():
        if len(said) != 1:
            raise error
        parts[code] = _read_named(
            columns[code], files[code], read, rows.get(code), written=next(iter(said))
        )
    return _join([(places[code], parts[code]) for code in sorted(parts)], len(column))


def _read_named(
    column: pa.ChunkedArray,
    file: str,
    read: Reader[Read],
    numbers: np.ndarray | None,
    *,
    written: str | None = None,
) -> Read:
    try:
        return read(column, file, written)
    except SalesForecastError as error:
        raise name_place(error, f"'{file}'", column, numbers) from error


def _join(parts: Sequence[tuple[np.ndarray, Read]], rows: int) -> Read:
    if len(parts) == 1:
        return parts[0][1]
    first = parts[0][1]
    said = pd.concat(
        [read.problems.set_axis(place[read.problems.index]) for place, read in parts]
    ).sort_index()
    rules = pd.concat(
        [read.rules.set_axis(place[read.rules.index]) for place, read in parts]
    ).sort_index()
    issues = [
        replace(issue, row=int(place[issue.row])) for place, read in parts for issue in read.issues
    ]
    written = {read.written for _, read in parts if read.written is not None}
    agreed = next(iter(written)) if len(written) == 1 else None
    shared = {"problems": said, "rules": rules, "issues": issues, "written": agreed}
    if isinstance(first, Dates):
        return first._replace(
            days=_scatter(((place, read[0]) for place, read in parts), rows), **shared
        )
    scale = max(read.scale for _, read in parts if isinstance(read, Numbers))
    units = _scatter(
        (
            (place, rescale(read.units, read.scale, scale))
            for place, read in parts
            if isinstance(read, Numbers)
        ),
        rows,
    )
    return first._replace(units=units, scale=scale, **shared)


def _scatter(parts: Iterator[tuple[np.ndarray, np.ndarray]], rows: int) -> np.ndarray:
    found = list(parts)
    kind = object if any(values.dtype == object for _, values in found) else found[0][1].dtype
    whole = np.empty(rows, dtype=kind)
    for place, values in found:
        whole[place] = values
    return whole
