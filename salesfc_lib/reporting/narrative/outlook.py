"""The fan figure: history and forecast of one series, with its numbers.

Used by the modeling and the reconciliation notebook and by the unit's page.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.foundation import INTERVALS, wording
from salesfc_lib.reporting.blocks import Cell, Figure, Table
from salesfc_lib.reporting.narrative.section import columns, in_words


def fan_frame(
    panel: pd.DataFrame, forecast: pd.DataFrame, unique_id: str, months: int = 36
) -> pd.DataFrame:
    """Last `months` actuals and the forecast of one series, by month as 'YYYY-MM'."""
    history = (
        panel.loc[panel["unique_id"] == unique_id, ["ds", "y_raw"]].sort_values("ds").tail(months)
    )
    ahead = forecast.loc[
        forecast["unique_id"] == unique_id, ["ds", "y_hat", *INTERVALS]
    ].sort_values("ds")
    frame = pd.concat([history.rename(columns={"y_raw": "y"}), ahead], ignore_index=True)
    return frame.reindex(columns=["ds", "y", "y_hat", *INTERVALS])


def year_before(panel: pd.DataFrame, unique_id: str, ds: pd.Timestamp) -> float | None:
    """Actual of the same month a year before, None where there is none."""
    found = panel.loc[
        (panel["unique_id"] == unique_id) & (panel["ds"] == ds - pd.DateOffset(years=1)), "y_raw"
    ].dropna()
    return float(found.iloc[0]) if len(found) else None


def outlook_figure(  # noqa: PLR0913 the last has a default
    panel: pd.DataFrame,
    forecast: pd.DataFrame,
    unique_id: str,
    *,
    measure: wording.Measure,
    title: str,
    source: str,
    earlier: float | None = None,
) -> Figure:
    """Fan of one series: three years of actuals, the forecast and its bands; `earlier` is what was forecast for the last month."""
    from salesfc_lib.reporting import plots

    frame = fan_frame(panel, forecast, unique_id)
    ahead = frame.dropna(subset=["y_hat"])
    cutoff = frame.dropna(subset=["y"])["ds"].max().strftime("%Y-%m")
    scale = wording.scale_for([*frame["y"].dropna(), *ahead["y_hat"]])
    named = (
        []
        if earlier is None
        else [f"{wording.month_word(cutoff)} forecast {wording.number(earlier / scale.divisor, 1)}"]
    )
    wide, slim = plots.draw(
        plots.fan, frame, cutoff=cutoff, scale=scale, earlier=earlier, named=named
    )
    cut = plots.fan_start(frame) / scale.divisor
    subtitle = f"Sales per month, {measure.axis(scale)}; 80{wording.THIN}% and 95{wording.THIN}% intervals; data through {wording.month_name(cutoff)}"
    if cut:
        subtitle += f"; the axis starts at {wording.number(cut, 0 if cut >= 10 else 1)}"
    first, last = ahead.iloc[0], ahead.iloc[-1]
    alt = (
        f"Line chart of sales through {wording.month_name(cutoff)} and the forecast from {in_words(first['ds'])} "
        f"({measure.scaled(first['y_hat'], scale)}) to {in_words(last['ds'])} ({measure.scaled(last['y_hat'], scale)})."
    )
    return Figure(
        title, subtitle, alt, wide, slim, source, _numbers(panel, ahead, unique_id, measure, scale)
    )


def _numbers(
    panel: pd.DataFrame,
    ahead: pd.DataFrame,
    unique_id: str,
    measure: wording.Measure,
    scale: wording.Scale,
) -> Table:
    def text(value: float | None) -> str:
        return "" if value is None or pd.isna(value) else measure.scaled(value, scale)

    rows = [
        [
            in_words(row["ds"]),
            text(row["y_hat"]),
            f"{text(row['lo-80'])} – {text(row['hi-80'])}",
            f"{text(row['lo-95'])} – {text(row['hi-95'])}",
            Cell(text(year_before(panel, unique_id, row["ds"]))),
        ]
        for _, row in ahead.iterrows()
    ]
    return Table(
        "Numbers behind this figure",
        "",
        columns("Month", ">Forecast", ">80 % interval", ">95 % interval", ">Year before"),
        rows,
    )
