"""Claims about the race: who lost is not asked again, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from salesfc_lib.forecasting.backtest.backtest import CandidateForecasts, run_candidates
from salesfc_lib.forecasting.backtest.early_stopping import EarlyStopping, relative_errors
from salesfc_lib.forecasting.cache import ForecastCache
from salesfc_lib.forecasting.candidates.protocol import Candidate, Window, each_series
from salesfc_lib.forecasting.forecast import model_history
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tables import list_candidates, list_failures, list_weights
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.schema import Parameters

PANEL = {"seasonal_naive": {}, "recent_mean": {}, "two_years": {}}


def parameters(**backtest: Any) -> Parameters:
    return Parameters.model_validate({"candidates": PANEL, "backtest": backtest})


@pytest.fixture
def history() -> History:
    """Three series of 48 months that grow and swing; 'b' sells a hundred times as much."""
    months = np.arange(48)
    one = (100 + months) * (1 + 0.3 * np.sin(months * np.pi / 6))
    y = np.stack([one, 100 * one[::-1], one + 20])
    return History(
        np.array(["a", "b", "c"], dtype=object), y, np.full(3, np.datetime64("2026-06", "M"))
    )


class Counting:
    """A candidate of one's own that counts the windows that it saw, and is wrong by a factor for
    some series.
    """

    def __init__(self, wrong: dict[str, float]) -> None:
        self.wrong = wrong
        self.seen: list[tuple[str, int]] = []

    def fit(self, window: Window) -> np.ndarray:
        self.seen.append((window.unique_id, len(window.y)))
        return np.resize(window.y[-12:], window.horizon) * self.wrong.get(window.unique_id, 1.0)

    def run(self, history: History, settings: Parameters, **kwargs: Any) -> CandidateForecasts:
        mine = Candidate("mine", "own", "Mine", each_series(self.fit), **kwargs)
        return run_candidates(history, settings, horizon=12, extra={"mine": mine})


def test_a_hopeless_candidate_is_asked_once_and_no_more(history: History) -> None:
    mine = Counting({"b": 5.0})
    said = mine.run(history, parameters())
    assert said.tested == (12, 9, 6, 3)
    assert [length for name, length in mine.seen if name == "b"] == [45]
    assert sorted(length for name, length in mine.seen if name == "a") == [36, 39, 42, 45, 48]
    assert [(each.row, each.model) for each in said.stopped] == [(1, "mine")]
    assert np.isnan(said.values["mine"][:, 1]).all()
    assert said.failures == ()


def test_without_a_race_it_is_asked_everywhere(history: History) -> None:
    mine = Counting({"b": 5.0})
    said = mine.run(history, parameters(race=None))
    assert said.stopped == ()
    assert sorted(length for name, length in mine.seen if name == "b") == [36, 39, 42, 45, 48]


def test_what_goes_on_says_what_it_says_without_a_race(history: History) -> None:
    with_race, without = (
        Counting({"b": 5.0}).run(history, parameters(race=race)) for race in (2.0, None)
    )
    assert with_race.names == without.names
    for name in PANEL:
        np.testing.assert_array_equal(with_race.values[name], without.values[name])
    np.testing.assert_array_equal(
        with_race.values["mine"][:, [0, 2]], without.values["mine"][:, [0, 2]]
    )


def test_the_error_is_that_of_the_months_known_after_the_latest_cutoff(history: History) -> None:
    said = Counting({"b": 5.0}).run(history, parameters())
    (raced,) = said.stopped
    came = history.y[1, -3:]
    naive = history.y[1, -15:-12]
    assert raced.error == pytest.approx(np.abs(5 * naive - came).sum() / came.sum())
    others = [np.abs(said.values[name][-2, 1, :3] - came).sum() / came.sum() for name in PANEL]
    assert raced.reference == pytest.approx(sorted(others)[1])


def test_one_that_sees_the_whole_panel_is_not_raced(history: History) -> None:
    bad = Candidate(
        "bad", "own", "Bad", lambda history, horizon: 1.9 * history.y[:, -12:], scope="panel"
    )
    said = run_candidates(history, parameters(race=1.1), horizon=12, extra={"bad": bad})
    assert said.stopped == ()
    assert np.isfinite(said.at(0)).all()


def test_one_that_fails_at_the_race_has_failed_and_not_lost(history: History) -> None:
    def fit(window: Window) -> np.ndarray:
        if len(window.y) == 45:
            raise ValueError("not today")
        return np.resize(window.y[-12:], window.horizon)

    said = run_candidates(
        history,
        parameters(),
        horizon=12,
        extra={"mine": Candidate("mine", "own", "Mine", each_series(fit))},
    )
    assert said.stopped == ()
    assert {(each.back, each.error) for each in said.failures} == {(3, "ValueError: not today")}
    assert np.isfinite(said.values["mine"][-1]).all()


def test_orders_are_searched_where_they_are_without_a_race(history: History) -> None:
    seen: list[int] = []

    def search(rows: History, **_: Any) -> dict[str, Any]:
        seen.append(int(rows.length[0]))
        return {str(rows.ids[0]): 1}

    def forecast(rows: History, horizon: int, *, found: dict[str, Any]) -> np.ndarray:
        return np.repeat(rows.y[:, -1:], horizon, axis=1) * [[found[name]] for name in rows.ids]

    found = {}
    for race in (1.5, None):
        candidate = Candidate("mine", "own", "Mine", forecast, search=search)
        run_candidates(history, parameters(race=race), horizon=12, extra={"mine": candidate})
        found[race], seen = list(seen), []
    assert found[1.5] == found[None] == [36, 36, 36]  # June 2025 ends in a half-year already


def test_a_race_does_not_depend_on_what_is_remembered(history: History, tmp_path: Path) -> None:
    def run(memory: ForecastCache | None, months: int = 0) -> CandidateForecasts:
        mine = Candidate("mine", "own", "Mine", each_series(Counting({"b": 5.0}).fit), code="1")
        return run_candidates(
            history.cut(months), parameters(), horizon=12, cache=memory, extra={"mine": mine}
        )

    alone = run(None)
    run(ForecastCache(tmp_path), 3)
    after = run(ForecastCache(tmp_path))
    assert after.stopped == alone.stopped
    np.testing.assert_array_equal(after.values["mine"], alone.values["mine"])


def test_who_was_raced_out_has_no_weight_and_says_why_and_did_not_fail(history: History) -> None:
    mine = Candidate("mine", "own", "Mine", each_series(Counting({"b": 5.0}).fit))
    modeled = model_history(history, parameters(), horizon=12, extra={"mine": mine})
    rows = list_weights(modeled).query("model == 'mine'").set_index("unique_id")
    assert rows.index.tolist() == ["a", "c", "b"]
    assert rows.at["b", "weight"] == 0
    stopped, tested = map(in_words, rows.loc[["b", "a"], "reason"])
    assert stopped.startswith("raced out: error ") and stopped.endswith(" at the latest cutoff")
    assert "raced out" not in tested
    assert list_failures(modeled).empty
    assert set(list_candidates(modeled).query("model == 'mine'")["unique_id"]) == {"a", "c"}


def test_errors_are_squared_where_a_series_mostly_sells_nothing() -> None:
    forecast, came = np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([[0.0, 4.0], [0.0, 4.0]])
    assert relative_errors(forecast, came, np.array([False, True])).tolist() == [
        2.0 / 2.0,
        np.sqrt(5.0) / 2.0,
    ]


def test_a_series_of_which_nothing_was_sold_is_no_race() -> None:
    ids, nothing = np.array(["a"], dtype=object), np.zeros((1, 2))
    race = EarlyStopping(3, ids, np.ones((2, 1, 2)), nothing, squared=np.array([False]), factor=2.0)
    assert race.find_stops(ids, np.full((1, 2), 1e9)) == {}


def test_a_candidate_exactly_at_the_limit_goes_on() -> None:
    ids, came = np.array(["a", "b"], dtype=object), np.full((2, 2), 10.0)
    race = EarlyStopping(
        3, ids, np.full((1, 2, 2), 11.0), came, squared=np.zeros(2, dtype=bool), factor=2.0
    )
    assert race.find_stops(ids, np.array([[12.0, 8.0], [12.0, 7.0]])) == {"b": (0.25, 0.1)}
