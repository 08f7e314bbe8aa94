"""Claims about columns of several files: each proves its notation, or follows the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.days.reading import read_dates
from salesfc_lib.intake.parse.evidence import ParsedColumn
from salesfc_lib.intake.parse.numbers.reading import Convention, read_numbers
from salesfc_lib.intake.parse.per_file import read_by_file
from tests.orders import order, run, save, unit


def numbers(*parts: list[str]) -> ParsedColumn:
    column = pa.chunked_array([pa.array([text for part in parts for text in part])])
    codes = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    files = [f"{place}.csv" for place in range(len(parts))]
    return read_by_file(
        column, codes, files, lambda part, _, mark: read_numbers(part, Convention(decimal=mark))
    )


def dates(*parts: list[str]) -> ParsedColumn:
    column = pa.chunked_array(
        [pa.array([text for part in parts for text in part])]
    ).dictionary_encode()
    codes = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    files = [f"{place}.csv" for place in range(len(parts))]
    return read_by_file(column, codes, files, lambda part, _, order: read_dates(part, order=order))


def test_each_file_is_read_as_it_proves() -> None:
    read = numbers(["1.234,5", "x"], ["1,234.50", "7", "y"])
    assert (read.values.tolist(), read.scale) == ([123450, 0, 123450, 700, 0], 2)
    assert read.problems.to_dict() == {1: "'x' is no number", 4: "'y' is no number"}
    assert [(issue.rule, issue.row, issue.rows) for issue in read.issues] == [
        ("separators", 0, 1),
        ("separators", 2, 1),
    ]
    days = (
        dates(["25/12/2019", "1/2/2019"], ["12/25/2019", "1/2/2019"])
        .values.astype("datetime64[D]")
        .astype(str)
        .tolist()
    )
    assert days == ["2019-12-25", "2019-02-01", "2019-12-25", "2019-01-02"]


def test_a_silent_file_follows_the_others_where_they_agree() -> None:
    assert numbers(["1.234"], ["2,5"], ["7"]).values.tolist() == [12340, 25, 70]
    assert dates(["1/2/2019"], ["25/1/2019"]).values.astype("datetime64[D]").astype(
        str
    ).tolist() == ["2019-02-01", "2019-01-25"]


@pytest.mark.parametrize("others", [[["2,5"], ["2.5"]], [["7"]]])
def test_a_silent_file_blocks_by_its_name_where_the_others_do_not_agree(
    others: list[list[str]],
) -> None:
    with pytest.raises(
        SalesForecastError, match=r"'0\.csv': '1\.234' may be a decimal or a grouped whole number"
    ):
        numbers(["1.234"], *others)


def test_control_totals_in_thousands_have_to_be_declared(tmp_path: Path) -> None:
    total = {
        "kind": "csv",
        "role": "control_totals",
        "path": "gl.csv",
        "columns": {"ds": "月份", "amount": "金额(k€)", "region": "region"},
    }
    save(tmp_path, "gl", [{"月份": "2024-06", "金额(k€)": "5", "region": "east"}])
    with pytest.raises(
        SalesForecastError, match=r"'gl\.csv' states a unit in '金额\(k€\)'.*`amount` 1,000"
    ):
        run(tmp_path, [order()], unit({"gl": total}))
    total = {**total, "units": {"amount": "thousand"}}
    control = run(tmp_path, [order(amount="5000")], unit({"gl": total})).control
    assert control[["ledger", "state"]].values.tolist() == [[5000, "within"]]


def test_what_cannot_be_decided_is_named_by_column_file_and_row(tmp_path: Path) -> None:
    rows = [order(amount="7"), order("A2", amount="￥1.234")]
    with pytest.raises(
        SalesForecastError,
        match=r"Column 'amount' \(amount\) of 'orders\.csv', row 3: '1\.234' may be a decimal",
    ):
        run(tmp_path, rows)
    with pytest.raises(
        SalesForecastError,
        match=r"Column 'amount' \(amount\) of 'orders\.csv', row 3: '1\.234' may be a decimal",
    ):
        run(tmp_path, [*rows, order("小计", amount="1.234")], unit(orders={"subtotals": ["小计"]}))
    with pytest.raises(
        SalesForecastError,
        match=r"Column 'date' \(date\) of 'orders\.csv', row 2: '3/4/2024' may be day or month",
    ):
        run(tmp_path, [order(date="3/4/2024"), order("A2", date="5/4/2024")])


def test_what_cannot_be_decided_in_a_plan_is_named_likewise(tmp_path: Path) -> None:
    total = {
        "kind": "csv",
        "role": "control_totals",
        "path": "gl.csv",
        "columns": {"ds": "月份", "amount": "金额", "region": "region"},
    }
    save(tmp_path, "gl", [{"月份": "2024-06", "金额": "1.234", "region": "east"}])
    with pytest.raises(
        SalesForecastError,
        match=r"Column '金额' \(amount\) of 'gl\.csv', row 2: '1\.234' may be a decimal",
    ):
        run(tmp_path, [order()], unit({"gl": total}))


def test_a_large_value_in_one_file_turns_the_whole_into_python_ints() -> None:
    assert numbers(["99999999999999999999"], ["0.5"]).values.tolist() == [999999999999999999990, 5]
