"""Rows of aggregated exports below zero: the net of a period, which no rule takes for a return."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from salesfc_lib.cleaning.clean import Cleaned, clean
from salesfc_lib.foundation.schema import Parameters
from tests.orders import by_rule, save, unit

COLUMNS = ("date", "product", "region", "quantity", "amount")
ROWS = [
    ("2024-06-03", "p", "east", "10", "100.00"),
    ("2024-06-10", "p", "east", "-4", "12.50"),
    ("2024-06-17", "p", "east", "-1", "-9.00"),
]


def aggregated(rows: list[tuple[str, ...]], folder: Path, **orders: object) -> Cleaned:
    """What cleaning leaves of rows without an order number."""
    save(folder, "orders", [dict(zip(COLUMNS, row, strict=True)) for row in rows])
    tree = unit(orders=orders).model_dump(exclude_unset=True)
    tree["sources"]["orders"]["columns"] = {name: name for name in COLUMNS}
    return clean(Parameters.model_validate(tree), folder, "2024-12")


@pytest.mark.parametrize(("period", "kinds"), [("week", "sss"), ("day", "ssr")])
def test_the_net_of_a_period_is_kept_whatever_its_signs(
    tmp_path: Path, period: str, kinds: str
) -> None:
    cleaned = aggregated(ROWS, tmp_path, period=period)
    assert by_rule(cleaned)["kept"] == (3, Decimal(5), Decimal("103.50"))
    assert "".join(kind[0] for kind in cleaned.transactions["kind"]) == kinds
    assert "net_of_period" in set(cleaned.problems["rule"])


def test_months_without_a_day_are_periods(tmp_path: Path) -> None:
    cleaned = aggregated([(row[0][:7], str(at), *row[2:]) for at, row in enumerate(ROWS)], tmp_path)
    assert set(cleaned.transactions["kind"]) == {"sale"}


def test_a_line_whose_item_stands_twice_a_day_is_a_return_and_its_sign_asked(
    tmp_path: Path,
) -> None:
    again = ("2024-06-10", "p", "east", "2", "12.50")
    cleaned = aggregated([*ROWS, again], tmp_path)
    assert cleaned.quarantine["rule"].tolist() == ["return_sign_unclear"]
