"""Months and weeks written without a day, and periods that are too long for a monthly forecast.

A period leaves as its first day: the first of a month, the Monday of an ISO week.
"""

from __future__ import annotations

import re
from datetime import date

from salesfc_lib.intake.parse.days.calendars import ERA_YEAR, read_era, read_roc_month
from salesfc_lib.intake.parse.days.chinese_numerals import from_chinese
from salesfc_lib.intake.parse.days.month_names import find_month
from salesfc_lib.intake.parse.days.spellings import (
    NAME,
    SHORT_YEAR,
    SPAN,
    DaySpelling,
    dissect_day,
    expand_year,
    to_common_era,
)
from salesfc_lib.intake.parse.evidence import Unreadable
from salesfc_lib.intake.parse.numbers.spellings import to_ascii

MONTH, WEEK = "month", "week"  # forms of a period

_MONTH = re.compile(
    r"(\d{4})(?:[-/. 年]0?(\d{1,2})|[-/. ]?M(\d{1,2})|(\d{2})(?:[.,]0+)?)月?份?", re.IGNORECASE
)
_MONTH_LAST = re.compile(r"(?:M|0)?(\d{1,2})[-/. ](\d{4})", re.IGNORECASE)  # 001.2025, M01 2025
_NAMED_MONTH = re.compile(
    rf"{NAME}{SPAN}{SHORT_YEAR}|(\d{{4}})[-/., ]*(?P<behind>[^\W\d_]{{3,12}})\.?", re.I
)
_WEEK_WORD = r"(?:W|WK|KW|CW|week|woche|semaine|sem|semana)\.?"
_WEEK = re.compile(
    rf"(?P<year>\d{{4}})[-/ ]*{_WEEK_WORD}\s*(?P<week>\d{{1,2}})(?:-?(?P<day>[1-7]))?"
    r"|(?P<first>\d{4})年?\s*第\s*(?P<nth>\d{1,2})\s*[周週]"
    rf"|{_WEEK_WORD}\s*(?P<number>\d{{1,2}})[-/, ]+(?P<last>\d{{4}})",
    re.IGNORECASE,
)
_YEAR = r"(?:'?\d{4}|'?\d{2}|\d{4}年)"
_LONGER = {
    "is a quarter: a monthly forecast needs days, weeks or months": re.compile(
        rf"[QT][1-4][-/., ]*{_YEAR}|{_YEAR}[-/., ]*[QT][1-4]|[1-4]Q[-/ ]*{_YEAR}"
        rf"|(?:{_YEAR}[-/ ]*)?第?[一二三四1-4]季度?"
        rf"|[1-4](?:\.|st|nd|rd|th|er|e|º)?\s*(?:quarter|quartal|trimestre?)[-/., ]*{_YEAR}",
        re.IGNORECASE,
    ),
    "is a half-year: a monthly forecast needs days, weeks or months": re.compile(
        rf"H[12][-/., ]*{_YEAR}|{_YEAR}[-/., ]*H[12]|{_YEAR}[-/ ]*[上下]半年", re.IGNORECASE
    ),
    "is a year: a monthly forecast needs days, weeks or months": re.compile(
        r"(?:19[89]|20\d)\d年?|FY[-/ ]?\d{2,4}", re.IGNORECASE
    ),
}


def dissect_month(text: str) -> DaySpelling | None:
    """First day of a month written without a day; None where the text is none.

    >>> [dissect_month(text).numbers[:2] for text in ("2024-07", "202407.0", "07/2024", "Juli 24")]
    [(2024, 7), (2024, 7), (2024, 7), (2024, 7)]
    >>> [dissect_month(text).numbers[:2] for text in ("2024M07", "007.2024", "令和6年7月")]
    [(2024, 7), (2024, 7), (2024, 7)]
    """
    plain = from_chinese(to_ascii(text)[0])
    year, month, short = 0, 0, False
    rules: tuple[str, ...] = (MONTH,)
    if found := _MONTH.fullmatch(plain):
        year, month = int(found[1]), int(found[2] or found[3] or found[4])
    elif found := _MONTH_LAST.fullmatch(plain):
        year, month = int(found[2]), int(found[1])
    elif roc := read_roc_month(plain):
        (year, month), rules = roc, (MONTH, "roc_year")
    elif (era := read_era(plain)) and not era[2]:
        (year, month, _), rules = era, (MONTH, ERA_YEAR)
    elif found := _NAMED_MONTH.fullmatch(plain):
        digits = found[2] or found[3]
        year, month = int(digits), find_month(found["name"] or found["behind"]) or 0
        short = len(digits) == 2
    numbers = (expand_year(year, short), month, 1)
    written = DaySpelling(numbers, ("ymd",), MONTH, rules=rules)
    return to_common_era(written) if 1 <= month <= 12 else None


def dissect_week(text: str) -> DaySpelling | None:
    """Monday of an ISO week, or the weekday that stands behind it; None where the text is none.

    Raises `Unreadable` for a week that its year does not have.

    >>> dissect_week("2025-W05").numbers, dissect_week("KW 5 2025").numbers
    ((2025, 1, 27), (2025, 1, 27))
    """
    found = _WEEK.fullmatch(to_ascii(text)[0])
    if found is None:
        return None
    year = int(found["year"] or found["first"] or found["last"])
    week = int(found["week"] or found["nth"] or found["number"])
    try:
        day = date.fromisocalendar(year, week, int(found["day"] or 1))
    except ValueError:
        raise Unreadable(f"is a week that {year} does not have", "no_such_day") from None
    form, rules = ("ISO date", ()) if found["day"] else (WEEK, (WEEK,))
    return DaySpelling((day.year, day.month, day.day), ("ymd",), form, rules=rules)


def dissect_period(text: str, date_system: int = 1900) -> DaySpelling:
    """How a month, a week or a day is written.

    Raises `Unreadable` as `dissect_day` does, and for a quarter, a half-year or a year.
    """
    if period := dissect_month(text) or dissect_week(text):
        return period
    plain = to_ascii(text)[0]
    for why, pattern in _LONGER.items():
        if pattern.fullmatch(plain):
            raise Unreadable(why)
    return dissect_day(text, date_system)
