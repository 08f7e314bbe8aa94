"""Lines dated long before all others: a year was mistyped, and every series would begin there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.foundation import say

FEW = 0.01  # share of the lines that may lie beyond a gap to be taken for mistyped


def find_far(counts: Mapping[int, int], gap: int) -> tuple[set[int], set[int]]:
    """Months (numbered) before and after all others, beyond more than `gap` months without a line,
    that hold few of the lines.

    >>> find_far({1: 1, 240: 60, 241: 60, 300: 1}, 24)
    ({1}, {300})
    """
    months, total = sorted(counts), sum(counts.values())
    found: list[set[int]] = []
    for walked in (months, months[::-1]):
        far: set[int] = set()
        rest = 0
        for place, (month, following) in enumerate(zip(walked, walked[1:], strict=False), start=1):
            rest += counts[month]
            if rest > FEW * total:
                break
            if abs(following - month) > gap:
                far = {*walked[:place]}
        found.append(far)
    return found[0], found[1]


def quarantine_far(batch: Batch, context: Context) -> Batch:
    """Batch without the few lines that are dated long before all others."""
    gap = context.parameters.cleaning.far_months
    months = batch.lines["month"].to_numpy().astype("datetime64[M]")
    known = months[~np.isnat(months)].astype(np.int64)
    numbers, counts = np.unique(known, return_counts=True)
    far, _ = find_far(dict(zip(numbers.tolist(), counts.tolist(), strict=True)), gap)
    if not far:
        return batch
    first = np.datetime64(int(min(set(numbers.tolist()) - far)), "M")
    at = where(np.isin(months, np.array([*far]).astype("datetime64[M]")))
    days = batch.lines["date"].iloc[at].dt.strftime("%Y-%m-%d")
    reasons = [say("reason.far_date.line", day=day, gap=gap) for day in days]
    reason = say("reason.far_date", gap=gap, first=str(first))
    return batch.quarantine("far_date", at, reason, reasons)
