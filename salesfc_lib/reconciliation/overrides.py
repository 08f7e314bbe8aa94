"""Overrides as people wrote them: `overrides/<unit>.csv` read, checked and chosen by month.

A file that a spreadsheet saved enters; an override table leaves. Ambiguous cells are errors that
name the line. Lines without author or reason are kept: `adjustment` records them as refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import tables
from salesfc_lib.reconciliation.hand_written import (
    Line,
    cell_error,
    read_date,
    read_lines,
    read_month,
    read_number,
)

KEY = ("unit", "made_in", "unique_id", "ds", "sequence")
# columns that a file must have, and new or percent
WRITTEN = ("made_in", "unique_id", "ds", "author", "reason")


def read_overrides(project: Path, unit: str) -> pd.DataFrame:
    """Override table of `overrides/<unit>.csv`; tables.empty where there is no such file.

    Months are written YYYY-MM; `sequence` is 1 and `unit` the file's where the file has no such
    column.

    Raises `SalesForecastError` naming file and line: a missing column, a month, number or date that
    cannot be read, another unit's id, both or neither of `new` and `percent`, a repeated key.
    """
    name, table = f"overrides/{unit}.csv", tables.empty("override")
    if not (project / name).is_file():
        return table
    lines = list(read_lines(project / name, name, lambda found: _check_columns(found, name)))
    rows = [_read_override(line, unit) for line in lines]
    _check_unique(rows, lines)
    frame = pd.DataFrame(rows, columns=list(table.columns))
    return tables.check(frame.astype(table.dtypes.to_dict()), "override")


def select_overrides(
    overrides: pd.DataFrame, made_in: str, *, before: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Overrides made in `made_in`; with `before`, only those dated earlier.

    A backfill passes the day of that month's publication, so that nobody's hindsight is counted as
    foresight.
    """
    mine = overrides.loc[overrides["made_in"].eq(pd.Timestamp(made_in))]
    return mine if before is None else mine.loc[mine["created_at"] < before]


def _check_columns(found: list[str], name: str) -> list[str]:
    missing = [column for column in WRITTEN if column not in found]
    if not {"new", "percent"} & set(found):
        missing.append("new")
    if missing:
        raise SalesForecastError.say(
            f"{name} line 1 lacks the column {shorten(missing)}",
            f"{', '.join(WRITTEN)}, and `new` or `percent`; found: {shorten(found, 12)}",
            "Add it to the first line",
        )
    return found


def _read_override(line: Line, unit: str) -> dict[str, object]:
    cells = line.cells
    if cells.get("unit", unit) not in (unit, ""):
        expected = f"'{unit}', the unit of this file"
        raise cell_error(line, "unit", expected, "Move the line to that unit's file")
    new, percent = read_number(line, "new"), read_number(line, "percent", percent=True)
    if math.isnan(new) == math.isnan(percent):
        both = "neither `new` nor `percent`" if math.isnan(new) else "both `new` and `percent`"
        raise SalesForecastError.say(
            f"{line.where} has {both}", "Exactly one of them", "Keep the one that is meant"
        )
    if not cells["unique_id"]:
        expected = "A series of this unit, such as 'total'"
        raise cell_error(line, "unique_id", expected, "Name the series")
    return {
        "unit": unit,
        "made_in": read_month(line, "made_in"),
        "unique_id": cells["unique_id"],
        "ds": read_month(line, "ds"),
        "sequence": _read_sequence(line),
        "new": new,
        "percent": percent,
        "author": cells["author"] or None,
        "reason": cells["reason"] or None,
        "created_at": read_date(line, "created_at"),
    }


def _read_sequence(line: Line) -> int:
    text = line.cells.get("sequence", "") or "1"
    if not re.fullmatch(r"\d{1,9}", text):
        expected = "A whole number: overrides are applied in its order"
        raise cell_error(line, "sequence", expected, "Number them 1, 2, 3")
    return int(text)


def _check_unique(rows: Sequence[dict[str, object]], lines: Sequence[Line]) -> None:
    seen: dict[tuple[object, ...], str] = {}
    for row, line in zip(rows, lines, strict=True):
        key = tuple(row[name] for name in KEY)
        if key in seen:
            which = (
                f"'{row['unique_id']}', {row['ds']:%Y-%m}, made in {row['made_in']:%Y-%m}, "
                f"sequence {row['sequence']}"
            )
            raise SalesForecastError.say(
                f"{line.where} repeats the key of {seen[key]}: {which}",
                "Each key must stand once",
                "Remove one of the lines, or give the later one a higher `sequence`",
            )
        seen[key] = line.where
