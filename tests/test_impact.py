"""Claims about the impact study: its warehouse by hand, and that no target knows what comes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def impact() -> Iterator[ModuleType]:
    import importlib

    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("impact")
    sys.path.remove(str(BENCHMARKS))


def test_a_warehouse_of_four_months_by_hand(impact: ModuleType) -> None:
    # lead of a month, raised to 30 each month, 20 there at first. Month 1: 10 ordered, 12 sold, 8
    # left; 18 there, 12 ordered, 18 of 25 sold; 12 there, 18 ordered, 5 sold; 25 there, 5 ordered
    sold, stock = impact.simulate(
        np.full((4, 1), 30.0), np.array([[12.0], [25], [5], [10]]), 1, np.array([20.0])
    )
    assert sold[:, 0].tolist() == [12, 18, 5, 10]
    assert stock[:, 0].tolist() == [20 - 6, 18 - 9, 12 - 2.5, 25 - 5]


@pytest.mark.parametrize("lead", [1, 2, 3])
def test_perfect_knowledge_sells_everything_with_the_least_stock(
    impact: ModuleType, lead: int
) -> None:
    y = np.random.default_rng(3).integers(5, 50, (60, 8)).astype(float)
    first = 60 - 12 - lead - 1
    quantiles = {service: y[first:] for service in impact.SERVICE}
    targets = impact.set_targets(y, first, lead, quantiles)["perfect", 0.9]
    sold, stock = impact.simulate(targets, y[first:], lead, y[first : first + lead].sum(axis=0))
    assert np.allclose(sold, y[first:])
    assert np.allclose(stock[lead:], y[first + lead :] / 2)  # a month starts with what it sells


def test_no_target_but_the_perfect_one_knows_what_comes(impact: ModuleType) -> None:
    y = np.random.default_rng(4).gamma(3, 20, (60, 5))
    later = y.copy()
    later[50:] *= 10
    quantiles = {service: y[45:] for service in impact.SERVICE}
    before, after = (impact.set_targets(each, 45, 2, quantiles) for each in (y, later))
    for method in ("last_year", "moving"):
        same = before[method, 0.95] == after[method, 0.95]
        assert same[:6].all() and not same[7:].all()  # the target of month 50 is set before it


def test_more_service_is_more_stock_and_numbers_are_as_counted(impact: ModuleType) -> None:
    y = np.random.default_rng(5).gamma(3, 20, (60, 30))
    quantiles = {service: y[45:] * (1 + service) for service in impact.SERVICE}
    targets = impact.set_targets(y, 45, 1, quantiles)
    outcome = {
        key: impact.simulate(each, y[45:], 1, y[33:45].mean(axis=0) * 2)[:, -12:]
        for key, each in targets.items()
    }
    rows = pd.DataFrame(impact.judge("made up", 1, y[-12:], outcome))
    own = rows[rows["method"].eq("last_year")].set_index("service")
    assert own["capital"].is_monotonic_increasing and own["fill_rate"].is_monotonic_increasing
    sold, stock = outcome["last_year", 0.95]
    row = own.loc[0.95]
    assert row["fill_rate"] == pytest.approx(sold.sum() / y[-12:].sum())
    assert row["turnover"] == pytest.approx(sold.sum() / stock.mean(axis=0).sum())
    assert row["stockouts"] == pytest.approx((sold < y[-12:]).mean())
    assert row["lo_fill_rate"] <= row["fill_rate"] <= row["hi_fill_rate"]
    assert row["level_ratio"] == pytest.approx(1)
