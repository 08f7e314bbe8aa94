"""Which weekdays sales are booked on: found where it is so, and hardly ever where it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.forecasting import align, forecast_panel
from salesfc_lib.forecasting.booked_days import WEEKDAYS, count_days, find_booked_days
from salesfc_lib.foundation import count_trading_days
from salesfc_lib.foundation.schema import Calendar

FRIDAYS = "0000100"


def draw(seed: int, months: int, mask: str, n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Sales (n, months) by the number of some weekdays, with wandering levels and a season."""
    dice = np.random.default_rng(seed)
    last = np.datetime64("2019-01") + dice.integers(0, 60)
    month = last + np.arange(1 - months, 1)
    level = np.cumsum(dice.normal(0, 0.02, months)) + np.cumsum(
        dice.normal(0, 0.03, (n, months)), axis=1
    )
    season = dice.normal(0, 0.25, 12)[month.astype(int) % 12]
    noise = dice.normal(0, 0.1, (n, months)) + dice.normal(0, 0.03, months)
    days = count_days(month, mask)
    return np.exp(level + season + noise) * days / days.mean(), np.full(n, last)


def test_days_are_counted_by_hand() -> None:
    months = np.array(["2026-01", "2026-02"], dtype="datetime64[M]")
    assert count_days(months, FRIDAYS).tolist() == [5, 4]
    assert count_days(months, WEEKDAYS).tolist() == [22, 20]


@pytest.mark.parametrize("mask", [FRIDAYS, "0000001", "0000110"])
def test_weekdays_on_which_weeks_are_booked_are_found(mask: str) -> None:
    found = [find_booked_days(*draw(seed, 48, mask)) for seed in range(20)]
    assert found.count(mask) >= 14
    assert set(found) <= {mask, WEEKDAYS}  # in doubt Monday to Friday, never another day


@pytest.mark.parametrize("months", [25, 37, 60])
def test_sales_of_working_days_do_not_pass_for_those_of_one_weekday(months: int) -> None:
    found = [find_booked_days(*draw(seed, months, WEEKDAYS)) for seed in range(100)]
    assert found.count(WEEKDAYS) >= 97


def test_nothing_is_found_in_too_little() -> None:
    for months in (1, 12, 13, 15):
        assert find_booked_days(*draw(1, months, FRIDAYS)) == WEEKDAYS
    y, last = draw(1, 48, FRIDAYS)
    assert find_booked_days(y * (np.arange(48) % 3 == 0), last) == WEEKDAYS  # intermittent
    assert find_booked_days(np.full((3, 48), np.nan), last[:3]) == WEEKDAYS


def test_the_order_and_the_size_of_series_do_not_matter() -> None:
    y, last = draw(3, 48, FRIDAYS)
    assert find_booked_days(1000 * y[::-1], last) == find_booked_days(y, last) == FRIDAYS


def test_a_calendar_that_counts_the_right_days_stays() -> None:
    assert find_booked_days(*draw(3, 48, FRIDAYS), usual=FRIDAYS) == FRIDAYS
    assert find_booked_days(*draw(3, 60, WEEKDAYS), usual="1111110") == "1111110"  # as good


def panel(y: np.ndarray, last: np.datetime64) -> pd.DataFrame:
    n, months = y.shape
    ds = (last + np.arange(1 - months, 1)).astype("datetime64[ns]")
    ids = np.repeat([f"s{k:02d}" for k in range(n)], months)
    return pd.DataFrame({"unique_id": ids, "ds": np.tile(ds, n), "y": y.ravel()})


def test_a_bare_panel_that_is_booked_on_fridays_is_forecast_by_its_fridays() -> None:
    y, last = draw(7, 48 + 6, FRIDAYS)
    known = panel(y[:, :-6], last[0] - 6)
    history = align(known, horizon=6)
    months = history.last[0] + np.arange(1, 7)
    assert (
        history.regressors["trading_days"][0, -6:].tolist() == count_days(months, FRIDAYS).tolist()
    )
    forecast = forecast_panel(known, horizon=6)["y_hat"].to_numpy().reshape(len(y), 6)
    days = count_days(months, FRIDAYS)
    many, few = days == days.max(), days == days.min()
    ratio = forecast[:, many].mean() / forecast[:, few].mean()
    actual = y[:, -6:][:, many].mean() / y[:, -6:][:, few].mean()
    assert ratio == pytest.approx(actual, rel=0.12)


def test_a_panel_with_its_own_trading_days_keeps_them() -> None:
    y, last = draw(7, 48, FRIDAYS, n=5)
    known = panel(y, last[0]).assign(trading_days=20.0)
    future = known.groupby("unique_id").tail(3).drop(columns="y")
    future["ds"] += pd.DateOffset(months=3)
    history = align(known, future, horizon=3)
    assert (history.regressors["trading_days"] == 20.0).all()


def test_a_unit_that_declares_its_trading_weekdays_has_those_counted() -> None:
    months = np.array(["2026-01", "2026-02"], dtype="datetime64[M]")
    fridays = Calendar.model_validate({"trading_weekdays": ["friday"]})
    assert count_trading_days(months, (), fridays).tolist() == [5, 4]
    assert count_trading_days(months, ["2026-01-02"], fridays).tolist() == [4, 4]
    assert count_trading_days(months).tolist() == [22, 20]
