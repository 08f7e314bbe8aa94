"""What identifies a row, which blank cells are merged, and which rows only add up others."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.evidence import keys
from salesfc_lib.inspection.findings.propose import propose_feed
from salesfc_lib.inspection.sampling import readers
from salesfc_lib.inspection.writing.source import write_source


def look(path: Path, header: str, *rows: str) -> dict[str, object]:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    found = propose_feed([path], read_aliases())
    text = "\n".join(write_source("orders", found, path.name))
    return {
        "key": [*found.key.columns],
        "sure": "    key: [" in text,
        "fill_down": found.fill_down,
        "subtotals": found.subtotals,
        "rows": len(found.sample.rows),
        "names": found.names,
    }


def test_item_numbers_with_leading_zeros_count_lines(tmp_path: Path) -> None:
    rows = ["4711,000010,A,5", "4711,000020,A,5", "4712,000010,B,7"]
    found = look(tmp_path / "x.csv", "VBELN,POSNR,MATNR,NETWR", *rows)
    assert (found["key"], found["sure"]) == (["order_id", "line"], True)
    codes = [row.replace("0000", "0077") for row in rows]  # articles, not lines
    found = look(tmp_path / "x.csv", "order no,item,material,amount", *codes)
    assert "line" not in found["names"]


@pytest.mark.parametrize(
    ("header", "rows", "names"),
    [
        (
            "Invoice,Line,Date,Item,Amount",
            [
                "I1,1,2025-01-03,A,5",
                ",2,2025-01-04,B,5",
                "I2,1,2025-01-03,A,5",
                "I3,1,2025-01-04,B,5",
            ],
            ["order_id"],
        ),
        (
            "Invoice,Date,Customer,Item,Amount",
            ["I1,2025-01-03,Li,A,5", ",,,B,5", "I2,2025-01-03,Wu,A,5", "I3,2025-01-05,Li,A,5"],
            ["customer", "date", "order_id"],
        ),
    ],
)
def test_a_document_named_in_its_first_line_is_filled_down_before_a_key_is_sought(
    tmp_path: Path, header: str, rows: list[str], names: list[str]
) -> None:
    found = look(tmp_path / "x.csv", header, *rows)
    assert sorted(found["fill_down"]) == names  # type: ignore[call-overload]
    assert found["key"] in (["order_id", "line"], ["order_id", "product"])


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        # cash sales without a customer; orders that lost their number
        (
            "Invoice,Date,Customer,Amount",
            ["1,2025-01-03,Li,5", "2,2025-01-03,,5", "3,2025-01-04,,7", "4,2025-01-04,,6"],
        ),
        (
            "Invoice,Line,Date,Amount",
            ["1,1,2025-01-03,5", ",1,2025-01-03,5", "3,1,2025-01-04,7", "4,1,2025-01-04,6"],
        ),
    ],
)
def test_a_blank_cell_is_not_always_the_one_above(
    tmp_path: Path, header: str, rows: list[str]
) -> None:
    assert look(tmp_path / "x.csv", header, *rows)["fill_down"] == []


def test_names_that_begin_like_totals_are_products(tmp_path: Path) -> None:
    rows = ["I1,1,2025-01-03,SUMMER DAISIES,5", ",2,,TOTALLY RED MUG,6", ",3,,Total red mug,7"]
    rows += ["I2,1,2025-01-04,Summenzeichen,8", ",2,,Summe der Teile,9", "Total,,,,35"]
    found = look(tmp_path / "x.csv", "Invoice,Line,Date,Product Name,Amount", *rows)
    assert (found["subtotals"], found["rows"]) == (["Total"], 5)


def test_lines_of_a_document_are_no_totals_where_its_number_and_day_are_filled_down(
    tmp_path: Path,
) -> None:
    rows = ["I1,2025-01-03,90113,SUMMENZEICHEN,6", ",,90114,SUM OF PARTS,1", ",,90115,Total Care,1"]
    rows += ["I2,2025-02-04,90115,RED MUG,1", "Total,,,,9"]
    found = look(tmp_path / "x.csv", "Invoice,Date,Item,Text,Qty", *rows)
    assert (found["subtotals"], found["rows"]) == (["Total"], 4)
    assert found["fill_down"] == ["date", "order_id"]


def test_blank_numbers_that_nothing_explains_are_asked_about(tmp_path: Path) -> None:
    rows = ["1,2025-01-03,A,5", ",2025-01-03,B,5", "2,2025-01-04,A,5", "3,2025-01-04,B,6"]
    path = tmp_path / "x.csv"
    look(path, "Invoice,Date,SKU,Amount", *rows)
    found = propose_feed([path], read_aliases())
    assert found.fill_down == []
    assert any("blank in 1 rows: is it the number above?" in one for one in found.questions)


def test_no_key_is_named_that_would_drop_rows(tmp_path: Path) -> None:
    rows = ["4711,A,5", "4711,A,6", "4712,B,7"]
    path = tmp_path / "x.csv"
    found = look(path, "order no,sku,amount", *rows)
    text = "\n".join(write_source("orders", propose_feed([path], read_aliases()), path.name))
    assert found["key"] == []
    assert "# key: []" in text


def test_a_key_that_would_drop_sales_of_their_own_is_not_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    look(path, "receipt no,sku,amount", "1,A,5", "1,A,5", "1,B,7", "2,A,5")
    text = "\n".join(write_source("orders", propose_feed([path], read_aliases()), path.name))
    assert (
        "# key: []   # order_id, product would drop 1 rows that may be sales of their own" in text
    )


def test_the_key_of_a_long_file_is_asked_of_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "limit_rows", lambda width: 100)
    rows = [f"A{place},1,2025-01-{1 + place % 28:02},5" for place in range(400)]
    header = "order no,line no,date,amount"
    found = look(tmp_path / "x.csv", header, *rows)
    assert (found["rows"], found["key"], found["sure"]) == (100, ["order_id", "line"], True)
    rows[200:200] = ["A200,1,2025-01-05,6"]  # where nobody looked
    assert look(tmp_path / "x.csv", header, *rows)["key"] == []
    rows[200] = rows[201]  # a copy of the whole row contradicts nothing
    assert look(tmp_path / "x.csv", header, *rows)["sure"]
    monkeypatch.setattr(keys, "MOST_BYTES", 100)
    found = look(tmp_path / "x.csv", header, *rows)
    assert (found["key"], found["sure"]) == (["order_id", "line"], False)


def test_a_key_of_a_year_and_a_month_is_asked_of_every_row_of_a_long_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "limit_rows", lambda width: 100)
    rows = [
        f"{year},{month},P{place},{place}.5"
        for year in range(2020, 2025)
        for month in range(1, 13)
        for place in range(1, 8)
    ]
    path, header = tmp_path / "x.csv", "Year,Month,Product,Amount"
    look(path, header, *rows)
    found = propose_feed([path], read_aliases())
    assert (len(found.sample.rows), found.key.proved) == (100, True)
    assert {*found.key.columns} == {"date", "product"}
    assert "# key: [date, product]   # identify every row of the export" in "\n".join(
        write_source("orders", found, path.name)
    )
    rows[200:200] = ["2021,7,P3,9.5"]  # where nobody looked
    assert look(path, header, *rows)["key"] == []


@pytest.mark.parametrize(("total", "sure"), [("15,150", True), ("20,200", False)])
def test_subtotals_prove_that_a_repeated_row_is_none(
    tmp_path: Path, total: str, sure: bool
) -> None:
    rows = ["I1,2025-01-03,A,10,100", "I1,2025-01-03,B,5,50", "I1,2025-01-03,B,5,50"]
    rows += [f"Subtotal,,,{total}", "I2,2025-02-03,A,4,40", "Subtotal,,,4,40"]
    found = look(tmp_path / "x.csv", "Invoice,Date,Item,Qty,Amount", *rows)
    assert (found["key"], found["sure"]) == (["order_id", "product"], sure)


def look_at_feed(folder: Path, *files: list[str]) -> tuple[list[str], bool]:
    """The key of a feed's files, and whether it is written without a question."""
    paths = [folder / f"orders_{place}.csv" for place in range(len(files))]
    for path, rows in zip(paths, files, strict=True):
        path.write_text("\n".join(["order no,date,sku,amount", *rows]) + "\n", encoding="utf-8")
    found = propose_feed(paths, read_aliases())
    text = "\n".join(write_source("orders", found, "orders_*.csv"))
    return [*found.key.columns], "    key: [order_id]" in text


def test_a_number_that_files_have_again_is_a_key_also_where_the_newer_corrects_a_row(
    tmp_path: Path,
) -> None:
    old = [f"S{at},2025-01-{at:02d},A,{at}" for at in range(1, 10)]
    new = [*old[6:8], "S9,2025-01-09,A,99", "S10,2025-01-10,B,5"]
    assert look_at_feed(tmp_path, old, new) == (["order_id"], True)


def test_numbers_that_begin_anew_in_each_file_are_no_key(tmp_path: Path) -> None:
    one, two = ([f"{at},2025-0{m}-0{at},A,{at * m}" for at in range(1, 9)] for m in (1, 2))
    assert look_at_feed(tmp_path, one, two) == ([], False)
