"""Amounts that an export does not have: quantity times price, exactly, or the row's reason."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from salesfc_lib.cleaning.clean import Cleaned, clean
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.schema import Parameters, Source
from tests.orders import by_rule, order, save, unit


def sell(folder: Path, *sold: tuple[str, str, str], **orders: Any) -> Cleaned:
    """What cleaning leaves of orders, quantities and prices."""
    tree = unit().model_dump(exclude_unset=True)
    source = tree["sources"]["orders"]
    del source["columns"]["amount"]
    source |= {"amount": "quantity * price", **orders}
    source["columns"]["price"] = "price"
    rows = [order(one, quantity=quantity, price=price) for one, quantity, price in sold]
    save(folder, "orders", [{name: row[name] for name in row if name != "amount"} for row in rows])
    return clean(Parameters.model_validate(tree), folder, "2024-12")


def test_amounts_are_exact_to_the_last_decimal(tmp_path: Path) -> None:
    found = sell(tmp_path, ("A1", "3", "0.105"), ("A2", "2.5", "1.1"), ("A3", "-1", "0.3"))
    assert found.transactions["amount"].tolist() == [*map(Decimal, ("0.315", "2.75", "-0.3"))]
    assert found.transactions["kind"].tolist() == ["sale", "sale", "return"]


def test_a_row_without_a_price_or_a_quantity_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    found = sell(tmp_path, ("A1", "3", ""), ("A2", "", "2"), ("A3", "x", "2"), ("A4", "2", "2"))
    assert found.quarantine["reason"].map(in_words).tolist() == [
        "price is blank",
        "quantity is blank",
        "quantity 'x' is no number",
    ]
    assert by_rule(found)["kept"] == (1, Decimal(2), Decimal(4))


def test_tax_is_taken_off_calculated_amounts_too(tmp_path: Path) -> None:
    found = sell(tmp_path, ("A1", "2", "11.30"), tax="included", tax_rate="0.13")
    assert found.transactions["amount"].tolist() == [Decimal(20)]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"quantity": "q"}, r"needs \['price'\] among `columns`"),
        ({"quantity": "q", "price": "p", "amount": "a"}, "beside a column of amounts"),
    ],
)
def test_what_an_amount_is_made_of_has_to_be_mapped(columns: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Source(kind="csv", path="x.csv", columns=columns, amount="quantity * price")


def test_a_number_too_large_to_count_in_is_named(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match="An amount of source 'orders' holds 1000000"):
        sell(tmp_path, ("A1", "1000000000000", "1000000000000"))


def test_returns_without_amounts_take_off_their_sales_price_without_its_tax(tmp_path: Path) -> None:
    returns = {
        "kind": "csv",
        "role": "returns",
        "path": "returns.csv",
        "columns": {name: name for name in ("date", "order_id", "product", "quantity")},
        "returns_are_positive": True,
    }
    taxed = {"tax": "included", "tax_rate": "0.13"}
    save(tmp_path, "returns", [order("A1", "2024-07-01", quantity="1", amount="")])
    save(tmp_path, "orders", [order("A1", quantity="2", amount="226.00")])
    found = clean(unit({"returns": returns}, orders=taxed), tmp_path, "2024-12").transactions
    assert found["amount"].tolist() == [Decimal(200), Decimal(-100)]
