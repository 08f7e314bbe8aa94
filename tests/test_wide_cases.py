"""Small exports of other people on which a run once failed, with what is right for them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.sources.extract import read_source
from tests.test_cases import start


def test_rows_wider_than_their_header_are_read(cases: Path, tmp_path: Path) -> None:
    lines = start(cases / "wider-than-header", tmp_path).clean("2025-11").transactions
    assert len(lines) == 560 and sum(lines["amount"]) == Decimal("246400.57")


def test_dates_that_were_never_calculated_are_named_with_their_cell(
    cases: Path, tmp_path: Path
) -> None:
    started = start(cases / "date-formulas", tmp_path)
    with pytest.raises(SalesForecastError) as stopped:
        started.clean("2025-11")
    assert "cell B2 of sheet 'Sheet': =DATE(2023,1,1)" in str(stopped.value)
    assert "open the workbook in Excel or LibreOffice and save it" in str(stopped.value)


def test_dates_that_were_half_converted_count_in_their_own_months(
    cases: Path, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    found = start(cases / "half-converted-dates", tmp_path / "a").sum_months("amount", "2025-11")
    same = start(cases / "wider-than-header", tmp_path / "b").sum_months("amount", "2025-11")
    assert found == same  # the same orders


def test_the_sheet_behind_a_cover_is_found_without_its_name(cases: Path, tmp_path: Path) -> None:
    started = start(cases / "cover-sheet", tmp_path)
    source = started.unit.sources["orders"].model_copy(update={"sheet": None})
    extract = read_source("orders", source, tmp_path)
    assert extract.rows.num_rows == 576


def test_a_column_a_month_is_read_as_rows_and_its_total_proves_them(
    cases: Path, tmp_path: Path
) -> None:
    started = start(cases / "column-a-month", tmp_path)
    months = started.sum_months("amount", "2025-03")
    assert months == {"2025-01": 5, "2025-02": 7, "2025-03": 9}
    lines = started.clean("2025-03").transactions
    found = lines.astype({"amount": str}).groupby(["region", "product_line"], observed=True)[
        "amount"
    ]
    assert found.agg(list).to_dict() == {("N", "A"): ["1", "2", "3"], ("S", "A"): ["4", "5", "6"]}
