"""Claims about repeats: the newest word of a key counts, and without a key nothing is dropped."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesfc_lib.cleaning.clean import Cleaned, clean
from salesfc_lib.cleaning.rules.repeats import find_overlap, find_repeats
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.schema import Parameters

COLUMNS = {name: name for name in ("date", "order_id", "line", "product", "quantity", "amount")}
KEY = ["order_id", "line"]
Row = Mapping[str, Any]


def order(order_id: str = "A1", day: str = "2024-06-03", amount: str = "10", **more: Any) -> Row:
    return {
        "date": day,
        "order_id": order_id,
        "line": "1",
        "product": "p",
        "quantity": "1",
        "amount": amount,
        **more,
    }


def unit(**orders: Any) -> Parameters:
    own = {"kind": "csv", "path": "orders*.csv", "columns": COLUMNS, **orders}
    return Parameters.model_validate(
        {
            "sources": {"orders": own},
            "calendar": {"closed_through": "2024-12"},
            "cleaning": {"loss_budget": 1.0},
        }
    )


def run(folder: Path, files: Mapping[str, list[Row]], parameters: Parameters) -> Cleaned:
    for name, rows in files.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    return clean(parameters, folder, "2024-12")


def amounts(cleaned: Cleaned) -> list[str]:
    return sorted(str(amount) for amount in cleaned.transactions["amount"])


def noted(cleaned: Cleaned, rule: str) -> list[list[Any]]:
    problems = cleaned.problems[cleaned.problems["rule"].eq(rule)]
    return problems[["source", "action", "rows", "first_row"]].values.tolist()


def test_the_highest_version_of_a_line_counts_and_numbers_count_as_numbers(tmp_path: Path) -> None:
    rows = [
        order(amount=amount, version=version)
        for version, amount in (("V9", "9"), ("V10", "10"), ("V2", "2"), ("V10", "10"))
    ]
    columns = {**COLUMNS, "version": "version"}
    cleaned = run(
        tmp_path,
        {"orders": [*rows, order("A2", version="")]},
        unit(key=[*KEY, "version"], columns=columns),
    )
    assert cleaned.transactions[["order_id", "amount"]].astype(str).values.tolist() == [
        ["A1", "10"],
        ["A2", "10"],
    ]
    assert cleaned.removed[["row", "rule"]].values.tolist() == [
        [2, "superseded"],
        [4, "superseded"],
        [5, "duplicate"],
    ]
    assert "stands again with a higher version" in in_words(cleaned.removed["reason"].iloc[0])


def test_the_newest_extract_of_a_key_counts_whatever_the_order_of_the_files(tmp_path: Path) -> None:
    files = {
        "orders_9": [order("A1", amount="1"), order("A2", amount="2")],
        "orders_10": [order("A2", amount="3"), order("A3")],
    }
    cleaned = run(tmp_path, files, unit(key=KEY))
    assert amounts(cleaned) == ["1", "10", "3"], (
        "10 is newer than 9, and what the newer one does not have stays"
    )
    assert cleaned.removed[["source", "row", "rule"]].values.tolist() == [
        ["orders: orders_9.csv", 3, "superseded"]
    ]


def test_the_time_of_a_file_or_a_column_may_say_which_is_newer(tmp_path: Path) -> None:
    files = {"orders_1": [order(amount="1")], "orders_2": [order(amount="2")]}
    run(tmp_path, files, unit(key=KEY))
    os.utime(tmp_path / "orders_2.csv", (1, 1))
    assert amounts(clean(unit(key=KEY, extracted="modified"), tmp_path, "2024-12")) == ["1"]
    stamped = [
        order(amount=amount, exported=when)
        for amount, when in (("1", "2024-07-02 10:00"), ("2", "2024-07-02 09:59"))
    ]
    for name in files:
        (tmp_path / f"{name}.csv").unlink()
    by_column = unit(key=KEY, extracted="exported")
    assert amounts(run(tmp_path, {"orders": stamped}, by_column)) == ["1"]
    with pytest.raises(
        SalesForecastError, match=r"'exported' \(`extracted`\) cannot be read in 1 rows"
    ):
        run(tmp_path, {"orders": [*stamped, order("A2", exported="soon")]}, by_column)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("31.03.2024 10:00", "01.04.2024 10:00"),
        ("01.04.2024 09:00", "25.04.2024 08:00"),
        ("30. Okt 2024", "2. Nov 2024"),
        ("2024年7月1日", "2024年12月1日"),
        ("2024-03-31T10:00:00+08:00", "2024-03-31T03:00:00Z"),
    ],
)
def test_moments_of_extracts_are_read_as_days_are(tmp_path: Path, older: str, newer: str) -> None:
    rows = [order(amount="101", exported=older), order(amount="999", exported=newer)]
    parameters = unit(key=KEY, extracted="exported")
    assert amounts(run(tmp_path, {"orders": rows}, parameters)) == ["999"]
    assert amounts(run(tmp_path, {"orders": rows[::-1]}, parameters)) == ["999"]


def test_moments_that_may_be_day_or_month_first_stop_the_unit(tmp_path: Path) -> None:
    rows = [order(exported="01.04.2024"), order(exported="02.05.2024")]
    with pytest.raises(SalesForecastError, match=r"'exported' \(`extracted`\).*Day and month"):
        run(tmp_path, {"orders": rows}, unit(key=KEY, extracted="exported"))


def test_without_a_key_repeats_are_noted_and_stay(tmp_path: Path) -> None:
    rows = [order(f"A{place}", f"2024-0{1 + place % 6}-03") for place in range(30)]
    cleaned = run(tmp_path, {"orders": [*rows, rows[4], rows[5]]}, unit())
    assert len(cleaned.transactions) == 32
    assert noted(cleaned, "possible_duplicate") == [["orders", "noted", 2, 32]]
    assert cleaned.ledger.loc[cleaned.ledger["rule"].eq("possible_duplicate"), "rows"].tolist() == [
        0,
        0,
    ]
    assert noted(run(tmp_path, {"orders": rows}, unit()), "possible_duplicate") == []


def test_repeats_that_every_month_has_are_usual_and_only_the_odd_month_is_noted(
    tmp_path: Path,
) -> None:
    till = [
        order("", f"2024-{month:02}-{day:02}", str(day % 3))
        for month in range(1, 7)
        for day in range(1, 29)
        for _ in range(2)
    ]
    assert noted(run(tmp_path, {"orders": till}, unit()), "possible_duplicate") == []
    few = [
        order("", f"2024-{month:02}-{day:02}", str(day))
        for month in range(1, 7)
        for day in range(1, 29)
    ]
    few += [order("", f"2024-{month:02}-01", "1") for month in range(1, 7)]
    odd = [order("", f"2024-04-{day:02}", str(day)) for day in range(2, 20, 3)]
    assert noted(run(tmp_path, {"orders": [*few, *odd]}, unit()), "possible_duplicate") == [
        ["orders", "noted", 7, 173]
    ]


HALVES = [
    order(f"A{place}", f"2024-{1 + place // 40:02}-{1 + place % 28:02}") for place in range(240)
]
AGAIN = HALVES[120:160]  # April stands in both halves


@pytest.mark.parametrize("again", [AGAIN, AGAIN[::-1], AGAIN[5:16]], ids=["run", "sorted", "part"])
def test_halves_that_overlap_stop_with_months_amount_and_what_settles_it(
    tmp_path: Path, again: list[Row]
) -> None:
    rows = [*HALVES, *again]
    words = rf"{len(again)} rows of source 'orders', amount {len(again) * 10}.*2024-04.*row 242 "
    with pytest.raises(SalesForecastError, match=words + ".*sources.orders.key.*repeats: real"):
        run(tmp_path, {"orders": rows}, unit())
    keyed = run(tmp_path, {"orders": rows}, unit(key=["order_id"]))
    assert len(keyed.transactions) == 240 and noted(keyed, "duplicate")[0][2] == len(again)
    real = run(tmp_path, {"orders": rows}, unit(repeats="real"))
    assert len(real.transactions) == len(rows)
    assert noted(real, "possible_duplicate") == []


def test_an_overlap_of_files_without_a_key_stops_with_its_file(tmp_path: Path) -> None:
    first = [order(f"A{place}", f"2024-05-{1 + place:02}") for place in range(20)]
    second = [*first[10:], *(order(f"B{place}", "2024-06-02") for place in range(10))]
    with pytest.raises(SalesForecastError, match="10 rows .*row 2 of 'orders: orders_2.csv'"):
        run(tmp_path, {"orders_1": first, "orders_2": second}, unit())
    keyed = run(tmp_path, {"orders_1": first, "orders_2": second}, unit(key=KEY))
    assert len(keyed.transactions) == 30


def overlapping(rows: list[tuple[str, int, int]], repeats: Mapping[int, int], many: bool) -> int:
    """Lines of an overlap; rows are (file, row, month), `repeats` lead from a line to its first."""
    lines = pd.DataFrame(rows, columns=["source", "row", "month"])
    lines["source"] = pd.Categorical(lines["source"])
    lines["month"] = pd.to_datetime("2024-01-01") + pd.to_timedelta(lines["month"] * 31, "D")
    again = np.array([*repeats])
    noted = again if many else again[:0]
    return len(find_overlap(lines, again, np.array([*repeats.values()]), noted))


@pytest.mark.parametrize(("length", "found"), [(9, 0), (10, 10)])
def test_ten_rows_that_repeat_ten_in_a_row_are_an_overlap(length: int, found: int) -> None:
    rows = [("a", row, 0) for row in range(100)]
    straight = {60 + at: 10 + at for at in range(length)}
    assert overlapping(rows, straight, many=False) == found
    backwards = {60 + at: 40 - at for at in range(length)}
    assert overlapping(rows, backwards, many=False) == 0


@pytest.mark.parametrize(
    ("repeats", "of", "found"), [(19, 40, 0), (20, 80, 20), (20, 81, 0), (25, 100, 25)]
)
def test_twenty_repeats_that_are_a_quarter_of_their_month_are_an_overlap(
    repeats: int, of: int, found: int
) -> None:
    rows = [("a", row, 0) for row in range(of)]
    scattered = {of - 1 - at: at // 2 for at in range(repeats)}
    assert overlapping(rows, scattered, many=True) == found
    assert overlapping(rows, scattered, many=False) == 0


@pytest.mark.parametrize(("repeats", "of", "found"), [(2, 4, 0), (3, 6, 3), (3, 7, 0)])
def test_three_rows_that_are_half_of_a_files_month_are_an_overlap_with_an_earlier_file(
    repeats: int, of: int, found: int
) -> None:
    rows = [*(("a", row, 0) for row in range(10)), *(("b", row, 0) for row in range(of))]
    assert overlapping(rows, {10 + at: 9 - at for at in range(repeats)}, many=False) == found


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["", "x"]), st.integers(-2, 2)),
        max_size=12,
    )
)
def test_repeats_are_those_that_a_slow_loop_finds(rows: list[tuple[str, str, int]]) -> None:
    lines = pd.DataFrame(
        {
            "row": np.arange(len(rows)),
            "product": pd.Categorical([row[0] for row in rows]),
            "customer": pd.Categorical([row[1] or None for row in rows]),
            "amount": np.array([row[2] for row in rows], dtype=np.int64),
        }
    )
    again, first = find_repeats(lines)
    assert again.tolist() == [place for place, row in enumerate(rows) if row in rows[:place]]
    assert first.tolist() == [rows.index(rows[place]) for place in again]


sales = st.lists(
    st.builds(
        order,
        st.sampled_from([f"A{number}" for number in range(12)]),
        st.dates(date(2024, 1, 1), date(2024, 4, 30)).map(str),
        st.sampled_from(["10", "2.5", "-3"]),
        product=st.sampled_from(["kettle", "壶", ""]),
        kind=st.sampled_from(["sale", "return"]),
        region=st.sampled_from(["north", "old", ""]),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row["order_id"],
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sales, st.randoms(use_true_random=False), st.lists(st.integers(0, 19), max_size=4))
def test_neither_the_order_of_rows_nor_the_cut_into_files_changes_what_is_sold(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], dice: Any, repeated: list[int]
) -> None:
    rows = [order("Z", "2024-02-05", kind="sale", region="old"), *rows]
    rows += [rows[place] for place in repeated if place < len(rows)]
    shuffled = dice.sample(rows, len(rows))
    whole, turned, cut = (tmp_path_factory.mktemp("orders") for _ in range(3))
    own = {
        "key": KEY,
        "columns": {**COLUMNS, "kind": "kind", "region": "region"},
        "returns_are_positive": True,
    }
    parameters = Parameters.model_validate(
        unit(**own).model_dump()
        | {
            "dimensions": ["region"],
            "levels": {"total": [], "region": ["region"]},
            "renames": {"region": {"old": [{"to": "west", "from": "2024-02-01"}]}},
        }
    )
    months = sorted({row["date"][:7] for row in rows})
    files = {
        f"orders_{month}": [row for row in rows if row["date"].startswith(month)]
        for month in months
    }
    first, second, third = (
        run(folder, parts, parameters)
        for folder, parts in (
            (whole, {"orders": rows}),
            (turned, {"orders": shuffled}),
            (cut, files),
        )
    )

    def said(cleaned: Cleaned) -> list[list[str]]:
        lines = cleaned.transactions.drop(columns=["source", "row"]).sort_values("order_id")
        return sorted(lines.astype(object).where(lines.notna(), None).astype(str).values.tolist())

    def summed(cleaned: Cleaned) -> dict[Any, list[Any]]:
        sums = cleaned.ledger.groupby(["rule", "month"], dropna=False)[
            ["rows", "quantity", "amount"]
        ].sum()
        return {
            key: [Decimal(value) for value in row]
            for key, row in zip(sums.index, sums.values.tolist(), strict=True)
        }

    assert said(first) == said(second) == said(third)
    assert summed(first) == summed(second) == summed(third)


def two_sources(folder: Path, one: list[Row], two: list[Row], **second: Any) -> Cleaned:
    """What cleaning leaves of two sources of orders, each with its key."""
    for name, rows in (("history", one), ("current", two)):
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    both = {"kind": "csv", "columns": COLUMNS, "key": KEY}
    tree = unit().model_dump(exclude_unset=True)
    tree["sources"] = {
        "orders": {**both, "path": "history.csv"},
        "orders_2": {**both, "path": "current.csv", **second},
    }
    return clean(Parameters.model_validate(tree), folder, "2024-12")


SOLD = [order(f"A{at}", f"2024-06-{at:02d}", str(10 + at)) for at in range(1, 9)]


@pytest.mark.parametrize("prefix", ["", "INV"])
def test_sources_that_hold_the_same_sales_stop_the_unit_whatever_their_numbers(
    tmp_path: Path, prefix: str
) -> None:
    again = [{**row, "order_id": f"{prefix}{row['order_id']}"} for row in SOLD[4:]]
    again += [order("B1", "2024-07-01", "5")]
    with pytest.raises(SalesForecastError, match=r"4 rows of source 'orders_2'.* 'orders' too, in"):
        two_sources(tmp_path, SOLD, again)
    assert len(amounts(two_sources(tmp_path, SOLD, again, repeats="real"))) == 13


def test_sources_of_other_sales_in_the_same_month_are_added_up(tmp_path: Path) -> None:
    others = [order(f"A{at}", f"2024-06-{at:02d}", str(20 + at)) for at in range(1, 9)]
    others += [{**row, "order_id": "C", "line": row["amount"]} for row in SOLD[:2]]  # by chance
    assert len(amounts(two_sources(tmp_path, SOLD, others))) == 18


def test_sources_that_hold_the_same_sales_are_read_as_one_by_a_pattern_and_a_key(
    tmp_path: Path,
) -> None:
    found = run(tmp_path, {"orders history": SOLD, "orders now": SOLD[4:]}, unit(key=KEY))
    assert len(amounts(found)) == 8
