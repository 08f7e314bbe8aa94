"""Claims about a panel as arrays: nothing later reaches a row, and a month is where it belongs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.alignment import align
from salesfc_lib.forecasting.history import History, shift
from salesfc_lib.panel.gaps import fill_forward

NAN = np.nan


def make_panel(values: dict[str, list[float]], last: str = "2025-12-01") -> pd.DataFrame:
    """Panel of series that all end in `last`."""
    parts = [
        pd.DataFrame(
            {"unique_id": name, "ds": pd.date_range(end=last, periods=len(y), freq="MS"), "y": y}
        )
        for name, y in values.items()
    ]
    return pd.concat(parts, ignore_index=True)


def make_future(
    names: list[str], first: str = "2026-01-01", **columns: list[object]
) -> pd.DataFrame:
    """The months from `first` on of each series, with regressors."""
    months = pd.date_range(first, periods=len(next(iter(columns.values()))), freq="MS")
    return pd.concat(
        [pd.DataFrame({"unique_id": name, "ds": months, **columns}) for name in names],
        ignore_index=True,
    )


def test_every_series_ends_in_the_last_column_whatever_month_that_is() -> None:
    panel = pd.concat(
        [make_panel({"b": [1.0, 2.0, 3.0]}), make_panel({"甲": [7.0, 8.0]}, last="2024-03-01")]
    )
    history = align(panel, horizon=2)
    assert history.ids.tolist() == ["b", "甲"]
    np.testing.assert_array_equal(history.y, [[1, 2, 3], [NAN, 7, 8]])
    assert history.last.tolist() == [
        np.datetime64("2025-12").tolist(),
        np.datetime64("2024-03").tolist(),
    ]
    assert history.first.tolist() == [0, 1] and history.length.tolist() == [3, 2]


def test_columns_know_their_calendar_month_across_years() -> None:
    history = align(make_panel({"a": [1.0] * 15}, last="2025-02-01"), horizon=3)
    expected = pd.date_range(end="2025-05-01", periods=18, freq="MS").month - 1
    assert history.month_of_year(3)[0].tolist() == expected.tolist()
    assert (
        History(history.ids, history.y, np.array(["1969-02"], dtype="datetime64[M]")).month_of_year(
            0
        )[0, -1]
        == 1
    )


def test_rows_in_another_order_give_the_same_history() -> None:
    panel = make_panel({"c": [1.0, 2.0], "a": [5.0, NAN, 6.0], "b": [3.0]}).assign(price=2.0)
    future = make_future(["a", "b", "c"], price=[1.0, 3.0])
    first = align(panel, future, horizon=2)
    second = align(
        panel.sample(frac=1, random_state=1), future.sample(frac=1, random_state=2), horizon=2
    )
    assert first.ids.tolist() == second.ids.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(first.y, second.y)
    np.testing.assert_array_equal(first.regressors["price"], second.regressors["price"])


def test_months_after_the_end_are_not_seen() -> None:
    panel = make_panel({"a": [1.0, 2.0, 3.0, 4.0], "late": [9.0]})
    end = pd.Timestamp("2025-10-01")
    history = align(panel, horizon=1, end=end)
    assert history.ids.tolist() == ["a"]
    assert history.y.tolist() == [[1.0, 2.0]]
    changed = panel.assign(y=panel["y"].where(panel["ds"] <= end, -1e9))
    np.testing.assert_array_equal(align(changed, horizon=1, end=end).y, history.y)


def test_series_without_a_value_is_left_out_and_an_empty_panel_is_an_empty_history() -> None:
    panel = make_panel({"a": [1.0, 2.0], "nothing": [NAN, NAN]})
    assert align(panel, horizon=1).ids.tolist() == ["a"]
    assert len(align(panel.iloc[:0], horizon=1)) == 0


def test_levels_are_those_of_the_series() -> None:
    history = align(
        make_panel({"b": [1.0], "a": [1.0], "c": [1.0]}), horizon=1, level={"a": 2, "b": 1}
    )
    assert history.level.tolist() == [2, 1, 0]


def test_regressor_is_what_is_known_ahead() -> None:
    panel = make_panel({"a": [1.0, 2.0]}).assign(
        promotion=[0.0, 1.0], weather=[9.0, 9.0], y_raw=1.0
    )
    history = align(
        panel,
        make_future(["a"], promotion=[1.0, NAN, 0.5], other=[1.0, 1.0, 1.0], y_raw=[1.0, 1.0, 1.0]),
        horizon=3,
    )
    assert set(history.regressors) == {"promotion", "trading_days"}
    np.testing.assert_array_equal(history.regressors["promotion"], [[0, 1, 1, NAN, 0.5]])


def test_flags_and_whole_numbers_are_regressors_too() -> None:
    panel = make_panel({"a": [1.0, 2.0]}).assign(
        flag=[True, False], days=pd.array([20, None], dtype="Int64")
    )
    history = align(panel, make_future(["a"], flag=[True], days=[22]), horizon=1)
    np.testing.assert_array_equal(history.regressors["flag"], [[1, 0, 1]])
    np.testing.assert_array_equal(history.regressors["days"], [[20, NAN, 22]])


def test_unknown_in_the_future_never_hides_what_the_panel_knows() -> None:
    panel = make_panel({"a": [1.0, 2.0]}).assign(price=[4.0, 5.0])
    overlapping = make_future(["a"], first="2025-12-01", price=[NAN, 6.0])
    np.testing.assert_array_equal(
        align(panel, overlapping, horizon=1).regressors["price"], [[4, 5, 6]]
    )


def test_earlier_cutoff_is_the_history_that_ends_there() -> None:
    rng = np.random.default_rng(1)
    panel = make_panel({"a": list(rng.random(20)), "b": list(rng.random(7))}).assign(
        price=rng.random(27)
    )
    future = make_future(["a", "b"], price=list(rng.random(4)))
    cut = align(panel, future, horizon=4).cut(3)
    alone = align(panel, future, horizon=4, end=pd.Timestamp("2025-09-01"))
    np.testing.assert_array_equal(cut.y[:, 3:], alone.y)
    assert np.isnan(cut.y[:, :3]).all()
    assert cut.last.tolist() == alone.last.tolist() and cut.back.tolist() == [3, 3]
    np.testing.assert_array_equal(cut.regressors["price"][:, 3:], alone.regressors["price"])


def test_stack_is_each_cutoff_behind_another() -> None:
    history = align(
        make_panel({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]}), horizon=1, level={"b": 1}
    )
    stacked = history.stack((2, 0))
    np.testing.assert_array_equal(stacked.y, [[NAN, NAN, 1], [NAN, NAN, 4], [1, 2, 3], [4, 5, 6]])
    assert stacked.back.tolist() == [2, 2, 0, 0] and stacked.level.tolist() == [0, 1, 0, 1]
    assert stacked.ids.tolist() == ["a", "b", "a", "b"]
    taken = stacked.take(np.array([3, 0]))
    assert taken.ids.tolist() == ["b", "a"] and taken.back.tolist() == [0, 2]


def test_cut_before_the_first_month_leaves_nothing() -> None:
    history = align(make_panel({"a": [1.0, 2.0]}), horizon=1)
    assert history.cut(5).length.tolist() == [0]
    assert np.isnan(shift(np.ones((2, 3)), 4)).all()


def test_cut_leaves_its_history_alone() -> None:
    history = align(make_panel({"a": [1.0, 2.0, 3.0]}), horizon=1)
    before = history.y.copy()
    history.cut(1).y[:] = 9.0
    history.stack((1, 0)).y[:] = 9.0
    np.testing.assert_array_equal(history.y, before)


def test_gap_takes_last_years_month_times_growth_worked_by_hand() -> None:
    y = np.r_[np.full(12, 10.0), np.full(11, 15.0), NAN]
    y[11] = 40.0  # December
    assert fill_forward(y[None])[0, -1] == 40.0 * 1.5
    y[12:23] = 1000.0
    assert fill_forward(y[None])[0, -1] == 40.0 * 2  # growth of a year at most doubles
    y[12:23] = 0.1
    assert fill_forward(y[None])[0, -1] == 40.0 / 2


def test_gap_without_a_year_before_takes_the_recent_mean() -> None:
    np.testing.assert_array_equal(
        fill_forward(np.array([[NAN, 2.0, 4.0, 9.0, NAN, NAN]])), [[NAN, 2, 4, 9, 5, 6]]
    )


def test_gap_of_years_repeats_its_first_year_and_does_not_explode() -> None:
    y = np.r_[np.full(12, 10.0), np.full(12, 30.0), np.full(72, NAN), 5.0]
    filled = fill_forward(y[None])[0]
    assert filled[24:96].tolist() == [60.0] * 72


def test_gap_in_a_negative_or_an_ended_series_is_its_month_of_last_year() -> None:
    y = np.r_[np.full(24, -5.0), NAN]
    assert fill_forward(y[None])[0, -1] == -5.0
    assert fill_forward(np.r_[np.full(12, 7.0), np.zeros(12), NAN][None])[0, -1] == 0.0


@given(
    arrays(float, (3, 40), elements=st.one_of(st.just(NAN), st.floats(-1e12, 1e12))),
    st.integers(1, 39),
)
def test_filling_a_gap_knows_earlier_months_only(y: np.ndarray, through: int) -> None:
    filled = fill_forward(y)
    np.testing.assert_array_equal(fill_forward(y[:, :through]), filled[:, :through])
    begun = np.isfinite(y).cumsum(axis=1) > 0
    assert np.array_equal(np.isfinite(filled), begun)
    np.testing.assert_array_equal(filled[np.isfinite(y)], y[np.isfinite(y)])


def test_month_told_twice_is_refused_with_its_name() -> None:
    panel = make_panel({"a": [1.0, 2.0], "b": [3.0]})
    with pytest.raises(
        SalesForecastError,
        match=r"1 rows that repeat the key \(unique_id, ds\), e\.g\. 'b 2025-12'",
    ):
        align(pd.concat([panel, panel.tail(1)]), horizon=1)


def test_infinite_sale_is_refused_with_its_place() -> None:
    with pytest.raises(SalesForecastError, match=r"1 infinite values of `y` \(first 'a' 2025-11\)"):
        align(make_panel({"a": [1.0, np.inf, 2.0]}), horizon=1)


def test_trading_days_are_weekdays_where_none_are_given() -> None:
    history = align(make_panel({"a": [1.0, 2.0]}), horizon=2)
    months = pd.date_range(
        history.last[0].astype("datetime64[ns]"), periods=4, freq="MS"
    ) - pd.DateOffset(months=1)
    by_hand = [
        sum(day.dayofweek < 5 for day in pd.date_range(month, month + pd.offsets.MonthEnd()))
        for month in months
    ]
    assert history.regressors["trading_days"].tolist() == [by_hand]


def test_trading_days_that_are_given_are_kept() -> None:
    panel = make_panel({"a": [1.0, 2.0]}).assign(trading_days=[7.0, 8.0])
    history = align(panel, make_future(["a"], trading_days=[9.0, 10.0, 11.0]), horizon=3)
    assert history.regressors["trading_days"].tolist() == [[7.0, 8.0, 9.0, 10.0, 11.0]]


def test_forecasts_are_judged_by_what_was_sold_and_by_no_value_that_was_put_there() -> None:
    months = pd.date_range("2024-01-01", periods=30, freq="MS")
    sold = np.full(30, 100.0)
    treated = sold.copy()
    treated[20] = 130.0  # censored by a stock-out
    treated[25] = 90.0  # an outlier, replaced
    raw = pd.Series(sold)
    raw[22] = np.nan  # a gap, filled
    panel = pd.DataFrame({"unique_id": "a", "ds": months, "y": treated, "y_raw": raw})
    history = align(panel, horizon=6)
    assert np.flatnonzero(np.isnan(history.actual[0])).tolist() == [20, 22, 25]
    np.testing.assert_array_equal(history.y[0], treated)
    assert np.isnan(history.actuals(12, 6)[0]).tolist() == [False] * 2 + [True, False, True, False]
    earlier = history.cut(6).actuals(6, 6)  # the same months, as known six months ago
    np.testing.assert_array_equal(earlier, history.actuals(12, 6))
    stacked = history.stack((6, 0))
    np.testing.assert_array_equal(stacked.actual[1], history.actual[0])


def test_without_raw_sales_every_known_month_is_what_was_sold() -> None:
    months = pd.date_range("2024-01-01", periods=30, freq="MS")
    panel = pd.DataFrame({"unique_id": "a", "ds": months, "y": np.arange(30.0) + 1})
    history = align(panel[panel["ds"] != "2025-06-01"], horizon=6)
    assert np.flatnonzero(np.isnan(history.actual[0])).tolist() == [17]  # filled, so no evidence
    assert np.isfinite(history.y).all()
