"""Where the lines of a block stand and how many fields each has, without looking at them one by one.

Bytes of UTF-8 enter; one number a line leaves: its fields, or that it is *troubled* and needs the careful parser. The decision
made here: a line is plain only if its quotes open at the start of a field and close at the end of one, if no control character is
in it, and if it is not very long; that is decided for all lines at once, on bit masks of one bit a byte (the way of
Langdale and Lemire, "Parsing gigabytes of JSON per second", doi:10.1007/s00778-019-00578-5).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from salesfc_lib.intake.sources.records import MOST_FIELD, Dialect

LONG = MOST_FIELD  # bytes, above which a line may hold a field that the careful parser refuses
PIECE = 1 << 18  # bytes whose masks are made at a time: they stay in the processor's cache
TROUBLED, BLANK = -1, 0
ONE, TOP = np.uint64(1), np.uint64(63)
LF, CR, TAB, DEL, SPACE = 10, 13, 9, 127, 32


class Scan(NamedTuple):
    """Lines of a block: where each starts (n_lines + 1,; the last is the block's end), and its fields: `TROUBLED`, `BLANK`, or how
    many (n_lines,)."""

    starts: np.ndarray
    fields: np.ndarray


def scan(text: bytes, dialect: Dialect) -> Scan:
    """Lines and fields of a block of whole lines (the last may lack its line end)."""
    content = np.frombuffer(text, dtype=np.uint8)
    lf, cr = _mask(content, LF), _mask(content, CR) if b"\r" in text else None
    ends = lf if cr is None else lf | (cr & ~_next(lf))
    stops = _list_bytes(content, LF) if cr is None else _list_places(ends, len(content))
    starts = np.concatenate([[0], stops + 1])
    if starts[-1] != len(content):
        starts, stops = np.append(starts, len(content)), np.append(stops, len(content))
    marks = (dialect.delimiter.encode(), dialect.quote.encode())
    if any(len(mark) != 1 for mark in marks):
        return Scan(starts, np.full(len(stops), TROUBLED))
    separators, quotes = _mask(content, marks[0][0]), _mask(content, marks[1][0])
    odd, inside = _pair(quotes, ends, stops)
    around = separators | ends | quotes
    after = _set(around if cr is None else around | cr, len(content))
    misused = quotes & ((inside & ~_previous(around)) | (~inside & ~_next(after)))
    fields = _count(separators & ~inside, stops) + 1
    lengths = np.diff(starts)
    blank = (lengths == 1) & _has(ends, starts[:-1])
    if cr is not None:
        blank |= (lengths == 2) & _has(cr, starts[:-1]) & _has(lf, stops)
    fields[blank] = BLANK
    fields[odd | (lengths > LONG)] = TROUBLED
    controls = _find_controls(text, _size(lf) + (0 if cr is None else _size(cr)))
    for places in (_list_places(misused, len(content)), controls[content[controls] != marks[0][0]]):
        fields[np.searchsorted(stops, places)] = TROUBLED
    return Scan(starts, fields)


def _pair(quotes: np.ndarray, ends: np.ndarray, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines with an odd number of quotes (n_lines,), and the mask of what quotes hold: from the one that opens to before the one
    that closes, counted from each line's start."""
    inside = _prefix_xor(quotes)
    after = _has(inside, stops)
    odd = after ^ np.concatenate([[False], after[:-1]])
    if odd.any():
        toggled = quotes.copy()
        places = stops[odd]
        np.bitwise_xor.at(toggled, places >> 6, ONE << (places & 63).astype(np.uint64))
        inside = _prefix_xor(toggled)
    return odd, inside


def _mask(content: np.ndarray, byte: int) -> np.ndarray:
    """One bit a byte of the content: whether it is this byte; one word more than the content takes."""
    bits = np.zeros((len(content) // 64 + 2) * 8, dtype=np.uint8)
    for start in range(0, len(content), PIECE):
        packed = np.packbits(content[start : start + PIECE] == byte, bitorder="little")
        bits[start // 8 : start // 8 + len(packed)] = packed
    return bits.view("<u8")


def _next(mask: np.ndarray) -> np.ndarray:
    """The mask moved down by one: a bit is set where that of the following byte is."""
    moved = mask >> ONE
    moved[:-1] |= mask[1:] << TOP
    return moved


def _previous(mask: np.ndarray) -> np.ndarray:
    """The mask moved up by one: a bit is set where that of the byte before is, and at the start."""
    moved = mask << ONE
    moved[1:] |= mask[:-1] >> TOP
    moved[0] |= ONE
    return moved


def _prefix_xor(mask: np.ndarray) -> np.ndarray:
    """Whether an odd number of bits is set up to and with each place."""
    result = mask.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        result ^= result << np.uint64(shift)
    carried = np.bitwise_xor.accumulate(result >> TOP)
    result[1:] ^= np.uint64(0) - carried[:-1]
    return result


def _set(mask: np.ndarray, place: int) -> np.ndarray:
    """The mask with one bit set more."""
    mask = mask.copy()
    mask[place >> 6] |= ONE << np.uint64(place & 63)
    return mask


def _has(mask: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Whether the bit of each place is set (n_places,)."""
    return ((mask[places >> 6] >> (places & 63).astype(np.uint64)) & ONE).astype(bool)


def _list_places(mask: np.ndarray, length: int) -> np.ndarray:
    """Places of the set bits (n_set,)."""
    if not mask.any():
        return np.zeros(0, dtype=np.int64)
    bits = np.unpackbits(mask.view(np.uint8), bitorder="little", count=length)
    return np.flatnonzero(bits.view(bool))


def _list_bytes(content: np.ndarray, byte: int) -> np.ndarray:
    """Places of a byte (n_set,)."""
    pieces = range(0, len(content), PIECE)
    return np.concatenate(
        [
            np.zeros(0, np.int64),
            *(np.flatnonzero(content[at : at + PIECE] == byte) + at for at in pieces),
        ]
    )


def _count(mask: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Set bits in each line (n_lines,)."""
    before = np.concatenate([[0], np.cumsum(np.bitwise_count(mask), dtype=np.int64)])
    words = stops >> 6
    below = mask[words] & ((ONE << (stops & 63).astype(np.uint64)) - ONE)
    return np.diff(before[words] + np.bitwise_count(below), prepend=0)


def _find_controls(text: bytes, line_ends: int) -> np.ndarray:
    """Places of control characters: below the space but for tab and line ends (that many bytes), and DEL."""
    content = np.frombuffer(text, dtype=np.uint8)
    low = sum(
        np.count_nonzero(content[start : start + PIECE] < SPACE)
        for start in range(0, len(content), PIECE)
    )
    if (
        low == line_ends or low == line_ends + np.count_nonzero(content == TAB)
    ) and b"\x7f" not in text:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(
        ((content < SPACE) & (content != LF) & (content != CR) & (content != TAB))
        | (content == DEL)
    )


def _size(mask: np.ndarray) -> int:
    return int(np.bitwise_count(mask).sum())
