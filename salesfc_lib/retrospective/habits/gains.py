"""Whether a gain that is claimed is more than luck: of people's changes, and of each step.

Forecast value added (Gilliland 2010, The Business Forecasting Deal) is a difference of errors on
the same rows. Many changes by people add none (Fildes, Goodwin, Lawrence and Nikolopoulos 2009,
https://doi.org/10.1016/j.ijforecast.2008.11.010), so it has to come back month after month.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.retrospective.habits.conduct import WINDOW, Conduct
from salesfc_lib.retrospective.habits.finding import Finding, add_up
from salesfc_lib.retrospective.members import bottom_series
from salesfc_lib.retrospective.value_added import score_steps

SUMS = ["gain", "error_start"]


def peoples_gain(conduct: Conduct) -> Finding:
    """Changes of an author, or of a segment's authors together, bring the number nearer to sales.

    Part: months in which they take more error away than they add.
    """
    return _worth(*add_up(conduct.subjects, SUMS))


def stages_gain(conduct: Conduct) -> Finding:
    """A stage is nearer to sales than the stage before, one month ahead, over the bottom series.

    Part: months in which it is. Where a stage left everything as it was, a month says nothing.
    """
    rows = score_steps(conduct, month=conduct.month, months=WINDOW).dropna(subset="before")
    rows = rows.merge(bottom_series(conduct.series)[["unique_id", "level"]])
    gain = rows["numerator_before"] - rows["numerator"]
    rows = rows.assign(kind="stage", name=rows["stage"], gain=gain)
    rows = rows.rename(columns={"numerator_before": "error_start"})
    return _worth(*add_up(rows, SUMS, of="denominator"))


def _worth(months: pd.DataFrame, whole: pd.DataFrame) -> Finding:
    share = whole["gain"] / whole["error_start"].where(whole["error_start"] > 0)
    return Finding(months[["gain"]], share > 0, share.to_frame("share"))
