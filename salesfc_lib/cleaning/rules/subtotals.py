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
    for name in (name for name in ("quantity", "amount") if name in source.columns):
        column = rows[layout.exported(source.columns[name])]
        try:
            columns.append(_read(column, marked, source))
        except SalesForecastError as error:
            place, rest = f"Column '{source.columns[name]}' ({name}) of '{file}'", ~marked
            column = column.filter(pa.array(rest))
            raise evidence.name_place(error, place, column, numbers[rest]) from error
    starts = [[Decimal(0)] * len(columns)]
    for number, *figures in zip(numbers[marked], *columns, strict=True):
        total, shown = [end for end, _ in figures], [figure for _, figure in figures]
        if not any(_is_sum(shown, total, start) for start in reversed(starts)):
            parts = [end - begin for end, begin in zip(total, starts[-1], strict=True)]
            says, make = (
                " / ".join("nothing" if figure is None else str(figure) for figure in each)
                for each in (shown, parts)
            )
            raise SalesForecastError.say(
                f"The subtotal in row {number} of '{file}' says {says}; the rows since the one "
                f"above it make {make}",
                "A subtotal equals its parts, in quantity and amount",
                "Ask for the export again, or correct `subtotals` if this row is none",
            )
        starts.append(total)


def _read(
    column: pa.ChunkedArray, marked: np.ndarray, source: Source
) -> list[tuple[Decimal, Decimal | None]]:
    """Of each subtotal the sum of all parts above it, and the figure that it shows, if any.

    A spreadsheet's sum carries binary noise beyond the parts' scale: it is rounded away.
    """
    convention = Convention(decimal=source.decimal)
    parts = read_numbers(column.filter(pa.array(~marked)), convention)
    own = replace(convention, decimal=parts.notation or ".")
    shown = read_numbers(column.filter(pa.array(marked)), own)
    whole = np.zeros(len(marked), dtype=np.int64)
    whole[~marked] = fit_int64(parts.units, "A figure")
    above = np.cumsum(whole)[marked]
    finest = max(parts.scale, shown.scale)
    units = fixed_point.rescale(shown.values, shown.scale, finest)
    units = fixed_point.round_half_even(units, 1, 10 ** (finest - parts.scale))
    sums, figures = (
        [Decimal(int(each)).scaleb(-parts.scale) for each in column] for column in (above, units)
    )
    unread = {*shown.problems.index}
    return [
        (total, None if place in unread else figure)
        for place, (total, figure) in enumerate(zip(sums, figures, strict=True))
    ]


def _is_sum(
    shown: Sequence[Decimal | None], total: Sequence[Decimal], start: Sequence[Decimal]
) -> bool:
    """Whether every figure shown is total - start."""
    pairs = [
        (figure, end - begin)
        for figure, end, begin in zip(shown, total, start, strict=True)
        if figure is not None
    ]
    return bool(pairs) and all(figure == part for figure, part in pairs)
