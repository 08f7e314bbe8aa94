"""Ids, levels, sums: what `hierarchy` promises."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.tables import check
from salesfc_lib.panel.aggregation import aggregate
from salesfc_lib.panel.hierarchy import (
    build_series,
    coherence_gap,
    list_levels,
    summing_matrix,
    unique_id,
)

LEVELS = {"total": [], "line": ["line"], "region": ["region"], "bottom": ["line", "region"]}
KEYS = pd.DataFrame({"line": ["Pots", "Pots", "Pans"], "region": ["North", "South", "North"]})
POTS_NORTH, POTS_SOUTH, PANS_NORTH = "bottom:Pots/North", "bottom:Pots/South", "bottom:Pans/North"
names = st.text(min_size=0, max_size=6)


def months(n: int) -> pd.DatetimeIndex:
    return pd.date_range("2025-01-01", periods=n, freq="MS")


def bottom_panel(
    values: dict[str, list[float]], **regressors: dict[str, list[float]]
) -> pd.DataFrame:
    """Panel in which each series' values end in the same month."""
    longest = max(map(len, values.values()))
    parts = []
    for name, y in values.items():
        part = pd.DataFrame(
            {"unique_id": name, "ds": months(longest)[longest - len(y) :], "y": y, "y_raw": y}
        )
        parts.append(part.assign(**{column: of[name] for column, of in regressors.items()}))
    return pd.concat(parts, ignore_index=True)


def series_of(frame: pd.DataFrame, name: str, column: str = "y") -> list[float]:
    return frame.loc[frame["unique_id"].eq(name), column].tolist()


def test_a_level_without_members_is_its_own_id():
    assert unique_id("total", {}) == "total"
    assert unique_id("line_region", {"line": "厨具", "region": "华东"}) == "line_region:厨具/华东"


def test_slashes_and_backslashes_in_names_cannot_make_two_series_one():
    assert unique_id("l", {"a": "x/y", "b": "z"}) != unique_id("l", {"a": "x", "b": "y/z"})
    assert unique_id("l", {"a": "x\\", "b": "y"}) != unique_id("l", {"a": "x", "b": "\\y"})
    assert unique_id("a:b", {}) != unique_id("a", {"x": "b"})


@given(st.tuples(names, st.lists(names, max_size=3)), st.tuples(names, st.lists(names, max_size=3)))
def test_different_levels_or_members_never_share_an_id(one, other):
    ids = [unique_id(level, dict(enumerate(members))) for level, members in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)


def test_series_table_has_every_level_in_order_and_nulls_where_summed():
    series = check(build_series(KEYS, LEVELS), "series")
    assert series["level"].tolist() == [
        "total",
        "line",
        "line",
        "region",
        "region",
        "bottom",
        "bottom",
        "bottom",
    ]
    assert series["label"].tolist() == [
        "All",
        "Pans",
        "Pots",
        "North",
        "South",
        "Pans · North",
        "Pots · North",
        "Pots · South",
    ]
    assert series.loc[series["level"].eq("region"), "line"].isna().all()
    assert list_levels(series) == LEVELS


def test_two_levels_with_the_same_series_still_give_two_rows():
    series = build_series(pd.DataFrame({"line": ["Pots"]}), {"total": [], "line": ["line"]})
    assert series["unique_id"].tolist() == ["total", "line:Pots"]
    assert summing_matrix(series, {"total": [], "line": ["line"]}).matrix.toarray().tolist() == [
        [1.0],
        [1.0],
    ]


def test_summing_matrix_worked_by_hand():
    summing = summing_matrix(build_series(KEYS, LEVELS), LEVELS)
    assert summing.bottom_ids.tolist() == [PANS_NORTH, POTS_NORTH, POTS_SOUTH]
    assert summing.matrix.toarray().tolist() == [
        [1, 1, 1],  # total
        [1, 0, 0],  # Pans
        [0, 1, 1],  # Pots
        [1, 1, 0],  # North
        [0, 0, 1],  # South
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ]
    assert summing.upper.tolist() == [0, 1, 2, 3, 4]


def test_every_level_of_the_summing_matrix_counts_each_bottom_once():
    series = build_series(KEYS, LEVELS)
    summing = summing_matrix(series, LEVELS)
    by_level = pd.DataFrame(summing.matrix.toarray()).groupby(series["level"]).sum()
    assert (by_level == 1).all(axis=None)


def test_a_level_that_lacks_a_series_is_an_error_that_names_the_bottom():
    series = build_series(KEYS, LEVELS)
    with pytest.raises(
        SalesForecastError, match="Level 'region' has no series for 'bottom:Pots/South'"
    ):
        summing_matrix(series[series["unique_id"].ne("region:South")], LEVELS)


def test_a_dimension_that_is_no_column_or_has_no_member_is_an_error():
    with pytest.raises(SalesForecastError, match="lacks the column 'region'"):
        build_series(KEYS[["line"]], LEVELS)
    with pytest.raises(SalesForecastError, match="no member of 'region'"):
        build_series(KEYS.assign(region=["North", None, "North"]), LEVELS)


def test_aggregates_are_sums_from_the_first_month_of_any_bottom():
    panel = bottom_panel(
        {POTS_NORTH: [1.0, 2.0, 3.0], POTS_SOUTH: [10.0, 20.0], PANS_NORTH: [100.0]}
    )
    whole = check(aggregate(panel, build_series(KEYS, LEVELS), LEVELS), "panel")
    assert series_of(whole, "total") == [1.0, 12.0, 123.0]
    assert series_of(whole, "line:Pots") == [1.0, 12.0, 23.0]
    assert series_of(whole, "region:South") == [10.0, 20.0]
    assert series_of(whole, "line:Pans") == [100.0]


def test_a_missing_month_is_null_at_every_level_and_stays_so_in_y_raw_when_y_is_filled():
    panel = bottom_panel(
        {POTS_NORTH: [1.0, np.nan, 3.0], POTS_SOUTH: [1.0, np.nan, 3.0], PANS_NORTH: [5.0]}
    )
    series = build_series(KEYS, LEVELS)
    assert np.isnan(series_of(aggregate(panel, series, LEVELS), "total")[1])
    filled = aggregate(panel.assign(y=panel["y"].fillna(7.0)), series, LEVELS)
    assert series_of(filled, "total") == [2.0, 14.0, 11.0]
    assert np.isnan(series_of(filled, "total", "y_raw")[1])


def test_a_month_null_for_some_series_only_is_an_error():
    panel = bottom_panel(
        {POTS_NORTH: [1.0, np.nan], POTS_SOUTH: [1.0, 2.0], PANS_NORTH: [1.0, 1.0]}
    )
    with pytest.raises(SalesForecastError, match="null for some series only in '2025-02'"):
        aggregate(panel, build_series(KEYS, LEVELS), LEVELS)


def test_a_stranger_in_the_panel_is_an_error():
    panel = bottom_panel({"bottom:Lids/North": [1.0]})
    with pytest.raises(SalesForecastError, match="holds 'bottom:Lids/North'"):
        aggregate(panel, build_series(KEYS, LEVELS), LEVELS)


def test_promotion_is_weighted_by_sales_and_trading_days_are_the_months_own():
    panel = bottom_panel(
        {POTS_NORTH: [30.0, 30.0], POTS_SOUTH: [10.0, 10.0], PANS_NORTH: [0.0, 0.0]},
        promotion={POTS_NORTH: [1.0, 0.0], POTS_SOUTH: [0.0, 0.0], PANS_NORTH: [0.5, 0.5]},
        trading_days={POTS_NORTH: [21, 20], POTS_SOUTH: [21, 20], PANS_NORTH: [21, 20]},
    )
    series = build_series(KEYS, LEVELS)
    whole = aggregate(panel, series, LEVELS)
    assert series_of(whole, "line:Pots", "promotion") == [0.75, 0.0]
    assert series_of(whole, "line:Pans", "promotion") == [0.5, 0.5]  # nothing sold: the plain mean
    assert series_of(whole, "total", "trading_days") == [21, 20]
    future = panel.drop(columns=["y", "y_raw"]).groupby("unique_id").head(1)
    ahead = aggregate(future, series, LEVELS, sold=panel)
    assert series_of(ahead, "line:Pots", "promotion") == [0.75]
    assert len(ahead) == len(series)


def test_sales_of_the_year_that_ends_a_lag_before_weigh_a_promotion():
    panel = bottom_panel(
        {
            POTS_NORTH: [3.0] * 12 + [1.0] * 8,
            POTS_SOUTH: [1.0] * 12 + [3.0] * 8,
            PANS_NORTH: [1.0] * 20,
        },
        promotion={POTS_NORTH: [1.0] * 20, POTS_SOUTH: [0.0] * 20, PANS_NORTH: [0.0] * 20},
    )
    shares = series_of(
        aggregate(panel, build_series(KEYS, LEVELS), LEVELS, lag=2), "line:Pots", "promotion"
    )
    assert shares[:14] == [0.75] * 14  # the 12 months through the first to the twelfth
    assert (
        shares[14] == (11 * 3 + 1) / 48
    )  # those through the thirteenth: eleven of 3 and one of 1, of 4 a month
    assert shares[19] == (6 * 3 + 6 * 1) / 48  # through the eighteenth


def test_a_bottom_that_began_within_the_lag_has_no_weight_and_no_value_is_no_zero():
    panel = bottom_panel(
        {POTS_NORTH: [2.0] * 4, POTS_SOUTH: [50.0] * 2, PANS_NORTH: [1.0] * 4},
        price={
            POTS_NORTH: [10.0, np.nan, 12.0, 14.0],
            POTS_SOUTH: [99.0, 99.0],
            PANS_NORTH: [7.0] * 4,
        },
    )
    whole = aggregate(panel, build_series(KEYS, LEVELS), LEVELS, lag=1)
    prices = series_of(whole, "line:Pots", "price")
    assert prices[0] == 10.0
    assert np.isnan(prices[1])  # the only one there has no price
    assert prices[2] == 12.0  # Pots South began in this month
    assert prices[3] == (6 * 14 + 50 * 99) / 56  # three months of 2, one of 50
    assert series_of(whole, "region:South", "price") == [99.0, 99.0]


def test_where_nothing_was_sold_the_plain_mean_is_of_those_that_were_there():
    panel = bottom_panel(
        {POTS_NORTH: [0.0] * 3, POTS_SOUTH: [5.0], PANS_NORTH: [1.0] * 3},
        price={POTS_NORTH: [10.0, 11.0, 12.0], POTS_SOUTH: [50.0], PANS_NORTH: [7.0] * 3},
    )
    whole = aggregate(panel, build_series(KEYS, LEVELS), LEVELS, lag=2)
    assert series_of(whole, "line:Pots", "price") == [10.0, 11.0, 12.0]


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.floats(0, 100), min_size=10, max_size=10), min_size=3, max_size=3),
    st.integers(1, 6),
    st.integers(1, 4),
)
def test_no_sale_after_a_cutoff_reaches_a_regressor_within_the_lag(sales, through, lag):
    """The future at a cutoff is what the panel says later, whatever was sold since."""
    ids = [POTS_NORTH, POTS_SOUTH, PANS_NORTH]
    promotion = {name: list(np.linspace(0, 1, 10) * (k + 1)) for k, name in enumerate(ids)}
    full = bottom_panel(dict(zip(ids, sales, strict=True)), promotion=promotion)
    full = full[
        full["unique_id"].ne(POTS_SOUTH) | full["ds"].ge(pd.Timestamp("2025-02-01"))
    ]  # one begins later
    series, cutoff = (
        build_series(KEYS, LEVELS),
        pd.Timestamp("2025-01-01") + pd.DateOffset(months=through),
    )
    known, later = (
        full[full["ds"] <= cutoff],
        full[full["ds"] > cutoff].drop(columns=["y", "y_raw"]),
    )
    later = later[later["ds"] <= cutoff + pd.DateOffset(months=lag)]
    then = aggregate(later, series, LEVELS, sold=known, lag=lag).set_index(["unique_id", "ds"])[
        "promotion"
    ]
    now = aggregate(full, series, LEVELS, lag=lag).set_index(["unique_id", "ds"])["promotion"]
    pd.testing.assert_series_equal(now.loc[then.index], then)
    assert len(then) == len(series) * later["ds"].nunique()


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4), min_size=3, max_size=3),
    st.randoms(),
)
def test_the_aggregated_panel_adds_up_and_ignores_the_order_of_rows(values, random):
    panel = bottom_panel(dict(zip([POTS_NORTH, POTS_SOUTH, PANS_NORTH], values, strict=True)))
    series = build_series(KEYS, LEVELS)
    whole = aggregate(panel, series, LEVELS)
    assert coherence_gap(whole, series, LEVELS, value="y") < 1e-12
    shuffled = panel.sample(frac=1, random_state=random.randrange(1000))
    pd.testing.assert_frame_equal(aggregate(shuffled, series, LEVELS), whole)


def test_the_gap_is_relative_and_the_largest():
    series = build_series(KEYS, LEVELS)
    whole = aggregate(
        bottom_panel({POTS_NORTH: [10.0], POTS_SOUTH: [20.0], PANS_NORTH: [70.0]}), series, LEVELS
    )
    assert coherence_gap(whole, series, LEVELS, value="y") == 0.0
    off = whole.assign(y=whole["y"].where(whole["unique_id"].ne("total"), 80.0))
    assert coherence_gap(off, series, LEVELS, value="y") == pytest.approx(0.2)
    assert coherence_gap(whole.query("unique_id != 'total'"), series, LEVELS, value="y") == 1.0
    assert (
        coherence_gap(
            off.assign(y=off["y"].where(off["unique_id"].ne("total"))), series, LEVELS, value="y"
        )
        == np.inf
    )


def test_the_gap_looks_at_each_stage_and_cutoff_apart():
    series = build_series(KEYS, LEVELS)
    whole = aggregate(
        bottom_panel({POTS_NORTH: [10.0], POTS_SOUTH: [20.0], PANS_NORTH: [70.0]}), series, LEVELS
    )
    broken = whole.assign(
        stage="combined", y=whole["y"].where(whole["unique_id"].ne("total"), 50.0)
    )
    both = pd.concat([whole.assign(stage="reconciled"), broken]).rename(columns={"y": "y_hat"})
    assert coherence_gap(both, series, LEVELS) == 0.5
    assert coherence_gap(both.query("stage == 'reconciled'"), series, LEVELS) == 0.0
