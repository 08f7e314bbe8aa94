"""Which rows of two views of the same transactions are the same row.

A row is the same row by its source's declared key, else by all its content; rows with the same
content cancel out one by one, month by month, so that only what differs is compared as a whole;
what is left of one identity are versions of each other. Cells are compared as codes that are equal
where the cells are: exactly, without a loop over rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

MEASURES = ("quantity", "amount")
CONTENT = ("date", "order_id", "customer", "product", "salesperson")  # beside the measures
NEW, GONE, CHANGED = "rows_new", "rows_gone", "rows_changed"
MISSING = ""  # the member of rows from a view without this dimension
PRECISION = 38  # digits of a decimal
TEXT = pa.dictionary(pa.int32(), pa.string())
Places = tuple[np.ndarray, np.ndarray]  # rows of the earlier and of the later view


@dataclass(frozen=True)
class Matching:
    """The sources' keys as columns of both views (none: all of a row's content), the dimensions."""

    keys: Mapping[str, Sequence[str]]
    dimensions: Sequence[str]

    def content(self, name: str) -> list[str]:
        """Columns in which a source's row is the same row with the same values."""
        return ["month", "kind", *self.dimensions, *MEASURES, *(self.keys.get(name) or CONTENT)]

    def identity(self, name: str) -> list[str]:
        """Columns in which it is the same row, whatever its values."""
        return list(self.keys.get(name) or ["source", "row"])

    @property
    def columns(self) -> list[str]:
        """Every column of text that is compared."""
        keys = [column for key in self.keys.values() for column in key]
        names = dict.fromkeys([*self.dimensions, *CONTENT, *keys, "kind", "source"])
        return [name for name in names if name not in ("date", "month", "row", *MEASURES)]


@dataclass(frozen=True)
class Views:
    """Rows of both views in one table, the earlier view's first.

    `then` (n_rows,) marks those; `months` are datetime64[M]; `names` are the sources, `sources`
    (n_rows,) places among them.
    """

    rows: pa.Table
    then: np.ndarray
    months: np.ndarray
    names: list[str]
    sources: np.ndarray

    def code(self, columns: Sequence[str]) -> np.ndarray:
        """One code for each row's cells in these columns, from 0 without gaps."""
        return combine([encode(self.rows[column]) for column in columns])

    def take(self, places: np.ndarray) -> Views:
        """The rows at these places, in this order."""
        return Views(
            self.rows.take(pa.array(places)),
            self.then[places],
            self.months[places],
            self.names,
            self.sources[places],
        )


def usable_keys(
    keys: Mapping[str, Sequence[str]], before: pa.Table, now: pa.Table
) -> dict[str, Sequence[str]]:
    """Keys of the sources, where both views have all their columns; else none."""
    both = set(before.column_names) & set(now.column_names)
    return {name: key if set(key) <= both else () for name, key in keys.items()}


def keep_unequal(before: pa.Table, now: pa.Table, matching: Matching) -> Views:
    """Rows that do not occur equally often in both views, found month by month to save memory."""
    kept: list[Places] = [(np.empty(0, dtype=np.int64),) * 2]
    columns = [*matching.columns, "date", "month", *MEASURES]
    for every in _by_month(read_months(before), read_months(now)):
        then, today = _leave_out_same(before, now, every, columns=columns)
        views = lay_side_by_side(before.take(pa.array(then)), now.take(pa.array(today)), matching)
        unequal = _mark_unequal(views, matching)
        kept.append((then[unequal[views.then]], today[unequal[~views.then]]))
    then, today = (np.concatenate(places) for places in zip(*kept, strict=True))
    return lay_side_by_side(before.take(pa.array(then)), now.take(pa.array(today)), matching)


def _leave_out_same(
    before: pa.Table, now: pa.Table, places: Places, *, columns: Sequence[str]
) -> Places:
    """Places without pairs of equal rows at the same turn: most of an old month."""
    then, today = places
    size = min(map(len, places))
    differ = np.zeros(size, dtype=bool)
    for name in columns:
        if name in before.column_names and name in now.column_names:
            differ |= _differ(before[name], now[name], then[:size], today[:size])
        elif name in before.column_names or name in now.column_names:
            return places
    whole = np.concatenate([differ, np.ones(max(map(len, places)) - size, dtype=bool)])
    return then[whole[: len(then)]], today[whole[: len(today)]]


def _differ(
    before: pa.ChunkedArray, now: pa.ChunkedArray, then: np.ndarray, today: np.ndarray
) -> np.ndarray:
    """Whether the cells at these places differ, pair by pair; nothing equals nothing."""
    left, right = (
        _decode(column.take(pa.array(places))) for column, places in ((before, then), (now, today))
    )
    same = pc.fill_null(pc.equal(left, right), False)
    if left.null_count and right.null_count:
        same = pc.or_(same, pc.and_(left.is_null(), right.is_null()))
    return ~same.to_numpy()


def _decode(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _by_month(before: np.ndarray, now: np.ndarray) -> Iterator[Places]:
    """Places of each month's rows in both views."""
    found = [_split_by_month(each) for each in (before, now)]
    none = np.empty(0, dtype=np.int64)
    for month in sorted(found[0].keys() | found[1].keys()):
        yield found[0].get(month, none), found[1].get(month, none)


def _split_by_month(months: np.ndarray) -> dict[np.datetime64, np.ndarray]:
    order = np.argsort(months, kind="stable")
    distinct, starts = np.unique(months[order], return_index=True)
    return dict(zip(distinct, np.split(order, starts[1:]), strict=True)) if len(distinct) else {}


def _mark_unequal(views: Views, matching: Matching) -> np.ndarray:
    unequal = np.zeros(len(views.then), dtype=bool)
    for place, name in enumerate(views.names):
        mine = np.flatnonzero(views.sources == place)
        own = views if len(mine) == len(unequal) else views.take(mine)
        unequal[mine] = _occur_unequally(own.code(matching.content(name)), own.then)
    return unequal


def _occur_unequally(codes: np.ndarray, then: np.ndarray) -> np.ndarray:
    count = int(codes.max(initial=-1)) + 1
    earlier, later = (np.bincount(codes[mask], minlength=count) for mask in (then, ~then))
    return (earlier != later)[codes]


def lay_side_by_side(before: pa.Table, now: pa.Table, matching: Matching) -> Views:
    """Rows of both views: the columns of either, measures at the finer of their scales."""
    scales = {name: max(_scale(table[name].type) for table in (before, now)) for name in MEASURES}
    kinds = {name: pa.decimal128(PRECISION, scale) for name, scale in scales.items()}
    parts = []
    for table in (before, now):
        texts = {name: _text(table, name) for name in matching.columns}
        numbers = {name: table[name].cast(kind) for name, kind in kinds.items()}
        places = {"row": table["row"], "date": table["date"], "month": _month(table)}
        parts.append(pa.table({**texts, **numbers, **places}))
    rows = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    labels = rows["source"].chunk(0) if rows.num_rows else pa.array([], TEXT)
    owners = [_owner(label, list(matching.keys)) for label in labels.dictionary.to_pylist()]
    names = list(dict.fromkeys(owners)) or [""]  # one pass where there is no row at all
    sources = np.array([names.index(owner) for owner in owners] or [0])[labels.indices.to_numpy()]
    then = np.arange(rows.num_rows) < before.num_rows
    return Views(rows, then, rows["month"].to_numpy().astype("datetime64[M]"), names, sources)


def read_months(table: pa.Table) -> np.ndarray:
    """Month of each row (n_rows,) as datetime64[M]."""
    return _month(table).to_numpy().astype("datetime64[M]")


def _scale(kind: pa.DataType) -> int:
    return kind.scale if pa.types.is_decimal(kind) else 0


def _text(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column as codes into its distinct texts; a null, or a column not there, is MISSING."""
    if name not in table.column_names:
        codes, texts = np.zeros(table.num_rows, dtype=np.int32), pa.array([MISSING], pa.string())
        return pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array(codes), texts)])
    column = table[name]
    if column.null_count or not pa.types.is_dictionary(column.type):
        column = pc.fill_null(column.cast(pa.string()), MISSING).dictionary_encode()
    return column.cast(TEXT)


def _month(table: pa.Table) -> pa.ChunkedArray:
    """First day of each row's month: the column `month`, else the date's."""
    column = table["month"] if "month" in table.column_names else table["date"]
    return pc.floor_temporal(column.cast(pa.timestamp("s")), unit="month")


def _owner(label: str, names: Sequence[str]) -> str:
    """The source that a label of rows belongs to: its name, or its name and a file's."""
    found = [name for name in names if label == name or label.startswith(f"{name}: ")]
    return max(found, key=len, default=label)


def encode(column: pa.ChunkedArray) -> np.ndarray:
    """Code of each cell (n_rows,), equal where the cells are, from 0; null has one too."""
    if not len(column):
        return np.empty(0, dtype=np.int64)
    whole = column.combine_chunks()
    whole = whole if isinstance(whole, pa.Array) else whole.chunk(0)
    if not pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_encode("encode")
    return whole.indices.to_numpy().astype(np.int64)


def combine(codes: Sequence[np.ndarray]) -> np.ndarray:
    """One code of several (n_rows,), equal where all of them are, from 0 without gaps."""
    whole, size = codes[0], int(codes[0].max(initial=0)) + 1
    for more in codes[1:]:
        count = int(more.max(initial=0)) + 1
        if size * count >= 2**63:
            whole, distinct = pd.factorize(whole)
            size = len(distinct)
        whole, size = whole * count + more, size * count
    return pd.factorize(whole)[0]


def pair_versions(views: Views, matching: Matching) -> pd.DataFrame:
    """Rows new, gone or changed: place, then, change, place of the partner (-1: none), source."""
    parts = []
    for place, name in enumerate(views.names):
        places = np.flatnonzero(views.sources == place)
        own = views.take(places)
        pairs = _pair(own.code(matching.content(name)), own.code(matching.identity(name)), own.then)
        partners = pairs["partner"].to_numpy(copy=True)
        partners[partners >= 0] = places[partners[partners >= 0]]
        parts.append(pairs.assign(place=places, partner=partners, source=name))
    found = pd.concat(parts, ignore_index=True)
    return found[found["change"] != ""].reset_index(drop=True)


def _pair(whole: np.ndarray, identity: np.ndarray, then: np.ndarray) -> pd.DataFrame:
    """Change of each row ('', NEW, GONE or CHANGED) and its other version (partner, -1: none).

    Rows that say the same cancel out one by one, then rows of the same identity are versions of
    each other, one by one.
    """
    frame = pd.DataFrame({"whole": whole, "identity": identity, "then": then})
    same = _pair_up(frame, "whole")
    left = frame[same < 0]
    partner = pd.Series(-1, index=frame.index)
    partner[left.index] = _pair_up(left, "identity")
    change = np.where(same >= 0, "", np.where(partner >= 0, CHANGED, np.where(then, GONE, NEW)))
    return pd.DataFrame({"then": then, "change": change, "partner": partner.to_numpy()})


def _pair_up(frame: pd.DataFrame, by: str) -> pd.Series:
    """Place of each row's partner in the other view, in order of code and turn; -1 without one."""
    turn = frame.groupby([by, "then"], sort=False).cumcount()
    parts = {"code": frame[by], "turn": turn, "then": frame["then"], "place": frame.index}
    numbered = pd.DataFrame(parts)
    then, now = numbered[numbered["then"]], numbered[~numbered["then"]]
    pairs = then.merge(now, on=["code", "turn"], suffixes=("_then", "_now"))
    partner = pd.Series(-1, index=frame.index)
    partner[pairs["place_then"]] = pairs["place_now"].to_numpy()
    partner[pairs["place_now"]] = pairs["place_then"].to_numpy()
    return partner
