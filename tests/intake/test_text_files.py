"""Claims about text files: both ways of reading give the same, and nothing is lost in silence."""

from __future__ import annotations

import csv as csv_module
import gzip
import io
import itertools
import os
import random
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.schema import Source
from salesfc_lib.intake.issues import Issue, reject
from salesfc_lib.intake.sources.extract import Extract, read_source
from salesfc_lib.intake.sources.files import RawFile
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.text import dialect, lines
from salesfc_lib.intake.sources.text.csv import read_csv
from salesfc_lib.intake.sources.text.dialect import DELIMITERS, Dialect, parse_record
from salesfc_lib.intake.sources.text.lines import cut_at_line_ends
from salesfc_lib.intake.sources.text.mojibake import is_lost, repair
from salesfc_lib.intake.sources.text.records import fit

COLUMNS = {"date": "日期", "amount": "金额"}


def text_source(path: str = "a.csv", **more: Any) -> Source:
    return Source(**{"kind": "csv", "path": path, "columns": COLUMNS, **more})


def read_bytes(folder: Path, content: bytes, name: str = "a.csv", **more: Any) -> Extract:
    (folder / name).write_bytes(content)
    return read_source("orders", text_source(name, **more), folder)


def read_grid(folder: Path, content: bytes, size: int = 4 << 20, **more: Any) -> Grid:
    path = folder / "a.csv"
    path.write_bytes(content)
    return read_csv(RawFile("a.csv", path), text_source(**more), str(path), size)


def list_rows(grid: Grid) -> list[tuple[int, list[str]]]:
    columns = [column.to_pylist() for column in grid.cells.columns]
    return [
        (number, list(cells))
        for number, cells in zip(grid.numbers.tolist(), zip(*columns, strict=True), strict=True)
    ]


def read_carefully(
    text: str, dialect: Dialect, header: list[str]
) -> tuple[list[tuple[int, list[str]]], list[Issue]]:
    """What the careful parser makes of the text below its header, record by record."""
    lines = list(io.StringIO(text, newline=""))
    rows, rejected, at = [], [], 1
    while at < len(lines):
        record = parse_record(lines[at:], dialect)
        outcome = fit(record, at + 1, lines[at], header)
        if isinstance(outcome, Issue):
            rejected.append(outcome)
        elif outcome is not None:
            rows.append((at + 1, outcome))
        at += 1 if isinstance(outcome, Issue) else record.lines
    return rows, rejected


PIECES = [
    "a",
    "é",
    "中",
    '"',
    '"',
    '""',
    ",",
    ",",
    ";",
    "\n",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "\u2028",
    "\x85",
    "\x0c",
    "\x00",
    "\x1f",
    "\x7f",
]
PIECES += [
    "\ufeff",
    "\xa0",
    "\u3000",
    '",',
    ',"',
    '"\n',
    "a,b\n",
    'a,"b"\n',
    '"a","b"\r\n',
    '"a\nb",c\n',
    ",,\n",
    "\n\n",
    '"x""y",1\n',
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("text")


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(PIECES), max_size=40),
    st.integers(1, 40),
    st.sampled_from([2, 1000]),
    st.sampled_from("\"'"),
)
@example(['"', "\n", *["a,b\n"] * 9], 3, 2, '"')
@example(["\ufeff", "a,b\n", "\ufeff", "a,b\n"], 40, 1000, '"')
@example(["a,b,,\n", "a,b\n", "a,b, ,x\n", "a,b,,\n"], 7, 1000, '"')
def test_the_fast_way_reads_what_the_careful_way_reads(
    folder: Path, pieces: list[str], size: int, most: int, quote: str
) -> None:
    text = '"日期","金额"\n'.replace('"', quote) + "".join(pieces).replace('"', quote)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialect, "MOST_LINES", most)
        rows, rejected = read_carefully(text, Dialect(quote=quote), ["日期", "金额"])
        grid = read_grid(folder, text.encode(), size, delimiter=",")
    assert list_rows(grid) == rows
    assert grid.rejected == rejected


@settings(max_examples=100)
@given(
    st.lists(
        st.lists(
            st.text(st.sampled_from("ab中\"',;\n\r\t |\u2028é"), max_size=4), min_size=2, max_size=2
        ),
        max_size=30,
    ),
    st.integers(1, 60),
)
def test_everything_quoted_reads_back_whatever_it_holds(
    folder: Path, rows: list[list[str]], size: int
) -> None:
    text = io.StringIO()
    csv_module.writer(text, quoting=csv_module.QUOTE_ALL).writerows([["日期", "金额"], *rows])
    grid = read_grid(folder, text.getvalue().encode(), size)
    assert [cells for _, cells in list_rows(grid)] == [row for row in rows if "".join(row).strip()]
    assert not grid.rejected


def rules(extract: Extract) -> list[str]:
    return extract.issues["rule"].tolist()


ROWS = "日期,金额,客户\n" + "".join(f"2024-01-{day:02},{day},厨具{day}店\n" for day in range(1, 29))


@pytest.mark.parametrize(
    ("encoding", "mark", "recorded", "seen"),
    [
        ("utf-8", b"", "utf-8", []),
        ("utf-8-sig", b"", "utf-8-sig", ["byte_order_mark"]),
        ("utf-16-le", b"\xff\xfe", "utf-16", ["byte_order_mark", "encoding"]),
        ("utf-16-be", b"\xfe\xff", "utf-16", ["byte_order_mark", "encoding"]),
        ("utf-16-le", b"", "utf-16-le", ["encoding"]),
        ("utf-16-be", b"", "utf-16-be", ["encoding"]),
        ("utf-32-le", b"\xff\xfe\0\0", "utf-32", ["byte_order_mark", "encoding"]),
        ("gb18030", b"", "gb18030", ["encoding"]),
    ],
)
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_every_encoding_is_found_and_said(
    folder: Path, encoding: str, mark: bytes, recorded: str, seen: list[str], delimiter: str
) -> None:
    text = ROWS.replace(",", delimiter)
    grid = read_grid(folder, mark + text.encode(encoding), size=50)
    assert grid.encoding == recorded
    assert list_rows(grid) == list_rows(read_grid(folder, ROWS.encode()))
    assert [item.rule for item in grid.issues] == seen


def test_a_declared_encoding_is_not_worth_a_sighting_and_an_unknown_one_is_refused(
    folder: Path,
) -> None:
    western = "日期,金额\n".encode() + b"x,1\n"
    assert (
        read_grid(
            folder,
            "date,amount\nCafé,1\n".encode("cp1252"),
            encoding="cp1252",
            columns={"a": "amount"},
        ).issues
        == []
    )
    with pytest.raises(
        SalesForecastError, match=r"`encoding: utf-9` declared for '.*a\.csv' is none that is known"
    ):
        read_grid(folder, western, encoding="utf-9")


@pytest.mark.parametrize("place", [3, 20])
@pytest.mark.parametrize("size", [40, 4 << 20])
def test_a_line_in_another_encoding_is_set_aside_alone(folder: Path, place: int, size: int) -> None:
    lines = ROWS.splitlines(keepends=True)
    content = b"".join(
        line.encode("gb18030" if at == place else "utf-8") for at, line in enumerate(lines)
    )
    grid = read_grid(folder, content, size)
    assert grid.encoding == "utf-8"
    assert [number for number, _ in list_rows(grid)] == [
        number for number in range(2, 30) if number != place + 1
    ]
    assert grid.rejected == [
        reject(
            place + 1,
            "other_encoding",
            "it is not utf-8, which the rest of the file is; it would decode as gb18030",
            lines[place].strip(),
        )
    ]


@pytest.mark.parametrize(
    ("encoding", "name"), [("gb18030", "厨具"), ("gb18030", "电商"), ("windows-1252", "Müller")]
)
def test_a_line_of_utf8_in_a_file_of_another_encoding_is_set_aside_though_it_decodes(
    folder: Path, encoding: str, name: str
) -> None:
    names = ["女茅", *["华东"] * 27] if encoding == "gb18030" else ["é"] * 28
    lines = [
        "date,amount,name\n",
        *[f"2024-01-{day:02},1,{text}\n" for day, text in enumerate(names, start=1)],
    ]
    content = "".join(lines).encode(encoding) + f"2024-02-01,2,{name}\n".encode()
    content.decode(encoding)
    grid = read_grid(
        folder, content, encoding=encoding, columns={"date": "date", "amount": "amount"}
    )
    assert [(item.row, item.rule, item.content) for item in grid.rejected] == [
        (30, "other_encoding", f"2024-02-01,2,{name}")
    ]
    assert grid.cells.column(2).to_pylist() == names


def test_a_line_of_no_encoding_keeps_its_bytes_and_ends_a_record_that_runs_into_it(
    folder: Path,
) -> None:
    content = (
        ROWS.encode() + b'2024-02-01,"1\n2024-02-02,\xff\xff\x81\n2024-02-03,3",x\n2024-02-04,4,x\n'
    )
    grid = read_grid(folder, content)
    assert [(item.row, item.rule) for item in grid.rejected] == [
        (30, "misfit"),
        (31, "other_encoding"),
    ]
    assert grid.rejected[1].content == "2024-02-02,ÿÿ\x81" or "\\xff" in str(
        grid.rejected[1].content
    )
    assert list_rows(grid)[-2:] == [(32, ["2024-02-03", '3"', "x"]), (33, ["2024-02-04", "4", "x"])]


def test_a_file_whose_first_megabyte_is_ascii_is_asked_as_a_whole(folder: Path) -> None:
    top = "date,amount,name\n" + "2024-01-01,1,aaaaaaaa\n" * 60_000
    grid = read_grid(
        folder,
        (top + "2024-01-02,2,厨具\n" * 3).encode("gb18030"),
        columns={"date": "date", "amount": "amount"},
    )
    assert grid.encoding == "gb18030"
    assert list_rows(grid)[-1] == (60_004, ["2024-01-02", "2", "厨具"])


def test_many_lines_in_another_encoding_stop_the_unit(folder: Path) -> None:
    mixed = [
        line.encode("gb18030" if at % 3 == 1 else "utf-8")
        for at, line in enumerate(ROWS.splitlines(keepends=True))
    ]
    with pytest.raises(
        SalesForecastError,
        match=r"a\.csv' cannot be read: it is none of 'utf-8', 'gb18030'.*in line 2\b",
    ):
        read_grid(folder, b"".join(mixed))


def test_utf16_that_ends_inside_a_character_is_an_error(folder: Path) -> None:
    with pytest.raises(SalesForecastError, match=r"a\.csv' cannot be read.*truncated data"):
        read_grid(folder, b"\xff\xfe" + ROWS.encode("utf-16-le")[:-1])


@pytest.mark.parametrize(
    "disguise", ["\ufeff{}", "\u200b{}", "\xa0{}\xa0", "{}\u2060", '"\ufeff{}"']
)
def test_a_headers_name_is_found_behind_what_nobody_sees(folder: Path, disguise: str) -> None:
    extract = read_bytes(
        folder, ("编号," + disguise.format("日期") + ",金额\n7,2024-01-01,1\n").encode()
    )
    assert extract.rows["日期"].to_pylist() == ["2024-01-01"]


WORDS = [
    "厨具",
    "小家电",
    "空调",
    "冰箱",
    "洗衣机",
    "电饭煲",
    "微波炉",
    "华东",
    "华南",
    "华北",
    "西南",
    "东北",
    "西北",
    "经销",
    "直营",
    "电商",
    "团购",
    "茅台",
    "毛巾",
    "帽子",
    "梅花",
    "贸易",
    "帽",
    "茅",
    "女",
    "泡",
    "联通",
    "移动",
    "电信",
    "普通",
    "饱和",
    "销售员",
    "业务员",
    "客户",
    "订单",
    "退货",
    "合计",
    "小计",
    "物料编码",
    "单据编号",
    "王伟",
    "李娜",
    "张秀英",
    "刘洋",
    "陈静",
    "杨柳",
    "沈清",
    "浙江",
    "涓流",
    "琪琳",
    "娅楠",
    "一分店",
    "北京",
    "上海",
    "广州",
    "深圳",
    "重庆",
    "涪陵",
    "潍坊",
    "漯河",
    "沭阳",
    "沂南",
    "淄博",
    "濮阳",
    "涞源",
    "溧阳",
    "呼和浩特",
    "乌鲁木齐",
    "鄂尔多斯",
    "锡林郭勒",
    "Nike帽子",
    "iPhone膜",
    "Polo茅",
    "T恤",
    "A型",
]
WESTERN = [
    "Café",
    "Müller",
    "Ångström",
    "naïve",
    "façade",
    "Español",
    "São",
    "João",
    "GARÇÃO",
    "MARCHÉ",
    "ÉTÉ",
    "Ölçü",
    "Şişli",
    "Łódź",
    "Győr",
    "Škoda",
    "Čapek",
    "smørrebrød",
    "Ærø",
    "25°C",
    "½",
    "«é»",
    "£5",
    "Ã",
    "Â",
    "Ä",
    "Å",
    "âê",
    "à«",
    "José’s",
    "Zürich™",
    "10€",
    "Übergröße",
    "œuvre",
    "Ñandú",
    "L’Hôpital",
    "Dvořák",
    "Þór",
    "Đà",
    "ÀÉÎÕÜ",
    "ÃÕ",
    "Côte–d’Or",
    "日本",
    "カメラ",
    "서울",
]


@pytest.mark.parametrize("text", [*WORDS, *WESTERN])
def test_a_clean_text_is_never_taken_for_mojibake(text: str) -> None:
    assert repair(text) is None
    assert not is_lost(text)


def test_no_pair_or_triple_of_common_characters_is_taken_for_mojibake() -> None:
    common = [
        bytes([lead, trail]).decode("gb2312")
        for lead in range(0xB0, 0xD7)
        for trail in range(0xA1, 0xFA)
    ]
    dice = random.Random(5)
    words = {
        "".join(dice.choices(common, k=length)) for length in (1, 2, 2, 3, 4) for _ in range(20_000)
    }
    assert not [word for word in words if repair(word) or is_lost(word)]


@pytest.mark.parametrize(
    "text", ["电商", "厨具", "厨房电器", "北京A厨具", "Müller", "会员（直营）"]
)
def test_utf8_read_as_gbk_is_recognised(text: str) -> None:
    assert repair(text.encode().decode("gb18030")) == text


@pytest.mark.parametrize("text", ["Café", "São Paulo", "中国", "厨具店", "10 €", "L’été", "Łódź"])
@pytest.mark.parametrize("wrong", ["cp1252", "latin-1"])
def test_utf8_read_as_western_is_recognised(text: str, wrong: str) -> None:
    shown = text.encode().decode("latin-1")
    if wrong == "cp1252":
        shown = "".join(
            bytes([ord(letter)]).decode("cp1252", "ignore") or letter for letter in shown
        )
    assert repair(shown) == text


def test_mojibake_is_noted_and_repaired_where_asked(folder: Path) -> None:
    bad = "厨具".encode().decode("gb18030")
    text = f"日期,金额,客户,{bad}\n" + f"2024-01-01,1,{bad},x\n2024-01-02,2,厨具,x\n" * 2
    noted = read_grid(folder, text.encode())
    assert noted.cells.column(2).to_pylist() == [bad, "厨具"] * 2
    assert [item.rule for item in noted.issues] == ["mojibake"]
    assert f"'{bad}' → '厨具'" in noted.issues[0].reason
    assert noted.issues[0].row == 2
    repaired = read_grid(folder, text.encode(), mojibake="repair")
    assert repaired.header[3] == "厨具"
    assert repaired.cells.column(2).to_pylist() == ["厨具"] * 4
    assert "were repaired" in repaired.issues[0].reason
    assert (repaired.issues[0].rows, repaired.issues[0].action, noted.issues[0].action) == (
        3,
        "changed",
        "noted",
    )


def test_mojibake_in_the_header_is_proposed_and_repaired_where_asked(folder: Path) -> None:
    content = "日期,金额\n2024-01-01,1\n".encode().decode("gb18030").encode()
    with pytest.raises(SalesForecastError, match=r"mojibake.*'日期,金额'.*`mojibake: repair`"):
        read_grid(folder, content)
    assert read_grid(folder, content, mojibake="repair").header == ["日期", "金额"]


def test_a_text_that_lost_bytes_is_noted_and_left_alone(folder: Path) -> None:
    bad = "业务员".encode().decode("gb18030", "replace")
    grid = read_grid(folder, f"日期,金额\n{bad},1\n".encode(), mojibake="repair")
    assert list_rows(grid) == [(2, [bad, "1"])]
    assert "1 texts lost bytes" in grid.issues[0].reason


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("quote", ['"', "'"])
def test_separator_and_quote_are_found(folder: Path, delimiter: str, quote: str) -> None:
    text = io.StringIO()
    writer = csv_module.writer(text, delimiter=delimiter, quotechar=quote)
    writer.writerows(
        [["日期", "金额", "客户"], *[["2024-01-01", "1", f"A{delimiter} B{quote}s"]] * 3]
    )
    assert list_rows(read_grid(folder, text.getvalue().encode()))[0] == (
        2,
        ["2024-01-01", "1", f"A{delimiter} B{quote}s"],
    )


def test_an_apostrophe_before_a_number_is_no_quote(folder: Path) -> None:
    text = "编号,日期,金额\n" + "'007,2024-01-01,1\n" * 3
    assert list_rows(read_grid(folder, text.encode()))[0] == (2, ["'007", "2024-01-01", "1"])


def test_the_separator_that_excel_names_is_obeyed(folder: Path) -> None:
    grid = read_grid(folder, "sep=;\n销售明细\n日期;金额\n2024-01-01;1,5\n".encode())
    assert list_rows(grid) == [(4, ["2024-01-01", "1,5"])]
    assert grid.titles == ["销售明细"]


def test_files_of_one_feed_may_differ_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("日期,金额\n2024-01-01,1\n", encoding="utf-8")
    (tmp_path / "2.csv").write_text("日期;金额\n2024-02-01;2\n", encoding="utf-8")
    extract = read_source("orders", text_source("*.csv"), tmp_path)
    assert extract.rows["金额"].to_pylist() == ["1", "2"]
    assert extract.issues[["source", "rule"]].values.tolist() == [
        ["orders: 2.csv", "dialect_drift"]
    ]
    assert "semicolons" in extract.issues["reason"][0]
    with pytest.raises(
        SalesForecastError,
        match=r"2\.csv' has semicolons.*declares `delimiter: ','`.*dialect_drift",
    ):
        read_source("orders", text_source("*.csv", delimiter=","), tmp_path)


@pytest.mark.parametrize(
    ("line", "trailer", "said"),
    [
        (
            "共 1,234 行, 金额合计 5,678.90",
            r"共 (?P<rows>[\d,]+) 行, 金额合计 (?P<amount>.*)",
            {"rows": "1,234", "amount": "5,678.90"},
        ),
        (
            "TRAILER|１２３４|5678.90",
            r"^TRAILER\|(?P<rows>\d+)\|(?P<quantity>[^|]+)",
            {"rows": "１２３４", "quantity": "5678.90"},
        ),
        ('"共1234行",', r"共(?P<rows>\d+)行", {"rows": "1234"}),
        ("END,1", r"^END,(?P<quantity>\d+)", {"quantity": "1"}),
    ],
)
def test_a_trailer_is_no_row_and_its_count_is_checked(
    folder: Path, line: str, trailer: str, said: dict[str, str]
) -> None:
    rows = ["2024-01-01,1"] * 1234
    extract = read_bytes(
        folder, "\n".join(["日期,金额", *rows, line, "", ""]).encode(), trailer=trailer
    )
    assert len(extract.rows) == 1234
    assert not len(extract.rejected)
    assert extract.files[0]["trailer"] == said
    if "rows" in said:
        with pytest.raises(
            SalesForecastError,
            match=r"a\.csv' was cut short.*1,233 rows were read and 0 set aside.*1,234 rows",
        ):
            read_bytes(
                folder, "\n".join(["日期,金额", *rows[1:], line, ""]).encode(), trailer=trailer
            )


def test_a_trailer_that_is_not_there_stops_the_unit_and_subtotals_are_not_counted(
    folder: Path,
) -> None:
    text = "日期,金额\n2024-01-01,1\n合计,1\n日期,金额\n共1行\n"
    assert (
        len(
            read_bytes(folder, text.encode(), trailer=r"共(?P<rows>\d+)行", subtotals=["合计"]).rows
        )
        == 3
    )
    with pytest.raises(
        SalesForecastError,
        match=r"cut short.*its trailer is not there; it ends with line 4: '日期,金额'",
    ):
        read_bytes(folder, text[:-5].encode(), trailer=r"共(?P<rows>\d+)行")
    with pytest.raises(ValueError, match="named groups"):
        text_source(trailer="共")
    with pytest.raises(ValueError, match="no regular expression"):
        text_source(trailer="(")


@pytest.mark.parametrize("end", ["2024-01-03", '2024-01-03,"3'])
def test_a_last_line_that_breaks_off_is_rejected_and_said(folder: Path, end: str) -> None:
    extract = read_bytes(folder, f"日期,金额\n2024-01-01,1\n{end}".encode())
    assert extract.rejected[["row", "rule"]].values.tolist() == [[3, "misfit"]]
    assert extract.issues[["row", "rule"]].values.tolist() == [[3, "cut_short"]]
    assert rules(read_bytes(folder, "日期,金额\n2024-01-01,1\n2024-01-03,3".encode())) == []


def test_a_column_knows_only_the_texts_of_its_rows(folder: Path) -> None:
    text = "日期,金额\n" + "2024-01-01,1\n" * 50 + "2024-01-02,2,3\n共50行,9\n"
    grid = read_grid(folder, text.encode(), trailer=r"共(?P<rows>\d+)行")
    assert [column.chunk(0).dictionary.to_pylist() for column in grid.cells.columns] == [
        ["2024-01-01"],
        ["1"],
    ]


def pack(name: str, content: bytes) -> bytes:
    spool = io.BytesIO()
    with zipfile.ZipFile(spool, "w") as archive:
        archive.writestr(name, content)
    return spool.getvalue()


def database(folder: Path) -> bytes:
    connection = sqlite3.connect(folder / "a.sqlite")
    connection.execute("CREATE TABLE sales (day, amount)")
    connection.close()
    return (folder / "a.sqlite").read_bytes()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("xlsx", r"zip archive, as XLSX.*`kind: excel`"),
        ("zip", "zip archive"),
        ("sqlite", r"SQLite database.*`kind: sql`"),
        ("parquet", r"Parquet.*`kind: parquet`"),
        ("pdf", "PDF"),
        ("html", r"HTML page.*`kind: excel`"),
        ("empty", r"empty \(0 bytes\)"),
        ("spaces", "lacks the column '日期', '金额'.*Found: nothing"),
        ("nuls", "lacks the column"),
        ("random", r"cannot be read: it is none of"),
        ("wide", r"its header \(line 1\) has 100,000 columns"),
        ("long", r"line 3 has more than 1,048,576 bytes"),
        ("long last", r"line 2 has more than 1,048,576 bytes"),
    ],
)
def test_what_is_no_text_of_rows_is_an_error_that_says_what_it_is(
    tmp_path: Path, kind: str, said: str
) -> None:
    spool = io.BytesIO()
    pa.parquet.write_table(pa.table({"日期": ["x"]}), spool)
    header = "日期,金额\n".encode()
    contents = {
        "xlsx": pack("[Content_Types].xml", b"<x/>"),
        "zip": pack("a.csv", b"x" * 100_000),
        "sqlite": database(tmp_path),
        "parquet": spool.getvalue(),
        "pdf": b"%PDF-1.7\n%\xff\xff",
        "html": b"<html><body><table></table></body></html>",
        "empty": b"",
        "spaces": b" \n \n",
        "nuls": bytes(5000),
        "random": random.Random(1).randbytes(100_000),
        "wide": (
            "日期,金额," + ",".join(f"c{place}" for place in range(99_998)) + "\n1,2\n"
        ).encode(),
        "long": header + b"a,1\n" + b"x" * (5 << 20) + b"\na,2\n",
        "long last": header + b"x" * (2 << 20),
    }
    with pytest.raises(SalesForecastError, match=rf"a\.csv'.*{said}"):
        read_bytes(tmp_path, contents[kind])


def test_a_line_of_200_megabytes_is_refused_before_it_fills_the_memory() -> None:
    taken = itertools.count()
    stream = (b"x" * (1 << 20) for _ in range(200) if next(taken) >= 0)
    with pytest.raises(SalesForecastError, match="line 1 has more than"):
        list(cut_at_line_ends(stream, "a.csv"))
    assert next(taken) < 5


def test_a_header_without_rows_is_a_file_without_rows(folder: Path) -> None:
    for text in ("日期,金额", "日期,金额\n", "日期,金额\r\n\r\n"):
        extract = read_bytes(folder, text.encode())
        assert (len(extract.rows), len(extract.rejected), rules(extract)) == (0, 0, [])


def test_quotes_that_never_close_cost_their_own_lines_in_linear_time(folder: Path) -> None:
    text = "日期,金额\n" + '2024-01-01,"1\n' * 3 + "2024-01-01,1\n" * 5_000 + 'x"y,"1\n' * 2_000
    grid = read_grid(folder, text.encode())
    assert len(grid.numbers) == 5_000
    assert {item.row for item in grid.rejected} == {2, 3, 4, *range(5_005, 7_005)}
    assert "within 1,000 lines" in grid.rejected[2].reason


def test_a_field_may_span_lines_and_blocks(folder: Path) -> None:
    note = "\n".join(f"line {place}" for place in range(900))
    text = f'日期,金额\n2024-01-01,1\n2024-01-02,"{note}"\n2024-01-03,3\n'
    assert list_rows(read_grid(folder, text.encode(), size=100)) == [
        (2, ["2024-01-01", "1"]),
        (3, ["2024-01-02", note]),
        (903, ["2024-01-03", "3"]),
    ]


def test_a_very_long_field_and_a_very_long_line_are_set_aside_shortened(folder: Path) -> None:
    grid = read_grid(
        folder, f"日期,金额\n{'x' * 200_000},1\n{'y' * 100_000},{'z' * 100_000}\n".encode()
    )
    assert [(item.row, item.reason) for item in grid.rejected] == [
        (2, "one of its fields has more than 131,072 characters")
    ]
    assert len(grid.rejected[0].content) < 11_000
    assert grid.numbers.tolist() == [3]


def test_gzip_is_read_and_its_bytes_are_what_is_hashed(tmp_path: Path) -> None:
    packed = gzip.compress(ROWS.encode()[:200]) + gzip.compress(ROWS.encode()[200:])
    extract = read_bytes(tmp_path, packed, "a.csv.gz")
    assert len(extract.rows) == 28
    assert extract.files[0]["bytes"] == len(packed)
    for cut in (len(packed) - 4, 30):
        with pytest.raises(
            SalesForecastError,
            match=r"a\.csv\.gz' cannot be read: its compressed content ends too early",
        ):
            read_bytes(tmp_path, packed[:cut], "a.csv.gz")
    with pytest.raises(SalesForecastError, match="compressed content is damaged"):
        read_bytes(tmp_path, packed[:20] + b"\xff\xff\xff" + packed[23:], "a.csv.gz")


def test_a_bomb_is_refused_before_it_goes_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "UNSUSPICIOUS", 1 << 20)
    bomb = gzip.compress("日期,金额\n".encode() + b"1,2\n" * (2 << 20), 9)
    with pytest.raises(
        SalesForecastError,
        match=r"a\.csv\.gz' cannot be read: its first .* bytes unpack to more than",
    ):
        read_bytes(tmp_path, bomb, "a.csv.gz")


def test_a_pipe_and_a_folder_without_exports_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(
        SalesForecastError, match=r"a\.csv' cannot be read: it is no file but a pipe"
    ):
        read_source("orders", text_source(), tmp_path)
    (tmp_path / "data").mkdir()
    with pytest.raises(
        SalesForecastError,
        match=r"data' cannot be read: the folder holds no file of `kind: csv`.*holds nothing",
    ):
        read_source("orders", text_source("data/"), tmp_path)


def test_a_file_that_changes_while_it_is_read_stops_the_unit(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(ROWS.encode())
    reading = RawFile("a.csv", path).blocks(100)
    next(reading)
    path.write_bytes(ROWS.encode() * 2)
    with pytest.raises(SalesForecastError, match=r"a\.csv' changed while it was read"):
        list(reading)
    file = RawFile("a.csv", path)
    assert file.content == ROWS.encode() * 2
    path.write_bytes(b"x" * len(ROWS.encode() * 2))
    with pytest.raises(SalesForecastError, match="changed while it was read"):
        list(file.blocks())


def test_a_folder_means_its_files_of_the_kind_and_says_what_it_leaves(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "orders"
    folder.mkdir(parents=True)
    for name in ("2024-02.csv", "2024-01.txt", "2024-03.csv.gz"):
        content = f"日期,金额\n{name[:7]}-01,1\n".encode()
        (folder / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    for name in (
        ".DS_Store",
        "~$x.xlsx",
        "x.tmp",
        "x.csv~",
        "2024-04.csv.part",
        "notes.pdf",
        "budget.xlsx",
    ):
        (folder / name).write_bytes(b"?")
    (folder / "old").mkdir()
    extract = read_source("orders", text_source("data/orders/"), tmp_path)
    assert extract.rows["日期"].to_pylist() == ["2024-01-01", "2024-02-01", "2024-03-01"]
    assert extract.issues[["rule", "reason"]].values.tolist() == [
        [
            "left_out",
            "the folder 'data/orders/' also holds 'budget.xlsx', 'notes.pdf', which were not read",
        ]
    ]


def test_splitting_a_file_or_its_encoding_changes_no_row(tmp_path: Path) -> None:
    whole = read_bytes(tmp_path, ROWS.encode(), "whole.csv").rows.drop(["file", "row"])
    lines = ROWS.splitlines(keepends=True)
    for name, part, encoding in (
        ("p1.csv", lines[1:10], "utf-16"),
        ("p2.csv", lines[10:], "gb18030"),
    ):
        (tmp_path / name).write_bytes("".join([lines[0], *part]).encode(encoding))
    parts = read_source("orders", text_source("p*.csv"), tmp_path).rows.drop(["file", "row"])
    assert parts.to_pylist() == whole.to_pylist()


def test_whitespace_is_blank_the_same_way_for_arrow_and_for_us() -> None:
    spaces = [chr(code) for code in range(0x3001) if chr(code).isspace()]
    trimmed = pa.compute.utf8_trim_whitespace(pa.array(spaces))
    assert trimmed.to_pylist() == [""] * len(spaces)
