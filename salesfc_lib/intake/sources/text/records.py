"""Records of separated text, one at a time, as strictly as the format allows.

A record that does not fit is set aside line by line and reading goes on at the next line.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake import issues
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.text.dialect import MOST_FIELD, Layout, Record, parse_record
from salesfc_lib.intake.sources.text.encodings import DecodedBlock
from salesfc_lib.intake.sources.text.lines import LINE, MOST_LINE, refuse_long_line
from salesfc_lib.intake.sources.text_columns import text_table
from salesfc_lib.intake.sources.unusable_rows import CONTROL, describe_control

MOST_SHOWN = 10_000  # characters of a rejected line that are kept
MOST_REJECTED = 1_000_000  # lines that a quarantine is meant to hold
BATCH = 10_000  # records that are held as Python values at a time

Decode = Callable[[bytes], DecodedBlock]
Describe = Callable[[bytes], tuple[str, str]]  # a line that does not decode: content and reason


@dataclass
class Records:
    """What a file holds below its header.

    `numbers` (n_rows,) are the lines (from 1) at which the rows of `cells` begin; `lines` counts
    all lines of the file and `broken` those that do not decode.
    """

    numbers: np.ndarray
    cells: pa.Table
    rejected: list[Issue] = field(default_factory=list)
    lines: int = 0
    broken: int = 0

    @classmethod
    def empty(cls, layout: Layout) -> Records:
        return cls(np.zeros(0, dtype=np.int64), text_table(len(layout.header)))

    def reject(self, issue: Issue, where: str) -> None:
        """Set a line aside; raises `SalesForecastError` where too many do not fit."""
        self.rejected.append(issue)
        if len(self.rejected) > MOST_REJECTED:
            why = f"more than {MOST_REJECTED:,} of its lines do not fit the header"
            do = "Export it again, or correct `delimiter`"
            raise SalesForecastError.unreadable_file(where, why, do)


def read_records(
    blocks: Iterable[bytes], decode: Decode, layout: Layout, describe: Describe
) -> Records:
    """Records of any file, one by one.

    Raises `SalesForecastError` for a line that is too long and for too many that do not fit, and
    `UnicodeError` where decoding cannot go on.
    """
    found = Records.empty(layout)
    width, quote = len(layout.header), layout.dialect.quote
    numbers, tables, rows = list[int](), [found.cells], list[list[str]]()
    below = _iterate_lines(blocks, decode, found, layout.where)
    waiting: deque[str | bytes] = deque()  # lines that a record has looked at and not claimed

    def look() -> Iterator[str | bytes]:
        yield from [*waiting]
        for line in below:
            waiting.append(line)
            yield line

    for _ in range(layout.start):
        next(below, None)
    at = layout.start
    while (first := next(look(), None)) is not None:
        claimed = 1
        if isinstance(first, bytes):
            content, reason = describe(first)
            outcome: list[str] | Issue | None = reject(at + 1, "other_encoding", reason, content)
        else:
            if quote in first or len(first) > MOST_FIELD:
                record = parse_record(look(), layout.dialect)
            else:  # what the strict parser makes of it too, at a third of the time
                record = Record(first.rstrip("\r\n").split(layout.dialect.delimiter))
            outcome = fit(record, at + 1, first, layout.header)
            claimed = 1 if isinstance(outcome, Issue) else record.lines
        if isinstance(outcome, Issue):
            found.reject(outcome, layout.where)
        elif outcome is not None:
            numbers.append(at + 1)
            rows.append(outcome)
        for _ in range(claimed):
            waiting.popleft()
        at += claimed
        if len(rows) == BATCH:
            tables.append(text_table(width, rows))
            rows = []
    found.numbers = np.array(numbers, dtype=np.int64)
    found.cells = pa.concat_tables([*tables, text_table(width, rows)]).combine_chunks()
    return found


def _iterate_lines(
    blocks: Iterable[bytes], decode: Decode, found: Records, where: str
) -> Iterator[str | bytes]:
    """Lines of a file, the bytes of one that does not decode; counted in `found`."""
    for block in blocks:
        text = decode(block)
        lines = LINE.findall(text.text)
        if len(lines) in text.broken:  # the last one, without a line end
            lines.append(b"")
        for place, line in enumerate(lines):
            found.lines += 1
            if len(line) > MOST_LINE:
                raise refuse_long_line(found.lines, where)
            broken = text.broken.get(place)
            found.broken += broken is not None
            yield line.decode() if broken is None else broken


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
    if re.search(CONTROL, whole):
        at = next(place for place, field in enumerate(fields) if re.search(CONTROL, field))
        name = header[at] if at < width else f"column {at + 1}"
        return reject(line, "control_character", describe_control(name, fields[at]), text)
    return fields[:width] if whole.strip() else None


def reject(line: int, rule: str, reason: str, text: str) -> Issue:
    """A rejected line without its line end, and no longer than a table can show."""
    text = text.rstrip("\r\n")
    more = len(text) - MOST_SHOWN
    shown = text if more <= 0 else f"{text[:MOST_SHOWN]}… and {more:,} characters more"
    return issues.reject(line, rule, reason, shown)
