"""Claims about the whole of modeling: no leak, no order, no unit, no panel that breaks it, and
tables that keep their contracts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.alignment import align, count_weekdays
from salesfc_lib.forecasting.candidates.protocol import Candidate
from salesfc_lib.forecasting.combination.boosting import boosting_share, boosting_trust
from salesfc_lib.forecasting.forecast import Modeled, model_history
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.metrics import pool
from salesfc_lib.forecasting.tables import (
    forecast_panel,
    list_backtest,
    list_candidates,
    list_failures,
    list_forecasts,
    list_weights,
    score_modeled,
)
from salesfc_lib.forecasting.tuning import UNTESTED_TRUST
from salesfc_lib.foundation import in_words, tables
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.foundation.schema import Parameters

pytestmark = pytest.mark.filterwarnings("error")
NAN = np.nan
HORIZON = 12
LEVELS = (50, 80, 95)


def make_history(y: np.ndarray, **regressors: np.ndarray) -> History:
    """Rows that end in December 2025, with regressors a year ahead."""
    ids = np.array([f"s{k:03d}" for k in range(len(y))], dtype=object)
    last = np.full(len(y), np.datetime64("2025-12", "M"))
    days = count_weekdays(last, np.shape(y)[1], HORIZON)
    return History(ids, np.asarray(y, float), last, HORIZON, {**regressors, "trading_days": days})


def simulate(n: int = 24, months: int = 52, seed: int = 5) -> History:
    """Seasonal, growing, lumpy, young, ended and broken series with promotions known a year
    ahead.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(months)
    promotion = (rng.random((n, months + HORIZON)) < 0.2).astype(float)
    season = 1 + 0.3 * np.sin(t * np.pi / 6)
    y = 100 * (season + 0.3 * promotion[:, :months]) * (1 + 0.05 * rng.standard_normal((n, months)))
    y[1] *= 1 + 0.02 * t
    y[2:6] = rng.poisson(0.6, (4, months))
    y[6, :-7], y[7, :-20] = NAN, NAN
    y[8, -5:] = 0.0
    y[9, -8:] *= 0.4
    y[10] -= 120.0
    return make_history(y * rng.lognormal(0, 1, (n, 1)), promotion=promotion)


def run(history: History, parameters: Parameters | None = None, **kwargs: Any) -> Modeled:
    return model_history(history, parameters or defaults(), horizon=HORIZON, **kwargs)


@pytest.fixture(scope="module")
def history() -> History:
    return simulate()


@pytest.fixture(scope="module")
def modeled(history: History) -> Modeled:
    return run(history)


def assert_same_at(one: Modeled, other: Modeled, backs: list[int]) -> None:
    """Everything that was said, weighed and corrected at the cutoffs is the same."""
    assert one.candidates.names == other.candidates.names
    for back in backs:
        np.testing.assert_array_equal(
            one.candidates.at(back), other.candidates.at(back), err_msg=f"candidates {back}"
        )
        np.testing.assert_array_equal(
            one.combined[back], other.combined[back], err_msg=f"combined {back}"
        )
        if back in one.boosted:
            np.testing.assert_array_equal(
                one.boosted[back], other.boosted[back], err_msg=f"corrected {back}"
            )


@pytest.mark.parametrize("change", ["huge", "zero", "negative"])
@pytest.mark.parametrize("through", [3, 12])
def test_what_comes_after_a_cutoff_changes_nothing_at_it(
    history: History, modeled: Modeled, through: int, change: str
) -> None:
    later, width = history.y.copy(), history.y.shape[1]
    later[:, -through:] = {"huge": 1e7, "zero": 0.0, "negative": -500.0}[change]
    unknown = history.regressors["promotion"].copy()
    unknown[:, width - through + HORIZON :] = 5.0
    changed = run(make_history(later, promotion=unknown))
    backs = [back for back in modeled.candidates.backs if back >= through]
    assert modeled.boosted and max(backs) >= 12
    assert_same_at(modeled, changed, backs)
    assert not np.array_equal(modeled.combined[0], changed.combined[0])


def test_promotion_of_the_coming_month_raises_its_forecast(
    history: History, modeled: Modeled
) -> None:
    promotion = history.regressors["promotion"].copy()
    steady = np.arange(11, 24)
    promotion[steady, -HORIZON:] = 0.0
    none = run(make_history(history.y, promotion=promotion))
    promotion[steady, -HORIZON + 3] = 1.0
    one = run(make_history(history.y, promotion=promotion))
    size = np.nanmean(history.y[steady][:, -12:], axis=1)
    gain = (one.combined[0] - none.combined[0])[steady] / size[:, None]
    assert np.median(gain[:, 3]) > 0.1
    assert np.abs(np.delete(gain, 3, axis=1)).max() < 0.02
    assert_same_at(one, none, [back for back in one.candidates.backs if back >= HORIZON])


def test_same_inputs_give_the_same_numbers(history: History, modeled: Modeled) -> None:
    again = run(simulate())
    assert_same_at(modeled, again, list(modeled.candidates.backs))
    np.testing.assert_array_equal(modeled.weights, again.weights)


def test_order_of_series_changes_nothing(history: History, modeled: Modeled) -> None:
    order = np.random.default_rng(3).permutation(len(history))
    shuffled = run(history.take(order))
    for back in modeled.candidates.backs:
        np.testing.assert_allclose(
            shuffled.combined[back], modeled.combined[back][order], rtol=1e-6
        )
    np.testing.assert_allclose(shuffled.weights, modeled.weights[:, order], atol=1e-9)
    for one, other in zip(modeled.bounds((80,))[80], shuffled.bounds((80,))[80], strict=True):
        np.testing.assert_allclose(other, one[order], rtol=1e-6)


def test_unit_of_a_series_is_the_unit_of_its_forecast(history: History, modeled: Modeled) -> None:
    unit = np.where(np.arange(len(history)) % 2, 1024.0, 1.0)[:, None]
    scaled = run(make_history(history.y * unit, **history.regressors))
    np.testing.assert_allclose(scaled.combined[0], modeled.combined[0] * unit, rtol=1e-6)
    np.testing.assert_allclose(
        scaled.bounds((80,))[80][1], modeled.bounds((80,))[80][1] * unit, rtol=1e-6
    )


def test_lone_series_is_forecast_as_itself_without_what_pools(history: History) -> None:
    """Seasons, autoregression, drivers, weights and the correction pool over a panel; the baseline
    does not.
    """
    alone, among = run(history.take(np.array([1]))), run(history)
    np.testing.assert_array_equal(
        alone.candidates.values["seasonal_naive"][-1, 0],
        among.candidates.values["seasonal_naive"][-1, 1],
    )
    assert not np.array_equal(alone.combined[0][0], among.combined[0][1])
    assert np.isfinite(alone.combined[0]).all()


def test_forecast_is_the_mix_its_correction_and_the_ends(
    history: History, modeled: Modeled
) -> None:
    assert list(modeled.ended) == [8] and modeled.ended[8] == 5
    assert (modeled.combined[0][8] == 0).all()
    np.testing.assert_allclose(modeled.weights.sum(axis=0), 1.0)
    told = modeled.candidates.at(0)
    low, high = np.nanmin(told, axis=0), np.nanmax(told, axis=0)
    weighted = run(
        history,
        Parameters.model_validate({**defaults().model_dump(), "candidates": _without_correction()}),
    )
    assert not weighted.boosted
    steady = np.arange(11, 24)
    assert ((weighted.combined[0] >= low - 1e-9) & (weighted.combined[0] <= high + 1e-9))[
        steady
    ].all()
    share = modeled.shares[0][:, None]
    assert ((share >= 0) & (share < 1))[steady].all()
    mixed = (1 - share) * weighted.combined[0] + share * modeled.boosted[0]
    np.testing.assert_allclose(modeled.combined[0][steady], mixed[steady], rtol=1e-9)


def test_the_correction_is_believed_as_far_as_the_backtest_says(modeled: Modeled) -> None:
    said = modeled.candidates
    weighted = {
        back: np.where(np.isfinite(values), values, 0.0)
        for back, values in modeled.combined.items()
    }
    right = {
        back: np.where(np.isfinite(said.actuals(back)), said.actuals(back), weighted[back])
        for back in modeled.boosted
    }
    wrong = {back: 3 * values + 1 for back, values in weighted.items()}
    barely = {back: 0.998 * weighted[back] + 0.002 * wrong[back] for back in modeled.boosted}
    assert boosting_trust(said, weighted, right, 0) == 1.0
    assert boosting_trust(said, weighted, wrong, 0) == 0.0
    assert 0.0 < boosting_trust(said, weighted, barely, 0) < 1.0
    # where nothing was tested before, or nothing could be learnt then, half of it
    assert boosting_trust(said, weighted, right, max(said.tested)) == UNTESTED_TRUST < 1.0
    never = {back: np.full_like(values, NAN) for back, values in right.items()}
    assert boosting_trust(said, weighted, never, 0) == UNTESTED_TRUST
    share = boosting_share(modeled.boosted[0], said.history.y, 0.5)
    steady = np.arange(11, 24)
    np.testing.assert_allclose(
        share[steady], boosting_share(modeled.boosted[0], said.history.y)[steady] / 2
    )


def _without_correction() -> dict[str, Any]:
    blocks = {name: block.model_dump() for name, block in defaults().candidates.items()}
    return {**blocks, "xgboost": {**blocks["xgboost"], "enabled": False}}


def test_errors_of_the_past_are_those_that_came(modeled: Modeled) -> None:
    for back, errors in modeled.past.errors.items():
        np.testing.assert_allclose(
            errors, modeled.candidates.actuals(back) - modeled.combined[back]
        )
        assert np.isnan(errors[:, back:]).all()
    assert 0 not in modeled.past.errors and max(modeled.past.errors) <= 24


# any panel


@st.composite
def panels(draw: st.DrawFn) -> np.ndarray:
    """Up to five series of 1 to 60 months: zeros, constants, negatives, huge, tiny, lumpy,
    seasonal, ended, in any mix.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    lengths = draw(st.lists(st.integers(1, 60), min_size=1, max_size=5))
    kinds = draw(
        st.lists(st.sampled_from(sorted(KINDS)), min_size=len(lengths), max_size=len(lengths))
    )
    y = np.full((len(lengths), max(lengths)), NAN)
    for row, (months, kind) in enumerate(zip(lengths, kinds, strict=True)):
        y[row, -months:] = KINDS[kind](rng, months)
    return y


KINDS: dict[str, Any] = {
    "zero": lambda rng, n: np.zeros(n),
    "constant": lambda rng, n: np.full(n, 7.0),
    "negative": lambda rng, n: -50 * rng.random(n),
    "mixed": lambda rng, n: rng.normal(0, 5, n),
    "huge": lambda rng, n: 1e12 * rng.random(n),
    "tiny": lambda rng, n: 1e-9 * rng.random(n),
    "lumpy": lambda rng, n: rng.poisson(0.3, n).astype(float),
    "seasonal": lambda rng, n: 100 + 30 * np.sin(np.arange(n) * np.pi / 6) + rng.normal(0, 3, n),
    "ended": lambda rng, n: np.where(np.arange(n) < 2 * n // 3, 50.0, 0.0),
    "spike": lambda rng, n: np.where(np.arange(n) == n - 1, 1e6, 1.0),
    "growing": lambda rng, n: 1.3 ** np.arange(n),
    "first sale": lambda rng, n: np.where(np.arange(n) == n - 1, 3.0, 0.0),
}


@settings(max_examples=40)
@given(panels())
def test_any_panel_has_a_forecast_with_bounds_that_hold_it(y: np.ndarray) -> None:
    modeled = run(make_history(y))
    forecast = modeled.combined[0]
    assert np.isfinite(forecast).all()
    never = ~(y < 0).any(axis=1)
    assert (forecast[never] >= 0).all()
    inner = (forecast, forecast)
    for level in LEVELS:
        low, high = modeled.bounds(LEVELS)[level]
        assert np.isfinite(low).all() and np.isfinite(high).all()
        assert (low <= inner[0]).all() and (high >= inner[1]).all() and (low[never] >= 0).all()
        inner = (low, high)
    for table, name in (
        (list_weights(modeled), "weights"),
        (list_forecasts(modeled), "forecast"),
        (list_failures(modeled), "failures"),
    ):
        tables.check(table, name)


def test_series_without_any_month_is_no_obstacle_to_the_others() -> None:
    y = np.vstack([np.full(40, NAN), 100 + np.random.default_rng(1).random((3, 40))])
    modeled = run(make_history(y))
    assert np.isnan(modeled.combined[0][0]).all() and np.isfinite(modeled.combined[0][1:]).all()
    assert list_forecasts(modeled)["unique_id"].unique().tolist() == ["s001", "s002", "s003"]


# frames


def make_panel(history: History) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The panel and the future of a history."""
    n, width = history.y.shape
    months = pd.date_range(end="2025-12-01", periods=width, freq="MS")
    ahead = pd.date_range("2026-01-01", periods=HORIZON, freq="MS")
    panel = pd.DataFrame(
        {
            "unique_id": np.repeat(history.ids, width),
            "ds": np.tile(months, n),
            "y": history.y.ravel(),
        }
    )
    future = pd.DataFrame({"unique_id": np.repeat(history.ids, HORIZON), "ds": np.tile(ahead, n)})
    for name, values in history.regressors.items():
        panel[name], future[name] = values[:, :width].ravel(), values[:, width:].ravel()
    return panel, future


def test_frame_of_forecasts_is_that_of_the_arrays(history: History, modeled: Modeled) -> None:
    panel, future = make_panel(history)
    found = forecast_panel(
        panel.sample(frac=1, random_state=1),
        horizon=HORIZON,
        future=future.sample(frac=1, random_state=2),
    )
    assert found.columns.tolist() == [
        "unique_id",
        "ds",
        "h",
        "y_hat",
        "lo-50",
        "hi-50",
        "lo-80",
        "hi-80",
        "lo-95",
        "hi-95",
    ]
    np.testing.assert_array_equal(
        found["y_hat"].to_numpy().reshape(-1, HORIZON), modeled.combined[0]
    )
    low, high = modeled.bounds(LEVELS)[80]
    np.testing.assert_array_equal(
        found[["lo-80", "hi-80"]].to_numpy(), np.stack([low.ravel(), high.ravel()], axis=1)
    )
    first = found.iloc[:HORIZON]
    assert first["ds"].tolist() == list(
        pd.date_range("2026-01-01", periods=HORIZON, freq="MS")
    ) and first["h"].tolist() == [*range(1, 13)]


def test_each_series_of_a_frame_goes_on_from_its_own_last_month() -> None:
    parts = [
        pd.DataFrame(
            {"unique_id": name, "ds": pd.date_range(end=end, periods=30, freq="MS"), "y": 50.0}
        )
        for name, end in (("a", "2025-12-01"), ("b", "2020-02-01"))
    ]
    found = forecast_panel(pd.concat(parts), horizon=2, levels=(80,))
    assert found["ds"].dt.strftime("%Y-%m").tolist() == ["2026-01", "2026-02", "2020-03", "2020-04"]
    np.testing.assert_allclose(found["y_hat"], 50.0, rtol=1e-3)
    assert found.columns.tolist() == ["unique_id", "ds", "h", "y_hat", "lo-80", "hi-80"]


def test_gaps_of_a_frame_are_filled_and_missing_series_have_no_rows() -> None:
    months = pd.date_range(end="2025-12-01", periods=36, freq="MS")
    y = 100 + 20 * np.sin(np.arange(36) * np.pi / 6)
    panel = pd.DataFrame({"unique_id": "a", "ds": months, "y": y}).drop(index=[5, 20, 21])
    nothing = pd.DataFrame({"unique_id": "b", "ds": months, "y": NAN})
    found = forecast_panel(pd.concat([panel, nothing]), horizon=12)
    assert found["unique_id"].unique().tolist() == ["a"]
    np.testing.assert_allclose(found["y_hat"], y[:12], rtol=0.15)
    assert forecast_panel(nothing, horizon=3).empty


def test_frame_with_a_month_twice_is_refused() -> None:
    panel = pd.DataFrame({"unique_id": "a", "ds": pd.Timestamp("2025-12-01"), "y": [1.0, 2.0]})
    with pytest.raises(SalesForecastError, match="repeat the key"):
        forecast_panel(panel)


# tables


@pytest.fixture(scope="module")
def small() -> tuple[Modeled, pd.DataFrame]:
    """Three candidates on three series, one of them broken and one of an analyst's own that fails
    for a series, and their panel.
    """
    rng = np.random.default_rng(2)
    y = 100 + 20 * np.sin(np.arange(40) * np.pi / 6) + rng.normal(0, 5, (3, 40))
    y[1, :30] = NAN
    y[2, -4:] = 0.0
    history = make_history(y)

    def fussy(history: History, horizon: int) -> np.ndarray:
        if (history.y[:, -1] == 0).any():
            raise ValueError("no sale last month")
        return np.repeat(history.y[:, -1:], horizon, axis=1)

    names: dict[str, Any] = {"seasonal_naive": {}, "recent_mean": {}, "two_years": {}}
    parameters = Parameters.model_validate({"candidates": names})
    modeled = run(
        history, parameters, extra={"fussy": Candidate("fussy", "own", "Fussy", fussy, needed=20)}
    )
    panel = make_panel(history)[0].dropna()
    return modeled, panel.assign(y_raw=panel["y"])


def test_tables_keep_their_contracts(small: tuple[Modeled, pd.DataFrame]) -> None:
    modeled, panel = small
    tables.check(list_candidates(modeled), "candidate_forecast")
    tables.check(list_failures(modeled), "failures")
    tables.check(list_weights(modeled), "weights")
    tables.check(list_forecasts(modeled), "forecast")
    tables.check(list_backtest(modeled), "forecast")
    tables.check(score_modeled(modeled, panel), "score")


def test_rows_of_the_candidates_are_the_arrays(small: tuple[Modeled, pd.DataFrame]) -> None:
    modeled, _ = small
    listed = list_candidates(modeled)
    assert set(listed["cutoff"].dt.strftime("%Y-%m")) == {
        "2024-12",
        "2025-03",
        "2025-06",
        "2025-09",
        "2025-12",
    }
    row = listed[listed["cutoff"] == pd.Timestamp("2025-06-01")].query(
        "unique_id == 's000' and model == 'two_years' and h == 3"
    )
    place = modeled.candidates.backs.index(6)
    assert row["y_hat"].item() == modeled.candidates.values["two_years"][place, 0, 2]
    assert row["ds"].item() == pd.Timestamp("2025-09-01")
    assert set(listed.query("unique_id == 's001'")["model"]) == {"recent_mean"}  # of ten months


def test_weights_sum_to_one_and_say_why(
    small: tuple[Modeled, pd.DataFrame], modeled: Modeled
) -> None:
    table = list_weights(small[0])
    assert table["reason"].str.len().gt(0).all()
    carried = table.groupby("unique_id")["weight"].sum()
    assert carried.drop("s002").to_numpy() == pytest.approx(1.0)
    ended = table[table["unique_id"] == "s002"]
    reasons = ended.set_index("model")["reason"].map(in_words)
    assert carried["s002"] == 0 and reasons.str.contains("no sale for 4 months").any()
    assert reasons["fussy"] == "failed: ValueError: no sale last month"
    rich = list_weights(modeled)
    sums = rich.groupby("unique_id")["weight"].sum()
    np.testing.assert_allclose(sums.drop("s008"), 1.0)
    assert rich.query("model == 'xgboost' and unique_id == 's012'")[
        "weight"
    ].item() == pytest.approx(modeled.shares[0][12])


def test_where_no_candidate_could_forecast_there_are_no_weights_and_no_forecasts() -> None:
    modeled = run(
        make_history(np.full((2, 5), 3.0)),
        Parameters.model_validate({"candidates": {"two_years": {}}}),
    )
    assert tables.check(list_weights(modeled), "weights").empty
    assert tables.check(list_forecasts(modeled), "forecast").empty


def test_forecasts_have_their_three_stages(small: tuple[Modeled, pd.DataFrame]) -> None:
    modeled, _ = small
    table = list_forecasts(modeled)
    assert set(table["stage"]) == {"baseline", "statistical", "combined"}
    assert set(table["cutoff"]) == {pd.Timestamp("2025-12-01")}
    assert set(table.query("unique_id == 's001'")["stage"]) == {
        "statistical",
        "combined",
    }  # too short for the baseline
    combined = table.query("stage == 'combined'")
    assert combined[["lo-80", "hi-80", "lo-95", "hi-95"]].notna().all().all()
    assert table.query("stage == 'baseline'")["lo-80"].isna().all()
    np.testing.assert_array_equal(
        combined["y_hat"].to_numpy().reshape(-1, HORIZON), modeled.combined[0]
    )


def test_backtest_is_the_combination_at_earlier_cutoffs(
    small: tuple[Modeled, pd.DataFrame],
) -> None:
    modeled, _ = small
    table = list_backtest(modeled)
    assert (
        table["cutoff"].max() == pd.Timestamp("2025-09-01")
        and (table["ds"] > table["cutoff"]).all()
    )
    row = table[table["cutoff"] == pd.Timestamp("2025-06-01")].query(
        "unique_id == 's000' and h == 1"
    )
    assert row["y_hat"].item() == modeled.combined[6][0, 0]


def test_scores_count_only_months_with_actuals(small: tuple[Modeled, pd.DataFrame]) -> None:
    modeled, panel = small
    scores = score_modeled(modeled, panel)
    assert set(scores["stage"]) == {"candidate", "combined"}
    naive = scores.query("model == 'seasonal_naive' and unique_id == 's000' and metric == 'wape'")
    rows = (
        list_candidates(modeled)
        .query("model == 'seasonal_naive' and unique_id == 's000'")
        .merge(panel)
    )
    assert len(rows) == 12 + 9 + 6 + 3
    by_hand = (rows["y_hat"] - rows["y"]).abs().sum() / rows["y"].sum()
    assert pool(naive)["value"].iloc[0] == pytest.approx(by_hand)


def test_history_too_short_for_a_backtest_has_empty_tables_and_a_forecast() -> None:
    modeled = run(
        align(
            pd.DataFrame(
                {
                    "unique_id": "甲",
                    "ds": pd.date_range("2025-10-01", periods=3, freq="MS"),
                    "y": 4.0,
                }
            ),
            horizon=12,
        )
    )
    assert list_backtest(modeled).empty and list_failures(modeled).empty
    np.testing.assert_allclose(list_forecasts(modeled).query("stage == 'combined'")["y_hat"], 4.0)
    assert not list_weights(modeled).empty
