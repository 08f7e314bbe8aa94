"""Figures of a distribution, drawn by seaborn: errors by month and lag, by candidate, a season.

seaborn is imported where it draws: a page without such a figure does not wait for it.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from salesfc_lib.foundation import amounts, text_of, wording
from salesfc_lib.reporting.plots import palette
from salesfc_lib.reporting.plots.axes import (
    is_slim,
    label_axis,
    month_number,
    month_short,
    value_axis,
)
from salesfc_lib.reporting.plots.canvas import margins, text_width
from salesfc_lib.reporting.plots.lines import ROLES, end_labels
from salesfc_lib.reporting.plots.palette import ACCENT, BASE, INK, NOTE, SMALL
from salesfc_lib.reporting.plots.rows import Rows

WIDE_SHARE, HALF_SHARE = 80, 50  # per cent of the series within the thin line, the thick line
HALF = 0.5  # half of a heat map's cell


def lag_heat_map(frame: pd.DataFrame, ax: Axes) -> None:
    """Error by month (across) and lag (down, the nearest last), in per cent and five shades.

    Rows by `ds` (month) and `lag` (months ahead); `value` is a share. A month that was not forecast
    at a lag stays blank.
    """
    import seaborn as sns

    table = frame.pivot(index="lag", columns="ds", values="value").sort_index(ascending=False) * 100
    texts = table.map(lambda value: wording.number(value, 0) if pd.notna(value) else "")
    margins(ax, left=34, right=2, top=24, bottom=26)
    sns.heatmap(
        table.to_numpy(),
        ax=ax,
        cmap=ListedColormap(palette.SHADES),
        annot=texts.to_numpy(),
        fmt="",
        annot_kws={"color": INK},
        cbar=False,
        xticklabels=False,
        yticklabels=False,
    )
    names = {at: month_short(month_number(ds)) for at, ds in enumerate(table.columns)}
    step = 1 if ax.bbox.width / max(len(names), 1) > text_width("Mmm", SMALL) else 2
    label_axis(ax.xaxis, names, offset=HALF, step=step)
    label_axis(ax.yaxis, {at: str(lag) for at, lag in enumerate(table.index)}, offset=HALF)
    ax.text(0, float(ax.bbox.y1) + 9, text_of("plot.ahead"), transform=None, **NOTE)


def error_ranges(frame: pd.DataFrame, ax: Axes) -> None:
    """Errors of the series by candidate: the median, the middle half, and eight of ten.

    Rows by `label` (in the order in which they are drawn) and series; `value` is a share, `marked`
    the candidate in accent. The median stands in a column at the right.
    """
    import seaborn as sns

    shares = frame.assign(value=frame["value"] * 100)
    groups = shares.groupby("label", sort=False)
    ends = groups["value"].quantile([(100 + side * WIDE_SHARE) / 200 for side in (-1, 1)])
    marked = groups["marked"].first()
    labels = pd.Series(marked.index)
    rows = Rows(
        ax, labels, [0.0, *ends], [text_of("plot.median")], bold=marked.reset_index(drop=True)
    )
    limits, place = (ax.get_xlim(), ax.get_ylim()), dict(zip(labels, rows.at, strict=True))
    for is_marked, colour in ((False, BASE), (True, ACCENT)):
        part = shares[shares["marked"] == is_marked]
        for share, width, marker in ((WIDE_SHARE, 1.0, ""), (HALF_SHARE, 3.0, "o")):
            sns.pointplot(
                x=part["value"],
                y=part["label"].map(place),
                ax=ax,
                orient="h",
                native_scale=True,
                estimator="median",
                errorbar=("pi", share),
                linestyle="none",
                marker=marker,
                markersize=8,
                color=colour,
                err_kws={"color": colour, "linewidth": width},
            )
    ax.set(xlim=limits[0], ylim=limits[1], xlabel="", ylabel="")
    for row, (label, median) in enumerate(groups["value"].median().items()):
        style = {"color": ACCENT, "weight": "bold"} if marked[label] else {"color": INK}
        rows.column(row, 0, wording.number(median, 1), **style)


def season(frame: pd.DataFrame, ax: Axes, *, scale: amounts.DisplayScale = amounts.PLAIN) -> None:
    """Years over one another by calendar month, and the forecast of the next twelve in accent.

    Rows by `group` (a year of twelve months) and `ds`; `at` is the place of the month from 0 to 11,
    `value` what was sold or is forecast, `role` baseline (earlier years), actual (the latest) or
    forecast, `lo` and `hi` the forecast's interval.
    """
    import seaborn as sns

    widest = wording.number(frame[["value", "hi"]].max(axis=None) / scale.divisor)
    margins(ax, left=max(30.0, text_width(widest, SMALL) + 14), right=84, top=14, bottom=28)
    ahead = frame[frame["role"] == "forecast"]
    ax.fill_between(ahead["at"], ahead["lo"], ahead["hi"], color=palette.BAND_95, lw=0)
    known, names = frame.dropna(subset=["value"]), []
    for role in ("baseline", "actual", "forecast"):
        rows, (style, label, _) = known[known["role"] == role], ROLES[role]
        if rows.empty:
            continue
        sns.lineplot(rows, x="at", y="value", units="group", estimator=None, ax=ax, **style)
        last = rows.sort_values("at").groupby("group")["value"].last()
        names += [(group, float(value), label) for group, value in last.items()]
    ax.set(xlim=(0, 11), ylim=(0, None), xlabel="", ylabel="")
    value_axis(ax, scale, keep_bottom=True)
    months = frame.drop_duplicates("at").set_index("at")["ds"]
    months = {at: month_short(month_number(ds)) for at, ds in months.sort_index().items()}
    label_axis(ax.xaxis, months, step=2 if is_slim(ax) else 1)
    end_labels(ax, names)
