"""How much of MinT's correlations is taken for noise, where the truth is known.

A simulated panel of `SERIES` series over `MONTHS` months is forecast at eight cutoffs, three months
apart and a year ahead, by the mean of the six months before: errors of one month come up to four
times, as in a backtest. `uncorrelated`: series that share nothing, whose correlations are all
noise, so that the shrinkage should be near 1. `correlated`: half of each month's variance is
shared, so that it should be well below.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.reconciliation.past_errors import BANDS, BacktestErrors
from salesfc_lib.reconciliation.projection import shrinkage_intensity

SERIES, MONTHS, HORIZON = 24, 72, 12
BACKS = (24, 21, 18, 15, 12, 9, 6, 3)
LEVEL, USED = 100.0, 6  # of sales, and months whose mean is the forecast
PANELS = {"uncorrelated": 0.0, "correlated": 1.0}  # shared over own standard deviation of a month
NOW = np.datetime64("2025-12", "M")


def measure_shrinkage(replications: int) -> Iterator[dict[str, Any]]:
    """Rows: question, panel, band (months ahead), shrinkage (mean), replications."""
    bands = {
        "all": (1, BANDS[-1][1]),
        **{f"{first} to {last}": (first, last) for first, last in BANDS},
    }
    for panel, shared in PANELS.items():
        past = [simulate(seed, shared) for seed in range(replications)]
        for band, ends in bands.items():
            errors = [each.errors_by(NOW, ends) for each in past]
            found = [shrinkage_intensity(each - each.mean(axis=0)) for each in errors]
            yield {
                "question": "shrinkage",
                "panel": panel,
                "band": band.replace(f"to {BANDS[-1][1]}", f"to {HORIZON}"),
                "shrinkage": float(np.mean(found)),
                "replications": replications,
            }


def simulate(seed: int, shared: float) -> BacktestErrors:
    """A backtest of one panel beside what happened."""
    dice, ids = np.random.default_rng(seed), [f"series {n:02d}" for n in range(SERIES)]
    noise = dice.normal(size=(MONTHS, SERIES)) + shared * dice.normal(size=(MONTHS, 1))
    months = pd.date_range(end=str(NOW), periods=MONTHS, freq="MS")
    wide = pd.DataFrame(LEVEL + LEVEL / 10 * noise, months, pd.Index(ids, name="unique_id"))
    panel = wide.stack().rename("y_raw").rename_axis(["ds", "unique_id"]).reset_index()
    rows = []
    for back in BACKS:
        known = wide.iloc[: MONTHS - back]
        for h in range(1, HORIZON + 1):
            made = {"cutoff": known.index[-1], "ds": known.index[-1] + pd.DateOffset(months=h)}
            said = known.tail(USED).mean().rename("y_hat").reset_index()
            rows.append(said.assign(h=h, **made))
    series = pd.DataFrame({"unique_id": ids, "level": "bottom", "line": ids})
    return BacktestErrors.of(pd.concat(rows), panel, series, {"bottom": ["line"]})
