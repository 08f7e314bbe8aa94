"""What a test found: signs by subject and month, whether their size matters, facts for words."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from salesfc_lib.retrospective.habits.conduct import SUBJECT
from salesfc_lib.retrospective.habits.counting import EVEN


@dataclass(frozen=True)
class Finding:
    """Months of each subject that speak for a claim or against it.

    signs: rows (kind, name, ds), a column for each part of the claim, for which a month above zero
    speaks and against which one below zero does (zero or null: neither). material: by subject,
    whether what the months add up to is large enough to matter. facts: by subject, numbers for
    words. chance: share of months that may speak for it without anything being wrong.
    """

    signs: pd.DataFrame
    material: pd.Series
    facts: pd.DataFrame
    chance: float = EVEN


def add_up(
    rows: pd.DataFrame, columns: list[str], *, of: str = "start"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sums of the columns by subject and month `ds`, as shares of the month's column `of`, and sums
    by subject.

    Shares, because a season of sales makes months alike that have nothing else in common.
    """
    rows = rows.assign(size=rows[of].abs())
    months = rows.groupby([*SUBJECT, "ds"])[["size", *columns]].sum()
    shares = months[columns].div(months["size"].where(months["size"] > 0, 1.0), axis=0)
    return shares, months[columns].groupby(SUBJECT).sum()
