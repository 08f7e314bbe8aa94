"""A sample of a text file with separated fields: its encoding, its delimiter, its header, rows from all over it.

A path enters; a `Sample` leaves. The encoding is the one that a run finds (`sources.encodings`, `sources.charset`); the delimiter is
the one that finds the most known headers, then the most rows of one width.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.header import find_header, list_titles, trim
from salesfc_lib.inspection.sample import HEADER_ROWS, Sample, fit, limit_rows
from salesfc_lib.intake import (
    KEY,
    MARKS,
    UTF8,
    Guess,
    Issue,
    Survey,
    guess_encoding,
    list_encodings,
    unpack,
)

WHOLE_BYTES = 12_000_000  # read completely up to here
HEAD_BYTES, PIECE_BYTES, PIECES = (
    2_000_000,
    40_000,
    24,
)  # of larger files: the head, and pieces down to the end
DELIMITERS = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "bar",
    "^": "caret",
    "~": "tilde",
    "\x01": "control-A",
}
GZIP = b"\x1f\x8b"
TEXT_NAMES = (".gz", ".csv", ".txt", ".tsv", ".tab", ".dat")
TOP = 1 << 18  # bytes that show UTF-16 without a mark
HEAD_ROWS = 5_000  # looked at of the head of a larger file
MOST_LINES_IN = 50  # of one field
LONGEST_FIELD = 1_000_000  # characters; a field that is longer is a quote that was never closed

csv.field_size_limit(LONGEST_FIELD)


@dataclass(frozen=True)
class Bytes:
    """What was read of a file: its head, and pieces from further down that begin and end with a line."""

    head: bytes
    pieces: Sequence[bytes]
    size: int

    @property
    def whole(self) -> bool:
        return len(self.head) == self.size


def sample_text(path: Path, aliases: Aliases) -> Sample:
    """Sample of a text file with columns.

    Raises `SalesForecastError` for bytes that no encoding explains and for a file without a row of headers.
    """
    read = _read(path)
    encoding, why, issues = _decide_encoding(read, aliases, path)
    text = _decode(read.head, encoding)
    lines = list(io.StringIO(text, newline=""))
    if not read.whole and lines:
        lines.pop()  # cut off
    delimiter = _decide_delimiter(lines, aliases)
    limit = limit_rows(lines[-1].count(delimiter) + 1 if lines else 1) if read.whole else HEAD_ROWS
    rows, places, more = _parse(lines, delimiter, limit)
    if not rows:
        raise SalesForecastError.unreadable_file(
            path, "it holds no row of headers", "Export it again, with headers"
        )
    at = find_header(rows, aliases, path)
    header, below = trim(rows[at]), rows[at + 1 :]
    _refuse_no_table(header, below, path)
    width = len(header)
    fits = [_fits(row, width) for row in below]
    kept = [fit(row, width) for row, good in zip(below, fits, strict=True) if good]
    numbers = [place for place, good in zip(places[at + 1 :], fits, strict=True) if good]
    if swallowed := [
        place
        for row, place in zip(kept, numbers, strict=True)
        if any(cell.count("\n") > MOST_LINES_IN for cell in row)
    ]:
        issues.append(
            Issue(
                "misfit",
                f"a quote in line {swallowed[0]} is never closed and swallows the lines below it",
            )
        )
    tail, torn = _parse_pieces(read, encoding, delimiter, width)
    misfits = [
        places[at + 1 + position]
        for position, row in enumerate(below)
        if not fits[position] and any(cell.strip() for cell in row)
    ]
    if misfits:
        issues.append(
            Issue(
                "misfit",
                f"rows without the {width} fields of the header: {len(misfits):,}, the first in line {misfits[0]}; they go to quarantine",
            )
        )
    if torn:
        issues.append(
            Issue(
                "misfit",
                f"rows from further down without the {width} fields of the header: {torn:,}",
            )
        )
    total = len(kept) + more if read.whole else int(read.size / len(read.head) * len(lines))
    shown = DELIMITERS.get(delimiter, delimiter)
    agreeing = (
        f"{shown}: {width} fields in {len(kept):,} of {len(kept) + len(misfits):,} rows"
        if width > 1
        else "there is one column only"
    )
    return Sample(
        path, "csv", header, places[at], kept + tail, numbers + [0] * len(tail), total, read.whole and not more,
        settings={"encoding": encoding, "delimiter": delimiter}, why={"encoding": why, "delimiter": agreeing},
        titles=list_titles(list(zip(places, rows, strict=True))[:at]), issues=issues,
    )  # fmt: skip


def _refuse_no_table(header: Sequence[str], below: Sequence[Sequence[str]], path: Path) -> None:
    """Raise for bytes that only happen to decode, and for a text that is no table."""
    if any(
        control := [
            sign for cell in header for sign in cell if ord(sign) < 32 and sign not in "\t\r\n"
        ]
    ):
        raise SalesForecastError.unreadable_file(
            path,
            f"it is not text: its first row holds the control character U+{ord(control[0]):04X}",
            "Give a CSV, workbook, Parquet, JSON or SQLite file",
        )
    if len(header) == 1 and (not below or path.suffix.lower() not in TEXT_NAMES):
        raise SalesForecastError.unreadable_file(
            path,
            f"it is text without columns ('{header[0][:40]}'), not a workbook, a Parquet, JSON or SQLite file",
            "Export it again",
        )


def _read(path: Path) -> Bytes:
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) == GZIP:
            return _read_packed(path, size)
        file.seek(0)
        if size <= WHOLE_BYTES:
            return Bytes(file.read(), (), size)
        head = file.read(HEAD_BYTES)
        pieces = []
        for piece in range(1, PIECES + 1):
            start = HEAD_BYTES + (size - HEAD_BYTES - PIECE_BYTES) * piece // PIECES
            file.seek(start - start % 4)
            pieces.append(file.read(PIECE_BYTES))
        return Bytes(head, pieces, size)


def _read_packed(path: Path, size: int) -> Bytes:
    """The head of a text that is compressed with gzip, and the size that the rest promises."""
    head = bytearray()
    with path.open("rb") as file:
        for block in unpack(iter(lambda: file.read(PIECE_BYTES), b""), str(path)):
            head += block
            if len(head) > WHOLE_BYTES:
                return Bytes(
                    bytes(head[:HEAD_BYTES]), (), max(len(head), size * len(head) // file.tell())
                )
    return Bytes(bytes(head), (), len(head))


def _decide_encoding(read: Bytes, aliases: Aliases, path: Path) -> tuple[str, str, list[Issue]]:
    """Encoding, why it is that one, and what is odd about the bytes: decided as `sources.csv` decides it."""
    first, *_ = names = list_encodings(read.head[:TOP], None, str(path))
    if first in dict(MARKS).values():
        return first, "the file begins with its byte-order mark", []
    if first != UTF8:
        return first, "every other byte is zero", []
    parts = [
        read.head if read.whole else _to_lines(read.head, first=True),
        *(_to_lines(piece) for piece in read.pieces),
    ]
    lines = [line for part in parts for line in part.splitlines()]
    high = [line for line in lines if not line.isascii()]
    if not high:
        return UTF8, "every byte is ASCII, which UTF-8 contains", []
    guess = guess_encoding(high, lambda name: _count_known(read.head, name, aliases))
    for name in [*names, guess.encoding]:
        good = sum(_decodes(line, name) for line in high) if name else 0
        if name and Survey(len(lines), len(high) - good, good).fits():
            return _say_encoding(name, guess, good, len(high) - good)
    raise SalesForecastError.unreadable_file(
        path, f"it is not UTF-8, and {guess.why}: {guess.show()}", KEY
    )


def _say_encoding(name: str, guess: Guess, good: int, rest: int) -> tuple[str, str, list[Issue]]:
    """An encoding, why it is that one, and lines that it does not explain."""
    odd = (
        [
            Issue(
                "other_encoding",
                f"lines in another encoding than the rest: {rest:,}; they go to quarantine",
            )
        ]
        if rest
        else []
    )
    if name == UTF8:
        return name, f"{good:,} of {good + rest:,} lines with more than ASCII are UTF-8", odd
    if name not in ("gb18030", "cp1252"):
        odd.append(
            Issue(
                "encoding",
                f"the encoding {name} is likely, not proved: check a name with an accent",
                action="asked",
            )
        )
    return name, guess.why, odd


def _to_lines(part: bytes, first: bool = False) -> bytes:
    """The part without the lines that are cut off at its ends."""
    end = part.rfind(b"\n")
    return part[0 if first else part.find(b"\n") + 1 : end + 1 if end >= 0 else len(part)]


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _count_known(head: bytes, encoding: str, aliases: Aliases) -> int:
    lines = [
        line.decode(encoding, errors="ignore") for line in head[:20_000].splitlines()[:HEADER_ROWS]
    ]
    rows = [line.split(delimiter) for line in lines for delimiter in DELIMITERS]
    return max((sum(aliases.knows(cell.strip('" ')) for cell in row) for row in rows), default=0)


def _decode(part: bytes, encoding: str) -> str:
    """Text of the bytes that were looked at; what is in another encoding, or cut off, is not what the sample is for."""
    return part.decode(encoding, errors="replace")


def _decide_delimiter(lines: Sequence[str], aliases: Aliases) -> str:
    def judge(delimiter: str) -> tuple[int, float, int]:
        rows = [
            row for row, _ in _records(lines[:400], delimiter) if any(cell.strip() for cell in row)
        ]
        known = max(
            (sum(aliases.knows(cell) for cell in row) for row in rows[:HEADER_ROWS]), default=0
        )
        widths = Counter(len(row) for row in rows if len(row) > 1)
        width, times = widths.most_common(1)[0] if widths else (1, 0)
        return known if width > 1 else 0, times / max(len(rows), 1), width

    return max(DELIMITERS, key=judge)


def _records(lines: Sequence[str], delimiter: str) -> list[tuple[list[str], int]]:
    """Records with the line each begins in."""
    reader = csv.reader(lines, delimiter=delimiter)
    found, before = [], 0
    while True:
        try:
            found.append((next(reader), before + 1))
        except StopIteration:
            return found
        except csv.Error as error:
            found.append(([f"({error})"], before + 1))
        before = reader.line_num


def _parse(
    lines: Sequence[str], delimiter: str, limit: int
) -> tuple[list[list[str]], list[int], int]:
    """Records of the first lines and of the last, the line each begins in, and how many lines between them were left out."""
    is_short = len(lines) <= limit + HEADER_ROWS
    spans = (
        [(0, len(lines))]
        if is_short
        else [(0, limit * 3 // 4), (len(lines) - limit // 4, len(lines))]
    )
    records = [
        (row, start + line)
        for start, end in spans
        for row, line in _records(lines[start:end], delimiter)
    ]
    filled = [(row, line) for row, line in records if any(cell.strip() for cell in row)]
    left_out = len(lines) - sum(end - start for start, end in spans)
    return [row for row, _ in filled], [line for _, line in filled], left_out


def _parse_pieces(
    read: Bytes, encoding: str, delimiter: str, width: int
) -> tuple[list[list[str]], int]:
    """Rows from further down, and how many did not fit; a piece may begin within quotes, so its first rows that do not fit do not count."""
    found: list[list[str]] = []
    torn = 0
    for piece in read.pieces:
        text = _decode(
            piece, encoding.replace("utf-16", "utf-16-le") if encoding == "utf-16" else encoding
        )
        lines = text.splitlines(keepends=True)[1:-1]
        rows = [row for row, _ in _records(lines, delimiter)]
        good = [row for row in rows if _fits(row, width) and any(cell.strip() for cell in row)]
        found += [fit(row, width) for row in good]
        torn += len(rows) - len(good) if len(good) > len(rows) // 2 else 0
    return found, torn


def _fits(row: Sequence[str], width: int) -> bool:
    return (
        any(cell.strip() for cell in row)
        and len(row) >= width
        and not any(cell.strip() for cell in row[width:])
    )
