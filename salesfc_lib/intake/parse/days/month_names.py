"""Names of months and weekdays in the languages of exports, from the Unicode CLDR (Babel)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from salesfc_lib.intake.header_keys import drop_accents

LOCALES = (
    "en de de_AT fr es it pt nl pl sv da nb fi cs hu ro tr ru"  # one name never means two months
)
MORE = {"sept": 9, "mrz": 3, "maerz": 3, "febr": 2, "janv": 1}  # usual spellings beside CLDR's
SHORTEST = 3  # letters to which a name may be cut


def find_month(name: str) -> int | None:
    """Number of the month (1 to 12) that a word names in full or abbreviated; None: it names none.

    >>> [find_month(name) for name in ("Okt", "mai", "février", "Fevrier", "dic", "Marsala")]
    [10, 5, 2, 2, 12, None]
    """
    return _list_months().get(_fold(name))


def is_weekday(word: str) -> bool:
    """Whether a word names a day of the week, in full or abbreviated."""
    return _fold(word) in _list_weekdays()


def _fold(word: str) -> str:
    """The word without case, accents and its point."""
    return drop_accents(word.casefold()).strip(".")


def _list_names(kind: str) -> list[tuple[int, str]]:
    from babel import Locale

    tables = [getattr(Locale.parse(locale), kind) for locale in LOCALES.split()]
    return [
        (number, _fold(name))
        for table in tables
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in table[context][width].items()
    ]


@cache
def _list_months() -> Mapping[str, int]:
    names = _list_names("months")
    cut: dict[str, set[int]] = {}
    for number, name in names:
        cut.setdefault(name[:SHORTEST], set()).add(number)
    unique = {name: number for name, (number, *others) in cut.items() if not others}
    return unique | {name: number for number, name in names} | MORE


@cache
def _list_weekdays() -> frozenset[str]:
    return frozenset(name for _, name in _list_names("days"))
