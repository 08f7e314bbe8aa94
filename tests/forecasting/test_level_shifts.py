"""Claims about lasting changes of level: found where planted, rarely where there is none, and by
nothing that came later.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.archive.unit_month import UnitMonth
from salesfc_lib.forecasting.backtest.backtest import run_candidates
from salesfc_lib.forecasting.candidates.winters import additive
from salesfc_lib.forecasting.forecast import model_history
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.level_shifts import (
    adjust_level_shifts,
    find_level_shifts,
    list_level_shifts,
    most_likely_shift,
    winsorize,
)
from salesfc_lib.forecasting.tuning import (
    SHIFT_CERTAIN,
    SHIFT_MIN_AFTER,
    SHIFT_SHARE,
    SHIFT_THRESHOLD,
)
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.foundation.schema import Breaks, Parameters
from salesfc_lib.reporting.blocks import Cell, Table
from salesfc_lib.reporting.narrative.modeling.level_shifts import lasting_changes

LAST = np.datetime64("2025-12", "M")


def history(y: np.ndarray) -> History:
    return History(
        np.array([f"s{k:04d}" for k in range(len(y))], dtype=object), y, np.full(len(y), LAST)
    )


def noise(n: int, width: int = 60, seed: int = 1, size: float = 0.1) -> np.ndarray:
    """Logarithms of months around a level of 100 with a season."""
    draw = np.random.default_rng(seed)
    return (
        np.log(100) + 0.3 * np.sin(np.arange(width) * np.pi / 6) + draw.normal(0, size, (n, width))
    )


def planted(n: int = 200, after: int = 6, change: float = -0.4, **kwargs: float) -> History:
    x = noise(n, **kwargs)  # type: ignore[arg-type]
    x[: n // 2, -after:] += np.log(1 + change)
    return history(np.exp(x))


@pytest.mark.parametrize(("after", "change"), [(3, -0.4), (6, -0.4), (6, 0.6), (12, -0.4)])
def test_a_planted_change_is_found_with_its_month_and_size(after: int, change: float) -> None:
    breaks = find_level_shifts(planted(after=after, change=change))
    half = len(breaks.shifted) // 2
    assert breaks.shifted[:half].mean() > 0.8
    assert breaks.shifted[half:].mean() <= 0.03
    found = breaks.shifted[:half]
    assert np.median(breaks.months[:half][found]) == after
    assert np.median(breaks.ratio[:half][found]) == pytest.approx(1 + change, abs=0.1)


@pytest.mark.parametrize(
    "kind", ["independent", "heavy tails", "odd months", "trend", "lasting errors", "short"]
)
def test_noise_alone_is_told_in_at_most_one_series_of_a_hundred(kind: str) -> None:
    n, draw = 2000, np.random.default_rng(7)
    x = noise(n, width=24 if kind == "short" else 60, size=0.15)
    if kind == "heavy tails":
        x += 0.1 * draw.standard_t(4, x.shape)
    if kind == "odd months":
        x += np.where(draw.random(x.shape) < 0.03, 1.0, 0.0)
    if kind == "trend":
        x += 0.02 * np.arange(60)
    if kind == "lasting errors":
        for column in range(1, 60):
            x[:, column] += 0.3 * (x[:, column - 1] - noise(1, size=0.0)[0, column - 1])
    assert find_level_shifts(history(np.exp(x))).shifted.mean() <= 0.01


def test_two_odd_months_are_no_change_and_three_are() -> None:
    x = noise(50, size=0.05)
    two, three = x.copy(), x.copy()
    two[:, -2:] -= 1.0
    three[:, -3:] -= 1.0
    assert not find_level_shifts(history(np.exp(two))).shifted.any()
    assert find_level_shifts(history(np.exp(three))).shifted.mean() > 0.9
    assert SHIFT_MIN_AFTER == 3


def test_steady_growth_is_no_change() -> None:
    x = noise(100, size=0.05) + 0.02 * np.arange(60)
    assert find_level_shifts(history(np.exp(x))).shifted.mean() <= 0.02


def test_the_scan_agrees_with_least_squares_where_the_trend_is_free() -> None:
    x = noise(1, width=36, size=0.1)[0] - 0.3 * np.sin(np.arange(36) * np.pi / 6)
    x[-8:] -= 0.8
    months, step, _ = most_likely_shift(x[None])
    time = (np.arange(36) - 35) / 12
    spread = 1.4826 / np.sqrt(2) * np.median(np.abs(np.diff(x)))
    design = np.stack([np.ones(36), time, np.arange(36) >= 28], axis=1).astype(float)
    penalty = np.diag([0.0, (spread / 0.15) ** 2, 0.0])
    centred = x - x.mean()
    slow = np.linalg.solve(design.T @ design + penalty, design.T @ centred)[2]
    means = np.log(np.exp(x[-8:]).mean() / np.exp(x[-20:-8]).mean())
    assert months[0] == 8
    assert step[0] == pytest.approx(-min(abs(slow), abs(means)))


def test_an_odd_month_is_drawn_in_and_a_step_is_not() -> None:
    x = noise(1, width=30, size=0.05) - 0.3 * np.sin(np.arange(30) * np.pi / 6)
    odd, step = x.copy(), x.copy()
    odd[0, 15] += 2.0
    step[0, 15:] += 2.0
    assert winsorize(odd)[0, 15] < x[0, 15] + 0.5
    np.testing.assert_allclose(winsorize(step)[0, 18:], step[0, 18:], atol=0.2)


def test_what_sells_now_and_then_or_is_short_or_negative_is_not_judged() -> None:
    y = np.exp(noise(3, size=0.05))
    y[:, -6:] *= 0.3
    y[0, ::3] = 0.0
    y[1, :-11] = np.nan
    y[2, 5] = -4.0
    breaks = find_level_shifts(history(y))
    assert breaks.shifted.tolist() == [False, False, False]
    assert breaks.ratio.tolist() == [1.0, 1.0, 1.0]


@settings(max_examples=25)
@given(st.floats(0.01, 1e5), st.integers(3, 15))
def test_neither_size_nor_order_of_series_matters(times: float, after: int) -> None:
    panel = planted(n=20, after=after)
    scaled = history(panel.y * times)
    np.testing.assert_array_equal(find_level_shifts(panel).months, find_level_shifts(scaled).months)
    turned = find_level_shifts(panel.take(np.arange(20)[::-1]))
    np.testing.assert_array_equal(find_level_shifts(panel).months, turned.months[::-1])


@pytest.mark.parametrize(("size", "least", "most"), [(0.15, 0.5, 0.8), (0.02, 1.0, 1.0)])
def test_the_surer_a_change_the_more_of_it_is_taken_out_of_the_months_before_it(
    size: float, least: float, most: float
) -> None:
    panel = planted(n=40, after=6, size=size)
    found = find_level_shifts(panel)
    row = int(np.flatnonzero(found.shifted)[0])
    levelled = adjust_level_shifts(panel)
    since = found.months[row]
    np.testing.assert_allclose(levelled.y[row, -since:], panel.y[row, -since:])
    share = np.log(levelled.y[row, :-since] / panel.y[row, :-since]) / np.log(found.ratio[row])
    np.testing.assert_allclose(share, share[0])
    beyond = (found.strength[row] - SHIFT_THRESHOLD) / (SHIFT_CERTAIN - SHIFT_THRESHOLD)
    assert share[0] == pytest.approx(SHIFT_SHARE + (1 - SHIFT_SHARE) * np.clip(beyond, 0, 1))
    assert least <= share[0] <= most
    steady = int(np.flatnonzero(~found.shifted)[-1])
    np.testing.assert_array_equal(levelled.y[steady], panel.y[steady])


CANDIDATES = {"seasonal_naive": {}, "recent_mean": {}, "level": {}, "winters": {}, "damped": {}}


def parameters(enabled: bool) -> Parameters:
    return Parameters.model_validate({"candidates": CANDIDATES, "breaks": {"enabled": enabled}})


def test_the_forecast_after_a_change_is_nearer_to_the_new_level() -> None:
    panel = planted(n=60, after=3, size=0.1)
    lost = slice(0, 30)
    season = np.exp(noise(1, size=0.0)[0, -12:])
    off = {}
    for enabled in (False, True):
        asked = defaults().model_copy(update={"breaks": Breaks(enabled=enabled)})
        forecast = model_history(panel, asked, horizon=12).combined[0][lost]
        off[enabled] = np.abs(forecast - 0.6 * season).mean()
    assert off[True] < 0.8 * off[False]


@pytest.mark.parametrize("after", [4, 8, 12])
def test_a_level_that_was_lost_is_forecast_at_what_is_left(after: int) -> None:
    panel = planted(n=60, after=after, change=-0.98)
    forecast = model_history(panel, defaults(), horizon=12).combined[0]
    left = 0.02 * np.exp(noise(1, size=0.0)[0, -12:]).sum()
    ratio = forecast[:30].sum(axis=1) / left
    assert 0.9 < np.median(ratio) < 1.1
    assert np.quantile(ratio, 0.9) < 1.5
    kept = forecast[30:].sum(axis=1) / (50 * left)  # the others hardly follow
    assert 0.85 < np.median(kept) < 1.05


def test_the_baseline_sees_months_as_they_were_sold() -> None:
    panel = planted(n=40)
    said = run_candidates(panel, parameters(True), horizon=12)
    np.testing.assert_array_equal(said.values["seasonal_naive"][-1], panel.y[:, -12:])


def test_nothing_that_came_later_moves_a_forecast_of_an_earlier_cutoff() -> None:
    panel = planted(n=40, after=6)
    later = panel.y.copy()
    later[:, -3:] *= 3.0
    before, after = (
        run_candidates(each, parameters(True), horizon=12) for each in (panel, history(later))
    )
    for back in (3, 6, 9, 12):
        np.testing.assert_allclose(after.at(back), before.at(back))


def test_holt_winters_at_an_earlier_cutoff_is_that_of_the_history_as_seen_then() -> None:
    rows = adjust_level_shifts(planted(n=10, after=6, size=0.05).stack((9, 6, 3, 0)))
    together = additive(rows, 12)
    for k in range(len(rows)):
        np.testing.assert_allclose(additive(rows.take(np.array([k])), 12)[0], together[k])


def test_the_table_says_since_when_and_by_how_much() -> None:
    panel = planted(n=40, after=6, size=0.05)
    table = list_level_shifts(panel)
    row = table.set_index("unique_id").loc["s0000"]
    assert row["ds"] == pd.Timestamp("2025-07-01")
    assert row["change"] == pytest.approx(-40, abs=8)
    assert row["strength"] >= SHIFT_THRESHOLD
    assert "6 months since July 2025" in in_words(row["evidence"])
    assert list_level_shifts(history(np.exp(noise(5)))).empty
    assert list_level_shifts(panel, Breaks(least_change=0.9)).empty  # a parameter says what counts


def test_the_page_says_the_same_change_in_its_title_and_in_its_table(tmp_path: Path) -> None:
    ds = pd.date_range("2025-01-01", periods=12, freq="MS")
    found = pd.DataFrame(
        {
            "unique_id": ["north"],
            "ds": [ds[9]],
            "change": [-22.4],
            "strength": [8.2],
            "evidence": ["fell"],
        }
    )
    told: Any = SimpleNamespace(
        top="all",
        explained={"break": found},
        series=pd.DataFrame(
            {
                "unique_id": ["all", "north"],
                "label": ["All", "North"],
                "level": ["total", "line_region"],
            }
        ),
        panel=pd.DataFrame({"unique_id": "north", "ds": ds, "y_raw": 10.0}),
    )
    run = UnitMonth(
        tmp_path, "kitchen", "2025-12", defaults(), {}, {}, tmp_path / "reports" / ".work"
    )
    table = next(block for block in lasting_changes(run, told).blocks if isinstance(block, Table))
    label, _, change, *_ = [cell for cell in table.rows[0] if isinstance(cell, Cell)]
    assert "−22.4" in table.title and change.text == "−22.4\u202f%"
    assert label.sub == "line region"
