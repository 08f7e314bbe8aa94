"""What a question to the whole archive costs, asked by `ask` and in SQL through `open_cube`.

    python benchmarks/cube.py --out cube.json [--units 40] [--months 36] [--series 1000]

Writes an archive of made-up months into a temporary folder, with a fixed seed and the ids, order of
rows and columns of real ones: five stages of 12 lags, panels of 72 months, order lines of two years
in the newest month. One unit is written, the others are hard links to its files (which are read
again for each all the same, from the memory that the system keeps of them). The first row (`kind`
archive) says how much there is: units, months, series, forecasts (rows), files, mib on disk. The
others (`kind` question) are question, way (ask or sql), seconds and cpu_seconds (median of five;
the processor's do not count other work on the machine), first_seconds, peak_mib of a process of its
own (imports included), n (forecasts scored, or rows read), wape, and load: how many processes the
machine had to run in the last minute. What is timed begins with the folder: the months are found
and the views are made each time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from accuracy import Row, write
from measure import find_peak
from salesfc_lib.archive import open_cube
from salesfc_lib.retrospective import Question, ask

LAST, HORIZON, HISTORY, REPEATS, SEED = np.datetime64("2026-06"), 12, 72, 5, 7
STAGES = {
    "baseline": "seasonal_naive",
    "combined": "combination",
    "statistical": "damped",
    "reconciled": "mint",
    "adjusted": "people",
}
GOAL_SECONDS, GOAL_MIB = 2.0, 2048
YEAR, LAGS = (12,), range(1, HORIZON + 1)
UNIT = "unit00"
QUESTIONS = {
    "one unit, all months, by lag": Question(units=[UNIT], by=["lag"], lags=LAGS),
    "12 months at lag 1": Question(windows=YEAR),
    "12 months at lag 1, by unit": Question(windows=YEAR, by=["unit"]),
    "3, 6 and 12 months, ending in each of 12": Question(by=["unit"], ends=12),
    "12 months at lags 1 to 3, by region": Question(windows=YEAR, by=["region"], lags=(1, 2, 3)),
    "12 months at lag 1, by salesperson": Question(windows=YEAR, by=["salesperson"]),
    "12 months, by lag": Question(windows=YEAR, by=["lag"], lags=LAGS),
    "all months, by lag": Question(by=["lag"], lags=LAGS),
}
SQL = {
    "all rows, by stage and lag": (
        "SELECT stage, h, sum(y_hat), count(*) AS n FROM forecast GROUP BY ALL"
    ),
    "one unit, all months, by stage and lag": (
        "SELECT stage, h, sum(y_hat), count(*) AS n FROM forecast "
        f"WHERE unit = '{UNIT}' GROUP BY ALL"
    ),
    "one unit, what was known then beside now": (
        "SELECT now.ds, sum(now.y_raw - early.y_raw), count(*) AS n "
        "FROM actual AS now JOIN actual AS early USING (unit, unique_id, ds) "
        f"WHERE unit = '{UNIT}' AND early.made_in = early.ds "
        "AND now.made_in = (SELECT max(made_in) FROM vintage) GROUP BY ALL"
    ),
    "12 months at lag 1": (
        "WITH newest AS (SELECT max(made_in) AS month FROM vintage), "
        "wide AS (SELECT unit, unique_id, ds, max(y_hat) FILTER (stage = 'baseline') AS baseline, "
        "max(y_hat) FILTER (stage = 'statistical') AS statistical, "
        "max(y_hat) FILTER (stage = 'combined') AS combined, "
        "max(y_hat) FILTER (stage = 'reconciled') AS reconciled, "
        "max(y_hat) FILTER (stage = 'adjusted') AS adjusted FROM forecast, newest "
        "WHERE h = 1 AND ds <= month AND ds > month - INTERVAL 12 MONTH GROUP BY ALL), "
        "known AS (SELECT unit, unique_id, ds, y_raw FROM actual JOIN series "
        "USING (unit, made_in, unique_id), newest WHERE made_in = month AND level = 'bottom') "
        "SELECT count(*) AS n, sum(abs(coalesce(adjusted, reconciled) - y_raw)) / sum(y_raw) "
        "AS wape FROM wide JOIN known USING (unit, unique_id, ds) "
        "WHERE baseline + statistical + combined + reconciled IS NOT NULL"
    ),
}


# --- the archive


def make_series(count: int) -> pd.DataFrame:
    """Table series of four levels; its bottom series fill it up to the count."""
    side = max(round(count ** (1 / 3)), 2)
    lines, regions = ([f"{name}{k:02}" for k in range(side)] for name in ("产品线", "大区"))
    rows = [("total", "total", None, None, None)]
    rows += [(f"line:{line}", "line", line, None, None) for line in lines]
    rows += [(f"region:{region}", "region", None, region, None) for region in regions]
    rows += [
        (f"line_region:{line}/{region}", "line_region", line, region, None)
        for line in lines
        for region in regions
    ]
    for k in range(max(count - len(rows), 1)):
        line, region, kind = (
            lines[k % side],
            regions[k // side % side],
            f"客户类型{k // side**2:02}",
        )
        rows.append((f"bottom:{line}/{region}/{kind}", "bottom", line, region, kind))
    series = pd.DataFrame(rows, columns=["unique_id", "level", "line", "region", "customer_type"])
    return series.assign(label=series["unique_id"])


def make_forecast(ids: np.ndarray, month: np.datetime64, dice: np.random.Generator) -> pa.Table:
    """Table forecast, in the order in which a month leaves it."""
    series, stages = np.arange(len(ids)), list(STAGES)
    other = dice.permutation(series)  # reconciliation has an order of its own
    pairs = [(0, each) for each in series] + [(k, each) for each in series for k in (1, 2)]
    pairs += [(k, each) for k in (3, 4) for each in other]
    stage, row = np.array(pairs).T.repeat(HORIZON, axis=1)
    h = np.tile(np.arange(1, HORIZON + 1), len(pairs))
    columns = {
        "unique_id": ids[row],
        "stage": np.array(stages, dtype=object)[stage],
        "model": np.array(list(STAGES.values()), dtype=object)[stage],
        "cutoff": np.full(len(h), month).astype("datetime64[ns]"),
        "ds": (month + h).astype("datetime64[ns]"),
        "h": h,
    }
    numbers = ("y_hat", "lo-80", "hi-80", "lo-95", "hi-95")
    return pa.table(columns | {name: dice.gamma(2, 1000, len(h)).round(2) for name in numbers})


def make_panel(ids: np.ndarray, month: np.datetime64, dice: np.random.Generator) -> pa.Table:
    """Table panel of the months through this one."""
    months = np.tile((month - np.arange(HISTORY)[::-1]).astype("datetime64[ns]"), len(ids))
    sold = dice.gamma(2, 1000, len(months)).round(2)
    columns = {"unique_id": ids.repeat(HISTORY), "ds": months, "y": sold, "y_raw": sold}
    return pa.table({**columns, "trading_days": np.full(len(months), 21)})


def make_lines(series: pd.DataFrame, dice: np.random.Generator) -> pa.Table:
    """Table transactions: three order lines a bottom series and month, by twenty people."""
    bottom = series[series["level"] == "bottom"]
    row = np.tile(np.arange(len(bottom)), 24 * 3)
    months = (LAST - np.arange(24)).astype("datetime64[ns]").repeat(3 * len(bottom))
    people = np.array([f"销售{k:02}" for k in range(20)], dtype=object)
    dimensions = ("line", "region", "customer_type")
    columns = {name: bottom[name].to_numpy()[row] for name in dimensions}
    columns |= {"salesperson": people[(row + dice.integers(0, 3, len(row))) % 20]}
    amounts = pa.array(dice.integers(1, 10**6, len(row))).cast(pa.decimal128(38, 2))
    kinds = np.full(len(row), "sale", dtype=object)
    return pa.table({**columns, "month": months, "date": months, "kind": kinds, "amount": amounts})


def make_archive(reports: Path, units: int, months: int, series: int) -> Row:
    """Write the archive; what there is of it."""
    dice, told = np.random.default_rng(SEED), make_series(series)
    ids = told["unique_id"].to_numpy(object)
    made = {"series": pa.Table.from_pandas(told, preserve_index=False)}
    for month in LAST - np.arange(months)[::-1]:
        folder = reports / str(month) / UNIT
        made |= {"forecast": make_forecast(ids, month, dice), "panel": make_panel(ids, month, dice)}
        made |= {"transactions": make_lines(told, dice)} if month == LAST else {}
        (folder / "tables").mkdir(parents=True)
        for name, table in made.items():
            pq.write_table(table, folder / "tables" / f"{name}.parquet")
        (folder / "manifest.json").write_text(make_manifest(month), encoding="utf-8")
        for unit in range(1, units):
            link(folder, folder.with_name(f"unit{unit:02}"))
    files = [path for path in reports.rglob("*") if path.is_file()]
    inodes = {path.stat().st_ino: path.stat().st_size for path in files}
    count = units * months * len(STAGES) * HORIZON * len(ids)
    return {
        "kind": "archive",
        "units": units,
        "months": months,
        "series": len(ids),
        "forecasts": count,
        "files": len(files),
        "mib": sum(inodes.values()) / 2**20,
    }


def make_manifest(month: np.datetime64) -> str:
    """As long as a real one."""
    agreed = {"measure.value": {"value": "amount"}, "measure.returns": {"value": "month_of_sale"}}
    outputs = [{"path": f"key/{k}.html", "sha256": f"{k:064}"} for k in range(500)]
    facts = {"unit": "any", "month": str(month), "kind": "backfill", "version": 1}
    return json.dumps({**facts, "parameters": agreed, "outputs": outputs}, indent=1)


def link(folder: Path, other: Path) -> None:
    """Another unit with the same files."""
    (other / "tables").mkdir(parents=True)
    for path in folder.rglob("*"):
        if path.is_file():
            os.link(path, other / path.relative_to(folder))


# --- the questions


def answer(reports: Path, way: str, question: str, months: int) -> tuple[int, float | None]:
    """Forecasts scored or rows read, and the WAPE of what was published."""
    if way == "sql":
        with open_cube(reports) as cube:
            found = cube.sql(SQL[question]).df()
        return int(found["n"].sum()), found["wape"].item() if "wape" in found else None
    asked = QUESTIONS[question]
    if question.startswith(("all", "one unit, all")):
        asked = replace(asked, windows=[months])
    scored = ask(reports, asked).accuracy
    longest = scored[scored["window"] == scored["window"].max()]
    final = longest[(longest["stage"] == "adjusted") & (longest["month"] == longest["month"].max())]
    return int(final["n"].sum()), final["wape"].item() if len(final) == 1 else None


def measure_here(reports: Path, way: str, question: str, months: int) -> Row:
    """Seconds and peak memory of this process."""
    seconds, work = [], []
    for _ in range(REPEATS):
        started, worked = time.perf_counter(), time.process_time()
        n, wape = answer(reports, way, question, months)
        seconds.append(time.perf_counter() - started)
        work.append(time.process_time() - worked)
    return {
        "kind": "question",
        "question": question,
        "way": way,
        "seconds": statistics.median(seconds),
        "cpu_seconds": statistics.median(work),
        "first_seconds": seconds[0],
        "peak_mib": find_peak(),
        "n": n,
        "wape": wape,
        "load": os.getloadavg()[0],
    }


def measure(reports: Path, way: str, question: str, months: int) -> Row:
    """The same in a process of its own; a row with the reason where it fails."""
    here = [sys.executable, str(Path(__file__).resolve()), "--here", str(reports), way, question]
    done = subprocess.run(
        [*here, "--months", str(months)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        return {"kind": "question", "question": question, "way": way, "error": said}
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


def draw(row: Row) -> str:
    """A row as text."""
    if row["kind"] == "archive":
        told = "{units} units x {months} months x {series:,} series: {forecasts:,} forecasts"
        return (told + " in {files:,} files, {mib:,.0f} MiB on disk").format(**row)
    if "error" in row:
        return f"{row['way']:<4} {row['question']:<42} {row['error']}"
    cost = f"{row['seconds']:6.2f} s {row['cpu_seconds']:6.2f} s of the processor"
    over = row["seconds"] > GOAL_SECONDS or row["peak_mib"] > GOAL_MIB
    return (
        f"{row['way']:<4} {row['question']:<42} {cost} {row['peak_mib']:6.0f} MiB "
        f"{row['n']:>12,} n, load {row['load']:4.1f}{' (over the goal)' if over else ''}"
    )


def main() -> None:
    """Make the archive, measure, write the rows after each question, and print them."""
    wanted = parse()
    if wanted.here:
        folder, way, question = wanted.here
        print(json.dumps(measure_here(Path(folder), way, question, wanted.months)))
        return
    with tempfile.TemporaryDirectory(prefix="salesfc-cube-") as name:
        reports = Path(name, "reports")
        rows = [make_archive(reports, wanted.units, wanted.months, wanted.series)]
        print(draw(rows[0]), flush=True)
        asked = [("ask", each) for each in QUESTIONS] + [("sql", each) for each in SQL]
        for way, question in asked:
            rows.append(measure(reports, way, question, wanted.months))
            write(wanted.out, rows)
            print(draw(rows[-1]), flush=True)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path("cube.json"))
    parser.add_argument("--units", type=int, default=40)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--here", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
