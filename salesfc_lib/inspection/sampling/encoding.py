"""The encoding of a text file's first lines, and what tells it."""

from __future__ import annotations

from pathlib import Path

from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.intake import dialect, encodings, guess_encoding

NAMES_TOP = 20_000  # bytes that show the known headers in an encoding
MARKED = [*dict(encodings.BYTE_ORDER_MARKS).values()]  # encodings that a byte-order mark proves


def decode_top(top: bytes, aliases: Aliases, path: Path) -> list[str]:
    """The first lines of a text in the encoding that a run would take for them."""

    def count_known(encoding: str) -> int:
        lines = top[:NAMES_TOP].decode(encoding, errors="ignore").splitlines(keepends=True)
        return dialect.count_headers(lines, aliases.count_known)

    encoding = encodings.list_encodings(top, None, str(path))[0]
    if encoding == encodings.UTF8:
        high = [line for line in top.splitlines()[:-1] or [top] if not line.isascii()]
        if sum(map(_is_utf8, high)) * 2 < len(high):
            encoding = guess_encoding(high, count_known).encoding or encodings.UTF8
    return top.decode(encoding, errors="replace").splitlines(keepends=True)


def _is_utf8(line: bytes) -> bool:
    return line.decode(errors="ignore").encode() == line


def explain_encoding(encoding: str, content: bytes) -> str:
    if encoding in MARKED:
        return "the file begins with its byte-order mark"
    high = [line for line in content.splitlines() if not line.isascii()]
    if encoding != encodings.UTF8:
        return guess_encoding(high).why if high else "every other byte is zero"
    good = f"{sum(map(_is_utf8, high)):,} of {len(high):,} lines with more than ASCII are UTF-8"
    return good if high else "every byte is ASCII, which UTF-8 contains"
