"""A small archive of made-up months: whole numbers that are the same each time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from salesfc_lib.archive import manifest
from salesfc_lib.foundation import INTERVALS, tables

FIRST = pd.Timestamp("2024-01-01")  # of every panel
CORE = ("baseline", "statistical", "combined", "reconciled")
MODELS = {"baseline": "seasonal_naive", "combined": "combination", "adjusted": "people"}
SERIES = pd.DataFrame(
    [
        ("total", "total", "All", None, None),
        ("line:锅", "line", "锅", "锅", None),
        ('line:O\'Neil "x"', "line", "O'Neil", 'O\'Neil "x"', None),
        ("bottom:锅/east", "bottom", "锅 · east", "锅", "east"),
        ("bottom:锅/west", "bottom", "锅 · west", "锅", "west"),
        ('bottom:O\'Neil "x"/east', "bottom", "O'Neil · east", 'O\'Neil "x"', "east"),
    ],
    columns=["unique_id", "level", "label", "line", "region"],
)


def forecast(
    month: str,
    ids: Sequence[str] = tuple(SERIES["unique_id"]),
    stages: Sequence[str] = CORE,
    horizon: int = 4,
    seed: int = 0,
) -> pd.DataFrame:
    """Table forecast of a month; its numbers are the same for the same arguments."""
    cutoff = pd.Timestamp(f"{month}-01")
    rows = [
        (name, stage, MODELS.get(stage, "any"), cutoff, cutoff + pd.DateOffset(months=h), h)
        for stage in stages
        for name in ids
        for h in range(1, horizon + 1)
    ]
    frame = pd.DataFrame(rows, columns=["unique_id", "stage", "model", "cutoff", "ds", "h"])
    dice = np.random.default_rng([seed, cutoff.year, cutoff.month])
    values = dice.integers(50, 150, len(frame)).astype(float)
    return frame.assign(y_hat=values, **dict.fromkeys(INTERVALS, values))


def panel(
    month: str, ids: Sequence[str] = tuple(SERIES["unique_id"]), seed: int = 0
) -> pd.DataFrame:
    """Table panel through a month; what was sold in one is the same in every later panel."""
    months = pd.date_range(FIRST, f"{month}-01", freq="MS")
    sold = np.random.default_rng(seed).integers(50, 150, (120, len(ids)))[: len(months)]
    frame = pd.DataFrame({"unique_id": np.tile(ids, len(months)), "ds": months.repeat(len(ids))})
    return frame.assign(y=sold.ravel() + 1.0, y_raw=sold.ravel().astype(float))


def publish(
    reports: Path,
    unit: str,
    month: str,
    *,
    series: pd.DataFrame = SERIES,
    made: pd.DataFrame | None = None,
    sold: pd.DataFrame | None = None,
    transactions: pd.DataFrame | None = None,
    version: int = 1,
    earlier: bool = False,
    returns: str = "month_of_sale",
) -> Path:
    """Folder of a published month, or of an earlier version of it."""
    folder = reports / month / (f"{unit}.v{version}" if earlier else unit)
    ids = list(series["unique_id"])
    tables.write(forecast(month, ids) if made is None else made, folder / "tables", "forecast")
    tables.write(panel(month, ids) if sold is None else sold, folder / "tables", "panel")
    tables.write(series, folder / "tables", "series")
    if transactions is not None:
        tables.write(transactions, folder / "tables", "transactions")
    agreed = {"measure.value": {"value": "amount"}, "measure.returns": {"value": returns}}
    facts = {"unit": unit, "title": '"version": 9', "month": month, "kind": "run"}
    manifest.write(folder, {**facts, "version": version, "parameters": agreed})
    return folder


def tear(folder: Path, table: str) -> Path:
    """Cut a published table off, as a full disk does."""
    path = folder / "tables" / f"{table}.parquet"
    path.write_bytes(path.read_bytes()[:-40])
    return path
