"""Scales that headers and titles state: both readers take them alike, and sizes are none."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.scales import POWERS, UNITS, find_scale
from salesfc_lib.foundation.schema import Source
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.findings.propose import propose_feed
from salesfc_lib.intake.parse.numbers.spellings import dissect
from salesfc_lib.intake.parse.stated_scales import refuse_stated_unit
from salesfc_lib.intake.parse.survey import survey_numbers
from salesfc_lib.intake.sources.extract import read_source

HEADERS = {  # power of ten: headers of a column of amounts that state it
    2: ["金额(百元)"],
    3: [
        *("Amount (k)", "Amount_k", "Net amount in k", "Sales '000", "Sales ('000)"),
        *("Sales (000s)", "Sales, '000", "Sales (Thousands)", "Amount USD '000", "Amount USD k"),
        *("Amount ($k)", "Amount $000", "Amount US$ 000", "Amount EUR thousand"),
        *("Amount in Tsd. EUR", "Umsatz (Tsd. €)", "Umsatz Tsd. EUR", "Umsatz (TEUR)"),
        *("Umsatz in T€", "Umsatz in TEUR", "Umsatz (k€)", "Net sales (in EUR thousands)"),
        *("Amount in thousands", "Montant en milliers d'euros", "Montant (k€)"),
        *("Importe (miles de euros)", "Vendas (R$ mil)", "Vendas em mil R$", "Importe (mil)"),
        *("Ventas en miles", "Importe mil EUR", "Valor (mil R$)", "Receita (em milhares)"),
        *("金额(千元)", "金额（千）", "金额(k)", "销售额(K)"),
    ],
    4: [
        *("金额(万)", "金额（万元）", "金额万元", "金额(人民币万元)", "销售额（单位：万元）"),
        *("金額(萬元)", "金额(万美元)"),
    ],
    6: [
        *("Amount EUR m", "Amount £m", "Amount EUR mn", "Amount (m)", "Amount (mn)"),
        *("Amount in millions", "Amount $m", "Amount [$M]", "Umsatz Mio. EUR"),
        *("Umsatz in Mio. €", "Umsatz M€", "Umsatz (MEUR)", "Amount USD million"),
        *("Amount CHF mln", "金额(百万)", "金额百万元", "金额(百万円)"),
    ],
    5: ["Amount in lakhs", "Amount (lakh)"],
    7: ["Amount (INR crore)"],
    8: ["金额(亿)", "金额（亿元）"],
    9: [
        "Sales in US billions",
        "Amount in billions",
        "Amount USD bn",
        "Amount $bn",
        "Umsatz Mrd. EUR",
    ],
}
TITLES = {
    0: ["单位：元"],
    2: ["单位:百元", "单位：百元"],
    3: [
        *("in thousands", "Units: thousands", "Amounts in thousands of EUR", "in Tsd. EUR"),
        *("EUR '000", "USD thousands", "TEUR", "单位：千元", "R$ mil", "em mil", "en miles"),
        *("em R$ mil", "en mil", "miles de euros", "mil reais", "Valores em mil reais"),
    ],
    4: ["单位：万元", "金额单位：人民币万元", "單位:萬元", "(万美元)", "以万元为单位", "单位:万"],
    6: [
        *("in millions", "in EUR million", "EUR mn", "£m", "EUR m", "Mio. €"),
        *("单位:百万元", "in Mio. EUR"),
    ],
    7: ["单位:千万元", "in crores"],
    8: ["单位:亿元"],
    5: ["in lakhs"],
    9: ["in billions", "in Mrd. €", "USD bn"],
}
NONE = [
    *("Kunde (K)", "Customer (K)", "Size (M)", "T-Shirt (M)", "Amount", "Amount (EUR)"),
    *("Betrag in EUR", "金额(元)", "价税合计", "Sales 2024", "Net weight (t)", "Weight (k)"),
    *("Quantity (m)", "Menge (t)", "Länge (mm)", "Sales in m²", "数量(千克)", "单位:千克"),
    *("单位:箱", "计量单位", "万科", "万利", "百货", "千叶店", "亿达公司销售", "100万元以上客户"),
    *("Maud Ltd", "Ansprechpartner M. Kurz", "Sales in Munich", "Order (000123)", "Item 000"),
    *("EUR 000123", "Price per 1000", "Sales (B2B)", "Region (T)", "K", "M", "MTD"),
    *("in stock", "Amount (M/F)", "Miles driven", "Distance (miles)", "Quantity in miles"),
    *("Milla", "Familia", "Mil-spec parts", "Camille"),
]
PAIRS = [(power, header) for power, headers in HEADERS.items() for header in headers]


def write(folder: Path, header: str, title: str = "") -> Path:
    quoted = f'"{header}"' if "," in header else header
    lines = [*([title, ""] if title else []), f"date,order no,customer,quantity,{quoted}"]
    lines += [f"2024-01-{day:02},A{day},Baker,{day},{day}.5" for day in range(1, 29)]
    path = folder / "a.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refuse(folder: Path, header: str, **more: object) -> None:
    columns = {"date": "date", "amount": header, "quantity": "quantity"}
    source = Source.model_validate({"kind": "csv", "path": "a.csv", "columns": columns, **more})
    refuse_stated_unit("orders", source, read_source("orders", source, folder))


@pytest.mark.parametrize(("power", "header"), PAIRS)
def test_a_header_that_states_a_scale_is_read_by_cleaning_and_by_inspection(
    tmp_path: Path, power: int, header: str
) -> None:
    path = write(tmp_path, header)
    found = propose_feed([path], read_aliases())
    assert found.names["amount"] == header
    unit, words = found.units["amount"]
    assert words
    assert Source(kind="csv", path="a.csv", units={"amount": unit}).units["amount"] == 10**power
    with pytest.raises(
        SalesForecastError,
        match=f"states a unit in .*in `amount` {10**power:,}; source 'orders' declares none",
    ):
        refuse(tmp_path, header)
    refuse(tmp_path, header, units={"amount": unit})
    with pytest.raises(SalesForecastError, match="`sources.orders.units` says 7"):
        refuse(tmp_path, header, units={"amount": 7})


@pytest.mark.parametrize(
    ("power", "title"), [(power, title) for power, titles in TITLES.items() for title in titles]
)
def test_a_title_that_states_a_scale_is_read_by_cleaning_and_by_inspection(
    tmp_path: Path, power: int, title: str
) -> None:
    path = write(tmp_path, "amount", title)
    found = propose_feed([path], read_aliases())
    assert "quantity" not in found.units
    if not power:
        assert found.units == {}
        refuse(tmp_path, "amount")
        return
    unit = found.units["amount"][0]
    with pytest.raises(SalesForecastError, match=f"states a unit in .*in `amount` {10**power:,};"):
        refuse(tmp_path, "amount")
    refuse(tmp_path, "amount", units={"amount": unit})


@pytest.mark.parametrize("text", NONE)
def test_sizes_names_and_lengths_are_no_scale(text: str) -> None:
    assert find_scale(text) is None


@pytest.mark.parametrize(
    ("text", "power"),
    [
        ("Amount $b", 9),
        ("USD mil", 6),
        ("EUR tr", 6),
        ("Sales (XOF millions)", 6),
        ("Sales '000,000", 6),
        ("Amount (000,000)", 6),
        ("Values (mm)", 6),
        ("amounts rounded billions", 9),
    ],
)
def test_rarer_spellings_of_a_scale_have_their_power(text: str, power: int) -> None:
    found = find_scale(text)
    assert found is not None and found.power == power


def test_a_letter_that_may_be_a_scale_is_asked_and_has_to_be_declared(tmp_path: Path) -> None:
    path = write(tmp_path, "Sales M")
    found = propose_feed([path], read_aliases())
    assert found.units == {}
    assert any(
        "does 'sales m' in the header Sales M say" in question for question in found.questions
    )
    with pytest.raises(
        SalesForecastError,
        match=r"may state a unit in 'Sales M'.*\{amount: 1000000\}.*\{amount: 1\}",
    ):
        refuse(tmp_path, "Sales M")
    refuse(tmp_path, "Sales M", units={"amount": 1})
    refuse(tmp_path, "Sales M", units={"amount": "million"})


@pytest.mark.parametrize("header", ["Sales USD mil", "Amount (mil)", "Sales mil", "Sales in mil."])
def test_mil_without_words_of_its_language_is_asked_and_every_answer_is_taken(
    tmp_path: Path, header: str
) -> None:
    found = propose_feed([write(tmp_path, header)], read_aliases())
    assert found.names["amount"] == header and found.units == {}
    (question,) = [each for each in found.questions if "count in" in each]
    assert "units of million / thousand?" in question
    answers = re.findall(r"\{amount: (\w+)\}", question)
    assert answers == ["million", "thousand", "1"]
    with pytest.raises(SalesForecastError, match=r"\{amount: 1000000\}.*\{amount: 1000\}.*: 1\}"):
        refuse(tmp_path, header)
    for answer in answers:
        refuse(tmp_path, header, units={"amount": answer})


def test_a_header_of_another_column_or_another_file_counts_too(tmp_path: Path) -> None:
    write(tmp_path, "Amount")
    with pytest.raises(SalesForecastError, match=r"states a unit in 'Amount \(k\)'"):
        refuse(tmp_path, "Amount", aliases={"amount": ["Amount (k)"]})
    with pytest.raises(
        SalesForecastError,
        match=r"'Quantity \(k\)', which makes one of its numbers in `quantity` 1,000",
    ):
        refuse(tmp_path, "Amount", aliases={"quantity": ["Quantity (k)"]})


@pytest.mark.parametrize(
    "word", [word for word in POWERS if word not in ("十", "百", "十万", "十萬", "十亿", "十億")]
)
def test_a_word_behind_digits_multiplies_alike_in_cleaning_and_in_inspection(word: str) -> None:
    assert dissect(f"2{word}").power == POWERS[word]
    assert list(survey_numbers([f"2{word}"]).values) == [Decimal(2) * 10 ** POWERS[word]]


def test_units_may_be_declared_in_words() -> None:
    words = {
        "thousand": 3,
        "Tsd": 3,
        "wan": 4,
        "万元": 4,
        "萬": 4,
        "million": 6,
        "mio": 6,
        "百万元": 6,
        "yi": 8,
        "billion": 9,
        "百元": 2,
    }
    units = Source(
        kind="csv", path="a.csv", units={str(place): word for place, word in enumerate(words)}
    ).units
    assert list(units.values()) == [Decimal(10) ** power for power in words.values()]
    assert UNITS["percent"] == "0.01"
