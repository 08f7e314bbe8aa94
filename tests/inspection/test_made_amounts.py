"""Quantities and prices without an amount: proposed where the price is that of one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from salesfc_lib.cleaning.clean import clean
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.inspection.findings.proposal import Proposal
from salesfc_lib.inspection.writing.unit_file import write_unit_file


def start(project: Path, header: str, *rows: str) -> tuple[Proposal, str]:
    (project / "orders.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    path, found = write_unit_file([project / "orders.csv"], project, "u")
    return found["orders"], path.read_text(encoding="utf-8")


def test_quantity_times_price_is_proposed_with_its_evidence_and_runs(tmp_path: Path) -> None:
    rows = ["1,2025-01-03,A,2,3.50", "2,2025-01-09,A,3,3.50", "3,2025-02-03,B,1,1.25"]
    found, text = start(tmp_path, "Invoice,Date,Item,Quantity,Unit price incl. VAT", *rows)
    assert found.missing == []
    assert 'amount: "quantity * price"   # no column is an amount; Unit price incl. VAT is' in text
    assert "value: quantity" not in text
    assert "# tax: included" in text
    assert clean(resolve(tmp_path, "u").parameters, tmp_path, "2025-01").transactions[
        "amount"
    ].tolist() == [7, 10.5]


def test_a_price_that_rises_with_the_quantity_is_asked_about(tmp_path: Path) -> None:
    rows = ["1,2025-01-03,A,2,7.00", "2,2025-01-09,A,3,10.50"]
    found, text = start(tmp_path, "Invoice,Date,Item,Quantity,Price", *rows)
    assert any("is it the amount of the row?" in one for one in found.questions)
    assert "quantity * price" not in text
    assert found.missing == ["amount"]


def test_a_price_of_several_pieces_is_asked_about(tmp_path: Path) -> None:
    rows = ["1,2025-01-03,A,200,7.00,100", "2,2025-01-09,A,300,7.00,100"]
    found, text = start(tmp_path, "Invoice,Date,Item,Quantity,Price,Price unit", *rows)
    assert any("Price unit says of how many pieces Price is" in one for one in found.questions)
    assert "quantity * price" not in text
    rows = [row.replace(",100", ",1") for row in rows]
    other = tmp_path / "one"
    other.mkdir()
    assert "quantity * price" in start(other, "Invoice,Date,Item,Quantity,Price,PEINH", *rows)[1]


def test_an_amount_goes_before_what_could_make_one(tmp_path: Path) -> None:
    _, text = start(tmp_path, "Date,Quantity,Price,Total", "2025-01-03,2,3.50,6.90")
    assert "quantity * price" not in text
    assert 'amount: "Total"' in text


@pytest.mark.parametrize(
    ("header", "shares"),
    [("Discount", ["0.15", "0"]), ("Discount", ["15%", ""]), ("Rabatt %", ["15", "0"])],
)
def test_a_discount_in_shares_is_taken_off_the_price_and_asked_about(
    tmp_path: Path, header: str, shares: list[str]
) -> None:
    rows = [f"2025-0{at}-03,2,3.50,{share}" for at, share in enumerate([*shares, "0"], 1)]
    found, text = start(tmp_path, f"Date,Qty,Unit price,{header}", *rows)
    question = f"{header} is a share of the price: is it off Unit price already?"
    assert any(one.startswith(question) for one in found.questions)
    assert 'amount: "quantity * price * (1 - discount)"' in text
    cleaned = clean(resolve(tmp_path, "u").parameters, tmp_path, "2025-02")
    assert cleaned.transactions["amount"].tolist() == [Decimal("5.95"), 7]


def test_a_discount_off_a_net_price_is_not_taken_off_again(tmp_path: Path) -> None:
    row = "2025-01-03,2,3.50,0.15"
    _, text = start(tmp_path, "Date,Qty,Discounted price,Discount", row)
    assert 'amount: "quantity * price"   #' in text


def test_a_discount_above_one_that_nothing_calls_percent_stops_the_unit(tmp_path: Path) -> None:
    _, text = start(tmp_path, "Date,Qty,Unit price,Rabatt %", "2025-01-03,2,3.50,15")
    path = tmp_path / "parameters" / "units" / "u.yml"
    path.write_text(text.replace("units: {discount", "# units: {discount"), encoding="utf-8")
    with pytest.raises(SalesForecastError, match="discount: percent"):
        clean(resolve(tmp_path, "u").parameters, tmp_path, "2025-01")


def test_a_total_of_the_document_is_no_amount_of_its_lines(tmp_path: Path) -> None:
    rows = ["1,2025-01-03,A,2,3.50,8.50", "1,2025-01-03,B,1,1.50,", "2,2025-01-04,A,1,3.50,3.50"]
    found, text = start(tmp_path, "Order,Date,SKU,Lineitem quantity,Lineitem price,Total", *rows)
    assert "Total is blank in 1 of 3 rows with a price: the document's" in text
    assert "amount" not in found.list_mapped()


def test_an_amount_of_too_many_decimal_places_is_rounded_and_says_so(tmp_path: Path) -> None:
    lines = [
        "Date,Invoice,Quantity,Price",
        "2024-01-02,1,3.123456789,1033.12345678",
        "2024-02-02,2,2,1.5",
    ]
    (tmp_path / "orders.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = {
        "kind": "csv",
        "path": "orders.csv",
        "columns": {
            "date": "Date",
            "order_id": "Invoice",
            "quantity": "Quantity",
            "price": "Price",
        },
        "amount": "quantity * price",
    }
    parameters = Parameters.model_validate({"sources": {"orders": source}, "levels": {"total": []}})
    cleaned = clean(parameters, tmp_path, "2024-01")
    exact = Decimal("3.123456789") * Decimal("1033.12345678")
    assert cleaned.transactions["amount"].tolist() == [round(exact, 6)]
    issue = cleaned.problems.set_index("rule").loc["rounded_amount"]
    assert "17 decimal places: rounded to 6" in in_words(issue["reason"])
