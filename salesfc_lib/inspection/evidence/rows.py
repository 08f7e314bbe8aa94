"""What the rows of a sample show: kinds and signs of returns, subtotals, months."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from salesfc_lib import cleaning
from salesfc_lib.foundation import Source
from salesfc_lib.inspection.evidence.columns import ColumnEvidence
from salesfc_lib.inspection.sampling.sample import Sample
from salesfc_lib.intake import row_marks, text_columns

FAR_MONTHS = 2  # a gap of more months, beyond which lie few of the rows: mistyped, or dated ahead


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


def classify_rows(
    sample: Sample, names: Mapping[str, str], words: Sequence[str], fill_down: Sequence[str] = ()
) -> list[str | None]:
    """For each row what it is instead of business: 'header', a subtotal's word, or None.

    The code of a run decides; `names` are the headers that it would map.
    """
    table = text_columns.text_table(len(sample.header), sample.rows)
    places = {name: str([*sample.header].index(header)) for name, header in names.items()}
    source = Source(
        kind="csv",
        path=sample.path.name,
        columns={**names},
        subtotals=[*words],
        fill_down=[*fill_down],
    )
    codes = row_marks.mark_rows(table, sample.header, source, places)
    found: list[str | None] = [None] * len(codes)
    marked = np.flatnonzero(codes == row_marks.SUBTOTAL)
    said = row_marks.find_words(table.take(pa.array(marked)), words)
    for place, word in zip(marked, said, strict=True):
        found[place] = word
    for place in np.flatnonzero(codes == row_marks.HEADER):
        found[place] = "header"
    return found


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
