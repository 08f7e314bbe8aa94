"""From cleaned tables to the panel of all levels that models learn from.

Transactions and side tables enter; outliers are replaced where that is agreed, and every level is
summed. The cleaning step and a rerun under other parameters call the same function.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from salesfc_lib.foundation import Parameters
from salesfc_lib.panel.aggregation import aggregate
from salesfc_lib.panel.build import build_panel
from salesfc_lib.panel.gaps import check_panel, fill_gaps
from salesfc_lib.panel.hierarchy import build_series
from salesfc_lib.panel.plans import list_recalled


def build_tables(
    cleaned: Mapping[str, pd.DataFrame],
    parameters: Parameters,
    month: str,
    *,
    unit: str,
    known_before: pd.Timestamp | None = None,
) -> dict[str, pd.DataFrame]:
    """Tables series, panel, future, recalled, plan, outliers and censored, by name.

    `cleaned` holds transactions, promotion, event, driver and inventory; `known_before` is as
    `build_panel` takes it.
    """
    from salesfc_lib import cleaning

    side = {name: cleaned[name] for name in ("promotion", "event", "driver")}
    bottom = build_panel(
        cleaned["transactions"], parameters, month, known_before=known_before, **side
    )
    settings, judge = parameters.cleaning, cleaning.outliers
    short = judge.find_stock_outs(cleaned["inventory"], bottom.series, bottom.panel)
    outliers, censored = judge.judge_months(
        bottom.panel, settings=settings.outliers, censored=short
    )
    trained = judge.apply_outliers(bottom.panel, outliers, settings.outliers.treatment)
    trained = judge.apply_stock_outs(trained, censored, settings.stock_outs)
    lag, levels = parameters.horizon, parameters.levels
    series = build_series(bottom.series, levels)
    panel = aggregate(check_panel(fill_gaps(trained), unit), series, levels, lag=lag)
    future = aggregate(bottom.future, series, levels, lag=lag, sold=bottom.panel)
    now = pd.concat([panel, future], ignore_index=True)
    return {
        "series": series,
        "panel": panel,
        "future": future,
        "recalled": list_recalled(bottom.recalled, now, series, levels, lag=lag, sold=bottom.panel),
        "plan": bottom.plans,
        "outliers": outliers,
        "censored": censored,
    }
