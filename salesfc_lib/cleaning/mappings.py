"""Which name a member has on which day: renames, mergers, reused codes, reorganisations.

Windows hold their first and their last day; a chain (a to b to c) is followed on the same day; a
circle, or two windows of one name that overlap, stops the unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.strict_columns import read_columns, unreadable_row
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, Source, schema
from salesfc_lib.intake import Extract, layout, text_columns

FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)
NEEDED = ("column", "old", "new")  # columns of a mapping file


class Entry(NamedTuple):
    """The new name of lines under an old one, dated from `start` through `until`, and why."""

    old: str
    new: str
    start: date = FIRST
    until: date = LAST
    reason: str = ""


class Pair(NamedTuple):
    """Lines, by position, that change their name; `reused`: the old one has several meanings."""

    entry: Entry
    reused: bool
    places: np.ndarray


@dataclass(frozen=True)
class Names:
    """Names of one column: for each old name its windows, sorted, with the last of its chain."""

    column: str
    windows: Mapping[str, tuple[Entry, ...]]
    reused: frozenset[str]  # codes that were given several meanings, by date

    def match(self, values: pd.Series, days: np.ndarray) -> list[Pair]:
        """Values (a category, n_lines) renamed on their days; without a day only if undated."""
        olds = list(self.windows)
        place = np.append(pd.Index(olds, dtype=object).get_indexer(values.cat.categories), -1)
        which = place[values.cat.codes.to_numpy()]
        at = np.flatnonzero(which >= 0)
        pairs = []
        for number, group in pd.Series(at).groupby(which[at]):
            old, places = olds[int(number)], group.to_numpy()
            when = days[places].astype("datetime64[D]")
            for item in self.windows[old]:
                within = (when >= np.datetime64(item.start)) & (when <= np.datetime64(item.until))
                always = (item.start, item.until) == (FIRST, LAST)
                hit = within | (np.isnat(when) & always)
                if hit.any():
                    pairs.append(Pair(item, old in self.reused, places[hit]))
        return pairs

    def rename(self, values: pd.Series, days: np.ndarray | None = None) -> pd.Series:
        """Texts (None where missing) under the names used; without days, those used now."""
        now = np.full(len(values), np.datetime64(LAST, "D"))
        renamed = values.astype(object).to_numpy(copy=True)
        for pair in self.match(text_columns.one_category(values), now if days is None else days):
            renamed[pair.places] = pair.entry.new
        return pd.Series(renamed, index=values.index, dtype=object)


@dataclass(frozen=True)
class Mappings:
    """Names of renamed columns and reorganised dimensions; `source`: that of their issues."""

    renames: Mapping[str, Names]
    reorganised: Mapping[str, Names]
    source: str

    def rename(self, column: str, values: pd.Series, days: np.ndarray | None = None) -> pd.Series:
        """Texts of a column under the names used."""
        return self.renames[column].rename(values, days) if column in self.renames else values


def read_mappings(parameters: Parameters, extracts: Mapping[str, Extract]) -> Mappings:
    """What the parameters and the sources of role `mapping` say together.

    Raises `SalesForecastError` for a circle, windows that overlap, and a row of a mapping file that
    cannot be read.
    """
    cut = parameters.reorganised
    if unknown := sorted(set(cut) - {*parameters.dimensions}):
        raise SalesForecastError.unknown_key(
            unknown[0], parameters.dimensions, "`reorganised` (the unit's `dimensions`)"
        )
    renames = {column: list_entries(members) for column, members in parameters.renames.items()}
    moved = {column: list_entries(item.members) for column, item in cut.items()}
    files = {
        name: source for name, source in parameters.sources.items() if source.role == "mapping"
    }
    for name, source in files.items():
        for column, entry in _read_file(name, source, extracts[name]):
            (moved if column in cut else renames).setdefault(column, []).append(entry)
    return Mappings(
        {column: resolve_names(column, entries) for column, entries in renames.items()},
        {
            column: resolve_names(column, entries, chains=cut[column].by in ("", column))
            for column, entries in moved.items()
        },
        next(iter(files), "parameters"),
    )


def list_entries(members: schema.Members) -> list[Entry]:
    """Entries of a block of parameters."""
    entries = []
    for old, names in members.items():
        for item in [] if isinstance(names, str) else names:
            start = date.fromisoformat(item.start) if item.start else FIRST
            until = date.fromisoformat(item.until) if item.until else LAST
            entries.append(Entry(old, item.to, start, until, item.reason))
        if isinstance(names, str):
            entries.append(Entry(old, names))
    return entries


def resolve_names(column: str, entries: Iterable[Entry], *, chains: bool = True) -> Names:
    """Names of a column, chains followed.

    >>> found = resolve_names("region", [Entry("a", "b"), Entry("b", "c", date(2024, 1, 1))])
    >>> windows = [item for items in found.windows.values() for item in items]
    >>> [(item.old, item.new, str(item.start)) for item in windows]
    [('a', 'b', '0001-01-01'), ('a', 'c', '2024-01-01'), ('b', 'c', '2024-01-01')]
    """
    by_old: dict[str, list[Entry]] = {}
    distinct = {(item.old, item.new, item.start, item.until): item for item in entries}.values()
    for entry in sorted(distinct, key=lambda item: (item.old, item.start, item.until)):
        by_old.setdefault(entry.old, []).append(entry)
    for windows in by_old.values():
        for earlier, later in zip(windows, windows[1:], strict=False):
            if later.start <= earlier.until:
                raise SalesForecastError.of(
                    f"The mapping of {column} has overlapping windows: {_show_window(earlier)}, "
                    f"and {_show_window(later)}",
                    "One name on each day",
                    "Correct `from` or `until`, or take one of them out",
                )
    reused = frozenset(
        old for old, windows in by_old.items() if len({item.new for item in windows}) > 1
    )
    if not chains:
        return Names(column, {old: tuple(windows) for old, windows in by_old.items()}, reused)
    found = {
        old: tuple(
            item for item in _follow(column, by_old, Entry(old, old), [old]) if item.new != old
        )
        for old in by_old
    }
    return Names(column, found, reused)


def _follow(
    column: str, by_old: Mapping[str, Sequence[Entry]], entry: Entry, path: list[str]
) -> list[Entry]:
    """The entry cut into windows, each with the last name of its chain."""
    found, free = [], entry.start
    for step in by_old.get(entry.new, ()):
        start, until = max(step.start, entry.start), min(step.until, entry.until)
        if start > until:
            continue
        if start > free:
            found.append(entry._replace(start=free, until=start - timedelta(days=1)))
        if step.new in path and step.new != step.old:
            circle = [*path[path.index(step.new) :], step.new]
            shown = " -> ".join(f"'{name}'" for name in circle)
            raise SalesForecastError.of(
                f"The mapping of {column} runs in a circle: {shown}",
                "Every chain of names ends",
                "Take one of them out",
            )
        reason = "; ".join(dict.fromkeys(filter(None, (entry.reason, step.reason))))
        onward = Entry(entry.old, step.new, start, until, reason)
        ends = step.new == step.old
        found += [onward] if ends else _follow(column, by_old, onward, [*path, step.new])
        if until == LAST:
            return found
        free = until + timedelta(days=1)
    return [*found, entry._replace(start=free)] if free <= entry.until else found


def _read_file(name: str, source: Source, extract: Extract) -> Iterator[tuple[str, Entry]]:
    """Column and entry of every row of a mapping file."""
    if missing := [column for column in NEEDED if column not in source.columns]:
        raise SalesForecastError.missing_columns(
            missing, source.columns, f"`sources.{name}.columns`"
        )
    kinds = dict.fromkeys((*NEEDED, "reason"), "text") | {"from": "day", "until": "day"}
    table = read_columns(kinds, source, extract, nullable=("reason", "from", "until"))
    for row in table.to_dict("records"):
        start, until = (
            row[side].date() if pd.notna(row[side]) else bound
            for side, bound in (("from", FIRST), ("until", LAST))
        )
        if until < start:
            why = f"ends {until}, before it starts ({start})"
            raise unreadable_row(row[layout.FILE], row[layout.ROW], why)
        yield row["column"], Entry(row["old"], row["new"], start, until, row["reason"] or "")


def _show_window(entry: Entry) -> str:
    start = "the first day" if entry.start == FIRST else f"{entry.start}"
    until = "the last day" if entry.until == LAST else f"{entry.until}"
    return f"'{entry.old}' is '{entry.new}' from {start} through {until}"
