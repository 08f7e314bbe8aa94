"""Figures as SVG text: `draw` takes a frame and the function that draws it; nothing is computed."""

from __future__ import annotations

from salesfc_lib.reporting.plots.distributions import error_ranges, lag_heat_map, season
from salesfc_lib.reporting.plots.draw import draw
from salesfc_lib.reporting.plots.lines import coverage, fan, fan_start, lines
from salesfc_lib.reporting.plots.path import month_path
from salesfc_lib.reporting.plots.rows import bias_by_owner, stage_accuracy, waterfall, whiskers

__all__ = [
    "bias_by_owner",
    "coverage",
    "draw",
    "error_ranges",
    "fan",
    "fan_start",
    "lag_heat_map",
    "lines",
    "month_path",
    "season",
    "stage_accuracy",
    "waterfall",
    "whiskers",
]
