"""Proof of subtotals before they are dropped.

A subtotal must equal, in every figure it shows, the rows above it back to the start or to an
earlier subtotal. That covers subtotals, totals of subtotals and the grand total without being told
which is which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa

from salesfc_lib.cleaning.batch.frames import fit_int64
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake import (
    Convention,
    Extract,
    evidence,
    fixed_point,
    layout,
    read_numbers,
    text_columns,
)

# quantity and amount in smallest units; None where the cell shows none
Figures = tuple[int | None, ...]


def check_subtotals(source: Source, extract: Extract) -> None:
    """Raise `SalesForecastError` for a subtotal that does not equal its parts, or shows none.

    Rows that `where` leaves to other units are parts as well; a part that cannot be read counts
    zero.
    """
    if not _has_mark(extract.rows, "subtotal").any():
        return
    apart = extract.elsewhere.num_rows
    everything = text_columns.stack([extract.rows, extract.elsewhere]) if apart else extract.rows
    codes, files = text_columns.encode(everything[layout.FILE])
    for place, file in enumerate(files):
        rows = everything.filter(pa.array(codes == place))
        rows = rows.take(pa.array(np.argsort(rows[layout.ROW].to_numpy(), kind="stable")))
        _check_file(rows.filter(pa.array(~_has_mark(rows, "header"))), source, file)


def _has_mark(rows: pa.Table, mark: str) -> np.ndarray:
    return text_columns.map_texts(rows[layout.MARK], lambda text: text == mark).astype(bool)


def _check_file(rows: pa.Table, source: Source, file: str) -> None:
    marked, numbers = _has_mark(rows, "subtotal"), rows[layout.ROW].to_numpy()
    columns = []
    for name in ("quantity", "amount"):
        if name not in source.columns:
            continue
        column = rows[layout.exported(source.columns[name])]
        try:
            columns.append(_read(column, marked, source))
        except SalesForecastError as error:
            words, rest = f"Column '{source.columns[name]}' ({name}) of '{file}'", pa.array(~marked)
            raise evidence.name_place(
                error, words, column.filter(rest), numbers[~marked]
            ) from error
    totals = [np.cumsum(parts) for parts, _, _ in columns]
    starts: list[tuple[int, ...]] = [(0,) * len(columns)]
    for place in np.flatnonzero(marked):
        total = tuple(int(sums[place]) for sums in totals)
        shown: Figures = tuple(figures.get(int(place)) for _, figures, _ in columns)
        if not any(_is_sum(shown, total, start) for start in reversed(starts)):
            parts = [end - begin for end, begin in zip(total, starts[-1], strict=True)]
            says, make = (
                _write(figures, [scale for _, _, scale in columns]) for figures in (shown, parts)
            )
            raise SalesForecastError.say(
                f"The subtotal in row {numbers[place]} of '{file}' says {says}; the rows since the "
                f"one above it make {make}",
                "A subtotal equals its parts, in quantity and amount",
                "Ask for the export again, or correct `subtotals` if this row is none",
            )
        starts.append(total)


def _read(
    column: pa.ChunkedArray, marked: np.ndarray, source: Source
) -> tuple[np.ndarray, dict[int, int], int]:
    """Figures of the parts (n_rows,), of the subtotals by position, and their scale.

    A spreadsheet's sum carries binary noise beyond that scale: it is rounded away.
    """
    convention = Convention(decimal=source.decimal)
    parts = read_numbers(column.filter(pa.array(~marked)), convention)
    own = replace(convention, decimal=parts.notation or ".")
    shown = read_numbers(column.filter(pa.array(marked)), own)
    whole = np.zeros(len(marked), dtype=np.int64)
    whole[~marked] = fit_int64(parts.values, "A figure")
    finest = max(parts.scale, shown.scale)
    units = fixed_point.rescale(shown.values, shown.scale, finest)
    units = fixed_point.round_half_even(units, 1, 10 ** (finest - parts.scale))
    known = np.setdiff1d(np.arange(len(units)), shown.problems.index.to_numpy(dtype=np.int64))
    places = np.flatnonzero(marked)
    return whole, {int(places[place]): int(units[place]) for place in known}, parts.scale


def _is_sum(shown: Figures, total: Sequence[int], start: Sequence[int]) -> bool:
    """Whether every figure shown is total - start."""
    parts = [end - begin for end, begin in zip(total, start, strict=True)]
    pairs = [
        (figure, part) for figure, part in zip(shown, parts, strict=True) if figure is not None
    ]
    return bool(pairs) and all(figure == part for figure, part in pairs)


def _write(figures: Sequence[int | None], scales: Sequence[int]) -> str:
    return " / ".join(
        "nothing" if units is None else str(Decimal(units).scaleb(-scale))
        for units, scale in zip(figures, scales, strict=True)
    )
