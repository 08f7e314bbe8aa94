"""`salesfc init`: what a header says is recognised, what it does not say is left to people."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from openpyxl import Workbook

from salesfc_lib.cleaning.clean import clean
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import language
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.sampling.feeds import sample_file
from salesfc_lib.inspection.writing.unit_file import propose_unit, write_unit_file

CHINESE = (
    "单据编号,单据日期,客户名称,物料编码,数量,价税合计(元),产品线,区域,备注\n"
    "A1,2026/1/2,甲,007,2,3.0,茶,华东,x\n"
    "A2,2026/1/3,乙,008,1,4.0,米,华北,x\n"
)


def start(project: Path, export: Path, unit: str | None = None) -> tuple[Parameters, str]:
    path, _ = write_unit_file([export], project, unit)
    return resolve(project, path.stem).parameters, path.read_text(encoding="utf-8")


def test_chinese_headers_in_a_national_encoding_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(CHINESE.encode("gb18030"))
    found, text = start(tmp_path, tmp_path / "orders.csv", "tea")
    orders = found.sources["orders"]
    assert (orders.kind, orders.path, orders.encoding, orders.delimiter) == (
        "csv",
        "orders.csv",
        "gb18030",
        ",",
    )
    assert orders.columns == {
        "order_id": "单据编号",
        "date": "单据日期",
        "customer": "客户名称",
        "product": "物料编码",
        "quantity": "数量",
        "amount": "价税合计(元)",
        "product_line": "产品线",
        "region": "区域",
    }
    assert found.dimensions == ["product_line", "region"]
    assert found.levels == {
        "total": [],
        "product_line": ["product_line"],
        "region": ["region"],
        "product_line_region": ["product_line", "region"],
    }
    assert "# tax: included" in text


def test_a_reader_of_chinese_gets_the_same_parameters_with_chinese_comments(tmp_path: Path) -> None:
    rows = "Date,Tax,Status,Amount incl. tax,Table\n03/04/2026,included,missing,3.0,text\n"
    (tmp_path / "orders.csv").write_text(rows * 2, encoding="utf-8")
    english, said = start(tmp_path, tmp_path / "orders.csv", "tea")
    with language.speaking("zh"):
        chinese, text = start(tmp_path, tmp_path / "orders.csv", "tea2")
    assert chinese.sources == english.sources
    assert "# tax: included   # its header says" in said
    assert "# tax: included   # 表头写有" in text
    comments = [line.partition("   # ")[2] for line in text.splitlines() if "   # " in line]
    assert comments and all(re.search("[一-龥]", comment) for comment in comments), comments


def test_title_rows_above_the_header_are_passed_over(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["Sales report"],
        ["printed", "2026-07-01"],
        ["Order Date", "Sales", "Quantity", "Region"],
        ["2026-01-02", 3.5, 2, "West"],
    ):
        sheet.append(row)
    book.save(tmp_path / "report.xlsx")
    found, _ = start(tmp_path, tmp_path / "report.xlsx")
    assert found.sources["orders"].columns == {
        "date": "Order Date",
        "quantity": "Quantity",
        "amount": "Sales",
        "region": "Region",
    }
    assert found.sources["orders"].sheet == "Sheet"


def test_the_largest_table_of_a_database_is_taken(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "erp.db") as base:
        base.execute("create table customers (customer text)")
        base.execute(
            'create table "order lines" '
            '("Order ID" text, "Order Date" text, amount real, quantity int)'
        )
        base.executemany(
            'insert into "order lines" values (?, ?, ?, ?)', [("1", "2026-01-02", 2.0, 1)] * 3
        )
    base.close()
    found, _ = start(tmp_path, tmp_path / "erp.db")
    assert found.sources["orders"].table == "order lines"
    assert found.sources["orders"].columns["order_id"] == "Order ID"


def test_what_is_not_recognised_is_asked_for_and_never_guessed(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(
        "When;What;How much\n2026-01-02;tea;3\n2026-01-03;rice;4\n", encoding="utf-8"
    )
    path, found = write_unit_file([tmp_path / "x.csv"], tmp_path)
    proposal = found["orders"]
    assert proposal.names == {}
    assert proposal.missing == ["date", "quantity", "amount"]
    assert proposal.others == {"When": 2, "What": 2, "How much": 2}
    text = path.read_text(encoding="utf-8")
    assert "# date: not recognised; headers: When, What, How much" in text
    assert resolve(tmp_path, "x").parameters.sources["orders"].delimiter == ";"


def test_a_column_with_many_members_is_not_offered_as_a_dimension(tmp_path: Path) -> None:
    lines = "".join(f"2026-01-02,1,{n},{n % 3},same\n" for n in range(100))
    (tmp_path / "x.csv").write_text(f"date,amount,serial,depot,constant\n{lines}", encoding="utf-8")
    proposal = write_unit_file([tmp_path / "x.csv"], tmp_path)[1]["orders"]
    assert proposal.others == {"depot": 3}


@pytest.mark.parametrize(
    "header",
    [
        'a: "b" # c',
        "{a}",
        "- x",
        "'",
        "数量\t",
        "a\\b",
        "%TAG",
        "null",
        "*a",
        "& b",
        "a\nhorizon: 3",
    ],
)
def test_headers_that_yaml_could_misread_come_back_as_they_are(tmp_path: Path, header: str) -> None:
    quoted = header.replace('"', '""')
    (tmp_path / "x.csv").write_text(
        f'date,amount,"{quoted}"\n2026-01-02,1,x\n2026-01-02,1,y\n', encoding="utf-8"
    )
    assert list(sample_file(tmp_path / "x.csv", read_aliases()).header) == [
        "date",
        "amount",
        header.strip(),
    ]
    found, _ = start(tmp_path, tmp_path / "x.csv")
    assert found.sources["orders"].columns["amount"] == "amount"
    assert found.horizon == 12


def test_an_export_outside_the_project_is_expected_under_data(tmp_path: Path) -> None:
    (tmp_path / "Sample - Süperstore.csv").write_text(
        "date,amount\n2026-01-02,1\n", encoding="utf-8"
    )
    found, _ = start(tmp_path / "project", tmp_path / "Sample - Süperstore.csv")
    assert found.sources["orders"].path == "data/Sample - Süperstore.csv"


def test_an_id_is_made_of_what_may_stand_in_a_path() -> None:
    assert propose_unit("2026 Sales (West)") == "2026-sales-west"
    assert propose_unit("销售") == "unit"
    assert len(propose_unit("a" * 60)) == 32


def test_a_unit_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("date,amount\n2026-01-02,1\n", encoding="utf-8")
    path, _ = write_unit_file([tmp_path / "x.csv"], tmp_path)
    path.write_text("horizon: 3\n", encoding="utf-8")
    with pytest.raises(RequestError, match="exists"):
        write_unit_file([tmp_path / "x.csv"], tmp_path)
    assert path.read_text(encoding="utf-8") == "horizon: 3\n"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.xlsx", b"not a workbook", "text without columns"),
        ("x.db", b"not a database", "text without columns"),
        ("x.csv", b"", "no row of headers"),
        ("x.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF\x81", "not text"),
    ],
)
def test_a_file_that_is_not_what_its_ending_says_is_named(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SalesForecastError, match=says) as caught:
        write_unit_file([tmp_path / name], tmp_path)
    assert name in str(caught.value)
    assert not (tmp_path / "parameters").exists()


def test_a_missing_export_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no such file"):
        write_unit_file([tmp_path / "none.csv"], tmp_path)


def write_csv(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_values_of_kind_that_are_known_are_said_and_the_others_are_asked_for(
    tmp_path: Path,
) -> None:
    rows = [
        f"2026-01-0{n},1,{amount},{kind}"
        for n, (kind, amount) in enumerate([("销售", 5), ("退货", 5), ("换货", 1), ("调整", -1)], 1)
    ]
    found, text = start(tmp_path, write_csv(tmp_path / "x.csv", "日期,数量,金额,单据类型", *rows))
    assert found.sources["orders"].kinds == {"销售": "sale", "退货": "return", "调整": "adjustment"}
    assert "# kinds to complete, each as sale, return or adjustment: 换货\n" in text


@pytest.mark.parametrize(
    ("amount", "positive"), [("2.5", True), ("-2.5", False), ('"1,200"', True), ("", False)]
)
def test_returns_are_called_positive_where_their_amounts_are(
    tmp_path: Path, amount: str, positive: bool
) -> None:
    rows = ("2026-01-02,9,Invoice", f"2026-01-03,{amount},Credit note")
    found, _ = start(tmp_path, write_csv(tmp_path / "x.csv", "date,amount,document type", *rows))
    assert found.sources["orders"].kinds == {"Invoice": "sale", "Credit note": "return"}
    assert found.sources["orders"].returns_are_positive is positive


def write_office_workbook(path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    rows = [
        ["West", "A1", 1, "2026-01-02", "Total Tools Ltd", 1, 2.0],
        ["", "A1", 2, "2026-01-02", "Total Tools Ltd", 1, 3.0],
        ["", "A1", 2, "2026-01-02", "Total Tools Ltd", 1, 3.0],
        ["小计:", "", "", "", "", 3, 8.0],
        ["East", "A2", 1, "2026-01-03", "Miller", 1, 4.0],
        ["", "A3", 1, "2026-01-04", "Miller", 1, 5.0],
        ["", "A4", 1, "2026-01-04", "Miller", 1, 5.0],
        ["Grand total", "", "", "", "", 6, 22.0],
    ]
    for row in (
        ["Sales, by hand"],
        [],
        ["Region", "Order ID", "Line", "Order Date", "Customer", "Quantity", "Amount"],
        *rows,
    ):
        sheet.append(row)
    book.save(path)
    return path


def test_subtotals_and_merged_cells_of_a_workbook_are_proposed(tmp_path: Path) -> None:
    orders = start(tmp_path, write_office_workbook(tmp_path / "x.xlsx"))[0].sources["orders"]
    assert orders.subtotals == ["小计", "Grand total"]
    assert orders.fill_down == ["region"]
    assert orders.key == ["order_id", "line"]


def test_a_customer_named_total_marks_no_subtotal(tmp_path: Path) -> None:
    export = write_csv(tmp_path / "x.csv", "date,amount,customer", "2026-01-02,1,Total Tools Ltd")
    assert write_unit_file([export], tmp_path)[1]["orders"].subtotals == []


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        (["A,1,2026-01-02,5", "A,2,2026-01-02,5", "B,1,2026-01-02,5"], ["order_id", "line"]),
        (
            ["A,1,2026-01-02,5", "A,1,2026-01-02,5", "B,1,2026-01-02,5"],
            ["order_id", "line"],
        ),  # a row that stands again
        (["A,1,2026-01-02,5", "A,1,2026-01-02,6", "B,1,2026-01-02,5"], []),
    ],
)
def test_order_and_line_are_the_key_only_where_they_identify_a_row(
    tmp_path: Path, rows: list[str], key: list[str]
) -> None:
    found, text = start(
        tmp_path, write_csv(tmp_path / "x.csv", "order no,line_no,date,amount", *rows)
    )
    assert found.sources["orders"].key == key
    assert ("line" in found.sources["orders"].columns) == bool(key)
    assert ("    # key: [" in text) != bool(key)


def test_list_amounts_beside_discounts_are_gross(tmp_path: Path) -> None:
    found, _ = start(
        tmp_path, write_csv(tmp_path / "x.csv", "date,list_amount,discount", "2026-01-02,100,2.5")
    )
    orders = found.sources["orders"]
    assert (orders.discounts, orders.columns["amount"], orders.columns["discount"]) == (
        "gross",
        "list_amount",
        "discount",
    )


@pytest.mark.parametrize(
    ("header", "discount"),
    [("list_amount,discount", "0.2"), ("Sales,Discount", "0.2"), ("amount,discount", "20")],
)
def test_amounts_are_net_where_the_export_does_not_say_otherwise(
    tmp_path: Path, header: str, discount: str
) -> None:
    found, text = start(
        tmp_path, write_csv(tmp_path / "x.csv", f"date,{header}", f"2026-01-02,100,{discount}")
    )
    orders = found.sources["orders"]
    assert orders.discounts == "net"
    assert ("discount" in orders.columns) == (discount == "20")
    assert ("`discounts: gross`" in text) == header.startswith("list")


def test_the_bottom_level_crosses_every_declared_dimension(tmp_path: Path) -> None:
    found, text = start(
        tmp_path,
        write_csv(
            tmp_path / "x.csv",
            "date,amount,category,segment,region,channel",
            "2026-01-02,1,a,b,c,d",
        ),
    )
    assert list(found.levels.values())[-1] == found.dimensions == ["product_line", "customer_type"]
    assert "add it above and to the last level: region, channel\n" in text


def test_amounts_without_tax_are_not_taken_for_amounts_with_it(tmp_path: Path) -> None:
    _, text = start(tmp_path, write_csv(tmp_path / "x.csv", "日期,不含税金额", "2026-01-02,1"))
    assert "tax: included" not in text


def test_tables_beside_the_largest_are_named(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "erp.db") as base:
        base.execute("create table returns (return_date text)")
        base.execute("create table sales (date text, amount real)")
        base.execute("insert into sales values ('2026-01-02', 1.0)")
    base.close()
    assert "# also in the file, not read: returns;" in start(tmp_path, tmp_path / "erp.db")[1]


def test_the_file_names_the_command_that_lists_every_key(tmp_path: Path) -> None:
    _, text = start(tmp_path, write_csv(tmp_path / "x.csv", "date,amount", "2026-01-02,1"), "x")
    assert "`salesfc parameters x` lists every key and its value" in text


def write_shop(folder: Path) -> list[Path]:
    """Orders of a year, and what comes with them."""
    orders = [
        f"A{month:02}{line},{line},2025-{month:02}-0{line},2025-{month:02}-0{line},"
        f"tea{line % 2},shop,{('West', 'East')[line % 2]},{line},{line}.50"
        for month in range(1, 13)
        for line in range(1, 7)
    ]
    stock = [
        f"2025-{month:02}-28,tea{kind},{region},7"
        for month in range(1, 13)
        for kind in (0, 1)
        for region in ("West", "East")
    ]
    return [
        write_csv(folder / "stock.csv", "month,product line,region,stock qty", *stock),
        write_csv(
            folder / "orders.csv",
            "order no,line,order date,ship date,product line,customer type,region,qty,net sales",
            *orders,
        ),
        write_csv(
            folder / "promo.csv", "name,start,end,channel", "spring,2025-03-01,2025-03-09,online"
        ),
        write_csv(folder / "returns.csv", "order no,returned", "A011,yes", "A032,yes"),
    ]


def test_each_of_several_exports_gets_its_role_and_what_is_written_runs(tmp_path: Path) -> None:
    path, found = write_unit_file(write_shop(tmp_path), tmp_path, "shop")
    assert {name: proposal.role for name, proposal in found.items()} == {
        "orders": "orders",
        "inventory": "inventory",
        "promotions": "promotions",
        "returns": "returns",
    }
    parameters = resolve(tmp_path, "shop").parameters
    assert parameters.sources["returns"].join == {"order_id": "order no"}
    assert parameters.measure.returns == "month_of_sale"
    cleaned = clean(parameters, tmp_path, "2025-11")
    assert len(cleaned.quarantine) == 0
    assert cleaned.transactions["quantity"].sum() == 11 * 21 - 1 - 2
    assert path.name == "shop.yml"


def test_the_dimensions_are_those_that_stock_is_kept_by(tmp_path: Path) -> None:
    write_unit_file(write_shop(tmp_path), tmp_path, "shop")
    parameters = resolve(tmp_path, "shop").parameters
    assert parameters.dimensions == ["product_line", "region"]
    assert "channel" not in parameters.sources["promotions"].columns


def test_a_table_that_needs_more_dimensions_is_not_read_but_shown(tmp_path: Path) -> None:
    orders = write_csv(
        tmp_path / "orders.csv", "date,amount,region", "2025-01-02,1,West", "2025-01-03,1,East"
    )
    stock = write_csv(tmp_path / "stock.csv", "month,warehouse,stock", "2025-01,A,1", "2025-01,B,2")
    path, _ = write_unit_file([orders, stock], tmp_path, "x")
    assert list(resolve(tmp_path, "x").parameters.sources) == ["orders"]
    assert "# not read yet: 1 rows repeat ds" in path.read_text(encoding="utf-8")


def test_a_unit_without_amounts_is_measured_in_pieces(tmp_path: Path) -> None:
    found, _ = start(
        tmp_path,
        write_csv(tmp_path / "x.csv", "date,item,qty", "2025-01-02,tea,1", "2025-01-03,tea,2"),
    )
    assert found.measure.value == "quantity"


def test_an_alias_of_the_project_is_used(tmp_path: Path) -> None:
    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters" / "aliases.yml").write_text(
        "columns: {amount: [Taler]}\n", encoding="utf-8"
    )
    found, _ = start(tmp_path, write_csv(tmp_path / "x.csv", "date,Taler", "2025-01-02,1"))
    assert found.sources["orders"].columns["amount"] == "Taler"


@pytest.mark.parametrize(
    ("header", "cells", "currency"),
    [
        ("Amount GBP", ["10.00", "20.00"], '"GBP "'),
        ("Sales (US$)", ["10.00", "20.00"], '"US$"'),
        ("金额(元)", ["10.00", "20.00"], '"¥"'),
        ("Amount", ["£10.00", "£20.00"], '"£"'),
        ("Amount", ["10.00", "20.00"], None),
        ("Amount", ["£10.00", "€20.00"], None),
    ],
)
def test_the_currency_is_what_the_data_name_and_none_is_made_up(
    tmp_path: Path, header: str, cells: list[str], currency: str | None
) -> None:
    rows = [f'2025-01-0{1 + at},A{at},"{cell}"' for at, cell in enumerate(cells)]
    export = tmp_path / "orders.csv"
    export.write_text("\n".join([f"Date,Order ID,{header}", *rows]) + "\n", encoding="utf-8")
    path, _ = write_unit_file([export], tmp_path, "u")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "currency:" in line]
    assert [line.split("#")[0].strip() for line in lines] == (
        [f"currency: {currency}"] if currency else []
    )


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Year,Month,Product,Amount", ["2024,1,p,10", "2024,2,p,11", "2024,3,q,12"]),
        ("Jahr;Monat;Artikel;Umsatz", ["2024;Januar;p;10", "2024;Februar;p;11", "2024;März;q;12"]),
        ("年,月,产品,金额", ["2024年,1月,p,10", "2024年,2月,p,11", "2024年,03月,q,12"]),
        ("Fiscal Year,Month,SKU,Sales", ["2024.0,1.0,p,10", "2024.0,2.0,p,11", "2024.0,3.0,q,12"]),
    ],
)
def test_a_year_and_a_month_in_columns_of_their_own_date_the_rows(
    tmp_path: Path, header: str, rows: list[str]
) -> None:
    export = tmp_path / "data" / "sales.csv"
    export.parent.mkdir()
    export.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    _, found = write_unit_file([export], tmp_path, "u")
    assert found["orders"].months.rows == {"2024-01": 1, "2024-02": 1, "2024-03": 1}
    parameters = resolve(tmp_path, "u").parameters
    assert "date" not in parameters.sources["orders"].columns
    cleaned = clean(parameters, tmp_path, "2024-03")
    assert cleaned.transactions["date"].dt.strftime("%Y-%m-%d").tolist() == [
        "2024-01-01",
        "2024-02-01",
        "2024-03-01",
    ]
    assert cleaned.transactions["amount"].astype(int).tolist() == [10, 11, 12]


@pytest.mark.parametrize(
    ("earlier", "later", "asked"),
    [
        ("Amount", "Net Amount", "does 'net amount' make them different amounts?"),
        ("金额", "价税合计", "make them different amounts?"),
        ("Amount", "Sales Amount", None),
    ],
)
def test_an_amount_whose_header_changes_its_meaning_between_two_files_is_asked(
    tmp_path: Path, earlier: str, later: str, asked: str | None
) -> None:
    for month, header in ((1, earlier), (2, later)):
        lines = [f"Date,Order ID,{header}", *(f"2025-0{month}-0{day},{day},5" for day in (1, 2))]
        (tmp_path / f"sales_{month}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _, found = write_unit_file([tmp_path], tmp_path, "u")
    changed = [one for one in found["orders"].questions if "different amounts" in one]
    assert len(changed) == bool(asked) and all(str(asked) in one for one in changed)


def test_dimensions_that_follow_from_an_items_id_are_found(tmp_path: Path) -> None:
    head = "id,item_id,dept_id,cat_id,store_id,state_id,date,sales"
    rows = [
        f"{item}_{store}_x,{item},{item[:-4]},{item[:-6]},{store},{store[:2]},2024-0{month}-05,{month}"
        for item in ("FOODS_1_001", "FOODS_2_001", "HOBBIES_1_001")
        for store in ("CA_1", "CA_2", "TX_1")
        for month in (1, 2)
    ]
    (tmp_path / "m.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    _, found = write_unit_file([tmp_path / "m.csv"], tmp_path, "u")
    names = found["orders"].names
    assert (names["product_line"], names["product_group"]) == ("cat_id", "dept_id")
    assert (names["region"], names["channel"]) == ("state_id", "store_id")


@pytest.mark.parametrize(("cells", "asked"), [(["3", "0", "4"], True), (["3.50", "0", "4"], False)])
def test_whole_numbers_beside_a_price_are_asked_whether_they_are_pieces(
    tmp_path: Path, cells: list[str], asked: bool
) -> None:
    rows = [f"2024-0{1 + at}-05,p,{cell},2.50" for at, cell in enumerate(cells)]
    (tmp_path / "m.csv").write_text("\n".join(["date,item_id,sales,sell_price", *rows]) + "\n")
    _, found = write_unit_file([tmp_path / "m.csv"], tmp_path, "u")
    said = [one for one in found["orders"].questions if "pieces (map the column" in one]
    assert len(said) == asked
