"""A column of text to whole numbers of the column's smallest unit, exactly.

A column of text enters; integers, their scale, the problems of single rows and the readings of rules leave. The decision
made here: what is not certain is a problem, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.nulls import NULL_SPELLINGS, is_null_spelling
from salesfc_lib.cleaning.parse import read_decimal
from salesfc_lib.cleaning.reading import BLANK, UNREADABLE, Places, Reading, gather_readings, place_problems, quote_problem
from salesfc_lib.cleaning.units import rescale, round_half_even, to_decimals, whole
from salesfc_lib.sources.texts import encode

__all__ = ["Convention", "Numbers", "Reading", "read_numbers", "rescale", "round_half_even", "to_decimals"]


@dataclass(frozen=True)
class Convention:
    """How the numbers of a column are written."""

    decimal: str | None = None  # '.' or ','; None: found per column
    unit: Decimal = Decimal(1)  # of the whole column: 10000 for 万元, 1000 for thousands, 0.01 for percent
    nulls: frozenset[str] = NULL_SPELLINGS  # casefolded


class Numbers(NamedTuple):
    """A column's values, `units` * 10**-`scale`, exactly; zero where there is a problem."""

    units: np.ndarray  # (n_rows,) int64, or object of Python ints where int64 does not suffice
    scale: int
    problems: pd.Series  # text by row position, only rows that have one
    rules: pd.Series  # rule by row position, beside `problems`
    readings: list[Reading]


def read_numbers(column: pa.ChunkedArray, convention: Convention | None = None) -> Numbers:
    """Numbers of a column of text, dictionary-encoded or not, without nulls."""
    convention = convention or Convention()
    codes, distinct = encode(column)
    places = Places(codes)
    values: list[Decimal] = []
    problems: dict[int, str] = {}
    nulls: list[int] = []
    for cell, text in enumerate(distinct):
        value = Decimal(0)
        try:
            if not text.strip() or is_null_spelling(text, convention.nulls):
                nulls += [cell] if text.strip() else []
                raise ValueError(BLANK)
            value = read_decimal(text, convention.decimal or ".") * convention.unit
        except ValueError as error:
            problems[cell] = quote_problem(text, str(error))
        values.append(value)
    scale = max((max(0, -int(value.as_tuple().exponent)) for value in values), default=0)
    units = whole([int(value.scaleb(scale)) for value in values])
    said, rules = place_problems(places, problems, dict.fromkeys(problems, UNREADABLE))
    readings = gather_readings(places, distinct.__getitem__, {"null_spelling": nulls}, {"null_spelling": "stands for a blank cell"})
    return Numbers(places.spread(units) if len(units) else units, scale, said, rules, readings)
