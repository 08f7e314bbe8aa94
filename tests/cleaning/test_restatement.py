"""Claims about restated history: every difference between two views is found, named and adds up."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib import steps
from salesfc_lib.archive import manifest
from salesfc_lib.archive import months as archive
from salesfc_lib.cleaning.history.changed_definitions import find_redefined
from salesfc_lib.cleaning.history.restatement import read_view, restate
from salesfc_lib.foundation import tables
from salesfc_lib.foundation.parameters import flatten, resolve, to_dict
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.reporting.facts.restatement import Restated

LAST = pd.Timestamp("2024-03-01")
ROW = {
    "source": "orders",
    "date": "2024-03-05",
    "order_id": "1",
    "customer": "A",
    "product": "P",
    "region": "North",
    "kind": "sale",
}


def view(*rows: dict[str, Any]) -> pa.Table:
    """Transactions, numbered from 1 where a row has no number; `q` and `a` are decimals as text."""
    full = [
        {"row": place, "q": "1", "a": "10.00", **ROW, **row}
        for place, row in enumerate(rows, start=1)
    ]
    columns = {
        name: pa.array([row[name] for row in full], pa.string()) for name in ROW if name != "date"
    }
    return pa.table(
        {
            **columns,
            "row": pa.array([row["row"] for row in full], pa.int64()),
            "date": pa.array([pd.Timestamp(row["date"]) for row in full], pa.timestamp("ns")),
            "quantity": pa.array([Decimal(row["q"]) for row in full], pa.decimal128(12, 0)),
            "amount": pa.array([Decimal(row["a"]) for row in full], pa.decimal128(20, 2)),
        }
    )


def compare(before: pa.Table, now: pa.Table, **more: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    settings = {
        "last": LAST,
        "dimensions": ["region"],
        "keys": {"orders": ["order_id"]},
        "redefined": {},
        **more,
    }
    found = restate(before, now, **settings)
    return found["restatement"], found["restatement_months"]


def said(cells: pd.DataFrame) -> list[tuple[Any, ...]]:
    counts = zip(cells["rows_new"], cells["rows_gone"], cells["rows_changed"], strict=True)
    months = cells["ds"].dt.strftime("%Y-%m")
    return [
        (month, region, kind, str(difference), count)
        for month, region, kind, difference, count in zip(
            months, cells["region"], cells["kind"], cells["amount_difference"], counts, strict=True
        )
    ]


def test_the_same_rows_in_another_order_and_at_other_places_are_no_difference() -> None:
    rows = [
        {"order_id": str(place), "a": f"{place}.50", "date": f"2024-0{1 + place % 3}-01"}
        for place in range(9)
    ]
    for keys in ({"orders": ["order_id"]}, {"orders": []}):
        cells, months = compare(view(*rows), view(*reversed(rows)), keys=keys)
        assert len(cells) == 0
        assert len(months) == 3
        assert (months["amount_difference"] == 0).all()


def test_a_new_row_in_the_month_last_published_is_a_late_posting() -> None:
    cells, months = compare(view({}), view({}, {"order_id": "2", "a": "2.25", "q": "3"}))
    assert said(cells) == [("2024-03", "North", "late_posting", "2.25", (1, 0, 0))]
    assert cells[["amount_before", "amount_now", "quantity_difference"]].map(
        str
    ).values.tolist() == [["0.00", "2.25", "3"]]
    assert months.map(str).values.tolist() == [
        ["2024-03-01 00:00:00", "1", "4", "3", "10.00", "12.25", "2.25", "1", "2"]
    ]


def test_a_row_of_the_new_month_is_no_difference() -> None:
    cells, months = compare(view({}), view({}, {"order_id": "2", "date": "2024-04-01"}))
    assert len(cells) == 0
    assert months["rows_now"].tolist() == [1]


def test_a_change_in_an_older_month_says_that_it_was_reopened() -> None:
    old = {"date": "2024-01-31"}
    cells, _ = compare(
        view(old, {"order_id": "2"}),
        view({**old, "a": "12.00"}, {"order_id": "2"}, {**old, "order_id": "3"}),
    )
    assert said(cells) == [("2024-01", "North", "reopened", "12.00", (1, 0, 1))]


def test_changed_and_withdrawn_rows_of_the_month_last_published_are_corrections() -> None:
    cells, _ = compare(view({}, {"order_id": "2"}), view({"a": "9.99"}))
    assert said(cells) == [("2024-03", "North", "corrected", "-10.01", (0, 1, 1))]


def test_a_row_that_moves_to_another_member_or_month_is_told_in_both_places() -> None:
    cells, _ = compare(
        view({}, {"order_id": "2"}),
        view({"region": "South"}, {"order_id": "2", "date": "2024-02-01"}),
    )
    assert said(cells) == [
        ("2024-02", "North", "reopened", "10.00", (0, 0, 1)),
        ("2024-03", "North", "corrected", "-20.00", (0, 0, 2)),
        ("2024-03", "South", "corrected", "10.00", (0, 0, 1)),
    ]


def test_a_row_that_moves_on_to_the_new_month_leaves_history() -> None:
    cells, _ = compare(view({}), view({"date": "2024-04-01"}))
    assert said(cells) == [("2024-03", "North", "corrected", "-10.00", (0, 0, 1))]


def test_without_a_key_rows_are_matched_by_what_they_say_then_by_their_place() -> None:
    before = view(
        {"order_id": None, "a": "1.00"},
        {"order_id": None, "a": "1.00"},
        {"order_id": None, "a": "3.00"},
    )
    now = view(
        {"order_id": None, "a": "1.00"},
        {"order_id": None, "a": "2.00"},
        {"order_id": None, "a": "3.00"},
    )
    cells, _ = compare(before, now, keys={"orders": []})
    assert said(cells) == [("2024-03", "North", "corrected", "1.00", (0, 0, 1))]


def test_legitimate_repeats_of_a_key_cancel_out_one_by_one() -> None:
    cells, _ = compare(view({}, {}, {}), view({}, {}, {}, {}))
    assert said(cells) == [("2024-03", "North", "late_posting", "10.00", (1, 0, 0))]


def test_a_source_that_is_now_in_several_files_is_the_same_source() -> None:
    cells, _ = compare(view({}), view({"source": "orders: 2024: a.csv", "row": 99}))
    assert len(cells) == 0


def test_where_definitions_changed_the_difference_is_redefined_for_the_sources_concerned() -> None:
    before, now = view({}, {"source": "shop"}), view({"a": "8.85"}, {"source": "shop", "a": "8.85"})
    keys: dict[str, list[str]] = {"orders": ["order_id"], "shop": ["order_id"]}
    cells, _ = compare(before, now, keys=keys, redefined={"shop": ["sources.shop.tax"]})
    assert cells[["source", "kind", "reason"]].values.tolist() == [
        ["orders", "corrected", ""],
        ["shop", "redefined", "sources.shop.tax"],
    ]
    cells, _ = compare(before, now, keys=keys, redefined={"": ["measure.tax"]})
    assert set(cells["kind"]) == {"redefined"}
    assert set(cells["reason"]) == {"measure.tax"}


def test_a_dimension_that_the_earlier_view_did_not_have_does_not_stop_it() -> None:
    before = view({}).drop_columns(["region"])
    cells, _ = compare(before, view({}), redefined={"": ["dimensions"]})
    assert said(cells) == [
        ("2024-03", "", "redefined", "-10.00", (0, 0, 1)),
        ("2024-03", "North", "redefined", "10.00", (0, 0, 1)),
    ]


def test_months_are_the_units_own_where_it_has_a_calendar() -> None:
    month = pa.array([pd.Timestamp("2024-02-01")], pa.timestamp("ns"))
    before, now = (view({"a": amount}).append_column("month", month) for amount in ("1.00", "2.00"))
    assert compare(before, now)[0]["ds"].tolist() == [pd.Timestamp("2024-02-01")]


def test_scales_of_both_views_are_kept_and_numbers_of_another_scale_are_equal() -> None:
    finer = view({}).set_column(8, "quantity", pa.array([Decimal("1.000")], pa.decimal128(20, 3)))
    assert finer.schema.names[8] == "quantity"
    assert len(compare(view({}), finer)[0]) == 0
    huge = [pa.array([Decimal(f"{digit}" * 33 + ".01")], pa.decimal128(38, 2)) for digit in (1, 3)]
    before, now = (view({}).set_column(9, "amount", amount) for amount in huge)
    assert compare(before, now)[0]["amount_difference"].tolist() == [Decimal("2" * 33 + ".00")]


@pytest.mark.parametrize("rows", [([], []), ([{}], []), ([], [{}])])
def test_empty_views_are_no_trouble(rows: tuple[list[Any], list[Any]]) -> None:
    cells, months = compare(view(*rows[0]), view(*rows[1]))
    assert len(cells) == len(months) == max(map(len, rows))


ORDERS = st.lists(
    st.fixed_dictionaries(
        {
            "order_id": st.sampled_from(["1", "2", "3", None]),
            "date": st.sampled_from(["2024-01-10", "2024-02-10", "2024-03-10", "2024-04-10"]),
            "region": st.sampled_from(["North", "South"]),
            "a": st.sampled_from(["1.00", "2.50", "-0.01"]),
            "source": st.sampled_from(["orders", "shop: a", "shop: b"]),
        }
    ),
    max_size=8,
)


@settings(max_examples=60)
@given(ORDERS, ORDERS, st.booleans())
def test_differences_add_up_to_those_of_the_views_whatever_happened(
    before: list[Any], now: list[Any], keyed: bool
) -> None:
    keys: dict[str, list[str]] = {"orders": ["order_id"] if keyed else [], "shop": []}
    cells, months = compare(view(*before), view(*now), keys=keys)

    def total(rows: list[Any], month: str, region: str | None = None) -> Decimal:
        return sum(
            (
                Decimal(row["a"])
                for row in rows
                if row["date"][:7] == month and region in (None, row["region"])
            ),
            Decimal(0),
        )

    for month in ("2024-01", "2024-02", "2024-03"):
        mine = cells[cells["ds"].eq(f"{month}-01")]
        for region in ("North", "South"):
            told = sum(mine.loc[mine["region"].eq(region), "amount_difference"], Decimal(0))
            assert told == total(now, month, region) - total(before, month, region)
        view_of_month = months[months["ds"].eq(f"{month}-01")]
        assert sum(view_of_month["amount_difference"], Decimal(0)) == total(now, month) - total(
            before, month
        )
    assert not cells.duplicated(["ds", "source", "region", "kind"]).any()
    counts = (
        Counter(row["source"].split(":")[0] for row in now),
        Counter(row["source"].split(":")[0] for row in before),
    )
    for source in ("orders", "shop"):
        assert cells.loc[cells["source"].eq(source), "rows_new"].sum() <= counts[0][source]
        assert cells.loc[cells["source"].eq(source), "rows_gone"].sum() <= counts[1][source]


@settings(max_examples=40)
@given(ORDERS)
def test_a_view_compared_with_itself_shuffled_has_no_difference(rows: list[Any]) -> None:
    cells, _ = compare(
        view(*rows), view(*sorted(rows, key=str)), keys={"orders": ["order_id"], "shop": []}
    )
    assert len(cells) == 0


def test_a_view_is_read_from_the_published_table(tmp_path: Path) -> None:
    frame = view({}, {"order_id": None}).to_pandas()
    tables.write(frame, tmp_path, "transactions")
    cells, _ = compare(read_view(tmp_path / "transactions.parquet"), view({}))
    assert said(cells) == [("2024-03", "North", "corrected", "-10.00", (0, 1, 0))]


def test_what_a_notebook_shows_adds_up() -> None:
    late, fixed, old = (
        {"order_id": "2", "a": "2.50"},
        {"order_id": "3"},
        {"order_id": "4", "date": "2024-01-15"},
    )
    before = view({}, fixed, old)
    now = view({}, late, {**fixed, "a": "9.00"}, {**old, "region": "South", "a": "30.00"})
    cells, months = compare(before, now)
    shown = Restated(cells, months, ["region"], "amount")
    assert (
        shown.total
        == Decimal("21.50")
        == sum(shown.by_kind()["difference"])
        == sum(shown.by_month()["difference"])
    )
    assert shown.by_kind()[["kind", "months"]].values.tolist() == [
        ["reopened", 1],
        ["late_posting", 1],
        ["corrected", 1],
    ]
    assert shown.by_month().drop(columns="ds").map(str).values.tolist() == [
        ["10.00", "30.00", "20.00", "reopened"],
        ["20.00", "21.50", "1.50", "corrected, late_posting"],
    ]
    assert shown.largest(1).map(str).values.tolist() == [["South", "30.00", "1"]]
    assert Restated(cells, months, [], "amount").largest(5)["difference"].tolist() == [
        Decimal("21.50")
    ]


def test_nothing_restated_is_shown_as_nothing() -> None:
    shown = Restated(
        tables.empty("restatement").assign(region=pd.Series(dtype=object)),
        tables.empty("restatement_months"),
        ["region"],
        "amount",
    )
    assert shown.total == 0
    assert len(shown.by_kind()) == len(shown.by_month()) == len(shown.largest(3)) == 0


PARAMETERS = """
sources:
  orders:
    {kind: csv, path: orders.csv, key: [id],
     columns: {order_id: id, date: day, region: region, quantity: pieces, amount: amount}}
dimensions: [region]
levels: {total: [], region: [region]}
"""


def run_cleaning(project: Path, month: str, lines: dict[str, str]) -> Any:
    """The month's cleaning step on an export of these lines, published for the next month."""
    (project / "parameters" / "units").mkdir(parents=True, exist_ok=True)
    unit = project / "parameters" / "units" / "north.yml"
    unit.write_text(
        unit.read_text(encoding="utf-8") if unit.exists() else PARAMETERS, encoding="utf-8"
    )
    text = "".join(f"{number},{line}\n" for number, line in lines.items())
    (project / "orders.csv").write_text(f"id,day,region,pieces,amount\n{text}", encoding="utf-8")
    folder = archive.staged_folder(project / "reports", month, "north")
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    resolved = resolve(project, "north", month)
    run = steps.open_month(project, "north", month, resolved=to_dict(resolved), folder=folder)
    steps.clean(run)
    manifest.write(
        folder, {"version": 1, "inputs": [], "parameters": manifest.describe_parameters(resolved)}
    )
    archive.publish(project / "reports", month, "north")
    return run


def test_the_month_after_publishes_late_postings_and_reopened_months(tmp_path: Path) -> None:
    days = pd.date_range("2023-01-05", "2024-02-28", freq="7D").strftime("%Y-%m-%d")
    lines = {
        str(place): f"{day},{'North' if place % 2 else 'South'},1,10.00"
        for place, day in enumerate(days)
    }
    first = run_cleaning(tmp_path, "2024-01", lines)
    assert len(steps.read_restated(first).months) == 0
    reopened = next(number for number, line in lines.items() if line.startswith("2023-03"))
    more = {
        **lines,
        reopened: lines[reopened].replace("10.00", "4.00"),
        "900": "2024-01-31,North,2,7.50",
        "901": "2024-03-05,North,1,1.00",
    }
    shown = steps.read_restated(run_cleaning(tmp_path, "2024-02", more))
    kinds = shown.by_kind().set_index("kind")["difference"].map(str)
    assert kinds.to_dict() == {"late_posting": "7.50", "reopened": "-6.00"}
    assert shown.total == Decimal("1.50")


def test_another_definition_is_not_taken_for_late_postings(tmp_path: Path) -> None:
    days = pd.date_range("2023-01-05", "2024-03-20", freq="7D").strftime("%Y-%m-%d")
    lines = {str(place): f"{day},North,1,10.00" for place, day in enumerate(days)}
    run_cleaning(tmp_path, "2024-01", lines)
    with (tmp_path / "parameters" / "units" / "north.yml").open("a", encoding="utf-8") as unit:
        unit.write("renames: {region: {North: 北区}}\n")
    shown = steps.read_restated(run_cleaning(tmp_path, "2024-02", lines)).by_kind()
    assert shown["kind"].tolist() == ["redefined"]
    assert "renames.region.North" in shown["reason"].tolist()[0]


def flat(**more: Any) -> dict[str, Any]:
    orders = {"kind": "csv", "path": "a.csv", "columns": {"date": "day", "amount": "amount"}}
    return flatten(
        Parameters(
            **{"sources": {"orders": orders, "shop.eu": orders}, "dimensions": ["region"], **more}
        ).model_dump(mode="json")
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"horizon": 6, "calendar": {"closed_through": "2024-03"}, "combine": {"power": 2}}, {}),
        ({"measure": {"tax": "included"}}, {"": ["measure.tax"]}),
        ({"renames": {"region": {"Old": "New"}}}, {"": ["renames.region.Old"]}),
        ({"dimensions": ["region", "line"]}, {"": ["dimensions"]}),
    ],
)
def test_only_definitions_count_as_redefined(
    change: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    found = find_redefined(flat(), flat(**change))
    assert {
        name: [key for key in keys if key != "renames"] for name, keys in found.items()
    } == expected


def test_a_sources_own_keys_concern_that_source_and_its_place_nobody() -> None:
    now = flat() | {"sources.shop.eu.tax_rate": "0.13", "sources.orders.path": "b.csv"}
    assert find_redefined(flat(), now) == {"shop.eu": ["sources.shop.eu.tax_rate"]}


def test_a_new_source_is_redefined_as_a_whole() -> None:
    now = flat() | {
        key.replace("shop.eu", "web"): value for key, value in flat().items() if "shop.eu" in key
    }
    assert find_redefined(flat(), now) == {"web": ["sources.web"]}


def test_a_key_that_an_older_record_does_not_know_had_its_default() -> None:
    old = {
        key: value
        for key, value in flat().items()
        if key not in ("measure.tax", "sources.orders.tax")
    }
    assert find_redefined(old, flat()) == {}
    assert find_redefined(old, flat(measure={"tax": "included"})) == {"": ["measure.tax"]}


def test_two_million_rows_are_compared_in_seconds() -> None:
    count = 1_000_000
    table = pa.table(
        {
            "source": pa.array(["orders"] * count).dictionary_encode(),
            "row": np.arange(count),
            "date": pa.array(
                np.datetime64("2020-01-01", "ns") + np.arange(count) % 1500 * np.timedelta64(1, "D")
            ),
            "order_id": pa.array(np.arange(count)).cast(pa.string()),
            "region": pa.array(np.arange(count) % 50).cast(pa.string()).dictionary_encode(),
            "kind": pa.array(["sale"] * count).dictionary_encode(),
            "quantity": pa.array(np.arange(count) % 9).cast(pa.decimal128(21, 0)),
            "amount": pa.array(np.arange(count) % 977).cast(pa.decimal128(21, 2)),
        }
    )
    cells, months = compare(
        table.slice(5),
        table.take(pa.array(np.random.default_rng(0).permutation(count - 5))),
        last=pd.Timestamp("2030-01-01"),
    )
    assert cells["rows_new"].sum() == 5
    assert cells["rows_gone"].sum() == 5
    assert months["rows_now"].sum() == count - 5
