"""Columns of text, held so that ten million rows fit in memory and each distinct text is looked at once.

Lists or Arrow columns enter; Arrow columns and pandas categories leave. The decision made here: a column whose texts
repeat is stored as numbers into a list of its distinct texts; rules about text ask that list, not every row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

REPEATING = 0.5  # distinct texts a row, above which a column is stored as plain text
EDGES = r"^$|^[\s\x0b\x1c-\x1f\x85\p{Z}]|[\s\x0b\x1c-\x1f\x85\p{Z}]$"  # texts that are blank, or begin or end with a space of any kind
SAMPLE = 100_000  # rows that tell


def text_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> pa.Table:
    """Table of text columns out of rows that are all as wide as `names`."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.Table.from_arrays(
        [pa.array(column, pa.string()) for column in columns], names=list(names)
    )


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
    """Number of each row's text (n_rows,) in the list of distinct texts, which is sorted by first appearance."""
    whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if not pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_encode()
    return whole.indices.to_numpy(zero_copy_only=False), whole.dictionary.to_pylist()


def map_texts(column: pa.ChunkedArray, ask: Callable[[str], Any]) -> np.ndarray:
    """What `ask` says of each row's text (n_rows,); each distinct text is asked about once."""
    codes, distinct = encode(column)
    answers = [ask(text) for text in distinct]
    kind = bool if answers and all(isinstance(answer, bool) for answer in answers) else object
    found = np.empty(len(answers), dtype=kind)
    found[:] = answers
    return found[codes] if answers else np.empty(0, dtype=kind)


def as_category(column: pa.ChunkedArray) -> pd.Series:
    """The column as a pandas category without surrounding spaces; blank texts are missing."""
    whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if not pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_encode()
    codes, distinct = whole.indices.to_numpy(zero_copy_only=False), whole.dictionary
    if pc.any(pc.match_substring_regex(distinct, EDGES)).as_py():
        return category_of(codes, [text.strip() or None for text in distinct.to_pylist()])
    members = pd.Index(distinct.to_numpy(zero_copy_only=False), dtype=object)
    kind = pd.CategoricalDtype._from_fastpath(
        members, False
    )  # pandas would look for repeats, and Arrow's dictionaries have none
    return pd.Series(pd.Categorical._simple_new(codes.astype(np.int32, copy=False), kind))


def category_of(codes: np.ndarray, labels: Sequence[str | None]) -> pd.Series:
    """Category of labels by code; labels may repeat, and one that is None is missing."""
    known = {
        label: place
        for place, label in enumerate(dict.fromkeys(label for label in labels if label is not None))
    }
    place = np.array(
        [-1 if label is None else known[label] for label in labels] or [-1], dtype=np.int32
    )
    kind = pd.CategoricalDtype(pd.Index(list(known), dtype=object))
    return pd.Series(
        pd.Categorical.from_codes(place[codes] if len(codes) else np.empty(0, np.int32), dtype=kind)
    )


def constant(value: str, rows: int) -> pa.ChunkedArray:
    """A column that says the same in every row."""
    indices = pa.array(np.zeros(rows, dtype=np.int32))
    return pa.chunked_array(
        [pa.DictionaryArray.from_arrays(indices, pa.array([value], pa.string()))]
    )


def stack(tables: Sequence[pa.Table]) -> pa.Table:
    """Rows of several tables of text, each column in one chunk; a column that one lacks is blank there."""
    if len(tables) == 1:
        return tables[0]
    names = list(dict.fromkeys(name for table in tables for name in table.column_names))
    columns: Mapping[str, list[pa.ChunkedArray]] = {
        name: [
            table[name] if name in table.column_names else constant("", table.num_rows)
            for table in tables
        ]
        for name in names
    }
    return pa.table({name: _join(parts) for name, parts in columns.items()})


def _join(parts: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    if len({part.type for part in parts}) > 1:
        parts = [part.cast(pa.string()) for part in parts]
    whole = pa.chunked_array([chunk for part in parts for chunk in part.chunks], type=parts[0].type)
    if pa.types.is_dictionary(whole.type):
        whole = whole.unify_dictionaries()
    return (
        compact(whole)
        if pa.types.is_string(whole.type)
        else pa.chunked_array([whole.combine_chunks()])
    )


def one_category(values: Any, index: pd.Index | None = None) -> pd.Series:
    """Labels (None or NaN: missing) as a category whose members are plain text, in order of first appearance."""
    column = (
        pd.Series(values, index=index, dtype=object)
        if not isinstance(values, pd.Series)
        else values
    )
    codes, members = pd.factorize(column.astype(object), use_na_sentinel=True)
    kind = pd.CategoricalDtype(pd.Index(members, dtype=object))
    return pd.Series(
        pd.Categorical.from_codes(codes, dtype=kind), index=column.index if index is None else index
    )


def missing_category(rows: int) -> pd.Series:
    """A category of which every row is missing."""
    kind = pd.CategoricalDtype(pd.Index([], dtype=object))
    return pd.Series(pd.Categorical.from_codes(np.full(rows, -1, dtype=np.int8), dtype=kind))
