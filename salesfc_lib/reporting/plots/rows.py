"""Figures of rows: one line a stage, a cause, a person or a rule, with its value at the mark or in a column.

A tidy frame and an ax enter; marks and labels are drawn. The decision made here: names stand at the left of their row
on a page and above it on a phone, causes are ordered by size with gains after losses and what is not explained last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from matplotlib.transforms import Affine2D, Transform, blended_transform_factory

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.plots.canvas import (
    ACCENT,
    ALARM,
    BAND_95,
    BASE,
    INK,
    INK_2,
    OVER,
    PAPER,
    RULE,
    RULE_2,
    SIZE,
    SMALL,
    UNDER,
    text_width,
    wrap,
)
from salesfc_lib.reporting.plots.lines import _slim, margins

HEAD = 44.0  # units above the first row
NAMES = (120.0, 220.0)  # narrowest and widest column of names
VALUES = 84.0  # units of one column of values


def ladder(frame: pd.DataFrame, ax: Axes, *, heads: Sequence[str] = ("Added",)) -> None:
    """Accuracy after each stage, with the points each added in columns at the right.

    Rows in order of the stages: `label`, `value` (share), `added` (difference of shares, null at the first) and, where
    there is a second head, `mean` (the same over more months). A stage that took accuracy away is in alarm.
    """
    at = _rows(ax, frame["label"], columns=len(heads), values=frame["value"] * 100)
    _top_axis(ax)
    _heads(ax, heads)
    shown = (frame["value"] * 100).tolist()
    for row, (value, added) in enumerate(zip(shown, frame["added"], strict=True)):
        lost = pd.notna(added) and added < -5e-4  # rounds to zero
        colour = BASE if row == 0 else ALARM if lost else ACCENT
        if row:
            ax.plot([shown[row - 1]] * 2, [at[row - 1], at[row]], color=RULE_2, lw=1)
            ax.plot([shown[row - 1], value], [at[row]] * 2, color=colour, lw=3)
            ax.plot([0, 1], [row - 0.5] * 2, color=RULE, lw=1, transform=_across(ax))
        ax.plot([value], [at[row]], "o", ms=9, mfc=colour, mew=0)
        _beside(ax, value, at[row], wording.number(value, 1), left=bool(lost), color=INK)
        for column, name in enumerate(("added", "mean")[: len(heads)]):
            if name in frame and pd.notna(gain := frame[name].iloc[row]):
                bad = column == 0 and lost
                style = (
                    {"color": ALARM, "weight": "bold"}
                    if bad
                    else {"color": INK}
                    if column == 0
                    else {"color": INK_2, "size": SMALL}
                )
                _column(ax, column, len(heads), at[row], wording.signed(gain * 100), **style)


def waterfall(frame: pd.DataFrame, ax: Axes, *, scale: wording.Scale = wording.SCALES[-1]) -> None:
    """From the forecast to the actual by cause.

    Rows: `label`, `value`, `kind` (start, cause, unexplained, end). A cause's value is signed as actual - forecast: below
    zero the forecast was too high. Totals are marks on a cut axis, never bars from a false zero.
    """
    frame = _ordered(frame)
    running = _running(frame) / scale.divisor
    at = _rows(
        ax,
        frame["label"],
        columns=0,
        values=pd.Series([*running["from"], *running["to"]]),
        bold=frame["kind"].isin(["start", "end"]).tolist(),
    )
    _top_axis(ax)
    places = wording.decimals(float(running["to"].abs().max()))
    for row, kind in enumerate(frame["kind"]):
        start, end = running["from"].iloc[row], running["to"].iloc[row]
        y = at[row]
        if kind in ("start", "end"):
            colour = ACCENT if kind == "start" else INK
            ax.plot([end, end], [y - 0.3, y + 0.3], color=colour, lw=3)
            _beside(ax, end, y, wording.number(end, places), color=colour, weight="bold")
        else:
            colour = BASE if kind == "unexplained" else OVER if end < start else UNDER
            ax.barh([y], [end - start], left=[start], height=0.45, color=colour, lw=0)
            _beside(
                ax,
                max(start, end),
                y,
                wording.signed(end - start, places),
                **({"color": INK_2, "size": SMALL} if colour == BASE else {"color": colour}),
            )
        if row + 1 < len(frame):
            ax.plot([end, end], [y + 0.3, at[row + 1] - 0.24], color=RULE_2, lw=1)


def leaning(
    frame: pd.DataFrame, ax: Axes, *, limit: float, heads: Sequence[str] = ("Month", "Mean")
) -> None:
    """Bias by owner: a bar for the month, a diamond for the mean of several, the agreed limit shaded.

    Rows: `label`, `detail`, `bias` and, where there are two heads, `mean` (shares of actual; above zero is too high).
    """
    names = [value for name in ("bias", "mean")[: len(heads)] for value in frame[name]]
    values = pd.Series([*(value * 100 for value in names), limit * 120, -limit * 120])
    at = _rows(ax, frame["label"], columns=len(heads), values=values, details=frame.get("detail"))
    _top_axis(ax, signed=True)
    ax.axvspan(-limit * 100, limit * 100, color=BAND_95, lw=0, zorder=0)
    ax.axvline(0, color=RULE_2, lw=1)
    _heads(ax, heads)
    _direction(ax)
    for row, bias in enumerate(frame["bias"]):
        if row:
            ax.plot([0, 1], [row - 0.5] * 2, color=RULE, lw=1, transform=_across(ax))
        if pd.notna(bias):
            colour = OVER if bias > 0 else UNDER
            ax.barh([at[row]], [bias * 100], height=0.45, color=colour, lw=0)
            _column(
                ax,
                0,
                len(heads),
                at[row],
                wording.signed(bias * 100),
                color=colour,
                weight="bold" if abs(bias) > limit else "normal",
            )
        if len(heads) > 1 and pd.notna(mean := frame["mean"].iloc[row]):
            ax.plot([mean * 100], [at[row]], "D", ms=7, mfc=PAPER, mec=INK, mew=1.75)
            outside = abs(mean) > limit
            _column(
                ax,
                1,
                2,
                at[row],
                wording.signed(mean * 100),
                **(
                    {"color": INK, "weight": "bold"} if outside else {"color": INK_2, "size": SMALL}
                ),
            )


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    causes = frame[frame["kind"] == "cause"]
    losses, gains = (
        causes[causes["value"] < 0].sort_values("value"),
        causes[causes["value"] >= 0].sort_values("value", ascending=False),
    )
    kinds = {kind: frame[frame["kind"] == kind] for kind in ("start", "unexplained", "end")}
    return pd.concat(
        [kinds["start"], losses, gains, kinds["unexplained"], kinds["end"]], ignore_index=True
    )


def _running(frame: pd.DataFrame) -> pd.DataFrame:
    totals = frame["kind"].isin(["start", "end"])
    reached = frame["value"].where(frame["kind"] != "end", 0.0).cumsum()
    to = frame["value"].where(totals, reached)
    return pd.DataFrame({"from": to.where(totals, reached - frame["value"]), "to": to})


def _rows(
    ax: Axes,
    labels: pd.Series,
    *,
    columns: int,
    values: pd.Series,
    details: pd.Series | None = None,
    bold: Sequence[bool] = (),
) -> list[float]:
    """Set the ax up for rows and write their names; where each row's mark stands (rows count down from 0)."""
    slim, n = _slim(ax), len(labels)
    widest = (
        max(
            (text_width(text) for text in [*labels, *(details if details is not None else [])]),
            default=0,
        )
        + 16
    )
    names = 2.0 if slim else float(np.clip(widest, *NAMES))
    margins(
        ax,
        left=names + (6 if slim else 12),
        right=columns * (64 if slim else VALUES) + (8 if columns else 56),
        top=HEAD,
        bottom=2,
    )
    ax.set_ylim(n - 0.5, -0.5)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = (high - low or abs(high) or 1.0) * 0.06
    ax.set_xlim(low - (0 if low == 0 else room), high + (0 if high == 0 else room))
    shift = 0.16 if slim else 0.0
    for row, label in enumerate(labels):
        detail = str(details.iloc[row]) if details is not None else ""
        _name(ax, row, str(label), detail, names, bold=bool(bold and bold[row]) or bool(detail))
    return [row + shift for row in range(n)]


def _top_axis(ax: Axes, *, signed: bool = False) -> None:
    ax.yaxis.set_visible(False)
    low, high = ax.get_xlim()
    ticks = [
        tick
        for tick in MaxNLocator(nbins=4 if _slim(ax) else 6, steps=[1, 2, 5, 10]).tick_values(
            low, high
        )
        if low <= tick <= high
    ]
    places = 0 if all(float(tick).is_integer() for tick in ticks) else 1
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    write = wording.signed if signed else wording.number
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: write(value, places) if value else "0")
    )
    ax.xaxis.tick_top()
    ax.grid(axis="x")


def _units(ax: Axes) -> Transform:
    """x in units of the canvas from its left edge, y in rows."""
    return blended_transform_factory(Affine2D(), ax.transData)


def _across(ax: Axes) -> Transform:
    """x from 0 to 1 across the whole canvas, y in rows."""
    return blended_transform_factory(Affine2D().scale(ax.figure.bbox.width, 1), ax.transData)


def _name(ax: Axes, row: int, label: str, detail: str, width: float, *, bold: bool) -> None:
    weight = "bold" if bold else "normal"
    if _slim(ax):
        room = float(ax.figure.bbox.width)
        ax.text(0, row - 0.13, wrap(label, room)[0], transform=_units(ax), weight=weight, color=INK)
        if detail and text_width(label + detail) < room - 20:
            ax.text(
                text_width(label) * 1.05 + 10,
                row - 0.13,
                detail,
                transform=_units(ax),
                color=INK_2,
                size=SMALL,
            )
        return
    texts = wrap(label, width)[:2] if not detail else [wrap(label, width)[0]]
    rise = 0.13 - 0.21 * (len(texts) - 1 + bool(detail))
    for line, text in enumerate(texts):
        ax.text(0, row + rise + line * 0.42, text, transform=_units(ax), weight=weight, color=INK)
    if detail:
        ax.text(
            0,
            row + rise + 0.44,
            wrap(detail, width, SMALL)[0],
            transform=_units(ax),
            color=INK_2,
            size=SMALL,
        )


def _beside(ax: Axes, x: float, y: float, text: str, *, left: bool = False, **style: Any) -> None:
    ax.annotate(
        text,
        (x, y),
        xytext=(-9 if left else 9, -4.5),
        textcoords="offset points",
        ha="right" if left else "left",
        **style,
    )


def _column(ax: Axes, column: int, columns: int, y: float, text: str, **style: Any) -> None:
    width = float(ax.figure.bbox.width)
    ax.annotate(
        text,
        (width - (columns - 1 - column) * (64 if _slim(ax) else VALUES), y),
        xycoords=_units(ax),
        xytext=(0, -4.5),
        textcoords="offset points",
        ha="right",
        **style,
    )


def _heads(ax: Axes, heads: Sequence[str]) -> None:
    for column, head in enumerate(heads):
        parts = wrap(head, 60 if _slim(ax) else VALUES - 8, SMALL)[:2]
        for line, part in enumerate(reversed(parts)):
            x = float(ax.figure.bbox.width) - (len(heads) - 1 - column) * (
                64 if _slim(ax) else VALUES
            )
            ax.text(
                x,
                float(ax.bbox.y1) + 8 + line * 14,
                part,
                transform=None,
                ha="right",
                color=INK_2,
                size=SMALL,
            )


def _direction(ax: Axes) -> None:
    zero = float(ax.transData.transform((0, 0))[0])
    top = float(ax.bbox.y1) + 26
    if zero - text_width("← too low") > 8:  # units of air
        ax.text(zero - 8, top, "← too low", transform=None, ha="right", color=UNDER, size=SIZE)
    ax.text(
        zero + 8,
        top,
        "too high →" if _slim(ax) else "forecast too high →",
        transform=None,
        color=OVER,
        size=SIZE,
    )
