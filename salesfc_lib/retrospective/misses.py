"""The month series by series: what was forecast, what was sold, and what missed most.

Vintages, actuals and series enter; one row per bottom series leaves. The decision made here: a series that sold
without having been forecast stands in the table with a forecast of zero, and one that was forecast but has no row of
its own sold zero, so that the bottom rows sum to the published total and to the actual total.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.retrospective.compare import published
from salesfc_lib.retrospective.members import bottom_series
from salesfc_lib.retrospective.shape import shape


def compare_month(
    vintages: pd.DataFrame,
    actual: pd.DataFrame,
    series: pd.DataFrame,
    *,
    month: pd.Timestamp | str,
    lag: int = 1,
) -> pd.DataFrame:
    """Published forecast and actual of every bottom series in one month.

    Table `missed`, largest absolute difference first. A series whose actual is null (no source rows at all that month)
    is left out. No rows where the month has no archived forecast or no actual.
    """
    ds = pd.Timestamp(month)
    bottom = bottom_series(series)[["unique_id", "label"]]
    final = published(vintages[(vintages["ds"] == ds) & (vintages["h"] == lag)])[
        ["unique_id", "y_hat"]
    ]
    final = final.merge(bottom[["unique_id"]])
    sold = actual.loc[actual["ds"] == ds, ["unique_id", "y_raw"]].merge(bottom[["unique_id"]])
    if final.empty or sold["y_raw"].notna().sum() == 0:
        return shape([], "missed")
    unknown = sold.loc[sold["y_raw"].isna(), "unique_id"]
    rows = final.merge(sold, on="unique_id", how="outer").merge(bottom, on="unique_id")
    rows = rows[~rows["unique_id"].isin(unknown)]
    rows = rows.assign(
        forecasted=rows["y_hat"].notna(),
        forecast=rows["y_hat"].fillna(0.0),
        actual=rows["y_raw"].fillna(0.0),
    )
    rows = rows.assign(
        difference=rows["forecast"] - rows["actual"], ds=ds, cutoff=ds - pd.DateOffset(months=lag)
    )
    size = rows["difference"].abs()
    rows = rows.assign(size=size, share=size / (size.sum() or float("nan")))
    return shape(rows.sort_values(["size", "unique_id"], ascending=[False, True]), "missed")


def largest_misses(missed: pd.DataFrame, *, count: int = 6) -> pd.DataFrame:
    """The `count` largest misses of `compare_month`, those that missed nothing left out."""
    return missed[missed["difference"] != 0].head(count).reset_index(drop=True)
