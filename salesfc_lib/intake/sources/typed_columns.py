"""Typed columns as exact text, the same text that other kinds of files give for the same values.

A 64-bit float keeps the 15 digits of `cell_text`; a moment with a zone keeps its offset; a moment
at midnight without one is a date.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.intake.sources.cell_text import DIGITS, WHOLE, cell_text, float_text
from salesfc_lib.intake.sources.text_columns import REPEATING

NO_FRACTION = (r"\.0+([+-]\d\d:\d\d)?$", r"\1")
SHORT_FRACTION = (r"(\.\d*[1-9])0+([+-]\d\d:\d\d)?$", r"\1\2")
OFFSET = (r"([+-]\d\d)(\d\d)$", r"\1:\2")
UTC = (r"Z$", "+00:00")
MIDNIGHT = (r" 00:00:00$", "")

Write = Callable[[pa.Array], pa.Array]


def text_of(column: pa.Array) -> pa.Array:
    """Text of each value, '' for a null; dictionary-encoded where values repeat.

    >>> text_of(pa.array([731.9399999999999, None, 42420.0])).to_pylist()
    ['731.94', '', '42420']
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    is_odd = pa.types.is_nested(kind) or pa.types.is_null(kind)
    if is_odd or isinstance(kind, pa.BaseExtensionType):
        return _write_values(column)
    write = next((write for is_kind, write in WRITERS if is_kind(kind)), _write_values)
    encoded = column.dictionary_encode(null_encoding="encode")
    if len(encoded.dictionary) > REPEATING * len(column):
        return pc.fill_null(write(column), "")
    return pa.DictionaryArray.from_arrays(
        encoded.indices, pc.fill_null(write(encoded.dictionary), "")
    )


def _write_bytes(column: pa.Array) -> pa.Array:
    """Bytes are text where all of them are UTF-8, as writers without a text type leave it."""
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        return _write_values(column)


def _write_floats(column: pa.Array) -> pa.Array:
    """The shortest decimal where it has up to 15 digits; others are rounded to as many."""
    texts = column.cast(pa.string())
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        whole = np.isfinite(values) & (np.floor(values) == values) & (np.abs(values) < WHOLE)
    wholes = pa.array(np.where(whole, values, 0).astype(np.int64)).cast(pa.string())
    texts = pc.if_else(whole, wholes, texts)
    long = pc.or_(pc.greater(pc.binary_length(texts), DIGITS), pc.match_substring(texts, "e"))
    mask = np.asarray(pc.fill_null(long, False))
    if not mask.any():
        return texts
    written = pa.array([float_text(value) for value in values[mask].tolist()], pa.string())
    return pc.replace_with_mask(texts, pa.array(mask), written)


def _write_short_floats(column: pa.Array) -> pa.Array:
    """A float of 32 bits promises 7 digits: the shortest decimal that gives it."""
    values = column.cast(pa.float32()).to_numpy(zero_copy_only=False)
    pairs = zip(values, np.asarray(column.is_null()), strict=True)
    texts = [None if blank else float_text(float(str(value))) for value, blank in pairs]
    return pa.array(texts, pa.string())


def _write_decimals(column: pa.Array) -> pa.Array:
    texts = column.cast(pa.string())
    if pc.any(pc.match_substring(texts, "E")).as_py():
        return _write_values(column)
    return texts


def _write_moments(column: pa.Array) -> pa.Array:
    texts = column.cast(pa.string())
    has_zone = pa.types.is_timestamp(column.type) and column.type.tz is not None
    fractions = (NO_FRACTION, SHORT_FRACTION)
    rules = (OFFSET, UTC, *fractions) if has_zone else (*fractions, MIDNIGHT)
    for pattern, replacement in rules:
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return texts


def _write_values(column: pa.Array) -> pa.Array:
    """One by one: lists and the like as JSON, and what Arrow does not write as we do."""
    values = column.to_pylist()
    if not pa.types.is_nested(column.type):
        return pa.array([cell_text(value) for value in values], pa.string())
    dump = partial(json.dumps, ensure_ascii=False, default=cell_text)
    return pa.array(["" if value is None else dump(value) for value in values], pa.string())


CAST = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_integer,
    pa.types.is_date,
)
WRITERS: tuple[tuple[Callable[[pa.DataType], bool], Write], ...] = (
    *((is_kind, lambda column: column.cast(pa.string())) for is_kind in CAST),
    (pa.types.is_float64, _write_floats),
    (pa.types.is_floating, _write_short_floats),
    (pa.types.is_decimal, _write_decimals),
    (pa.types.is_boolean, lambda column: pc.if_else(column, "TRUE", "FALSE")),
    (pa.types.is_temporal, _write_moments),
    (pa.types.is_binary, _write_bytes),
    (pa.types.is_large_binary, _write_bytes),
)
