"""Scores of forecasts against actuals, as numerators and denominators.

Nothing is divided before rows are pooled: a ratio over many series is the ratio of sums.
Differences are forecast - actual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import SEASON, tables

KEY = ["unique_id", "stage", "model", "cutoff", "h"]

# rows with their actual, and the history: to numerators and denominators
Metric = Callable[[pd.DataFrame, pd.DataFrame], tuple[pd.Series, pd.Series]]


def score(
    forecast: pd.DataFrame, actual: pd.DataFrame, metrics: Sequence[str] = ("wape", "bias")
) -> pd.DataFrame:
    """Score table: one row per forecast row whose month has an actual, and metric.

    `forecast` is a table of that contract (`stage` may be absent: 'candidate'); `actual` holds
    unique_id, ds and y_raw, for mase the history through each cutoff too. Metrics: wape |f - a| /
    |a|; bias (f - a) / a; smape 2 |f - a| / (|f| + |a|), for comparison with published results;
    mase |f - a| / mean |a(t) - a(t - 12)| through the cutoff (Hyndman and Koehler 2006,
    https://doi.org/10.1016/j.ijforecast.2006.03.001); coverage-80 and coverage-95 count the actuals
    inside the interval, bounds included.

    Raises `SalesForecastError` for a metric that does not exist.
    """
    for metric in metrics:
        if metric not in METRICS:
            raise SalesForecastError.unknown_key(metric, METRICS, "`metrics`")
    rows = forecast if "stage" in forecast.columns else forecast.assign(stage="candidate")
    known = actual[["unique_id", "ds", "y_raw"]].dropna()
    rows = rows.merge(known.rename(columns={"y_raw": "actual"}), on=["unique_id", "ds"])
    parts = []
    for metric in metrics:
        numerator, denominator = METRICS[metric](rows, known)
        part = rows[KEY].assign(metric=metric, numerator=numerator, denominator=denominator, n=1)
        parts.append(part.dropna(subset=["numerator", "denominator"]))
    return tables.build(pd.concat(parts), "score")


def pool(scores: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Metrics over the rows of each group: `by`, metric, numerator, denominator, n, value.

    value = sum of numerators / sum of denominators; null where the denominators sum to zero.

    >>> numerator = [1.0, 3.0]
    >>> rows = pd.DataFrame({"metric": "wape", "numerator": numerator, "denominator": 10.0, "n": 1})
    >>> pool(rows)["value"].tolist()
    [0.2]
    """
    groups = list(dict.fromkeys([*by, "metric"]))
    sums = scores.groupby(groups, sort=True, observed=True)[["numerator", "denominator", "n"]]
    pooled = sums.sum().reset_index()
    size = pooled["denominator"].where(pooled["denominator"] != 0)
    return pooled.assign(value=pooled["numerator"] / size)


def _absolute(rows: pd.DataFrame) -> pd.Series:
    return (rows["y_hat"] - rows["actual"]).abs()


def _smape(rows: pd.DataFrame, _: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Each row's ratio over one, as the published mean of ratios; 0 where both are zero."""
    total = rows["y_hat"].abs() + rows["actual"].abs()
    ratio = 2 * _absolute(rows) / total.where(total > 0)
    return ratio.fillna(0.0), pd.Series(1.0, index=rows.index)


def _mase(rows: pd.DataFrame, history: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    key = ["unique_id", "cutoff"]
    earlier = history.assign(ds=history["ds"] + pd.DateOffset(months=SEASON))
    steps = history.merge(earlier, on=["unique_id", "ds"], suffixes=("", "_before"))
    steps = steps.assign(step=(steps["y_raw"] - steps["y_raw_before"]).abs())
    pairs = rows[key].drop_duplicates().merge(steps, on="unique_id")
    scale = pairs.loc[pairs["ds"] <= pairs["cutoff"]].groupby(key)["step"].mean()
    per_row = scale.reindex(pd.MultiIndex.from_frame(rows[key])).to_numpy()
    return _absolute(rows), pd.Series(per_row, index=rows.index)


def _coverage(level: int) -> Metric:
    def inside(rows: pd.DataFrame, _: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
        low, high = rows[f"lo-{level}"], rows[f"hi-{level}"]
        hit = ((low <= rows["actual"]) & (rows["actual"] <= high)).astype(float)
        return hit.where(low.notna() & high.notna()), pd.Series(1.0, index=rows.index)

    return inside


METRICS: dict[str, Metric] = {
    "wape": lambda rows, _: (_absolute(rows), rows["actual"].abs()),
    "bias": lambda rows, _: (rows["y_hat"] - rows["actual"], rows["actual"]),
    "smape": _smape,
    "mase": _mase,
    "coverage-80": _coverage(80),
    "coverage-95": _coverage(95),
}
