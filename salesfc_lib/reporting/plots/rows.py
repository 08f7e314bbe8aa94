"""Figures of rows: one a stage, a cause, a person or an effect, with its value beside it.

Names stand at the left of their row on a page and above it on a phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Affine2D, Transform, blended_transform_factory

from salesfc_lib.foundation import amounts, text_of, wording
from salesfc_lib.reporting.plots.axes import is_slim, number_axis, ticks_between
from salesfc_lib.reporting.plots.canvas import margins, text_width, wrap
from salesfc_lib.reporting.plots.palette import (
    ACCENT,
    ALARM,
    BAND_95,
    BASE,
    INK,
    NOTE,
    OVER,
    PAPER,
    RULE,
    RULE_2,
    SMALL,
    UNDER,
)

HEAD = 44.0  # units above the first row
NAMES = (120.0, 220.0)  # narrowest and widest column of names
VALUES, VALUES_SLIM = 84.0, 64.0  # units of one column of values: on a page, on a phone


def stage_accuracy(frame: pd.DataFrame, ax: Axes, *, heads: tuple[str, str]) -> None:
    """Accuracy after each stage, with the points each added in columns at the right.

    Rows in order of the stages: `label`, `value` (share), `added` (difference of shares, null at
    the first) and `mean` (the same over more months). A stage that lost is in alarm.
    """
    shown = (frame["value"] * 100).tolist()
    rows = Rows(ax, frame["label"], shown, heads)
    stages = zip(rows.at, shown, frame["added"], frame["mean"], strict=True)
    for row, (y, value, added, mean) in enumerate(stages):
        lost = bool(pd.notna(added) and added < -5e-4)  # rounds to zero
        colour = BASE if row == 0 else ALARM if lost else ACCENT
        if row:
            ax.plot([shown[row - 1]] * 2, [rows.at[row - 1], y], color=RULE_2, lw=1)
            ax.plot([shown[row - 1], value], [y] * 2, color=colour, lw=3)
        ax.plot([value], [y], "o", ms=9, mfc=colour, mew=0)
        rows.beside(row, value, wording.number(value, 1), left=lost, color=INK)
        if pd.notna(added):
            style = {"color": ALARM, "weight": "bold"} if lost else {"color": INK}
            rows.column(row, 0, wording.signed(added * 100), **style)
        if pd.notna(mean):
            rows.column(row, 1, wording.signed(mean * 100), **NOTE)


def waterfall(
    frame: pd.DataFrame, ax: Axes, *, scale: amounts.DisplayScale = amounts.PLAIN
) -> None:
    """From one total to another by cause: losses, then gains, the largest first.

    Rows: `label`, `value`, `kind` (start, cause, step, unexplained, end). A cause's value is signed
    as actual - forecast: below zero the forecast was too high; steps are no errors, keep their
    order and have one colour. Totals are marks on a cut axis, never bars from a false zero.
    """
    frame = _ordered(frame)
    total = frame["kind"].isin(["start", "end"])
    reached = frame["value"].where(frame["kind"] != "end", 0.0).cumsum()
    ends = frame["value"].where(total, reached) / scale.divisor
    starts = ends.where(total, (reached - frame["value"]) / scale.divisor)
    rows = Rows(ax, frame["label"], [*starts, *ends], bold=total, ruled=False)
    places = amounts.decimals(float(ends.abs().max()))
    steps = zip(rows.at, frame["kind"], starts, ends, strict=True)
    for row, (y, kind, start, end) in enumerate(steps):
        if kind in ("start", "end"):
            colour = ACCENT if kind == "start" else INK
            ax.plot([end, end], [y - 0.3, y + 0.3], color=colour, lw=3)
            rows.beside(row, end, wording.number(end, places), color=colour, weight="bold")
        else:
            signed = OVER if end < start else UNDER
            colour = {"unexplained": BASE, "step": ACCENT}.get(kind, signed)
            ax.barh([y], [end - start], left=[start], height=0.45, color=colour, lw=0)
            style = NOTE if colour == BASE else {"color": colour}
            rows.beside(row, max(start, end), wording.signed(end - start, places), **style)
        if row + 1 < len(frame):
            ax.plot([end, end], [y + 0.3, rows.at[row + 1] - 0.24], color=RULE_2, lw=1)


def bias_by_owner(frame: pd.DataFrame, ax: Axes, *, limit: float, heads: tuple[str, str]) -> None:
    """Bias by owner: a bar for the month, a diamond for the mean of several, the limit shaded.

    Rows: `label`, `detail`, `bias` and `mean` (shares of actual; above zero is too high).
    """
    shares, most = frame[["bias", "mean"]] * 100, limit * 100
    values = [*shares.to_numpy().ravel(), 1.2 * most, -1.2 * most]
    rows = Rows(ax, frame["label"], values, heads, details=frame["detail"], signed=True)
    ax.axvspan(-most, most, color=BAND_95, lw=0, zorder=0)
    ax.axvline(0, color=RULE_2, lw=1)
    rows.directions()
    for row, (bias, mean) in enumerate(shares.itertuples(index=False)):
        y = rows.at[row]
        if pd.notna(bias):
            colour, weight = OVER if bias > 0 else UNDER, _weight(abs(bias) > most)
            ax.barh([y], [bias], height=0.45, color=colour, lw=0)
            rows.column(row, 0, wording.signed(bias), color=colour, weight=weight)
        if pd.notna(mean):
            ax.plot([mean], [y], "D", ms=7, mfc=PAPER, mec=INK, mew=1.75)
            style = {"color": INK, "weight": "bold"} if abs(mean) > most else NOTE
            rows.column(row, 1, wording.signed(mean), **style)


def whiskers(frame: pd.DataFrame, ax: Axes) -> None:
    """Effects with their intervals against zero; one whose interval holds zero is open and grey.

    Rows: `label`, `value`, `low`, `high` (null without an interval) and `text`, which stands in a
    column at the right.
    """
    ends = frame[["value", "low", "high"]].stack().dropna()
    rows = Rows(ax, frame["label"], [0.0, *ends], [""], signed=True)
    ax.axvline(0, color=RULE_2, lw=1)
    effects = frame[["value", "low", "high", "text"]].itertuples(index=False)
    for row, (value, low, high, text) in enumerate(effects):
        y, clear = rows.at[row], not low <= 0 <= high
        colour = ACCENT if clear else BASE
        ax.plot([low, high], [y] * 2, color=colour, lw=3)
        dot: dict[str, Any] = {"mfc": ACCENT, "mew": 0} if clear else {"mfc": PAPER, "mew": 1.75}
        ax.plot([value], [y], "o", ms=9, mec=colour, **dot)
        rows.column(row, 0, text, color=INK)


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a waterfall in order: start, losses, gains, what is not explained, end."""
    order = frame["kind"].map({"start": 0, "cause": 1, "step": 2, "unexplained": 3, "end": 4})
    order += (frame["kind"] == "cause") & (frame["value"] >= 0)
    size = -frame["value"].abs().where(frame["kind"] != "step", 0.0)
    keys = frame.assign(order=order, size=size)
    return keys.sort_values(["order", "size"], kind="stable", ignore_index=True)


def _weight(bold: bool) -> str:
    return "bold" if bold else "normal"


@dataclass(frozen=True)
class Rows:
    """An ax with a row for each label, values across, and columns of values at the right."""

    ax: Axes
    labels: pd.Series
    values: Iterable[float]  # all that the axis has to hold
    heads: Sequence[str] = ()  # of the columns at the right
    details: pd.Series | None = None  # second line of each name
    bold: pd.Series | None = None  # whose names are bold; all that have a detail, too
    signed: bool = False  # whether the axis shows the signs of its values
    ruled: bool = True  # whether hairlines stand between the rows

    def __post_init__(self) -> None:
        ax, names = self.ax, self._names_width()
        right = len(self.heads) * self.step + (8 if self.heads else 56)
        margins(ax, left=names + (6 if self.slim else 12), right=right, top=HEAD, bottom=2)
        ax.set_ylim(len(self.labels) - 0.5, -0.5)
        low, high = float(np.nanmin([*self.values])), float(np.nanmax([*self.values]))
        room = (high - low or abs(high) or 1.0) * 0.06
        ax.set_xlim(low - (room if low else 0), high + (room if high else 0))
        for row in range(len(self.labels)):
            self._name(row, names)
            if row and self.ruled:
                across = [0, ax.figure.bbox.width]
                ax.plot(across, [row - 0.5] * 2, color=RULE, lw=1, transform=self.units)
        self._axis()
        for column, head in enumerate(self.heads):
            parts = wrap(head, 60 if self.slim else VALUES - 8, SMALL)[:2]
            for line, part in enumerate(reversed(parts)):
                at = (self._column_at(column), float(ax.bbox.y1) + 8 + line * 14)
                ax.text(*at, part, transform=None, ha="right", **NOTE)

    @property
    def slim(self) -> bool:
        """Whether the figure is drawn for a phone."""
        return is_slim(self.ax)

    @property
    def step(self) -> float:
        """Units of one column of values."""
        return VALUES_SLIM if self.slim else VALUES

    @property
    def at(self) -> list[float]:
        """Where each row's mark stands; rows count down from 0."""
        return [row + (0.16 if self.slim else 0.0) for row in range(len(self.labels))]

    @property
    def units(self) -> Transform:
        """x in units of the canvas from its left edge, y in rows."""
        return blended_transform_factory(Affine2D(), self.ax.transData)

    def beside(self, row: int, x: float, text: str, *, left: bool = False, **style: Any) -> None:
        """Write a text beside a mark."""
        offset, side = (-9 if left else 9, -4.5), "right" if left else "left"
        place: dict[str, Any] = {"xytext": offset, "textcoords": "offset points", "ha": side}
        self.ax.annotate(text, (x, self.at[row]), **place, **style)

    def column(self, row: int, column: int, text: str, **style: Any) -> None:
        """Write a text into a column at the right."""
        place: dict[str, Any] = {"textcoords": "offset points", "ha": "right"}
        at = (self._column_at(column), self.at[row])
        self.ax.annotate(text, at, xycoords=self.units, xytext=(0, -4.5), **place, **style)

    def directions(self) -> None:
        """Write over the axis which side of zero is too low and which too high."""
        zero = float(self.ax.transData.transform((0, 0))[0])
        top, low = float(self.ax.bbox.y1) + 26, text_of("plot.low")
        if zero - text_width(low) > 8:  # units of air
            self.ax.text(zero - 8, top, low, transform=None, ha="right", color=UNDER)
        high = text_of("plot.high.short" if self.slim else "plot.high")
        self.ax.text(zero + 8, top, high, transform=None, color=OVER)

    def _column_at(self, column: int) -> float:
        return float(self.ax.figure.bbox.width) - (len(self.heads) - 1 - column) * self.step

    def _names_width(self) -> float:
        texts = [*self.labels, *([] if self.details is None else self.details)]
        widest = max(map(text_width, texts), default=0) + 16
        return 2.0 if self.slim else float(np.clip(widest, *NAMES))

    def _name(self, row: int, width: float) -> None:
        label, ax = str(self.labels.iloc[row]), self.ax
        detail = "" if self.details is None else str(self.details.iloc[row])
        bold = bool(detail) or (self.bold is not None and bool(self.bold.iloc[row]))
        name: dict[str, Any] = {"transform": self.units, "weight": _weight(bold), "color": INK}
        note: dict[str, Any] = {"transform": self.units, **NOTE}
        if self.slim:
            room, y = float(ax.figure.bbox.width), row - 0.13
            ax.text(0, y, wrap(label, room)[0], **name)
            if detail and text_width(label + detail) < room - 20:
                ax.text(text_width(label) * 1.05 + 10, y, detail, **note)
            return
        lines = wrap(label, width)[: 1 if detail else 2]
        y = row + 0.13 - 0.21 * (len(lines) - 1 + bool(detail))
        for line, text in enumerate(lines):
            ax.text(0, y + line * 0.42, text, **name)
        if detail:
            ax.text(0, y + 0.44, wrap(detail, width, SMALL)[0], **note)

    def _axis(self) -> None:
        ax, (low, high) = self.ax, self.ax.get_xlim()
        number = wording.signed if self.signed else wording.number
        ticks = [at for at in ticks_between(low, high, 4 if self.slim else 6) if low <= at <= high]
        number_axis(ax.xaxis, ticks, lambda x, places: number(x, places) if x else "0")
        ax.yaxis.set_visible(False)
        ax.xaxis.tick_top()
