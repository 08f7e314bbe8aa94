"""Where Chinese has a space: beside digits and Latin letters, and nowhere else.

Texts and facts meet in a sentence without knowing each other: an amount ends in 万 or in a digit, a
name is Chinese or Latin. What parts them is decided here. English texts stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from salesfc_lib.foundation import language

KINDS = {
    "letter": re.compile("[\u3400-\u9fff]"),
    "mark": re.compile("[\u3001-\u303f\uff00-\uffef]"),  # full width
    "quote": re.compile("[“”]"),
    "latin": re.compile("[A-Za-z0-9¥$€£+\u2212%]"),
}
NAME = " · "  # within a name of several parts


def join(pieces: Iterable[str]) -> str:
    """Pieces of a sentence after one another, in Chinese with the spaces it has where they meet.

    A name of several parts keeps the spaces around it.

    >>> with language.speaking("zh"):
    ...     join(["高于", "5月", "的 ", "¥87 万", " 到 ", "¥91,500", "和", "其他"])
    '高于 5月的 ¥87 万到 ¥91,500 和其他'
    """
    if language.current() != "zh":
        return "".join(pieces)
    text = last = ""
    for piece in filter(None, pieces):
        before, after = text.rstrip(" ")[-1:], piece.lstrip(" ")[:1]
        space = _space(before, after)
        if space is None or (not space and (NAME in last or NAME in piece)):
            text += piece
        else:
            text = f"{text.rstrip(' ')}{space}{piece.lstrip(' ')}"
        last = piece if piece.strip(" ") else last
    return text


def isolate(text: str) -> str:
    """A name that holds text from right to left, apart from the sentence around it (Unicode's
    isolates); any other as it is.

    >>> isolate("North"), isolate("\u05e6\u05e4\u05d5\u05df")[0] == "\u2068"
    ('North', True)
    """
    is_leftwards = any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
    return f"\u2068{text}\u2069" if is_leftwards else text


def _space(before: str, after: str) -> str | None:
    """What stands between two characters; `None` where the pieces decide."""
    kinds = {_kind(before), _kind(after)}
    if kinds == {"letter", "latin"}:
        return " "
    if "" in kinds or kinds in ({"latin"}, {"latin", "quote"}):
        return None
    return ""


def _kind(character: str) -> str:
    """Which of `KINDS` a character is; empty for any other."""
    return next((kind for kind, pattern in KINDS.items() if pattern.match(character)), "")
