"""The difference by volume, mix and price, and by new, kept, pausing and lost customers."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.retrospective.decomposition.price_volume_mix import split_items
from salesfc_lib.retrospective.decomposition.sharing import sales_around
from salesfc_lib.retrospective.facts import read_facts
from tests.retrospective.test_decomposition import JUNE, SERIES, decomposed, month_of, orders

Order = tuple[Any, ...]


def sale(date: str, product: str | None, quantity: int, amount: str, who: str = "Li") -> Order:
    return date, "A", "e", who, product, "Ann", quantity, amount


# a year in which p1 sold at 10 and p2 at 5, twice as much of p1: of a forecast of 150
# p1 has 100 (10 pieces) and p2 has 50 (10 pieces), at 7.50 a piece in this mix
YEAR = [sale("2025-09-01", "p1", 100, "1000.00"), sale("2026-02-01", "p2", 100, "500.00")]
# sold: 12 of p1 at 9 and 4 of p2 at 6, so 16 pieces for 132
SOLD = [sale("2026-06-02", "p1", 12, "108.00"), sale("2026-06-09", "p2", 4, "24.00")]


def effects(transactions: pd.DataFrame, forecast: float = 150.0) -> dict[str, float]:
    table = decomposed({"A/e": forecast}, transactions)["price_volume_mix"]
    return dict(zip(table["cause"], table["effect"], strict=True))


def test_volume_mix_and_price_by_hand() -> None:
    assert effects(orders(*YEAR, *SOLD)) == pytest.approx(
        {
            "volume": (16 - 20) * 7.50,
            "mix": (12 - 16 * 0.5) * 10 + (4 - 16 * 0.5) * 5,
            "price": 12 * (9 - 10) + 4 * (6 - 5),
            "average": 0.0,
            "no_reference": 0.0,
            "no_quantity": 0.0,
        }
    )


def test_steps_lead_from_the_forecast_to_the_actual() -> None:
    table = decomposed({"A/e": 150.0}, orders(*YEAR, *SOLD))["price_volume_mix"]
    assert table["before"].tolist() == pytest.approx([150, 120, 140, 132, 132, 132])
    assert table["after"].tolist() == pytest.approx([120, 140, 132, 132, 132, 132])
    assert table["share"].tolist() == pytest.approx([-30 / -18, 20 / -18, -8 / -18, 0, 0, 0])
    assert table["items"].tolist() == [2, 2, 2, 2, 0, 0]
    facts = read_facts(table["facts"][0])
    assert (facts["planned"], facts["sold"]) == pytest.approx((20, 16))
    dearest = read_facts(table["facts"][2])["largest"][0]
    assert (dearest["product"], dearest["effect"]) == ("p1", pytest.approx(-12))


def test_a_new_product_has_no_reference_price_and_a_step_of_its_own() -> None:
    new = sale("2026-06-20", "p9", 3, "7.70")
    found = effects(orders(*YEAR, *SOLD, new))
    assert found["no_reference"] == pytest.approx(7.70)
    assert found["volume"] == pytest.approx(-30.0)


def test_a_series_of_mostly_new_products_is_one_item_and_counted() -> None:
    new = sale("2026-06-20", "p9", 4, "77.00")
    table = decomposed({"A/e": 150.0}, orders(*YEAR, *SOLD, new))["price_volume_mix"]
    found = table.set_index("cause")["effect"]
    reference, planned, sold = 1500 / 200, 150 / 7.5, 12 + 4 + 4
    assert found["volume"] == pytest.approx((sold - planned) * reference)
    assert found["average"] == pytest.approx(132 + 77 - sold * reference)
    assert (found["mix"], found["price"], found["no_reference"]) == pytest.approx((0, 0, 0))
    assert read_facts(table["facts"][0])["whole"] == 1


def test_a_product_sold_without_a_quantity_is_not_split() -> None:
    bare = sale("2026-06-20", "p2", 0, "10.00")
    found = effects(orders(*YEAR, *SOLD, bare))
    assert found["no_quantity"] == pytest.approx(24 + 10 - 50)
    assert found["volume"] == pytest.approx((12 - 10) * 10)
    assert (found["mix"], found["price"]) == pytest.approx((0, -12))


def test_an_amount_that_is_credited_without_a_quantity_lowers_the_price() -> None:
    credit = orders(sale("2026-06-25", "p1", 0, "-6.00")).assign(kind="adjustment")
    found = effects(pd.concat([orders(*YEAR, *SOLD), credit], ignore_index=True))
    assert found["price"] == pytest.approx(-8 - 6)


def test_a_product_that_nobody_bought_this_month_is_volume_and_mix() -> None:
    found = effects(orders(*YEAR, SOLD[0]))
    assert found["price"] == pytest.approx(-12)
    assert found["volume"] + found["mix"] == pytest.approx((12 - 10) * 10 - 10 * 5)


def test_without_products_the_series_is_the_item() -> None:
    rows = [sale(date, None, n, amount) for date, _, _, _, _, _, n, amount in [*YEAR, *SOLD]]
    found = effects(orders(*rows))
    reference, planned = 1500 / 200, 20
    assert found["volume"] == pytest.approx((16 - planned) * reference)
    assert (found["mix"], found["price"]) == pytest.approx((0, 0))
    assert found["average"] == pytest.approx(132 - 16 * reference)


def test_a_unit_without_quantities_or_forecast_in_pieces_has_no_steps() -> None:
    bare = orders(*YEAR, *SOLD).assign(quantity=0)
    assert decomposed({"A/e": 150.0}, bare)["price_volume_mix"].empty
    in_pieces = decomposed({"A/e": 20.0}, orders(*YEAR, *SOLD), measure="quantity")
    assert in_pieces["price_volume_mix"].empty


def test_items_hold_what_the_steps_sum() -> None:
    transactions = orders(*YEAR, *SOLD, sale("2026-06-20", "p9", 3, "7.70"))
    sales = sales_around(transactions, SERIES, month=JUNE, measure="amount")
    items = split_items(month_of({"A/e": 150.0}, transactions), sales)
    assert items.set_index("product")["state"].to_dict() == {
        "p1": "priced",
        "p2": "priced",
        "p9": "no_reference",
    }
    for name, effect in effects(transactions).items():
        assert math.fsum(items[name]) == pytest.approx(effect)


def months(who: str, *bought: str, amount: str = "100.00") -> list[Order]:
    return [sale(f"{month}-05", "p1", 10, amount, who) for month in bought]


def test_customers_are_new_kept_pausing_or_lost_by_their_own_rhythm() -> None:
    transactions = orders(
        *months("kept", "2026-04", "2026-06"),
        *months("new", "2026-06"),
        *months("monthly", "2026-03", "2026-04", "2026-05"),
        *months("silent", "2026-01", "2026-02", "2026-03"),
        *months("seldom", "2025-07", "2025-12"),
        *months("often", "2025-07", "2025-08", "2025-09", "2025-11"),
        *months("once", "2025-07"),
        *months("back", "2026-06", amount="-5.00"),
    )
    table = decomposed({"A/e": 1400.0}, transactions)["customer_change"].set_index("customer")
    assert table["change"].to_dict() == {
        "kept": "kept",
        "new": "new",
        "monthly": "pausing",  # its first month without a sale
        "silent": "lost",  # April, May and June, where it never missed a month
        "seldom": "pausing",  # one month of five after the first: (4/5)^6 = 26 % are that silent
        "often": "lost",  # three of four: (1/4)^7
        "once": "pausing",  # whether it ever buys again is not known
        "back": "returned",
    }
    assert table.loc["often", ["months", "longest", "silent"]].tolist() == [4, 1, 7]
    assert table.loc["kept", ["months", "silent"]].tolist() == [1, 0]
    assert table.at["monthly", "forecast"] == pytest.approx(1400 * 3 / 14)


def test_a_silence_that_a_customer_had_before_is_a_pause() -> None:
    bought = [f"2025-{month:02}" for month in (6, 7, 8, 9, 10)]
    transactions = orders(*months("Li", *bought, "2026-02"), *months("Wu", "2026-06"))
    table = decomposed({"A/e": 100.0}, transactions)["customer_change"].set_index("customer")
    assert table.loc["Li", ["change", "longest", "silent"]].tolist() == ["lost", 3, 4]
    transactions = orders(*months("Li", *bought, "2026-03"), *months("Wu", "2026-06"))
    table = decomposed({"A/e": 100.0}, transactions)["customer_change"].set_index("customer")
    assert table.loc["Li", ["change", "longest", "silent"]].tolist() == ["pausing", 4, 3]


def test_what_no_customer_by_name_bought_is_a_row_and_a_unit_without_customers_has_none() -> None:
    named, bare = orders(*YEAR, *SOLD), orders(*YEAR, *SOLD).assign(customer=None)
    mixed = pd.concat([named, bare[bare["date"] >= JUNE]], ignore_index=True)
    table = decomposed({"A/e": 150.0}, mixed)["customer_change"]
    unnamed = table[table["customer"].isna()]
    assert unnamed[["change", "forecast", "actual"]].values.tolist() == [["unnamed", 0.0, 132.0]]
    assert decomposed({"A/e": 150.0}, bare)["customer_change"].empty
