"""What dates a row where its header or its form is unusual: found by `init`, and read by a run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from salesfc_lib.cleaning.clean import Cleaned, clean
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.inspection.writing.unit_file import write_unit_file


def start(folder: Path, *lines: str, month: str = "2025-01") -> Cleaned:
    """What cleaning leaves of a file by the unit that `init` wrote, its month declared closed."""
    (folder / "orders.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    write_unit_file([folder / "orders.csv"], folder, "u")
    unit = resolve(folder, "u").parameters
    calendar = unit.calendar.model_copy(update={"closed_through": month})
    return clean(unit.model_copy(update={"calendar": calendar}), folder, month)


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("Period", "2025M01", "2025M02"),
        ("Periode/Jahr", "001.2025", "002.2025"),
        ("売上日", "令和7年1月6日", "令和7年2月3日"),
        ("Data", "2025-01-06", "2025-02-03"),
        ("Geschäftsjahr,Buchungsperiode", "2025,001", "2025,002"),
        ("Year,Week", "2025,2", "2025,6"),
        ("KW", "KW 02/2025", "KW 06/2025"),
    ],
)
def test_a_row_is_dated(tmp_path: Path, header: str, first: str, second: str) -> None:
    rows = [f"{first},A,10.50", f"{first},B,2", f"{second},A,4"]
    cleaned = start(tmp_path, f"{header},SKU,Amount", *rows)
    assert cleaned.transactions["amount"].sum() == Decimal("12.50")


def test_a_year_and_a_week_are_shared_by_days(tmp_path: Path) -> None:
    rows = [f"2025,{week},A,7" for week in (4, 5)]  # the fifth ends on 2 February
    cleaned = start(tmp_path, "Year,Week,SKU,Amount", *rows)
    assert cleaned.transactions["amount"].sum() == 12


def test_the_only_column_of_days_is_named_where_no_header_says_date(tmp_path: Path) -> None:
    lines = ["Stempel,SKU,Amount", "2025-01-06,A,5", "2025-02-06,A,6"]
    (tmp_path / "orders.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    path, _ = write_unit_file([tmp_path / "orders.csv"], tmp_path, "u")
    assert '# date: "Stempel"   # if it is this one' in path.read_text(encoding="utf-8")


def test_an_amount_in_a_currency_goes_before_a_quantity(tmp_path: Path) -> None:
    rows = ["2025-01-06,A,2,10", "2025-02-03,A,3,20"]
    cleaned = start(tmp_path, "Datum,Artikel,Absatz,Umsatz in EUR", *rows)
    assert cleaned.transactions["amount"].sum() == 10


def test_the_sums_of_a_german_pivot_are_no_rows(tmp_path: Path) -> None:
    rows = ["Li,2025-01-06,A,10", "Li,2025-01-07,B,20", "Li Ergebnis,,,30", "Wu,2025-01-08,A,5"]
    rows += ["Wu Ergebnis,,,5", "Gesamtergebnis,,,35"]
    assert len(start(tmp_path, "Kunde,Datum,Artikel,Umsatz", *rows).transactions) == 3
