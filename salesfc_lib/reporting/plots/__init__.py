"""Figures as SVG text: `draw` takes a frame and the function that draws it; nothing is computed."""

from __future__ import annotations

from salesfc_lib.reporting.plots.draw import draw
from salesfc_lib.reporting.plots.lines import axis_start, coverage, fan, fan_start, lines
from salesfc_lib.reporting.plots.rows import ladder, leaning, waterfall
from salesfc_lib.reporting.plots.whiskers import whiskers

__all__ = [
    "axis_start",
    "coverage",
    "draw",
    "fan",
    "fan_start",
    "ladder",
    "leaning",
    "lines",
    "waterfall",
    "whiskers",
]
