"""Claims about workbooks: what is hidden or wrong is noted; nothing is lost or fills the memory."""

from __future__ import annotations

import datetime
import json
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from demo_company.workbook import Day, Error, Formula
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.schema import Source
from salesfc_lib.intake.sources.extract import Extract, read_source
from salesfc_lib.intake.sources.header import SEARCHED
from salesfc_lib.intake.sources.workbooks import package
from salesfc_lib.intake.sources.workbooks.excel import list_covered
from tests.workbooks import WRITERS, Book, biff, compound, ods, xls, xlsb, xlsx, zipped

COLUMNS = {"date": "日期", "amount": "金额", "customer": "客户"}
HEADER = ["日期", "金额", "客户", "备注"]
FORMATS = sorted(WRITERS)


def source(**more: Any) -> Source:
    return Source(**{"kind": "excel", "path": "a.xlsx", "columns": COLUMNS, **more})


def read(folder: Path, content: bytes, **more: Any) -> Extract:
    (folder / "a.xlsx").write_bytes(content)
    return read_source("orders", source(**more), folder)


def values(extract: Extract, *names: str) -> list[list[Any]]:
    return [list(row.values()) for row in extract.rows.select(list(names)).to_pylist()]


def said(extract: Extract, rule: str) -> list[str]:
    return extract.issues.loc[extract.issues["rule"].eq(rule), "reason"].tolist()


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_rows(tmp_path: Path, kind: str) -> None:
    book = Book(
        [
            ["销售明细 单位:万元"],
            [],
            HEADER,
            [Day(45475), 1.5, "甲", "007"],
            [],
            [45476, 0.1 + 0.2, "乙", None],
        ]
    )
    extract = read(tmp_path, WRITERS[kind](book))
    assert values(extract, "row", *HEADER) == [
        [4, "2024-07-02", "1.5", "甲", "007"],
        [6, "45476", "0.3", "乙", ""],
    ]
    assert extract.files[0]["titles"] == ["销售明细 单位:万元"]
    assert len(extract.rejected) == 0


def test_a_header_in_the_last_row_that_is_searched_has_rows_below_it(tmp_path: Path) -> None:
    titles = [[f"第{number}行"] for number in range(SEARCHED - 1)]
    extract = read(tmp_path, xlsx(Book([*titles, HEADER, [Day(45475), 1, "甲", None]])))
    assert values(extract, "row", "金额") == [[SEARCHED + 1, "1"]]


def test_hidden_rows_columns_and_sheets_are_read_and_told(tmp_path: Path) -> None:
    rows = [
        HEADER,
        [Day(45475), 1, "甲", None],
        [Day(45476), 2, "乙", None],
        [Day(45477), 3, "丙", None],
    ]
    extract = read(
        tmp_path, xlsx(Book(rows, hidden_rows=[1, 3, 4, 9], hidden_columns=[1], is_hidden=True))
    )
    assert values(extract, "金额") == [["1"], ["2"], ["3"]]
    assert said(extract, "hidden")[:2] == [
        "2 hidden rows were read like any other: '3', '4'",
        "1 hidden column was read like any other: '金额'",
    ]
    assert "the sheet '销售' is hidden" in said(extract, "hidden")[2]


@pytest.mark.parametrize("kind", ["ods", "xls", "xlsb"])
def test_what_other_formats_do_not_tell_is_said_and_an_error_is_a_blank_cell(
    tmp_path: Path, kind: str
) -> None:
    rows = [HEADER, [Day(45475), Error("#N/A"), "甲", None], [Day(45476), 2, "乙", None]]
    extract = read(tmp_path, WRITERS[kind](Book(rows, hidden_rows=[2], hidden_columns=[1])))
    assert values(extract, "row", "金额") == [[2, ""], [3, "2"]]
    assert not len(extract.rejected)
    [limits] = said(extract, "kind_of_workbook")
    assert "errors of this workbook are read as blank cells" in limits


@pytest.mark.parametrize("text", ["#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!"])
def test_a_row_with_an_error_in_a_mapped_column_is_set_aside_with_all_it_holds(
    tmp_path: Path, text: str
) -> None:
    rows = [
        HEADER,
        [Day(45475), 1, "甲", "x"],
        [Day(45476), Error(text), "乙", "y"],
        [Day(45477), 3, Error(text), Error(text)],
    ]
    extract = read(tmp_path, xlsx(Book(rows)))
    assert values(extract, "row", "客户") == [[2, "甲"]]
    assert extract.rejected[["row", "rule", "reason"]].values.tolist() == [
        [3, "error_cell", f"'金额' holds {text}"],
        [4, "error_cell", f"'客户' holds {text}"],
    ]
    assert json.loads(extract.rejected["content"][0]) == {
        "日期": "2024-07-03",
        "金额": text,
        "客户": "乙",
        "备注": "y",
    }


def test_an_error_in_a_column_that_nobody_reads_costs_no_row(tmp_path: Path) -> None:
    extract = read(tmp_path, xlsx(Book([HEADER, [Day(45475), 1, "甲", Error("#N/A")]])))
    assert values(extract, "金额", "备注") == [["1", "#N/A"]]
    assert "1 cells of '备注' hold an error" in said(extract, "error_cell")[0]


def test_text_that_looks_like_an_error_is_text(tmp_path: Path) -> None:
    extract = read(tmp_path, xlsx(Book([HEADER, [Day(45475), 1, "#N/A", None]])))
    assert values(extract, "客户") == [["#N/A"]]


def test_a_formula_that_was_never_calculated_is_set_aside_if_its_column_is_mapped(
    tmp_path: Path,
) -> None:
    rows = [
        HEADER,
        [Day(45475), Formula(2.5), Formula("甲"), Formula()],
        [Day(45476), Formula(), "乙", None],
        [Day(45477), 3, Formula(""), None],
    ]
    extract = read(tmp_path, xlsx(Book(rows)))
    assert values(extract, *HEADER) == [
        ["2024-07-02", "2.5", "甲", ""],
        ["2024-07-04", "3", "", ""],
    ]
    assert extract.rejected[["row", "rule", "reason"]].values.tolist() == [
        [
            3,
            "stale_formula",
            "'金额' holds a formula that was never calculated (cell B3 of sheet '销售': =A1); "
            "open the workbook in Excel or LibreOffice and save it, or export values",
        ]
    ]


def test_a_workbook_that_a_library_wrote_without_calculating_loses_no_amount_silently(
    tmp_path: Path,
) -> None:
    workbook = openpyxl.Workbook()
    for row in ([*HEADER], [datetime.date(2024, 7, 2), "=1+1", "甲", None]):
        workbook.active.append(row)
    workbook.save(tmp_path / "a.xlsx")
    extract = read_source("orders", source(), tmp_path)
    assert (extract.rows.num_rows, extract.rejected["rule"].tolist()) == (0, ["stale_formula"])


@pytest.mark.parametrize(("values", "stale"), [((0, 0), 2), ((0, 3), 0)])
def test_formulas_that_a_program_wrote_as_zero_have_no_value(
    tmp_path: Path, values: tuple[int, int], stale: int
) -> None:
    rows = [HEADER, *([Day(45475), Formula(value), "甲", None] for value in values)]
    book = xlsx(Book(rows))
    (tmp_path / "a.xlsx").write_bytes(book)
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        main = archive.read("xl/workbook.xml").decode()
    asks = main.replace("</sheets>", '</sheets><calcPr fullCalcOnLoad="1"/>')
    assert read(tmp_path, book).rejected.empty
    new = xlsx(Book(rows, more={"xl/workbook.xml": asks}))
    assert read(tmp_path, new).rejected["rule"].tolist() == ["stale_formula"] * stale


@pytest.mark.parametrize("kind", ["xlsx", "xlsb", "xls"])
@pytest.mark.parametrize("is_1904", [False, True])
def test_days_count_from_1904_where_the_workbook_says_so(
    tmp_path: Path, kind: str, is_1904: bool
) -> None:
    rows = [
        HEADER,
        [Day(44013 if is_1904 else 45475), 1, "甲", None],
        [Day(61), 1, "甲", None],
        [44013, 1, "甲", None],
    ]
    extract = read(tmp_path, WRITERS[kind](Book(rows, is_1904=is_1904)))
    early = "1904-03-02" if is_1904 else "1900-03-01"
    assert values(extract, "日期") == [["2024-07-02"], [early], ["44013"]]
    told = is_1904 and kind == "xlsx"
    assert len(said(extract, "date_system")) == int(told)
    assert extract.files[0].get("date_system") == ("1904" if told else None)


@pytest.mark.parametrize("limit", [65_536, 1_048_576])
@pytest.mark.parametrize("kind", ["xlsx", "xlsb", "ods", "xls"])
def test_a_sheet_that_is_full_to_its_last_row_is_refused(
    tmp_path: Path, kind: str, limit: int
) -> None:
    if kind == "xls":
        if limit != 65_536:
            return
        sheet = biff(Book([HEADER])).removesuffix(b"\x0a\x00\x00\x00")
        last = struct.pack("<HHHHHd", 0x0203, 14, limit - 1, 1, 0, 1.0)
        content = compound({"Workbook": sheet + last + b"\x0a\x00\x00\x00"})
    elif kind == "xlsb":
        with zipfile.ZipFile(
            _save(tmp_path / "short", xlsb(Book([HEADER, [Day(1), 1, "甲", None]])))
        ) as archive:
            parts: dict[str, str | bytes] = {
                name: archive.read(name) for name in archive.namelist()
            }
        sheet = parts["xl/worksheets/sheet1.bin"]
        assert isinstance(sheet, bytes)
        header = sheet.rindex(struct.pack("<IIH", 1, 0, 300))
        parts["xl/worksheets/sheet1.bin"] = (
            sheet[:header] + struct.pack("<I", limit - 1) + sheet[header + 4 :]
        )
        content = zipped(parts)
    elif kind == "ods":
        cells = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{name}</text:p>'
            "</table:table-cell>"
            for name in HEADER
        )
        gap = (
            f'<table:table-row table:number-rows-repeated="{limit - 2}"><table:table-cell/>'
            "</table:table-row>"
        )
        content = ods(
            Book([HEADER]),
            f"<table:table-row>{cells}</table:table-row>{gap}<table:table-row>{cells}</table:table-row>",
        )
    else:
        sheet_xml = (
            '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            f'<sheetData><row r="{limit}"><c r="A{limit}"><v>1</v></c></row></sheetData>'
            "</worksheet>"
        )
        content = xlsx(Book([HEADER]), sheet_xml)
    with pytest.raises(SalesForecastError, match=f"row_limit|row {limit:,}, the last"):
        read(tmp_path, content)


def _save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_two_cells_far_apart_cannot_fill_the_memory(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048575"><c r="XFD1048575"><v>1</v></c>'
        "</row>"
    )
    start = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    with pytest.raises(SalesForecastError, match="reaches to row 1,048,575 and column 16,384"):
        read(tmp_path, xlsx(Book([HEADER]), f"{start}{rows}</sheetData></worksheet>"))


def test_repeated_cells_cannot_fill_the_memory(tmp_path: Path) -> None:
    cell = (
        '<table:table-cell office:value-type="string" table:number-columns-repeated="16384">'
        "<text:p>x</text:p></table:table-cell>"
    )
    row = f'<table:table-row table:number-rows-repeated="1000000">{cell}</table:table-row>'
    with pytest.raises(SalesForecastError, match="reaches to row 1,000,000"):
        read(tmp_path, ods(Book([HEADER]), row))


def test_a_zip_bomb_is_refused_before_it_is_unfolded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "LARGE", 30 << 20)
    bomb = xlsx(Book([HEADER]), '<worksheet xmlns="x"><sheetData>' + " " * (40 << 20))
    tracemalloc.start()
    with pytest.raises(SalesForecastError, match="unfold to 41,94.*zip bomb"):
        read(tmp_path, bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 << 20, "it was unfolded"


def test_a_part_that_unfolds_to_more_than_it_says_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "CHECKED", 10_000)
    whole = xlsx(Book([HEADER]), '<worksheet xmlns="x"><sheetData>' + " " * (40 << 20))
    size = struct.pack("<I", (40 << 20) + 32)
    assert whole.count(size) >= 1
    with pytest.raises(SalesForecastError, match="unfolds to more than"):
        read(tmp_path, whole.replace(size, struct.pack("<I", 1_000_000)))


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"]
)
def test_a_billion_laughs_are_refused(tmp_path: Path, part: str) -> None:
    entities = "".join(
        f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10)
    )
    laughs = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><x>&l9;</x>'
    with pytest.raises(SalesForecastError, match="declares a document type"):
        read(tmp_path, xlsx(Book([HEADER], more={part: laughs})))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_workbook_that_is_cut_off_is_an_error_with_its_name(tmp_path: Path, kind: str) -> None:
    content = WRITERS[kind](
        Book([HEADER, *[[Day(45475), number, "甲", None] for number in range(500)]])
    )
    for share in (0.05, 0.5, 0.9, 0.99):
        with pytest.raises(SalesForecastError, match=r"a\.xlsx.*cannot be read"):
            read(tmp_path, content[: int(len(content) * share)])


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_to_a_workbook_crashes_the_reader(tmp_path: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(FORMATS))
    content = bytearray(
        WRITERS[kind](
            Book([HEADER, [Day(45475), Error("#N/A"), "甲", None], [Day(60), 2, "乙", "y"]])
        )
    )
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        extract = read(tmp_path, bytes(content))
    except SalesForecastError as error:
        assert "a.xlsx" in str(error)
    else:
        assert extract.rows.num_rows + len(extract.rejected) <= 3


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_to_the_text_of_a_sheet_crashes_the_reader(
    tmp_path: Path, data: st.DataObject
) -> None:
    book = Book(
        [HEADER, [Day(45475), Error("#N/A"), "甲", None], [Day(60), 2, "乙", "y"]],
        hidden_rows=[2],
        hidden_columns=[1],
    )
    kind, part = data.draw(
        st.sampled_from(
            [
                ("xlsx", "xl/worksheets/sheet1.xml"),
                ("xlsx", "xl/workbook.xml"),
                ("ods", "content.xml"),
            ]
        )
    )
    with zipfile.ZipFile(_save(tmp_path / "whole", WRITERS[kind](book))) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
        text = archive.read(part).decode()
    place = data.draw(st.integers(0, len(text) - 1))
    spoiled = data.draw(st.sampled_from(["", '"', "<", "9" * 8, "²", "Z", " ", "x='1'"]))
    try:
        read(
            tmp_path,
            zipped(
                {
                    **parts,
                    part: text[:place] + spoiled + text[place + data.draw(st.integers(0, 3)) :],
                }
            ),
        )
    except SalesForecastError as error:
        assert "a.xlsx" in str(error)


def test_a_password_is_told(tmp_path: Path) -> None:
    content = compound({"EncryptionInfo": b"\x04\x00\x04\x00", "EncryptedPackage": b"x" * 5000})
    with pytest.raises(SalesForecastError, match="protected by a password"):
        read(tmp_path, content)


def test_an_empty_workbook_and_a_chart_are_told(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match="no text in its first rows"):
        read(tmp_path, xlsx(Book([])))
    workbook = openpyxl.Workbook()
    workbook.create_chartsheet("图", 0)
    for row in (HEADER, ["2024-07-02", 1, "甲", None]):
        workbook.active.append(row) if hasattr(workbook.active, "append") else workbook.worksheets[
            0
        ].append(row)
    workbook.save(tmp_path / "a.xlsx")
    assert values(read_source("orders", source(), tmp_path), "金额") == [["1"]]


def test_a_sheet_of_only_a_header_has_no_rows(tmp_path: Path) -> None:
    extract = read(tmp_path, xlsx(Book([HEADER])))
    assert extract.rows.num_rows == 0
    assert extract.rows.column_names[:4] == HEADER


def test_a_sheet_of_all_the_columns_there_are_is_read(tmp_path: Path) -> None:
    header = [f"h{number}" for number in range(16_384)]
    wide = {"date": "h0", "amount": "h16383"}
    extract = read(tmp_path, xlsx(Book([header, ["d", *[None] * 16_382, 5]])), columns=wide)
    assert values(extract, "h0", "h16383") == [["d", "5"]]


def test_a_merged_cell_covers_its_first_column_alone(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (["a", "b", "c"], ["x", "y", "z"], ["x", "", ""]):
        workbook.active.append(row)
    workbook.active.merge_cells("B2:C3")
    workbook.save(tmp_path / "book.xlsx")
    sheet = CalamineWorkbook.from_path(tmp_path / "book.xlsx").get_sheet_by_index(0)
    assert list_covered(sheet, [0, 1, 2]) == {(3, 1)}


def test_merged_cells_fill_only_declared_columns_and_are_counted(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (
        HEADER,
        ["d", 1, "甲", "x"],
        ["d", 2, None, None],
        ["d", 3, None, None],
        ["d", 4, None, "z"],
    ):
        workbook.active.append(row)
    workbook.active.merge_cells("C2:C4")
    workbook.active.merge_cells("D2:D4")
    workbook.save(tmp_path / "a.xlsx")
    extract = read_source("orders", source(fill_down=["customer"]), tmp_path)
    assert values(extract, "客户", "备注") == [["甲", "x"], ["甲", ""], ["甲", ""], ["", "z"]]
    assert said(extract, "filled_down") == [
        "2 blank cells of '客户' were filled with the text above them"
    ]


def test_a_group_header_above_the_header_does_no_harm_where_the_lower_row_has_all(
    tmp_path: Path,
) -> None:
    rows = [[None, "本期", None, None], HEADER, [Day(45475), 1, "甲", None]]
    assert values(read(tmp_path, xlsx(Book(rows))), "金额") == [["1"]]


def test_a_header_in_two_rows_is_told(tmp_path: Path) -> None:
    rows = [["日期", "客户", "本期", None], [None, None, "金额", "数量"], [Day(45475), "甲", 1, 2]]
    with pytest.raises(
        SalesForecastError,
        match="stands in two rows: row 1 has '日期', '客户', '本期', row 2 has '金额', '数量'",
    ):
        read(tmp_path, xlsx(Book(rows)))


PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="{charset}">
<style>td {{}}</style></head><body>
<table><tr><td>菜单</td></tr></table>
<table border=1><tr><td colspan="4">销售明细 单位:万元</td></tr>
<tr><th>日期<th>金额<th>客户<th>备注</tr>
<tr><td>2024-07-02</td><td>1&nbsp;000.50</td><td rowspan="2">甲 &amp; 乙</td>
<td><b>x</b><script>alert(1)</script></td></tr>
<tr><td>2024-07-03<td>2<td><table><tr><td>in</td><td>side</td></tr></table></tr>
<tr><td>2024-07-04<td>3<td>丙<td>y<td>z</tr></table></body></html>"""


@pytest.mark.parametrize(("charset", "encoding"), [("utf-8", "utf-8"), ("gb2312", "gb18030")])
def test_a_page_under_the_name_of_a_workbook_is_read_as_a_table(
    tmp_path: Path, charset: str, encoding: str
) -> None:
    extract = read(tmp_path, PAGE.format(charset=charset).encode(encoding), fill_down=["customer"])
    assert values(extract, "row", *HEADER) == [
        [3, "2024-07-02", "1 000.50", "甲 & 乙", "x"],
        [4, "2024-07-03", "2", "甲 & 乙", "in side"],
    ]
    assert extract.rejected[["row", "rule"]].values.tolist() == [[5, "misfit"]]
    assert extract.files[0]["titles"] == ["销售明细 单位:万元"]


def test_a_page_without_a_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match="HTML page without a table"):
        read(tmp_path, b"<html><body>Session expired</body></html>")


def test_a_page_cannot_fill_the_memory(tmp_path: Path) -> None:
    cells = '<td colspan="999999999" rowspan="999999999">x</td>' * 50_000
    with pytest.raises(SalesForecastError, match="more than 20,000,000 cells"):
        read(tmp_path, f"<html><table><tr>{cells}</tr></table>".encode())


def test_a_control_character_in_a_cell_is_set_aside(tmp_path: Path) -> None:
    extract = read(
        tmp_path,
        xls(Book([HEADER, [Day(45475), 1, "甲\x02", None], [Day(45475), 2, "乙\n丙", None]])),
    )
    assert values(extract, "客户") == [["乙\n丙"]]
    assert extract.rejected[["row", "rule"]].values.tolist() == [[2, "control_character"]]


texts = st.text(st.sampled_from("ab七 1.,'\"#=-"), max_size=4).map(str.strip)
amounts = st.integers(-(10**9), 10**9).map(
    lambda units: f"{units // 100}.{abs(units) % 100:02d}".rstrip("0").rstrip(".")
)


@given(
    st.lists(st.tuples(texts.filter(bool), amounts, texts), min_size=1, max_size=6),
    st.permutations([0, 1, 2]),
    st.integers(0, 6),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_kind_of_file_the_order_of_columns_and_how_rows_are_split_change_no_text(
    tmp_path: Path, rows: list[tuple[str, str, str]], order: list[int], cut: int
) -> None:
    header = ["日期", "金额", "客户"]
    expected = [list(row) for row in rows]
    for kind, write in KINDS.items():
        for number, part in enumerate((rows[:cut], rows[cut:])):
            content = write(
                [header[place] for place in order],
                [[row[place] for place in order] for row in part],
            )
            (tmp_path / f"{number}.{kind}").write_bytes(content)
        declared = "excel" if kind in WRITERS else kind
        extract = read_source(
            "orders",
            Source(kind=declared, path=f"?.{kind}", columns=COLUMNS, subtotals=[]),
            tmp_path,
        )
        assert values(extract, *header) == expected, kind
        assert len(extract.rejected) == 0


def write_csv(header: list[str], rows: list[list[str]]) -> bytes:
    import csv
    import io

    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return text.getvalue().encode()


def write_jsonl(header: list[str], rows: list[list[str]]) -> bytes:
    lines = [
        json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False)
        for row in rows or [[""] * len(header)]
    ]
    return "\n".join(lines).encode()


def write_parquet(header: list[str], rows: list[list[str]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.table(
            {
                name: pa.array([row[place] for row in rows], pa.string())
                for place, name in enumerate(header)
            }
        ),
        sink,
    )
    return bytes(sink.getvalue())


def write_book(kind: str) -> Any:
    def write(header: list[str], rows: list[list[str]]) -> bytes:
        place = header.index("金额")
        return WRITERS[kind](
            Book(
                [
                    header,
                    *[
                        [
                            float(cell) if at == place else cell or None
                            for at, cell in enumerate(row)
                        ]
                        for row in rows
                    ],
                ]
            )
        )

    return write


KINDS = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    **{kind: write_book(kind) for kind in FORMATS},
}
