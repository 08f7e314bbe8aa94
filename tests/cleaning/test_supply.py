"""What supply is planned with: what rows become, and which are left out, counted and said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.cleaning.clean import Cleaned
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_english
from tests.orders import order, run, save, unit

ORDERS = [
    order("A1", product="p", region="east", quantity="9"),
    order("A2", product="q", region="east", quantity="1", date="2024-12-01"),
    order("A3", product="r", region="west", quantity="4"),
]


def read(
    folder: Path,
    role: str,
    names: str,
    rows: Sequence[Sequence[Any]],
    *,
    measure: dict[str, Any] | None = None,
    **more: Any,
) -> Cleaned:
    """What cleaning leaves of an export whose headers are this project's names."""
    headers = names.split()
    save(folder, "supply", [dict(zip(headers, row, strict=True)) for row in rows])
    source = {"kind": "csv", "role": role, "path": "supply.csv", **more}
    source["columns"] = {name: name for name in headers}
    parameters = unit({"supply": source}, measure=measure or {})
    return run(folder, ORDERS, parameters)


def told(cleaned: Cleaned) -> list[tuple[str, str, int, int]]:
    """Rule, action, number of rows and the first one of what was found in the export."""
    found = cleaned.problems[cleaned.problems["source"].eq("supply")]
    assert all(in_english(reason) for reason in found["reason"])
    return [*found[["rule", "action", "rows", "first_row"]].itertuples(index=False, name=None)]


def test_stock_below_zero_is_none_and_only_the_last_count_of_each_place_stands(
    tmp_path: Path,
) -> None:
    rows = [
        ("2024-11-30", "east", 70),
        ("2024-12-31", "east", -5),
        ("2024-11-30", "west", 8),  # not counted since
        ("2025-03-31", "west", 900),  # after the month is published
    ]
    cleaned = read(tmp_path, "stock", "date region stock", rows)
    assert cleaned.supply["on_hand"].values.tolist() == [
        [pd.Timestamp("2024-12-31"), 0.0, "east"],
        [pd.Timestamp("2024-11-30"), 8.0, "west"],
    ]
    assert told(cleaned) == [
        ("supply_outdated", "noted", 2, 2),
        ("negative_stock", "changed", 1, 3),
    ]


def test_rows_of_products_become_rows_of_the_members_they_belong_to(tmp_path: Path) -> None:
    rows = [("p", 10), ("q", 20), ("r", 7), ("s", 5), ("p", "")]
    cleaned = read(tmp_path, "prices", "product price", rows)
    table = cleaned.supply["price"]
    # of the twelve months through December: nine pieces of p, one of q
    assert dict(zip(table["region"], table["price"], strict=True)) == {"east": 11.0, "west": 7.0}
    assert told(cleaned) == [("supply_member", "dropped", 1, 5), ("supply_blank", "dropped", 1, 6)]
    stock = read(tmp_path, "stock", "product stock", [("p", 10), ("q", 20)]).supply["on_hand"]
    assert stock[["region", "stock"]].values.tolist() == [["east", 30.0]], "pieces are added up"


def test_pieces_are_multiplied_and_prices_divided_by_their_conversion(tmp_path: Path) -> None:
    measure = {"unit_of_measure": "pcs", "conversions": {"box": 12}}
    rows = [("east", 3, "box"), ("west", 5, "PCS"), ("west", 5, "pallet")]
    cleaned = read(tmp_path, "stock", "region stock unit_of_measure", rows, measure=measure)
    assert cleaned.supply["on_hand"]["stock"].tolist() == [36.0, 5.0]
    assert told(cleaned) == [("unit_converted", "changed", 1, 2), ("unit_unknown", "dropped", 1, 4)]
    rows = [("east", 24, "box")]
    cleaned = read(tmp_path, "prices", "region price unit_of_measure", rows, measure=measure)
    assert cleaned.supply["price"]["price"].tolist() == [2.0]


def test_prices_are_those_valid_when_the_forecast_begins(tmp_path: Path) -> None:
    rows = [("east", 10, "2024-01-01"), ("east", 11, "2025-01-01"), ("east", 12, "2025-06-01")]
    cleaned = read(tmp_path, "prices", "region price start", rows)
    assert cleaned.supply["price"]["price"].tolist() == [11.0]


def test_open_orders_are_sales_or_purchases_by_their_kind_or_their_partner(tmp_path: Path) -> None:
    names = "kind due quantity region"
    rows = [("SO", "2025-01-05", 4, "east"), ("PO", "", 6, "east"), ("XX", "", 1, "east")]
    cleaned = read(tmp_path, "open_orders", names, rows, kinds={"SO": "sale", "PO": "purchase"})
    table = cleaned.supply["open_order"]
    assert table["kind"].tolist() == ["sale", "purchase"]
    assert table["due"].isna().tolist() == [False, True]
    assert told(cleaned) == [("supply_kind", "dropped", 1, 4)]
    bought = read(tmp_path, "open_orders", "supplier quantity", [("Wu", 3)]).supply["open_order"]
    assert bought[["kind", "partner"]].values.tolist() == [["purchase", "Wu"]]
    sold = read(tmp_path, "open_orders", "customer quantity", [("Li", 3)]).supply["open_order"]
    assert sold[["kind", "partner"]].values.tolist() == [["sale", "Li"]]


def test_the_slowest_product_is_the_lead_time_of_its_line(tmp_path: Path) -> None:
    rows = [("p", 20, 2, 10, 100), ("q", 45, "", 50, 30), ("r", -1, 1, 1, 1)]
    names = "product days spread minimum shelf_life"
    cleaned = read(tmp_path, "lead_times", names, rows)
    table = cleaned.supply["lead_time"]
    assert table[["days", "spread", "minimum", "shelf_life"]].values.tolist() == [[45, 2, 60, 30]]
    assert told(cleaned) == [("supply_negative", "dropped", 1, 4)]


def test_capacity_holds_for_its_month_or_for_each(tmp_path: Path) -> None:
    rows = [("2025-01", "east", 100), ("", "east", 90)]
    table = read(tmp_path, "capacity", "ds region capacity", rows).supply["capacity"]
    assert table["ds"].isna().tolist() == [False, True]
    assert table["capacity"].tolist() == [100.0, 90.0]


def test_a_unit_without_such_sources_has_no_such_tables(tmp_path: Path) -> None:
    assert run(tmp_path, ORDERS).supply == {}


@pytest.mark.parametrize(
    ("role", "names", "row", "words"),
    [
        ("stock", "region", ("east",), r"supply\.csv' lacks the column 'stock'"),
        ("costs", "region cost", ("east", "dear"), r"Row 2 of 'supply\.csv': `cost` 'dear'"),
        ("prices", "price start", (1, "soon"), r"Row 2 of 'supply\.csv': `start` 'soon' is no"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_file_and_row(
    tmp_path: Path, role: str, names: str, row: Sequence[Any], words: str
) -> None:
    with pytest.raises(SalesForecastError, match=words):
        read(tmp_path, role, names, [row])


def test_purchases_are_kinds_of_open_orders_only() -> None:
    with pytest.raises(ValueError, match="`purchase` is for a source with the role `open_orders`"):
        unit(orders={"kinds": {"PO": "purchase"}})
