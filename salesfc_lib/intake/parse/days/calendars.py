"""Days that are not counted by the common calendar: years of the Republic of China, of Japanese
eras and of the Buddhist era, and moments counted in seconds or less since 1970.

A text enters; the numbers of a day of the common calendar leave, with the rule that was needed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

YEARS = (1980, 2100)  # outside, a date is a sentinel such as 1900-01-00 or 9999-12-31
ROC, BUDDHIST = 1911, 543  # years before the first of the Republic of China; ahead of the common
PER_SECOND = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}  # digits of a moment: its units in a second

_ROC_DAY = re.compile(
    r"(?:民[國国]\s*(\d{2,3})|(\d{3}))(?:年|([-/. ]))\s*(\d{1,2})(?:月|\3)\s*(\d{1,2})[日号號]?"
)
_ROC_MONTH = re.compile(r"(?:民[國国]\s*(\d{2,3})|(\d{3}))[-/年](\d{1,2})月?份?")
_ROC_COMPACT = re.compile(r"()(1\d{2})()(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
ERA_YEAR = "era_year"  # the rule by which a year of a Japanese era is read
ERAS = {
    "令和": 2018,
    "平成": 1988,
    "昭和": 1925,
    "R": 2018,
    "H": 1988,
    "S": 1925,
}  # years before it
_ERA = re.compile(  # with a letter for the era a whole day alone: R6-1 is a code as well
    r"(?P<name>令和|平成|昭和)\s*(?P<year>\d{1,2}|元)年\s*(\d{1,2})月(?:\s*(\d{1,2})日)?"
    r"|(?P<letter>[RHS])(?P<short>\d{1,2})([./])(\d{1,2})\7(\d{1,2})"
)
_MOMENT = re.compile(r"(\d{10}|\d{13}|\d{16}|\d{19})(?:[.,]0+)?")


def read_roc_day(text: str) -> tuple[int, int, int] | None:
    """Year, month and day of a date of the Republic of China; None where the text is none.

    >>> read_roc_day("112/01/31"), read_roc_day("民國99年2月3日"), read_roc_day("12/01/31")
    ((2023, 1, 31), (2010, 2, 3), None)
    """
    found = _ROC_DAY.fullmatch(text)
    return (int(found[1] or found[2]) + ROC, int(found[4]), int(found[5])) if found else None


def read_roc_month(text: str) -> tuple[int, int] | None:
    """Year and month of a month of the Republic of China; None where the text is none.

    >>> read_roc_month("112年1月"), read_roc_month("112.01")
    ((2023, 1), None)
    """
    found = _ROC_MONTH.fullmatch(text)
    return (int(found[1] or found[2]) + ROC, int(found[3])) if found else None


def read_era(text: str) -> tuple[int, int, int] | None:
    """Year, month and day of a Japanese era's date, the day 0 of a month; None where it is none.

    >>> read_era("令和6年1月31日"), read_era("R06.01.31"), read_era("平成31年4月"), read_era("R6-1")
    ((2024, 1, 31), (2024, 1, 31), (2019, 4, 0), None)
    """
    found = _ERA.fullmatch(text)
    if found is None:
        return None
    digits = found["year"] or found["short"]
    year = ERAS[found["name"] or found["letter"]] + (1 if digits == "元" else int(digits))
    return year, int(found[3] or found[8]), int(found[4] or found[9] or 0)


def read_roc_compact(text: str) -> tuple[int, int, int] | None:
    """As `read_roc_day`, of seven digits: 1120131.

    >>> read_roc_compact("1120131"), read_roc_compact("1121331")
    ((2023, 1, 31), None)
    """
    found = _ROC_COMPACT.fullmatch(text)
    return (int(found[2]) + ROC, int(found[4]), int(found[5])) if found else None


def is_buddhist(year: int) -> bool:
    """Whether a year can only be one of the Buddhist era, of a day that a date may mean.

    >>> is_buddhist(2566), is_buddhist(2023)
    (True, False)
    """
    return YEARS[0] + BUDDHIST <= year < YEARS[1] + BUDDHIST


def read_moment(text: str) -> datetime | None:
    """Moment counted since 1970 in seconds, milli-, micro- or nanoseconds, by its digits; in
    universal time.

    None where the text is none, or lies outside `YEARS`.

    >>> read_moment("1672531200000"), read_moment("1672531200"), read_moment("9999999999")
    (datetime.datetime(2023, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), \
datetime.datetime(2023, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), None)
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    seconds = int(found[1]) // PER_SECOND[len(found[1])]
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment if YEARS[0] <= moment.year < YEARS[1] else None
