"""Deliveries by month and counts of stock: what they are read as, and what cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.cleaning.clean import Cleaned
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_english
from tests.orders import order, run, save, unit

LINE = ("no", "line", "date", "region", "ordered", "delivered", "promised", "delivered_on")
JULY = pd.Timestamp("2024-07-01")


def read(
    folder: Path,
    rows: Sequence[Sequence[Any]],
    names: Sequence[str] = LINE,
    *,
    month: str = "2024-12",
    **more: Any,
) -> Cleaned:
    """What cleaning leaves of deliveries whose headers are this project's names."""
    save(folder, "deliveries", [dict(zip(names, row, strict=True)) for row in rows])
    source = {"kind": "csv", "role": "deliveries", "path": "deliveries.csv", **more}
    source["columns"] = {name: name for name in names}
    return run(folder, [order()], unit({"deliveries": source}), month)


def told(cleaned: Cleaned, rule: str) -> list[tuple[int, str, str]]:
    """Number of rows, example and reason of a rule's problems, in English."""
    rows = cleaned.problems[cleaned.problems["rule"].eq(rule)]
    shown = rows[["rows", "example", "reason"]].itertuples(index=False)
    return [(count, in_english(example), in_english(reason)) for count, example, reason in shown]


def test_order_lines_count_in_the_month_they_were_promised_for(tmp_path: Path) -> None:
    rows = [
        ("A1", 1, "2024-06-20", "east", 10, 10, "2024-07-05", "2024-07-05"),  # in full, on time
        ("A1", 2, "2024-07-01", "east", 10, 10, "2024-07-05", "2024-07-06"),  # late
        ("A2", 1, "2024-07-01", "east", 10, 4, "2024-07-05", "2024-07-04"),  # short
        ("A3", 1, "2024-07-01", "east", 10, "", "2024-07-05", ""),  # not delivered
        ("A4", 1, "2024-07-31", "east", 10, 10, "", "2024-08-09"),  # nothing was promised
        ("A5", 1, "2024-07-31", "west", 5, 5, "2024-08-01", "2024-08-01"),
    ]
    table = read(tmp_path, rows).delivery
    assert table.columns.tolist()[-1] == "region"
    assert table.drop(columns=["over", "cancelled"]).values.tolist() == [
        [JULY, 50.0, 34.0, 4.0, 1.0, "east"],
        [pd.Timestamp("2024-08-01"), 5.0, 5.0, 1.0, 1.0, "west"],
    ]
    earlier = read(tmp_path, rows, month="2024-07").delivery
    assert earlier["ds"].tolist() == [JULY], "what is due later is not seen"


def test_rows_of_one_key_are_parts_of_one_order_line(tmp_path: Path) -> None:
    rows = [
        ("A1", 1, "2024-07-01", "east", 10, 6, "2024-07-05", "2024-07-04"),
        ("A1", 1, "2024-07-01", "east", 10, 4, "2024-07-05", "2024-07-09"),
        ("A1", 2, "2024-07-01", "east", 10, 6, "2024-07-05", "2024-07-04"),
        ("A1", 2, "2024-07-01", "east", 10, 4, "2024-07-05", "2024-07-05"),
    ]
    row = read(tmp_path, rows, key=["no", "line"]).delivery.iloc[0]
    assert row[["ordered", "delivered", "lines", "on_time"]].tolist() == [20.0, 20.0, 2.0, 1.0]


def test_more_than_was_ordered_fills_no_other_line_and_a_cancelled_line_counts_nowhere(
    tmp_path: Path,
) -> None:
    rows = [
        ("A1", 1, "2024-07-01", "east", 10, 14, "2024-07-05", "2024-07-04"),
        ("A1", 2, "2024-07-01", "east", 10, 6, "2024-07-05", "2024-07-04"),
        ("A2", 1, "2024-07-01", "east", 0, 3, "2024-07-05", "2024-07-04"),
        ("A3", 1, "2024-07-01", "east", -2, 0, "2024-07-05", "2024-07-04"),
    ]
    cleaned = read(tmp_path, rows)
    row = cleaned.delivery.iloc[0]
    assert row[["ordered", "delivered", "lines", "on_time"]].tolist() == [20.0, 16.0, 2.0, 1.0]
    assert row[["over", "cancelled"]].tolist() == [1, 2]
    assert told(cleaned, "over_delivered") == [
        (1, "2024-07", "more delivered than ordered: counts as delivered in full, no further")
    ]
    assert told(cleaned, "order_of_nothing") == [
        (2, "2024-07", "an order line of nothing, or less: counts in no KPI")
    ]


def test_an_export_of_months_says_how_many_lines_came_on_time_or_nothing(tmp_path: Path) -> None:
    names = ("ds", "ordered", "delivered", "lines", "on_time")
    table = read(tmp_path, [("2024年7月", 100, 90, 20, 17)], names).delivery
    assert table.values.tolist() == [[JULY, 100.0, 90.0, 20.0, 17.0, 0, 0]]
    table = read(tmp_path, [("2024-07", 100, 90)], names[:3]).delivery
    assert table[["lines", "on_time"]].isna().all(axis=None)


def test_members_that_are_one_now_are_added_up(tmp_path: Path) -> None:
    names = ("ds", "region", "ordered", "delivered")
    rows = [("2024-07", "old", 10, 5), ("2024-07", "east", 20, 20), ("2024-07", "", 1, 1)]
    save(tmp_path, "deliveries", [dict(zip(names, row, strict=True)) for row in rows])
    source = {"kind": "csv", "role": "deliveries", "path": "deliveries.csv"}
    source["columns"] = {name: name for name in names}
    renamed = unit({"deliveries": source}, renames={"region": {"old": "east"}})
    table = run(tmp_path, [order()], renamed).delivery
    assert table[["region", "ordered", "delivered"]].values.tolist() == [
        ["east", 30.0, 25.0],
        [None, 1.0, 1.0],
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            ("A1", 1, "soon", "east", 10, 10, "", ""),
            r"Row 2 of 'deliveries\.csv': `date` 'soon' is no date",
        ),
        (
            ("A1", 1, "2024-07-01", "east", 10, 10, "2024-07-99", ""),
            r"Row 2 of 'deliveries\.csv': `promised` '2024-07-99' is no day of the calendar",
        ),
        (
            ("A1", 1, "2024-07-01", "east", "", 10, "", ""),
            r"Row 2 of 'deliveries\.csv': `ordered` is blank",
        ),
        (
            ("A1", 1, "2024-07-01", "east", 10, "all", "", ""),
            r"Row 2 of 'deliveries\.csv': `delivered` 'all' is no number",
        ),
    ],
)
def test_a_delivery_that_cannot_be_read_is_an_error_with_file_and_row(
    tmp_path: Path, row: tuple[Any, ...], words: str
) -> None:
    with pytest.raises(SalesForecastError, match=words):
        read(tmp_path, [row])


def test_deliveries_without_a_quantity_name_the_column(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match=r"deliveries\.csv' lacks the column 'ordered'"):
        read(tmp_path, [("2024-07", 5)], ("ds", "delivered"))


def test_a_count_of_stock_below_zero_is_zero_and_said_with_its_month(tmp_path: Path) -> None:
    names = ("ds", "region", "stock", "value")
    rows = [("2024-06", "east", -3, -30), ("2024-07", "east", 5, 50), ("2024-07", "west", 2, "")]
    save(tmp_path, "stock", [dict(zip(names, row, strict=True)) for row in rows])
    source = {"kind": "csv", "role": "inventory", "path": "stock.csv"}
    source["columns"] = {name: name for name in names}
    cleaned = run(tmp_path, [order()], unit({"stock": source}))
    table = cleaned.inventory
    assert table["stock"].tolist() == [0.0, 5.0, 2.0]
    assert table["value"].fillna(-1).tolist() == [0.0, 50.0, -1.0], "a blank value is not known"
    assert told(cleaned, "negative_stock") == [
        (1, "2024-06", "a count of stock below zero: counts as none")
    ]
