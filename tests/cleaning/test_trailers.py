"""Claims about trailers: the sums of a file's last line are those of its rows, or it stops."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from salesfc_lib.cleaning.clean import Cleaned, clean
from salesfc_lib.errors import SalesForecastError
from tests.orders import amounts, unit

TRAILER = r"^END;(?P<rows>\d+);(?P<quantity>[^;]*);(?P<amount>[^;]*)$"
ROWS = [
    "2024-06-03;A1;1;Li;p;east;2;1,234.50",
    "2024-06-04;A2;1;Li;p;west;1;(34.50)",
    "2024-06-05;A3;1;Li;p;east;3;9999999999999999.01",
]
HEADER = "date;order_id;line;customer;product;region;quantity;amount"


def cleaned(folder: Path, rows: list[str], end: str, **more: Any) -> Cleaned:
    (folder / "orders.csv").write_text("\n".join([HEADER, *rows, end, ""]), encoding="utf-8")
    return clean(unit(orders={"trailer": TRAILER, **more}), folder, "2024-12")


def test_sums_that_agree_to_the_last_digit_pass_whatever_their_notation(tmp_path: Path) -> None:
    for end in ("END;3;6;10000000000001199.01", "END;3;6;10,000,000,000,001,199.010", "END;3;;"):
        assert len(amounts(cleaned(tmp_path, ROWS, end))) == 3


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (
            "END;3;6;10000000000001199.02",
            r"'orders\.csv' .*cut_short.* make 10,000,000,000,001,199\.01 in 'amount' \(amount\)",
        ),
        (
            "END;3;7;10000000000001199.01",
            r"make 6 in 'quantity' \(quantity\)\. 7, as its trailer says",
        ),
        ("END;3;6;many", r"says 'many' as its amount"),
    ],
)
def test_sums_that_differ_stop_the_unit(tmp_path: Path, end: str, words: str) -> None:
    with pytest.raises(SalesForecastError, match=words):
        cleaned(tmp_path, ROWS, end)


def test_rows_of_other_units_and_rows_that_are_set_aside_count(tmp_path: Path) -> None:
    end = "END;4;7;10000000000001199.51"
    rows = [*ROWS, "never;A4;1;Li;p;east;1;0.50"]
    east = cleaned(tmp_path, rows, end, where={"region": "east"})
    assert (amounts(east)[0], east.quarantine["row"].tolist()) == (Decimal("1234.50"), [5])
    with pytest.raises(SalesForecastError, match="cut_short"):
        cleaned(
            tmp_path,
            [*rows[:1], rows[1].replace("34.50", "34.51"), *rows[2:]],
            end,
            where={"region": "east"},
        )


def test_nothing_is_proven_where_a_figure_cannot_be_read(tmp_path: Path) -> None:
    for row in ("2024-06-06;A4;1;Li;p;east;1;#REF!", "2024-06-06;A4;1;Li;p;east;1;2;3"):
        assert len(cleaned(tmp_path, [*ROWS, row], "END;4;7;10000000000001200").quarantine) == 1


def test_a_trailer_is_written_in_the_unit_of_its_column(tmp_path: Path) -> None:
    assert amounts(
        cleaned(
            tmp_path, ["2024-06-03;A1;1;Li;p;east;2;1.25"], "END;1;2;1.25", units={"amount": "wan"}
        )
    ) == [12500]
