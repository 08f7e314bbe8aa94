"""Coherent forecasts as arrays: against an independent package, a slow loop and the properties they
must have.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hierarchicalforecast.methods import BottomUp, MinTrace
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.panel.hierarchy import Summing, build_series, summing_matrix
from salesfc_lib.reconciliation.past_errors import BacktestErrors
from salesfc_lib.reconciliation.projection import (
    METHODS,
    project,
    shrinkage_intensity,
    weigh_by_shrunk_covariance,
)

LEVELS = {"total": [], "line": ["line"], "region": ["region"], "bottom": ["line", "region"]}
KEYS = pd.DataFrame(
    [(line, region) for line in "ABC" for region in "XYZW"], columns=["line", "region"]
)
SUMMING = summing_matrix(build_series(KEYS, LEVELS), LEVELS)
SIGNED = np.ones(len(SUMMING.ids), dtype=bool)  # any forecast may be negative
NEVER = ~SIGNED


def drawn(seed: int, vectors: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Base forecasts that do not add up (n_series, 4) and correlated errors (n_vectors,
    n_series).
    """
    rng = np.random.default_rng(seed)
    n = len(SUMMING.ids)
    errors = (
        rng.normal(size=(vectors, n)) * np.linspace(1, 5, n) + rng.normal(size=(vectors, 1)) * 2
    )
    return rng.normal(100, 20, (n, 4)), errors


def pair() -> Summing:
    """A total of two bottoms."""
    levels = {"total": [], "line": ["line"]}
    return summing_matrix(build_series(pd.DataFrame({"line": ["a", "b"]}), levels), levels)


def test_ols_worked_by_hand_shares_the_gap_equally():
    base = np.array([[13.0], [4.0], [6.0]])  # total says 13, bottoms 10: each moves by a third of 3
    assert project(base, pair(), "ols", errors=np.empty((0, 3)), signed=np.ones(3, bool))[
        :, 0
    ] == pytest.approx([12, 5, 7])


def test_structural_weights_worked_by_hand_move_the_total_twice_as_far():
    base = np.array([[14.0], [4.0], [6.0]])  # variances 2, 1, 1 of a gap of 4
    assert project(base, pair(), "wls_struct", errors=np.empty((0, 3)), signed=np.ones(3, bool))[
        :, 0
    ] == pytest.approx([12, 5, 7])


def test_variance_weights_worked_by_hand_leave_the_certain_series_alone():
    errors = np.array([[1.0, 3.0, 0.0], [-1.0, -3.0, 0.0]])  # mean squares 1, 9, 0
    base = np.array([[20.0], [4.0], [6.0]])
    assert project(base, pair(), "wls_var", errors=errors, signed=np.ones(3, bool))[
        :, 0
    ] == pytest.approx([19, 13, 6], abs=1e-5)


@pytest.mark.parametrize("method", ["ols", "wls_struct", "wls_var", "mint_shrink"])
@pytest.mark.parametrize("vectors", [8, 60])
def test_methods_agree_with_hierarchicalforecast(method, vectors):
    base, errors = drawn(1, vectors)
    dense = SUMMING.matrix.toarray()
    zeros = np.zeros_like(errors.T)
    oracle, _ = MinTrace(method=method)._get_PW_matrices(
        S=dense, y_hat=base, y_insample=errors.T, y_hat_insample=zeros
    )
    found = project(base, SUMMING, method, errors=errors, signed=SIGNED)
    np.testing.assert_allclose(found, dense @ oracle @ base, rtol=1e-6)
    assert np.abs(found - base).max() > 1


def test_bottom_up_agrees_with_hierarchicalforecast():
    base, errors = drawn(2)
    dense = SUMMING.matrix.toarray()
    oracle, _ = BottomUp()._get_PW_matrices(S=dense)
    np.testing.assert_allclose(
        project(base, SUMMING, "bottom_up", errors=errors, signed=SIGNED), dense @ oracle @ base
    )


def test_shrinkage_intensity_agrees_with_a_slow_loop():
    _, errors = drawn(3)
    x = (errors - errors.mean(axis=0)) / errors.std(axis=0)
    n, n_series = x.shape
    noise = signal = 0.0
    for i in range(n_series):
        for j in range(n_series):
            if i != j:
                w = x[:, i] * x[:, j]
                noise += ((w - w.mean()) ** 2).sum() / (n * (n - 1))
                signal += w.mean() ** 2
    assert 0.05 < noise / signal < 0.95
    assert shrinkage_intensity(errors - errors.mean(axis=0)) == pytest.approx(noise / signal)


def test_the_factored_covariance_is_the_shrunk_one():
    _, errors = drawn(4)
    diagonal, factor = weigh_by_shrunk_covariance(SUMMING.matrix, errors)
    cov = np.cov(errors.T)
    keep = 1 - shrinkage_intensity(errors - errors.mean(axis=0))
    expected = np.where(np.eye(len(cov)) > 0, cov, keep * cov)
    np.testing.assert_allclose(
        np.diag(diagonal) + factor @ factor.T, expected, rtol=1e-9, atol=1e-12
    )


def test_a_series_with_hardly_any_error_history_borrows_its_variance():
    base, errors = drawn(5)
    errors[:, SUMMING.bottom[0]] = np.nan
    for method in ("wls_var", "mint_shrink"):
        found = project(base, SUMMING, method, errors=errors, signed=SIGNED)
        assert np.isfinite(found).all()
        assert found[SUMMING.bottom[0]] != pytest.approx(base[SUMMING.bottom[0]])


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(list(METHODS)))
def test_forecasts_add_up_by_every_method(seed, method):
    base, errors = drawn(seed)
    found = project(base, SUMMING, method, errors=errors, signed=SIGNED)
    np.testing.assert_allclose(SUMMING.matrix @ found[SUMMING.bottom], found, rtol=1e-10)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(list(METHODS)))
def test_coherent_forecasts_are_left_unchanged(seed, method):
    base, errors = drawn(seed)
    coherent = SUMMING.matrix @ base[SUMMING.bottom]
    np.testing.assert_allclose(
        project(coherent, SUMMING, method, errors=errors, signed=SIGNED), coherent, rtol=1e-9
    )


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(list(METHODS)))
def test_the_order_of_series_does_not_matter(seed, method):
    base, errors = drawn(seed)
    order = np.random.default_rng(seed).permutation(len(base))
    place = np.argsort(order)
    shuffled = Summing(
        SUMMING.matrix[order], SUMMING.ids[order], SUMMING.bottom_ids, place[SUMMING.bottom]
    )
    straight = project(base, SUMMING, method, errors=errors, signed=SIGNED)
    found = project(base[order], shuffled, method, errors=errors[:, order], signed=SIGNED)
    np.testing.assert_allclose(found, straight[order], rtol=1e-8)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from(list(METHODS)))
def test_nothing_is_negative_where_history_never_was_and_all_still_adds_up(seed, method):
    rng = np.random.default_rng(seed)
    base, errors = rng.normal(1, 4, (len(SUMMING.ids), 3)), drawn(seed)[1]
    found = project(base, SUMMING, method, errors=errors, signed=NEVER)
    assert (found >= 0).all()
    np.testing.assert_allclose(
        SUMMING.matrix @ found[SUMMING.bottom], found, rtol=1e-10, atol=1e-12
    )


def test_what_is_cut_off_below_zero_is_not_added_to_the_total():
    base = np.array([[2.0], [8.0], [0.0]])  # OLS alone: total 4, bottoms 6 and -2
    free = project(base, pair(), "ols", errors=np.empty((0, 3)), signed=np.ones(3, bool))[:, 0]
    assert free == pytest.approx([4, 6, -2])
    held = project(base, pair(), "ols", errors=np.empty((0, 3)), signed=np.zeros(3, bool))[:, 0]
    assert held == pytest.approx(
        [5, 5, 0]
    )  # the nearest to 2, 8, 0 with b = 0; cutting alone would say 6, 6, 0


@pytest.mark.parametrize("method", ["ols", "wls_struct", "wls_var", "mint_shrink"])
def test_with_bottoms_held_at_zero_the_rest_is_the_least_squares_fit_without_them(method):
    base, errors = np.random.default_rng(11).normal(1, 4, (len(SUMMING.ids), 1)), drawn(11)[1]
    found = project(base, SUMMING, method, errors=errors, signed=NEVER)[:, 0]
    diagonal, factor = METHODS[method].covariance(SUMMING.matrix, errors)
    inverse = np.linalg.inv(np.diag(diagonal) + factor @ factor.T)
    free = found[SUMMING.bottom] > 0
    assert 2 <= free.sum() < len(free)
    s = SUMMING.matrix.toarray()[:, free]
    expected = np.linalg.solve(s.T @ inverse @ s, s.T @ inverse @ base[:, 0])
    np.testing.assert_allclose(found[SUMMING.bottom][free], expected, rtol=1e-6)


def test_a_business_of_one_level_is_left_as_it_is():
    levels = {"line": ["line"]}
    summing = summing_matrix(build_series(pd.DataFrame({"line": ["a", "b"]}), levels), levels)
    base = np.array([[3.0], [-1.0]])
    for method in METHODS:
        found = project(base, summing, method, errors=drawn(1)[1][:, :2], signed=np.zeros(2, bool))
        assert found[:, 0].tolist() == [3, 0]


def test_a_series_that_was_negative_before_may_be_forecast_negative():
    base = np.array([[2.0], [8.0], [0.0]])
    mixed = np.array([False, False, True])
    assert project(base, pair(), "ols", errors=np.empty((0, 3)), signed=mixed)[
        :, 0
    ] == pytest.approx([4, 6, -2])


def test_a_total_that_never_was_negative_stays_so_even_above_a_bottom_that_was():
    base = np.array([[-3.0], [1.0], [-4.0]])
    found = project(
        base, pair(), "bottom_up", errors=np.empty((0, 3)), signed=np.array([False, False, True])
    )
    assert found[:, 0].tolist() == [1, 1, 0]


def test_thousands_of_series_are_reconciled_without_a_matrix_of_series_by_series():
    keys = pd.DataFrame(
        [(f"l{i}", f"r{j}") for i in range(60) for j in range(30)], columns=["line", "region"]
    )
    summing = summing_matrix(build_series(keys, LEVELS), LEVELS)
    rng = np.random.default_rng(0)
    n = len(summing.ids)
    base = (summing.matrix @ rng.gamma(0.5, 50, (1800, 12))) * rng.normal(1, 0.1, (n, 12))
    errors = rng.normal(size=(30, n)) * rng.gamma(2, 5, n)
    start = time.perf_counter()
    found = project(base, summing, "mint_shrink", errors=errors, signed=np.zeros(n, bool))
    assert time.perf_counter() - start < 5  # well below 1 s measured; shared processors vary
    assert (found >= 0).all()
    np.testing.assert_allclose(summing.matrix @ found[summing.bottom], found, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize(("common", "least", "most"), [(0.0, 0.8, 1.0), (1.0, 0.0, 0.35)])
def test_correlations_of_series_that_share_nothing_are_taken_for_noise(common, least, most):
    """Errors of months that several cutoffs forecast, as the backtest leaves them."""
    found = []
    for seed in range(5):
        dice = np.random.default_rng(seed)
        months = pd.date_range("2020-01-01", periods=72, freq="MS")
        y = 100 + 10 * dice.normal(size=(72, 24)) + 10 * common * dice.normal(size=(72, 1))
        ids = [f"s{n}" for n in range(24)]
        wide = pd.DataFrame(y, months, ids)
        panel = wide.stack().rename("y_raw").rename_axis(["ds", "unique_id"]).reset_index()
        rows = []
        for back in (3, 6, 9, 12, 15, 18, 21, 24):
            ahead = wide.iloc[72 - back : 84 - back]
            level = wide.iloc[66 - back : 72 - back].mean()
            for h, ds in enumerate(ahead.index, start=1):
                cutoff = ds - pd.DateOffset(months=h)
                row = {"unique_id": ids, "cutoff": cutoff, "ds": ds, "h": h, "y_hat": level}
                rows.append(pd.DataFrame(row))
        series = pd.DataFrame({"unique_id": ids, "level": "bottom", "line": ids})
        past = BacktestErrors.of(pd.concat(rows), panel, series, {"bottom": ["line"]})
        errors = past.errors_by(np.datetime64("2025-12", "M"))
        found.append(shrinkage_intensity(errors - errors.mean(axis=0)))
    assert least <= np.mean(found) <= most
