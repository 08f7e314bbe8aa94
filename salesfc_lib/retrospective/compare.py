"""Archived forecasts put beside what happened, row by row.

Vintages (forecast rows of earlier months, all stages) and actuals enter; scored rows leave, from which every
accuracy on the page is pooled. The decisions made here: what was published is the last stage that there is for
that series and month; a month without any source row (null) is not scored; the seasonal naive is compared on the
rows that both have, while the published accuracy counts every row; and nothing after the month is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesfc_lib.forecasting import pool, score
from salesfc_lib.foundation import STAGES

ROW = ["unique_id", "cutoff", "ds"]
MEASURES = [
    "forecast",
    "actual",
    "wape",
    "accuracy",
    "bias",
    "naive_wape",
    "naive_accuracy",
    "gain",
]


def published(vintages: pd.DataFrame) -> pd.DataFrame:
    """Forecast rows as they were published: of each series, cutoff and month the last stage there is.

    One row per (unique_id, cutoff, ds), columns of `vintages`. Where people changed nothing that month there is
    no stage 'adjusted', and the reconciled row is what was published.
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
    """Score rows of three stages: published (every row), shared (published where a naive is) and naive."""
    final, naive = published(vintages), of_stage(vintages, "baseline")
    parts = [
        score_as(final, actual, "published"),
        score_as(shared_rows(final, naive), actual, "shared"),
        score_as(shared_rows(naive, final), actual, "naive"),
    ]
    return pd.concat(parts, ignore_index=True)


def tabulate(scores: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Accuracy per group of `by`, from the scores of `score_published`.

    Columns after `by`: months (that were scored), n (rows), forecast and actual (sums), wape, accuracy (1 - WAPE,
    floored at 0), bias ((forecast - actual) / actual, above zero is too high), naive_wape, naive_accuracy and gain:
    WAPE of the seasonal naive minus that of the published forecast, on the rows that both have. Pooled ratios.
    """
    wape = _pooled(scores, "published", "wape", by)[[*by, "n", "value"]].rename(
        columns={"value": "wape"}
    )
    bias = _pooled(scores, "published", "bias", by).rename(
        columns={"value": "bias", "denominator": "actual"}
    )
    bias = bias.assign(forecast=bias["numerator"] + bias["actual"])[
        [*by, "forecast", "actual", "bias"]
    ]
    shared = _pooled(scores, "shared", "wape", by)[[*by, "value"]].rename(
        columns={"value": "shared_wape"}
    )
    naive = _pooled(scores, "naive", "wape", by)[[*by, "value"]].rename(
        columns={"value": "naive_wape"}
    )
    months = (
        scores[scores["stage"] == "published"]
        .groupby(by)["ds"]
        .nunique()
        .rename("months")
        .reset_index()
    )
    table = (
        months.merge(wape, on=by)
        .merge(bias, on=by)
        .merge(shared, on=by, how="left")
        .merge(naive, on=by, how="left")
    )
    table = table.assign(
        accuracy=floor_accuracy(table["wape"]),
        naive_accuracy=floor_accuracy(table["naive_wape"]),
        gain=table["naive_wape"] - table["shared_wape"],
    )
    return table[[*by, "months", "n", *MEASURES]].sort_values(by, ignore_index=True)


def floor_accuracy(wape: pd.Series) -> pd.Series:
    """Accuracy of a WAPE: 1 - WAPE, never below 0."""
    return (1.0 - wape).clip(lower=0.0)


def _pooled(scores: pd.DataFrame, stage: str, metric: str, by: list[str]) -> pd.DataFrame:
    return pool(scores[(scores["stage"] == stage) & (scores["metric"] == metric)], by)
