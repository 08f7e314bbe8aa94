"""Rows that a person keeps from a rule (`cleaning.keep`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_english, say, schema
from salesfc_lib.intake import Issue

AFTER_MONTH = "after_month"  # the rule that closes a month: the calendar's, without exceptions
RULE = "keep"


def find_excepted(
    lines: pd.DataFrame,
    at: np.ndarray,
    rule: str,
    *,
    takes: bool,
    exceptions: Sequence[schema.KeptRow],
) -> tuple[np.ndarray, list[Issue]]:
    """Which of the lines at `at` are exceptions from the rule (n_at,), and an issue for each.

    Raises `SalesForecastError` for a row that the rule `takes` and that nobody could read.
    """
    kept = {(item.source, item.row): item for item in exceptions if item.rule == rule}
    excepted = np.zeros(len(at), dtype=bool)
    if not kept or rule == AFTER_MONTH:
        return excepted, []
    near = np.flatnonzero(np.isin(lines["row"].to_numpy()[at], [row for _, row in kept]))
    issues = []
    for place, line in zip(near, lines.iloc[at[near]].itertuples(), strict=True):
        item = kept.get((str(line.source), int(line.row)))
        if item is None:
            continue
        blank = "its date is blank" if pd.isna(line.date) else ""
        if takes and (why := line.problem if isinstance(line.problem, str) else blank):
            raise SalesForecastError.of(
                f"`cleaning.keep` keeps row {item.row} of '{item.source}' from the rule "
                f"'{item.rule}', but {in_english(why)}",
                "A row with a date, and with figures that can be read",
                "Correct the export, or take the entry out",
            )
        excepted[place] = True
        issues.append(_report(item, 1, "reason.keep"))
    return excepted, issues


def list_unused(exceptions: Sequence[schema.KeptRow], issues: Sequence[Issue]) -> list[Issue]:
    """An issue for each exception that no rule would have touched."""
    used = {(issue.source, issue.column) for issue in issues if issue.rule == RULE}
    found = [_report(item, 0, "reason.keep.unused") for item in exceptions]
    return [issue for issue in found if (issue.source, issue.column) not in used]


def _report(item: schema.KeptRow, rows: int, key: str) -> Issue:
    why = f"{item.reason} ({item.author})" if item.author else item.reason
    reason, column = say(key, rule=item.rule, why=why), f"{item.rule}, row {item.row}"
    return Issue(RULE, reason, item.row, rows, source=item.source, column=column)
