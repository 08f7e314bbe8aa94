"""What a unit's month costs, step by step: cold, and with the memory of the month before.

    python benchmarks/month.py --out month.json [--unit kitchen] [--repeat 3]

Writes a list of rows: step, memory (cold or warm), seconds (median), runs, series. One thread;
imports are not counted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from salesfc_lib import steps
from salesfc_lib.cli.demo import demo

MONTH = "2026-06"
STEPS = (steps.clean, steps.model, steps.reconcile, steps.retrospect)


def time_steps(project: Path, unit: str, memory: str) -> dict[str, float]:
    """Seconds of each step; `memory` cold empties the cache before."""
    if memory == "cold":
        shutil.rmtree(project / "reports", ignore_errors=True)
    run = steps.open_month(project, unit, MONTH, folder=project / "reports" / ".work" / unit)
    seconds = {}
    for step in STEPS:
        started = time.perf_counter()
        step(run)
        seconds[step.__name__] = time.perf_counter() - started
    return seconds


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--unit", default="kitchen")
    parser.add_argument("--repeat", type=int, default=3)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        demo(project)
        time_steps(project, wanted.unit, "cold")  # imports
        runs = {
            memory: [time_steps(project, wanted.unit, memory) for _ in range(wanted.repeat)]
            for memory in ("cold", "warm")
        }
        series = len(
            steps.open_month(
                project, wanted.unit, MONTH, folder=project / "reports" / ".work" / wanted.unit
            ).read("series")
        )
    rows = [
        {
            "step": step.__name__,
            "memory": memory,
            "seconds": round(statistics.median(run[step.__name__] for run in found), 3),
            "runs": wanted.repeat,
            "series": series,
        }
        for memory, found in runs.items()
        for step in STEPS
    ]
    wanted.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for row in rows:
        print(f"{row['step']:<12} {row['memory']:<5} {row['seconds']:8.3f} s")


if __name__ == "__main__":
    main()
