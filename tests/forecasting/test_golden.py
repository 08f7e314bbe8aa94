"""The forecasts of one small made-up panel, and the constants that they rest on, as they were when
someone last meant to change them.

A constant in `tuning`, a default or the share of the correction that changes by accident fails
here. Where a change was meant, `python tests/forecasting/test_golden.py` writes both anew, and the
commit says what it is worth on the benchmarks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.forecasting import forecast_panel, tuning
from salesfc_lib.foundation import defaults

GOLDEN, CONSTANTS = (Path(__file__).with_suffix(end) for end in (".csv", ".json"))
BLOCKS = (
    *("horizon", "candidates", "backtest", "breaks", "driver_effects"),
    *("combine", "lifecycle", "reconcile"),
)  # of the defaults
SHOWN = 12  # series whose forecasts are kept; the others are there to learn from
HORIZON = 12
# relative; other processors round otherwise, and a tree may then split elsewhere
TOLERANCE = 1e-4


def draw_panel() -> tuple[pd.DataFrame, pd.DataFrame]:
    """History and known future: steady, patchy, intermittent, young, risen and lost series."""
    dice = np.random.default_rng(20260601)
    n, months = 60, 60 + HORIZON
    month = np.datetime64("2021-01", "M") + np.arange(months)
    of_year = month.astype(int) % 12
    level = dice.normal(0, 1, (n, 1)) + np.cumsum(dice.normal(0.003, 0.04, (n, months)), axis=1)
    season = dice.normal(0, 0.2, 12) + dice.normal(0, 0.1, (n, 12))
    promotion = (dice.random((n, months)) < 0.15) * dice.uniform(0.2, 1.0, (n, months))
    price = 20 * np.exp(np.cumsum(dice.normal(0, 0.01, (n, months)), axis=1))
    y = 100 * np.exp(level + season[:, of_year] + dice.normal(0, 0.12, (n, months)))
    y *= 1 + 0.4 * promotion
    kind = np.arange(n) % 12
    y[kind == 1] *= dice.random((n, months))[kind == 1] > 0.2
    y[kind == 2] *= dice.random((n, months))[kind == 2] > 0.65
    y[kind == 3, :40] = np.nan  # 20 months old
    y[kind == 4, :52] = np.nan  # 8 months old
    y[kind == 5, 54:] *= 1.8
    y[kind == 6, 52:] *= 0.05
    y[kind == 7, 55:] = 0.0  # ended
    rows = pd.DataFrame(
        {
            "unique_id": np.repeat([f"series {k:02d}" for k in range(n)], months),
            "ds": np.tile(month.astype("datetime64[ns]"), n),
            "y": y.ravel().round(2),
            "promotion": promotion.ravel().round(3),
            "price": price.ravel().round(2),
        }
    )
    ahead = rows["ds"] >= month[-HORIZON]
    future = rows[ahead].drop(columns="y").reset_index(drop=True)
    return rows[~ahead].dropna(ignore_index=True), future


def forecast() -> pd.DataFrame:
    """Forecasts of the series that are kept, intervals included."""
    history, future = draw_panel()
    found = forecast_panel(history, horizon=HORIZON, future=future, levels=(80, 95))
    kept = found["unique_id"] <= f"series {SHOWN - 1:02d}"
    return found[kept].drop(columns="h").reset_index(drop=True)


def test_the_forecasts_of_a_small_panel_are_those_that_were_meant() -> None:
    expected = pd.read_csv(GOLDEN, parse_dates=["ds"])
    found = forecast()
    assert found[["unique_id", "ds"]].equals(expected[["unique_id", "ds"]])
    scale = expected.groupby("unique_id")["hi-95"].transform("max").clip(lower=1.0)
    for name in expected.columns.drop(["unique_id", "ds"]):
        gap = (found[name] - expected[name]).abs() / scale
        worst = expected.loc[gap.idxmax(), "unique_id"]
        assert gap.max() < TOLERANCE, f"{name} of '{worst}' moved by {gap.max():.2%} of its size"


def list_constants() -> dict[str, Any]:
    """Constants of `tuning` and the defaults that decide about forecasts, as JSON has them."""
    tuned = {name: value for name, value in vars(tuning).items() if name.isupper()}
    chosen = defaults().model_dump(mode="json")
    found = {"tuning": tuned, "defaults": {name: chosen[name] for name in BLOCKS}}
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def test_constants_and_defaults_are_those_that_were_chosen() -> None:
    expected = json.loads(CONSTANTS.read_text(encoding="utf-8"))
    assert list_constants() == expected


if __name__ == "__main__":
    text = json.dumps(list_constants(), indent=1, sort_keys=True)
    CONSTANTS.write_text(f"{text}\n", encoding="utf-8")
    forecast().round(4).to_csv(GOLDEN, index=False, lineterminator="\n")
