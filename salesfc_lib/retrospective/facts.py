"""Facts of a row as JSON text: what a sentence is later made of.

Plain values, numpy numbers and months enter; one line of JSON leaves, so that a table with facts can stand in
Parquet and be read by anyone. The decision made here: months are written 'YYYY-MM' and what is not known is null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd


def write_facts(**values: Any) -> str:
    """JSON text of the values, keys sorted, every script readable.

    >>> write_facts(account="华东百货", months=np.int64(2), last=pd.Timestamp("2026-04-01"), rate=float("nan"))
    '{"account": "华东百货", "last": "2026-04", "months": 2, "rate": null}'
    """
    return json.dumps(_plain(values), ensure_ascii=False, sort_keys=True, allow_nan=False)


def read_facts(text: str) -> dict[str, Any]:
    """The values that `write_facts` wrote."""
    facts: dict[str, Any] = json.loads(text)
    return facts


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m") if value.day == 1 else value.strftime("%Y-%m-%d")
    if isinstance(value, str | bool | np.bool_) or value is None:
        return bool(value) if isinstance(value, np.bool_) else value
    if isinstance(value, Iterable):
        return [_plain(entry) for entry in value]
    return _number(value)


def _number(value: Any) -> int | float | None:
    if isinstance(value, int | np.integer):
        return int(value)
    if value is pd.NA or value is pd.NaT:
        return None
    number = float(value) if isinstance(value, Decimal | float | np.floating) else math.nan
    return number if math.isfinite(number) else None
