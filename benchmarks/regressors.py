"""What known promotions and prices are worth: forecasts that know the coming ones beside blind.

    python benchmarks/regressors.py --out regressors.json [--full] [--data DIR]

Writes a list of rows: panel, origin, months (promotion, other, all), method (aware or blind), rows,
mase, wape, bias, seconds, and in those of `aware` mase_change_percent and wape_change_percent
against the blind one (below zero: better). On months that are not judged, at two origins: stallion,
all series, with price, discount and the calendar's days and events, promotion months those whose
discount lies a quarter above the median of the series' history; pasta with the share of promoted
days, promotion months those above a tenth. The blind forecast is the same engine without any of
these columns.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from accuracy import Row, write
from earlier import change_percent, join_actual, judge_rows, lacks_data, lay_out, open_panels, parse
from reading import Panel
from salesfc_lib.forecasting.forecast import model_history
from salesfc_lib.foundation.parameters import defaults
from scores import find_scales

PROMOTED = 0.1  # share of promoted days from which a month is one of promotion
DISCOUNTED = 1.25  # times the median discount of the series' history
LEAST_DISCOUNT = 1.0  # in the data's unit: what stands for the median where it is next to nothing


def find_discounted(panel: Panel) -> pd.Series:
    """Whether a coming month's discount lies a quarter above the series' median: index as
    `future`.
    """
    usual = panel.history.groupby("unique_id")["discount"].median().clip(lower=LEAST_DISCOUNT)
    return panel.future["discount"] > DISCOUNTED * panel.future["unique_id"].map(usual)


def find_promoted(panel: Panel) -> pd.Series:
    """Whether more than a tenth of a coming month's days are promoted: index as `future`."""
    return panel.future["promotion"] > PROMOTED


PROMOTIONS: dict[str, Callable[[Panel], pd.Series]] = {
    "stallion": find_discounted,
    "pasta": find_promoted,
}


def compare(panel: Panel, promoted: pd.Series) -> list[Row]:
    """Rows of one panel: the aware and the blind forecast in months of promotion, others and all;
    `promoted` as the index of `future`.
    """
    marks = panel.future[["unique_id", "ds"]].assign(promoted=promoted.to_numpy())
    scales, found = find_scales(panel.history), {}
    for method in ("blind", "aware"):
        joined, seconds = forecast(panel, blind=method == "blind")
        found[method] = (joined.merge(marks, on=["unique_id", "ds"], how="left"), seconds)
    rows = [
        {
            "months": months,
            "method": method,
            "rows": int(chosen.sum()),
            **judge_rows(joined[chosen], scales),
            "seconds": seconds,
        }
        for months in ("promotion", "other", "all")
        for method, (joined, seconds) in found.items()
        for chosen in [choose(joined, months)]
        if chosen.any()
    ]
    return add_changes(rows)


def forecast(panel: Panel, *, blind: bool) -> tuple[pd.DataFrame, float]:
    """Held-back rows beside their forecast, and the seconds it took."""
    history = lay_out(panel, blind=blind)
    started = time.perf_counter()
    values = model_history(history, defaults(), horizon=panel.reach).combined[0]
    return join_actual(panel, history, values), time.perf_counter() - started


def choose(joined: pd.DataFrame, months: str) -> np.ndarray:
    """Rows of these months (n_rows,)."""
    promoted = joined["promoted"].to_numpy(dtype=bool)
    return {"promotion": promoted, "other": ~promoted, "all": np.full(len(joined), True)}[months]


def add_changes(rows: list[Row]) -> list[Row]:
    """Rows with how much worse the aware forecast is than the blind one of the same months, in
    percent.
    """
    blind = {row["months"]: row for row in rows if row["method"] == "blind"}
    return [
        {
            **row,
            **{
                f"{name}_change_percent": change_percent(row[name], blind[row["months"]][name])
                for name in ("mase", "wape")
            },
        }
        if row["method"] == "aware"
        else row
        for row in rows
    ]


def draw(row: Row) -> str:
    """A row as text."""
    change = (
        f" {row['mase_change_percent']:+7.1f} % {row['wape_change_percent']:+7.1f} %"
        if row["method"] == "aware"
        else ""
    )
    scores = f"{row['mase']:.3f} {row['wape']:.3f} {row['bias']:+.3f}"
    name = f"{row['panel']:<9} {row['origin']:<20} {row['months']:<9} {row['method']:<5}"
    return f"{name} {row['rows']:>5} {scores}{change}"


def main() -> None:
    """Measure, write the rows and print them."""
    wanted = parse(__doc__).parse_args()
    if lacks_data(wanted):
        return
    rows: list[Row] = []
    for origin, panel in open_panels(wanted.data, tuple(PROMOTIONS)):
        rows += [
            {"panel": panel.name, "origin": origin, **row}
            for row in compare(panel, PROMOTIONS[panel.name](panel))
        ]
        write(wanted.out, rows)
    print(
        "panel     origin               months    method rows  mase  wape   bias  "
        "change of mase and wape",
        *map(draw, rows),
        sep="\n",
    )


if __name__ == "__main__":
    main()
