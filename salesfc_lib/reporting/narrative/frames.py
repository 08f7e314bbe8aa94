"""Frames of a step as folded tables, so that a reader can look at what a section was made from."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.foundation import amounts, in_words, language, wording
from salesfc_lib.reporting.blocks import ColumnHead, Table
from salesfc_lib.reporting.catalogue import Sentences
from salesfc_lib.reporting.narrative.languages import in_each
from salesfc_lib.reporting.narrative.writer import Blocks, cut

ROWS = 3  # of each frame that are shown: the whole is in its table's file
DIGITS = 4  # significant digits of a number; whole digits are never rounded away
SMALL = 1e-4  # numbers below are written with an exponent


def show(**frames: pd.DataFrame) -> Blocks:
    """Each frame as a folded table under its name: its size and its first rows.

    Numbers have at least four significant digits, dates are ISO, what is missing is empty. A named
    index becomes columns.
    """
    return in_each(
        language.LANGUAGES, lambda: Blocks(*(_fold(name, frame) for name, frame in frames.items()))
    )


def _fold(name: str, frame: pd.DataFrame) -> Table:
    named = any(level is not None for level in frame.index.names)
    table = frame.reset_index() if named else frame
    heads = [
        ColumnHead(str(column), "r" if pd.api.types.is_numeric_dtype(table[column]) else "l")
        for column in table.columns
    ]
    rows = [list(map(write_value, row)) for row in table.head(ROWS).itertuples(index=False)]
    size = {"rows": len(table), "columns": len(table.columns), "shown": len(rows)}
    key = "frame.first" if len(table) > len(rows) else "frame.all"
    subtitle = Sentences(amounts.AmountFormat("")).text(key, **size)
    return Table(name, subtitle, heads, rows, folded=True)


def write_value(value: Any) -> str:
    """A value of a frame as text.

    >>> [write_value(value) for value in (550346.44, 0.123456, 0.0000123456, 5108, None, True)]
    ['550,346', '0.1235', '1.235e-05', '5,108', '', 'true']
    """
    value = in_words(value)
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return str(value.date() if value == value.normalize() else value)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return _write_number(float(value))
    text = str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)
    return cut(text)


def _write_number(value: float) -> str:
    if value.is_integer() or not math.isfinite(value):
        return wording.number(value)
    if abs(value) < SMALL:
        return f"{value:.{DIGITS - 1}e}"
    return wording.number(value, max(0, DIGITS - 1 - math.floor(math.log10(abs(value)))))
