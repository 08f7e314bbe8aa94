"""Sentences that a table keeps: a key of the catalogue with its facts, in words when shown.

A room that decides something says why with `say`; `reporting.catalogue` writes it in the language
of the reader. In a table it is JSON, so that an analyst can take the facts out again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

KEY = "say"
_START = f'{{"{KEY}": '


def say(key: str, /, **facts: Any) -> str:
    """The sentence `key` with its facts: numbers, texts, months, other such sentences, and lists.

    >>> say("rename.mix", mix=0.125)
    '{"say": "rename.mix", "mix": 0.125}'
    """
    return json.dumps({KEY: key, **facts}, ensure_ascii=False, default=_plain)


def say_all(reasons: Iterable[str], most: int | None = None) -> str:
    """Different ones of `reasons` as one sentence, in order: at most `most`, and how many more.

    >>> say_all(["a", "a", ""]), say_all(["a", "b"])
    ('a', '{"say": "reasons", "reasons": ["a", "b"]}')
    """
    texts = [*dict.fromkeys(filter(None, reasons))]
    if most is not None and len(texts) > most:
        return say("reasons.more", reasons=texts[:most], more=len(texts) - most)
    return say("reasons", reasons=texts) if len(texts) > 1 else "".join(texts)


def is_said(value: Any) -> bool:
    """Whether a value of a table is a sentence that `say` kept."""
    return isinstance(value, str) and value.startswith(_START)


def read_said(text: str) -> tuple[str, Mapping[str, Any]]:
    """Key and facts of what `say` kept."""
    facts = json.loads(text)
    return facts.pop(KEY), facts


def _plain(value: Any) -> Any:
    """JSON for numbers of numpy and for dates."""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return value.item() if hasattr(value, "item") else str(value)
