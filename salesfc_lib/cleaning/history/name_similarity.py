"""How alike two names are, in any script.

Names enter; a number from 0 to 1 leaves. The decisions made here: case, spaces, punctuation and full-width forms do not count;
a name cut short is nearly the same name; otherwise the words that two names share count by how rare they are among all
the names (of a script without spaces every character is a word), so that "American" makes nothing alike.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher

WORD = re.compile(r"[^\W\d_]+|\d+")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # kana, ideographs, hangul
CUT, SHORTEST = (
    0.95,
    3,
)  # likeness of a name and its beginning, of at least so many letters (two ideographs)
SPELLED = 0.8  # share of letters in common, from which on two names are one name spelled twice


def fold_name(name: str) -> str:
    """Letters and digits of a name, as one would compare them by eye.

    >>> fold_name("O'Brien") == fold_name("OBRIEN "), fold_name("Ａ-1")
    (True, 'a1')
    """
    return "".join(
        sign for sign in unicodedata.normalize("NFKC", name).casefold() if sign.isalnum()
    )


def split_words(name: str) -> set[str]:
    """Words of a name; each ideograph is one.

    >>> sorted(split_words("Rock & rye 华南"))
    ['rock', 'rye', '华', '南']
    """
    spaced = UNSPACED.sub(
        lambda sign: f" {sign[0]} ", unicodedata.normalize("NFKC", name).casefold()
    )
    return set(WORD.findall(spaced))


class Likeness:
    """Likeness of names among all the names of a column."""

    def __init__(self, names: Iterable[str]) -> None:
        words = {name: split_words(name) for name in dict.fromkeys(names)}
        counts = Counter(word for found in words.values() for word in found)
        self._words = words
        self._weights = {word: 1 / (1 + math.log(count)) for word, count in counts.items()}

    def compare(self, one: str, other: str) -> float:
        """Likeness of two of the names.

        >>> names = Likeness(["buena vista", "buena vist", "american gins", "american brandies", "grape brandies, american"])
        >>> names.compare("buena vista", "buena vist")
        0.95
        >>> names.compare("american gins", "american brandies") < 0.5 < names.compare("american brandies", "grape brandies, american")
        True
        """
        short, long = sorted((fold_name(one), fold_name(other)), key=len)
        if short == long:
            return 1.0
        if len(short) >= (2 if UNSPACED.match(short) else SHORTEST) and long.startswith(short):
            return CUT
        spelled = SequenceMatcher(None, short, long, autojunk=False).ratio()
        return max(spelled if spelled >= SPELLED else 0.0, self.share(one, other))

    def share(self, one: str, other: str) -> float:
        """Weight of the words that two names have in common, as a share of those of the shorter one and of both."""
        first, second = (self._words[name] for name in (one, other))
        common = self._sum(first & second)
        if not common:
            return 0.0
        return (
            common / min(self._sum(first), self._sum(second)) + common / self._sum(first | second)
        ) / 2

    def _sum(self, words: set[str]) -> float:
        return sum(self._weights[word] for word in words)
