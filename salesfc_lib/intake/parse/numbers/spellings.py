"""How one number is written: its digits, and what the signs and words around them mean.

Every sign and word around the digits has to be known, and only one may give the sign; otherwise the
text is no number.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple

from salesfc_lib.foundation import scales
from salesfc_lib.intake.parse.evidence import Unreadable
from salesfc_lib.intake.parse.numbers.currencies import CURRENCIES

Credit = Literal["negative", "positive"]

MOST_DIGITS = 38  # of a number; more are no amount
ARABIC_POINT = "\u066b"  # a decimal mark, whatever the column's is

_SHARES = {"%": -2, "‰": -3, "٪": -2}
_CREDIT = dict.fromkeys(("cr", "cr.", "贷", "贷方"), True)
_CREDIT |= dict.fromkeys(("dr", "dr.", "借", "借方"), False)
_WORDS = sorted([*scales.POWERS, *_SHARES, *_CREDIT, *CURRENCIES], key=len, reverse=True)
_TOKEN = re.compile(rf"\s+|[-+()]|(?:{'|'.join(map(re.escape, _WORDS))})", re.IGNORECASE)
_PARTS = re.compile(
    rf"((?:[^\d.,'{ARABIC_POINT}]|(?<=[^\W\d])\.)*)([\d.,' {ARABIC_POINT}]*\d[.,]?)(\D*)"
)
_SCIENTIFIC = re.compile(
    r"(?P<ahead>[-+(]?)(?P<first>\d)(?:(?P<mark>[.,])(?P<rest>\d+))?e(?P<power>[-+]?\d+)"
    r"(?P<behind>\)?)|[-+(]?[\d.,]+e[-+]?\d+\)?",
    re.IGNORECASE,
)
SCIENTIFIC, MOST_POWER = "scientific_notation", 15
_DASHES = dict.fromkeys(map(ord, "−‐‑‒–—﹣"), "-")
_QUOTES = dict.fromkeys(map(ord, "’‘ʼ′´`\u066c"), "'")
_INVISIBLE = dict.fromkeys(
    [0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_WIDE |= {0xFFE5: "¥", 0xFFE1: "£", 0xFFE6: "₩"}
_DIGITS = {
    code: str(unicodedata.decimal(chr(code)))
    for code in range(128, 0x20000)
    if chr(code).isdecimal()
}
_BLANKS = {code: " " for code in range(128, 0x3001) if chr(code).isspace()}
_PLAIN = {**_DIGITS, **_BLANKS, **_DASHES, **_QUOTES, **_INVISIBLE, **_WIDE}
_OTHER_WRITING = frozenset(
    map(chr, [*_DASHES, *range(0xFF0B, 0xFF1A)])
)  # digits and signs, not letters or brackets


class NumberSpelling(NamedTuple):
    """How a number is written."""

    digits: str  # ASCII digits with the marks . , ' and space; an Arabic decimal point is kept
    negative: bool = False
    power: int | None = None  # of ten, that a word such as 万 or % multiplies by; None: no word
    currency: frozenset[str] = frozenset()  # codes that its sign may stand for; empty: no sign
    rules: tuple[str, ...] = ()  # that were needed to read it


BARE = NumberSpelling("")  # of any digits that stand alone


def dissect(text: str, credit: Credit = "negative") -> NumberSpelling:
    """A number's text taken apart.

    Raises
    ------
    Unreadable
        The text is no number, or its sign is said twice.

    >>> dissect("($1,234.50)")[:3]
    ('1,234.50', True, None)
    >>> dissect("１．２万元").power, dissect("１．２万元").rules
    (4, ('full_width', 'chinese_unit', 'currency_sign'))
    """
    plain, other = to_ascii(text)
    found = _PARTS.fullmatch(plain)
    if found is None:
        written = dissect(_write_out(plain), credit)
        return written._replace(rules=(*written.rules, SCIENTIFIC))
    before, digits, after = found.groups()
    if len(digits) > MOST_DIGITS and sum(map(str.isdigit, digits)) > MOST_DIGITS:
        raise Unreadable(f"has more than {MOST_DIGITS} digits")
    if not before and not after:
        return NumberSpelling(digits, rules=("full_width",) if other else ())
    if digits[-1] in ".," and after.lstrip().startswith("-"):
        raise Unreadable("ends in a mark and a dash, which may be a minus or stand for no cents")
    ahead, behind = _split_words(before), _split_words(after)
    if "(" in behind or ")" in ahead or ahead.count("(") != behind.count(")"):
        raise Unreadable("is no number")
    words = ahead + behind
    power_of = {**scales.POWERS, **_SHARES}
    signs = [
        word in "-(" if word in "-+(" else _CREDIT[word] == (credit == "negative")
        for word in words
        if word in "-+(" or word in _CREDIT
    ]
    powers = [power_of[word] for word in behind if word in power_of]
    if len(signs) > 1:
        raise Unreadable("has two signs")
    if len(powers) > 1 or any(word in power_of for word in ahead):
        raise Unreadable("is no number")
    currencies = [CURRENCIES[word] for word in words if word in CURRENCIES]
    if currencies and not (currency := frozenset.intersection(*currencies)):
        raise Unreadable("names two currencies")
    rules = {
        "full_width": other,
        "trailing_minus": "-" in behind,
        "parentheses": "(" in ahead,
        "debit_credit": any(word in _CREDIT for word in words),
        "chinese_unit": any(word in scales.POWERS for word in behind),
        "percent": any(word in _SHARES for word in behind),
        "currency_sign": bool(currencies),
    }
    return NumberSpelling(
        digits,
        any(signs),
        powers[0] if powers else None,
        currency if currencies else frozenset(),
        tuple(rule for rule, used in rules.items() if used),
    )


def to_ascii(text: str) -> tuple[str, bool]:
    """Text with ASCII digits, signs and spaces, and whether it was written otherwise.

    >>> to_ascii("１２３"), to_ascii("−٤٢"), to_ascii(" 5 ")
    (('123', True), ('-42', True), ('5', False))
    """
    if text.isascii():
        return text.strip(), False
    signs = set(text)
    zeros = {ord(sign) - unicodedata.decimal(sign) for sign in signs if sign.isdecimal()}
    if len(zeros) > 1:
        raise Unreadable("mixes digits of several scripts")
    is_other = bool(zeros - {ord("0")}) or not _OTHER_WRITING.isdisjoint(signs)
    return text.translate(_PLAIN).strip(), is_other


def _write_out(text: str) -> str:
    """A number in scientific notation that has all its digits, without its exponent.

    Those are all written where there are as many as the exponent, or where the exponent has one
    digit, as no spreadsheet shows it: they round, and write two digits at least. Raises
    `Unreadable` for any other text.

    >>> _write_out("1,2345E+4"), _write_out("1.5E3"), _write_out("-2.5e-02")
    ('12345', '1500', '-0.0250')
    """
    found = _SCIENTIFIC.fullmatch(text)
    if found is None:
        raise Unreadable("is no number")
    power, rest = int(found["power"] or MOST_POWER + 1), found["rest"] or ""
    is_whole = len(rest) >= power or 0 < power < 10 and text.rstrip(")")[-2] in "eE+"
    if abs(power) > MOST_POWER or not is_whole:
        raise Unreadable("is in scientific notation, which has lost digits")
    digits = "0" * max(-power, 0) + found["first"] + rest + "0" * max(power - len(rest), 0)
    place = 1 + max(power, 0)
    decimals = digits[place:].rstrip("0")
    decimals += "0" if len(decimals) == 3 else ""  # no group of thousands
    number = digits[:place] + (f"{found['mark'] or '.'}{decimals}" if decimals else "")
    return f"{found['ahead']}{number}{found['behind']}"


def _split_words(text: str) -> list[str]:
    """Words and signs that make up the text, in lower case; raises where one is unknown."""
    words, place = [], 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise Unreadable("is no number")
        words.append(found[0].casefold())
        place = found.end()
    return [word for word in words if word.strip()]
