"""The monthly grid: what is zero, missing and absent, and what is known ahead."""

from __future__ import annotations

import time
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.calendar import bound_months, count_trading_days, label_months
from salesfc_lib.foundation.holidays import (
    FESTIVALS,
    list_days_off,
    list_observed,
    share_of_festival,
)
from salesfc_lib.foundation.schema import Calendar, Parameters
from salesfc_lib.foundation.tables import check
from salesfc_lib.panel.build import build_panel, take_known
from salesfc_lib.panel.gaps import check_panel, fill_gaps, scan_gaps

A, B = "bottom:Pots", "bottom:Pans"
YEAR = range(1, 13)
a_sale = st.tuples(
    st.integers(0, 11), st.sampled_from("abc"), st.integers(-(10**12), 10**12)
)  # month, line, cents


def sales(*rows: tuple[str, str, str], kind: str = "sale") -> pd.DataFrame:
    """Transactions of (date, line, amount)."""
    frame = pd.DataFrame(rows, columns=["date", "line", "amount"])
    return frame.assign(
        date=pd.to_datetime(frame["date"]),
        amount=frame["amount"].map(Decimal),
        quantity=Decimal(1),
        kind=kind,
        region="North",
        key_account="other",
    )


def parameters(**changes: object) -> Parameters:
    return Parameters.model_validate(
        {
            "unit": {"title": "north"},
            "dimensions": ["line", "region"],
            "horizon": 3,
            "levels": {"total": [], "bottom": ["line"]},
        }
        | changes
    )


def promotions(*days: tuple[str, str]) -> pd.DataFrame:
    """Promotions of (start, end)."""
    frame = pd.DataFrame(days, columns=["start", "end"]).apply(pd.to_datetime)
    return frame.assign(name=[f"promotion {i}" for i in range(len(frame))])


def values(panel: pd.DataFrame, name: str, column: str = "y") -> list[float | None]:
    return [
        None if np.isnan(value) else value
        for value in panel.loc[panel["unique_id"].eq(name), column]
    ]


def test_zero_missing_and_absent_months_differ():
    rows = sales(
        ("2025-01-10", "Pots", "5"), ("2025-02-10", "Pans", "7"), ("2025-04-10", "Pots", "9")
    )
    built = build_panel(rows, parameters(), "2025-05")
    assert values(built.panel, A) == [
        5,
        0,
        None,
        9,
        None,
    ]  # February: rows, none for Pots; March, May: no row at all
    assert values(built.panel, B) == [7, None, 0, None]  # absent in January
    assert values(built.panel, A, "y_raw") == values(built.panel, A)
    check(built.panel, "panel")
    check(built.series, "series")


def test_a_month_in_which_the_unit_was_closed_is_zero():
    rows = sales(("2025-01-10", "Pots", "5"), ("2025-03-10", "Pots", "9"))
    built = build_panel(rows, parameters(calendar={"closed_months": ["2025-02"]}), "2025-03")
    assert values(built.panel, A) == [5, 0, 9]


def test_decimals_are_summed_exactly():
    rows = sales(
        *[
            ("2025-01-10", "Pots", amount)
            for amount in ("10000000000000000.01", "0.02", "-10000000000000000.00")
        ]
    )
    assert values(build_panel(rows, parameters(), "2025-01").panel, A) == [0.03]


def test_the_measure_says_what_is_summed_and_whether_returns_count():
    rows = pd.concat(
        [sales(("2025-01-10", "Pots", "5")), sales(("2025-01-12", "Pots", "-2"), kind="return")]
    )
    assert values(build_panel(rows, parameters(), "2025-01").panel, A) == [3]
    assert values(
        build_panel(rows, parameters(measure={"returns": "apart"}), "2025-01").panel, A
    ) == [5]
    assert values(
        build_panel(rows, parameters(measure={"value": "quantity"}), "2025-01").panel, A
    ) == [2]


def test_a_month_with_returns_counted_apart_is_not_missing():
    returned = sales(("2025-02-12", "Pots", "-2"), kind="return")
    rows = pd.concat([sales(("2025-01-10", "Pots", "5"), ("2025-03-10", "Pots", "5")), returned])
    assert values(
        build_panel(rows, parameters(measure={"returns": "apart"}), "2025-03").panel, A
    ) == [5, 0, 5]


def test_rows_after_the_month_change_nothing():
    rows = sales(("2025-01-10", "Pots", "5"), ("2025-02-10", "Pots", "7"))
    later = pd.concat([rows, sales(("2025-03-01", "Pots", "100"), ("2025-03-01", "Lids", "100"))])
    before, after = (
        build_panel(rows, parameters(), "2025-02"),
        build_panel(later, parameters(), "2025-02"),
    )
    pd.testing.assert_frame_equal(before.panel, after.panel)
    pd.testing.assert_frame_equal(before.series, after.series)


def test_a_unit_of_one_series_has_the_total_as_its_bottom():
    rows = sales(("2025-01-10", "Pots", "5"), ("2025-01-11", "Pans", "6"))
    built = build_panel(rows, parameters(levels={"total": []}), "2025-01")
    assert built.panel[["unique_id", "y"]].to_dict("records") == [{"unique_id": "total", "y": 11.0}]


def test_trading_days_leave_out_weekends_and_holidays_on_weekdays():
    months = np.array(["2026-01", "2026-02"], dtype="datetime64[M]")
    assert count_trading_days(months).tolist() == [22, 20]
    assert count_trading_days(months, ["2026-01-01", "2026-01-03", "2026-02-28"]).tolist() == [
        21,
        20,
    ]  # two Saturdays
    built = build_panel(
        sales(("2026-01-05", "Pots", "1")),
        parameters(calendar={"holidays": ["2026-01-01"]}),
        "2026-01",
    )
    assert built.panel["trading_days"].tolist() == [21]
    assert built.future["trading_days"].tolist() == [20, 22, 22]
    assert built.future["ds"].dt.strftime("%Y-%m").tolist() == ["2026-02", "2026-03", "2026-04"]


def test_promotion_is_the_share_of_days_for_the_members_it_names():
    rows = sales(("2025-04-10", "Pots", "5"), ("2025-04-10", "Pans", "5"))
    promotion = promotions(
        ("2025-04-01", "2025-04-15"), ("2025-05-22", "2025-06-15"), ("2025-04-10", "2025-04-15")
    )
    promotion["line"] = ["Pots", None, "Pots"]
    built = build_panel(rows, parameters(), "2025-04", promotion)
    assert values(built.panel, A, "promotion") == [0.5]  # days of two promotions count once
    assert values(built.panel, B, "promotion") == [0.0]
    assert values(built.future, B, "promotion") == [10 / 31, 0.5, 0.0]


def test_without_promotions_there_is_no_such_column():
    rows = sales(("2025-04-10", "Pots", "5"))
    assert "promotion" not in build_panel(rows, parameters(), "2025-04").panel
    assert (
        "promotion"
        not in build_panel(
            rows, parameters(), "2025-04", pd.DataFrame(columns=["name", "start", "end"])
        ).panel
    )


def test_a_promotion_below_the_bottom_counts_by_the_share_of_rows_it_holds_for():
    rows = sales(*[(f"2025-04-{day}", "Pots", "5") for day in (10, 11, 12, 13)])
    rows["region"] = ["North", "South", "South", "South"]
    promotion = promotions(("2025-04-01", "2025-04-30")).assign(region="North")
    assert values(build_panel(rows, parameters(), "2025-04", promotion).panel, A, "promotion") == [
        0.25
    ]


def test_the_share_that_a_promotion_below_the_bottom_holds_for_knows_no_sale_within_the_horizon():
    rows = sales(*[(f"2025-{month:02d}-10", "Pots", "5") for month in (1, 2, 3, 4, 5, 6)])
    rows["region"] = ["North", "South", "South", "North", "North", "North"]
    promotion = promotions(("2025-01-01", "2025-12-31")).assign(region="North")
    built = build_panel(rows, parameters(), "2025-06", promotion)
    shares = values(built.panel, A, "promotion") + values(built.future, A, "promotion")
    assert shares == pytest.approx(
        [1, 1, 1, 1, 1 / 2, 1 / 3, 2 / 4, 3 / 5, 4 / 6]
    )  # the horizon is 3: May counts through February
    earlier = build_panel(rows, parameters(), "2025-03", promotion)
    assert values(earlier.future, A, "promotion") == values(built.panel, A, "promotion")[3:]


def test_a_flag_on_the_rows_counts_each_day_as_its_share_of_flagged_rows():
    rows = sales(
        *[(f"2025-04-{day}", "Pots", "5") for day in (10, 10, 10, 10, 11, 12)],
        ("2025-05-10", "Pans", "5"),
    )
    rows["promotion"] = pd.Categorical(["1", "0", "0", "0", "618", "否", None])
    built = build_panel(rows, parameters(), "2025-05")
    assert values(built.panel, A, "promotion") == [
        pytest.approx((1 / 4 + 1 + 0) / 3),
        None,
    ]  # nothing sold in May: not known
    assert values(built.panel, B, "promotion") == [0]
    assert "promotion" not in built.future  # what ran is no plan


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 58), st.booleans()), min_size=1, max_size=40
    )
)
def test_the_share_of_flagged_days_is_what_a_slow_loop_finds(rows):
    days = [pd.Timestamp("2025-01-01") + pd.Timedelta(days=day) for _, day, _ in rows]
    frame = sales(
        *[(str(day.date()), line, "1") for day, (line, _, _) in zip(days, rows, strict=True)]
    )
    frame["promotion"] = ["yes" if on else "no" for _, _, on in rows]
    found = build_panel(frame, parameters(), "2025-02").panel
    for row in found.itertuples():
        mine = frame[frame["line"].eq(row.unique_id[-1]) & frame["date"].dt.month.eq(row.ds.month)]
        shares = [
            np.mean([flag == "yes" for flag in day["promotion"]]) for _, day in mine.groupby("date")
        ]
        assert (
            row.promotion == pytest.approx(np.mean(shares)) if shares else np.isnan(row.promotion)
        )


def test_flags_of_returns_and_of_rows_after_the_month_say_nothing():
    rows = pd.concat(
        [sales(("2025-04-10", "Pots", "5")), sales(("2025-04-12", "Pots", "-2"), kind="return")]
    )
    rows["promotion"] = ["0", "1"]
    later = pd.concat([rows, sales(("2025-05-01", "Pots", "9")).assign(promotion="1")])
    for frame in (rows, later):
        built = build_panel(frame, parameters(), "2025-04")
        assert values(built.panel, A, "promotion") == [0]
        assert "promotion" not in built.future


def test_a_plan_says_what_comes_and_what_ran_where_the_rows_do_not():
    rows = sales(("2025-03-10", "Pots", "5"), ("2025-04-10", "Pans", "5")).assign(promotion="0")
    plan = promotions(("2025-03-01", "2025-05-31"))
    built = build_panel(rows, parameters(), "2025-04", plan)
    assert values(built.panel, A, "promotion") == [0, 1]  # no row of Pots in April: as planned
    assert values(built.future, A, "promotion") == [1, 0, 0]


def test_a_flag_that_is_a_dimension_stays_one():
    rows = sales(("2025-04-10", "Pots", "5")).assign(promotion="1")
    crossed = parameters(
        dimensions=["line", "promotion"], levels={"total": [], "bottom": ["line", "promotion"]}
    )
    built = build_panel(rows, crossed, "2025-04")
    assert "promotion" not in built.panel
    assert built.series["promotion"].tolist() == ["1"]


def events(*rows: tuple[str, str, str | None]) -> pd.DataFrame:
    """Events of (start, end, announced)."""
    frame = pd.DataFrame(rows, columns=["start", "end", "announced"]).apply(pd.to_datetime)
    return frame.assign(name=[f"event {i}" for i in range(len(frame))])


def test_an_event_of_months_ahead_is_known_from_the_publication_that_knew_it():
    rows = sales(
        *[(f"{year}-{month:02d}-10", "Pots", "5") for year in (2024, 2025) for month in YEAR]
    )
    monthly = parameters(backtest={"cutoffs": 2, "step": 1})
    surprise = events(("2025-11-01", "2026-01-31", "2025-12-15"))  # November's publication
    built = build_panel(rows, monthly, "2025-12", event=surprise)
    assert values(built.panel, A, "event")[-3:] == [0, 1, 1]  # what happened
    assert values(built.future, A, "event") == [1, 0, 0]
    october, november = (built.recalled[pd.Timestamp(f"2025-{month}-01")] for month in (10, 11))
    assert values(october, A, "event") == [0, 0, 0]
    assert values(november, A, "event") == [0, 0, 0]
    sooner = surprise.assign(announced=pd.Timestamp("2025-12-14"))
    built = build_panel(rows, monthly, "2025-12", event=sooner)
    october, november = (built.recalled[pd.Timestamp(f"2025-{month}-01")] for month in (10, 11))
    assert values(october, A, "event") == [0, 0, 0]
    assert values(november, A, "event") == [1, 1, 0]


def test_events_that_nobody_recorded_ahead_are_no_column_of_the_future():
    rows = sales(("2025-01-10", "Pots", "5"), ("2025-02-10", "Pots", "5"))
    past, ahead = ("2025-01-01", "2025-02-14", None), ("2025-03-01", "2025-03-31", None)
    built = build_panel(rows, parameters(), "2025-02", event=events(past))
    assert values(built.panel, A, "event") == [1, 0.5]
    assert "event" not in built.future
    built = build_panel(rows, parameters(), "2025-02", event=events(past, ahead))
    assert values(built.panel, A, "event") == [1, 0.5]
    assert values(built.future, A, "event") == [1, 0, 0]


def test_a_backfill_does_not_know_events_before_they_were():
    told = events(
        ("2025-03-01", "2025-03-31", None),
        ("2025-02-01", "2025-03-31", None),
        ("2025-06-01", "2025-06-30", "2025-01-02"),
    )
    late = events(("2025-02-01", "2025-03-31", "2025-03-15"))
    assert take_known(told, pd.Timestamp("2025-02-15"))["name"].tolist() == ["event 1", "event 2"]
    assert take_known(late, pd.Timestamp("2025-03-15")).empty
    assert len(take_known(told, None)) == 3


def test_gaps_are_found_and_filled_apart_and_what_was_sold_stays_null():
    sold = [
        (year, month)
        for year in (2023, 2024)
        for month in range(1, 13)
        if (year, month) != (2024, 6)
    ]
    rows = sales(
        *[
            (f"{year}-{month:02d}-10", "Pots", str(10 * month * (year - 2022)))
            for year, month in sold
        ]
    )
    panel = build_panel(rows, parameters(), "2024-12").panel
    gaps = scan_gaps(panel)
    assert gaps.to_dict("records") == [{"unique_id": A, "ds": pd.Timestamp("2024-06-01")}]
    filled = fill_gaps(panel)
    assert values(filled, A)[17] == 120.0  # June 2023 was 60; March to May doubled
    assert values(filled, A, "y_raw")[17] is None
    assert scan_gaps(filled).empty
    assert values(panel, A)[17] is None  # the argument is as it was


def test_a_gap_without_a_year_before_takes_the_mean_of_three_months():
    rows = sales(*[(f"2025-{month:02d}-10", "Pots", str(month)) for month in (1, 2, 3, 5)])
    assert values(fill_gaps(build_panel(rows, parameters(), "2025-05").panel), A) == [1, 2, 3, 2, 5]


def test_what_comes_after_a_gap_cannot_change_its_filling():
    rows = sales(*[(f"2025-{month:02d}-10", "Pots", str(month)) for month in (1, 2, 3, 5, 6)])
    other = rows.assign(amount=[*rows["amount"][:3], Decimal(900), Decimal(900)])
    one, two = (
        fill_gaps(build_panel(frame, parameters(), "2025-06").panel) for frame in (rows, other)
    )
    assert values(one, A)[:4] == values(two, A)[:4]


def test_a_row_that_is_not_there_is_a_gap_too():
    panel = build_panel(
        sales(*[(f"2025-{month:02d}-10", "Pots", "4") for month in range(1, 6)]),
        parameters(),
        "2025-05",
    ).panel
    broken = panel.drop(index=2)
    assert scan_gaps(broken)["ds"].tolist() == [pd.Timestamp("2025-03-01")]
    assert values(fill_gaps(broken), A) == [4, 4, 4, 4, 4]


def test_a_broken_grid_is_an_error_that_says_what_to_do():
    panel = build_panel(
        sales(("2025-01-10", "Pots", "5"), ("2025-04-10", "Pots", "9")), parameters(), "2025-04"
    ).panel
    with pytest.raises(SalesForecastError) as error:
        check_panel(panel, "north")
    assert str(error.value) == (
        "Panel of 'north' lacks 2 months (first 2025-02, 'bottom:Pots'). "
        "Modeling needs an unbroken monthly grid. "
        "Fill them with `fill_gaps` or list them under `closed_months`."
    )
    assert check_panel(fill_gaps(panel)) is not None
    with pytest.raises(SalesForecastError, match="repeat the key"):
        check_panel(pd.concat([panel, panel]))


@pytest.mark.parametrize(
    ("rows", "changes", "words"),
    [
        (sales(), {}, "'north' has no rows through 2025-01"),
        (sales(("2025-02-10", "Pots", "5")), {}, "'north' has no rows through 2025-01"),
        (sales(("2025-01-10", "Pots", "5")).drop(columns="line"), {}, "lacks the column 'line'"),
        (sales(("2025-01-10", "Pots", "5")).assign(line=None), {}, "no member of 'line'"),
        (
            sales(("2025-01-10", "Pots", "5")),
            {"calendar": {"holidays": ["2025-13-01"]}},
            "`calendar.holidays`",
        ),
    ],
)
def test_bad_input_is_named(rows, changes, words):
    with pytest.raises(SalesForecastError, match=words):
        build_panel(rows, parameters(**changes), "2025-01")


@settings(max_examples=40)
@given(st.lists(a_sale, min_size=1, max_size=30), st.randoms())
def test_the_panel_keeps_every_cent_and_ignores_the_order_of_rows(rows, random):
    frame = sales(
        *[
            (f"2025-{month + 1:02d}-15", line, str(Decimal(cents).scaleb(-2)))
            for month, line, cents in rows
        ]
    )
    panel = build_panel(frame, parameters(), "2025-12").panel
    expected: dict[tuple[str, int], Decimal] = {}
    for month, line, cents in rows:
        expected[line, month] = expected.get((line, month), Decimal(0)) + Decimal(cents).scaleb(-2)
    found = panel.dropna().set_index(["unique_id", "ds"])["y"]
    for (line, month), amount in expected.items():
        assert found[f"bottom:{line}", pd.Timestamp(2025, month + 1, 1)] == float(amount)
    assert (
        found.drop(
            [(f"bottom:{line}", pd.Timestamp(2025, month + 1, 1)) for line, month in expected]
        )
        == 0
    ).all()
    shuffled = frame.sample(frac=1, random_state=random.randrange(1000))
    pd.testing.assert_frame_equal(build_panel(shuffled, parameters(), "2025-12").panel, panel)


def test_ten_thousand_rows_take_a_fraction_of_a_second():
    rng = np.random.default_rng(0)
    n = 10_000
    rows = pd.DataFrame(
        {
            "date": pd.Timestamp("2022-01-01")
            + pd.to_timedelta(rng.integers(0, 1400, n), unit="D"),
            "kind": "sale",
            "line": rng.choice([f"line {i}" for i in range(13)], n),
            "region": rng.choice(list("NSWE"), n),
            "amount": [Decimal(int(cents)).scaleb(-2) for cents in rng.integers(1, 100_000, n)],
        }
    )
    crossed = parameters(levels={"total": [], "bottom": ["line", "region"]})
    start = time.perf_counter()
    built = build_panel(rows, crossed, "2025-10")
    assert time.perf_counter() - start < 0.5  # 0.02 s measured; shared processors vary
    assert len(built.series) == 52


def test_a_year_of_weeks_puts_every_day_in_one_period_and_the_53rd_week_in_the_last() -> None:
    for kind in ("4-4-5", "4-5-4", "5-4-4"):
        calendar = Calendar(kind=kind, year_begins="02-01", week_begins="sunday")
        days = np.arange("2016-01-01", "2036-01-01", dtype="datetime64[D]")
        labels = label_months(days, calendar)
        first, end = bound_months(np.unique(labels)[1:-1], calendar)
        assert (end[:-1] == first[1:]).all()
        weeks = (end - first).astype(int) / 7
        assert set(weeks) == {4.0, 5.0, 6.0} if kind == "4-4-5" else set(weeks) == {4.0, 5.0}
        inside = (days >= first[0]) & (days < end[-1])
        assert (np.diff(labels[inside].astype(int)) >= 0).all()
        assert all((day.astype(object).weekday() == 6) for day in first)
        years = (
            pd.Series(weeks)
            .groupby((np.unique(labels)[1:-1].astype(int) - 1) // 12)
            .sum()
            .iloc[1:-1]
        )
        assert set(years) == {52.0, 53.0}


def test_the_panel_counts_sales_and_trading_days_in_the_periods_of_the_unit() -> None:
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime(["2024-12-29", "2024-12-30", "2025-01-27"]),
            "amount": [Decimal(1), Decimal(2), Decimal(4)],
        }
    )
    fiscal = {"kind": "4-4-5", "year_begins": "01-01", "week_begins": "monday"}
    parameters = Parameters.model_validate({"calendar": fiscal, "horizon": 1})
    dated = rows.assign(
        kind="sale",
        month=label_months(rows["date"].to_numpy(), parameters.calendar).astype("datetime64[ns]"),
    )
    panel = build_panel(dated, parameters, "2025-02").panel
    assert panel[["ds", "y", "trading_days"]].astype({"ds": str}).values.tolist() == [
        ["2024-12-01", 1.0, 25],
        ["2025-01-01", 2.0, 20],
        ["2025-02-01", 4.0, 20],
    ]


@pytest.mark.parametrize("name", ["chinese_new_year", "easter", "ramadan"])
def test_the_shares_of_a_moving_holiday_add_up_to_one_a_year_and_move(name: str) -> None:
    months = np.arange("2014-07", "2030-07", dtype="datetime64[M]")
    shares = share_of_festival(name, *bound_months(months, Calendar()))
    assert (
        shares.reshape(-1, 12).sum(axis=1) == pytest.approx([1.0] * 16)
        if name != "ramadan"
        else shares.sum() > 15.9
    )
    holding = {tuple(np.flatnonzero(year)) for year in shares.reshape(-1, 12)}
    assert len(holding) > 1


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("chinese_new_year", "2026-02-03", "2026-02-24"),
        ("easter", "2026-03-29", "2026-04-06"),
        ("ramadan", "2026-02-18", "2026-03-19"),
    ],
)
def test_the_window_of_a_moving_holiday_begins_and_ends_on_its_days(
    name: str, first: str, last: str
) -> None:
    days = np.arange("2026-01-01", "2026-12-01", dtype="datetime64[D]")
    held = days[share_of_festival(name, days, days + 1) > 0]
    assert (str(held[0]), str(held[-1])) == (first, last)


def test_a_window_that_began_in_the_year_before_reaches_into_january() -> None:
    january = np.array(["2031-01-01", "2031-02-01"], dtype="datetime64[D]")
    shares = share_of_festival("ramadan", january[:1], january[1:])
    assert shares.tolist() == pytest.approx([24 / 30])  # from 26 December 2030 on


def test_a_festival_kept_in_half_of_the_years_is_observed_and_in_fewer_is_not() -> None:
    assert list_observed(["2025-06-02", "2026-04-03"]) == ["easter"]
    assert list_observed(["2024-06-03", "2025-06-02", "2026-04-03"]) == []


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("chinese_new_year", ["1990-01-27", "2026-02-17", "2099-01-21"]),
        ("easter", ["1990-04-15", "2026-04-05", "2099-04-12"]),
        ("ramadan", ["2000-11-27", "2026-02-18", "2030-01-05", "2030-12-26"]),
    ],
)
def test_moving_holidays_fall_on_the_days_of_the_almanac(name: str, days: list[str]) -> None:
    years = {int(day[:4]) for day in days}
    assert [day.isoformat() for year in sorted(years) for day in FESTIVALS[name](year)] == days
    assert all(FESTIVALS[name](year) for year in range(1990, 2100))


def test_a_countrys_holidays_are_days_off_beside_the_declared_ones() -> None:
    months = np.array(["2025-10", "2026-02"], dtype="datetime64[M]")
    bounds = bound_months(months, Calendar())

    def count(**declared: object) -> list[int]:
        calendar = Calendar.model_validate(declared)
        return count_trading_days(months, list_days_off(calendar, *bounds), calendar).tolist()

    assert count() == [23, 20]
    assert count(country="CN") == [
        17,
        14,
    ]  # National Day with Mid-Autumn: 1 to 8 October; 16 to 23 February
    assert count(country="CN", holidays=["2026-02-24", "2026-02-16"]) == [
        17,
        13,
    ]  # one of them is a holiday already
    assert count(country="DE") == [22, 20]  # 3 October
    assert count(country="DE-BY", holidays=["2026-02-16"]) == [22, 19]


@pytest.mark.parametrize(
    ("country", "kept"),
    [("CN", ["chinese_new_year"]), ("DE", ["easter"]), ("US", []), ("SA", ["ramadan"]), ("JP", [])],
)
def test_a_countrys_moving_holidays_are_those_of_its_days_off(
    country: str, kept: list[str]
) -> None:
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime(["2023-01-02", "2025-11-02"]),
            "amount": [Decimal(1)] * 2,
            "kind": "sale",
        }
    )
    parameters = Parameters.model_validate({"calendar": {"country": country}, "horizon": 4})
    assert build_panel(rows, parameters, "2025-11").panel.columns.tolist()[4:] == [
        "trading_days",
        *kept,
    ]


@pytest.mark.parametrize("country", ["XX", "DE-XX", "China", False])
def test_a_country_that_nobody_knows_is_refused(country: object) -> None:
    with pytest.raises(ValueError, match="no country whose holidays are known.*such as CN"):
        Calendar.model_validate({"country": country})


def test_chinese_new_year_of_2026_falls_into_february_and_of_2025_into_january() -> None:
    months = np.array(["2025-01", "2025-02", "2026-01", "2026-02"], dtype="datetime64[M]")
    shares = share_of_festival("chinese_new_year", *bound_months(months, Calendar()))
    assert shares.round(3).tolist() == [
        0.773,
        0.227,
        0.0,
        1.0,
    ]  # 2025-01-29, 2026-02-17; 14 days before to 7 after


def test_a_moving_holiday_is_a_column_of_the_panel_and_of_the_months_ahead() -> None:
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime(["2025-01-02", "2025-03-02"]),
            "amount": [Decimal(1)] * 2,
            "kind": "sale",
        }
    )
    parameters = Parameters.model_validate(
        {"calendar": {"moving_holidays": ["easter"]}, "horizon": 1}
    )
    bottom = build_panel(rows, parameters, "2025-03")
    assert bottom.panel["easter"].tolist() == [0.0, 0.0, 0.0]
    assert bottom.future["easter"].tolist() == [1.0]  # 20 April 2025


CHINA = [
    "2025-01-28",
    "2025-01-29",
    "2025-01-30",
    "2025-10-01",
    "2026-02-16",
    "2026-02-17",
    "2026-04-06",
    "2027-02-08",
    "2027-02-09",
]


def test_the_festivals_of_a_unit_are_those_that_its_holidays_keep_unless_it_says_otherwise() -> (
    None
):
    assert list_observed(CHINA) == [
        "chinese_new_year"
    ]  # Easter Monday of 2026 is a day off by chance
    assert (
        list_observed(["2018-02-19", "2018-07-04", "2019-02-18"]) == []
    )  # Presidents' Day stands near it
    assert list_observed(["2024-03-29", "2025-04-18", "2026-01-01", "2026-04-06"]) == ["easter"]
    assert list_observed(["2024-04-10", "2025-03-31", "2026-03-20"]) == ["ramadan"]  # Eid al-Fitr
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime(["2025-01-02", "2025-11-02"]),
            "amount": [Decimal(1)] * 2,
            "kind": "sale",
        }
    )
    for declared, found in ((None, ["chinese_new_year"]), ([], []), (["easter"], ["easter"])):
        calendar = {"holidays": CHINA, "moving_holidays": declared}
        bottom = build_panel(
            rows, Parameters.model_validate({"calendar": calendar, "horizon": 4}), "2025-11"
        )
        assert bottom.panel.columns.tolist() == [
            "unique_id",
            "ds",
            "y",
            "y_raw",
            "trading_days",
            *found,
        ]
        assert bottom.future.columns.tolist() == ["unique_id", "ds", "trading_days", *found]
