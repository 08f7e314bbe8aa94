"""Overrides as people wrote them: `overrides/<unit>.csv` read, checked and chosen by month.

A file that a spreadsheet saved enters; an override table leaves. The decision made here: what can be read is
taken as it stands, and anything that could mean two things is an error that names the line. What a reviewer may
refuse (no author, no reason) is kept: `adjust` records it as refused.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.tables import check, empty

KEY = ("unit", "made_in", "unique_id", "ds", "sequence")
ENCODINGS = ("utf-8-sig", "gb18030")  # what spreadsheets save, a Chinese one the second; almost any bytes are GB18030
WRITTEN = ("made_in", "unique_id", "ds", "author", "reason")  # columns that a file must have, and new or percent
MONTH = re.compile(r"^(\d{4})[-/](\d{1,2})(?:[-/]0?1)?$")


@dataclass(frozen=True)
class Line:
    """One line of an override file: where it stands and its cells as text."""

    where: str
    cells: dict[str, str]


def read_overrides(project: Path, unit: str) -> pd.DataFrame:
    """Override table of `overrides/<unit>.csv`, as a spreadsheet saves it; empty where there is no such file.

    UTF-8 (with or without mark) or GB18030, its cells parted by commas or semicolons as in its first line.

    Months are written YYYY-MM; `sequence` is 1 and `unit` the file's where the file has no such column.

    Raises `SalesForecastError` naming file and line: a missing column, a month, number or date that cannot be read,
    another unit's id, both or neither of `new` and `percent`, a repeated key.
    """
    path = project / "overrides" / f"{unit}.csv"
    if not path.is_file():
        return empty("override")
    lines = list(_read_lines(path, f"overrides/{unit}.csv"))
    rows = [_read_override(line, unit) for line in lines]
    _check_unique(rows, lines)
    frame = pd.DataFrame(rows, columns=list(empty("override").columns))
    return check(frame.astype(empty("override").dtypes.to_dict()), "override")


def select_overrides(overrides: pd.DataFrame, made_in: str, *, before: pd.Timestamp | None = None) -> pd.DataFrame:
    """Overrides of the publication of month `made_in`; with `before`, only those dated earlier than that.

    A backfill passes the day of that month's publication, so that nobody's hindsight is counted as foresight.
    """
    mine = overrides.loc[overrides["made_in"].eq(pd.Timestamp(made_in))]
    return mine if before is None else mine.loc[mine["created_at"] < before]


def _read_lines(path: Path, name: str) -> Iterator[Line]:
    text = _read_text(path)
    header = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), strict=True, delimiter=";" if header.count(";") > header.count(",") else ","
    )
    try:
        _check_columns([found.strip() for found in reader.fieldnames or []], name)
        for record in reader:
            if any(record.values()):
                yield _read_line(record, f"{name} line {reader.line_num}")
    except csv.Error as error:
        why = f"line {reader.reader.line_num}: {error}"
        raise SalesForecastError.unreadable_file(path, why, "Correct the quotes on that line") from error


def _read_text(path: Path) -> str:
    content = path.read_bytes()
    for encoding in ENCODINGS:
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise SalesForecastError.unreadable_file(path, "it is neither UTF-8 nor GB18030", "Save it as 'CSV UTF-8'")


def _read_line(record: dict[Any, Any], where: str) -> Line:
    if None in record:
        raise SalesForecastError.say(
            f"{where} has more cells than the first line has columns",
            "One cell for each column",
            "Put text that holds a comma or a semicolon in double quotes",
        )
    return Line(where, {key.strip(): (value or "").strip() for key, value in record.items()})


def _check_columns(found: Sequence[str], name: str) -> None:
    missing = [column for column in WRITTEN if column not in found]
    if not {"new", "percent"} & set(found):
        missing.append("new")
    if missing:
        raise SalesForecastError.say(
            f"{name} line 1 lacks the column {shorten(missing)}",
            f"{', '.join(WRITTEN)}, and `new` or `percent`; found: {shorten(found, 12)}",
            "Add it to the first line",
        )


def _read_override(line: Line, unit: str) -> dict[str, object]:
    cells = line.cells
    if cells.get("unit", unit) not in (unit, ""):
        raise _wrong(line, "unit", f"'{unit}', the unit of this file", "Move the line to that unit's file")
    new, percent = _read_number(line, "new"), _read_number(line, "percent")
    if math.isnan(new) == math.isnan(percent):
        both = "neither `new` nor `percent`" if math.isnan(new) else "both `new` and `percent`"
        raise SalesForecastError.say(f"{line.where} has {both}", "Exactly one of them", "Keep the one that is meant")
    if not cells["unique_id"]:
        raise _wrong(line, "unique_id", "A series of this unit, such as 'total'", "Name the series")
    return {
        "unit": unit,
        "made_in": _read_month(line, "made_in"),
        "unique_id": cells["unique_id"],
        "ds": _read_month(line, "ds"),
        "sequence": _read_sequence(line),
        "new": new,
        "percent": percent,
        "author": cells["author"] or None,
        "reason": cells["reason"] or None,
        "created_at": _read_date(line, "created_at"),
    }


def _wrong(line: Line, column: str, expected: str, do: str) -> SalesForecastError:
    return SalesForecastError.say(f"{line.where}: `{column}` is '{line.cells.get(column, '')}'", expected, do)


def _read_month(line: Line, column: str) -> pd.Timestamp:
    found = MONTH.match(line.cells[column])
    if found is None or not 1 <= int(found[2]) <= 12:
        raise _wrong(line, column, "A month as YYYY-MM, such as 2026-07", "Correct the month")
    return pd.Timestamp(int(found[1]), int(found[2]), 1)


def _read_number(line: Line, column: str) -> float:
    text = line.cells.get(column, "")
    if not text:
        return math.nan
    try:
        number = float(text.removesuffix("%")) if column == "percent" else float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise _wrong(line, column, "A plain number, such as 1250.5 or -10", "Write digits without separators or units")
    return number


def _read_sequence(line: Line) -> int:
    text = line.cells.get("sequence", "") or "1"
    if not re.fullmatch(r"\d{1,9}", text):
        raise _wrong(line, "sequence", "A whole number: overrides are applied in its order", "Number them 1, 2, 3")
    return int(text)


def _read_date(line: Line, column: str) -> pd.Timestamp:
    text = line.cells.get(column, "")
    try:
        return pd.Timestamp(text).tz_localize(None) if text else pd.NaT
    except (ValueError, OverflowError) as error:
        raise _wrong(line, column, "A date as YYYY-MM-DD, with or without a time", "Correct the date") from error


def _check_unique(rows: Sequence[dict[str, object]], lines: Sequence[Line]) -> None:
    seen: dict[tuple[object, ...], str] = {}
    for row, line in zip(rows, lines, strict=True):
        key = tuple(row[name] for name in KEY)
        if key in seen:
            which = f"'{row['unique_id']}', {row['ds']:%Y-%m}, made in {row['made_in']:%Y-%m}, sequence {row['sequence']}"
            raise SalesForecastError.say(
                f"{line.where} repeats the key of {seen[key]}: {which}",
                "Each key must stand once",
                "Remove one of the lines, or give the later one a higher `sequence`",
            )
        seen[key] = line.where
