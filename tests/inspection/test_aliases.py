"""Aliases: what a header may mean, in which files people say so, and how two meanings are told
apart.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.inspection.aliases import FILE, read_aliases
from salesfc_lib.inspection.findings.propose import propose
from salesfc_lib.inspection.sampling.feeds import sample_file
from salesfc_lib.intake import strip_header


def own(project: Path, text: str) -> Path:
    (project / FILE).parent.mkdir(parents=True)
    (project / FILE).write_text(text, encoding="utf-8")
    return project


def map_headers(project: Path, header: str, *rows: str) -> dict[str, str]:
    path = project / "x.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    aliases = read_aliases(project)
    return propose(sample_file(path, aliases), aliases).names


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("单据编号", "order_id"),
        ("VBELN", "order_id"),
        ("Invoice No.", "order_id"),
        ("Order #", "order_id"),
        ("发票号码", "order_id"),
        ("日期", "date"),
        ("Posting-Date", "date"),
        ("OrderDate", "date"),
        ("Buchungsdatum", "date"),
        ("客户", "customer"),
        ("购货单位", "customer"),
        ("Sold-to party", "customer"),
        ("Bill-to Customer", "customer"),
        ("物料编码", "product"),
        ("存货编码", "product"),
        ("Material", "product"),
        ("ｓｋｕ", "product"),
        ("数量", "quantity"),
        ("Qty.", "quantity"),
        ("Billed Quantity", "quantity"),
        ("价税合计", "amount"),
        ("无税金额", "amount"),
        ("Net value", "amount"),
        ("Extended price", "amount"),
        ("Umsatz", "amount"),
        ("税额", "tax_amount"),
        ("VAT %", "tax_rate"),
        ("币别", "currency"),
        ("汇率", "rate"),
        ("主计量单位", "unit_of_measure"),
        ("业务员", "salesperson"),
        ("部门", "department"),
        ("源单编号", "reference"),
        ("缺货天数", "stockout_days"),
        ("赢单概率", "probability"),
        ("价格", "price"),
        ("Unit price", "price"),
        ("折扣", "discount"),
        ("是否促销", "promotion"),
        ("Promo flag", "promotion"),
        ("On promotion?", "promotion"),
    ],
)
def test_headers_of_real_systems_are_known(header: str, name: str) -> None:
    hits = read_aliases().find(header)
    assert name in {hit.name for hit in hits}
    assert all(hit.exact for hit in hits)


FIELDS = {  # as systems and people call them: headers by this project's names
    "SAP": {
        "date": "AUDAT FKDAT ERDAT",
        "order_id": "VBELN",
        "line": "POSNR",
        "product": "MATNR",
        "product_line": "MATKL SPART",
        "customer": "KUNNR",
        "company": "VKORG",
        "channel": "VTWEG",
        "quantity": "KWMENG FKIMG LFIMG",
        "amount": "NETWR",
    },
    "NetSuite": {"date": "Trandate", "order_id": "Tran_ID", "product_line": "Class"},
    "Kingdee": {
        "product": "物料编码",
        "product_line": "物料分组 FMaterialGroup",
        "quantity": "FRealQty FBaseQty",
        "amount": "FAmount FAllAmount",
        "salesperson": "FSalerId",
    },
    "U8": {
        "order_id": "cSOCode",
        "customer": "cCusName",
        "product": "cInvCode 存货编码",
        "product_line": "cInvCName",
        "quantity": "iQuantity",
        "amount": "iSum iNatMoney",
        "line": "iRowNo",
    },
    "Jiandaoyun": {"date": "提交时间", "order_id": "数据ID 流水号", "salesperson": "提交人"},
    "Odoo": {"date": "date_order", "amount": "price_subtotal Untaxed_Total", "price": "price_unit"},
    "ERPNext": {
        "customer_type": "Customer_Group",
        "product_line": "Item_Group",
        "region": "Territory",
    },
    "Shopify": {"date": "Created_at", "product": "Lineitem_sku", "quantity": "Lineitem_quantity"},
    "Amazon": {"order_id": "amazon-order-id", "line": "order-item-id", "freight": "shipping-price"},
    "Excel": {
        "product": "编码 Bezeichnung Libellé Descripción",
        "product_line": "类别 Kategorie Gamme Línea_de_producto",
        "warehouse": "DC",
        "date": "Verkaufsdatum Date_de_vente Fecha_de_venta",
        "quantity": "Stückzahl Qté_vendue Unidades 箱数",
        "amount": "Umsatz_netto CA_HT Ventas_netas 货款",
        "price": "VK-Preis PU_HT Precio_de_venta 出厂价",
        "region": "Bundesland Ville Provincia 城市",
    },
}


@pytest.mark.parametrize("system", FIELDS)
def test_the_field_lists_of_systems_are_known(system: str) -> None:
    aliases = read_aliases()
    unknown = [
        header
        for name, headers in FIELDS[system].items()
        for header in headers.split()
        if name not in {hit.name for hit in aliases.find(header) if hit.exact}
    ]
    assert unknown == []


@pytest.mark.parametrize(
    "header", ["部门编码", "仓库名称", "Time zone", "Steuer gesamt", "Tax class"]
)
def test_a_word_that_says_too_little_stands_alone(header: str) -> None:
    near = {hit.name for hit in read_aliases().find(header)}
    assert not {"product", "product_line", "region", "amount"} & near


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("SO_OrderDate", "date"),
        ("本币价税合计", "amount"),
        ("Net Sales EUR", "amount"),
        ("Liefermenge", "quantity"),
    ],
)
def test_a_header_that_ends_with_an_alias_is_near(header: str, name: str) -> None:
    assert name in {hit.name for hit in read_aliases().find(header)}


@pytest.mark.parametrize(
    "header",
    [
        "Profit",
        "Commission Amount",
        "成本金额合计x",
        "去年同期数量",
        "Bemerkung",
        "remark",
        "update",
        "备注",
    ],
)
def test_what_only_resembles_a_measure_is_not_taken_for_it(header: str) -> None:
    assert not {"amount", "quantity", "date"} & {hit.name for hit in read_aliases().find(header)}


def test_no_name_lists_an_alias_twice_and_no_alias_is_blank() -> None:
    for name, words in read_aliases().columns.items():
        keys = [strip_header(word) for word in words]
        assert "" not in keys, name
        assert sorted({key for key in keys if keys.count(key) > 1}) == [], name


def test_a_projects_words_come_before_those_of_the_checkout_and_replace_none(
    tmp_path: Path,
) -> None:
    project = own(
        tmp_path, "columns:\n  amount: [Taler]\n  depot: [Rampe]\nkinds:\n  return: [zurück]\n"
    )
    aliases = read_aliases(project)
    assert aliases.columns["amount"][0] == "Taler"
    assert "价税合计" in aliases.columns["amount"]
    assert aliases.find("Rampe")[0].name == "depot"
    assert (aliases.kind_of("zurück"), aliases.kind_of("退货")) == ("return", "return")


def test_the_alias_listed_first_wins_and_a_project_may_change_that(tmp_path: Path) -> None:
    rows = ("2026-01-02,3,4", "2026-01-03,5,6")
    assert map_headers(tmp_path, "date,价税合计,无税金额", *rows)["amount"] == "无税金额"
    own(tmp_path, "columns: {amount: [价税合计]}\n")
    assert map_headers(tmp_path, "date,价税合计,无税金额", *rows)["amount"] == "价税合计"


def test_values_decide_between_two_names_of_one_header(tmp_path: Path) -> None:
    numbers = map_headers(
        tmp_path, "order no,date,item,material,amount", "1,2026-01-02,10,A,5", "1,2026-01-02,20,B,6"
    )
    assert (numbers["line"], numbers["product"]) == ("item", "material")
    texts = map_headers(
        tmp_path, "order no,date,item,amount", "1,2026-01-02,tea,5", "1,2026-01-02,rice,6"
    )
    assert (texts.get("line"), texts["product"]) == (None, "item")


def test_an_alias_whose_values_do_not_fit_is_refused_and_said(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(
        "date,amount,quantity\n2026-01-02,5,many\n2026-01-03,6,few\n", encoding="utf-8"
    )
    aliases = read_aliases()
    found = propose(sample_file(tmp_path / "x.csv", aliases), aliases)
    assert "quantity" not in found.names
    assert any(
        "'quantity' is an alias of quantity, but it holds texts" in said
        for said in found.assignment.refused
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("column:\n  date: [x]\n", "Did you mean 'columns'"),
        ("columns:\n  date: x\n", "list of words"),
        ("columns:\n  date: [0]\n", "list of words"),
    ],
)
def test_a_wrong_file_of_aliases_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SalesForecastError, match=says) as caught:
        read_aliases(own(tmp_path, text))
    assert "aliases.yml" in str(caught.value)


@pytest.mark.parametrize("header", ["announced", "公告日期", "Ankündigung", "decided on"])
def test_the_day_on_which_a_promotion_became_known_is_found(tmp_path: Path, header: str) -> None:
    names = map_headers(
        tmp_path, f"promotion name,start,end,{header}", "June,2024-06-01,2024-06-30,2024-05-02"
    )
    assert names == {
        "name": "promotion name", "start": "start", "end": "end", "announced": header
    }  # fmt: skip
