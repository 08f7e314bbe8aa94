"""What open orders take of the forecast: worked by hand, and piece by piece."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesfc_lib.handover.decisions import consume

FORECAST = np.array([100.0, 100.0, 100.0, 100.0])


@pytest.mark.parametrize(
    ("mode", "left"),
    [
        # 150 are due in the second month
        ("same", [100, 0, 100, 100]),
        ("backward", [50, 0, 100, 100]),
        ("forward", [100, 0, 50, 100]),
        ("both", [50, 0, 100, 100]),
    ],
)
def test_an_order_takes_its_month_then_those_around_it(mode: str, left: list[float]) -> None:
    assert consume(FORECAST, np.array([0.0, 150, 0, 0]), mode=mode).tolist() == left


def test_what_finds_no_forecast_in_its_window_is_demand_beyond_it() -> None:
    ordered = np.array([0.0, 350, 0, 0])
    left = consume(FORECAST, ordered, mode="both", before=1, after=1)
    assert left.tolist() == [0, 0, 0, 100]
    assert (ordered + left).tolist() == [0, 350, 0, 100]  # 50 more than was forecast


def test_an_order_never_takes_what_another_month_ordered_itself() -> None:
    # the second month's 40 come first of its own forecast, whatever the first month orders
    left = consume(FORECAST[:2], np.array([160.0, 40.0]), mode="forward", after=1)
    assert left.tolist() == [0, 0]


def test_backward_takes_the_nearest_month_first() -> None:
    left = consume(FORECAST, np.array([0.0, 0, 0, 220.0]), mode="backward", before=3)
    assert left.tolist() == [100, 80, 0, 0]


amounts = st.lists(st.integers(0, 30), min_size=5, max_size=5)


@given(
    amounts,
    amounts,
    st.sampled_from(["same", "backward", "forward", "both"]),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_consumption_is_that_of_taking_one_piece_after_the_other(
    forecast: list[int], ordered: list[int], mode: str, before: int, after: int
) -> None:
    left, open_ = list(forecast), list(ordered)
    back = range(1, before + 1) if mode in ("backward", "both") else []
    ahead = range(1, after + 1) if mode in ("forward", "both") else []
    for step in [0, *(-each for each in back), *ahead]:
        for month in range(5):
            while open_[month] and 0 <= month + step < 5 and left[month + step]:
                left[month + step] -= 1
                open_[month] -= 1
    found = consume(
        np.array(forecast, float), np.array(ordered, float), mode=mode, before=before, after=after
    )
    assert found.tolist() == left
    assert sum(forecast) - sum(left) <= sum(ordered)


def test_each_path_is_consumed_by_itself() -> None:
    paths = np.random.default_rng(1).gamma(2, 50, (20, 3, 4))
    ordered = np.array([[10.0, 0, 90, 0], [0, 0, 0, 0], [500, 1, 1, 1]])
    found = consume(paths, ordered)
    slow = [[consume(p, o) for p, o in zip(path, ordered, strict=True)] for path in paths]
    assert np.array_equal(found, np.array(slow))
    assert (found >= 0).all() and np.array_equal(found[:, 1], paths[:, 1])
