"""Claims about rows that have more fields than their header."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesfc_lib.foundation.schema import Source
from salesfc_lib.intake.sources.extract import Extract, read_source

HEADER = "day,customer,net\n"
COLUMNS = {"date": "day", "customer": "customer", "amount": "net"}


def read(folder: Path, text: str, header: str = HEADER, **columns: str) -> Extract:
    (folder / "a.csv").write_text(header + text, encoding="utf-8")
    source = Source(kind="csv", path="a.csv", columns=columns or COLUMNS)
    return read_source("orders", source, folder)


def said(extract: Extract) -> list[str]:
    issues = extract.issues
    return issues.loc[issues["rule"].eq("unnamed_fields"), "reason"].tolist()


def amounts(extract: Extract) -> list[str]:
    found: list[str] = extract.rows["net"].to_pylist()
    return found


def test_fields_past_the_header_are_left_and_told(tmp_path: Path) -> None:
    extract = read(tmp_path, "2024-01-31,A,2.50,x\n2024-02-01,B,3.75,y\n2024-02-02,C,4.00,\n")
    assert amounts(extract) == ["2.50", "3.75", "4.00"]
    assert said(extract) == [
        "rows have 4 fields, the header 3; the fields past the header are not read"
    ]
    assert extract.rows["column 4"].to_pylist() == ["x", "y", ""]


def test_a_delimiter_at_the_end_of_every_row_changes_nothing(tmp_path: Path) -> None:
    extract = read(tmp_path, "2024-01-31,A,2.50,\n2024-02-01,B,3.75,\n")
    assert amounts(extract) == ["2.50", "3.75"]
    assert extract.rejected.empty


def test_a_delimiter_at_the_end_of_the_header_alone_changes_nothing(tmp_path: Path) -> None:
    extract = read(tmp_path, "2024-01-31,A,2.50\n2024-02-01,B,3.75\n", "day,customer,net,,\n")
    assert amounts(extract) == ["2.50", "3.75"]
    assert extract.rejected.empty and not said(extract)


def test_cells_past_the_header_of_a_page_are_left_and_told(tmp_path: Path) -> None:
    lines = [["day", "net"], ["2024-01-31", "2.50", "x"], ["2024-02-01", "3.75", "y"]]
    cells = ("".join(f"<td>{text}</td>" for text in line) for line in lines)
    page = f"<table>{''.join(f'<tr>{line}</tr>' for line in cells)}</table>"
    (tmp_path / "a.xls").write_text(page, encoding="utf-8")
    source = Source(kind="excel", path="a.xls", columns={"date": "day", "amount": "net"})
    extract = read_source("orders", source, tmp_path)
    assert amounts(extract) == ["2.50", "3.75"]
    assert "rows have 3 fields, the header 2" in said(extract)[0]


def test_names_of_rows_before_the_columns_are_left_and_told(tmp_path: Path) -> None:
    extract = read(tmp_path, "1,2024-01-31,A,2.50\n2,2024-02-01,B,3.75\n")
    assert extract.rows["day"].to_pylist() == ["2024-01-31", "2024-02-01"]
    assert amounts(extract) == ["2.50", "3.75"]
    assert "before those of the header" in said(extract)[0]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("day,customer,net\n", "2024-01-31,A,273,54\n2024-02-01,B,215,09\n"),  # decimal comma
        ("day,net,customer\n", "2024-01-31,2.50,Smith,Ann\n2024-02-01,3.75,Jones,Bob\n"),
        ("day,customer,net\n", "2024-01-31,Smith,Ann,2.50\n2024-02-01,Jones,Bob,3.75\n"),
    ],
)
def test_a_field_that_may_be_a_part_of_another_is_not_left_out(
    tmp_path: Path, header: str, rows: str
) -> None:
    extract = read(tmp_path, rows, header)
    assert extract.rows.num_rows == 0 and not said(extract)
    assert extract.rejected["reason"].tolist() == ["it has 4 fields where the header has 3"] * 2


def test_one_row_that_is_wider_is_a_row_that_does_not_fit(tmp_path: Path) -> None:
    extract = read(tmp_path, "2024-01-31,A,2.50\n2024-02-01,B,3.75,y\n2024-02-02,C,4.00\n")
    assert amounts(extract) == ["2.50", "4.00"]
    assert extract.rejected["row"].tolist() == [3]


def test_without_a_day_or_a_number_nothing_is_decided(tmp_path: Path) -> None:
    extract = read(tmp_path, "A,B,x\nC,D,y\n", "customer,note\n", customer="customer")
    assert extract.rows.num_rows == 0 and len(extract.rejected) == 2
