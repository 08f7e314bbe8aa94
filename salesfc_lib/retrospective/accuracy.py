"""Accuracy of the published forecasts by lag, level, dimension and month; coverage of intervals.

One table per question, with the seasonal naive on the same rows beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from salesfc_lib.forecasting import pool
from salesfc_lib.foundation import SEASON, tables
from salesfc_lib.retrospective.compare import Past, published, score_as, tabulate, window
from salesfc_lib.retrospective.members import bottom_series, dimensions, top_and_bottom


def by_lag(
    past: Past, *, month: pd.Timestamp | str, lags: Iterable[int] = (1, 3, 6), months: int = 1
) -> pd.DataFrame:
    """Accuracy by level and lag over the `months` months that end with `month`.

    One row per (level, lag), with the columns of `compare.tabulate`: every lag from 1 to the
    largest of `lags` that the archive reaches. The lag is the forecast's `h`.
    """
    scores = past.scores(month, months, range(1, max(lags) + 1))
    scores = scores.merge(past.series[["unique_id", "level"]], on="unique_id")
    return tabulate(scores.assign(lag=scores["h"]), ["level", "lag"])


def by_dimension(
    past: Past, *, month: pd.Timestamp | str, lag: int = 1, months: int = 1
) -> pd.DataFrame:
    """Accuracy of each member of each dimension, pooled over its bottom series.

    One row per (dimension, member) with the columns of `compare.tabulate` and difference = forecast
    - actual. The bottom series partition the business, so no error cancels inside a member.
    """
    scores = past.scores(month, months, [lag])
    members = bottom_series(past.series).melt(
        "unique_id", dimensions(past.series), "dimension", "member"
    )
    members = members.dropna(subset="member").astype({"dimension": object})
    table = tabulate(scores.merge(members, on="unique_id"), ["dimension", "member"])
    return table.assign(difference=table["forecast"] - table["actual"])


def history(
    past: Past, *, month: pd.Timestamp | str, lag: int = 1, months: int = 2 * SEASON
) -> pd.DataFrame:
    """Accuracy month by month at one lag, at the top and the bottom level.

    One row per (level, ds) with the columns of `compare.tabulate`; a month without an archived
    forecast has no row.
    """
    scores = past.scores(month, months, [lag])
    return tabulate(scores.merge(top_and_bottom(past.series), on="unique_id"), ["level", "ds"])


def lag_history(
    past: Past, *, month: pd.Timestamp | str, lags: Iterable[int] = (1, 3, 6)
) -> pd.DataFrame:
    """Accuracy by month and lag at the bottom level, over the twelve months that end with `month`.

    Table `lag_history`: one row per (ds, lag), every lag from 1 to the largest of `lags`; a month
    that was not forecast at a lag has no row there.
    """
    scores = past.scores(month, SEASON, range(1, max(lags) + 1))
    scores = scores.merge(bottom_series(past.series)[["unique_id"]], on="unique_id")
    return tables.build(tabulate(scores.assign(lag=scores["h"]), ["ds", "lag"]), "lag_history")


def coverage(past: Past, *, month: pd.Timestamp | str) -> pd.DataFrame:
    """Share of actuals inside the archived 80 % interval over the last twelve months.

    One row per (level, lag): months, n, inside, coverage. Bounds count as inside. People's changes
    come without an interval: what is judged is that of the last stage that has one.
    """
    scores = score_intervals(past, month=month, months=SEASON)
    scores = scores.merge(past.series[["unique_id", "level"]], on="unique_id")
    by, scores = ["level", "lag"], scores.assign(lag=scores["h"])
    pooled = pool(scores, by).rename(columns={"numerator": "inside", "value": "coverage"})
    scored = scores.groupby(by)["ds"].nunique().rename("months").reset_index()
    table = scored.merge(pooled, on=by)[[*by, "months", "n", "inside", "coverage"]]
    return table.astype({"inside": "int64"})


def score_intervals(past: Past, *, month: pd.Timestamp | str, months: int) -> pd.DataFrame:
    """Scores of the archived 80 % intervals (numerator 1: the actual is inside), all lags."""
    rows = published(window(past.vintages, month, months).dropna(subset=["lo-80", "hi-80"]))
    return score_as(rows, past.actual, "published", metrics=["coverage-80"])
