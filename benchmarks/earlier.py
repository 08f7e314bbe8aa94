"""Panels of earlier months, from which settings may be chosen, and how a forecast of them is
judged.

The public data sets enter; a `Panel` whose held-back months end before the judged ones leaves, and
plain numbers of a forecast. Two origins: the latest that leaves the judged
months alone (12 months before the end; 18 for m3) and one half a horizon before it.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import panels
from accuracy import INTERMITTENT, match, write
from measure import INTERVALS
from reading import KNOWN, Panel, hold_back, name_columns, sum_months
from salesfc_lib.forecasting.alignment import align
from salesfc_lib.forecasting.history import History
from scores import find_scales, score

ORIGINS = {
    "latest": 12,
    "half a year earlier": 18,
}  # months removed, in proportion to the panel's horizon
NAMES = ("iowa", "m3", "stallion", "pasta", "carparts")

Row = dict[str, Any]


def open_panels(
    data: Path, names: tuple[str, ...] = NAMES, *, origins: int = 2
) -> Iterator[tuple[str, Panel]]:
    """Each panel at each origin, with the name of the origin."""
    for name in names:
        for origin in list(ORIGINS)[:origins]:
            yield origin, open_panel(panels.build_panel(name, data, earlier=ORIGINS[origin]), name)


def open_panel(rows: pd.DataFrame, name: str) -> Panel:
    """The panel of rows (unique_id, ds, y, regressors) that `panels` built; its horizon by its
    name.
    """
    notes: list[str] = []
    months = sum_months(name_columns(rows, KNOWN, notes), notes)
    return hold_back(months, name, panels.HORIZON.get(name, 12), notes)


def lay_out(panel: Panel, *, blind: bool = False) -> History:
    """The history as the workbench sees it, with what is known ahead unless `blind`."""
    known = [] if blind else list(panel.known)
    rows = panel.history[["unique_id", "ds", "y", *known]]
    return align(rows, panel.future if known else None, horizon=panel.reach)


def take_series(panel: Panel, count: int) -> Panel:
    """The panel with `count` of its series, drawn with a fixed seed; all where it has no more."""
    kept = panels.draw_series(panel.history, count)["unique_id"].unique()
    frames = {name: getattr(panel, name) for name in ("history", "future", "actual")}
    return replace(
        panel,
        **{
            name: rows[rows["unique_id"].isin(kept)].reset_index(drop=True)
            for name, rows in frames.items()
        },
    )


def judge(panel: Panel, history: History, values: np.ndarray) -> Row:
    """mase, rmsse, wape and bias of forecasts (n, reach) of a history's series."""
    return _pick(score(join_actual(panel, history, values), find_scales(panel.history)))


def join_actual(panel: Panel, history: History, values: np.ndarray) -> pd.DataFrame:
    """Held-back rows, each beside its forecast."""
    steps = np.arange(1, values.shape[1] + 1)
    months = (history.last[:, None] + steps).astype("datetime64[ns]").ravel()
    rows = pd.DataFrame(
        {"unique_id": np.repeat(history.ids, len(steps)), "ds": months, "y_hat": values.ravel()}
    )
    return match(panel, rows.assign(**dict.fromkeys(INTERVALS, np.nan)))


def judge_rows(rows: pd.DataFrame, scales: pd.DataFrame) -> Row:
    """The same of some of the rows that `join_actual` gives."""
    return _pick(score(rows, scales))


def _pick(found: dict[str, float]) -> Row:
    return {name: found[name] for name in ("mase", "rmsse", "wape", "bias")}


def choose_measure(panel: Panel) -> str:
    """What the panel is judged by: rmsse where half of its history or more is zeros, else mase."""
    return "rmsse" if float((panel.history["y"].dropna() == 0).mean()) >= INTERMITTENT else "mase"


def change_percent(value: float | None, base: float | None) -> float | None:
    """How much worse a value is than another, in percent; null where either is missing.

    >>> change_percent(1.1, 1.0)
    10.0
    """
    if value is None or not base or not math.isfinite(value):
        return None
    return round(100 * (value / base - 1), 3)


def parse(doc: str | None) -> argparse.ArgumentParser:
    """The command line of a script that reads earlier months."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0] if doc else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=panels.find_data())
    parser.add_argument(
        "--full", action="store_true", help="all that can be measured, however long it takes"
    )
    return parser


def lacks_data(wanted: argparse.Namespace) -> bool:
    """Whether there are no public data sets; then says so and writes no rows."""
    if wanted.data.is_dir():
        return False
    write(wanted.out, [])
    print(f"No public data sets at '{wanted.data}': set SALESFC_DATA. Nothing was measured.")
    return True
