"""Which name a member has on which day: renames, mergers, reused codes, reorganisations.

Parameters and the mapping files that analysts keep enter; for each column, the name used for every old name in every window of
days leaves. The decisions made here: windows hold their first and their last day; a chain (a to b to c) is followed on the same
day; a circle, or two windows of one name that overlap, stops the unit, because no order of reading them is the right one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Members, Parameters, Source
from salesfc_lib.intake import (
    FILE,
    ROW,
    Dates,
    Extract,
    encode,
    exported,
    is_plain,
    name_place,
    read_dates,
)

FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)
NEEDED, OPTIONAL = (
    ("column", "old", "new"),
    ("from", "until", "reason"),
)  # columns of a mapping file


class Entry(NamedTuple):
    """The new name of lines under an old one that are dated from `start` through `until`, and why."""

    old: str
    new: str
    start: date = FIRST
    until: date = LAST
    reason: str = ""

    def meet(self, start: date, until: date) -> tuple[date, date]:
        return max(self.start, start), min(self.until, until)


class Pair(NamedTuple):
    """Lines (by position in `Match.at`) that go from one name to another."""

    entry: Entry
    reused: bool
    places: np.ndarray


@dataclass(frozen=True)
class Names:
    """The names of one column: for each old name its windows, sorted, each with the last name of its chain."""

    column: str
    windows: Mapping[str, tuple[Entry, ...]]
    reused: frozenset[str]  # codes that were given several meanings, by date

    @property
    def dated(self) -> bool:
        return any(
            (item.start, item.until) != (FIRST, LAST)
            for items in self.windows.values()
            for item in items
        )

    def match(self, values: pd.Series, days: np.ndarray) -> list[Pair]:
        """What happens to which values (a category, n_lines) on their days; a line without a day has only names without a window."""
        olds = list(self.windows)
        place = np.append(pd.Index(olds, dtype=object).get_indexer(values.cat.categories), -1)
        which = place[values.cat.codes.to_numpy()]
        at = np.flatnonzero(which >= 0)
        at = at[np.argsort(which[at], kind="stable")]
        bounds = np.searchsorted(which[at], np.arange(len(olds) + 1))
        pairs = []
        for number, old in enumerate(olds):
            mine = at[bounds[number] : bounds[number + 1]]
            if not len(mine):
                continue
            when = days[mine].astype("datetime64[D]")
            for item in self.windows[old]:
                hit = np.ones(len(mine), dtype=bool)
                if item.start > FIRST:
                    hit &= when >= np.datetime64(item.start)
                if item.until < LAST:
                    hit &= when <= np.datetime64(item.until)
                if hit.any():
                    pairs.append(Pair(item, old in self.reused, mine[hit]))
        return pairs

    def rename(self, values: pd.Series, days: np.ndarray | None = None) -> pd.Series:
        """Texts (None where missing) under the names used; without days, those that are used now."""
        known = pd.Series(
            pd.Categorical(values.astype(object).where(values.notna(), None)), index=values.index
        )
        now = np.full(len(values), np.datetime64(LAST, "D"))
        renamed = values.astype(object).to_numpy(copy=True)
        for pair in self.match(known, now if days is None else days):
            renamed[pair.places] = pair.entry.new
        return pd.Series(renamed, index=values.index, dtype=object)


@dataclass(frozen=True)
class Mappings:
    """Names of every column that is renamed, and of every dimension that is reorganised; `source` is where problems are told."""

    renames: Mapping[str, Names]
    reorganised: Mapping[str, Names]
    source: str

    def rename(self, column: str, values: pd.Series, days: np.ndarray | None = None) -> pd.Series:
        """Texts of a column under the names used."""
        return self.renames[column].rename(values, days) if column in self.renames else values


def read_mappings(parameters: Parameters, extracts: Mapping[str, Extract]) -> Mappings:
    """What the parameters and the sources of role `mapping` say together.

    Raises `SalesForecastError` for a circle, windows that overlap, and a row of a mapping file that cannot be read.
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


def list_entries(members: Members) -> list[Entry]:
    """Entries of a block of parameters."""
    entries = []
    for old, names in members.items():
        if isinstance(names, str):
            entries.append(Entry(old, names))
            continue
        for item in names:
            start = date.fromisoformat(item.start) if item.start else FIRST
            entries.append(
                Entry(
                    old,
                    item.to,
                    start,
                    date.fromisoformat(item.until) if item.until else LAST,
                    item.reason,
                )
            )
    return entries


def resolve_names(column: str, entries: Iterable[Entry], *, chains: bool = True) -> Names:
    """Names of a column, chains followed.

    >>> found = resolve_names("region", [Entry("a", "b"), Entry("b", "c", date(2024, 1, 1))])
    >>> [(item.old, item.new, str(item.start)) for windows in found.windows.values() for item in windows]
    [('a', 'b', '0001-01-01'), ('a', 'c', '2024-01-01'), ('b', 'c', '2024-01-01')]
    """
    by_old: dict[str, list[Entry]] = {}
    for entry in sorted(
        {(item.old, item.new, item.start, item.until): item for item in entries}.values(),
        key=_by_window,
    ):
        by_old.setdefault(entry.old, []).append(entry)
    for windows in by_old.values():
        for earlier, later in zip(windows, windows[1:], strict=False):
            if later.start <= earlier.until:
                raise _overlapping(column, earlier, later)
    reused = frozenset(
        old for old, windows in by_old.items() if len({item.new for item in windows}) > 1
    )
    if not chains:
        return Names(column, {old: tuple(windows) for old, windows in by_old.items()}, reused)
    followed = {old: _follow(column, by_old, Entry(old, old), [old]) for old in by_old}
    return Names(
        column,
        {
            old: tuple(item for item in windows if item.new != old)
            for old, windows in followed.items()
        },
        reused,
    )


def _follow(
    column: str, by_old: Mapping[str, Sequence[Entry]], entry: Entry, path: list[str]
) -> list[Entry]:
    """The entry cut into windows, each with the last name of its chain; an entry that keeps its name ends a chain."""
    found, free = [], entry.start
    for step in by_old.get(entry.new, ()):
        start, until = step.meet(entry.start, entry.until)
        if start > until:
            continue
        if start > free:
            found.append(entry._replace(start=free, until=start - timedelta(days=1)))
        if step.new in path and step.new != step.old:
            raise _circle(column, [*path[path.index(step.new) :], step.new])
        reason = "; ".join(dict.fromkeys(filter(None, (entry.reason, step.reason))))
        onward = Entry(entry.old, step.new, start, until, reason)
        found += (
            [onward] if step.new == step.old else _follow(column, by_old, onward, [*path, step.new])
        )
        if until == LAST:
            return found
        free = until + timedelta(days=1)
    return [*found, entry._replace(start=free)] if free <= entry.until else found


def _by_window(entry: Entry) -> tuple[str, date, date]:
    return entry.old, entry.start, entry.until


def _read_file(name: str, source: Source, extract: Extract) -> list[tuple[str, Entry]]:
    """Column and entry of every row of a mapping file."""
    if missing := [column for column in NEEDED if column not in source.columns]:
        raise SalesForecastError.missing_columns(
            missing, source.columns, f"`sources.{name}.columns`"
        )
    if len(extract.rejected):
        first = extract.rejected.iloc[0]
        raise _unreadable(first["source"], int(first["row"]), str(first["reason"]))
    rows = extract.rows.filter(pa.array(is_plain(extract.rows)))
    numbers, (codes, files) = rows[ROW].to_numpy(), encode(rows[FILE])
    texts = {ours: _texts(rows, source, ours) for ours in (*NEEDED, *OPTIONAL)}
    days = {}
    for ours in ("from", "until"):
        read = _read_days(rows, source, ours) if ours in source.columns else None
        if read is not None and (
            wrong := [item for item in read.problems.items() if texts[ours][int(item[0])]]
        ):
            place, said = int(wrong[0][0]), wrong[0][1]
            raise _unreadable(files[codes[place]], int(numbers[place]), f"`{ours}` {said}")
        days[ours] = (
            [None] * rows.num_rows if read is None else read.days.astype("datetime64[D]").tolist()
        )
    found = []
    for place in range(rows.num_rows):
        if blank := [ours for ours in NEEDED if not texts[ours][place]]:
            raise _unreadable(files[codes[place]], int(numbers[place]), f"`{blank[0]}` is blank")
        start, until = days["from"][place] or FIRST, days["until"][place] or LAST
        if until < start:
            raise _unreadable(
                files[codes[place]],
                int(numbers[place]),
                f"ends {until}, before it starts ({start})",
            )
        entry = Entry(
            texts["old"][place], texts["new"][place], start, until, texts["reason"][place]
        )
        found.append((texts["column"][place], entry))
    return found


def _read_days(rows: pa.Table, source: Source, ours: str) -> Dates:
    header = source.columns[ours]
    column = rows[exported(header)]
    try:
        return read_dates(column, source.date_format)
    except SalesForecastError as error:
        place = f"Column '{header}' ({ours}) of '{rows[FILE][0]}'"
        raise name_place(error, place, column, rows[ROW].to_numpy()) from error


def _texts(rows: pa.Table, source: Source, ours: str) -> list[str]:
    if ours not in source.columns:
        return [""] * rows.num_rows
    return [text.strip() for text in rows[exported(source.columns[ours])].to_pylist()]


def _window(entry: Entry) -> str:
    start = "the first day" if entry.start == FIRST else f"{entry.start}"
    return f"'{entry.old}' is '{entry.new}' from {start} {'on' if entry.until == LAST else f'through {entry.until}'}"


def _overlapping(column: str, earlier: Entry, later: Entry) -> SalesForecastError:
    return SalesForecastError.say(
        f"The mapping of {column} has overlapping windows: {_window(earlier)}, and {_window(later)}",
        "One name on each day",
        "Correct `from` or `until`, or take one of them out",
    )


def _circle(column: str, path: Sequence[str]) -> SalesForecastError:
    said = " -> ".join(f"'{name}'" for name in path)
    return SalesForecastError.say(
        f"The mapping of {column} runs in a circle: {said}",
        "Every chain of names ends",
        "Take one of them out",
    )


def _unreadable(file: str, row: int, why: str) -> SalesForecastError:
    return SalesForecastError.say(
        f"Row {row} of '{file}': {why}",
        "A column, an old and a new name, and days as YYYY-MM-DD",
        "Correct that row",
    )
