"""What is true of a planted project: the vocabulary that the plants write and the judge reads.

Nothing enters; frozen values leave. A defect counts as treated by what is left in the tables (or by
the error that stopped the unit), never by how the pipeline got there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

Fate = Literal["kept", "quarantined", "dropped", "later", "apart"]


@dataclass(frozen=True)
class Line:
    """One order line as it happened: what a careful reader finds in the transactions."""

    date: date
    order_id: str
    line: str
    customer: str
    product: str
    region: str
    quantity: Decimal
    amount: Decimal
    kind: str = "sale"
    original: str = ""  # the order that a return takes back
    more: Mapping[str, Any] = field(
        default_factory=dict
    )  # further columns of the transactions and what they must say


@dataclass(frozen=True)
class Record:
    """One row of an export.

    `cells` by this project's column names; `line` is what is true of it (None: it is no line of the
    business); `fate` is what becomes of it, and by which `rule`; `planted` says that the defect is
    here. `raw` replaces its bytes in a text file.
    """

    cells: Mapping[str, Any]
    line: Line | None
    fate: Fate = "kept"
    rule: str = ""
    planted: bool = False
    raw: bytes | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Row:
    """What is to become of one row of an export, known by its source's label and its place in the
    file.
    """

    source: str
    row: int
    line: Line | None
    fate: Fate
    rule: str
    planted: bool


@dataclass(frozen=True)
class Note:
    """A line that the table `problems` must have: its rule, its source (label; '' any), and words
    of its example or reason.
    """

    rule: str
    source: str = ""
    words: tuple[str, ...] = ()
    action: str = ""
    rows: int | None = None


@dataclass(frozen=True)
class Entry:
    """What the ledger must say of a rule, over all months: rows, or a difference of value (None:
    not asked).
    """

    rule: str
    rows: int | None = None
    quantity: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class Cell:
    """A cell that a table must hold: the row found by `where`, its column and value.

    None: null; a pair: from the first to the second, both included; `...`: that there is such a row
    is enough.
    """

    table: str
    where: Mapping[str, Any]
    column: str = ""
    value: Any = ...


@dataclass(frozen=True)
class Expected:
    """The truth of a case. `allowed` are rules that may stand in `problems`, the ledger or the
    outliers without being asked for; `blocked` are words that the error must hold (alternatives by
    '|'), or None where the unit must go through.
    """

    rows: tuple[Row, ...] = ()
    notes: tuple[Note, ...] = ()
    entries: tuple[Entry, ...] = ()
    cells: tuple[Cell, ...] = ()
    allowed: frozenset[str] = frozenset()
    blocked: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Case:
    """A project with one planted defect (0: none; several: many) and what is true of it."""

    number: int
    variant: str
    files: Mapping[str, bytes]
    parameters: Mapping[str, Any]
    month: str
    expected: Expected
    earlier: tuple[tuple[str, Mapping[str, bytes]], ...] = field(
        default=()
    )  # months published before, from these files
