"""Published forecasts of real panels at several origins, beside what happened after them.

The panels of `panels.py`, and Superstore by region and sub-category, enter with their hierarchies;
what a unit's month would have published at each origin leaves: reconciled forecasts of all levels
with their intervals, the backtest that they rest on, and actuals. Which dimensions a panel has, and
which origins are looked at, is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import panels
from salesfc_lib import forecasting, reconciliation
from salesfc_lib.foundation import Parameters, defaults, with_value
from salesfc_lib.panel import aggregate, build_series
from salesfc_lib.panel.hierarchy import unique_id

DIMENSIONS = {
    "iowa": ("county", "category"),
    "stallion": ("agency", "sku"),
    "pasta": ("brand", "item"),
    "superstore": ("region", "sub_category"),
}
HORIZON = 6
# months removed before the origin: held back ones end within the last year, earlier ones before it
JUDGED, EARLIER = (6, 9, 12), (18, 21, 24)
SUPERSTORE = Path("superstore") / "Sample - Superstore.csv"


@dataclass(frozen=True)
class Month:
    """A month as it would have been published, and what came: actual, rows of the bottom panel."""

    panel: str
    origin: pd.Timestamp
    published: pd.DataFrame
    backtest: pd.DataFrame
    series: pd.DataFrame
    known: pd.DataFrame
    actual: pd.DataFrame
    parameters: Parameters


def read_rows(name: str, data: Path) -> pd.DataFrame:
    """Bottom rows: the panel's dimensions, ds, y and what is known ahead."""
    if name == "superstore":
        return _superstore(data)
    rows = panels.build_panel(name, data)
    first, second = DIMENSIONS[name]
    if name == "pasta":
        parts = rows["unique_id"].str.extract(r"(?P<brand>.*)_")["brand"]
        return rows.assign(**{first: parts, second: rows["unique_id"]}).drop(columns="unique_id")
    parts = rows["unique_id"].str.split("/", n=1, expand=True)
    return rows.assign(**{first: parts[0], second: parts[1]}).drop(columns="unique_id")


def _superstore(data: Path) -> pd.DataFrame:
    """Pieces a month by region and sub-category, of pairs that sold in each of four years."""
    lines = pd.read_csv(data / SUPERSTORE, encoding="utf-8-sig")
    names = {"Region": "region", "Sub-Category": "sub_category", "Quantity": "y"}
    names |= {name: name.replace("-", " ") for name in lines if name not in names}
    days = pd.to_datetime(lines["Order Date"], format="mixed", dayfirst=False)
    rows = lines.rename(columns=names).assign(ds=days.to_numpy().astype("datetime64[M]"))
    rows["ds"] = rows["ds"].astype("datetime64[ns]")
    wide = rows.pivot_table(
        index="ds", columns=["region", "sub_category"], values="y", aggfunc="sum"
    )
    wide = wide.reindex(pd.date_range(wide.index.min(), wide.index.max(), freq="MS")).fillna(0.0)
    long = wide.rename_axis("ds").stack(["region", "sub_category"], future_stack=True)
    return long.rename("y").reset_index()


def publish(rows: pd.DataFrame, name: str, earlier: int, horizon: int = HORIZON) -> Month:
    """What would have been published `earlier` months before the last, from the rows till then."""
    dimensions = [*DIMENSIONS[name]]
    levels = {"total": []} | {each: [each] for each in dimensions} | {"bottom": dimensions}
    parameters = with_value(defaults(), "dimensions", dimensions)
    parameters = with_value(with_value(parameters, "levels", levels), "horizon", horizon)
    origin = rows["ds"].max() - pd.DateOffset(months=earlier)
    until = rows["ds"] <= origin
    ahead = (rows["ds"] > origin) & (rows["ds"] <= origin + pd.DateOffset(months=horizon))
    there = rows[until].groupby(dimensions)["y"].transform("count")
    kept = rows[until][there > 0]
    series = build_series(kept[dimensions].drop_duplicates(), levels)
    ids = [unique_id("bottom", each) for each in rows[dimensions].to_dict("records")]
    rows = rows.assign(unique_id=ids, y_raw=rows["y"]).drop(columns=dimensions)
    bottom = set(series.loc[series["level"].eq("bottom"), "unique_id"])
    rows = rows[rows["unique_id"].isin(bottom)]
    before = rows[until.reindex(rows.index)]
    panel = aggregate(before, series, levels, lag=horizon)
    actual = rows[ahead.reindex(rows.index)]
    plans = actual.drop(columns=["y", "y_raw"])
    future = aggregate(plans, series, levels, lag=horizon, sold=before)
    tables = {"series": series, "panel": panel, "future": future}
    tables["recalled"] = pd.DataFrame({"cutoff": pd.Series(dtype="datetime64[ns]")})
    history = forecasting.align_levels(tables, parameters, end=origin)
    modeled = forecasting.model_history(history, parameters, horizon=horizon, levels=[*levels])
    backtest = forecasting.list_backtest(modeled)
    coherent, _ = reconciliation.reconcile(
        forecasting.list_forecasts(modeled),
        backtest,
        panel,
        series,
        parameters=parameters,
        month=f"{origin:%Y-%m}",
    )
    method = str(coherent["model"].iloc[0])
    past = reconciliation.reconcile_backtest(method, backtest, panel, series, parameters=parameters)
    past = past if len(past) else backtest
    published = forecasting.add_intervals(coherent, past, panel, series, rule=parameters.lifecycle)
    return Month(name, origin, published, past, series, panel, actual, parameters)


def publish_all(names: tuple[str, ...], data: Path, earlier: tuple[int, ...]) -> Iterator[Month]:
    """Each panel at each origin."""
    for name in names:
        rows = read_rows(name, data)
        for months in earlier:
            yield publish(rows, name, months)
