"""Figures over months or lags: the fan of a forecast, lines, coverage of the intervals.

There is no legend: every line is named where it ends, and names are moved apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from salesfc_lib.foundation import amounts, text_of, wording
from salesfc_lib.reporting.plots import palette
from salesfc_lib.reporting.plots.axes import (
    PHONE,
    is_slim,
    iso_month,
    label_axis,
    month_number,
    month_short,
    ticks_between,
    value_axis,
)
from salesfc_lib.reporting.plots.canvas import margins, text_width, wrap
from salesfc_lib.reporting.plots.palette import ACCENT, BASE, DASHES, INK, INK_2, NOTE, SIZE, SMALL

LINE_HEIGHT = 15.0  # units between two lines of labels
CLEAR = 5.0  # units between a label and the line below it
LEVELS = (80, 95)  # per cent of the intervals whose coverage is drawn
WHOLE = 100.0  # per cent: an axis of shares does not go beyond
BOUNDS = ["lo-80", "hi-80", "lo-95", "hi-95"]
FORECAST, ACTUAL = {"color": ACCENT, "weight": "bold"}, {"color": INK, "weight": "bold"}
# how a group of `lines` is drawn: its line, its label, whether a dot ends it
ROLES: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "forecast": ({"color": ACCENT, "lw": 2.25}, FORECAST, True),
    "mean": ({"color": ACCENT, "lw": 1.5, "ls": DASHES}, {"color": ACCENT}, False),
    "baseline": ({"color": BASE, "lw": 1.75}, NOTE, False),
    "actual": ({"color": INK, "lw": 1.75}, ACTUAL, False),
    # what departments expect, told apart by their dashes
    **{
        f"view{n}": ({"color": INK_2, "lw": 1.5, "ls": dashes}, NOTE, False)
        for n, dashes in enumerate(palette.VIEWS)
    },
}


def fan_start(frame: pd.DataFrame) -> float:
    """Where the axis of this frame's fan starts, in the frame's units.

    0 unless all values lie in the upper half of the axis; above 0 the subtitle has to say it.

    >>> at = lambda *y: pd.DataFrame({"y": y, "y_hat": np.nan, "lo-80": np.nan, "lo-95": np.nan})
    >>> fan_start(at(30.0, 60.0)), fan_start(at(10.0, 60.0))
    (20.0, 0.0)
    """
    values = frame[["y", "y_hat", "lo-95", "lo-80"]].to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    if not values.size or values.min() <= 0 or values.min() < 0.45 * values.max():
        return 0.0
    low, high = values.min(), values.max()
    return max(0.0, ticks_between(low - 0.15 * (high - low), high)[0])


def fan(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    cutoff: str,
    scale: amounts.DisplayScale = amounts.PLAIN,
    earlier: float | None = None,
    named: Sequence[str] = (),
) -> None:
    """History, forecast and its 80 % and 95 % bands, on an axis divided by `scale`.

    Rows by `ds` (month), `y` (actual, null after the cutoff), `y_hat`, `lo-80`, `hi-80`, `lo-95`,
    `hi-95` (null through it). `cutoff` is the last month of data, 'YYYY-MM'; `earlier` what was
    forecast before for that month: an open circle, which `named` labels.
    """
    frame = frame.sort_values("ds").reset_index(drop=True)
    frame["x"] = [month_number(ds) for ds in frame["ds"]]
    end, start, slim = month_number(f"{cutoff}-01"), fan_start(frame), is_slim(ax)
    if slim:
        frame = frame[frame["x"] > end - 20]
    drawn = frame[["y", "y_hat", "lo-95", "hi-95"]].to_numpy(dtype=float)
    lowest, highest = float(np.nanmin(drawn)), float(np.nanmax(drawn))
    margins(ax, left=room_left(highest / scale.divisor), right=72, top=26, bottom=28)
    past, ahead = frame[frame["x"] <= end], frame[frame["x"] > end]
    seam = past.tail(1)
    ahead = pd.concat([seam.assign(**dict.fromkeys(["y_hat", *BOUNDS], seam["y"])), ahead])
    for level, colour in ((95, palette.BAND_95), (80, palette.BAND_80)):
        low, high = (ahead[f"{side}-{level}"].astype(float) for side in ("lo", "hi"))
        ax.fill_between(ahead["x"], low, high, color=colour, lw=0)
    ax.axvline(end, color=INK_2, lw=1, ls=palette.DOTS)
    ax.plot(past["x"], past["y"], color=INK, lw=1.75)
    ax.plot(ahead["x"], ahead["y_hat"], color=ACCENT, lw=2.25)
    ax.set_xlim(frame["x"].min(), frame["x"].max())
    ax.set_ylim(bottom=min(start, lowest), top=None if highest > 0 else scale.divisor)
    value_axis(ax, scale, keep_bottom=True)
    _year_axis(ax, int(frame["x"].min()), int(frame["x"].max()))
    _cutoff_labels(ax, past, cutoff, earlier, next(iter(named), ""))
    last = ahead.iloc[-1]
    ends = [(wording.percent_label(level), last[f"hi-{level}"], NOTE) for level in (95, 80)]
    end_labels(ax, [*ends, (text_of("head.forecast"), last["y_hat"], FORECAST)])


def lines(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    roles: Mapping[str, str],
    x: str = "ds",
    floor: float | None = None,
    percent: bool = True,
) -> None:
    """Lines by group, each named at its end.

    Rows by `group` and x, which is `ds` (months) or `h` (months ahead, drawn from the farthest to
    the nearest); `value` is what is drawn, a share where `percent`. `roles` says how each group is
    drawn (`ROLES`), in this order; `floor` is a dashed limit.
    """
    places = _month_places if x == "ds" else _lag_places
    position, ticks = places(frame[x], ax.figure.bbox.width)
    factor, width, ends = 100.0 if percent else 1.0, 74.0 if is_slim(ax) else 104.0, []
    shown = frame.assign(at=frame[x].map(position), value=frame["value"] * factor)
    shown = shown.sort_values("at").dropna(subset=["value"])
    margins(ax, left=room_left(float(shown["value"].max())), right=width + 14, top=14, bottom=30)
    for group, role in roles.items():
        rows = shown[shown["group"] == group]
        if rows.empty:
            continue
        style, label, dotted = ROLES[role]
        ax.plot(rows["at"], rows["value"], **style)
        if dotted:
            dots = rows if x == "h" else rows.tail(1)
            ax.plot(dots["at"], dots["value"], "o", ms=7, mfc=ACCENT, mew=0, ls="none")
        ends.append((group, float(rows["value"].iloc[-1]), label))
    if floor is not None:
        ax.axhline(floor * factor, color=INK_2, lw=1, ls=DASHES)
        ends.append((text_of("plot.floor"), floor * factor, NOTE))
    ax.set_xlim(0, max([*position.values(), 1]) * 1.015)
    if not percent:
        ax.set_ylim(bottom=min(0.0, float(shown["value"].min())))
    elif shown["value"].max() <= WHOLE:
        ax.set_ylim(top=min(ax.get_ylim()[1], WHOLE))
    value_axis(ax, amounts.PLAIN)
    label_axis(ax.xaxis, ticks)
    end_labels(ax, ends, width)


def coverage(frame: pd.DataFrame, ax: Axes, *, band: tuple[float, float] | None = None) -> None:
    """Share of actuals inside each interval by months ahead, beside the nominal share (dashed).

    Rows by `h` and `level` (percent); `share` between 0 and 1. `band`: accepted shares, shaded.
    """
    if band is not None:
        ax.axhspan(band[0] * 100, band[1] * 100, color=palette.BAND_95, lw=0, zorder=0)
    names = {
        level: text_of("plot.interval", level=wording.percent_label(level)) for level in LEVELS
    }
    named = frame.assign(group=frame["level"].map(names), value=frame["share"])
    lines(named, ax, roles=dict.fromkeys(names.values(), "forecast"), x="h")
    for level in LEVELS:
        ax.axhline(level, color=INK_2, lw=1, ls=DASHES)


def room_left(highest: float) -> float:
    """Room for the numbers of an axis that reaches `highest`."""
    top = ticks_between(0.0, highest)[-1] if np.isfinite(highest) else 0.0
    return max(34.0, text_width(wording.number(top), SMALL) + 14)


def _year_axis(ax: Axes, first: int, last: int) -> None:
    room = ax.get_position().width * ax.figure.bbox.width / max(last - first, 1)  # units a month
    label_axis(ax.xaxis, _year_names(first, last, room))


def _year_names(first: int, last: int, room: float) -> dict[int, str]:
    """January of each year for which there is room, or of every second, and the last month."""
    januaries = [x for x in range(first, last + 1) if x % 12 == 0]
    januaries = [x for x in januaries if (last - x) * room > 52 and (x - first) * room > 20]
    step = 1 if not januaries or 12 * room > 62 else 2  # units that 'Jan 2025' takes
    names = {x: text_of("plot.january", month=iso_month(x)) for x in januaries[::-1][::step]}
    return names | {last: month_short(last)}


def _month_places(months: pd.Series, width: float) -> tuple[dict[Any, int], dict[int, str]]:
    """Position of each month, and the names of as many as have room (34 units each), or of years
    beyond twelve months.
    """
    there = sorted(months.unique())
    first = month_number(there[0]) if there else 0
    position = {ds: month_number(ds) - first for ds in there}
    last = max(position.values(), default=0)
    room = (width - 140) / max(last, 1)
    if last > 12:
        names = _year_names(first, first + last, room)
        return position, {at - first: name for at, name in names.items()}
    step = next((step for step in (1, 3, 6) if room * step >= 34), 12)
    named = [at for at in range(0, last + 1, step) if at == last or (last - at) * room >= 34]
    return position, {at: month_short(first + at) for at in [*named, last]}


def _lag_places(lags: pd.Series, width: float) -> tuple[dict[Any, int], dict[int, str]]:
    """Position of each lag and its number, the nearest in words where there is room for them."""
    there = [int(lag) for lag in sorted(lags.unique(), reverse=True)]
    largest = there[0] if there else 0
    crowded = (width - 150) / max(largest, 1) < 66  # units of half of `plot.nearest` and the next
    names = {1: "1" if width < PHONE or crowded else text_of("plot.nearest")}
    return {h: largest - h for h in there}, {largest - h: names.get(h, str(h)) for h in there}


def _cutoff_labels(
    ax: Axes, past: pd.DataFrame, cutoff: str, earlier: float | None, named: str
) -> None:
    if past.empty:
        return
    end, last = past["x"].iloc[-1], past["y"].iloc[-1]
    left: dict[str, Any] = {"textcoords": "offset points", "ha": "right"}
    text, above = text_of("plot.through", month=cutoff), ("data", "axes fraction")
    ax.annotate(text, (end, 1), xycoords=above, xytext=(-6, 6), **left, **NOTE)
    if earlier is not None:
        ax.plot([end], [earlier], "o", ms=8, mfc=palette.PAPER, mec=ACCENT, mew=1.75, clip_on=False)
        right, at = ax.transData.transform((end, earlier))
        place = clear_place(ax, past, right - 9 - text_width(named), at)
        ax.text(right - 9, place, named, color=ACCENT, ha="right", transform=None)
    if np.isfinite(last):
        ax.plot([end], [last], "o", ms=6, mfc=INK, mew=0, clip_on=False)


def clear_place(ax: Axes, past: pd.DataFrame, begin: float, at: float) -> float:
    """Where a label from `begin` to the last month stands clear of the line, nearest to `at`: below
    it or above it, in units of the figure.
    """
    drawn = ax.transData.transform(past[["x", "y"]].dropna().to_numpy(dtype=float))
    beside = drawn[max(0, np.searchsorted(drawn[:, 0], begin) - 1) :, 1]
    heights = [at, *beside]
    below, above = min(heights) - LINE_HEIGHT, max(heights) + CLEAR
    fits = [each for each in (below, above) if ax.bbox.y0 < each < ax.bbox.y1 - LINE_HEIGHT]
    return min(fits or [above], key=lambda each: abs(each - at))


def end_labels(
    ax: Axes, ends: Sequence[tuple[str, float, dict[str, Any]]], width: float = 60.0
) -> None:
    """Names at the right edge, moved apart so that none covers another or those below the axis."""
    ends = sorted((end for end in ends if np.isfinite(end[1])), key=lambda end: -end[1])
    wrapped = [wrap(name, width, style.get("size", SIZE)) for name, _, style in ends]
    at = [float(ax.transData.transform((0, value))[1]) for _, value, _ in ends]
    heights = [len(text) * LINE_HEIGHT for text in wrapped]
    places = spread(at, heights, float(ax.bbox.y0) + LINE_HEIGHT / 2)
    right = float(ax.bbox.x1) + 8
    for text, place, (_, _, style) in zip(wrapped, places, ends, strict=True):
        for line, part in enumerate(text):
            ax.text(right, place - line * LINE_HEIGHT - 4.5, part, transform=None, **style)


def spread(
    places: Sequence[float], heights: Sequence[float], lowest: float = -math.inf
) -> list[float]:
    """Places from the top down, pushed apart so that each has its height: the nearest such places
    from `lowest` on.

    >>> spread([100.0, 98.0, 20.0], [15.0, 15.0, 15.0]), spread([9.0, 9.0], [15.0, 15.0], 8.0)
    ([106.5, 91.5, 20.0], [23.0, 8.0])
    """
    if not places:
        return []
    from scipy.optimize import isotonic_regression

    above = np.cumsum([0.0, *heights[:-1]])  # height of all labels before each
    below = lowest + above[-1] - above  # where each stands when all stand as low as they can
    packed = isotonic_regression(np.add(places, above), increasing=False).x
    return [float(place) for place in np.maximum(packed - above, below)]
