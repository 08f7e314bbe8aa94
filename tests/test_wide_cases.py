"""Small exports of other people on which a run once failed, with what is right for them."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from salesfc_lib import steps
from salesfc_lib.inspection import write_unit_file
from tests.conftest import CHECKOUT


def start(name: str, project: Path) -> Path:
    """A project with the case's exports and the unit `u` that `init` writes for them."""
    cases = Path(os.environ.get("SALESFC_CASES", CHECKOUT.parent / "shared" / "cases"))
    if not (cases / name).is_dir():
        pytest.skip(f"No case '{name}' at '{cases}': set SALESFC_CASES to run the tests on cases")
    data = project / "data"
    data.mkdir()
    for file in (cases / name).iterdir():
        if file.name not in ("expected.md", "unit.yml"):
            (data / file.name).write_bytes(file.read_bytes())
    write_unit_file([data], project, "u")
    return project


def clean(project: Path) -> pd.DataFrame:
    """Transactions of the latest closed month's run."""
    month = steps.open_month(project, "u", steps.cleaning.latest_closed(project, "u"))
    steps.clean(month)
    return month.read("transactions")


def test_rows_wider_than_their_header_are_read(tmp_path: Path) -> None:
    lines = clean(start("wider-than-header", tmp_path))
    assert len(lines) == 560 and str(lines["amount"].sum()) == "246400.57"
