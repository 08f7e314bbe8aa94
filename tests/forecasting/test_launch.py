"""Claims about launches: a new product goes on as those did that began alike, and nothing is said
where there is nothing to compare.
"""

from __future__ import annotations

import numpy as np
import pytest

from salesfc_lib.forecasting.candidates.launch import continue_launches, forecast
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import LAUNCH_MIN_ANALOGUES
from salesfc_lib.foundation.parameters import defaults

WIDTH = 60


def unit(launches: list[tuple[int, np.ndarray]], others: int = 20) -> History:
    """Series that sell 100 throughout, and launches of so many months ago with their months from
    the first on.
    """
    y = np.full((others + len(launches), WIDTH), 100.0)
    for row, (months, curve) in enumerate(launches):
        y[row] = np.nan
        y[row, WIDTH - months :] = curve[:months]
    return History(
        np.array([f"s{k:02d}" for k in range(len(y))], dtype=object),
        y,
        np.full(len(y), np.datetime64("2025-12", "M")),
    )


RISING = np.minimum(np.arange(1.0, 61.0), 6.0)  # 1, 2, ... 6, 6, 6
FALLING = np.maximum(9.0 - np.arange(60.0), 3.0)  # 9, 8, ... 3, 3, 3


def test_a_launch_goes_on_as_the_nearest_did() -> None:
    # 9, 8, 7 of mean 8 went on with 6, 5, 4, 3, 3: ten times as large as these are 60, 50, 40, and
    # 40 is half of the mean 80
    teachers = np.concatenate([np.tile(RISING, (20, 1)), np.tile(FALLING, (20, 1))])
    said = continue_launches(np.array([[90.0, 80.0, 70.0]]), teachers, 3, 5)
    np.testing.assert_allclose(said[0], [60, 50, 40, 40, 40])


def test_the_nearest_shape_decides_and_not_the_most_common() -> None:
    teachers = np.concatenate([np.tile(FALLING, (20, 1)), np.tile(RISING, (20, 1))])
    said = continue_launches(np.array([[1.0, 2.0, 3.0]]), teachers, 3, 3)
    np.testing.assert_allclose(said[0], [4.0, 4.0, 4.0])  # 4, 5 and 6, held at twice the mean of 2


def test_too_few_launches_say_nothing() -> None:
    young = (3, RISING)
    few = unit([young, *[(30, RISING)] * (LAUNCH_MIN_ANALOGUES - 1)])
    enough = unit([young, *[(30, RISING)] * LAUNCH_MIN_ANALOGUES])
    assert np.isnan(forecast(few, 12)).all()
    assert np.isfinite(forecast(enough, 12)[0]).all()


def test_only_what_was_launched_within_a_year_is_forecast() -> None:
    said = forecast(unit([(12, RISING), (13, RISING), *[(40, RISING)] * 8]), 12)
    assert np.isfinite(said[0]).all()
    assert np.isnan(said[1:]).all()


def test_a_launch_that_never_sold_and_a_panel_without_launches_have_none() -> None:
    assert np.isnan(forecast(unit([(3, np.zeros(60)), *[(40, RISING)] * 8]), 12)[0]).all()
    assert np.isnan(forecast(unit([]), 12)).all()


@pytest.mark.parametrize("horizon", [3, 12, 18])
def test_size_is_carried_over_and_the_order_of_series_is_not(horizon: int) -> None:
    panel = unit(
        [
            (4, RISING),
            (6, FALLING),
            *[(40, RISING * k) for k in range(1, 6)],
            *[(30, FALLING * k) for k in range(1, 6)],
        ]
    )
    said = forecast(panel, horizon)
    tenfold = forecast(History(panel.ids, panel.y * 10, panel.last), horizon)
    np.testing.assert_allclose(tenfold, said * 10)
    turned = forecast(panel.take(np.arange(len(panel))[::-1]), horizon)
    np.testing.assert_allclose(turned[::-1], said)


def test_it_sees_nothing_after_a_cutoff() -> None:
    panel = unit([(8, RISING), *[(40, RISING)] * 4, *[(30, FALLING)] * 4])
    later = panel.y.copy()
    later[:, -3:] *= 7.0
    before, after = (
        forecast(each.cut(3), 12) for each in (panel, History(panel.ids, later, panel.last))
    )
    np.testing.assert_allclose(after, before)
    assert np.isfinite(before[0]).all()


def test_it_is_not_asked_by_default() -> None:
    assert not defaults().candidates["launch"].enabled
