"""Subtotals are proven before they are dropped.

An extract with marked rows enters; nothing leaves but the proof, or an error that names the row. The decision made here: a
subtotal must equal, in every figure it shows, the rows above it back to the start or to an earlier subtotal. That covers
subtotals, totals of subtotals and the grand total without being told which is which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake import (
    FILE,
    MARK,
    ROW,
    Convention,
    Extract,
    encode,
    exported,
    map_texts,
    name_place,
    read_numbers,
    rescale,
    round_half_even,
    stack,
)

Figures = tuple[
    int | None, ...
]  # quantity and amount in smallest units; None where the cell shows none


def check_subtotals(source: Source, extract: Extract) -> None:
    """Raise `SalesForecastError` naming the first subtotal that does not equal its parts, or shows no figure.

    Rows that `where` leaves to other units are parts as well; a part that cannot be read counts zero.
    """
    if not map_texts(extract.rows[MARK], lambda mark: mark == "subtotal").any():
        return
    everything = (
        stack([extract.rows, extract.elsewhere]) if extract.elsewhere.num_rows else extract.rows
    )
    codes, files = encode(everything[FILE])
    for place, file in enumerate(files):
        rows = everything.filter(pa.array(codes == place))
        rows = rows.take(pa.array(np.argsort(rows[ROW].to_numpy(), kind="stable")))
        _check_file(
            rows.filter(pa.array(map_texts(rows[MARK], lambda mark: mark != "header"))),
            source,
            file,
        )


def _check_file(rows: pa.Table, source: Source, file: str) -> None:
    marked = map_texts(rows[MARK], lambda mark: mark == "subtotal").astype(bool)
    numbers = rows[ROW].to_numpy()
    columns = []
    for name in _figures(source):
        column = rows[exported(source.columns[name])]
        try:
            columns.append(_read(column, marked, source))
        except SalesForecastError as error:
            parts = column.filter(pa.array(~marked))
            raise name_place(
                error,
                f"Column '{source.columns[name]}' ({name}) of '{file}'",
                parts,
                numbers[~marked],
            ) from error
    totals = [np.cumsum(np.where(marked, 0, parts)) for parts, _, _ in columns]
    starts: list[tuple[int, ...]] = [(0,) * len(columns)]
    for place in np.flatnonzero(marked):
        total = tuple(int(sums[place]) for sums in totals)
        shown: Figures = tuple(figures.get(int(place)) for _, figures, _ in columns)
        if not any(_is_sum(shown, total, start) for start in reversed(starts)):
            parts = [end - begin for end, begin in zip(total, starts[-1], strict=True)]
            raise _unequal(
                file, int(numbers[place]), shown, parts, scales=[scale for _, _, scale in columns]
            )
        starts.append(total)


def _read(
    column: pa.ChunkedArray, marked: np.ndarray, source: Source
) -> tuple[np.ndarray, dict[int, int], int]:
    """Figures of the parts (n_rows,), figures shown by the subtotals by position, and their scale, that of the parts.

    A spreadsheet's sum carries binary noise beyond that scale: it is rounded away.
    """
    convention = Convention(decimal=source.decimal)
    parts = read_numbers(column.filter(pa.array(~marked)), convention)
    shown = read_numbers(
        column.filter(pa.array(marked)), replace(convention, decimal=parts.written or ".")
    )
    whole = np.zeros(len(marked), dtype=object)
    whole[~marked] = parts.units
    finest = max(parts.scale, shown.scale)
    units = round_half_even(
        rescale(shown.units, shown.scale, finest), 1, 10 ** (finest - parts.scale)
    )
    known = np.setdiff1d(np.arange(len(units)), shown.problems.index.to_numpy(dtype=np.int64))
    places = np.flatnonzero(marked)
    return whole, {int(places[place]): int(units[place]) for place in known}, parts.scale


def _is_sum(shown: Figures, total: Sequence[int], start: Sequence[int]) -> bool:
    """Whether every figure shown is total - start."""
    proven = [
        figure == end - begin
        for figure, end, begin in zip(shown, total, start, strict=True)
        if figure is not None
    ]
    return bool(proven) and all(proven)


def _figures(source: Source) -> list[str]:
    return [name for name in ("quantity", "amount") if name in source.columns]


def _unequal(
    file: str, number: int, shown: Figures, parts: Sequence[int], *, scales: Sequence[int]
) -> SalesForecastError:
    def write(figures: Sequence[int | None]) -> str:
        texts = (
            "nothing" if units is None else str(Decimal(units).scaleb(-scale))
            for units, scale in zip(figures, scales, strict=True)
        )
        return " / ".join(texts)

    return SalesForecastError.say(
        f"The subtotal in row {number} of '{file}' says {write(shown)}; the rows since the one above it make {write(parts)}",
        "A subtotal equals its parts, in quantity and amount",
        "Ask for the export again, or correct `subtotals` if this row is none",
    )
