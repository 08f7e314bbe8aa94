"""The four steps of a unit's month, and the frame they share.

A project, a unit and a month enter; tables on disk leave. The decision made here: steps hand over files, never
Python state, so that a notebook, a backfill and an analyst at the keyboard run exactly the same functions, and
any of them can be run again alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib import archive, tables
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.parameters import Parameters, Resolved, check_month, check_unit, from_dict, resolve


@dataclass(frozen=True)
class UnitMonth:
    """One unit's month: what was asked for, with which parameters, and where its tables are written."""

    project: Path
    unit: str
    month: str
    parameters: Parameters
    layer: Mapping[str, str]
    reasons: Mapping[str, str]
    folder: Path

    @property
    def reports(self) -> Path:
        return self.project / "reports"

    @property
    def cutoff(self) -> pd.Timestamp:
        """First day of the month: the last month that models may see."""
        return pd.Timestamp(f"{self.month}-01")

    @property
    def title(self) -> str:
        return self.parameters.unit.title or self.unit

    def write(self, **frames: pd.DataFrame) -> None:
        """Write tables by name under this month's folder."""
        for name, frame in frames.items():
            tables.write(frame, self.folder / "tables", name)

    def read(self, name: str) -> pd.DataFrame:
        """Table of an earlier step: this folder's, else the published month's.

        Raises `SalesForecastError` that names the step to run where there is neither.
        """
        published = archive.unit_folder(self.reports, self.month, self.unit)
        for folder in (self.folder, published):
            if (folder / "tables" / f"{name}.parquet").is_file():
                return tables.read(folder / "tables", name)
        raise SalesForecastError.say(
            f"'{self.unit}' has no table '{name}' for {self.month}",
            f"'{name}.parquet' under '{self.folder / 'tables'}' or '{published / 'tables'}'",
            f"Run the notebooks before this one, or `salesfc run --unit {self.unit} --month {self.month}`",
        )
