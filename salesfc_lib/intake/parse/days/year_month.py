"""A year and a month in columns of their own, as one text that the readers of months know."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from salesfc_lib.intake.parse.days.month_names import find_month


def join_period(year: str, month: str) -> str:
    """A month as text: the year ahead of its number; '' where both are blank.

    >>> join_period("2025", "3"), join_period("2025.0", "03月"), join_period("2025年", "März")
    ('2025-3', '2025-03', '2025-3')
    >>> join_period("", ""), join_period("2025", "Q1")
    ('', '2025-Q1')
    """
    first, second = (text.strip().removesuffix(".0") for text in (year, month))
    first, second = first.removesuffix("年"), second.removesuffix("份").removesuffix("月")
    named = find_month(second.rstrip(".")) if second and not second.isdecimal() else None
    return f"{first}-{named or second}" if first or second else ""


def join_periods(years: Sequence[str], months: Sequence[str]) -> list[str]:
    """`join_period` of each pair of cells."""
    pairs = [*zip(years, months, strict=True)]
    known = {pair: join_period(*pair) for pair in dict.fromkeys(pairs)}
    return [known[pair] for pair in pairs]


def join_columns(year: pa.ChunkedArray, month: pa.ChunkedArray) -> pa.ChunkedArray:
    """`join_periods` of two columns of text."""
    texts = [column.cast(pa.string()).to_pylist() for column in (year, month)]
    return pa.chunked_array([pa.array(join_periods(*texts), pa.string()).dictionary_encode()])
