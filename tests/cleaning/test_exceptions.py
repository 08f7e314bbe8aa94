"""Claims about records: cells before and after, and rows that a person keeps from a rule."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.cleaning.clean import clean
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.schema import Parameters

NAMES = ("date", "order_id", "line", "product", "region", "kind", "quantity", "amount", "discount")
COLUMNS = {name: name for name in (*NAMES, "currency", "unit_of_measure", "reference", "customer")}
NOTICES = {"kind": "csv", "role": "returns", "path": "returns.csv", "join": {"order_id": "ref"}}
BACK = {
    "kind": "csv",
    "role": "returns",
    "path": "back.csv",
    "join": {"order_id": "ref"},
    "columns": {"date": "date", "amount": "amount"},
}
MEASURE = {
    "currency": "CNY",
    "rates": {"USD": {"2020-01-01": "7.123"}},
    "unit_of_measure": "pc",
    "conversions": {"box": 12},
    "own_company": {"customer": ["We"]},
}

Row = Mapping[str, Any]


def order(
    order_id: str = "A1", date: str = "2024-06-03", amount: str = "113.00", **more: Any
) -> Row:
    base = {
        "date": date,
        "order_id": order_id,
        "line": "1",
        "product": "p",
        "region": "east",
        "kind": "sale",
    }
    measures = {
        "quantity": "2",
        "amount": amount,
        "discount": "0.50",
        "currency": "CNY",
        "unit_of_measure": "pc",
    }
    return {**base, **measures, "reference": "", "customer": "Li", **more}


def unit(**more: Any) -> Parameters:
    orders = {
        "kind": "csv",
        "path": "orders.csv",
        "columns": COLUMNS,
        "key": ["order_id", "line"],
        "tax": "included",
        "tax_rate": "0.13",
        "discounts": "gross",
        "returns_are_positive": True,
    }
    tree = {
        "sources": {"orders": orders, "notices": NOTICES, "back": BACK},
        "dimensions": ["region"],
        "calendar": {"closed_through": "2024-12"},
        "levels": {"total": [], "region": ["region"]},
        "measure": MEASURE,
        "cleaning": {"loss_budget": 1.0},
        "renames": {
            "region": {"old": "west"},
            "product": {"p": [{"to": "q", "from": "2024-06-01"}]},
        },
    }
    return Parameters.model_validate({**tree, **more})


def save(
    folder: Path, orders: list[Row], notices: list[Row] | None = None, back: list[Row] | None = None
) -> None:
    for name, rows in {
        "orders": orders,
        "returns": notices or [{"ref": "none"}],
        "back": back or [{"ref": "none", "date": "", "amount": ""}],
    }.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)


KEEP = {
    "source": "orders",
    "row": 3,
    "rule": "duplicate",
    "author": "Li",
    "reason": "two deliveries on one paper",
}


def test_a_row_that_a_person_keeps_is_left_alone_and_it_is_said(tmp_path: Path) -> None:
    save(tmp_path, [order(), order(), order(region="old")])
    entries = [KEEP, {**KEEP, "row": 4, "rule": "renamed"}, {**KEEP, "row": 2}]
    cleaned = clean(unit(cleaning={"loss_budget": 1.0, "keep": entries}), tmp_path, "2024-12")
    assert cleaned.transactions["row"].tolist() == [2, 3]
    kept = cleaned.problems[cleaned.problems["rule"].eq("keep")]
    assert kept[["source", "column", "action", "rows"]].values.tolist() == [
        ["orders", "duplicate, row 3", "noted", 1],
        ["orders", "renamed, row 4", "noted", 0],
        ["orders", "duplicate, row 2", "noted", 0],
    ]
    assert (
        in_words(kept["reason"].tolist()[0])
        == "the rule 'duplicate' leaves it alone: two deliveries on one paper (Li)"
    )
    assert "does not touch this row" in in_words(kept["reason"].tolist()[2])


def test_a_change_is_left_out_for_the_row_that_is_kept(tmp_path: Path) -> None:
    save(tmp_path, [order(region="old"), order("A2", region="old")])
    entries = [{**KEEP, "row": 2, "rule": "renamed"}]
    cleaned = clean(unit(cleaning={"loss_budget": 1.0, "keep": entries}), tmp_path, "2024-12")
    assert cleaned.transactions["region"].tolist() == ["old", "west"]
    assert cleaned.transactions["product"].tolist() == ["p", "q"], (
        "the rule as a whole leaves the row alone"
    )


def test_a_row_that_nobody_could_read_is_not_kept(tmp_path: Path) -> None:
    save(tmp_path, [order(), order("A2", amount="x")])
    with pytest.raises(
        SalesForecastError, match=r"keeps row 3 of 'orders' from the rule 'unreadable', but amount"
    ):
        clean(
            unit(cleaning={"loss_budget": 1.0, "keep": [{**KEEP, "rule": "unreadable"}]}),
            tmp_path,
            "2024-12",
        )


def test_every_row_and_every_changed_cell_is_on_record(tmp_path: Path) -> None:
    rows = [order(), order(), order("A2", "2024-05-02", region="old"), order("A3", amount="x")]
    save(tmp_path, rows, [{"ref": "A2"}])
    cleaned = clean(unit(), tmp_path, "2024-12")
    orders = cleaned.removed[cleaned.removed["source"].eq("orders")]
    assert orders[["row", "rule"]].values.tolist() == [[5, "unreadable"], [3, "duplicate"]]
    assert orders["amount"].tolist() == [Decimal(0), Decimal("113.00")], "as they were when taken"
    sales = cleaned.transactions[cleaned.transactions["kind"].eq("sale")].set_index("row")
    cells = cleaned.changes[cleaned.changes["kind"].eq("sale") & cleaned.changes["column"].ne("")]
    for (row, column), chain in cells.groupby(["row", "column"]):
        read = rows[int(row) - 2][str(column)]
        assert chain["before"].iloc[0] == read, (row, column)
        assert chain["before"].tolist()[1:] == chain["after"].tolist()[:-1], (row, column)
        assert chain["after"].iloc[-1] == str(sales.loc[row, str(column)]), (row, column)
    assert {"amount", "product", "region"} <= set(cells["column"])
    made = cleaned.changes[cleaned.changes["after"].eq("put in")]
    assert made[["row", "kind", "rule"]].values.tolist() == [[4, "return", "returned_order"]]
