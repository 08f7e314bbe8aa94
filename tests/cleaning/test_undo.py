"""Claims about taking back: what a rule did is undone exactly, and single rows are left alone where a person says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesfc_lib.cleaning.account.ledger import ledger_gap
from salesfc_lib.cleaning.account.undo import undo
from salesfc_lib.cleaning.clean import Cleaned, clean, read_all, standardise
from salesfc_lib.cleaning.rules.cancellations import drop_cancelled
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import tables
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
SUMS = ["rows", "quantity", "amount"]
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


def list_rules(parameters: Parameters, folder: Path) -> list[str]:
    """Rules that took, changed or put in, in the order in which they first did."""
    account = drop_cancelled(
        standardise(parameters, read_all(parameters, folder)).account, "2024-12"
    )
    acted = {rule for part in (*account.removed, *account.changes) for rule in part["rule"]}
    return [
        rule
        for rule in dict.fromkeys(name for entry in account.entries for name in entry["rule"])
        if rule in acted
    ]


def closes(cleaned: Cleaned) -> bool:
    kept = cleaned.ledger[cleaned.ledger["rule"].eq("kept")]
    lines = cleaned.transactions
    summed = len(lines), sum(lines["quantity"], Decimal(0)), sum(lines["amount"], Decimal(0))
    return not ledger_gap(cleaned.ledger)[SUMS].ne(0).any(axis=None) and summed == tuple(
        kept[name].sum() for name in SUMS
    )


orders = st.builds(
    order,
    st.sampled_from(["A1", "A2", "A3", ""]),
    st.sampled_from(["2024-05-31", "2024-06-01", "2024-07-09", ""]),
    st.sampled_from(["100.05", "-3", "x", "0", "226"]),
    line=st.sampled_from(["1", "2"]),
    quantity=st.sampled_from(["1", "3", "two"]),
    region=st.sampled_from(["east", "", "old"]),
    kind=st.sampled_from(["sale", "return"]),
    currency=st.sampled_from(["CNY", "USD"]),
    unit_of_measure=st.sampled_from(["pc", "box"]),
    reference=st.sampled_from(["", "A1"]),
    customer=st.sampled_from(["Li", "We"]),
)
backs = st.fixed_dictionaries(
    {
        "ref": st.sampled_from(["A1", "A2", "Z"]),
        "date": st.sampled_from(["", "2024-08-01"]),
        "amount": st.sampled_from(["5", "7.5"]),
    }
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(orders, min_size=1, max_size=7),
    st.lists(st.sampled_from(["A1", "A2", "Z"]), max_size=2),
    st.lists(backs, max_size=2),
    st.sampled_from(["month_of_return", "month_of_sale", "apart"]),
)
def test_undoing_every_rule_from_the_last_to_the_first_gives_the_lines_as_read(
    tmp_path: Path, rows: list[Row], notices: list[str], back: list[Row], returns: str
) -> None:
    parameters = unit(measure={**MEASURE, "returns": returns})
    rows = [order("A0", "2024-05-01"), *rows]
    save(tmp_path, rows, [{"ref": ref} for ref in notices], back)
    cleaned = clean(parameters, tmp_path, "2024-12")
    for rule in reversed(list_rules(parameters, tmp_path)):
        cleaned = undo(cleaned, rule)
        assert closes(cleaned), rule
    assert cleaned.removed.empty
    assert cleaned.changes.empty
    assert cleaned.quarantine.empty
    lines = cleaned.transactions[cleaned.transactions["source"].eq("orders")]
    assert lines["row"].tolist() == list(range(2, len(rows) + 2))
    for ours in ("order_id", "line", "product", "region"):
        assert lines[ours].astype(object).fillna("").tolist() == [row[ours] for row in rows], ours
    assert lines["date"].dt.strftime("%Y-%m-%d").fillna("").tolist() == [
        row["date"] for row in rows
    ]
    amounts = [Decimal(0) if row["amount"] == "x" else Decimal(row["amount"]) for row in rows]
    assert lines["amount"].tolist() == amounts
    assert lines["quantity"].tolist() == [
        Decimal(0) if row["quantity"] == "two" else Decimal(row["quantity"]) for row in rows
    ]
    opening = cleaned.ledger[cleaned.ledger["rule"].eq("opening")]
    assert (
        opening[SUMS].sum().tolist()
        == cleaned.ledger.loc[cleaned.ledger["rule"].eq("kept"), SUMS].sum().tolist()
    )


def test_one_line_comes_back_and_the_others_stay_away(tmp_path: Path) -> None:
    save(tmp_path, [order(), order(), order(), order("A2", "2024-07-01")])
    cleaned = clean(unit(), tmp_path, "2024-12")
    one = undo(cleaned, "duplicate", [("orders", 4)])
    assert one.transactions["row"].tolist() == [2, 4, 5]
    entry = one.ledger[one.ledger["rule"].eq("undo:duplicate")].iloc[0]
    assert entry[SUMS].tolist() == [-1, Decimal(-2), Decimal("-113.00")]
    assert one.removed.loc[one.removed["rule"].eq("duplicate"), "row"].tolist() == [3]
    both = undo(one, "duplicate")
    assert both.ledger.loc[both.ledger["rule"].eq("undo:duplicate"), "rows"].tolist() == [-2], (
        "a second undo adds to the first"
    )
    assert closes(both)
    assert cleaned.transactions["row"].tolist() == [2, 5], "the month itself is not touched"


def test_a_line_that_comes_back_has_the_values_that_it_had_when_it_was_taken(
    tmp_path: Path,
) -> None:
    save(tmp_path, [order(), order()])
    again = undo(clean(unit(), tmp_path, "2024-12"), "duplicate").transactions
    assert again["amount"].tolist() == [Decimal("99.56"), Decimal("113.00")], (
        "net of discount and tax, and as read"
    )
    assert again["product"].tolist() == ["q", "p"], "renamed after the repeat was dropped"


def test_a_cell_that_a_later_rule_changed_is_refused_by_name(tmp_path: Path) -> None:
    save(tmp_path, [order()])
    cleaned = clean(unit(), tmp_path, "2024-12")
    with pytest.raises(
        SalesForecastError,
        match=r"Row 2 of 'orders': 'discount' made amount '112\.50', and a later rule",
    ):
        undo(cleaned, "discount")
    assert undo(undo(cleaned, "tax"), "discount").transactions["amount"].tolist() == [
        Decimal("113.00")
    ]


def test_undo_says_what_there_is_to_undo(tmp_path: Path) -> None:
    save(tmp_path, [order(), order()])
    cleaned = clean(unit(), tmp_path, "2024-12")
    with pytest.raises(
        SalesForecastError, match=r"Unknown key 'duplicates'.*Did you mean 'duplicate'"
    ):
        undo(cleaned, "duplicates")
    with pytest.raises(SalesForecastError, match="'duplicate' did nothing to the lines in `only`"):
        undo(cleaned, "duplicate", [("orders", 2)])


def test_a_month_read_back_from_its_tables_is_undone_alike(tmp_path: Path) -> None:
    save(
        tmp_path,
        [order(), order(), order("A2", region="old"), order("A3", amount="x")],
        [{"ref": "A2"}],
    )
    cleaned = clean(unit(), tmp_path, "2024-12")
    names = ("transactions", "ledger", "removed", "changes", "quarantine")
    for name in names:
        tables.write(getattr(cleaned, name), tmp_path / "tables", name)
    again = replace(cleaned, **{name: tables.read(tmp_path / "tables", name) for name in names})
    for rule in ("duplicate", "renamed", "returned_order", "unreadable"):
        left, right = (undo(month, rule) for month in (cleaned, again))
        for name in names:
            first, second = (getattr(month, name).astype(object) for month in (left, right))
            first, second = (
                part.where(part.notna(), None).astype(str).values.tolist()
                for part in (first, second)
            )
            assert first == second, (rule, name)


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
        kept["reason"].tolist()[0]
        == "the rule 'duplicate' leaves it alone: two deliveries on one paper (Li)"
    )
    assert "does not touch this row" in kept["reason"].tolist()[2]


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
