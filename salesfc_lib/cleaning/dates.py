"""A column of text to days, with a reason for each text that is none.

A column of text enters; days, the problems of single rows and the readings of rules leave. The decision made here: day and
month are told apart where the column proves their order, or a format is declared; otherwise nobody guesses.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.nulls import is_null_spelling
from salesfc_lib.cleaning.parse import find_order, read_date, read_month
from salesfc_lib.cleaning.reading import BLANK, UNREADABLE, Reading, list_cells, place_problems, quote_problem, tell_reading
from salesfc_lib.sources.texts import encode


class Dates(NamedTuple):
    """A column's days; NaT where there is a problem."""

    days: np.ndarray  # (n_rows,) datetime64[ns]
    problems: pd.Series  # text by row position, only rows that have one
    rules: pd.Series  # rule by row position, beside `problems`
    readings: list[Reading]


def read_dates(
    column: pa.ChunkedArray,
    date_format: str | None = None,
    *,
    order: str | None = None,
    date_system: int = 1900,
    zone: str | None = None,
) -> Dates:
    """Days of a column of text, dictionary-encoded or not, without nulls."""
    day_first = {"dmy": True, "mdy": False}.get(order or "")
    if day_first is None and date_format is None:
        day_first = find_order(pd.Series(encode(column)[1], dtype=object))
    return _read_each(column, lambda text: read_date(text, date_format, day_first=day_first))


def read_months(column: pa.ChunkedArray, date_format: str | None = None) -> Dates:
    """First days of months of a column of months or days as text."""
    return _read_each(column, lambda text: read_month(text, date_format))


def _read_each(column: pa.ChunkedArray, read: Callable[[str], date]) -> Dates:
    texts, places = list_cells(column)
    encoded = texts.dictionary_encode()
    codes, distinct = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    days = np.full(len(distinct), "NaT", dtype="datetime64[ns]")
    problems = np.full(len(distinct), None, dtype=object)
    for cell, text in enumerate(distinct):
        try:
            if is_null_spelling(text):
                raise ValueError(BLANK)
            days[cell] = np.datetime64(read(text), "ns")
        except ValueError as error:
            problems[cell] = quote_problem(text, str(error))
    wrong = np.flatnonzero(pd.notna(problems)[codes])
    said, rules = place_problems(places, wrong, problems[codes[wrong]], np.full(len(wrong), UNREADABLE, dtype=object))
    nulls = np.flatnonzero(np.array([is_null_spelling(text) for text in distinct], dtype=bool)[codes])
    readings = [tell_reading(places, texts, nulls, "null_spelling", "stands for a blank cell")] if len(nulls) else []
    return Dates(places.spread(days[codes]), said, rules, readings)
