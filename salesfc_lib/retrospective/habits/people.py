"""What people's overrides did to the forecast over the year, number by number and by author.

What was published is judged here; what the author asked for is what the tests of habits judge.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.foundation import SEASON, tables
from salesfc_lib.retrospective.compare import window
from salesfc_lib.retrospective.habits.conduct import Conduct
from salesfc_lib.retrospective.habits.counting import sign_p

LEANS = {"sandbagging": "low", "overstating": "high"}  # test of a habit: the lean that it shows
COLUMNS = [
    *("author", "unique_id", "ds", "made_in", "without", "final", "actual"),
    *("change", "error_without", "error_with", "gain", "helped"),
]


def judge_overrides(conduct: Conduct) -> pd.DataFrame:
    """People's changes of the last twelve months that can be judged, each with what it did.

    One row per (author, unique_id, ds), as it stood last before its month began; refused ones, ones
    that changed nothing, and months without actual are left out. final is what was published;
    change is the author's own part of it (asked - old, summed over the author's corrections of that
    number); without = final - change, what would have been published otherwise. error_* are
    absolute errors against actual; gain = error_without - error_with (above zero: it helped);
    helped is gain > 0.
    """
    rows = window(conduct.changes, conduct.month, SEASON)
    without = rows["final"] - rows["change"]
    before, after = (without - rows["actual"]).abs(), (rows["final"] - rows["actual"]).abs()
    rows = rows.assign(without=without, error_without=before, error_with=after, gain=before - after)
    rows = rows.assign(helped=rows["gain"] > 0)
    return rows[COLUMNS].sort_values(["author", "ds", "unique_id"], ignore_index=True)


def describe_people(conduct: Conduct, habits: pd.DataFrame) -> pd.DataFrame:
    """What each author's changes did over the last twelve months, and which way they lean.

    Table `people`, counts over `judge_overrides`; gains are summed absolute error saved (below
    zero: it hurt); bias_* = (forecast - actual) / actual of the changed series with and without the
    changes. months_raised and months_lowered count months by the sign of the author's net change,
    months_too_low and months_too_high by the sign of what was left after it; p_direction and
    p_outcome are sign tests of the more frequent direction and of an outcome on the other side.
    leans is 'low' or 'high' where table `habits` flags the author for it, else ''.
    """
    flagged = habits[habits["flagged"] & (habits["kind"] == "author") & habits["test"].isin(LEANS)]
    leans = dict(zip(flagged["name"], flagged["test"].map(LEANS), strict=True))
    authors = judge_overrides(conduct).groupby("author", dropna=False)
    rows = [
        {"author": name, "leans": leans.get(name, ""), **_count(group)} for name, group in authors
    ]
    return tables.build(rows, "people")


def _count(rows: pd.DataFrame) -> dict[str, object]:
    """Counts and gains of an author's changes, and months by direction and outcome."""
    raised, lowered = rows[rows["change"] > 0], rows[rows["change"] < 0]
    bias_without, bias_with = (_bias(rows[name], rows["actual"]) for name in ("without", "final"))
    left = rows["final"] - rows["actual"]
    monthly = rows.assign(left=left).groupby("ds")[["change", "left"]].sum()
    up, down = int((monthly["change"] > 0).sum()), int((monthly["change"] < 0).sum())
    high, low = int((monthly["left"] > 0).sum()), int((monthly["left"] < 0).sum())
    side = -1.0 if down > up else 1.0
    p_direction = sign_p(max(up, down), up + down)
    p_outcome = sign_p(low if side < 0 else high, low + high)
    return {
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
        **{name: rows[name].sum() for name in ("error_without", "error_with", "gain")},
        "bias_without": bias_without,
        "bias_with": bias_with,
        "months": len(monthly),
        "months_raised": up,
        "months_lowered": down,
        "months_too_low": low,
        "months_too_high": high,
        "p_direction": p_direction,
        "p_outcome": p_outcome,
    }


def _bias(forecast: pd.Series, actual: pd.Series) -> float:
    total = actual.sum()
    return float((forecast.sum() - total) / total) if total else float(np.nan)
