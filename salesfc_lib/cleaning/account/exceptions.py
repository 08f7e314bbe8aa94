"""Single rows that a rule leaves alone, because a person knows better and says why.

What a rule found and the entries of `cleaning.keep` enter; which of the lines are spared leaves, with what the notebook says
about it. The decision made here: a row whose day or figures nobody could read is not kept: there would be nothing to keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Keep

AFTER_MONTH = (
    "after_month"  # the rule of the month gate: it is the calendar's, and nobody's to leave out
)
RULE = "keep"


def find_spared(
    lines: pd.DataFrame, at: np.ndarray, rule: str, *, takes: bool, keep: Sequence[Keep]
) -> tuple[np.ndarray, list[Mapping[str, Any]]]:
    """Which of the lines at `at` the rule leaves alone (n_at,), and rows of table problems that say so.

    Raises `SalesForecastError` for a row that the rule `takes` and that nobody could read.
    """
    kept = {(item.source, item.row): item for item in keep if item.rule == rule}
    spared = np.zeros(len(at), dtype=bool)
    if not kept or rule == AFTER_MONTH:
        return spared, []
    near = np.flatnonzero(np.isin(lines["row"].to_numpy()[at], [row for _, row in kept]))
    told = []
    for place, line in zip(near, lines.iloc[at[near]].itertuples(), strict=True):
        item = kept.get((str(line.source), int(line.row)))
        if item is None:
            continue
        why = (
            line.problem
            if isinstance(line.problem, str)
            else "its date is blank"
            if pd.isna(line.date)
            else ""
        )
        if takes and why:
            raise _unknown_row(item, why)
        spared[place] = True
        told.append(_tell(item, f"the rule '{rule}' leaves it alone: {_signed(item)}", 1))
    return spared, told


def list_unused(
    keep: Sequence[Keep], problems: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Rows of table problems about the entries that no rule would have touched."""
    used = {
        (problem["source"], problem["column"]) for problem in problems if problem["rule"] == RULE
    }
    said = "does not touch this row: take the entry out"
    told = [_tell(item, f"the rule '{item.rule}' {said} ({_signed(item)})", 0) for item in keep]
    return [problem for problem in told if (problem["source"], problem["column"]) not in used]


def _tell(item: Keep, reason: str, rows: int) -> Mapping[str, Any]:
    where = {
        "source": item.source,
        "rule": RULE,
        "column": f"{item.rule}, row {item.row}",
        "action": "noted",
    }
    return {**where, "rows": rows, "first_row": item.row, "example": "", "reason": reason}


def _signed(item: Keep) -> str:
    return f"{item.reason} ({item.author})" if item.author else item.reason


def _unknown_row(item: Keep, why: str) -> SalesForecastError:
    return SalesForecastError.say(
        f"`cleaning.keep` keeps row {item.row} of '{item.source}' from the rule '{item.rule}', but {why}",
        "A row with a date, and with figures that can be read",
        "Correct the export, or take the entry out",
    )
