"""Claims about the network: what it is given, what it makes of it, and how far it reaches."""

from __future__ import annotations

import numpy as np
import pytest

from salesfc_lib.forecasting.candidates import network
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing.seasonality import Adjusted

YEARS = 4 * 12
NAN = np.nan


def history(y: np.ndarray) -> History:
    """Rows that all end in December 2025."""
    ids = np.array([f"s{k}" for k in range(len(y))], dtype=object)
    return History(ids, y, np.full(len(y), np.datetime64("2025-12", "M")))


def noisy(rows: int = 5, months: int = 60) -> np.ndarray:
    dice = np.random.default_rng(3)
    season = 1 + 0.3 * np.sin(np.arange(months) * np.pi / 6)
    return 100 * season * np.exp(dice.normal(0, 0.1, (rows, months)))


def test_months_enter_in_mean_absolute_deviations_from_the_last_years_mean() -> None:
    # twelve months of 8 and 12 around 10, and one of 22 before: unit (12 x 2 + 12) / 13
    y = np.r_[np.full(7, NAN), 22.0, np.tile([8.0, 12.0], 6)][None]
    ahead = np.r_[1.5, 0.5, np.ones(10)][None]
    x, centre, spread = network.make_inputs(Adjusted(y, ahead, relative=True))
    unit = 36 / 13
    assert (centre[0, 0], spread[0, 0]) == (10.0, pytest.approx(unit))
    months, known, season = np.split(x[0, : 2 * YEARS + 12], [YEARS, 2 * YEARS])
    np.testing.assert_allclose(months[-13:], np.r_[12.0, np.tile([-2.0, 2.0], 6)] / unit)
    assert known.tolist() == [0.0] * 35 + [1.0] * 13 and not months[:35].any()
    np.testing.assert_allclose(season, np.r_[1.0, -1.0, np.zeros(10)])
    expected = [np.log(13) / 3 - 1, 0.0, np.log(unit / 10) / 2 + 1, 1.0]
    np.testing.assert_allclose(x[0, 2 * YEARS + 12 :], expected)


def test_an_added_season_enters_as_a_share_of_the_mean_and_older_months_as_their_mean() -> None:
    y = np.r_[np.full(24, 6.0), np.tile([8.0, 12.0], 24)][None]
    x, _, _ = network.make_inputs(Adjusted(y, np.full((1, 12), 5.0), relative=False))
    np.testing.assert_allclose(x[0, 2 * YEARS : 2 * YEARS + 12], 2 * 5 / 10)
    assert x[0, -3] == (6 - 10) / 2 and x[0, -1] == 0


def test_the_layers_are_those_of_an_obvious_loop() -> None:
    weights, dice = network.load_weights(), np.random.default_rng(1)
    x = dice.normal(0, 1, (3, len(weights["first"])))
    found = network.run_network(weights, x)
    for row, expected in zip(x, found, strict=True):
        first = zip(weights["first"].T, weights["first_bias"], strict=True)
        state = [max(0.0, float(row @ column + bias)) for column, bias in first]
        for layer, bias in zip(weights["layers"], weights["layer_biases"], strict=True):
            inner = [float(np.dot(state, layer[:, k]) + bias[k]) for k in range(len(bias))]
            state = [old + max(0.0, new) for old, new in zip(state, inner, strict=True)]
        for step in range(network.REACH):
            linear = float(row @ weights["linear"][:, step])
            deep = float(np.dot(state, weights["last"][:, step]) + weights["last_bias"][step])
            assert linear + deep == pytest.approx(expected[step], rel=1e-9)


@pytest.mark.parametrize("ask", [network.multiplicative, network.additive, network.own])
def test_a_shorter_horizon_is_the_beginning_of_a_longer_one(ask: network.Forecast) -> None:
    panel = history(noisy())
    long = ask(panel, 24)
    for horizon in (1, 6, 12, 18):
        np.testing.assert_allclose(ask(panel, horizon), long[:, :horizon], rtol=1e-12)


def test_beyond_its_reach_the_level_stays_and_the_season_goes_on() -> None:
    panel = history(noisy())
    level = network.own(panel, 30)
    np.testing.assert_array_equal(level[:, network.REACH :], level[:, [network.REACH - 1] * 12])
    seasonal = network.multiplicative(panel, 42)
    np.testing.assert_allclose(seasonal[:, 18:30], seasonal[:, 30:42])
    assert np.ptp(seasonal[:, 30:42], axis=1).min() > 10


def test_the_months_as_they_are_are_enough_to_see_a_season() -> None:
    panel = history(noisy(rows=40))
    ahead = 100 * (1 + 0.3 * np.sin(np.arange(60, 72) * np.pi / 6))
    missed = np.abs(network.own(panel, 12) - ahead).mean()
    flat = np.abs(panel.y[:, -12:].mean(axis=1, keepdims=True) - ahead).mean()
    assert missed < flat / 2


def test_rows_are_worked_on_in_blocks_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = history(noisy(rows=7))
    whole = network.own(panel, 12)
    monkeypatch.setattr(network, "BLOCK", 3)
    np.testing.assert_allclose(network.own(panel, 12), whole, rtol=1e-12)
    assert network.own(panel.take(np.arange(0)), 12).shape == (0, 12)
