"""Whether the sums that a file's own last line gives are those of its rows.

A source and its extract enter; nothing leaves, or an error. The decision made here: the sum is over every row of the file, whichever
unit's and before any rule, and has to be equal to the last digit; where a row's figure cannot be read, nothing is proven, and
the row is in quarantine with its reason.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake import (
    FILE,
    Convention,
    Extract,
    Numbers,
    is_plain,
    label_files,
    read_measures,
    read_numbers,
    stack,
)

SUMMED = ("quantity", "amount")


def check_trailers(name: str, source: Source, extract: Extract) -> None:
    """Raise `SalesForecastError` for a file whose rows do not make the quantity or the amount that its trailer says."""
    label = label_files(name, [file["path"] for file in extract.files])
    for file in extract.files:
        said = {
            ours: text
            for ours, text in file.get("trailer", {}).items()
            if ours in SUMMED and ours in source.columns
        }
        if said:
            parts = [
                part.filter(pc.equal(part[FILE].cast(pa.string()), file["path"]))
                for part in (extract.rows, extract.elsewhere)
            ]
            rejected = extract.rejected.loc[
                extract.rejected["source"].eq(label[file["path"]]), "content"
            ]
            _check_file(
                stack(parts),
                [json.loads(content) for content in rejected],
                source,
                file["path"],
                said=said,
            )


def _check_file(
    rows: pa.Table, rejected: list[Any], source: Source, file: str, *, said: dict[str, str]
) -> None:
    rows = rows.filter(pa.array(is_plain(rows)))
    for ours, text in said.items():
        header = source.columns[ours]
        try:
            read = read_measures(rows, {ours: header}, source, np.ones(rows.num_rows, dtype=bool))[
                ours
            ]
        except SalesForecastError:
            continue  # what has to be said of the column is said where its lines are made
        aside = _read_like(
            [str(item.get(header, "x")) if isinstance(item, dict) else "x" for item in rejected],
            read,
            ours,
            source,
        )
        if len(read.problems) or len(aside.problems):
            continue
        shown = _read_like([text], read, ours, source)
        if len(shown.problems):
            raise SalesForecastError.say(
                f"The trailer of '{file}' says '{text}' as its {ours}",
                "A number",
                f"Correct the group `{ours}` of the source's `trailer`",
            )
        found, expected = _sum(read) + _sum(aside), _sum(shown)
        if found != expected:
            count = rows.num_rows + len(rejected)
            raise SalesForecastError.say(
                f"'{file}' was cut short or changed (cut_short): its {count:,} rows make {found:,f} in '{header}' ({ours})",
                f"{expected:,f}, as its trailer says",
                "Export it again",
            )


def _read_like(texts: list[str], column: Numbers, ours: str, source: Source) -> Numbers:
    """Numbers of texts that are written as the column is."""
    cells = pa.chunked_array([pa.array(texts, pa.string())])
    convention = Convention(
        decimal=column.written, unit=source.units.get(ours, Decimal(1)), credit=source.credit
    )
    try:
        return read_numbers(cells, convention)
    except SalesForecastError:  # neither the column nor the text tells its decimal mark
        return read_numbers(
            cells, Convention(decimal=".", unit=convention.unit, credit=source.credit)
        )


def _sum(numbers: Numbers) -> Decimal:
    return Decimal(sum(int(units) for units in numbers.units)).scaleb(-numbers.scale)
