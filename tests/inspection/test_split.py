"""Claims about `init --split`: one export, a unit for each member of a column, and no row twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesfc_lib.cleaning import clean
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import resolve
from salesfc_lib.inspection import write_split_files


def write(folder: Path, regions: list[str], *, rows: int = 60) -> Path:
    lines = ["Date,Order ID,Region,Line,Amount"]
    for at in range(rows):
        region = regions[at % len(regions)]
        lines.append(f"2024-{1 + at // 10 % 6:02}-05,A{at},{region},{'xy'[at // 6 % 2]},{at}.50")
    path = folder / "data" / "sales.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_every_member_becomes_a_unit_and_together_they_have_every_row_once(tmp_path: Path) -> None:
    export = write(tmp_path, ["North", "华东", "north ", "South & Sons"])
    targets, found, blank = write_split_files([export], tmp_path, "region")
    assert {path.stem: member for path, member in targets.items()} == {
        "north": "North",
        "unit-2": "华东",
        "north-3": "north",
        "south-sons": "South & Sons",
    }
    assert blank == 0 and "orders" in found
    seen: list[int] = []
    for path, member in targets.items():
        parameters = resolve(tmp_path, path.stem).parameters
        assert parameters.unit.title == member and "region" not in parameters.dimensions
        seen += clean(parameters, tmp_path, "2024-05").transactions["row"].tolist()
        seen += clean(parameters, tmp_path, "2024-05").removed["row"].tolist()
    assert sorted(seen) == list(range(2, 52)), "June waits for its end"


def test_a_large_export_is_split_by_the_members_of_every_row(tmp_path: Path) -> None:
    regions = ["a"] * 30_000 + ["b"] * 30_000 + ["rare"] + ["b"] * 39_999
    export = write(tmp_path, regions, rows=100_000)
    targets, _, _ = write_split_files([export], tmp_path, "Region")
    assert sorted(targets.values()) == ["a", "b", "rare"]


def test_rows_without_a_member_are_counted(tmp_path: Path) -> None:
    _, _, blank = write_split_files([write(tmp_path, ["a", "", "b"])], tmp_path, "Region")
    assert blank == 20


@pytest.mark.parametrize(
    ("column", "regions", "says"),
    [
        ("Regoin", ["a", "b"], "Did you mean 'Region'"),
        ("Region", ["a"], "has 1 members"),
        ("Order ID", ["a", "b"], "has 300 members"),
    ],
)
def test_what_cannot_be_split_is_refused_and_nothing_is_written(
    tmp_path: Path, column: str, regions: list[str], says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        write_split_files([write(tmp_path, regions, rows=300)], tmp_path, column)
    assert not list((tmp_path / "parameters").rglob("*.yml"))


def test_a_unit_that_exists_keeps_all_from_being_written(tmp_path: Path) -> None:
    export = write(tmp_path, ["a", "b"])
    units = tmp_path / "parameters" / "units"
    units.mkdir(parents=True)
    (units / "b.yml").write_text("horizon: 6\n", encoding="utf-8")
    with pytest.raises(RequestError, match="b.yml' exists"):
        write_split_files([export], tmp_path, "Region")
    assert [path.name for path in units.iterdir()] == ["b.yml"]
