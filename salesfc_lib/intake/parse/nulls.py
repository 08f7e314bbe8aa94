"""Spellings of nothing, and the errors of spreadsheets.

In a column of numbers or dates each spelling is a blank, because it can be nothing else; in a
column of text none is (`NA` may be a region), except those that the source declares for that
column.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from salesfc_lib.intake.parse.evidence import BLANK, Unreadable

_SPELLINGS = r"- -- --- – — —— null (null) <null> [null] \n n/a na n.a. none nil 无 無 空 / 暂无"
NULL_SPELLINGS = frozenset(_SPELLINGS.split(" "))  # casefolded
_ERRORS = "#ref! #n/a #div/0! #value! #name? #num! #null! #spill! #calc!"
ERRORS = frozenset(_ERRORS.split())  # casefolded
Value = TypeVar("Value")
ERROR, ERROR_CELL = "is an error of a spreadsheet", "error_cell"  # what is wrong, and its rule


def read_cell(text: str, read: Callable[[str], Value]) -> Value | Unreadable:
    """What `read` makes of a cell in a column of numbers or dates, or why it is none: it may stand
    for nothing, or for a spreadsheet's error.

    >>> read_cell("7", int), read_cell("#REF!", int)
    (7, Unreadable('is an error of a spreadsheet'))
    """
    if not text.strip():
        return Unreadable(BLANK)
    if is_null_spelling(text):
        return Unreadable(BLANK, rules=("null_spelling",))
    if is_error(text):
        return Unreadable(ERROR, ERROR_CELL)
    try:
        return read(text)
    except Unreadable as problem:
        return problem


def is_error(text: str) -> bool:
    """Whether a text is nothing but a spreadsheet's error, in a column of any kind.

    >>> is_error("#REF!"), is_error("#REF Tools")
    (True, False)
    """
    return text.strip().casefold() in ERRORS


def is_null_spelling(text: str) -> bool:
    """Whether a text in a column of numbers or dates stands for a blank cell; an empty one is blank
    by itself.

    >>> [is_null_spelling(text) for text in ("N/A", " null ", "--", "无", "", "0", "NaN")]
    [True, True, True, True, False, False, False]
    """
    return text.strip().casefold() in NULL_SPELLINGS
