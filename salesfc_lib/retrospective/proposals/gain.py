"""What a proposal is worth: two sets of forecasts of the same rows, held against what was sold.

The months in which a proposal was found flatter it, so it is judged on others wherever there are
enough of them. A month is one observation, however many series there are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.foundation import say
from salesfc_lib.retrospective.compare import ROW
from salesfc_lib.retrospective.proposals.observed import MIN_MONTHS, SIGNIFICANT

AHEAD = 3  # months ahead that are compared: a backtest every three months has each month once
RESAMPLES = 4_999  # of the signs of months; all of them where there are fewer
LEAST = 0.001  # of sales: a tenth of a point is not worth anybody's time
OTHER, SAME, CROSSED = "earlier", "same", "crossed"  # months judged, beside those it was found in


def compare(
    now: pd.DataFrame, proposed: pd.DataFrame, actual: pd.DataFrame, *, since: pd.Timestamp | None
) -> dict[str, Any]:
    """The gain of `proposed` over `now`: forecast rows of the same ids, cutoffs and months.

    Judged on months before `since`, the first of those in which the proposal was found, or on the
    latter where fewer than six are earlier; None: it was found in all of them.
    """
    both = now.merge(proposed[[*ROW, "y_hat"]], on=ROW, suffixes=("", "_proposed"))
    both = both[both["h"] <= AHEAD].merge(actual[["unique_id", "ds", "y_raw"]].dropna())
    is_earlier = both["ds"] < (since or both["ds"].min())
    enough = both.loc[is_earlier, "ds"].nunique() >= MIN_MONTHS
    rows = both[is_earlier] if enough else both[~is_earlier]
    return judge(rows, months=OTHER if enough else SAME)


def judge(rows: pd.DataFrame, *, months: str) -> dict[str, Any]:
    """Measures of table `proposals` from y_hat, y_hat_proposed and y_raw by row.

    gain = WAPE now - WAPE proposed, pooled; p: chance of such a gain if each month's had either
    sign alike (a permutation test, one-sided), noise: what chance stays below in 19 of 20 cases.
    """
    from scipy import stats

    errors = [(rows[name] - rows["y_raw"]).abs() for name in ("y_hat", "y_hat_proposed")]
    saved = (errors[0] - errors[1]).groupby(rows["ds"]).sum().to_numpy()
    sales = float(rows["y_raw"].abs().sum())
    if len(saved) < MIN_MONTHS or not sales:
        return unmeasured(say("proposal.few_months", months=len(saved), least=MIN_MONTHS))
    flipped = stats.permutation_test(
        (saved,),
        np.sum,
        permutation_type="samples",
        alternative="greater",
        n_resamples=RESAMPLES,
        random_state=0,
    )
    measured = {
        "wape_now": float(errors[0].sum()) / sales,
        "wape_proposed": float(errors[1].sum()) / sales,
        "gain": float(saved.sum()) / sales,
        "noise": float(np.quantile(flipped.null_distribution, 1 - SIGNIFICANT)) / sales,
        "p": float(flipped.pvalue),
        "rows": float(len(rows)),
        "months": float(len(saved)),
        "cutoffs": float(rows["cutoff"].nunique()),
        "measured": months,
    }
    return measured | {"remark": "", "decision": "open" if is_gain(measured) else "not_worth_it"}


def unmeasured(why: str) -> dict[str, Any]:
    """Columns of a proposal whose gain is not known, and why; a person has to judge it."""
    names = ("wape_now", "wape_proposed", "gain", "noise", "p", "rows", "months", "cutoffs")
    nothing = dict.fromkeys(names, math.nan)
    return {**nothing, "measured": "", "remark": why, "decision": "open"}


def is_gain(measured: dict[str, Any]) -> bool:
    """Whether it is worth a decision, and chance brings it in fewer than one case in twenty."""
    return bool(measured["gain"] >= LEAST and measured["p"] <= SIGNIFICANT)
