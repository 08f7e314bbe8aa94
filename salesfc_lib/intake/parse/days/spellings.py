"""How one day is written: its numbers, the orders in which they may stand, its time of day and
zone.

A day is never guessed from a text alone: where its form allows several orders, all are returned,
and the column decides (`day_order`).
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from salesfc_lib.intake.parse.days.calendars import (
    BUDDHIST,
    ERA_YEAR,
    YEARS,
    is_buddhist,
    read_era,
    read_moment,
    read_roc_compact,
    read_roc_day,
)
from salesfc_lib.intake.parse.days.chinese_numerals import from_chinese
from salesfc_lib.intake.parse.days.month_names import find_month, is_weekday
from salesfc_lib.intake.parse.evidence import Unreadable
from salesfc_lib.intake.parse.numbers.spellings import to_ascii

PIVOT = YEARS[0] % 100  # years of two digits lie in the hundred years from 1980 on
SERIALS = (20000, 80000)  # days since a spreadsheet's day 0, which are 1954 to 2119
DAY_ZERO = {1900: date(1899, 12, 30), 1904: date(1904, 1, 1)}
ORDERS = ("dmy", "mdy", "ymd")
BY_NAME, SERIAL, EPOCH = "month by name", "serial number", "time since 1970"  # forms of a day
ROC_DIGITS = "seven digits of the Republic of China"
COUNTED = (SERIAL, EPOCH, ROC_DIGITS)  # forms that only a column of days tells from a number

_CLOCK = (
    r"(?:[T ]\s*|(?<=日)|(?<=号))(?P<half>上午|下午|凌晨|晚上|中午)?\s*"
    r"(?P<hour>\d{1,2})[:时点](?P<minute>\d{2})"
    r"(?:[:分](?P<second>\d{1,2})(?:[.,]\d+)?秒?)?分?\s*(?P<meridiem>[AP]\.?M\.?)?"
)
_ZONE = r"\s*(?P<zone>Z|UTC|GMT|[-+]\d{2}(?::?\d{2})?)"
_MOMENT = re.compile(
    rf"(?P<day>.+?)(?:{_CLOCK}(?:{_ZONE})?|(?P<bare>Z|[-+]\d{{2}}:\d{{2}}))?", re.IGNORECASE
)
_ENGLISH_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_WEEKDAY = re.compile(
    rf"^{_ENGLISH_DAY}[.,]?\s+|[\s(]*(?:星期|周|礼拜)[一二三四五六日天]\)?|[,\s]+{_ENGLISH_DAY}\.?$",
    re.IGNORECASE,
)
_WORDS_AROUND = re.compile(
    r"(?P<ahead>[^\W\d_]+)[.,]*\s+(?P<day>.+)|(?P<other>.+?)[,\s]+\(?(?P<behind>[^\W\d_]+)[.)]*"
)

NAME = r"(?P<name>[^\W\d_]{3,12})\.?"
SPAN = r"(?:[-/., ]*|\s+(?:de|del|of)\s+)"  # 5 de mayo de 2024
SHORT_YEAR = r"'?(\d{4}|\d{2})"
_YEAR_FIRST = re.compile(r"(\d{4})(?:年|([-/. _]))\s*(\d{1,2})(?:月|\2)\s*(\d{1,2})[日号]?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2}))?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ])\s?(\d{1,2})\2\s?(\d{4}|\d{2})")
_SHORT_CHINESE = re.compile(r"(\d{2})年(\d{1,2})月(\d{1,2})[日号]?")
_DAY_NAME = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th|er|º|ª)?{SPAN}{NAME}{SPAN}{SHORT_YEAR}", re.I)
_NAME_DAY = re.compile(rf"{NAME}[-/. ]*(\d{{1,2}})(?:st|nd|rd|th)?[-/., ]+{SHORT_YEAR}", re.I)
_YEAR_NAME = re.compile(rf"(\d{{4}})[-/., ]*{NAME}[-/. ]*(\d{{1,2}})", re.I)
_SERIAL = re.compile(r"(\d{1,5})(?:[.,]\d+)?")


class DaySpelling(NamedTuple):
    """How a day is written; `orders` are those in which its numbers may stand."""

    numbers: tuple[int, int, int]
    orders: tuple[str, ...]
    form: str  # in words
    short: bool = False  # whether the year has two digits
    clock: int = 0  # seconds since midnight
    offset: int | None = None  # minutes ahead of universal time; None: no zone
    rules: tuple[str, ...] = ()  # that were needed to read it


def dissect_day(text: str, date_system: int = 1900) -> DaySpelling:
    """A day's text taken apart.

    Raises
    ------
    Unreadable
        The text is no day, or a number that a spreadsheet counts as a day which never was.

    >>> [dissect_day(text)[:2] for text in ("2019年7月12日", "25/12/2019", "12. Juli 2019")]
    [((2019, 7, 12), ('ymd',)), ((25, 12, 2019), ('dmy', 'mdy')), ((12, 7, 2019), ('dmy',))]
    >>> dissect_day("2024-07-31T20:00:00+08:00")[4:6], dissect_day("43658").rules
    ((72000, 480), ('serial_date',))
    """
    plain, other = to_ascii(text)
    found = _MOMENT.fullmatch(_WEEKDAY.sub("", plain).strip())
    if found is None:
        raise Unreadable("is no date")
    day = from_chinese(found["day"].strip())
    written = _read_other_calendar(day) or _read_numbers(day, date_system)
    zone = found["zone"] or found["bare"]
    rules = (*written.rules, *(["full_width"] if other else []), *(["time_zone"] if zone else []))
    if written.form == EPOCH:
        return written._replace(rules=rules)
    written = written._replace(clock=_read_clock(found), offset=_read_zone(zone), rules=rules)
    return to_common_era(written)


def to_day(written: DaySpelling, order: str) -> date:
    """The day that the numbers mean in this order; raises `Unreadable` where they mean none.

    >>> to_day(dissect_day("3/4/2019"), "mdy"), to_day(dissect_day("3/4/19"), "dmy")
    (datetime.date(2019, 3, 4), datetime.date(2019, 4, 3))
    """
    year, month, day = (written.numbers[order.index(part)] for part in "ymd")
    year = expand_year(year, written.short)
    if not YEARS[0] <= year < YEARS[1]:
        if (year, month, day) == (1900, 2, 29):
            raise Unreadable("is a day that never was: 1900 was no leap year", "no_such_day")
        raise Unreadable(f"lies outside {YEARS[0]} to {YEARS[1]}", "sentinel_date")
    try:
        return date(year, month, day)
    except ValueError:
        raise Unreadable("is no day of the calendar", "no_such_day") from None


def list_meanings(written: DaySpelling) -> dict[str, date]:
    """The day in each order in which the numbers mean one; raises `Unreadable` where they mean none
    in any.

    >>> sorted(list_meanings(dissect_day("25/12/2019")))
    ['dmy']
    """
    days: dict[str, date] = {}
    problem = Unreadable("is no date")
    for order in reversed(written.orders):
        try:
            days[order] = to_day(written, order)
        except Unreadable as error:
            problem = error
    if not days:
        raise problem
    return days


def to_common_era(written: DaySpelling) -> DaySpelling:
    """The same day with a year of the Buddhist era as one of the common era.

    >>> to_common_era(dissect_day("31/12/2566")).numbers
    (31, 12, 2023)
    """
    if not any(map(is_buddhist, written.numbers)):
        return written
    first, second, third = (n - BUDDHIST if is_buddhist(n) else n for n in written.numbers)
    rules = (*written.rules, "buddhist_year")
    return written._replace(numbers=(first, second, third), rules=rules)


def is_counted(text: str) -> bool:
    """Whether a text of digits may be a day, where its column is one of days: counted from 1900 as
    spreadsheets do, from 1970, or by years of the Republic of China.

    >>> [is_counted(text) for text in ("43658.75", "1672531200", "1120131", "2024")]
    [True, True, True, False]
    """
    if read_moment(text) or read_roc_compact(text):
        return True
    found = _SERIAL.fullmatch(text)
    return found is not None and SERIALS[0] <= int(found[1]) <= SERIALS[1]


def is_year(text: str) -> bool:
    """Whether a text is a year of four digits in which a day may lie."""
    return text.isdecimal() and YEARS[0] <= int(text) < YEARS[1]


def expand_year(year: int, short: bool) -> int:
    """A year of two digits (`short`) with its century, others as they are."""
    return year + (1900 if year >= PIVOT else 2000) if short else year


def _read_numbers(text: str, date_system: int) -> DaySpelling:
    if found := _YEAR_FIRST.fullmatch(text):
        mark = found[2] or ""
        form = f"YYYY{mark}MM{mark}DD" if mark else "年月日"
        return DaySpelling((int(found[1]), int(found[3]), int(found[4])), ("ymd",), form)
    if found := _COMPACT.fullmatch(text):
        return _read_compact(text[:8])
    if found := _YEAR_LAST.fullmatch(text):
        numbers, short = (int(found[1]), int(found[3]), int(found[4])), len(found[4]) == 2
        form = f"year last, with {found[2]!r}{' and two digits' if short else ''}"
        orders = ORDERS if short else ORDERS[:2]
        return DaySpelling(numbers, orders, form, short=short, rules=("date_order",))
    if found := _SHORT_CHINESE.fullmatch(text):
        numbers = (int(found[1]), int(found[2]), int(found[3]))
        return DaySpelling(numbers, ("ymd",), "年月日", short=True)
    if found := _SERIAL.fullmatch(text):
        return _read_serial(int(found[1]), date_system)
    if named := _read_named(text) or _read_named(_drop_weekday(text)):
        return named
    raise Unreadable("is no date")


def _read_compact(digits: str) -> DaySpelling:
    """Eight digits: the year first, unless only their end can be a year."""
    if not YEARS[0] <= int(digits[:4]) < YEARS[1] and YEARS[0] <= int(digits[4:]) < YEARS[1]:
        numbers = (int(digits[:2]), int(digits[2:4]), int(digits[4:]))
        return DaySpelling(numbers, ORDERS[:2], "year last, in eight digits", rules=("date_order",))
    numbers = (int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    return DaySpelling(numbers, ("ymd",), "YYYYMMDD")


def _read_other_calendar(text: str) -> DaySpelling | None:
    """A day of the Republic of China or of a Japanese era, or a moment since 1970: the day of
    universal time, where it is midnight there.
    """
    if roc := read_roc_day(text):
        return DaySpelling(roc, ("ymd",), "year of the Republic of China", rules=("roc_year",))
    if roc := read_roc_compact(text):
        return DaySpelling(roc, ("ymd",), ROC_DIGITS, rules=("roc_year",))
    if (era := read_era(text)) and era[2]:
        return DaySpelling(era, ("ymd",), "year of a Japanese era", rules=(ERA_YEAR,))
    moment = read_moment(text)
    if moment is None:
        return None
    clock = 3600 * moment.hour + 60 * moment.minute + moment.second
    written = DaySpelling((moment.year, moment.month, moment.day), ("ymd",), EPOCH)
    if not clock:
        return written._replace(rules=("epoch",))
    return written._replace(clock=clock, offset=0, rules=("epoch", "time_zone"))


def _read_serial(number: int, date_system: int) -> DaySpelling:
    if date_system == 1900 and number == 60:
        raise Unreadable("is a spreadsheet's 29 February 1900, a day that never was", "no_such_day")
    if number == 0:
        raise Unreadable("is day 0 of a spreadsheet", "sentinel_date")
    if not SERIALS[0] <= number <= SERIALS[1]:
        raise Unreadable("is no date")
    day = DAY_ZERO[date_system] + timedelta(days=number)
    return DaySpelling((day.year, day.month, day.day), ("ymd",), SERIAL, rules=("serial_date",))


def _read_named(text: str) -> DaySpelling | None:
    """A day with its month named; the day stands before the name, also where the year has two
    digits.
    """
    for pattern, order in ((_DAY_NAME, "dmy"), (_NAME_DAY, "mdy"), (_YEAR_NAME, "ymd")):
        found = pattern.fullmatch(text)
        month = find_month(found["name"]) if found else None
        if found and month:
            first, last = (part for part in found.groups() if part != found["name"])
            numbers = [int(first), int(last)]
            numbers.insert(order.index("m"), month)
            short = order != "ymd" and len(last) == 2
            return DaySpelling((numbers[0], numbers[1], numbers[2]), (order,), BY_NAME, short=short)
    return None


def _drop_weekday(text: str) -> str:
    """The text without a weekday's name at its begin or end."""
    found = _WORDS_AROUND.fullmatch(text)
    word = found and (found["ahead"] or found["behind"])
    return (found["day"] or found["other"]) if found and word and is_weekday(word) else ""


def _read_clock(found: re.Match[str]) -> int:
    if found["hour"] is None:
        return 0
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    half = (found["meridiem"] or "").upper().replace(".", "")
    late = half == "PM" or found["half"] in ("下午", "晚上", "中午")
    if hour > (12 if half else 23) or minute > 59 or second > 60:
        raise Unreadable("is no date")
    if late and hour < 12 and not (found["half"] == "中午" and hour >= 10):
        hour += 12
    elif half == "AM" and hour == 12:
        hour = 0
    return 3600 * hour + 60 * minute + second


def _read_zone(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = 60 * int(digits[:2]) + int(digits[2:])
    return -minutes if zone[0] == "-" else minutes
