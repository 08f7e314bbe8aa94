"""Lines that stand more than once: in a newer extract, in a higher version, or for no reason that the export gives.

Lines enter; lines of which each is the newest word leave. The decisions made here: only a declared key tells that two lines are
the same thing; with one, the highest version and then the newest extract wins; without one nothing is dropped, and repeats of
everything that a line says are noted in the months that have more of them than is usual.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import Account, Finding
from salesfc_lib.cleaning.account.frames import group_numbers
from salesfc_lib.cleaning.account.lines import key_codes
from salesfc_lib.cleaning.basic_rules import Context, key_columns
from salesfc_lib.cleaning.rules.superseded import (
    find_superseded,
    rank_column,
    rank_files,
    split_numbers,
)
from salesfc_lib.foundation import Source
from salesfc_lib.intake import Extract, label_files

Ranking = Callable[[pd.DataFrame], np.ndarray]  # how new each line is
VERSION = "version"  # the column of the lines that says how new a line is
OWN = {
    "source",
    "name",
    "row",
    "mark",
    "month",
    "known",
    "problem",
    "problem_rule",
}  # what a line is, not what it says
USUAL = 3.0  # times the usual share of repeats in a month, above which they are noted
OVERLAP = (
    0.5  # share of the rows of a file, in one month, that stand in an earlier file too: an overlap
)
MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits well spread (2**64 / golden ratio)


def drop_superseded(account: Account, context: Context) -> Account:
    """Account without lines whose key stands with a higher version, or in a newer extract of the same source."""
    for name in account.lines["name"].cat.categories:
        source = context.sources[name]
        if not source.key:
            continue
        said = f"the key ({', '.join(source.key)})"
        if VERSION in source.columns:
            keys = [column for column in key_columns(source) if column != VERSION]
            account = _drop(
                account,
                name,
                keys,
                rank=_rank_versions,
                reason=f"{said} stands again with a higher version",
            )
        account = _drop(
            account,
            name,
            key_columns(source),
            rank=partial(_rank_extracts, source=source, extract=context.extracts[name], name=name),
            reason=f"{said} stands in a newer extract",
        )
    return account


def _drop(
    account: Account, name: str, columns: list[str], *, rank: Ranking, reason: str
) -> Account:
    lines = account.lines
    mine = np.flatnonzero(lines["name"].eq(name))
    own = lines if len(mine) == len(lines) else lines.iloc[mine]
    ages = rank(own)
    if not columns or not len(own) or (ages == ages[0]).all():
        return account
    old = find_superseded(key_codes(own, columns), ages)
    return account.apply(Finding("superseded", "drop", mine[old], reason))


def _rank_versions(lines: pd.DataFrame) -> np.ndarray:
    """Rank of each line's version, the lowest first; numbers count as numbers, a blank one is the lowest."""
    labels = lines[VERSION].cat.categories
    order = {label: place for place, label in enumerate(sorted(labels, key=split_numbers))}
    ranks = np.array([*(order[label] for label in labels), -1])
    return ranks[lines[VERSION].cat.codes]


def _rank_extracts(lines: pd.DataFrame, source: Source, extract: Extract, name: str) -> np.ndarray:
    """Rank of each line's extract, the oldest first."""
    if header := source.extract_header:
        return _rank_moments(lines[_name_of(source, header)], header)
    paths = [str(file["path"]) for file in extract.files]
    if len(paths) < 2:
        return np.zeros(len(lines), dtype=np.int64)
    labels = label_files(name, paths)
    ranks = {
        labels[path]: place for path, place in rank_files(extract.files, source.extracted).items()
    }
    return np.array([ranks.get(label, 0) for label in lines["source"].cat.categories])[
        lines["source"].cat.codes
    ]


def _name_of(source: Source, header: str) -> str:
    return {theirs: ours for ours, theirs in source.columns.items()}.get(header, header)


def _rank_moments(column: pd.Series, header: str) -> np.ndarray:
    """Rank of each line by a column of whole numbers, days or moments."""
    texts = pd.Series(column.cat.categories.to_numpy(), dtype=object)
    whole = texts.str.fullmatch(r"\d{1,18}").all()
    moments = (
        texts.astype("int64")
        if whole
        else pd.to_datetime(texts, format="mixed", errors="coerce", utc=True)
    )
    codes = column.cat.codes.to_numpy()
    if (codes < 0).any() or moments.isna().any():
        moments = pd.concat([moments, pd.Series([None])], ignore_index=True)
        return rank_column(
            moments.iloc[np.where(codes < 0, len(moments) - 1, codes)].reset_index(drop=True),
            header,
        )
    return rank_column(moments, header)[codes]


def note_repeats(account: Account, context: Context) -> Account:
    """Account that says, of sources without a key, which lines say the same as an earlier one; none is dropped.

    A file of which most of a month stands in an earlier file is an overlap (`superseded`); other repeats are noted where a
    month has more of them than is usual (`possible_duplicate`).
    """
    for name in account.lines["name"].cat.categories:
        if context.sources[name].key:
            continue
        lines = account.lines
        mine = np.flatnonzero(lines["name"].eq(name))
        own = lines if len(mine) == len(lines) else lines.iloc[mine]
        again, first = find_repeats(own)
        if not len(again):
            continue
        across = (
            own["source"].cat.codes.to_numpy()[again] != own["source"].cat.codes.to_numpy()[first]
        )
        overlap = np.zeros(len(again), dtype=bool)
        if across.any():
            overlap[across] = (
                _share(own, again[across], ["source", "month"])[again[across]] >= OVERLAP
            )
        inside = again[~overlap]
        share = _share(own, inside, ["month"])
        usual = float(np.median(share[group_numbers(own, ["month"])[1]]))
        many = share[inside] > USUAL * usual
        files = ", ".join(sorted({f"'{label}'" for label in own["source"].iloc[again[overlap]]}))
        account = account.apply(
            Finding(
                "superseded",
                "note",
                mine[again[overlap]],
                f"also in an earlier file, and no key says which is newer: {files}",
            ),
            Finding(
                "possible_duplicate",
                "note",
                mine[inside[many]],
                "says the same as an earlier line; it stays, because no key is declared",
            ),
        )
    return account


def find_repeats(lines: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Positions, ascending, of lines that say all that an earlier one says, and that of the first that says it."""
    says = [name for name in lines if name not in OWN]
    marks = np.zeros(len(lines), dtype=np.uint64)
    for name in says:
        marks ^= marks >> np.uint64(29)
        marks *= MIX
        marks += _numbers(lines[name]).view(np.uint64)
    ordered = np.sort(marks)
    near = np.flatnonzero(np.isin(marks, ordered[1:][ordered[1:] == ordered[:-1]]))
    group, firsts = group_numbers(lines.iloc[near], says)
    first = firsts[group]
    later = np.flatnonzero(first != np.arange(len(near)))
    return near[later], near[first[later]]


def _numbers(column: pd.Series) -> np.ndarray:
    """A whole number for each value, the same for the same value."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64)
    if column.dtype.kind in "iuM":
        return column.to_numpy().view(np.int64)
    return pd.factorize(column)[0].astype(np.int64)


def _share(lines: pd.DataFrame, at: np.ndarray, keys: list[str]) -> np.ndarray:
    """For each line (n_lines,), the share of the lines of its group that are among those at `at`."""
    group, firsts = group_numbers(lines, keys)
    counts, chosen = (np.bincount(part, minlength=len(firsts)) for part in (group, group[at]))
    return (chosen / counts)[group]
