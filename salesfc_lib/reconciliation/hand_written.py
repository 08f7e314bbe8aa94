"""Tables that people write by hand and save from a spreadsheet: overrides and declared assumptions.

A file is taken in any encoding and with any separator that a spreadsheet saves; a cell that could
mean two things is an error that names file, line and column.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake import evidence, guess_encoding, parse_moment, parse_month, parse_number

WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # marks of what a spreadsheet calls Unicode text
SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class Line:
    """One line of a file that people wrote: where it stands and its cells as text."""

    where: str
    cells: dict[str, str]


def read_lines(
    path: Path, name: str, heads: Callable[[list[str]], Sequence[str]]
) -> Iterator[Line]:
    """Lines that are not blank; `heads` turns the first line's cells into column names, or raises.

    UTF-8, UTF-16 with a mark, or the encoding that explains the bytes (`charset.guess_encoding`);
    cells parted by the mark of commas, semicolons and tabs that the first line has most of.
    """
    text = _read_text(path)
    header = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), strict=True, delimiter=max(SEPARATORS, key=header.count)
    )
    try:
        reader.fieldnames = heads([found.strip() for found in reader.fieldnames or []])
        for record in reader:
            if any(record.values()):
                yield _read_line(record, f"{name} line {reader.line_num}")
    except csv.Error as error:
        why = f"line {reader.reader.line_num}: {error}"
        raise SalesForecastError.unreadable_file(
            path, why, "Correct the quotes on that line"
        ) from error


def read_month(line: Line, column: str) -> pd.Timestamp:
    """First day of the month that a cell names: 2026-07, 2026年7月 or Jul 2026."""
    try:
        return pd.Timestamp(parse_month(line.cells[column]))
    except evidence.Unreadable as error:
        expected = "A month as YYYY-MM, such as 2026-07"
        raise cell_error(line, column, expected, "Correct the month") from error


def read_number(line: Line, column: str, *, percent: bool = False) -> float:
    """Number of a cell, NaN where it is blank; with `percent` a percent sign may follow."""
    if not (text := line.cells.get(column, "")):
        return math.nan
    try:
        number, is_percent = parse_number(text)
        if is_percent and not percent:
            raise evidence.Unreadable("is in percent")
    except evidence.Unreadable as error:
        expected = "A plain number, such as 1250.5 or -10"
        do = "Write digits without separators or units"
        raise cell_error(line, column, expected, do) from error
    return float(number)


def read_date(line: Line, column: str) -> pd.Timestamp:
    """Day or moment of a cell, NaT where it is blank."""
    if not (text := line.cells.get(column, "")):
        return pd.NaT
    try:
        return pd.Timestamp(parse_moment(text))
    except evidence.Unreadable as error:
        expected = "A date as YYYY-MM-DD, with or without a time"
        raise cell_error(line, column, expected, "Correct the date") from error


def cell_error(line: Line, column: str, expected: str, do: str) -> SalesForecastError:
    """Error for a cell that cannot be used."""
    return SalesForecastError.say(
        f"{line.where}: `{column}` is '{line.cells.get(column, '')}'", expected, do
    )


def _read_text(path: Path) -> str:
    content = path.read_bytes()
    guess = guess_encoding(content.splitlines())
    for encoding in ("utf-16",) if content.startswith(WIDE) else ("utf-8-sig", guess.encoding):
        with suppress(UnicodeDecodeError):
            if encoding:
                return content.decode(encoding)
    raise SalesForecastError.unreadable_file(
        path, f"it is not UTF-8, and {guess.why}: {guess.show()}", "Save it as 'CSV UTF-8'"
    )


def _read_line(record: dict[Any, Any], where: str) -> Line:
    if None in record:
        raise SalesForecastError.say(
            f"{where} has more cells than the first line has columns",
            "One cell for each column",
            "Put text that holds a comma or a semicolon in double quotes",
        )
    return Line(where, {key: (value or "").strip() for key, value in record.items()})
