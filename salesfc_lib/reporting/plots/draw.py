"""Frames to figures: each drawn twice, for a page and for a phone.

A tidy frame enters `draw` with the function that draws it; two SVG texts leave, 720 and 350 units wide, ready for
`components.Figure`. No number is computed here: what a figure shows, its frame holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from salesfc_lib.reporting.plots.canvas import SLIM, WIDE, axes, page_style, to_svg
from salesfc_lib.reporting.plots.lines import coverage, fan, fan_start, lines
from salesfc_lib.reporting.plots.rows import ladder, leaning, waterfall
from salesfc_lib.reporting.plots.whiskers import whiskers

__all__ = [
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

HEIGHTS = (320.0, 270.0)  # of a figure over months: on a page, on a phone
ROW, HEAD = (34.0, 50.0), 44.0  # of a figure of rows: each row, and the head above them


def draw(
    function: Callable[..., None],
    frame: pd.DataFrame,
    *,
    height: tuple[float, float] = HEIGHTS,
    width: float = WIDE,
    **options: Any,
) -> tuple[str, str]:
    """A figure for a page and one for a phone, as SVG.

    Parameters
    ----------
    function
        Draws a frame on an ax: `function(frame, ax, **options)`; one of this module's or an analyst's own.
    frame
        What it draws; figures of rows take their height from its length.
    height
        Units of both drawings.
    width
        Units of the page's; the phone's is always 350.
    """
    if function in (ladder, leaning, waterfall, whiskers):
        height = (HEAD + ROW[0] * len(frame) + 4, HEAD + ROW[1] * len(frame) + 4)
    return _draw(function, frame, (width, height[0]), options), _draw(
        function, frame, (SLIM, height[1]), options
    )


def _draw(
    function: Callable[..., None],
    frame: pd.DataFrame,
    size: tuple[float, float],
    options: dict[str, Any],
) -> str:
    with page_style():
        ax = axes(*size)
        function(frame.copy(), ax, **options)
        return to_svg(ax)
