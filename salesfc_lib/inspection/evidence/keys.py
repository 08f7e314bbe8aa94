"""What identifies a row: the smallest sensible combination of columns that stands once, after rows
that repeat another in every cell are set aside, and rows of one file that another file has again.

A sample proves it for the rows that were seen; of a longer export all rows are asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from salesfc_lib import cleaning
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.inspection.evidence.columns import ColumnEvidence
from salesfc_lib.inspection.sampling.sample import Sample
from salesfc_lib.intake import Extract, layout, read_source

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
MOST_BYTES = 1 << 28  # of an export that is read to its end


@dataclass(frozen=True)
class Key:
    """Columns that identify a row, the rows that repeat another in every cell, what was tried,
    whether every row of the export was asked, whether its subtotals are right only without the
    rows that the key drops, and whether each row that repeats another stands in another file.
    """

    columns: Sequence[str]
    copies: int
    tried: Sequence[str]
    proved: bool = True
    by_sums: bool = False
    by_files: bool = False


def find_key(
    sample: Sample, columns: Mapping[str, ColumnEvidence], names: Mapping[str, str]
) -> Key:
    """The smallest sensible combination of columns that identifies the rows of the sample."""
    headers = [header for header in dict.fromkeys(sample.header) if header]
    whole = [*zip(*(columns[header].cells for header in headers), strict=True)]
    copies = len(whole) - len(set(whole))
    origins = sample.origins or [""] * len(whole)
    by_files = copies > 0 and len(set(zip(whole, origins, strict=True))) == len(whole)
    tried: list[str] = []
    for combination in (*KEYS, *(PANEL_KEYS if "order_id" not in names else ())):
        if not all(name in names for name in combination):
            continue
        parts = [columns[names[name]].cells for name in combination]
        clashes = _count_clashes(parts, whole, origins)
        is_telling = combination != ("line",) or _counts_rows(columns[names["line"]], names)
        if not clashes and len(sample.rows) > 1 and is_telling:
            return Key(combination, copies, tried, by_files=by_files)
        why = f"{clashes:,} rows repeat it" if clashes else "too few repeats to tell"
        tried.append(f"{' + '.join(combination)}: {why}")
    return Key((), copies, tried)


def _count_clashes(
    key: Sequence[Sequence[str]], whole: Sequence[tuple[str, ...]], origins: Sequence[str]
) -> int:
    """Rows that repeat the key of another without repeating its other cells, or lack a part of it.

    Files that overlap may correct rows: a key that differs between files (`origins`) clashes unless
    as many others stand in several files unchanged.
    """
    rows = set(zip(zip(*key, strict=True), whole, origins, strict=True))
    keyed = [row for row in rows if all(row[0])]
    blanks = len(rows) - len(keyed)
    within = len(keyed) - len({(parts, origin) for parts, _, origin in keyed})
    versions = Counter(parts for parts, _ in {(parts, cells) for parts, cells, _ in keyed})
    files = Counter(parts for parts, _ in {(parts, origin) for parts, _, origin in keyed})
    several = [versions[parts] for parts, count in files.items() if count > 1]
    changed = sum(count > 1 for count in several)
    across = changed if changed > len(several) - changed else 0
    return within + across + (blanks if blanks > MOST_BLANKS * len(rows) else 0)


def _counts_rows(line: ColumnEvidence, names: Mapping[str, str]) -> bool:
    """Whether a column of line numbers is never blank and never repeats, beside no order number."""
    is_single = len(line.members) == line.filled == len(line.cells)
    return is_single and line.filled > 1 and "order_id" not in names


def confirm_key(key: Key, source: Source, files: Sequence[Path]) -> Key:
    """The key, tried on every row that a run would read: none where rows contradict it, not proved
    where the export is too large or is not read as it is declared.
    """
    if sum(file.stat().st_size for file in files) > MOST_BYTES:
        return replace(key, proved=False)
    try:
        rows = read_source("export", source, files[0].parent).rows
    except SalesForecastError:
        return replace(key, proved=False)
    rows = rows.filter(pa.array(layout.is_plain(rows)))
    names = [part for name in key.columns for part in _list_parts(name, source)]
    parts = rows.select([layout.exported(source.columns[name]) for name in names])
    frame = parts.to_pandas()
    blank = frame.eq("").any(axis=1).to_numpy()
    repeated = pa.array(frame.duplicated(keep=False).to_numpy() & ~blank)
    again = rows.filter(repeated)
    whole = again.select([name for name in again.column_names if name not in layout.RESERVED])
    cells = [column.to_pylist() for column in whole.columns]
    keys = [column.to_pylist() for column in parts.filter(repeated).columns]
    clashes = _count_clashes(keys, [*zip(*cells, strict=True)], again[layout.FILE].to_pylist())
    clashes += int(blank.sum()) if blank.mean() > MOST_BLANKS else 0
    if not clashes:
        return key
    why = f"{' + '.join(key.columns)}: {clashes:,} rows of the whole export repeat or lack it"
    return Key((), key.copies, [why, *key.tried])


def _list_parts(name: str, source: Source) -> Sequence[str]:
    """The columns that hold a part of a key: of a date, a year and a month or week may."""
    return source.date_parts if name == "date" and source.has_months else (name,)


def prove_by_sums(key: Key, source: Source, files: Sequence[Path]) -> Key:
    """The key, with what the subtotals of the export say of the rows that repeat it."""
    try:
        extract = read_source("export", source, files[0].parent)
    except SalesForecastError:
        return key
    keyed = source.model_copy(update={"key": [*key.columns]})
    every, once = (_add_up(one, extract) for one in (source, keyed))
    return replace(key, by_sums=once and not every)


def _add_up(source: Source, extract: Extract) -> bool:
    """Whether the subtotals equal their parts, with or without the rows that repeat the key."""
    try:
        cleaning.check_subtotals(source, extract)
    except SalesForecastError:
        return False
    return True
