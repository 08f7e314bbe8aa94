"""Causes that people write by hand, `causes/<unit>.csv`, and the codes of all causes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.reconciliation import hand_written

# causes that tables of a unit can show, and those that only people know
OF_TABLES = (
    *("change_by_people", "declared_effect", "lost_account", "ended_series", "new_series"),
    *("returns", "late_posting", "large_order", "unusual_month", "stockout"),
    *("promotion_changed", "promotion_ran", "trend"),
)
OF_PEOPLE = ("competitor", "price", "tender", "weather", "supply", "data_error", "other")
CODES = (*OF_TABLES, *OF_PEOPLE)

NEEDED = ("month", "unique_id", "cause", "remark", "author")
TYPES = {"ds": "datetime64[ns]", "amount": "float64"}
COLUMNS = ["ds", "unique_id", "verb", "cause", "amount", "by", "remark", "source"]


def read_cause_lines(project: Path, unit: str) -> pd.DataFrame:
    """Lines of `causes/<unit>.csv`, a row a cause of a series and month; none without the file.

    Their verb is empty: whether they confirm or correct, the page's proposals tell.

    Raises `SalesForecastError` naming file and lines: a missing column, a month or amount that
    cannot be read, a cause that is no code, a blank cell, a repeated key.
    """
    name = f"causes/{unit}.csv"
    rows: list[dict[str, Any]] = []
    errors: list[SalesForecastError] = []
    first: dict[tuple[Any, ...], str] = {}  # line of each key
    for line in hand_written.read_lines(project, name, lambda heads: _check_heads(heads, name)):
        row = _read_line(line)
        key = row["ds"], row["unique_id"], row["cause"]
        if not line.errors and (earlier := first.setdefault(key, line.where)) != line.where:
            wrong = f"{line.where} repeats month, series and cause of {earlier}"
            once = "Each cause of a series and month must stand once"
            line.errors.append(SalesForecastError.of(wrong, once, "Remove one of the lines"))
        rows.append(row)
        errors += line.errors
    hand_written.raise_all(errors, name, "causes")
    return build_answers(rows)


def build_answers(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of answers with their columns and types."""
    return pd.DataFrame([*rows], columns=COLUMNS).astype(TYPES)


def _check_heads(heads: list[str], name: str) -> list[str]:
    missing = [column for column in NEEDED if column not in heads]
    if missing:
        raise SalesForecastError.of(
            f"{name} line 1 lacks the column {shorten(missing)}",
            f"{', '.join(NEEDED)}, and `amount` where it is known; found: {shorten(heads, 12)}",
            "Add it to the first line",
        )
    return heads


def _read_line(line: hand_written.Line) -> dict[str, Any]:
    """Row of answers; what cannot be used is added to the errors of the line."""
    cells = line.cells
    for column in ("unique_id", "remark", "author"):
        if not cells[column]:
            line.refuse(column, "What it is about, why, and who says so", "Fill it in")
    if cells["cause"] not in CODES:
        line.refuse("cause", f"One of {shorten(CODES, len(CODES))}", "Correct the code")
    return {
        "ds": line.read("month", hand_written.MONTH),
        "unique_id": cells["unique_id"],
        "verb": "",
        "cause": cells["cause"],
        "amount": line.read_if_any("amount", hand_written.NUMBER, math.nan),
        "by": cells["author"],
        "remark": cells["remark"],
        "source": line.where,
    }
