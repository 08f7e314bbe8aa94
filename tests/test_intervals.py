"""Claims about intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.intervals import _conformal, _curve, add_intervals
from salesfc_lib.metrics import pool, score

MONTH = pd.Timestamp("2025-12-01")
CUTOFFS = [MONTH - pd.DateOffset(months=k) for k in (12, 10, 8, 6, 4, 2, 0)]
NAMES = [f"s{k:02d}" for k in range(60)]
SERIES = pd.DataFrame({"unique_id": NAMES, "level": ["top"] * 2 + ["bottom"] * 58, "label": NAMES})


def simulate(seed: int, sigma: float = 0.2, level: float = 100.0) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Panel through 2026-12, past forecasts and last forecasts; a forecast is right on average and its error grows with h."""
    rng = np.random.default_rng(seed)
    ds = pd.date_range("2023-01-01", "2026-12-01", freq="MS")
    size = level * rng.lognormal(0, 1, len(NAMES))
    panel = pd.DataFrame(
        {
            "unique_id": np.repeat(NAMES, len(ds)),
            "ds": np.tile(ds, len(NAMES)),
            "y_raw": np.repeat(size, len(ds)) * (1 + sigma * rng.standard_normal(len(ds) * len(NAMES))),
        }
    )
    index = pd.MultiIndex.from_product([NAMES, CUTOFFS, range(1, 13)], names=["unique_id", "cutoff", "h"])
    rows = index.to_frame(index=False)
    rows["ds"] = [cutoff + pd.DateOffset(months=h) for cutoff, h in zip(rows["cutoff"], rows["h"], strict=True)]
    wander = sigma * np.sqrt(rows["h"] / 12) * rng.standard_normal(len(rows))
    rows["y_hat"] = rows["unique_id"].map(dict(zip(NAMES, size, strict=True))) * (1 + wander)
    rows = rows.assign(stage="combined", model="combination")
    return panel, rows[rows["cutoff"] < MONTH], rows[rows["cutoff"] == MONTH]


def coverage(forecast: pd.DataFrame, panel: pd.DataFrame) -> dict[str, float]:
    return pool(score(forecast, panel, metrics=["coverage-80", "coverage-95"])).set_index("metric")["value"].to_dict()


def test_coverage_on_simulated_sales_is_near_its_level() -> None:
    found = [coverage(add_intervals(now, past, panel, SERIES), panel) for panel, past, now in map(simulate, range(3))]
    mean = pd.DataFrame(found).mean()
    assert mean["coverage-80"] == pytest.approx(0.83, abs=0.05)
    assert mean["coverage-95"] == pytest.approx(0.96, abs=0.025)


def test_interval_holds_its_forecast_and_the_wider_holds_the_narrower() -> None:
    panel, past, now = simulate(1)
    found = add_intervals(now, past, panel, SERIES)
    ordered = found[["lo-95", "lo-80", "y_hat", "hi-80", "hi-95"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()


def test_interval_never_narrows_with_the_horizon() -> None:
    panel, past, now = simulate(2)
    found = add_intervals(now, past, panel, SERIES)
    width = found.assign(up=found["hi-80"] - found["y_hat"]).pivot(index="unique_id", columns="h", values="up")
    assert (np.diff(width.to_numpy(), axis=1) >= -1e-9).all()
    assert width[12].sum() > width[1].sum()


def test_lower_bound_is_zero_where_history_is_not_negative() -> None:
    panel, past, now = simulate(3, sigma=0.9)
    panel = panel.assign(y_raw=panel["y_raw"].where(panel["unique_id"] == "s05", panel["y_raw"].clip(lower=0)))
    found = add_intervals(now.assign(y_hat=now["y_hat"].clip(lower=0)), past, panel, SERIES)
    others = found["unique_id"] != "s05"
    assert found.loc[others, "lo-95"].min() == 0
    assert found.loc[~others, "lo-95"].min() < 0


def test_only_errors_known_at_the_cutoff_count() -> None:
    panel, past, now = simulate(4)
    changed = panel.assign(y_raw=panel["y_raw"].where(panel["ds"] <= MONTH, 1e9))
    pd.testing.assert_frame_equal(add_intervals(now, past, panel, SERIES), add_intervals(now, past, changed, SERIES))


def test_series_without_backtest_takes_the_spread_of_its_level() -> None:
    panel, past, now = simulate(5)
    found = add_intervals(now, past[past["unique_id"] != "s10"], panel, SERIES).query("unique_id == 's10'")
    assert found["hi-80"].gt(found["y_hat"]).all()


def test_without_any_backtest_intervals_are_wide_and_not_missing() -> None:
    panel, past, now = simulate(6)
    found = add_intervals(now, past.iloc[:0], panel, SERIES)
    assert found[["lo-80", "hi-80", "lo-95", "hi-95"]].notna().all().all()
    assert coverage(found, panel)["coverage-80"] > 0.8


def test_series_that_sold_nothing_has_an_interval_of_its_forecast() -> None:
    panel, past, now = simulate(7)
    panel = panel.assign(y_raw=panel["y_raw"].where(panel["unique_id"] != "s10", 0.0))
    zero = {"y_hat": lambda x: x["y_hat"].where(x["unique_id"] != "s10", 0.0)}
    found = add_intervals(now.assign(**zero), past.assign(**zero), panel, SERIES).query("unique_id == 's10'")
    assert found[["lo-80", "hi-80"]].eq(0).all().all()


def test_conformal_rank_is_the_textbooks() -> None:
    z = np.arange(1.0, 100.0)
    assert _conformal(z, 0.8) == 80
    assert _conformal(z[:3], 0.95) == 3


def test_curve_carries_the_nearest_horizon_where_there_is_none() -> None:
    scaled = pd.DataFrame({"h": [1] * 9, "z": np.arange(1.0, 10.0)})
    assert _curve(scaled, np.arange(1, 7), share=0.8, side=1).tolist() == [9.0] * 6


def test_each_row_keeps_its_place() -> None:
    panel, past, now = simulate(8)
    shuffled = now.sample(frac=1, random_state=2)
    found = add_intervals(shuffled, past, panel, SERIES)
    assert found.index.equals(shuffled.index)
    pd.testing.assert_frame_equal(found.sort_index(), add_intervals(now, past, panel, SERIES))
