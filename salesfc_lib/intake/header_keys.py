"""What two spellings of a header have in common.

A run matches a declared header by `fold_header`. Whoever has to guess what a header means compares
by `strip_header`, which also leaves out accents, punctuation and what stands in brackets: the unit
or the currency, by which a run may tell two columns apart.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|<[^<>]*>")
_SIGNS = {"#": " no ", "№": " no ", "%": " pct ", "&": " and ", "℃": ""}
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")


@lru_cache(maxsize=20_000)
def fold_header(header: str) -> str:
    """The header without case, spaces, full-width forms and zero-width characters.

    >>> fold_header(" Ｏrder\u200b ID ") == fold_header("ORDER id"), fold_header("日 期")
    (True, '日期')
    """
    seen = _INVISIBLE.sub("", unicodedata.normalize("NFKC", header).casefold())
    return unicodedata.normalize("NFKC", seen)


@lru_cache(maxsize=50_000)
def strip_header(text: str) -> str:
    """A header without case, accents, spaces, punctuation and what stands in brackets.

    >>> strip_header("Order-Date (UTC)"), strip_header("价税合计（元）"), strip_header("Order #")
    ('orderdate', '价税合计', 'orderno')
    """
    text = unicodedata.normalize("NFKC", text)
    short = _BRACKETS.sub("", text)
    text = short if any(sign.isalnum() for sign in short) else text
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    return re.sub(r"[\W_]+", "", drop_accents(text)).casefold()


def split_header(header: str) -> list[str]:
    """Words of a header outside its brackets, in small letters.

    >>> split_header("SO_OrderDate (UTC)"), split_header("本币价税合计")
    (['so', 'order', 'date'], ['本币价税合计'])
    """
    text = drop_accents(_BRACKETS.sub("", unicodedata.normalize("NFKC", header)))
    return [word.casefold() for word in _WORDS.findall(text)]


def drop_accents(text: str) -> str:
    """The text decomposed (NFKD), without combining characters.

    >>> drop_accents("Qté")
    'Qte'
    """
    signs = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in signs if not unicodedata.combining(sign))
