"""Claims about sheets whose columns only number their periods, as d_1, d_2 … do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from salesfc_lib import cleaning
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.foundation.schema import Source
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.findings.propose import propose_feed
from salesfc_lib.inspection.writing.unit_file import write_unit_file
from salesfc_lib.intake import read_source
from salesfc_lib.intake.sources.extract import Extract

FIRST, DAYS = "2023-01-01", 820  # the last month is not complete
BY_FILE = {"path": "calendar.csv", "key": "d", "date": "date"}


def write_pair(folder: Path) -> pd.Series:
    """Sales by item with a column a day, the calendar of the columns, and the total by month."""
    random = np.random.default_rng(7)
    pieces = random.poisson(random.gamma(0.6, 2, (24, 1)), (24, DAYS))
    pieces[:, 59:90] = 0  # all of March 2023
    days = pd.date_range(FIRST, periods=DAYS + 28)
    names = [f"d_{day + 1}" for day in range(len(days))]
    items = [f"{group}_{place:03}" for place, group in enumerate(["FOODS", "HOBBIES"] * 12)]
    sales = pd.DataFrame(pieces, columns=names[:DAYS])
    sales.insert(0, "id", [f"{item}_CA_1_evaluation" for item in items])
    sales.insert(1, "item_id", items)
    sales.insert(2, "cat_id", [item.split("_")[0] for item in items])
    sales.insert(3, "state_id", ["CA", "CA", "TX"] * 8)
    sales.to_csv(folder / "sales_train_evaluation.csv", index=False)
    weeks, texts = 11101 + np.arange(len(days)) // 7, days.strftime("%Y-%m-%d")
    calendar = {"date": texts, "wm_yr_wk": weeks, "month": days.month, "year": days.year}
    pd.DataFrame({**calendar, "d": names}).to_csv(folder / "calendar.csv", index=False)
    return pd.Series(pieces.sum(0)).groupby(days[:DAYS].to_period("M").astype(str)).sum()


def clean(folder: Path, month: str = "2025-02") -> pd.Series:
    """Pieces by month after a run's cleaning, through the last complete month."""
    parameters = resolve(folder, "u").parameters
    lines = cleaning.clean(parameters, folder, month).transactions
    months = lines["date"].dt.to_period("M").astype(str)
    return lines["quantity"].astype(float).groupby(months).sum()


def init(folder: Path, *files: str) -> tuple[str, dict[str, Any]]:
    target, found = write_unit_file([folder / file for file in files], folder, "u")
    return target.read_text(encoding="utf-8"), found


@pytest.mark.parametrize("turned", [False, True])
def test_a_calendar_beside_the_sales_dates_their_columns(tmp_path: Path, turned: bool) -> None:
    expected = write_pair(tmp_path)
    files = ["sales_train_evaluation.csv", "calendar.csv"]
    text, found = init(tmp_path, *(files[::-1] if turned else files))
    assert 'period_dates: {path: "calendar.csv", key: d, date: date}' in text
    assert [name for name, one in found.items() if one.role == "orders"] == ["orders"]
    assert found["orders"].sample.path.name == files[0]
    assert "which day" not in " ".join(found["orders"].questions)
    assert "wide: quantity" in " ".join(found["orders"].questions)
    pieces = clean(tmp_path)
    assert pieces.to_dict() == expected.loc[:"2025-02"].to_dict()
    assert pieces["2023-03"] == 0  # a month of zeros is there, and is zero


def test_sales_alone_ask_for_the_first_day_and_the_line_for_it_works(tmp_path: Path) -> None:
    expected = write_pair(tmp_path)
    text, found = init(tmp_path, "sales_train_evaluation.csv")
    assert any("which day is 'd_1'" in question for question in found["orders"].questions)
    with pytest.raises(SalesForecastError, match=r"period_dates: \{first: YYYY-MM-DD, step: day\}"):
        clean(tmp_path)
    line = next(line for line in text.splitlines() if "# period_dates: {first" in line)
    told = line.replace("# period", "period").replace("YYYY-MM-DD", FIRST)
    target = tmp_path / "parameters" / "units" / "u.yml"
    target.write_text(text.replace(line, told), encoding="utf-8")
    assert clean(tmp_path).to_dict() == expected.loc[:"2025-02"].to_dict()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda rows: rows[rows["d"].ne("d_700")], "has no row for 1 of the 820 .*'d_700'"),
        (lambda rows: pd.concat([rows, rows.iloc[[4]]]), "has several rows for .*'d_5'"),
        (lambda rows: rows.assign(date=rows["date"].where(rows["d"].ne("d_9"), "soon")), "'d_9'"),
        (
            lambda rows: rows.assign(date=rows["date"].where(rows["d"].ne("d_2"), FIRST)),
            "not of one column alone for 2 .*'d_1', 'd_2'",
        ),
    ],
)
def test_a_calendar_that_does_not_date_a_column_stops_with_its_header(
    tmp_path: Path, spoil: Any, why: str
) -> None:
    expected = write_pair(tmp_path)
    text, _ = init(tmp_path, "sales_train_evaluation.csv", "calendar.csv")
    spoil(pd.read_csv(tmp_path / "calendar.csv")).to_csv(tmp_path / "calendar.csv", index=False)
    with pytest.raises(SalesForecastError, match=why):
        clean(tmp_path)
    by_file, by_first = 'path: "calendar.csv", key: d, date: date', f"first: {FIRST}, step: day"
    target = tmp_path / "parameters" / "units" / "u.yml"
    target.write_text(text.replace(by_file, by_first), encoding="utf-8")  # as the message advises
    assert clean(tmp_path).to_dict() == expected.loc[:"2025-02"].to_dict()


def read(folder: Path, header: str, *rows: str, **dates: Any) -> Extract:
    (folder / "a.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    declared = {"kind": "csv", "path": "a.csv", "columns": {"product": "Item"}, "wide": "quantity"}
    source = Source.model_validate({**declared, "period_dates": dates})
    return read_source("orders", source, folder)


def list_rows(extract: Extract) -> list[tuple[str, ...]]:
    return [tuple(row.values()) for row in extract.rows.select(["date", "quantity"]).to_pylist()]


def head(form: str, numbers: Any = range(1, 13)) -> str:
    return ",".join(["Item", *(form.format(number) for number in numbers)])


def test_a_zero_is_a_row_in_the_last_column_of_a_month_alone(tmp_path: Path) -> None:
    cells = "A,5,0,0,0,,1,0,0,0,0,0,0.0"  # 30 and 31 January, then ten days of February
    extract = read(tmp_path, head("d_{}"), cells, first="2025-01-30")
    assert list_rows(extract) == [
        ("2025-01-30", "5"),
        ("2025-01-31", "0"),
        ("2025-02-04", "1"),
        ("2025-02-10", "0.0"),
    ]
    assert extract.rows["row"].to_pylist() == [202, 203, 207, 213]
    assert extract.issues["reason"].str.contains("7 cells of zero are no rows").any()


@pytest.mark.parametrize(
    ("form", "dates", "last"),
    [
        ("D{}", {"first": "2025-01-01"}, "2025-01-12"),
        ("day {}", {"first": "2025-01-01"}, "2025-01-12"),
        ("week {}", {"first": "2025-01-04", "step": "week"}, "2025-03-22"),
        ("period_{}", {"first": "2024-11-01", "step": "month"}, "2025-10"),
    ],
)
def test_a_step_is_a_day_a_week_or_a_month(
    tmp_path: Path, form: str, dates: dict[str, str], last: str
) -> None:
    extract = read(tmp_path, head(form), "A," + ",".join("123456789876"), **dates)
    assert list_rows(extract)[-1] == (last, "6")


def test_a_gap_and_another_order_of_columns_move_no_day(tmp_path: Path) -> None:
    numbers = [2, 1, 10, 11, 12, 14, 3, 4, 5, 6, 7, 8]  # neither 9 nor 13
    cells = "A," + ",".join(map(str, numbers))
    extract = read(tmp_path, head("d_{}", numbers), cells, first="2025-01-01")
    assert all(int(day[-2:]) == int(pieces) for day, pieces in list_rows(extract))
    assert len(list_rows(extract)) == len(numbers)


def test_columns_with_the_same_number_stop_the_unit(tmp_path: Path) -> None:
    header = head("d_{}", [*range(1, 13), "01"])
    with pytest.raises(SalesForecastError, match="the same number"):
        read(tmp_path, header, "A" + ",1" * 13, first="2025-01-01")


def test_weeks_are_weeks_of_the_source() -> None:
    declared = {"kind": "csv", "path": "a.csv", "wide": "amount"}
    weeks = {**declared, "period_dates": {"first": "2025-01-04", "step": "week"}}
    assert Source.model_validate(weeks).period == "week"
    for wrong in ({}, {"path": "c.csv"}, {**BY_FILE, "first": "2025-01-01"}):
        with pytest.raises(ValidationError, match="either `path`, `key` and `date`"):
            Source.model_validate({**declared, "period_dates": wrong})
    with pytest.raises(ValidationError, match="one measure"):
        Source.model_validate({**weeks, "wide": {}})


@pytest.mark.parametrize("form", ["attribute_{}", "Sales 20{:02}", "q{}"])
def test_other_numbered_columns_are_no_periods(tmp_path: Path, form: str) -> None:
    rows = [f"{item}" + ",3" * 12 for item in "ABCD"]
    (tmp_path / "a.csv").write_text("\n".join([head(form), *rows]), encoding="utf-8")
    assert not propose_feed([tmp_path / "a.csv"], read_aliases()).sample.numbered


def test_sums_of_rows_are_proved_and_left_out(tmp_path: Path) -> None:
    rows = ["A,north" + ",2" * 12, "B,south" + ",1.5" * 12, "C,south" + ",0" * 12]
    header = head("d_{}").replace("Item", "Item,Region")
    for label in ("Total,", ","):  # by its word, or as the last row
        extract = read(tmp_path, header, *rows, label + ",3.5" * 12, first="2025-01-30")
        assert len(list_rows(extract)) == 24 + 2
        assert extract.issues["rule"].eq("subtotal").any()
    with pytest.raises(SalesForecastError, match="row 5 .* says 36.0 for 2025-02; .* make 35.0"):
        wrong = "Total,south" + ",3.5" * 11 + ",4.5"
        read(tmp_path, header, *rows, wrong, first="2025-01-30")
