"""What the rows of a sample show: kinds and signs of returns, keys and repeats, subtotals, merged
cells, months.

What identifies a row is the smallest sensible combination of columns that stands once, after rows
that repeat another in every cell are set aside; it holds for the rows that were seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import dropwhile

from salesfc_lib import cleaning
from salesfc_lib.inspection.evidence.columns import ColumnEvidence
from salesfc_lib.inspection.sampling.sample import Sample

KEYS = (  # that may identify a row, in this order
    ("order_id", "line"),
    ("line",),
    ("order_id",),
    ("order_id", "line", "version"),
    ("order_id", "product"),
    ("order_id", "version"),
    ("order_id", "product", "warehouse"),
)
PANEL_KEYS = (("date", "product"), ("date", "customer"), ("date", "customer", "product"))
MOST_BLANKS = 0.02  # share of the rows that may lack a part of their key
FAR_MONTHS = 2  # a gap of more months, beyond which lie few of the rows: mistyped, or dated ahead


@dataclass(frozen=True)
class Key:
    """Columns that identify a row, the rows that repeat another in every cell, and what was
    tried.
    """

    columns: Sequence[str]
    copies: int
    tried: Sequence[str]


@dataclass(frozen=True)
class Months:
    """Rows by month, in order; months without any between them; the few rows months away."""

    rows: Mapping[str, int]
    missing: Sequence[str]
    apart: Mapping[str, int]


@dataclass(frozen=True)
class Signs:
    """Rows below zero, and the returns among the rows below and above it."""

    negative_rows: int
    returns_negative: int
    returns_positive: int

    @property
    def are_positive(self) -> bool:
        """Whether most returns stand without a minus sign."""
        return self.returns_positive > self.returns_negative


def classify_rows(sample: Sample, own: Sequence[str], words: Sequence[str]) -> list[str | None]:
    """For each row what it is instead of business: 'header', a subtotal's word, or None.

    `own` are headers that a row of the business fills, e.g. its date: one that does is no subtotal.
    """
    header = [cell.strip() for cell in sample.header]
    cells = [sample.column(name) for name in own]
    found: list[str | None] = []
    for place, row in enumerate(sample.rows):
        is_business = bool(own) and all(column[place] for column in cells)
        if [cell.strip() for cell in row] == header:
            found.append("header")
        else:
            found.append(None if is_business else find_subtotal(row, words))
    return found


def find_subtotal(row: Sequence[str], words: Sequence[str]) -> str | None:
    """The longest word that makes a row a subtotal: one of its cells begins or ends with it.

    >>> find_subtotal(["", "小计:", "8"], ["小计", "Total"])
    '小计'
    """
    cells = [cell.strip().rstrip(":：").rstrip().casefold() for cell in row if cell]
    for word in sorted(words, key=len, reverse=True):
        key = word.casefold()
        if any(cell.startswith(key) or cell.endswith(key) for cell in cells):
            return word
    return None


def find_merged(
    sample: Sample, columns: Mapping[str, ColumnEvidence], names: Mapping[str, str]
) -> list[str]:
    """Names whose cells are merged: covered by a merged cell, or blank in most rows below the first
    value.
    """
    found = []
    for name, header in names.items() if sample.kind == "excel" else ():
        cells = columns[header].cells
        below = [*dropwhile(lambda cell: not cell, cells)][1:]
        is_sparse = below.count("") * 2 > len(below) and len({*cells}) > 1
        if [*sample.header].index(header) in sample.merged or is_sparse:
            found.append(name)
    return found


def find_key(
    sample: Sample,
    columns: Mapping[str, ColumnEvidence],
    names: Mapping[str, str],
    *,
    but: Sequence[str] = (),
) -> Key:
    """The smallest sensible combination of columns that identifies the rows.

    `but` are headers whose cells are merged.
    """
    headers = [header for header in dict.fromkeys(sample.header) if header and header not in but]
    whole = [*zip(*(columns[header].cells for header in headers), strict=True)]
    copies = len(whole) - len(set(whole))
    tried: list[str] = []
    for combination in (*KEYS, *(PANEL_KEYS if "order_id" not in names else ())):
        if not all(name in names for name in combination):
            continue
        clashes = _count_clashes([columns[names[name]].cells for name in combination], whole)
        is_telling = combination != ("line",) or _counts_rows(columns[names["line"]], names)
        if not clashes and len(sample.rows) > 1 and is_telling:
            return Key(combination, copies, tried)
        why = f"{clashes:,} rows repeat it" if clashes else "too few repeats to tell"
        tried.append(f"{' + '.join(combination)}: {why}")
    return Key((), copies, tried)


def _count_clashes(key: Sequence[Sequence[str]], whole: Sequence[tuple[str, ...]]) -> int:
    """Rows that repeat the key of another without repeating its other cells, or lack a part of
    it.
    """
    rows = set(zip(zip(*key, strict=True), whole, strict=True))
    keys = [parts for parts, _ in rows if all(parts)]
    blanks = len(rows) - len(keys)
    return len(keys) - len(set(keys)) + (blanks if blanks > MOST_BLANKS * len(rows) else 0)


def _counts_rows(line: ColumnEvidence, names: Mapping[str, str]) -> bool:
    """Whether a column of line numbers is never blank and never repeats, beside no order number."""
    is_single = len(line.members) == line.filled == len(line.cells)
    return is_single and line.filled > 1 and "order_id" not in names


def count_signs(
    kind: ColumnEvidence | None,
    value: ColumnEvidence | None,
    kinds: Mapping[str, str],
    *,
    all_returns: bool = False,
) -> Signs:
    """Signs of the amounts (or quantities)."""
    values = value.numbers.values if value is not None else []
    of_kind = kind.cells if kind is not None else [""] * len(values)
    pairs = Counter(
        (number > 0, all_returns or kinds.get(cell) == "return")
        for number, cell in zip(values, of_kind, strict=True)
        if number
    )
    return Signs(pairs[False, True] + pairs[False, False], pairs[False, True], pairs[True, True])


def count_months(days: Sequence[date | None]) -> Months:
    """Rows by month of their day."""
    counts = Counter(day.year * 12 + day.month - 1 for day in days if day is not None)
    before, after = cleaning.find_far(counts, FAR_MONTHS)
    apart = before | after
    kept = sorted(counts.keys() - apart)
    span = range(kept[0], kept[-1] + 1) if kept else ()
    return Months(
        {_name(month): counts[month] for month in kept},
        [_name(month) for month in span if month not in counts],
        {_name(month): counts[month] for month in sorted(apart)},
    )


def _name(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02}"
