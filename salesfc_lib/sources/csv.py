"""Text files with separated fields: encoding, delimiter, and records that fit the header.

The bytes of a file enter; a grid leaves. The decisions made here: no character is ever replaced. Encodings are tried in
the order byte-order mark, strict UTF-8, the declared one, GB18030; one counts if it decodes every byte and the header's
names are found in it. (The declared one goes before GB18030, which would read many Western files without complaint.)
A record that does not fit the header is set aside line by line and reading goes on at the next line, so that one
stray quote cannot swallow the lines below it.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.schema import Source
from salesfc_lib.sources.layout import SEARCHED, Grid, Reject, find_header, list_needed, require_header

DELIMITERS = (",", ";", "\t", "|")
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
OTHER_KINDS = (
    (b"PK\x03\x04", "it is a zip archive, as XLSX and ODS files are", "excel"),
    (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook", "excel"),
    (b"SQLite format 3\x00", "it is a SQLite database", "sql"),
)


class Record(NamedTuple):
    """One record: its first line (from 1), its fields, and how many lines it takes; `error` where it is no record."""

    line: int
    fields: list[str]
    lines: int = 1
    error: str = ""


def read_csv(content: bytes, source: Source, where: str) -> Grid:
    """Records of a text file below its header.

    Raises `SalesForecastError` for another kind of file, for bytes that no encoding explains, and for a header that
    lacks a needed name.
    """
    for start, why, kind in OTHER_KINDS:
        if content.startswith(start):
            raise SalesForecastError.unreadable_file(where, why, f"Set `kind: {kind}` for this source, or export it as CSV")
    encoding, lines = decode(content, source, where)
    delimiter = source.delimiter or find_delimiter(lines, list_needed(source))
    top = list(_parse_leniently(lines, delimiter))
    place = require_header([record.fields for record in top], source, where)
    header = top[place]
    return _fit(parse(lines, delimiter, header), header.fields, encoding, lines)


def decode(content: bytes, source: Source, where: str) -> tuple[str, list[str]]:
    """Encoding and lines (with their ends) of a text file."""
    encodings = list_encodings(content, source.encoding)
    readable = [(encoding, text) for encoding in encodings if (text := _try(content, encoding)) is not None]
    if not readable:
        raise SalesForecastError.unreadable_file(
            where,
            f"it is none of {shorten(encodings, 5)}; {_locate(content)}",
            "Export it as UTF-8, or name its encoding in `encoding`",
        )
    needed = list_needed(source)
    split = [(encoding, list(io.StringIO(text, newline=""))) for encoding, text in readable]
    known = [(encoding, lines) for encoding, lines in split if _has_header(lines, source.delimiter, needed)]
    return (known or split)[0]


def list_encodings(content: bytes, declared: str | None) -> list[str]:
    """Encodings worth trying, in order.

    >>> list_encodings(b"a,b", "windows-1252")
    ['utf-8', 'windows-1252', 'gb18030']
    """
    marked = [encoding for mark, encoding in MARKS if content.startswith(mark)]
    return marked or list(dict.fromkeys(["utf-8", *([declared] if declared else []), "gb18030"]))


def find_delimiter(lines: list[str], needed: list[str]) -> str:
    """The delimiter with which the header's names are found; else the one that finds most of them."""

    def count_found(delimiter: str) -> int:
        rows = [{field.strip() for field in record.fields} for record in _parse_leniently(lines, delimiter)]
        return max((len({*needed} & row) for row in rows), default=0)

    return max(DELIMITERS, key=count_found)


def parse(lines: list[str], delimiter: str, header: Record) -> Iterator[Record]:
    """Records below the header, each as wide as it; those that do not fit have their `error` set and are one line long."""
    at, width = header.line - 1 + header.lines, len(header.fields)
    while at < len(lines):
        for found in _parse_strictly(lines, delimiter, at):
            record = _cut(found, width)
            at = record.line - 1 + record.lines
            if not record.error:
                yield record
                continue
            yield record._replace(fields=[], lines=1)
            if record.lines > 1:
                at = record.line
                break


def _parse_strictly(lines: list[str], delimiter: str, at: int) -> Iterator[Record]:
    reader = csv.reader(lines[at:] if at else lines, delimiter=delimiter, strict=True)
    before = 0
    while True:
        try:
            fields, error = next(reader), ""
        except StopIteration:
            return
        except csv.Error as problem:
            fields, error = [], f"its quotes do not pair up ({problem})"
        yield Record(at + before + 1, fields, reader.line_num - before, error)
        before = reader.line_num


def _cut(record: Record, width: int) -> Record:
    """The record without blank fields beyond the header's width; with its `error` set where it does not fit."""
    fields = record.fields
    if len(fields) > width and not any(field.strip() for field in fields[width:]):
        return record._replace(fields=fields[:width])
    if record.error or len(fields) == width or not any(field.strip() for field in fields):
        return record
    return record._replace(error=f"it has {len(fields)} fields where the header has {width}")


def _fit(records: Iterator[Record], header: list[str], encoding: str, lines: list[str]) -> Grid:
    numbers: list[int] = []
    cells: list[list[str]] = []
    rejected: list[Reject] = []
    for record in records:
        text, line = "".join(record.fields), lines[record.line - 1].rstrip("\r\n")
        if record.error:
            rejected.append(Reject(record.line, "misfit", record.error, line))
        elif CONTROL.search(text):
            rejected.append(Reject(record.line, "control_character", _name_control(record, header), line))
        elif text.strip():
            numbers.append(record.line)
            cells.append(record.fields)
    return Grid(header, numbers, cells, rejected, encoding)


def _name_control(record: Record, header: list[str]) -> str:
    name, found = next((name, found) for name, text in zip(header, record.fields, strict=True) if (found := CONTROL.search(text)))
    return f"'{name}' holds the control character U+{ord(found.group()):04X} at place {found.start() + 1}"


def _parse_leniently(lines: list[str], delimiter: str) -> Iterator[Record]:
    """The top records as they come, to find the header among."""
    reader = csv.reader(lines[:SEARCHED], delimiter=delimiter)
    before = 0
    try:
        for fields in reader:
            yield Record(before + 1, fields, reader.line_num - before)
            before = reader.line_num
    except csv.Error:
        return


def _has_header(lines: list[str], delimiter: str | None, needed: list[str]) -> bool:
    delimiter = delimiter or find_delimiter(lines, needed)
    return find_header([record.fields for record in _parse_leniently(lines, delimiter)], needed) is not None


def _try(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _locate(content: bytes) -> str:
    """Where strict UTF-8 first fails."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"the first byte that is not UTF-8 is 0x{content[error.start]:02X} in line {line}"
    return "it is UTF-8, but marked as something else"
