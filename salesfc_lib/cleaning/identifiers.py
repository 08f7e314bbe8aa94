"""Identifiers that a spreadsheet has damaged: digits in scientific notation, and lost leading zeros.

A column of codes enters; the codes in question leave, with the evidence. The decisions made here: an identifier is text and
never changed. One in scientific notation is beyond recovery, so its export is refused; one that lost zeros is proposed to be
repaired where its whole spelling is known, by the column itself or by a master list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.reading import list_cells
from salesfc_lib.errors import SalesForecastError

PROPOSAL = ["code", "padded", "rows", "reason"]

_SURE = re.compile(r"[1-9](?:[.,][0-9]+)?E\+[0-9]{2,3}|[1-9][.,][0-9]+E[0-9]{1,3}", re.IGNORECASE)  # 6.90123E+12, 6E+12, 6.9E12
_LIKELY = re.compile(r"[1-9]E[0-9]{1,2}", re.IGNORECASE)  # 6E12: a number, or a code such as 2B7
_DIGITS = re.compile(r"[0-9]+")


def find_scientific(column: pa.ChunkedArray) -> pd.Series:
    """Codes in scientific notation, by row position.

    `6E12` is one only where all other codes of the column are plain digits; beside `2B7` it is a code.

    >>> find_scientific(pa.chunked_array([["6901234567890", "6.90123E+12"]])).to_dict()
    {1: '6.90123E+12'}
    >>> len(find_scientific(pa.chunked_array([["1E5", "2B7"]]))), len(find_scientific(pa.chunked_array([["1E5", "1007"]])))
    (0, 1)
    """
    texts, places = list_cells(column)
    encoded = texts.dictionary_encode()
    distinct, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    others = [
        text.strip() for text in distinct if text.strip() and not (_SURE.fullmatch(text.strip()) or _LIKELY.fullmatch(text.strip()))
    ]
    numeric = bool(others) and all(_DIGITS.fullmatch(text) for text in others)
    damaged = [bool(_SURE.fullmatch(text.strip()) or (numeric and _LIKELY.fullmatch(text.strip()))) for text in distinct]
    cells = np.flatnonzero(np.array(damaged, dtype=bool)[codes])
    rows, which = places.rows(cells)
    return pd.Series([distinct[code] for code in codes[cells[which]]], index=pd.Index(rows, dtype="int64"), dtype=object)


def refuse_scientific(header: str, column: pa.ChunkedArray, say_place: Callable[[int], str]) -> None:
    """Raise `SalesForecastError` where codes of a column are in scientific notation; `say_place` names a row position's place."""
    found = find_scientific(column)
    if len(found):
        places = ", ".join(f"'{text}' ({say_place(int(row))})" for row, text in found.head(3).items())
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise SalesForecastError.say(
            f"Column '{header}' holds identifiers in scientific notation: {places}{more}",
            "Identifiers as text, with all their digits; those that a spreadsheet shortened cannot be recovered",
            "Export the file again with this column as text, without opening it in a spreadsheet",
        )


def find_lost_zeros(column: pa.ChunkedArray, known: Collection[str] | None = None) -> pd.DataFrame:
    """Proposed repairs of codes that lost leading zeros (columns `code`, `padded`, `rows`, `reason`), by code.

    A code of digits is one of them where it, filled with zeros to a width that such codes have, stands in the column too,
    or in the master list `known`. Where two fillings stand there, both are proposed: somebody has to choose.

    >>> find_lost_zeros(pa.chunked_array([["00731", "731", "731", "45"]]))[["code", "padded", "rows"]].values.tolist()
    [['731', '00731', 2]]
    >>> find_lost_zeros(pa.chunked_array([["731"]]), ["0731"])["padded"].tolist()
    ['0731']
    """
    counts = _count_codes(column)
    return propose_zeros(counts, known)


def propose_zeros(counts: Mapping[str, int], known: Collection[str] | None = None) -> pd.DataFrame:
    """As `find_lost_zeros`, given the rows of each code."""
    padded = {code for code in (*counts, *(known or ())) if code.startswith("0") and _DIGITS.fullmatch(code)}
    widths = sorted({len(code) for code in padded})
    short = sorted(code for code in counts if _DIGITS.fullmatch(code))
    proposals = [
        [code, whole, counts[code], _say_evidence(whole, counts)]
        for code in short
        for whole in _fill(code, widths)
        if whole in padded
    ]
    return pd.DataFrame(proposals, columns=PROPOSAL)


def _fill(code: str, widths: Sequence[int]) -> list[str]:
    return [code.zfill(width) for width in widths if width > len(code)]


def _say_evidence(whole: str, counts: Mapping[str, int]) -> str:
    return f"'{whole}' stands in {counts[whole]} rows" if whole in counts else f"'{whole}' is in the master list"


def _count_codes(column: pa.ChunkedArray) -> dict[str, int]:
    texts, places = list_cells(column)
    encoded = texts.dictionary_encode()
    rows = np.bincount(places.spread(encoded.indices.to_numpy()), minlength=len(encoded.dictionary))
    counts: dict[str, int] = {}
    for text, count in zip(encoded.dictionary.to_pylist(), rows.tolist(), strict=True):
        counts[text.strip()] = counts.get(text.strip(), 0) + count
    return counts
