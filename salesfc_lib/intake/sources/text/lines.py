"""A text file's bytes in blocks of whole lines, so that a gigabyte never stands in memory.

A line ends with LF, CRLF or a CR alone. A compressed file is unpacked on the way, unless what comes
out is out of all proportion.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from salesfc_lib.errors import SalesForecastError

MOST_LINE = 1 << 20  # bytes of a line
GZIP = b"\x1f\x8b"
MOST_RATIO = 200  # bytes out of one byte in; text of orders packs 5 to 20 to one
UNSUSPICIOUS = 64 << 20  # bytes out, up to which no ratio is looked at
STEP = 1 << 20  # bytes unpacked at a time
LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


def cut_at_line_ends(stream: Iterable[bytes], where: str) -> Iterator[bytes]:
    """The same bytes in blocks of whole lines; only the last may lack its line end.

    Raises `SalesForecastError` for a line of more than `MOST_LINE` bytes that a block does not end.

    >>> list(cut_at_line_ends([b"a\\r", b"\\nb\\nc", b"d"], "a.csv"))
    [b'a\\r\\nb\\n', b'cd']
    """
    rest, count = b"", 0
    for block in stream:
        # a CR at the very end may be half of a CRLF
        end = max(block.rfind(b"\n"), block.rfind(b"\r", 0, -1)) + 1
        if end:
            whole = b"".join([rest, memoryview(block)[:end]])
            count += max(whole.count(b"\n"), whole.count(b"\r"))
            yield whole
            rest = block[end:]
        else:
            rest += block
        if len(rest) > MOST_LINE:
            raise refuse_long_line(count + 1, where)
    if rest:
        yield rest


def refuse_long_line(number: int, where: str) -> SalesForecastError:
    """The error of a file with a line of more than `MOST_LINE` bytes."""
    why = f"line {number} has more than {MOST_LINE:,} bytes"
    return SalesForecastError.unreadable_file(where, why, "Export it with one line a record")


def try_decode(content: bytes, encoding: str = "utf-8") -> str | None:
    """The text of the bytes; None where they do not decode or nobody knows the encoding."""
    try:
        return content.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def unpack(stream: Iterator[bytes], where: str) -> Iterator[bytes]:
    """The text behind the bytes: those of a gzip file unpacked, others as they are.

    Raises `SalesForecastError` for a gzip file that is cut short or damaged, or that unpacks to
    more than `MOST_RATIO` times itself.
    """
    first = next(stream, b"")
    whole = chain([first], stream)
    return _unpack_gzip(whole, where) if first.startswith(GZIP) else whole


def _unpack_gzip(stream: Iterable[bytes], where: str) -> Iterator[bytes]:
    unpacker, inside = zlib.decompressobj(wbits=31), False
    taken = unpacked = 0
    try:
        for block in stream:
            taken += len(block)
            packed, text = block, b""
            while packed or len(text) == STEP:
                text = unpacker.decompress(packed, STEP)
                unpacked += len(text)
                if unpacked > max(UNSUSPICIOUS, MOST_RATIO * taken):
                    why = f"its first {taken:,} bytes unpack to more than {unpacked:,}"
                    raise _refuse(where, f"{why}, which no export does")
                if text:
                    yield text
                packed, inside = unpacker.unconsumed_tail, not unpacker.eof
                if unpacker.eof:  # several files packed one behind the other read as one
                    packed = unpacker.unused_data.lstrip(b"\0")
                    unpacker = zlib.decompressobj(wbits=31)
    except zlib.error as error:
        raise _refuse(where, f"its compressed content is damaged ({error})") from error
    if inside:
        why = f"its compressed content ends too early, after {unpacked:,} bytes of text (cut_short)"
        raise _refuse(where, why)


def _refuse(where: str, why: str) -> SalesForecastError:
    return SalesForecastError.unreadable_file(
        where, why, "Export it again, or unpack it and look at it"
    )
