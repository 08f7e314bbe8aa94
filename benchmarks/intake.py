"""What intake costs: order lines in a CSV file to the monthly panel, beside pyarrow and pandas.

    python benchmarks/intake.py --rows 10000000 --out intake.json [--repeat 1] [--keep FILE]

Writes a list of rows: rows, bytes, method (workbench, or pyarrow_pandas: `pyarrow.csv.read_csv` and
a pandas group-by of the columns that the panel needs), seconds (median of the runs), ratio
(workbench to pyarrow_pandas), peak_mib, total (of the amounts), agrees (the total is that of the
generator: exactly for the workbench, within a cent a million rows for binary floats). Both read the
same file in turn, each run in a process of its own, which has read a thousand rows before: imports
are not counted.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HEADER = "单据编号,行号,日期,单据类型,客户,客户类型,产品线,物料编码,区域,渠道,业务员,数量,价税合计"
DIMENSIONS = {
    "product_line": "产品线",
    "customer_type": "客户类型",
    "region": "区域",
    "channel": "渠道",
}
MONTHS, BATCH = 48, 500_000
FIRST = 1000  # rows of a file that each process reads before the clock starts
UNIT = """
unit: {title: Intake}
sources:
  orders:
    kind: csv
    path: orders.csv
    key: [order_id, line]
    columns: {order_id: 单据编号, line: 行号, date: 日期, kind: 单据类型, customer: 客户,
              customer_type: 客户类型, product_line: 产品线, product: 物料编码, region: 区域,
              channel: 渠道, salesperson: 业务员, quantity: 数量, amount: 价税合计}
    kinds: {销售: sale, 退货: return}
dimensions: [product_line, customer_type, region, channel]
levels: {total: [], bottom: [product_line, customer_type, region, channel]}
calendar: {closed_through: "2025-12"}
"""


def write_orders(path: Path, rows: int, seed: int = 1) -> Decimal:
    """Total of the amounts of a made-up export: sorted by day, 3 % returns, one customer in ten
    written in quotes.
    """
    dice = np.random.default_rng(seed)
    customers = [
        f'"客户{place:05d}, 分公司"' if place % 10 == 0 else f"客户{place:05d}"
        for place in range(5000)
    ]
    choices = {
        "customer": customers,
        "customer_type": ["经销", "直营", "电商", "团购"],
        "product_line": [f"产品线{place}" for place in range(6)],
        "product": [f"{place:08d}" for place in range(3000)],
        "region": ["华东", "华南", "华北", "西南", "东北", "西北"],
        "channel": ["线上", "线下", "批发"],
        "salesperson": [f"业务员{place:03d}" for place in range(200)],
    }
    total, order = 0, 1_000_000
    with path.open("wb") as file:
        file.write(f"{HEADER}\n".encode())
        for start in range(0, rows, BATCH):
            count = min(BATCH, rows - start)
            day = (np.arange(start, start + count) * (MONTHS * 30.4) / rows).astype(np.int64)
            new = dice.random(count) < 0.35
            new[0] = True
            orders = order + np.cumsum(new)
            line = np.arange(count) - np.maximum.accumulate(np.where(new, np.arange(count), 0)) + 1
            sign = np.where(dice.random(count) < 0.03, -1, 1)
            quantity = sign * dice.integers(1, 50, count)
            cents = quantity * dice.integers(100, 99_999, count)
            total, order = total + int(cents.sum()), int(orders[-1])
            texts = {
                name: pa.array(members).take(pa.array(dice.integers(0, len(members), count)))
                for name, members in choices.items()
            }
            columns = [
                pc.binary_join_element_wise("SO", pa.array(orders).cast(pa.string()), ""),
                pa.array(line).cast(pa.string()),
                pa.array(np.datetime64("2022-01-01") + day).cast(pa.string()),
                pa.array(["退货", "销售"]).take(pa.array((sign > 0).astype(np.int64))),
                *texts.values(),
                pa.array(quantity).cast(pa.string()),
                pc.cast(_as_decimal(cents), pa.string()),
            ]
            lines = pc.binary_join_element_wise(*columns, ",")
            file.write(("\n".join(lines.to_pylist()) + "\n").encode())
    return Decimal(total).scaleb(-2)


def _as_decimal(cents: np.ndarray) -> pa.Array:
    from salesfc_lib.intake.parse.numbers.fixed_point import to_decimals

    return to_decimals(cents, 2)


def run_workbench(project: Path) -> tuple[float, Decimal]:
    """Seconds from the file to the panel, and the total that the ledger kept."""
    from salesfc_lib import cleaning
    from salesfc_lib.foundation.parameters import resolve
    from salesfc_lib.panel.build import build_panel

    parameters = resolve(project, "intake").parameters
    started = time.perf_counter()
    cleaned = cleaning.clean(parameters, project, "2025-12")
    panel = build_panel(cleaned.transactions, parameters, "2025-12").panel
    seconds = time.perf_counter() - started
    kept = cleaned.ledger[cleaned.ledger["rule"].eq("kept")]
    if abs(float(kept["amount"].sum()) - panel["y"].sum()) > 1e-6 * abs(panel["y"].sum()):
        raise SystemExit("the panel does not hold what the ledger kept")
    return seconds, sum(kept["amount"], Decimal(0))


def run_pyarrow_pandas(project: Path) -> tuple[float, Decimal]:
    """Seconds of reading the file and grouping the columns that the panel needs, and their
    total.
    """
    import pandas as pd  # noqa: F401  (loaded before the clock starts)
    from pyarrow import csv

    started = time.perf_counter()
    table = csv.read_csv(project / "orders.csv")
    frame = table.select(["日期", *DIMENSIONS.values(), "价税合计"]).to_pandas()
    frame["ds"] = frame["日期"].to_numpy().astype("datetime64[M]").astype("datetime64[ns]")
    sums = frame.groupby([*DIMENSIONS.values(), "ds"])["价税合计"].sum()
    seconds = time.perf_counter() - started
    return seconds, Decimal(repr(float(sums.sum())))


METHODS = {"workbench": run_workbench, "pyarrow_pandas": run_pyarrow_pandas}


def run_alone(task: str, project: Path, rows: int) -> dict[str, float | str]:
    """Seconds, peak memory and total of one run in a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--child",
        task,
        "--keep",
        str(project),
        "--rows",
        str(rows),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


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


def main() -> None:
    """Measure and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument(
        "--repeat", type=int, default=0, help="runs of each; 0: 3 up to a million rows, else 1"
    )
    parser.add_argument("--keep", type=Path, help="folder in which the generated file stays")
    parser.add_argument("--child", choices=[*METHODS, "write"], help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.child == "write":
        write_orders(wanted.keep / "first" / "orders.csv", FIRST)
        print(json.dumps({"total": str(write_orders(wanted.keep / "orders.csv", wanted.rows))}))
        return
    if wanted.child:
        METHODS[wanted.child](
            wanted.keep / "first"
        )  # a few rows, so that whatever is imported on first use is there
        seconds, total = METHODS[wanted.child](wanted.keep)
        print(json.dumps({"seconds": seconds, "peak_mib": find_peak(), "total": str(total)}))
        return
    with tempfile.TemporaryDirectory() as folder:
        project = wanted.keep or Path(folder)
        for each in (project, project / "first"):
            (each / "parameters" / "units").mkdir(parents=True, exist_ok=True)
            (each / "parameters" / "units" / "intake.yml").write_text(UNIT, encoding="utf-8")
        total = Decimal(str(run_alone("write", project, wanted.rows)["total"]))
        size = (project / "orders.csv").stat().st_size
        repeat = wanted.repeat or (3 if wanted.rows <= 1_000_000 else 1)
        runs: dict[str, list[dict[str, float | str]]] = {method: [] for method in METHODS}
        for _ in range(repeat):
            for method in METHODS:
                runs[method].append(run_alone(method, project, wanted.rows))
    medians = {
        method: statistics.median(float(run["seconds"]) for run in found)
        for method, found in runs.items()
    }
    tolerance = {
        "workbench": Decimal(0),
        "pyarrow_pandas": Decimal(max(wanted.rows, 1_000_000)).scaleb(-8),
    }
    rows = [
        {
            "rows": wanted.rows,
            "bytes": size,
            "method": method,
            "seconds": round(medians[method], 3),
            "ratio": round(medians[method] / medians["pyarrow_pandas"], 3),
            "peak_mib": round(max(float(run["peak_mib"]) for run in runs[method])),
            "total": runs[method][0]["total"],
            "agrees": all(
                abs(Decimal(str(run["total"])) - total) <= tolerance[method] for run in runs[method]
            ),
        }
        for method in METHODS
    ]
    for row in rows:
        print(row)
    if wanted.out:
        wanted.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
