"""How often sums of three months fell into their 80 % interval: from paths, and by adding months.

Forecasts of past cutoffs and the panel enter; table `sum_coverage` leaves. At each cutoff intervals
and paths are made from errors that were known by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from salesfc_lib.forecasting import add_intervals
from salesfc_lib.foundation import schema, tables
from salesfc_lib.handover.decisions.paths import Paths, bound, draw_paths

MONTHS = 3
COUNT = 200  # paths of a cutoff
LEAST = 3  # earlier cutoffs from whose errors paths can be drawn
EDGES = ("lo-80", "hi-80")


def cover_sums(
    past: pd.DataFrame,
    panel: pd.DataFrame,
    series: pd.DataFrame,
    levels: Mapping[str, Sequence[str]],
    *,
    shown: Sequence[str],
    rule: schema.Lifecycle,
) -> pd.DataFrame:
    """Table `sum_coverage` of the levels `shown`; past: coherent forecasts of earlier cutoffs."""
    actual = panel.pivot(index="ds", columns="unique_id", values="y_raw")
    cutoffs = np.sort(past["cutoff"].unique())
    judged = []
    for place, cutoff in enumerate(cutoffs):
        ahead = pd.date_range(cutoff, periods=MONTHS + 1, freq="MS")[1:]
        if place < LEAST or ahead[-1] > actual.index[-1]:
            continue
        rows = past[past["cutoff"].eq(cutoff) & past["h"].le(MONTHS)]
        widened = add_intervals(rows, past, panel, series, rule=rule)
        own = series[series["unique_id"].isin(rows["unique_id"])]
        before, known = past[past["cutoff"] < cutoff], panel[panel["ds"] <= cutoff]
        paths = draw_paths(widened, before, known, own, bottom=[*levels][-1], count=COUNT)
        sold = actual.reindex(ahead).sum(min_count=MONTHS)
        for level in shown:
            sums = paths.at_level(own, levels, level)
            judged.append(_judge(sums, widened, sold).assign(level=level))
    if not judged:
        return tables.empty("sum_coverage")
    every = pd.concat(judged).groupby(["level", "way"], sort=False).sum().reset_index()
    return tables.build(every, "sum_coverage")


def _judge(sums: Paths, widened: pd.DataFrame, sold: pd.Series) -> pd.DataFrame:
    """What fell inside at one cutoff, by both ways; sums: paths of the series judged."""
    totals = sums.values.sum(axis=2, dtype=np.float64)
    drawn = pd.DataFrame(dict(zip(EDGES, bound(totals, 80), strict=True)), sums.ids)
    added = widened.groupby("unique_id")[[*EDGES]].sum(min_count=MONTHS).loc[sums.ids]
    found = []
    for way, edges in {"paths": drawn, "added": added}.items():
        there = edges.join(sold.rename("sold")).dropna()
        inside = there["sold"].between(there["lo-80"], there["hi-80"])
        width = float((there["hi-80"] - there["lo-80"]).sum())
        row = {"way": way, "inside": int(inside.sum()), "n": len(there), "width": width}
        found.append({**row, "sold": float(there["sold"].sum())})
    return pd.DataFrame(found)
