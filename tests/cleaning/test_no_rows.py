"""Claims about a unit without a row: the message says why its rows cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesfc_lib.cleaning.clean import clean
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters


def refuse(folder: Path, text: str) -> str:
    """What a run says of an export of which no row can be used."""
    (folder / "a.csv").write_text(text, encoding="utf-8")
    columns = {"date": "day", "customer": "customer", "amount": "net"}
    parameters = Parameters.model_validate(
        {
            "unit": {"title": "Unit"},
            "sources": {"orders": {"kind": "csv", "path": "a.csv", "columns": columns}},
            "dimensions": ["customer"],
            "levels": {"total": [], "customer": ["customer"]},
            "cleaning": {"loss_budget": 1.0},
        }
    )
    with pytest.raises(SalesForecastError) as stopped:
        clean(parameters, folder, "2024-02")
    return str(stopped.value)


def test_rows_that_do_not_fit_are_counted_and_the_first_is_shown(tmp_path: Path) -> None:
    text = "day,customer,net\n2024-01-31,A,273,54\n2024-02-01,B,215,09\n"
    assert (
        "There is no row of this unit in 'a.csv': 2 rows cannot be read, the first, row 2, "
        "because it has 4 fields where the header has 3" in refuse(tmp_path, text)
    )


def test_dates_that_are_none_are_counted_and_the_first_is_shown(tmp_path: Path) -> None:
    said = refuse(tmp_path, "day,customer,net\nsoon,A,2.50\nlater,B,3.75\n")
    assert "2 rows cannot be read, the first, row 2, because date 'soon' is no date" in said
