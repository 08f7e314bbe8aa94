"""Hashes of events: each row's is of all its columns, the hash of the row before it among them.

`postgres.sql` computes the same. A column is written as the count of its bytes in UTF-8, a colon
and the text; a missing one is a hyphen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

HASHED = (
    "number", "at", "clock", "who", "what", "unit", "month", "series", "version", "subject",
    "old", "new", "reason", "once", "previous",
)  # fmt: skip
COLUMNS = (*HASHED, "hash")


class Head(NamedTuple):
    """The last row: number and hash; of an empty log, 0 and nothing."""

    number: int = 0
    hash: str = ""


@dataclass(frozen=True)
class Fault:
    """What is wrong with the log, and with which row; 0 where it is not a row."""

    number: int
    what: str

    def __str__(self) -> str:
        return f"event {self.number}: {self.what}" if self.number else self.what


def hash_row(row: Mapping[str, Any]) -> str:
    """The sha256 of a row, in hex.

    >>> hash_row(dict.fromkeys(HASHED) | {"number": 1, "who": "韩磊"})[:12]
    '90d6ab4caa0e'
    """
    text = "".join(_measure(row[name]) for name in HASHED)
    return hashlib.sha256(text.encode()).hexdigest()


def link(rows: Iterable[Mapping[str, Any]], head: Head = Head()) -> Iterator[dict[str, Any]]:  # noqa: B008
    """The rows with `previous` and `hash`, after the row that is last so far."""
    last = head.hash
    for row in rows:
        linked = {**row, "previous": last}
        last = hash_row(linked)
        yield {**linked, "hash": last}


def find_fault(rows: Iterable[Mapping[str, Any]], head: Head) -> Fault | None:
    """The first row that is not as it was written, or a head that is not the last row's."""
    last, at_head = Head(), Head()
    for row in rows:
        number = int(row["number"])
        if row["hash"] != hash_row(row):
            return Fault(number, "it was changed after it was written")
        if row["previous"] != last.hash or number <= last.number:
            return Fault(number, _describe_break(number, last))
        last = Head(number, str(row["hash"]))
        if number == head.number:
            at_head = last
    if last.number < head.number:
        what = f"it was the last one, and the log ends after event {last.number}"
        return Fault(head.number, what)
    if at_head != head:
        return Fault(head.number, "its hash is not the one that is kept beside the log")
    if last != head:
        what = f"it is not known beside the log, which ends with event {head.number} there"
        return Fault(head.number + 1, what)
    return None


def _describe_break(number: int, last: Head) -> str:
    if number > last.number + 1:
        between = f"{last.number + 1} to {number - 1}" if number - last.number > 2 else number - 1
        return f"what stood before it is gone (event {between})"
    return f"it does not follow event {last.number}, which was replaced, moved or put in"


def _measure(value: Any) -> str:
    if value is None:
        return "-"
    text = str(value)
    return f"{len(text.encode())}:{text}"
