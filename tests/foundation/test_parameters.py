"""Parameters in layers: who wins, what is refused, what a month's exception needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation.parameters import from_dict, list_units, resolve, to_dict
from salesfc_lib.foundation.resources import DEFAULTS
from salesfc_lib.foundation.schema import ParameterBlock, Parameters, check_month, check_unit
from salesfc_lib.foundation.strict_yaml import read_yaml
from tests.conftest import CHECKOUT

UNIT = """
dimensions: [region]
levels: {total: [], bottom: [region]}
retrospective: {accuracy_floor: 0.8}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path / "parameters" / "units" / "north.yml", UNIT)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_defaults_file_says_what_the_schema_says() -> None:
    assert Parameters.model_validate(read_yaml(DEFAULTS)) == Parameters()


def test_defaults_file_holds_every_key_there_is_with_a_comment() -> None:
    def keys(model: type[ParameterBlock], prefix: str = "") -> list[str]:
        found = []
        for name, spec in model.model_fields.items():
            inner = spec.annotation
            nested = isinstance(inner, type) and issubclass(inner, ParameterBlock)
            found += keys(inner, f"{prefix}{name}.") if nested else [f"{prefix}{name}"]  # type: ignore[arg-type]
        return found

    tree = read_yaml(DEFAULTS)
    for key in keys(Parameters):
        place: Any = tree
        for part in key.split("."):
            assert part in place, key
            place = place[part]
    lines = [
        line
        for line in DEFAULTS.read_text(encoding="utf-8").splitlines()
        if ":" in line and not line.lstrip().startswith("#")
    ]
    leaves = [
        line
        for line in lines
        if not line.rstrip().endswith(":")
        and not line.startswith(("  seasonal", "  total", "  recent", "  growth"))
    ]
    bare = [line for line in leaves if "#" not in line and "{enabled" not in line]
    assert bare == []


def test_the_last_layer_wins_and_is_named(project: Path) -> None:
    write(
        project / "parameters" / "months" / "2026-06" / "north.yml",
        "horizon: {value: 6, reason: contract ends}\n",
    )
    resolved = resolve(project, "north", "2026-06", ["retrospective.bias_limit=0.1"])
    assert resolved.parameters.retrospective.accuracy_floor == 0.8
    assert resolved.parameters.horizon == 6
    assert resolved.parameters.retrospective.bias_limit == 0.1
    layers = {
        key: resolved.layer[key]
        for key in (
            "retrospective.accuracy_floor",
            "horizon",
            "retrospective.bias_limit",
            "backtest.step",
        )
    }
    assert layers == {
        "retrospective.accuracy_floor": "unit",
        "horizon": "month",
        "retrospective.bias_limit": "command line",
        "backtest.step": "defaults",
    }
    assert resolved.reasons == {"horizon": "contract ends"}


def test_each_layer_goes_before_the_one_below_it_in_the_same_key(project: Path) -> None:
    unit_file = project / "parameters" / "units" / "north.yml"
    month_file = project / "parameters" / "months" / "2026-06" / "north.yml"

    def horizon(*sets: str) -> tuple[int, str]:
        resolved = resolve(project, "north", "2026-06", sets)
        return resolved.parameters.horizon, resolved.layer["horizon"]

    assert horizon() == (12, "defaults")
    write(unit_file, f"{UNIT}horizon: 9\n")
    assert horizon() == (9, "unit")
    write(month_file, "horizon: {value: 6, reason: contract ends}\n")
    assert horizon() == (6, "month")
    assert horizon("horizon=3") == (3, "command line")


def test_every_key_has_a_layer(project: Path) -> None:
    resolved = resolve(project, "north", "2026-06")
    assert set(resolved.layer.values()) == {"defaults", "unit"}
    assert resolved.layer["levels.bottom"] == "unit"


def test_a_months_exception_holds_for_that_month_only(project: Path) -> None:
    write(
        project / "parameters" / "months" / "2026-06" / "north.yml",
        "horizon: {value: 6, reason: x}\n",
    )
    assert resolve(project, "north", "2026-05").parameters.horizon == 12


@pytest.mark.parametrize(
    "entry", ["horizon: 6", "horizon: {value: 6}", "horizon: {value: 6, reason: ''}"]
)
def test_an_exception_without_a_reason_is_refused(project: Path, entry: str) -> None:
    write(project / "parameters" / "months" / "2026-06" / "north.yml", entry)
    with pytest.raises(SalesForecastError, match="'horizon' in .*north.yml.* without a reason"):
        resolve(project, "north", "2026-06")


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("horizn: 6", "horizn", "horizon"),
        (
            "retrospective: {acuracy_floor: 0.8}",
            "retrospective.acuracy_floor",
            "retrospective.accuracy_floor",
        ),
        (
            "sources: {orders: {kind: csv, path: a.csv, colums: {}}}",
            "sources.orders.colums",
            "sources.orders.columns",
        ),
        ("candidates: {ets: {enable: false}}", "candidates.ets.enable", "candidates.ets.enabled"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    project: Path, text: str, key: str, nearest: str
) -> None:
    write(project / "parameters" / "units" / "north.yml", text)
    with pytest.raises(
        SalesForecastError, match=f"'{key}' in .*north.yml.*Did you mean '{nearest}'"
    ):
        resolve(project, "north")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("horizon: many", "horizon"),
        ("horizon: 99", "less than or equal to 36"),
        ("measure: {tax: maybe}", "measure.tax"),
        ("levels: {total: [], bottom: [planet]}", "'planet' is not among"),
        ("dimensions: [a, b]\nlevels: {total: [], a: [a], bottom: [b]}", "it lacks"),
        ("calendar: {closed_through: June}", "June"),
        ("levels: {}", "The first level is the whole unit"),
        ("dimensions: [a]\nlevels: {bottom: [a]}", "The first level is the whole unit"),
    ],
)
def test_a_wrong_value_says_which_key_and_what_was_expected(
    project: Path, text: str, says: str
) -> None:
    write(project / "parameters" / "units" / "north.yml", text)
    with pytest.raises(SalesForecastError, match=says):
        resolve(project, "north")


def test_levels_are_replaced_whole_not_merged(project: Path) -> None:
    write(
        project / "parameters" / "units" / "north.yml",
        "dimensions: [region]\nlevels: {all: [], bottom: [region]}\n",
    )
    assert list(resolve(project, "north").parameters.levels) == ["all", "bottom"]


def test_an_unknown_unit_is_a_wrong_request(project: Path) -> None:
    with pytest.raises(RequestError, match="'south'.*'north'"):
        resolve(project, "south")


@pytest.mark.parametrize("unit", ["../etc", "North", "a/b", "", "x" * 33, "厨房"])
def test_an_id_that_may_not_stand_in_a_path_is_refused(unit: str) -> None:
    with pytest.raises(RequestError, match="cannot be a unit's id"):
        check_unit(unit)


@pytest.mark.parametrize("month", ["2026-13", "2026-6", "June", "2026-06-01", ""])
def test_a_month_is_written_with_year_and_two_digits(month: str) -> None:
    with pytest.raises(RequestError, match="YYYY-MM"):
        check_month(month)


def test_yaml_aliases_objects_and_huge_files_are_refused(tmp_path: Path) -> None:
    for text in (
        "a: &x [1]\nb: *x",
        "a: !!python/object/apply:os.system [ls]",
        "- a list",
        "a: [",
        "x: 1\n" * 300_000,
    ):
        path = tmp_path / "file.yml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SalesForecastError, match="cannot be read"):
            read_yaml(path)


def test_what_a_notebook_is_given_is_what_the_run_resolved(project: Path) -> None:
    resolved = resolve(project, "north", "2026-06", ["unit.title='007'"])
    again = from_dict(json.loads(json.dumps(to_dict(resolved))))
    assert again.parameters == resolved.parameters
    assert again.parameters.unit.title == "007"
    assert again.layer["unit.title"] == "command line"


def test_the_demos_unit_files_resolve() -> None:
    for unit in list_units(CHECKOUT):
        assert resolve(CHECKOUT, unit).parameters.unit.owner


def test_an_undeclared_dimension_is_told_with_its_level_only(project: Path) -> None:
    text = "dimensions: [region]\nlevels: {total: [], bottom: [region, colour]}\n"
    write(project / "parameters" / "units" / "north.yml", text)
    with pytest.raises(SalesForecastError) as error:
        resolve(project, "north")
    assert str(error.value) == (
        "`levels.bottom` in the parameters of 'north' is ['region', 'colour']. "
        "'colour' is not among `dimensions` ['key_account', 'region']. "
        "Correct the value in the layer that sets it."
    )


def test_a_last_level_that_lacks_a_dimension_is_told_with_the_levels_only(project: Path) -> None:
    text = "dimensions: [region]\nlevels: {total: [], region: [region], bottom: []}\n"
    write(project / "parameters" / "units" / "north.yml", text)
    with pytest.raises(
        SalesForecastError,
        match=r"^`levels` in .* is \{'total': \[\], 'region': \['region'\], 'bottom': \[\]\}\. "
        "The last level must",
    ):
        resolve(project, "north")


def test_a_project_without_units_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"holds no unit\. .*`salesfc init EXPORT`"):
        resolve(tmp_path, "north")


def test_a_value_of_the_command_line_that_is_no_yaml_is_told(project: Path) -> None:
    with pytest.raises(
        RequestError, match=r"--set sources.orders.date_format=%Y-%m' cannot be read.*quotes"
    ):
        resolve(project, "north", None, ["sources.orders.date_format=%Y-%m"])
