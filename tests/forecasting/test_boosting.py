"""Claims about the correction: what it is told is known by then, and it learns what the candidates
miss.
"""

from __future__ import annotations

import numpy as np
import pytest

from salesfc_lib.forecasting.backtest.backtest import CandidateForecasts
from salesfc_lib.forecasting.combination.boosting import MEAN, boost, feature_table
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import BOOSTING_MIN_EXAMPLES

pytestmark = pytest.mark.filterwarnings("error")
NAN = np.nan
BACKS = (24, 21, 18, 15, 12, 9, 6, 3, 0)
TESTED = (12, 9, 6, 3)


def make_candidate_forecasts(
    y: np.ndarray, values: dict[str, np.ndarray], horizon: int = 6, **regressors: np.ndarray
) -> CandidateForecasts:
    """Candidates' forecasts (n_cutoffs, n, horizon) of rows that end in December 2025."""
    ids = np.array([f"s{k:03d}" for k in range(len(y))], dtype=object)
    return CandidateForecasts(
        History(ids, y, np.full(len(y), np.datetime64("2025-12", "M")), horizon, regressors),
        BACKS,
        TESTED,
        values,
    )


def forecasts_of(
    y: np.ndarray, wrong: np.ndarray, horizon: int = 6, seed: int = 1
) -> dict[str, np.ndarray]:
    """Two candidates that are off by `wrong` (n_cutoffs, n, horizon) and some noise of the mean of
    the series.
    """
    rng = np.random.default_rng(seed)
    level = np.nanmean(y, axis=1)[None, :, None] * np.ones((len(BACKS), len(y), horizon))
    return {
        name: level + wrong + 0.02 * level * rng.standard_normal(level.shape)
        for name in ("seasonal_naive", "level")
    }


def simulate(
    n: int = 60, months: int = 60, horizon: int = 6, seed: int = 3, lift: float = 0.4
) -> CandidateForecasts:
    """Sales whose promotions no candidate knows of, and the promotions, half a year ahead."""
    rng = np.random.default_rng(seed)
    promotion = (rng.random((n, months + horizon)) < 0.3).astype(float)
    size = rng.lognormal(3, 1, (n, 1))
    y = size * (1 + lift * promotion[:, :months] + 0.03 * rng.standard_normal((n, months)))
    return make_candidate_forecasts(y, forecasts_of(y, np.zeros(())), promotion=promotion)


NONE = np.zeros(60, dtype=bool)


def test_correction_learns_what_candidates_leave_out() -> None:
    cached = simulate()
    corrected = boost(cached, (0,), squared=NONE)[0]
    base = np.median(cached.at(0), axis=0)
    moved = (corrected - base) / cached.history.y.mean(axis=1, keepdims=True)
    ahead = cached.history.regressors["promotion"][:, 60:] == 1
    assert moved[ahead].mean() - moved[~ahead].mean() == pytest.approx(0.4, abs=0.12)


def test_regressors_that_are_not_known_at_a_cutoff_change_nothing_at_it() -> None:
    cached = simulate()
    promotion = cached.history.regressors["promotion"].copy()
    promotion[:, 60 - 12 + 6 :] = 9.0  # beyond the horizon of the earliest tested cutoff
    changed = make_candidate_forecasts(cached.history.y, dict(cached.values), promotion=promotion)
    one, other = boost(cached, TESTED, squared=NONE), boost(changed, TESTED, squared=NONE)
    np.testing.assert_array_equal(one[12], other[12])
    assert not np.array_equal(one[3], other[3])


@pytest.mark.parametrize("through", [12, 6])
def test_months_after_a_cutoff_change_nothing_at_it(through: int) -> None:
    cached = simulate()
    later = cached.history.y.copy()
    later[:, -through:] = 1e6 * np.random.default_rng(1).random((60, through))
    values = {name: each.copy() for name, each in cached.values.items()}
    for each in values.values():
        each[[place for place, back in enumerate(BACKS) if back < through]] *= (
            7  # what candidates say later
        )
    changed = make_candidate_forecasts(later, values, **cached.history.regressors)
    one, other = boost(cached, TESTED, squared=NONE), boost(changed, TESTED, squared=NONE)
    for back in TESTED:
        if back >= through:
            np.testing.assert_array_equal(one[back], other[back])
    for known, found in zip(tell_all(cached, through), tell_all(changed, through), strict=True):
        np.testing.assert_array_equal(known, found)


def tell_all(cached: CandidateForecasts, back: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = feature_table(cached, back, np.arange(len(cached.history)))
    return table.x, table.base, table.size


def test_scale_of_a_series_scales_its_correction() -> None:
    cached = simulate()
    unit = np.where(np.arange(60) == 5, 1024.0, 1.0)  # a power of two: not a bit is rounded
    values = {name: each * unit[None, :, None] for name, each in cached.values.items()}
    scaled = make_candidate_forecasts(
        cached.history.y * unit[:, None], values, **cached.history.regressors
    )
    one, other = boost(cached, (0,), squared=NONE)[0], boost(scaled, (0,), squared=NONE)[0]
    np.testing.assert_allclose(other, one * unit[:, None], rtol=1e-9)


def test_same_inputs_give_the_same_numbers_in_any_order_of_series() -> None:
    cached = simulate()
    order = np.random.default_rng(1).permutation(60)
    shuffled = make_candidate_forecasts(
        cached.history.y[order],
        {name: each[:, order] for name, each in cached.values.items()},
        promotion=cached.history.regressors["promotion"][order],
    )
    first = boost(cached, (0,), squared=NONE)[0]
    np.testing.assert_array_equal(first, boost(simulate(), (0,), squared=NONE)[0])
    np.testing.assert_allclose(boost(shuffled, (0,), squared=NONE)[0], first[order], rtol=1e-6)


def test_too_little_to_learn_from_is_no_correction() -> None:
    few = BOOSTING_MIN_EXAMPLES // (4 * 6) - 4
    cached = simulate(n=few)
    assert np.isnan(boost(cached, (0,), squared=np.zeros(few, dtype=bool))[0]).all()


def test_series_whose_mean_is_wanted_are_learnt_apart() -> None:
    cached = simulate()
    apart = np.arange(60) < 5
    found = boost(cached, (0,), squared=apart)[0]
    assert np.isnan(found[:5]).all()  # five series are too few
    assert np.isfinite(found[5:]).all()
    alone = make_candidate_forecasts(
        cached.history.y[5:],
        {name: each[:, 5:] for name, each in cached.values.items()},
        promotion=cached.history.regressors["promotion"][5:],
    )
    np.testing.assert_allclose(boost(alone, (0,), squared=NONE[5:])[0], found[5:], rtol=1e-6)


def test_series_that_had_not_begun_or_sold_nothing_break_nothing() -> None:
    cached = simulate()
    y = cached.history.y.copy()
    y[0, :-2], y[1], y[2, :-30] = NAN, 0.0, NAN
    values = {name: each.copy() for name, each in cached.values.items()}
    for each in values.values():
        each[:, 1] = 0.0
        for place, back in enumerate(BACKS):
            each[place, ~np.isfinite(y[:, 59 - back])] = NAN
    found = boost(
        make_candidate_forecasts(y, values, **cached.history.regressors), (*TESTED, 0), squared=NONE
    )
    assert (
        np.isfinite(found[0]).all()
        and np.isnan(found[3][0]).all()
        and np.isfinite(found[3][1:]).all()
    )


def test_what_is_told_is_in_sizes_of_the_series() -> None:
    cached = simulate()
    table = feature_table(cached, 0, np.arange(60))
    np.testing.assert_allclose(table.base, np.median(cached.at(0), axis=0))
    np.testing.assert_allclose(table.size, cached.history.y[:, -12:].mean(axis=1))
    one, other = ((each[:, :6] - table.base) / table.size[:, None] for each in cached.at(0))
    np.testing.assert_allclose(table.x[:, :, 0], one, atol=1e-6)
    np.testing.assert_allclose(table.x[:, :, 1], other, atol=1e-6)
    year_ago = (cached.history.y[:, -12:-6] - table.base) / table.size[:, None]
    assert any(
        np.allclose(table.x[:, :, column], year_ago, atol=1e-5)
        for column in range(table.x.shape[2])
    )
    np.testing.assert_array_equal(
        feature_table(cached, 0, np.array([7, 3])).base, table.base[[7, 3]]
    )
    mean = feature_table(cached, 0, np.arange(60), MEAN)
    np.testing.assert_allclose(mean.base, cached.at(0).mean(axis=0))
