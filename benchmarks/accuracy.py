"""How good the forecasts are and what they cost, beside the peers', on months that are held back.

    python benchmarks/accuracy.py [--panels DIR] [--peers scum,autogluon] --out FILE.json
        [--full] [--short] [--only m3] [--forecasts DIR]

DIR holds Parquet files with `unique_id, ds, y` and optional regressors, the horizon in the name
(`NAME_h18.parquet`; 12 without); without `--panels` the four public panels of `panels.py`, or its
short ones with `--short`. Writes a
list of rows, one a panel and method: panel, method, mase, rmsse, smape (percent), wape, bias, wis,
coverage80, seconds, peak_mib, and wape_total, coverage80_by_h, series, scored, zeros, negative,
horizon, notes, error. Methods: the workbench with its defaults, the seasonal naive, and the peers.
Each runs in a process of its own on two cores; seconds are those of `measure.py`. A method that
fails has nulls and says why in `error`.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import panels
from measure import INTERVALS
from reading import KNOWN, NotAPanel, Panel, read_panel
from runs import PEERS, Run, run_method
from scores import cover_by_month, find_scales, score

METRICS = ("mase", "rmsse", "smape", "wape", "bias", "wis", "coverage80")
# Share of zeros in the history from which a panel is judged by RMSSE, bias and totals, not by MASE.
INTERMITTENT = 0.5
SHOWN = {
    "mase": ".3f",
    "rmsse": ".3f",
    "smape": ".2f",
    "wape": ".3f",
    "bias": "+.3f",
    "wis": ".4f",
    "coverage80": ".3f",
}
SHOWN |= {"wape_total": ".3f", "seconds": ".1f", "peak_mib": ".0f"}

Row = dict[str, Any]


def compare(
    panel: Panel,
    methods: Iterable[str],
    *,
    time_limit: float,
    patience: float,
    keep: Path | None = None,
) -> list[Row]:
    """One row a method; its forecasts into the folder `keep`, where one is given."""
    scales, rows = find_scales(panel.history), []
    for method in methods:
        print(f"{panel.name}: {method}", flush=True)
        run = run_method(method, panel, time_limit=time_limit, patience=patience)
        if keep is not None and run.forecast is not None:
            keep.mkdir(parents=True, exist_ok=True)
            run.forecast.to_parquet(keep / f"{panel.name}.{method}.parquet", index=False)
        rows.append(
            {
                "panel": panel.name,
                "method": method,
                **judge_run(panel, run, scales),
                **describe(panel),
            }
        )
    return rows


def judge_run(panel: Panel, run: Run, scales: pd.DataFrame) -> Row:
    """Scores and cost of one run, nulls where it failed or left out a row that is judged."""
    said = {"seconds": run.seconds, "peak_mib": run.peak_mib, "error": run.error, "note": run.note}
    empty = {**dict.fromkeys([*METRICS, "wape_total"]), "coverage80_by_h": None, "negative": None}
    if run.forecast is None:
        return {**empty, **said}
    rows = match(panel, run.forecast)
    lacking = int((rows["y_hat"].isna() & rows["actual"].notna()).sum())
    if lacking:
        return {
            **empty,
            **said,
            "error": f"{lacking} of {rows['actual'].notna().sum()} held-back rows have no forecast",
        }
    by_month = cover_by_month(rows, panel.reach)
    return {
        **score(rows, scales),
        "coverage80_by_h": by_month,
        "negative": count_negative(panel, rows),
        **said,
    }


def match(panel: Panel, forecast: pd.DataFrame) -> pd.DataFrame:
    """Held-back rows, each beside the forecast of its own series and month."""
    given = forecast.assign(
        unique_id=forecast["unique_id"].astype(str), ds=forecast["ds"].astype("datetime64[ns]")
    )
    given = given.drop_duplicates(["unique_id", "ds"]).replace([np.inf, -np.inf], np.nan)
    return panel.actual.merge(
        given[["unique_id", "ds", "y_hat", *INTERVALS]], on=["unique_id", "ds"], how="left"
    )


def count_negative(panel: Panel, rows: pd.DataFrame) -> int:
    """Rows whose forecast or an interval's lower bound is negative in a series whose history never
    is.
    """
    positive = panel.history.groupby("unique_id")["y"].min() >= 0
    lows = rows[["y_hat", *(name for name in INTERVALS if name.startswith("lo"))]].min(axis=1)
    return int(((lows < 0) & rows["unique_id"].map(positive)).sum())


def describe(panel: Panel) -> Row:
    """What the row is about: series, scored rows, horizon, share of zeros in the history, what was
    said of the file.
    """
    return {
        "series": int(panel.history["unique_id"].nunique()),
        "scored": int(panel.actual["actual"].notna().sum()),
        "horizon": panel.horizon,
        "reach": panel.reach,
        "zeros": float((panel.history["y"].dropna() == 0).mean()),
        "known": list(panel.known),
        "notes": list(panel.notes),
    }


def refuse(name: str, methods: Iterable[str], why: str) -> list[Row]:
    """Rows of a file that is no panel."""
    empty = dict.fromkeys([*METRICS, "wape_total", "seconds", "peak_mib"])
    return [{"panel": name, "method": method, **empty, "error": why} for method in methods]


def add_ratios(rows: list[Row]) -> list[Row]:
    """Rows with the workbench's ratios to each peer: mase_ratio, wis_ratio and seconds_ratio in the
    row of the peer.
    """
    own = {row["panel"]: row for row in rows if row["method"] == "workbench"}
    return [
        {**row, **_divide(own[row["panel"]], row)}
        if row["method"] in PEERS and row["panel"] in own
        else row
        for row in rows
    ]


def _divide(own: Row, peer: Row) -> Row:
    pairs = {name: (own.get(name), peer.get(name)) for name in ("mase", "wis", "seconds")}
    return {
        f"{name}_ratio": above / below if _is_number(above) and below else None
        for name, (above, below) in pairs.items()
    }


def tell_goal(rows: list[Row]) -> list[str]:
    """Lines that set the workbench beside the better peer of each panel, and the geometric mean
    over panels judged by MASE.
    """
    lines, ratios = [], []
    for own in (
        row for row in rows if row["method"] == "workbench" and _is_number(row.get("mase"))
    ):
        if own["zeros"] >= INTERMITTENT:
            lines.append(
                f"{own['panel']}: RMSSE {own['rmsse']:.3f}, bias {own['bias']:+.1%}, "
                f"WAPE of totals {own['wape_total']:.3f}"
            )
            continue
        peers = [
            row["mase"]
            for row in rows
            if row["panel"] == own["panel"] and row["method"] in PEERS and _is_number(row["mase"])
        ]
        if peers:
            ratios.append(own["mase"] / min(peers))
            lines.append(f"{own['panel']}: MASE {ratios[-1]:.3f} of the better peer's")
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        lines.append(f"geometric mean of {len(ratios)} panels {mean:.3f}, worst {max(ratios):.3f}")
    return lines


def draw(rows: list[Row]) -> str:
    """The table as text: one line a panel and method; ratios stand in the peers' lines."""
    shown = {**SHOWN, "mase_ratio": ".3f", "wis_ratio": ".3f", "seconds_ratio": ".4f"}
    width = max([len("panel"), *(len(row["panel"]) for row in rows)])
    lines = [
        f"{'panel':<{width}} {'method':<14} "
        + " ".join(f"{name:>{max(9, len(name))}}" for name in shown)
    ]
    for row in rows:
        cells = (
            f"{row[name]:{form}}" if _is_number(row.get(name)) else "-"
            for name, form in shown.items()
        )
        filled = " ".join(
            f"{cell:>{max(9, len(name))}}" for cell, name in zip(cells, shown, strict=True)
        )
        lines.append(f"{row['panel']:<{width}} {row['method']:<14} {filled}")
    return "\n".join([*lines, "ratios: the workbench to the peer of the line"])


def list_remarks(rows: list[Row]) -> list[str]:
    """What is said about panels, once each, and about methods that failed."""
    said = [f"{row['panel']}: {note}" for row in rows for note in row.get("notes", ())]
    said += [
        f"{row['panel']}, {row['method']}: {row[key]}"
        for row in rows
        for key in ("note", "error")
        if row.get(key)
    ]
    return list(dict.fromkeys(said))


def plain(value: Any) -> Any:
    """The value as JSON knows it: finite numbers, else null.

    >>> plain({"a": [float("nan"), 1.5]})
    {'a': [None, 1.5]}
    """
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def write(path: Path, rows: list[Row]) -> None:
    """The rows as JSON: what is known so far, after each panel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(plain(rows), ensure_ascii=False, indent=1, allow_nan=False) + "\n",
        encoding="utf-8",
    )


def find_files(folder: Path, only: list[str]) -> list[Path]:
    """Parquet files of the folder by name; those that `only` names, with or without their
    horizon.
    """
    files = sorted(folder.glob("*.parquet"))
    return [
        file
        for file in files
        if not only or file.stem in only or file.stem.rpartition("_h")[0] in only
    ]


def run_all(files: list[Path], wanted: argparse.Namespace) -> list[Row]:
    """Rows of all files and methods, written after each file."""
    methods = [*wanted.methods, *wanted.peers]
    known = {**KNOWN, **{name: name for name in wanted.known}}
    rows: list[Row] = []
    for file in files:
        try:
            panel = read_panel(file, known)
        except NotAPanel as why:
            rows += refuse(file.stem, methods, str(why))
        else:
            rows += compare(
                panel,
                methods,
                time_limit=wanted.time_limit,
                patience=wanted.patience,
                keep=wanted.forecasts,
            )
        write(wanted.out, add_ratios(rows))
    return add_ratios(rows)


def main() -> None:
    """Measure, write the rows and print the table."""
    wanted = parse()
    with tempfile.TemporaryDirectory() as made:
        folder = wanted.panels
        if folder is None:
            if not panels.find_data().is_dir():
                write(wanted.out, [])
                print(
                    f"No public data sets at '{panels.find_data()}': set SALESFC_DATA, or "
                    "give panels with --panels. Nothing was measured."
                )
                return
            folder = Path(made)
            if wanted.short:
                panels.write_short(folder, data=panels.find_data())
            else:
                panels.write_panels(folder, data=panels.find_data(), full=wanted.full)
        files = find_files(folder, wanted.only)
        if not files:
            raise SystemExit(
                f"'{folder}' holds no Parquet file{' of those names' if wanted.only else ''}; "
                "expected NAME_hH.parquet"
            )
        rows = run_all(files, wanted)
    print("", draw(rows), *list_remarks(rows), *tell_goal(rows), sep="\n")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    names = lambda text: [part for part in text.split(",") if part]  # noqa: E731
    parser.add_argument(
        "--panels",
        type=Path,
        help="folder of Parquet files; the four public panels where it is absent",
    )
    parser.add_argument(
        "--peers", type=names, default=[], help=f"names by commas, of {', '.join(PEERS)}"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--full", action="store_true", help="whole public panels instead of samples"
    )
    parser.add_argument("--short", action="store_true", help="panels of 25 and 37 months")
    parser.add_argument("--only", type=names, default=[], help="panels by name")
    parser.add_argument(
        "--known", type=names, default=[], help="further columns that are known ahead"
    )
    parser.add_argument(
        "--methods",
        type=names,
        default=["workbench", "seasonal_naive"],
        help="what runs beside the peers",
    )
    parser.add_argument("--forecasts", type=Path, help="folder that keeps the forecasts")
    parser.add_argument(
        "--time-limit", type=float, default=240, help="seconds that AutoGluon may train"
    )
    parser.add_argument(
        "--patience", type=float, default=3600, help="seconds after which any method is ended"
    )
    wanted = parser.parse_args()
    unknown = [name for name in wanted.peers if name not in PEERS]
    if unknown:
        parser.error(f"no peer is called '{unknown[0]}'; there are {', '.join(PEERS)}")
    return wanted


if __name__ == "__main__":
    main()
