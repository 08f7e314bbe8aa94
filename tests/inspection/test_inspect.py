"""`salesfc inspect`: what is proposed for an export, and the cell that shows it."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation.schema import Source
from salesfc_lib.inspection import inspect_exports
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.findings.propose import propose_feed
from salesfc_lib.inspection.sampling.feeds import sample_file
from salesfc_lib.intake import dialect, read_source

DATA = Path(os.environ.get("SALESFC_DATA") or Path(__file__).parents[3] / "shared" / "data")
SUPERSTORE = DATA / "superstore"


def look(path: Path | Sequence[Path]) -> dict[str, Any]:
    paths = [path] if isinstance(path, Path) else list(path)
    project = paths[0] if paths[0].is_dir() else paths[0].parent
    text, unreadable = inspect_exports(paths, project, as_json=True)
    assert unreadable == []
    found = json.loads(text)
    for item in found:
        for source in item["source"].values() if item["source"] else ():
            Source.model_validate(source)
    return found[0]


def write(path: Path, header: str, rows: Iterable[str], encoding: str = "utf-8") -> Path:
    path.write_bytes("".join(f"{row}\n" for row in [header, *rows]).encode(encoding))
    return path


def rules(found: dict[str, Any]) -> set[str]:
    return {problem["rule"] for problem in found["problems"]}


def days(count: int) -> list[date]:
    return [date(2025, 1, 1) + timedelta(days=place) for place in range(count)]


HEADER = "单据编号,日期,客户名称,存货编码,数量,价税合计"
ROWS = [
    f"XS{place},{day},杭州商贸,00{place % 7},{place % 5 + 1},{place + 1}.50"
    for place, day in enumerate(days(40))
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encoding_is_found_and_said_why(tmp_path: Path, encoding: str) -> None:
    found = look(write(tmp_path / "x.csv", HEADER, ROWS, encoding))
    assert found["encoding"]["is"] == encoding
    assert found["encoding"]["why"]
    assert found["columns"]["customer"]["header"] == "客户名称"


def test_western_letters_are_not_taken_for_chinese(tmp_path: Path) -> None:
    rows = [
        f"{day:%d.%m.%Y};Müller & Söhne;3;1.234,{place:02}" for place, day in enumerate(days(40))
    ]
    found = look(write(tmp_path / "x.csv", "Belegdatum;Kunde;Menge;Nettowert", rows, "cp1252"))
    assert found["encoding"]["is"] == "cp1252"
    assert found["delimiter"]["is"] == ";"
    assert found["source"]["orders"]["decimal"] == ","


@pytest.mark.parametrize("delimiter", dialect.DELIMITERS)
def test_the_delimiter_is_the_one_that_finds_the_headers(tmp_path: Path, delimiter: str) -> None:
    rows = [
        delimiter.join([str(day), "a, b; c", "3", "4.5"])
        if delimiter != ","
        else f'{day},"a, b; c",3,4.5'
        for day in days(10)
    ]
    found = look(
        write(
            tmp_path / "x.csv", delimiter.join(["Order Date", "Customer", "Qty", "Net value"]), rows
        )
    )
    assert found["delimiter"]["is"] == delimiter
    assert set(found["columns"]) == {"date", "customer", "quantity", "amount"}


def test_titles_above_the_header_are_shown_and_their_unit_is_declared(tmp_path: Path) -> None:
    lines = [
        "销售明细表,,",
        "单位：万元,,",
        "日期,数量,无税金额",
        *(f"{day},1,{place}.5" for place, day in enumerate(days(9))),
    ]
    (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-8")
    found = look(tmp_path / "x.csv")
    assert found["header_row"] == 3
    assert found["titles"] == ["销售明细表", "单位：万元"]
    assert found["units"]["amount"]["unit"] == "wan"
    assert found["source"]["orders"]["units"] == {"amount": "wan"}
    assert "quantity" not in found["units"]


@pytest.mark.parametrize(
    ("written", "code", "proof"),
    [
        ("%m/%d/%Y", "mdy", "01/13/2025"),
        ("%d/%m/%Y", "dmy", "13/01/2025"),
        ("%d.%m.%Y", "dmy", "13.01.2025"),
    ],
)
def test_the_order_of_dates_is_proved_by_a_cell(
    tmp_path: Path, written: str, code: str, proof: str
) -> None:
    found = look(
        write(tmp_path / "x.csv", "date,amount", [f"{day.strftime(written)},1" for day in days(60)])
    )
    order = found["date_order"]
    assert (order["code"], order["proof"][code], order["rows"][code]) == (code, proof, 14)
    assert found["source"]["orders"]["date_order"] == code
    assert (order["first"], order["last"]) == ("2025-01-01", "2025-03-01")


def test_dates_that_two_orders_explain_are_asked_about(tmp_path: Path) -> None:
    found = look(
        write(
            tmp_path / "x.csv",
            "date,amount",
            [f"{place % 12 + 1:02}/0{place % 9 + 1}/2025,1" for place in range(1, 40)],
        )
    )
    assert found["date_order"]["is"] == "undecidable"
    assert any("day first or month first" in question for question in found["ask"])
    assert "date_order" not in found["source"]["orders"]


def test_two_orders_in_one_column_are_shown_with_both_cells(tmp_path: Path) -> None:
    found = look(
        write(tmp_path / "x.csv", "date,amount", ["13/01/2025,1", "01/14/2025,2", "02/02/2025,3"])
    )
    assert found["date_order"]["code"] == "both"
    assert any("13/01/2025" in question and "01/14/2025" in question for question in found["ask"])


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["1.234,50", "2,00"], ","),
        (["1,234.50", "2.00"], "."),
        (["1.234.567", "12"], ","),
        (["1 234,5", "7"], ","),
        (["1'234.5", "7"], "."),
        (["0.125", "0.250"], "."),
        (["12", "15"], ""),
        (["1.234", "2.345"], "?"),
        (["1.5", "2,5"], "both"),
        (["155,22-", "(3,10)"], ","),
    ],
)
def test_the_decimal_sign_is_proved_by_a_cell_or_said_to_be_undecidable(
    tmp_path: Path, cells: list[str], decimal: str
) -> None:
    found = look(
        write(
            tmp_path / "x.csv",
            "date;amount",
            [f"2025-01-0{place};{cell}" for place, cell in enumerate(cells, 1)],
        )
    )
    assert found["decimal"]["amount"]["is"] == decimal
    assert (found["decimal"]["amount"]["proof"] != {}) == (decimal in (".", ",", "both"))
    assert any(
        problem["rule"] == "separators" and problem["ask"] for problem in found["problems"]
    ) == (decimal in ("?", "both"))
    assert found["source"]["orders"].get("decimal") == ("," if decimal == "," else None)


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))


def invoices(
    count: int, *, rate: str = "0.13"
) -> list[tuple[date, int, Decimal, Decimal, Decimal]]:
    """Day, pieces, price, net and tax."""
    throw = random.Random(3)
    rows = []
    for day in days(count):
        pieces, price = throw.randrange(1, 20), Decimal(throw.randrange(100, 9999)) / 100
        rows.append((day, pieces, price, pieces * price, cents(pieces * price * Decimal(rate))))
    return rows


def test_arithmetic_tells_net_from_gross_whatever_the_headers_say(tmp_path: Path) -> None:
    rows = [
        f"{day},{pieces},{price},{net},{tax},{net + tax}"
        for day, pieces, price, net, tax in invoices(50)
    ]
    measure = look(write(tmp_path / "x.csv", "date,qty,price,amount,vat,总金额", rows))["measure"]
    assert (measure["amount"], measure["tax"]) == ("amount", "excluded")
    held = {
        equation["says"]: (equation["holds"], equation["of"]) for equation in measure["equations"]
    }
    assert held["qty x price = amount"] == (50, 50)
    assert held["amount + vat = 总金额"] == (50, 50)


def test_an_amount_that_holds_its_tax_is_found_with_its_rate(tmp_path: Path) -> None:
    rows = [
        f"{day},{pieces},{net + tax},{tax}"
        for day, pieces, _, net, tax in invoices(50, rate="0.19")
    ]
    found = look(write(tmp_path / "x.csv", "date,qty,amount,vat", rows))
    assert (found["measure"]["tax"], found["measure"]["tax_rate"]) == ("included", "0.19")
    assert (found["source"]["orders"]["tax"], found["source"]["orders"]["tax_rate"]) == (
        "included",
        "0.19",
    )


def test_words_and_arithmetic_that_disagree_are_asked_about(tmp_path: Path) -> None:
    rows = [f"{day},{net},{tax},{net + tax}" for day, _, _, net, tax in invoices(50)]
    found = look(write(tmp_path / "x.csv", "date,net amount,vat,不含税金额", rows))
    assert found["measure"]["amount"] == "net amount"
    swapped = look(write(tmp_path / "y.csv", "date,价税合计,vat,金额", rows))
    assert swapped["columns"]["amount"]["header"] == "金额"
    assert found["measure"]["tax"] == "excluded"
    assert any("which amount is sales" in question for question in found["ask"])


def test_discounts_that_are_off_already_are_told_from_those_to_take_off(tmp_path: Path) -> None:
    off = [
        (day, pieces, price, cents(pieces * price * Decimal("0.1")))
        for day, pieces, price, _, _ in invoices(40)
    ]
    net = [f"{day},{n},{price},{d},{n * price - d}" for day, n, price, d in off]
    assert (
        look(write(tmp_path / "x.csv", "date,qty,unit price,discount,amount", net))["measure"][
            "discounts"
        ]
        == "net"
    )
    gross = [f"{day},{n * price},{d},{n * price - d}" for day, n, price, d in off]
    found = look(write(tmp_path / "y.csv", "date,list amount,discount,paid total", gross))
    assert found["source"]["orders"]["discounts"] == "gross"


def test_a_purchase_is_a_kind_of_open_orders_alone(tmp_path: Path) -> None:
    rows = [
        f"P{day},{'采购' if place % 2 else '销售'},A1,70,{day}" for place, day in enumerate(days(9))
    ]
    opened = look(write(tmp_path / "open_orders.csv", "单号,类型,物料编码,未交数量,交货日期", rows))
    assert (opened["role"]["is"], opened["kinds"]) == (
        "open_orders",
        {"采购": "purchase", "销售": "sale"},
    )
    rows = [f"{day},{'采购' if place % 2 else '销售'},2,3.5" for place, day in enumerate(days(9))]
    sold = look(write(tmp_path / "x.csv", "日期,单据类型,数量,金额", rows))
    assert (sold["role"]["is"], sold["kinds"]) == ("orders", {"采购": "", "销售": "sale"})


def test_returns_kinds_and_their_sign_are_shown_with_counts(tmp_path: Path) -> None:
    rows = [
        f"{day},{'红字' if place % 5 == 0 else '蓝字'},{-1 if place % 5 == 0 else 2},3.5"
        for place, day in enumerate(days(30))
    ]
    found = look(write(tmp_path / "x.csv", "日期,单据类型,数量,金额", rows))
    assert found["kinds"] == {"红字": "return", "蓝字": "sale"}
    assert found["returns"]["are_positive"] is True
    assert found["returns"]["returns_positive"] == 6


@pytest.mark.parametrize(
    ("header", "rows", "key"),
    [
        (
            "order no,line no,date,amount",
            ["A,1,2025-01-01,1", "A,2,2025-01-01,1", "B,1,2025-01-02,1"],
            ["order_id", "line"],
        ),
        (
            "order no,sku,date,amount",
            ["A,x,2025-01-01,1", "A,y,2025-01-01,1", "B,x,2025-01-02,1"],
            ["order_id", "product"],
        ),
        (
            "order no,sku,date,amount",
            ["A,x,2025-01-01,1", "A,x,2025-01-01,2", "B,x,2025-01-02,1"],
            [],
        ),
    ],
)
def test_the_smallest_combination_that_identifies_a_row_is_the_key(
    tmp_path: Path, header: str, rows: list[str], key: list[str]
) -> None:
    assert look(write(tmp_path / "x.csv", header, rows))["key"]["columns"] == key


def test_months_without_rows_and_rows_far_from_all_others_are_told_apart(tmp_path: Path) -> None:
    rows = [
        f"2025-{month:02}-{day:02},1"
        for month in (1, 2, 4)
        for day in range(1, 28)
        for _ in range(2)
    ] + ["2031-01-05,1"]
    found = look(write(tmp_path / "x.csv", "date,amount", rows))
    assert found["months"]["missing"] == ["2025-03"]
    assert found["months"]["apart"] == {"2031-01": 1}
    assert found["months"]["rows"] == {"2025-01": 54, "2025-02": 54, "2025-04": 54}


def test_subtotals_merged_cells_and_other_sheets_of_a_workbook(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["Region", "Order Date", "Amount"],
        ["West", date(2025, 1, 2), 3.5],
        ["", date(2025, 1, 3), 4],
        ["", date(2025, 1, 4), 5],
        ["小计", "", 12.5],
    ):
        sheet.append(row)
    book.create_sheet("Returns").append(["Returned", "Order ID"])
    book.save(tmp_path / "x.xlsx")
    found = look(tmp_path / "x.xlsx")
    assert (found["sheet"]["is"], found["subtotals"], found["fill_down"]) == (
        "Sheet",
        ["小计"],
        ["region"],
    )
    assert [(other["sheet"], other["headers"]) for other in found["beside"]] == [
        ("Returns", ["Returned", "Order ID"])
    ]
    assert found["date_order"]["last"] == "2025-01-04"


def test_a_workbook_of_1904_is_read_by_its_flag(tmp_path: Path) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    for row in (
        ["Invoice Date", "Units", "Revenue"],
        [date(2025, 3, 1), 1, 2.5],
        [date(2025, 3, 2), 1, 2.5],
    ):
        sheet.append(row)
    book.save(tmp_path / "x.xlsx")
    found = look(tmp_path / "x.xlsx")
    assert (found["date_order"]["first"], found["date_order"]["last"]) == (
        "2025-03-01",
        "2025-03-02",
    )
    assert "date_system" in rules(found)


@pytest.mark.parametrize(
    ("name", "header", "row", "role"),
    [
        ("a", "活动名称,开始日期,结束日期,区域", "双十一,2025-11-01,2025-11-11,华东", "promotions"),
        ("competitor_events", "event,start date,region", "Opening,2025-11-01,West", "events"),
        ("b", "月末,产品线,库存数量,缺货天数", "2025-01-31,茶,70,0", "inventory"),
        ("b", "月末,产品线,库存数量,库存金额", "2025-01-31,茶,70,700.5", "inventory"),
        ("现存量", "仓库,存货编码,库存数量", "一号,A1,70", "stock"),
        ("a", "物料编码,供应商,提前期,起订量", "A1,东方,35,100", "lead_times"),
        ("open_po", "PO No,Material,Vendor,Open Qty,ETA", "P1,A1,Wu,70,2025-03-05", "open_orders"),
        ("b", "采购订单号,物料编码,未交数量,预计到货日期", "P1,A1,70,2025-03-05", "open_orders"),
        ("价格表", "物料编码,单价,生效日期", "A1,12.5,2025-01-01", "prices"),
        ("standard_costs", "SKU,Standard Cost", "A1,8.5", "costs"),
        ("c", "月份,产品线,产能", "2025-01,茶,7000", "capacity"),
        ("c", "month,category,target", "2025-01,tea,7000", "targets"),
        (
            "d",
            "下单日期,订单号,订单数量,发货数量,承诺日期,发货日期",
            "2025-01-03,S1,10,9,2025-01-09,2025-01-08",
            "deliveries",
        ),
        (  # a sale with what was shipped of it
            "d",
            "Order Date,Order No,Qty Ordered,Qty Shipped,Promised Date,Amount",
            "2025-01-03,S1,10,9,2025-01-09,45.00",
            "orders",
        ),
        (
            "d",
            "Opportunity,Account Name,Stage,Close Date,Amount",
            "x,Acme,Won,2025-02-01,5",
            "opportunities",
        ),
        ("e", "期间,科目编码,借方金额,贷方金额", "2025-01,6001,0.00,5.00", "control_totals"),
        ("f", "RMA No,Order No,Return Date,SKU,Refund", "R1,A1,2025-01-03,S,5", "returns"),
        ("g", "currency,date,exchange rate", "USD,2025-01-01,7.1", "rates"),
        ("h", "订单号,下单时间,商品编码,数量,实付金额", "1,2025-01-01 10:00:00,S,1,5", "orders"),
        ("i", "Person,Region", "Ann,West", "lookup"),
    ],
)
def test_headers_tell_what_an_export_is_for(
    tmp_path: Path, name: str, header: str, row: str, role: str
) -> None:
    found = look(write(tmp_path / f"{name}.csv", header, [row, row.replace("1", "2", 1)]))
    assert found["role"]["is"] == role
    assert found["missing"] == []


def test_files_of_one_feed_are_looked_at_together_and_their_differences_said(
    tmp_path: Path,
) -> None:
    write(
        tmp_path / "orders_2024.csv",
        "日期,数量,金额",
        ["2024-01-02,1,2.5", "2024-01-03,1,2.5"],
        "gb18030",
    )
    write(
        tmp_path / "orders_2025.csv", "日期,数量,销售额", ["2025-01-02,1,2.5", "2025-01-03,1,2.5"]
    )
    found = look(tmp_path)
    assert found["source"]["orders"]["path"] == "orders_*.csv"
    assert found["source"]["orders"]["columns"]["amount"] == ["销售额", "金额"]
    assert "encoding" not in found["source"]["orders"]
    assert "dialect_drift" in rules(found)
    assert (found["rows"]["total"], found["date_order"]["first"]) == (4, "2024-01-02")


def test_parquet_json_lines_and_databases_are_looked_at_alike(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "order no": ["A", "B"],
            "date": pd.to_datetime(["2025-01-02", "2025-01-03"]),
            "qty": [1, 2],
            "net value": [2.5, 5.0],
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    frame.assign(date=["2025-01-02", "2025-01-03"]).to_json(
        tmp_path / "b.jsonl", orient="records", lines=True
    )
    with sqlite3.connect(tmp_path / "c.db") as base:
        frame.assign(date=["2025-01-02", "2025-01-03"]).to_sql("sales", base, index=False)
    base.close()
    for path, kind in (
        (tmp_path / "a.parquet", "parquet"),
        (tmp_path / "b.jsonl", "jsonl"),
        (tmp_path / "c.db", "sql"),
    ):
        found = look(path)
        assert found["kind"] == kind
        assert {name: column["header"] for name, column in found["columns"].items()} == {
            "date": "date",
            "order_id": "order no",
            "quantity": "qty",
            "amount": "net value",
        }
        assert found["date_order"]["last"] == "2025-01-03"


def test_a_hidden_sheet_is_said_to_be_read_only_where_it_is(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Order Date", "Amount"], [date(2025, 1, 2), 3.5], [date(2025, 1, 3), 4.5]):
        sheet.append(row)
    hidden = book.create_sheet("Archive")
    hidden.append(["Order Date", "Amount"])
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "x.xlsx")
    said = [one["says"] for one in look(tmp_path / "x.xlsx")["problems"] if one["rule"] == "hidden"]
    assert said == ["1 other sheets are hidden and were not read: 'Archive'"]
    for _ in range(3):
        hidden.append([date(2025, 1, 2), 3.5])
    book.save(tmp_path / "x.xlsx")
    found = look(tmp_path / "x.xlsx")
    said = [one["says"] for one in found["problems"] if one["rule"] == "hidden"]
    assert found["sheet"]["is"] == "Archive"
    assert said == ["the sheet 'Archive' is hidden; it was read like any other"]


def test_a_sample_has_the_rows_that_a_run_reads(tmp_path: Path) -> None:
    rows = [
        '2025-01-02,"a, b",1',
        "2025-01-03,x",
        '2025-01-04,"multi',
        'line",2',
        "",
        "2025-01-05,y,3",
    ]
    path = write(tmp_path / "x.csv", "date,customer,amount", rows)
    sample = sample_file(path, read_aliases())
    source = Source(kind="csv", path="x.csv", columns={"date": "date", "amount": "amount"})
    extract = read_source("orders", source, tmp_path)
    assert [row[1] for row in sample.rows] == extract.rows["customer"].to_pylist()
    assert list(sample.places) == extract.rows["row"].to_pylist()
    assert [one.row for one in sample.issues if one.rule == "misfit"] == extract.rejected[
        "row"
    ].tolist()


def test_damaged_texts_are_pointed_at(tmp_path: Path) -> None:
    rows = [
        "2025-01-02,浜哄伐,007,1",
        "2025-01-03,a\x01b,7,1",
        "2025-01-32,人工,00042,1",
        "9999-12-31,人工,7,x",
    ] + ["2025-01-05,人工,0815,1"] * 6
    found = look(write(tmp_path / "x.csv", "date,customer,sku,amount", rows))
    assert {
        "mojibake",
        "control_character",
        "lost_zeros",
        "sentinel_date",
        "no_such_day",
        "unreadable",
        "duplicate",
    } <= rules(found)
    text = inspect_exports([tmp_path / "x.csv"], tmp_path)[0]
    assert "\x01" not in text
    assert "'人工' is meant" in text


def test_several_currencies_units_and_states_are_questions(tmp_path: Path) -> None:
    rows = [
        f"{day},1,2.5,{'USD' if place % 2 else 'EUR'},"
        f"{'箱' if place % 3 else '件'},{'作废' if place % 5 else '已审核'}"
        for place, day in enumerate(days(12))
    ]
    found = look(write(tmp_path / "x.csv", "日期,数量,金额,币种,计量单位,单据状态", rows))
    assert found["members"]["currency"] == {"EUR": 6, "USD": 6}
    assert {"currency", "unit_of_measure", "cancelled"} <= {
        problem["rule"] for problem in found["problems"] if problem["ask"]
    }


def test_months_side_by_side_are_called_what_they_are(tmp_path: Path) -> None:
    found = look(
        write(tmp_path / "x.csv", "product,2025-01,2025-02,2025-03", ["a,1,2,3", "b,4,5,6"])
    )
    assert "wide" in rules(found)


def test_a_large_file_is_sampled_from_all_over_and_counted_roughly(tmp_path: Path) -> None:
    line = "A{0:07},2025-{1:02}-{2:02},客户,1,2.50,some text that makes the line longer"
    line += " and longer and longer\n"
    with (tmp_path / "x.csv").open("w", encoding="utf-8") as file:
        file.write("order no,date,customer,qty,amount,note\n")
        file.writelines(
            line.format(place, place * 12 // 200_000 + 1, place % 28 + 1)
            for place in range(200_000)
        )
    found = look(tmp_path / "x.csv")
    assert found["rows"]["exact"] is False
    assert found["rows"]["seen"] < 40_000
    assert 190_000 < found["rows"]["total"] < 210_000
    assert len(found["months"]["rows"]) == 12


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.csv", b"", "empty"),
        ("x.csv", b"\0" * 500, "control character"),
        ("x.csv", b"\n" * 500, "no row of headers"),
        ("x.csv", b"2025-01-01,A,3\n2025-01-02,B,4\n", "look like data"),
        ("x.xlsx", b"PK\x03\x04broken", "cannot be read"),
        ("x.parquet", b"PAR1broken", "Parquet"),
        ("x.db", b"SQLite format 3\0broken", "SQLite"),
        ("x.pdf", b"%PDF-1.7 x", "PDF"),
        ("x.csv", b"\x1f\x8bbroken", "compressed"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_other_exports_are_shown(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    good = write(tmp_path / "good.csv", "date,amount", ["2025-01-02,1"])
    text, unreadable = inspect_exports([tmp_path / name, good], tmp_path)
    assert says in unreadable[0]
    assert name in unreadable[0]
    assert "good.csv" in text


@pytest.mark.parametrize("asked", ["none.csv", "none_*.csv", "folder"])
def test_a_path_that_names_no_export_is_a_wrong_request(tmp_path: Path, asked: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(RequestError, match="no such file|matches no file|without an export"):
        inspect_exports([tmp_path / asked], tmp_path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=400),
        st.text(alphabet="date,amount;\"'\t\n1.2-/年月日 客é\u2028\x85", max_size=200).map(
            str.encode
        ),
    )
)
def test_no_content_of_a_text_file_breaks_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    text, unreadable = inspect_exports([tmp_path / "x.csv"], tmp_path)
    assert bool(text) != bool(unreadable)
    if text:
        block = yaml.safe_load(text[text.index("\nsources:") :])
        assert list(block) == ["sources"]


@pytest.mark.real
@pytest.mark.skipif(not SUPERSTORE.is_dir(), reason="no Superstore files")
def test_the_superstore_files_are_read_as_people_know_them() -> None:
    found = look(SUPERSTORE / "Sample - Superstore.csv")
    assert found["date_order"]["code"] == "mdy"
    assert (found["encoding"]["is"], found["rows"]) == (
        "utf-8-sig",
        {"seen": 9994, "total": 9994, "exact": True},
    )
    assert {
        name: found["columns"][name]["header"]
        for name in ("date", "order_id", "amount", "quantity", "region")
    } == {
        "date": "Order Date",
        "order_id": "Order ID",
        "amount": "Sales",
        "quantity": "Quantity",
        "region": "Region",
    }
    book = look(SUPERSTORE / "Sample - Superstore.xls")
    assert {other["sheet"]: other["role"] for other in book["beside"]} == {
        "Returns": "returns",
        "People": "lookup",
    }


def test_days_below_their_groups_in_one_column_are_asked_as_a_pivot_in_compact_form(
    tmp_path: Path,
) -> None:
    rows = [
        row
        for region in ("East", "West")
        for row in (f"{region},104", *(f"2025-0{month},26" for month in range(1, 5)))
    ]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["Row Labels,Sum of Amount", *rows, ""]), encoding="utf-8")
    asked = propose_feed([path], read_aliases()).questions
    assert any("Row Labels holds days or months among other texts (East)" in one for one in asked)
    assert any("tabular form" in one for one in asked)


def test_the_block_is_what_a_run_accepts_and_says_where_it_comes_from(tmp_path: Path) -> None:
    found = look(write(tmp_path / "x.csv", HEADER, ROWS, "gb18030"))
    source = Source.model_validate(found["source"]["orders"])
    assert (source.kind, source.path, source.encoding) == ("csv", "x.csv", "gb18030")
    assert "# tax: included" in found["yaml"]
    assert any("at which rate" in question for question in found["ask"])


def test_errors_are_the_projects_own(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"")
    with pytest.raises(SalesForecastError, match="empty"):
        sample_file(tmp_path / "x.csv", read_aliases())
