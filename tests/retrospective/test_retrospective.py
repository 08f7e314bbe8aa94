"""Forecasts against actuals: accuracy by lag, member and month, value added, coverage, and the
gaming check.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.foundation import INTERVALS, STAGES, tables
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.reporting.narrative.retrospective import accuracy as accuracy_page
from salesfc_lib.retrospective.accuracy import by_dimension, by_lag, coverage, history, lag_history
from salesfc_lib.retrospective.causes.case import Evidence
from salesfc_lib.retrospective.causes.causes import difference_by_cause, likely_causes
from salesfc_lib.retrospective.compare import Past, compare_month, largest_misses, published
from salesfc_lib.retrospective.habits import Conduct, describe_people, judge_habits
from salesfc_lib.retrospective.improvement import gaming_check, stock_view
from salesfc_lib.retrospective.value_added import value_added

JUNE = pd.Timestamp("2026-06-01")
SERIES = pd.DataFrame(
    {
        "unique_id": ["total", "厨具", "灯", "厨具/华东", "厨具/华北", "灯/华东"],
        "level": ["total", "line", "line", "line_region", "line_region", "line_region"],
        "label": ["Total", "厨具", "灯", "厨具 · 华东", "厨具 · 华北", "灯 · 华东"],
        "product_line": [None, "厨具", "灯", "厨具", "厨具", "灯"],
        "region": [None, None, None, "华东", "华北", "华东"],
    }
)


def forecast(rows: list[tuple[str, str, str, int, float]]) -> pd.DataFrame:
    """Forecast rows from (unique_id, stage, month forecast, lag, value)."""
    frame = pd.DataFrame(rows, columns=["unique_id", "stage", "ds", "h", "y_hat"])
    ds = pd.to_datetime(frame["ds"])
    cutoff = pd.Series(
        [day - pd.DateOffset(months=h) for day, h in zip(ds, frame["h"], strict=True)],
        dtype="datetime64[ns]",
    )
    bounds = {name: np.nan for name in INTERVALS}
    return frame.assign(ds=ds, cutoff=cutoff, model="any", **bounds).astype(
        {"h": "int64", "y_hat": "float64"}
    )


def sold(rows: list[tuple[str, str, float | None]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y_raw"])
    return frame.assign(ds=pd.to_datetime(frame["ds"]), y_raw=frame["y_raw"].astype(float))


EAST, NORTH, LAMP = "厨具/华东", "厨具/华北", "灯/华东"
ACTUAL = sold(
    [
        (EAST, "2026-06", 100),
        (NORTH, "2026-06", 50),
        (LAMP, "2026-06", 50),
        ("total", "2026-06", 200),
    ]
)
VINTAGES = forecast(
    [
        (EAST, "baseline", "2026-06", 1, 80),
        (NORTH, "baseline", "2026-06", 1, 80),
        (LAMP, "baseline", "2026-06", 1, 50),
        (EAST, "reconciled", "2026-06", 1, 90),
        (NORTH, "reconciled", "2026-06", 1, 60),
        (LAMP, "reconciled", "2026-06", 1, 40),
        (EAST, "adjusted", "2026-06", 1, 100),
        (NORTH, "adjusted", "2026-06", 1, 70),
        (LAMP, "adjusted", "2026-06", 1, 40),
        (EAST, "reconciled", "2026-06", 3, 120),
        (NORTH, "reconciled", "2026-06", 3, 80),
        (LAMP, "reconciled", "2026-06", 3, 40),
        ("total", "reconciled", "2026-06", 1, 190),
        ("total", "adjusted", "2026-06", 1, 210),
        ("total", "baseline", "2026-06", 1, 210),
    ]
)


def one(table: pd.DataFrame, **where: object) -> pd.Series:
    """The only row with these values."""
    rows = table.loc[np.logical_and.reduce([table[name] == value for name, value in where.items()])]
    assert len(rows) == 1
    return rows.iloc[0]


def test_the_published_number_is_the_last_stage_there_is() -> None:
    final = published(VINTAGES)
    assert one(final, unique_id=NORTH, h=1)["y_hat"] == 70
    assert one(final, unique_id=NORTH, h=3)["y_hat"] == 80
    assert not final.duplicated(["unique_id", "cutoff", "ds"]).any()


def test_accuracy_by_lag_pools_the_series_of_a_level() -> None:
    table = by_lag(Past(VINTAGES, ACTUAL, SERIES), month=JUNE)
    near, far = one(table, level="line_region", lag=1), one(table, level="line_region", lag=3)
    assert near["wape"] == pytest.approx((0 + 20 + 10) / 200)
    assert near["accuracy"] == pytest.approx(0.85)
    assert near["bias"] == pytest.approx((210 - 200) / 200)
    assert near["naive_wape"] == pytest.approx((20 + 30 + 0) / 200)
    assert near["gain"] == pytest.approx(0.25 - 0.15)
    assert (near["n"], near["forecast"], near["actual"]) == (3, 210, 200)
    assert far["wape"] == pytest.approx((20 + 30 + 10) / 200)
    assert np.isnan(far["naive_wape"])
    assert one(table, level="total", lag=1)["wape"] == pytest.approx(0.05)


def test_the_history_by_lag_has_a_row_per_month_and_lag_of_the_bottom_series() -> None:
    table = lag_history(Past(VINTAGES, ACTUAL, SERIES), month=JUNE)
    assert list(zip(table["ds"], table["lag"], strict=True)) == [
        (pd.Timestamp(JUNE), 1),
        (pd.Timestamp(JUNE), 3),
    ]
    assert table["wape"].tolist() == pytest.approx([30 / 200, 60 / 200])
    vintages, actual = archive(1)
    table = lag_history(Past(vintages, actual, SERIES), month=JUNE, lags=(1, 2))
    by_month = history(Past(vintages, actual, SERIES), month=JUNE, lag=2, months=12)
    by_month = by_month[by_month["level"] == "line_region"]
    assert len(by_month) == 12
    assert table.loc[table["lag"] == 2, "wape"].tolist() == by_month["wape"].tolist()
    assert set(table["lag"]) == {1, 2}


def test_the_naive_is_compared_on_the_rows_that_both_have() -> None:
    without = VINTAGES[~((VINTAGES["stage"] == "baseline") & (VINTAGES["unique_id"] == NORTH))]
    row = one(by_lag(Past(without, ACTUAL, SERIES), month=JUNE), level="line_region", lag=1)
    assert row["wape"] == pytest.approx(30 / 200)
    assert row["naive_wape"] == pytest.approx(20 / 150)
    assert row["gain"] == pytest.approx((20 - 10) / 150)


def test_a_wape_above_one_is_an_accuracy_of_zero() -> None:
    table = by_lag(
        Past(forecast([(LAMP, "reconciled", "2026-06", 1, 500)]), ACTUAL, SERIES), month=JUNE
    )
    assert (table["accuracy"].item(), table["wape"].item()) == (0.0, 9.0)


def test_members_of_a_dimension_pool_their_bottom_series() -> None:
    table = by_dimension(Past(VINTAGES, ACTUAL, SERIES), month=JUNE)
    line = one(table, dimension="product_line", member="厨具")
    assert (line["forecast"], line["actual"], line["difference"]) == (170, 150, 20)
    assert line["wape"] == pytest.approx(20 / 150)
    by_region = table[table["dimension"] == "region"]
    assert by_region["actual"].sum() == 200
    assert one(table, dimension="region", member="华东")["bias"] == pytest.approx((140 - 150) / 150)


def test_a_month_without_any_source_row_is_not_scored() -> None:
    unknown = ACTUAL.assign(y_raw=np.nan)
    assert by_lag(Past(VINTAGES, unknown, SERIES), month=JUNE).empty
    assert compare_month(Past(VINTAGES, unknown, SERIES), month=JUNE).empty


def test_value_added_compares_each_stage_with_the_one_before_on_the_same_rows() -> None:
    table = value_added(Past(VINTAGES, ACTUAL, SERIES), month=JUNE)
    people = one(table, level="line_region", stage="adjusted")
    assert people["before"] == "reconciled"
    assert people["gain"] == pytest.approx((10 + 10 + 10) / 200 - (0 + 20 + 10) / 200)
    machine = one(table, level="line_region", stage="reconciled")
    assert (machine["before"], machine["gain"]) == ("baseline", pytest.approx(50 / 200 - 30 / 200))
    assert pd.isna(one(table, level="line_region", stage="baseline")["gain"])


def test_value_added_counts_a_month_without_changes_as_unchanged() -> None:
    may = forecast(
        [
            (name, stage, "2026-05", 1, value)
            for name, value in ((EAST, 90), (NORTH, 60), (LAMP, 40))
            for stage in ("baseline", "reconciled")
        ]
    )
    actual = pd.concat([ACTUAL, ACTUAL.assign(ds=pd.Timestamp("2026-05-01"))])
    table = value_added(Past(pd.concat([VINTAGES, may]), actual, SERIES), month=JUNE, months=12)
    row = one(table, level="line_region", stage="adjusted")
    assert (row["months"], row["own_months"], row["n"]) == (2, 1, 6)
    assert row["wape"] == pytest.approx((30 + 30) / 400)
    assert row["gain"] == pytest.approx(0.0)


def test_a_stage_is_not_credited_with_rows_that_the_stage_before_lacks() -> None:
    east = [(EAST, "baseline", "2026-06", 1, 80), (EAST, "combined", "2026-06", 1, 90)]
    rows = forecast([*east, (LAMP, "combined", "2026-06", 1, 50)])
    row = one(
        value_added(Past(rows, ACTUAL, SERIES), month=JUNE), level="line_region", stage="combined"
    )
    assert (row["n"], row["wape"], row["gain"]) == (1, pytest.approx(0.10), pytest.approx(0.10))


def test_history_has_a_row_per_month_and_end_of_the_hierarchy() -> None:
    table = history(Past(VINTAGES, ACTUAL, SERIES), month=JUNE)
    assert table[["level", "ds"]].values.tolist() == [["line_region", JUNE], ["total", JUNE]]
    assert table["wape"].tolist() == pytest.approx([0.15, 0.05])


def test_coverage_counts_actuals_inside_the_published_interval() -> None:
    rows = VINTAGES.assign(**{"lo-80": VINTAGES["y_hat"] - 10, "hi-80": VINTAGES["y_hat"] + 10})
    row = one(coverage(Past(rows, ACTUAL, SERIES), month=JUNE), level="line_region", lag=1)
    assert (row["n"], row["inside"], row["coverage"]) == (3, 2, pytest.approx(2 / 3))
    bare = rows["stage"] == "adjusted"
    rows.loc[bare, ["lo-80", "hi-80"]] = np.nan
    row = one(coverage(Past(rows, ACTUAL, SERIES), month=JUNE), level="line_region", lag=1)
    assert (row["n"], row["inside"]) == (3, 3)
    assert coverage(Past(VINTAGES, ACTUAL, SERIES), month=JUNE).empty


def test_misses_hold_what_was_not_forecast_and_sum_to_the_totals() -> None:
    known = VINTAGES[VINTAGES["unique_id"] != LAMP]
    missed = compare_month(Past(known, ACTUAL, SERIES), month=JUNE)
    row = one(missed, unique_id=LAMP)
    assert (row["forecast"], row["actual"], row["difference"], row["forecasted"]) == (
        0,
        50,
        -50,
        False,
    )
    assert missed["unique_id"].tolist() == [LAMP, NORTH, EAST]
    assert missed["share"].sum() == pytest.approx(1.0)
    assert (missed["forecast"].sum(), missed["actual"].sum()) == (170, 200)
    assert largest_misses(missed, count=6)["unique_id"].tolist() == [LAMP, NORTH]


def archive(seed: int, months: int = 30) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Vintages of all stages at lags 1 to 3, and actuals, of the bottom series and the total."""
    rng = np.random.default_rng(seed)
    bottom = [EAST, NORTH, LAMP]
    dates = pd.date_range(end=JUNE, periods=months, freq="MS")
    y = pd.DataFrame(rng.integers(50, 150, (months, 3)).astype(float), index=dates, columns=bottom)
    y = y.assign(total=y.sum(axis=1))
    actual = y.melt(ignore_index=False, var_name="unique_id", value_name="y_raw").reset_index(
        names="ds"
    )
    keys = [
        (name, stage, ds, lag)
        for ds in dates[12:]
        for lag in (1, 2, 3)
        for stage in STAGES
        for name in bottom
    ]
    rows = [(*key, float(rng.integers(50, 150))) for key in keys]
    vintages = forecast(rows)
    top = (
        vintages.groupby(["stage", "model", "cutoff", "ds", "h"], as_index=False)["y_hat"]
        .sum()
        .assign(unique_id="total")
    )
    return pd.concat([vintages, top], ignore_index=True), actual.astype({"unique_id": object})


@pytest.mark.parametrize(
    "question",
    [
        by_lag,
        by_dimension,
        history,
        lag_history,
        value_added,
        compare_month,
        gaming_check,
        coverage,
    ],
)
def test_neither_later_months_nor_the_order_of_rows_change_an_answer(question) -> None:
    vintages, actual = archive(1)
    vintages = vintages.assign(**{"lo-80": vintages["y_hat"] - 20, "hi-80": vintages["y_hat"] + 20})
    earlier = pd.Timestamp("2026-01-01")
    then = Past(vintages[vintages["ds"] <= earlier], actual[actual["ds"] <= earlier], SERIES)
    known = question(then, month=earlier)
    mixed = (vintages.sample(frac=1, random_state=2), actual.sample(frac=1, random_state=3))
    shuffled = question(Past(*mixed, SERIES), month=earlier)
    if isinstance(known, dict):
        assert known == pytest.approx(shuffled)
    else:
        assert len(known)
        pd.testing.assert_frame_equal(known, shuffled)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_pooled_wape_equals_the_slow_sum(seed: int) -> None:
    vintages, actual = archive(seed, months=16)
    truth = {(row.unique_id, row.ds): row.y_raw for row in actual.itertuples()}
    errors, total = 0.0, 0.0
    for row in vintages[
        (vintages["stage"] == "adjusted")
        & (vintages["h"] == 2)
        & (vintages["unique_id"] != "total")
    ].itertuples():
        errors += abs(row.y_hat - truth[row.unique_id, row.ds])
        total += truth[row.unique_id, row.ds]
    table = by_lag(Past(vintages, actual, SERIES), month=JUNE, lags=[2], months=12)
    assert one(table, level="line_region", lag=2)["wape"] == pytest.approx(errors / total)


def test_gaming_check_counts_months_below_the_statistical_forecast() -> None:
    months = pd.date_range(end=JUNE, periods=12, freq="MS")
    stages = [
        ("total", "statistical", 100),
        ("total", "adjusted", 90),
        (LAMP, "baseline", 80),
        (LAMP, "adjusted", 90),
    ]
    lowered = forecast(
        [(name, stage, ds, 1, value) for ds in months for name, stage, value in stages]
    )
    years = pd.date_range(end=JUNE, periods=24, freq="MS")
    actual = sold(
        [
            (name, ds, 110.0 if ds >= months[0] else 100.0)
            for name in ("total", LAMP)
            for ds in years
        ]
    )
    facts = gaming_check(Past(lowered, actual, SERIES), month=JUNE)
    assert (facts["months"], facts["months_below"], facts["months_compared"]) == (12, 12, 12)
    assert facts["mean_change"] == pytest.approx(-0.1)
    assert facts["sales_growth"] == pytest.approx(0.1)
    assert facts["gain"] == pytest.approx(10 / 110)
    assert facts["gain_now"] == pytest.approx(10 / 110)


def test_gaming_check_gives_no_growth_without_the_year_before() -> None:
    assert gaming_check(Past(VINTAGES, ACTUAL, SERIES), month=JUNE)["sales_growth"] is None


def test_stock_view_compares_this_month_with_the_last() -> None:
    inventory = pd.DataFrame(
        {
            "ds": pd.to_datetime(["2026-05", "2026-06", "2026-06"]),
            "product_line": ["厨具", "厨具", "灯"],
            "stock": [10.0, 5.0, 7.0],
            "stockout_days": [4.0, 11.0, 0.0],
        }
    )
    table = stock_view(inventory, month=JUNE)
    row = one(table, product_line="厨具")
    assert (row["stockout_days"], row["stockout_days_before"]) == (11, 4)
    assert pd.isna(one(table, product_line="灯")["stockout_days_before"])
    assert (
        one(stock_view(inventory.drop(columns="product_line"), month=JUNE), ds=JUNE)[
            "stockout_days"
        ]
        == 11
    )


def test_the_first_month_has_no_archive_and_every_answer_is_empty_with_its_columns() -> None:
    nothing = tables.empty("forecast")
    full = Past(VINTAGES, ACTUAL, SERIES)
    for question in (by_lag, by_dimension, history, lag_history, value_added, compare_month):
        first = question(Past(nothing, ACTUAL, SERIES), month=JUNE)
        assert first.empty
        assert first.columns.tolist() == question(full, month=JUNE).columns.tolist()
    assert published(nothing).empty
    inside = coverage(Past(nothing, ACTUAL, SERIES), month=JUNE)
    assert inside.columns.tolist() == ["level", "lag", "months", "n", "inside", "coverage"]
    facts = gaming_check(Past(nothing, ACTUAL, SERIES), month=JUNE)
    assert (facts["months"], facts["gain"], facts["months_compared"], facts["p_below"]) == (
        0,
        None,
        0,
        None,
    )
    assert stock_view(tables.empty("inventory"), month=JUNE).empty


def test_tables_keep_their_contracts_with_and_without_rows() -> None:
    for vintages in (VINTAGES, tables.empty("forecast")):
        tables.check(value_added(Past(vintages, ACTUAL, SERIES), month=JUNE), "value_added")
        tables.check(lag_history(Past(vintages, ACTUAL, SERIES), month=JUNE), "lag_history")
        missed = tables.check(compare_month(Past(vintages, ACTUAL, SERIES), month=JUNE), "missed")
        causes = likely_causes(missed, Evidence(), Past(vintages, ACTUAL, SERIES))
        tables.check(causes, "causes")
        tables.check(difference_by_cause(missed, causes), "difference")
    nobody = Conduct(actual=ACTUAL, month=JUNE)
    habits = tables.check(judge_habits(nobody), "habits")
    tables.check(describe_people(nobody, habits), "people")


def test_a_unit_that_is_forecast_as_a_whole_has_no_member_to_judge() -> None:
    columns = [
        "dimension",
        "member",
        "lag",
        "forecast",
        "actual",
        "difference",
        "bias",
        "wape",
        "months",
    ]
    review = {name: pd.DataFrame(columns=columns) for name in ("by_dimension", "by_dimension_year")}
    run = SimpleNamespace(parameters=Parameters())
    (said,) = accuracy_page.dimensions.__wrapped__(run, review).blocks  # type: ignore[arg-type]
    assert "no dimension" in str(said)
