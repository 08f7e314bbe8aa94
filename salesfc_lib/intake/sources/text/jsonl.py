"""JSON lines: one object a line; or one JSON array of objects.

A number is the digits that stand in the file and never passes through a binary float. Objects
within objects become columns with dotted names; lists stay JSON text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue, reject
from salesfc_lib.intake.sources.header import require_header
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.text.encodings import decode_whole, split_mostly_utf8
from salesfc_lib.intake.sources.text_columns import stack
from salesfc_lib.intake.sources.unusable_rows import set_aside_control

BATCH = 10_000  # objects held as Python values at a time
KEYS = 4_096  # different keys of a file: more is no table
CONTENT = 4_000  # characters that are kept of a line that cannot be read

SPACE = re.compile(r"[ \t\r\n]*")

Line = tuple[int, dict[str, str]] | Issue  # number, and texts by column; or what is wrong with it


class Number(str):
    """A number as it stands in the file."""

    __slots__ = ()


class Repeated(dict[str, Any]):
    """An object that has `key` more than once."""

    key = ""


def read_jsonl(content: bytes, source: Source, where: str) -> Grid:
    """Objects of a file, one a row; rows without any text are left out.

    A line that is no object, is cut, or has a key twice is set aside. Raises `SalesForecastError`
    for bytes that no encoding explains, a file without any object, and missing columns.
    """
    encoding, lines = decode(content, source, where)
    texts = [line for line in lines if isinstance(line, str)]
    if next(filter(str.strip, texts), "").lstrip().startswith("["):
        found = _read_array("\n".join(texts), where)
    else:
        found = (_read_line(number, line) for number, line in enumerate(lines, start=1))
    header: dict[str, None] = {}
    numbers, tables, rejected = list[int](), list[pa.Table](), list[Issue]()
    while batch := list(islice(found, BATCH)):
        rejected += [line for line in batch if isinstance(line, Issue)]
        objects = [line for line in batch if not isinstance(line, Issue)]
        header |= dict.fromkeys(key for _, texts in objects for key in texts)
        if len(header) > KEYS:
            why = f"its objects have more than {KEYS:,} different keys"
            do = "Export a table: the same keys in every object"
            raise SalesForecastError.unreadable_file(where, why, do)
        filled = [(at, texts) for at, texts in objects if any(map(str.strip, texts.values()))]
        numbers += [number for number, _ in filled]
        keys = dict.fromkeys(key for _, texts in filled for key in texts)
        columns = {key: [texts.get(key, "") for _, texts in filled] for key in keys}
        tables.append(pa.table({key: pa.array(each, pa.string()) for key, each in columns.items()}))
    if not header:
        why = rejected[0].reason if rejected else "it holds no object"
        raise SalesForecastError.unreadable_file(
            where, f"no line of it is a JSON object ({why})", "Export one object a line"
        )
    names = list(header)
    _, ours = require_header([names], source, where)
    cells = stack([pa.table({name: pa.array([], pa.string()) for name in names}), *tables])
    grid = Grid(names, np.array(numbers, dtype=np.int64), cells, rejected, encoding)
    return set_aside_control(grid, ours)


def decode(content: bytes, source: Source, where: str) -> tuple[str, list[str | bytes]]:
    """Encoding and lines; in a file that is mostly UTF-8 the others stay bytes."""
    if lines := split_mostly_utf8(content):
        return "utf-8", lines
    encoding, text = decode_whole(content, ["utf-8", source.encoding], where, "it is")
    return encoding, [line.removesuffix("\r") for line in text.split("\n")]


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
        is_object = isinstance(value, dict) and value
        parts = flatten(value, f"{name}.") if is_object else {name: _write(value)}
        if twice := parts.keys() & texts.keys():
            raise ValueError(f"it has the key '{min(twice)}' more than once")
        texts |= parts
    return texts


def _write(value: Any) -> str:
    match value:
        case str():
            return str(value)
        case None:
            return ""
        case bool():
            return str(value).upper()
    return _dump(value)


def _dump(value: Any) -> str:
    """JSON text, numbers as they stood."""
    match value:
        case Number():
            return str(value)
        case list():
            return f"[{', '.join(map(_dump, value))}]"
        case dict():
            items = (f"{_dump(key)}: {_dump(item)}" for key, item in value.items())
            return "{" + ", ".join(items) + "}"
    return json.dumps(value, ensure_ascii=False)


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = Repeated(pairs)
    if len(found) == len(pairs):
        return dict(found)
    found.key = Counter(key for key, _ in pairs).most_common(1)[0][0]
    return found


DECODER = json.JSONDecoder(
    object_pairs_hook=_build_object, parse_float=Number, parse_int=Number, parse_constant=Number
)


def _read_line(number: int, line: str | bytes) -> Line:
    if isinstance(line, bytes):
        shown = line[:CONTENT].decode("utf-8", "backslashreplace")
        why = "it is not UTF-8, as the rest of the file is"
        return reject(number, "other_encoding", why, shown)
    if not line.strip():
        return number, {}
    try:
        found = DECODER.decode(line)
        if not isinstance(found, dict):
            raise ValueError("it is JSON, but no object")
        return number, flatten(found)
    except (ValueError, RecursionError) as error:
        return reject(number, "misfit", _explain(error), line[:CONTENT])


def _read_array(text: str, where: str) -> Iterator[Line]:
    """Elements of the array, numbered from 1.

    Raises `SalesForecastError` where it is damaged or cut: what comes after cannot be counted.
    """
    at, number, why = text.index("[") + 1, 0, ""
    while (at := _skip(text, at)) < len(text) and text[at] != "]":
        number, begin = number + 1, at
        try:
            _, end = DECODER.raw_decode(text, at)
            at = _skip(text, end)
            if text[at : at + 1] not in (",", "]"):
                raise json.JSONDecodeError("Expecting ',' or ']'", text, at)
        except (ValueError, RecursionError) as error:
            why = f"element {number} of its array cannot be read ({_explain(error)}) (cut_short)"
            break
        yield _read_line(number, text[begin:end])
        at += text[at] == ","
    if why or at >= len(text):
        why = why or f"its array has no end after {number} elements (cut_short)"
        do = "Export it again, completely, or as one object a line"
        raise SalesForecastError.unreadable_file(where, why, do)


def _skip(text: str, at: int) -> int:
    """The next place that is no space."""
    found = SPACE.match(text, at)
    return found.end() if found else at


def _explain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON object ({error.msg} at place {error.colno})"
    return str(error)
