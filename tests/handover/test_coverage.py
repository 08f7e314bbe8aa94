"""Coverage of sums of three months: what is counted, and what is known at a cutoff."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.foundation.schema import Lifecycle
from salesfc_lib.handover.decisions import cover_sums
from salesfc_lib.handover.decisions.coverage import LEAST
from salesfc_lib.panel import build_series

LEVELS: dict[str, list[str]] = {"total": [], "site": ["site"]}
SERIES = build_series(pd.DataFrame({"site": ["East", "North", "West"]}), LEVELS)
IDS = SERIES.loc[SERIES["level"].eq("site"), "unique_id"].tolist()
MONTHS = pd.date_range("2021-01-01", periods=60, freq="MS")
CUTOFFS = [int(at) for at in range(24, 55, 3)]  # the last has three months after it, and more


def unit(noise: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecasts of past cutoffs and a panel; noise: standard deviation of errors, of 100 pieces."""
    dice = np.random.default_rng(7)
    sold = 100 + noise * dice.standard_normal((len(IDS), len(MONTHS)))
    by_id = {"total": sold.sum(axis=0), **dict(zip(IDS, sold, strict=True))}
    hat = {"total": 300.0, **dict.fromkeys(IDS, 100.0)}
    panel = [pd.DataFrame({"unique_id": n, "ds": MONTHS, "y": y}) for n, y in by_id.items()]
    past = [
        pd.DataFrame(
            {
                "unique_id": name,
                "cutoff": MONTHS[at],
                "ds": MONTHS[at + 1 : at + 4],
                "h": [1, 2, 3],
                "y_hat": hat[name],
            }
        )
        for at in CUTOFFS
        for name in by_id
    ]
    whole = pd.concat(panel, ignore_index=True)
    return pd.concat(past, ignore_index=True), whole.assign(y_raw=whole["y"])


def cover(past: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    shown = ["total", "site"]
    found = cover_sums(past, panel, SERIES, LEVELS, shown=shown, rule=Lifecycle())
    return found.set_index(["level", "way"])


def test_each_series_counts_once_at_each_cutoff_from_which_errors_were_known() -> None:
    found = cover(*unit(20.0))
    judged = len(CUTOFFS) - LEAST
    assert found["n"].to_dict() == {
        ("total", "paths"): judged,
        ("total", "added"): judged,
        ("site", "paths"): 3 * judged,
        ("site", "added"): 3 * judged,
    }
    assert (found["inside"] <= found["n"]).all()


def test_months_that_are_independent_make_narrower_sums_than_intervals_added_up() -> None:
    found = cover(*unit(20.0))
    for level in ("total", "site"):
        assert found.loc[(level, "paths"), "width"] < 0.85 * found.loc[(level, "added"), "width"]


def test_what_comes_after_the_months_judged_changes_nothing() -> None:
    past, panel = unit(20.0)
    earlier = past[past["cutoff"] < MONTHS[40]]
    last = earlier["ds"].max()
    changed = panel.assign(y_raw=panel["y_raw"].mask(panel["ds"] > last, 9_000.0))
    pd.testing.assert_frame_equal(cover(earlier, panel), cover(earlier, changed))


def test_too_few_cutoffs_judge_nothing() -> None:
    past, panel = unit(20.0)
    assert cover(past[past["cutoff"] <= MONTHS[CUTOFFS[LEAST - 1]]], panel).empty
