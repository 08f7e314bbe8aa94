"""The installed package works without a checkout: `salesfc init` in an empty folder, then `salesfc
run`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import CHECKOUT

FEWER = (
    "candidates.arima.enabled=false"  # the slow one; what is tried here is where files are found
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder into which the package is installed, without its dependencies: those of this
    environment serve.
    """
    folder = tmp_path_factory.mktemp("installed")
    options = [
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--no-compile",
        "--disable-pip-version-check",
    ]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        *options,
        "--target",
        str(folder),
        str(CHECKOUT),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that holds nothing but an export of 40 months and two regions."""
    months = pd.period_range("2021-01", "2024-04", freq="M")
    rows = [
        (
            f"{month}-{day:02d}",
            f"{region}{month}{day}",
            region,
            2,
            f"{100 + 10 * (month.month % 3) + day}.00",
        )
        for month in months
        for day in (3, 17)
        for region in ("east", "west")
    ]
    export = pd.DataFrame(rows, columns=["Order Date", "Order ID", "Region", "Quantity", "Sales"])
    export.to_csv(tmp_path / "orders.csv", index=False)
    return tmp_path


def salesfc(installed: Path, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed command line, run in the project's folder."""
    command = [sys.executable, "-m", "salesfc_lib.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_an_empty_folder_becomes_a_published_month(installed: Path, project: Path) -> None:
    done = salesfc(installed, project, "init", "orders.csv", "--unit", "shop")
    assert done.returncode == 0, done.stderr
    done = salesfc(installed, project, "run", "--month", "2024-03", "--set", FEWER)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    folder = project / "reports" / "2024-03" / "shop"
    assert {path.suffix for path in folder.glob("0*_*")} == {".ipynb", ".html"}
    code = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["code"]
    assert (code["commit"], code["dirty"]) == (
        None,
        None,
    )  # there is no checkout whose commit could be told
    done = salesfc(installed, project, "verify")
    assert done.returncode == 0, done.stdout


def test_the_files_that_come_with_the_package_are_those_of_the_checkout(installed: Path) -> None:
    shipped = installed / "salesfc_lib" / "shipped"
    found = {
        path.relative_to(shipped): path.read_bytes()
        for path in shipped.rglob("*")
        if path.is_file()
    }
    assert len(found) > 7
    assert found == {name: (CHECKOUT / name).read_bytes() for name in found}


def test_the_demo_says_that_it_needs_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = salesfc(installed, tmp_path, "demo")
    assert done.returncode == 2
    assert "no demo company" in done.stderr and "Clone the repository" in done.stderr
    assert list(tmp_path.iterdir()) == []
