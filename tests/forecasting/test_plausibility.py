"""Claims about the gate: what nothing ever came near is refused with a reason, and nothing else
is.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salesfc_lib.forecasting.backtest.backtest import run_candidates
from salesfc_lib.forecasting.backtest.plausibility import bounds_at, refusal_of, reject_implausible
from salesfc_lib.forecasting.candidates.protocol import Candidate
from salesfc_lib.forecasting.forecast import model_history
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import UNKNOWN_GROWTH
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.foundation.schema import Parameters


def history(*series: list[float]) -> History:
    width = max(map(len, series))
    y = np.array([[np.nan] * (width - len(values)) + values for values in series], dtype=float)
    return History(
        np.array([f"s{k}" for k in range(len(y))], dtype=object),
        y,
        np.full(len(y), np.datetime64("2025-12", "M")),
    )


def calm(n: int = 30, width: int = 60) -> History:
    draw = np.random.default_rng(4)
    return history(*(list(100 * (k + 1) * draw.uniform(0.8, 1.2, width)) for k in range(n)))


FLAT = [10.0] * 36  # one series: too few years to say what is rare, so four times are allowed


def judge(forecast: list[float], values: list[float] = FLAT) -> float:
    return float(bounds_at(history(values), 0).excess(np.array([forecast]))[0])


def test_a_month_may_reach_the_largest_times_the_growth() -> None:
    # at most 10 x 4 in a month, 120 x 4 in a year
    assert judge([40.0] + [10.0] * 11) == pytest.approx(1.0)
    assert judge([44.0] + [10.0] * 11) == pytest.approx(1.1)
    assert UNKNOWN_GROWTH == 4.0


def test_a_year_may_neither_rise_nor_fall_beyond_what_years_did() -> None:
    assert judge([40.0] * 12) == pytest.approx(1.0)
    assert judge([2.5] * 12) == pytest.approx(1.0)  # 120 / 4
    assert judge([1.0] * 12) == pytest.approx(30 / 12)


def test_a_later_year_may_grow_once_more() -> None:
    assert judge([10.0] * 12 + [160.0]) == pytest.approx(1.0)
    assert judge([10.0] * 12 + [176.0]) == pytest.approx(1.1)


def test_what_a_series_did_before_is_plausible_again() -> None:
    lost = [100.0] * 24 + [10.0] * 12
    assert judge([100.0] * 12, lost) <= 1.0  # the best year there was, though ten times the last
    assert judge([10.0] * 12, lost) <= 1.0


def test_the_last_three_months_are_plausible_for_a_year() -> None:
    assert judge([1.0] * 12, [100.0] * 33 + [1.0] * 3) <= 1.0
    assert judge([1.0] * 12, [100.0] * 33 + [50.0] * 3) > 1.0


def test_a_calm_panel_allows_twice_and_a_wild_one_what_it_did() -> None:
    assert bounds_at(calm(), 0).growth == 2.0
    wild = history(*([1.0] * 12 + [9.0] * 12 for _ in range(500)))
    assert bounds_at(wild, 0).growth == pytest.approx(9.0)


def test_a_young_series_may_peak_as_its_peers_do() -> None:
    peers = [[1.0] * 11 + [50.0]] * 3
    steps = np.array([[1.0] * 5 + [50.0] + [1.0] * 6])
    young = bounds_at(history(*(each * 5 for each in peers), [2.0, 2.0]), 0).excess(
        np.repeat(steps, 4, axis=0)
    )[3]
    alone = bounds_at(history([2.0, 2.0]), 0).excess(steps)[0]
    assert young <= 1.0 < alone


def test_lumpy_negative_and_unsold_series_are_not_held_to_a_least_year() -> None:
    lumpy = [0.0, 0.0, 30.0] * 12
    returned = [10.0] * 30 + [-5.0] * 6
    panel = bounds_at(history(lumpy, returned, [0.0] * 36), 0)
    assert panel.low.tolist() == [-np.inf] * 3
    assert (panel.excess(np.zeros((3, 12))) <= 1).all()
    assert (
        panel.excess(np.full((3, 12), 1e9))[2] == 0.0
    )  # nothing was ever sold: nothing to judge by


def test_a_refusal_says_its_numbers_and_leaves_the_others() -> None:
    bounds = bounds_at(history(FLAT, FLAT), 0)
    good, wild = np.full((2, 12), 10.0), np.array([[10.0] * 12, [10.0, 900.0] + [10.0] * 10])
    left, told = reject_implausible({"good": good, "wild": wild}, bounds)
    assert np.isfinite(left["good"]).all()
    assert np.isfinite(left["wild"][0]).all()
    assert np.isnan(left["wild"][1]).all()
    [(row, name, reason)] = told
    assert (row, name) == (1, "wild")
    assert refusal_of(reason) == "month"
    for number in ("900", "2 months ahead", "at most 40", "largest month 10", "4.00 times"):
        assert number in in_words(reason)


def test_the_least_implausible_stays_where_all_are() -> None:
    bounds = bounds_at(history(FLAT), 0)
    left, told = reject_implausible(
        {"far": np.full((1, 12), 900.0), "near": np.full((1, 12), 50.0)}, bounds
    )
    assert np.isfinite(left["near"]).all()
    assert [name for _, name, _ in told] == ["far"]


def test_nothing_said_is_nothing_refused() -> None:
    nothing = np.full((1, 12), np.nan)
    left, told = reject_implausible(
        {"a": nothing, "b": np.full((1, 12), 10.0)}, bounds_at(history(FLAT), 0)
    )
    assert not told
    assert np.isnan(left["a"]).all()


@example([0.0] * 12, [*[0.0] * 5, 5e-324, *[0.0] * 14, 1.0, *[0.0] * 9])
@given(
    st.lists(st.floats(0, 1e4), min_size=12, max_size=30),
    st.lists(st.floats(0, 100), min_size=30, max_size=60),
)
def test_what_is_held_is_plausible_and_what_is_plausible_is_left(
    forecast: list[float], values: list[float]
) -> None:
    bounds, said = bounds_at(history(values), 0), np.array([forecast])
    held = bounds.hold(said)
    assert bounds.excess(held)[0] <= 1 + 1e-6
    if bounds.excess(said)[0] <= 1:
        np.testing.assert_allclose(held, said)


def test_the_bounds_at_a_cutoff_see_nothing_later() -> None:
    panel = calm()
    y = panel.y.copy()
    y[:, -6:] *= 50
    later = History(panel.ids, y, panel.last)
    forecast = np.full((len(panel), 12), 1e4)
    np.testing.assert_array_equal(
        bounds_at(panel, 6).excess(forecast), bounds_at(later, 6).excess(forecast)
    )


def explode(panel: History, horizon: int) -> np.ndarray:
    """Doubles every month."""
    return panel.y[:, -1:] * 2.0 ** np.arange(1, horizon + 1)


EXPLODING = {"explosion": Candidate("explosion", "own", "Explosion", explode, scope="panel")}


def parameters() -> Parameters:
    return Parameters.model_validate(
        {"candidates": {"seasonal_naive": {}, "recent_mean": {}, "damped": {}}}
    )


def test_a_candidate_that_explodes_is_refused_everywhere_and_carries_nothing() -> None:
    panel = calm()
    said = run_candidates(panel, parameters(), horizon=12, extra=EXPLODING)
    assert np.isnan(said.values["explosion"]).all()
    refused = [each for each in said.failures if each.model == "explosion"]
    assert len(refused) == len(panel) * (len(said.tested) + 1)
    assert all(refusal_of(each.error) for each in refused)
    with_it = model_history(panel, parameters(), horizon=12, extra=EXPLODING)
    without = model_history(panel, parameters(), horizon=12)
    np.testing.assert_allclose(with_it.combined[0], without.combined[0])


def test_the_combination_is_plausible_even_where_only_an_explosion_is_asked() -> None:
    panel = calm()
    only = Parameters.model_validate({"candidates": {"explosion": {}}})
    combined = model_history(panel, only, horizon=12, extra=EXPLODING).combined[0]
    assert np.isfinite(combined).all()
    assert (bounds_at(panel, 0).excess(combined) <= 1 + 1e-6).all()


def test_the_defaults_refuse_nothing_of_a_calm_panel() -> None:
    said = run_candidates(calm(), defaults(), horizon=12)
    assert not [each for each in said.failures if refusal_of(each.error)]
