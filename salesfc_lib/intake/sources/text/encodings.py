"""Which encoding a text file is in, and its text as UTF-8; no character is ever replaced.

Encodings are tried in the order byte-order mark, UTF-16 without a mark (told by its NULs), UTF-8,
the declared one, the one that explains the bytes (`charset`). One counts if the header's names are
found in it and it decodes every line, or all but a few: those are kept as bytes. UTF-8 that decodes
is no accident: lines of it in a file of another encoding are broken ones there.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.intake.sources.text.charset import KEY, guess_encoding
from salesfc_lib.intake.sources.text.lines import LINE, cut_at_line_ends, try_decode
from salesfc_lib.intake.sources.text.mojibake import IDEOGRAPH

UTF8 = "utf-8"
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WIDE = (("utf-16-le", 1), ("utf-16-be", 0))  # place of the NULs in each pair of bytes
NULS = 0.1  # share of the pairs of bytes with a NUL (digits, separators …) that proves UTF-16
FEW = 0.2  # share of a file's lines that may be broken


class DecodedBlock(NamedTuple):
    """A block of whole lines as UTF-8.

    A line that does not decode is blank in it; `broken` has its bytes by its place (from 0).
    """

    text: bytes
    broken: dict[int, bytes]


def list_encodings(top: bytes, declared: str | None, where: str) -> list[str]:
    """Encodings that a file's top or its source names, in the order to try.

    Only that of the byte-order mark where there is one.

    Raises `SalesForecastError` for a declared encoding that nobody knows.

    >>> list_encodings(b"a,b", "windows-1252", "a.csv")
    ['utf-8', 'windows-1252']
    """
    try:
        "a".encode(declared or UTF8)
    except LookupError as error:
        raise SalesForecastError.of(
            f"The `encoding: {declared}` declared for '{where}' is none that is known",
            "A name such as utf-8, gb18030, windows-1252 or utf-16-le",
            "Correct it, or leave it out: the encoding is then found by trying",
        ) from error
    if marked := _find_marked(top):
        return [marked]
    return list(dict.fromkeys([*_find_wide(top), UTF8, *([declared] if declared else [])]))


def _find_marked(top: bytes) -> str | None:
    """The encoding that a byte-order mark names."""
    return next((encoding for mark, encoding in BYTE_ORDER_MARKS if top.startswith(mark)), None)


def decode_whole(
    content: bytes, named: Sequence[str | None], where: str, what: str
) -> tuple[str, str]:
    """Encoding and text of a whole file; no character is replaced.

    Tried in order: that of its byte-order mark, the `named` ones, the one that explains the bytes.
    Raises `SalesForecastError` ("`what` none of …") where none decodes.
    """
    tried = list(dict.fromkeys(filter(None, [_find_marked(content), *named])))
    for encoding in tried:
        if (text := try_decode(content, encoding)) is not None:
            return encoding, text
    guess = guess_encoding(content.splitlines())
    if guess.encoding and (text := try_decode(content, guess.encoding)) is not None:
        return guess.encoding, text
    undecided = f"; {guess.why}: {guess.show()}" if guess.shown else ""
    why = f"{what} none of {shorten(tried, 5)}{undecided}"
    raise SalesForecastError.unreadable_file(where, why, KEY)


def split_mostly_utf8(content: bytes) -> list[str | bytes]:
    """Lines of a file of which most of those beyond ASCII are UTF-8, the others as bytes.

    Empty where all lines are UTF-8, where most of those beyond ASCII are not, and where a
    byte-order mark names the encoding.
    """
    lines: list[str | bytes] = []
    beyond = foreign = 0
    if _find_marked(content):
        return lines
    for line in content.split(b"\n"):
        text = try_decode(line)
        beyond += not line.isascii()
        foreign += text is None
        lines.append(line if text is None else text.removesuffix("\r"))
    return lines if 0 < foreign * 2 < beyond else []


def to_utf8(stream: Iterable[bytes], encoding: str, where: str) -> Iterator[bytes]:
    """Blocks of whole lines: in their encoding if ASCII bytes end lines in it, else as UTF-8.

    Raises `UnicodeError` where decoding cannot go on.
    """
    if not is_ascii_based(encoding):
        stream = (text.encode() for text in codecs.iterdecode(stream, encoding))
    elif encoding == "utf-8-sig":
        blocks = iter(stream)
        stream = chain([next(blocks, b"").removeprefix(codecs.BOM_UTF8)], blocks)
    return cut_at_line_ends(stream, where)


def decode_block(block: bytes, encoding: str) -> DecodedBlock:
    """The block of `to_utf8` as text."""
    if not is_ascii_based(encoding) or encoding == "utf-8-sig":
        encoding = UTF8
    text = _decode(block, encoding)
    is_utf8 = _same(encoding, UTF8)
    if text is not None and (is_utf8 or block.isascii()):
        return DecodedBlock(text, {})
    lines, broken = [], {}
    for place, line in enumerate(LINE.findall(block)):
        found = _decode(line, encoding)
        if found is None or not (is_utf8 or line.isascii()) and _is_foreign(line, encoding):
            bare = line.rstrip(b"\r\n")
            broken[place] = bare
            found = line[len(bare) :]
        lines.append(found)
    return DecodedBlock(b"".join(lines), broken)


def fits_encoding(blocks: Iterable[DecodedBlock]) -> bool:
    """Whether all lines of the blocks decode, or all but a few, and as many others beyond ASCII
    prove the encoding.
    """
    count = broken = telling = 0
    try:
        for found in blocks:
            lines = LINE.findall(found.text)
            count, broken = count + len(lines), broken + len(found.broken)
            telling += sum(not line.isascii() for line in lines)
    except UnicodeError:
        return False
    return not broken or (broken <= FEW * count and broken <= telling)


def describe_broken(line: bytes, encoding: str, declared: str | None) -> tuple[str, str]:
    """Content and reason of a line that does not decode: as another encoding has it, or bytes."""
    why = f"it is not {encoding}, which the rest of the file is"
    for other in (UTF8, declared, guess_encoding([line]).encoding):
        if other and not _same(other, encoding) and (text := try_decode(line, other)) is not None:
            return text, f"{why}; it would decode as {other}"
    return ascii(line)[2:-1], f"{why}, and no other encoding gives words"


def is_ascii_based(encoding: str) -> bool:
    """Whether ASCII bytes mean ASCII characters, so that lines can be cut before decoding."""
    return all(try_decode(bytes([code]), encoding) == chr(code) for code in range(128))


def _decode(block: bytes, encoding: str) -> bytes | None:
    """The block as UTF-8, None where it does not decode."""
    if _same(encoding, UTF8):
        return block if _is_utf8(block) else None
    text = try_decode(block, encoding)
    return None if text is None else text.encode()


def _is_foreign(line: bytes, encoding: str) -> bool:
    """Whether a line of a file in another encoding is UTF-8.

    In an encoding of pairs of bytes, letters of Europe may be UTF-8 by chance and do not count.
    """
    text = try_decode(line)
    return text is not None and (not _is_of_pairs(encoding) or len(IDEOGRAPH.findall(text)) > 1)


@lru_cache
def _is_of_pairs(encoding: str) -> bool:
    """Whether some letters take two bytes."""
    for letters in ("\u4e00\u4e01", "\u3042\u3044"):
        with suppress(UnicodeEncodeError):
            return len(letters.encode(encoding)) == 4
    return False


def _is_utf8(block: bytes) -> bool:
    """Arrow's check, which takes less than half the time of decoding."""
    try:
        pa.array([block], pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _find_wide(top: bytes) -> list[str]:
    """UTF-16 without a mark: NULs in one half of the pairs of bytes only."""
    pairs = np.frombuffer(top[: len(top) // 2 * 2], dtype=np.uint8).reshape(-1, 2)
    nuls = (pairs == 0).sum(axis=0)
    least = max(1, NULS * len(pairs))
    return [name for name, at in WIDE if nuls[at] >= least and nuls[1 - at] * 10 < nuls[at]]


@lru_cache
def _same(one: str, other: str) -> bool:
    names = {codecs.lookup(name).name.removesuffix("-sig") for name in (one, other)}
    return len(names) == 1
