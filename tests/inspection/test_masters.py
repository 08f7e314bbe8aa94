"""Claims about master files beside the orders: what each is joined by, and what it brings."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesfc_lib.cleaning import clean
from salesfc_lib.foundation import resolve
from salesfc_lib.inspection import write_unit_file
from salesfc_lib.inspection.writing.unit_file import propose_sources

SALES = ["OrderDate,OrderNumber,ProductKey,TerritoryKey,Customer,Amount"] + [
    f"2024-{1 + at % 6:02}-0{1 + at % 9},SO{at},{210 + at % 4},{1 + at % 2},C{at % 5},{at}.00"
    for at in range(60)
]
PRODUCTS = ["ProductKey,ProductName,SubcategoryKey", "210,a,1", "211,b,2", "212,c,2", "213,d,3"]
PARTS = ["SubcategoryKey,SubcategoryName,CategoryKey", "1,Racks,9", "2,Pans,8", "3,Pots,8"]
KINDS = ["CategoryKey,CategoryName", "8,Cooking", "9,Storage"]
PLACES = ["SalesTerritoryKey,Region,Country", "1,North,NO", "2,South,IT"]


MONTHS = [f"2025-{month:02}" for month in range(1, 13)]


@pytest.mark.parametrize(
    ("name", "figure", "role"), [("targets", "Target", "targets"), ("stock", "Stock", "inventory")]
)
def test_months_side_by_side_of_other_figures_are_asked_and_the_answer_is_read(
    tmp_path: Path, name: str, figure: str, role: str
) -> None:
    sold = [
        f"{month}-28,O{at}{region},{region},{at}.5"
        for at, month in enumerate(MONTHS)
        for region in ("East", "West")
    ]
    orders, other = tmp_path / "orders.csv", tmp_path / f"{name}.csv"
    orders.write_text("\n".join(["Date,Order ID,Region,Amount", *sold, ""]), encoding="utf-8")
    wide = [f"{region},{','.join('7' * 12)}" for region in ("East", "West")]
    other.write_text("\n".join([f"Region,{','.join(MONTHS)}", *wide, ""]), encoding="utf-8")
    found = propose_sources([orders, other], tmp_path)
    assert found["unused"].assignment.why == "not read: its months stand side by side"
    (question,) = found["unused"].questions
    assert figure in question and "a row for each month" in question
    long = [f"{region},{month},7" for region in ("East", "West") for month in MONTHS]
    other.write_text("\n".join([f"Region,Month,{figure}", *long, ""]), encoding="utf-8")
    again = propose_sources([orders, other], tmp_path)
    assert again[role].names["ds"] == "Month" and again[role].questions == []


def write(folder: Path, **files: list[str]) -> list[Path]:
    (folder / "data").mkdir()
    paths = []
    for name, lines in files.items():
        paths.append(folder / "data" / f"{name}.csv")
        paths[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths


@pytest.mark.parametrize("backwards", [False, True])
def test_masters_are_joined_by_their_keys_one_through_another(
    tmp_path: Path, backwards: bool
) -> None:
    files = {"a": KINDS, "b": PARTS, "c": PRODUCTS, "d": PLACES, "sales": SALES}
    paths = write(tmp_path, **files)
    write_unit_file(paths[::-1] if backwards else paths, tmp_path, "u")
    parameters = resolve(tmp_path, "u").parameters
    lookups = [one for one in parameters.sources.values() if one.role == "lookup"]
    assert sorted(str(one.join) for one in lookups) == [
        "{'category_key': 'CategoryKey'}",
        "{'product': 'ProductKey'}",
        "{'subcategory_key': 'SubcategoryKey'}",
        "{'territory_key': 'SalesTerritoryKey'}",
    ]
    assert parameters.dimensions == ["product_line", "region"]
    lines = clean(parameters, tmp_path, "2024-05").transactions
    found = lines[["product", "product_line", "region", "product_group"]].drop_duplicates()
    assert sorted(found.astype(str).values.tolist()) == [
        ["210", "Storage", "North", "Racks"],
        ["211", "Cooking", "South", "Pans"],
        ["212", "Cooking", "North", "Pans"],
        ["213", "Cooking", "South", "Pots"],
    ]


def test_what_nothing_joins_is_named_and_stops_nobody(tmp_path: Path) -> None:
    notes = ["Topic,Text", "a,one", "b,two"]
    people = ["Customer,Birthday", *(f"C{at},1980-01-0{1 + at}" for at in range(5))]
    path, _ = write_unit_file(
        write(tmp_path, notes=notes, people=people, sales=SALES), tmp_path, "u"
    )
    text = path.read_text(encoding="utf-8")
    assert "# data/notes.csv: not read: no column of it names members of the orders" in text
    assert "# data/people.csv: not read: it brings no dimension" in text
    assert [*resolve(tmp_path, "u").parameters.sources] == ["orders"]


def test_a_key_that_repeats_or_names_too_few_is_none(tmp_path: Path) -> None:
    repeated = [*PLACES, "2,South,ES"]
    few = [*PRODUCTS[:3]]
    path, _ = write_unit_file(write(tmp_path, c=few, d=repeated, sales=SALES), tmp_path, "u")
    assert [*resolve(tmp_path, "u").parameters.sources] == ["orders"]
    assert path.read_text(encoding="utf-8").count("not read: no column") == 2
