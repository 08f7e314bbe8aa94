"""Claims about `init --split`: one export, a unit for each member of a column, and no row twice."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from salesfc_lib.cleaning import clean
from salesfc_lib.cli import app
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


def write_companies(folder: Path, header: str, spans: dict[str, int]) -> Path:
    rows = [f"{header},Date,Order ID,Amount"]
    for member, months in spans.items():
        for at in range(months):
            day = f"{2024 + at // 12}-{at % 12 + 1:02}-05"
            rows += [f"{member},{day},{member}{at}{line},{at}.50" for line in "ab"]
    path = folder / "data" / "all sales.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "header", ["公司", "业务单元", "事业部", "Gesellschaft", "Buchungskreis", "sales org", "Entity"]
)
def test_a_column_of_companies_is_proposed_and_the_command_splits_by_it(
    tmp_path: Path, header: str
) -> None:
    export = write_companies(tmp_path, header, {"Nord": 24, "Süd": 14, "Neu": 3})
    at = ["--project", str(tmp_path)]
    inspected = CliRunner().invoke(app, ["inspect", str(export), *at]).stdout
    said = CliRunner().invoke(app, ["init", str(export), *at]).stdout
    told = next(line for line in said.splitlines() if line.startswith("Units: "))
    assert "3 members (Nord, Süd, Neu; rows in fewer than 12 months: Neu)" in told
    command, *_ = re.findall("`(.*?)`", told)
    assert f"`{command}`" in inspected
    (tmp_path / "parameters" / "units" / "all-sales.yml").unlink()
    done = CliRunner().invoke(app, shlex.split(command)[1:])
    assert done.exit_code == 0, done.output
    units = [resolve(tmp_path, unit).parameters for unit in ("nord", "s-d", "neu")]
    assert [one.sources["orders"].where for one in units] == [
        {header: member} for member in ("Nord", "Süd", "Neu")
    ]
    assert clean(units[0], tmp_path, "2025-11").transactions["amount"].size == 46


@pytest.mark.parametrize("spans", [{"Nord": 24}, {"Nord": 24, "Neu": 3}, {"a": 5, "b": 5}])
def test_companies_without_a_year_of_rows_are_no_units(
    tmp_path: Path, spans: dict[str, int]
) -> None:
    export = write_companies(tmp_path, "Company", spans)
    for verb in ("inspect", "init"):
        said = CliRunner().invoke(app, [verb, str(export), "--project", str(tmp_path)]).stdout
        assert "--split" not in said
