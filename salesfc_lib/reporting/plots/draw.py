"""Frames to figures, each drawn twice: for a page and for a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import pandas as pd

from salesfc_lib.reporting.plots import distributions, rows
from salesfc_lib.reporting.plots.canvas import axes, to_svg
from salesfc_lib.reporting.plots.palette import SLIM, STYLE, WIDE

HEIGHTS = (320.0, 270.0)  # of a figure over months: on a page, on a phone
ROW = (34.0, 50.0)  # of each row in a figure of rows
OF_ROWS = (rows.bias_by_owner, rows.stage_accuracy, rows.waterfall, rows.whiskers)
BY_LABEL = (distributions.error_ranges,)  # figures with a row for each label


def draw(
    function: Callable[..., None],
    frame: pd.DataFrame,
    *,
    height: tuple[float, float] = HEIGHTS,
    width: float = WIDE,
    **options: Any,
) -> tuple[str, str]:
    """A figure for a page and one for a phone, as SVG, ready for `blocks.Figure`.

    `function(frame, ax, **options)` draws a frame on an ax; it is one of this room's or your own.
    `height` are the units of both drawings (figures of rows take theirs from the frame), `width`
    those of the page's; the phone's is always 350.
    """
    if function in OF_ROWS or function in BY_LABEL:
        count = frame["label"].nunique() if function in BY_LABEL else len(frame)
        page, phone = (rows.HEAD + row * count + 4 for row in ROW)
        height = (page, phone)
    drawings = []
    for size in ((width, height[0]), (SLIM, height[1])):
        with mpl.rc_context(STYLE):
            ax = axes(*size)
            function(frame.copy(), ax, **options)
            drawings.append(to_svg(ax))
    return drawings[0], drawings[1]
