"""Which mark of a column is the decimal one, and how its digits are grouped.

A cell proves the way in which its column is written if it can be read in no other; a column that
nothing proves, or that proves both, is not read until somebody declares it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.evidence import Undecidable
from salesfc_lib.intake.parse.numbers.spellings import ARABIC_POINT, NumberSpelling

DECIMAL_MARKS = (".", ",")
EITHER, NEITHER = "either", "neither"  # marks that explain a cell
THREES, INDIAN, FOURS = "groups of three", "Indian groups", "groups of four"  # 12,34,567 123,4567
GAPS = "'’ \u00a0\u2009\u202f"  # signs between groups of digits, beside the other mark

_GROUPED = {
    THREES: r"[1-9]\d{{0,2}}(?:{g}\d{{3}})+",
    INDIAN: r"[1-9]\d?(?:{g}\d{{2}})*{g}\d{{3}}",
    FOURS: r"[1-9]\d{{0,3}}(?:{g}\d{{4}})+",
}


class Separators(NamedTuple):
    """How a column writes its numbers, and the cell that proves it ('' where it was declared, or
    nothing had to be).
    """

    decimal: str = "."
    grouping: str = THREES
    proof: str = ""

    @property
    def pattern(self) -> str:
        """Regular expression of digits and marks that are written so."""
        signs = (rf"\{self.other}", f"[{GAPS[:2]}]", f"[{GAPS[2:]}]")
        grouped = "|".join(_GROUPED[self.grouping].format(g=sign) for sign in signs)
        point = rf"[\{self.decimal}{ARABIC_POINT}]"
        return rf"(?:(?:\d+|{grouped})(?:{point}\d*)?|{point}\d+)"

    @property
    def other(self) -> str:
        """The mark that is not the decimal one."""
        return DECIMAL_MARKS[self.decimal == "."]

    @property
    def reason(self) -> str:
        """Why the column is read so, in words."""
        why = (
            f"as '{self.proof}' proves" if self.proof else "as declared, or as no cell contradicts"
        )
        if self.grouping != THREES:
            return f"'{self.decimal}' is the decimal mark, digits in {self.grouping}, {why}"
        return f"'{self.decimal}' is the decimal mark, {why}"

    def match(self, digits: pa.Array) -> pa.Array:
        """Which digits, with a minus in front or not, are written so; null where they are."""
        return pc.match_substring_regex(digits, f"^-?{self.pattern}$")

    def matches(self, digits: str) -> bool:
        """Whether digits are written so."""
        return re.fullmatch(self.pattern, digits) is not None

    def read(self, written: NumberSpelling) -> Decimal | None:
        """Value of a number; None where its digits are not written so.

        >>> from salesfc_lib.intake.parse.numbers.spellings import dissect
        >>> Separators(",").read(dissect("1.234,5-")), Separators(".").read(dissect("1.234,5"))
        (Decimal('-1234.5'), None)
        """
        if not self.matches(written.digits):
            return None
        plain = written.digits.translate({ord(sign): None for sign in self.other + GAPS})
        value = Decimal(re.sub(f"[{self.decimal}{ARABIC_POINT}]", ".", plain))
        return (-value if written.negative else value).scaleb(written.power or 0)

    def normalise(self, digits: pa.Array) -> pa.Array:
        """Digits that are written so, with a decimal point and no other mark; the same array where
        they have no other.
        """
        shown = hold_bytes(digits)
        points = {sign: "." for sign in self.decimal + ARABIC_POINT if sign != "."}
        for sign, plain in (dict.fromkeys(self.other + GAPS, "") | points).items():
            if sign.encode() in shown:
                digits = pc.replace_substring(digits, sign, plain)
        return digits


def hold_bytes(texts: pa.Array) -> bytes:
    """All texts in UTF-8, one after the other, with those that a slice leaves out."""
    data = texts.buffers()[2]
    return b"" if data is None else data.to_pybytes()


def decide_separators(digits: pa.Array, declared: str | None = None) -> Separators:
    """Separators of a column, given the digits and marks of its cells (a minus in front is
    allowed).

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
    salesfc_lib.intake.parse.evidence.Undecidable: '1.234' may be a decimal or a grouped whole ...
    """
    proofs = list_proofs(digits)
    odd = digits.take(pa.array(proofs[NEITHER]))
    for grouping in (INDIAN, FOURS):
        if found := _prove_grouping(digits, odd, grouping, declared):
            return found
    if declared is not None:
        return Separators(declared)
    shown = {mark: digits[int(found[0])].as_py() for mark, found in proofs.items() if len(found)}
    proved = [mark for mark in DECIMAL_MARKS if mark in shown]
    if len(proved) == 2:
        raise SalesForecastError.of(
            f"'{shown['.']}' proves a decimal point, '{shown[',']}' a decimal comma, in one column",
            "One way of writing numbers in a column",
            "Correct the export, or declare `decimal` of this source: "
            "cells written otherwise then go to quarantine",
        )
    if not proved and EITHER in shown:
        raise Undecidable.of_cell(
            shown[EITHER],
            "may be a decimal or a grouped whole number, and no cell of the column proves which",
            expected="A cell that can be read in one way only, such as 12.5 or 1,234.56",
            do="Declare `decimal` of this source: '.' or ','",
        )
    return Separators(proved[0], THREES, shown[proved[0]]) if proved else Separators()


def list_proofs(digits: pa.Array) -> dict[str, np.ndarray]:
    """Places of the cells that prove each mark, of those that either explains, and that neither
    does.

    >>> list_proofs(pa.array(["1,5", "1.234", "7"]))[","].tolist()
    [0]
    """
    point, comma = (Separators(mark).match(digits) for mark in DECIMAL_MARKS)
    masks = {
        ".": pc.and_not(point, comma),
        ",": pc.and_not(comma, point),
        EITHER: pc.and_(pc.and_(point, comma), pc.match_substring_regex(digits, "[.,]")),
        NEITHER: pc.invert(pc.or_(point, comma)),
    }
    return {
        mark: np.flatnonzero(mask.to_numpy(zero_copy_only=False)) for mark, mask in masks.items()
    }


def _prove_grouping(
    digits: pa.Array, odd: pa.Array, grouping: str, declared: str | None
) -> Separators | None:
    """Separators with an unusual grouping, where a cell has it and every number agrees."""
    for mark in DECIMAL_MARKS if declared is None else (declared,):
        separators = Separators(mark, grouping)
        proof = odd.filter(separators.match(odd))
        if len(proof):
            others = digits.filter(pc.invert(separators.match(digits)))
            usual = [Separators(other).match(others) for other in DECIMAL_MARKS]
            if not pc.any(pc.or_(*usual)).as_py():
                return separators._replace(proof=proof[0].as_py())
    return None
