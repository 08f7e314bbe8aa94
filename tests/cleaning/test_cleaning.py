"""Claims about cleaning: the ledger closes under any input, rules follow the unit's definition."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesfc_lib.cleaning.batch.ledger import ledger_gap, total_gap
from salesfc_lib.cleaning.clean import Cleaned, clean, close_month, read_all, standardise
from salesfc_lib.cleaning.closed_months import check_closed, closed_through, find_latest
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words, tables
from salesfc_lib.foundation.parameters import resolve
from tests.conftest import CHECKOUT
from tests.orders import COLUMNS, Row, by_rule, order, run, save
from tests.orders import unit as parameters


def test_the_ledger_of_a_small_export_is_what_one_counts_by_hand(tmp_path: Path) -> None:
    unit = parameters(orders={"key": ["order_id", "line"]})
    cleaned = run(
        tmp_path,
        [
            order("A1", amount="100.10"),
            order("A1", amount="100.10"),
            order("A2", amount="n/a"),
            order("A3", amount="7.05", date="soon"),
            order("A4", amount="-5.00", quantity="-1"),
            order("A5", amount="3", date="2025-01-01"),
        ],
        unit,
    )
    assert by_rule(cleaned) == {
        "opening": (6, Decimal(9), Decimal("205.25")),
        "unreadable": (2, Decimal(4), Decimal("7.05")),
        "duplicate": (1, Decimal(2), Decimal("100.10")),
        "after_month": (1, Decimal(2), Decimal("3")),
        "kept": (2, Decimal(1), Decimal("95.10")),
    }
    assert cleaned.transactions["kind"].tolist() == ["sale", "return"]
    assert cleaned.quarantine[["row", "rule", "reason"]].map(in_words).values.tolist() == [
        [4, "unreadable", "amount is blank"],
        [5, "unreadable", "date 'soon' is no date"],
    ]
    assert '"order_id": "A2"' in cleaned.quarantine["content"][0]
    unreadable = cleaned.ledger[cleaned.ledger["rule"].eq("unreadable")]
    assert "counts 0" in in_words(unreadable["reason"].iloc[0])
    assert unreadable["month"].tolist()[0] == pd.Timestamp("2024-06-01")
    assert pd.isna(unreadable["month"].tolist()[1])


def test_amounts_stay_exact_where_floats_would_not(tmp_path: Path) -> None:
    cleaned = run(tmp_path, [order(f"A{place}", amount="0.1") for place in range(10)])
    assert by_rule(cleaned)["kept"][2] == Decimal("1.0")
    tables.write(cleaned.transactions, tmp_path, "transactions")
    assert tables.read(tmp_path, "transactions")["amount"].tolist() == [Decimal("0.1")] * 10


messy_amounts = st.sampled_from(
    ["100.005", "1,234.50", "-3", "(4.4)", "x", "", "0", "９９.10", "1e5"]
)
messy_dates = st.sampled_from(
    [
        "2024-05-31",
        "2024/6/1",
        "2024年7月9日",
        "20240810",
        "",
        "2024-02-30",
        "2025-03-01",
        "9999-12-31",
    ]
)
messy_orders = st.builds(
    order,
    st.sampled_from(["A1", "A2", ""]),
    messy_dates,
    messy_amounts,
    quantity=st.sampled_from(["1", "-1", "", "two"]),
    region=st.sampled_from(["east", "", "old"]),
    kind=st.sampled_from(["销售", "退货", "?"]),
    discount=st.sampled_from(["1.005", "", "0"]),
)
definitions = st.fixed_dictionaries(
    {
        "returns": st.sampled_from(["month_of_return", "month_of_sale", "apart"]),
        "tax": st.sampled_from(["excluded", "included"]),
        "discounts": st.sampled_from(["net", "gross"]),
    }
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(messy_orders, min_size=1, max_size=8),
    definitions,
    st.booleans(),
    st.sampled_from(["2024-05", "2024-12"]),
)
def test_opening_is_kept_plus_every_rule_under_any_input(
    tmp_path: Path, rows: list[Row], measure: Mapping[str, str], positive: bool, month: str
) -> None:
    unit = parameters(
        orders={
            "key": ["order_id", "line"],
            "columns": {**COLUMNS, "kind": "kind", "discount": "discount"},
            "kinds": {"销售": "sale", "退货": "return"},
            "returns_are_positive": positive,
            "tax": "included",
            "tax_rate": "0.13",
            "discounts": "gross",
            "decimal": ".",
        },
        measure=measure,
        renames={"region": {"old": "west"}},
    )
    rows = [order("A0", "2024-05-01", kind="销售", discount="0"), *rows]
    cleaned = run(tmp_path, rows, unit, month)
    gap = ledger_gap(cleaned.ledger)
    assert not gap[["rows", "quantity", "amount"]].ne(0).any().any()
    assert by_rule(cleaned)["opening"][0] == len(rows)
    assert (
        len(cleaned.quarantine)
        == cleaned.ledger.merge(cleaned.quarantine[["rule"]].drop_duplicates())["rows"].sum()
    )
    kept = cleaned.transactions
    assert by_rule(cleaned)["kept"] == (
        len(kept),
        sum(kept["quantity"], Decimal(0)),
        sum(kept["amount"], Decimal(0)),
    )
    assert cleaned.transactions["date"].max() < pd.Timestamp(month) + pd.offsets.MonthBegin(1)
    assert not (
        cleaned.transactions["kind"].eq("return") & cleaned.transactions["amount"].gt(0)
    ).any()


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.permutations([order(f"A{place}", f"2024-0{place}-01", str(place)) for place in range(1, 8)])
)
def test_the_order_of_rows_changes_no_sum(tmp_path: Path, rows: list[Row]) -> None:
    columns = ["rule", "month", "rows", "quantity", "amount"]
    ledger = run(tmp_path, rows).ledger[columns]
    assert (
        ledger.values.tolist()
        == run(tmp_path, sorted(rows, key=lambda row: row["date"])).ledger[columns].values.tolist()
    )


def test_a_month_is_the_same_whether_it_is_cleaned_alone_or_from_shared_work(
    tmp_path: Path,
) -> None:
    save(tmp_path, "orders", [order(f"A{month}", f"2024-{month:02}-01") for month in range(1, 13)])
    unit = parameters()
    shared = standardise(unit, read_all(unit, tmp_path))
    for month in ("2024-03", "2024-11"):
        alone, again = clean(unit, tmp_path, month), close_month(shared, unit, month)
        pd.testing.assert_frame_equal(alone.transactions, again.transactions)
        pd.testing.assert_frame_equal(alone.ledger, again.ledger)
        assert len(alone.transactions) == int(month[-2:])


def test_a_tampered_ledger_shows_its_gap(tmp_path: Path) -> None:
    ledger = run(tmp_path, [order(), order("A2")]).ledger.copy()
    assert total_gap(ledger) == {"rows": 0, "quantity": 0, "amount": 0}
    ledger.loc[ledger["rule"].eq("kept"), "amount"] = [Decimal("199.99")]
    assert total_gap(ledger)["amount"] == Decimal("0.01")


def test_tax_comes_off_at_the_sources_scale_half_to_even(tmp_path: Path) -> None:
    unit = parameters(orders={"tax": "included", "tax_rate": "0.25"})
    cleaned = run(
        tmp_path,
        [order("A1", amount="113.00"), order("A2", amount="0.05"), order("A3", amount="0.0125")],
        unit,
    )
    assert cleaned.transactions["amount"].tolist() == [
        Decimal("90.4000"),
        Decimal("0.0400"),
        Decimal("0.0100"),
    ]
    halves = parameters(orders={"tax": "excluded", "tax_rate": "0.5"}, measure={"tax": "included"})
    cleaned = run(
        tmp_path,
        [order("A1", amount="0.01"), order("A2", amount="0.03"), order("A3", amount="-0.01")],
        halves,
    )
    assert cleaned.transactions["amount"].tolist() == [
        Decimal("0.02"),
        Decimal("0.04"),
        Decimal("-0.02"),
    ]  # 0.015, 0.045, -0.015
    assert by_rule(cleaned)["tax"] == (0, Decimal(0), Decimal("-0.01"))


def test_a_discount_makes_a_sale_and_its_return_smaller(tmp_path: Path) -> None:
    unit = parameters(orders={"discounts": "gross", "columns": {**COLUMNS, "discount": "discount"}})
    rows = [
        order("A1", discount="10.5"),
        order("A2", discount=""),
        order("A3", amount="-100", quantity="-2", discount="10.5"),
    ]
    cleaned = run(tmp_path, rows, unit)
    assert cleaned.transactions["amount"].tolist() == [
        Decimal("89.50"),
        Decimal("100.00"),
        Decimal("-89.5"),
    ]
    with pytest.raises(SalesForecastError, match="lacks the column 'discount'"):
        run(tmp_path, rows, parameters(orders={"discounts": "gross"}))


def test_returns_without_a_sign_get_one_and_an_undeclared_one_is_set_aside(tmp_path: Path) -> None:
    kinds = {"columns": {**COLUMNS, "kind": "kind"}, "kinds": {"sale": "sale", "back": "return"}}
    rows = [
        order("A1", kind="sale"),
        order("A2", kind="back", amount="30"),
        order("A3", kind="gift"),
    ]
    declared = run(tmp_path, rows, parameters(orders={**kinds, "returns_are_positive": True}))
    assert declared.transactions["amount"].tolist() == [Decimal("100.00"), Decimal("-30")]
    assert by_rule(declared)["return_sign"] == (0, Decimal(4), Decimal(60))
    assert "'gift' is not among 'sale', 'back'" in in_words(declared.quarantine["reason"][0])
    undeclared = run(tmp_path, rows, parameters(orders=kinds))
    assert undeclared.quarantine["rule"].tolist() == ["return_sign_unclear", "unreadable"]


def test_a_key_with_other_values_is_set_aside_and_an_incomplete_key_is_none(tmp_path: Path) -> None:
    unit = parameters(orders={"key": ["order_id", "line"]})
    cleaned = run(
        tmp_path, [order(), order(amount="7"), order(), order(line=""), order(line="")], unit
    )
    assert cleaned.quarantine[["row", "rule"]].values.tolist() == [[3, "key_conflict"]]
    assert by_rule(cleaned)["duplicate"][0] == 1
    assert len(cleaned.transactions) == 3
    assert len(run(tmp_path, [order(), order()]).transactions) == 2, (
        "without a declared key nothing is a duplicate"
    )


def test_renamed_and_missing_members_are_counted_and_change_no_value(tmp_path: Path) -> None:
    unit = parameters(
        renames={"region": {"south": "the south"}}, key_accounts={"members": ["Wang"]}
    )
    cleaned = run(
        tmp_path,
        [order(region="south"), order("A2", region=" "), order("A3", customer="Wang")],
        unit,
    )
    assert cleaned.transactions["region"].tolist() == ["the south", "unknown", "east"]
    assert cleaned.transactions["key_account"].tolist() == ["other", "other", "Wang"]
    remarks = cleaned.ledger[cleaned.ledger["rule"].isin(["renamed", "unknown_member"])]
    assert remarks[["rows", "amount"]].values.tolist() == [[0, Decimal(0)], [0, Decimal(0)]]
    assert remarks["reason"].map(in_words).tolist() == [
        "1 row: region 'south' is now 'the south'",
        "1 row: no region: counted under 'unknown'",
    ]


DATED = {
    "kind": "csv",
    "role": "returns",
    "path": "returns.csv",
    "join": {"order_id": "ref"},
    "returns_are_positive": True,
    "columns": {"date": "date", "quantity": "quantity", "amount": "amount"},
}
BACK = [
    {"quantity": "1", "ref": ref, "date": date, "amount": amount}
    for ref, date, amount in (
        ("A1", "2024-08-05", "40"),
        ("A9", "2024-08-06", "9"),
        ("A2", "", "5"),
        ("A8", "", "8"),
    )
]
SOLD = [order("A1", "2024-06-03"), order("A2", "2024-07-04", region="west")]


def monthly(cleaned: Cleaned, kind: str = "return") -> dict[str, Decimal]:
    rows = cleaned.transactions[cleaned.transactions["kind"].eq(kind)]
    return {
        str(month): sum(part["amount"], Decimal(0))
        for month, part in rows.groupby(rows["date"].dt.strftime("%Y-%m"))
    }


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("month_of_return", {"2024-07": Decimal(-5), "2024-08": Decimal(-49)}),
        (
            "month_of_sale",
            {"2024-06": Decimal(-40), "2024-07": Decimal(-5), "2024-08": Decimal(-9)},
        ),
        ("apart", {}),
    ],
)
def test_returns_count_in_the_month_that_the_definition_says(
    tmp_path: Path, definition: str, expected: dict[str, Decimal]
) -> None:
    save(tmp_path, "returns", BACK)
    cleaned = run(tmp_path, SOLD, parameters({"returns": DATED}, measure={"returns": definition}))
    assert monthly(cleaned) == expected
    assert cleaned.quarantine[["source", "row", "rule"]].values.tolist() == [
        ["returns", 5, "undated_return_without_sale"]
    ]
    remark = cleaned.ledger[cleaned.ledger["rule"].eq("return_without_sale")]
    assert remark["reason"].map(in_words).tolist() == [
        "1 row: the sale is not in the export: kept in its own month"
    ]
    separate = cleaned.removed["rule"].eq("returns_apart").sum()
    assert separate == (3 if definition == "apart" else 0)
    if definition != "apart":
        rows = cleaned.transactions.set_index(["source", "row"])
        assert rows.loc[("returns", 4), "region"] == "west", (
            "a return has its sale's members where it brings none"
        )
        assert rows.loc[("returns", 3), "region"] == "unknown"


def test_a_return_is_not_known_before_its_own_day(tmp_path: Path) -> None:
    save(tmp_path, "returns", BACK)
    unit = parameters({"returns": DATED}, measure={"returns": "month_of_sale"})
    assert monthly(run(tmp_path, SOLD, unit, "2024-07")) == {"2024-07": Decimal(-5)}


def test_a_notice_takes_back_every_line_of_its_order_and_leaves_other_units_alone(
    tmp_path: Path,
) -> None:
    notice = {"kind": "csv", "role": "returns", "path": "returns.csv", "join": {"order_id": "ref"}}
    rows = [
        order("A1", "2024-06-03"),
        order("A1", "2024-06-03", "0.50", line="2"),
        order("A2"),
        order("B1", unit="other"),
    ]
    save(tmp_path, "returns", [{"ref": name} for name in ("A1", "B1", "A1", "Z9")])
    unit = parameters({"returns": notice}, orders={"where": {"unit": "mine"}})
    cleaned = run(tmp_path, [{"unit": "mine", **row} for row in rows], unit)
    returns = cleaned.transactions[cleaned.transactions["kind"].eq("return")]
    assert returns[["source", "row", "quantity", "amount"]].values.tolist() == [
        ["orders", 2, Decimal(-2), Decimal("-100.00")],
        ["orders", 3, Decimal(-2), Decimal("-0.50")],
    ]
    assert by_rule(cleaned)["returned_order"] == (-2, Decimal(4), Decimal("100.50"))
    assert by_rule(cleaned)["expanded"] == (1, Decimal(0), Decimal(0))
    assert cleaned.quarantine[["row", "rule"]].values.tolist() == [
        [4, "repeated_return"],
        [5, "notice_without_sale"],
    ]
    reason = cleaned.ledger.loc[cleaned.ledger["rule"].eq("returned_order"), "reason"].iloc[0]
    assert "hindsight" in in_words(reason)


def test_a_lookup_adds_columns_and_a_repeated_key_in_it_is_refused(tmp_path: Path) -> None:
    people = {
        "kind": "csv",
        "role": "lookup",
        "path": "people.csv",
        "join": {"region": "area"},
        "columns": {"salesperson": "person"},
    }
    save(tmp_path, "people", [{"area": "east", "person": "Ann"}, {"area": "west", "person": "Bo"}])
    cleaned = run(tmp_path, [order(), order("A2", region="north")], parameters({"people": people}))
    tables.write(cleaned.transactions, tmp_path, "transactions")
    assert tables.read(tmp_path, "transactions")["salesperson"].tolist() == ["Ann", None]
    save(tmp_path, "people", [{"area": "east", "person": "Ann"}, {"area": "east", "person": "Bo"}])
    with pytest.raises(
        SalesForecastError,
        match=r"people\.csv' has 2 rows that repeat the key \(area\), e\.g\. 'east'",
    ):
        run(tmp_path, [order()], parameters({"people": people}))


SUBTOTALS = [
    order("A1", amount="1.10"),
    order("A2", amount="2.20"),
    {"customer": "小计", "quantity": "4", "amount": "3.30"},
    order("A3", amount="4"),
    {"customer": "小计", "quantity": "", "amount": "4.00"},
    {"customer": "合计", "quantity": "6", "amount": "7.3"},
]


def test_subtotals_are_dropped_once_they_are_proven(tmp_path: Path) -> None:
    unit = parameters(orders={"subtotals": ["小计", "合计"]}, cleaning={"loss_budget": 0.0})
    cleaned = run(tmp_path, SUBTOTALS, unit)
    assert by_rule(cleaned)["subtotal"] == (3, Decimal(10), Decimal("14.60"))
    assert by_rule(cleaned)["kept"] == (3, Decimal(6), Decimal("7.30"))


@pytest.mark.parametrize(
    ("row", "change"),
    [(2, {"amount": "3.31"}), (2, {"quantity": "5"}), (5, {"amount": "7.31"}), (4, {"amount": ""})],
)
def test_a_subtotal_that_does_not_equal_its_parts_stops_the_unit(
    tmp_path: Path, row: int, change: Row
) -> None:
    rows = [{**old, **change} if place == row else old for place, old in enumerate(SUBTOTALS)]
    with pytest.raises(
        SalesForecastError, match=rf"subtotal in row {row + 2} of 'orders\.csv' says .* make"
    ):
        run(tmp_path, rows, parameters(orders={"subtotals": ["小计", "合计"]}))


TWICE = [
    order("A1", line="1", amount="1.10"),
    order("A1", line="2", amount="2.20"),
    order("A1", line="2", amount="2.20"),
]


@pytest.mark.parametrize("total", [("4", "3.30"), ("6", "5.50")])
def test_subtotals_are_proven_with_repeated_rows_or_without(
    tmp_path: Path, total: tuple[str, str]
) -> None:
    rows = [*TWICE, {"customer": "小计", "quantity": total[0], "amount": total[1]}]
    cleaned = run(tmp_path, rows, parameters(orders={"key": ["order_id", "line"]}))
    assert by_rule(cleaned)["kept"] == (2, Decimal(4), Decimal("3.30"))


def test_without_a_key_the_error_names_the_way_out_and_it_leads_out(tmp_path: Path) -> None:
    rows = [*TWICE, {"customer": "小计", "quantity": "4", "amount": "3.30"}]
    with pytest.raises(SalesForecastError, match="declare the source's `key`: without its 1 rows"):
        run(tmp_path, rows)
    rows[-1]["quantity"] = "5"
    with pytest.raises(SalesForecastError, match=r"the words that do mark sums") as error:
        run(tmp_path, rows)
    assert "`key`" not in str(error.value)
    cleaned = run(tmp_path, rows, parameters(orders={"subtotals": []}))
    assert by_rule(cleaned)["kept"] == (3, Decimal(6), Decimal("5.50"))


def running(*figures: str) -> list[Row]:
    """A month's two lines, its total and the running total of each figure."""
    lines = [order("A1", amount="2"), order("A2", amount="3")]
    total = {"customer": "Total", "quantity": "4", "amount": "5"}
    return [
        row
        for figure in figures
        for row in (*lines, total, {"customer": "YTD", "quantity": "", "amount": figure})
    ]


def test_running_totals_since_january_are_understood_also_where_the_file_starts_later(
    tmp_path: Path,
) -> None:
    for figures in (["5", "10", "15"], ["105", "110"], ["5", "10", "5"], ["105"]):
        cleaned = run(tmp_path, running(*figures))
        assert by_rule(cleaned)["kept"][0] == 2 * len(figures)
    for figures in (["105", "111"], ["5", "11"]):
        with pytest.raises(SalesForecastError, match="The subtotal in row"):
            run(tmp_path, running(*figures))


def test_losses_above_the_budget_stop_the_unit_with_counts_and_the_first_rows(
    tmp_path: Path,
) -> None:
    rows = [order(f"A{place}", amount="1") for place in range(97)] + [
        order(f"B{place}", amount="?") for place in range(3)
    ]
    words = r"3 of 100 rows \(3\.0 %\).*orders row 99: amount '\?' is no number.*2\.0%.*loss_budget"
    with pytest.raises(SalesForecastError, match=words):
        run(tmp_path, rows, parameters(cleaning={"loss_budget": 0.02}))
    assert len(run(tmp_path, rows, parameters(cleaning={"loss_budget": 0.03})).quarantine) == 3
    few = [
        *(order(f"A{place}", amount="1") for place in range(99)),
        order("B", date="?", amount="50"),
    ]
    with pytest.raises(SalesForecastError, match=r"50 of 149 absolute amount \(33\.6 %\)"):
        run(tmp_path, few, parameters(cleaning={"loss_budget": 0.02}))


def test_a_unit_without_rows_names_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(
        SalesForecastError, match=r"no row of this unit in 'orders\.csv' where region = 'nort'"
    ):
        run(tmp_path, [order()], parameters(orders={"where": {"region": "nort"}}))
    with pytest.raises(
        SalesForecastError, match="no row through 2024-05; the first is of 2024-06-03"
    ):
        run(tmp_path, [order()], month="2024-05")


def test_a_month_that_is_not_closed_is_refused_with_both_months(tmp_path: Path) -> None:
    unit = parameters(calendar={})
    rows = [order(f"A{day}", f"2024-0{1 + day % 6}-10") for day in range(60)] + [
        order("B", "2024-07-02"),
        order("C", "2025-07-02"),
    ]
    with pytest.raises(SalesForecastError, match="month 2024-07 is not closed.*through 2024-06"):
        run(tmp_path, rows, unit, "2024-07")
    cleaned = run(tmp_path, rows, unit, "2024-06")
    assert (cleaned.closed, cleaned.latest) == ("2024-06", pd.Timestamp("2024-07-02"))
    assert by_rule(cleaned)["after_month"][0] == 2


def test_the_gate_counts_months_after_a_gap_but_no_stray_dates() -> None:
    full = [f"2024-{month:02}-15" for month in (1, 2, 4, 5) for _ in range(20)]
    assert find_latest(pd.to_datetime(pd.Series([*full, "2024-08-01"]))) == pd.Timestamp(
        "2024-05-15"
    )
    assert find_latest(pd.to_datetime(pd.Series(["2024-06-01", *full]))) == pd.Timestamp(
        "2024-06-01"
    )
    assert find_latest(pd.to_datetime(pd.Series([], dtype=object))) is pd.NaT
    assert closed_through(parameters(calendar={}), pd.Timestamp("2024-06-01")) == "2024-05"
    assert closed_through(parameters(), pd.Timestamp("2024-06-01")) == "2024-12"
    check_closed("2024-05", "2024-05")


def test_rows_of_several_files_stay_apart_and_content_that_did_not_fit_is_kept(
    tmp_path: Path,
) -> None:
    for year in (2023, 2024):
        save(tmp_path, f"orders_{year}", [order(f"A{year}", f"{year}-06-03")])
    with (tmp_path / "orders_2024.csv").open("a", encoding="utf-8") as file:
        file.write("one,field,too,few\n")
    cleaned = clean(parameters(orders={"path": "orders_*.csv"}), tmp_path, "2024-12")
    labels = ["orders: orders_2023.csv", "orders: orders_2024.csv"]
    assert cleaned.transactions[["source", "row"]].values.tolist() == [
        [label, 2] for label in labels
    ]
    assert cleaned.quarantine[["source", "row", "rule", "content"]].values.tolist() == [
        ["orders: orders_2024.csv", 3, "misfit", '"one,field,too,few"']
    ]
    assert by_rule(cleaned)["misfit"] == (1, Decimal(0), Decimal(0))
    assert [file["rows"] for file in cleaned.files] == [1, 2]


def test_a_dimension_that_no_source_brings_is_an_error(tmp_path: Path) -> None:
    unit = parameters(dimensions=["region", "channel"], levels={"total": []})
    with pytest.raises(SalesForecastError, match="`dimensions`.*lacks the column 'channel'"):
        run(tmp_path, [order()], unit)


def side_source(role: str, **columns: str) -> dict[str, Any]:
    return {"kind": "csv", "role": role, "path": "extra.csv", "columns": columns}


PROMOTIONS = side_source("promotions", name="name", start="from", end="to", region="region")


def test_side_tables_are_read_by_their_contracts_and_the_month(tmp_path: Path) -> None:
    save(
        tmp_path,
        "extra",
        [{"name": "双十一", "from": "2024-11-01", "to": "2024/11/11", "region": "old"}],
    )
    promoted = run(
        tmp_path, [order()], parameters({"extra": PROMOTIONS}, renames={"region": {"old": "east"}})
    )
    named = ["name", "start", "end", "region"]
    assert promoted.promotion[named].values.tolist() == [
        ["双十一", pd.Timestamp("2024-11-01"), pd.Timestamp("2024-11-11"), "east"]
    ]
    save(tmp_path, "extra", [{"m": "2024年5月", "n": "1,000.00"}, {"m": "2024-07-31", "n": "5"}])
    stocked = run(
        tmp_path,
        [order()],
        parameters({"extra": side_source("inventory", ds="m", stock="n")}),
        "2024-06",
    )
    assert stocked.inventory.drop(columns="value").values.tolist() == [
        [pd.Timestamp("2024-05-01"), 1000.0, 0.0]
    ], "later snapshots are not seen"
    assert stocked.inventory["value"].isna().all(), "no column says what the stock is worth"
    source = {"extra": side_source("opportunities", ds="m", amount="n")}
    planned = run(tmp_path, [order()], parameters(source), "2024-06")
    assert planned.files[-1]["source"] == "extra", "recorded, and nothing is computed from it"


def test_targets_are_read_with_what_they_are_set_by_and_months_after_the_run(
    tmp_path: Path,
) -> None:
    rows = [
        {"m": "2024年5月", "who": "Li", "r": "old", "n": "1.5"},
        {"m": "2024-05", "who": "Li", "r": "east", "n": "2"},
        {"m": "2024-07-31", "who": "", "r": "", "n": "3"},
        {"m": "2024-08", "who": "Wu", "r": "east", "n": ""},
    ]
    save(tmp_path, "extra", rows)
    source = side_source("targets", ds="m", target="n", region="r", salesperson="who")
    source |= {"units": {"target": "wan"}}
    unit = parameters({"extra": source}, renames={"region": {"old": "east"}})
    found = run(tmp_path, [order()], unit, "2024-06").target
    assert found.columns.tolist() == ["ds", "target", "region", "salesperson"]
    assert found.astype(object).where(found.notna(), None).values.tolist() == [
        [pd.Timestamp("2024-05-01"), 35_000.0, "east", "Li"],
        [pd.Timestamp("2024-07-01"), 30_000.0, None, None],
        [pd.Timestamp("2024-08-01"), None, "east", "Wu"],
    ], "members that are one now add up, a blank target is none"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("", "5")], r"Row 2 of 'extra\.csv': `ds` is blank"),
        ([("2024-05", "5"), ("soon", "5")], r"Row 3 of 'extra\.csv': `ds` 'soon' is no"),
        ([("2024-05", "many")], r"Row 2 of 'extra\.csv': `target` 'many' is no number"),
        ([("2024-05", "5")] * 2, r"'extra\.csv'.*rows 2, 3.*repeat the key \(ds\)"),
    ],
)
def test_a_target_that_cannot_be_read_is_an_error_with_file_and_row(
    tmp_path: Path, rows: list[tuple[str, str]], words: str
) -> None:
    save(tmp_path, "extra", [{"m": month, "n": target} for month, target in rows])
    unit = parameters({"extra": side_source("targets", ds="m", target="n")})
    with pytest.raises(SalesForecastError, match=words):
        run(tmp_path, [order()], unit)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [("a", "2024-01-01", "2024-01-02")] * 2,
            r"extra\.csv'.*rows 2, 3.*repeat the key \(name, start\)",
        ),
        ([("a", "2024-01-01", "soon")], r"Row 2 of 'extra\.csv': `end` 'soon' is no date"),
        (
            [("a", "2024-01-05", "2024-01-01")],
            r"Row 2 of 'extra\.csv': 'a' ends 2024-01-01, before it starts",
        ),
        ([("", "2024-01-01", "2024-01-01")], r"Row 2 of 'extra\.csv': `name` is blank"),
    ],
)
def test_a_wrong_row_of_a_companion_is_an_error_with_file_and_row(
    tmp_path: Path, rows: list[tuple[str, ...]], words: str
) -> None:
    save(
        tmp_path,
        "extra",
        [{"name": name, "from": start, "to": end, "region": ""} for name, start, end in rows],
    )
    with pytest.raises(SalesForecastError, match=words):
        run(tmp_path, [order()], parameters({"extra": PROMOTIONS}))


def test_a_database_gives_the_same_transactions_as_the_same_csv(tmp_path: Path) -> None:
    rows = [order("A1"), order("A2", amount="12.5"), order("A3", date="2024/7/9")]
    from_csv = run(tmp_path, rows)
    with sqlite3.connect(tmp_path / "orders.sqlite") as connection:
        pd.DataFrame(rows).to_sql("sales", connection, index=False)
    from_sql = clean(
        parameters(orders={"kind": "sql", "path": "orders.sqlite", "table": "sales"}),
        tmp_path,
        "2024-12",
    )
    columns = [column for column in from_csv.transactions if column != "row"]
    pd.testing.assert_frame_equal(
        from_csv.transactions[columns], from_sql.transactions[columns], check_categorical=False
    )


def find_superstore() -> Path:
    root = Path(os.environ.get("SALESFC_DATA") or CHECKOUT.parent / "shared" / "data")
    if not (root / "superstore" / "Sample - Superstore.xls").is_file():
        pytest.skip(f"the Superstore workbook is not under '{root}' (set SALESFC_DATA)")
    return root


@pytest.mark.real
@pytest.mark.parametrize(
    ("unit", "opening", "returned", "orders"),
    [
        ("west", "725457.8245", "107483.0575", 189),
        ("east", "678781.2400", "41705.1440", 44),
        ("central", "501239.8908", "14006.9794", 39),
        ("south", "391721.9050", "17309.0970", 24),
    ],
)
def test_superstore_closes_to_the_cent(
    monkeypatch: pytest.MonkeyPatch, unit: str, opening: str, returned: str, orders: int
) -> None:
    """The expected figures are sums over the workbook's CSV edition, joined with Returns."""
    monkeypatch.setenv("SALESFC_DATA", str(find_superstore()))
    project = CHECKOUT / "examples" / "superstore"
    cleaned = clean(resolve(project, unit).parameters, project, "2017-11")
    rules = by_rule(cleaned)
    assert rules["returned_order"][2] == Decimal(returned)
    assert rules["expanded"][0] == orders
    assert cleaned.ledger.loc[cleaned.ledger["rule"].eq("opening"), "amount"].sum() == Decimal(
        opening
    )
    assert rules["kept"][2] == Decimal(opening) - Decimal(returned) - rules["after_month"][2]
    assert cleaned.closed == "2017-11"
    assert cleaned.transactions["salesperson"].nunique() == 1
    assert cleaned.quarantine.empty
