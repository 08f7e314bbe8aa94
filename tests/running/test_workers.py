"""The number of workers changes when things happen, and nothing that is published."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from demo_company import write_demo
from tests.conftest import MONTH, salesfc

UNITS = ("cleaning", "personal-care")
TABLES = (
    "candidate_forecast",
    "weights",
    "failures",
    "forecast",
    "backtest",
    "score",
    "reconciliation",
)
FEWER = "candidates.arima.levels=[total]"  # the slow one at one series is enough


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The month of two units by the number of workers, each in a project of its own."""
    demo = tmp_path_factory.mktemp("demo")
    write_demo(demo)
    projects = {}
    for workers in (1, 2):
        projects[workers] = Path(
            shutil.copytree(demo, tmp_path_factory.mktemp(f"with-{workers}") / "project")
        )
        arguments = [  # a backfill works through units as a run does, without the notebooks
            "backfill",
            "--from",
            MONTH,
            "--to",
            MONTH,
            "--workers",
            str(workers),
            "--set",
            FEWER,
            "--project",
            str(projects[workers]),
        ]
        units = [argument for unit in UNITS for argument in ("--unit", unit)]
        threads = {
            "OMP_NUM_THREADS": str(3 - workers),
            "OPENBLAS_NUM_THREADS": str(3 - workers),
        }  # what a shell says must not count
        done = salesfc(*arguments, *units, env=threads)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return projects


@pytest.mark.parametrize("unit", UNITS)
def test_one_worker_and_two_publish_the_same_bytes(published: dict[int, Path], unit: str) -> None:
    one, two = (published[workers] / "reports" / MONTH / unit for workers in (1, 2))
    for name in TABLES:
        assert (one / "tables" / f"{name}.parquet").read_bytes() == (
            two / "tables" / f"{name}.parquet"
        ).read_bytes(), name
    assert (one / "forecast.csv").read_bytes() == (two / "forecast.csv").read_bytes()


def test_units_do_not_publish_each_others_numbers(published: dict[int, Path]) -> None:
    first, second = (published[2] / "reports" / MONTH / unit / "forecast.csv" for unit in UNITS)
    assert first.read_bytes() != second.read_bytes()
