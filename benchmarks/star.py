"""What the star schema of a large archive costs: written at first, again, and after a new month.

    python benchmarks/star.py --out star.json [--units 40] [--months 36] [--series 1000]

The archive is that of `cube.py`, in a temporary folder (2.3 GB beside it at the default size). The
first row (`kind` archive) says how much there is. The others (`kind` star) are step (first,
unchanged, one month republished), seconds (wall), cpu_seconds (this process and no other), peak_mib
(of all steps so far), written and kept (months), rows (of facts), files and mib of the folder, and
load: how many processes the machine had to run in the last minute, on how many cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import duckdb

from accuracy import Row, write
from cube import UNIT, draw, make_archive
from measure import find_peak
from salesfc_lib.handover import write_star

GOAL_SECONDS = 60


def measure(project: Path, step: str) -> Row:
    """What writing the star schema costs now."""
    started, worked = time.perf_counter(), time.process_time()
    done = write_star(project)
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    with duckdb.connect(str(done.folder / "star.duckdb"), read_only=True) as base:
        rows = sum(
            base.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0]
            for name in ("fact_actual", "fact_forecast")
        )
    files = [path for path in done.folder.rglob("*") if path.is_file()]
    return {
        "kind": "star",
        "step": step,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak_mib": find_peak(),
        "written": done.written,
        "kept": done.kept,
        "rows": rows,
        "files": len(files),
        "mib": sum(path.stat().st_size for path in files) / 2**20,
        "load": os.getloadavg()[0],
        "cores": os.cpu_count(),
    }


def republish(reports: Path) -> None:
    """Let the newest month of one unit have another manifest."""
    folder = max(path for path in reports.glob("*-*") if (path / UNIT).is_dir()) / UNIT
    path = folder / "manifest.json"
    text = path.read_text(encoding="utf-8").replace('"version": 1', '"version": 2', 1)
    path.unlink()  # the other units' manifests are links to it
    path.write_text(text, encoding="utf-8")


def draw_step(row: Row) -> str:
    """A row as text."""
    over = " (over the goal)" if row["seconds"] > GOAL_SECONDS else ""
    return (
        f"{row['step']:<24} {row['seconds']:6.1f} s {row['cpu_seconds']:6.1f} s of the processor "
        f"{row['peak_mib']:5.0f} MiB, {row['written']} written, {row['kept']} kept, "
        f"{row['rows']:,} rows, {row['mib']:,.0f} MiB, load {row['load']:.1f} on {row['cores']} "
        f"cores{over}"
    )


def main() -> None:
    """Make the archive, write the star schema three times, write and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path("star.json"))
    for name, number in (("units", 40), ("months", 36), ("series", 1000)):
        parser.add_argument(f"--{name}", type=int, default=number)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="salesfc-star-") as name:
        project = Path(name)
        reports = project / "reports"
        rows = [make_archive(reports, wanted.units, wanted.months, wanted.series)]
        print(draw(rows[0]), flush=True)
        for step in ("first", "unchanged", "one month republished"):
            if step == "one month republished":
                republish(reports)
            rows.append(measure(project, step))
            write(wanted.out, rows)
            print(draw_step(rows[-1]), flush=True)


if __name__ == "__main__":
    main()
