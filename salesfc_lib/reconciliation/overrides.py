"""Overrides as people wrote them: `overrides/<unit>.csv` read, checked and selected by month.

A file that a spreadsheet saved enters; an override table leaves. Lines without author or reason are
kept: `adjustment` records them as refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import tables
from salesfc_lib.intake import evidence
from salesfc_lib.reconciliation.hand_written import (
    DATE,
    MONTH,
    NUMBER,
    PERCENT,
    CellKind,
    Line,
    add_lines,
    raise_all,
    read_lines,
)

# columns that a file must have, beside new or percent
NEEDED = ("made_in", "unique_id", "ds", "author", "reason")


def read_overrides(project: Path, unit: str) -> pd.DataFrame:
    """Override table of `overrides/<unit>.csv`; empty where there is no such file.

    Months are written YYYY-MM; `sequence` is 1 and `unit` the file's where the file has no such
    column.

    Raises `SalesForecastError` naming file and lines: a missing column, a month, number or date
    that cannot be read, another unit's id, both or neither of `new` and `percent`, a repeated key.
    """
    name = f"overrides/{unit}.csv"
    rows, errors = [], []
    first: dict[tuple[object, ...], str] = {}  # line of each key
    for line in read_lines(project, name, lambda heads: _check_columns(heads, name)):
        row = _read_override(line, unit)
        key = tuple(row[column] for column in ("made_in", "unique_id", "ds", "sequence"))
        if not line.errors and (earlier := first.setdefault(key, line.where)) != line.where:
            which = (
                f"'{row['unique_id']}', {row['ds']:%Y-%m}, made in {row['made_in']:%Y-%m}, "
                f"sequence {row['sequence']}"
            )
            repeated = SalesForecastError.of(
                f"{line.where} repeats the key of {earlier}: {which}",
                "Each key must stand once",
                "Remove one of the lines, or give the later one a higher `sequence`",
            )
            line.errors.append(repeated)
        rows.append(row)
        errors += line.errors
    raise_all(errors, name, "overrides")
    return tables.check(tables.build(rows, "override"), "override")


def select_overrides(
    overrides: pd.DataFrame, made_in: str, *, before: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Overrides made in `made_in`; with `before`, only those dated earlier.

    A backfill passes the day of that month's publication, so that nobody's hindsight is counted as
    foresight.
    """
    mine = overrides.loc[overrides["made_in"].eq(pd.Timestamp(made_in))]
    return mine if before is None else mine.loc[mine["created_at"] < before]


def add_overrides(project: Path, unit: str, rows: Sequence[Mapping[str, str]]) -> bytes:
    """Content of `overrides/<unit>.csv` with further lines, which can be read; nothing is written.

    rows: texts by column. Raises `SalesForecastError` as `read_overrides` does.
    """
    name = f"overrides/{unit}.csv"
    content = add_lines(project, name, rows, lambda heads: _check_columns(heads, name))
    with TemporaryDirectory() as folder:
        tried = Path(folder, name)
        tried.parent.mkdir()
        tried.write_bytes(content)
        read_overrides(Path(folder), unit)
    return content


def _check_columns(heads: list[str], name: str) -> list[str]:
    missing = [column for column in NEEDED if column not in heads]
    if not {"new", "percent"} & set(heads):
        missing.append("new")
    if missing:
        raise SalesForecastError.of(
            f"{name} line 1 lacks the column {shorten(missing)}",
            f"{', '.join(NEEDED)}, and `new` or `percent`; found: {shorten(heads, 12)}",
            "Add it to the first line",
        )
    return heads


def _parse_sequence(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise evidence.Unreadable("is no whole number")
    return int(text)


SEQUENCE = CellKind(
    _parse_sequence, "A whole number: overrides are applied in its order", "Number them 1, 2, 3"
)


def _read_override(line: Line, unit: str) -> dict[str, object]:
    """Row of table `override`; what cannot be used is added to the errors of the line."""
    cells = line.cells
    if cells.get("unit", unit) not in (unit, ""):
        line.refuse("unit", f"'{unit}', the unit of this file", "Move the line to that unit's file")
    amounts = [name for name in ("new", "percent") if cells.get(name)]
    if len(amounts) != 1:
        wrong = f"{line.where} has neither `new` nor `percent`"
        wrong = f"{line.where} has both `new` and `percent`" if amounts else wrong
        which = wrong, "Exactly one of them", "Keep the one that is meant"
        line.errors.append(SalesForecastError.of(*which))
    if not cells["unique_id"]:
        line.refuse("unique_id", "A series of this unit, such as 'total'", "Name the series")
    return {
        "unit": unit,
        "made_in": line.read("made_in", MONTH),
        "unique_id": cells["unique_id"],
        "ds": line.read("ds", MONTH),
        "sequence": line.read_if_any("sequence", SEQUENCE, 1),
        "new": line.read_if_any("new", NUMBER, math.nan),
        "percent": line.read_if_any("percent", PERCENT, math.nan),
        "author": cells["author"] or None,
        "reason": cells["reason"] or None,
        "created_at": line.read_if_any("created_at", DATE, pd.NaT),
    }
