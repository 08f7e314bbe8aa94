"""A notebook opened by hand finds the project's first unit and latest month."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesfc_lib import steps
from salesfc_lib.errors import RequestError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    units = tmp_path / "parameters" / "units"
    units.mkdir(parents=True)
    for unit in ("west", "east"):
        text = 'calendar: {closed_through: "2026-04"}\n'
        (units / f"{unit}.yml").write_text(text, encoding="utf-8")
    return tmp_path


def publish(project: Path, month: str, unit: str) -> None:
    folder = project / "reports" / month / unit
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}", encoding="utf-8")


def test_the_first_unit_and_its_latest_published_month(project: Path) -> None:
    publish(project, "2026-02", "east")
    publish(project, "2026-03", "west")
    run = steps.open_month(project)
    assert (run.unit, run.month) == ("east", "2026-02")
    assert steps.open_month(project, "west").month == "2026-03"


def test_the_latest_closed_month_where_nothing_is_published(project: Path) -> None:
    assert steps.open_month(project).month == "2026-04"


def test_a_project_without_units_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="salesfc init"):
        steps.open_month(tmp_path)
