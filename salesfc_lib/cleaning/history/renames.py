"""Renames that the data suggest: a member that ends where another one begins.

Lines enter; table rename_proposals leaves, with what speaks for each and the YAML that accepts it. Nothing is renamed here. The
decisions made here: only members that end and begin in the same month, or one after the other, are looked at; what counts is
the name, the level (as a share of the whole, so that season and growth do not) and the mix over the other columns; what
neither name nor mix supports is not proposed. Sums are floats: they are evidence, not money.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import yaml

from salesfc_lib.cleaning.account.frames import group_numbers
from salesfc_lib.cleaning.history.name_similarity import Likeness, split_words
from salesfc_lib.foundation import tables

NEAR = 6  # months on each side over which levels and mixes are compared
LASTING = 3  # months that a member was sold in, at least, and that lie outside it at the edges of the data
WEIGHTS = {"name": 0.5, "level": 0.3, "mix": 0.2}
ENOUGH, SAME_NAME, LESS = (
    0.75,
    0.9,
    0.6,
)  # score from which on a rename is proposed; and where the name is nearly the same
ALIKE = 0.45  # likeness of names below which only the mix can tell
SAME_LEVEL, SAME_MIX, APART = (
    0.8,
    0.7,
    0.25,
)  # without names: level, mix, and distance to the mix of the next best
MERGED_LEVEL, GAIN, RELATED = (
    0.8,
    0.1,
    0.25,
)  # merged members: their level together, above one alone; likeness of each one's name
MOST = 200  # members of a column that end or begin, above which it is no column of names


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
    columns = [column for column in columns if column in lines]
    values = _floats(lines[value])
    found = [
        _propose(lines, values, column, [other for other in columns if other != column])
        for column in columns
    ]
    rows = [row for part in found for row in part]
    if not rows:
        return tables.empty("rename_proposals")
    frame = pd.DataFrame(rows).sort_values(
        ["dimension", "score", "old"], ascending=[True, False, True]
    )
    return tables.check(frame.reset_index(drop=True), "rename_proposals")


def write_yaml(proposals: pd.DataFrame) -> str:
    """The block of parameters that accepts these proposals."""
    tree: dict[str, dict[str, list[dict[str, str]]]] = {}
    for item in proposals.itertuples():
        tree.setdefault(item.dimension, {})[item.old] = [{"to": item.new, "reason": item.evidence}]
    return (
        str(yaml.safe_dump({"renames": tree}, allow_unicode=True, sort_keys=False, width=1000))
        if tree
        else ""
    )


def _propose(
    lines: pd.DataFrame, values: np.ndarray, column: str, others: Sequence[str]
) -> list[dict[str, object]]:
    totals = _totals(lines, values, ["month", column]).pivot(
        index="month", columns=column, values="value"
    )
    if totals.empty:
        return []
    totals = totals.reindex(
        pd.date_range(totals.index.min(), totals.index.max(), freq="MS")
    ).fillna(0.0)
    sold = totals.ne(0)
    lasting = sold.sum()[lambda count: count >= LASTING].index
    first, last = (sold[lasting].idxmax(), sold[lasting].iloc[::-1].idxmax())
    ended = [name for name in lasting if last[name] < totals.index[-LASTING]]
    began = [name for name in lasting if first[name] > totals.index[LASTING - 1]]
    if not ended or not began or max(len(ended), len(began)) > MOST:
        return []
    share = totals.div(totals.sum(axis=1).replace(0, np.nan), axis=0)
    mixes = [
        _totals(lines, values, ["month", column, other]).set_axis(
            ["month", "member", "other", "value"], axis=1
        )
        for other in others
    ]
    pairs = _pair_up(share, mixes, (ended, began), (first, last))
    single = _match(pairs)
    merged = _merge(pairs, single, share, first)
    took = {pair.old for group, _ in merged for pair in group}
    rows = [
        _row(column, pair, first[pair.new], pair.score, _say(pair))
        for pair in single
        if pair.old not in took
    ]
    for group, level in merged:
        score = float(
            np.mean([pair.name for pair in group]) * WEIGHTS["name"] + level * (1 - WEIGHTS["name"])
        )
        said = f"{len(group)} members end where this one begins; their share together and its own differ by {1 - level:.0%}"
        rows += [_row(column, pair, first[pair.new], score, said) for pair in group]
    return rows


def _match(pairs: Iterable[Switch]) -> list[Switch]:
    """Pairs that are supported, the surest first, each member in one of them."""
    pairs = list(pairs)
    taken: set[tuple[str, str]] = set()
    found = []
    for pair in sorted(pairs, key=lambda pair: (-pair.score, pair.old, pair.new)):
        free = not {("old", pair.old), ("new", pair.new)} & taken
        needed = LESS if pair.name >= SAME_NAME else ENOUGH
        if free and ((pair.name >= ALIKE and pair.score >= needed) or _by_mix(pair, pairs)):
            taken |= {("old", pair.old), ("new", pair.new)}
            found.append(pair)
    return found


def _by_mix(pair: Switch, pairs: Sequence[Switch]) -> bool:
    """Whether level and mix alone tell that the two are one: they sell to the same, and nobody else does."""
    rivals = [
        item.mix
        for item in pairs
        if item is not pair and (item.old == pair.old or item.new == pair.new)
    ]
    return (
        pair.level >= SAME_LEVEL
        and pair.mix >= SAME_MIX
        and pair.mix - max(rivals, default=0.0) >= APART
    )


def _merge(
    pairs: Sequence[Switch], single: Sequence[Switch], share: pd.DataFrame, first: pd.Series
) -> list[tuple[list[Switch], float]]:
    """Groups of members that one member replaces together: they share a word with it, and together they are at its level."""
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
        groups = [
            [pair for pair in near if word in split_words(pair.old)]
            for word in sorted(split_words(new))
        ]
        levels = [
            _together(group, share, first[new]) if len(group) > 1 else 0.0 for group in groups
        ]
        if levels and (level := max(levels)) >= max(MERGED_LEVEL, alone.get(new, 0.0) + GAIN):
            found.append((groups[levels.index(level)], level))
    return found


def _together(group: Sequence[Switch], share: pd.DataFrame, begins: pd.Timestamp) -> float:
    together = share[[pair.old for pair in group]].sum(axis=1)
    return float(_levels(together.to_frame(), share[[group[0].new]], begins, begins)[0, 0])


def _pair_up(
    share: pd.DataFrame,
    mixes: Sequence[pd.DataFrame],
    names: tuple[Sequence[str], Sequence[str]],
    edges: Edges,
) -> list[Switch]:
    """Every member that ends with every one that begins in the same month or the next.

    One with nearly the same name may begin later, after no longer a silence than one of the two has had before.
    """
    ended, began = names
    first, last = edges
    likeness = Likeness([*ended, *began])
    silence = {name: _longest_silence(share[name].to_numpy()) for name in (*ended, *began)}
    found = []
    for ends, begins in sorted({(last[old], first[new]) for old in ended for new in began}):
        gap = _months(ends, begins)
        if not 0 <= gap <= NEAR:
            continue
        olds, news = (
            [old for old in ended if last[old] == ends],
            [new for new in began if first[new] == begins],
        )
        alike = [_overlap(mix, olds, news, (begins, ends)) for mix in mixes]
        level = _levels(share[olds], share[news], begins, ends)
        mix = np.mean(alike, axis=0) if alike else np.zeros((len(olds), len(news)))
        for row, old in enumerate(olds):
            for place, new in enumerate(news):
                if gap <= 1 or gap <= 1 + max(silence[old], silence[new]):
                    switch = Switch(
                        old,
                        new,
                        likeness.compare(old, new),
                        float(level[row, place]),
                        float(mix[row, place]),
                    )
                    found += [switch] if gap <= 1 or switch.name >= SAME_NAME else []
    return found


def _longest_silence(sold: np.ndarray) -> int:
    """Months without a sale between two with one, at most.

    >>> _longest_silence(np.array([0, 0, 3, 0, 0, 1, 0, 2, 0, 0, 0]))
    2
    """
    return int(np.diff(np.flatnonzero(sold)).max(initial=1)) - 1


def _levels(
    old: pd.DataFrame, new: pd.DataFrame, begins: pd.Timestamp, ends: pd.Timestamp
) -> np.ndarray:
    """The smaller share of the whole by the larger one (n_olds, n_news); months in which both or neither are sold are left out."""
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
    column: str, pair: Switch, begins: pd.Timestamp, score: float, evidence: str
) -> dict[str, object]:
    said = f"the name is {pair.name:.0%} alike; {evidence}" if pair.name >= ALIKE else evidence
    accepted = yaml.safe_dump(
        {pair.old: [{"to": pair.new}]}, allow_unicode=True, default_flow_style=None, width=1000
    )
    return {
        "dimension": column,
        "old": pair.old,
        "new": pair.new,
        "from": begins,
        "evidence": said,
        "score": round(score, 4),
        "yaml": accepted.strip(),
    }


def _say(pair: Switch) -> str:
    mix = f"; what they sell is the same to {pair.mix:.0%}" if pair.mix else ""
    return f"one ends where the other begins; their shares of the whole differ by {1 - pair.level:.0%}{mix}"


def _totals(lines: pd.DataFrame, values: np.ndarray, keys: list[str]) -> pd.DataFrame:
    """Sums of values by keys; lines that lack one are left out."""
    group, firsts = group_numbers(lines, keys)
    sums = np.bincount(group, weights=values, minlength=len(firsts))
    frame = (
        pd.DataFrame({key: lines[key].iloc[firsts].astype(object).to_numpy() for key in keys})
        .assign(value=sums)
        .dropna()
    )
    return frame.assign(month=pd.to_datetime(frame["month"]))


def _floats(values: pd.Series) -> np.ndarray:
    if isinstance(values.dtype, pd.ArrowDtype):
        return np.asarray(pa.array(values.array).cast(pa.float64()), dtype=float)
    return values.to_numpy(dtype=float)


def _months(earlier: pd.Timestamp, later: pd.Timestamp) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month
