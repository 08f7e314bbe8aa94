"""Changes whose size says more than their direction: too wide, too even, always the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.retrospective.habits.conduct import CELL, SUBJECT, Conduct
from salesfc_lib.retrospective.habits.finding import Finding, add_up

BOTH_WAYS = 0.25  # share of months that must go either way
TOO_WIDE = 1.25  # changes over what there was to change, summed
FLAT = 0.7  # distances from the usual that are left, as a share of those before and of the actuals'
SAME = 1e-3  # of a number, or in a change as a share of it: what rounding leaves


def hedging(conduct: Conduct) -> Finding:
    """Changes go both ways and are larger than all that there was to change.

    A forecast that uses what is known varies less than what it forecasts, and so does a change
    (variance bounds: Shiller 1981, https://www.jstor.org/stable/1802789). Part: months in which the
    changes together are larger than the differences between the numbers before them and what was
    sold. Asked only of those of whose months at least `BOTH_WAYS` go either way. It matters where
    the changes are `TOO_WIDE` times as large over all months. People give no ranges here, so that
    only changes can be too wide.
    """
    rows = conduct.by_author
    wide = rows["change"].abs()
    rows = rows.assign(wide=wide, wider=wide - rows["error_start"])
    months, whole = add_up(rows, ["change", "wider", "wide", "error_start"])
    raised = (months["change"] > 0).groupby(SUBJECT).transform("mean")
    both = months[raised.between(BOTH_WAYS, 1.0 - BOTH_WAYS)]
    width = whole["wide"] / whole["error_start"].where(whole["error_start"] > 0)
    return Finding(both[["wider"]], width >= TOO_WIDE, width.to_frame("width"))


def smoothing(conduct: Conduct) -> Finding:
    """Changes bring the number to its usual level, and make it worse.

    A forecast that is meant to surprise nobody is flatter than sales and than what the models say.
    Usual: the mean of a series' numbers over the months judged. Parts: months in which the changes
    together go to the usual level; months in which they add to the error, since a planner who takes
    out a model's noise flattens with reason. It matters where the numbers asked for keep at most
    `FLAT` of the distances from their usual level that both the numbers before and sales have.
    """
    rows = conduct.by_author
    series = rows.groupby([*SUBJECT, "unique_id"])
    usual = {name: series[name].transform("mean") for name in ("start", "asked", "actual")}
    apart = {f"apart_{name}": (rows[name] - mean).abs() for name, mean in usual.items()}
    to_usual = rows["change"] * np.sign(usual["start"] - rows["start"])
    rows = rows.assign(to_usual=to_usual, worse=-rows["gain"], **apart)
    months, whole = add_up(rows, ["to_usual", "worse", *apart])
    least = whole[["apart_start", "apart_actual"]].min(axis=1)
    kept = whole["apart_asked"] / least.where(least > 0)
    return Finding(months[["to_usual", "worse"]], kept <= FLAT, kept.to_frame("kept"))


def copy_forward(conduct: Conduct) -> Finding:
    """The number, or the percent, of the month before is asked for again.

    Compared is a series' change with the same author's of the month before, as many months ahead.
    Part: months in which more than half of what can be compared is the same again. Half of the
    months may be, as round percents repeat. It matters where the repeated changes brought no gain:
    ten percent taken off every month is right where the model is ten percent too high.
    """
    made = conduct.made.dropna(subset="author")
    made = made.assign(percent=made["change"] / made["start"].where(made["start"] != 0))
    before = made.assign(ds=made["ds"] + pd.DateOffset(months=1))
    key = ["author", *CELL, "h"]
    rows = made.merge(before[[*key, "asked", "percent"]], on=key, suffixes=("", "_before"))
    number = (rows["asked"] - rows["asked_before"]).abs() <= SAME * rows["asked"].abs()
    again = number | ((rows["percent"] - rows["percent_before"]).abs() <= SAME)
    rows = rows.assign(kind="author", name=rows["author"], again=np.where(again, 1.0, -1.0))
    months, _ = add_up(rows.assign(ds=rows["made_in"], one=1.0), ["again"], of="one")
    key = ["author", *CELL, "made_in"]
    copied = rows[again].merge(conduct.changes[[*key, "gain"]], on=key)
    gain = copied.groupby(SUBJECT)["gain"].sum()
    return Finding(months[["again"]], gain <= 0, gain.to_frame())
