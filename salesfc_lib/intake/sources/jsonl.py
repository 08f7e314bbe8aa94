"""JSON lines: one object a line; or one JSON array of objects.

The bytes of a file enter; a grid leaves. The decisions made here: a number is the digits that stand in the file and never
passes through a binary float; objects within objects become columns with dotted names, lists stay JSON text; a key that comes
up late is blank in the rows above; a line that is no object, is cut, or has a key twice is set aside with its number.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue, reject
from salesfc_lib.intake.sources.charset import KEY, guess_encoding
from salesfc_lib.intake.sources.header import name_columns, require_header
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.texts import stack
from salesfc_lib.intake.sources.troubled import set_aside_control

BATCH = 10_000  # objects held as Python values at a time
KEYS = 4_096  # different keys of a file: more is no table
CONTENT = 4_000  # characters of a line that are kept of one that cannot be read
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Number(str):
    """A number as it stands in the file."""

    __slots__ = ()


class Repeated(dict[str, Any]):
    """An object that has `key` more than once."""

    def __init__(self, found: Mapping[str, Any], keys: Sequence[str]) -> None:
        super().__init__(found)
        self.key = next(key for key in keys if keys.count(key) > 1)


class Line(NamedTuple):
    """One line: its number, its object's texts by column; or the rule it broke, why, and its text."""

    number: int
    texts: dict[str, str] | None
    rule: str = ""
    reason: str = ""
    content: str = ""


def read_jsonl(content: bytes, source: Source, where: str) -> Grid:
    """Objects of a file, one a row; rows without any text are left out.

    Raises `SalesForecastError` for bytes that no encoding explains, a file without any object, and missing columns.
    """
    encoding, lines = decode(content, source, where)
    first = next((text for _, text in lines if isinstance(text, str) and text.strip()), "")
    is_array = first.lstrip().startswith("[")
    found = (
        _read_array("\n".join(text for _, text in lines if isinstance(text, str)), where)
        if is_array
        else (_read_line(*line) for line in lines)
    )
    header: dict[str, None] = {}
    numbers: list[int] = []
    tables: list[pa.Table] = []
    rejected: list[Issue] = []
    while batch := list(islice(found, BATCH)):
        rejected += [
            reject(line.number, line.rule, line.reason, line.content)
            for line in batch
            if line.texts is None
        ]
        found_texts = [(line.number, line.texts) for line in batch if line.texts]
        header |= dict.fromkeys(key for _, texts in found_texts for key in texts)
        if len(header) > KEYS:
            raise SalesForecastError.unreadable_file(
                where,
                f"its objects have more than {KEYS:,} different keys",
                "Export a table: the same keys in every object",
            )
        filled = [
            (number, texts)
            for number, texts in found_texts
            if any(text.strip() for text in texts.values())
        ]
        numbers += [number for number, _ in filled]
        tables.append(_tabulate([texts for _, texts in filled]))
    if not header:
        why = rejected[0].reason if rejected else "it holds no object"
        raise SalesForecastError.unreadable_file(
            where, f"no line of it is a JSON object ({why})", "Export one object a line"
        )
    names = list(header)
    require_header([names], source, where)
    cells = stack([pa.table({name: pa.array([], pa.string()) for name in names}), *tables])
    grid = Grid(names, np.array(numbers, dtype=np.int64), cells, rejected, encoding)
    return set_aside_control(grid, name_columns(names, source, where))


def decode(content: bytes, source: Source, where: str) -> tuple[str, list[tuple[int, str | bytes]]]:
    """Encoding, and each line with its number; in a file that is UTF-8 but for few lines those stay bytes."""
    marked = [name for mark, name in MARKS if content.startswith(mark)]
    guess = guess_encoding(() if marked else content.splitlines())
    tried = marked or list(dict.fromkeys(filter(None, ["utf-8", source.encoding, guess.encoding])))
    for encoding in tried:
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            if encoding == "utf-8" and (lines := _split_mostly(content)):
                return encoding, lines
            continue
        return encoding, [
            (number, line.removesuffix("\r"))
            for number, line in enumerate(text.split("\n"), start=1)
        ]
    undecided = f"; {guess.why}: {guess.show()}" if guess.shown else ""
    raise SalesForecastError.unreadable_file(
        where, f"it is none of {shorten(tried, 5)}{undecided}", KEY
    )


def flatten(found: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Texts of an object by column. Raises `ValueError` where two keys make the same column.

    >>> flatten({"a": {"b": Number("1.50"), "c": None}, "d": [Number("1"), "x"], "e": True})
    {'a.b': '1.50', 'a.c': '', 'd': '[1, "x"]', 'e': 'TRUE'}
    """
    texts: dict[str, str] = {}
    if isinstance(found, Repeated):
        raise ValueError(f"it has the key '{found.key}' more than once")
    for key, value in found.items():
        name = before + key
        parts = (
            flatten(value, f"{name}.")
            if isinstance(value, dict) and value
            else {name: _write(value)}
        )
        if twice := parts.keys() & texts.keys():
            raise ValueError(f"it has the key '{sorted(twice)[0]}' more than once")
        texts |= parts
    return texts


def _write(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return _dump(value)


def _dump(value: Any) -> str:
    """JSON text, numbers as they stood."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_dump, value))}]"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(
                f"{json.dumps(key, ensure_ascii=False)}: {_dump(item)}"
                for key, item in value.items()
            )
            + "}"
        )
    return json.dumps(value, ensure_ascii=False)


def _take_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(found, [key for key, _ in pairs])


DECODER = json.JSONDecoder(
    object_pairs_hook=_take_pairs, parse_float=Number, parse_int=Number, parse_constant=Number
)


def _read_line(number: int, line: str | bytes) -> Line:
    if isinstance(line, bytes):
        shown = line[:CONTENT].decode("utf-8", "backslashreplace")
        return Line(
            number, None, "other_encoding", "it is not UTF-8, as the rest of the file is", shown
        )
    if not line.strip():
        return Line(number, {})
    try:
        return _read_object(number, DECODER.decode(line), line[:CONTENT])
    except (ValueError, RecursionError) as error:
        return Line(number, None, "misfit", _explain(error), line[:CONTENT])


def _read_object(number: int, found: Any, content: str) -> Line:
    try:
        if not isinstance(found, dict):
            raise ValueError("it is JSON, but no object")
        return Line(number, flatten(found))
    except (ValueError, RecursionError) as error:
        return Line(number, None, "misfit", _explain(error), content)


def _read_array(text: str, where: str) -> Iterator[Line]:
    """Elements of the array, numbered from 1. Raises where it is damaged or cut: what comes after cannot be counted."""
    at, number = text.index("[") + 1, 0
    while (at := _skip(text, at)) < len(text) and text[at] != "]":
        number, begin = number + 1, at
        try:
            found, end = DECODER.raw_decode(text, at)
            at = _skip(text, end)
            if text[at : at + 1] not in (",", "]"):
                raise json.JSONDecodeError("Expecting ',' or ']'", text, at)
        except (ValueError, RecursionError) as error:
            raise _cut_short(
                where, f"element {number} of its array cannot be read ({_explain(error)})"
            ) from error
        yield _read_object(number, found, text[begin:end][:CONTENT])
        at += text[at] == ","
    if at >= len(text):
        raise _cut_short(where, f"its array has no end after {number} elements")


def _cut_short(where: str, why: str) -> SalesForecastError:
    return SalesForecastError.unreadable_file(
        where, f"{why} (cut_short)", "Export it again, completely, or as one object a line"
    )


def _skip(text: str, at: int) -> int:
    """The next place that is no space."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _explain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON object ({error.msg} at place {error.colno})"
    return str(error)


def _tabulate(rows: Sequence[Mapping[str, str]]) -> pa.Table:
    names = dict.fromkeys(key for texts in rows for key in texts)
    return pa.table(
        {name: pa.array([texts.get(name, "") for texts in rows], pa.string()) for name in names}
    )


def _split_mostly(content: bytes) -> list[tuple[int, str | bytes]]:
    """Lines of a file of which most of those beyond ASCII are UTF-8, the others as bytes; none where most are not."""
    lines: list[tuple[int, str | bytes]] = []
    beyond = foreign = 0
    for number, line in enumerate(content.split(b"\n"), start=1):
        beyond += not line.isascii()
        try:
            lines.append((number, line.decode("utf-8").removesuffix("\r")))
        except UnicodeDecodeError:
            foreign += 1
            lines.append((number, line))
    return lines if foreign * 2 < beyond else []
