"""One unit's month to work on: its parameters and the folder of its tables.

A table is looked for where the run writes, then where the month is published, so that any step can
be run again alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from salesfc_lib.archive import months as archive
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, tables
from salesfc_lib.panel import find_publication_day


@dataclass(frozen=True)
class UnitMonth:
    """One unit's month: its parameters and where its tables are written.

    kind: `run`, or `backfill`, made later as it would have been made then.
    """

    project: Path
    unit: str
    month: str
    parameters: Parameters
    layer: Mapping[str, str]
    reasons: Mapping[str, str]
    folder: Path
    kind: str = "run"

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
        """Day on which a backfilled month would have been published; None for a run."""
        if self.kind == "run":
            return None
        return find_publication_day(self.cutoff, self.parameters)

    @property
    def keeps_sources(self) -> bool:
        """Whether sources go to the archive: not from a notebook opened by hand."""
        by_hand = self.folder.is_relative_to(self.reports / ".work")
        return self.parameters.archive.keep_sources and not by_hand

    @property
    def month_before(self) -> str:
        """The month before as 'YYYY-MM'."""
        return (self.cutoff - pd.DateOffset(months=1)).strftime("%Y-%m")

    def write(self, **frames: pd.DataFrame) -> None:
        """Write tables by name under this month's folder."""
        for name, frame in frames.items():
            tables.write(frame, self.folder / "tables", name)

    def read(self, name: str, only: list[tuple[str, str, object]] | None = None) -> pd.DataFrame:
        """Rows of an earlier step's table that satisfy all conditions of `only`.

        Taken from this folder, else from the published month. Raises `SalesForecastError` where
        there is neither.
        """
        published = archive.unit_folder(self.reports, self.month, self.unit)
        for folder in (self.folder, published):
            if (folder / "tables" / f"{name}.parquet").is_file():
                return tables.read(folder / "tables", name, only)
        raise SalesForecastError.of(
            f"'{self.unit}' has no table '{name}' for {self.month}",
            f"'{name}.parquet' under '{self.folder / 'tables'}' or '{published / 'tables'}'",
            "Run the notebooks before this one, or "
            f"`salesfc run --unit {self.unit} --month {self.month}`",
        )

    def read_if_any(self, name: str, like: str = "") -> pd.DataFrame:
        """Table of an earlier step; empty (as `like`) for a month that was published without."""
        try:
            return self.read(name)
        except SalesForecastError:
            return tables.empty(like or name)

    def read_before(self, name: str) -> pd.DataFrame | None:
        """Table of the month before as published; None where the archive lacks that month."""
        folder = archive.unit_folder(self.reports, self.month_before, self.unit) / "tables"
        return tables.read(folder, name) if (folder / f"{name}.parquet").is_file() else None
