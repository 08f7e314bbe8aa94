"""How one day is written: three numbers, the orders in which they may stand, and a clock with its zone.

A text enters; its numbers leave with what is known of their order. The decision made here: a day is never guessed from a text
alone; where its form allows several orders, all are told, and the column decides (`day_order`).
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from salesfc_lib.intake.parse.evidence import Unreadable
from salesfc_lib.intake.parse.number_spellings import to_ascii

YEARS = (1980, 2200)  # outside, a date is a sentinel such as 1900-01-00 or 9999-12-31
PIVOT = YEARS[0] % 100  # years of two digits lie in the hundred years from 1980 on
SERIALS = (20000, 80000)  # days since a spreadsheet's day 0, which are 1954 to 2119
DAY_ZERO = {1900: date(1899, 12, 30), 1904: date(1904, 1, 1)}
ORDERS = ("dmy", "mdy", "ymd")

_CLOCK = (
    r"(?:[T ]\s*|(?<=日)|(?<=号))(?P<half>上午|下午|凌晨|晚上|中午)?\s*(?P<hour>\d{1,2})[:时点](?P<minute>\d{2})"
    r"(?:[:分](?P<second>\d{1,2})(?:[.,]\d+)?秒?)?分?\s*(?P<meridiem>[AP]\.?M\.?)?"
)
_ZONE = r"\s*(?P<zone>Z|UTC|GMT|[-+]\d{2}(?::?\d{2})?)"
_MOMENT = re.compile(
    rf"(?P<day>.+?)(?:{_CLOCK}(?:{_ZONE})?|(?P<bare>Z|[-+]\d{{2}}:\d{{2}}))?", re.IGNORECASE
)
_WEEKDAY = re.compile(
    r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+|[\s(]*(?:星期|周|礼拜)[一二三四五六日天]\)?|[,\s]+(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?$",
    re.IGNORECASE,
)
_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_LONG_NAMES = "january february march april may june july august september october november december sept".split()  # noqa: SIM905
MONTH_NAMES = {name: place + 1 for place, name in enumerate(_NAMES)} | {
    name: place % 12 + 1 for place, name in enumerate(_LONG_NAMES)
}
MONTH_NAMES["sept"] = 9

_NAME = r"(?P<name>[A-Za-z]{3,9})\.?"
_YEAR_FIRST = re.compile(r"(\d{4})(?:年|([-/. _]))\s*(\d{1,2})(?:月|\2)\s*(\d{1,2})[日号]?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2}))?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ])\s?(\d{1,2})\2\s?(\d{4}|\d{2})")
_SHORT_CHINESE = re.compile(r"(\d{2})年(\d{1,2})月(\d{1,2})[日号]?")
_DAY_NAME = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th)?[-/. ]*(?:of )?{_NAME}[-/., ]*'?(\d{{4}}|\d{{2}})", re.IGNORECASE
)
_NAME_DAY = re.compile(
    rf"{_NAME}[-/. ]*(\d{{1,2}})(?:st|nd|rd|th)?[-/., ]+'?(\d{{4}}|\d{{2}})", re.IGNORECASE
)
_YEAR_NAME = re.compile(rf"(\d{{4}})[-/., ]*{_NAME}[-/. ]*(\d{{1,2}})", re.IGNORECASE)
_SERIAL = re.compile(r"(\d{1,5})(?:[.,]\d+)?")
_CHINESE = re.compile(
    r"[〇○零一二三四五六七八九]{4}年[一二三四五六七八九十]{1,3}月(?:[一二三四五六七八九十廿卅]{1,3}[日号])?"
)
_CHINESE_DIGITS = {
    sign: value
    for signs, value in (
        ("〇○零", 0),
        *((sign, place + 1) for place, sign in enumerate("一二三四五六七八九")),
    )
    for sign in signs
}
_MONTH = re.compile(r"(\d{4})(?:[-/. ]|年)?(\d{1,2})月?(?:份)?")
_MONTH_LAST = re.compile(r"(\d{1,2})[-/. ](\d{4})")
_NAMED_MONTH = re.compile(
    rf"{_NAME}[-/., ]*'?(\d{{4}}|\d{{2}})|(\d{{4}})[-/., ]*(?P<behind>[A-Za-z]{{3,9}})\.?",
    re.IGNORECASE,
)


class WrittenDay(NamedTuple):
    """A day as it is written."""

    numbers: tuple[int, int, int]
    orders: tuple[str, ...]  # in which the numbers may stand
    short: bool = False  # whether the year has two digits
    clock: int = 0  # minutes since midnight
    offset: int | None = None  # minutes ahead of universal time; None: no zone
    rules: tuple[str, ...] = ()  # that were needed to read it


def dissect_day(text: str, date_system: int = 1900) -> WrittenDay:
    """A day's text taken apart.

    Raises
    ------
    Unreadable
        The text is no day, or a number that a spreadsheet counts as a day which never was.

    >>> dissect_day("2019年7月12日")[:2], dissect_day("25/12/2019")[:2], dissect_day("12-Jul-2019")[:2]
    (((2019, 7, 12), ('ymd',)), ((25, 12, 2019), ('dmy', 'mdy')), ((12, 7, 2019), ('dmy',)))
    >>> dissect_day("2024-07-31T20:00:00+08:00")[3:5], dissect_day("43658").rules
    ((1200, 480), ('serial_date',))
    """
    plain, other = to_ascii(text)
    found = _MOMENT.fullmatch(_WEEKDAY.sub("", plain).strip())
    if found is None:
        raise Unreadable("is no date")
    written = _read_numbers(_from_chinese(found["day"].strip()), date_system)
    zone = found["zone"] or found["bare"]
    rules = (*written.rules, *(["full_width"] if other else []), *(["time_zone"] if zone else []))
    return written._replace(clock=_read_clock(found), offset=_read_zone(zone), rules=rules)


def dissect_month(text: str) -> WrittenDay | None:
    """First day of a month written without a day; None where the text is none.

    >>> [dissect_month(text).numbers[:2] for text in ("2024-07", "2024年7月", "202407", "07/2024", "Jul-24")]
    [(2024, 7), (2024, 7), (2024, 7), (2024, 7), (2024, 7)]
    """
    plain = _from_chinese(to_ascii(text)[0])
    if (found := _MONTH.fullmatch(plain)) and int(found[2]) <= 12:
        return WrittenDay((int(found[1]), int(found[2]), 1), ("ymd",))
    if found := _MONTH_LAST.fullmatch(plain):
        return WrittenDay((int(found[2]), int(found[1]), 1), ("ymd",))
    if found := _NAMED_MONTH.fullmatch(plain):
        month = MONTH_NAMES.get((found["name"] or found["behind"]).lower())
        year = found[2] or found[3]
        return (
            WrittenDay((_expand(int(year), len(year) == 2), month, 1), ("ymd",)) if month else None
        )
    return None


def to_day(written: WrittenDay, order: str) -> date:
    """The day that the numbers say in this order.

    >>> to_day(dissect_day("3/4/2019"), "mdy"), to_day(dissect_day("3/4/19"), "dmy")
    (datetime.date(2019, 3, 4), datetime.date(2019, 4, 3))
    """
    year, month, day = (written.numbers[order.index(part)] for part in "ymd")
    year = _expand(year, written.short)
    if not YEARS[0] <= year < YEARS[1]:
        if (year, month, day) == (1900, 2, 29):
            raise Unreadable("is a day that never was: 1900 was no leap year", "no_such_day")
        raise Unreadable(f"lies outside {YEARS[0]} to {YEARS[1]}", "sentinel_date")
    try:
        return date(year, month, day)
    except ValueError:
        raise Unreadable("is no day of the calendar", "no_such_day") from None


def _expand(year: int, short: bool) -> int:
    return year + (1900 if year >= PIVOT else 2000) if short else year


def _read_numbers(text: str, date_system: int) -> WrittenDay:
    if found := _YEAR_FIRST.fullmatch(text):
        return WrittenDay((int(found[1]), int(found[3]), int(found[4])), ("ymd",))
    if found := _COMPACT.fullmatch(text):
        return _read_compact(text[:8])
    if found := _YEAR_LAST.fullmatch(text):
        numbers = (int(found[1]), int(found[3]), int(found[4]))
        return WrittenDay(
            numbers,
            ORDERS if len(found[4]) == 2 else ORDERS[:2],
            short=len(found[4]) == 2,
            rules=("date_order",),
        )
    if found := _SHORT_CHINESE.fullmatch(text):
        return WrittenDay((int(found[1]), int(found[2]), int(found[3])), ("ymd",), short=True)
    if found := _SERIAL.fullmatch(text):
        return _read_serial(int(found[1]), date_system)
    return _read_named(text)


def _read_compact(digits: str) -> WrittenDay:
    """Eight digits: the year first, unless only their end can be a year."""
    if not YEARS[0] <= int(digits[:4]) < YEARS[1] and YEARS[0] <= int(digits[4:]) < YEARS[1]:
        return WrittenDay(
            (int(digits[:2]), int(digits[2:4]), int(digits[4:])), ORDERS[:2], rules=("date_order",)
        )
    return WrittenDay((int(digits[:4]), int(digits[4:6]), int(digits[6:])), ("ymd",))


def _read_serial(number: int, date_system: int) -> WrittenDay:
    if date_system == 1900 and number == 60:
        raise Unreadable("is a spreadsheet's 29 February 1900, a day that never was", "no_such_day")
    if number == 0:
        raise Unreadable("is a spreadsheet's day 0", "sentinel_date")
    if not SERIALS[0] <= number <= SERIALS[1]:
        raise Unreadable("is no date")
    day = DAY_ZERO[date_system] + timedelta(days=number)
    return WrittenDay((day.year, day.month, day.day), ("ymd",), rules=("serial_date",))


def _read_named(text: str) -> WrittenDay:
    """A day with its month named; before the name stands the day, also where the year has two digits."""
    for form, order in ((_DAY_NAME, "dmy"), (_NAME_DAY, "mdy"), (_YEAR_NAME, "ymd")):
        found = form.fullmatch(text)
        month = MONTH_NAMES.get(found["name"].lower()) if found else None
        if found and month:
            first, last = (part for part in found.groups() if part != found["name"])
            numbers = {
                "dmy": (int(first), month, int(last)),
                "mdy": (month, int(first), int(last)),
                "ymd": (int(first), month, int(last)),
            }
            return WrittenDay(numbers[order], (order,), short=order != "ymd" and len(last) == 2)
    raise Unreadable("is no date")


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
    return 60 * hour + minute


def _read_zone(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = 60 * int(digits[:2]) + int(digits[2:])
    return -minutes if zone[0] == "-" else minutes


def _from_chinese(text: str) -> str:
    """A day in Chinese numerals, with digits.

    >>> _from_chinese("二〇一九年十二月二十一日"), _from_chinese("2019年7月")
    ('2019年12月21日', '2019年7月')
    """
    if not _CHINESE.fullmatch(text):
        return text
    return re.sub("[^年月日号]+", lambda found: _count(found[0]), text)


def _count(numerals: str) -> str:
    numerals = numerals.replace("廿", "二十").replace("卅", "三十")
    if "十" in numerals:
        tens, _, ones = numerals.partition("十")
        return str(10 * _CHINESE_DIGITS.get(tens, 1) + _CHINESE_DIGITS.get(ones, 0))
    return "".join(str(_CHINESE_DIGITS[sign]) for sign in numerals)
