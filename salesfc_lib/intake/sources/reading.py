"""All records of a text file: plain lines in bulk, troubled ones by the careful parser, in the order of the file.

Blocks of whole lines enter; rows, rejects and what stood at the end leave. The decisions made here: blocks are scanned and parsed
side by side (two at a time), then settled one after the other, because a record that the careful parser reads may claim
lines that look plain, also in the next block; what it claims, the bulk gives up. The result is that of the careful
parser over the whole file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa

from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.blocks import MOST_LINE, LineTooLongError
from salesfc_lib.intake.sources.dialect import Layout
from salesfc_lib.intake.sources.encodings import Text
from salesfc_lib.intake.sources.mass import (
    Mass,
    encode,
    find_repeating,
    join_blocks,
    read_mass,
    sort_rows,
)
from salesfc_lib.intake.sources.records import MOST_LINES, MOST_TEXT, fit, parse_record, reject
from salesfc_lib.intake.sources.scan import BLANK, Scan, scan
from salesfc_lib.intake.sources.texts import text_table

WORKERS = 2
AHEAD = 3  # blocks that wait to be settled
TAIL = 10  # lines at the end of a file that may hold its trailer
MOST_REJECTED = 1_000_000  # lines that a quarantine is meant to hold
UTF8_MOST = 4  # bytes of a character


class TooManyRejectedError(Exception):
    """More lines than `MOST_REJECTED` do not fit."""


@dataclass
class Reading:
    """What a file holds below its header: places of rows (from 1), their cells, rejects, the last lines that are not blank (place,
    text), the number of lines, of lines that do not decode, and whether the last line has a line end."""

    numbers: np.ndarray
    cells: pa.Table
    rejected: list[Issue]
    tail: list[tuple[int, str]]
    lines: int
    broken: int
    is_ended: bool


@dataclass
class _Part:
    """A block on its way: its text, lines and plain rows, and the place of its first line in the file (from 0)."""

    text: Text
    scanned: Scan
    mass: Mass
    first: int = 0

    def line(self, place: int) -> str | None:
        if place in self.text.broken:
            return None
        starts = self.scanned.starts
        return self.text.text[starts[place] : starts[place + 1]].decode()

    @property
    def lines(self) -> int:
        return len(self.scanned.fields)


@dataclass
class _Found:
    numbers: list[np.ndarray] = field(default_factory=list)
    cells: list[pa.Table] = field(default_factory=list)
    rejected: list[Issue] = field(default_factory=list)
    tail: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=TAIL))
    lines: int = 0
    broken: int = 0
    is_ended: bool = True
    at: int = 0  # first line that no record has claimed


Describe = Callable[
    [bytes], tuple[str, str]
]  # bytes of a line that does not decode -> its content and the reason


def read_records(
    blocks: Iterable[bytes], decode: Callable[[bytes], Text], layout: Layout, describe: Describe
) -> Reading:
    """Everything below the header.

    Raises `LineTooLongError`, `TooManyRejectedError`, and `UnicodeError` where decoding cannot go on.
    """
    found = _Found(at=layout.start)
    repeating: list[bool] = []
    ahead: deque[_Part] = deque()
    for part in _parse_ahead(
        blocks, partial(_parse, decode=decode, layout=layout, repeating=repeating)
    ):
        part.first = found.lines
        found.lines += part.lines
        found.broken += len(part.text.broken)
        found.is_ended = part.text.text.endswith((b"\n", b"\r"))
        repeating += [] if repeating else find_repeating(part.mass.cells)
        ahead.append(part)
        while _sees_enough(ahead):
            _settle(ahead, found, layout, describe, repeating)
    while ahead:
        _settle(ahead, found, layout, describe, repeating)
    cells = (
        join_blocks(found.cells)
        if found.cells
        else text_table([str(place) for place in range(len(layout.header))], [])
    )
    numbers = np.concatenate([np.zeros(0, dtype=np.int64), *found.numbers])
    return Reading(
        numbers, cells, found.rejected, list(found.tail), found.lines, found.broken, found.is_ended
    )


def _parse_ahead(blocks: Iterable[bytes], parse: Callable[[bytes], _Part]) -> Iterator[_Part]:
    """Parts in order, a few blocks parsed ahead by other threads while the next is read and hashed."""
    with ThreadPoolExecutor(WORKERS) as workers:
        waiting: deque[Future[_Part]] = deque()
        for block in blocks:
            waiting.append(workers.submit(parse, block))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _parse(
    block: bytes, decode: Callable[[bytes], Text], layout: Layout, repeating: list[bool]
) -> _Part:
    """A block's part; its cells are encoded here, beside other blocks, once it is known which columns repeat."""
    text = decode(block)
    scanned = scan(text.text, layout.dialect)
    if np.diff(scanned.starts).max(initial=0) > MOST_LINE:
        raise LineTooLongError
    mass = read_mass(text.text, scanned, layout.dialect, len(layout.header))
    is_plain = not len(mass.troubled) and not text.broken
    return _Part(
        text,
        scanned,
        mass._replace(cells=encode(mass.cells, repeating)) if repeating and is_plain else mass,
    )


def _sees_enough(ahead: deque[_Part]) -> bool:
    """Whether the longest record that may begin in the first part would end in those that follow."""
    later = list(ahead)[1:]
    return (
        sum(part.lines for part in later) >= MOST_LINES
        or sum(len(part.text.text) for part in later) >= UTF8_MOST * MOST_TEXT
    )


def _settle(
    ahead: deque[_Part], found: _Found, layout: Layout, describe: Describe, repeating: list[bool]
) -> None:
    """The first part's rows and rejects."""
    part = ahead[0]
    claimed = np.zeros(part.lines, dtype=bool)
    claimed[: max(0, found.at - part.first)] = True
    numbers: list[int] = []
    rows: list[list[str]] = []
    for place in np.union1d(part.mass.troubled, list(part.text.broken)).astype(int).tolist():
        line = part.first + place
        if line < found.at:
            continue
        if place in part.text.broken:
            content, reason = describe(part.text.broken[place])
            outcome: list[str] | Issue | None = reject(line + 1, "other_encoding", reason, content)
            found.at = line + 1
        else:
            text = part.line(place)
            assert text is not None
            record = parse_record(_list_lines(ahead, place), layout.dialect)
            outcome = fit(record, line + 1, text, layout.header)
            found.at = line + (1 if isinstance(outcome, Issue) else record.lines)
        claimed[place : found.at - part.first] = True
        if isinstance(outcome, Issue):
            found.rejected.append(outcome)
        elif outcome is not None:
            numbers.append(line)
            rows.append(outcome)
    if len(found.rejected) > MOST_REJECTED:
        raise TooManyRejectedError
    _keep_rows(part, ~claimed, (numbers, rows), found, repeating)
    found.tail.extend(_list_tail(part))
    ahead.popleft()


def _keep_rows(
    part: _Part,
    free: np.ndarray,
    careful: tuple[list[int], list[list[str]]],
    found: _Found,
    repeating: list[bool],
) -> None:
    lines, cells = part.mass.lines, part.mass.cells
    kept = free[lines]
    if not kept.all():
        lines, cells = lines[kept], cells.filter(pa.array(kept))
    lines = lines + part.first
    numbers, rows = careful
    if rows:
        whole = pa.concat_tables([cells, text_table(cells.column_names, rows)])
        lines, cells = sort_rows(np.concatenate([lines, np.array(numbers, dtype=np.int64)]), whole)
    if len(lines):
        found.numbers.append(lines + 1)
        found.cells.append(encode(cells, repeating))


def _list_lines(ahead: deque[_Part], place: int) -> Iterator[str | None]:
    """Lines from this one of the first part on."""
    for part in ahead:
        for at in range(place, part.lines):
            yield part.line(at)
        place = 0


def _list_tail(part: _Part) -> list[tuple[int, str]]:
    """The part's last lines that are not blank."""
    places = np.flatnonzero(part.scanned.fields != BLANK)[-TAIL:].tolist()
    lines = [(part.first + place + 1, part.line(place)) for place in places]
    return [
        (number, text.rstrip("\r\n")) for number, text in lines if text is not None and text.strip()
    ]
