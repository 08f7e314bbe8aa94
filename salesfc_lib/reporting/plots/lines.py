"""Figures over months or lags: the fan of a forecast, lines with their names at the end, coverage of the intervals.

A tidy frame and an ax enter; lines, bands and labels are drawn. The decision made here: no legend. Every line is
named where it ends, and names are moved apart until they can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.plots.canvas import (
    ACCENT,
    BAND_80,
    BAND_95,
    BASE,
    INK,
    INK_2,
    PAPER,
    SIZE,
    SMALL,
    text_width,
    wrap,
)

LINE_HEIGHT = 15.0  # units between two lines of labels
LEVELS = (80, 95)  # per cent of the intervals whose coverage is drawn
PHONE = 400.0  # a canvas narrower than this is a phone's
ROLES: dict[str, dict[str, Any]] = {
    "forecast": {
        "color": ACCENT,
        "lw": 2.25,
        "label": {"color": ACCENT, "weight": "bold"},
        "dot": True,
    },
    "mean": {"color": ACCENT, "lw": 1.5, "ls": (0, (5, 3)), "label": {"color": ACCENT}},
    "baseline": {"color": BASE, "lw": 1.75, "label": {"color": INK_2, "size": SMALL}},
    "actual": {"color": INK, "lw": 1.75, "label": {"color": INK, "weight": "bold"}},
}


def axis_start(values: Sequence[float]) -> float:
    """Where the axis of a fan starts: 0 unless all values lie in the upper half of it; a cut axis is said in the subtitle.

    >>> axis_start([30.0, 60.0]), axis_start([10.0, 60.0])
    (20.0, 0.0)
    """
    there = [value for value in values if value is not None and np.isfinite(value)]
    if not there or min(there) <= 0 or min(there) < 0.45 * max(there):
        return 0.0
    ticks = MaxNLocator(nbins=5, steps=[1, 2, 5, 10]).tick_values(
        min(there) - 0.15 * (max(there) - min(there)), max(there)
    )
    return float(max(0.0, ticks[0]))


def fan_start(frame: pd.DataFrame) -> float:
    """Where the axis of this frame's fan starts, in the frame's units; above 0 the subtitle has to say it."""
    return axis_start(
        frame[["y", "y_hat", "lo-95", "lo-80"]].to_numpy(dtype=float).ravel().tolist()
    )


def fan(
    frame: pd.DataFrame,
    ax: Axes,
    *,
    cutoff: str,
    scale: wording.Scale = wording.SCALES[-1],
    earlier: float | None = None,
    named: Sequence[str] = (),
) -> None:
    """History, forecast and its 80 % and 95 % bands.

    Parameters
    ----------
    frame
        Rows by `ds` (month), `y` (actual, null after the cutoff), `y_hat`, `lo-80`, `hi-80`, `lo-95`, `hi-95` (null through it).
    cutoff
        The last month of data, 'YYYY-MM'.
    scale
        The axis is divided by it.
    earlier
        What was forecast before for the month of the cutoff: an open circle.
    named
        Label of the open circle.
    """
    frame = frame.sort_values("ds").reset_index(drop=True)
    end = _month_number(pd.Timestamp(f"{cutoff}-01"))
    frame["x"] = [_month_number(ds) for ds in frame["ds"]]
    start = fan_start(frame)
    if _slim(ax):
        frame = frame[frame["x"] > end - 20]
    margins(ax, left=_left(frame, scale), right=72 if not _slim(ax) else 68, top=26, bottom=28)
    past, ahead = frame[frame["x"] <= end], frame[frame["x"] > end]
    seam = past.tail(1).assign(
        **{name: past["y"].tail(1) for name in ("y_hat", "lo-80", "hi-80", "lo-95", "hi-95")}
    )
    ahead = pd.concat([seam, ahead])
    for level, colour in ((95, BAND_95), (80, BAND_80)):
        ax.fill_between(
            ahead["x"],
            ahead[f"lo-{level}"].astype(float),
            ahead[f"hi-{level}"].astype(float),
            color=colour,
            lw=0,
        )
    ax.axvline(end, color=INK_2, lw=1, ls=(0, (2, 3)))
    ax.plot(past["x"], past["y"], color=INK, lw=1.75)
    ax.plot(ahead["x"], ahead["y_hat"], color=ACCENT, lw=2.25)
    ax.set_xlim(frame["x"].min(), frame["x"].max())
    ax.set_ylim(bottom=start)
    value_axis(ax, scale, keep_bottom=True)
    _year_axis(ax, int(frame["x"].min()), int(frame["x"].max()))
    _cutoff_labels(ax, past, cutoff, earlier, (list(named) or [""])[0])
    _end_labels(
        ax,
        [
            (
                f"{level}{wording.THIN}%",
                ahead[f"hi-{level}"].iloc[-1],
                {"color": INK_2, "size": SMALL},
            )
            for level in (95, 80)
        ]
        + [("Forecast", ahead["y_hat"].iloc[-1], {"color": ACCENT, "weight": "bold"})],
    )


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

    Parameters
    ----------
    frame
        Rows by `group` and x; `value` is what is drawn (a share where `percent`).
    roles
        How each group is drawn: forecast, mean, baseline or actual; groups are drawn in this order.
    x
        `ds` (months) or `h` (months ahead, drawn from the farthest to the nearest).
    floor
        A dashed limit.
    """
    position, ticks = (_month_positions if x == "ds" else _lag_positions)(
        frame[x], ax.figure.bbox.width
    )
    factor = 100.0 if percent else 1.0
    ends = []
    width = 74.0 if _slim(ax) else 104.0
    margins(ax, left=34, right=width + 14, top=14, bottom=30)
    for group, role in roles.items():
        rows = (
            frame[frame["group"] == group]
            .assign(at=lambda part: part[x].map(position))
            .sort_values("at")
            .dropna(subset=["value"])
        )
        if rows.empty:
            continue
        style = ROLES[role]
        ax.plot(
            rows["at"],
            rows["value"] * factor,
            color=style["color"],
            lw=style["lw"],
            ls=style.get("ls", "-"),
        )
        if style.get("dot"):
            dots = rows if x == "h" else rows.tail(1)
            ax.plot(
                dots["at"], dots["value"] * factor, "o", ms=7, mfc=style["color"], mew=0, ls="none"
            )
        ends.append((group, float(rows["value"].iloc[-1] * factor), style["label"]))
    if floor is not None:
        ax.axhline(floor * factor, color=INK_2, lw=1, ls=(0, (5, 3)))
        ends.append(("Floor", floor * factor, {"color": INK_2, "size": SMALL}))
    span = max(position.values(), default=0)
    ax.set_xlim(0, max(span, 1) * 1.015)
    value_axis(ax, wording.SCALES[-1])
    ax.xaxis.set_major_locator(FixedLocator(list(ticks)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda at, _: ticks.get(round(at), "")))
    _end_labels(ax, ends, width)


def coverage(frame: pd.DataFrame, ax: Axes, *, band: tuple[float, float] | None = None) -> None:
    """Share of actuals inside each interval by months ahead, beside the share that was promised (dashed).

    Rows by `h` and `level` (percent); `share` between 0 and 1. `band`: shares that are agreed to be as promised, shaded.
    """
    if band is not None:
        ax.axhspan(band[0] * 100, band[1] * 100, color=BAND_95, lw=0, zorder=0)
    wide = frame.assign(
        group=[f"{level}{wording.THIN}% interval" for level in frame["level"]], value=frame["share"]
    )
    lines(
        wide, ax, roles={f"{level}{wording.THIN}% interval": "forecast" for level in LEVELS}, x="h"
    )
    for level in LEVELS:
        ax.axhline(level, color=INK_2, lw=1, ls=(0, (5, 3)))


def margins(ax: Axes, *, left: float, right: float, top: float, bottom: float) -> None:
    """Place the ax inside its figure, with margins in units."""
    width, height = ax.figure.bbox.width, ax.figure.bbox.height
    ax.set_position(
        (
            left / width,
            bottom / height,
            max(width - left - right, 40) / width,
            max(height - top - bottom, 40) / height,
        )
    )


def value_axis(ax: Axes, scale: wording.Scale, *, keep_bottom: bool = False) -> None:
    """Hairlines and numbers for the values, divided by a scale; the axis is extended to whole ticks."""
    low, high = (bound / scale.divisor for bound in ax.get_ylim())
    ticks = [
        float(tick) for tick in MaxNLocator(nbins=5, steps=[1, 2, 5, 10]).tick_values(low, high)
    ]
    if keep_bottom:
        ticks = [tick for tick in ticks if tick >= low - 1e-9 * abs(low)]
    ax.set_ylim(
        (low if keep_bottom else min(low, ticks[0])) * scale.divisor,
        max(high, ticks[-1]) * scale.divisor,
    )
    places = max((_places(tick) for tick in ticks), default=0)
    ax.yaxis.set_major_locator(FixedLocator([tick * scale.divisor for tick in ticks]))
    ax.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: wording.number(value / scale.divisor, places))
    )
    ax.grid(axis="y")


def _places(tick: float) -> int:
    return next(
        (places for places in (0, 1, 2) if abs(round(tick, places) - tick) < 1e-9), 2
    )  # at most two decimals


def _left(frame: pd.DataFrame, scale: wording.Scale) -> float:
    largest = float(np.nanmax(frame[["y", "y_hat", "hi-95"]].to_numpy(dtype=float))) / scale.divisor
    return max(30.0, text_width(wording.number(largest), SMALL) + 14)


def _slim(ax: Axes) -> bool:
    return bool(ax.figure.bbox.width < PHONE)


def _month_number(ds: Any) -> int:
    when = pd.Timestamp(ds)
    return when.year * 12 + when.month - 1


def _month_text(x: int) -> str:
    return f"{x // 12:04d}-{x % 12 + 1:02d}"


def _year_axis(ax: Axes, first: int, last: int) -> None:
    room = ax.get_position().width * ax.figure.bbox.width / max(last - first, 1)
    januaries = [
        x
        for x in range(first, last + 1)
        if x % 12 == 0 and (last - x) * room > 52 and (x - first) * room > 20
    ]  # units
    step = 1 if not januaries or 12 * room > 62 else 2  # units that 'Jan 2025' takes
    marks = {x: f"Jan {x // 12}" for x in januaries[::-1][::step]} | {
        last: wording.month_short(_month_text(last))
    }
    ax.xaxis.set_major_locator(FixedLocator(sorted(marks)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: marks.get(round(x), "")))


def _month_positions(months: pd.Series, width: float) -> tuple[dict[Any, int], dict[int, str]]:
    there = sorted(months.unique())
    first = _month_number(there[0]) if there else 0
    position = {ds: _month_number(ds) - first for ds in there}
    last = max(position.values(), default=0)
    step = next(
        (step for step in (1, 3, 6) if (width - 140) * step / max(last, 1) >= 34), 12
    )  # units that a month's name takes
    marks = [at for at in range(0, last + 1, step) if at == last or last - at >= (step + 1) // 2]
    return position, {at: wording.month_short(_month_text(first + at)) for at in [*marks, last]}


def _lag_positions(lags: pd.Series, width: float) -> tuple[dict[Any, int], dict[int, str]]:
    there = sorted(lags.unique(), reverse=True)
    largest = there[0] if there else 0
    crowded = (width - 150) / max(
        largest, 1
    ) < 66  # units that half of '1 month ahead' and its neighbour take
    nearest = "1" if width < PHONE or crowded else "1 month ahead"
    return {h: int(largest - h) for h in there}, {
        int(largest - h): nearest if h == 1 else str(h) for h in there
    }


def _cutoff_labels(
    ax: Axes, past: pd.DataFrame, cutoff: str, earlier: float | None, named: str
) -> None:
    if past.empty:
        return
    end, last = past["x"].iloc[-1], past["y"].iloc[-1]
    ax.annotate(
        f"data through {wording.month_name(cutoff)}",
        (end, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-6, 6),
        textcoords="offset points",
        ha="right",
        color=INK_2,
        size=SMALL,
    )
    if earlier is not None:
        ax.plot([end], [earlier], "o", ms=8, mfc=PAPER, mec=ACCENT, mew=1.75, clip_on=False)
        above = not earlier < last
        ax.annotate(
            named,
            (end, earlier),
            xytext=(-9, 6 if above else -14),
            textcoords="offset points",
            ha="right",
            color=ACCENT,
        )
    if np.isfinite(last):
        ax.plot([end], [last], "o", ms=6, mfc=INK, mew=0, clip_on=False)


def _end_labels(
    ax: Axes, ends: list[tuple[str, float, dict[str, Any]]], width: float = 60.0
) -> None:
    """Names at the right edge, moved apart so that none covers another."""
    ends = sorted((end for end in ends if np.isfinite(end[1])), key=lambda end: -end[1])
    wrapped = [wrap(name, width, style.get("size", SIZE)) for name, _, style in ends]
    at = [float(ax.transData.transform((0, value))[1]) for _, value, _ in ends]
    places = spread(at, [len(text) * LINE_HEIGHT for text in wrapped])
    right = float(ax.bbox.x1) + 8
    for text, place, (_, _, style) in zip(wrapped, places, ends, strict=True):
        for line, part in enumerate(text):
            ax.text(right, place - line * LINE_HEIGHT - 4.5, part, transform=None, **style)


def spread(places: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Places from the top down, pushed apart so that each has its height.

    >>> spread([100.0, 98.0, 20.0], [15.0, 15.0, 15.0])
    [106.5, 91.5, 20.0]
    """
    groups: list[list[int]] = []
    tops: list[float] = []
    for index in range(len(places)):
        groups.append([index])
        tops.append(places[index])
        while len(groups) > 1 and tops[-2] - sum(heights[i] for i in groups[-2]) < tops[-1]:
            last, _ = groups.pop(), tops.pop()
            groups[-1] += last
            wanted = [
                places[i] + sum(heights[j] for j in groups[-1][:n])
                for n, i in enumerate(groups[-1])
            ]
            tops[-1] = sum(wanted) / len(wanted)
    placed = []
    for group, top in zip(groups, tops, strict=True):
        placed += [top - sum(heights[j] for j in group[:n]) for n in range(len(group))]
    return placed
