"""What the plants share: clean records, places to spoil, and the change that spoils them.

Records enter; records leave, some of them planted. A row is only spoilt where nothing else in the
books hangs on it, so that one defect is one defect.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from defects.company import MONTHS, PLAIN, Members, make_lines
from defects.feeds import record_of
from defects.truth import Record
from defects.workbook import typed


def plain_records(
    seed: int, members: Members = PLAIN, *, months: int = MONTHS, returns: bool = True
) -> list[Record]:
    """Records of a clean export."""
    return [record_of(line) for line in make_lines(seed, members, months=months, returns=returns)]


def spoil(
    records: Sequence[Record], chosen: Sequence[int], change: Callable[[Record], Record]
) -> list[Record]:
    """Records of which the chosen ones are changed, and known as planted."""
    places = set(chosen)
    return [
        replace(change(record), planted=True) if place in places else record
        for place, record in enumerate(records)
    ]


def choose(
    rng: random.Random,
    records: Sequence[Record],
    count: int,
    fits: Callable[[Record], bool] = lambda _: True,
) -> list[int]:
    """Places of a few records that fit, in order."""
    return sorted(
        rng.sample([place for place, record in enumerate(records) if fits(record)], count)
    )


def quarantine(rule: str, **cells: str) -> Callable[[Record], Record]:
    """A change of some cells after which the row cannot be used."""
    return lambda record: replace(
        record, cells={**record.cells, **cells}, fate="quarantined", rule=rule
    )


def is_sale(record: Record) -> bool:
    """Whether nothing else in the books hangs on this record."""
    return record.line is not None and record.line.kind == "sale"


def is_free(records: Sequence[Record]) -> Callable[[Record], bool]:
    """Whether a record is a sale that no return takes back."""
    taken = {
        record.line.original
        for record in records
        if record.line is not None and record.line.original
    }
    return lambda record: (
        is_sale(record) and record.line is not None and record.line.order_id not in taken
    )


def typed_records(records: Sequence[Record]) -> list[Record]:
    """The records as a workbook holds them."""
    return [replace(record, cells=typed(record)) for record in records]


def insert(records: Sequence[Record], what: Record, places: Sequence[int]) -> list[Record]:
    """The records with one more before each place."""
    wanted = set(places)
    return [
        item
        for place, record in enumerate(records)
        for item in ([what, record] if place in wanted else [record])
    ]


def change_cell(record: Record, column: str, text: Any) -> Record:
    """The record with another text in one cell."""
    return replace(record, cells={**record.cells, column: text})
