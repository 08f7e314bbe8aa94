"""Claims about weights, choice and their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from salesfc_lib.forecasting.backtest.backtest import CandidateForecasts
from salesfc_lib.forecasting.combination.weights import (
    CandidateErrors,
    backtest_errors,
    best_single,
    combination_weights,
    known_cutoffs,
    weighted_mean,
)
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.reasons import BacktestFact, weight_reason
from salesfc_lib.forecasting.tuning import UNTESTED_ERROR
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.schema import Combine

pytestmark = pytest.mark.filterwarnings("error")
NAN = np.nan
BACKS = (12, 9, 6, 3, 0)
Values = dict[str, Sequence[float]]
TWO: Values = {"seasonal_naive": (120.0, 110.0), "level": (95.0, 90.0)}  # of 100 in both series


def settings(**keys: float) -> Combine:
    return Combine.model_validate({"own_weight": 1.0, "power": 1.0, "min_weight": 0.0, **keys})


def make_candidate_forecasts(
    values: Values,
    y: np.ndarray | float = 100.0,
    *,
    horizon: int = 6,
    backs: tuple[int, ...] = BACKS,
    level: Sequence[int] = (),
) -> CandidateForecasts:
    """Candidates that always say the same of each series."""
    n = len(next(iter(values.values())))
    sold = np.broadcast_to(y, (n, 30)).astype(float)
    ids = np.array([f"s{k:02d}" for k in range(n)], dtype=object)
    history = History(
        ids, sold, np.full(n, np.datetime64("2025-12", "M")), level=np.array(level, dtype=int)
    )
    cached = {
        name: np.broadcast_to(np.array(each, float)[None, :, None], (len(backs), n, horizon))
        for name, each in values.items()
    }
    return CandidateForecasts(
        history, backs, backs[:-1], {name: array.copy() for name, array in cached.items()}
    )


def weigh(cached: CandidateForecasts, back: int = 0, **keys: float) -> np.ndarray:
    return combination_weights(
        backtest_errors(cached, back, settings(**keys)), cached.at(back), settings(**keys)
    )


def test_weights_are_inverse_errors_worked_by_hand() -> None:
    cached = make_candidate_forecasts(TWO)
    weights = weigh(cached)
    np.testing.assert_allclose(weights, [[0.2, 0.5], [0.8, 0.5]])  # errors 20 and 5; 10 and 10
    np.testing.assert_allclose(
        weighted_mean(cached.at(0), weights), [[0.2 * 120 + 0.8 * 95] * 6, [100.0] * 6]
    )
    evidence = backtest_errors(cached, 0, settings())
    np.testing.assert_allclose(evidence.relative, [[20 / 12.5, 1.0], [5 / 12.5, 1.0]])
    np.testing.assert_allclose(evidence.wape, [[0.2, 0.1], [0.05, 0.1]])
    assert (evidence.cutoffs == 4).all()
    np.testing.assert_allclose(weigh(cached, power=2.0)[:, 0], [1 / 17, 16 / 17])


def test_a_network_counts_twice_what_its_error_says_worked_by_hand() -> None:
    cached = make_candidate_forecasts({"seasonal_naive": (120.0,), "network": (110.0,)})
    evidence = backtest_errors(cached, 0, settings())
    weights = combination_weights(evidence, cached.at(0), settings(), cached.names)
    np.testing.assert_allclose(weights[:, 0], [0.2, 0.8])  # 1 / 20 to 2 / 10


def test_a_network_counts_as_others_do_where_nothing_was_tested() -> None:
    cached = make_candidate_forecasts({"seasonal_naive": (120.0,), "network": (110.0,)}, backs=(0,))
    evidence = backtest_errors(cached, 0, settings())
    weights = combination_weights(evidence, cached.at(0), settings(), cached.names)
    np.testing.assert_allclose(weights[:, 0], [0.5, 0.5])


def test_level_shares_its_errors_with_a_series() -> None:
    weights = weigh(make_candidate_forecasts(TWO), own_weight=0.0)
    raw = np.array([1 / 1.3, 1 / 0.7])  # means of 1.6 and 1.0, of 0.4 and 1.0
    np.testing.assert_allclose(weights, np.tile(raw / raw.sum(), (2, 1)).T)
    half = np.array([1 / (0.5 * 1.6 + 0.5 * 1.3), 1 / (0.5 * 0.4 + 0.5 * 0.7)])
    np.testing.assert_allclose(
        weigh(make_candidate_forecasts(TWO), own_weight=0.5)[:, 0], half / half.sum()
    )


def test_level_of_few_series_is_drawn_to_all() -> None:
    values = {"seasonal_naive": [120.0] + [105.0] * 20, "level": [105.0] + [120.0] * 20}
    few = weigh(make_candidate_forecasts(values, level=[1] + [0] * 20), own_weight=0.0)
    own, rest = 1.6, 0.4
    overall = (own + 20 * rest) / 21
    shared = (1 * own + 10 * overall) / 11
    other = (1 * (2 - own) + 10 * (2 - overall)) / 11
    np.testing.assert_allclose(
        few[:, 0], [shared**-1 / (shared**-1 + other**-1), other**-1 / (shared**-1 + other**-1)]
    )


def test_small_weights_are_dropped_and_the_rest_sums_to_one() -> None:
    np.testing.assert_allclose(
        weigh(make_candidate_forecasts(TWO), min_weight=0.25)[:, 0], [0.0, 1.0]
    )
    np.testing.assert_allclose(
        weigh(make_candidate_forecasts(TWO), min_weight=0.9), [[0.0, 0.5], [1.0, 0.5]]
    )  # the largest always stays


def test_perfect_past_does_not_take_all() -> None:
    weights = weigh(
        make_candidate_forecasts({"seasonal_naive": (120.0,), "level": (100.0,)}), power=1.0
    )
    np.testing.assert_allclose(
        weights[:, 0], [0.5 / 20.5, 20 / 20.5]
    )  # errors 2 and, at least, 0.05 of the mean candidate's


def test_series_that_mostly_sells_nothing_is_judged_by_squares() -> None:
    y = np.zeros((1, 30))
    y[0, ::3] = 9.0
    cached = make_candidate_forecasts({"seasonal_naive": (0.0,), "tsb": (3.0,)}, y, horizon=3)
    relative = backtest_errors(cached, 0, settings()).relative[:, 0]
    zero, mean = (0 + 0 + 81) / 3, (9 + 9 + 36) / 3
    np.testing.assert_allclose(
        relative, np.sqrt([zero / ((zero + mean) / 2), mean / ((zero + mean) / 2)])
    )
    assert relative[1] < relative[0]  # by absolute errors nothing at all would win


def test_candidate_with_fewer_cutoffs_is_compared_on_its_own_rows() -> None:
    y = np.full((1, 30), 100.0)
    y[0, :-6] = 200.0  # hard months first
    cached = make_candidate_forecasts({"seasonal_naive": (120.0,), "level": (120.0,)}, y)
    cached.values["level"][:2] = NAN
    np.testing.assert_allclose(weigh(cached)[:, 0], [0.5, 0.5])
    assert backtest_errors(cached, 0, settings()).cutoffs[:, 0].tolist() == [4, 2]


def test_failure_now_leaves_its_share_to_the_others() -> None:
    cached = make_candidate_forecasts(TWO)
    cached.values["level"][-1, 0] = NAN
    weights = weigh(cached)
    np.testing.assert_allclose(weights[:, 0], [1.0, 0.0])
    np.testing.assert_allclose(weighted_mean(cached.at(0), weights)[0], 120.0)


def test_panel_without_a_backtest_takes_its_candidates_equally() -> None:
    cached = make_candidate_forecasts({**TWO, "theta": (80.0, 80.0)}, backs=(0,))
    np.testing.assert_allclose(weigh(cached), 1 / 3)
    np.testing.assert_allclose(
        weigh(make_candidate_forecasts(TWO, backs=(3, 0)), min_weight=0.0), 0.5
    )  # one cutoff may be luck


def test_young_series_counts_candidates_as_its_level_does() -> None:
    cached = make_candidate_forecasts({"seasonal_naive": [120.0] * 3, "level": [95.0] * 3})
    y = cached.history.y.copy()
    y[2, :-2] = NAN
    young = CandidateForecasts(
        History(cached.history.ids, y, cached.history.last),
        cached.backs,
        cached.tested,
        cached.values,
    )
    np.testing.assert_allclose(weigh(young)[:, 2], [0.2, 0.8])


def test_series_without_any_forecast_has_no_weight_and_no_number() -> None:
    cached = make_candidate_forecasts(TWO)
    for values in cached.values.values():
        values[-1, 0] = NAN
    weights = weigh(cached)
    assert (weights[:, 0] == 0).all() and np.isnan(weighted_mean(cached.at(0), weights)[0]).all()
    assert best_single(cached, backtest_errors(cached, 0, settings()), cached.at(0)).tolist() == [
        -1,
        0,
    ]


def test_series_that_sold_nothing_is_combined_without_dividing_by_zero() -> None:
    cached = make_candidate_forecasts({"seasonal_naive": (0.0,), "level": (0.0,)}, 0.0)
    np.testing.assert_allclose(weigh(cached), 0.5)
    assert (weighted_mean(cached.at(0), weigh(cached)) == 0).all()
    assert np.isnan(backtest_errors(cached, 0, settings()).wape).all()


def test_evidence_at_an_earlier_cutoff_is_older_and_knows_nothing_later() -> None:
    cached = make_candidate_forecasts(TWO)
    assert (
        known_cutoffs(cached, 0) == [12, 9, 6, 3]
        and known_cutoffs(cached, 6) == [12, 9]
        and known_cutoffs(cached, 12) == []
    )
    y = cached.history.y.copy()
    y[:, -6:] = 1000.0
    changed = CandidateForecasts(
        History(cached.history.ids, y, cached.history.last),
        cached.backs,
        cached.tested,
        cached.values,
    )
    np.testing.assert_array_equal(weigh(cached, 6), weigh(changed, 6))
    assert not np.allclose(weigh(cached, 0), weigh(changed, 0))


def test_evidence_is_of_as_many_cutoffs_as_the_backtest_has() -> None:
    cached = make_candidate_forecasts(TWO)
    short = CandidateForecasts(cached.history, cached.backs, (3,), cached.values)
    assert known_cutoffs(short, 0) == [3] and known_cutoffs(short, 6) == [9]


def test_revision_is_how_far_the_same_month_moved_by_hand() -> None:
    cached = make_candidate_forecasts({"seasonal_naive": (100.0,)}, horizon=4)
    for place, level in enumerate((100.0, 110.0, 110.0, 90.0, 0.0)):
        cached.values["seasonal_naive"][place] = level + np.arange(4.0)
    # neighbours three months apart share one month: the fourth of one is the first of the next
    moved = [abs(110 - 103), abs(110 - 113), abs(90 - 113)]
    assert backtest_errors(cached, 0, settings()).revision[0, 0] == pytest.approx(
        sum(moved) / (110 + 110 + 90)
    )


def test_cutoffs_that_share_no_month_have_no_revision() -> None:
    assert np.isnan(
        backtest_errors(make_candidate_forecasts(TWO, horizon=3), 0, settings()).revision
    ).all()
    assert np.isnan(
        backtest_errors(make_candidate_forecasts(TWO, horizon=1), 0, settings()).revision
    ).all()


def test_order_of_series_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    values = {name: rng.normal(100, 20, 8) for name in ("seasonal_naive", "level", "theta")}
    order = rng.permutation(8)
    shuffled = {name: each[order] for name, each in values.items()}
    level = np.array([0, 0, 0, 1, 1, 1, 1, 2])
    one = weigh(make_candidate_forecasts(values, level=level), own_weight=0.5)
    np.testing.assert_allclose(
        weigh(make_candidate_forecasts(shuffled, level=level[order]), own_weight=0.5),
        one[:, order],
        rtol=1e-12,
    )


# the mix


def test_outermost_candidates_are_drawn_in_worked_by_hand() -> None:
    forecast = np.array([1.0, 5.0, 6.0, 100.0])[:, None, None]
    weights = np.array([0.1, 0.2, 0.3, 0.4])[:, None]
    assert weighted_mean(forecast, weights)[0, 0] == pytest.approx(
        0.1 * 5 + 0.2 * 5 + 0.3 * 6 + 0.4 * 6
    )
    assert weighted_mean(forecast, weights, np.array([True]))[0, 0] == pytest.approx(
        0.1 + 1.0 + 1.8 + 40.0
    )
    two = weighted_mean(forecast[:2], np.array([[0.5], [0.5]]))
    assert two[0, 0] == 3.0  # of two neither is outermost


def test_candidate_without_weight_does_not_draw_in() -> None:
    forecast = np.array([1.0, 5.0, 6.0, 100.0])[:, None, None]
    assert weighted_mean(forecast, np.array([0.0, 0.5, 0.0, 0.5])[:, None])[0, 0] == pytest.approx(
        52.5
    )


def test_missing_month_is_shared_by_the_others() -> None:
    forecast = np.array([[[1.0, NAN]], [[3.0, 3.0]]])
    np.testing.assert_allclose(weighted_mean(forecast, np.array([[0.5], [0.5]])), [[2.0, 3.0]])


@given(
    arrays(float, (5, 3, 2), elements=st.one_of(st.just(NAN), st.floats(-1e12, 1e12))),
    arrays(float, (5, 3), elements=st.floats(0.01, 1.0)),
)
def test_mix_lies_among_what_candidates_say(forecast: np.ndarray, raw: np.ndarray) -> None:
    mixed = weighted_mean(forecast, raw / raw.sum(axis=0))
    told = np.isfinite(forecast).any(axis=0)
    assert np.array_equal(np.isfinite(mixed), told)
    low, high = (np.where(np.isfinite(forecast), forecast, fill) for fill in (np.inf, -np.inf))
    slack = 1e-9 * np.abs(mixed[told]) + 1e-12
    assert (mixed[told] >= low.min(axis=0)[told] - slack).all() and (
        mixed[told] <= high.max(axis=0)[told] + slack
    ).all()


@given(
    arrays(float, (4, 3), elements=st.one_of(st.just(NAN), st.floats(0, 1e9))),
    arrays(bool, (4, 3)),
    st.floats(0, 10),
    st.floats(0, 0.9),
)
def test_weights_are_shares_of_those_that_said_something(
    error: np.ndarray, given: np.ndarray, power: float, least: float
) -> None:
    forecast = np.where(given, 1.0, NAN)[:, :, None]
    nothing = np.full(error.shape, NAN)
    weights = combination_weights(
        CandidateErrors(error, error, nothing, nothing, np.ones(error.shape)),
        forecast,
        settings(power=power, min_weight=least),
    )
    assert (weights >= 0).all() and (weights[~given] == 0).all()
    np.testing.assert_allclose(weights.sum(axis=0), given.any(axis=0).astype(float))


# the best single model


def best(values: Values, cached: CandidateForecasts | None = None) -> str:
    cached = cached or make_candidate_forecasts(values)
    place = best_single(cached, backtest_errors(cached, 0, settings()), cached.at(0))[0]
    return cached.names[place]


def test_best_is_the_candidate_of_least_error_and_a_tie_goes_to_the_simpler() -> None:
    assert (
        best(
            {
                "seasonal_naive": (120.0,),
                "level": (105.0,),
                "theta": (95.0,),
                "regression": (95.02,),
            }
        )
        == "level"
    )
    assert (
        best(
            {
                "seasonal_naive": (120.0,),
                "level": (106.0,),
                "theta": (95.0,),
                "regression": (95.02,),
            }
        )
        == "theta"
    )


def test_a_tie_goes_to_the_steadier_where_the_simpler_is_restless() -> None:
    cached = make_candidate_forecasts(
        {
            "seasonal_naive": (120.0,),
            "level": (95.0,),
            "theta": (95.0,),
            "damped": (130.0,),
            "regression": (130.0,),
        }
    )
    assert best({}, cached) == "level"
    cached.values["level"][:] = (
        100 + np.where(np.arange(5) % 2, 5.0, -5.0)[:, None, None]
    )  # as accurate, but the last to be steady
    assert best({}, cached) == "theta"


def test_best_must_have_covered_what_the_baseline_covered() -> None:
    cached = make_candidate_forecasts(
        {"seasonal_naive": (120.0,), "level": (110.0,), "ets": (100.0,)}
    )
    cached.values["ets"][:2] = NAN
    assert best({}, cached) == "level"


def test_best_without_a_backtest_is_the_simplest() -> None:
    assert (
        best(
            {},
            make_candidate_forecasts({"seasonal_naive": (120.0,), "level": (100.0,)}, backs=(0,)),
        )
        == "seasonal_naive"
    )


# reasons


def reason_of(own: BacktestFact, facts: list[BacktestFact]) -> str:
    return str(in_words(weight_reason(own, facts)))


def test_reasons_state_both_errors() -> None:
    naive, level = BacktestFact("seasonal_naive", 0.2, 0.2, 4), BacktestFact("level", 0.8, 0.05, 4)
    assert (
        reason_of(level, [naive, level])
        == "lowest error in the backtest, 5.0\u202f%, against 20.0\u202f% for the seasonal naive"
    )
    worse = BacktestFact("level", 0.1, 0.3, 4)
    assert (
        reason_of(worse, [naive, worse])
        == "backtest error 30.0\u202f%, worse than the 20.0\u202f% of the seasonal naive"
    )
    alike = BacktestFact("level", 0.5, 0.201, 4)
    assert reason_of(alike, [naive, alike]) == "backtest error 20.1\u202f%, like the seasonal naive"
    assert reason_of(naive, [naive, level]) == "backtest error 20.0\u202f%"
    network = BacktestFact("network", 0.5, 0.2, 4)
    assert reason_of(network, [naive, level, network]).endswith(
        "like the seasonal naive; weighs 2 times what that gives"
    )


def test_reasons_say_what_was_not_used_not_tested_or_alone() -> None:
    naive = BacktestFact("seasonal_naive", 1.0, 0.2, 4)
    dropped = BacktestFact("level", 0.0, 0.9, 4)
    assert reason_of(dropped, [naive, dropped]).startswith("not used: backtest error 90.0\u202f%")
    few = BacktestFact("level", 0.3, 0.25, 1)
    worse = "worse than the 20.0\u202f% of the seasonal naive"
    assert reason_of(few, [naive, few]) == f"backtest error 25.0\u202f% over 1 cutoff, {worse}"
    assert reason_of(naive, [naive]) == "the only candidate that could forecast this series"
    young = [BacktestFact("seasonal_naive", 0.5, NAN, 0), BacktestFact("level", 0.5, NAN, 0)]
    assert "history is too short, so all 2 candidates count equally" in reason_of(young[0], young)
    once = [BacktestFact("seasonal_naive", 0.5, 0.2, 1), BacktestFact("level", 0.5, 0.1, 1)]
    assert (
        reason_of(once[0], once)
        == "one cutoff in the backtest tells too little, so all 2 candidates count equally"
    )
    unsold = BacktestFact("level", 0.5, NAN, 4)
    assert "unknown, as nothing was sold" in reason_of(
        unsold, [unsold, BacktestFact("theta", 0.5, NAN, 4)]
    )


def test_a_candidate_that_no_series_was_long_enough_to_test_counts_by_a_usual_error() -> None:
    cached = make_candidate_forecasts({**TWO, "winters": (101.0, 101.0)})
    cached.values["winters"][:-1] = NAN  # a forecast now, and at no cutoff
    tested = replace(cached, needed={"winters": 25})  # 30 months now, 27 at the latest cutoff
    np.testing.assert_allclose(weigh(tested)[2], 0.0)
    untested = replace(cached, needed={"winters": 28})
    relative = np.array([20 / 12.5, 5 / 12.5, UNTESTED_ERROR])  # of 100, mean of both errors 12.5
    np.testing.assert_allclose(weigh(untested)[:, 0], (1 / relative) / (1 / relative).sum())
    facts = [BacktestFact("level", 0.5, 0.05, 4), BacktestFact("winters", 0.3, NAN, 0)]
    assert "or by a usual one" in reason_of(facts[1], facts)


def test_nothing_counts_by_a_usual_error_where_nothing_was_tested() -> None:
    cached = make_candidate_forecasts({**TWO, "winters": (101.0, 101.0)}, backs=(0,))
    np.testing.assert_allclose(weigh(replace(cached, needed={"winters": 40})), 1 / 3)
