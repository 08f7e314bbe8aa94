"""Numbers, dates and short lists as the pages write them, in the current language.

A real minus sign, thousands by comma; English has a narrow no-break space before the percent sign.
Dates and lists are Babel's. There is no text for a missing number: callers have a sentence for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache

from babel.dates import format_date, format_skeleton
from babel.lists import format_list

from salesfc_lib.foundation import language
from salesfc_lib.foundation.spacing import join

THIN = "\u202f"  # narrow no-break space, before %
NBSP = "\u00a0"
MINUS = "\u2212"
CARDINALS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
ORDINALS = (
    *("zeroth", "first", "second", "third", "fourth", "fifth", "sixth"),
    *("seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
)


def number(value: float, places: int = 0) -> str:
    """Number with thousands separated and a real minus sign.

    >>> number(-48212)
    '−48,212'
    """
    return _minus(f"{value:,.{places}f}")


def signed(value: float, places: int = 1) -> str:
    """Number that always shows its sign, except where it rounds to zero.

    >>> signed(9.2), signed(-0.9), signed(0.01)
    ('+9.2', '−0.9', '0.0')
    """
    text = f"{value:+,.{places}f}"
    return _minus(text) if text.strip("+-0.,") else text.lstrip("+-")


def percent(ratio: float, places: int = 1) -> str:
    """Ratio as a percentage.

    >>> percent(0.065)
    '6.5\\u202f%'
    """
    return f"{number(round(ratio * 100, 10), places)}{_percent_sign()}"


def signed_percent(ratio: float) -> str:
    """Ratio as a percentage with its sign."""
    return f"{signed(round(ratio * 100, 10))}{_percent_sign()}"


def percent_label(percentage: float) -> str:
    """Percentage as short as it can be: 85 → '85 %', 82.5 → '82.5 %'."""
    whole = math.isclose(percentage, round(percentage), rel_tol=0, abs_tol=1e-9)
    return percent(percentage / 100, 0 if whole else 1)


def points(difference: float) -> str:
    """Difference of two ratios in percentage points, signed.

    >>> points(0.092)
    '+9.2 points'
    """
    unit = language.by_language(("points", "个百分点"))
    return f"{signed(round(difference * 100, 10))} {unit}"


def month_name(month: str) -> str:
    """'2026-06' as 'June 2026'."""
    return _in_form("yMMMM", month, language.current())


def month_word(month: str) -> str:
    """'2026-06' as 'June'."""
    return _in_form(language.by_language(("LLLL", "LLL")), month, language.current())


def month_short(month: str) -> str:
    """'2026-06' as 'Jun'."""
    return _in_form("LLL", month, language.current())[:3]


def add_months(month: str, n: int) -> str:
    """The month n later.

    >>> add_months("2026-11", 3), add_months("2026-01", -1)
    ('2027-02', '2025-12')
    """
    year, index = divmod(int(month[:4]) * 12 + int(month[5:7]) - 1 + n, 12)
    return f"{year:04d}-{index + 1:02d}"


def day(moment: str | date) -> str:
    """Date or moment as '3 July 2026'."""
    return format_date(_moment(moment), "long", locale=_locale())


def day_short(moment: str | date) -> str:
    """Date or moment as '3 July'."""
    return format_skeleton("MMMMd", _moment(moment), locale=_locale())


def minute(moment: str | date) -> str:
    """Moment as '3 July 2026, 09:15'."""
    return f"{day(moment)}{language.by_language((', ', ' '))}{_moment(moment):%H:%M}"


def cardinal(n: int) -> str:
    """Small numbers in words where the language does so: 2 → 'two', 13 → '13'."""
    in_words = language.current() == language.SOURCE and 0 <= n < len(CARDINALS)
    return CARDINALS[n] if in_words else number(n)


def ordinal(n: int) -> str:
    """2 → 'second', 13 → '13th'; in Chinese '第 2'."""
    if language.current() == "zh":
        return f"第{NBSP}{n}"
    if 0 <= n < len(ORDINALS):
        return ORDINALS[n]
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def plural(n: int, one: str, many: str = "") -> str:
    """Count with its noun: '1 row', '48,212 rows'."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def listing(words: Sequence[str], most: int = 4) -> str:
    """'a', 'a and b', 'a, b and c', and beyond `most` 'a, b, c and 2 more'."""
    words, n = list(words), len(words)
    if n > most and language.current() == "zh":
        return join(["、".join(words[: most - 1]), f"等 {n} 项"])
    if n > 1 and language.current() == "zh":
        return join(["、".join(words[:-1]), "和", words[-1]])
    if n > most:
        words = [*words[: most - 1], f"{n - most + 1} more"]
    return format_list(words, locale=_locale())


def paragraph(sentences: Iterable[str]) -> str:
    """Sentences after one another, without the empty ones; in Chinese no space parts them."""
    return language.by_language((" ", "")).join(filter(None, sentences))


def semicolons(parts: Iterable[str]) -> str:
    """'a; b', in Chinese 'a；b'; empty parts fall away."""
    return language.by_language(("; ", "；")).join(filter(None, parts))


def commas(words: Iterable[str]) -> str:
    """Every word: 'a, b', in Chinese 'a、b'; empty ones fall away."""
    return language.by_language((", ", "、")).join(filter(None, words))


def first_upper(text: str) -> str:
    """Text with its first letter as a capital, the rest as it is."""
    return text[:1].upper() + text[1:]


def first_lower(text: str) -> str:
    """Text with its first letter small, the rest as it is: a name inside a sentence."""
    return text[:1].lower() + text[1:]


def size(n_bytes: int) -> str:
    """File size: '812 bytes', '19 KB', '2.1 MB'."""
    if n_bytes < 1_000:
        return language.by_language((plural(n_bytes, "byte"), f"{number(n_bytes)} 字节"))
    if n_bytes < 1e6:
        return f"{number(n_bytes / 1e3)}{NBSP}KB"
    return f"{number(n_bytes / 1e6, 1)}{NBSP}MB"


@cache
def _in_form(skeleton: str, month: str, spoken: str) -> str:
    first = date(int(month[:4]), int(month[5:7]), 1)
    locale = language.LOCALES[spoken]
    if skeleton.startswith("L"):  # a month by itself is no skeleton
        return format_date(first, skeleton, locale=locale)
    return format_skeleton(skeleton, first, locale=locale)


def _locale() -> str:
    return language.LOCALES[language.current()]


def _percent_sign() -> str:
    return language.by_language((f"{THIN}%", "%"))


def _moment(moment: str | date) -> datetime:
    if isinstance(moment, str):
        return datetime.fromisoformat(moment)
    if isinstance(moment, datetime):
        return moment
    return datetime(moment.year, moment.month, moment.day)


def _minus(text: str) -> str:
    return text.replace("-", MINUS) if text.strip("+-0.,") else text.lstrip("-")
