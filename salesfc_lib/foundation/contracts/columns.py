"""How a table contract is written down.

Columns are one text, `name type, name type, …`, in their order. A type is `text`, `number`,
`count` (whole), `flag`, `day`, `month` (first day of a month), `moment` (in UTC), `share` (number
from 0 to 1), `any`, or `a|b|c`: text that is one of these (`any:a|b|c` where it may be a category).
A `?` behind the type lets values be missing.
"""

from __future__ import annotations

from typing import Any

import pandera.pandas as pa

_DTYPES = {
    "text": object,
    "number": "float64",
    "count": "int64",
    "flag": bool,
    "day": "datetime64[ns]",
    "month": "datetime64[ns]",
    "moment": "datetime64[ns, UTC]",
    "any": None,
}
_FIRST_DAY = pa.Check(lambda ds: ds.dropna().dt.day.eq(1).all(), error="first day of a month")


def table(columns: str, *, key: str = "", more: bool = False) -> pa.DataFrameSchema:
    """Contract of a table with these columns, in which each key stands once.

    `key` names columns, separated by spaces; `more` lets the table have further columns.

    >>> columns = table("ds month, kind a|b, n number?", key="ds").columns
    >>> [(name, str(column.dtype), column.nullable) for name, column in columns.items()]
    [('ds', 'datetime64[ns]', False), ('kind', 'object', False), ('n', 'float64', True)]
    """
    found = dict(_column(*entry.split()) for entry in columns.split(","))
    names = key.split()
    return pa.DataFrameSchema(found, unique=names, strict=not more)


def _column(name: str, kind: str) -> tuple[str, pa.Column]:
    plain, nullable = kind.rstrip("?"), kind.endswith("?")
    checks: Any = None
    if plain == "month":
        checks = _FIRST_DAY
    elif plain == "share":
        plain, checks = "number", pa.Check.in_range(0, 1)
    elif "|" in plain:
        dtype, _, members = plain.rpartition(":")
        plain, checks = dtype or "text", pa.Check.isin(members.split("|"))
    return name, pa.Column(_DTYPES[plain], checks, nullable=nullable)
