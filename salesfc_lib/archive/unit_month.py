"""One unit's month to work on: what was asked for, with which parameters, and the folder of its tables.

A project, a unit and a month enter; the place of every table leaves. The decision made here: a table is looked for where the
run writes, then where the month is published, so that any step can be run again alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from salesfc_lib.archive import months as archive
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, tables


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
    kind: str = "run"  # run, or backfill: made later, as it would have been made then

    @property
    def reports(self) -> Path:
        """Where months are published."""
        return self.project / "reports"

    @property
    def cutoff(self) -> pd.Timestamp:
        """First day of the month: the last month that models may see."""
        return pd.Timestamp(f"{self.month}-01")

    @property
    def title(self) -> str:
        """The unit's name on pages."""
        return self.parameters.unit.title or self.unit

    @property
    def publication_day(self) -> pd.Timestamp | None:
        """Day on which a backfilled month would have been published; None for a run, which is published when it is run."""
        if self.kind == "run":
            return None
        return self.cutoff + pd.DateOffset(
            months=1, days=self.parameters.adjust.publication_day - 1
        )

    @property
    def keeps_sources(self) -> bool:
        """Whether what is read goes to the archive: not where a notebook was opened by hand, which writes under `.work` only."""
        return self.parameters.archive.keep_sources and not self.folder.is_relative_to(
            self.reports / ".work"
        )

    @property
    def month_before(self) -> str:
        """The month before as 'YYYY-MM'."""
        return (self.cutoff - pd.DateOffset(months=1)).strftime("%Y-%m")

    def write(self, **frames: pd.DataFrame) -> None:
        """Write tables by name under this month's folder."""
        for name, frame in frames.items():
            tables.write(frame, self.folder / "tables", name)

    def read(self, name: str, only: list[tuple[str, str, object]] | None = None) -> pd.DataFrame:
        """Table of an earlier step: this folder's, else the published month's; the rows that keep every condition of `only`.

        Raises `SalesForecastError` that names the step to run where there is neither.
        """
        published = archive.unit_folder(self.reports, self.month, self.unit)
        for folder in (self.folder, published):
            if (folder / "tables" / f"{name}.parquet").is_file():
                return tables.read(folder / "tables", name, only)
        raise SalesForecastError.say(
            f"'{self.unit}' has no table '{name}' for {self.month}",
            f"'{name}.parquet' under '{self.folder / 'tables'}' or '{published / 'tables'}'",
            f"Run the notebooks before this one, or `salesfc run --unit {self.unit} --month {self.month}`",
        )

    def read_before(self, name: str) -> pd.DataFrame | None:
        """Table of the month before as it was published; None where that month is not in the archive."""
        folder = archive.unit_folder(self.reports, self.month_before, self.unit) / "tables"
        return tables.read(folder, name) if (folder / f"{name}.parquet").is_file() else None
