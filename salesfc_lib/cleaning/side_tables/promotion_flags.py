"""Which rows were sold on promotion, where the orders themselves say so.

A column of text enters; yes or no for each row leaves. The decision made here: blank, zero and a word for no are no, and
everything else, the name of a campaign too, is yes; what was read as yes is told, so that a strange word is seen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.account import Account
from salesfc_lib.foundation import Parameters, wording

FLAG = "promotion"  # the orders' column
NO = frozenset(
    ["no", "n", "false", "f", "none", "off", "normal", "regular", "nein", "non", "-", "--", "否", "无", "非", "不", "正常", "非促销", "无促销"]
)  # fmt: skip


def has_flag(lines: pd.DataFrame, parameters: Parameters) -> bool:
    """Whether the orders have a flag of promotion: a column of that name that is no dimension."""
    return FLAG in lines and FLAG not in parameters.dimensions


def read_flags(texts: pd.Series) -> np.ndarray:
    """Whether each row is flagged (n_rows,); a blank cell is not.

    >>> read_flags(pd.Series(["1", "0.0", "否", None, "618"])).tolist()
    [True, False, False, False, True]
    """
    codes, words = pd.factorize(texts)
    return np.array([*(_is_yes(str(word)) for word in words), False])[
        codes
    ]  # a missing one has the code -1


def note_flags(account: Account, parameters: Parameters) -> Account:
    """Account whose problems name what was read as a flag of promotion, for each source that has one."""
    lines = account.lines
    if not has_flag(lines, parameters):
        return account
    flagged = read_flags(lines[FLAG])
    for source in lines.loc[flagged, "source"].unique():
        mine = lines[flagged & lines["source"].eq(source).to_numpy()]
        words = mine[FLAG].value_counts().loc[lambda counts: counts > 0].index.astype(str)
        account = account.see(
            {
                "source": str(source),
                "rule": "promotion_flag",
                "column": FLAG,
                "action": "noted",
                "rows": len(mine),
                "first_row": int(mine["row"].min()),
                "example": wording.listing(list(words[:3])),
                "reason": "read as sold on promotion; a month's share of its days counts, and only a plan says what comes",
            }
        )
    return account


def _is_yes(word: str) -> bool:
    text = word.strip().casefold()
    try:
        return float(text) != 0
    except ValueError:
        return bool(text) and text not in NO
