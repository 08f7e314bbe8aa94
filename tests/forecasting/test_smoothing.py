"""Claims about what the candidates are built of, against slow obvious loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing import recursions
from salesfc_lib.forecasting.smoothing.recursions import (
    ALPHAS,
    likelihood_weights,
    mean_of_first,
    slope,
    smooth_levels,
    smooth_trends,
)
from salesfc_lib.forecasting.smoothing.seasonality import (
    adjust,
    centred_mean,
    estimate_indices,
    shrink,
)
from salesfc_lib.forecasting.tuning import LEVEL_START, SEASON_PANEL_SHARE
from salesfc_lib.foundation.calendar import SEASON
from salesfc_lib.foundation.nan_statistics import nan_mean, nan_median, nan_std

pytestmark = pytest.mark.filterwarnings("error")
NAN = np.nan


def make_history(y: np.ndarray, last: str = "2025-12") -> History:
    """Rows that all end in `last`."""
    return History(
        np.array([f"s{k:03d}" for k in range(len(y))], dtype=object),
        y,
        np.full(len(y), np.datetime64(last, "M")),
    )


def begin_late(y: np.ndarray, first: list[int]) -> np.ndarray:
    """Rows without their first months."""
    return np.where(np.arange(y.shape[1]) < np.array(first)[:, None], NAN, y)


@pytest.fixture
def late() -> np.ndarray:
    """Three rows of 30 months that begin at once, after 7 months, and in the last month."""
    return begin_late(np.random.default_rng(3).gamma(2.0, 50.0, (3, 30)), [0, 7, 29])


def loop_levels(y: np.ndarray, alpha: float) -> tuple[float, float]:
    """Level and sum of squared errors of one series of known months."""
    level, squares = float(np.mean(y[:LEVEL_START])), 0.0
    for value in y:
        squares += (value - level) ** 2
        level += alpha * (value - level)
    return level, squares


def loop_trends(y: np.ndarray, alpha: float, beta: float, phi: float) -> tuple[float, float, float]:
    """Level, trend and sum of squared errors of damped trend smoothing."""
    level, trend, squares = float(np.mean(y[:LEVEL_START])), 0.0, 0.0
    for value in y:
        forecast = level + phi * trend
        squares += (value - forecast) ** 2
        level, trend = (
            forecast + alpha * (value - forecast),
            phi * trend + alpha * beta * (value - forecast),
        )
    return level, trend, squares


def test_smoothed_levels_are_those_of_a_loop_for_each_alpha(late: np.ndarray) -> None:
    states = smooth_levels(late)
    for row, y in enumerate(late):
        known = y[np.isfinite(y)]
        looped = [loop_levels(known, alpha) for alpha in ALPHAS]
        np.testing.assert_allclose(states.level[row], [level for level, _ in looped], rtol=1e-12)
        weight = (
            np.array([squares for _, squares in looped]) ** (-len(known) / 4)
            if row < 2
            else np.ones(len(ALPHAS))
        )
        np.testing.assert_allclose(states.weight[row], weight / weight.sum(), rtol=1e-9)
        assert states.mean_level[row] == pytest.approx((weight / weight.sum()) @ states.level[row])


def test_damped_trends_are_those_of_a_loop_for_each_set(late: np.ndarray) -> None:
    alpha, beta, phi = (
        np.array([0.1, 0.5, 0.8]),
        np.array([0.1, 0.3, 0.0]),
        np.array([0.9, 1.0, 0.8]),
    )
    states = smooth_trends(late, alpha=alpha, beta=beta, phi=phi)
    for row, y in enumerate(late):
        known = y[np.isfinite(y)]
        looped = np.array(
            [loop_trends(known, *each) for each in zip(alpha, beta, phi, strict=True)]
        )
        np.testing.assert_allclose(states.level[row], looped[:, 0], rtol=1e-12)
        np.testing.assert_allclose(states.trend[row], looped[:, 1], rtol=1e-12)


def test_blocks_of_rows_give_what_all_rows_at_once_give(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    y = begin_late(rng.gamma(2.0, 9.0, (25, 20)), list(rng.integers(0, 20, 25)))
    whole = smooth_levels(y)
    monkeypatch.setattr(recursions, "BLOCK", 3 * len(ALPHAS))
    parts = smooth_levels(y)
    np.testing.assert_array_equal(parts.level, whole.level)
    np.testing.assert_array_equal(parts.weight, whole.weight)


def test_smoothing_leaves_its_months_alone(late: np.ndarray) -> None:
    before = late.copy()
    smooth_levels(late)
    adjust(make_history(late), 12, relative=True)
    np.testing.assert_array_equal(late, before)


def test_level_of_a_constant_series_is_the_constant() -> None:
    np.testing.assert_allclose(smooth_levels(np.full((2, 20), 7.0)).mean_level, 7.0)
    np.testing.assert_array_equal(smooth_levels(np.zeros((2, 20))).mean_level, 0.0)


def test_weights_are_powers_of_the_errors_and_a_perfect_past_takes_all() -> None:
    mse = np.array([[1.0, 4.0], [2.0, 2.0], [0.0, 3.0], [0.0, 0.0]])
    weight = likelihood_weights(mse, np.array([2, 9, 5, 5]), 0.5)
    np.testing.assert_allclose(weight, [[4 / 5, 1 / 5], [0.5, 0.5], [1, 0], [0.5, 0.5]], atol=1e-12)


@given(arrays(float, (2, 5), elements=st.floats(1e-6, 1e12)), st.floats(1e-3, 1e3))
def test_weights_sum_to_one_and_do_not_depend_on_the_unit(mse: np.ndarray, unit: float) -> None:
    months = np.array([60, 3])
    weight = likelihood_weights(mse, months, 0.25)
    np.testing.assert_allclose(weight.sum(axis=1), 1.0)
    np.testing.assert_allclose(
        likelihood_weights(mse * unit, months, 0.25), weight, rtol=1e-6, atol=1e-12
    )


def test_slope_is_that_of_a_fitted_line(late: np.ndarray) -> None:
    fitted = [np.polyfit(np.arange(30)[np.isfinite(y)], y[np.isfinite(y)], 1)[0] for y in late[:2]]
    np.testing.assert_allclose(slope(late)[:2], fitted)
    assert slope(late)[2] == 0.0  # of one month


def test_mean_of_the_first_months_by_hand() -> None:
    y = np.array([[NAN, 1.0, 3.0, 8.0], [NAN, NAN, NAN, 5.0], [NAN] * 4])
    assert mean_of_first(y, np.array([1, 3, 4]), 2).tolist() == [2.0, 5.0, 0.0]


def test_centred_mean_is_that_of_a_loop() -> None:
    y = begin_late(np.random.default_rng(1).normal(50, 20, (3, 31)), [0, 5, 20])
    expected = np.full(y.shape, NAN)
    weight = np.r_[0.5, np.ones(11), 0.5] / 12
    for row in range(3):
        for column in range(6, 31 - 6):
            around = y[row, column - 6 : column + 7]
            expected[row, column] = weight @ around if np.isfinite(around).all() else NAN
    np.testing.assert_allclose(centred_mean(y), expected, rtol=1e-10)
    assert np.isnan(centred_mean(y[:, :12])).all()


PROFILE = np.array([-0.3, -0.2, 0.0, 0.1, 0.1, 0.0, -0.1, 0.0, 0.1, 0.0, 0.1, 0.2])


def plant(
    n: int, months: int, noise: float, seed: int = 1, profile: np.ndarray = PROFILE
) -> np.ndarray:
    """Series of one seasonal profile, January first in column 0 of whole years that end in
    December.
    """
    rng = np.random.default_rng(seed)
    season = 1 + profile[(np.arange(months) - months) % 12]
    return (
        100.0
        * rng.lognormal(0, 1, (n, 1))
        * season
        * (1 + noise * rng.standard_normal((n, months)))
    )


@pytest.mark.parametrize("last", ["2025-12", "2025-07"])
def test_planted_season_is_found_in_its_calendar_months(last: str) -> None:
    """Last column's month decides which of them is January."""
    y = plant(30, 60, 0.02)
    indices = estimate_indices(make_history(y, last), relative=True)
    moved = np.roll(PROFILE, int(last[-2:]) % 12)
    np.testing.assert_allclose(indices, np.broadcast_to(moved, indices.shape), atol=0.03)
    additive = estimate_indices(make_history(y, last), relative=False) / y.mean(
        axis=1, keepdims=True
    )
    np.testing.assert_allclose(additive, np.broadcast_to(moved, indices.shape), atol=0.03)


def test_indices_of_a_year_cancel() -> None:
    y = np.r_[plant(5, 50, 0.3), np.zeros((1, 50)), np.full((1, 50), 4.0)]
    for relative in (True, False):
        np.testing.assert_allclose(
            estimate_indices(make_history(y), relative=relative).sum(axis=1), 0.0, atol=1e-9
        )


def test_months_without_evidence_take_four_fifths_of_the_panels_index() -> None:
    rng = np.random.default_rng(2)
    own = np.r_[PROFILE + rng.normal(0, 0.01, (40, 12)), np.zeros((1, 12))]
    count = np.r_[np.full((40, 12), 4), np.zeros((1, 12))]
    indices = shrink(own, count, np.r_[np.full(40, 0.0004), NAN])
    panel = PROFILE - PROFILE.mean()
    np.testing.assert_allclose(indices[40], SEASON_PANEL_SHARE * panel, atol=0.005)


def test_own_season_is_believed_where_it_differs_by_more_than_its_noise() -> None:
    odd = -3 * PROFILE
    own = np.r_[np.tile(PROFILE, (20, 1)), odd[None], odd[None]]
    count = np.full((22, 12), 5.0)
    quiet, loud = 1e-6, 5.0
    indices = shrink(own, count, np.r_[np.full(20, 1e-3), quiet, loud])
    np.testing.assert_allclose(indices[20], odd - odd.mean(), atol=0.03)
    panel = indices[:20].mean(axis=0)
    assert np.abs(indices[21] - panel).max() < np.abs(indices[20] - panel).max() / 4


def test_lone_series_with_years_of_evidence_keeps_its_own_season() -> None:
    np.testing.assert_allclose(
        estimate_indices(make_history(plant(1, 72, 0.01)), relative=True)[0], PROFILE, atol=0.03
    )


def test_short_series_takes_the_season_of_its_panel() -> None:
    y = np.r_[plant(30, 60, 0.02), begin_late(plant(1, 60, 0.02, seed=9), [57])]
    indices = estimate_indices(make_history(y), relative=True)
    np.testing.assert_allclose(indices[30], SEASON_PANEL_SHARE * PROFILE, atol=0.03)


def test_season_scales_with_the_unit() -> None:
    y = plant(6, 40, 0.2)
    history, thousand = make_history(y), make_history(1000 * y)
    np.testing.assert_allclose(
        estimate_indices(thousand, relative=True), estimate_indices(history, relative=True)
    )
    np.testing.assert_allclose(
        estimate_indices(thousand, relative=False), 1000 * estimate_indices(history, relative=False)
    )


def test_each_cutoff_is_a_panel_of_its_own() -> None:
    y = plant(5, 50, 0.1)
    alone = estimate_indices(make_history(y).cut(6), relative=True)
    changed = y.copy()
    changed[:, -6:] *= 50
    together = estimate_indices(make_history(changed).stack((6, 0)), relative=True)
    np.testing.assert_array_equal(together[:5], alone)


def test_panel_of_lines_without_a_season_has_none() -> None:
    for y in (
        np.zeros((3, 40)),
        np.full((1, 40), -7.0),
        np.full((2, 5), 3.0),
        np.arange(1.0, 41.0)[None],
    ):
        for relative in (True, False):
            size = np.abs(y).mean()
            assert np.abs(estimate_indices(make_history(y), relative=relative)).max() <= 1e-3 * max(
                size, 1.0
            )


@pytest.mark.parametrize("relative", [True, False])
def test_adjusting_and_restoring_are_each_others_opposite(relative: bool) -> None:
    history = make_history(plant(4, 48, 0.1))
    adjusted = adjust(history, 24, relative=relative)
    np.testing.assert_allclose(
        adjusted.restore(adjusted.y[:, -24:]), history.y[:, -24:], rtol=1e-9
    )  # ahead is the same months
    assert adjusted.y.std() / adjusted.y.mean() < history.y.std() / history.y.mean()
    assert adjust(history, 24, relative=relative) is adjusted


@settings(max_examples=50)
@given(
    arrays(
        float,
        (3, 30),
        elements=st.one_of(st.just(0.0), st.floats(-1e12, 1e12), st.floats(-1e-6, 1e-6)),
    ),
    st.lists(st.integers(0, 29), min_size=3, max_size=3),
    st.booleans(),
)
def test_any_panel_is_adjusted_to_finite_months(
    y: np.ndarray, first: list[int], relative: bool
) -> None:
    history = make_history(begin_late(y, first))
    adjusted = adjust(history, 6, relative=relative)
    assert np.array_equal(np.isfinite(adjusted.y), np.isfinite(history.y))
    assert np.isfinite(adjusted.ahead).all() and (not relative or (adjusted.ahead > 0).all())
    states = smooth_levels(adjusted.y)
    assert np.isfinite(states.mean_level).all()


@given(
    arrays(float, (4, 5), elements=st.one_of(st.just(NAN), st.floats(-1e6, 1e6))),
    st.integers(0, 1),
    st.booleans(),
)
def test_statistics_of_what_is_known_are_those_of_the_known_values(
    values: np.ndarray, axis: int, keepdims: bool
) -> None:
    lines = [line[np.isfinite(line)] for line in (values if axis == 1 else values.T)]
    for ours, theirs in ((nan_mean, np.mean), (nan_median, np.median), (nan_std, np.std)):
        expected = [theirs(line) if len(line) else NAN for line in lines]
        found = ours(values, axis, keepdims=keepdims)
        assert found.ndim == (2 if keepdims else 1)
        np.testing.assert_allclose(found.ravel(), expected, rtol=1e-9, atol=1e-6)


def test_nothing_at_all_has_no_median() -> None:
    assert np.isnan(nan_median(np.zeros((2, 0)), 1)).all()
    assert nan_median(np.zeros((2, 0)), 1).shape == (2,)
    assert SEASON == 12
