"""Axes of figures: round numbers, names at their places, months, and what a phone has room for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from salesfc_lib.foundation import amounts, wording

PHONE = 400.0  # a canvas narrower than this is a phone's


def is_slim(ax: Axes) -> bool:
    """Whether the ax is drawn for a phone."""
    return bool(ax.figure.bbox.width < PHONE)


def ticks_between(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from `low` or below to `high` or above, about `most` steps apart."""
    return list(map(float, MaxNLocator(nbins=most, steps=[1, 2, 5, 10]).tick_values(low, high)))


def number_axis(
    axis: Axis, ticks: Sequence[float], number: Callable[..., str], divisor: float = 1.0
) -> None:
    """Write numbers at `ticks` (in units of `divisor`), all with the decimals that they need."""
    places = max(map(_decimals_of, ticks), default=0)
    axis.set_major_locator(FixedLocator([tick * divisor for tick in ticks]))
    axis.set_major_formatter(FuncFormatter(lambda at, _: number(at / divisor, places)))
    axis.grid(visible=True)


def _decimals_of(tick: float) -> int:
    return next((places for places in (0, 1) if abs(round(tick, places) - tick) < 1e-9), 2)


def label_axis(axis: Axis, texts: Mapping[int, str], *, offset: float = 0.0, step: int = 1) -> None:
    """Write the texts at their places, each moved by `offset`; only every `step`th of them."""
    shown = sorted(texts)[::step]
    axis.set_major_locator(FixedLocator([at + offset for at in shown]))
    axis.set_major_formatter(FuncFormatter(lambda at, _: texts.get(round(at - offset), "")))


def value_axis(ax: Axes, scale: amounts.DisplayScale, *, keep_bottom: bool = False) -> None:
    """Hairlines and numbers for the values, divided by a scale; the axis ends at whole ticks."""
    low, high = (bound / scale.divisor for bound in ax.get_ylim())
    ticks = ticks_between(low, high)
    if keep_bottom:
        ticks = [tick for tick in ticks if tick >= low - 1e-9 * abs(low)]
    bottom, top = low if keep_bottom else min(low, ticks[0]), max(high, ticks[-1])
    ax.set_ylim(bottom * scale.divisor, top * scale.divisor)
    number_axis(ax.yaxis, ticks, wording.number, scale.divisor)


def month_number(ds: Any) -> int:
    """Months since the year 0."""
    when = pd.Timestamp(ds)
    return when.year * 12 + when.month - 1


def month_short(x: int) -> str:
    """Name of a `month_number` as 'Jun'."""
    return wording.month_short(iso_month(x))


def iso_month(x: int) -> str:
    """A `month_number` as '2026-06'."""
    return f"{x // 12:04d}-{x % 12 + 1:02d}"
