"""A figure of effects: one row each, a dot for the estimate and a line for its interval, against zero.

A tidy frame and an ax enter; marks and labels are drawn. The decision made here: an effect whose interval holds zero is open and grey,
because it cannot be told from none.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from salesfc_lib.reporting.plots.canvas import ACCENT, BASE, INK, PAPER, RULE, RULE_2
from salesfc_lib.reporting.plots.rows import _across, _column, _rows, _top_axis


def whiskers(frame: pd.DataFrame, ax: Axes) -> None:
    """Effects with their intervals: `label`, `value`, `low`, `high` and `text`, which stands in a column at the right."""
    at = _rows(
        ax, frame["label"], columns=1, values=pd.Series([0.0, *frame["low"], *frame["high"]])
    )
    _top_axis(ax, signed=True)
    ax.axvline(0, color=RULE_2, lw=1)
    for row, (value, low, high, text) in enumerate(
        zip(frame["value"], frame["low"], frame["high"], frame["text"], strict=True)
    ):
        clear = low > 0 or high < 0
        if row:
            ax.plot([0, 1], [row - 0.5] * 2, color=RULE, lw=1, transform=_across(ax))
        ax.plot([low, high], [at[row]] * 2, color=ACCENT if clear else BASE, lw=3)
        ax.plot(
            [value],
            [at[row]],
            "o",
            ms=9,
            mfc=ACCENT if clear else PAPER,
            mec=ACCENT if clear else BASE,
            mew=0 if clear else 1.75,
        )
        _column(ax, 0, 1, at[row], text, color=INK)
