"""Claims about headers and layout: one name a column; no row of the business is a subtotal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.schema import Source
from salesfc_lib.intake.header_keys import fold_header
from salesfc_lib.intake.sources.extract import Extract, read_source
from salesfc_lib.intake.sources.header import match_header, number_repeated
from salesfc_lib.intake.sources.layout import Grid, lay_out
from salesfc_lib.intake.sources.text_columns import text_table

COLUMNS = {
    "date": "日期",
    "order_id": "单号",
    "customer": "客户",
    "amount": ["价税合计", "含税金额", "Amount"],
}


def source(**more: Any) -> Source:
    return Source(**{"kind": "csv", "path": "*.csv", "columns": COLUMNS, **more})


def read(folder: Path, *texts: str, **more: Any) -> Extract:
    for number, text in enumerate(texts):
        (folder / f"{number}.csv").write_text(text, encoding="utf-8")
    return read_source("orders", source(**more), folder)


def said(extract: Extract, rule: str) -> list[str]:
    return extract.issues.loc[extract.issues["rule"].eq(rule), "reason"].tolist()


def lay(header: list[str], rows: list[list[str]], **more: Any) -> pa.Table:
    grid = Grid(header, np.arange(2, len(rows) + 2), text_table(len(header), rows))
    return lay_out(grid, source(**more), "a.csv", "a.csv")[0]


def marks(rows: list[list[str]], **more: Any) -> list[str]:
    """Marks of rows of date, order number, customer and amount."""
    return lay(["日期", "单号", "客户", "价税合计"], rows, **more)["mark"].to_pylist()


def test_a_list_of_headers_keeps_the_first_as_the_name_and_the_others_as_aliases() -> None:
    assert source().columns["amount"] == "价税合计"
    assert source().aliases == {"amount": ["含税金额", "Amount"]}
    assert Source(**source().model_dump()) == source(), "what was resolved reads back as it is"


@pytest.mark.parametrize(
    ("columns", "words"), [({"amount": []}, "empty list"), ({"amount": [1]}, "string")]
)
def test_a_list_without_headers_is_refused(columns: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        source(columns=columns)


def test_aliases_of_a_column_that_is_not_mapped_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"aliases\.qty: not among `columns`"):
        source(aliases={"qty": ["数量"]})


@pytest.mark.parametrize(
    "header",
    [
        " 价税合计 ",
        "价税 合计",
        "价税\u200b合计",
        "含税金额",
        "AMOUNT",
        "Ａｍｏｕｎｔ",
        "价税合计\n",
    ],
)
def test_a_file_may_spell_a_header_in_any_listed_way_and_later_code_sees_one_name(
    tmp_path: Path, header: str
) -> None:
    extract = read(tmp_path, f'日期,单号,客户,"{header}"\n2024-01-01,A1,甲,5\n')
    assert extract.rows["价税合计"].to_pylist() == ["5"]
    assert said(extract, "renamed_column") == (
        []
        if header.strip() == "价税合计"
        else [f"the column '{header.strip()}' is read as '价税合计'"]
    )


def test_files_of_one_feed_may_rename_and_reorder_their_columns(tmp_path: Path) -> None:
    extract = read(
        tmp_path, "日期,单号,客户,价税合计\n1,A,甲,5\n", "Amount,客户,日期,单号\n6,乙,2,B\n"
    )
    assert extract.rows.select(["日期", "单号", "客户", "价税合计"]).to_pylist() == [
        {"日期": "1", "单号": "A", "客户": "甲", "价税合计": "5"},
        {"日期": "2", "单号": "B", "客户": "乙", "价税合计": "6"},
    ]
    assert extract.issues["source"].tolist() == ["orders: 1.csv"] * 2
    assert said(extract, "renamed_column") == [
        "the column 'Amount' is read as '价税合计'",
        "its columns come in another order than those of the feed's first file",
    ]


def test_every_column_that_a_file_renames_is_named(tmp_path: Path) -> None:
    extract = read(tmp_path, "日期,单 号,客户,Amount\n1,A,甲,5\n")
    assert said(extract, "renamed_column") == [
        "the column '单 号' is read as '单号'; 'Amount' is read as '价税合计'"
    ]


def test_two_columns_that_fit_one_name_stop_the_unit_and_both_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        SalesForecastError, match="2 columns that fit '价税合计': '价税合计', '含税金额'"
    ):
        read(tmp_path, "日期,单号,客户,价税合计,含税金额\n1,A,甲,5,6\n")


def test_one_column_that_fits_two_names_stops_the_unit(tmp_path: Path) -> None:
    columns = {**COLUMNS, "net": ["净额", "Amount"]}
    with pytest.raises(SalesForecastError, match="'Amount' of .* fits both '价税合计' and '净额'"):
        read(tmp_path, "日期,单号,客户,Amount\n1,A,甲,5\n", columns=columns)


def test_a_header_spelled_as_listed_goes_before_one_that_only_looks_like_it() -> None:
    assert match_header(
        ["amount", "Amount"], Source(kind="csv", path="a", columns={"amount": "Amount"})
    ) == {"Amount": [1]}


def test_a_missing_column_is_answered_with_the_nearest_header(tmp_path: Path) -> None:
    with pytest.raises(
        SalesForecastError,
        match="lacks the column '价税合计'.*The nearest to '价税合计' is '含税总金额'",
    ):
        read(tmp_path, "日期,单号,客户,含税总金额\n1,A,甲,5\n")


def test_a_header_in_two_rows_is_told_with_what_each_holds(tmp_path: Path) -> None:
    with pytest.raises(
        SalesForecastError,
        match=(
            "stands in two rows: row 1 has '日期', '单号', '客户', '本期', row 2 has '数量', "
            "'价税合计'"
        ),
    ):
        read(tmp_path, "日期,单号,客户,本期,\n,,,数量,价税合计\n1,A,甲,5,6\n")


def test_the_lines_above_the_header_are_told_and_kept(tmp_path: Path) -> None:
    extract = read(tmp_path, "销售明细,,,\n\n单位:万元,,,\n日期,单号,客户,价税合计\n1,A,甲,5\n")
    assert extract.files[0]["titles"] == ["销售明细", "单位:万元"]
    assert said(extract, "title_rows") == ["2 rows above the header: '销售明细', '单位:万元'"]
    assert extract.rows["row"].to_pylist() == [5]


@pytest.mark.parametrize(
    "word",
    [
        "小计",
        "合计",
        "总计",
        "本页小计",
        "汇总",
        "累计",
        "Subtotal",
        "GRAND TOTAL:",
        "total",
        "Sum",
        "合  计：",
        "小\u3000计",
    ],
)
def test_the_usual_words_mark_a_row_of_sums_without_being_declared(word: str) -> None:
    assert marks([["2024-01-01", "A1", "甲", "5"], [word, "", "", "5"], ["", "", word, "5"]]) == [
        "",
        "subtotal",
        "subtotal",
    ]


@pytest.mark.parametrize("customer", ["Total", "合计", "TOTAL", "小计", "Total Tools Ltd", "Sum"])
def test_a_row_with_its_own_date_and_order_number_is_never_a_sum(customer: str) -> None:
    assert marks([["2024-01-01", "A1", customer, "5"], ["2024-01-01", "A2", customer, "7"]]) == [
        "",
        "",
    ]


def test_words_within_words_mark_nothing() -> None:
    rows = [
        ["", "", "Summer Shop", "5"],
        ["", "", "Totally Tools", "5"],
        ["", "", "A resume", "5"],
        ["", "", "East total", "5"],
    ]
    assert marks(rows) == ["", "", "", "subtotal"]


def test_the_words_can_be_replaced_and_left_out() -> None:
    rows = [["总和", "", "", "5"], ["合计", "", "", "5"]]
    assert marks(rows, subtotals=["总和"]) == ["subtotal", ""]
    assert marks(rows, subtotals=[]) == ["", ""]


def test_without_order_numbers_a_row_with_all_its_texts_is_business() -> None:
    columns = {"date": "d", "customer": "c", "product": "p", "amount": "a"}
    rows = [
        ["1", "Total", "Soap", "5"],
        ["1", "Total", "", "5"],
        ["", "Total", "Soap", "5"],
        ["1", "East total", "Soap", "5"],
    ]
    assert lay(["d", "c", "p", "a"], rows, columns=columns)["mark"].to_pylist() == [
        "",
        "subtotal",
        "subtotal",
        "",
    ]


def test_a_header_repeated_in_the_middle_is_marked_only_if_every_cell_repeats() -> None:
    rows = [["日期", " 单号", "客户 ", "价税合计"], ["日期", "单号", "客户", "5"]]
    assert marks(rows) == ["header", ""]


def test_filled_cells_are_counted(tmp_path: Path) -> None:
    text = "日期,单号,客户,价税合计\n1,A,甲,5\n1,B,,6\n合计,,,11\n2,C,,7\n"
    extract = read(tmp_path, text, fill_down=["customer"])
    assert extract.rows["客户"].to_pylist() == ["甲", "甲", "", "甲"]
    assert said(extract, "filled_down") == [
        "2 blank cells of '客户' were filled with the text above them"
    ]


@pytest.mark.parametrize("lines", [65_536, 1_048_576])
def test_a_text_that_ends_where_a_sheet_would_is_refused(tmp_path: Path, lines: int) -> None:
    rows = "1,A,甲,5\n" * (lines - 2)
    head = "日期,单号,客户,价税合计\n"
    assert read(tmp_path, head + rows).rows.num_rows == lines - 2
    with pytest.raises(
        SalesForecastError, match=f"row {lines:,}, the last that a sheet of this kind can hold"
    ):
        read(tmp_path, head + rows + "1,A,甲,5\n")


@given(st.lists(st.sampled_from(["a", "b", " a", "", "a (2)", "b (2)"]), max_size=8))
def test_every_column_gets_a_name_of_its_own(header: list[str]) -> None:
    names = number_repeated(header)
    assert len(set(names)) == len(header)
    assert all(name.strip() for name in names)


@given(st.text(max_size=12))
def test_folding_a_header_twice_is_folding_it_once(text: str) -> None:
    assert fold_header(fold_header(text)) == fold_header(text)


words = st.sampled_from(
    ["Total", "合计", "x", "", " ", "小计", "East total", "2024-01-01", "A1", "5"]
)


@given(st.lists(st.tuples(words, words, words, words), max_size=8))
def test_marks_are_what_a_slow_loop_over_rows_says(rows: list[tuple[str, ...]]) -> None:
    whole = {"total", "合计", "小计"}

    def is_sum(row: tuple[str, ...]) -> bool:
        cells = [cell.strip().casefold() for cell in row]
        has_word = [cell in whole or cell == "east total" for cell in cells]
        lacks = [not cells[place] or has_word[place] for place in (0, 1)]
        return (any(cell in whole for cell in cells) and any(lacks)) or (
            any(has_word) and all(lacks)
        )

    assert marks([list(row) for row in rows]) == ["subtotal" if is_sum(row) else "" for row in rows]
