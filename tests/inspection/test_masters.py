"""Claims about master files beside the orders: what each is joined by, and what it brings."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesfc_lib.cleaning import clean
from salesfc_lib.foundation import resolve
from salesfc_lib.inspection import write_unit_file

SALES = ["OrderDate,OrderNumber,ProductKey,TerritoryKey,Customer,Amount"] + [
    f"2024-{1 + at % 6:02}-0{1 + at % 9},SO{at},{210 + at % 4},{1 + at % 2},C{at % 5},{at}.00"
    for at in range(60)
]
PRODUCTS = ["ProductKey,ProductName,SubcategoryKey", "210,a,1", "211,b,2", "212,c,2", "213,d,3"]
PARTS = ["SubcategoryKey,SubcategoryName,CategoryKey", "1,Racks,9", "2,Pans,8", "3,Pots,8"]
KINDS = ["CategoryKey,CategoryName", "8,Cooking", "9,Storage"]
PLACES = ["SalesTerritoryKey,Region,Country", "1,North,NO", "2,South,IT"]


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
