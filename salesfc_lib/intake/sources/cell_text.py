"""One cell as text, whatever a spreadsheet or a database calls it.

A number keeps the 15 significant digits that spreadsheets and SQLite promise (731.9399999999999
was typed as 731.94). A whole number beyond what a float holds has lost its last digits, unless it
is round: it is written with its exponent, and refused so where it is an identifier.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal
from typing import Any

DIGITS = 15  # significant decimal digits that survive storage as a 64-bit float
ROUND = 12  # significant digits of a number that people would still write as a figure
WHOLE = 2.0**53  # whole numbers below this are exact in a float


def cell_text(value: object) -> str:
    """Text of one cell; a blank cell gives the empty text.

    >>> [cell_text(value) for value in (731.9399999999999, 42420.0, datetime(2024, 7, 2), "007")]
    ['731.94', '42420', '2024-07-02', '007']
    """
    if value is None:
        return ""
    write = WRITERS.get(type(value), str)
    return write(value)


def float_text(value: float) -> str:
    """Decimal text of a float, to 15 significant digits; an exponent only where digits are lost.

    >>> float_text(0.1 + 0.2), float_text(1e15 + 1), float_text(-2.5e-7)
    ('0.3', '1000000000000001', '-0.00000025')
    >>> float_text(1.2e17), float_text(202401031234567890.0)
    ('120000000000000000', '2.02401031234568E+17')
    """
    if value.is_integer() and abs(value) < WHOLE:
        return str(int(value))
    if not math.isfinite(value):
        return str(value)
    written = f"{value:.{DIGITS}G}"
    if abs(value) >= WHOLE and sum(map(str.isdigit, written.partition("E")[0])) > ROUND:
        return written
    return format(Decimal(written), "f")


def moment_text(value: datetime) -> str:
    """ISO text of a moment; a date alone where the time is midnight and it has no zone."""
    is_date = value.time() == time() and value.tzinfo is None
    return value.date().isoformat() if is_date else value.isoformat(sep=" ")


# every other type (text, whole numbers, dates) is written by `str`
WRITERS: dict[type, Callable[[Any], str]] = {
    float: float_text,
    datetime: moment_text,
    bool: lambda value: "TRUE" if value else "FALSE",
    bytes: lambda value: f"0x{value.hex()}",
    Decimal: lambda value: format(value, "f"),  # without an exponent
}
