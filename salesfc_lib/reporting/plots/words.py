"""Words that figures write, in the current language."""

from __future__ import annotations

from typing import Any

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.catalogue import Sentences

WRITER = Sentences(wording.AmountFormat())  # of words without an amount


def word(key: str, /, **facts: Any) -> str:
    """The words `key` of the catalogue with their facts.

    >>> word("plot.through", month="2026-06")
    'data through June 2026'
    """
    return WRITER.text(key, **facts)
