"""Claims about weights, choice and their reasons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesfc_lib import tables
from salesfc_lib.combine import combine, combine_backtest
from salesfc_lib.schema import Parameters

MONTH = pd.Timestamp("2025-12-01")
CUTOFFS = [pd.Timestamp("2025-08-01"), pd.Timestamp("2025-10-01"), MONTH]
SERIES = pd.DataFrame({"unique_id": ["a", "b"], "level": "bottom", "label": ["a", "b"]})


def settings(**keys: float) -> Parameters:
    return Parameters.model_validate({"combine": {"own_weight": 1.0, "power": 1.0, "min_weight": 0.0, **keys}})


def make_panel(level: float = 100.0) -> pd.DataFrame:
    ds = pd.date_range("2025-01-01", MONTH, freq="MS")
    return SERIES[["unique_id"]].merge(pd.DataFrame({"ds": ds, "y": level, "y_raw": level}), how="cross")


def make_forecasts(said: dict[tuple[str, str], float], cutoffs: list[pd.Timestamp] = CUTOFFS, horizon: int = 2) -> pd.DataFrame:
    """Candidates that always say the same: (unique_id, model) to y_hat."""
    rows = [
        (unique_id, model, cutoff, cutoff + pd.DateOffset(months=h), h, value)
        for (unique_id, model), value in said.items()
        for cutoff in cutoffs
        for h in range(1, horizon + 1)
    ]
    return pd.DataFrame(rows, columns=["unique_id", "model", "cutoff", "ds", "h", "y_hat"])


TWO = {("a", "seasonal_naive"): 120.0, ("a", "ets"): 95.0, ("b", "seasonal_naive"): 110.0, ("b", "ets"): 90.0}


def weights_of(weights: pd.DataFrame, unique_id: str) -> dict[str, float]:
    return weights.query("unique_id == @unique_id").set_index("model")["weight"].to_dict()


def test_weights_are_inverse_errors_worked_by_hand() -> None:
    weights, forecast = combine(make_forecasts(TWO), make_panel(), SERIES, parameters=settings(), month=MONTH)
    assert weights_of(weights, "a") == pytest.approx({"seasonal_naive": 0.2, "ets": 0.8})  # errors 20 and 5
    assert weights_of(weights, "b") == pytest.approx({"seasonal_naive": 0.5, "ets": 0.5})
    combined = forecast.query("stage == 'combined' and unique_id == 'a'")
    assert combined["y_hat"].tolist() == pytest.approx([0.2 * 120 + 0.8 * 95] * 2)
    assert weights.query("unique_id == 'a' and model == 'ets'")["backtest_error"].item() == pytest.approx(0.05)


def test_level_shares_its_errors_with_a_series() -> None:
    weights, _ = combine(make_forecasts(TWO), make_panel(), SERIES, parameters=settings(own_weight=0.0), month=MONTH)
    assert weights_of(weights, "a") == pytest.approx(weights_of(weights, "b"))
    assert 0.5 < weights_of(weights, "a")["ets"] < 0.8


def test_small_weights_are_dropped_and_the_rest_sums_to_one() -> None:
    weights, _ = combine(make_forecasts(TWO), make_panel(), SERIES, parameters=settings(min_weight=0.25), month=MONTH)
    assert weights_of(weights, "a") == {"seasonal_naive": 0.0, "ets": 1.0}
    assert "not used" in weights.query("unique_id == 'a' and weight == 0")["reason"].item()


def test_tables_keep_their_contracts_and_all_stages_are_there() -> None:
    weights, forecast = combine(make_forecasts(TWO), make_panel(), SERIES, parameters=settings(), month="2025-12")
    tables.check(weights, "weights")
    tables.check(forecast, "forecast")
    assert set(forecast["stage"]) == {"baseline", "statistical", "combined"}
    assert set(forecast["cutoff"]) == {MONTH}


def test_statistical_is_the_candidate_of_least_error_and_a_tie_goes_to_the_simpler() -> None:
    said = {("a", "seasonal_naive"): 120.0, ("a", "ets"): 105.0, ("a", "theta"): 95.0, ("a", "xgboost"): 95.02}
    _, forecast = combine(make_forecasts(said), make_panel(), SERIES, parameters=settings(), month=MONTH)
    assert set(forecast.query("stage == 'statistical'")["model"]) == {"theta"}


def test_statistical_must_have_covered_what_the_baseline_covered() -> None:
    late = make_forecasts({("a", "ets"): 100.0}, CUTOFFS[1:])
    said = pd.concat([make_forecasts({("a", "seasonal_naive"): 120.0, ("a", "theta"): 110.0}), late])
    _, forecast = combine(said, make_panel(), SERIES, parameters=settings(), month=MONTH)
    assert set(forecast.query("stage == 'statistical'")["model"]) == {"theta"}


def test_candidate_with_fewer_cutoffs_is_compared_on_its_own_rows() -> None:
    panel = make_panel().assign(y_raw=lambda x: np.where(x["ds"] <= "2025-10-01", 200.0, 100.0))  # hard months first
    late = make_forecasts({("a", "ets"): 120.0}, CUTOFFS[1:])
    said = pd.concat([make_forecasts({("a", "seasonal_naive"): 120.0}), late])
    weights, _ = combine(said, panel, SERIES, parameters=settings(), month=MONTH)
    assert weights_of(weights, "a") == pytest.approx({"seasonal_naive": 0.5, "ets": 0.5})


def test_failure_at_the_last_cutoff_leaves_its_share_to_the_others() -> None:
    said = make_forecasts(TWO)
    said = said.loc[(said["model"] != "ets") | (said["cutoff"] != MONTH) | (said["unique_id"] != "a")]
    weights, forecast = combine(said, make_panel(), SERIES, parameters=settings(), month=MONTH)
    assert weights_of(weights, "a") == {"seasonal_naive": 1.0}
    assert forecast.query("stage == 'combined' and unique_id == 'a'")["y_hat"].tolist() == [120.0, 120.0]


def test_short_history_takes_its_candidates_equally_and_says_so() -> None:
    weights, forecast = combine(make_forecasts(TWO, [MONTH]), make_panel(), SERIES, parameters=settings(), month=MONTH)
    assert weights["weight"].eq(0.5).all()
    assert weights["reason"].str.contains("history is too short").all()
    assert forecast.query("stage == 'combined' and unique_id == 'a'")["y_hat"].tolist() == [107.5, 107.5]


def test_series_with_only_the_recent_mean_still_has_a_forecast() -> None:
    said = make_forecasts({("a", "recent_mean"): 7.0}, [MONTH])
    _, forecast = combine(said, make_panel(), SERIES, parameters=settings(), month=MONTH)
    assert set(forecast["stage"]) == {"statistical", "combined"}
    assert forecast["y_hat"].eq(7.0).all()


def test_reasons_state_both_errors() -> None:
    weights, _ = combine(make_forecasts(TWO), make_panel(), SERIES, parameters=settings(), month=MONTH)
    reasons = weights.set_index(["unique_id", "model"])["reason"]
    assert reasons["a", "ets"] == "lowest error in the backtest, 5.0 %, against 20.0 % for the seasonal naive"
    said = {**TWO, ("a", "ets"): 130.0}
    weights, _ = combine(make_forecasts(said), make_panel(), SERIES, parameters=settings(), month=MONTH)
    reasons = weights.set_index(["unique_id", "model"])["reason"]
    assert reasons["a", "ets"] == "backtest error 30.0 %, worse than the 20.0 % of the seasonal naive"


def test_candidate_that_failed_is_a_row_that_says_why() -> None:
    said = make_forecasts(TWO)
    errors = ["3 months, 25 needed", "5 months, 25 needed"]
    failures = pd.DataFrame({"unique_id": "a", "model": "ces", "cutoff": CUTOFFS[1:], "error": errors})
    weights, _ = combine(said, make_panel(), SERIES, parameters=settings(), month=MONTH, failures=failures)
    failed = tables.check(weights, "weights").query("model == 'ces'")
    assert failed["reason"].tolist() == ["failed: 5 months, 25 needed"]
    assert failed["weight"].tolist() == [0.0]


def test_series_that_sold_nothing_is_combined_without_dividing_by_zero() -> None:
    said = {key: 0.0 for key in TWO}
    weights, forecast = combine(make_forecasts(said), make_panel(0.0), SERIES, parameters=settings(), month=MONTH)
    assert weights["weight"].eq(0.5).all()
    assert forecast["y_hat"].eq(0.0).all()
    assert weights["reason"].str.len().gt(0).all()


def test_weights_at_an_earlier_cutoff_know_nothing_later() -> None:
    cutoffs = list(pd.date_range("2025-04-01", MONTH, freq="2MS"))
    said = make_forecasts(TWO, cutoffs)
    panel = make_panel()
    changed = panel.assign(y_raw=panel["y_raw"].where(panel["ds"] <= "2025-08-01", 1000.0))
    before = combine_backtest(said, panel, SERIES, parameters=settings())
    after = combine_backtest(said, changed, SERIES, parameters=settings())
    early = before["cutoff"] <= "2025-08-01"
    pd.testing.assert_frame_equal(before[early], after[early])
    assert not before[~early].equals(after[~early])


def test_earliest_cutoffs_take_candidates_equally() -> None:
    cutoffs = list(pd.date_range("2025-04-01", MONTH, freq="2MS"))
    backtest = tables.check(combine_backtest(make_forecasts(TWO, cutoffs), make_panel(), SERIES, parameters=settings()), "forecast")
    a = backtest.query("unique_id == 'a'").groupby("cutoff")["y_hat"].first()
    assert a.iloc[:2].tolist() == [107.5, 107.5]
    assert a.iloc[2:].tolist() == pytest.approx([100.0, 100.0])
    assert MONTH not in a.index


def test_backtest_of_no_cutoff_is_an_empty_table() -> None:
    assert combine_backtest(make_forecasts(TWO, [MONTH]), make_panel(), SERIES, parameters=settings()).empty


def test_order_of_rows_changes_nothing() -> None:
    said = make_forecasts(TWO)
    first = combine(said, make_panel(), SERIES, parameters=settings(), month=MONTH)
    second = combine(said.sample(frac=1, random_state=1), make_panel(), SERIES, parameters=settings(), month=MONTH)
    for one, other in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(one, other)
