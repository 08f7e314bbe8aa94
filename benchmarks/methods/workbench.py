"""The workbench's own engine with the defaults that the notebooks use: what the benchmark is
about.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from measure import LEVELS


def forecast(history: pd.DataFrame, future: pd.DataFrame, settings: dict[str, Any]) -> pd.DataFrame:
    """unique_id, ds, y_hat, lo-50 .. hi-95; the engine sees the columns known ahead and no
    others.
    """
    from salesfc_lib.forecasting import forecast_panel

    known = settings["known"]
    ahead = future if known else None
    return forecast_panel(
        history[["unique_id", "ds", "y", *known]],
        horizon=settings["horizon"],
        future=ahead,
        levels=LEVELS,
    )
