"""Scores of forecasts of many series, as the literature defines them.

Histories and rows of forecast beside what came enter; plain numbers leave. Differences are
forecast - actual. MASE, RMSSE and the interval score are per series in units of its own history and
then averaged, so that each series counts alike; sMAPE is a mean over rows; WAPE and bias are ratios
of sums, so that the large series count. A row whose actual is missing is not scored. Numbers are
ratios (0.1 is 10 %), except sMAPE, which is published in percent.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SEASON = 12  # months
ALPHA = {50: 0.5, 80: 0.2, 95: 0.05}  # interval level in percent: the share outside


def find_scales(history: pd.DataFrame) -> pd.DataFrame:
    """What one series' errors are measured in: index unique_id; columns seasonal (for MASE),
    squared (for RMSSE).

    `history`: unique_id, ds, y, each series an unbroken monthly grid in order, missing months with
    a null y. seasonal = mean |y(t) - y(t - 12)|, of t - 1 where the history spans at most 12 months
    (Hyndman and Koehler 2006, https://doi.org/10.1016/j.ijforecast.2006.03.001); squared = mean
    (y(t) - y(t - 1))^2 over the whole history (Makridakis et al. 2022,
    https://doi.org/10.1016/j.ijforecast.2021.11.013, there from the first sale on). Null where no
    two months can be compared.

    >>> find_scales(pd.DataFrame({"unique_id": "a", "y": [1.0, 3.0, 2.0]})).loc["a"].tolist()
    [1.5, 2.5]
    """
    series = history.groupby("unique_id", sort=False)["y"]
    step, season = series.diff(), series.diff(SEASON)
    short = series.transform("size") <= SEASON
    steps = pd.DataFrame({"seasonal": season.where(~short, step).abs(), "squared": step**2})
    return steps.groupby(history["unique_id"]).mean()


def score(rows: pd.DataFrame, scales: pd.DataFrame) -> dict[str, float]:
    """mase, rmsse, smape, wape, bias, wis, coverage80, wape_total: nan where nothing can be divided
    by.

    `rows`: unique_id, actual, y_hat, lo-50 .. hi-95, one row a series and month; `scales` as
    `find_scales` gives them. mase = mean over series of mean |error| / seasonal; rmsse = mean over
    series of sqrt(mean error^2 / squared); series that never changed have no scale and count in
    neither. smape = mean over rows of 200 |f - a| / (|f| + |a|), 0 where both are 0. wape =
    sum |f - a| / sum |a|; bias = sum (f - a) / sum a; wape_total: wape of each series' total over
    the months that were scored. wis = mean over series of the mean weighted interval score /
    seasonal. coverage80: share of actuals inside the 80 % interval, bounds included.
    """
    rows = rows[rows["actual"].notna()].reset_index(drop=True)
    error = rows["y_hat"] - rows["actual"]
    sums = pd.DataFrame({"error": error, "actual": rows["actual"]}).groupby(rows["unique_id"]).sum()
    size = rows["actual"].abs().sum()
    return {
        "mase": _average(error.abs(), rows, scales["seasonal"]),
        "rmsse": _average(error**2, rows, scales["squared"], root=True),
        "smape": float(find_smape(rows["actual"], rows["y_hat"]).mean()),
        "wape": _divide(error.abs().sum(), size),
        "bias": _divide(error.sum(), rows["actual"].sum()),
        "wis": _average(find_wis(rows), rows, scales["seasonal"]),
        "coverage80": float(_inside(rows).mean()),
        "wape_total": _divide(sums["error"].abs().sum(), sums["actual"].abs().sum()),
    }


def find_smape(actual: pd.Series, forecast: pd.Series) -> pd.Series:
    """200 |f - a| / (|f| + |a|) of each row, in percent, as in the M3 competition; 0 where both are
    0.

    >>> find_smape(pd.Series([1.0, 0.0]), pd.Series([3.0, 0.0])).tolist()
    [100.0, 0.0]
    """
    size = actual.abs() + forecast.abs()
    return (200 * (forecast - actual).abs() / size.where(size > 0)).where(size != 0, 0.0)


def find_wis(rows: pd.DataFrame) -> pd.Series:
    """Weighted interval score of each row, in units of y, from the median and three central
    intervals; smaller is better.

    (|y - m| / 2 + sum over levels of alpha / 2 IS_alpha) / (3 + 1/2), with
    IS_alpha = (hi - lo) + 2 / alpha (lo - y)+ + 2 / alpha (y - hi)+: Bracher et al. 2021,
    https://doi.org/10.1371/journal.pcbi.1008618, equations 1 and 2. The point forecast stands for
    the median.
    """
    actual = rows["actual"]
    total = (rows["y_hat"] - actual).abs() / 2
    for level, alpha in ALPHA.items():
        low, high = rows[f"lo-{level}"], rows[f"hi-{level}"]
        outside = (low - actual).clip(lower=0) + (actual - high).clip(lower=0)
        total = total + alpha / 2 * (high - low) + outside
    return total / (len(ALPHA) + 0.5)


def cover_by_month(rows: pd.DataFrame, horizon: int) -> list[float]:
    """Share of actuals inside the 80 % interval, one, two .. `horizon` months ahead (column h); nan
    where there is none.
    """
    rows = rows[rows["actual"].notna()]
    return (
        _inside(rows)
        .groupby(rows["h"])
        .mean()
        .reindex(range(1, horizon + 1))
        .astype(float)
        .tolist()
    )


def _inside(rows: pd.DataFrame) -> pd.Series:
    inside = rows["actual"].between(rows["lo-80"], rows["hi-80"]).astype(float)
    return inside.where(rows["lo-80"].notna() & rows["hi-80"].notna())


def _average(
    losses: pd.Series, rows: pd.DataFrame, scale: pd.Series, *, root: bool = False
) -> float:
    """Mean over series of mean loss / scale, its root before the mean where asked; a loss that is
    missing makes it missing.
    """
    by = rows["unique_id"]
    means = losses.groupby(by).mean().mask(losses.isna().groupby(by).any())
    ratios = means / scale.reindex(means.index)
    counted = (np.sqrt(ratios) if root else ratios)[scale.reindex(means.index) > 0]
    return float(counted.mean(skipna=False)) if len(counted) else float("nan")


def _divide(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else float("nan")
