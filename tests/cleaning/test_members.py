"""Claims about members: renamed on the right days, reused codes split, both views kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.cleaning.clean import Cleaned, clean
from salesfc_lib.cleaning.mappings import FIRST, LAST, Entry, resolve_names
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import Resolved, from_dict, to_dict
from salesfc_lib.foundation.schema import Parameters

COLUMNS = {
    name: name for name in ("date", "order_id", "customer", "product", "region", "city", "amount")
}
Row = Mapping[str, Any]


def order(day: str = "2024-06-03", **more: Any) -> Row:
    base = {
        "date": day,
        "order_id": "A1",
        "customer": "Li",
        "product": "p",
        "region": "east",
        "city": "x",
        "amount": "10",
    }
    return {**base, **more}


def save(folder: Path, name: str, rows: list[Row]) -> None:
    pd.DataFrame(rows).fillna("").to_csv(folder / f"{name}.csv", index=False)


def unit(sources: Mapping[str, Any] | None = None, **more: Any) -> Parameters:
    tree = {
        "sources": {
            "orders": {"kind": "csv", "path": "orders.csv", "columns": COLUMNS},
            **(sources or {}),
        },
        "dimensions": ["region"],
        "calendar": {"closed_through": "2024-12"},
        "levels": {"total": [], "region": ["region"]},
    }
    return Parameters.model_validate({**tree, **more})


def run(folder: Path, rows: list[Row], parameters: Parameters) -> Cleaned:
    save(folder, "orders", rows)
    return clean(parameters, folder, "2024-12")


def told(cleaned: Cleaned, rule: str) -> list[str]:
    return cleaned.ledger.loc[cleaned.ledger["rule"].eq(rule), "reason"].map(in_words).tolist()


MAPPING = {
    "kind": "csv",
    "role": "mapping",
    "path": "mapping.csv",
    "columns": {name: name for name in ("column", "old", "new", "from", "until", "reason")},
}


def test_a_name_holds_on_the_first_and_last_day_of_its_window_and_not_beside_it(
    tmp_path: Path,
) -> None:
    window = {
        "region": {
            "south": [
                {"to": "the south", "from": "2024-03-01", "until": "2024-03-31", "reason": "trial"}
            ]
        }
    }
    days = ["2024-02-29", "2024-03-01", "2024-03-31", "2024-04-01"]
    cleaned = run(tmp_path, [order(day, region="south") for day in days], unit(renames=window))
    assert cleaned.transactions["region"].tolist() == ["south", "the south", "the south", "south"]
    assert told(cleaned, "renamed") == ["2 rows: region 'south' is now 'the south' (trial)"]


def test_a_reused_code_is_two_products_on_the_two_sides_of_its_day(tmp_path: Path) -> None:
    meanings = [
        {"to": "P1 kettle", "until": date(2024, 5, 31)},
        {"to": "P1 toaster", "from": date(2024, 6, 1)},
    ]
    parameters = unit(renames={"product": {"P1": meanings}})
    cleaned = run(
        tmp_path, [order("2024-05-31", product="P1"), order("2024-06-01", product="P1")], parameters
    )
    assert cleaned.transactions["product"].tolist() == ["P1 kettle", "P1 toaster"]
    assert told(cleaned, "reused_code") == [
        "1 row: product 'P1' was used again: here it is 'P1 kettle'",
        "1 row: product 'P1' was used again: here it is 'P1 toaster'",
    ]
    assert "renamed" not in set(cleaned.ledger["rule"])


def test_a_later_meaning_may_keep_the_code(tmp_path: Path) -> None:
    meanings = [{"to": "P1 old", "until": "2024-05-31"}, {"to": "P1", "from": "2024-06-01"}]
    cleaned = run(
        tmp_path,
        [order("2024-05-31", product="P1"), order("2024-06-01", product="P1")],
        unit(renames={"product": {"P1": meanings}}),
    )
    assert cleaned.transactions["product"].tolist() == ["P1 old", "P1"]
    assert len(told(cleaned, "reused_code")) == 1


def test_an_undated_return_has_the_member_that_its_sale_has(tmp_path: Path) -> None:
    meanings = [
        {"to": "P1 kettle", "until": "2024-05-31"},
        {"to": "P1 toaster", "from": "2024-06-01"},
    ]
    returns = {
        "kind": "csv",
        "role": "returns",
        "path": "returns.csv",
        "join": {"order_id": "order"},
        "columns": {"product": "product", "amount": "amount"},
    }
    save(tmp_path, "returns", [{"order": "A2", "product": "P1", "amount": "-4"}])
    rows = [order("2024-05-01", product="P1"), order("2024-06-05", product="P1", order_id="A2")]
    cleaned = run(tmp_path, rows, unit({"returns": returns}, renames={"product": {"P1": meanings}}))
    back = cleaned.transactions[cleaned.transactions["kind"].eq("return")]
    assert back["product"].tolist() == ["P1 toaster"]


def test_a_file_of_analysts_renames_as_the_parameters_do(tmp_path: Path) -> None:
    save(
        tmp_path,
        "mapping",
        [
            {
                "column": "region",
                "old": "南方",
                "new": "华南",
                "from": "",
                "until": "2024-05-31",
                "reason": "大区改名",
            },
            {"column": "customer", "old": "张三商贸", "new": "张三商贸有限公司"},
            {"column": "customer", "old": "nobody", "new": "somebody"},
        ],
    )
    rows = [
        order("2024-05-01", region="南方", customer="张三商贸"),
        order("2024-06-01", region="华南", customer="张三商贸有限公司"),
    ]
    cleaned = run(tmp_path, rows, unit({"names": MAPPING}))
    assert cleaned.transactions["region"].tolist() == ["华南", "华南"]
    assert cleaned.transactions["customer"].tolist() == ["张三商贸有限公司"] * 2
    assert told(cleaned, "renamed") == [
        "1 row: region '南方' is now '华南' (大区改名); "
        "1 row: customer '张三商贸' is now '张三商贸有限公司'"
    ]
    unused = cleaned.problems[cleaned.problems["source"].eq("names")]
    assert unused[["rule", "column", "action"]].values.tolist() == [
        ["renamed", "customer", "noted"]
    ]
    assert "matches no line for 'nobody'" in in_words(unused["reason"].iloc[0])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"new": ""}, r"Row 2 of 'mapping\.csv': `new` is blank"),
        ({"from": "soon"}, r"Row 2 of 'mapping\.csv': `from` 'soon'"),
        (
            {"from": "2024-05-01", "until": "2024-04-01"},
            r"Row 2 of 'mapping\.csv': ends 2024-04-01, before it starts",
        ),
    ],
)
def test_a_wrong_row_of_the_file_is_named(tmp_path: Path, row: Row, said: str) -> None:
    save(
        tmp_path,
        "mapping",
        [
            {
                "column": "region",
                "old": "a",
                "new": "b",
                "from": "",
                "until": "",
                "reason": "",
                **row,
            }
        ],
    )
    with pytest.raises(SalesForecastError, match=said):
        run(tmp_path, [order()], unit({"names": MAPPING}))


def test_circles_and_overlapping_windows_are_refused_by_name() -> None:
    with pytest.raises(SalesForecastError, match="region runs in a circle: 'a' -> 'b' -> 'a'"):
        resolve_names("region", [Entry("a", "b"), Entry("b", "a")])
    with pytest.raises(
        SalesForecastError,
        match="'a' is 'b' from the first day through 2024-01-31, and 'a' is 'c' from 2024-01-31",
    ):
        resolve_names(
            "region", [Entry("a", "b", until=date(2024, 1, 31)), Entry("a", "c", date(2024, 1, 31))]
        )
    back = [Entry("a", "b", until=date(2023, 12, 31)), Entry("b", "a", date(2024, 1, 1))]
    assert [item.new for item in resolve_names("region", back).windows["a"]] == ["b"], (
        "names may be exchanged from a day on"
    )
    same = [Entry("a", "b", reason="in the parameters"), Entry("a", "b", reason="in the file")]
    assert len(resolve_names("region", same).windows["a"]) == 1, (
        "the same said twice is no contradiction"
    )


days = st.dates(date(2024, 1, 1), date(2024, 1, 8))
entries = st.builds(
    lambda old, new, ends: Entry(old, new, min(ends), max(ends)),
    st.sampled_from("abcd"),
    st.sampled_from("abcd"),
    st.tuples(days, days),
)


@settings(max_examples=200)
@given(st.lists(entries, max_size=6))
def test_following_windows_is_asking_one_day_after_another(listed: list[Entry]) -> None:
    try:
        names = resolve_names("c", listed)
    except SalesForecastError:
        return
    everything = pd.Series(pd.Categorical([letter for letter in "abcd" for _ in range(8)]))
    when = np.array([np.datetime64(f"2024-01-0{day}") for _ in "abcd" for day in range(1, 9)])
    found = names.rename(everything, when).tolist()
    for place, (name, day) in enumerate(zip(everything, when.tolist(), strict=True)):
        slow = name
        while step := [
            item
            for item in listed
            if item.old == slow and item.start <= day <= item.until and item.new != slow
        ]:
            slow = step[0].new
        assert found[place] == slow


def test_a_chain_of_open_windows_ends_in_its_last_name() -> None:
    names = resolve_names("region", [Entry("c", "d"), Entry("a", "b"), Entry("b", "c")])
    assert {
        old: [(item.new, item.start, item.until) for item in windows]
        for old, windows in names.windows.items()
    } == {old: [("d", FIRST, LAST)] for old in "abc"}


def test_a_restated_dimension_keeps_what_it_was_and_the_other_view_keeps_what_it_would_be(
    tmp_path: Path,
) -> None:
    cut = {
        "by": "city",
        "members": {"Wuhan": "central", "Hefei": [{"to": "central", "from": "2024-03-01"}]},
    }
    rows = [
        order("2024-01-05", city="Wuhan"),
        order("2024-02-05", city="Hefei"),
        order("2024-03-05", city="Hefei"),
    ]
    restated = run(tmp_path, rows, unit(reorganised={"region": cut}))
    assert restated.transactions["region"].tolist() == ["central", "east", "central"]
    assert restated.transactions["region_as_was"].tolist() == ["east"] * 3
    assert (
        told(restated, "reorganised")
        == ["1 row: region as it is cut now, by city; 'region_as_was' holds it as it was"] * 2
    )
    as_was = run(tmp_path, rows, unit(reorganised={"region": {**cut, "view": "as_was"}}))
    assert as_was.transactions["region"].tolist() == ["east"] * 3
    assert as_was.transactions["region_restated"].tolist() == ["central", "east", "central"]
    assert as_was.changes.empty
    with pytest.raises(SalesForecastError, match="'area' in `reorganised`"):
        run(tmp_path, rows, unit(reorganised={"area": cut}))


def test_what_comes_with_the_orders_has_the_names_of_the_orders(tmp_path: Path) -> None:
    stock = {
        "kind": "csv",
        "role": "inventory",
        "path": "stock.csv",
        "columns": {n: n for n in ("ds", "region", "stock", "stockout_days")},
    }
    rows = [("2024-01", "north", 5, 3), ("2024-01", "south", 7, 2), ("2024-06", "south", 9, 0)]
    names = ("ds", "region", "stock", "stockout_days")
    save(tmp_path, "stock", [dict(zip(names, row, strict=True)) for row in rows])
    merged = {"region": {"south": [{"to": "north", "until": "2024-05-31"}]}}
    cleaned = run(
        tmp_path,
        [order(region="north"), order(region="south")],
        unit({"stock": stock}, renames=merged),
    )
    assert cleaned.inventory[["region", "stock", "stockout_days"]].values.tolist() == [
        ["north", 12.0, 3.0],
        ["south", 9.0, 0.0],
    ], "merged stock adds up, the longest stock-out counts"


def test_a_lookup_is_read_under_the_names_used_now(tmp_path: Path) -> None:
    people = {
        "kind": "csv",
        "role": "lookup",
        "path": "p.csv",
        "join": {"region": "area"},
        "columns": {"salesperson": "who"},
    }
    save(tmp_path, "p", [{"area": "old", "who": "Ann"}, {"area": "was", "who": "Bo"}])
    names = {"region": {"old": "new", "was": [{"to": "new", "until": "2020-12-31"}]}}
    cleaned = run(tmp_path, [order(region="old")], unit({"people": people}, renames=names))
    assert cleaned.transactions["salesperson"].tolist() == ["Ann"]


def test_windows_survive_the_way_into_a_notebook_and_back() -> None:
    parameters = unit(renames={"region": {"a": "b", "c": [{"to": "d", "from": date(2024, 1, 1)}]}})
    again = from_dict(to_dict(Resolved(parameters, {}, {}, ())))
    assert again.parameters == parameters
    with pytest.raises(ValueError, match="before it starts"):
        unit(renames={"region": {"a": [{"to": "b", "from": "2024-02-01", "until": "2024-01-01"}]}})


def test_ten_thousand_names_are_changed_without_a_loop_over_lines(tmp_path: Path) -> None:
    names = {f"p{number}": f"q{number}" for number in range(3000)}
    rows = [order(product=f"p{number % 3000}", order_id=str(number)) for number in range(6000)]
    cleaned = run(tmp_path, rows, unit(renames={"product": names}))
    assert cleaned.transactions["product"].astype(str).str.startswith("q").all()
    assert told(cleaned, "renamed") == [
        "6,000 rows: 3000 names of product as the mapping says, such as: product 'p0' is now 'q0'"
    ]
    assert cleaned.transactions["amount"].sum() == Decimal(60000)


def test_a_code_that_lost_its_zeros_is_told_by_the_master_list(tmp_path: Path) -> None:
    master = {
        "kind": "csv",
        "role": "lookup",
        "path": "m.csv",
        "join": {"product": "sku"},
        "columns": {"brand": "brand"},
    }
    save(tmp_path, "m", [{"sku": sku, "brand": "K"} for sku in ("00731", "00045", "45", "8")])
    rows = [order(product=product) for product in ("731", "731", "45", "8", "999")]
    cleaned = run(tmp_path, rows, unit({"master": master}))
    told_of = cleaned.problems[cleaned.problems["rule"].eq("lost_zeros")]
    assert told_of[["source", "column", "action", "rows", "first_row"]].values.tolist() == [
        ["orders", "product", "noted", 2, 2]
    ]
    assert "'731' may be '00731', which the master list has" in in_words(told_of["reason"].iloc[0])
    assert cleaned.transactions["product"].tolist() == ["731", "731", "45", "8", "999"]
