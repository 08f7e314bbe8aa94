"""Identifiers that a spreadsheet damaged: digits in scientific notation, and lost leading zeros.

An identifier is text and never changed. One in scientific notation is beyond recovery: its export
is refused; one that lost zeros is proposed to be repaired where its whole spelling stands in the
column or in a master list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.evidence import Places, list_cells

PROPOSAL = ["code", "padded", "rows", "reason"]

# 6.90123E+12, 6E+12, 6.9E12
_SURE = r"^\s*(?:[1-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,3}|[1-9][.,][0-9]+[eE][0-9]{1,3})\s*$"
_LIKELY = r"^\s*[1-9][eE][0-9]{1,2}\s*$"  # 6E12: a number, or a code such as 2B7


def find_scientific(column: pa.ChunkedArray) -> pd.Series:
    """Codes in scientific notation, by row position.

    `6E12` is one only where all other codes of the column are plain digits; beside `2B7` it is a
    code.

    >>> find_scientific(pa.chunked_array([["6901234567890", "6.90123E+12"]])).to_dict()
    {1: '6.90123E+12'}
    >>> [len(find_scientific(pa.chunked_array([["1E5", other]]))) for other in ("2B7", "1007")]
    [0, 1]
    """
    texts, places = list_cells(column)
    found = pc.match_substring_regex(texts, _SURE)
    likely = pc.match_substring_regex(texts, _LIKELY)
    if pc.any(likely).as_py():
        others = texts.filter(pc.invert(pc.or_(found, likely)))
        filled = others.filter(pc.match_substring_regex(others, r"\S"))
        if len(filled) and pc.all(pc.match_substring_regex(filled, r"^\s*[0-9]+\s*$")).as_py():
            found = pc.or_(found, likely)
    cells = np.flatnonzero(found.to_numpy(zero_copy_only=False))
    rows, which = places.rows(cells)
    return pd.Series(
        texts.take(pa.array(cells[which])).to_pylist(),
        index=pd.Index(rows, dtype="int64"),
        dtype=object,
    )


def refuse_scientific(
    header: str, column: pa.ChunkedArray, name_place: Callable[[int], str]
) -> None:
    """Raise `SalesForecastError` where codes of a column are in scientific notation; `name_place`
    names a row position's place.
    """
    found = find_scientific(column)
    if len(found):
        places = "; ".join(
            f"'{text}' stands in {name_place(int(row))}" for row, text in found.head(3).items()
        )
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise SalesForecastError.of(
            f"Column '{header}' holds identifiers in scientific notation: {places}{more}",
            "Identifiers as text, with all their digits; "
            "those that a spreadsheet shortened cannot be recovered",
            "Export the file again with this column as text, without opening it in a spreadsheet",
        )


def find_lost_zeros(column: pa.ChunkedArray, known: Collection[str] | None = None) -> pd.DataFrame:
    """Proposed repairs of codes that lost leading zeros (columns `code`, `padded`, `rows`,
    `reason`), by code.

    A code of digits is one of them where it, filled with zeros to a width that such codes have,
    stands in the column too, or in the master list `known`. Where two fillings stand there, both
    are proposed: somebody has to choose.

    >>> find_lost_zeros(pa.chunked_array([["00731", "731", "731", "45"]])).iloc[0].tolist()[:2]
    ['731', '00731']
    >>> find_lost_zeros(pa.chunked_array([["731"]]), ["0731"])["padded"].tolist()
    ['0731']
    """
    texts, places = list_cells(column)
    texts = pc.utf8_trim_whitespace(texts)
    digits = pc.match_substring_regex(texts, "^[0-9]+$")
    master = pa.array(
        [code for code in known or () if code.isascii() and code.isdigit()], texts.type
    )
    whole = pa.concat_arrays([texts.filter(pc.and_(digits, pc.starts_with(texts, "0"))), master])
    widths = sorted(pc.unique(pc.utf8_length(whole)).to_pylist())
    short = pc.and_(digits, pc.less(pc.utf8_length(texts), max(widths, default=0)))
    if not pc.any(short).as_py():
        return pd.DataFrame([], columns=PROPOSAL)
    fillings = [
        (code, code.zfill(width))
        for code in pc.unique(texts.filter(short)).to_pylist()
        for width in widths
        if width > len(code)
    ]
    stands = pc.is_in(
        pa.array([padded for _, padded in fillings], texts.type), value_set=whole
    ).to_pylist()
    found = [filling for filling, there in zip(fillings, stands, strict=True) if there]
    rows = _count_rows(texts, places, {code for filling in found for code in filling})
    proposals = []
    for code, padded in sorted(found):
        there = f"stands in {rows[padded]} rows" if rows[padded] else "is in the master list"
        proposals.append([code, padded, rows[code], f"'{padded}' {there}"])
    return pd.DataFrame(proposals, columns=PROPOSAL)


def _count_rows(texts: pa.Array, places: Places, codes: Collection[str]) -> dict[str, int]:
    """Number of rows that each of the codes stands in."""
    cells = np.flatnonzero(
        pc.is_in(texts, value_set=pa.array(list(codes), texts.type)).to_numpy(zero_copy_only=False)
    )
    _, which = places.rows(cells)
    counts = pc.value_counts(texts.take(pa.array(cells[which]))).to_pylist()
    return dict.fromkeys(codes, 0) | {count["values"]: count["counts"] for count in counts}
