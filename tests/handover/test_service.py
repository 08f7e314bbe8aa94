"""Stock for a service level: numbers of the textbook, and a simulation of what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from salesfc_lib.handover.decisions.service import (
    demand_over,
    draw_lead_days,
    stock_for_cycle_service,
    stock_for_fill_rate,
)
from salesfc_lib.handover.decisions.supply import MONTH_DAYS

factor_for_cycle_service = norm.ppf  # k of P1


def normal_loss(k: float) -> float:
    """G(k) of the textbook: expected excess of a standard normal over k."""
    return float(norm.pdf(k) - k * norm.sf(k))


def factor_for_fill_rate(p2: float, *, deviation: float, quantity: float) -> float:
    """k of P2 by the textbook: G(k) = Q (1 - P2) / sigma."""
    wanted = quantity * (1 - p2) / deviation
    return float(brentq(lambda k: normal_loss(k) - wanted, -wanted - 10, 40))


@pytest.mark.parametrize(
    ("k", "loss"), [(0.0, 0.3989), (0.5, 0.1978), (1.0, 0.0833), (1.5, 0.0293), (2.0, 0.0085)]
)
def test_the_normal_loss_function_is_that_of_the_table(k: float, loss: float) -> None:
    assert normal_loss(k) == pytest.approx(loss, abs=5e-5)
    assert normal_loss(-k) == pytest.approx(normal_loss(k) + k)  # E(z + k)+ - E(z - k)+ = k


def test_safety_stock_of_a_cycle_service_level_is_k_sigma() -> None:
    # demand over the lead time 58.3 +- 13.1, P1 = 0.90: k = 1.28, s = 58.3 + 1.28 * 13.1 = 75.1
    k = factor_for_cycle_service(0.90)
    assert k == pytest.approx(1.28, abs=0.005)
    assert 58.3 + k * 13.1 == pytest.approx(75.1, abs=0.05)


def test_safety_stock_of_a_fill_rate_solves_its_equation() -> None:
    # 50 +- 11.4 over the lead time, Q = 200, P2 = 0.99: G(k) = 200 * 0.01 / 11.4 = 0.175, k = 0.576
    k = factor_for_fill_rate(0.99, deviation=11.4, quantity=200)
    assert normal_loss(k) == pytest.approx(200 / 11.4 * 0.01)
    assert k == pytest.approx(0.576, abs=0.001)
    assert 50 + k * 11.4 == pytest.approx(56.6, abs=0.05)
    assert 1 - 11.4 * normal_loss(k) / 200 == pytest.approx(0.99)


def test_paths_of_normal_demand_give_what_the_textbook_gives() -> None:
    demand = np.random.default_rng(3).normal(50, 11.4, (200_000, 1))
    p1 = stock_for_cycle_service(demand, 0.90)[0]
    p2 = stock_for_fill_rate(demand, 0.99, np.array([200.0]))[0]
    assert p1 == pytest.approx(50 + factor_for_cycle_service(0.90) * 11.4, abs=0.15)
    k = factor_for_fill_rate(0.99, deviation=11.4, quantity=200)
    assert p2 == pytest.approx(50 + k * 11.4, abs=0.15)


def test_stock_for_a_fill_rate_by_hand() -> None:
    # paths 0, 10, 20 and 30, Q = 10, P2 = 0.5: 5 may lack; at 15 the mean of 0, 0, 5, 15 is 5
    demand = np.array([[0.0], [10.0], [20.0], [30.0]])
    assert stock_for_fill_rate(demand, 0.5, np.array([10.0])) == pytest.approx(15.0)
    assert stock_for_fill_rate(demand, 0.5, np.array([100.0])) == pytest.approx(0.0)


@given(
    st.lists(st.floats(0, 1000), min_size=5, max_size=60),
    st.floats(0.5, 0.99),
    st.floats(0.0, 1.0),
    st.floats(1, 500),
)
def test_more_service_never_takes_less_stock_and_is_kept(
    paths: list[float], service: float, more: float, quantity: float
) -> None:
    demand, order = np.array(paths)[:, None], np.array([quantity])
    higher = service + (0.995 - service) * more
    for stock_for in (stock_for_cycle_service, lambda d, p: stock_for_fill_rate(d, p, order)):
        assert stock_for(demand, higher)[0] >= stock_for(demand, service)[0] - 1e-6
    level = stock_for_cycle_service(demand, service)[0]
    assert (demand <= level).mean() >= service - 1e-9
    level = stock_for_fill_rate(demand, service, order)[0]
    lacking = np.maximum(demand - level, 0).mean()
    assert lacking <= (1 - service) * quantity + 1e-6


def test_demand_over_whole_months_is_the_sum_of_the_paths() -> None:
    paths = np.arange(24.0).reshape(2, 3, 4)
    months = np.full((1, 3), 2 * MONTH_DAYS)
    assert np.allclose(demand_over(paths, months), paths[:, :, :2].sum(axis=2))
    assert np.allclose(demand_over(paths, months, start=1), paths[:, :, 1:3].sum(axis=2))
    assert np.allclose(demand_over(paths, months * 9), paths.sum(axis=2))


def test_a_quarter_of_a_month_has_a_quarter_of_its_mean_and_half_of_its_deviation() -> None:
    # sigma_L = sqrt(L) sigma_1
    paths = np.array([80.0, 100.0, 120.0])[:, None, None]
    found = demand_over(paths, np.full((1, 1), MONTH_DAYS / 4))[:, 0]
    assert found == pytest.approx([25 - 10, 25, 25 + 10])


def test_an_uncertain_lead_time_adds_the_variance_of_the_textbook() -> None:
    # Var = E(L) sigma_D^2 + E(D)^2 sigma_L^2, in months
    dice = np.random.default_rng(5)
    paths = dice.normal(100, 20, (20_000, 1, 12))
    days, spread = np.array([4 * MONTH_DAYS]), np.array([0.5 * MONTH_DAYS])
    drawn = draw_lead_days(days, spread, len(paths))
    assert drawn.mean() == pytest.approx(days[0], rel=0.001)
    assert drawn.std() == pytest.approx(spread[0], rel=0.01)
    found = demand_over(paths, drawn)[:, 0].std()
    assert found == pytest.approx(np.sqrt(4 * 20**2 + 100**2 * 0.5**2), rel=0.02)


def test_a_reorder_point_keeps_its_service_in_a_simulated_warehouse() -> None:
    """Daily sales and backorders, reviewed each evening: the share of cycles without a stock-out
    and the fill rate are those asked for, of stock over lead time and review."""
    dice, days, lead, order = np.random.default_rng(11), 110_000, 10, 400
    sales = dice.gamma(4.0, 5.0, days)  # 20 +- 10 a day
    exposed = sales.reshape(-1, lead + 1).sum(axis=1)[:, None]
    for point, wanted in (
        (stock_for_cycle_service(exposed, 0.9)[0], {"cycle": 0.9}),
        (stock_for_fill_rate(exposed, 0.98, np.array([float(order)]))[0], {"fill": 0.98}),
    ):
        held, coming, cycles, kept, lacking = point + order, [], 0, 0, 0.0
        for day, sold in enumerate(sales):
            if coming and coming[0] == day:
                coming.pop(0)
                cycles, kept = cycles + 1, kept + (held >= 0)
                held += order
            lacking += max(0.0, sold - max(held, 0.0))
            held -= sold
            if held + order * len(coming) <= point:
                coming.append(day + lead + 1)
        found = {"cycle": kept / cycles, "fill": 1 - lacking / sales.sum()}
        for name, share in wanted.items():
            assert share - 0.01 <= found[name] <= share + 0.05
