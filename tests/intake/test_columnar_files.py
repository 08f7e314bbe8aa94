"""Claims about Parquet and JSON lines: texts are exact, and no row is lost in silence."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.schema import Source
from salesfc_lib.intake.sources import parquet
from salesfc_lib.intake.sources.cell_text import cell_text
from salesfc_lib.intake.sources.extract import Extract, read_source
from salesfc_lib.intake.sources.text.jsonl import Number, flatten
from salesfc_lib.intake.sources.typed_columns import text_of

COLUMNS = {"date": "日期", "amount": "金额"}
MONTH_END = dt.datetime(2024, 7, 31, 16, tzinfo=dt.UTC)  # midnight of the first in Shanghai


def source(kind: str, **more: Any) -> Source:
    return Source(**{"kind": kind, "path": f"a.{kind}", "columns": COLUMNS, **more})


def read_table(folder: Path, table: pa.Table, **more: Any) -> Extract:
    pq.write_table(table, folder / "a.parquet", row_group_size=2)
    return read_source("orders", source("parquet", **more), folder)


def read_lines(folder: Path, text: str | bytes, **more: Any) -> Extract:
    (folder / "a.jsonl").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_source("orders", source("jsonl", **more), folder)


def values(extract: Extract, *names: str) -> list[list[str]]:
    return [list(row.values()) for row in extract.rows.select(list(names)).to_pylist()]


@pytest.mark.parametrize(
    ("kind", "given_", "text"),
    [
        (pa.decimal128(18, 2), Decimal("-1234567890123456.05"), "-1234567890123456.05"),
        (pa.decimal128(20, 10), Decimal("0.0000000012"), "0.0000000012"),
        (pa.decimal256(60, 2), Decimal("1" * 50 + ".10"), "1" * 50 + ".10"),
        (pa.int64(), 2**63 - 1, "9223372036854775807"),
        (pa.uint64(), 2**64 - 1, "18446744073709551615"),
        (pa.float64(), 731.9399999999999, "731.94"),
        (pa.float64(), 0.1 + 0.2, "0.3"),
        (pa.float64(), 1e16, "10000000000000000"),
        (pa.float64(), -2.5e-7, "-0.00000025"),
        (pa.float32(), 1.1, "1.1"),
        (pa.float32(), 2.0, "2"),
        (pa.bool_(), False, "FALSE"),
        (pa.date32(), dt.date(2024, 2, 29), "2024-02-29"),
        (pa.timestamp("us"), dt.datetime(2024, 7, 2), "2024-07-02"),
        (pa.timestamp("ns"), dt.datetime(2024, 7, 2, 8, 30), "2024-07-02 08:30:00"),
        (pa.timestamp("ms"), dt.datetime(2024, 7, 2, 0, 0, 0, 250_000), "2024-07-02 00:00:00.25"),
        (pa.timestamp("us", "Asia/Shanghai"), MONTH_END, "2024-08-01 00:00:00+08:00"),
        (pa.timestamp("s", "UTC"), MONTH_END, "2024-07-31 16:00:00+00:00"),
        (pa.time64("us"), dt.time(8, 30), "08:30:00"),
        (pa.string(), "007", "007"),
        (pa.large_string(), "厨具", "厨具"),
        (pa.binary(), "厨具".encode(), "厨具"),
        (pa.binary(), b"\xff\x00", "0xff00"),
        (pa.dictionary(pa.int8(), pa.string()), "North", "North"),
        (pa.list_(pa.int64()), [1, 2], "[1, 2]"),
    ],
)
def test_a_typed_value_is_written_exactly_and_a_null_is_blank(
    tmp_path: Path, kind: pa.DataType, given_: object, text: str
) -> None:
    column = pa.array([given_, None, given_], kind)
    table = pa.table({"日期": ["a", "b", "c"], "金额": column})
    assert values(read_table(tmp_path, table), "金额") == [[text], [""], [text]]


@given(st.lists(st.one_of(st.floats(), st.none()), max_size=5))
def test_floats_are_written_as_every_other_kind_of_file_writes_them(
    found: list[float | None],
) -> None:
    written = text_of(pa.array(found, pa.float64())).to_pylist()
    assert written == [
        cell_text(value).replace("-0", "0") if value == 0 else cell_text(value) for value in found
    ]


@given(st.integers(-(10**11), 10**11), st.integers(0, 4))
def test_an_amount_of_fifteen_digits_keeps_its_cents(units: int, places: int) -> None:
    amount = Decimal(units).scaleb(-places)
    assert Decimal(text_of(pa.array([float(amount)])).to_pylist()[0]) == amount


def test_rows_are_numbered_from_one_and_blank_ones_left_out(tmp_path: Path) -> None:
    table = pa.table({"日期": ["a", None, " ", "d", "e"], "金额": pa.array([1, None, None, 4, 5])})
    assert values(read_table(tmp_path, table), "row", "日期", "金额") == [
        [1, "a", "1"],
        [4, "d", "4"],
        [5, "e", "5"],
    ]


def test_a_column_within_a_column_has_a_dotted_name(tmp_path: Path) -> None:
    table = pa.table({"日期": ["a"], "金额": [1], "客户": [{"名称": "甲", "地址": {"省": "鲁"}}]})
    assert values(read_table(tmp_path, table), "客户.名称", "客户.地址.省") == [["甲", "鲁"]]


def test_a_parquet_file_without_rows_still_has_its_columns(tmp_path: Path) -> None:
    extract = read_table(
        tmp_path, pa.table({"日期": pa.array([], pa.string()), "金额": pa.array([], pa.float64())})
    )
    assert extract.rows.num_rows == 0
    assert {"日期", "金额"} < set(extract.rows.column_names)


@pytest.mark.parametrize(
    "spoil",
    [lambda content: content[:-20], lambda content: content[:40] + b"\x00" * 40 + content[80:]],
)
def test_a_parquet_file_that_is_cut_or_damaged_is_told(tmp_path: Path, spoil: Any) -> None:
    pq.write_table(pa.table({"日期": ["a"] * 50, "金额": list(range(50))}), tmp_path / "whole")
    (tmp_path / "a.parquet").write_bytes(spoil((tmp_path / "whole").read_bytes()))
    with pytest.raises(SalesForecastError, match=r"a\.parquet.*no complete Parquet file"):
        read_source("orders", source("parquet"), tmp_path)


def test_a_parquet_file_that_would_fill_the_memory_is_refused_by_its_footer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "CELLS", 1_000_000)
    table = pa.table({"日期": ["a"] * 600_000, "金额": [1] * 600_000})
    pq.write_table(table, tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 10_000
    with pytest.raises(SalesForecastError, match="1,200,000 cells"):
        read_source("orders", source("parquet"), tmp_path)


def test_a_control_character_in_a_typed_file_is_set_aside(tmp_path: Path) -> None:
    extract = read_table(tmp_path, pa.table({"日期": ["a", "b\x00c"], "金额": ["1", "2"]}))
    assert values(extract, "金额") == [["1"]]
    assert extract.rejected[["row", "rule"]].values.tolist() == [[2, "control_character"]]
    assert json.loads(extract.rejected["content"][0]) == {"日期": "b\x00c", "金额": "2"}


def test_numbers_in_json_are_the_digits_that_stand_there(tmp_path: Path) -> None:
    numbers = [
        "1.10",
        "100000000000000000000.010",
        "-0",
        "1E5",
        "0.1000000000000000055511151231257827",
        "9" * 5000,
    ]
    text = "\n".join(f'{{"日期": "d", "金额": {number}}}' for number in numbers)
    assert values(read_lines(tmp_path, text), "金额") == [[number] for number in numbers]


def test_objects_are_flattened_and_a_late_key_is_blank_above(tmp_path: Path) -> None:
    text = (
        '{"日期":"a","金额":1,"客户":{"名称":"甲","列":[1.50,{"x":null}]}}\n\n{"金额":2,'
        '"日期":"b","新":true,"无":null}\n'
    )
    extract = read_lines(tmp_path, text)
    assert values(extract, "row", "日期", "金额", "客户.名称", "客户.列", "新", "无") == [
        [1, "a", "1", "甲", '[1.50, {"x": null}]', "", ""],
        [3, "b", "2", "", "", "TRUE", ""],
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"日期": "b", "金额": 2', "no JSON object"),
        ("not json", "no JSON object"),
        ("[1, 2]", "no object"),
        ('{"日期": "b", "金额": 2, "金额": 3}', "'金额' more than once"),
        ('{"日期": "b", "x": {"y": 1, "y": 2}}', "'y' more than once"),
        ('{"x.y": 1, "x": {"y": 2}}', "'x.y' more than once"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_a_line_that_is_no_object_is_set_aside_with_its_number(
    tmp_path: Path, line: str, reason: str
) -> None:
    extract = read_lines(tmp_path, f'{{"日期":"a","金额":1}}\n{line}\n{{"日期":"c","金额":3}}\n')
    assert values(extract, "row", "日期") == [[1, "a"], [3, "c"]]
    assert extract.rejected[["row", "rule"]].values.tolist() == [[2, "misfit"]]
    assert reason in extract.rejected["reason"][0]
    assert line.startswith(json.loads(extract.rejected["content"][0])[:50])


def test_a_broken_first_line_costs_only_itself(tmp_path: Path) -> None:
    extract = read_lines(tmp_path, 'oops\n{"日期":"a","金额":1}\n')
    assert extract.rejected["row"].tolist() == [1]
    assert values(extract, "row") == [[2]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_json_reads_the_same_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    extract = read_lines(
        tmp_path, '{"日期":"七月\u2028","金额":1}\r\n{"日期":"八月","金额":2}\r\n'.encode(encoding)
    )
    assert values(extract, "row", "日期", "金额") == [[1, "七月\u2028", "1"], [2, "八月", "2"]]
    assert extract.files[0]["encoding"] == encoding


def test_a_line_in_another_encoding_is_set_aside(tmp_path: Path) -> None:
    lines = [
        f'{{"日期":"{day}","金额":1}}'.encode("gb18030" if day == "三" else "utf-8")
        for day in "一二三四"
    ]
    extract = read_lines(tmp_path, b"\n".join(lines))
    assert values(extract, "日期") == [["一"], ["二"], ["四"]]
    assert extract.rejected[["row", "rule"]].values.tolist() == [[3, "other_encoding"]]


def test_an_array_of_objects_is_read_element_by_element(tmp_path: Path) -> None:
    text = (
        '[\n  {"日期":"a","金额":1.10},\n  5, {"日期":"b","金额":2,"金额":2}, {"日期":"c",\n '
        '"金额":3}\n]\n'
    )
    extract = read_lines(tmp_path, text)
    assert values(extract, "row", "日期", "金额") == [[1, "a", "1.10"], [4, "c", "3"]]
    assert extract.rejected["row"].tolist() == [2, 3]


@pytest.mark.parametrize("tail", ["", ",", ', {"日期":', ' {"日期":"b"}]', ", x]"])
def test_an_array_that_is_cut_or_damaged_stops_the_unit(tmp_path: Path, tail: str) -> None:
    with pytest.raises(SalesForecastError, match=r"a\.jsonl.*cut_short"):
        read_lines(tmp_path, '[{"日期":"a","金额":1}' + tail)


def test_json_with_a_different_key_in_every_object_is_refused(tmp_path: Path) -> None:
    text = "\n".join(f'{{"日期":"a","金额":1,"k{number}":1}}' for number in range(5_000))
    with pytest.raises(SalesForecastError, match="more than 4,096 different keys"):
        read_lines(tmp_path, text)


CONTENTS = {
    "parquet": None,
    "jsonl": '{"日期":"a","金额":1}\n'.encode(),
    "csv": "日期,金额\na,1\n".encode(),
    "html": "<html><table><tr><td>日期<td>金额</table>".encode(),
    "pdf": b"%PDF-1.7",
    "7z": b"7z\xbc\xaf\x27\x1c",
}
TOLD = {
    "parquet": "Parquet",
    "jsonl": "JSON",
    "csv": "text",
    "html": "HTML",
    "pdf": "PDF",
    "7z": "7z",
}
READS = {"parquet": "parquet", "jsonl": "jsonl", "csv": "csv", "html": "excel", "pdf": "", "7z": ""}


@pytest.mark.parametrize("kind", ["csv", "excel", "parquet", "jsonl", "sql"])
@pytest.mark.parametrize("held", list(CONTENTS))
def test_a_file_of_another_kind_is_told_for_what_it_is_and_which_kind_reads_it(
    tmp_path: Path, kind: str, held: str
) -> None:
    pq.write_table(pa.table({"日期": ["a"], "金额": [1]}), tmp_path / "a.bin")
    if (content := CONTENTS[held]) is not None:
        (tmp_path / "a.bin").write_bytes(content)
    wanted = source(kind, path="a.bin", **({"table": "t"} if kind == "sql" else {}))
    if READS[held] == kind:
        read_source("orders", wanted, tmp_path)
        return
    with pytest.raises(SalesForecastError) as error:
        read_source("orders", wanted, tmp_path)
    assert TOLD[held] in str(error.value)
    assert not READS[held] or f"`kind: {READS[held]}`" in str(error.value)


scalars = st.one_of(st.text(max_size=5), st.integers().map(Number), st.booleans(), st.none())
keys = st.text(max_size=3).filter(lambda key: "." not in key)


@given(
    st.dictionaries(
        keys, st.one_of(scalars, st.dictionaries(keys, scalars, min_size=1, max_size=3)), max_size=4
    )
)
def test_flattening_keeps_every_value_under_its_path(found: dict[str, Any]) -> None:
    paths = {
        path: value
        for key, item in found.items()
        for path, value in (
            {f"{key}.{inner}": value for inner, value in item.items()}
            if isinstance(item, dict)
            else {key: item}
        ).items()
    }
    assert flatten(found) == {
        path: {None: "", True: "TRUE", False: "FALSE"}.get(value, value)
        for path, value in paths.items()
    }


def test_every_cent_of_a_column_of_floats_is_kept(tmp_path: Path) -> None:
    amounts = np.round(np.random.default_rng(1).uniform(0, 1e6, 10_000), 2)
    extract = read_table(
        tmp_path, pa.table({"日期": pa.array(["a"] * len(amounts)), "金额": amounts})
    )
    written = extract.rows["金额"].to_pylist()
    assert [Decimal(text) for text in written] == [Decimal(f"{amount:.2f}") for amount in amounts]
    assert math.isclose(float(sum(map(Decimal, written))), amounts.sum())
