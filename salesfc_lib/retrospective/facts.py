"""Facts of a table's row as JSON text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd


def write_facts(**values: Any) -> str:
    """JSON text of the values, keys sorted; months are 'YYYY-MM', what is not known is null.

    >>> write_facts(account="华东百货", last=pd.Timestamp("2026-04-01"), rate=float("nan"))
    '{"account": "华东百货", "last": "2026-04", "rate": null}'
    """
    return json.dumps(_plain(values), ensure_ascii=False, sort_keys=True, allow_nan=False)


def read_facts(text: str) -> dict[str, Any]:
    """The values that `write_facts` wrote."""
    facts: dict[str, Any] = json.loads(text)
    return facts


def _plain(value: Any) -> Any:
    """JSON types: Timestamps as text, numpy scalars and Decimals as numbers."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m" if value.day == 1 else "%Y-%m-%d")
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(entry) for entry in value]
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, str | bool | int):
        return value
    number = float(value) if isinstance(value, Decimal | float) else math.nan
    return number if math.isfinite(number) else None
