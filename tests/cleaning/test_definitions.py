"""Claims about definitions: an amount and a quantity hold exactly what the unit says."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesfc_lib.cleaning.batch.ledger import ledger_gap
from salesfc_lib.cleaning.rules.implausible import find_usual
from salesfc_lib.cleaning.rules.measures import multiply_each, read_tax_rates
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.schema import Parameters
from tests.orders import Row, amounts, by_rule, order, run, save, unit

BILLED = {"columns": {"currency": "cur"}}
RATES = {"USD": {"2024-01-01": "7.1", "2024-06-04": "7.2"}, "EUR": "7.75"}


def billed(measure: Mapping[str, Any] | None = None, **orders: Any) -> Parameters:
    return unit(
        orders={**BILLED, **orders}, measure={"currency": "CNY", "rates": RATES, **(measure or {})}
    )


def test_amounts_are_converted_at_the_latest_rate_of_their_day_and_keep_what_they_were(
    tmp_path: Path,
) -> None:
    rows = [
        order("A1", "2024-06-03", "100", cur="USD"),
        order("A2", "2024-06-04", "100", cur="usd"),
        order("A3", "2024-06-30", "0.05", cur="美元"),
        order("A4", "2023-01-01", "2", cur="€"),
        order("A5", amount="9.99", cur="人民币"),
    ]
    cleaned = run(tmp_path, rows, billed())
    assert amounts(cleaned) == [
        Decimal(text) for text in ("710.00", "720.00", "0.36", "15.50", "9.99")
    ]
    kept = cleaned.transactions
    assert kept["amount_original"].tolist() == [
        Decimal(text) for text in ("100", "100", "0.05", "2", "9.99")
    ]
    assert kept["currency"].tolist() == ["USD", "USD", "USD", "EUR", "CNY"]
    assert by_rule(cleaned)["currency"] == (0, 0, Decimal("212.04") - Decimal("1455.85"))


def test_a_converted_amount_is_rounded_half_to_even(tmp_path: Path) -> None:
    rows = [
        order(f"A{place}", amount=amount, cur="USD")
        for place, amount in enumerate(("0.01", "0.03", "-0.03", "0.05"))
    ]
    cleaned = run(tmp_path, rows, billed({"rates": {"USD": "0.5"}}))
    assert amounts(cleaned) == [Decimal(text) for text in ("0.00", "0.02", "-0.02", "0.02")]


def test_rates_may_come_from_a_source_and_two_of_one_day_are_refused(tmp_path: Path) -> None:
    table = {
        "kind": "csv",
        "role": "rates",
        "path": "rates.csv",
        "columns": {"currency": "币种", "date": "生效日", "rate": "汇率"},
    }
    save(tmp_path, "rates", [{"币种": "USD", "生效日": "2024-06-01", "汇率": "7.25"}])
    parameters = unit({"rates": table}, orders=BILLED, measure={"currency": "CNY"})
    assert amounts(run(tmp_path, [order(amount="4", cur="USD")], parameters)) == [Decimal("29.00")]
    both = unit(
        {"rates": table},
        orders=BILLED,
        measure={"currency": "CNY", "rates": {"USD": {"2024-06-01": "7.3"}}},
    )
    with pytest.raises(SalesForecastError, match=r"USD \(2024-06-01\) is both 7\.25 and 7\.3"):
        run(tmp_path, [order(amount="4", cur="USD")], both)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (order(cur="JPY"), r"rate to 'CNY', first orders row 3: 'JPY' \(2024-06-03\)"),
        (order(date="2023-12-31", cur="USD"), r"orders row 3: 'USD' \(2023-12-31\)"),
        (order(cur=""), "orders row 3: no currency at all"),
    ],
)
def test_a_missing_rate_stops_the_unit_and_names_row_and_currency(
    tmp_path: Path, row: Row, words: str
) -> None:
    with pytest.raises(SalesForecastError, match=words):
        run(tmp_path, [order("A0", cur="CNY"), row], billed())
    assert (
        len(run(tmp_path, [order("A0", cur="CNY"), {**row, "amount": "0"}], billed()).transactions)
        == 2
    ), "nothing to convert"


def test_currencies_that_nobody_declares_are_not_added_up(tmp_path: Path) -> None:
    rows = [order(cur="USD"), order("A2", cur="CNY")]
    with pytest.raises(SalesForecastError, match=r"several currencies \('USD', 'CNY'\)"):
        run(tmp_path, rows, unit(orders=BILLED))
    assert amounts(run(tmp_path, rows[:1], unit(orders=BILLED))) == [Decimal(100)]
    assert amounts(
        run(
            tmp_path,
            [order(amount="2")],
            unit(orders={"currency": "USD"}, measure={"currency": "CNY", "rates": {"USD": 7}}),
        )
    ) == [14]


PACKED = {"columns": {"unit_of_measure": "uom"}}


def packed(**measure: Any) -> Parameters:
    return unit(orders=PACKED, measure={"unit_of_measure": "pcs", **measure})


def test_quantities_are_converted_exactly_and_keep_what_they_were(tmp_path: Path) -> None:
    rows = [
        order("A1", uom="箱"),
        order("A2", uom="ＰＣＳ"),
        order("A3", quantity="3", uom="g"),
        order("A4", quantity="-1", amount="-50", uom="箱"),
    ]
    cleaned = run(tmp_path, rows, packed(conversions={"箱": 12, "g": "0.001"}))
    assert cleaned.transactions["quantity"].tolist() == [
        Decimal(text) for text in ("24", "2", "0.003", "-12")
    ]
    assert cleaned.transactions["quantity_original"].tolist() == [2, 2, 3, -1]
    assert by_rule(cleaned)["unit_of_measure"] == (0, Decimal("6") - Decimal("14.003"), Decimal(0))


def test_a_products_own_conversion_goes_before_that_of_the_unit(tmp_path: Path) -> None:
    save(tmp_path, "factors", [{"u": "箱", "p": "", "f": "12"}, {"u": "箱", "p": "tea", "f": "40"}])
    columns = {"unit": "u", "product": "p", "factor": "f"}
    table = {"kind": "csv", "role": "conversions", "path": "factors.csv", "columns": columns}
    parameters = unit({"factors": table}, orders=PACKED, measure={"unit_of_measure": "pcs"})
    cleaned = run(
        tmp_path, [order("A1", uom="箱"), order("A2", uom="箱", product="tea")], parameters
    )
    assert cleaned.transactions["quantity"].tolist() == [24, 80]


def test_a_missing_conversion_stops_the_unit_and_names_row_and_unit(tmp_path: Path) -> None:
    with pytest.raises(
        SalesForecastError,
        match=r"1 lines have no conversion to 'pcs', first orders row 3: '托盘' \(p\)",
    ):
        run(tmp_path, [order(uom="pcs"), order("A2", uom="托盘")], packed(conversions={"箱": 12}))
    with pytest.raises(SalesForecastError, match=r"several units of measure \('pcs', '箱'\)"):
        run(
            tmp_path,
            [order(uom="pcs"), order("A2", uom="箱")],
            unit(orders=PACKED, measure={"value": "quantity"}),
        )


def test_the_tax_of_a_line_is_exact_and_a_rate_may_be_written_in_any_way(tmp_path: Path) -> None:
    own = unit(orders={"tax": "included", "columns": {"tax_amount": "tax"}})
    rows = [
        order("A1", amount="113.01", tax="13.00"),
        order("A2", amount="-113.01", tax="-13.00"),
        order("A3", amount="5", tax=""),
    ]
    assert amounts(run(tmp_path, rows, own)) == [Decimal("100.01"), Decimal("-100.01"), 5]
    rates = unit(orders={"tax": "included", "columns": {"tax_rate": "rate"}, "tax_rate": "0.13"})
    rows = [
        order("A1", amount="113.00", rate="13%"),
        order("A2", amount="106", rate="6％"),
        order("A3", amount="7", rate="免税"),
        order("A4", amount="226", rate=""),
        order("A5", amount="8", rate="?"),
    ]
    cleaned = run(tmp_path, rows, rates)
    assert amounts(cleaned) == [100, 100, 7, 200]
    assert cleaned.quarantine[["row", "rule", "reason"]].map(in_words).values.tolist() == [
        [6, "unreadable", "tax_rate '?' is no rate"]
    ]
    with pytest.raises(SalesForecastError, match="have tax included.*nothing says how much"):
        run(tmp_path, rows, unit(orders={"tax": "included"}))


@pytest.mark.parametrize(
    ("texts", "rates"),
    [
        (["1", "0.5"], ["0.01", "0.005"]),  # one of 1 is in percent, and so are all
        (["0.99", "0.5"], ["0.99", "0.5"]),
        (["13%", "0.06"], ["0.13", "0.06"]),  # a sign speaks for its own cell alone
        (["-13%", "-0.5", "0"], [None, None, "0"]),
    ],
)
def test_rates_without_a_sign_are_in_percent_from_one_on_and_never_negative(
    texts: list[str], rates: list[str | None]
) -> None:
    assert read_tax_rates(texts) == [rate and Decimal(rate) for rate in rates]


def test_freight_is_taken_out_or_put_in_as_the_unit_says(tmp_path: Path) -> None:
    rows = [
        order("A1", amount="110", freight="10"),
        order("A2", amount="-105", quantity="-2", freight="5"),
        order("A3", freight=""),
    ]
    held = unit(orders={"freight": "included", "columns": {"freight": "freight"}})
    cleaned = run(tmp_path, rows, held)
    assert amounts(cleaned) == [100, -100, 100]
    assert by_rule(cleaned)["freight"] == (0, 0, 5)
    apart = unit(orders={"columns": {"freight": "freight"}}, measure={"freight": "included"})
    assert amounts(run(tmp_path, rows, apart)) == [120, -110, 100]
    with pytest.raises(SalesForecastError, match="lacks the column 'freight'"):
        run(tmp_path, rows, unit(measure={"freight": "included"}))


def test_discount_then_freight_then_tax_then_currency(tmp_path: Path) -> None:
    orders = {
        "discounts": "gross",
        "freight": "included",
        "tax": "included",
        "tax_rate": "0.25",
        "columns": {"discount": "discount", "freight": "freight", "currency": "cur"},
    }
    parameters = unit(orders=orders, measure={"currency": "CNY", "rates": {"USD": 8}})
    cleaned = run(
        tmp_path, [order(amount="145.00", discount="10", freight="10", cur="USD")], parameters
    )
    assert amounts(cleaned) == [(145 - 10 - 10) * 100 // 125 * 8]
    assert cleaned.transactions["amount_original"].tolist() == [100]


def test_a_discount_in_percent_is_taken_off_exactly(tmp_path: Path) -> None:
    orders = {"discounts": "gross", "columns": {"discount": "d"}, "units": {"discount": "percent"}}
    cleaned = run(
        tmp_path,
        [order("A1", amount="99.99", d="12.5%"), order("A2", d="10"), order("A3", d="")],
        unit(orders=orders),
    )
    assert amounts(cleaned) == [Decimal("87.49125"), 90, 100]
    net = unit(orders={**orders, "discounts": "net"}, measure={"discounts": "gross"})
    assert amounts(run(tmp_path, [order("A1", amount="90", d="10%")], net)) == [100]


@pytest.mark.parametrize(
    ("definition", "rows", "rule"), [("in", 3, (0, 0, 0)), ("out", 1, (2, 5, 0))]
)
def test_samples_count_in_pieces_and_are_told_apart(
    tmp_path: Path, definition: str, rows: int, rule: tuple[int, ...]
) -> None:
    sold = [order(), order("A2", amount="0.00"), order("A3", amount="0", quantity="3")]
    cleaned = run(tmp_path, sold, unit(measure={"samples": definition}))
    assert len(cleaned.transactions) == rows
    assert by_rule(cleaned)["sample"] == rule
    reason = cleaned.ledger.loc[cleaned.ledger["rule"].eq("sample"), "reason"].iloc[0]
    assert definition == "out" or "2 rows, quantity 5" in in_words(reason)
    only = unit(orders={"columns": {}}, measure={"samples": "out"})
    assert len(run(tmp_path, [order(quantity="0", amount="0")], only).transactions) == 1, (
        "without pieces there is no sample"
    )


def test_sales_within_the_company_are_out_unless_the_unit_has_them_in(tmp_path: Path) -> None:
    rows = [
        order(),
        order("A2", customer="East warehouse"),
        order("A3", customer="East warehouse", amount="-100", quantity="-2"),
    ]
    named = {"own_company": {"customer": ["East warehouse"]}}
    out = run(tmp_path, rows, unit(measure=named))
    assert by_rule(out)["within_company"] == (2, 0, 0)
    assert len(out.transactions) == 1
    counted = run(tmp_path, rows, unit(measure={**named, "within_company": "in"}))
    tags = counted.transactions["within_company"].astype(object)
    assert tags.where(tags.notna(), "").tolist() == ["", "yes", "yes"]
    with pytest.raises(SalesForecastError, match="own_company.*lacks the column 'house'"):
        run(tmp_path, rows, unit(measure={"own_company": {"house": ["x"]}}))


CANCELLING = {"columns": {"reference": "ref"}}


def cancelled(cleaned: Any) -> list[int]:
    removed = cleaned.removed
    return sorted(removed.loc[removed["rule"].eq("cancelled"), "row"].tolist())


def test_a_line_and_its_cancellation_leave_and_the_new_bill_stays(tmp_path: Path) -> None:
    rows = [
        order("A1"),
        order("C1", "2024-06-05", "-100.00", quantity="-2", ref="A1"),
        order("B1", "2024-06-05", "90", ref="A1"),
        order("A2"),
        order("C2", "2024-06-05", "-50", quantity="-1", ref="A2"),
        order("C9", "2024-06-05", "-7", quantity="-1", ref="A9"),
    ]
    cleaned = run(tmp_path, rows, unit(orders=CANCELLING))
    assert cancelled(cleaned) == [2, 3]
    assert by_rule(cleaned)["cancelled"] == (2, 0, 0)
    assert amounts(cleaned) == [90, 100, -50, -7], (
        "a partial cancellation and one without its sale stay as returns"
    )
    noted = cleaned.ledger[cleaned.ledger["rule"].eq("return_without_sale")]
    assert noted["reason"].map(in_words).tolist() == [
        "1 row: the sale is not in the export: kept in its own month"
    ]


def test_a_cancellation_is_not_known_before_its_day(tmp_path: Path) -> None:
    rows = [
        order("A1"),
        order("C1", "2024-08-05", "-100.00", quantity="-2", ref="A1"),
        order("A2", "2024-08-01"),
    ]
    assert amounts(run(tmp_path, rows, unit(orders=CANCELLING), "2024-07")) == [100]
    assert amounts(run(tmp_path, rows, unit(orders=CANCELLING), "2024-08")) == [100]
    assert cancelled(run(tmp_path, rows, unit(orders=CANCELLING), "2024-08")) == [2, 3]


def test_goods_that_came_back_cancel_nothing(tmp_path: Path) -> None:
    orders = {
        "columns": {"reference": "ref", "kind": "kind"},
        "kinds": {"sale": "sale", "back": "return"},
    }
    rows = [
        order("A1", kind="sale"),
        order("R1", "2024-07-05", "-100.00", quantity="-2", ref="A1", kind="back"),
    ]
    assert amounts(run(tmp_path, rows, unit(orders=orders))) == [100, -100]


def test_a_document_is_cancelled_as_a_whole_where_the_sums_are_exactly_nothing(
    tmp_path: Path,
) -> None:
    rows = [
        order("A1", amount="60"),
        order("A1", amount="40", line="2"),
        order("C1", amount="-100", quantity="-4", ref="A1"),
    ]
    assert cancelled(run(tmp_path, [*rows, order("A2")], unit(orders=CANCELLING))) == [2, 3, 4]
    near = [*rows[:2], {**rows[2], "amount": "-99.99"}]
    assert cancelled(run(tmp_path, near, unit(orders=CANCELLING))) == []
    with pytest.raises(
        SalesForecastError, match="no row through 2024-12; the first is of 2024-06-03"
    ):
        run(tmp_path, rows, unit(orders=CANCELLING))


def test_a_cancellation_is_converted_as_what_it_cancels(tmp_path: Path) -> None:
    orders = {"columns": {"reference": "ref", "currency": "cur"}}
    parameters = unit(orders=orders, measure={"currency": "CNY", "rates": RATES})
    rows = [
        order("A1", "2024-06-03", cur="USD"),
        order("C1", "2024-06-05", "-100.00", quantity="-2", ref="A1", cur="USD"),
    ]
    cleaned = run(tmp_path, [*rows, order("A2", cur="CNY")], parameters)
    assert by_rule(cleaned)["cancelled"] == (2, 0, 0)


def kept_in_any_order(
    folder: Path, rows: list[Row], parameters: Parameters
) -> list[tuple[str, Decimal]]:
    """Customers and amounts of the lines that are kept, the same in any order of the rows."""
    every = []
    for mixed in permutations(rows):
        kept = run(folder, list(mixed), parameters).transactions
        every.append(
            sorted(
                zip(
                    kept["customer"].astype(str) + kept["date"].dt.strftime(" %m-%d"),
                    kept["amount"],
                    strict=True,
                )
            )
        )
    assert all(kept == every[0] for kept in every)
    return every[0]


def test_what_a_cancellation_cancels_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    cancelling = order("C1", "2024-06-05", "-100.00", quantity="-2", customer="b", ref="A1")
    two = [order("A1", customer="a"), order("A1", customer="b"), cancelling]
    assert kept_in_any_order(tmp_path, two, unit(orders=CANCELLING)) == [("a 06-03", 100)], (
        "the same customer's goes first"
    )
    others = [{**row, "customer": name} for row, name in zip(two, "abc", strict=True)]
    others[1]["region"] = "a region before east"
    assert len(kept_in_any_order(tmp_path, others, unit(orders=CANCELLING))) == 1
    days = [order("A1", "2024-06-04"), order("A1", "2024-06-02"), {**cancelling, "customer": "Li"}]
    assert kept_in_any_order(tmp_path, days, unit(orders=CANCELLING)) == [("Li 06-04", 100)], (
        "the earliest goes first"
    )


def test_the_sale_that_a_return_takes_back_does_not_depend_on_the_order_of_rows(
    tmp_path: Path,
) -> None:
    rows = [
        order("A1", "2024-06-04"),
        order("A1", "2024-06-02", "50"),
        order("A1", "2024-07-05", "-100.00", quantity="-2"),
    ]
    kept = kept_in_any_order(tmp_path, rows, unit(measure={"returns": "month_of_sale"}))
    assert kept == [("Li 06-02", -100), ("Li 06-02", 50), ("Li 06-04", 100)], (
        "that of the earliest sale"
    )


def ordinary(count: int, seed: int = 1) -> list[Row]:
    """A wide price list: each product at its price, discounts and quantities of every size."""
    dice = np.random.default_rng(seed)
    rows = []
    for place in range(count):
        product = int(dice.integers(5))
        price = round(10.0 ** (product - 1) * dice.uniform(0.6, 1.4), 2)
        quantity = int(dice.lognormal(2, 1)) + 1
        rows.append(
            order(
                f"A{place}",
                product=f"p{product}",
                quantity=str(quantity),
                amount=f"{price * quantity:.2f}",
            )
        )
    return rows


def flagged(cleaned: Any) -> pd.DataFrame:
    return cleaned.problems[cleaned.problems["rule"].eq("implausible")]


def test_an_ordinary_wide_price_list_is_left_alone(tmp_path: Path) -> None:
    for seed in range(3):
        cleaned = run(tmp_path, ordinary(600, seed))
        assert flagged(cleaned).empty, seed
        assert "implausible" not in by_rule(cleaned)


def test_sales_with_their_signs_the_other_way_round_stop_the_unit_until_it_is_said(
    tmp_path: Path,
) -> None:
    rows = [order(f"A{at}", amount="10.00 CR") for at in range(20)]
    rows += [order("A20", amount="40.00 DR", quantity="-1")]
    with pytest.raises(SalesForecastError, match=r"20 of 20 sales .*credit: positive"):
        run(tmp_path, rows)
    told = run(tmp_path, rows, unit(orders={"credit": "positive"}))
    assert by_rule(told)["kept"][2] == 160


def test_implausible_lines_are_flagged_and_not_changed(tmp_path: Path) -> None:
    odd = [
        order("X1", product="p2", quantity="5", amount="-50.00"),
        order("X2", product="p2", quantity="5000000", amount="50000000"),
        order("X3", product="p2", quantity="4", amount="40000"),
        order("X4", product="p2", quantity="4", amount="0"),
    ]
    cleaned = run(tmp_path, [*odd, *ordinary(600)])
    assert flagged(cleaned)["rows"].sum() == 3
    assert amounts(cleaned)[:4] == [Decimal("-50.00"), 50000000, 40000, 0]
    assert by_rule(cleaned)["implausible"] == (0, 0, 0)
    wide = unit(
        cleaning={"loss_budget": 1.0, "implausible": {"price_factor": 1e9, "quantity_factor": 1e9}}
    )
    assert flagged(run(tmp_path, [*odd, *ordinary(600)], wide))["rows"].sum() == 1, (
        "a negative price is no question of degree"
    )


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-20, 40)), min_size=1, max_size=60))
def test_what_is_usual_is_the_median_to_an_eighth_of_a_doubling(
    values: list[tuple[int, float]],
) -> None:
    product = np.array([group for group, _ in values])
    logs = np.array([value for _, value in values])
    usual = find_usual(logs, product, 4)
    for group in range(4):
        own = np.sort(logs[product == group])
        assert usual.lines[group] == len(own)
        if len(own):
            assert (
                own[(len(own) - 1) // 2] - 1 / 8
                <= usual.median[group]
                <= own[len(own) // 2] + 1 / 8
            )


@given(st.lists(st.integers(-(2**70), 2**70)), st.integers(-(2**40), 2**40))
def test_products_are_exact_however_large(units: list[int], factor: int) -> None:
    kind = np.int64 if all(abs(unit) < 2**63 for unit in units) else object
    found = multiply_each(np.array(units, dtype=kind), np.full(len(units), factor))
    assert [int(value) for value in found] == [unit * factor for unit in units]


def test_a_unit_that_the_title_states_has_to_be_declared(tmp_path: Path) -> None:
    header = "date,order_id,line,customer,product,region,quantity,amount"
    text = f"销售明细,,,,,,,\n单位：万元,,,,,,,\n{header}\n2024-06-03,A1,1,Li,p,east,2,1.25\n"
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    from salesfc_lib.cleaning.clean import clean

    with pytest.raises(
        SalesForecastError,
        match=r"'orders\.csv' states a unit in '单位：万元', .*10,000; .*'orders' declares none",
    ):
        clean(unit(), tmp_path, "2024-12")
    assert amounts(clean(unit(orders={"units": {"amount": "wan"}}), tmp_path, "2024-12")) == [12500]
    with pytest.raises(SalesForecastError, match="says 1000"):
        clean(unit(orders={"units": {"amount": "thousand"}}), tmp_path, "2024-12")


measures = st.fixed_dictionaries(
    {
        "returns": st.sampled_from(["month_of_return", "month_of_sale", "apart"]),
        "discounts": st.sampled_from(["net", "gross"]),
        "tax": st.sampled_from(["excluded", "included"]),
        "freight": st.sampled_from(["excluded", "included"]),
        "samples": st.sampled_from(["in", "out"]),
        "within_company": st.sampled_from(["in", "out"]),
        "currency": st.sampled_from(["CNY", "USD"]),
        "unit_of_measure": st.sampled_from(["pcs", "箱"]),
    }
)
definitions = measures.map(
    lambda measure: {
        **measure,
        "own_company": {"customer": ["us"]},
        "rates": {
            "USD": "7.123",
            "EUR": {"2024-01-01": "7.8", "2024-06-15": "7.9"},
            "CNY": "0.1404",
        },
        "conversions": {"箱": "12", "pcs": "0.5"},
    }
)
lines = st.builds(
    order,
    st.sampled_from(["A1", "A2", "A3"]),
    st.sampled_from(["2024-05-31", "2024-06-01", "2024-06-20", "2025-01-01", "soon"]),
    st.sampled_from(["100.05", "-100.05", "33.333", "0", "x"]),
    quantity=st.sampled_from(["1", "-1", "0", "7"]),
    customer=st.sampled_from(["us", "them"]),
    discount=st.sampled_from(["1.005", "", "0"]),
    freight=st.sampled_from(["3.1", "", "0"]),
    cur=st.sampled_from(["CNY", "USD", "EUR"]),
    uom=st.sampled_from(["pcs", "箱"]),
    ref=st.sampled_from(["", "A1", "A2", "A9"]),
)
EVERYTHING = {
    "discounts": "gross",
    "tax": "included",
    "tax_rate": "0.13",
    "freight": "included",
    "columns": {
        **{name: name for name in ("discount", "freight")},
        **{"currency": "cur", "unit_of_measure": "uom", "reference": "ref"},
    },
}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, min_size=1, max_size=8), definitions, st.randoms())
def test_nothing_is_lost_under_any_definition_and_in_any_order_of_rows(
    tmp_path: Path, rows: list[Row], measure: Mapping[str, Any], dice: Any
) -> None:
    parameters = unit(orders=EVERYTHING, measure=measure)
    rows = [
        order(
            "A0",
            "2024-05-01",
            discount="0",
            freight="0",
            cur="CNY",
            uom="pcs",
            ref="",
            customer="them",
        ),
        *rows,
    ]
    cleaned = run(tmp_path, rows, parameters)
    assert not ledger_gap(cleaned.ledger)[["rows", "quantity", "amount"]].ne(0).any().any()
    kept = cleaned.transactions
    assert by_rule(cleaned)["kept"] == (
        len(kept),
        sum(kept["quantity"], Decimal(0)),
        sum(kept["amount"], Decimal(0)),
    )
    assert by_rule(cleaned).get("cancelled", (0, 0, 0))[1:] == (0, 0)
    mixed = [rows[0], *dice.sample(rows[1:], len(rows) - 1)]
    columns = ["rule", "month", "rows", "quantity", "amount"]
    again = run(tmp_path, mixed, parameters).ledger[columns]
    assert sorted(map(str, again.values.tolist())) == sorted(
        map(str, cleaned.ledger[columns].values.tolist())
    )


def test_an_amount_of_more_than_18_digits_is_refused_with_its_column(tmp_path: Path) -> None:
    rows = [order(amount="0.001"), order("A2", amount="9999999999999999.99")]
    with pytest.raises(
        SalesForecastError,
        match=r"Column 'amount' of source 'orders' holds 9999999999999999\.990: 19 digits",
    ):
        run(tmp_path, rows)
    rows = [order(amount="0.01"), order("A2", amount="9999999999999999.99")]
    assert amounts(run(tmp_path, rows)) == [Decimal("0.01"), Decimal("9999999999999999.99")]
    with pytest.raises(SalesForecastError, match="A sum holds .* At most 18 digits"):
        many = [order(f"A{place}", amount="9999999999999999.99") for place in range(12)]
        run(tmp_path, many)


def test_a_declared_spelling_of_nothing_is_blank_and_the_columns_after_it_are_read(
    tmp_path: Path,
) -> None:
    rows = [order(customer="N.N."), order("A2")]
    cleaned = run(tmp_path, rows, unit(orders={"nulls": {"customer": ["N.N."]}}))
    assert cleaned.transactions["customer"].isna().tolist() == [True, False]
    assert cleaned.transactions["product"].tolist() == ["p", "p"]
    issue = cleaned.problems.set_index("rule").loc["null_spelling"]
    assert issue[["column", "rows", "first_row"]].tolist() == ["customer", 1, 2]
