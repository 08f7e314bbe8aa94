"""Text to dates, months and exact decimals, with a reason for each text that is none.

Columns of text enter; parsed columns and a column of problems (None where there is none) leave. The decision made here:
what is not certain is a problem, never a guess. Day and month are told apart where a column proves their order (a 25 can
only be a day) or a format is declared, digits in scientific notation have lost some, a time zone needs a rule. Each
distinct text is parsed once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd

YEARS = (1980, 2200)  # outside, a date is a sentinel such as 1900-01-00 or 9999-12-31
ZERO = Decimal(0)

_DATE = re.compile(r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?(?:[T ]\d{1,2}[:时]\d{1,2}.*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})(?:-|/|\.|年)?(\d{1,2})月?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[T ]\d{1,2}:\d{1,2}.*)?")
_ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
_SIGNS = re.compile(r"(?:[¥$€£元]|RMB|CNY|USD|EUR|GBP)")
_SPACES = re.compile(r"[\s\u00a0\u202f]")
_NUMBER = {
    ".": re.compile(r"(?:\d+|\d{1,3}(?:[,']\d{3})+)?(?:\.\d*)?"),
    ",": re.compile(r"(?:\d+|\d{1,3}(?:[.']\d{3})+)?(?:,\d*)?"),
}


class Parsed(NamedTuple):
    """Values of a column and the problem of each (None where it has none); a problem's value is missing, or zero."""

    values: pd.Series
    problems: pd.Series


def parse_dates(texts: pd.Series, date_format: str | None = None) -> Parsed:
    """Days (datetime64, NaT where there is a problem) of a column of text."""
    day_first = None if date_format is not None else find_order(texts)
    parsed = _parse_each(texts, lambda text: read_date(text, date_format, day_first=day_first))
    return Parsed(pd.to_datetime(parsed.values).astype("datetime64[ns]"), parsed.problems)


def parse_months(texts: pd.Series, date_format: str | None = None) -> Parsed:
    """First days of months of a column of months or days as text."""
    parsed = _parse_each(texts, lambda text: read_month(text, date_format))
    return Parsed(pd.to_datetime(parsed.values).astype("datetime64[ns]"), parsed.problems)


def parse_decimals(texts: pd.Series, decimal: str = ".") -> Parsed:
    """Exact decimals of a column of text; zero where there is a problem."""
    parsed = _parse_each(texts, lambda text: read_decimal(text, decimal))
    return Parsed(parsed.values.map(lambda value: ZERO if value is None else value).astype(object), parsed.problems)


def find_order(texts: pd.Series) -> bool | None:
    """Whether the days of a column come first where the year comes last; None where no date, or contrary ones, prove it.

    >>> find_order(pd.Series(["11/8/2018", "6/25/2018"])), find_order(pd.Series(["25.6.2018"])), find_order(pd.Series(["1/2/2018"]))
    (False, True, None)
    """
    found = [match for text in texts.dropna().unique() if (match := _YEAR_LAST.fullmatch(str(text).strip()))]
    first, second = (any(int(match[place]) > 12 for match in found) for place in (1, 2))
    return first if first != second else None


def read_date(text: str, date_format: str | None = None, *, day_first: bool | None = None) -> date:
    """Day written year first, or as `date_format` says; year last only where `day_first` tells the order.

    >>> [str(read_date(text)) for text in ("2024/7/2", "2024.07.09", "2024年7月9日", "20240709", "2024-07-09 08:30:00")]
    ['2024-07-02', '2024-07-09', '2024-07-09', '2024-07-09', '2024-07-09']
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        raise ValueError("is blank")
    if date_format is not None:
        day = _read_format(text, date_format)
    elif found := _DATE.fullmatch(text) or _COMPACT.fullmatch(text):
        if _ZONE.search(text[10:]):
            raise ValueError("has a time zone, for which there is no rule")
        day = date(*map(int, found.groups()))
    elif found := _YEAR_LAST.fullmatch(text):
        if day_first is None:
            raise ValueError("may be day or month first; set `date_format`")
        first, second, year = map(int, found.groups())
        day = date(year, second, first) if day_first else date(year, first, second)
    else:
        raise ValueError("is no date")
    if not YEARS[0] <= day.year < YEARS[1]:
        raise ValueError(f"lies outside {YEARS[0]} to {YEARS[1]}")
    return day


def _read_format(text: str, date_format: str) -> date:
    try:
        return datetime.strptime(text, date_format).date()
    except ValueError:
        raise ValueError(f"is not written as `date_format` '{date_format}' says") from None


def read_month(text: str, date_format: str | None = None) -> date:
    """First day of a month written as a month or as a day of it.

    >>> [str(read_month(text)) for text in ("2024-07", "2024年7月", "202407", "2024/7/31")]
    ['2024-07-01', '2024-07-01', '2024-07-01', '2024-07-01']
    """
    found = _MONTH.fullmatch(unicodedata.normalize("NFKC", text).strip()) if date_format is None else None
    if found and YEARS[0] <= int(found[1]) < YEARS[1] and 1 <= int(found[2]) <= 12:
        return date(int(found[1]), int(found[2]), 1)
    return read_date(text, date_format).replace(day=1)


def read_decimal(text: str, decimal: str = ".") -> Decimal:
    """Exact decimal of an amount as people and systems write it.

    >>> [str(read_decimal(text)) for text in ("¥1,234.50", "１２３", "(5.00)", "155.22-", "-$0.10")]
    ['1234.50', '123', '-5.00', '-155.22', '-0.10']
    >>> str(read_decimal("1.234,5", ","))
    '1234.5'
    """
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace("’", "'")
    plain = _SPACES.sub("", _SIGNS.sub("", plain))
    if not plain:
        raise ValueError("is blank")
    digits, negative = _split_sign(plain)
    if not _NUMBER[decimal].fullmatch(digits) or not any(sign.isdigit() for sign in digits):
        scientific = re.fullmatch(r"[\d.,]+[eE][+-]?\d+", digits)
        raise ValueError("is in scientific notation, which has lost digits" if scientific else "is no number")
    grouping = "," if decimal == "." else "."
    value = Decimal(digits.replace(grouping, "").replace("'", "").replace(decimal, "."))
    return -value if negative else value


def _split_sign(text: str) -> tuple[str, bool]:
    if text.startswith("(") and text.endswith(")"):
        return text[1:-1], True
    if text.startswith(("-", "+")):
        return text[1:], text[0] == "-"
    return (text[:-1], True) if text.endswith("-") else (text, False)


def _parse_each(texts: pd.Series, read: Callable[[str], Any]) -> Parsed:
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for text in texts.unique():
        try:
            values[text] = read(text)
        except ValueError as error:
            values[text], problems[text] = None, f"'{text[:40]}' {error}" if text.strip() else "is blank"
    return Parsed(texts.map(values).astype(object), texts.map(problems).astype(object).where(texts.isin(problems), None))
