"""Which rows of two views of the same transactions are the same row.

A row is the same row by its source's declared key, else by all its content; rows with the same
content cancel out one by one, and what is left of one identity are versions of each other. Cells
are compared as codes that are equal where the cells are: exactly, without a loop over rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.cleaning.batch.frames import group_numbers

MEASURES = ("quantity", "amount")
CONTENT = ("date", "order_id", "customer", "product", "salesperson")  # beside the measures
PLACES = ("row", "date", "month")  # columns that are no text
NEW, GONE, CHANGED = "rows_new", "rows_gone", "rows_changed"
MISSING = ""  # the member of rows from a view without this dimension
PRECISION = 38  # digits of a decimal
TEXT = pa.dictionary(pa.int32(), pa.string())
Keys = Mapping[str, Sequence[str]]  # columns of the views by source; none: all of a row's content


def lay_side_by_side(
    before: pa.Table, now: pa.Table, *, keys: Keys, dimensions: Sequence[str]
) -> pa.Table:
    """Rows of both views, the earlier's first, which `then` marks.

    The columns are those of either view, the measures at the finer of their scales.
    """
    of_keys = [column for key in keys.values() for column in key]
    texts = dict.fromkeys([*dimensions, *CONTENT, *of_keys, "kind", "source"])
    kinds = {
        name: pa.decimal128(
            PRECISION, max(getattr(t[name].type, "scale", 0) for t in (before, now))
        )
        for name in MEASURES
    }
    parts = []
    for table, is_earlier in ((before, True), (now, False)):
        columns = {name: _text(table, name) for name in texts if name not in (*PLACES, *MEASURES)}
        columns |= {name: table[name].cast(kind) for name, kind in kinds.items()}
        columns |= {"row": table["row"], "date": table["date"], "month": month_of(table)}
        parts.append(pa.table({**columns, "then": np.full(table.num_rows, is_earlier)}))
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def month_of(table: pa.Table) -> pa.ChunkedArray:
    """First day of each row's month: the column `month`, else the date's."""
    column = table["month"] if "month" in table.column_names else table["date"]
    return pc.floor_temporal(column.cast(pa.timestamp("s")), unit="month")


def encode(rows: pa.Table, columns: Sequence[str]) -> np.ndarray:
    """One code for each row's cells in these columns (n_rows,), by first appearance from 0."""
    if not rows.num_rows:
        return np.empty(0, dtype=np.int64)
    cells = rows.select([*columns]).combine_chunks().columns
    codes = [column.dictionary_encode("encode").chunk(0).indices.to_numpy() for column in cells]
    return group_numbers(pd.DataFrame(dict(zip(columns, codes, strict=True))), [*columns])[0]


def pair_versions(rows: pa.Table, *, keys: Keys, dimensions: Sequence[str]) -> pd.DataFrame:
    """Rows new, gone or changed: place, then, change, place of the partner (-1: none), source."""
    then, labels = rows["then"].to_numpy(), rows["source"].combine_chunks()
    owners = [_owner(label, keys) for label in labels.dictionary.to_pylist()]
    names = list(dict.fromkeys(owners)) or [""]  # one pass where there is no row at all
    owner = np.array([names.index(name) for name in owners] or [0])[labels.indices.to_numpy()]
    parts = []
    for number, name in enumerate(names):
        places = np.flatnonzero(owner == number)
        own = rows.take(pa.array(places))
        content = ["month", "kind", *dimensions, *MEASURES, *(keys.get(name) or CONTENT)]
        left = np.flatnonzero(_pair_up(encode(own, content), then[places]) < 0)
        own, places = own.take(pa.array(left)), places[left]
        partner = _pair_up(encode(own, keys.get(name) or ("source", "row")), then[places])
        lonely = np.where(then[places], GONE, NEW)
        versions = {
            "place": places,
            "then": then[places],
            "change": np.where(partner >= 0, CHANGED, lonely),
            "partner": np.where(partner >= 0, places[partner], -1),
        }
        parts.append(pd.DataFrame(versions).assign(source=name))
    return pd.concat(parts, ignore_index=True)


def _pair_up(codes: np.ndarray, then: np.ndarray) -> np.ndarray:
    """Place of each row's partner in the other view, by code and turn; -1 without one."""
    turn = pd.DataFrame({"code": codes, "then": then}).groupby(["code", "then"]).cumcount()
    order = np.lexsort((turn, codes))
    first, second = order[:-1], order[1:]
    same = (codes[first] == codes[second]) & (turn.to_numpy()[first] == turn.to_numpy()[second])
    partner = np.full(len(codes), -1, dtype=np.int64)
    partner[first[same]], partner[second[same]] = second[same], first[same]
    return partner


def _text(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column as codes into its distinct texts; a null, or a column not there, is MISSING."""
    if name not in table.column_names:
        return pa.chunked_array([pa.repeat(MISSING, table.num_rows)]).cast(TEXT)
    column = table[name]
    if column.null_count or not pa.types.is_dictionary(column.type):
        column = pc.fill_null(column.cast(pa.string()), MISSING)
    return column.cast(TEXT)


def _owner(label: str, names: Iterable[str]) -> str:
    """The source that a label of rows belongs to: its name, or its name and a file's."""
    found = [name for name in names if label == name or label.startswith(f"{name}: ")]
    return max(found, key=len, default=label)
