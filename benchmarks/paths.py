"""Whether ranges of three-month sums hold what they say: sample paths, and monthly intervals added.

    python benchmarks/paths.py --out paths.json [--earlier] [--only iowa,pasta] [--demo DIR]

Real panels as they would have been published at several origins (`held_out.py`), and every month of
a demo company that has been published in DIR (`salesfc demo`, `salesfc backfill`) and is three
months past. Every three consecutive months of the first six count. Writes a list of rows, one a
panel, kind of series (bottom, upper, total) and origin: covered and covered_added (series and
windows whose actual sum lies inside the 80 % range of the paths, and between the sums of the
monthly 80 % bounds), counted, width (of the paths' ranges, to the added ones'), month (share of
actuals inside the published monthly intervals). `--earlier`: origins that no
setting is judged on, from which the settings of the paths were chosen.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import held_out
from panels import find_data
from salesfc_lib.foundation import parameters as of_units
from salesfc_lib.foundation import tables
from salesfc_lib.handover.decisions import Paths, draw_paths
from salesfc_lib.handover.decisions.paths import bound
from salesfc_lib.panel import summing_matrix
from salesfc_lib.reconciliation import reconcile_backtest

WINDOW, SPAN, LEVEL = 3, 6, 80
BAND = (0.77, 0.83)

Row = dict[str, Any]


def judge(month: held_out.Month) -> list[Row]:
    """Rows of one month, a kind of series each."""
    bottom = list(month.parameters.levels)[-1]
    near = month.published[month.published["ds"].isin(sorted(month.actual["ds"].unique())[:SPAN])]
    paths = draw_paths(near, month.backtest, month.known, month.series, bottom=bottom)
    summing = summing_matrix(month.series, month.parameters.levels)
    came = month.actual.pivot(index="unique_id", columns="ds", values="y")
    came = came.reindex(index=summing.bottom_ids, columns=paths.months).to_numpy(dtype=float)
    actual = summing.matrix @ came
    published = near.set_index(["unique_id", "ds"])
    low, high = (
        published[name].unstack().reindex(summing.ids).to_numpy() for name in ("lo-80", "hi-80")
    )
    kind = month.series.set_index("unique_id")["level"].reindex(summing.ids)
    kind = kind.where(kind.isin(["total", bottom]), "upper").replace({bottom: "bottom"})
    drawn = _every_level(paths, summing)
    found = []
    for start in range(len(paths.months) - WINDOW + 1):
        at = slice(start, start + WINDOW)
        path_low, path_high = bound(drawn[:, :, at].sum(axis=2), LEVEL)
        sums = actual[:, at].sum(axis=1)
        inside = _within(sums, path_low, path_high)
        added = _within(sums, low[:, at].sum(axis=1), high[:, at].sum(axis=1))
        widths = path_high - path_low, (high - low)[:, at].sum(axis=1)
        monthly = _within(actual[:, at], low[:, at], high[:, at]).mean(axis=1)
        for name in ("bottom", "upper", "total"):
            own = kind.eq(name).to_numpy() & np.isfinite(sums)
            found.append(
                {
                    "panel": month.panel,
                    "origin": f"{month.origin:%Y-%m}",
                    "kind": name,
                    "counted": int(own.sum()),
                    "covered": int(inside[own].sum()),
                    "covered_added": int(added[own].sum()),
                    "monthly": float(monthly[own].sum()),
                    "width": float(widths[0][own].sum()),
                    "width_added": float(widths[1][own].sum()),
                }
            )
    rows = pd.DataFrame(found).groupby(["panel", "origin", "kind"], sort=False).sum()
    return rows.reset_index().to_dict("records")


def _every_level(paths: Paths, summing: Any) -> np.ndarray:
    """Sums of each path by series of all levels, (n_paths, n_series, n_months)."""
    values = paths.of(summing.bottom_ids).values.transpose(1, 0, 2)
    flat = summing.matrix.astype(np.float32) @ values.reshape(len(values), -1)
    return flat.reshape(-1, *values.shape[1:]).transpose(1, 0, 2)


def _within(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether a value lies in its range, to the precision of the paths."""
    slack = 1e-6 * np.abs(values) + 1e-9
    return (values >= low - slack) & (values <= high + slack)


def open_demo(project: Path) -> Iterator[held_out.Month]:
    """Every published month of the demo's units that has six months after it."""
    for unit in sorted(path.stem for path in (project / "parameters" / "units").glob("*.yml")):
        folders = sorted(project.glob(f"reports/????-??/{unit}/tables"))
        latest = tables.read(folders[-1], "panel")
        for folder in folders:
            origin = pd.Timestamp(folder.parent.parent.name)
            parameters = of_units.resolve(project, unit, f"{origin:%Y-%m}").parameters
            series = tables.read(folder, "series")
            bottom = series.loc[series["level"].eq(parameters.bottom), "unique_id"]
            after = latest[latest["ds"].gt(origin) & latest["unique_id"].isin(bottom)]
            if after["ds"].nunique() < WINDOW:
                continue
            forecast = tables.read(folder, "forecast")
            stages = ["reconciled", "adjusted"]
            final = forecast[
                forecast["stage"].eq(
                    [stage for stage in stages if forecast["stage"].eq(stage).any()][-1]
                )
            ]
            backtest, known = (tables.read(folder, name) for name in ("backtest", "panel"))
            method = str(forecast.loc[forecast["stage"].eq("reconciled"), "model"].iloc[0])
            past = reconcile_backtest(method, backtest, known, series, parameters=parameters)
            yield held_out.Month(
                f"demo {unit}", origin, final, past, series, known,
                after.assign(y=after["y_raw"]), parameters,
            )  # fmt: skip


def sum_up(rows: list[Row]) -> pd.DataFrame:
    """Shares by panel and kind, and over all panels of a sort."""
    frame = pd.DataFrame(rows)
    frame["sort"] = np.where(frame["panel"].str.startswith("demo"), "all of the demo", "all real")
    numbers = ["counted", "covered", "covered_added", "monthly", "width", "width_added"]
    parts = [frame.groupby([by, "kind"], sort=False)[numbers].sum() for by in ("panel", "sort")]
    sums = pd.concat([part.rename_axis(["panel", "kind"]) for part in parts])
    shares = sums[["covered", "covered_added", "monthly"]].div(sums["counted"], axis=0)
    return shares.assign(counted=sums["counted"], width=sums["width"] / sums["width_added"])


def main() -> None:
    """Draw, count, write the rows and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--earlier", action="store_true", help="origins that nothing is judged on")
    parser.add_argument("--only", default=",".join(held_out.DIMENSIONS), help="panels, by comma")
    parser.add_argument("--demo", type=Path, help="a demo company with published months")
    wanted = parser.parse_args()
    origins = held_out.EARLIER if wanted.earlier else held_out.JUDGED
    names = tuple(filter(None, wanted.only.split(",")))
    months = [*held_out.publish_all(names, find_data(), origins)] if names else []
    months += [*open_demo(wanted.demo)] if wanted.demo else []
    rows = [row for month in months for row in judge(month)]
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    wanted.out.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    shares = sum_up(rows)
    print(shares.round(3).to_string())
    for kind, row in shares.xs("all real", level="panel").iterrows() if names else ():
        held = "inside" if BAND[0] <= row["covered"] <= BAND[1] else "outside"
        print(f"{kind}: paths cover {row['covered']:.1%}, {held} 77 to 83 %; adding the monthly "
              f"intervals up covers {row['covered_added']:.1%}")  # fmt: skip


if __name__ == "__main__":
    main()
