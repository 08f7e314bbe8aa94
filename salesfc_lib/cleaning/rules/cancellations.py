"""Cancelled lines and what cancels them: both leave, once both are known.

An account enters and leaves. A line cancels if it is negative and names a document in `cancels` (the mapped column `reference`,
where the line's own kind does not say that goods came back). The decisions made here: a line is cancelled by one of the same
product at exactly the opposite quantity and amount; what is left of a document goes with what is left of its cancellations
where the two sum to exactly nothing; anything else stays as it is, a partial cancellation as a return, a new bill as a sale. A
pair is found without a month in mind and dropped by the month (`drop_cancelled`), so that a month before the cancellation still sees the sale.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.account.frames import group_numbers, sum_units
from salesfc_lib.cleaning.basic_rules import Context, where
from salesfc_lib.cleaning.rules.content_order import order_by_content
from salesfc_lib.foundation import bound_months

PAIR = "pair"  # column of lines: number of the group that sums to nothing; 0 where there is none
SAME = ("product", "currency", "unit_of_measure")  # what a line and its cancellation have in common
PARTS = (
    "discount",
    "freight",
    "tax_amount",
)  # measures that stand beside an amount, whatever its sign
WHY = "cancelled by a later line that names its document; the two sum to nothing"


def pair_cancellations(account: Account, _: Context) -> Account:
    """Account whose lines have `pair`, where any line cancels another; nothing is taken out yet."""
    lines = account.lines
    if "cancels" not in lines or not lines["cancels"].notna().any():
        return account
    negative = (lines["quantity"].to_numpy() < 0) | (lines["amount"].to_numpy() < 0)
    cancelling = where(
        lines["cancels"].notna().to_numpy() & negative & lines["known"].notna().to_numpy()
    )
    documents = lines["order_id"].cat
    named = documents.categories.get_indexer(lines["cancels"].cat.categories)[
        lines["cancels"].cat.codes.to_numpy()[cancelling]
    ]
    asked = np.zeros(len(documents.categories) + 1, dtype=bool)
    asked[named] = True
    asked[-1] = False
    is_cancelling = np.zeros(len(lines), dtype=bool)
    is_cancelling[cancelling] = True
    original = where(asked[documents.codes.to_numpy()] & ~is_cancelling)
    cancelling, named = cancelling[named >= 0], named[named >= 0]
    if not len(cancelling) or not len(original):
        return account
    at = np.concatenate([original, cancelling])
    side = np.concatenate([np.ones(len(original), dtype=np.int64), np.full(len(cancelling), -1)])
    document = np.concatenate([documents.codes.to_numpy()[original], named])
    pair = _pair_lines(lines, at, side, document)
    pair = _pair_documents(lines, at, side, document, pair)
    if not pair.any():
        return account
    column = np.zeros(len(lines), dtype=np.int32)
    column[at] = pair
    return account.relabel(lines.assign(**{PAIR: column}))


def drop_cancelled(account: Account, month: str) -> Account:
    """Account without pairs that are known by the end of the month and still sum to exactly nothing."""
    lines = account.lines
    if PAIR not in lines:
        return account
    at = where(in_pair(lines))
    end = bound_months(np.array([month], dtype="datetime64[M]"), account.calendar)[1][0]
    group, firsts = group_numbers(lines.iloc[at], [PAIR])
    known = lines["known"].to_numpy()[at] < end
    whole = np.bincount(group, ~known, minlength=len(firsts)) == 0
    for name in ("quantity", "amount"):
        whole &= sum_units(lines[name].to_numpy()[at], group, len(firsts)) == 0
    return account.apply(Finding("cancelled", "drop", at[whole[group]], WHY))


def first_days(lines: pd.DataFrame) -> np.ndarray:
    """Day on which each line was known (n_lines,) datetime64[D]; that of the earliest line of its pair where it has one."""
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
    """Number of each line's pair: the first cancellation of a key goes with the first line of it, by day and then by what they
    hold; the same customer's before another's. Lines that hold the same are worth the same, so their order does not matter."""
    keys: dict[str, np.ndarray | pd.Series] = {"document": document}
    near = lines.iloc[at]
    keys |= {name: near[name].cat.codes.to_numpy() for name in SAME if name in lines}
    keys |= {name: near[name].to_numpy() * side for name in ("quantity", "amount")}
    keys |= {name: np.abs(near[name].to_numpy()) for name in PARTS if name in lines}
    frame = pd.DataFrame(keys)
    order = order_by_content(near)
    pair = np.zeros(len(at), dtype=np.int32)
    first = [name for name in ("customer",) if name in lines]
    for more in [first, []] if first else [[]]:
        free = pair == 0
        key, _ = group_numbers(
            frame.assign(**{name: near[name].cat.codes.to_numpy() for name in more}),
            [*frame, *more],
        )
        mine = order[free[order]]
        turn = (
            pd.DataFrame({"key": key[mine], "side": side[mine]})
            .groupby(["key", "side"])
            .cumcount()
            .to_numpy()
        )
        turns = np.zeros(len(at), dtype=np.int64)
        turns[mine] = turn
        found = _number(
            pd.DataFrame({"key": key, "turn": turns}),
            ["key", "turn"],
            side,
            free,
            int(pair.max(initial=0)),
        )
        pair = np.where(free, found, pair)
    return pair


def _pair_documents(
    lines: pd.DataFrame, at: np.ndarray, side: np.ndarray, document: np.ndarray, pair: np.ndarray
) -> np.ndarray:
    """Pairs, and groups of what is left of documents whose lines and cancellations sum to nothing."""
    free = pair == 0
    if not free.any():
        return pair
    names = [name for name in ("currency", "unit_of_measure") if name in lines]
    near = lines.iloc[at[free]]
    group, firsts = group_numbers(pd.DataFrame({"document": document[free]}), ["document"])
    whole = np.ones(len(firsts), dtype=bool)
    for name in ("quantity", "amount"):
        whole &= sum_units(near[name].to_numpy(), group, len(firsts)) == 0
    for name in (name for name in PARTS if name in lines):
        whole &= sum_units(np.abs(near[name].to_numpy()) * side[free], group, len(firsts)) == 0
    for name in names:
        whole &= pd.Series(near[name].cat.codes.to_numpy()).groupby(group).nunique().to_numpy() == 1
    taken = np.zeros(len(at), dtype=bool)
    taken[free] = whole[group]
    left = _number(
        pd.DataFrame({"document": document}), ["document"], side, taken, int(pair.max(initial=0))
    )
    return np.where(free, left, pair)


def _number(
    frame: pd.DataFrame, keys: Sequence[str], side: np.ndarray, taken: np.ndarray, after: int
) -> np.ndarray:
    """Numbers from `after` + 1 for groups that have lines of both sides, 0 for lines of others or not taken."""
    group, firsts = group_numbers(frame, keys)
    both = (np.bincount(group, taken & (side > 0), minlength=len(firsts)) > 0) & (
        np.bincount(group, taken & (side < 0), minlength=len(firsts)) > 0
    )
    numbers = np.where(both, np.cumsum(both) + after, 0)
    return np.where(taken, numbers[group], 0).astype(np.int32)
