"""A year and a month or a week in columns of their own, as one text that the readers of periods
know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa

from salesfc_lib.intake.parse.days.month_names import find_month

WEEK_WORD = re.compile(r"^(?:第|W|WK|KW|CW|week)\.?\s*|\s*[周週]$", re.IGNORECASE)


def join_period(year: str, month: str, *, week: bool = False) -> str:
    """A month as text, or a `week`: the year ahead of its number; '' where both are blank.

    >>> join_period("2025", "3"), join_period("2025.0", "03月"), join_period("2025年", "März")
    ('2025-3', '2025-03', '2025-3')
    >>> join_period("", ""), join_period("2025", "Q1")
    ('', '2025-Q1')
    >>> join_period("2025", "5", week=True), join_period("2025", "KW05", week=True)
    ('2025-W5', '2025-W05')
    """
    first, second = (text.strip().removesuffix(".0") for text in (year, month))
    if week:
        return f"{first}-W{WEEK_WORD.sub('', second)}" if first or second else ""
    first, second = first.removesuffix("年"), second.removesuffix("份").removesuffix("月")
    named = find_month(second.rstrip(".")) if second and not second.isdecimal() else None
    return f"{first}-{named or second}" if first or second else ""


def join_periods(years: Sequence[str], months: Sequence[str], *, week: bool = False) -> list[str]:
    """`join_period` of each pair of cells."""
    pairs = [*zip(years, months, strict=True)]
    known = {pair: join_period(*pair, week=week) for pair in dict.fromkeys(pairs)}
    return [known[pair] for pair in pairs]


def join_columns(
    year: pa.ChunkedArray, month: pa.ChunkedArray, *, week: bool = False
) -> pa.ChunkedArray:
    """`join_periods` of two columns of text."""
    texts = [column.cast(pa.string()).to_pylist() for column in (year, month)]
    return pa.chunked_array(
        [pa.array(join_periods(*texts, week=week), pa.string()).dictionary_encode()]
    )
