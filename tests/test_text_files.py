"""Claims about text files: the fast way reads what the careful way reads, and what is wrong with a file is said, not lost."""

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

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.schema import Source
from salesfc_lib.sources import Extract, mass, read_source, records
from salesfc_lib.sources.blocks import cut_at_line_ends
from salesfc_lib.sources.csv import read_csv
from salesfc_lib.sources.files import RawFile
from salesfc_lib.sources.layout import Grid, Reject
from salesfc_lib.sources.mojibake import is_lost, repair
from salesfc_lib.sources.records import Dialect, fit, parse_record

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
    return [(number, list(cells)) for number, cells in zip(grid.numbers.tolist(), zip(*columns, strict=True), strict=True)]


def read_carefully(text: str, dialect: Dialect, header: list[str]) -> tuple[list[tuple[int, list[str]]], list[Reject]]:
    """What the careful parser makes of the whole text, record by record; the header is the first line."""
    lines = list(io.StringIO(text, newline=""))
    rows, rejected, at = [], [], 1
    while at < len(lines):
        record = parse_record(lines[at:], dialect)
        outcome = fit(record, at + 1, lines[at], header)
        if isinstance(outcome, Reject):
            rejected.append(outcome)
        elif outcome is not None:
            rows.append((at + 1, outcome))
        at += 1 if isinstance(outcome, Reject) else record.lines
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


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40), st.integers(1, 40), st.sampled_from([2, 1000]), st.sampled_from("\"'"))
@example(['"', "\n", *["a,b\n"] * 9], 3, 2, '"')
@example(["\ufeff", "a,b\n", "\ufeff", "a,b\n"], 40, 1000, '"')
@example(["a,b,,\n", "a,b\n", "a,b, ,x\n", "a,b,,\n"], 7, 1000, '"')
def test_the_fast_way_reads_what_the_careful_way_reads(folder: Path, pieces: list[str], size: int, most: int, quote: str) -> None:
    text = '"日期","金额"\n'.replace('"', quote) + "".join(pieces).replace('"', quote)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "MOST_LINES", most)
        patch.setattr(mass, "MANY", 1)
        rows, rejected = read_carefully(text, Dialect(quote=quote), ["日期", "金额"])
        grid = read_grid(folder, text.encode(), size, delimiter=",")
    assert list_rows(grid) == rows
    assert grid.rejected == rejected


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.text(st.sampled_from("ab中\"',;\n\r\t |\u2028é"), max_size=4), min_size=2, max_size=2), max_size=30),
    st.integers(1, 60),
)
def test_everything_quoted_reads_back_whatever_it_holds(folder: Path, rows: list[list[str]], size: int) -> None:
    text = io.StringIO()
    csv_module.writer(text, quoting=csv_module.QUOTE_ALL).writerows([["日期", "金额"], *rows])
    grid = read_grid(folder, text.getvalue().encode(), size)
    assert [cells for _, cells in list_rows(grid)] == [row for row in rows if "".join(row).strip()]
    assert not grid.rejected
