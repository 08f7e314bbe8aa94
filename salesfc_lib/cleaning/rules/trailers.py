"""Whether the sums that a file's own last line gives are those of its rows.

The sum is over every row of the file, whichever unit's and before any rule, and has to be equal to
the last digit; where a row's figure cannot be read, nothing is proven, and the row is in quarantine
with its reason.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake import (
    Convention,
    Extract,
    evidence,
    label_files,
    layout,
    mapped_columns,
    read_numbers,
    text_columns,
)

SUMMED = ("quantity", "amount")


def check_trailers(name: str, source: Source, extract: Extract) -> None:
    """Raise `SalesForecastError` for a file whose rows do not make the sums of its trailer."""
    label = label_files(name, [file["path"] for file in extract.files])
    for file in extract.files:
        trailer, path, rejected = file.get("trailer", {}), file["path"], extract.rejected
        summed = [ours for ours in trailer if ours in SUMMED and ours in source.columns]
        if shown := {ours: trailer[ours] for ours in summed}:
            mine = [
                part.filter(pc.equal(part[layout.FILE].cast(pa.string()), path))
                for part in (extract.rows, extract.elsewhere)
            ]
            contents = rejected.loc[rejected["source"].eq(label[path]), "content"]
            _check_file(
                text_columns.stack(mine), [*map(json.loads, contents)], source, path, shown=shown
            )


def _check_file(
    rows: pa.Table, rejected: list[Any], source: Source, file: str, *, shown: dict[str, str]
) -> None:
    rows = rows.filter(pa.array(layout.is_plain(rows)))
    every = np.ones(rows.num_rows, dtype=bool)
    for ours, text in shown.items():
        header = source.columns[ours]
        try:
            read = mapped_columns.read_measures(rows, {ours: header}, source, every)[ours]
        except SalesForecastError:
            continue  # reported where the lines of the column are made
        cells = [item.get(header, "x") if isinstance(item, dict) else "x" for item in rejected]
        aside = _read_like([*map(str, cells)], read, ours, source)
        if len(read.problems) or len(aside.problems):
            continue
        total = _read_like([text], read, ours, source)
        if len(total.problems):
            raise SalesForecastError.say(
                f"The trailer of '{file}' says '{text}' as its {ours}",
                "A number",
                f"Correct the group `{ours}` of the source's `trailer`",
            )
        found, expected = _sum(read) + _sum(aside), _sum(total)
        if found != expected:
            count = rows.num_rows + len(rejected)
            raise SalesForecastError.say(
                f"'{file}' was cut short or changed (cut_short): its {count:,} rows make "
                f"{found:,f} in '{header}' ({ours})",
                f"{expected:,f}, as its trailer says",
                "Export it again",
            )


def _read_like(
    texts: list[str], column: evidence.ParsedColumn, ours: str, source: Source
) -> evidence.ParsedColumn:
    """Numbers of texts that are written as the column is."""
    cells = pa.chunked_array([pa.array(texts, pa.string())])
    convention = Convention(unit=source.units.get(ours, Decimal(1)), credit=source.credit)
    try:
        return read_numbers(cells, replace(convention, decimal=column.notation))
    except SalesForecastError:  # neither the column nor the text tells its decimal mark
        return read_numbers(cells, replace(convention, decimal="."))


def _sum(numbers: evidence.ParsedColumn) -> Decimal:
    return Decimal(sum(map(int, numbers.values))).scaleb(-numbers.scale)
