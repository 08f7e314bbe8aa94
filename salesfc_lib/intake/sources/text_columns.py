"""Columns of text: dictionary-encoded where texts repeat, so that rules ask each of them once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

REPEATING = 0.5  # distinct texts a row, above which a column is stored as plain text
SPACE = r"[\s\x0b\x1c-\x1f\x85\p{Z}]"
EDGES = f"^$|^{SPACE}|{SPACE}$"  # texts that are blank, or begin or end with a space of any kind
SAMPLE = 100_000  # rows that tell


def text_table(width: int, rows: Sequence[Sequence[str]] = ()) -> pa.Table:
    """Table of text columns out of rows that are all so wide; a column's name is its place."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    return pa.table({str(at): pa.array(texts, pa.string()) for at, texts in enumerate(columns)})


def compact(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as one chunk, dictionary-encoded where its texts repeat."""
    whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_dictionary(whole.type):
        return pa.chunked_array([whole])
    sample = whole.slice(0, SAMPLE)
    if len(sample) and len(pc.unique(sample)) > REPEATING * len(sample):
        return pa.chunked_array([whole])
    return pa.chunked_array([whole.dictionary_encode()])


def encode(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Number of each row's text (n_rows,) in the list of distinct texts, by first appearance."""
    codes, distinct = _encode(column)
    return codes, distinct.to_pylist()


def _encode(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if not pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_encode()
    return whole.indices.to_numpy(zero_copy_only=False), whole.dictionary


def as_category(column: pa.ChunkedArray) -> pd.Series:
    """The column as a pandas category without surrounding spaces; blank texts are missing."""
    codes, distinct = _encode(column)
    texts = distinct.to_pylist()
    if pc.any(pc.match_substring_regex(distinct, EDGES)).as_py():
        return category_of(codes, [text.strip() or None for text in texts])
    return _categorise(codes, texts)


def category_of(codes: np.ndarray, labels: Sequence[str | None]) -> pd.Series:
    """Category of labels by code; labels may repeat, and one that is None is missing."""
    members = list(dict.fromkeys(label for label in labels if label is not None))
    known = {label: place for place, label in enumerate(members)}
    places = [-1 if label is None else known[label] for label in labels]
    place = np.array(places or [-1], dtype=np.int32)
    return _categorise(place[codes] if len(codes) else np.empty(0, np.int32), members)


def _categorise(codes: np.ndarray, members: Sequence[Any]) -> pd.Series:
    kind = pd.CategoricalDtype(pd.Index(members, dtype=object))
    return pd.Series(pd.Categorical.from_codes(codes, dtype=kind))


def constant(value: str, rows: int) -> pa.ChunkedArray:
    """A column with the same text in every row."""
    places, texts = pa.array(np.zeros(rows, dtype=np.int32)), pa.array([value], pa.string())
    return pa.chunked_array([pa.DictionaryArray.from_arrays(places, texts)])


def stack(tables: Sequence[pa.Table]) -> pa.Table:
    """Rows of several tables, each column in one chunk; blank in a table that lacks the column."""
    if len(tables) == 1:
        return tables[0]
    names = list(dict.fromkeys(name for table in tables for name in table.column_names))

    def take(table: pa.Table, name: str) -> pa.ChunkedArray:
        return table[name] if name in table.column_names else constant("", table.num_rows)

    return pa.table({name: join([take(table, name) for table in tables]) for name in names})


def join(parts: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Parts of a column as one chunk; dictionary-encoded where all are, or where texts repeat."""
    if len({part.type for part in parts}) > 1:
        parts = [part.cast(pa.string()) for part in parts]
    whole = pa.chunked_array([chunk for part in parts for chunk in part.chunks], type=parts[0].type)
    if pa.types.is_string(whole.type):
        return compact(whole)
    if pa.types.is_dictionary(whole.type):
        whole = whole.unify_dictionaries()
    return pa.chunked_array([whole.combine_chunks()])


def one_category(values: Any) -> pd.Series:
    """Labels (None or NaN: missing) as a category of plain texts, in order of first appearance."""
    column = values if isinstance(values, pd.Series) else pd.Series(values, dtype=object)
    codes, members = pd.factorize(column.astype(object), use_na_sentinel=True)
    return _categorise(codes, members).set_axis(column.index)


def missing_category(rows: int) -> pd.Series:
    """A category of which every row is missing."""
    return _categorise(np.full(rows, -1, dtype=np.int8), [])
