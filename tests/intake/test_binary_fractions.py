"""`19.990000000000002`, as programs write out binary floating point."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from salesfc_lib.intake.parse.numbers.binary_fractions import round_binary_fractions
from salesfc_lib.intake.parse.numbers.reading import read_numbers
from tests.orders import order, run


def rounded(*texts: str) -> tuple[list[Decimal], int, list[int]]:
    """Values after rounding, their decimal places, and the positions that were rounded."""
    numbers = read_numbers(pa.chunked_array([list(texts)]))
    units, scale, where = round_binary_fractions(numbers.values, numbers.scale)
    return [Decimal(int(value)).scaleb(-scale) for value in units], scale, where.tolist()


def test_they_are_rounded_where_the_total_would_not_fit() -> None:
    values, scale, where = rounded("0.30000000000000004", "731.93999999999994", "15000")
    assert values == [Decimal("0.3"), Decimal("731.94"), Decimal(15000)]
    assert (scale, where) == (11, [0, 1])


def test_a_column_that_fits_is_kept_exactly() -> None:
    values, scale, where = rounded("0.1234567890123456")
    assert (values, scale, where) == ([Decimal("0.1234567890123456")], 16, [])


def test_no_place_is_taken_from_a_number_of_fewer_digits() -> None:
    values, scale, where = rounded("0.00000000000000012", "0.30000000000000004", "15000")
    assert (values[0], scale, where) == (Decimal("1.2E-16"), 17, [])


def test_the_total_is_within_half_a_place_of_each_value() -> None:
    texts = [repr(0.1 + place * 1.1) for place in range(5000)]
    values, scale, where = rounded(*texts)
    assert abs(sum(values) - sum(map(Decimal, texts))) <= len(texts) * Decimal(5).scaleb(-scale - 1)
    assert scale >= 8
    assert 0 < len(where) < len(texts)


def test_an_export_with_such_amounts_is_cleaned_and_says_so(tmp_path: Path) -> None:
    amounts = ("731.93999999999994", "22638.48", "15.552")
    rows = [order(f"A{number}", amount=text) for number, text in enumerate(amounts)]
    cleaned = run(tmp_path, rows)
    assert cleaned.transactions["amount"].sum() == Decimal("23385.972")
    found = cleaned.problems.query("rule == 'binary_fraction'")
    assert "binary fractions" in found["reason"].iloc[0]
