"""Archived forecasts beside what happened, row by row; every accuracy is pooled from these rows.

What was published is the last stage that there is for a series and month. A month without any
source row (null) is not scored, and nothing after the month is looked at. Differences and biases
are forecast - actual: above zero the forecast was too high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import pandas as pd

from salesfc_lib.forecasting import pool, score
from salesfc_lib.foundation import STAGES, tables
from salesfc_lib.retrospective.members import bottom_series

ROW = ["unique_id", "cutoff", "ds"]


def no_rows(name: str) -> Any:
    """Dataclass field whose default is table `name` without rows."""
    return field(default_factory=partial(tables.empty, name))


@dataclass(frozen=True)
class Past:
    """What was forecast and what was sold: vintages, actuals (as the panel) and the series of both.

    Vintages are the forecast rows of earlier months, of all stages; any table may be empty.
    """

    vintages: pd.DataFrame = no_rows("forecast")
    actual: pd.DataFrame = no_rows("panel")
    series: pd.DataFrame = no_rows("series")

    @cached_property
    def _scores(self) -> pd.DataFrame:
        """Scores of all that was published, from which each table takes its months and lags."""
        return score_published(self.vintages, self.actual)

    def scores(self, month: pd.Timestamp | str, months: int, lags: Sequence[int]) -> pd.DataFrame:
        """Scores of what was published for the `months` months that end with `month`, at `lags`."""
        rows = window(self._scores, month, months)
        return rows[rows["h"].isin(lags)]


def published(vintages: pd.DataFrame) -> pd.DataFrame:
    """Forecast rows as they were published: of each series, cutoff and month the last stage.

    One row per (unique_id, cutoff, ds), columns of `vintages`. Where people changed nothing that
    month there is no stage 'adjusted', and the reconciled row is what was published.
    """
    rank = vintages["stage"].map(STAGES.index).astype("int64")
    ordered = vintages.assign(rank=rank).sort_values([*ROW, "rank"], kind="stable")
    return ordered.drop_duplicates(ROW, keep="last").drop(columns="rank").reset_index(drop=True)


def of_stage(vintages: pd.DataFrame, stage: str) -> pd.DataFrame:
    """Forecast rows of one stage."""
    return vintages[vintages["stage"] == stage]


def window(frame: pd.DataFrame, month: pd.Timestamp | str, months: int) -> pd.DataFrame:
    """Rows whose `ds` is among the `months` months that end with `month`."""
    last = pd.Timestamp(month)
    return frame[(frame["ds"] <= last) & (frame["ds"] > last - pd.DateOffset(months=months))]


def shared_rows(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Those of `rows` whose series, cutoff and month `others` has as well."""
    return rows.merge(others.loc[others["y_hat"].notna(), ROW].drop_duplicates(), on=ROW)


def score_as(
    rows: pd.DataFrame,
    actual: pd.DataFrame,
    name: str,
    *,
    metrics: Sequence[str] = ("wape", "bias"),
) -> pd.DataFrame:
    """Score rows of the metrics with `name` as stage and the month `ds` scored.

    Rows whose forecast or actual is null are left out.
    """
    scored = score(rows.assign(stage=name, model=name), actual, metrics)
    return scored.merge(rows[[*ROW, "h"]], on=["unique_id", "cutoff", "h"])


def score_published(vintages: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Score rows of three stages: published (all rows), shared (where a naive is too) and naive."""
    final, naive = published(vintages), of_stage(vintages, "baseline")
    parts = [
        score_as(final, actual, "published"),
        score_as(shared_rows(final, naive), actual, "shared"),
        score_as(shared_rows(naive, final), actual, "naive"),
    ]
    return pd.concat(parts, ignore_index=True)


def tabulate(scores: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Accuracy per group of `by`, from the scores of `score_published`; all ratios are pooled.

    Columns after `by`: months (that were scored), n (rows), forecast and actual (sums), wape,
    accuracy (1 - WAPE, floored at 0), bias ((forecast - actual) / actual), naive_wape,
    naive_accuracy and gain: WAPE of the seasonal naive minus that of the published forecast, on the
    rows that both have, while the accuracy counts every row.
    """

    def pooled(stage: str, metric: str) -> pd.DataFrame:
        rows = scores[(scores["stage"] == stage) & (scores["metric"] == metric)]
        return pool(rows, by).set_index(by)

    wape, bias = pooled("published", "wape"), pooled("published", "bias")
    shared, naive = (pooled(stage, "wape")["value"] for stage in ("shared", "naive"))
    columns = {
        "months": scores[scores["stage"] == "published"].groupby(by)["ds"].nunique(),
        "n": wape["n"],
        "forecast": bias["numerator"] + bias["denominator"],
        "actual": bias["denominator"],
        "wape": wape["value"],
        "accuracy": floor_accuracy(wape["value"]),
        "bias": bias["value"],
        "naive_wape": naive,
        "naive_accuracy": floor_accuracy(naive),
        "gain": naive - shared,
    }
    return pd.DataFrame(columns).reset_index().sort_values(by, ignore_index=True)


def floor_accuracy(wape: pd.Series) -> pd.Series:
    """Accuracy of a WAPE: 1 - WAPE, never below 0."""
    return (1.0 - wape).clip(lower=0.0)


def compare_month(past: Past, *, month: pd.Timestamp | str) -> pd.DataFrame:
    """Forecast published one month ahead and actual of every bottom series in one month.

    Table `missed`, largest absolute difference first; its rows sum to the published and the actual
    total. A series that sold without a forecast has a forecast of zero, one that was forecast but
    has no row of its own sold zero, and one whose actual is null (no source rows at all that month)
    is left out. No rows where the month has no archived forecast or no actual.
    """
    ds = pd.Timestamp(month)
    bottom = bottom_series(past.series)[["unique_id", "label"]]
    vintages, actual = past.vintages, past.actual
    final = published(vintages[(vintages["ds"] == ds) & (vintages["h"] == 1)])
    final = final[["unique_id", "y_hat"]].merge(bottom[["unique_id"]])
    sold = actual.loc[actual["ds"] == ds, ["unique_id", "y_raw"]].merge(bottom[["unique_id"]])
    if final.empty or sold["y_raw"].notna().sum() == 0:
        return tables.empty("missed")
    unknown = sold.loc[sold["y_raw"].isna(), "unique_id"]
    rows = final.merge(sold, on="unique_id", how="outer").merge(bottom, on="unique_id")
    rows = rows[~rows["unique_id"].isin(unknown)]
    forecast, sales = rows["y_hat"].fillna(0.0), rows["y_raw"].fillna(0.0)
    size = (forecast - sales).abs()
    rows = rows.assign(
        **{"forecast": forecast, "actual": sales, "difference": forecast - sales, "size": size},
        **{"ds": ds, "cutoff": ds - pd.DateOffset(months=1)},
        forecasted=rows["y_hat"].notna(),
        share=size / (size.sum() or float("nan")),
    )
    return tables.build(rows.sort_values(["size", "unique_id"], ascending=[False, True]), "missed")


def largest_misses(missed: pd.DataFrame, *, count: int = 6) -> pd.DataFrame:
    """The `count` largest misses of `compare_month`, those that missed nothing left out."""
    return missed[missed["difference"] != 0].head(count).reset_index(drop=True)
