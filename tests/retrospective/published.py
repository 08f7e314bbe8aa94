"""A published month of one unit as far as decisions read it, and a tree of misses for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.compare import Past, compare_month
from tests.orders import unit
from tests.retrospective.test_retrospective import ACTUAL, EAST, JUNE, LAMP, NORTH, SERIES, VINTAGES

# of the bottom series: sold less their forecast
GAPS = {EAST: 0.0, NORTH: -20.0, LAMP: 10.0}
PROPOSED = pd.DataFrame(
    [
        (NORTH, 1, "stockout", -12.0, '{"days": 9.0}', "proposed"),
        (NORTH, 2, "trend", None, "{}", "proposed"),
        (NORTH, 3, "not_explained", -8.0, "{}", "proposed"),
        (LAMP, 1, "not_explained", 10.0, "{}", "proposed"),
        (EAST, 1, "not_explained", 0.0, "{}", "proposed"),
    ],
    columns=["unique_id", "rank", "cause", "effect", "facts", "state"],
)


def missed(month: pd.Timestamp = JUNE) -> pd.DataFrame:
    """The misses of `GAPS` in a month."""
    found = compare_month(Past(VINTAGES, ACTUAL, SERIES), month=JUNE)
    return found.assign(ds=month, cutoff=month - pd.DateOffset(months=1))


def proposed() -> pd.DataFrame:
    return tables.build(PROPOSED, "causes")


def open_unit(project: Path, month: str = "2026-06", **more: Any) -> UnitMonth:
    """The unit's month as a notebook has it."""
    folder = project / "reports" / ".work" / month / "north"
    return UnitMonth(project, "north", month, unit(**more), {}, {}, folder)


def publish(project: Path, month: str = "2026-06", **more: Any) -> UnitMonth:
    """The unit's month with its misses and proposed causes, published."""
    run = open_unit(project, month, **more)
    folder = run.reports / month / "north"
    frames = {"series": SERIES, "missed": missed(run.cutoff), "causes_proposed": proposed()}
    for name, frame in frames.items():
        if name in ("missed", "causes_proposed"):
            tables.write(frame, folder / "tables", name)
        else:
            (folder / "tables").mkdir(parents=True, exist_ok=True)
            frame.to_parquet(folder / "tables" / f"{name}.parquet")
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    return run
