"""What drivers do to each series, drawn to what they do to all, and to aggregates of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.alignment import count_weekdays
from salesfc_lib.forecasting.drivers import design, effects
from salesfc_lib.forecasting.drivers.effects import Effects, learn_effects
from salesfc_lib.forecasting.drivers.factors import apply_effects, driver_factors
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import HALF_LIFE
from salesfc_lib.panel import Summing

LAST = np.datetime64("2025-12", "M")


def plant(
    effect: np.ndarray, *, noise: float, months: int = 60, seed: int = 3, common: float = 0.0
) -> History:
    """Series of different sizes whose sales follow a driver by effects (n,), with noise, and shocks
    that all share.
    """
    rng = np.random.default_rng(seed)
    n = len(effect)
    driver = rng.normal(0, 1, (n, months + 12))
    season = 1 + 0.2 * np.sin(np.arange(months) * np.pi / 6)
    shock = common * rng.normal(0, 1, months)
    y = season + effect[:, None] * driver[:, :months] + rng.normal(0, noise, (n, months)) + shock
    return History(
        np.array([f"s{k:03d}" for k in range(n)], dtype=object),
        y * 10.0 ** (np.arange(n) % 4)[:, None],
        np.full(n, LAST),
        12,
        {"x": driver},
    )


def simulate(seed: int, *, common: bool, spread: float) -> tuple[History, np.ndarray, np.ndarray]:
    """Twelve series whose promotions, common to all or their own, do 0.15 of a usual month, give or
    take a spread: the history, the effects and the sizes. Shocks are shared, and go on for a while.
    """
    rng = np.random.default_rng(seed)
    n, months = 12, 48
    size, effect = rng.lognormal(4, 0.8, n), rng.normal(0.15, spread, n)
    path = (rng.random((n, months)) < 0.3) * rng.uniform(0.2, 1.0, (n, months))
    promotion = np.tile(path[:1], (n, 1)) if common else path
    steps = 0.05 * rng.normal(size=(1, months)) + 0.08 * rng.normal(size=(n, months))
    for month in range(1, months):
        steps[:, month] += 0.3 * steps[:, month - 1]
    season = np.tile(rng.normal(0, 0.1, 12), months // 12)
    moved = promotion - promotion.mean(axis=1, keepdims=True)
    y = size[:, None] * (1 + season + steps + effect[:, None] * moved)
    ids = np.array([f"s{k:02d}" for k in range(n)], dtype=object)
    history = History(ids, y, np.full(n, LAST), 0, {"promotion": promotion})
    return history, effect, size


def test_series_that_differ_keep_effects_of_their_own() -> None:
    truth = np.random.default_rng(1).normal(0.10, 0.05, 80)
    found = learn_effects(plant(truth, noise=0.05), HALF_LIFE)
    assert abs(found.centre[0] - 0.10) < 0.02
    assert 0.03 < found.spread[0] < 0.07
    assert np.corrcoef(found.applied[:, 0], truth)[0, 1] > 0.9


def test_series_that_are_alike_share_one_effect() -> None:
    found = learn_effects(plant(np.full(80, 0.10), noise=0.10), HALF_LIFE)
    assert abs(found.centre[0] - 0.10) < 0.02
    assert np.abs(found.applied[:, 0] - 0.10).max() < 0.04  # alone each is known to about 0.02


def test_what_has_no_effect_is_believed_to_have_next_to_none() -> None:
    found = learn_effects(plant(np.zeros(60), noise=0.10), HALF_LIFE)
    assert np.abs(found.applied).max() < 0.03


def test_a_shock_that_all_share_is_no_effect_of_the_calendar() -> None:
    weekdays, found = count_weekdays(np.full(40, LAST), 60, 12), []
    for seed in range(8):
        history = plant(np.zeros(40), noise=0.05, common=0.05, seed=seed)
        days = {"trading_days": weekdays}
        calendar = History(history.ids, history.y, history.last, 12, days)
        found.append(learn_effects(calendar, HALF_LIFE).applied.mean())
    usual = weekdays.std()  # a usual change of the days
    assert np.median(np.abs(found)) * usual < 0.01  # the shocks are of 0.05


def test_an_effect_is_a_share_of_the_level_of_its_time() -> None:
    history = plant(np.full(60, 0.10), noise=0.03, months=84)
    grown = History(
        history.ids, history.y * np.geomspace(1, 4, 84), history.last, 12, history.regressors
    )
    assert abs(learn_effects(grown, HALF_LIFE).centre[0] - 0.10) < 0.02


def test_no_series_no_driver_and_a_still_one_have_no_effect() -> None:
    history = plant(np.zeros(2), noise=0.1)
    assert not list(apply_effects(history.take(np.array([], dtype=int)), HALF_LIFE))
    assert not list(apply_effects(History(history.ids, history.y, history.last), HALF_LIFE))
    still = History(history.ids, history.y, history.last, 12, {"x": np.ones((2, 72))})
    assert np.abs(learn_effects(still, HALF_LIFE).applied).max() == 0
    assert (driver_factors(still, 12) == 1).all()


def test_drivers_that_say_the_same_share_one_effect() -> None:
    history = plant(np.full(40, 0.10), noise=0.05)
    twice = {"x": history.regressors["x"], "again": history.regressors["x"]}
    both = learn_effects(
        History(history.ids, history.y, history.last, 12, twice, kinds=history.kinds), HALF_LIFE
    )
    np.testing.assert_allclose(both.centre[0], both.centre[1], rtol=1e-6)
    assert both.applied.sum(axis=1).mean() == pytest.approx(0.10, abs=0.02)


def test_a_known_promotion_raises_its_month_only() -> None:
    history, _, _ = simulate(1, common=False, spread=0.0)
    coming = np.concatenate([history.regressors["promotion"], np.zeros((12, 12))], axis=1)
    coming[:, 48 + 3] = 1.0
    ahead = History(history.ids, history.y, history.last, 12, {"promotion": coming})
    factor = driver_factors(ahead, 12)[:, 48:]
    others = np.delete(factor, 3, axis=1)
    np.testing.assert_allclose(others, others[:, :1] * np.ones(11))
    gain = factor[:, 3] - others[:, 0]
    assert gain.mean() == pytest.approx(0.15, abs=0.04)
    assert gain.min() > 0.08


def test_an_unknown_driver_ahead_counts_as_usual() -> None:
    history, _, _ = simulate(1, common=False, spread=0.0)
    coming = np.concatenate([history.regressors["promotion"], np.full((12, 12), np.nan)], axis=1)
    ahead = History(history.ids, history.y, history.last, 12, {"promotion": coming})
    assert (driver_factors(ahead, 12)[:, 48:] == 1).all()


def test_a_series_that_never_had_a_promotion_takes_its_effect_from_the_others() -> None:
    history, _, _ = simulate(1, common=False, spread=0.0)
    promotion = history.regressors["promotion"].copy()
    promotion[0] = 0.0
    never = learn_effects(
        History(history.ids, history.y, history.last, 0, {"promotion": promotion}), HALF_LIFE
    )
    assert never.own[0, 0] == pytest.approx(never.centre[0])
    assert never.centre[0] == pytest.approx(0.15, abs=0.04)


def test_rows_solved_in_parts_are_those_solved_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    history, _, _ = simulate(1, common=False, spread=0.1)
    whole = driver_factors(history, 0)
    monkeypatch.setattr(design, "BLOCK", 5)
    np.testing.assert_allclose(driver_factors(history, 0), whole, rtol=1e-10)


# --- statsmodels as the oracle


def by_statsmodels(history: History, row: int, found: Effects) -> float:
    """A series' effect of one driver by weighted least squares of all terms at once, with what is
    believed of its months, trend and effect as observations more.
    """
    from statsmodels.regression.linear_model import WLS

    y = history.y[row] / effects._local_level(history.y)[row]
    terms = design.build_design(history, 0, 1.0)
    x = np.concatenate([terms.own[row], terms.drivers[row]], axis=1)
    changes, moved = y[1:] - 0.5 * y[:-1], x[1:] - 0.5 * x[:-1]
    weight = design.exponential_weights(len(y), HALF_LIFE)[1:]
    believed = np.flatnonzero(np.isfinite(terms.prior))
    noise = float(design.noise_std((history.y / effects._local_level(history.y))[[row]])[0])
    missed = found.residuals.y[row] - found.residuals.x[row] @ found.centre
    own_noise = np.average(missed[1:] ** 2, weights=weight)
    rows = np.vstack([moved, np.eye(x.shape[1])[believed], np.eye(x.shape[1])[-1:]])
    weights = np.r_[weight, (noise / terms.prior[believed]) ** 2, own_noise / found.spread[0] ** 2]
    target = np.r_[changes, np.zeros(len(believed)), found.centre]
    return float(WLS(target, rows, weights=weights).fit().params[-1])


def test_a_series_effect_is_what_statsmodels_finds_with_the_centre_as_an_observation() -> None:
    truth = np.random.default_rng(1).normal(0.10, 0.05, 12)
    history = plant(truth, noise=0.05)
    found = learn_effects(history, HALF_LIFE)
    assert tuning.DRIVER_DIFFERENCE == 0.5  # as in `by_statsmodels`
    told = [by_statsmodels(history, row, found) for row in range(len(history))]
    np.testing.assert_allclose(found.own[:, 0], told, rtol=5e-3)


def test_the_variance_of_a_common_effect_is_that_of_least_squares_with_months_as_clusters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from statsmodels.regression.linear_model import WLS

    monkeypatch.setattr(tuning, "DRIVER_VARIANCE_FACTOR", 1.0)
    monkeypatch.setattr(tuning, "DRIVER_MIN_LEFT", 1.0)  # no month is left out
    monkeypatch.setattr(tuning, "DRIVER_MAX_SPREAD", 1e-5)  # all series share one effect
    history = plant(np.full(12, 0.10), noise=0.05, common=0.05)
    found = learn_effects(history, HALF_LIFE)
    past, weight = found.residuals, np.full((1, 12), 1 / 12)
    noise = np.average(
        (past.y - past.x[:, :, 0] * found.centre[0])[:, 1:] ** 2, axis=1, weights=past.weight[0, 1:]
    )
    fitted = WLS(
        past.y.ravel(), past.x[:, :, 0].ravel(), weights=(past.weight / noise[:, None]).ravel()
    ).fit(
        cov_type="cluster", cov_kwds={"groups": np.tile(np.arange(60), 12), "use_correction": False}
    )
    assert found.aggregate(weight)[0][0, 0] == pytest.approx(fitted.params[0], rel=0.03)
    assert found.variance(weight)[0][0, 0] == pytest.approx(fitted.bse[0] ** 2, rel=0.06)


def test_effects_are_those_of_a_state_space_model_within_its_errors() -> None:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    history, _, _ = simulate(1, common=False, spread=0.2)
    found = learn_effects(history, 1e6)  # no month counts more than another
    inside = []
    for row in range(len(history)):
        y = history.y[row] / history.y[row].mean()
        model = UnobservedComponents(
            y, "local level", seasonal=12, exog=history.regressors["promotion"][row]
        )
        fitted = model.fit(disp=False, maxiter=300)
        gap = found.own[row, 0] - fitted.params[-1]
        inside.append(abs(gap) < 2 * fitted.bse[-1])
    assert np.mean(inside) > 0.8


# --- aggregates


@pytest.mark.parametrize("common", [True, False], ids=["common", "own"])
@pytest.mark.parametrize("spread", [0.0, 0.2])
def test_intervals_hold_the_truth_as_often_as_they_say(common: bool, spread: float) -> None:
    """Of 60 units; a right interval of 95 % holds 52 or more in all but 1 of 100 trials."""
    held = []
    for seed in range(60):
        history, effect, size = simulate(seed, common=common, spread=spread)
        weight = np.vstack([size / size.sum(), np.r_[size[:4], np.zeros(8)] / size[:4].sum()])
        weight = np.vstack([weight, np.eye(12)[:2]])
        _, low, high = learn_effects(history, HALF_LIFE).aggregate(weight)
        held.append((low[:, 0] <= weight @ effect) & (weight @ effect <= high[:, 0]))
    total, line, *bottoms = np.mean(held, axis=0)
    assert total >= 52 / 60
    assert line >= 52 / 60
    assert np.mean(bottoms) >= 52 / 60


def test_more_series_do_not_narrow_an_effect_that_all_of_them_share() -> None:
    widths = []
    for n in (4, 40):
        history = plant(np.full(n, 0.1), noise=0.01, common=0.1)
        shared = {"x": np.tile(history.regressors["x"][:1], (n, 1))}
        alike = History(history.ids, history.y, history.last, 12, shared, kinds={"x": "count"})
        _, low, high = learn_effects(alike, HALF_LIFE).aggregate(np.full((1, n), 1 / n))
        widths.append(float(high[0, 0] - low[0, 0]))
    assert widths[1] > 0.5 * widths[0]  # of independent ones: 0.3


def with_total(history: History) -> History:
    """The history with the sum of all series as its first row."""
    n = len(history)
    matrix = sparse.csr_matrix(np.vstack([np.ones(n), np.eye(n)]))
    ids, bottom = pd.Index(["total", *history.ids]), np.arange(1, n + 1)
    sums = {name: np.vstack([each.mean(axis=0), each]) for name, each in history.regressors.items()}
    return History(
        ids.to_numpy(object),
        np.vstack([history.y.sum(axis=0), history.y]),
        np.full(n + 1, LAST),
        history.ahead,
        sums,
        kinds=history.kinds,
        summing=Summing(matrix, ids, ids[bottom], bottom),
    )


def test_what_drivers_make_of_an_aggregate_is_the_mean_of_its_series_weighted_by_sales() -> None:
    history, _, _ = simulate(1, common=False, spread=0.2)
    factor = driver_factors(with_total(history), 0)
    size = design.series_scale(history.y)
    np.testing.assert_allclose(factor[0], size @ factor[1:] / size.sum())
    np.testing.assert_allclose(factor[1:], driver_factors(history, 0))
    assert np.ptp(factor[0]) > 0.01


def test_series_that_sell_rarely_tell_together_what_a_driver_does_to_their_total() -> None:
    """150 series that each sell in four of ten months: alone they tell next to nothing."""
    gaps = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        path = (rng.random(60) < 0.3) * rng.uniform(0.2, 1.0, 60)
        rate = 0.5 * (1 + 0.6 * (path - path.mean()))
        sold = rng.poisson(np.tile(rate, (150, 1))) * rng.lognormal(3, 0.3, (150, 1))
        ids = np.array([f"s{k:03d}" for k in range(150)], dtype=object)
        promotion = {"promotion": np.tile(path, (150, 1))}
        history = with_total(History(ids, sold.astype(float), np.full(150, LAST), 0, promotion))
        factor = driver_factors(history, 0)[0]
        gaps.append((factor.max() - factor.min()) / np.ptp(path) - 0.6)
        assert (driver_factors(history, 0)[1:] == 1).mean() > 0.9  # they do not follow it
    assert abs(np.mean(gaps)) < 0.15
    assert np.abs(gaps).max() < 0.3


def test_the_total_of_the_history_changes_no_series_effect() -> None:
    """A total that contradicts its series is never learnt from."""
    history, _, _ = simulate(2, common=True, spread=0.1)
    whole = with_total(history)
    odd = History(
        whole.ids,
        np.vstack([whole.y[:1] * (1 + whole.regressors["promotion"][:1]), whole.y[1:]]),
        whole.last,
        whole.ahead,
        whole.regressors,
        kinds=whole.kinds,
        summing=whole.summing,
    )
    np.testing.assert_array_equal(driver_factors(odd, 0), driver_factors(whole, 0))
