"""Records of separated text, one at a time, as strictly as the format allows.

A record that does not fit is set aside line by line and reading goes on at the next line, so that
one stray quote cannot swallow the lines below it; for the same reason a record ends within
`MOST_LINES` lines.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from salesfc_lib.intake import issues
from salesfc_lib.intake.issues import Issue

MOST_LINES = 1_000  # lines that a record may take
MOST_TEXT = 1 << 20  # characters that a record may take
MOST_FIELD = 131_072  # characters of a field: the csv module's limit, unless somebody raised it
MOST_SHOWN = 10_000  # characters of a rejected line that are kept
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Dialect(NamedTuple):
    """What stands between fields, and what around those that hold it."""

    delimiter: str = ","
    quote: str = '"'


class Record(NamedTuple):
    """Fields of one record, and how many lines it takes; `error` where it is no record."""

    fields: list[str]
    lines: int = 1
    error: str = ""


def parse_record(lines: Iterable[str | None], dialect: Dialect) -> Record:
    """The record that begins with the first of the lines (with their ends; None: unreadable)."""
    given = _limit(lines)
    reader = csv.reader(given, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
    too_long = Record([], error=f"one of its fields has more than {MOST_FIELD:,} characters")
    try:
        record = Record(next(reader), reader.line_num)
        return too_long if any(len(field) > MOST_FIELD for field in record.fields) else record
    except csv.Error as problem:
        if "field larger" in str(problem):
            return too_long
        many = f"within {MOST_LINES:,} lines"
        pairs = many if reader.line_num >= MOST_LINES else f"({problem})"
        return Record([], error=f"its quotes do not pair up {pairs}")


def fit(record: Record, line: int, text: str, header: Sequence[str]) -> list[str] | Issue | None:
    """The fields of the record at this line, as many as the header has; None where it is blank.

    A record that does not fit becomes an issue, with its first line `text`. Blank fields beyond the
    header's are left out.
    """
    fields, width = record.fields, len(header)
    if record.error:
        return reject(line, "misfit", record.error, text)
    whole = "".join(fields)
    if any(field.strip() for field in fields[width:]) or (len(fields) < width and whole.strip()):
        why = f"it has {len(fields)} fields where the header has {width}"
        return reject(line, "misfit", why, text)
    if CONTROL.search(whole):
        return reject(line, "control_character", _name_control(fields, header), text)
    return fields[:width] if whole.strip() else None


def reject(line: int, rule: str, reason: str, text: str) -> Issue:
    """A rejected line without its line end, and no longer than a table can show."""
    text = text.rstrip("\r\n")
    more = len(text) - MOST_SHOWN
    shown = text if more <= 0 else f"{text[:MOST_SHOWN]}… and {more:,} characters more"
    return issues.reject(line, rule, reason, shown)


def _limit(lines: Iterable[str | None]) -> Iterator[str]:
    """The lines that one record may take."""
    taken = 0
    for count, line in enumerate(lines, start=1):
        if line is None or (taken := taken + len(line)) > MOST_TEXT:
            return
        yield line
        if count == MOST_LINES:
            return


def _name_control(fields: Sequence[str], header: Sequence[str]) -> str:
    found = ((place, CONTROL.search(field)) for place, field in enumerate(fields))
    place, mark = next((place, mark) for place, mark in found if mark)
    name = header[place] if place < len(header) else f"column {place + 1}"
    which = f"U+{ord(mark.group()):04X} at place {mark.start() + 1}"
    return f"'{name}' holds the control character {which}"
