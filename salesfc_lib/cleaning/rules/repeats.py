"""Lines that stand more than once: in a newer extract, in a higher version, or without a reason.

Only a declared key proves that two lines are the same thing; with one, the highest version and then
the newest extract wins, never a row of the same one; without one nothing is dropped: lines that
repeat another in everything stop the unit where extracts overlap, and are noted in the months that
have more of them than is usual. Two sources that hold the same sales stop it whatever their keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.declared import key_columns
from salesfc_lib.cleaning.batch.frames import group_numbers, key_codes
from salesfc_lib.cleaning.context import Context, lines_of, where
from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source, say
from salesfc_lib.intake import Extract, evidence, fixed_point, label_files, parse_moments

Ranking = Callable[[pd.DataFrame], np.ndarray]  # how new each line is
VERSION = "version"  # the column of the lines that says how new a line is
# columns about a line, not of its content
ABOUT = {"source", "name", "row", "mark", "month", "known", "problem", "problem_rule"}
DOCUMENT = {"order_id", "line", "version", "reference", "cancels"}  # and of what names it
USUAL = 3.0  # times the usual share of repeats in a month, above which they are noted
OVERLAP = 0.5  # share of a file's rows of a month that stand in an earlier file too: an overlap
MOST_MONTHS = 6  # named in a message
FILES = 3  # rows of a month in two files that make an overlap
RUN = 10  # rows in a row that repeat as many rows in a row: a part of the export stands twice
MANY, MOST = 20, 0.25  # repeats in a month, and share of its rows, that no business has by chance
NAME, MODIFIED = "name", "modified"  # values of `extracted` that are no column
NUMBER = re.compile(r"(\d+)")
ENDING = re.compile(r"(\.[A-Za-z][A-Za-z0-9]*)+$")  # .csv, .csv.gz


def drop_superseded(batch: Batch, context: Context) -> Batch:
    """Batch without lines whose key stands with a higher version, or in a newer extract."""
    for name in batch.lines["name"].cat.categories:
        source = context.sources[name]
        if not source.key:
            continue
        columns = key_columns(source)
        if VERSION in source.columns:
            others = [column for column in columns if column != VERSION]
            reason = say("reason.superseded.version", key=source.key)
            batch = _drop(batch, name, others, rank=_rank_versions, reason=reason)
        rank = partial(_rank_extracts, source=source, extract=context.extracts[name], name=name)
        reason = say("reason.superseded.extract", key=source.key)
        batch = _drop(batch, name, columns, rank=rank, reason=reason)
    return batch


def _drop(batch: Batch, name: str, columns: list[str], *, rank: Ranking, reason: str) -> Batch:
    mine, own = lines_of(batch, name)
    ages = rank(own)
    if not columns or not len(own) or (ages == ages[0]).all():
        return batch
    return batch.drop("superseded", mine[find_superseded(key_codes(own, columns), ages)], reason)


def _rank_versions(lines: pd.DataFrame) -> np.ndarray:
    """Rank of each line's version, the lowest first; a blank one is the lowest."""
    labels = lines[VERSION].cat.categories
    order = {label: place for place, label in enumerate(sorted(labels, key=split_numbers))}
    ranks = np.array([*(order[label] for label in labels), -1])
    return ranks[lines[VERSION].cat.codes]


def _rank_extracts(lines: pd.DataFrame, source: Source, extract: Extract, name: str) -> np.ndarray:
    """Rank of each line's extract, the oldest first."""
    if header := source.extract_header:
        ours = {theirs: ours for ours, theirs in source.columns.items()}.get(header, header)
        return rank_moments(lines[ours], header)
    paths = [str(file["path"]) for file in extract.files]
    if len(paths) < 2:
        return np.zeros(len(lines), dtype=np.int64)
    labels, places = label_files(name, paths), rank_files(extract.files, source.extracted)
    ranks = {labels[path]: place for path, place in places.items()}
    of_label = np.array([ranks.get(label, 0) for label in lines["source"].cat.categories])
    return of_label[lines["source"].cat.codes]


def rank_moments(column: pd.Series, header: str) -> np.ndarray:
    """Rank of each line by a column of whole numbers, days or moments."""
    texts = pd.Series(column.cat.categories.to_numpy(), dtype=object)
    if texts.str.fullmatch(r"\d{1,18}").all():
        moments = texts.astype("int64")
    elif texts.str.match(r"\d{4}-\d").all():  # year first, perhaps with a zone
        moments = pd.to_datetime(texts, format="mixed", errors="coerce", utc=True)
    else:
        try:
            moments = pd.Series(parse_moments([*texts]), dtype="datetime64[us]")
        except SalesForecastError as error:
            raise evidence.reword(error, f"Column '{header}' (`extracted`): {error}") from error
    codes = column.cat.codes.to_numpy()
    missing = np.flatnonzero(np.append(moments.isna(), True)[codes])  # the last: a blank cell
    if len(missing):
        raise SalesForecastError.of(
            f"'{header}' (`extracted`) cannot be read in {len(missing)} rows, e.g. row "
            f"{shorten(missing + 1)}",
            "The moment of its extract in every row",
            "Correct the export, or set `extracted: name` or `modified` for this source",
        )
    return np.unique(moments.to_numpy(), return_inverse=True)[1][codes]


def note_repeats(batch: Batch, context: Context) -> Batch:
    """Batch with notes, in sources without a key, of lines equal to an earlier one.

    Repeats are noted where a month has more of them than is usual (`possible_duplicate`), unless
    the source declares them real. Raises `SalesForecastError` for extracts that overlap (see
    `find_overlap`), and for sources of orders that do.
    """
    _refuse_same_sales(batch, context)
    for name in batch.lines["name"].cat.categories:
        if context.sources[name].key or context.sources[name].repeats == "real":
            continue
        mine, own = lines_of(batch, name)
        again, first = find_repeats(own)
        if not len(again):
            continue
        share = _share(own, again, ["month"])
        usual = float(np.median(share[group_numbers(own, ["month"])[1]]))
        many = again[share[again] > USUAL * usual]
        if len(overlap := find_overlap(own, again, first, many)):
            raise _refuse_overlap(own.iloc[overlap], name, batch.scales["amount"])
        reason = say("reason.possible_duplicate")
        batch = batch.note("possible_duplicate", mine[many], reason, counted="amount")
    return batch


def _refuse_same_sales(batch: Batch, context: Context) -> None:
    """Raise `SalesForecastError` where most of a month of one source of orders stands in another,
    but for the numbers of its documents.
    """
    names = [name for name, one in context.with_role("orders").items() if one.repeats == "ask"]
    if len(names) < 2:
        return
    own = {name: lines_of(batch, name)[1] for name in names}
    months = {name: {*lines["month"].unique()} for name, lines in own.items()}
    for other, name in combinations(names, 2):
        shared = [*(months[other] & months[name])]
        if not shared:
            continue
        pair = [own[each].loc[own[each]["month"].isin(shared)] for each in (other, name)]
        twice = _find_same_sales(*pair)
        if len(twice) >= FILES:
            how, again = f"stand in source '{other}' too", pair[1].iloc[twice]
            raise SalesForecastError.of(
                _describe_twice(again, name, batch.scales["amount"], how),
                "Each sale once",
                "Remove one of the two sources, or read both as one: a pattern as `path`, and a "
                f"`key`; `sources.{name}.repeats: real` where they were sold twice",
            )


def _find_same_sales(others: pd.DataFrame, own: pd.DataFrame) -> np.ndarray:
    """Positions in `own` of lines that `others` has, in months of which that is most."""
    content = [name for name in own if name not in ABOUT | DOCUMENT]
    both = [one for one in content if own[one].notna().any() and others[one].notna().any()]
    pair = pd.concat([others[both], own[both]], ignore_index=True)
    hashes = pd.util.hash_pandas_object(pair, index=False).to_numpy()
    again = where(np.isin(hashes[len(others) :], hashes[: len(others)]))
    return again[_share(own, again, ["month"])[again] >= OVERLAP]


def find_overlap(
    lines: pd.DataFrame, again: np.ndarray, first: np.ndarray, many: np.ndarray
) -> np.ndarray:
    """Positions of the lines that stand twice because extracts overlap.

    `again` repeat the lines at `first`; `many` are those of months with more repeats than is usual.
    An overlap is most of a file's rows of a month that stand in an earlier file, at least `RUN`
    rows that repeat as many rows in the same order, or `MANY` repeats in a month that are the share
    `MOST` of its lines.
    """
    file, row = (lines["source"].cat.codes.to_numpy(), lines["row"].to_numpy())
    across = again[file[again] != file[first]]
    of_file = _share(lines, across, ["source", "month"])[across] >= OVERLAP
    of_file &= of_file.sum() >= FILES
    steps = [np.diff(each) for each in (row[again], row[first], file[again], file[first])]
    goes_on = (steps[0] == 1) & (steps[1] == 1) & (steps[2] == 0) & (steps[3] == 0)
    run = np.concatenate([[0], np.cumsum(~goes_on)])
    is_long = np.bincount(run)[run] >= RUN
    month, firsts = group_numbers(lines, ["month"])
    counts = np.bincount(month[many], minlength=len(firsts))
    dense = (counts >= MANY) & (counts >= MOST * np.bincount(month))
    return np.unique(np.concatenate([across[of_file], again[is_long], many[dense[month[many]]]]))


def _describe_twice(lines: pd.DataFrame, name: str, scale: int, how: str) -> str:
    """What is said of lines that stand twice in some way, with their months, amount and rows."""
    months = lines["month"].dt.strftime("%Y-%m").value_counts(sort=False).sort_index()
    amount = fixed_point.to_decimals(np.array([lines["amount"].sum()]), scale)[0].as_py()
    rows = [f"{month} ({count:,} rows)" for month, count in months.items()][:MOST_MONTHS]
    rows += ["…"] if len(months) > MOST_MONTHS else []
    return (
        f"{len(lines):,} rows of source '{name}', amount {amount:,f}, {how}, in {'; '.join(rows)}, "
        f"the first in row {lines['row'].iloc[0]:,} of '{lines['source'].iloc[0]}'"
    )


def _refuse_overlap(lines: pd.DataFrame, name: str, scale: int) -> SalesForecastError:
    """Error for lines that stand twice because extracts overlap."""
    return SalesForecastError.of(
        _describe_twice(lines, name, scale, "stand twice in everything: extracts overlap"),
        "Each sale once, or a key that tells a repeat from a second sale",
        f"Set `sources.{name}.key` to the columns that identify a row; without such columns, let "
        f"`sources.{name}.path` name only extracts that do not overlap; "
        f"`sources.{name}.repeats: real` where they were sold twice",
    )


def find_repeats(lines: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Positions, ascending, of lines equal in content to an earlier one, and of that one."""
    columns = [name for name in lines if name not in ABOUT]
    hashes = pd.util.hash_pandas_object(lines[columns], index=False).to_numpy()
    ordered = np.sort(hashes)
    near = where(np.isin(hashes, ordered[1:][ordered[1:] == ordered[:-1]]))
    group, firsts = group_numbers(lines.iloc[near], columns)
    first = firsts[group]
    later = where(first != np.arange(len(near)))
    return near[later], near[first[later]]


def _share(lines: pd.DataFrame, at: np.ndarray, keys: list[str]) -> np.ndarray:
    """For each line (n_lines,), the share of its group's lines that are at `at`."""
    group, firsts = group_numbers(lines, keys)
    every, mine = (np.bincount(part, minlength=len(firsts)) for part in (group, group[at]))
    return (mine / every)[group]


def find_superseded(keys: np.ndarray, ages: np.ndarray) -> np.ndarray:
    """Whether each row (n_rows,) stands under the same key in a newer extract.

    `keys` (n_rows,) are codes as `key_codes` gives them, -1 where a key is incomplete; `ages`
    (n_rows,) rank the rows' extracts, the oldest first.

    >>> find_superseded(np.array([0, 0, 1, -1, 0, 0]), np.array([0, 0, 0, 0, 1, 1])).tolist()
    [True, True, False, False, False, False]
    """
    if not len(keys):
        return np.zeros(0, dtype=bool)
    order = np.argsort(ages, kind="stable")
    newest = np.zeros(int(keys.max()) + 2, dtype=ages.dtype)  # the last is that of the code -1
    newest[keys[order]] = ages[order]  # of several, the last one stays: the newest
    return (newest[keys] > ages) & (keys >= 0)


def rank_files(files: Sequence[Mapping[str, Any]], extracted: str = NAME) -> dict[str, int]:
    """Age rank of each file by its path, the oldest first: by name, or by time (`modified`).

    >>> rank_files([{"path": "sales_10.csv"}, {"path": "sales_9.csv"}])
    {'sales_9.csv': 0, 'sales_10.csv': 1}
    """
    paths = [str(file["path"]) for file in files]
    if extracted == MODIFIED:
        times = np.array([file["modified"] for file in files])
        ranks = np.unique(times, return_inverse=True)[1].tolist()
        return dict(zip(paths, ranks, strict=True))
    return {path: place for place, path in enumerate(sorted(paths, key=split_numbers))}


def split_numbers(name: str) -> tuple[tuple[tuple[str, int], ...], str]:
    """Sort key of a file's name, in which numbers count as numbers and the ending not at all.

    >>> sorted(["a (2).csv", "a.csv", "a (10).csv"], key=split_numbers)
    ['a.csv', 'a (2).csv', 'a (10).csv']
    """
    parts = NUMBER.split(ENDING.sub("", name))
    pairs = zip(parts[::2], [*parts[1::2], "-1"], strict=True)
    return tuple((text, int(number)) for text, number in pairs), name
