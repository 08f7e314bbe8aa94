"""Whether the intervals hold: bounds at a cutoff know nothing of what came after it, and actuals
are counted as they were sold.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.forecasting.alignment import align
from salesfc_lib.forecasting.forecast import Modeled, model_history
from salesfc_lib.forecasting.tables import count_inside, list_backtest
from salesfc_lib.foundation import tables
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.foundation.schema import CandidateSettings, Parameters

HORIZON = 6


def parameters() -> Parameters:
    quick = dict.fromkeys(("seasonal_naive", "recent_mean", "two_years"), CandidateSettings())
    return defaults().model_copy(update={"candidates": quick})


def make_panel(last: float = 1.0, n: int = 8, months: int = 60) -> pd.DataFrame:
    """Noisy series of which the last three months are multiplied by `last`."""
    rng = np.random.default_rng(7)
    y = 100 * (
        1 + 0.2 * np.sin(np.arange(months) / 12 * 2 * np.pi) + 0.1 * rng.normal(size=(n, months))
    )
    y[:, -3:] *= last
    ds = pd.date_range("2020-01-01", periods=months, freq="MS")
    names = np.repeat([f"s{i}" for i in range(n)], months)
    return pd.DataFrame(
        {"unique_id": names, "ds": np.tile(ds, n), "y": y.ravel(), "y_raw": y.ravel()}
    )


def fit(panel: pd.DataFrame) -> Modeled:
    return model_history(align(panel, horizon=HORIZON), parameters(), horizon=HORIZON)


def test_bounds_at_a_cutoff_do_not_know_what_came_after_it() -> None:
    calm, shaken = fit(make_panel()), fit(make_panel(last=5.0))
    before, after = calm.backtest_bounds(), shaken.backtest_bounds()
    assert set(before) == set(calm.candidates.tested) == {3, 6, 9, 12}
    for back in before:
        for level in (80, 95):
            for here, there in zip(before[back][level], after[back][level], strict=True):
                assert here == pytest.approx(there)
    assert calm.bounds([80])[80][1] != pytest.approx(shaken.bounds([80])[80][1])


def test_bounds_at_a_cutoff_are_those_that_a_run_of_that_month_gives() -> None:
    """The run three months ago has other cutoffs to learn from only beyond the memory of two
    years.
    """
    panel = make_panel()
    now = fit(panel)
    then = fit(panel[panel["ds"] <= panel["ds"].max() - pd.DateOffset(months=3)])
    known = set(then.past.errors) & {back - 3 for back in now.combined if 3 < back <= 27}
    assert len(known) >= 6
    for told, own in zip(now.backtest_bounds()[3][80], then.bounds([80])[80], strict=True):
        assert told.shape == own.shape
        assert np.abs(told / own - 1).max() < 0.1


def test_the_backtest_has_intervals_at_tested_cutoffs_and_at_no_other() -> None:
    backtest = list_backtest(fit(make_panel()))
    months = backtest.groupby("cutoff")["lo-80"].agg(lambda values: values.notna().mean())
    assert list(months.sort_index().tail(4)) == [1.0] * 4
    assert (months.sort_index().iloc[:-4] == 0).all()
    bounded = backtest.dropna(subset=["lo-80"])
    assert (
        bounded[["lo-95", "lo-80", "y_hat", "hi-80", "hi-95"]].diff(axis=1).iloc[:, 1:] >= 0
    ).all(axis=None)


def test_actuals_inside_are_counted_by_level_and_months_ahead_bounds_included() -> None:
    ds = pd.Timestamp("2026-02-01")
    rows = [
        ("a", 10.0, 8.0, 12.0, 7.0, 13.0),
        ("b", 10.0, 8.0, 12.0, 7.0, 13.0),
        ("c", 10.0, np.nan, np.nan, np.nan, np.nan),
    ]
    backtest = pd.DataFrame(
        rows, columns=["unique_id", "y_hat", "lo-80", "hi-80", "lo-95", "hi-95"]
    )
    backtest = backtest.assign(
        stage="combined", model="combination", cutoff=pd.Timestamp("2026-01-01"), ds=ds, h=1
    )
    panel = pd.DataFrame(
        {"unique_id": ["a", "b", "c"], "ds": ds, "y": 10.0, "y_raw": [12.0, 12.5, 10.0]}
    )
    series = pd.DataFrame({"unique_id": ["a", "b", "c"], "level": "bottom"})
    counted = tables.check(count_inside(backtest, panel, series), "backtest_coverage").set_index(
        "interval"
    )
    assert counted[["inside", "n"]].to_dict("index") == {
        80: {"inside": 1, "n": 2},
        95: {"inside": 2, "n": 2},
    }


def test_without_a_backtest_nothing_is_counted() -> None:
    panel = make_panel(months=10)
    backtest = list_backtest(fit(panel))
    assert count_inside(
        backtest, panel, pd.DataFrame({"unique_id": ["s0"], "level": "bottom"})
    ).empty
