"""Whether intervals hold what they say, by months ahead: the share of actuals inside the 80 % one.

    python benchmarks/calibration.py --out calibration.json [--from accuracy.json] [--demo DIR]

`--from` is what `accuracy.py` wrote, by default the accuracy.json beside `--out`; where there is
none, only the demo is measured. Writes a list of rows: panel, method, h, coverage80, counted,
inside_band (0.77 to 0.83); and beside it one figure a panel, PANEL.svg in a folder named as the
file. The demo's three units are counted from their own backtest: bounds as known at each tested
cutoff, against what came, over all series of the unit. `--demo` is a folder that holds the demo
already; else one is made and thrown away.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

from accuracy import Row, write
from salesfc_lib import steps
from salesfc_lib.cli.demo import demo
from salesfc_lib.forecasting.forecast import Modeled, model_history

BAND = (0.77, 0.83)  # of an 80 % interval, by the goal
LEVEL = 80  # percent
UNITS = ("kitchen", "cleaning", "personal-care")
MONTH = "2026-06"
COLOURS = {
    "workbench": "#0072b2",
    "scum": "#d55e00",
    "autogluon": "#009e73",
    "seasonal_naive": "#999999",
}  # Okabe and Ito


def read_rows(path: Path) -> list[Row]:
    """Coverage by month ahead of every panel and method in a file of `accuracy.py`."""
    said = json.loads(path.read_text(encoding="utf-8"))
    return [
        tell(row["panel"], row["method"], step, share, row["series"])
        for row in said
        for step, share in enumerate(row.get("coverage80_by_h") or (), 1)
        if share is not None
    ]


def tell(panel: str, method: str, step: int, share: float, counted: int) -> Row:
    """One row."""
    inside = BAND[0] <= share <= BAND[1]
    return {
        "panel": panel,
        "method": method,
        "h": step,
        "coverage80": share,
        "counted": counted,
        "inside_band": inside,
    }


def count_units(project: Path) -> list[Row]:
    """Coverage by month ahead of the demo's units, in their own backtest."""
    rows: list[Row] = []
    for unit in UNITS:
        run = steps.open_month(project, unit, MONTH, folder=project / "reports" / ".work" / unit)
        steps.clean(run)
        names = list(run.parameters.levels)
        modeled = model_history(
            steps.read_history(run), run.parameters, horizon=run.parameters.horizon, levels=names
        )
        rows += count_backtest(modeled, f"demo {unit}")
    return rows


def count_backtest(modeled: Modeled, panel: str) -> list[Row]:
    """Coverage by month ahead of the combination, as its bounds would have been at the tested
    cutoffs.
    """
    inside, counted = np.zeros(modeled.candidates.horizon), np.zeros(modeled.candidates.horizon)
    for back, bounds in modeled.backtest_bounds((LEVEL,)).items():
        came, (low, high) = modeled.candidates.actuals(back), bounds[LEVEL]
        known = np.isfinite(came)
        inside += (known & (came >= low) & (came <= high)).sum(axis=0)
        counted += known.sum(axis=0)
    shares = zip(inside / counted.clip(1), counted, strict=True)
    return [
        tell(panel, "workbench", step, float(share), int(count))
        for step, (share, count) in enumerate(shares, 1)
        if count
    ]


def draw_panel(rows: list[Row], path: Path) -> None:
    """The figure of one panel's rows: a line a method, the band of the goal behind."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.axhspan(*BAND, color="#e5e5e5", zorder=0)
    axes.axhline(LEVEL / 100, color="#888888", linewidth=0.8, zorder=1)
    for place, method in enumerate(dict.fromkeys(row["method"] for row in rows)):
        own = [row for row in rows if row["method"] == method]
        colour = COLOURS.get(method, f"C{place}")
        axes.plot(
            [row["h"] for row in own],
            [row["coverage80"] for row in own],
            color=colour,
            marker="o",
            markersize=3,
            label=method,
        )
    least = min(row["coverage80"] for row in rows)
    axes.set(
        xlabel="months ahead", ylabel="share of actuals inside", ylim=(min(0.5, least - 0.05), 1.02)
    )
    axes.set_title(title(rows), loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left")
    path.parent.mkdir(parents=True, exist_ok=True)
    with rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": path.name}
    ):  # names in any script, and the same file for the same rows
        figure.savefig(path, metadata={"Date": None})


def title(rows: list[Row]) -> str:
    """What the figure shows, in words."""
    own = [row for row in rows if row["method"] == "workbench"] or rows
    held = sum(row["inside_band"] for row in own)
    covered = np.mean([row["coverage80"] for row in own])
    panel, method = own[0]["panel"], own[0]["method"]
    words = f"{panel}: the 80 % interval of '{method}' covers {covered:.0%}"
    return f"{words}, within 77 to 83 % in {held} of {len(own)} months ahead"


def draw_all(rows: list[Row], folder: Path) -> list[Path]:
    """Files of the figures, one a panel."""
    found = []
    for panel in dict.fromkeys(row["panel"] for row in rows):
        found.append(folder / f"{'_'.join(panel.replace('/', ' ').split())}.svg")
        draw_panel([row for row in rows if row["panel"] == panel], found[-1])
    return found


def count_demo(folder: Path | None) -> list[Row]:
    """Coverage in the demo's units, of a copy of the demo, or of one that is made."""
    with tempfile.TemporaryDirectory() as made:
        project = Path(made) / "demo"
        if folder is None:
            project.mkdir()
            demo(project)
        else:
            shutil.copytree(folder, project, ignore=shutil.ignore_patterns("reports"))
        return count_units(project)


def main() -> None:
    """Read, count, draw, write the rows and print what the figures say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--from",
        type=Path,
        dest="source",
        help="what accuracy.py wrote; the accuracy.json beside --out where absent",
    )
    parser.add_argument("--demo", type=Path, help="folder with the demo")
    parser.add_argument("--no-demo", action="store_true", help="only what --from holds")
    wanted = parser.parse_args()
    source = wanted.source or wanted.out.with_name("accuracy.json")
    if wanted.source and not source.is_file():
        parser.error(f"there is no file '{source}'; run accuracy.py first, or leave --from out")
    rows = read_rows(source) if source.is_file() else []
    rows += [] if wanted.no_demo else count_demo(wanted.demo)
    write(wanted.out, rows)
    for path in draw_all(rows, wanted.out.with_suffix("")):
        print(path)
    for panel in dict.fromkeys(row["panel"] for row in rows):
        print(title([row for row in rows if row["panel"] == panel]))


if __name__ == "__main__":
    main()
