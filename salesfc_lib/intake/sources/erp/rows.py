"""Objects of an answer as rows of text: objects within become dotted names, lists become rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

ODATA_DATE = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")


def flatten(found: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """One row of texts, or one for each object of the list of objects that it holds.

    >>> list(flatten({"no": 1, "lines": [{"q": "2.50"}, {"q": None}], "by": {"name": "Li"}}))
    [{'no': '1', 'by.name': 'Li', 'lines.q': '2.50'}, {'no': '1', 'by.name': 'Li', 'lines.q': ''}]
    """
    lists = {name: value for name, value in found.items() if _has_objects(value)}
    own = _texts({name: value for name, value in found.items() if name not in lists})
    if not lists:
        yield own
    for name, objects in lists.items():
        for each in objects:
            yield {**own, **_texts(each, f"{name}.")}


def _has_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _texts(found: Mapping[str, Any], before: str = "") -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            texts |= _texts(value, f"{before}{name}.")
        else:
            texts[before + name] = text_of(value)
    return texts


def text_of(value: Any) -> str:
    """A value as text; a date of OData V2 as ISO in UTC.

    >>> text_of("/Date(1509494400000)/"), text_of(True), text_of(None)
    ('2017-11-01', 'TRUE', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and (match := ODATA_DATE.fullmatch(value)):
        moment = datetime.fromtimestamp(int(match[1]) / 1000, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if match[2] else "%Y-%m-%d")
    return str(value)
