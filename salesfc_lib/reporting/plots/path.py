"""The path of a month: cumulative sales by day beside what was expected, within its band."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from salesfc_lib.foundation import amounts, text_of, wording
from salesfc_lib.reporting.plots import palette
from salesfc_lib.reporting.plots.axes import is_slim, label_axis, value_axis
from salesfc_lib.reporting.plots.canvas import margins
from salesfc_lib.reporting.plots.lines import FORECAST, end_labels, room_left
from salesfc_lib.reporting.plots.palette import ACCENT, INK, INK_2, NOTE

EVERY = (5, 10)  # days between two numbers below the axis: on a page, on a phone


def month_path(
    frame: pd.DataFrame, ax: Axes, *, scale: amounts.DisplayScale = amounts.PLAIN
) -> None:
    """Cumulative sales so far, the expected path with its band, and a line at the last day known.

    Rows by `date`: `expected`, `lo`, `hi`, and `actual`, null for days that are not complete yet.
    """
    frame = frame.sort_values("date").reset_index(drop=True)
    days, known = pd.to_datetime(frame["date"]), frame.dropna(subset=["actual"])
    step = EVERY[is_slim(ax)]
    highest = float(frame[["hi", "expected", "actual"]].max().max())
    margins(ax, left=room_left(highest / scale.divisor), right=76, top=26, bottom=28)
    ax.fill_between(frame.index, frame["lo"], frame["hi"], color=palette.BAND_80, lw=0)
    ax.plot(frame.index, frame["expected"], color=ACCENT, lw=2.25)
    ax.set_xlim(0, max(len(frame) - 1, 1))
    ax.set_ylim(bottom=min(0.0, float(frame["lo"].min())), top=highest if highest > 0 else 1.0)
    value_axis(ax, scale, keep_bottom=True)
    shown = [at for at in frame.index if (at + 1) % step == 0 or at == 0]
    label_axis(ax.xaxis, {at: str(days[at].day) for at in shown})
    if len(known):
        _draw_known(ax, known)
    last = frame.iloc[-1]
    bounds = [(text_of(f"plot.path.{name}"), float(last[name]), NOTE) for name in ("hi", "lo")]
    end_labels(ax, [*bounds, (text_of("plot.path.expected"), float(last["expected"]), FORECAST)])


def _draw_known(ax: Axes, known: pd.DataFrame) -> None:
    """Sales so far, and until when they are known."""
    at, last = int(known.index[-1]), float(known["actual"].iloc[-1])
    ax.axvline(at, color=INK_2, lw=1, ls=palette.DOTS)
    ax.plot(known.index, known["actual"], color=INK, lw=1.75)
    ax.plot([at], [last], "o", ms=6, mfc=INK, mew=0, clip_on=False)
    day = wording.day_short(pd.Timestamp(known["date"].iloc[-1]).date())
    place: dict[str, Any] = {"textcoords": "offset points", "xycoords": ("data", "axes fraction")}
    right = at < 0.5 * ax.get_xlim()[1]
    side: dict[str, Any] = {"xytext": (6 if right else -6, 6), "ha": "left" if right else "right"}
    ax.annotate(text_of("plot.path.through", day=day), (at, 1), **place, **side, **NOTE)
    below = last < float(known["expected"].iloc[-1])
    offset: dict[str, Any] = {"xytext": (8, -16 if below else 8), "textcoords": "offset points"}
    ax.annotate(text_of("plot.path.actual"), (at, last), weight="bold", **offset)
