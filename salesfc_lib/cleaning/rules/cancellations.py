"""Cancelled lines and what cancels them: both leave, once both are known.

A line cancels if it is negative and names a document in `cancels` (the mapped column `reference`,
where the line's own kind does not say that goods came back). A line is cancelled by one of the same
product at exactly the opposite quantity and amount; what is left of a document goes with what is
left of its cancellations where the two sum to exactly nothing; anything else stays as it is, a
partial cancellation as a return, a new bill as a sale. A pair is found without a month in mind and
dropped by the month (`drop_cancelled`), so that a month before the cancellation still has the sale.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.frames import group_numbers, order_by_content, sum_units
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.foundation import bound_months, say

PAIR = "pair"  # column of lines: number of the group that sums to nothing; 0 where there is none
SAME = ("product", "currency", "unit_of_measure")  # common to a line and its cancellation
PARTS = ("discount", "freight", "tax_amount")  # measures without the sign of their amount
WHY = say("reason.cancelled")


def pair_cancellations(batch: Batch, _: Context) -> Batch:
    """Batch whose lines have `pair`, where any line cancels another; nothing is taken out yet."""
    lines = batch.lines
    if "cancels" not in lines or not lines["cancels"].notna().any():
        return batch
    negative = lines["quantity"].lt(0) | lines["amount"].lt(0)
    is_cancelling = lines["cancels"].notna() & negative & lines["known"].notna()
    cancelling = where(is_cancelling)
    documents, cancels = lines["order_id"].cat, lines["cancels"].cat
    named = documents.categories.get_indexer(cancels.categories)[cancels.codes.iloc[cancelling]]
    wanted = np.zeros(len(documents.categories) + 1, dtype=bool)
    wanted[named] = True
    wanted[-1] = False
    original = where(wanted[documents.codes.to_numpy()] & ~is_cancelling)
    cancelling, named = cancelling[named >= 0], named[named >= 0]
    if not len(cancelling) or not len(original):
        return batch
    at = np.concatenate([original, cancelling])
    side = np.repeat([1, -1], [len(original), len(cancelling)])
    document = np.concatenate([documents.codes.to_numpy()[original], named])
    pair = _pair_documents(lines, at, side, document, _pair_lines(lines, at, side, document))
    if not pair.any():
        return batch
    column = np.zeros(len(lines), dtype=np.int32)
    column[at] = pair
    return batch.with_columns(**{PAIR: column})


def drop_cancelled(batch: Batch, month: str) -> Batch:
    """Batch without pairs that are known by the end of the month and sum to nothing."""
    lines = batch.lines
    if PAIR not in lines:
        return batch
    at = where(in_pair(lines))
    end = bound_months(np.array([month], dtype="datetime64[M]"), batch.calendar)[1][0]
    group, firsts = group_numbers(lines.iloc[at], [PAIR])
    known = lines["known"].to_numpy()[at] < end
    whole = np.bincount(group, ~known, minlength=len(firsts)) == 0
    for name in ("quantity", "amount"):
        whole &= sum_units(lines[name].to_numpy()[at], group, len(firsts)) == 0
    return batch.drop("cancelled", at[whole[group]], WHY)


def first_days(lines: pd.DataFrame) -> np.ndarray:
    """Day on which each line, or the first of its pair, was known (n_lines,) datetime64[D]."""
    days = lines["known"].to_numpy().astype("datetime64[D]")
    if PAIR not in lines:
        return days
    days, pair = days.copy(), lines[PAIR].to_numpy()
    at = where((pair > 0) & ~np.isnat(days))
    first = np.full(int(pair.max(initial=0)) + 1, np.datetime64("9999-12-31"))
    np.minimum.at(first, pair[at], days[at])
    days[at] = first[pair[at]]
    return days


def in_pair(lines: pd.DataFrame) -> np.ndarray:
    """Lines that belong to a pair (n_lines,)."""
    return lines[PAIR].to_numpy() > 0 if PAIR in lines else np.zeros(len(lines), dtype=bool)


def _pair_lines(
    lines: pd.DataFrame, at: np.ndarray, side: np.ndarray, document: np.ndarray
) -> np.ndarray:
    """Number of each line's pair: the first cancellation of a key goes with the first line of it.

    First is by day and then by content; the same customer's come before another's. Lines of equal
    content are worth the same, so their order does not matter.
    """
    near = lines.iloc[at]
    keys: dict[str, np.ndarray] = {"document": document}
    keys |= {name: near[name].cat.codes.to_numpy() for name in SAME if name in lines}
    keys |= {name: near[name].to_numpy() * side for name in ("quantity", "amount")}
    keys |= {name: np.abs(near[name].to_numpy()) for name in PARTS if name in lines}
    frame = pd.DataFrame(keys)
    order = order_by_content(near)
    pair = np.zeros(len(at), dtype=np.int32)
    with_customer = frame.assign(customer=near["customer"].cat.codes.to_numpy())
    for keyed in (with_customer, frame):
        free = pair == 0
        key, _ = group_numbers(keyed, [*keyed])
        mine = order[free[order]]
        sides = pd.DataFrame({"key": key[mine], "side": side[mine]})
        turn = np.zeros(len(at), dtype=np.int64)
        turn[mine] = sides.groupby(["key", "side"]).cumcount().to_numpy()
        turns = pd.DataFrame({"key": key, "turn": turn})
        found = _number(turns, ["key", "turn"], side, free, int(pair.max(initial=0)))
        pair = np.where(free, found, pair)
    return pair


def _pair_documents(
    lines: pd.DataFrame, at: np.ndarray, side: np.ndarray, document: np.ndarray, pair: np.ndarray
) -> np.ndarray:
    """Pairs, and groups of what is left of documents that sum to nothing."""
    free = pair == 0
    if not free.any():
        return pair
    near = lines.iloc[at[free]]
    group, firsts = group_numbers(pd.DataFrame({"document": document[free]}), ["document"])
    sums = {name: near[name].to_numpy() for name in ("quantity", "amount")}
    sums |= {name: np.abs(near[name].to_numpy()) * side[free] for name in PARTS if name in lines}
    whole = np.ones(len(firsts), dtype=bool)
    for units in sums.values():
        whole &= sum_units(units, group, len(firsts)) == 0
    for name in (name for name in ("currency", "unit_of_measure") if name in lines):
        whole &= pd.Series(near[name].cat.codes.to_numpy()).groupby(group).nunique().to_numpy() == 1
    taken = np.zeros(len(at), dtype=bool)
    taken[free] = whole[group]
    documents = pd.DataFrame({"document": document})
    left = _number(documents, ["document"], side, taken, int(pair.max(initial=0)))
    return np.where(free, left, pair)


def _number(
    frame: pd.DataFrame, keys: Sequence[str], side: np.ndarray, taken: np.ndarray, after: int
) -> np.ndarray:
    """Numbers from `after` + 1 for groups with lines of both sides, 0 for other lines."""
    group, firsts = group_numbers(frame, keys)
    both = np.ones(len(firsts), dtype=bool)
    for mine in (taken & (side > 0), taken & (side < 0)):
        both &= np.bincount(group, mine, minlength=len(firsts)) > 0
    numbers = np.where(both, np.cumsum(both) + after, 0)
    return np.where(taken, numbers[group], 0).astype(np.int32)
