"""How long a watch of 40 units takes: at first, with nothing changed, and with one export changed.

    python benchmarks/watch.py --out reports/.bench/watch.json

Each unit is a copy of one of the demo company's, with its exports and its latest published month.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from salesfc_lib import archive
from salesfc_lib.foundation import clock, parameters
from salesfc_lib.running import Unwatched, watch_units

UNITS = 40
MOMENTS = ("2026-07-22T09:00+08:00", "2026-07-22T09:05+08:00", "2026-07-22T09:10+08:00")


def copy_units(demo: Path, project: Path, units: int = UNITS) -> list[str]:
    """Ids of the copies; exports are shared, months are linked."""
    known = parameters.list_units(demo)
    for name in ("data", "overrides"):
        shutil.copytree(demo / name, project / name)
    folder = project / "parameters" / "units"
    folder.mkdir(parents=True)
    ids = []
    for number in range(units):
        original = known[number % len(known)]
        ids.append(f"{original}-{number:02}")
        shutil.copy(demo / "parameters" / "units" / f"{original}.yml", folder / f"{ids[-1]}.yml")
        for month in archive.list_months(demo / "reports", original)[-2:]:
            place = project / "reports" / month / ids[-1]
            source = archive.unit_folder(demo / "reports", month, original)
            shutil.copytree(source, place, copy_function=os.link)
    return ids


def measure(demo: Path) -> dict[str, float]:
    """Seconds of each watch, and what it found."""
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        ids = copy_units(demo, project)
        for what, moment in zip(("first", "unchanged", "one_changed"), MOMENTS, strict=True):
            os.environ[clock.VARIABLE] = moment
            if what == "one_changed":
                for path in (project / "data" / "personal-care").glob("sales.*"):
                    path.touch()
            begun = time.perf_counter()
            results = watch_units(project)
            seconds[what] = round(time.perf_counter() - begun, 2)
            assert not [each for each in results if isinstance(each, Unwatched)], results
        events = archive.read_records(project, what="alert.open")
    return seconds | {"units": len(ids), "alerts": len(events)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, default=Path(), help="a published demo company")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    rows = measure(asked.project.resolve())
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
