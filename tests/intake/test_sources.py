"""Claims about reading exports: nothing is guessed, replaced or lost; complaints name the place."""

from __future__ import annotations

import csv as csv_module
import datetime
import hashlib
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.schema import Source
from salesfc_lib.intake.sources.cell_text import cell_text, float_text
from salesfc_lib.intake.sources.extract import Extract, read_source
from salesfc_lib.intake.sources.files import RawFile
from salesfc_lib.intake.sources.text.csv import read_csv
from salesfc_lib.intake.sources.text.dialect import DELIMITERS

COLUMNS = {"date": "日期", "amount": "金额"}


def csv_source(path: str = "a.csv", **more: Any) -> Source:
    return Source(**{"kind": "csv", "path": path, "columns": COLUMNS, **more})


def read_text(folder: Path, content: bytes, **more: Any) -> Extract:
    (folder / "a.csv").write_bytes(content)
    return read_source("orders", csv_source(**more), folder)


def frame(extract: Extract) -> pd.DataFrame:
    """The extract's rows, with texts as plain objects."""
    return extract.rows.to_pandas().astype(object)


def excel_source(**more: Any) -> Source:
    return Source(**{"kind": "excel", "path": "a.xlsx", "columns": COLUMNS, **more})


def save_sheet(folder: Path, rows: list[list[Any]], merged: str | None = None) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    workbook.save(folder / "a.xlsx")


def save_database(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / "a.sqlite")
    connection.executescript(";".join(statements))
    connection.close()


def sql_source(**more: Any) -> Source:
    return Source(
        **{
            "kind": "sql",
            "path": "a.sqlite",
            "table": "sales",
            "columns": {"date": "day", "amount": "amount"},
            **more,
        }
    )


@pytest.mark.parametrize(
    ("encoding", "declared", "recorded"),
    [
        ("utf-8", None, "utf-8"),
        ("utf-8-sig", None, "utf-8-sig"),
        ("gb18030", None, "gb18030"),
        ("utf-16", None, "utf-16"),
        ("utf-16-le", "utf-16-le", "utf-16-le"),
        ("gb18030", "utf-16-le", "gb18030"),
    ],
)
def test_a_file_reads_the_same_in_every_encoding(
    tmp_path: Path, encoding: str, declared: str | None, recorded: str
) -> None:
    extract = read_text(
        tmp_path, "日期,金额\n2024年7月2日,厨具\n".encode(encoding), encoding=declared
    )
    assert extract.files[0]["encoding"] == recorded
    assert frame(extract)[["日期", "金额", "row"]].values.tolist() == [["2024年7月2日", "厨具", 2]]


def test_a_declared_western_encoding_goes_before_gb18030(tmp_path: Path) -> None:
    content = "date,amount\n2024-01-01,Caféa\n".encode("windows-1252")
    assert "Caféa" not in content.decode("gb18030"), (
        "GB18030 reads this without complaint, and wrongly"
    )
    extract = read_text(
        tmp_path, content, encoding="windows-1252", columns={"date": "date", "amount": "amount"}
    )
    assert frame(extract)["amount"].tolist() == ["Caféa"]


def test_bytes_of_no_encoding_are_an_error_that_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match=r"a\.csv.*0xFF in line 3.*encoding"):
        read_text(tmp_path, "日期,金额\n1,2\n3,".encode() + b"\xff\xff\n")


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_delimiter_is_the_one_that_finds_the_header(tmp_path: Path, delimiter: str) -> None:
    lines = [["日期", "金额", "a;b,c"], ["2024-01-01", "1,5", "x|y"]]
    text = io.StringIO()
    csv_module.writer(text, delimiter=delimiter).writerows(lines)
    assert frame(read_text(tmp_path, text.getvalue().encode()))["金额"].tolist() == ["1,5"]


def test_records_that_do_not_fit_are_set_aside_with_their_line_and_the_others_stay(
    tmp_path: Path,
) -> None:
    text = (
        '销售明细\n日期,金额\n2024-01-01,1\n2024-01-02,2,3\n2024-01-03\n\n"2024\n-01-04",4\n'
        "2024-01-05,5,\n"
    )
    extract = read_text(tmp_path, text.encode())
    assert frame(extract)[["row", "金额"]].values.tolist() == [[3, "1"], [7, "4"], [9, "5"]]
    assert extract.rejected[["source", "row", "rule"]].values.tolist() == [
        ["orders", 4, "misfit"],
        ["orders", 5, "misfit"],
    ]
    assert "3 fields where the header has 2" in extract.rejected["reason"][0]
    assert json.loads(extract.rejected["content"][0]) == "2024-01-02,2,3"


def test_a_stray_quote_costs_its_own_line_and_not_those_below(tmp_path: Path) -> None:
    text = '日期,金额\n2024-01-01,"1\n2024-01-02,2\n2024-01-03,3\n'
    extract = read_text(tmp_path, text.encode())
    assert frame(extract)["金额"].tolist() == ["2", "3"]
    assert extract.rejected[["row", "rule"]].values.tolist() == [[2, "misfit"]]


def test_a_control_character_is_set_aside_with_its_place(tmp_path: Path) -> None:
    extract = read_text(tmp_path, "日期,金额\n2024-01-01,1\x002\n2024-01-02,2\n".encode())
    assert frame(extract)["金额"].tolist() == ["2"]
    assert extract.rejected["reason"].tolist() == [
        "'金额' holds the control character U+0000 at place 2"
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written")


cells = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@given(
    st.lists(st.tuples(cells, cells), max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
def test_what_a_csv_writer_writes_is_read_back(
    folder: Path, rows: list[tuple[str, str]], delimiter: str, encoding: str
) -> None:
    text = io.StringIO()
    csv_module.writer(text, delimiter=delimiter, quoting=csv_module.QUOTE_ALL).writerows(
        [("日期", "金额"), *rows]
    )
    path = folder / "a.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    grid = read_csv(RawFile("a.csv", path), csv_source(encoding=encoding), "a.csv")
    assert list(zip(*(column.to_pylist() for column in grid.cells.columns), strict=True)) == [
        row for row in rows if "".join(row).strip()
    ]
    assert not grid.rejected


def test_missing_columns_name_the_file_and_what_was_found(tmp_path: Path) -> None:
    with pytest.raises(
        SalesForecastError, match=r"a\.csv' lacks the column '金额'.*Found: '日期', '数量'"
    ):
        read_text(tmp_path, "日期,数量\n1,2\n".encode())


def test_a_header_that_stands_twice_is_refused_if_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match="'金额' more than once"):
        read_text(tmp_path, "日期,金额,金额\n1,2,3\n".encode())
    extract = read_text(tmp_path, "日期,金额,备注,备注,row\n1,2,a,b,c\n".encode())
    assert frame(extract).iloc[0].to_dict() == {
        "日期": "1",
        "金额": "2",
        "备注": "a",
        "备注 (2)": "b",
        "row (export)": "c",
        "row": 2,
        "file": "a.csv",
        "mark": "",
    }


def test_a_sheet_below_its_titles_keeps_its_row_numbers_and_values(tmp_path: Path) -> None:
    save_sheet(
        tmp_path,
        [
            ["销售明细"],
            [],
            ["日期", "编号", "金额"],
            [datetime.datetime(2024, 7, 2), "00123", 0.1 + 0.2],
            [datetime.datetime(2024, 7, 3, 8, 30), 7, 1234567],
            [],
            ["日期", "编号", "金额"],
            [None, "x", True],
        ],
    )
    extract = read_source("orders", excel_source(), tmp_path)
    assert frame(extract)[["row", "日期", "编号", "金额", "mark"]].values.tolist() == [
        [4, "2024-07-02", "00123", "0.3", ""],
        [5, "2024-07-03 08:30:00", "7", "1234567", ""],
        [7, "日期", "编号", "金额", "header"],
        [8, "", "x", "TRUE", ""],
    ]


def test_a_merged_cell_fills_only_what_it_covers(tmp_path: Path) -> None:
    save_sheet(
        tmp_path,
        [["区域", "日期", "金额"], ["华东", "d", 1], [None, "d", 2], [None, "d", 3]],
        merged="A2:A3",
    )
    extract = read_source("orders", excel_source(fill_down=["区域"]), tmp_path)
    assert frame(extract)["区域"].tolist() == ["华东", "华东", ""]


def test_a_row_that_is_set_aside_still_heads_the_merged_rows_below_it(tmp_path: Path) -> None:
    rows = [
        *(["区域", "日期", "金额"], ["华东", "d", 1], [None, "d", 2]),
        *(["华南", "d", "#N/A"], [None, "d", 4], [None, "d", 5]),
    ]
    for merged in ("A4:A6", None):
        save_sheet(tmp_path, rows, merged)
        extract = read_source("orders", excel_source(fill_down=["区域"]), tmp_path)
        assert frame(extract)["区域"].tolist()[2:] == ["华南", "华南"]
        assert extract.rejected["row"].tolist() == [4]


def test_a_merged_cell_without_text_takes_none_from_the_cell_above_it(tmp_path: Path) -> None:
    save_sheet(
        tmp_path,
        [["区域", "日期", "金额"], ["华东", "d", 1], [None, "d", 2], [None, "d", 3]],
        merged="A3:A4",
    )
    extract = read_source("orders", excel_source(fill_down=["区域"]), tmp_path)
    assert frame(extract)["区域"].tolist() == ["华东", "", ""]


def test_blank_cells_are_filled_from_above_where_nothing_is_merged_but_not_across_subtotals(
    tmp_path: Path,
) -> None:
    save_sheet(
        tmp_path,
        [
            ["区域", "日期", "金额"],
            ["华东", "d", 1],
            [None, "d", 2],
            ["小计", None, 3],
            ["华南", "d", 4],
        ],
    )
    source = excel_source(
        fill_down=["region"], columns={**COLUMNS, "region": "区域"}, subtotals=["小计"]
    )
    extract = read_source("orders", source, tmp_path)
    assert frame(extract)[["区域", "mark"]].values.tolist() == [
        ["华东", ""],
        ["华东", ""],
        ["小计", "subtotal"],
        ["华南", ""],
    ]


def test_a_name_that_begins_with_a_subtotals_word_is_no_subtotal(tmp_path: Path) -> None:
    content = "customer,date,amount\nTotal Tools Ltd,2024-01-01,1\nEast total:,,1\nTOTAL,,1\n"
    columns = {"date": "date", "amount": "amount", "customer": "customer"}
    extract = read_text(tmp_path, content.encode(), columns=columns, subtotals=["Total"])
    assert frame(extract)["mark"].tolist() == ["", "subtotal", "subtotal"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (731.9399999999999, "731.94"),
        (42420.0, "42420"),
        (1e16, "10000000000000000"),
        (-0.00001, "-0.00001"),
        (2.0**53 - 1, "9007199254740991"),
    ],
)
def test_a_float_is_written_at_the_digits_that_were_typed(value: float, text: str) -> None:
    assert float_text(value) == text


@given(st.integers(-(10**11), 10**11), st.integers(0, 4))
def test_every_amount_of_fifteen_digits_survives_a_spreadsheet(units: int, places: int) -> None:
    assert float(cell_text(units / 10**places)) == units / 10**places


def test_a_table_is_read_in_the_order_of_its_row_ids_with_nothing_converted(tmp_path: Path) -> None:
    save_database(
        tmp_path,
        "CREATE TABLE sales (id TEXT, day DATE, amount NUMERIC, note)",
        (
            "INSERT INTO sales(rowid, id, day, amount) VALUES (9, '007', '2024/7/2', 1.5), (2, "
            "'0', 'soon', 3)"
        ),
    )
    rows = frame(read_source("orders", sql_source(), tmp_path))
    assert rows[["row", "id", "day", "amount", "note"]].values.tolist() == [
        [2, "0", "soon", "3", ""],
        [9, "007", "2024/7/2", "1.5", ""],
    ]


def test_a_table_without_row_ids_is_counted_along_its_key(tmp_path: Path) -> None:
    table = "CREATE TABLE sales (day TEXT PRIMARY KEY, amount) WITHOUT ROWID"
    save_database(tmp_path, table, "INSERT INTO sales VALUES ('b', 1), ('a', 2)")
    assert frame(read_source("orders", sql_source(), tmp_path))[["row", "day"]].values.tolist() == [
        [1, "a"],
        [2, "b"],
    ]


def test_where_is_bound_and_leaves_other_units_rows_apart(tmp_path: Path) -> None:
    unit = "x' OR '1'='1"
    save_database(
        tmp_path,
        "CREATE TABLE sales (day, amount, unit)",
        "INSERT INTO sales VALUES ('a', 1, 'x'), ('b', 2, NULL)",
    )
    extract = read_source("orders", sql_source(where={"unit": unit}), tmp_path)
    assert not len(extract.rows)
    assert len(extract.elsewhere) == 2
    assert frame(read_source("orders", sql_source(where={"unit": "x"}), tmp_path))[
        "day"
    ].tolist() == ["a"]


def test_a_table_comes_from_the_databases_own_list(tmp_path: Path) -> None:
    save_database(
        tmp_path, 'CREATE TABLE "sa""les" (day, amount)', 'INSERT INTO "sa""les" VALUES (\'a\', 1)'
    )
    with pytest.raises(SalesForecastError, match="Unknown key 'sales'.*Did you mean 'sa\"les'"):
        read_source("orders", sql_source(), tmp_path)
    assert len(read_source("orders", sql_source(table='sa"les'), tmp_path).rows) == 1


def test_a_pattern_reads_its_files_in_order_with_a_fingerprint_of_each(tmp_path: Path) -> None:
    for name, amount in (("b", 2), ("a", 1)):
        (tmp_path / f"{name}.csv").write_text(f"日期,金额\n2024-01-01,{amount}\n", encoding="utf-8")
    extract = read_source("orders", csv_source("*.csv"), tmp_path)
    assert frame(extract)[["file", "金额"]].values.tolist() == [["a.csv", "1"], ["b.csv", "2"]]
    content = (tmp_path / "a.csv").read_bytes()
    assert extract.files[0] == {
        "path": "a.csv",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "rows": 1,
        "encoding": "utf-8",
        "dialect": 'commas between fields and " around them',
    }


def test_a_root_is_named_by_an_environment_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHARED_EXPORTS", raising=False)
    with pytest.raises(SalesForecastError, match="'SHARED_EXPORTS'.*is not set"):
        read_source("orders", csv_source(root="SHARED_EXPORTS"), tmp_path / "project")
    monkeypatch.setenv("SHARED_EXPORTS", str(tmp_path))
    (tmp_path / "a.csv").write_text("日期,金额\n1,2\n", encoding="utf-8")
    assert (
        len(read_source("orders", csv_source(root="SHARED_EXPORTS"), tmp_path / "project").rows)
        == 1
    )


@pytest.mark.parametrize(
    "path", ["../a.csv", "/etc/hosts", "x/../../a.csv", "link.csv", "lin*.csv"]
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "a.csv").write_text("日期,金额\n1,2\n", encoding="utf-8")
    (project / "link.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(SalesForecastError, match="leads out of"):
        read_source("orders", csv_source(path), project)


@pytest.mark.parametrize("path", ["b.csv", "b*.csv"])
def test_a_missing_file_names_what_is_there(tmp_path: Path, path: str) -> None:
    (tmp_path / "orders.txt").write_text("x", encoding="utf-8")
    with pytest.raises(SalesForecastError, match=r"cannot be read.*the folder holds 'orders\.txt'"):
        read_source("orders", csv_source(path), tmp_path)


def whole_workbook(folder: Path) -> bytes:
    save_sheet(folder, [["日期", "金额"], ["2024-01-01", 1]])
    return (folder / "a.xlsx").read_bytes()


@pytest.mark.parametrize("kind", ["csv", "excel", "sql"])
@pytest.mark.parametrize("content", ["empty", "workbook", "truncated", "database", "text"])
def test_a_file_of_another_kind_or_cut_short_is_an_error_with_its_name(
    tmp_path: Path, kind: str, content: str
) -> None:
    workbook = whole_workbook(tmp_path)
    save_database(tmp_path, "CREATE TABLE sales (day, amount)")
    contents = {
        "empty": b"",
        "workbook": workbook,
        "truncated": workbook[: len(workbook) // 2],
        "database": (tmp_path / "a.sqlite").read_bytes()[:5000],
        "text": b"nothing like it\n" * 500,
    }
    (tmp_path / "export.bin").write_bytes(contents[content])
    source = {"csv": csv_source, "excel": excel_source, "sql": sql_source}[kind](path="export.bin")
    if (kind, content) == ("excel", "workbook"):
        assert len(read_source("orders", source, tmp_path).rows) == 1
        return
    with pytest.raises(SalesForecastError, match=r"export\.bin"):
        read_source("orders", source, tmp_path)


def test_a_sheet_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    whole_workbook(tmp_path)
    with pytest.raises(SalesForecastError, match="Unknown key 'Order'.*Did you mean 'Sheet'"):
        read_source("orders", excel_source(sheet="Order"), tmp_path)
