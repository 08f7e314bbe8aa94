"""What the rows show: kinds and the sign of returns, keys and repeats, subtotals, merged cells, other units' rows, months.

A sample and its columns enter; findings leave, each with counts. The decision made here: what identifies a row is the
smallest sensible combination that stands once, after rows that repeat another in every cell are set aside, and it is only
said of the rows that were seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.columns import FEW, Column
from salesfc_lib.inspection.sample import Sample

# combinations that may identify a row, in this order
KEYS = (("order_id", "line"), ("line",), ("order_id",), ("order_id", "line", "version"), ("order_id", "product"), ("order_id", "version"),
        ("order_id", "product", "warehouse"))  # fmt: skip
PANEL_KEYS = (
    ("date", "product"),
    ("date", "customer"),
    ("date", "customer", "product"),
)  # of sums a day or month
SPLITS = (
    "company",
    "region",
    "warehouse",
    "channel",
    "department",
)  # columns that may tell units apart
MOST_UNITS = 12
FAR_MONTHS, FAR_SHARE = (
    2,
    0.01,
)  # a gap of more months, beyond which lie at most this share of the rows: mistyped, or dated ahead


@dataclass(frozen=True)
class Key:
    """Columns that identify a row; rows that repeat it, and rows that repeat another in every cell."""

    names: Sequence[str]
    clashes: int
    copies: int
    tried: Sequence[str]


@dataclass(frozen=True)
class Months:
    """Rows by month, in order; months without any between the first and the last; and the few rows months away from all others."""

    rows: Mapping[str, int]
    missing: Sequence[str]
    apart: Mapping[str, int]


def find_marker(row: Sequence[str], words: Sequence[str]) -> str | None:
    """The word that makes a row a subtotal: one of its cells begins or ends with it.

    >>> find_marker(["", "小计:", "8"], ["小计", "Total"])
    '小计'
    """
    cells = [cell.strip().rstrip(":：").rstrip().casefold() for cell in row if cell]
    ordered = sorted(words, key=len, reverse=True)
    return next(
        (
            word
            for word in ordered
            for cell in cells
            if cell.startswith(word.casefold()) or cell.endswith(word.casefold())
        ),
        None,
    )


def mark_rows(sample: Sample, own: Sequence[str], words: Sequence[str]) -> list[str | None]:
    """For each row what it is instead of business: 'header', a subtotal's word, or None.

    `own` are headers that a row of the business fills, e.g. its date: a row that fills them all is no subtotal.
    """
    header = [cell.strip() for cell in sample.header]
    cells = [sample.column(name) for name in own]
    found: list[str | None] = []
    for place, row in enumerate(sample.rows):
        if [cell.strip() for cell in row] == header:
            found.append("header")
        elif own and all(column[place] for column in cells):
            found.append(None)
        else:
            found.append(find_marker(row, words))
    return found


def find_merged(
    sample: Sample, columns: Mapping[str, Column], names: Mapping[str, str]
) -> list[str]:
    """Names whose cells are merged: blank in most rows below a value, or covered by a merged cell."""
    found = []
    for name, header in names.items():
        place = list(sample.header).index(header)
        is_merged = place in sample.merged or _is_sparse(columns[header].cells)
        if sample.kind == "excel" and is_merged:
            found.append(name)
    return found


def _is_sparse(cells: Sequence[str]) -> bool:
    first = next((place for place, cell in enumerate(cells) if cell), len(cells))
    below = cells[first + 1 :]
    return bool(below) and sum(not cell for cell in below) * 2 > len(below) and len(set(cells)) > 1


def find_key(
    sample: Sample,
    columns: Mapping[str, Column],
    names: Mapping[str, str],
    *,
    but: Sequence[str] = (),
) -> Key:
    """The smallest sensible combination of columns that identifies the rows; `but` are headers whose cells are merged."""
    same = [
        columns[header].cells
        for header in dict.fromkeys(sample.header)
        if header and header not in but
    ]
    whole = Counter(zip(*same, strict=True)) if same and sample.rows else Counter()
    copies = sum(count - 1 for count in whole.values())
    tried: list[str] = []
    for combination in (*KEYS, *(PANEL_KEYS if "order_id" not in names else ())):
        headers = [names.get(name, "") for name in combination]
        if not all(headers):
            continue
        clashes = _count_clashes([columns[header].cells for header in headers], same)
        if not clashes and len(sample.rows) > 1 and _is_telling(combination, columns, names):
            return Key(combination, 0, copies, tried)
        tried.append(
            f"{' + '.join(combination)}: {clashes:,} rows repeat it"
            if clashes
            else f"{' + '.join(combination)}: too few repeats to tell"
        )
    return Key((), 0, copies, tried)


def _count_clashes(key: Sequence[Sequence[str]], same: Sequence[Sequence[str]]) -> int:
    """Rows that repeat the key of another without repeating its other cells; rows without a part of the key clash too."""
    rows = set(zip(zip(*key, strict=True), zip(*same, strict=True), strict=True))
    keys = [parts for parts, _ in rows if all(parts)]
    blanks = len(rows) - len(keys)
    return len(keys) - len(set(keys)) + (blanks if blanks > 0.02 * len(rows) else 0)


def _is_telling(
    combination: Sequence[str], columns: Mapping[str, Column], names: Mapping[str, str]
) -> bool:
    """Whether that no row repeats it says something: a single column is never blank, and numbers that count lines do repeat."""
    if combination == ("line",):
        column = columns[names["line"]]
        return (
            len(column.members) == column.filled == len(column.cells)
            and column.filled > 1
            and "order_id" not in names
        )
    return True


def find_kinds(column: Column | None, aliases: Aliases) -> dict[str, str]:
    """Values of the kind's column: sale, return, adjustment, or '' where it is not known."""
    return (
        {value: aliases.kind_of(value) for value in dict.fromkeys(column.cells) if value}
        if column is not None
        else {}
    )


@dataclass(frozen=True)
class Signs:
    """Rows below zero and above it, of all and of those whose kind is return."""

    negative: int
    positive: int
    returns_negative: int
    returns_positive: int

    @property
    def returns_are_positive(self) -> bool:
        return self.returns_positive > self.returns_negative


def count_signs(
    kind: Column | None,
    value: Column | None,
    kinds: Mapping[str, str],
    *,
    all_returns: bool = False,
) -> Signs:
    """Signs of the amounts (or quantities)."""
    if value is None:
        return Signs(0, 0, 0, 0)
    values = value.numbers.values
    is_return = [
        all_returns or (kind is not None and kinds.get(kind.cells[place]) == "return")
        for place in range(len(values))
    ]
    signs = [(number > 0) - (number < 0) if number is not None else 0 for number in values]
    pairs = Counter(zip(signs, is_return, strict=True))
    return Signs(
        pairs[-1, True] + pairs[-1, False], pairs[1, True] + pairs[1, False], pairs[-1, True], pairs[1, True],
    )  # fmt: skip


def count_months(days: Sequence[date | None]) -> Months:
    """Rows by month of their day."""
    counts = Counter(day.year * 12 + day.month - 1 for day in days if day is not None)
    apart = _find_apart(counts)
    kept = {month: counts[month] for month in sorted(counts) if month not in apart}
    span = range(min(kept, default=0), max(kept, default=-1) + 1)
    missing = [_name(month) for month in span if month not in kept]
    return Months(
        {_name(month): rows for month, rows in kept.items()},
        missing,
        {_name(month): counts[month] for month in apart},
    )


def _find_apart(counts: Mapping[int, int]) -> list[int]:
    """Months before or after a gap that hold hardly any of the rows."""
    months, total = sorted(counts), sum(counts.values())
    found: list[int] = []
    for walked in (months, months[::-1]):
        rest = 0
        for place, (month, following) in enumerate(zip(walked, walked[1:], strict=False), start=1):
            rest += counts[month]
            if rest > FAR_SHARE * total:
                break
            if abs(following - month) > FAR_MONTHS:
                found += [lone for lone in walked[:place] if lone not in found]
    return sorted(found)


def _name(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02}"


def list_splits(columns: Mapping[str, Column], names: Mapping[str, str]) -> dict[str, list[str]]:
    """Columns that may tell units apart, with their members."""
    found = {}
    for name in SPLITS:
        column = columns.get(names.get(name, ""))
        if column is not None and 2 <= len(column.members) <= MOST_UNITS:
            found[column.header] = [member for member, _ in column.members.most_common()]
    return found


def count_members(columns: Mapping[str, Column], known: Sequence[str]) -> dict[str, int]:
    """Further headers with few members, that a forecast may be made along."""
    counts = {
        header: len(column.members) for header, column in columns.items() if header not in known
    }
    return {header: count for header, count in counts.items() if 1 < count <= FEW}
