"""Claims about the rolling backtest: which cutoffs, which series, what is remembered, what is a
failure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.backtest import cached_forecasts as asking
from salesfc_lib.forecasting.backtest.backtest import CandidateForecasts, run_candidates
from salesfc_lib.forecasting.cache import ForecastCache
from salesfc_lib.forecasting.candidates import arima
from salesfc_lib.forecasting.candidates.protocol import Candidate, Prediction, Window, each_series
from salesfc_lib.forecasting.candidates.registry import REGISTRY
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation.schema import Backtest, Parameters
from salesfc_lib.panel import list_backs

pytestmark = pytest.mark.filterwarnings("error")
NAN = np.nan
CHEAP: dict[str, Any] = {"seasonal_naive": {}, "recent_mean": {}, "regression": {}}
ALL: dict[str, Any] = {
    **CHEAP,
    "damped": {},
    "ets": {},
    "arima": {"levels": ["total"], "settings": {"max_order": 1}},
}
LEVELS = ("total", "bottom")


def parameters(names: dict[str, Any] | None = None, **blocks: Any) -> Parameters:
    """With no race (tests/forecasting/test_early_stopping.py) unless it is asked for."""
    return Parameters.model_validate(
        {"candidates": CHEAP if names is None else names, "backtest": {"race": None}, **blocks}
    )


@pytest.fixture
def unit() -> History:
    """Two lines and their total, 40 months through 2026-02; 'b' starts after ten, and days are
    known ahead.
    """
    rng = np.random.default_rng(11)
    season = 1 + 0.3 * np.sin(np.arange(40) * np.pi / 6)
    a, b = 100 * season + rng.normal(0, 5, 40), 50 * season + rng.normal(0, 5, 40)
    b[:10] = 0
    y = np.stack([a + b, a, b])
    y[2, :10] = NAN
    days = rng.integers(19, 24, (3, 46)).astype(float)
    ids = np.array(["total", "a", "b"], dtype=object)
    return History(
        ids, y, np.full(3, np.datetime64("2026-02", "M")), 6, {"days": days}, np.array([0, 1, 1])
    )


def without_drivers(history: History) -> History:
    return History(history.ids, history.y, history.last, history.ahead, {}, history.level)


def run(history: History, names: dict[str, Any] | None = None, **kwargs: Any) -> CandidateForecasts:
    return run_candidates(history, parameters(names), horizon=6, levels=LEVELS, **kwargs)


def always(values: Any, **keys: Any) -> dict[str, Candidate]:
    """An analyst's candidate that always says the same."""

    def forecast(history: History, horizon: int) -> Any:
        return np.broadcast_to(values, (len(history), len(np.atleast_1d(values)))).astype(float)

    return {"mine": Candidate("mine", "own", "Mine", forecast, **keys)}


def assert_same(
    one: CandidateForecasts, other: CandidateForecasts, backs: tuple[int, ...] | None = None
) -> None:
    assert one.names == other.names
    for name in one.names:
        for back in backs or one.backs:
            found, wanted = (
                one.values[name][one.backs.index(back)],
                other.values[name][other.backs.index(back)],
            )
            np.testing.assert_array_equal(found, wanted, err_msg=f"{name} {back}")


def test_cutoffs_step_back_and_need_a_year_and_a_month_behind_them() -> None:
    four = Backtest(cutoffs=4, step=3)
    tested, earlier = list_backs(60, four)
    assert tested == (12, 9, 6, 3)
    assert len(earlier) >= 4 and earlier == tuple(
        range(earlier[0], 12, -3)
    )  # what learns from candidates needs cutoffs of its own
    assert list_backs(16, four) == ((3,), ())
    assert list_backs(15, four) == list_backs(1, four) == ((), ())
    assert list_backs(40, Backtest(cutoffs=2, step=1))[0] == (2, 1)


def test_every_candidate_says_something_of_every_series_and_cutoff_that_suits_it(
    unit: History,
) -> None:
    said = run(unit, {**CHEAP, "growth": {}})
    assert said.backs[-5:] == (12, 9, 6, 3, 0) and said.tested == (12, 9, 6, 3)
    assert said.names == ["seasonal_naive", "recent_mean", "growth", "regression"]
    assert said.horizon == 6 and not said.failures
    given = {name: np.isfinite(values).all(axis=2) for name, values in said.values.items()}
    months = np.stack([unit.cut(back).length for back in said.backs])
    for name, found in given.items():
        np.testing.assert_array_equal(found, months >= REGISTRY[name].needed)
    assert said.at(0).shape == (4, 3, 6)


def test_said_at_a_cutoff_is_what_a_run_would_have_said_then(unit: History) -> None:
    said = run(unit)
    for back in said.backs:
        alone = run(unit.cut(back).take(np.arange(3)))
        for name in said.names:
            np.testing.assert_allclose(
                said.values[name][said.backs.index(back)], alone.values[name][-1], rtol=1e-9
            )


@pytest.mark.usefixtures("quick_search")
def test_months_after_a_cutoff_change_nothing_at_it(unit: History) -> None:
    later = unit.y.copy()
    later[:, -6:] = 1e9
    days = unit.regressors["days"].copy()
    days[:, -6:] = 99.0  # not known six months ago
    changed = History(unit.ids, later, unit.last, 6, {"days": days}, unit.level)
    names = {**ALL, "croston": {}, "winters": {}, "autoregression": {}}
    before, after = run(unit, names, extra=None), run(changed, names)
    assert_same(
        before,
        after,
        tuple(back for back in before.backs if back >= 6 and back not in before.tested),
    )
    panel = {name: block for name, block in names.items() if REGISTRY[name].scope == "panel"}
    assert_same(
        run(unit, panel), run(changed, panel), tuple(back for back in before.backs if back >= 6)
    )
    assert not np.array_equal(before.at(0), after.at(0), equal_nan=True)


def test_what_came_is_known_a_month_after_it_was_sold(unit: History) -> None:
    said = run(unit)
    np.testing.assert_array_equal(said.actuals(6), unit.y[:, -6:])
    np.testing.assert_array_equal(said.actuals(3)[:, :3], unit.y[:, -3:])
    assert np.isnan(said.actuals(3)[:, 3:]).all() and np.isnan(said.actuals(0)).all()
    assert np.isfinite(said.actuals(6, known=2)).tolist() == [[True] * 4 + [False] * 2] * 3


def test_levels_choose_the_series_and_levels_of_other_units_are_passed_over(unit: History) -> None:
    said = run(unit, {"recent_mean": {}, "seasonal_naive": {"levels": ["total", "no_such_level"]}})
    assert np.isfinite(said.values["seasonal_naive"][-1]).all(axis=1).tolist() == [
        True,
        False,
        False,
    ]
    assert np.isfinite(said.values["recent_mean"][-1]).all()


def test_disabled_candidate_does_not_run(unit: History) -> None:
    assert run(unit, {**CHEAP, "regression": {"enabled": False}}).names == [
        "seasonal_naive",
        "recent_mean",
    ]


def test_settings_reach_their_candidate(unit: History) -> None:
    said = run(without_drivers(unit), {"recent_mean": {"settings": {"months": 3}}})
    np.testing.assert_allclose(said.at(0)[0, :, 0], unit.y[:, -3:].mean(axis=1))


def test_analysts_own_candidate_competes(unit: History) -> None:
    unit = without_drivers(unit)
    said = run(unit, extra=always(np.full(6, 42.0)))
    assert (said.values["mine"][-5:] == 42.0).all() and not said.failures
    assert np.isnan(
        said.values["mine"][:-5]
    ).all()  # one asked series by series serves the tested cutoffs and now
    assert (
        run(unit, extra=always(np.full(6, 42.0), scope="panel")).values["mine"][:, :2] == 42.0
    ).all()
    assert said.names[-1] == "mine"


def test_candidate_that_breaks_is_failures_and_the_others_go_on(unit: History) -> None:
    def broken(history: History, horizon: int) -> np.ndarray:
        raise RuntimeError("out of luck")

    said = run(unit, extra={"mine": Candidate("mine", "own", "Mine", broken)})
    assert {each.error for each in said.failures} == {"RuntimeError: out of luck"}
    assert {(each.row, each.back) for each in said.failures} == {
        (row, back) for row in range(3) for back in (12, 9, 6, 3, 0)
    }
    assert np.isnan(said.values["mine"]).all() and np.isfinite(said.values["recent_mean"][-1]).all()


@pytest.mark.parametrize("scope", ["series", "panel"])
def test_forecast_of_another_shape_is_a_failure_that_says_so(unit: History, scope: Any) -> None:
    said = run(unit, extra=always(np.ones(3), scope=scope))
    rows = 5 * 3 if scope == "series" else int((unit.stack(said.backs).length > 0).sum())
    assert {each.error for each in said.failures} == {
        f"gave an array of shape ({rows}, 3), ({rows}, 6) needed"
    }
    assert np.isnan(said.values["mine"]).all()


def test_infinite_forecast_is_a_failure_of_its_row(unit: History) -> None:
    def forecast(history: History, horizon: int) -> np.ndarray:
        values = np.ones((len(history), horizon)) * history.y[:, -1:]
        values[history.ids == "a", 2] = np.inf
        return values

    said = run(unit, extra={"mine": Candidate("mine", "own", "Mine", forecast, scope="panel")})
    assert {(each.row, each.error) for each in said.failures} == {
        (1, "the model's forecast is not a finite number")
    }
    assert np.isfinite(said.values["mine"][-1]).all(axis=1).tolist() == [True, False, True]


def test_failures_of_rows_keep_their_series_and_cutoff(unit: History) -> None:
    def fit(window: Window) -> np.ndarray:
        if len(window.y) == 27:  # 'b' three months ago
            raise ValueError("an odd number")
        return np.full(6, window.y[-12:].mean())

    said = run(unit, extra={"mine": Candidate("mine", "own", "Mine", each_series(fit), needed=20)})
    assert [tuple(each) for each in said.failures] == [(2, 3, "mine", "ValueError: an odd number")]


def test_nothing_is_negative_where_history_is_not(unit: History) -> None:
    y = unit.y.copy()
    y[1, -8] = -1.0
    said = run(History(unit.ids, y, unit.last, 6, {}, unit.level), extra=always(np.full(6, -5.0)))
    allowed = np.array([[row == 1 and back <= 7 for row in range(3)] for back in said.backs])
    mine = said.values["mine"]
    told = np.isfinite(mine).all(axis=2)
    assert (mine[allowed & told] == -5).all() and (allowed & told).any()
    assert (mine[~allowed & told] == 0).all() and (~allowed & told).any()


def test_unknown_candidate_and_setting_name_the_nearest(unit: History) -> None:
    with pytest.raises(SalesForecastError, match="Did you mean 'candidates.winters'"):
        run(unit, {"wintres": {}})
    with pytest.raises(SalesForecastError, match="Did you mean 'half_life'"):
        run(unit, {"regression": {"settings": {"halflife": 3}}})
    with pytest.raises(SalesForecastError, match="Unknown key 'horizon'"):
        run(unit, {"regression": {"settings": {"horizon": 3}}})


def test_nothing_to_run_and_regressors_that_end_too_early_are_refused(unit: History) -> None:
    with pytest.raises(
        SalesForecastError, match="No candidate is enabled.*Enable one under `candidates`"
    ):
        run(unit, {})
    with pytest.raises(SalesForecastError, match="laid out 6 months ahead, for a horizon of 7"):
        run_candidates(unit, parameters(), horizon=7)
    assert run_candidates(without_drivers(unit), parameters(), horizon=7).horizon == 7


def test_known_promotion_reaches_every_candidate_that_sees_no_drivers() -> None:
    rng = np.random.default_rng(1)
    promotion = (rng.random((12, 54)) < 0.25).astype(float)
    promotion[:, 48:] = 0.0
    y = 100 * (1 + 0.5 * promotion[:, :48] + 0.03 * rng.standard_normal((12, 48)))
    ids, last = (
        np.array([f"s{k}" for k in range(12)], dtype=object),
        np.full(12, np.datetime64("2025-12", "M")),
    )
    more = promotion.copy()
    more[:, 50] = 1.0
    names: dict[str, Any] = {
        "seasonal_naive": {},
        "recent_mean": {},
        "level": {},
        "damped": {},
        "regression": {},
    }
    none, one = (
        run(History(ids, y, last, 6, {"promotion": each}), names) for each in (promotion, more)
    )
    for name in names:
        gain = np.median(one.values[name][-1] - none.values[name][-1], axis=0)
        assert gain[2] == pytest.approx(0.0 if name == "seasonal_naive" else 50.0, rel=0.25)
        np.testing.assert_allclose(np.delete(gain, 2), 0.0, atol=1.0)


def test_progress_ends_complete(unit: History) -> None:
    seen: list[tuple[str, int, int]] = []
    run(unit, progress=lambda *step: seen.append(step))
    assert seen[0] == ("seasonal_naive", 0, 3) and seen[-1] == ("", 3, 3)


def test_history_of_a_month_has_no_backtest_but_a_forecast() -> None:
    history = History(
        np.array(["a"], dtype=object),
        np.array([[7.0]]),
        np.array(["2025-12"], dtype="datetime64[M]"),
    )
    said = run(history)
    assert said.backs == (0,) and said.tested == ()
    assert said.values["recent_mean"][0, 0].tolist() == [7.0] * 6
    assert np.isnan(said.values["seasonal_naive"]).all() and not said.failures


# memory


@pytest.fixture
def quick_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders that depend on the history's length, found in no time."""

    def search(y: np.ndarray, max_order: int) -> dict[str, Any]:
        return {"order": [len(y) % 2, 1, 0], "seasonal": [0, 0, 0], "constant": False}

    monkeypatch.setattr(arima, "_search", search)


@pytest.mark.usefixtures("quick_search")
def test_memory_changes_no_number_from_month_to_month(unit: History, tmp_path: Path) -> None:
    for back in (2, 1, 0):
        remembered, alone = (
            run(unit.cut(back), ALL, cache=ForecastCache(tmp_path)),
            run(unit.cut(back), ALL),
        )
        assert_same(remembered, alone)
        assert remembered.failures == alone.failures
    assert list(tmp_path.glob("*.parquet"))


def count_rows(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(series, back) of every row that a candidate computes from now on."""
    asked: list[tuple[str, int]] = []
    compute = asking._predict

    def count(candidate: Candidate, rows: History, horizon: int, settings: Any) -> Prediction:
        asked.extend(
            (str(name), int(month))
            for name, month in zip(rows.ids, rows.last.astype(int), strict=True)
        )
        return compute(candidate, rows, horizon, settings)

    monkeypatch.setattr(asking, "_predict", count)
    return asked


def test_memory_computes_each_answer_once(unit: History, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, memory, names = count_rows(monkeypatch), ForecastCache(), {"ets": {}}
    run(unit.cut(3), names, cache=memory)
    before = len(asked)
    run(unit, names, cache=memory)
    assert (
        before and len(asked) == len(set(asked)) == before + 3
    )  # the cutoff of now is all that is new
    run(unit, names, cache=memory)
    assert len(asked) == before + 3
    run(unit, {"ets": {"settings": {"model": "ANN"}}}, cache=memory)
    assert len(asked) > before + 6


@pytest.mark.usefixtures("quick_search")
def test_changed_history_is_computed_again(unit: History) -> None:
    memory = ForecastCache()
    run(unit, ALL, cache=memory)
    y = unit.y.copy()
    y[1, -10] = 500.0
    changed = History(unit.ids, y, unit.last, 6, unit.regressors, unit.level)
    assert_same(run(changed, ALL, cache=memory), run(changed, ALL))
    days = History(
        unit.ids, unit.y, unit.last, 6, {"days": unit.regressors["days"] + 1}, unit.level
    )
    assert_same(run(days, ALL, cache=memory), run(days, ALL))


def test_analysts_candidate_is_remembered_only_with_its_code(
    unit: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, memory = count_rows(monkeypatch), ForecastCache()
    for code, more in (("", 15), ("", 15), ("one", 15), ("one", 0), ("two", 15)):
        before = len(asked)
        run(unit, {}, extra=always(np.full(6, 42.0), code=code), cache=memory)
        assert len(asked) - before == more


def test_order_search_sees_a_june_or_december_before_every_cutoff_and_is_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    y = 100 + np.random.default_rng(2).random((1, 60))
    history = History(
        np.array(["total"], dtype=object), y, np.array(["2026-02"], dtype="datetime64[M]")
    )
    seen: list[np.ndarray] = []
    find = arima._find
    monkeypatch.setattr(
        arima, "_find", lambda y, order: seen.append(y) or find(np.full(30, 1.0), order)
    )
    memory = ForecastCache()
    for back in range(6):
        said = run(history.cut(back), {"arima": {}}, cache=memory)
        assert said.tested == (12, 9, 6, 3)
    # cutoffs a year before 2026-02 to 2025-09: December 2024 serves the first three, June 2024 the
    # others
    assert sorted(len(known) for known in seen) == [60 - 20, 60 - 14]
    assert all(np.array_equal(known, y[0, : len(known)]) for known in seen)
