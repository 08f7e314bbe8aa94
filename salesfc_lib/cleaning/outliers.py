"""Months of a series that are far outside what it did before, and those in which stock ran out.

- A month is judged by its past alone, so that what comes later cannot change the judgement. Flagged
  months enter the past of later ones at their expected value.
- A high is flagged, a low is not: a low may be a stock-out, a lost customer or an end, and models
  must have those. Only a month below zero, larger in size than anything expected, is flagged too.
- A promotion's peak is not an outlier: a month on promotion is compared with the highest peak of
  the series' earlier promotions, and is never flagged where there was none. Thin and young series
  are not judged, unless a month is more than 100 times all months before.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesfc_lib.foundation import SEASON, find_absurd, say, schema, tables

Matrix = NDArray[np.float64]

DENSE = 0.8  # share of the last two years' months with sales, below which a series is not judged
RECORD = 1.5  # times the highest month of the last two years: where peaks are common, one is usual
NOISE_FLOOR = 0.1  # smallest scale of the log ratio: a steady series may still move by a tenth
TO_DEVIATION = 1.4826  # from median absolute to standard deviation, of a normal distribution


def judge_months(
    panel: pd.DataFrame, *, settings: schema.Outliers, censored: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table outliers, and the table of censored months with what was to be expected in them.

    Outliers are months whose sales are `threshold` robust deviations above, and `ratio` times, what
    the past allows.

    The past allows the level (median of the last 12 months) and, at that level, what any earlier
    year saw in the same calendar month, so that a season is never flagged twice. A flagged month is
    also half above the highest of the last two years. score = log(y / allowed) / max(1.4826 MAD,
    0.1), the median absolute deviation being that of log(y / expected) over the series' own past
    without promotions. Expected is the level times the median ratio of the same calendar month to
    the level around it, drawn to 1 while years are few; to the cent, it is `y` of the result. A
    censored month (unique_id, ds) is neither high nor low, and enters the past of later ones at
    what was expected.
    """
    known = tables.empty("censored") if censored is None else censored
    if panel.empty or not (settings.enabled or len(known)):
        return tables.empty("outliers"), known
    sales = panel.pivot(index="unique_id", columns="ds", values="y_raw")
    months = pd.date_range(sales.columns.min(), sales.columns.max(), freq="MS")
    sales = sales.reindex(columns=months)
    cells = sales.index.get_indexer(known["unique_id"]), months.get_indexer(known["ds"])
    short = np.zeros(sales.shape, dtype=bool)
    short[cells] = True
    raw = sales.to_numpy(dtype=float)
    found, expected = _scan(raw, _find_promoted(panel, sales), short, settings)
    known = known.assign(y=np.array([round(float(value), 2) for value in expected[cells]]))
    if not found or not settings.enabled:
        return tables.empty("outliers"), known
    frame = pd.DataFrame(found, columns=["unique_id", "ds", "y_raw", "y", "score"])
    frame["unique_id"], frame["ds"] = sales.index.take(frame["unique_id"]), months.take(frame["ds"])
    for name in ("y", "score"):
        frame[name] = [round(value, 2) for value in frame[name].tolist()]
    frame["reason"] = [
        say("reason.outlier", times=item.y_raw / item.y, y=item.y) for item in frame.itertuples()
    ]
    frame = frame.sort_values(["unique_id", "ds"], ignore_index=True)
    return tables.check(frame, "outliers"), known


def find_stock_outs(
    inventory: pd.DataFrame, series: pd.DataFrame, panel: pd.DataFrame
) -> pd.DataFrame:
    """Table censored: bottom series and months with days without stock, `y_raw` as sold.

    A dimension that the inventory leaves blank, or does not have, means all members; of several
    rows for one series and month the longest stock-out counts.
    """
    short = inventory[inventory["stockout_days"].gt(0)]
    if short.empty:
        return tables.empty("censored")
    ids, about = ["unique_id", "ds"], ("unique_id", "level", "label")
    shared = [name for name in series if name in short and name not in about]
    by = [short[name].notna() for name in shared] or np.zeros(len(short))
    parts = []
    for given, rows in short.groupby(by, sort=False):
        names = [name for name, has in zip(shared, given, strict=True) if has] if shared else []
        keys, known = rows[[*names, "ds", "stockout_days"]], series[["unique_id", *names]]
        parts.append(known.merge(keys, on=names) if names else known.merge(keys, how="cross"))
    days = pd.concat(parts).groupby(ids, as_index=False)["stockout_days"].max()
    found = days.merge(panel[[*ids, "y_raw"]], on=ids).dropna(subset="y_raw")
    return found.sort_values(ids, ignore_index=True)


def apply_stock_outs(panel: pd.DataFrame, censored: pd.DataFrame, treatment: str) -> pd.DataFrame:
    """Panel with `y` raised to what was expected in censored months if `treatment` is 'replace'."""
    known = censored.dropna(subset="y")
    return apply_outliers(panel, known[known["y"].gt(known["y_raw"])], treatment)


def apply_outliers(panel: pd.DataFrame, outliers: pd.DataFrame, treatment: str) -> pd.DataFrame:
    """Panel with `y` at what was expected in flagged months if `treatment` is 'replace'."""
    if outliers.empty or treatment != "replace":
        return panel.copy()
    expected = outliers.set_index(["unique_id", "ds"])["y"]
    keys = pd.MultiIndex.from_frame(panel[["unique_id", "ds"]])
    replacement = pd.Series(expected.reindex(keys).to_numpy(), index=panel.index)
    return panel.assign(y=panel["y"].mask(replacement.notna(), replacement))


def _find_promoted(panel: pd.DataFrame, sales: pd.DataFrame) -> NDArray[np.bool_]:
    if "promotion" not in panel:
        return np.zeros(sales.shape, dtype=bool)
    shares = panel.pivot(index="unique_id", columns="ds", values="promotion")
    return shares.reindex(index=sales.index, columns=sales.columns).gt(0).to_numpy(dtype=bool)


def _scan(
    raw: Matrix, promoted: NDArray[np.bool_], short: NDArray[np.bool_], settings: schema.Outliers
) -> tuple[list[tuple[int, int, float, float, float]], Matrix]:
    """Flagged cells as (series, month, y_raw, expected, score), and what was expected in each.

    `sales` are the raw ones with flagged months at their expected value, and with months that were
    `short` of stock at no less than that; `usual` is the level around each month.
    """
    sales, usual = raw.copy(), np.full(raw.shape, np.nan)
    residuals, wanted = np.full(raw.shape, np.nan), np.full(raw.shape, np.nan)
    found, absurd = [], find_absurd(raw)
    with np.errstate(invalid="ignore", divide="ignore"):
        for month in range(SEASON, raw.shape[1]):
            # of the twelve months around, all of them before the same month of the next year
            start = max(0, month - SEASON - SEASON // 2)
            usual[:, month - SEASON] = _median(sales[:, start : start + SEASON])
            level = _median(sales[:, month - SEASON : month])
            earlier = list(range(month % SEASON, month, SEASON))
            around = usual[:, earlier]
            expected = level * _find_season(sales[:, earlier] / around)
            wanted[:, month] = expected
            ratios = np.nan_to_num(np.where(around > 0, raw[:, earlier] / around, np.nan))
            highest = np.fmax(expected, level * np.fmax(1.0, ratios.max(axis=1)))
            past, on = residuals[:, :month], promoted[:, :month]
            peak = np.where(promoted[:, month], _find_peak(past, on), 1.0)
            now, missing = raw[:, month], short[:, month]
            log_ratio = np.log(now / expected)
            residuals[:, month] = np.where((now > 0) & (expected > 0), log_ratio, np.nan)
            plain = np.where(on, np.nan, np.abs(past))
            scale = np.fmax(TO_DEVIATION * _median(plain), NOISE_FLOOR)
            score = np.where(now > 0, np.log(now / highest), np.log1p(-now / highest)) / scale
            far = (np.abs(now) > settings.ratio * highest * peak) & (score > settings.threshold)
            record = np.nan_to_num(sales[:, max(0, month - 2 * SEASON) : month]).max(axis=1)
            judged = _is_judged(raw[:, :month], settings.min_history)
            unusual = far & (np.abs(now) > RECORD * record) & judged
            flagged = (unusual | (absurd[:, month] & (expected > 0))) & ~missing
            for series in np.flatnonzero(flagged):
                y_raw, y, above = (float(part[series]) for part in (now, expected, score))
                found.append((int(series), month, y_raw, y, above))
            sales[flagged, month] = expected[flagged]
            missed = missing & (now < expected)
            sales[missed, month] = expected[missed]
            residuals[flagged | missing, month] = np.nan
    return found, wanted


def _find_season(ratios: Matrix) -> Matrix:
    """Median ratio of a calendar month to the level around it, shrunk to 1 by one year."""
    logs = np.where(ratios > 0, np.log(ratios), np.nan)
    years = np.isfinite(logs).sum(axis=1)
    season = _median(np.where(np.isfinite(logs), logs, np.nan))
    return np.where(years > 0, np.exp(season * years / (years + 1)), 1.0)


def _find_peak(residuals: Matrix, promoted: NDArray[np.bool_]) -> Matrix:
    """Highest sales / expected of earlier promotion months, at least 1; infinite without any."""
    lifts = np.where(promoted & ~np.isnan(residuals), residuals, -np.inf).max(axis=1)
    return np.where(np.isinf(lifts), np.inf, np.exp(np.fmax(lifts, 0.0)))


def _is_judged(past: Matrix, min_history: int) -> NDArray[np.bool_]:
    """Series with enough months since their first sale, most of the last two years with sales."""
    started = np.nan_to_num(past).cumsum(axis=1) > 0
    long_enough = (started & ~np.isnan(past)).sum(axis=1) >= min_history
    recent = past[:, -2 * SEASON :]
    months = (started[:, -2 * SEASON :] & ~np.isnan(recent)).sum(axis=1)
    return np.asarray(long_enough & ((recent > 0).sum(axis=1) >= DENSE * months), dtype=bool)


def _median(cells: Matrix) -> Matrix:
    """Median along months, NaN where a series has none."""
    empty = np.asarray(np.isnan(cells).all(axis=1))
    return np.where(empty, np.nan, np.nanmedian(np.where(empty[:, None], 0.0, cells), axis=1))
