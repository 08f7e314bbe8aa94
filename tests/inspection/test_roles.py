"""Roles: which of several exports are the orders, and which are returns of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from salesfc_lib.cleaning.clean import clean
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.findings.proposal import Setting
from salesfc_lib.inspection.findings.propose import propose_feed
from salesfc_lib.inspection.writing.unit_file import write_unit_file

CLOSED = 'calendar: {closed_through: "2025-01"}'
SALES = [
    "OrderDate,OrderNo,Item,Qty",
    "2025-01-03,S1,A,10",
    "2025-01-04,S2,B,7",
    "2025-02-04,S3,B,7",
]


def save(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def role_of(path: Path) -> str:
    return propose_feed([path], read_aliases()).role


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("ReturnDate,ProductKey,ReturnQuantity", "2025-01-18,A,1"),
        ("退货日期,物料编码,退货数量", "2025-01-18,A,1"),
        ("退货单号,日期,物料编码,数量", "R1,2025-01-18,A,1"),
        ("Retourendatum,Artikel,Retourenmenge", "18.01.2025,A,1"),
        ("OrderDate,OrderNo,ReturnDate,SKU,ReturnQty", "2025-01-03,S1,2025-01-18,A,1"),
    ],
)
def test_headers_alone_tell_returns(tmp_path: Path, header: str, row: str) -> None:
    assert role_of(save(tmp_path / "b.csv", header, row, row.replace("1", "2", 1))) == "returns"


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("information", "OrderDate,OrderNo,SKU,Qty", "2025-01-03,S1,A,1"),  # in-fo-rma-tion
        ("future_turnover", "date,OrderNo,SKU,Qty", "2025-01-03,S1,A,1"),
        ("b", "OrderDate,OrderNo,SKU,OrderQty,ReturnDate,ReturnQty", "2025-01-03,S1,A,1,,"),
    ],
)
def test_orders_are_not_taken_for_returns(tmp_path: Path, name: str, header: str, row: str) -> None:
    assert role_of(save(tmp_path / f"{name}.csv", header, row, row.replace("1", "2"))) == "orders"


def test_sales_and_returns_in_one_file_are_orders_by_their_signs(tmp_path: Path) -> None:
    rows = ["2025-01-03,S1,5", "2025-01-04,S2,7", "2025-01-05,S1,-2"]
    path = save(tmp_path / "sales_and_returns.csv", "date,order no,amount", *rows)
    assert role_of(path) == "orders"
    credit = [row.replace(",5", ",-5").replace(",7", ",-7") for row in rows]
    path = save(tmp_path / "sales_returns.csv", "date,order no,amount", *credit)
    assert role_of(path) == "returns"


def test_the_returns_date_and_quantity_are_read_beside_those_of_the_order(tmp_path: Path) -> None:
    header = "Order Date,Order No,SKU,Order Qty,Return Date,Returned Qty"
    path = save(tmp_path / "returns.csv", header, "2025-01-03,S1,A,5,2025-02-01,1")
    names = propose_feed([path], read_aliases()).names
    assert (names["date"], names["quantity"]) == ("Return Date", "Returned Qty")


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_positive_pieces_that_came_back_come_off_whatever_the_files_are_called(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    sales = [f"{line},{more}" for line, more in zip(SALES, ["Region", "N", "S", "S"], strict=True)]
    files = [
        save(tmp_path / f"{names[0]}.csv", *sales),
        save(tmp_path / f"{names[1]}.csv", "ReturnDate,Item,ReturnQty", "2025-01-18,A,1"),
    ]
    write_unit_file(sorted(files), tmp_path, "u")
    unit = resolve(tmp_path, "u").parameters
    assert unit.sources["orders"].path == f"{names[0]}.csv"
    assert unit.sources["returns"].returns_are_positive
    found = clean(unit, tmp_path, "2025-01")
    assert found.transactions["quantity"].sum() == 16
    back = found.transactions[found.transactions["kind"].eq("return")]
    assert back["region"].tolist() == ["N"]  # every sale of A is in N
    assert "return_without_sale" not in set(found.problems["rule"])


def test_fewer_rows_of_orders_that_are_known_are_asked_about(tmp_path: Path) -> None:
    few = save(tmp_path / "a.csv", "date,Item,Qty", "2025-01-18,A,1", "2025-02-02,B,2")
    _, found = write_unit_file([few, save(tmp_path / "b.csv", *SALES)], tmp_path, "u")
    assert found["orders"].sample.path.name == "b.csv"
    assert any("2 of 2 in Item are in the orders" in one for one in found["orders_2"].questions)


def test_returns_in_pieces_beside_orders_in_money_are_asked_about(tmp_path: Path) -> None:
    sales = save(
        tmp_path / "sales.csv", "date,order no,amount", "2025-01-03,S1,5", "2025-01-04,S2,7"
    )
    back = save(tmp_path / "returns.csv", "return date,sku,return qty", "2025-01-18,A,1")
    _, found = write_unit_file([sales, back], tmp_path, "u")
    assert any("no amount comes off" in one for one in found["returns"].questions)


@pytest.mark.parametrize("header", ["Returned", "Return Qty", "退货数量"])
def test_a_column_of_returns_beside_those_of_the_orders_is_asked_about(
    tmp_path: Path, header: str
) -> None:
    rows = ["1,2025-01-03,A,10,0", "2,2025-01-04,B,5,1"]
    path = save(tmp_path / "orders.csv", f"Order ID,Order Date,SKU,Order Qty,{header}", *rows)
    found = propose_feed([path], read_aliases())
    assert found.role == "orders"
    assert any(f"{header}: a run takes nothing off" in one for one in found.questions)


def test_pieces_that_came_back_take_off_money_at_the_price_of_their_sale(tmp_path: Path) -> None:
    rows = ["2025-01-03,S1,A,3,10.00", "2025-02-04,S2,B,7,7.00"]
    sales = save(tmp_path / "sales.csv", "date,order no,sku,qty,amount", *rows)
    header = "return date,order no,sku,return qty"
    back = save(tmp_path / "returns.csv", header, "2025-01-18,S1,A,2", "2025-01-19,S9,A,1")
    _, found = write_unit_file([sales, back], tmp_path, "u")
    assert not any("no amount comes off" in one for one in found["returns"].questions)
    done = clean(resolve(tmp_path, "u").parameters, tmp_path, "2025-01").transactions
    back_again = done[done["kind"].eq("return")]
    assert [f"{amount:.2f}" for amount in back_again["amount"]] == ["-6.67", "0.00"]
    assert back_again["quantity"].tolist() == [-2, -1]


def test_a_unit_is_called_after_its_orders_whichever_file_is_named_first(tmp_path: Path) -> None:
    back = save(tmp_path / "returns.csv", "ReturnDate,Item,ReturnQty", "2025-01-18,A,1")
    path, _ = write_unit_file([back, save(tmp_path / "sales.csv", *SALES)], tmp_path)
    assert path.name == "sales.yml"


def test_a_sheet_of_pieces_that_came_back_belongs_to_the_orders_beside_it(tmp_path: Path) -> None:
    book = Workbook()
    sheet, back = book.active, book.create_sheet("Returns")
    assert sheet is not None
    for line in SALES:
        sheet.append(line.split(","))
    back.append(["ReturnDate", "Item", "ReturnQty"])
    back.append([date(2025, 1, 18), "A", 1])
    book.save(tmp_path / "x.xlsx")
    _, found = write_unit_file([tmp_path / "x.xlsx"], tmp_path, "u")
    assert {name: one.role for name, one in found.items()} == {
        "orders": "orders",
        "returns": "returns",
    }


def test_a_reference_that_names_no_order_of_the_export_is_not_mapped(tmp_path: Path) -> None:
    header = "Order No,Order Date,Référence,Amount"  # French for the product's code
    path = save(tmp_path / "a.csv", header, "S1,2025-01-03,T-7,5", "S2,2025-01-04,T-8,7")
    assert "reference" not in propose_feed([path], read_aliases()).list_mapped()
    path = save(tmp_path / "a.csv", header, "S1,2025-01-03,,5", "S2,2025-01-04,S1,-5")
    assert "reference" in propose_feed([path], read_aliases()).list_mapped()


@pytest.mark.parametrize(
    ("header", "date", "quantity"),
    [
        ("Date de vente,Date de retour,Produit,Quantité", "Date de retour", "Quantité"),
        ("Fecha,Fecha devolución,SKU,Cantidad devuelta", "Fecha devolución", "Cantidad devuelta"),
        ("Belegdatum,Datum der Rückgabe,Artikel,Menge", "Datum der Rückgabe", "Menge"),
    ],
)
def test_a_return_is_dated_by_the_day_it_came_back_whatever_the_order_of_words(
    tmp_path: Path, header: str, date: str, quantity: str
) -> None:
    rows = ["2025-01-03,2025-02-18,A,1", "2025-01-09,2025-02-20,B,2"]
    found = propose_feed([save(tmp_path / "retours.csv", header, *rows)], read_aliases())
    assert (found.role, found.names["date"], found.names["quantity"]) == ("returns", date, quantity)


SIDED = ["S1,2025-01-03,5,H", "S2,2025-01-04,7,H", "S3,2025-01-05,2,S"]


def test_which_side_of_an_account_is_a_sale_has_to_be_said(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = save(tmp_path / "data" / "b.csv", "Belegnr,Datum,Betrag,S/H", *SIDED)
    written, _ = write_unit_file([path], tmp_path, "u")
    text = written.read_text(encoding="utf-8")
    with pytest.raises(SalesForecastError, match="set `kinds`"):
        clean(resolve(tmp_path, "u").parameters, tmp_path, "2024-12")
    told = text.replace("# kinds: {", "kinds: {").replace("# returns_are", "returns_are")
    told = told.replace('# calendar: {closed_through: "YYYY-MM"}', CLOSED)
    written.write_text(told, encoding="utf-8")
    kept = clean(resolve(tmp_path, "u").parameters, tmp_path, "2025-01").transactions
    assert kept["amount"].sum() == 10


@pytest.mark.parametrize(
    ("actual", "plan"), [("Actual", "Budget"), ("实际", "预算"), ("IST", "Plan")]
)
def test_of_a_file_with_plans_the_rows_of_what_happened_are_read(
    tmp_path: Path, actual: str, plan: str
) -> None:
    rows = [f"{one},2025-01-0{day},A,{day}" for day in (3, 4) for one in (actual, plan)]
    found = propose_feed(
        [save(tmp_path / "b.csv", "Version,Date,SKU,Amount", *rows)], read_aliases()
    )
    settings = [one for one in found.findings if isinstance(one, Setting) and one.key == "where"]
    assert (settings[0].value, settings[0].proved) == ({"Version": actual}, True)


def test_amounts_of_which_most_are_credits_are_sales(tmp_path: Path) -> None:
    rows = ["1,2025-01-03,5 CR", "2,2025-01-04,7 CR", "3,2025-01-05,2 DR"]
    found = propose_feed([save(tmp_path / "b.csv", "Invoice,Date,Amount", *rows)], read_aliases())
    assert ("credit", "positive") in [one[:2] for one in found.findings if isinstance(one, Setting)]


def write_sheets(folder: Path, months: dict[str, int]) -> str:
    """A workbook with a sheet of orders each, of a month; what `init` writes for it."""
    workbook = Workbook()
    for name, month in months.items():
        sheet = workbook.create_sheet(name)
        sheet.append(["OrderDate", "OrderNo", "Item", "Qty"])
        sheet.append([date(2025, month, 3), f"{name}1", "A", month])
    workbook.remove(workbook.active)
    (folder / "data").mkdir()
    workbook.save(folder / "data" / "book.xlsx")
    path, _ = write_unit_file([folder / "data" / "book.xlsx"], folder, "u")
    return path.read_text(encoding="utf-8")


def test_sheets_of_other_months_with_the_same_columns_are_sources_of_their_own(
    tmp_path: Path,
) -> None:
    text = write_sheets(tmp_path, {"Jan": 1, "Feb": 2, "Mar": 3})
    assert "# further sheets: 2 with the same columns and other months" in text
    kept = clean(resolve(tmp_path, "u").parameters, tmp_path, "2025-02").transactions
    assert sorted(kept["quantity"]) == [1, 2]


def test_a_sheet_of_the_same_month_may_be_a_copy_and_is_asked_about(tmp_path: Path) -> None:
    text = write_sheets(tmp_path, {"Data": 1, "Data (2)": 1})
    assert "are they further rows (each a source of its own), or copies?" in text
    assert [*resolve(tmp_path, "u").parameters.sources] == ["orders"]
