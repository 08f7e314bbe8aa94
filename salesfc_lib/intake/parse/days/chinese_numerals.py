"""Days and months that are written in Chinese numerals."""

from __future__ import annotations

import re

WRITTEN = re.compile(
    r"[〇○零一二三四五六七八九]{4}年[一二三四五六七八九十]{1,3}月"
    r"(?:[一二三四五六七八九十廿卅]{1,3}[日号])?"
)
DIGITS = dict(zip("〇○零一二三四五六七八九", (0, 0, *range(10)), strict=True))


def from_chinese(text: str) -> str:
    """A day or month in Chinese numerals, with digits.

    >>> from_chinese("二〇一九年十二月二十一日"), from_chinese("2019年7月")
    ('2019年12月21日', '2019年7月')
    """
    if not WRITTEN.fullmatch(text):
        return text
    return re.sub("[^年月日号]+", lambda found: _count(found[0]), text)


def _count(numerals: str) -> str:
    numerals = numerals.replace("廿", "二十").replace("卅", "三十")
    if "十" in numerals:
        tens, _, ones = numerals.partition("十")
        return str(10 * DIGITS.get(tens, 1) + DIGITS.get(ones, 0))
    return "".join(str(DIGITS[sign]) for sign in numerals)
