"""Who and what made the difference: shares that sum to it to the cent, down to names."""

from __future__ import annotations

import math
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.compare import Past, compare_month
from salesfc_lib.retrospective.decomposition.attribution import attribute, whole_month
from salesfc_lib.retrospective.decomposition.decompose import TABLES, decompose
from salesfc_lib.retrospective.decomposition.drill import drill
from salesfc_lib.retrospective.decomposition.sharing import (
    names_below,
    sales_around,
    share_out,
    sum_by,
    sum_sales,
)

JUNE, MAY = pd.Timestamp("2026-06-01"), pd.Timestamp("2026-05-01")
SERIES = pd.DataFrame(
    {
        "unique_id": ["total", "A/e", "A/w", "B/e", "B/w"],
        "level": ["total", *["bottom"] * 4],
        "label": ["All", "A · e", "A · w", "B · e", "B · w"],
        "line": [None, "A", "A", "B", "B"],
        "region": [None, "e", "w", "e", "w"],
    }
)
IDS = ["A/e", "A/w", "B/e", "B/w"]
NOBODY = pd.DataFrame(columns=["unique_id", "label", "forecast", "actual"])
COLUMNS = ["date", "line", "region", "customer", "product", "salesperson", "quantity", "amount"]


def orders(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Transactions from rows of `COLUMNS`; below zero is a return."""
    frame = pd.DataFrame(rows, columns=COLUMNS)
    kind = ["return" if str(amount).startswith("-") else "sale" for amount in frame["amount"]]
    exact = {name: frame[name].map(lambda v: Decimal(str(v))) for name in ("quantity", "amount")}
    names = {name: frame[name].astype(object) for name in COLUMNS[3:6]}
    return frame.assign(date=pd.to_datetime(frame["date"]), kind=kind, **exact, **names)


def month_of(forecast: dict[str, float], transactions: pd.DataFrame) -> pd.DataFrame:
    """Table `missed` of June: what was forecast, and what the transactions say was sold."""
    june = transactions[transactions["date"] >= JUNE]
    sold = {name: 0.0 for name in IDS}
    for row in june.itertuples():
        sold[f"{row.line}/{row.region}"] += float(row.amount)
    actual = pd.DataFrame({"unique_id": IDS, "ds": JUNE, "y_raw": [sold[name] for name in IDS]})
    rows = pd.DataFrame({"unique_id": [*forecast], "y_hat": [*forecast.values()]})
    rows = rows.assign(ds=JUNE, cutoff=MAY, h=1, stage="reconciled")
    return compare_month(Past(rows, actual, SERIES), month=JUNE)


def decomposed(
    forecast: dict[str, float], transactions: pd.DataFrame, **more: Any
) -> dict[str, pd.DataFrame]:
    given = {"measure": "amount", "silent_months": 3, "gone": NOBODY} | more
    missed = given.pop("missed", None)
    missed = month_of(forecast, transactions) if missed is None else missed
    found = decompose(missed, transactions, SERIES, **given)
    return {name: tables.check(frame, name) for name, frame in found.items()}


def by_member(table: pd.DataFrame, dimension: str) -> dict[Any, tuple[float, float]]:
    """Forecast and actual by member; None for what has none."""
    rows = table[table["dimension"] == dimension]
    members = [None if pd.isna(member) else member for member in rows["member"]]
    return dict(zip(members, zip(rows["forecast"], rows["actual"], strict=True), strict=True))


YEAR = [
    ("2025-07-01", "A", "e", "Li", "p1", "Ann", 30, "300.00"),
    ("2025-12-01", "A", "e", "Wu", "p2", "Ann", 10, "100.00"),
    ("2026-01-01", "B", "w", "Wu", "p3", "Bo", 5, "50.00"),
    ("2026-02-01", "B", "w", "Xu", "p3", None, 5, "50.00"),
]
NOW = [
    ("2026-06-03", "A", "e", "Li", "p1", "Ann", 5, "50.00"),
    ("2026-06-04", "B", "w", "Wu", "p3", "Bo", 2, "20.00"),
    ("2026-06-05", "B", "w", None, "p3", "Bo", 1, "7.50"),
]


def test_a_forecast_goes_to_customers_by_their_sales_of_the_year_before() -> None:
    table = decomposed({"A/e": 80.0, "B/w": 40.0}, orders(*YEAR, *NOW))["attribution"]
    assert by_member(table, "customer") == {
        "Li": (60.0, 50.0),
        "Wu": (20.0 + 20.0, 20.0),
        "Xu": (20.0, 0.0),
        None: (0.0, 7.5),
    }
    assert by_member(table, "salesperson") == {
        "Ann": (80.0, 50.0),
        "Bo": (20.0, 27.5),
        None: (20.0, 0.0),
    }
    assert by_member(table, "line") == {"A": (80.0, 50.0), "B": (40.0, 27.5)}
    assert table.groupby("dimension")["shared"].all().to_dict() == {
        "line": False,
        "region": False,
        "customer": True,
        "product": True,
        "salesperson": True,
    }


def test_a_forecast_of_what_nobody_sold_before_goes_to_nobody() -> None:
    table = decomposed({"A/w": 9.0}, orders(*YEAR, *NOW))["attribution"]
    assert by_member(table, "customer")[None] == (9.0, 7.5)


def test_a_customer_who_returned_more_than_it_bought_has_no_part_of_the_forecast() -> None:
    back = ("2026-03-01", "A", "e", "Wu", "p2", "Ann", -15, "-150.00")
    table = decomposed({"A/e": 80.0}, orders(*YEAR, back, NOW[0]))["attribution"]
    assert by_member(table, "customer")["Li"] == (80.0, 50.0)
    assert "Wu" not in by_member(table, "customer")


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["2025-06-15", "2025-11-02", "2026-05-31", "2026-06-01", "2026-06-30"]),
        st.sampled_from("AB"),
        st.sampled_from("ew"),
        st.sampled_from(["Li", "Wu", "Xu", None]),
        st.sampled_from(["p1", "p2", None]),
        st.sampled_from(["Ann", "Bo", None]),
        st.integers(-50, 100),
        st.decimals(-5000, 20000, places=2),
    ),
    min_size=1,
    max_size=25,
)
FORECASTS = st.dictionaries(
    st.sampled_from(IDS), st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=4
)


def by_loop(
    missed: pd.DataFrame, transactions: pd.DataFrame, column: str
) -> dict[Any, tuple[float, float]]:
    """The same as `attribute` of a column of names, row by row."""
    forecast: dict[Any, float] = defaultdict(float)
    actual: dict[Any, float] = defaultdict(float)
    for series in missed.itertuples():
        own = [row for row in transactions.itertuples() if f"{row.line}/{row.region}" == series[1]]
        year: dict[Any, float] = defaultdict(float)
        for row in own:
            name = getattr(row, column)
            (actual if row.date >= JUNE else year)[name] += float(row.amount)
        year = {name: sold for name, sold in year.items() if sold > 0}
        for name, sold in (year or {None: 1.0}).items():
            forecast[name] += series.forecast * sold / sum(year.values() or [1.0])
    names = {*forecast, *actual}
    return {name: (forecast[name], actual[name]) for name in names}


@settings(max_examples=25)
@given(rows=ROWS, forecast=FORECASTS)
def test_attribution_agrees_with_a_loop_over_rows(
    rows: list[tuple[Any, ...]], forecast: dict[str, float]
) -> None:
    transactions = orders(*rows)
    missed = month_of(forecast, transactions)
    sales = sales_around(transactions, SERIES, month=JUNE, measure="amount")
    names = names_below(sales, SERIES)
    table = attribute(whole_month(missed, SERIES, sum_sales(sales, names)), names)
    for column in ("customer", "product", "salesperson"):
        if transactions[column].isna().all():
            continue
        expected, found = by_loop(missed, transactions, column), by_member(table, column)
        for name, pair in expected.items():
            assert found.get(name, (0.0, 0.0)) == pytest.approx(pair, abs=1e-5)


@settings(max_examples=25)
@given(rows=ROWS, forecast=FORECASTS)
def test_every_decomposition_sums_to_the_difference_to_the_cent(
    rows: list[tuple[Any, ...]], forecast: dict[str, float]
) -> None:
    transactions = orders(*rows)
    missed = month_of(forecast, transactions)
    found = decompose(missed, transactions, SERIES, measure="amount", silent_months=3, gone=NOBODY)
    whole = math.fsum(missed["difference"])
    for _, group in found["attribution"].groupby("dimension"):
        assert math.fsum(group["difference"]) == pytest.approx(whole, abs=1e-3)
    tree = found["drill"].set_index("path")
    assert tree.at["0", "difference"] == pytest.approx(whole, abs=1e-3)
    for parent, children in tree.groupby("parent"):
        for column in ("forecast", "actual", "difference"):
            sums = math.fsum(children[column])
            assert sums == pytest.approx(tree.at[parent, column], abs=1e-3)
    if len(found["price_volume_mix"]):
        effects = math.fsum(found["price_volume_mix"]["effect"])
        assert effects == pytest.approx(-whole, abs=1e-3)
    if len(found["customer_change"]):
        customers = math.fsum(found["customer_change"]["difference"])
        assert customers == pytest.approx(whole, abs=1e-3)


def test_rows_split_twice_sum_to_the_rows_split_once() -> None:
    transactions = orders(*YEAR, *NOW)
    missed = month_of({"A/e": 80.0, "B/w": 40.0}, transactions)
    sales = sales_around(transactions, SERIES, month=JUNE, measure="amount")
    names = names_below(sales, SERIES)
    whole = whole_month(missed, SERIES, sum_sales(sales, names))
    once, twice = whole.split("customer"), whole.split("customer").split("product")
    columns = ["unique_id", "customer", "forecast", "actual"]
    sums = sum_by(twice.rows[columns], columns[:2]).sort_values(columns[:2], ignore_index=True)
    expected = once.rows[columns].sort_values(columns[:2], ignore_index=True)
    pd.testing.assert_frame_equal(sums.fillna(""), expected.fillna(""))


def lost(customer: str = "Li", forecast: float = 100.0) -> tuple[dict[str, float], pd.DataFrame]:
    """A month as forecast but for one customer of A in the east, who buys nothing."""
    names = ["Li", "Wu", "Xu", "Yu", "Zu"]
    year = [
        (f"2026-0{month}-05", line, region, name, f"{line}1", "Ann", 10, "20.00")
        for month in range(1, 6)
        for line, region in ("Ae", "Aw", "Be", "Bw")
        for name in names
    ]
    june = [
        ("2026-06-05", line, region, name, f"{line}1", "Ann", 10, "20.00")
        for line, region in ("Ae", "Aw", "Be", "Bw")
        for name in names
        if (line, region, name) != ("A", "e", customer)
    ]
    return dict.fromkeys(IDS, forecast), orders(*year, *june)


def test_the_path_down_ends_at_the_one_customer_who_bought_nothing() -> None:
    tree = decomposed(*lost())["drill"].set_index("path")
    assert tree.at["0", "difference"] == pytest.approx(20.0)
    path = [tree.loc[at, ["dimension", "member"]].tolist() for at in ("0.1", "0.1.1", "0.1.1.1")]
    assert path == [["line", "A"], ["region", "e"], ["customer", "Li"]]
    assert tree.loc["0.1.1.1", ["difference", "share"]].tolist() == pytest.approx([20.0, 1.0])
    assert tree.loc[["0.1", "0.1.1", "0.1.1.1"], "shared"].tolist() == [False, False, True]
    assert tree.loc["0.1.1.4", ["kind", "members", "difference"]].tolist() == pytest.approx(
        ["rest", 2, 0.0]
    )


def test_where_all_miss_in_proportion_no_dimension_is_opened() -> None:
    transactions = lost(customer="nobody")[1]
    tree = decomposed(dict.fromkeys(IDS, 150.0), transactions)["drill"]
    assert set(tree["dimension"].dropna()).isdisjoint({"line", "region"})


def test_differences_that_cancel_out_are_both_shown_with_what_they_add_up_to() -> None:
    transactions = lost(customer="nobody")[1]
    forecast = {"A/e": 150.0, "A/w": 150.0, "B/e": 50.0, "B/w": 50.0}
    tree = decomposed(forecast, transactions)["drill"].set_index("path")
    assert tree.loc["0", ["difference", "gross"]].tolist() == pytest.approx([0.0, 200.0])
    assert tree.loc[["0.1", "0.2"], "difference"].tolist() == pytest.approx([100.0, -100.0])
    assert tree.loc[["0.1", "0.2"], "share"].isna().all()


def test_a_dimension_that_no_level_uses_is_shared_out_like_a_name() -> None:
    transactions = orders(*YEAR, *NOW).assign(channel=lambda t: t["customer"].isin(["Li"]).map(str))
    series = SERIES.assign(channel=None)
    missed = month_of({"A/e": 80.0}, orders(*YEAR, *NOW))
    sales = sales_around(transactions, series, month=JUNE, measure="amount")
    names = names_below(sales, series)
    assert names == ["channel", "customer", "product", "salesperson"]
    table = attribute(whole_month(missed, series, sum_sales(sales, names)), names)
    assert by_member(table, "channel")["True"] == (60.0, 50.0)


def test_a_first_month_has_every_table_without_rows() -> None:
    found = decomposed({}, orders(*YEAR), missed=tables.empty("missed"))
    assert {name: len(frame) for name, frame in found.items()} == dict.fromkeys(TABLES, 0)
    assert drill(whole_month(tables.empty("missed"), SERIES, pd.DataFrame()), []).empty


def test_the_order_of_rows_changes_nothing() -> None:
    transactions = orders(*YEAR, *NOW)
    shuffled = transactions.sample(frac=1, random_state=3)
    for one, other in zip(
        decomposed({"A/e": 80.0, "B/w": 40.0}, transactions).values(),
        decomposed({"A/e": 80.0, "B/w": 40.0}, shuffled).values(),
        strict=True,
    ):
        pd.testing.assert_frame_equal(one, other)


def test_what_is_left_to_nobody_is_free_of_binary_noise() -> None:
    rows = pd.DataFrame({"unique_id": ["A/e"], "forecast": [0.3], "actual": [0.3]})
    sold = pd.DataFrame({"unique_id": "A/e", "who": [*"abc"], "before": 1.0, "now": 0.1})
    assert share_out(rows, sold, "who")["who"].tolist() == [*"abc"]
