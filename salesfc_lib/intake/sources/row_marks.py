"""Rows that only look like business: repeated headers, and rows that add up others.

Words are looked for in a column's distinct texts, or by Arrow where texts do not repeat, and in
full only among the rows that could be subtotals: nothing runs row by row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.foundation import Source

PLAIN, SUBTOTAL, HEADER = 0, 1, 2
ROW_MARKS = ("", "subtotal", "header")  # by code
SPACE = r"[\s\x{00A0}\x{3000}]*"
SHORT = 10_000  # texts
MEASURES = {"quantity", "amount", "discount", "tax", "freight", "price", "cost"}  # summed

Rule = Callable[[pa.Array], pa.Array]  # texts -> true or false for each


def mark_rows(
    table: pa.Table, header: Sequence[str], source: Source, columns: dict[str, str]
) -> np.ndarray:
    """Code of each row (n_rows,), a place in `ROW_MARKS`; `columns`: our names and the table's."""
    codes = np.zeros(table.num_rows, dtype=np.int8)
    if table.num_rows:
        codes[find_subtotals(table, source, columns)] = SUBTOTAL
        pairs = list(zip(table.columns, map(equals, header), strict=True))
        pairs.sort(key=lambda pair: not pa.types.is_dictionary(pair[0].type))
        codes[_find_rows(pairs)] = HEADER  # rows that repeat the header, cell by cell
    return codes


def as_column(codes: np.ndarray) -> pa.ChunkedArray:
    """The codes as a column of texts."""
    places, marks = pa.array(codes.astype(np.int32)), pa.array(ROW_MARKS, pa.string())
    return pa.chunked_array([pa.DictionaryArray.from_arrays(places, marks)])


def apply_rule(column: pa.ChunkedArray, rule: Rule) -> np.ndarray:
    """Answer of the rule for each row's text (n_rows,); repeated texts are looked at once."""
    answers = [np.zeros(0, dtype=bool)]
    for chunk in column.chunks:
        texts, places = _split(chunk)
        found = np.asarray(rule(texts)).astype(bool)
        answers.append(found if places is None else found[places])
    return np.concatenate(answers)


def _split(chunk: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """Texts of a chunk, and which of them each row has (None: its own)."""
    if not pa.types.is_dictionary(chunk.type):
        return chunk, None
    return chunk.dictionary, chunk.indices.to_numpy(zero_copy_only=False)


def is_blank(texts: pa.Array) -> pa.Array:
    """Whether nothing but space is in each text."""
    return pc.equal(pc.utf8_trim_whitespace(texts), "")


def equals(text: str) -> Rule:
    """Whether a text is this one, spaces around it apart."""
    return lambda texts: pc.equal(pc.utf8_trim_whitespace(texts), text.strip())


def drop_blank_rows(table: pa.Table) -> tuple[np.ndarray, pa.Table]:
    """Places of the rows with any text, and a table of them alone."""
    blank = _find_rows([(column, is_blank) for column in table.columns])
    places = np.delete(np.arange(table.num_rows), blank)
    return places, table.take(pa.array(places)) if len(blank) else table


def _find_rows(pairs: Sequence[tuple[pa.ChunkedArray, Rule]]) -> np.ndarray:
    """Places of the rows whose cell satisfies the rule in every column."""
    places = np.arange(len(pairs[0][0]))
    for column, rule in pairs:
        left = column if len(places) == len(column) else column.take(pa.array(places))
        places = places[apply_rule(left, rule)]
        if not len(places):
            break
    return places


def find_subtotals(table: pa.Table, source: Source, columns: dict[str, str]) -> np.ndarray:
    """Places of the rows that add up others.

    A cell that is one of the words marks a row that lacks a date or an order number; a cell that
    begins or ends with one ('East total:') marks a row that lacks both, unless it is a line of the
    document above it. Without a column of order numbers a row is business if it has a date and all
    its other texts.
    """
    if not source.subtotals:
        return np.zeros(0, dtype=np.int64)
    is_word, has_word = _whole(source.subtotals), _edge(source.subtotals)
    own = [table[columns[name]] for name in ("date", "order_id") if name in columns]

    def lacks(texts: pa.Array) -> pa.Array:
        return pc.or_(is_blank(texts), has_word(texts))

    lacking = [apply_rule(column, lacks) for column in own]
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
    # a line has a number, or a product where the document's number and day are filled from above
    is_headed = {"date", "order_id"} <= {*source.fill_down}
    names = [name for name in ("line", *(["product"] if is_headed else [])) if name in columns]
    is_line = np.zeros(len(possible), dtype=bool)
    for name in names:
        is_line |= ~apply_rule(rows[columns[name]], lacks)
    return possible[whole | (lacks_all[possible] & _any(rows, has_word) & ~is_line)]


def find_words(table: pa.Table, words: Sequence[str]) -> list[str]:
    """For each row the longest word that one of its cells is, begins or ends with; '' for none."""
    found = [""] * table.num_rows
    for word in sorted(words, key=len):
        for place in np.flatnonzero(_any(table, _edge([word]))):
            found[place] = word
    return found


def _is_complete(rows: pa.Table, columns: dict[str, str], is_word: Rule) -> np.ndarray:
    """Rows in which every mapped text but the word itself is filled, and at least one is."""
    names = [column for name, column in columns.items() if name not in {*MEASURES, "date"}]
    none = np.zeros(rows.num_rows, dtype=int)
    words = sum((apply_rule(rows[name], is_word).astype(int) for name in names), none)
    filled = sum((~apply_rule(rows[name], is_blank) for name in names), none) - words
    return (words <= 1) & (filled > 0) & (filled + words == len(names))


def _any(table: pa.Table, rule: Rule) -> np.ndarray:
    """Rows in which the rule says yes to any cell.

    Short lists of texts are asked about together: to compile the rule takes longer.
    """
    found = np.zeros(table.num_rows, dtype=bool)
    short = []
    for column in table.columns:
        texts, places = _split(column.combine_chunks())
        if len(texts) > SHORT:
            found |= apply_rule(column, rule)
        else:
            short.append((texts, places))
    if short:
        answers = np.asarray(rule(pa.concat_arrays([texts for texts, _ in short]))).astype(bool)
        ends = np.cumsum([len(texts) for texts, _ in short])[:-1]
        for (_, places), part in zip(short, np.split(answers, ends), strict=True):
            found |= part if places is None else part[places]
    return found


def _whole(words: Sequence[str]) -> Rule:
    """Whether a text is one of the words, closing colon, spaces and case apart."""
    pattern = f"(?i)^{SPACE}(?:{'|'.join(map(_spell, words))}){SPACE}[:：]?{SPACE}$"
    return lambda texts: pc.match_substring_regex(texts, pattern)


def _edge(words: Sequence[str]) -> Rule:
    """Whether a text begins or ends with one of the words; words of an alphabet as whole words."""
    latin = "|".join(_spell(word) for word in words if word.isascii())
    other = "|".join(_spell(word) for word in words if not word.isascii())
    starts = "|".join(filter(None, [latin and rf"(?:{latin})(?:[^\pL]|$)", other]))
    ends = "|".join(filter(None, [latin and rf"(?:^|[^\pL])(?:{latin})", other]))
    pattern = f"(?i)^{SPACE}(?:{starts})|(?:{ends}){SPACE}[:：]?{SPACE}$"
    return lambda texts: pc.match_substring_regex(texts, pattern)


def _spell(word: str) -> str:
    """Pattern of a word; spaces inside count for nothing, as Chinese is set wide ('合  计')."""
    parts = word.split() if word.isascii() else [letter for letter in word if not letter.isspace()]
    return SPACE.join(re.escape(part) for part in parts)
