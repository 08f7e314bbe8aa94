"""Distributions behind the pooled numbers: error by month and lag, by candidate, a season."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BASELINE
from salesfc_lib.reporting.facts.modeling import COMBINED, ModeledMonth
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.choices import model_name
from salesfc_lib.reporting.narrative.writer import Blocks, writer_of

BEST = 8  # candidates with the smallest median error that have a row of their own
PERCENTILES = (10, 25, 50, 75, 90)  # of the series, whose errors are listed
HEAT = (250.0, 230.0)  # units of the heat map's height: on a page, on a phone


def lag_history(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Error of the last twelve months by how many months ahead they were forecast."""
    from salesfc_lib.reporting import plots

    writer, key = writer_of(run), "retrospective.lag_history"
    table = compared["lag_history"].dropna(subset=["wape"])
    if table.empty:
        return Blocks(writer.prose("retrospective.lag_history.none"))
    wide = table.pivot(index="ds", columns="lag", values="wape")
    far = int(wide.columns.max())
    both = wide[[1, far]].dropna() if {1, far} <= set(wide.columns) else wide.iloc[:0]
    nearer = int((both[1] < both[far]).sum()) if len(both) and far > 1 else 0
    worst = table.loc[table["wape"].idxmax()]
    drawn = plots.draw(plots.lag_heat_map, table.assign(value=table["wape"]), height=HEAT)
    names = {lag: f"lag{lag}" for lag in wide.columns}
    rows = wide.rename(columns=names).reset_index()
    figure = writer.figure(
        "retrospective.lag_history.figure",
        drawn,
        rows,
        ("{ds:month}", *(f"{{{name}:percent}}" for name in names.values())),
        lags=" | ".join(f">{lag}" for lag in names),
        level=compared.bottom,
        first=rows["ds"].iloc[0],
        last=rows["ds"].iloc[-1],
        wape=worst["wape"],
        ds=worst["ds"],
        lag=worst["lag"],
        low=table["wape"].min(),
    )
    said = f"{key}.{'many' if len(both) and far > 1 else 'one'}"
    return Blocks(writer.prose(said, nearer=nearer, all=len(both), far=far), figure)


def candidate_errors(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Errors of the bottom series in the backtest, model by model, beside the combination."""
    from salesfc_lib.reporting import plots

    writer = writer_of(run)
    errors = modeled.series_errors()
    medians = errors.groupby("model")["value"].median().sort_values(kind="stable")
    if COMBINED not in medians:
        return Blocks(writer.prose("modeling.backtest.none"))
    single = medians.drop(COMBINED)
    shown = [*single.index[:BEST], *({BASELINE} & set(single.index[BEST:])), COMBINED]
    order = [name for name in medians.index if name in shown]
    ranked = errors[errors["model"].isin(order)]
    ranked = ranked.sort_values("model", key=lambda names: names.map(order.index), kind="stable")
    labels = {name: model_name(name, run) for name in order}
    frame = ranked.assign(label=ranked["model"].map(labels), marked=ranked["model"] == COMBINED)
    groups = ranked.groupby("model")["value"]
    rows = pd.DataFrame({f"p{share}": groups.quantile(share / 100) for share in PERCENTILES})
    rows = rows.loc[order].assign(label=[labels[name] for name in order])
    figure = writer.figure(
        "modeling.errors.figure",
        plots.draw(plots.error_ranges, frame),
        rows,
        ("{label}", *(f"{{p{share}:percent}}" for share in PERCENTILES)),
        level=modeled.bottom,
        series=ranked["unique_id"].nunique(),
        shown=len(order) - 1,
        all=len(single),
        median=medians[COMBINED],
        better=int((single < medians[COMBINED]).sum()),
    )
    return Blocks(figure)


def season(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Years of the largest key series over one another, and the twelve months ahead."""
    from salesfc_lib.reporting import plots

    unique_id = modeled.largest_key
    frame = modeled.season(unique_id)
    ahead, past = frame[frame["role"] == "forecast"], frame[frame["role"] != "forecast"]
    whole = past.dropna(subset=["value"]).groupby("group").filter(lambda year: len(year) == 12)
    peaks = whole.loc[whole.groupby("group")["value"].idxmax(), "at"] if len(whole) else []
    top = ahead.loc[ahead["value"].idxmax()]
    writer = writer_of(run).at([*past["value"].dropna(), *ahead["value"]])
    label = modeled.series.set_index("unique_id").loc[unique_id, "label"]
    groups = {name: f"y{place}" for place, name in enumerate(frame["group"].unique())}
    rows = frame.assign(year=frame["group"].map(groups))
    rows = rows.pivot(index="at", columns="year", values="value")
    rows = rows.assign(ds=ahead.set_index("at")["ds"]).dropna(subset=["ds"])
    same = int((np.asarray(peaks) == top["at"]).sum())
    title = "same" if same else "other" if len(peaks) else "new"
    figure = writer.figure(
        "modeling.season.figure",
        plots.draw(plots.season, frame, scale=writer.scale),
        rows,
        ("{ds:month_word}", *(f"{{{year}:scaled}}" for year in groups.values())),
        title=writer.text(
            f"modeling.season.title.{title}", label=label, ds=top["ds"], same=same, years=len(peaks)
        ),
        axis=writer.axis,
        month=run.month,
        label=label,
        peak=top["value"],
        low=ahead["value"].min(),
        ds=top["ds"],
        groups=" | ".join(f">{group}" for group in groups),
    )
    return Blocks(figure)
