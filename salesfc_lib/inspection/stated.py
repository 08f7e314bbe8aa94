"""Units that a title or a header states for numbers: 单位:万元, in thousands, k€.

Texts enter; the unit's name in `units` of a source leaves, with the words that say it. The decision made here: a unit is
only taken from words that are made for it; `元` and `EUR` alone state no power of ten.
"""

from __future__ import annotations

import re
import unicodedata

# in the order in which they are looked for: 百万 before 万
WORDS = (
    ("million", r"百万(?:元|美元|人民币)?|\b(?:in|amounts? in|values? in|figures in)\s+(?:\w+\s+)?(?:millions?|mio|mn)\b|[(\[]\s*(?:in\s+)?(?:\w{3}\s+|[$€£¥]\s*)?(?:millions?|mio\.?|mn|mm)\s*[)\]]|(?<![\w])(?:[$€£¥]\s?(?:m|mn|mm)|meur|musd)\b|\b(?:eur|usd|cny|gbp)\s?(?:m|mn|mio)\b|'000\s?000"),
    ("yi", r"(?:单位|單位|金额|[(（\[])\s*[:：]?\s*(?:人民币)?亿元?"),
    ("wan", r"(?:单位|單位|金额|[(（\[])\s*[:：]?\s*(?:人民币)?[万萬]元?"),
    ("thousand", r"(?:单位|單位|金额|[(（\[])\s*[:：]?\s*(?:人民币)?千元?|\b(?:in|amounts? in|values? in|figures in)\s+(?:\w+\s+|[$€£¥]\s*)?(?:thousands?|tsd|k)\b|[(\[]\s*(?:in\s+)?(?:\w{3}\s+|[$€£¥]\s*)?(?:thousands?|tsd\.?|000s?|'000s?|k)\s*[)\]]|[$€£¥]\s?['’]?0{3}s?\b|['’]000s?\b|(?<!\w)(?:keur|teur|kusd|kcny|krmb|t€|k€|k\$)(?!\w)|\b(?:eur|usd|cny|gbp|rmb)\s?(?:k|tsd)\b"),
)  # fmt: skip
POWERS = {"thousand": 3, "wan": 4, "million": 6, "yi": 8}


def find_unit(text: str) -> tuple[str, str] | None:
    """The unit that a text states, and the words.

    >>> find_unit("单位：万元"), find_unit("Amounts in thousands of EUR"), find_unit("Sales (k€)")
    (('wan', '单位:万元'), ('thousand', 'Amounts in thousands'), ('thousand', 'k€'))
    >>> find_unit("单位:元(不含税)"), find_unit("金额(元)")
    (None, None)
    """
    plain = unicodedata.normalize("NFKC", text)
    for unit, pattern in WORDS:
        if found := re.search(pattern, plain, re.IGNORECASE):
            return unit, found.group().strip()
    return None
