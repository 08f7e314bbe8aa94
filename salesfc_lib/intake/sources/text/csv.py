"""Text files with separated fields: encoding, layout, and records that fit the header.

The top of a file tells encoding (`encodings`, `charset`) and layout (`dialect`); the whole is read
in them (`plain`, `records`), and if a line then does not decode, the whole tells which encoding it
is in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.files import RawFile
from salesfc_lib.intake.sources.header import SEARCHED, count_known
from salesfc_lib.intake.sources.kinds import refuse_other_kind
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.text import charset, mojibake
from salesfc_lib.intake.sources.text.charset import Guess
from salesfc_lib.intake.sources.text.dialect import count_headers, describe, find_layout, has_header
from salesfc_lib.intake.sources.text.encodings import (
    BYTE_ORDER_MARKS,
    UTF8,
    decode_block,
    describe_broken,
    fits_encoding,
    list_encodings,
    to_utf8,
)
from salesfc_lib.intake.sources.text.lines import LINE, cut_at_line_ends, unpack
from salesfc_lib.intake.sources.text.plain import NotPlainError, read_plain
from salesfc_lib.intake.sources.text.records import read_records
from salesfc_lib.intake.sources.text.trailer import find_trailer, list_tail, note_cut

TOP = 1 << 18  # bytes that tell encoding and layout
SIZE = 4 << 20  # bytes of a block

Open = Callable[..., Iterator[bytes]]  # the file's bytes, unpacked, in blocks of at most so many


class _Candidate(NamedTuple):
    """An encoding, the top lines in it, whether they fit it, and whether they have the header."""

    encoding: str
    lines: list[str]
    fits: bool
    has_header: bool


def read_csv(file: RawFile, source: Source, where: str, size: int = SIZE) -> Grid:
    """Records of a text file below its header.

    Raises `SalesForecastError` for another kind of file, for bytes that no encoding explains, for a
    header that lacks a needed name, for a line that is too long, and for a file that its trailer
    shows to be cut short.
    """

    def open_text(most: int = size) -> Iterator[bytes]:
        return unpack(file.blocks(min(size, most)), where)

    top = _take_top(open_text(TOP))
    refuse_other_kind(top, source, where)
    return mojibake.note_mojibake(_read(open_text, top, source, where), source)


def _read(open_text: Open, top: bytes, source: Source, where: str) -> Grid:
    """The grid in the right encoding; the whole is surveyed only if a line does not decode."""

    def decode_tops(names: Iterable[str | None]) -> list[_Candidate]:
        tops = (_decode_top(open_text, name, source, where) for name in names if name)
        return sorted(filter(None, tops), key=lambda each: not each.has_header)

    def find_whole(candidates: Iterable[_Candidate]) -> _Candidate | None:
        """The first that fits the whole file."""
        for each in candidates:
            blocks = to_utf8(open_text(), each.encoding, where)
            if fits_encoding(decode_block(block, each.encoding) for block in blocks):
                return each
        return None

    names = list_encodings(top, source.encoding, where)
    candidates = decode_tops(names)
    if not any(each.fits and each.has_header for each in candidates):
        guess = _guess(LINE.findall(top)[: -1 if len(top) >= TOP else None], top, source)
        names += [guess.encoding] if guess.encoding else []
        candidates = decode_tops(dict.fromkeys(names))
    likely = next((each for each in candidates if each.fits), None)
    if likely and (grid := _read_in(likely, open_text, source, where, is_settled=False)):
        return grid
    settled, undecided = find_whole(candidates), ""
    if settled is None and UTF8 in names:
        guess = _guess(_list_high(open_text, where), top, source)
        settled = find_whole(decode_tops([guess.encoding]))
        if guess.shown and guess.encoding is None:
            undecided = f"; {guess.why}: {guess.show()}"
    grid = settled and _read_in(settled, open_text, source, where, is_settled=True)
    if grid is None:
        place = _locate(to_utf8(open_text(), names[0], where), names[0])
        why = f"it is none of {shorten(names, 5)}; {place}{undecided}"
        raise SalesForecastError.unreadable_file(where, why, charset.KEY)
    return grid


def _guess(lines: Iterable[bytes], top: bytes, source: Source) -> Guess:
    """The encoding that explains the lines, in which most of the header's names are found."""

    def count(encoding: str) -> int:
        text = top.decode(encoding, errors="ignore").splitlines(keepends=True)[:SEARCHED]
        return count_headers(text, partial(count_known, source=source), source.delimiter)

    return charset.guess_encoding(lines, count)


def _list_high(open_text: Open, where: str) -> list[bytes]:
    """Lines of the whole file that are not ASCII, as many as a guess looks at."""
    found: list[bytes] = []
    for block in cut_at_line_ends(open_text(), where):
        if not block.isascii():
            found += [line for line in LINE.findall(block) if not line.isascii()]
        if len(found) >= charset.MOST_LINES:
            break
    return found


def _take_top(blocks: Iterable[bytes]) -> bytes:
    top = b""
    for block in blocks:
        top += block
        if len(top) >= TOP:
            break
    return top


def _decode_top(open_text: Open, encoding: str, source: Source, where: str) -> _Candidate | None:
    """The top's lines in this encoding (blank where one does not decode)."""
    try:
        top = _take_top(to_utf8(open_text(TOP), encoding, where))
    except UnicodeError:
        return None
    decoded = decode_block(top, encoding)
    lines = [line.decode() for line in LINE.findall(decoded.text)]
    return _Candidate(encoding, lines, fits_encoding([decoded]), has_header(lines, source))


def _read_in(
    candidate: _Candidate, open_text: Open, source: Source, where: str, *, is_settled: bool
) -> Grid | None:
    """The grid in this encoding; None where decoding cannot go on.

    A line that does not decode ends the reading too, unless the encoding `is_settled`.
    """
    encoding, lines = candidate.encoding, candidate.lines
    if not candidate.has_header:
        lines = mojibake.repair_header(lines, source, where)
    layout = find_layout(lines, source, where)
    decode = partial(decode_block, encoding=encoding)
    last: deque[bytes] = deque(maxlen=2)

    def blocks() -> Iterator[bytes]:
        for block in to_utf8(open_text(), encoding, where):
            last.append(block)
            yield block

    try:
        try:
            records = read_plain(blocks(), decode, layout)
        except NotPlainError as error:
            if error.is_broken and not is_settled:
                return None
            explain = partial(describe_broken, encoding=encoding, declared=source.encoding)
            records = read_records(blocks(), decode, layout, explain)
    except UnicodeError:
        return None
    if records.broken and not is_settled:
        return None
    grid = Grid(
        layout.header,
        records.numbers,
        records.cells,
        records.rejected,
        encoding,
        issues=[*_note_encoding(encoding, source), *layout.issues],
        above=layout.above,
        dialect=describe(layout.dialect),
    )
    if source.trailer:
        return find_trailer(grid, list_tail(last, records.lines, decode), source, where)
    is_ended = not last or last[-1].endswith((b"\n", b"\r"))
    return grid if is_ended else note_cut(grid, records.lines)


def _locate(blocks: Iterable[bytes], encoding: str) -> str:
    """Where the first line is that does not decode, as half a sentence."""
    number = 0
    try:
        for block in blocks:
            for place, line in decode_block(block, encoding).broken.items():
                try:
                    line.decode(encoding)
                except UnicodeDecodeError as error:
                    which = f"0x{line[error.start]:02X} in line {number + place + 1}"
                    return f"the first byte that is not {encoding.upper()} is {which}"
            number += len(LINE.findall(block))
    except UnicodeError as error:
        return f"after line {number} it is not {encoding} ({error})"
    return f"it is {encoding}, but not with the names that its header must have"


def _note_encoding(encoding: str, source: Source) -> list[Issue]:
    """Issues for a byte-order mark, and for an encoding that is neither UTF-8 nor declared."""
    noted = []
    if encoding in dict(BYTE_ORDER_MARKS).values():
        mark = f"the file begins with the byte-order mark of {encoding}; it was left out"
        noted.append(Issue("byte_order_mark", mark))
    if encoding not in (UTF8, "utf-8-sig", source.encoding):
        found = f"the file is {encoding}"
        other = f"the file is {encoding}, not {source.encoding} as declared"
        noted.append(Issue("encoding", other if source.encoding else found))
    return noted
