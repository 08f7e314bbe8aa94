"""What drivers do to each series, drawn to what they do to all."""

from __future__ import annotations

import numpy as np

from salesfc_lib.forecasting.drivers.shrunken_effects import learn_effects
from salesfc_lib.forecasting.history import History, count_weekdays
from salesfc_lib.forecasting.tuning import HALF_LIFE

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


def test_series_that_differ_keep_effects_of_their_own() -> None:
    truth = np.random.default_rng(1).normal(0.10, 0.05, 80)
    found = learn_effects(plant(truth, noise=0.05), HALF_LIFE)
    assert abs(found.centre[0] - 0.10) < 0.02
    assert 0.03 < found.spread[0] < 0.07
    assert np.corrcoef(found.own[:, 0], truth)[0, 1] > 0.9


def test_series_that_are_alike_share_one_effect() -> None:
    found = learn_effects(plant(np.full(80, 0.10), noise=0.10), HALF_LIFE)
    assert abs(found.centre[0] - 0.10) < 0.02
    assert np.abs(found.own[:, 0] - 0.10).max() < 0.04  # alone each would be known to about 0.02


def test_what_has_no_effect_is_believed_to_have_next_to_none() -> None:
    found = learn_effects(plant(np.zeros(60), noise=0.10), HALF_LIFE)
    assert np.abs(found.own).max() < 0.03


def test_a_shock_that_all_share_is_no_effect_of_the_calendar() -> None:
    weekdays = count_weekdays(np.full(40, LAST), 60, 12)
    effects = []
    for seed in range(8):
        history = plant(np.zeros(40), noise=0.05, common=0.05, seed=seed)
        effects.append(
            learn_effects(
                History(history.ids, history.y, history.last, 12, {"trading_days": weekdays}),
                HALF_LIFE,
            ).centre[0]
        )
    found = np.abs(effects) * 0.04  # of a usual change, of some 4 % of the days
    assert np.median(found) < 0.01  # the shocks are of 0.05


def test_an_effect_is_a_share_of_the_level_of_its_time() -> None:
    history = plant(np.full(60, 0.10), noise=0.03, months=84)
    grown = History(
        history.ids, history.y * np.geomspace(1, 4, 84), history.last, 12, history.regressors
    )
    assert abs(learn_effects(grown, HALF_LIFE).centre[0] - 0.10) < 0.02


def test_no_series_and_no_driver_have_no_effect() -> None:
    history = plant(np.zeros(2), noise=0.1)
    assert learn_effects(history.take(np.array([], dtype=int)), HALF_LIFE).own.shape == (0, 1)
    assert learn_effects(History(history.ids, history.y, history.last), HALF_LIFE).own.shape == (
        2,
        0,
    )
    still = History(history.ids, history.y, history.last, 12, {"x": np.ones((2, 72))})
    assert np.abs(learn_effects(still, HALF_LIFE).own).max() == 0


def test_a_series_is_no_surer_than_the_panel_that_it_leans_on() -> None:
    found = learn_effects(plant(np.full(12, 0.10), noise=0.02, common=0.10), HALF_LIFE)
    assert found.error[0] > 0
    assert found.prior_std[0] >= max(found.error[0], found.spread[0])
