"""Which rows were sold on promotion, where the orders themselves say so.

Blank, zero and a word for no are no, and everything else, the name of a campaign too, is yes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.foundation import Parameters, wording
from salesfc_lib.intake import Issue

FLAG = "promotion"  # the orders' column
WESTERN_NO = ("no", "n", "false", "f", "none", "off", "normal", "regular", "nein", "non", "-", "--")
CHINESE_NO = ("否", "无", "非", "不", "正常", "非促销", "无促销")
NO = frozenset((*WESTERN_NO, *CHINESE_NO))


def has_flag(lines: pd.DataFrame, parameters: Parameters) -> bool:
    """Whether the orders have a flag of promotion: a column of that name that is no dimension."""
    return FLAG in lines and FLAG not in parameters.dimensions


def read_flags(texts: pd.Series) -> np.ndarray:
    """Whether each row is flagged (n_rows,); a blank cell is not.

    >>> read_flags(pd.Series(["1", "0.0", "否", None, "618"])).tolist()
    [True, False, False, False, True]
    """
    codes, words = pd.factorize(texts)
    yes = np.array([*(_is_yes(str(word)) for word in words), False])
    return yes[codes]  # a missing one has the code -1


def note_flags(batch: Batch, parameters: Parameters) -> Batch:
    """Batch with an issue for each source with a flag of promotion, which shows its words."""
    lines = batch.lines
    if not has_flag(lines, parameters):
        return batch
    flagged = read_flags(lines[FLAG])
    reason = (
        "read as sold on promotion; a month's share of its days counts, and only a plan says what "
        "comes"
    )
    for source in lines.loc[flagged, "source"].unique():
        mine = lines[flagged & lines["source"].eq(source).to_numpy()]
        words = mine[FLAG].value_counts().loc[lambda counts: counts > 0].index.astype(str)
        first, more = int(mine["row"].min()), {"source": str(source), "column": FLAG}
        more["example"] = wording.listing(list(words[:3]))
        batch = batch.report(Issue("promotion_flag", reason, first, len(mine), **more))
    return batch


def _is_yes(word: str) -> bool:
    text = word.strip().casefold()
    try:
        return float(text) != 0
    except ValueError:
        return bool(text) and text not in NO
