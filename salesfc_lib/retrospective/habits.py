"""What people's changes did, and who leans which way.

Adjustments of the archived months and actuals enter; one row per change and one per author leave. The decisions
made here: a number that was changed again before its month counts once, as it stood last; changes of one month
share that month's luck, so evidence for a habit is counted in months, never in series; and nobody is said to lean
unless direction, outcome and size agree, because a wrong accusation costs more than a late one.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from salesfc_lib.retrospective.compare import window
from salesfc_lib.retrospective.shape import shape

MIN_MONTHS = 7  # fewer months cannot reach DIRECTION
DIRECTION = (
    0.01  # one-sided significance of "nearly always changed this way": 7 of 7, 11 of 12 months
)
OUTCOME = 0.02  # of "the actual nearly always came in on the other side": 7 of 7, 10 of 12 months
OWN_SHARE = 0.5  # share of the lean that must come from the changes themselves

CHANGE = [
    "author",
    "unique_id",
    "ds",
    "made_in",
    "without",
    "final",
    "actual",
    "change",
    "error_without",
    "error_with",
    "gain",
    "helped",
]


def changes(
    adjustments: pd.DataFrame, actual: pd.DataFrame, *, month: pd.Timestamp | str, months: int = 12
) -> pd.DataFrame:
    """People's changes of the last `months` months that can be judged, each with what it did.

    One row per (author, unique_id, ds), as it stood last before its month began; refused ones, ones that changed
    nothing, and months without actual are left out. final is what was published; change is the author's own part of it
    (asked - old, summed over the author's corrections of that number); without = final - change, what would have been published
    otherwise. error_* are absolute errors against actual; gain = error_without - error_with (above zero: it
    helped); helped is gain > 0.
    """
    applied = adjustments[
        (adjustments["state"] == "applied") & (adjustments["made_in"] < adjustments["ds"])
    ]
    number = ["author", "unique_id", "ds", "made_in"]
    own = window(applied, month, months).assign(change=lambda rows: rows["asked"] - rows["old"])
    own = (
        own.groupby(number, dropna=False)
        .agg(change=("change", "sum"), final=("final", "last"))
        .reset_index()
    )
    last = own.sort_values("made_in").drop_duplicates(["author", "unique_id", "ds"], keep="last")
    rows = last.merge(actual[["unique_id", "ds", "y_raw"]].dropna(), on=["unique_id", "ds"]).rename(
        columns={"y_raw": "actual"}
    )
    rows = rows.assign(without=rows["final"] - rows["change"])
    rows = rows.assign(
        error_without=(rows["without"] - rows["actual"]).abs(),
        error_with=(rows["final"] - rows["actual"]).abs(),
    )
    rows = rows.assign(gain=rows["error_without"] - rows["error_with"])
    rows = rows.assign(helped=rows["gain"] > 0)
    return rows.loc[rows["change"] != 0, CHANGE].sort_values(
        ["author", "ds", "unique_id"], ignore_index=True
    )


def people(
    adjustments: pd.DataFrame,
    actual: pd.DataFrame,
    *,
    month: pd.Timestamp | str,
    months: int = 12,
    bias_limit: float = 0.05,
) -> pd.DataFrame:
    """What each author's changes did over the last `months` months, and whether the author leans.

    Table `people`, counts over `changes`; gains are summed absolute error saved (below zero: it hurt); bias_* =
    (forecast - actual) / actual of the changed series with and without the changes. months_raised and
    months_lowered count months by the sign of the author's net change, months_too_low and months_too_high by the
    sign of what was left after it. leans is 'low' or 'high' where all of these hold, else '':

    - at least `MIN_MONTHS` months;
    - the author nearly always changed in that direction, and the actual nearly always came in on the other side:
      sign tests p_direction and p_outcome, at most `DIRECTION` and `OUTCOME`;
    - the bias with the changes is beyond `bias_limit`, and at least `OWN_SHARE` of it is the changes' own doing, so
      a planner who only follows a biased model is not blamed for it.
    """
    rows = changes(adjustments, actual, month=month, months=months)
    table = [
        _of_author(name, group, bias_limit) for name, group in rows.groupby("author", dropna=False)
    ]
    return shape(table, "people")


def sign_p(hits: int, trials: int) -> float:
    """Probability of at least `hits` of `trials` when both signs are equally likely.

    >>> sign_p(6, 6)
    0.015625
    """
    return sum(math.comb(trials, k) for k in range(hits, trials + 1)) / 2**trials


def _of_author(name: object, rows: pd.DataFrame, bias_limit: float) -> dict[str, object]:
    raised, lowered = rows[rows["change"] > 0], rows[rows["change"] < 0]
    counts = {
        "author": name,
        "changes": len(rows),
        "raised": len(raised),
        "lowered": len(lowered),
        "helped": int(rows["helped"].sum()),
        "hurt": int((rows["gain"] < 0).sum()),
        "share_helped": rows["helped"].mean(),
        "raised_helped": int(raised["helped"].sum()),
        "lowered_helped": int(lowered["helped"].sum()),
        "raised_gain": raised["gain"].sum(),
        "lowered_gain": lowered["gain"].sum(),
        "error_without": rows["error_without"].sum(),
        "error_with": rows["error_with"].sum(),
        "gain": rows["gain"].sum(),
        "bias_without": _bias(rows["without"], rows["actual"]),
        "bias_with": _bias(rows["final"], rows["actual"]),
    }
    return counts | _lean(
        rows, float(counts["bias_without"]), float(counts["bias_with"]), bias_limit
    )


def _lean(
    rows: pd.DataFrame, bias_without: float, bias_with: float, bias_limit: float
) -> dict[str, object]:
    """Months by direction and outcome, their sign tests, and the verdict."""
    monthly = (
        rows.assign(left=rows["final"] - rows["actual"]).groupby("ds")[["change", "left"]].sum()
    )
    raised, lowered = int((monthly["change"] > 0).sum()), int((monthly["change"] < 0).sum())
    high, low = int((monthly["left"] > 0).sum()), int((monthly["left"] < 0).sum())
    side = -1.0 if lowered > raised else 1.0
    p_direction = sign_p(max(raised, lowered), raised + lowered)
    p_outcome = sign_p(low if side < 0 else high, low + high)
    own = bias_with - bias_without
    leans = (
        len(monthly) >= MIN_MONTHS
        and p_direction <= DIRECTION
        and p_outcome <= OUTCOME
        and side * bias_with > bias_limit
        and side * own >= OWN_SHARE * abs(bias_with)
        and rows["author"].notna().all()
    )
    return {
        "months": len(monthly),
        "months_raised": raised,
        "months_lowered": lowered,
        "months_too_low": low,
        "months_too_high": high,
        "p_direction": p_direction,
        "p_outcome": p_outcome,
        "leans": ("low" if side < 0 else "high") if leans else "",
    }


def _bias(forecast: pd.Series, actual: pd.Series) -> float:
    total = actual.sum()
    return float((forecast.sum() - total) / total) if total else float(np.nan)
