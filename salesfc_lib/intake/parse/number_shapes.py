"""Cells of a column that are written alike, read together and without a loop.

What stands around the digits is taken apart once for all cells that have it (`number_spellings`);
cells whose digits are not beyond doubt are left to be read one by one, with the same result.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.intake.parse.evidence import Unreadable
from salesfc_lib.intake.parse.fixed_point import to_unit, whole
from salesfc_lib.intake.parse.number_spellings import Credit, Written, dissect
from salesfc_lib.intake.parse.separators import QUOTES, SPACES, Separators

COMMON = 0.01  # share of a sample that makes a way of writing worth a pass over the column
LONGEST = 24  # signs of a number that is read here
FAST_DIGITS = 18  # of a decimal that int64 holds

_SPLIT = re.compile(rf"(.*?)-?([0-9][0-9.,{QUOTES}{SPACES}]*[0-9]|[0-9])([^0-9]*)")


class Family(NamedTuple):
    """A way of writing: what stands before and after the digits, and what it says."""

    before: str = ""
    after: str = ""
    signed: bool = True  # whether a minus may stand before the digits
    written: Written = Written("", False, None, frozenset(), ())

    @property
    def is_bare(self) -> bool:
        return not self.before and not self.after


class Part(NamedTuple):
    """Cells that were read together."""

    cells: np.ndarray  # numbers, ascending
    units: np.ndarray
    scale: int
    written: Written
    digits: pa.Array  # with their marks, a minus in front where they have one
    grouped: bool  # whether the digits are in groups


def find_families(sample: Iterable[str], credit: Credit) -> list[Family]:
    """Ways of writing that are common in a sample; bare digits are always the first.

    >>> [family[:2] for family in find_families(["¥1", "¥2", "3-", "4"], "negative")]
    [('', ''), ('¥', ''), ('', '-')]
    """
    texts = list(sample)
    found = Counter((split[1], split[3]) for text in texts if (split := _SPLIT.fullmatch(text)))
    common = [
        affixes
        for affixes, count in found.most_common()
        if count >= COMMON * len(texts) and any(affixes)
    ]
    return [
        Family(),
        *(family for before, after in common if (family := _read_family(before, after, credit))),
    ]


def _read_family(before: str, after: str, credit: Credit) -> Family | None:
    try:
        written = dissect(f"{before}1{after}", credit)
    except Unreadable:
        return None
    if written.digits != "1":
        return None
    try:
        dissect(f"{before}-1{after}", credit)
    except Unreadable:
        return Family(before, after, False, written)
    return Family(before, after, True, written)


def read_family(
    texts: pa.Array, cells: np.ndarray, family: Family, separators: Separators
) -> tuple[list[Part], np.ndarray]:
    """Parts of the cells (their numbers) that are written so, plain and grouped, and the cells that
    are not.
    """
    parts = []
    minus = "-?" if family.signed else ""
    point = re.escape(separators.decimal)
    plain = rf"(?:\d+(?:{point}\d*)?|{point}\d+)" if family.is_bare else rf"\d+(?:{point}\d+)?"
    tail = rf"(?:{point}\d*)?" if family.is_bare else rf"(?:{point}\d+)?"
    for grouped, pattern in ((False, plain), (True, f"(?:{separators.grouped}){tail}")):
        if not len(cells):
            break
        ours = texts if len(cells) == len(texts) else texts.take(pa.array(cells))
        found = pc.match_substring_regex(
            ours, f"^{re.escape(family.before)}{minus}{pattern}{re.escape(family.after)}$"
        )
        found = pc.and_(
            found,
            pc.less_equal(
                pc.binary_length(ours), LONGEST + len((family.before + family.after).encode())
            ),
        )
        mask = found.to_numpy(zero_copy_only=False)
        if mask.any():
            digits = _cut(ours if mask.all() else ours.filter(found), family)
            units, scale = _to_units(digits, separators, grouped)
            parts.append(
                Part(
                    cells if mask.all() else cells[mask],
                    units,
                    scale,
                    family.written,
                    digits,
                    grouped,
                )
            )
            cells = cells[~mask]
    return parts, cells


def _cut(texts: pa.Array, family: Family) -> pa.Array:
    if family.is_bare:
        return texts
    return pc.utf8_slice_codeunits(
        texts, len(family.before), -len(family.after) if family.after else None
    )


def _to_units(digits: pa.Array, separators: Separators, grouped: bool) -> tuple[np.ndarray, int]:
    """Units of digits with marks, and the most decimal places that one of them has."""
    if grouped:
        digits = pc.replace_substring(digits, "," if separators.decimal == "." else ".", "")
        if pc.any(pc.match_substring_regex(digits, f"[{QUOTES}{SPACES}]")).as_py():
            digits = pc.replace_substring_regex(digits, f"[{QUOTES}{SPACES}]", "")
    if separators.decimal != ".":
        digits = pc.replace_substring(digits, separators.decimal, ".")
    place, length = pc.find_substring(digits, ".").to_numpy(), pc.binary_length(digits).to_numpy()
    scale = int(np.where(place >= 0, length - place - 1, 0).max(initial=0))
    ahead = int(np.where(place >= 0, place, length).max(initial=0))
    if ahead + scale <= FAST_DIGITS:  # beyond, the cast may wrap in silence (pyarrow 26)
        decimals = pc.cast(digits, pa.decimal64(FAST_DIGITS, scale))
        return np.frombuffer(
            decimals.buffers()[1], dtype="<i8", count=len(decimals), offset=decimals.offset * 8
        ).copy(), scale
    return whole([to_unit(text, scale) for text in digits.to_pylist()]), scale
