"""What people's overrides did to the forecast, and which authors override with a bias.

Overrides of one month share that month's luck, so evidence of a bias is counted in months, never in
series. Nobody is called biased unless direction, outcome and size agree, because a wrong accusation
costs more than a late one.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from salesfc_lib.foundation import SEASON, tables
from salesfc_lib.retrospective.compare import window

MIN_MONTHS = 7  # fewer months cannot reach DIRECTION
# one-sided significance of "nearly always changed this way" (7 of 7, 11 of 12 months), and of "the
# actual nearly always came in on the other side" (7 of 7, 10 of 12 months)
DIRECTION, OUTCOME = 0.01, 0.02
OWN_SHARE = 0.5  # share of the bias that must come from the overrides themselves

COLUMNS = [
    *("author", "unique_id", "ds", "made_in", "without", "final", "actual"),
    *("change", "error_without", "error_with", "gain", "helped"),
]


def judge_overrides(
    adjustments: pd.DataFrame, actual: pd.DataFrame, *, month: pd.Timestamp | str
) -> pd.DataFrame:
    """People's changes of the last twelve months that can be judged, each with what it did.

    One row per (author, unique_id, ds), as it stood last before its month began; refused ones, ones
    that changed nothing, and months without actual are left out. final is what was published;
    change is the author's own part of it (asked - old, summed over the author's corrections of that
    number); without = final - change, what would have been published otherwise. error_* are
    absolute errors against actual; gain = error_without - error_with (above zero: it helped);
    helped is gain > 0.
    """
    early = adjustments["made_in"] < adjustments["ds"]
    applied = window(adjustments[(adjustments["state"] == "applied") & early], month, SEASON)
    made = applied.assign(change=applied["asked"] - applied["old"]).groupby(
        ["author", "unique_id", "ds", "made_in"], dropna=False
    )
    own = made.agg(change=("change", "sum"), final=("final", "last")).reset_index()
    last = own.sort_values("made_in").drop_duplicates(["author", "unique_id", "ds"], keep="last")
    known = actual[["unique_id", "ds", "y_raw"]].dropna().rename(columns={"y_raw": "actual"})
    rows = last[last["change"] != 0].merge(known, on=["unique_id", "ds"])
    without = rows["final"] - rows["change"]
    before, after = (without - rows["actual"]).abs(), (rows["final"] - rows["actual"]).abs()
    rows = rows.assign(without=without, error_without=before, error_with=after, gain=before - after)
    rows = rows.assign(helped=rows["gain"] > 0)
    return rows[COLUMNS].sort_values(["author", "ds", "unique_id"], ignore_index=True)


def override_bias(
    adjustments: pd.DataFrame,
    actual: pd.DataFrame,
    *,
    month: pd.Timestamp | str,
    bias_limit: float = 0.05,
) -> pd.DataFrame:
    """What each author's changes did over the last twelve months, and whether they are biased.

    Table `people`, counts over `judge_overrides`; gains are summed absolute error saved (below
    zero: it hurt); bias_* = (forecast - actual) / actual of the changed series with and without the
    changes. months_raised and months_lowered count months by the sign of the author's net change,
    months_too_low and months_too_high by the sign of what was left after it. leans is 'low' or
    'high' where all of these hold, else '':

    - at least `MIN_MONTHS` months;
    - the author nearly always changed in that direction, and the actual nearly always came in on
      the other side: sign tests p_direction and p_outcome, at most `DIRECTION` and `OUTCOME`;
    - the bias with the changes is beyond `bias_limit`, and at least `OWN_SHARE` of it is the
      changes' own doing, so a planner who only follows a biased model is not blamed for it.
    """
    rows = judge_overrides(adjustments, actual, month=month)
    authors = rows.groupby("author", dropna=False)
    table = [{"author": name, **_judge_author(group, bias_limit)} for name, group in authors]
    return tables.build(table, "people")


def sign_p(hits: int, trials: int) -> float:
    """Probability of at least `hits` of `trials` when both signs are equally likely.

    >>> sign_p(6, 6)
    0.015625
    """
    return sum(math.comb(trials, k) for k in range(hits, trials + 1)) / 2**trials


def _judge_author(rows: pd.DataFrame, bias_limit: float) -> dict[str, object]:
    """Counts and gains of an author's changes, months by direction and outcome, and which way the
    author leans.
    """
    raised, lowered = rows[rows["change"] > 0], rows[rows["change"] < 0]
    bias_without, bias_with = (_bias(rows[name], rows["actual"]) for name in ("without", "final"))
    left = rows["final"] - rows["actual"]
    monthly = rows.assign(left=left).groupby("ds")[["change", "left"]].sum()
    up, down = int((monthly["change"] > 0).sum()), int((monthly["change"] < 0).sum())
    high, low = int((monthly["left"] > 0).sum()), int((monthly["left"] < 0).sum())
    side = -1.0 if down > up else 1.0
    p_direction = sign_p(max(up, down), up + down)
    p_outcome = sign_p(low if side < 0 else high, low + high)
    leans = (
        len(monthly) >= MIN_MONTHS
        and p_direction <= DIRECTION
        and p_outcome <= OUTCOME
        and side * bias_with > bias_limit
        and side * (bias_with - bias_without) >= OWN_SHARE * abs(bias_with)
        and rows["author"].notna().all()
    )
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
        "leans": ("low" if side < 0 else "high") if leans else "",
    }


def _bias(forecast: pd.Series, actual: pd.Series) -> float:
    total = actual.sum()
    return float((forecast.sum() - total) / total) if total else float(np.nan)
