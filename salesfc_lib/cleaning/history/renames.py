"""Renames that the data suggest: a member ends where another begins. Nothing is renamed here.

Only members that end and begin in the same month, or one after the other, are compared: by name, by
level (as a share of the whole, so that season and growth do not count) and by mix over the other
columns; what neither name nor mix supports is not proposed. Sums are floats: they are evidence, not
money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml

from salesfc_lib.cleaning.batch.frames import group_numbers
from salesfc_lib.cleaning.history.name_similarity import Similarity, split_words
from salesfc_lib.foundation import in_words, say, say_all, tables

NEAR = 6  # months on each side over which levels and mixes are compared
LASTING = 3  # months in which a member was sold, at least, and before or after it in the data
WEIGHTS = {"name": 0.5, "level": 0.3, "mix": 0.2}
ENOUGH = 0.75  # score from which on a rename is proposed
SAME_NAME, LESS = 0.9, 0.6  # similarity of nearly the same names, and the score that they need
ALIKE = 0.45  # similarity of names below which only the mix can tell
# without names: level, mix, and distance to the mix of the next best
SAME_LEVEL, SAME_MIX, DISTANCE = 0.8, 0.7, 0.25
# merged members: their level together, above one alone; similarity of each one's name
MERGED_LEVEL, GAIN, RELATED = 0.8, 0.1, 0.25
MOST = 200  # members of a column that end or begin, above which it is no column of names
YAML: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": 1000}

Edges = tuple[pd.Series, pd.Series]  # first and last month of each member


@dataclass(frozen=True)
class Switch:
    """A member that ends and one that begins next to it, and how well they fit (0 to 1)."""

    old: str
    new: str
    name: float
    level: float
    mix: float

    @property
    def score(self) -> float:
        return sum(weight * getattr(self, part) for part, weight in WEIGHTS.items())


def propose_renames(
    lines: pd.DataFrame, columns: Sequence[str], value: str = "amount"
) -> pd.DataFrame:
    """Table rename_proposals of these columns, the surest first.

    `lines` holds `month` (first days), the columns and `value`.
    """
    columns, own = [column for column in columns if column in lines], lines[value]
    is_arrow = isinstance(own.dtype, pd.ArrowDtype)
    values = np.asarray(pa.array(own.array).cast(pa.float64()) if is_arrow else own, dtype=float)
    rows: list[dict[str, object]] = []
    for column in columns:
        rows += _propose(lines, values, column, [other for other in columns if other != column])
    if not rows:
        return tables.empty("rename_proposals")
    order = {"dimension": True, "score": False, "old": True}
    frame = pd.DataFrame(rows).sort_values([*order], ascending=[*order.values()])
    return tables.check(frame.reset_index(drop=True), "rename_proposals")


def write_yaml(proposals: pd.DataFrame) -> str:
    """The block of parameters that accepts these proposals."""
    tree: dict[str, dict[str, list[dict[str, str]]]] = {}
    for item in proposals.itertuples():
        reason = in_words(item.evidence)
        tree.setdefault(item.dimension, {})[item.old] = [{"to": item.new, "reason": reason}]
    return str(yaml.safe_dump({"renames": tree}, **YAML)) if tree else ""


def _propose(
    lines: pd.DataFrame, values: np.ndarray, column: str, others: Sequence[str]
) -> list[dict[str, object]]:
    totals = _totals(lines, values, ["month", column])
    totals = totals.pivot(index="month", columns=column, values="value")
    if totals.empty:
        return []
    months = pd.date_range(totals.index.min(), totals.index.max(), freq="MS")
    totals = totals.reindex(months).fillna(0.0)
    sold = totals.ne(0)
    lasting = sold.sum()[lambda count: count >= LASTING].index
    first, last = (sold[lasting].idxmax(), sold[lasting].iloc[::-1].idxmax())
    ended = [name for name in lasting if last[name] < months[-LASTING]]
    began = [name for name in lasting if first[name] > months[LASTING - 1]]
    if not ended or not began or max(len(ended), len(began)) > MOST:
        return []
    share = totals.div(totals.sum(axis=1).replace(0, np.nan), axis=0)
    names = ["month", "member", "other", "value"]
    mixes = [
        _totals(lines, values, ["month", column, other]).set_axis(names, axis=1) for other in others
    ]
    pairs = _pair_up(share, mixes, (ended, began), (first, last))
    single = _match(pairs)
    merged = _merge(pairs, single, share, first)
    taken = {pair.old for group, _ in merged for pair in group}
    rows = []
    for pair in (pair for pair in single if pair.old not in taken):
        evidence = [say("rename.pair", apart=1 - pair.level)]
        evidence += [say("rename.mix", mix=pair.mix)] if pair.mix else []
        rows.append(_row(column, pair, first[pair.new], pair.score, evidence))
    for group, level in merged:
        name = float(np.mean([pair.name for pair in group]))
        score = name * WEIGHTS["name"] + level * (1 - WEIGHTS["name"])
        evidence = [say("rename.merged", n=len(group), apart=1 - level)]
        rows += [_row(column, pair, first[pair.new], score, evidence) for pair in group]
    return rows


def _match(pairs: Sequence[Switch]) -> list[Switch]:
    """Pairs that are supported, the surest first, each member in one of them.

    Without alike names level and mix prove that two are one where no rival sells to the same.
    """
    taken: set[tuple[str, str]] = set()
    found = []
    for pair in sorted(pairs, key=lambda pair: (-pair.score, pair.old, pair.new)):
        if {("old", pair.old), ("new", pair.new)} & taken:
            continue
        by_name = pair.name >= ALIKE and pair.score >= (LESS if pair.name >= SAME_NAME else ENOUGH)
        if not by_name and (pair.level < SAME_LEVEL or pair.mix < SAME_MIX):
            continue
        rivals = [item.mix for item in pairs if (item.old == pair.old) != (item.new == pair.new)]
        if by_name or pair.mix - max(rivals, default=0.0) >= DISTANCE:
            taken |= {("old", pair.old), ("new", pair.new)}
            found.append(pair)
    return found


def _merge(
    pairs: Sequence[Switch], single: Sequence[Switch], share: pd.DataFrame, first: pd.Series
) -> list[tuple[list[Switch], float]]:
    """Groups that one member replaces: they share a word with it and together have its level."""
    claimed = {pair.old: pair.new for pair in single}
    alone = {pair.new: pair.level for pair in single}
    best: dict[str, float] = {}
    for pair in pairs:
        best[pair.old] = max(best.get(pair.old, RELATED), pair.name)
    found = []
    for new in dict.fromkeys(pair.new for pair in pairs):
        near = [
            pair
            for pair in pairs
            if pair.new == new and pair.name >= best[pair.old] and claimed.get(pair.old, new) == new
        ]
        words = sorted(split_words(new))
        groups = [[pair for pair in near if word in split_words(pair.old)] for word in words]
        levels = []
        for group in groups:
            together = share[[pair.old for pair in group]].sum(axis=1).to_frame()
            beside = _levels(together, share[[new]], first[new], first[new])
            levels.append(float(beside[0, 0]) if len(group) > 1 else 0.0)
        if levels and (level := max(levels)) >= max(MERGED_LEVEL, alone.get(new, 0.0) + GAIN):
            found.append((groups[levels.index(level)], level))
    return found


def _pair_up(
    share: pd.DataFrame,
    mixes: Sequence[pd.DataFrame],
    names: tuple[Sequence[str], Sequence[str]],
    edges: Edges,
) -> list[Switch]:
    """Every member that ends with every one that begins in the same month or the next.

    One with nearly the same name may begin later, after no longer a silence than one of the two has
    had before.
    """
    (ended, began), (first, last) = names, edges
    similarity = Similarity([*ended, *began])
    silence = {}  # months without a sale between two with one, at most
    for member in (*ended, *began):
        silence[member] = int(np.diff(np.flatnonzero(share[member])).max(initial=1)) - 1
    found = []
    for ends, begins in sorted({(last[old], first[new]) for old in ended for new in began}):
        gap = (begins.year - ends.year) * 12 + begins.month - ends.month
        if not 0 <= gap <= NEAR:
            continue
        olds = [old for old in ended if last[old] == ends]
        news = [new for new in began if first[new] == begins]
        alike = [_overlap(mix, olds, news, (begins, ends)) for mix in mixes]
        level = _levels(share[olds], share[news], begins, ends)
        mix = np.mean(alike, axis=0) if alike else np.zeros((len(olds), len(news)))
        for (row, old), (place, new) in product(enumerate(olds), enumerate(news)):
            if gap > 1 + max(silence[old], silence[new]):
                continue
            name = similarity.compare(old, new)
            if gap <= 1 or name >= SAME_NAME:
                found.append(
                    Switch(old, new, name, float(level[row, place]), float(mix[row, place]))
                )
    return found


def _levels(
    old: pd.DataFrame, new: pd.DataFrame, begins: pd.Timestamp, ends: pd.Timestamp
) -> np.ndarray:
    """The smaller share of the whole by the larger one (n_olds, n_news), outside the switch."""
    before = old[old.index < min(begins, ends)].tail(NEAR).mean().to_numpy()[:, None]
    after = new[new.index > max(begins, ends)].head(NEAR).mean().to_numpy()[None, :]
    small, large = np.minimum(before, after), np.maximum(before, after)
    return np.divide(small, large, out=np.zeros_like(large), where=small > 0)


def _overlap(
    mix: pd.DataFrame,
    olds: Sequence[str],
    news: Sequence[str],
    switch: tuple[pd.Timestamp, pd.Timestamp],
) -> np.ndarray:
    """What the distributions of members over another column have in common (n_olds, n_news).

    Members of the other column that end or begin at the same time do not count.
    """
    begins, ends = min(switch), max(switch)
    reach = pd.DateOffset(months=NEAR)
    before = mix[mix["month"].between(begins - reach, begins, inclusive="left")]
    after = mix[mix["month"].between(ends, ends + reach, inclusive="right")]
    stay = sorted(set(before["other"]) & set(after["other"]))
    sides = []
    for names, part in ((olds, before), (news, after)):
        sums = part.pivot_table(index="member", columns="other", values="value", aggfunc="sum")
        parts = sums.reindex(index=list(names), columns=stay).fillna(0.0).clip(lower=0).to_numpy()
        whole = parts.sum(axis=1, keepdims=True)
        sides.append(np.divide(parts, whole, out=np.zeros_like(parts), where=whole > 0))
    one, two = sides
    return np.array([np.minimum(row, two).sum(axis=1) for row in one]).reshape(len(one), len(two))


def _row(
    column: str, pair: Switch, begins: pd.Timestamp, score: float, evidence: Sequence[str]
) -> dict[str, object]:
    named = [say("rename.name", alike=pair.name)] if pair.name >= ALIKE else []
    accept = yaml.safe_dump({pair.old: [{"to": pair.new}]}, default_flow_style=None, **YAML)
    return {
        "dimension": column,
        "old": pair.old,
        "new": pair.new,
        "from": begins,
        "evidence": say_all([*named, *evidence]),
        "score": round(score, 4),
        "yaml": accept.strip(),
    }


def _totals(lines: pd.DataFrame, values: np.ndarray, keys: list[str]) -> pd.DataFrame:
    """Sums of values by keys; lines that lack one are left out."""
    group, firsts = group_numbers(lines, keys)
    sums = np.bincount(group, weights=values, minlength=len(firsts))
    parts = {key: lines[key].iloc[firsts].astype(object).to_numpy() for key in keys}
    frame = pd.DataFrame(parts).assign(value=sums).dropna()
    return frame.assign(month=pd.to_datetime(frame["month"]))
