"""One unit's month: where tables are looked for, and what a notebook by hand may touch."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import tables
from salesfc_lib.foundation.parameters import resolve, to_dict
from salesfc_lib.steps import open_month

MONTH = "2026-06"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "parameters" / "units").mkdir(parents=True)
    (tmp_path / "parameters" / "units" / "north.yml").write_text(
        "unit: {title: 北方}\n", encoding="utf-8"
    )
    return tmp_path


def series(name: str) -> pd.DataFrame:
    return pd.DataFrame([{"unique_id": name, "level": "total", "label": "All"}])


def test_a_notebook_opened_by_hand_resolves_what_a_run_injects(project: Path) -> None:
    by_hand = open_month(project, "north", MONTH)
    injected = open_month(
        project, "north", MONTH, to_dict(resolve(project, "north", MONTH)), project / "staged"
    )
    assert by_hand.parameters == injected.parameters
    assert by_hand.title == injected.title == "北方"


def test_by_hand_it_writes_only_under_work(project: Path) -> None:
    run = open_month(project, "north", MONTH)
    run.write(series=series("total"))
    written = [
        path.relative_to(project).as_posix()
        for path in (project / "reports").rglob("*")
        if path.is_file()
    ]
    assert written == [f"reports/.work/{MONTH}/north/tables/series.parquet"]


def test_its_own_tables_come_before_the_published_ones(project: Path) -> None:
    run = open_month(project, "north", MONTH)
    tables.write(series("published"), project / "reports" / MONTH / "north" / "tables", "series")
    assert run.read("series")["unique_id"].tolist() == ["published"]
    run.write(series=series("own"))
    assert run.read("series")["unique_id"].tolist() == ["own"]


def test_a_table_that_is_nowhere_names_the_step_to_run(project: Path) -> None:
    with pytest.raises(
        SalesForecastError,
        match=r"'north' has no table 'panel' for 2026-06.*salesfc run --unit north --month 2026-06",
    ):
        open_month(project, "north", MONTH).read("panel")


def test_the_month_before_is_read_from_the_archive_only(project: Path) -> None:
    run = open_month(project, "north", "2026-01")
    assert run.month_before == "2025-12"
    assert run.read_before("series") is None
    tables.write(series("then"), project / "reports" / "2025-12" / "north" / "tables", "series")
    found = run.read_before("series")
    assert found is not None
    assert found["unique_id"].tolist() == ["then"]


def test_a_backfilled_month_has_a_publication_day_and_a_run_has_none(project: Path) -> None:
    assert open_month(project, "north", MONTH, kind="backfill").publication_day == pd.Timestamp(
        "2026-07-15"
    )
    assert open_month(project, "north", MONTH).publication_day is None


def test_a_parameter_is_tried_as_set_would_and_its_tables_stand_apart(project: Path) -> None:
    trial = open_month(project, "north", MONTH, sets={"combine.power": 2, "levels": {"total": []}})
    asked = resolve(project, "north", MONTH, ["combine.power=2", "levels={total: []}"])
    assert trial.parameters == asked.parameters
    assert trial.layer["combine.power"] == "command line"
    trial.write(series=series("trial"))
    assert (trial.read("series")["unique_id"] == "trial").all()
    with pytest.raises(SalesForecastError, match="no table 'series'"):
        open_month(project, "north", MONTH).read("series")
    other = open_month(project, "north", MONTH, sets={"combine.power": 3})
    assert other.folder != trial.folder


def test_a_parameter_that_does_not_exist_is_refused_as_set_refuses_it(project: Path) -> None:
    with pytest.raises(SalesForecastError, match=r"combine\.powr.*combine\.power"):
        open_month(project, "north", MONTH, sets={"combine.powr": 2})


def test_what_a_run_injected_cannot_be_changed(project: Path) -> None:
    injected = to_dict(resolve(project, "north", MONTH))
    with pytest.raises(SalesForecastError, match="a run injected"):
        open_month(project, "north", MONTH, injected, project / "out", sets={"horizon": 6})
