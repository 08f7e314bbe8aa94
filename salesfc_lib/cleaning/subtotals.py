"""Subtotals are proven before they are dropped.

An extract with marked rows enters; nothing leaves but the proof, or an error that names the row. The decision made here: a
subtotal must equal, in every figure it shows, the rows above it back to the start or to an earlier subtotal. That covers
subtotals, totals of subtotals and the grand total without being told which is which.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import pandas as pd

from salesfc_lib.cleaning.ledger import ZERO, exactly
from salesfc_lib.cleaning.parse import parse_decimals
from salesfc_lib.cleaning.rules import find_scale
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.schema import Source
from salesfc_lib.sources import Extract
from salesfc_lib.sources.layout import FILE, MARK, ROW, exported

Figures = tuple[Decimal | None, ...]  # quantity and amount; None where the cell shows none


def check_subtotals(source: Source, extract: Extract) -> None:
    """Raise `SalesForecastError` naming the first subtotal that does not equal its parts, or shows no figure.

    Rows that `where` leaves to other units are parts as well; a part that cannot be read counts zero.
    """
    if not extract.rows[MARK].eq("subtotal").any():
        return
    everything = pd.concat([extract.rows, extract.elsewhere], ignore_index=True)
    for file, rows in everything.groupby(FILE, sort=False):
        _check_file(rows[rows[MARK].ne("header")].sort_values(ROW), source, str(file))


def _check_file(rows: pd.DataFrame, source: Source, file: str) -> None:
    columns = [parse_decimals(rows[exported(source.columns[name])], source.decimal) for name in _figures(source)]
    scales = [find_scale(column.values[rows[MARK].eq("")]) for column in columns]
    total: tuple[Decimal, ...] = (ZERO,) * len(columns)
    starts = [total]
    with exactly():
        for place, (mark, number) in enumerate(zip(rows[MARK], rows[ROW], strict=True)):
            if mark != "subtotal":
                total = tuple(sum_ + column.values.iloc[place] for sum_, column in zip(total, columns, strict=True))
                continue
            shown: Figures = tuple(column.values.iloc[place] if column.problems.iloc[place] is None else None for column in columns)
            if not any(_is_sum(shown, total, start, scales) for start in reversed(starts)):
                raise _unequal(file, number, shown=shown, parts=[end - begin for end, begin in zip(total, starts[-1], strict=True)])
            starts.append(total)


def _is_sum(shown: Figures, total: Sequence[Decimal], start: Sequence[Decimal], scales: Sequence[Decimal]) -> bool:
    """Whether every figure shown is total - start, at the scale of the parts (a spreadsheet's sum carries binary noise)."""
    proven = [
        figure.quantize(scale, rounding=ROUND_HALF_EVEN) == end - begin
        for figure, end, begin, scale in zip(shown, total, start, scales, strict=True)
        if figure is not None
    ]
    return bool(proven) and all(proven)


def _figures(source: Source) -> list[str]:
    return [name for name in ("quantity", "amount") if name in source.columns]


def _unequal(file: str, number: int, *, shown: Figures, parts: list[Decimal]) -> SalesForecastError:
    says = " / ".join("nothing" if figure is None else str(figure) for figure in shown)
    return SalesForecastError.say(
        f"The subtotal in row {number} of '{file}' says {says}; the rows since the one above it make {' / '.join(map(str, parts))}",
        "A subtotal equals its parts, in quantity and amount",
        "Ask for the export again, or correct `subtotals` if this row is none",
    )
