"""What a forecast costs as the panel grows, and where its time goes.

    python benchmarks/scaling.py --out scaling.json [--full] [--sizes 100,1000]
        [--drivers 2] [--months 60]

Writes two kinds of rows. `kind` size: series, drivers, months, seconds, cpu_seconds (the
processor's, which do not count other work on the machine), peak_mib, seconds_per_1000 (of the
processor): each in a process of its own, from a ready `History` to forecasts and intervals of 12
months, imports and a small first run not counted; the peak is that of the whole process, imports
included. `kind` part: part, seconds (of the processor), share, of 1,000 series with drivers: under
a profiler, so dearer than without it; what candidates share is computed by the first that needs it,
and counts there. Series are made up, with a fixed seed: levels of six orders of magnitude, seasons,
trends, three in ten that mostly sell nothing, two in ten that are young. By default through 3,000
series; `--full` through 30,000, with drivers through 10,000.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from accuracy import Row, write
from measure import find_peak
from salesfc_lib.forecasting.forecast import model_history
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation.parameters import defaults

SIZES, FULL = (100, 300, 1_000, 3_000), (100, 300, 1_000, 3_000, 10_000, 30_000)
DRIVEN, FULL_DRIVEN = 1_000, 10_000  # series up to which panels with drivers are measured
PROFILED = 1_000  # series
HORIZON, LEVELS = 12, (50, 80, 95)
SEED = 11
GIB = 1024  # MiB
PARTS = {
    "level shifts": ("level_shifts.py", "adjust_level_shifts"),
    "drivers": ("factors.py", "driver_factors"),
    "plausibility": ("backtest.py", "_reject"),
    "boosting": ("boosting.py", "boost_cutoffs"),
    "weights": ("weights.py", "backtest_errors"),
    "intervals": ("forecast.py", "bounds"),
}


def make_history(series: int, *, drivers: int = 0, months: int = 60) -> History:
    """A panel of made-up series, the same for the same numbers."""
    dice = np.random.default_rng(SEED)
    steps = np.arange(months + HORIZON)
    known = {
        f"driver_{k}": (dice.random((series, len(steps))) < 0.15).astype(float)
        for k in range(drivers)
    }
    season = 1 + dice.uniform(0, 0.5, (series, 1)) * np.sin(
        2 * np.pi * (steps + dice.uniform(0, 12, (series, 1))) / 12
    )
    growth = np.exp(dice.normal(0, 0.004, (series, 1)) * steps)
    noise = np.exp(dice.normal(0, 0.25, (series, len(steps))))
    lifted = np.prod([1 + 0.4 * values for values in known.values()], axis=0) if known else 1.0
    y = (10 ** dice.uniform(0, 6, (series, 1)) * season * growth * noise * lifted)[:, :months]
    sparse = dice.random(series) < 0.3
    y = np.where(sparse[:, None] & (dice.random(y.shape) < 0.7), 0.0, y)
    first = np.where(dice.random(series) < 0.2, dice.integers(0, max(months - 6, 1), series), 0)
    y = np.where(np.arange(months) < first[:, None], np.nan, y)
    ids = np.array([f"s{k:06}" for k in range(series)], dtype=object)
    last = np.full(series, np.datetime64("2026-05", "M"))
    return History(ids, y, last, HORIZON if drivers else 0, known)


def run(history: History) -> None:
    """Forecasts and intervals of a panel."""
    model_history(history, defaults(), horizon=HORIZON).bounds(LEVELS)


def measure_here(series: int, drivers: int, months: int) -> Row:
    """Seconds and peak memory of this process."""
    run(make_history(30, drivers=drivers, months=months))
    history = make_history(series, drivers=drivers, months=months)
    gc.collect()
    started, worked = time.perf_counter(), time.process_time()
    run(history)
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    return {
        "kind": "size",
        "series": series,
        "drivers": drivers,
        "months": months,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak_mib": find_peak(),
        "seconds_per_1000": 1000 * cpu / series,
    }


def measure(series: int, drivers: int, months: int) -> Row:
    """The same in a process of its own; a row with the reason where it fails."""
    command = [
        sys.executable,
        str(Path(__file__).resolve()),
        "--here",
        f"{series},{drivers},{months}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        return {
            "kind": "size",
            "series": series,
            "drivers": drivers,
            "months": months,
            "seconds": None,
            "peak_mib": None,
            "error": said,
        }
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


def profile(history: History) -> list[Row]:
    """Seconds of the processor and share of each part of a run, largest first; `rest` is what none
    of them is.
    """
    run(history.take(np.arange(min(30, len(history)))))
    told: list[tuple[str, float]] = []
    profiler = cProfile.Profile(time.process_time)
    started = time.process_time()
    profiler.enable()
    modeled = model_history(
        history,
        defaults(),
        horizon=HORIZON,
        progress=lambda name, done, of: told.append((name, time.process_time())),
    )
    modeled.bounds(LEVELS)
    profiler.disable()
    total = time.process_time() - started
    candidates = {
        name: later - begun for (name, begun), (_, later) in zip(told, told[1:], strict=False)
    }
    seconds = {
        **{f"candidate {name}": spent for name, spent in candidates.items()},
        **read_parts(pstats.Stats(profiler)),
    }
    seconds["rest"] = max(total - sum(seconds.values()), 0.0)
    panel = {"kind": "part", "series": len(history), "drivers": len(history.regressors)}
    rows = [
        {**panel, "part": part, "seconds": spent, "share": spent / total}
        for part, spent in seconds.items()
    ]
    return sorted(rows, key=lambda row: -row["seconds"])


def read_parts(stats: pstats.Stats) -> dict[str, float]:
    """Seconds in each of `PARTS`, with what they call.

    Raises `LookupError` for a part whose function was not called: it has another name by now.
    """
    entries = stats.stats.items()  # type: ignore[attr-defined]
    found = {
        part: sum(
            timing[3]
            for (path, _, function), timing in entries
            if Path(path).name == file and function == name
        )
        for part, (file, name) in PARTS.items()
    }
    if missing := [part for part, seconds in found.items() if not seconds]:
        raise LookupError(
            f"nothing was called for '{missing[0]}'; "
            f"correct `PARTS`, which says {PARTS[missing[0]]}"
        )
    return found


def tell_growth(rows: list[Row]) -> list[str]:
    """Lines that set time per series and memory beside the goal."""
    lines = []
    sizes = [row for row in rows if row["kind"] == "size" and row["seconds"] is not None]
    for drivers in sorted({row["drivers"] for row in sizes}):
        own = [row for row in sizes if row["drivers"] == drivers]
        first, last = own[0], own[-1]
        ratio = last["seconds_per_1000"] / first["seconds_per_1000"]
        lines.append(
            f"{drivers} drivers: a series among {last['series']:,} costs {ratio:.2f} times "
            f"one among {first['series']:,}"
        )
        over = [row for row in own if row["peak_mib"] > 2 * GIB and row["series"] <= 10_000]
        lines += [f"{row['series']:,} series take {row['peak_mib'] / GIB:.2f} GiB" for row in over]
    return lines


def draw(row: Row) -> str:
    """A row as text."""
    if row["kind"] == "part":
        return f"{row['part']:<34} {row['seconds']:8.3f} s {row['share']:6.1%}"
    if row["seconds"] is None:
        return f"{row['series']:>6} series, {row['drivers']} drivers: {row['error']}"
    size = f"{row['series']:>6} series, {row['drivers']} drivers"
    cost = f"{row['seconds']:8.2f} s, {row['cpu_seconds']:8.2f} s of the processor"
    return f"{size} {cost} {row['peak_mib']:7.0f} MiB"


def main() -> None:
    """Measure, write the rows after each size, and print them."""
    wanted = parse()
    if wanted.here:
        print(json.dumps(measure_here(*wanted.here)))
        return
    most = FULL_DRIVEN if wanted.full else DRIVEN
    sizes = wanted.sizes or (FULL if wanted.full else SIZES)
    asked = [(size, 0) for size in sizes] + [
        (size, wanted.drivers) for size in sizes if size <= most and wanted.drivers
    ]
    rows: list[Row] = []
    for series, drivers in asked:
        rows.append(measure(series, drivers, wanted.months))
        write(wanted.out, rows)
        print(draw(rows[-1]), flush=True)
    parts = profile(
        make_history(min(PROFILED, max(sizes)), drivers=wanted.drivers, months=wanted.months)
    )
    write(wanted.out, [*rows, *parts])
    print(*map(draw, parts), *tell_growth(rows), sep="\n")


def parse() -> argparse.Namespace:
    """The command line."""
    numbers = lambda text: tuple(int(part) for part in text.split(","))  # noqa: E731
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path("scaling.json"))
    parser.add_argument("--full", action="store_true", help="through 30,000 series")
    parser.add_argument("--sizes", type=numbers, help="numbers of series, by commas")
    parser.add_argument("--drivers", type=int, default=2, help="regressors known ahead")
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--here", type=numbers, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
