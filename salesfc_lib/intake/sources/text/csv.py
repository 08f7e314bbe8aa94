"""Text files with separated fields: encoding, layout, and records that fit the header.

The top of a file tells encoding (`encodings`, `charset`) and layout (`dialect`); the whole is read
in them (`reading`), and if a line then does not decode, the whole tells which encoding it is in.
"""

from __future__ import annotations

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
from salesfc_lib.intake.sources.text import charset, encodings, mojibake
from salesfc_lib.intake.sources.text.blocks import (
    MOST_LINE,
    LineTooLongError,
    cut_at_line_ends,
    unpack,
)
from salesfc_lib.intake.sources.text.charset import Guess
from salesfc_lib.intake.sources.text.dialect import (
    Layout,
    count_headers,
    describe,
    find_layout,
    has_header,
)
from salesfc_lib.intake.sources.text.encodings import (
    LINE,
    Survey,
    decode_block,
    describe_broken,
    list_encodings,
    survey,
    to_utf8,
)
from salesfc_lib.intake.sources.text.reading import (
    MOST_REJECTED,
    NotPlainError,
    Records,
    TooManyRejectedError,
    read_careful,
    read_plain,
)
from salesfc_lib.intake.sources.text.trailer import find_trailer

TOP = 1 << 18  # bytes that tell encoding and layout
SIZE = 4 << 20  # bytes of a block

Open = Callable[..., Iterator[bytes]]  # the file's bytes, unpacked, in blocks of at most so many


class _Choice(NamedTuple):
    """An encoding, the top lines in it, and whether they fit it."""

    encoding: str
    lines: list[str]
    fits: bool


def read_csv(file: RawFile, source: Source, where: str, size: int = SIZE) -> Grid:
    """Records of a text file below its header.

    Raises `SalesForecastError` for another kind of file, for bytes that no encoding explains, for a
    header that lacks a needed name, for a line of more than `MOST_LINE` bytes, and for a file that
    its trailer shows to be cut short.
    """

    def open_text(most: int = size) -> Iterator[bytes]:
        return unpack(file.blocks(min(size, most)), where)

    refuse_other_kind(_read_top(open_text), source, where)
    try:
        encoding, layout, records = _read(open_text, source, where)
    except LineTooLongError as error:
        why = f"line {_count_lines(open_text) + 1} has more than {MOST_LINE:,} bytes"
        do = "Export it with one line a record"
        raise SalesForecastError.unreadable_file(where, why, do) from error
    except TooManyRejectedError as error:
        why = f"more than {MOST_REJECTED:,} of its lines do not fit the header"
        do = "Export it again, or correct `delimiter`"
        raise SalesForecastError.unreadable_file(where, why, do) from error
    grid = Grid(
        layout.header,
        records.numbers,
        records.cells,
        records.rejected,
        encoding,
        issues=_note_encoding(encoding, source),
        titles=layout.titles,
        dialect=describe(layout.dialect),
    )
    unended = None if records.is_ended else records.lines
    grid = find_trailer(grid, records.tail, unended, source, where)
    return mojibake.note_mojibake(grid, source)


def _read(open_text: Open, source: Source, where: str) -> tuple[str, Layout, Records]:
    """Encoding, layout and records; the whole file is surveyed only if a line does not decode."""
    top = _read_top(open_text)
    names = list_encodings(top, source.encoding, where)
    likely = _choose_likely(open_text, names, source)
    if likely is None or not has_header(likely.lines, source):
        guess = _guess(LINE.findall(top)[: -1 if len(top) >= TOP else None], top, source)
        names = _add(names, guess.encoding)
        likely = _choose_likely(open_text, names, source)
    if likely:
        layout, records = _read_in(likely, open_text, source, where, tolerant=False)
        if records is not None and not records.broken:
            return likely.encoding, layout, records
    chosen = _survey(open_text, names, source)
    guess = Guess(None, "", ())
    if chosen is None and encodings.UTF8 in names:
        guess = _guess(_list_high(open_text), top, source)
        names = _add(names, guess.encoding)
        chosen = _survey(open_text, names, source)
    if chosen is None:
        is_open = guess.shown and guess.encoding is None
        undecided = f"; {guess.why}: {guess.show()}" if is_open else ""
        why = f"it is none of {shorten(names, 5)}; {_locate(open_text, names[0])}{undecided}"
        raise SalesForecastError.unreadable_file(where, why, charset.KEY)
    layout, records = _read_in(chosen, open_text, source, where, tolerant=True)
    assert records is not None
    return chosen.encoding, layout, records


def _guess(lines: Iterable[bytes], top: bytes, source: Source) -> Guess:
    """The encoding that explains the lines, in which most of the header's names are found."""

    def count(encoding: str) -> int:
        text = top.decode(encoding, errors="ignore").splitlines(keepends=True)[:SEARCHED]
        return count_headers(text, partial(count_known, source=source), source.delimiter)

    return charset.guess_encoding(lines, count)


def _add(names: list[str], found: str | None) -> list[str]:
    return list(dict.fromkeys([*names, *([found] if found else [])]))


def _list_high(open_text: Open) -> list[bytes]:
    """Lines of the whole file that are not ASCII, as many as a guess looks at."""
    found: list[bytes] = []
    for block in cut_at_line_ends(open_text()):
        if not block.isascii():
            found += [line for line in LINE.findall(block) if not line.isascii()]
        if len(found) >= charset.MOST_LINES:
            break
    return found


def _choose_likely(open_text: Open, names: list[str], source: Source) -> _Choice | None:
    """The first encoding that fits the top and has the header's names, else the first that fits."""
    fitting = None
    for name in names:
        choice = _decode_top(open_text, name)
        if choice and choice.fits:
            if has_header(choice.lines, source):
                return choice
            fitting = fitting or choice
    return fitting


def _read_in(
    choice: _Choice, open_text: Open, source: Source, where: str, *, tolerant: bool
) -> tuple[Layout, Records | None]:
    """Layout and records in this encoding; no records where decoding cannot go on.

    A line that does not decode ends the reading too, unless it is `tolerant`.
    """
    layout = find_layout(mojibake.repair_header(choice.lines, source, where), source, where)
    decode = partial(decode_block, encoding=choice.encoding)
    explain = partial(describe_broken, encoding=choice.encoding, declared=source.encoding)
    try:
        return layout, read_plain(to_utf8(open_text(), choice.encoding), decode, layout)
    except NotPlainError as error:
        if error.is_broken and not tolerant:
            return layout, None
    except UnicodeError:
        return layout, None
    try:
        blocks = to_utf8(open_text(), choice.encoding)
        return layout, read_careful(blocks, decode, layout, explain)
    except UnicodeError:
        return layout, None


def _survey(open_text: Open, names: list[str], source: Source) -> _Choice | None:
    """The first encoding that fits the whole file, those with the header's names before others."""
    choices = [choice for name in names if (choice := _decode_top(open_text, name))]
    for choice in sorted(choices, key=lambda choice: not has_header(choice.lines, source)):
        if survey(to_utf8(open_text(), choice.encoding), choice.encoding).fits():
            return choice
    return None


def _read_top(open_text: Open) -> bytes:
    top = b""
    for block in open_text(TOP):
        top += block
        if len(top) >= TOP:
            break
    return top


def _decode_top(open_text: Open, encoding: str) -> _Choice | None:
    """The top's lines in this encoding (blank where one does not decode)."""
    lines: list[bytes] = []
    broken = taken = 0
    try:
        for block in to_utf8(open_text(TOP), encoding):
            text = decode_block(block, encoding)
            lines += LINE.findall(text.text)
            broken, taken = broken + len(text.broken), taken + len(block)
            if taken >= TOP:
                break
    except UnicodeError:
        return None
    telling = sum(not line.isascii() for line in lines)
    fits = Survey(len(lines), broken, telling).fits()
    return _Choice(encoding, [line.decode() for line in lines], fits)


def _locate(open_text: Open, encoding: str) -> str:
    """Where the first line is that does not decode, as half a sentence."""
    number = 0
    try:
        for block in to_utf8(open_text(), encoding):
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


def _count_lines(open_text: Open) -> int:
    """Lines before the one that is too long."""
    count = 0
    try:
        for block in cut_at_line_ends(open_text()):
            lines = LINE.findall(block)
            long = next((place for place, line in enumerate(lines) if len(line) > MOST_LINE), None)
            if long is not None:
                return count + long
            count += len(lines)
    except LineTooLongError:
        pass
    return count


def _note_encoding(encoding: str, source: Source) -> list[Issue]:
    """Issues for a byte-order mark, and for an encoding that is neither UTF-8 nor declared."""
    noted = []
    if encoding in dict(encodings.MARKS).values():
        mark = f"the file begins with the byte-order mark of {encoding}; it was left out"
        noted.append(Issue("byte_order_mark", mark))
    if encoding not in ("utf-8", "utf-8-sig", source.encoding):
        declared = f", not {source.encoding} as declared" if source.encoding else ""
        noted.append(Issue("encoding", f"the file is {encoding}{declared}"))
    return noted
