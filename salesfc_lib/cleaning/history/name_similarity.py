"""Similarity of two names, in any script, from 0 to 1.

Case, spaces, punctuation and full-width forms do not count; a name cut short is nearly the same
name; otherwise the words that two names share count by how rare they are among all the names (of a
script without spaces every character is a word).
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
CUT = 0.95  # similarity of a name and its beginning
SHORTEST = 3  # letters of such a beginning (two where they are ideographs)
SPELLED = 0.8  # share of letters in common, from which on two names are one name spelled twice


def fold_name(name: str) -> str:
    """Letters and digits of a name, as one would compare them by eye.

    >>> fold_name("O'Brien") == fold_name("OBRIEN "), fold_name("Ａ-1")
    (True, 'a1')
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))


def split_words(name: str) -> set[str]:
    """Words of a name; each ideograph is one.

    >>> sorted(split_words("Rock & rye 华南"))
    ['rock', 'rye', '华', '南']
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return set(WORD.findall(UNSPACED.sub(lambda sign: f" {sign[0]} ", folded)))


class Similarity:
    """Similarity of names among all the names of a column."""

    def __init__(self, names: Iterable[str]) -> None:
        words = {name: split_words(name) for name in dict.fromkeys(names)}
        counts = Counter(word for found in words.values() for word in found)
        self._words = words
        self._weights = {word: 1 / (1 + math.log(count)) for word, count in counts.items()}

    def compare(self, one: str, other: str) -> float:
        """Similarity of two of the names.

        >>> column = ["buena vista", "buena vist", "american gins", "american brandies"]
        >>> names = Similarity([*column, "grape brandies, american"])
        >>> names.compare("buena vista", "buena vist")
        0.95
        >>> names.compare("american gins", "american brandies") < 0.5
        True
        >>> names.compare("american brandies", "grape brandies, american") > 0.5
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
        """Weight of the words in common, as a share of those of the shorter name and of both."""
        first, second = self._words[one], self._words[other]
        common, *wholes, both = (
            sum(self._weights[word] for word in words)
            for words in (first & second, first, second, first | second)
        )
        return (common / min(wholes) + common / both) / 2 if common else 0.0
