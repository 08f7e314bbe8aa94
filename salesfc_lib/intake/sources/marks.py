"""Rows that only look like business: headers repeated in the middle, and rows that add up others.

A table of text columns enters; one code a row leaves. The decision made here: a row with a date and an order number of its
own is business, whatever its customer is called. Words are looked for in a column's distinct texts, or by Arrow where texts
do not repeat, and in full only among the rows that could be subtotals: nothing runs row by row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.foundation import Source

PLAIN, SUBTOTAL, HEADER = 0, 1, 2
MARKS = ("", "subtotal", "header")  # by code
SPACE = r"[\s\x{00A0}\x{3000}]*"
SHORT = 10_000  # texts
MEASURES = {
    "quantity",
    "amount",
    "discount",
    "tax",
    "freight",
    "price",
    "cost",
}  # columns that a row of sums fills

Ask = Callable[[pa.Array], pa.Array]  # texts -> true or false for each


def mark_rows(
    table: pa.Table, header: Sequence[str], source: Source, columns: dict[str, str]
) -> np.ndarray:
    """Code of each row (n_rows,): place in `MARKS`. `columns` are this project's names and the table's columns."""
    codes = np.zeros(table.num_rows, dtype=np.int8)
    if table.num_rows:
        codes[find_subtotals(table, source, columns)] = SUBTOTAL
        codes[find_headers(table, header)] = HEADER
    return codes


def as_column(codes: np.ndarray) -> pa.ChunkedArray:
    """The codes as a column of texts."""
    return pa.chunked_array(
        [
            pa.DictionaryArray.from_arrays(
                pa.array(codes.astype(np.int32)), pa.array(MARKS, pa.string())
            )
        ]
    )


def ask(column: pa.ChunkedArray, rule: Ask) -> np.ndarray:
    """What the rule says of each row's text (n_rows,); of each distinct text once where texts repeat."""
    answers = []
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            said = np.asarray(rule(chunk.dictionary))
            answers.append(
                said[chunk.indices.to_numpy(zero_copy_only=False)]
                if len(said)
                else np.zeros(len(chunk), dtype=bool)
            )
        else:
            answers.append(np.asarray(rule(chunk)))
    return np.concatenate(answers).astype(bool) if answers else np.zeros(0, dtype=bool)


def is_blank(texts: pa.Array) -> pa.Array:
    """Whether nothing but space is in each text."""
    return pc.equal(pc.utf8_trim_whitespace(texts), "")


def says(text: str) -> Ask:
    """Whether a text is this one, spaces around it apart."""
    return lambda texts: pc.equal(pc.utf8_trim_whitespace(texts), text.strip())


def find_headers(table: pa.Table, header: Sequence[str]) -> np.ndarray:
    """Places of the rows that repeat the header, cell by cell."""
    places = np.arange(table.num_rows)
    pairs = sorted(
        zip(table.columns, header, strict=True),
        key=lambda pair: not pa.types.is_dictionary(pair[0].type),
    )
    for column, cell in pairs:
        here = column if len(places) == len(column) else column.take(pa.array(places))
        places = places[ask(here, says(cell))]
        if not len(places):
            break
    return places


def find_subtotals(table: pa.Table, source: Source, columns: dict[str, str]) -> np.ndarray:
    """Places of the rows that add up others.

    A cell that is one of the words marks a row that lacks a date or an order number; a cell that begins or ends with one
    ('East total:') marks a row that lacks both. Without a column of order numbers a row is business if it has a date
    and all its other texts.
    """
    if not source.subtotals:
        return np.zeros(0, dtype=np.int64)
    is_word, has_word = _whole(source.subtotals), _edge(source.subtotals)
    own = [table[columns[name]] for name in ("date", "order_id") if name in columns]
    lacking = [
        ask(column, lambda texts: pc.or_(is_blank(texts), has_word(texts))) for column in own
    ]
    lacks_all = np.logical_and.reduce(lacking) if lacking else np.ones(table.num_rows, dtype=bool)
    if "order_id" in columns:
        possible = np.flatnonzero(np.logical_or.reduce(lacking))
    else:
        possible = np.flatnonzero(_any(table, is_word) | (lacks_all & _any(table, has_word)))
    if not len(possible):
        return possible
    rows = table.take(pa.array(possible))
    whole = _any(rows, is_word)
    if "order_id" not in columns:
        whole &= lacks_all[possible] | ~_is_complete(rows, columns, is_word)
    return possible[whole | (lacks_all[possible] & _any(rows, has_word))]


def _is_complete(rows: pa.Table, columns: dict[str, str], is_word: Ask) -> np.ndarray:
    """Rows in which every mapped text but the word itself is filled, and at least one is."""
    others = [
        rows[column] for name, column in columns.items() if name not in MEASURES and name != "date"
    ]
    words = sum(
        (ask(column, is_word).astype(int) for column in others), np.zeros(rows.num_rows, dtype=int)
    )
    filled = (
        sum((~ask(column, is_blank) for column in others), np.zeros(rows.num_rows, dtype=int))
        - words
    )
    return (words <= 1) & (filled > 0) & (filled + words == len(others))


def _any(table: pa.Table, rule: Ask) -> np.ndarray:
    """Rows in which the rule says yes to any cell. Short lists of texts are asked about together: to build a rule takes longer."""
    found = np.zeros(table.num_rows, dtype=bool)
    short = []
    for column in table.columns:
        chunk = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        indices = (
            chunk.indices.to_numpy(zero_copy_only=False)
            if pa.types.is_dictionary(chunk.type)
            else None
        )
        texts = chunk if indices is None else chunk.dictionary
        if len(texts) > SHORT:
            found |= ask(column, rule)
        else:
            short.append((texts, indices))
    if short:
        said = np.asarray(rule(pa.concat_arrays([texts for texts, _ in short]))).astype(bool)
        for (_, indices), answers in zip(
            short, np.split(said, np.cumsum([len(texts) for texts, _ in short])[:-1]), strict=True
        ):
            found |= answers if indices is None else answers[indices] if len(answers) else False
    return found


def _whole(words: Sequence[str]) -> Ask:
    """Whether a text is one of the words, closing colon, spaces and case apart."""
    pattern = f"(?i)^{SPACE}(?:{'|'.join(map(_spell, words))}){SPACE}[:：]?{SPACE}$"
    return lambda texts: pc.match_substring_regex(texts, pattern)


def _edge(words: Sequence[str]) -> Ask:
    """Whether a text begins or ends with one of the words; words of an alphabet only as whole words."""
    latin = "|".join(_spell(word) for word in words if word.isascii())
    other = "|".join(_spell(word) for word in words if not word.isascii())
    starts = "|".join(
        [*([rf"(?:{latin})(?:[^\pL]|$)"] if latin else []), *([other] if other else [])]
    )
    ends = "|".join(
        [*([rf"(?:^|[^\pL])(?:{latin})"] if latin else []), *([other] if other else [])]
    )
    pattern = f"(?i)^{SPACE}(?:{starts})|(?:{ends}){SPACE}[:：]?{SPACE}$"
    return lambda texts: pc.match_substring_regex(texts, pattern)


def _spell(word: str) -> str:
    """Pattern of a word: spaces inside count for nothing, and Chinese is often set with wide ones ('合  计')."""
    parts = word.split() if word.isascii() else [letter for letter in word if not letter.isspace()]
    return SPACE.join(re.escape(part) for part in parts)
