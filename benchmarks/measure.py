"""One method on one panel, in a process of its own: its forecast, and what it cost.

    python benchmarks/measure.py METHOD FOLDER

FOLDER holds history.parquet (unique_id, ds, y and regressors: an unbroken monthly grid a series, a
missing month with a null y), future.parquet (unique_id, ds and the regressors known ahead,
`horizon` months a series) and settings.json (horizon, known, time_limit); forecast.parquet
(unique_id, ds, y_hat, lo-50 .. hi-95) and measured.json (seconds, peak_mib) are added. The decision
made here: what the clock counts. Imports are over and a made-up panel has been forecast before it
starts, so that code which is compiled on first use is compiled, for every method alike. Needs
numpy, pandas and pyarrow alone: it runs in the peers' environment too.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

LEVELS = (50, 80, 95)
INTERVALS = [f"{side}-{level}" for level in LEVELS for side in ("lo", "hi")]
CORES = 2
MADE_UP = {"series": 4, "months": 48}  # the panel before the clock starts


def measure(method: str, folder: Path) -> dict[str, float]:
    """Seconds from ready frames to a forecast, and the largest resident memory of this process in
    MiB.
    """
    history, future = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("history", "future")
    )
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    run = importlib.import_module(f"methods.{method}")
    getattr(run, "warm_up", run.forecast)(
        *make_up(history, future, settings["horizon"]), {**settings, "time_limit": 20}
    )
    started = time.perf_counter()
    forecast = run.forecast(history, future, settings)
    seconds = time.perf_counter() - started
    forecast[["unique_id", "ds", "y_hat", *INTERVALS]].to_parquet(
        folder / "forecast.parquet", index=False
    )
    return {"seconds": seconds, "peak_mib": find_peak()}


def make_up(
    history: pd.DataFrame, future: pd.DataFrame, horizon: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A small panel of made-up numbers with the columns of the real one: its history, and its
    future.
    """
    dice = np.random.default_rng(1)
    count, months = MADE_UP["series"], MADE_UP["months"] + horizon
    ds = (np.datetime64("2015-01") + np.arange(months)).astype("datetime64[ns]")
    rows = pd.DataFrame(
        {
            "unique_id": np.repeat([f"made up {place}" for place in range(count)], months),
            "ds": np.tile(ds, count),
        }
    )
    for name in history.columns.drop(["unique_id", "ds"]):
        rows[name] = (
            100
            + 10 * np.tile(np.sin(np.arange(months) * np.pi / 6), count)
            + dice.normal(size=len(rows))
        )
    ahead = rows.groupby("unique_id").cumcount() >= MADE_UP["months"]
    return rows[~ahead].reset_index(drop=True), rows.loc[
        ahead, future.columns.tolist()
    ].reset_index(drop=True)


def find_peak() -> float:
    """Largest resident memory of this process in MiB; since it began, where the system tells
    (`ru_maxrss` also knows its parent's).
    """
    status = Path("/proc/self/status")
    if status.is_file():
        return next(
            int(line.split()[1]) / 1024
            for line in status.read_text().splitlines()
            if line.startswith("VmHWM")
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**20 if sys.platform == "darwin" else 1024
    )


def keep_to_cores(count: int) -> None:
    """Let this process and its children use `count` cores, where the system can say so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def main() -> None:
    """Run the method that is named and write what was measured."""
    method, folder = sys.argv[1], Path(sys.argv[2])
    keep_to_cores(CORES)
    measured: dict[str, Any] = measure(method, folder)
    (folder / "measured.json").write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
