"""From a panel to forecasts: candidates, backtest, weights, boosting, intervals, level shifts and
their tables.

A panel enters and becomes a `History` of arrays; point forecasts, intervals, weights with reasons
and failures leave."""

from __future__ import annotations

from salesfc_lib.forecasting.alignment import align, align_levels
from salesfc_lib.forecasting.backtest.plausibility import refusal_of
from salesfc_lib.forecasting.booked_days import find_booked_days
from salesfc_lib.forecasting.cache import ForecastCache
from salesfc_lib.forecasting.candidates.project import load_own, read_own
from salesfc_lib.forecasting.candidates.protocol import Candidate, each_series
from salesfc_lib.forecasting.candidates.registry import BASELINE, BOOSTING, QUICK
from salesfc_lib.forecasting.drivers.explain import explain_drivers
from salesfc_lib.forecasting.forecast import model_history
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.intervals import add_intervals
from salesfc_lib.forecasting.level_shifts import list_level_shifts
from salesfc_lib.forecasting.metrics import pool, score
from salesfc_lib.forecasting.tables import (
    count_inside,
    forecast_panel,
    list_backtest,
    list_candidates,
    list_failures,
    list_forecasts,
    list_past,
    list_weights,
    score_modeled,
)

__all__ = [
    "refusal_of",
    "BASELINE",
    "BOOSTING",
    "Candidate",
    "QUICK",
    "ForecastCache",
    "History",
    "add_intervals",
    "align",
    "align_levels",
    "count_inside",
    "each_series",
    "explain_drivers",
    "find_booked_days",
    "forecast_panel",
    "list_backtest",
    "list_candidates",
    "list_failures",
    "list_forecasts",
    "list_level_shifts",
    "list_past",
    "list_weights",
    "load_own",
    "model_history",
    "pool",
    "read_own",
    "score",
    "score_modeled",
]
