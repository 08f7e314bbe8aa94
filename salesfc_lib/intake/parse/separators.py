"""Which mark of a column is the decimal one, and how its digits are grouped.

The digits and marks of a column's numbers enter; the column's separators leave. The decision made here: a column is written
in one way. A cell proves that way if it can be read in no other; a column that nothing proves, or that proves both, is not
read until somebody declares it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.evidence import Undecidable
from salesfc_lib.intake.parse.number_spellings import ARABIC_POINT

MARKS = (".", ",")
THREES, INDIAN, FOURS = (
    "groups of three",
    "Indian groups",
    "groups of four",
)  # 1,234,567  12,34,567  123,4567
SPACES = " \u00a0\u2009\u202f"
QUOTES = "'’"

_GROUPED = {
    THREES: r"[1-9]\d{{0,2}}(?:{g}\d{{3}})+",
    INDIAN: r"[1-9]\d?(?:{g}\d{{2}})*{g}\d{{3}}",
    FOURS: r"[1-9]\d{{0,3}}(?:{g}\d{{4}})+",
}


class Separators(NamedTuple):
    """How a column writes its numbers, and the cell that proves it ('' where it was declared, or nothing had to be)."""

    decimal: str = "."
    grouping: str = THREES
    proof: str = ""

    @property
    def grouped(self) -> str:
        """Regular expression of a whole number whose digits are grouped."""
        other = MARKS[self.decimal == "."]
        return "|".join(
            _GROUPED[self.grouping].format(g=sign)
            for sign in (rf"\{other}", f"[{QUOTES}]", f"[{SPACES}]")
        )

    @property
    def pattern(self) -> str:
        """Regular expression of digits and marks, written so."""
        point = rf"[\{self.decimal}{ARABIC_POINT}]"
        return rf"(?:(?:\d+|{self.grouped})(?:{point}\d*)?|{point}\d+)"

    def read(self, digits: str) -> str | None:
        """Digits with a decimal point and no other mark; None where they are not written so.

        >>> Separators(",").read("1.234,5"), Separators(".").read("1.234,5")
        ('1234.5', None)
        """
        if not _compile(self).fullmatch(digits):
            return None
        kept = (
            digits.replace(ARABIC_POINT, self.decimal)
            .replace(MARKS[self.decimal == "."], "")
            .replace("'", "")
            .replace(" ", "")
        )
        return kept.replace(self.decimal, ".")

    @property
    def reason(self) -> str:
        """Why the column is read so, in words."""
        groups = "" if self.grouping == THREES else f", digits in {self.grouping}"
        why = (
            f"as '{self.proof}' proves" if self.proof else "as declared, or as no cell contradicts"
        )
        return f"'{self.decimal}' is the decimal mark{groups}, {why}"


@lru_cache
def _compile(separators: Separators) -> re.Pattern[str]:
    return re.compile(separators.pattern)


def decide_separators(digits: pa.Array, declared: str | None = None) -> Separators:
    """Separators of a column, given the digits and marks of its cells (a minus in front is allowed).

    Raises
    ------
    SalesForecastError
        Cells of the column prove contrary marks, or none proves one and it matters.

    >>> decide_separators(pa.array(["1.234,56", "1.234"]))
    Separators(decimal=',', grouping='groups of three', proof='1.234,56')
    >>> decide_separators(pa.array(["12,34,567", "1,234"]))
    Separators(decimal='.', grouping='Indian groups', proof='12,34,567')
    >>> decide_separators(pa.array(["1.234", "5.678"]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    salesfc_lib.cleaning.reading.Undecidable: '1.234' may be a decimal or a grouped whole number, and no cell of the column proves which. ...
    """
    threes = {mark: _match(digits, Separators(mark)) for mark in MARKS}
    odd = digits.filter(pc.invert(pc.or_(*threes.values())))
    for grouping in (INDIAN, FOURS):
        if found := _prove_grouping(digits, odd, grouping, declared):
            return found
    if declared is not None:
        return Separators(declared)
    proofs = {
        mark: digits.filter(pc.and_not(threes[mark], threes[other]))
        for mark, other in (MARKS, MARKS[::-1])
    }
    shown = {mark: proof[0].as_py() for mark, proof in proofs.items() if len(proof)}
    if len(shown) == 2:
        raise _contrary(shown)
    if not shown:
        both = digits.filter(pc.and_(*threes.values()))
        loose = both.filter(pc.match_substring_regex(both, "[.,]"))
        if len(loose):
            raise _undecidable(loose[0].as_py())
        return Separators()
    ((mark, proof),) = shown.items()
    return Separators(mark, THREES, proof)


def _match(digits: pa.Array, separators: Separators) -> pa.Array:
    return pc.match_substring_regex(digits, f"^-?{separators.pattern}$")


def _prove_grouping(
    digits: pa.Array, odd: pa.Array, grouping: str, declared: str | None
) -> Separators | None:
    """Separators with an unusual grouping, where a cell has it and every number of the column agrees."""
    for mark in MARKS if declared is None else (declared,):
        separators = Separators(mark, grouping)
        proof = odd.filter(_match(odd, separators))
        if len(proof):
            others = digits.filter(pc.invert(_match(digits, separators)))
            usual = [_match(others, Separators(other)) for other in MARKS]
            if not pc.any(pc.or_(*usual)).as_py():
                return separators._replace(proof=proof[0].as_py())
    return None


def _contrary(shown: Mapping[str, str]) -> SalesForecastError:
    return SalesForecastError.say(
        f"'{shown['.']}' proves a decimal point, '{shown[',']}' a decimal comma, in one column",
        "One way of writing numbers in a column",
        "Correct the export, or declare `decimal` of this source: cells written otherwise then go to quarantine",
    )


def _undecidable(cell: str) -> SalesForecastError:
    return Undecidable.of(
        cell,
        "may be a decimal or a grouped whole number, and no cell of the column proves which",
        expected="A cell that can be read in one way only, such as 12.5 or 1,234.56",
        do="Declare `decimal` of this source: '.' or ','",
    )
