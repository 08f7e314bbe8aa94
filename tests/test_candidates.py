"""Claims about the candidates: each alone, and all under the same protocol."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.candidates import REGISTRY, arima, naive, regression, trees
from salesfc_lib.candidates.protocol import add_months, fill_gaps, grid

MONTH = pd.Timestamp("2025-12-01")
FAST = [name for name in REGISTRY if name != "arima"]


def make_panel(values: dict[str, np.ndarray], last: pd.Timestamp = MONTH) -> pd.DataFrame:
    """Panel of series that all end at `last`."""
    parts = []
    for unique_id, y in values.items():
        ds = pd.date_range(end=last, periods=len(y), freq="MS")
        parts.append(pd.DataFrame({"unique_id": unique_id, "ds": ds, "y": np.asarray(y, float), "y_raw": np.asarray(y, float)}))
    return pd.concat(parts, ignore_index=True)


def make_future(panel: pd.DataFrame, months: int = 12, **regressors: float) -> pd.DataFrame:
    """Months after the panel, with constant regressors."""
    ds = pd.date_range(panel["ds"].max() + pd.DateOffset(months=1), periods=months, freq="MS")
    frame = pd.DataFrame([(unique_id, day) for unique_id in panel["unique_id"].unique() for day in ds], columns=["unique_id", "ds"])
    return frame.assign(**regressors)


@pytest.fixture
def seasonal() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    t = np.arange(40)
    return make_panel({name: 100 + t + 20 * np.sin(t * np.pi / 6) + rng.normal(0, 5, 40) for name in ("甲/x", "b", "c")})


def run(name: str, panel: pd.DataFrame, cutoffs: list[pd.Timestamp] | None = None, horizon: int = 12, **settings: object) -> tuple:
    return REGISTRY[name].forecast(panel, make_future(panel), cutoffs or [MONTH], horizon, **settings)


def test_seasonal_naive_repeats_the_last_year() -> None:
    panel = make_panel({"a": np.arange(1, 15)})
    forecasts, failures = run("seasonal_naive", panel, horizon=14)
    assert forecasts["y_hat"].tolist() == [*range(3, 15), 3, 4]
    assert failures.empty


def test_growth_takes_half_of_last_years_growth_within_its_limit() -> None:
    panel = make_panel({"a": [100.0] * 12 + [110.0] * 12, "b": [100.0] * 12 + [300.0] * 12})
    forecasts, _ = run("growth", panel, horizon=1)
    assert forecasts["y_hat"].round(6).tolist() == [110 * 1.05, 300 * 1.15]


def test_recent_mean_works_from_the_first_month() -> None:
    forecasts, failures = run("recent_mean", make_panel({"a": [5.0]}), horizon=2)
    assert forecasts["y_hat"].tolist() == [5.0, 5.0]
    assert failures.empty


def test_gap_takes_the_same_month_of_the_years_beside_it() -> None:
    y = np.arange(36.0)
    y[14] = np.nan
    assert fill_gaps(y)[14] == (2 + 26) / 2


def test_months_are_added_across_the_year() -> None:
    ds = add_months(np.array(["2025-11-01"], dtype="datetime64[ns]"), np.array([3]))
    assert ds[0] == np.datetime64("2026-02-01")


def test_grid_puts_future_regressors_behind_the_panel() -> None:
    panel = make_panel({"a": [1.0, 2.0]}).assign(trading_days=20.0)
    window = grid(panel, make_future(panel, 2, trading_days=22.0)).window(0, MONTH, 3)
    assert window.regressors["trading_days"][:4].tolist() == [20, 20, 22, 22]
    assert np.isnan(window.regressors["trading_days"][4])


@pytest.mark.parametrize("name", REGISTRY)
def test_what_comes_after_the_cutoff_cannot_change_a_forecast(name: str, seasonal: pd.DataFrame) -> None:
    cutoff = pd.Timestamp("2025-06-01")
    changed = seasonal.assign(y=seasonal["y"].where(seasonal["ds"] <= cutoff, 1e6))
    before, after = run(name, seasonal, [cutoff])[0], run(name, changed, [cutoff])[0]
    assert len(before) == 36
    pd.testing.assert_frame_equal(before, after, check_exact=True)


@pytest.mark.parametrize("name", REGISTRY)
def test_candidate_is_deterministic_and_leaves_its_input_alone(name: str, seasonal: pd.DataFrame) -> None:
    copy = seasonal.copy(deep=True)
    first, second = run(name, seasonal)[0], run(name, seasonal.sample(frac=1, random_state=1))[0]
    pd.testing.assert_frame_equal(seasonal, copy)
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("name", REGISTRY)
def test_every_series_and_cutoff_is_a_forecast_or_a_failure(name: str) -> None:
    panel = make_panel(
        {
            "zero": np.zeros(40),
            "ended": np.r_[np.full(28, 9.0), np.zeros(12)],
            "short": np.array([3.0, 4.0, 5.0]),
            "flat": np.full(40, 7.0),
            "negative": np.linspace(-5, 5, 40),
            "gap": np.r_[np.full(20, 3.0), np.nan, np.full(19, 4.0)],
        }
    )
    cutoffs = [pd.Timestamp("2025-10-01"), MONTH]
    forecasts, failures = run(name, panel, cutoffs)
    answered = {*forecasts[["unique_id", "cutoff"]].itertuples(index=False, name=None)}
    refused = {*failures[["unique_id", "cutoff"]].itertuples(index=False, name=None)}
    assert len(answered) + len(refused) == 12
    assert not answered & refused
    assert np.isfinite(forecasts["y_hat"]).all()
    if name != "recent_mean":
        errors = failures.loc[failures["unique_id"] == "short", "error"].tolist()
        assert all(re.fullmatch(r"[13] months?, \d+ needed", error) for error in errors) and len(errors) == 2


@pytest.mark.parametrize("name", FAST)
def test_doubling_sales_doubles_the_forecast(name: str, seasonal: pd.DataFrame) -> None:
    if name == "xgboost":
        pytest.skip("the size of a series is a feature of the global model")
    doubled = run(name, seasonal.assign(y=2 * seasonal["y"]))[0]
    np.testing.assert_allclose(doubled["y_hat"], 2 * run(name, seasonal)[0]["y_hat"], rtol=1e-6)


def test_model_that_raises_fails_for_its_series_only(seasonal: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def last_year(window: object, unique_id: str) -> np.ndarray:
        if unique_id == "b":
            raise ZeroDivisionError("no\nway")
        return np.ones(12)

    monkeypatch.setattr(naive, "_last_year", last_year)
    forecasts, failures = run("seasonal_naive", seasonal)
    assert sorted(forecasts["unique_id"].unique()) == ["c", "甲/x"]
    assert failures["error"].tolist() == ["ZeroDivisionError: no way"]


def test_order_search_never_sees_past_a_cutoff_that_it_serves() -> None:
    first = pd.Timestamp("2020-01-01")
    for earliest in pd.date_range("2022-01-01", "2024-01-01", freq="MS"):
        found = arima.search_month(first, [earliest, earliest + pd.DateOffset(months=12)])
        assert found <= earliest and found >= earliest - pd.DateOffset(months=5)
    assert arima.search_month(first, [pd.Timestamp("2021-03-01")]) == pd.Timestamp("2021-12-01")


def test_neighbouring_months_share_the_order_search() -> None:
    months = {arima.search_month(pd.Timestamp("2020-01-01"), [pd.Timestamp(f"2024-{month:02d}-01")]) for month in range(6, 12)}
    assert months == {pd.Timestamp("2024-06-01")}


def test_arima_uses_the_orders_it_is_given() -> None:
    panel = make_panel({"a": np.r_[np.arange(24.0), 30.0]})
    walk = {"a": {"order": [0, 1, 0], "seasonal": [0, 0, 0], "constant": False}}
    year = {"a": {"order": [0, 0, 0], "seasonal": [0, 1, 0], "constant": False}}
    np.testing.assert_allclose(run("arima", panel, found=walk)[0]["y_hat"], 30.0)
    np.testing.assert_allclose(run("arima", panel, found=year)[0]["y_hat"], [*range(13, 24), 30])


def test_seasonal_strength_tells_a_season_from_noise() -> None:
    t = np.arange(48)
    rng = np.random.default_rng(1)
    assert arima.seasonal_strength(100 + 20 * np.sin(t * np.pi / 6) + rng.normal(0, 2, 48)) > 0.9
    assert arima.seasonal_strength(rng.normal(100, 10, 240)) < arima.STRONG


def test_regression_finds_the_planted_promotion_and_trading_days() -> None:
    rng = np.random.default_rng(3)
    promotion = (rng.random(60) < 0.2).astype(float)
    days = rng.integers(19, 24, 60).astype(float)
    y = 1000 + 400 * promotion + 20 * (days - 21) + rng.normal(0, 10, 60)
    panel = make_panel({"a": y}).assign(promotion=promotion, trading_days=days)
    terms = regression.coefficients(panel, MONTH).set_index("term")
    assert terms.loc["promotion", "estimate"] == pytest.approx(400, rel=0.2)
    assert terms.loc["trading days", "estimate"] == pytest.approx(20, rel=0.3)
    assert (terms["low"] <= terms["estimate"]).all() and (terms["estimate"] <= terms["high"]).all()


@pytest.mark.parametrize("name", ["regression", "xgboost"])
def test_known_promotion_raises_the_forecast(name: str) -> None:
    rng = np.random.default_rng(4)
    parts = []
    for k in range(12):
        promotion = (rng.random(48) < 0.25).astype(float)
        parts.append(make_panel({f"s{k}": 100 + 60 * promotion + rng.normal(0, 5, 48)}).assign(promotion=promotion))
    panel = pd.concat(parts, ignore_index=True)
    forecast = REGISTRY[name].forecast
    low = forecast(panel, make_future(panel, promotion=0.0), [MONTH], 6)[0]["y_hat"].mean()
    high = forecast(panel, make_future(panel, promotion=1.0), [MONTH], 6)[0]["y_hat"].mean()
    assert high - low > 30


def test_regression_shrinks_the_months_of_a_short_history() -> None:
    rng = np.random.default_rng(5)
    y = rng.normal(100, 40, 13)
    forecasts, _ = run("regression", make_panel({"a": y}))
    assert forecasts["y_hat"].std() < y.std()


def test_features_of_trees_hold_only_months_through_their_origin() -> None:
    y = np.arange(1.0, 31.0)[None, :]
    steps = np.arange(1, 13)
    features, base, _ = trees._features(y[:, :20], steps, start=0, calendars={})
    longer, _, _ = trees._features(np.c_[y[:, :20]], steps, start=0, calendars={})
    assert base[0] == np.mean(np.arange(9.0, 21.0))
    assert features.shape[0] == 12
    relative = (y[0, :20] - base[0]) / base[0]
    same_month = relative[20 - 12 + np.arange(12)]
    matches = [column for column in features.T if np.allclose(column, same_month, atol=1e-6, equal_nan=True)]
    assert len(matches) == 1
    np.testing.assert_array_equal(features, longer)


def test_trees_learn_a_season_from_the_whole_panel(seasonal: pd.DataFrame) -> None:
    t = np.arange(40)
    panel = make_panel({f"s{k}": (k + 1) * (100 + 30 * np.sin(t * np.pi / 6)) for k in range(20)})
    forecasts, _ = run("xgboost", panel)
    size = forecasts["unique_id"].str[1:].astype(int) + 1
    truth = size * (100 + 30 * np.sin((39 + forecasts["h"]) * np.pi / 6))
    assert np.abs(forecasts["y_hat"] - truth).sum() / truth.sum() < 0.05
