"""Claims about the candidates: each alone, against slow obvious loops, and all under the same
protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from salesfc_lib.forecasting.candidates import (
    arima,
    autoregression,
    intermittent,
    naive,
    smoothing,
    winters,
)
from salesfc_lib.forecasting.candidates.protocol import Prediction, Window, each_series, windows
from salesfc_lib.forecasting.candidates.registry import REGISTRY
from salesfc_lib.forecasting.drivers import design, regression
from salesfc_lib.forecasting.drivers.design import (
    build_design,
    exponential_weights,
    noise_std,
    series_scale,
)
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing.recursions import ALPHAS
from salesfc_lib.forecasting.tuning import ARIMA_SEASONAL_STRENGTH, HALF_LIFE
from salesfc_lib.foundation.calendar import SEASON

pytestmark = pytest.mark.filterwarnings("error")
NAN = np.nan
LAST = np.datetime64("2025-12", "M")
SLOW = {"ces", "auto_arima", "arima"}
EVERY = list(REGISTRY)
OPTIMISED = {"unobserved_components"}  # to a tolerance of its own
FAST = [name for name in EVERY if name not in SLOW]
POOLED = {
    *(
        f"{name}{form}" for name in ("level", "damped", "aggregation") for form in ("", "_additive")
    ),  # the panel's season
    "autoregression",
    "autoregression_own",
    "network",
    "network_additive",
}


def make_history(y: np.ndarray, ahead: int = 12, **regressors: np.ndarray) -> History:
    """Rows that all end in December 2025."""
    y = np.atleast_2d(np.asarray(y, dtype=float))
    ids = np.array([f"s{k:03d}" for k in range(len(y))], dtype=object)
    return History(ids, y, np.full(len(y), LAST), ahead, regressors)


def simulate(n: int = 4, months: int = 44, seed: int = 7) -> History:
    """Seasonal series with noise, a trend and a promotion known a year ahead; the last sells now
    and then only.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(months)
    promotion = (rng.random((n, months + 12)) < 0.2).astype(float)
    y = (
        100
        + t
        + 20 * np.sin(t * np.pi / 6)
        + 30 * promotion[:, :months]
        + rng.normal(0, 5, (n, months))
    )
    y = y * np.r_[1.0, 30.0, 0.2, np.ones(n - 3)][:, None]
    y[-1] = rng.poisson(0.5, months)
    return make_history(y, promotion=promotion)


def ask(name: str, history: History, horizon: int = 12, **settings: object) -> np.ndarray:
    """Forecasts of the series that a candidate suits; all others are NaN."""
    answer = REGISTRY[name].forecast(history, horizon, **settings)
    values = answer.values if isinstance(answer, Prediction) else answer
    assert not isinstance(answer, Prediction) or not answer.errors
    return np.asarray(values)


def series_of(name: str, history: History) -> History:
    """The rows that a candidate may be asked: of enough months, and only one where it is slow."""
    few = 1 if name in SLOW else len(history)
    return history.take(
        np.flatnonzero((history.length >= REGISTRY[name].needed) & (np.arange(len(history)) < few))
    )


@pytest.fixture
def quick_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """ARIMA orders that depend on the history, found in no time."""

    def search(y: np.ndarray, max_order: int) -> dict[str, object]:
        return {
            "order": [int(y[-1] < 1e6), int(y.mean() < 1e6), 0],
            "seasonal": [0, 0, 0],
            "constant": False,
        }

    monkeypatch.setattr(arima, "_search", search)


# every candidate


@pytest.mark.usefixtures("quick_search")
@pytest.mark.parametrize("name", EVERY)
def test_what_comes_after_the_cutoff_cannot_change_a_forecast(name: str) -> None:
    history = series_of(name, simulate())
    later = history.y.copy()
    later[:, -9:] = 1e7 * np.random.default_rng(1).random(later[:, -9:].shape)
    beyond = history.regressors["promotion"].copy()
    beyond[:, -9:] = 77.0  # months that are not known ahead of a cutoff nine months ago
    changed = make_history(later, promotion=beyond)
    before, after = (ask(name, each.stack((9, 0)))[: len(history)] for each in (history, changed))
    assert np.isfinite(before).all()
    np.testing.assert_array_equal(before, after)


@pytest.mark.usefixtures("quick_search")
@pytest.mark.parametrize("name", EVERY)
def test_cutoff_says_the_same_alone_and_among_others(name: str) -> None:
    history = series_of(name, simulate())
    among = (
        ask(name, history.stack((6, 0)))[len(history) :]
        if name in SLOW
        else ask(name, history.stack((6, 3, 0)))[-len(history) :]
    )
    np.testing.assert_allclose(among, ask(name, history), rtol=1e-9)


@pytest.mark.usefixtures("quick_search")
@pytest.mark.parametrize("name", EVERY)
def test_candidate_is_deterministic_and_leaves_its_input_alone(name: str) -> None:
    history = series_of(name, simulate())
    y, promotion = history.y.copy(), history.regressors["promotion"].copy()
    first, second = ask(name, history), ask(name, make_history(y, promotion=promotion))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(history.y, y)
    np.testing.assert_array_equal(history.regressors["promotion"], promotion)
    assert first.shape == (len(history), 12) and np.isfinite(first).all()


@pytest.mark.parametrize("name", FAST)
def test_order_of_series_changes_nothing(name: str) -> None:
    history = simulate(8)
    order = np.array([5, 2, 7, 0, 6, 1, 4, 3])
    np.testing.assert_allclose(ask(name, history.take(order)), ask(name, history)[order], rtol=1e-9)


@pytest.mark.parametrize("name", FAST)
def test_forecast_has_the_unit_of_its_series(name: str) -> None:
    history = simulate()
    unit = np.array([1000.0, 1.0, 1e-3, 1.0])[:, None]
    scaled = make_history(history.y * unit, **history.regressors)
    close = 1e-5 if name in OPTIMISED else 1e-6
    np.testing.assert_allclose(ask(name, scaled), unit * ask(name, history), rtol=close, atol=1e-9)


def test_only_candidates_that_pool_over_the_panel_know_its_other_series() -> None:
    """What one series says of another: seasons, autoregression, and what a promotion does; nothing
    else.
    """
    history = simulate(8)
    more = history.y.copy()
    more[6] = 50 + 40 * np.cos(np.arange(44) * np.pi / 6)
    changed = make_history(more, **history.regressors)
    kept = np.arange(5)
    moved = {
        name
        for name in FAST
        if not np.allclose(ask(name, history)[kept], ask(name, changed)[kept], rtol=1e-9)
    }
    assert moved == POOLED


@pytest.mark.parametrize("name", FAST)
def test_odd_series_are_forecast_with_finite_numbers(name: str) -> None:
    months = 40
    y = np.stack(
        [
            np.zeros(months),
            np.r_[np.full(28, 9.0), np.zeros(12)],
            np.full(months, 7.0),
            np.linspace(-5, 5, months),
            np.r_[np.zeros(39), 5.0],
            np.full(months, 1e12),
            np.r_[np.full(12, NAN), np.arange(28.0)],
        ]
    )
    history = make_history(y).stack((6, 0))
    asked = history.take(np.flatnonzero(history.length >= REGISTRY[name].needed))
    assert np.isfinite(ask(name, asked)).all()


@pytest.mark.parametrize("name", [name for name in FAST if name not in POOLED])
def test_series_that_never_changes_goes_on(name: str) -> None:
    expected = (
        7.0 if name != "croston" else 7.0 * (1 - intermittent.ALPHAS[0] / 2)
    )  # its correction for bias, least for slow sizes
    np.testing.assert_allclose(ask(name, make_history(np.full(48, 7.0))), expected, rtol=1e-6)


# naive


def test_seasonal_naive_repeats_the_last_year() -> None:
    assert ask("seasonal_naive", make_history(np.arange(1, 15)), 14)[0].tolist() == [
        *range(3, 15),
        3,
        4,
    ]


def test_growth_takes_half_of_last_years_growth_within_its_limit() -> None:
    y = np.array(
        [[100.0] * 12 + [110.0] * 12, [100.0] * 12 + [300.0] * 12, [0.0] * 12 + [5.0] * 12]
    )
    forecast = ask("growth", make_history(y), 13)
    np.testing.assert_allclose(forecast[:, 0], [110 * 1.05, 300 * 1.15, 5.0])
    np.testing.assert_allclose(forecast[:, 12], [110 * 1.05**2, 300 * 1.15**2, 5.0])
    np.testing.assert_allclose(
        ask("growth", make_history(y), 1, damping=1.0, limit=0.5)[:, 0], [121.0, 450.0, 5.0]
    )


def test_two_years_brings_the_year_before_to_last_years_level() -> None:
    before, last = np.r_[50.0, np.full(11, 10.0)], np.r_[80.0, np.full(11, 20.0)]
    level = last.mean() / before.mean()
    forecast = ask("two_years", make_history(np.r_[before, last]), 13)[0]
    np.testing.assert_allclose(
        forecast[[0, 1, 12]], [(80 + 50 * level) / 2, (20 + 10 * level) / 2, (80 + 50 * level) / 2]
    )


def test_recent_mean_works_from_the_first_month() -> None:
    assert ask("recent_mean", make_history([NAN] * 20 + [5.0]), 2)[0].tolist() == [5.0, 5.0]
    assert ask("recent_mean", make_history([0.0, 2.0, 4.0]), 1, months=2)[0].tolist() == [3.0]


# smoothing


def smooth_in_a_loop(y: np.ndarray, start: int = 6) -> float:
    """Level of simple exponential smoothing, averaged over alphas by
    (sum of squared errors) ** (-n / 4).
    """
    levels, squares = [], []
    for alpha in ALPHAS:
        level, total = y[:start].mean(), 0.0
        for value in y:
            total += (value - level) ** 2
            level += alpha * (value - level)
        levels.append(level)
        squares.append(total)
    weight = np.array(squares) ** (-len(y) / 4)
    return float(weight @ levels / weight.sum())


def wander(months: int = 37, seed: int = 2) -> np.ndarray:
    return 100 + np.cumsum(np.random.default_rng(seed).normal(0, 4, months))


def test_level_and_theta_are_those_of_a_loop() -> None:
    y = wander()
    line = np.polyfit(np.arange(37), y, 1)[0]
    np.testing.assert_allclose(smoothing.level(y[None], 3)[0], [smooth_in_a_loop(y)] * 3)
    np.testing.assert_allclose(
        smoothing.theta(y[None], 3)[0], smooth_in_a_loop(y) + 0.5 * line * np.arange(1, 4)
    )


def test_damped_trend_is_that_of_a_loop() -> None:
    y = wander()
    paths, squares = [], []
    for alpha, beta, phi in zip(
        smoothing.TREND_ALPHA, smoothing.TREND_BETA, smoothing.TREND_PHI, strict=True
    ):
        level, trend, total = y[:6].mean(), 0.0, 0.0
        for value in y:
            error = value - level - phi * trend
            level, trend = level + phi * trend + alpha * error, phi * trend + alpha * beta * error
            total += error**2
        paths.append(
            [level + trend * sum(phi**k for k in range(1, step + 1)) for step in range(1, 5)]
        )
        squares.append(total)
    weight = np.array(squares) ** (-37 / 4)
    np.testing.assert_allclose(
        smoothing.damped_trend(y[None], 4)[0], weight @ np.array(paths) / weight.sum(), rtol=1e-9
    )


def test_aggregation_is_the_mean_over_months_quarters_and_years_of_a_loop() -> None:
    y, parts = wander(), []
    for span in (1, 2, 3, 4, 6, 12):
        blocks = y[37 % span :].reshape(-1, span).mean(axis=1)
        line = np.polyfit(np.arange(len(blocks)), blocks, 1)[0] / span
        parts.append(smooth_in_a_loop(blocks, max(1, 6 // span)) + 0.25 * line * np.arange(1, 4))
    np.testing.assert_allclose(
        smoothing.aggregation(y[None], 3)[0], np.mean(parts, axis=0), rtol=1e-9
    )


def test_months_before_a_series_began_count_nothing() -> None:
    y = wander(20)
    padded = np.r_[np.full(17, NAN), y]
    for smoother in (
        smoothing.level,
        smoothing.theta,
        smoothing.damped_trend,
        smoothing.aggregation,
    ):
        np.testing.assert_allclose(smoother(padded[None], 2), smoother(y[None], 2), rtol=1e-12)


def winters_in_a_loop(y: np.ndarray, horizon: int, relative: bool) -> np.ndarray:
    """Holt-Winters over the grid, averaged by (sum of squared errors) ** (-n / 2)."""
    one, two = y[:12].mean(), y[12:24].mean()
    line = one + (two - one) / 12 * (np.arange(24) - 5.5)
    off = y[:24] / line if relative else y[:24] - line
    index = (off[:12] + off[12:]) / 2
    index = index / index.mean() if relative else index
    paths, squares = [], []
    for alpha, (beta, phi), gamma in product(
        (0.03, 0.1, 0.2, 0.35, 0.5, 0.7),
        ((0.0, 1.0), (0.03, 0.95), (0.15, 0.95)),
        (0.02, 0.08, 0.2, 0.4),
    ):
        trend = (two - one) / 12 if beta else 0.0
        level, season, total = (one - 6.5 * trend if beta else one), list(index), 0.0
        for month, value in enumerate(y):
            base, s = level + phi * trend, season[month % 12]
            error = value - (base * s if relative else base + s)
            level = base + alpha * error / (s if relative else 1)
            trend = phi * trend + alpha * beta * error / (s if relative else 1)
            season[month % 12] = s + gamma * (1 - alpha) * error / (base if relative else 1)
            total += error**2
        ahead = [
            level + trend * sum(phi**k for k in range(1, step + 1))
            for step in range(1, horizon + 1)
        ]
        months = [season[(len(y) + step) % 12] for step in range(horizon)]
        paths.append([a * s if relative else a + s for a, s in zip(ahead, months, strict=True)])
        squares.append(total)
    weight = (np.array(squares) / min(squares)) ** (-len(y) / 2)
    return np.asarray(weight @ np.array(paths) / weight.sum())


@pytest.mark.parametrize("relative", [True, False])
def test_holt_winters_is_that_of_a_loop_at_every_cutoff(relative: bool) -> None:
    rng = np.random.default_rng(4)
    t = np.arange(45)
    y = np.stack(
        [
            (100 + k * t) * (1 + 0.2 * np.sin(t * np.pi / 6)) * (1 + 0.05 * rng.standard_normal(45))
            for k in (0, 1, 2)
        ]
    )
    y[2, :9] = NAN
    forecast = (winters.multiplicative if relative else winters.additive)(
        make_history(y).stack((8, 0)), 14
    )
    for row, (back, series) in enumerate(product((8, 0), y)):
        known = series[np.isfinite(series)][: None if back == 0 else -back]
        np.testing.assert_allclose(forecast[row], winters_in_a_loop(known, 14, relative), rtol=1e-8)


# intermittent demand


def lumpy_in_a_loop(y: np.ndarray, by_interval: bool) -> float:
    """Croston's or TSB's mean a month over the grid, averaged by
    (mean squared error) ** (-n / 2).
    """
    means, squares = [], []
    for alpha in intermittent.ALPHAS:
        size, often = y[y != 0].mean(), (y != 0).mean()
        interval, since, total = 1 / often, 1, 0.0
        for value in y:
            mean = (1 - alpha / 2) * size / interval if by_interval else size * often
            total += (value - mean) ** 2
            if value != 0:
                size += alpha * (value - size)
                interval += alpha * (since - interval)
            often += alpha * ((value != 0) - often)
            since = 1 if value != 0 else since + 1
        means.append((1 - alpha / 2) * size / interval if by_interval else size * often)
        squares.append(total / len(y))
    weight = np.array(squares) ** (-len(y) / 2)
    return float(weight @ means / weight.sum())


@pytest.mark.parametrize(("name", "by_interval"), [("croston", True), ("tsb", False)])
def test_lumpy_demand_is_that_of_a_loop(name: str, by_interval: bool) -> None:
    y = np.random.default_rng(8).poisson(0.4, (3, 30)).astype(float)
    late = np.r_[np.full(12, NAN), y[2, 12:]]
    forecast = ask(name, make_history(np.stack([y[0], y[1], late])), 2)
    expected = [lumpy_in_a_loop(each, by_interval) for each in (y[0], y[1], y[2, 12:])]
    np.testing.assert_allclose(forecast, np.tile(expected, (2, 1)).T, rtol=1e-9)


def test_tsb_fades_where_nothing_is_sold_and_croston_does_not() -> None:
    y = np.r_[np.tile([0.0, 6.0], 12), np.zeros(24)]
    sold = np.tile([0.0, 6.0], 12)
    assert ask("tsb", make_history(y))[0, 0] < 0.5 * ask("tsb", make_history(sold))[0, 0]
    assert ask("croston", make_history(y))[0, 0] > 0.4 * ask("croston", make_history(sold))[0, 0]
    assert ask("croston", make_history(sold))[0, 0] == pytest.approx(3.0, rel=0.15)


# autoregression


def test_least_absolute_error_is_that_of_a_linear_programme() -> None:
    rng = np.random.default_rng(3)
    x = np.c_[rng.normal(size=(120, 3)), np.ones(120)]
    y = x @ [0.5, -0.3, 0.0, 0.2] + rng.standard_t(2, 120)
    n, p = x.shape
    found = linprog(
        np.r_[np.zeros(p), np.ones(2 * n)],
        A_eq=np.c_[x, np.eye(n), -np.eye(n)],
        b_eq=y,
        bounds=[(None, None)] * p + [(0, None)] * (2 * n),
    )
    solved = autoregression.fit_absolute(x, y)
    assert np.abs(y - x @ solved).sum() <= found.fun * 1.01
    least_squares = np.linalg.lstsq(x, y, rcond=None)[0]
    assert np.abs(y - x @ solved).sum() < np.abs(y - x @ least_squares).sum()


def test_autoregression_learns_a_cycle_from_the_whole_panel() -> None:
    rng = np.random.default_rng(6)
    t = np.arange(66)
    y = rng.lognormal(3, 1, (30, 1)) * (
        10 + 3 * np.sin(2 * np.pi * t / 5 + rng.uniform(0, 6, (30, 1)))
    )  # no calendar has it
    forecast = ask("autoregression", make_history(y[:, :60]), 6)
    np.testing.assert_allclose(forecast, y[:, 60:], rtol=0.02)


def test_autoregression_of_a_year_without_sales_is_nothing() -> None:
    rng = np.random.default_rng(6)
    y = np.r_[rng.normal(100, 20, (20, 50)).clip(0), np.zeros((1, 50))]
    assert (ask("autoregression", make_history(y))[20] == 0).all()


def test_autoregression_says_nothing_where_there_is_too_little_to_learn_from() -> None:
    assert np.isnan(ask("autoregression", make_history(wander(20)), 12)).all()


# regression


def promote(
    n: int = 12, months: int = 48, effect: float = 60.0, seed: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Sales of 100 a month with promotions, and the promotions with a year to come."""
    rng = np.random.default_rng(seed)
    promotion = (rng.random((n, months + 12)) < 0.25).astype(float)
    return 100 + effect * promotion[:, :months] + rng.normal(0, 5, (n, months)), promotion


def test_solved_terms_are_those_that_statsmodels_finds() -> None:
    from statsmodels.regression.linear_model import WLS

    y, _ = promote(3, 40)
    y[2, :15], y[2] = NAN, y[2] * 30
    history = make_history(y)
    table = regression.list_terms(history).set_index(["unique_id", "term"])
    terms, size = build_design(history, 12, 0.9), series_scale(history.y)
    prior, noise = terms.prior, noise_std(history.y / size[:, None])
    by_hand = np.full((3, 12), NAN)
    for row, unique_id in enumerate(history.ids):
        known, shrunk = np.isfinite(y[row]), np.flatnonzero(np.isfinite(prior))
        rows = np.vstack([terms.own[row, :40][known], np.eye(len(prior))[shrunk]])
        recent = exponential_weights(40, HALF_LIFE)[known]
        weights = np.r_[recent, (noise[row] / prior[shrunk]) ** 2]
        target = np.r_[y[row, known] / size[row], np.zeros(len(shrunk))]
        fitted = WLS(target, rows, weights=weights).fit()
        found = table.loc[unique_id].loc[terms.names] / size[row]
        np.testing.assert_allclose(found["estimate"], fitted.params, rtol=1e-4, atol=1e-6)
        by_hand[row] = terms.own[row, 40:] @ fitted.params * size[row]
    np.testing.assert_allclose(regression.forecast(history, 12), by_hand, rtol=1e-4)


def test_a_series_of_less_than_thirteen_months_has_no_terms() -> None:
    y, _ = promote(4)
    y[3, :40] = NAN
    table = regression.list_terms(make_history(y))
    assert set(table["unique_id"]) == {"s000", "s001", "s002"}  # the last has eight months
    assert regression.list_terms(make_history(y).take(np.array([3]))).empty


def test_regression_shrinks_the_months_of_a_short_history() -> None:
    y = np.random.default_rng(5).normal(100, 40, 13)
    assert ask("regression", make_history(y)).std() < y.std()


def test_rows_solved_in_parts_are_those_solved_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    history = make_history(promote(7)[0])
    whole = ask("regression", history)
    monkeypatch.setattr(design, "BLOCK", 3)
    np.testing.assert_allclose(ask("regression", history), whole, rtol=1e-10)


# the models that users know by name


@pytest.mark.parametrize("name", ["ets", "optimised_theta", "ces", "auto_arima"])
def test_named_model_forecasts_a_clear_season(name: str) -> None:
    t = np.arange(60)
    truth = 100 + 20 * np.sin(t * np.pi / 6)
    y = truth[:48] + np.random.default_rng(1).normal(0, 1, 48)
    np.testing.assert_allclose(ask(name, make_history(y))[0], truth[48:], atol=6)


def test_arima_uses_the_orders_it_is_given() -> None:
    history = make_history(np.r_[np.arange(24.0), 30.0])
    walk = {"s000": {"order": [0, 1, 0], "seasonal": [0, 0, 0], "constant": False}}
    year = {"s000": {"order": [0, 0, 0], "seasonal": [0, 1, 0], "constant": False}}
    np.testing.assert_allclose(ask("arima", history, searched=walk)[0], 30.0)
    np.testing.assert_allclose(ask("arima", history, searched=year)[0], [*range(13, 24), 30])


def test_arima_searches_a_series_that_is_too_short_or_flat_in_no_time() -> None:
    plain = {"order": [0, 0, 0], "seasonal": [0, 0, 0], "constant": True}
    assert arima.search(make_history(np.full(40, 3.0))) == {"s000": plain}


def test_arima_searches_each_row_for_itself_and_finds_a_season() -> None:
    t = np.arange(60)
    y = 100 + 20 * np.sin(t * np.pi / 6) + np.random.default_rng(1).normal(0, 2, 60)
    found = arima.search(make_history(y), max_order=1)["s000"]
    assert found["seasonal"][1] == 1
    np.testing.assert_allclose(
        ask("arima", make_history(y[:48]), searched={"s000": found})[0],
        100 + 20 * np.sin(t[48:] * np.pi / 6),
        atol=6,
    )


def test_failed_order_search_is_the_reason_of_the_series_failure() -> None:
    history = make_history(np.arange(48.0))
    answer = arima.forecast(
        history, 3, searched={"s000": {"error": "order search failed: LinAlgError"}}
    )
    assert answer.errors == {0: "ValueError: order search failed: LinAlgError"}


def test_seasonal_strength_tells_a_season_from_noise() -> None:
    t = np.arange(48)
    rng = np.random.default_rng(1)
    assert arima.seasonal_strength(100 + 20 * np.sin(t * np.pi / 6) + rng.normal(0, 2, 48)) > 0.9
    assert arima.seasonal_strength(rng.normal(100, 10, 240)) < ARIMA_SEASONAL_STRENGTH


# the protocol


def test_window_is_a_series_as_known_at_its_cutoff() -> None:
    promotion = np.arange(7.0)[None]
    history = make_history([NAN, NAN, 1.0, 2.0, 3.0], ahead=2, promotion=promotion)
    now, before = windows(history.stack((0, 1)), 3)
    assert now.unique_id == "s000" and now.horizon == before.horizon == 3
    assert now.y.tolist() == [1, 2, 3] and before.y.tolist() == [1, 2]
    assert now.month.tolist() == [10, 11, 12, 1, 2, 3] and before.month.tolist() == [
        10,
        11,
        12,
        1,
        2,
    ]
    np.testing.assert_array_equal(now.regressors["promotion"], [2, 3, 4, 5, 6, NAN])
    np.testing.assert_array_equal(before.regressors["promotion"], [2, 3, 4, 5, NAN])


def only(fit: Callable[[Window], np.ndarray]) -> Prediction:
    return each_series(fit)(simulate(), 12)


def test_model_that_raises_fails_for_its_series_only() -> None:
    def fit(window: Window) -> np.ndarray:
        if window.unique_id == "s001":
            raise ZeroDivisionError("no\nway")
        return np.ones(12)

    answer = only(fit)
    assert answer.errors == {1: "ZeroDivisionError: no way"}
    assert np.isnan(answer.values[1]).all() and (np.delete(answer.values, 1, axis=0) == 1).all()


def test_forecast_of_another_length_or_not_finite_is_a_failure() -> None:
    assert (
        only(lambda window: np.ones(3)).errors[0]
        == "ValueError: the model gave 3 values, 12 needed"
    )
    assert (
        only(lambda window: np.full(12, NAN)).errors[3]
        == "ValueError: the model's forecast is not a finite number"
    )
    assert only(lambda window: np.full(12, np.inf)).errors.keys() == {0, 1, 2, 3}


def test_registry_starts_with_the_simplest_and_knows_its_names() -> None:
    assert list(REGISTRY)[0] == "seasonal_naive"
    assert all(candidate.name == name for name, candidate in REGISTRY.items())
    assert {candidate.needed for candidate in REGISTRY.values()} <= {
        1,
        3,
        SEASON,
        SEASON + 1,
        2 * SEASON,
        2 * SEASON + 1,
    }
    assert naive.seasonal_naive is REGISTRY["seasonal_naive"].forecast


def test_arima_takes_what_a_promotion_brings_from_what_is_known_ahead() -> None:
    rng = np.random.default_rng(5)
    promotion = (rng.random(72) < 0.3).astype(float)
    sold = 100 + 10 * np.sin(np.arange(72) * np.pi / 6) + 40 * promotion + rng.normal(0, 2, 72)
    history = History(
        np.array(["a"], dtype=object),
        sold[None, :60],
        np.array(["2025-12"], dtype="datetime64[M]"),
        12,
        {"promotion": promotion[None]},
    )
    blind = replace(history, regressors={})
    gap = [
        np.abs(arima.forecast(each, 12).values[0] - sold[60:]).mean() for each in (history, blind)
    ]
    assert promotion[60:].any()
    assert gap[0] < gap[1] / 2
