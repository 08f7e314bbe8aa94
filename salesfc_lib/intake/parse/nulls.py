"""Spellings of nothing, and the errors of spreadsheets.

In a column of numbers or dates each spelling is a blank, because it can be nothing else; in a
column of text none is (`NA` may be a region), except those that the source declares for that
column.
"""

from __future__ import annotations

from collections.abc import Collection

from salesfc_lib.intake.parse.evidence import BLANK, Unreadable

_SPELLINGS = r"- -- --- – — —— null (null) <null> [null] \n n/a na n.a. none nil 无 無 空 / 暂无"
NULL_SPELLINGS = frozenset(_SPELLINGS.split(" "))  # casefolded
_ERRORS = "#ref! #n/a #div/0! #value! #name? #num! #null! #spill! #calc!"
ERRORS = frozenset(_ERRORS.split())  # casefolded
ERROR, ERROR_CELL = "is an error of a spreadsheet", "error_cell"  # what is wrong, and its rule


def require_value(text: str) -> None:
    """Raise `Unreadable` where a text in a column of numbers or dates stands for nothing, or for a
    spreadsheet's error.

    >>> require_value("0"), require_value("NaN")
    (None, None)
    >>> require_value("#REF!")
    Traceback (most recent call last):
    ...
    salesfc_lib.intake.parse.evidence.Unreadable: is an error of a spreadsheet
    """
    if not text.strip() or is_null_spelling(text):
        raise Unreadable(BLANK)
    if is_error(text):
        raise Unreadable(ERROR, ERROR_CELL)


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


def is_null_text(text: str, declared: Collection[str] = ()) -> bool:
    """Whether a text in a column of text stands for a blank cell: only a spelling that the source
    declares, as it is written.

    >>> is_null_text("NA"), is_null_text("NA", ["NA", "none"])
    (False, True)
    """
    return text.strip() in declared
