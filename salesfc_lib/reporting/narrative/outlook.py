"""The fan figure: history and forecast of one series, with its numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.foundation import INTERVALS, wording
from salesfc_lib.reporting.blocks import Figure
from salesfc_lib.reporting.facts.shared import year_before
from salesfc_lib.reporting.narrative.writer import BlockWriter, draw

HISTORY = 36  # months drawn before the forecast


def outlook_figure(
    writer: BlockWriter,
    history: pd.Series,
    forecast: pd.DataFrame,
    *,
    title: str,
    source: str,
    earlier: float | None = None,
) -> Figure:
    """Fan of one series: three years of `history` by `ds`, its forecast and the bands.

    `earlier` is what was forecast for the last month a month before.
    """
    from salesfc_lib.reporting import plots

    sold = history.sort_index().tail(HISTORY).rename("y").rename_axis("ds").reset_index()
    ahead = forecast.sort_values("ds")[["ds", "y_hat", *INTERVALS]]
    frame, known = pd.concat([sold, ahead], ignore_index=True), sold.dropna(subset=["y"])
    cutoff, writer = f"{known['ds'].max():%Y-%m}", writer.at([*known["y"], *ahead["y_hat"]])
    cut = plots.fan_start(frame) / writer.scale.divisor
    start = wording.number(cut, 0 if cut >= 10 else 1)
    first, last = ahead.iloc[0], ahead.iloc[-1]
    return writer.figure(
        "outlook",
        draw_fan(writer, frame, cutoff=cutoff, earlier=earlier),
        ahead.assign(year_before=[year_before(history, ds) for ds in ahead["ds"]]),
        title=title,
        source=source,
        axis=writer.axis,
        cutoff=cutoff,
        cut=writer.text("outlook.cut", start=start) if cut else "",
        first=first["ds"],
        last=last["ds"],
        y_first=first["y_hat"],
        y_last=last["y_hat"],
    )


def draw_fan(
    writer: BlockWriter, frame: pd.DataFrame, *, cutoff: str, earlier: float | None, **size: Any
) -> tuple[str, str]:
    """Both drawings of a fan in the writer's scale, with `earlier` named at its circle."""
    scale, named = writer.scale, []
    if earlier is not None:
        value = wording.number(earlier / scale.divisor, 1)
        named = [writer.text("outlook.earlier", month=cutoff, value=value)]
    return draw("fan", frame, cutoff=cutoff, scale=scale, earlier=earlier, named=named, **size)
