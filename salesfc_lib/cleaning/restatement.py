"""What became of history: the same months, as the month before published them and as they are now (defect 46).

The transactions of two published months enter; every difference between their views of the months they share leaves, exactly,
by month, source and member, and each month's total in both views. The decisions made here: a row is the same row by its
source's declared key, else by all it says; rows that say the same cancel out one by one; a row that is new, gone or changed
in the month last published is a late posting or a correction; in an older month, which was closed and stayed so at least once,
it means that the month was reopened; and where the unit's definitions changed, the difference is said to be redefined, because
the rows alone cannot tell. Sums are of decimals at the finer scale of both views, never of binary floats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, localcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from salesfc_lib import tables
from salesfc_lib.cleaning.redefined import EVERY

MEASURES = ("quantity", "amount")
SAID = ("date", "order_id", "customer", "product", "salesperson")  # what a row says beside its values
NEW, GONE, CHANGED = "rows_new", "rows_gone", "rows_changed"
MISSING = ""  # the member of rows from a view that did not have this dimension
PRECISION = 38  # digits of a decimal
EXACT = Context(prec=2 * PRECISION, traps=[Inexact])


@dataclass(frozen=True)
class Views:
    """Both views' rows, the earlier first, as codes: equal where the rows' texts, days or numbers are (n_rows,).

    `then` marks the earlier view's rows; `names` are the sources, `sources` (n_rows,) codes among them.
    """

    rows: pa.Table
    then: np.ndarray
    months: np.ndarray
    names: list[str]
    sources: np.ndarray

    def code(self, columns: Sequence[str]) -> np.ndarray:
        """One code for each row's cells in these columns, from 0 without gaps."""
        return combine([encode(self.rows[column]) for column in columns])


def read_view(path: Path) -> pa.Table:
    """Table `transactions` of a published month, its texts as numbers into their distinct texts."""
    kinds = pq.read_schema(path)
    return pq.read_table(path, read_dictionary=[field.name for field in kinds if pa.types.is_string(field.type)])


def restate(
    before: pa.Table,
    now: pa.Table,
    *,
    last: pd.Timestamp,
    dimensions: Sequence[str],
    keys: Mapping[str, Sequence[str]],
    redefined: Mapping[str, Sequence[str]],
) -> dict[str, pd.DataFrame]:
    """Tables `restatement` and `restatement_months` of what both views say of the months through `last`.

    `keys` has every source's key as columns of the transactions (empty: none is declared); `redefined` the changed definitions
    by source (see `find_redefined`).
    """
    views = _lay_side_by_side(before, now, [*dimensions, *SAID, *(column for key in keys.values() for column in key)], list(keys))
    found = _locate(_match(views, keys, dimensions), views, dimensions)
    found = found[found["month"].le(last)]
    found = found.assign(kind=_name_kinds(found, last, redefined))
    return {"restatement": _sum_cells(found, views, dimensions, redefined), "restatement_months": _sum_months(views, last)}


def _lay_side_by_side(before: pa.Table, now: pa.Table, columns: Sequence[str], names: Sequence[str]) -> Views:
    """Rows of both views in one table: those columns that either has, and both measures at the finer of their scales."""
    scales = {name: max(_scale(table[name].type) for table in (before, now)) for name in MEASURES}
    parts = []
    for table in (before, now):
        texts = {
            name: _text(table, name) for name in dict.fromkeys([*columns, "kind", "source"]) if name not in ("date", "month", "row")
        }
        numbers = {name: table[name].cast(pa.decimal128(PRECISION, scales[name])) for name in MEASURES}
        parts.append(pa.table({**texts, **numbers, "row": table["row"], "date": table["date"], "month": _month(table)}))
    rows = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    labels = rows["source"].chunk(0) if rows.num_rows else pa.array([], pa.dictionary(pa.int32(), pa.string()))
    owners = [_owner(label, names) for label in labels.dictionary.to_pylist()]
    known = list(dict.fromkeys(owners)) or [""]  # one pass where there is no row at all
    sources = np.array([known.index(owner) for owner in owners] or [0])[labels.indices.to_numpy()]
    then = np.arange(rows.num_rows) < before.num_rows
    return Views(rows, then, rows["month"].to_numpy().astype("datetime64[M]"), known, sources)


def _scale(kind: pa.DataType) -> int:
    return kind.scale if pa.types.is_decimal(kind) else 0


def _text(table: pa.Table, name: str) -> pa.ChunkedArray:
    kind = pa.dictionary(pa.int32(), pa.string())
    if name not in table.column_names:
        return pa.chunked_array([pa.array([MISSING] * 0, kind)]) if not table.num_rows else _constant(table.num_rows)
    column = table[name]
    if pa.types.is_dictionary(column.type):
        return pc.fill_null(column, MISSING) if column.null_count else column.cast(kind)
    return pc.fill_null(column.cast(pa.string()), MISSING).dictionary_encode()


def _constant(rows: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([MISSING]))])


def _month(table: pa.Table) -> pa.ChunkedArray:
    """First day of each row's month: the unit's own where the view has it, else that of the date."""
    column = table["month"] if "month" in table.column_names else table["date"]
    return pc.floor_temporal(column.cast(pa.timestamp("s")), unit="month")


def _owner(label: str, names: Sequence[str]) -> str:
    """The source that a label of rows belongs to: its name, or its name and a file's."""
    return max((name for name in names if label == name or label.startswith(f"{name}: ")), key=len, default=label)


def encode(column: pa.ChunkedArray) -> np.ndarray:
    """Code of each cell (n_rows,), equal where the cells are, from 0; none has a code of its own."""
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


def _match(views: Views, keys: Mapping[str, Sequence[str]], dimensions: Sequence[str]) -> pd.DataFrame:
    """Rows that the other view has not, or has otherwise: place, then, change, place of the partner (-1: none), source."""
    values = ["month", "kind", *dimensions, *MEASURES]
    parts = []
    for place, name in enumerate(views.names):
        key = [column for column in keys.get(name, ()) if column in views.rows.column_names]
        mine = np.flatnonzero(views.sources == place)
        own = views if len(mine) == views.rows.num_rows else _take(views, mine)
        whole = own.code([*values, *(key or SAID)])
        differ = _find_unequal(whole, own.then)
        rest = _take(own, differ)
        identity = rest.code(key or ["source", "row"])
        places = mine[differ]
        pairs = _pair(whole[differ], identity, rest.then)
        partners = np.where(pairs["partner"] < 0, -1, places[pairs["partner"]] if len(places) else -1)
        parts.append(pairs.assign(place=places, partner=partners, source=name))
    found = pd.concat(parts, ignore_index=True)
    return found[found["change"] != ""].reset_index(drop=True)


def _take(views: Views, places: np.ndarray) -> Views:
    return Views(views.rows.take(pa.array(places)), views.then[places], views.months[places], views.names, views.sources[places])


def _find_unequal(codes: np.ndarray, then: np.ndarray) -> np.ndarray:
    """Places of the rows whose code does not occur equally often in both views."""
    count = int(codes.max(initial=-1)) + 1
    unequal = np.bincount(codes[then], minlength=count) != np.bincount(codes[~then], minlength=count)
    return np.flatnonzero(unequal[codes])


def _pair(whole: np.ndarray, identity: np.ndarray, then: np.ndarray) -> pd.DataFrame:
    """What became of each row: '' where the other view says the same, else NEW, GONE or CHANGED; partner: its other version (-1: none).

    Rows that say the same cancel out one by one, then rows of the same identity are versions of each other, one by one.
    """
    frame = pd.DataFrame({"whole": whole, "identity": identity, "then": then})
    same = _pair_up(frame, "whole")
    left = frame[same < 0]
    partner = pd.Series(-1, index=frame.index)
    partner[left.index] = _pair_up(left, "identity")
    change = np.where(same >= 0, "", np.where(partner >= 0, CHANGED, np.where(then, GONE, NEW)))
    return pd.DataFrame({"then": then, "change": change, "partner": partner.to_numpy()})


def _pair_up(frame: pd.DataFrame, by: str) -> pd.Series:
    """Place of each row's partner in the other view: the first of a code with the first, and so on; -1 without one."""
    turn = frame.groupby([by, "then"], sort=False).cumcount()
    numbered = pd.DataFrame({"code": frame[by], "turn": turn, "then": frame["then"], "place": frame.index})
    pairs = numbered[numbered["then"]].merge(numbered[~numbered["then"]], on=["code", "turn"], suffixes=("_then", "_now"))
    partner = pd.Series(-1, index=frame.index)
    partner[pairs["place_then"]] = pairs["place_now"].to_numpy()
    partner[pairs["place_now"]] = pairs["place_then"].to_numpy()
    return partner


def _locate(found: pd.DataFrame, views: Views, dimensions: Sequence[str]) -> pd.DataFrame:
    """Rows with their month and cell (month and members), and whether their partner stands in another one."""
    places = found["place"].to_numpy()
    rows = _take(views, places)
    cell = pd.Series(rows.code(["month", *dimensions]), index=places)
    moved = cell.reindex(found["partner"]).to_numpy() != cell.to_numpy()
    return found.assign(month=rows.months.astype("datetime64[ns]"), cell=cell.to_numpy(), moved=moved)


def _name_kinds(found: pd.DataFrame, last: pd.Timestamp, redefined: Mapping[str, Sequence[str]]) -> np.ndarray:
    other = EVERY in redefined
    return np.select(
        [found["source"].isin(list(redefined)) | other, found["month"].lt(last), found["change"].eq(NEW)],
        ["redefined", "reopened", "late_posting"],
        "corrected",
    )


def _sum_cells(
    found: pd.DataFrame, views: Views, dimensions: Sequence[str], redefined: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Table `restatement`: rows by cell, source and kind."""
    groups = found.groupby(["month", "cell", "source", "kind"], sort=True)
    number = groups.ngroup().to_numpy()
    first = groups.first().reset_index()
    members = views.rows.select([*dimensions]).take(pa.array(first["place"].to_numpy(dtype=np.int64)))
    left = found["change"].eq(CHANGED) & found["then"] & ~found["moved"]  # counted where its new version stands
    counts = {change: _count(number[found["change"].eq(change) & ~left], len(first)) for change in (NEW, GONE, CHANGED)}
    reasons = [", ".join([*redefined.get(EVERY, ()), *redefined.get(name, ())]) for name in first["source"]]
    frame = pd.DataFrame(
        {
            "ds": first["month"],
            "source": first["source"],
            **{name: members[name].cast(pa.string()).to_pandas().astype(object) for name in dimensions},
            "kind": first["kind"],
            **_sum_views(views, found["place"].to_numpy(), number, len(first)),
            **counts,
            "reason": np.where(first["kind"].eq("redefined"), np.array(reasons, dtype=object), ""),
        }
    )
    return tables.check(frame.astype({"ds": "datetime64[ns]", "source": object, "kind": object, "reason": object}), "restatement")


def _count(numbers: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(numbers, minlength=size).astype(np.int64)


def _sum_views(views: Views, places: np.ndarray, number: np.ndarray, size: int) -> dict[str, pd.Series]:
    """Sum of both measures in both views, and the difference, by the number of each place's group."""
    sums: dict[str, pd.Series] = {}
    for measure in MEASURES:
        values = views.rows[measure].take(pa.array(places))
        then = views.then[places]
        sums[f"{measure}_before"], sums[f"{measure}_now"] = (
            _sum(values.filter(pa.array(mask)), number[mask], size) for mask in (then, ~then)
        )
        with localcontext(EXACT):
            sums[f"{measure}_difference"] = sums[f"{measure}_now"] - sums[f"{measure}_before"]
    return sums


def _sum(values: pa.ChunkedArray, number: np.ndarray, size: int) -> pd.Series:
    """Exact sum of the values of each number below `size`, as Decimal at the values' scale."""
    found = pa.table({"number": number, "value": values}).group_by("number").aggregate([("value", "sum")])
    zero = Decimal(0).scaleb(-values.type.scale)
    sums = pd.Series([zero] * size, dtype=object)
    sums[found["number"].to_numpy()] = found["value_sum"].to_pylist()
    return sums


def _sum_months(views: Views, last: pd.Timestamp) -> pd.DataFrame:
    """Table `restatement_months`: rows and both measures of every shared month in both views."""
    places = np.flatnonzero(views.months <= np.datetime64(last, "M"))
    months, number = np.unique(views.months[places], return_inverse=True)
    then = views.then[places]
    frame = pd.DataFrame(
        {
            "ds": months.astype("datetime64[ns]"),
            **_sum_views(views, places, number, len(months)),
            "rows_before": _count(number[then], len(months)),
            "rows_now": _count(number[~then], len(months)),
        }
    )
    return tables.check(frame, "restatement_months")
