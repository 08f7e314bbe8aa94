"""Claims about intervals: they cover what they say, hold their forecast, and know nothing later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.intervals import (
    PastErrors,
    _conformal_quantile,
    _ScaledErrors,
    _width_pair,
    add_intervals,
    conformal_intervals,
)
from salesfc_lib.forecasting.metrics import pool, score

pytestmark = pytest.mark.filterwarnings("error")
NAN = np.nan
HORIZON = 12
BACKS = tuple(range(24, 0, -3))
Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def simulate(
    draw: Draw, n: int = 120, months: int = 60, seed: int = 0
) -> tuple[PastErrors, np.ndarray, np.ndarray]:
    """Errors of forecasts of the mean of `draw` at cutoffs of two years, the forecast of now, and
    what came; sizes differ widely.
    """
    rng = np.random.default_rng(seed)
    size = rng.lognormal(3, 1, (n, 1))
    sold = size * draw(rng, (n, months + HORIZON))
    mean = size * draw(np.random.default_rng(99), (1, 20_000)).mean()
    y = sold[:, :months]
    history = History(
        np.array([f"s{k:03d}" for k in range(n)], dtype=object),
        y,
        np.full(n, np.datetime64("2025-12", "M")),
    )
    said = np.repeat(mean, HORIZON, axis=1)
    columns = {back: months - back + np.arange(HORIZON) for back in BACKS}
    errors = {
        back: np.where(at < months, y[:, np.minimum(at, months - 1)] - said, NAN)
        for back, at in columns.items()
    }
    return PastErrors(history, errors, dict.fromkeys(BACKS, said)), said, sold[:, months:]


def normal(sigma: float) -> Draw:
    return lambda rng, shape: 1 + sigma * rng.standard_normal(shape)


def exponential(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.exponential(1.0, shape) + 1e-6


def coverage(draw: Draw, level: int, seeds: int = 4) -> float:
    found = []
    for seed in range(seeds):
        past, said, came = simulate(draw, seed=seed)
        low, high = conformal_intervals(past, said, (level,))[level]
        found.append(((came >= low) & (came <= high)).mean())
    return float(np.mean(found))


@pytest.mark.parametrize("level", [50, 80, 95])
@pytest.mark.parametrize(
    "draw", [normal(0.1), exponential], ids=["normal", "skewed, with zero below"]
)
def test_intervals_cover_what_they_say_where_errors_are_exchangeable(
    draw: Draw, level: int
) -> None:
    assert coverage(draw, level) == pytest.approx(level / 100, abs=0.03)


def test_each_horizon_is_covered() -> None:
    found = []
    for seed in range(4):
        past, said, came = simulate(normal(0.2), n=400, seed=seed)
        low, high = conformal_intervals(past, said, (80,))[80]
        found.append(((came >= low) & (came <= high)).mean(axis=0))
    assert np.abs(np.mean(found, axis=0) - 0.8).max() < 0.03


def test_upper_bound_gives_way_where_the_lower_one_rests_on_zero() -> None:
    """Half of the months sold nothing, so nothing is left out below, and a fifth above: not a
    tenth, as a quantile of each side would.
    """
    z = np.r_[np.full(500, -0.2), np.linspace(0.0, 1.0, 500)]
    everywhere = np.full(1000, True)
    floored = _ScaledErrors(z, np.ones(1000), np.full(1000, 0.2), np.zeros(1000), ~everywhere)
    down, up = _width_pair(floored, everywhere, 0.8)
    assert down == pytest.approx(0.2) and up == pytest.approx(0.6, abs=0.01)
    free = _ScaledErrors(
        np.linspace(-1.0, 1.0, 1000),
        np.ones(1000),
        np.full(1000, np.inf),
        np.zeros(1000),
        ~everywhere,
    )
    assert _width_pair(free, everywhere, 0.8) == pytest.approx((0.8, 0.8), abs=0.01)


def test_wider_spread_of_later_months_widens_their_interval_only() -> None:
    past, said, _ = simulate(normal(0.1), n=200)
    wider = {
        back: errors * np.where(np.arange(HORIZON) >= 8, 3.0, 1.0)
        for back, errors in past.errors.items()
    }
    low, high = conformal_intervals(PastErrors(past.history, wider, past.forecasts), said, (80,))[
        80
    ]
    width = np.median((high - low) / said, axis=0)
    assert width[-1] > 2 * width[0] and (np.diff(width) >= -1e-12).all()


def test_restless_series_has_the_wider_interval() -> None:
    past, said, _ = simulate(normal(0.1))
    loud = {
        back: errors * np.where(np.arange(len(said)) == 7, 5.0, 1.0)[:, None]
        for back, errors in past.errors.items()
    }
    width = [
        np.subtract(
            *conformal_intervals(PastErrors(past.history, each, past.forecasts), said, (80,))[80][
                ::-1
            ]
        )[7, 0]
        for each in (past.errors, loud)
    ]
    assert width[1] > 2.5 * width[0]


def test_scale_of_a_series_is_its_intervals_unit() -> None:
    past, said, _ = simulate(normal(0.3))
    unit = np.where(np.arange(len(said)) == 3, 1000.0, 1.0)[:, None]
    history = History(past.history.ids, past.history.y * unit, past.history.last)
    scaled = PastErrors(
        history,
        {back: errors * unit for back, errors in past.errors.items()},
        dict.fromkeys(BACKS, past.forecasts[3] * unit),
    )
    for one, other in zip(
        conformal_intervals(past, said, (80,))[80],
        conformal_intervals(scaled, said * unit, (80,))[80],
        strict=True,
    ):
        np.testing.assert_allclose(other, one * unit, rtol=1e-9)


def test_order_of_series_changes_nothing() -> None:
    past, said, _ = simulate(normal(0.3), n=30)
    order = np.random.default_rng(1).permutation(30)
    shuffled = PastErrors(
        past.history.take(order),
        {back: errors[order] for back, errors in past.errors.items()},
        {back: each[order] for back, each in past.forecasts.items()},
    )
    for one, other in zip(
        conformal_intervals(past, said, (80,))[80],
        conformal_intervals(shuffled, said[order], (80,))[80],
        strict=True,
    ):
        np.testing.assert_allclose(other, one[order], rtol=1e-12)


def test_negative_sales_may_be_below_zero_and_others_may_not() -> None:
    past, said, _ = simulate(lambda rng, shape: 1 + 0.2 * rng.standard_t(2, shape), n=80, seed=2)
    low, _ = conformal_intervals(past, said, (95,))[95]
    signed = (past.history.y < 0).any(axis=1)
    assert (low[~signed] >= 0).all() and (low[signed] < 0).any()


def test_ended_series_that_sold_nothing_has_an_interval_of_nothing() -> None:
    past, said, _ = simulate(normal(0.1))
    y = past.history.y.copy()
    y[5] = 0.0
    history = History(past.history.ids, y, past.history.last)
    zero = {
        back: np.where(np.arange(len(said))[:, None] == 5, 0.0, errors)
        for back, errors in past.errors.items()
    }
    forecast = said.copy()
    forecast[5] = 0.0
    low, high = conformal_intervals(PastErrors(history, zero, past.forecasts), forecast, (80,))[80]
    assert (low[5] == 0).all() and (high[5] == 0).all()


def test_without_any_backtest_intervals_are_wide_and_not_missing() -> None:
    past, said, came = simulate(normal(0.2))
    low, high = conformal_intervals(PastErrors(past.history, {}, {}), said, (80,))[80]
    assert np.isfinite(low).all() and np.isfinite(high).all()
    assert ((came >= low) & (came <= high)).mean() > 0.8


def test_one_cutoff_of_one_month_is_enough_for_an_interval() -> None:
    history = History(
        np.array(["a"], dtype=object),
        np.full((1, 14), 10.0),
        np.array(["2025-12"], dtype="datetime64[M]"),
    )
    errors = np.full((1, 12), NAN)
    errors[0, 0] = 2.0
    low, high = conformal_intervals(
        PastErrors(history, {1: errors}, {1: np.full((1, 12), 8.0)}),
        np.full((1, 12), 10.0),
        (80, 95),
    )[80]
    assert (low <= 10).all() and (high > 10).all() and np.isfinite(high).all()


def test_conformal_rank_is_the_textbooks() -> None:
    z = np.arange(1.0, 100.0)
    assert _conformal_quantile(z, np.array([0.9]), upper=True) == 90  # the ceil((99 + 1) 0.9)-th
    assert _conformal_quantile(z, np.array([0.1])) == 10
    assert (
        _conformal_quantile(z[:3], np.array([0.95]), upper=True) == 3
    )  # of three, the largest is all there is


@settings(max_examples=60)
@given(
    arrays(
        float,
        (4, 30),
        elements=st.one_of(
            st.just(0.0), st.floats(-1e12, 1e12), st.floats(0, 1e-6), st.floats(0, 100)
        ),
    ),
    arrays(float, (4, 3), elements=st.floats(-1e12, 1e12)),
    arrays(
        float, (2, 4, 3), elements=st.one_of(st.just(NAN), st.just(0.0), st.floats(-1e12, 1e12))
    ),
    st.lists(st.integers(1, 99), min_size=2, max_size=4, unique=True),
)
def test_any_bounds_are_finite_ordered_and_hold_their_forecast(
    y: np.ndarray, forecast: np.ndarray, errors: np.ndarray, levels: list[int]
) -> None:
    never = ~(y < 0).any(axis=1)[:, None]
    forecast = np.where(never, np.abs(forecast), forecast)
    history = History(
        np.array(list("abcd"), dtype=object), y, np.full(4, np.datetime64("2025-12", "M"))
    )
    said = {back: forecast for back in (6, 3)}
    bounds = conformal_intervals(
        PastErrors(history, dict(zip((6, 3), errors, strict=True)), said), forecast, levels
    )
    inner = (forecast, forecast)
    for level in sorted(levels):
        low, high = bounds[level]
        assert np.isfinite(low).all() and np.isfinite(high).all()
        assert (low <= inner[0]).all() and (high >= inner[1]).all()
        assert (low[never[:, 0]] >= 0).all()
        inner = (low, high)


def test_a_series_of_next_to_nothing_overflows_no_interval() -> None:
    y = np.zeros((2, 30))
    y[:, -12:] = [[1e-296], [10.0]]
    history = History(
        np.array(list("ab"), dtype=object), y, np.full(2, np.datetime64("2025-12", "M"))
    )
    forecasts = {back: np.full((2, 3), 5.0) for back in (6, 3)}
    errors = {back: np.full((2, 3), 1e12) for back in (6, 3)}
    low, high = conformal_intervals(
        PastErrors(history, errors, forecasts), np.full((2, 3), 5.0), (80,)
    )[80]
    assert np.isfinite(low).all() and np.isfinite(high).all()


@pytest.mark.parametrize("zeros", [0.06, 0.12, 0.22, 0.3])
def test_wider_interval_holds_the_narrower_where_some_months_are_without_a_sale(
    zeros: float,
) -> None:
    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        return np.asarray(rng.exponential(1.0, shape) * (rng.random(shape) > zeros))

    past, said, _ = simulate(draw, n=200)
    levels = tuple(range(40, 100, 5))
    bounds = conformal_intervals(past, said, levels)
    for narrow, wide in zip(levels, levels[1:], strict=False):
        assert (bounds[wide][0] <= bounds[narrow][0]).all(), (narrow, wide)
        assert (bounds[wide][1] >= bounds[narrow][1] - 1e-9).all(), (narrow, wide)


# frames

MONTH = pd.Timestamp("2025-12-01")
CUTOFFS = [MONTH - pd.DateOffset(months=k) for k in (12, 10, 8, 6, 4, 2, 0)]
NAMES = [f"s{k:02d}" for k in range(60)]
SERIES = pd.DataFrame({"unique_id": NAMES, "level": ["top"] * 2 + ["bottom"] * 58, "label": NAMES})


def simulate_frames(
    seed: int, sigma: float = 0.2
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Panel through 2026-12, past forecasts and last forecasts; a forecast is right on average and
    its error grows with h.
    """
    rng = np.random.default_rng(seed)
    ds = pd.date_range("2023-01-01", "2026-12-01", freq="MS")
    size = 100 * rng.lognormal(0, 1, len(NAMES))
    sold = np.repeat(size, len(ds)) * (1 + sigma * rng.standard_normal(len(ds) * len(NAMES)))
    panel = pd.DataFrame(
        {
            "unique_id": np.repeat(NAMES, len(ds)),
            "ds": np.tile(ds, len(NAMES)),
            "y": sold,
            "y_raw": sold,
        }
    )
    index = pd.MultiIndex.from_product(
        [NAMES, CUTOFFS, range(1, 13)], names=["unique_id", "cutoff", "h"]
    )
    rows = index.to_frame(index=False)
    rows["ds"] = [
        cutoff + pd.DateOffset(months=h)
        for cutoff, h in zip(rows["cutoff"], rows["h"], strict=True)
    ]
    wander = sigma * np.sqrt(rows["h"] / 12) * rng.standard_normal(len(rows))
    rows["y_hat"] = rows["unique_id"].map(dict(zip(NAMES, size, strict=True))) * (1 + wander)
    rows = rows.assign(stage="combined", model="combination")
    return panel, rows[rows["cutoff"] < MONTH], rows[rows["cutoff"] == MONTH]


def test_frames_are_covered_near_their_level_and_ordered() -> None:
    panel, past, now = simulate_frames(1)
    found = add_intervals(now, past, panel, SERIES)
    pooled = pool(score(found, panel, metrics=["coverage-80", "coverage-95"])).set_index("metric")[
        "value"
    ]
    assert pooled["coverage-80"] == pytest.approx(0.83, abs=0.05) and pooled[
        "coverage-95"
    ] == pytest.approx(0.96, abs=0.025)
    assert (
        np.diff(found[["lo-95", "lo-80", "y_hat", "hi-80", "hi-95"]].to_numpy(), axis=1) >= 0
    ).all()
    reach = (
        found.assign(up=found["hi-80"] - found["y_hat"])
        .pivot(index="unique_id", columns="h", values="up")
        .to_numpy()
    )
    assert (np.diff(reach, axis=1) >= -1e-9).all() and reach[:, -1].sum() > reach[:, 0].sum()


def test_only_errors_known_at_the_cutoff_count() -> None:
    panel, past, now = simulate_frames(4)
    changed = panel.assign(y=panel["y"].where(panel["ds"] <= MONTH, 1e9))
    pd.testing.assert_frame_equal(
        add_intervals(now, past, panel, SERIES), add_intervals(now, past, changed, SERIES)
    )
    later = past.assign(
        y_hat=past["y_hat"].where(past["ds"] <= MONTH, -1e9)
    )  # forecasts of months that are not over
    pd.testing.assert_frame_equal(
        add_intervals(now, past, panel, SERIES), add_intervals(now, later, panel, SERIES)
    )


def test_each_row_keeps_its_place() -> None:
    panel, past, now = simulate_frames(8)
    shuffled = now.sample(frac=1, random_state=2)
    found = add_intervals(shuffled, past.sample(frac=1, random_state=3), panel, SERIES)
    assert found.index.equals(shuffled.index)
    pd.testing.assert_frame_equal(found.sort_index(), add_intervals(now, past, panel, SERIES))


def test_series_without_backtest_takes_the_spread_of_its_level() -> None:
    panel, past, now = simulate_frames(5)
    found = add_intervals(now, past[past["unique_id"] != "s10"], panel, SERIES).query(
        "unique_id == 's10'"
    )
    assert found["hi-80"].gt(found["y_hat"]).all()


def test_series_without_a_history_has_no_interval() -> None:
    panel, past, now = simulate_frames(6)
    late = panel[(panel["unique_id"] != "s10") | (panel["ds"] > MONTH)]
    found = add_intervals(now, past, late, SERIES).set_index("unique_id")
    assert (
        found.loc["s10", ["lo-80", "hi-95"]].isna().all().all()
        and found.drop("s10")["hi-80"].notna().all()
    )


def test_what_ended_is_expected_to_stay_so() -> None:
    rng = np.random.default_rng(3)
    y = 100 + rng.normal(0, 10, (40, 48))
    y[0, -4:] = 0.0
    errors = {back: rng.normal(0, 10, (40, 12)) for back in (3, 6, 9, 12)}
    history = History(
        np.array([f"s{k:02d}" for k in range(40)], dtype=object),
        y,
        np.full(40, np.datetime64("2026-06", "M")),
    )
    forecast = np.where(np.arange(40)[:, None] == 0, 0.0, np.full((40, 12), 100.0))
    found = conformal_intervals(
        PastErrors(history, errors, dict.fromkeys(errors, forecast)), forecast, (80, 95)
    )
    assert (found[80][0][0] == 0).all() and (found[80][1][0] == 0).all()
    assert found[95][1][0].tolist() == pytest.approx([y[0, -12:].mean()] * 12)
    assert (found[80][1][1:] > 100).all()
