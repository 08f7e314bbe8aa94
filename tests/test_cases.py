"""Small exports as real systems give them: what `init` writes for each, and what cleaning makes of
it, is what its `expected.md` says.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from salesfc_lib.cleaning.clean import Cleaned, clean
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.inspection.writing.unit_file import write_unit_file

BESIDE = {"expected.md", "unit.yml"}  # files of a case that are no export


@dataclass(frozen=True)
class Started:
    """A project that holds a case's exports and the unit that `init` wrote for them."""

    project: Path

    @property
    def unit(self) -> Parameters:
        return resolve(self.project, "u").parameters

    def clean(self, month: str) -> Cleaned:
        return clean(self.unit, self.project, month)

    def sum_months(self, name: str, month: str) -> dict[str, Decimal]:
        """Sum of a measure by month, through the last."""
        found = self.clean(month).transactions
        sums = found.assign(**{name: found[name].map(Decimal)}).groupby("month")[name].sum()
        return {f"{month:%Y-%m}": value for month, value in sums.items()}


def start(case: Path, project: Path) -> Started:
    data = project / "data"
    data.mkdir()
    files = [path for path in sorted(case.iterdir()) if path.name not in BESIDE]
    for path in files:
        shutil.copy(path, data)
    write_unit_file([data / path.name for path in files], project, "u")
    return Started(project)


def check_returns_beside_sales(found: Started) -> None:
    returns = found.unit.sources["returns"]
    assert returns.role == "returns"
    assert returns.returns_are_positive
    assert sum(found.sum_months("quantity", "2025-01").values()) == 16


CHECKS = {"returns-beside-sales": check_returns_beside_sales}


@pytest.mark.parametrize("name", CHECKS)
def test_a_case_comes_out_as_expected(name: str, cases: Path, tmp_path: Path) -> None:
    if not (cases / name).is_dir():
        pytest.skip(f"No case '{name}' in '{cases}'")
    CHECKS[name](start(cases / name, tmp_path))
