"""Missing months of the panel, and their estimates.

Estimates rest on earlier months only, so that no cutoff sees later sales.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import SEASON, nan_mean, tables, wording

RECENT_MONTHS = 3  # months that say what a series' level is. Not tuned: a quarter
KEY = ["unique_id", "ds"]


def scan_gaps(panel: pd.DataFrame) -> pd.DataFrame:
    """Months without y (unique_id, ds), from a series' first month to the panel's last.

    A month may be null or have no row at all; both are gaps.
    """
    wide = panel.pivot(index="unique_id", columns="ds", values="y")
    months = wide.columns
    if len(wide):
        months = pd.date_range(months.min(), months.max(), freq="MS")
    first = panel.groupby("unique_id")["ds"].min().reindex(wide.index)
    begun = months.to_numpy() >= first.to_numpy()[:, None]
    row, column = np.nonzero(wide.reindex(columns=months).isna().to_numpy() & begun)
    return pd.DataFrame({"unique_id": wide.index.to_numpy()[row], "ds": months[column]})


def fill_gaps(panel: pd.DataFrame) -> pd.DataFrame:
    """Panel whose missing y are filled by `fill_forward`; y_raw stays null there.

    A row that is added takes its month's mean regressors.
    """
    gaps = scan_gaps(panel)
    if gaps.empty:
        return panel.copy()
    whole = _add_rows(panel, gaps)
    wide = whole.pivot(index="unique_id", columns="ds", values="y")  # every month by now
    place = wide.index.get_indexer(whole["unique_id"]), wide.columns.get_indexer(whole["ds"])
    filled = pd.Series(fill_forward(wide.to_numpy())[place], index=whole.index)
    return whole.assign(y=whole["y"].fillna(filled))


def check_panel(panel: pd.DataFrame, unit: str = "") -> pd.DataFrame:
    """The panel, if its keys are unique and its grid unbroken.

    Raises `SalesForecastError` naming the first missing month and its series.
    """
    gaps = scan_gaps(tables.check(panel, "panel")).sort_values(["ds", "unique_id"])
    if len(gaps):
        months = gaps["ds"].nunique()
        panel_of = f"Panel of '{unit}'" if unit else "Panel"
        raise SalesForecastError.of(
            f"{panel_of} lacks {wording.plural(months, 'month')} "
            f"(first {gaps['ds'].iat[0]:%Y-%m}, '{gaps['unique_id'].iat[0]}')",
            "Modeling needs an unbroken monthly grid",
            "Fill them with `fill_gaps` or list them under `closed_months`",
        )
    return panel


def fill_forward(y: np.ndarray) -> np.ndarray:
    """Copy of y (n, T) without NaN from each row's first value on.

    A gap gets the same month last year times the growth of the three months before over the same
    months a year earlier (between half and double; 1 where last year's month was estimated itself).
    Without last year's month it gets the mean of the three months before.

    >>> fill_forward(np.array([[np.nan, 1.0, np.nan, 3.0]])).tolist()
    [[nan, 1.0, 1.0, 3.0]]
    """
    y = y.astype(float, copy=True)
    begun = np.isfinite(y).cumsum(axis=1) > 0
    gaps = begun & np.isnan(y)
    for column in np.flatnonzero(gaps.any(axis=0)):
        rows = np.flatnonzero(gaps[:, column])
        y[rows, column] = estimate_month(y[rows, :column], estimated=gaps[rows, :column])
    return y


def estimate_month(before: np.ndarray, estimated: np.ndarray) -> np.ndarray:
    """Value (n,) of the month after `before` (n, T), some of it `estimated`; NaN without any."""
    level = nan_mean(before[:, -RECENT_MONTHS:], 1)
    if before.shape[1] < SEASON:
        return level
    year_ago = before[:, -SEASON]
    level_then = nan_mean(before[:, -SEASON - RECENT_MONTHS : -SEASON], 1)
    usable = (level > 0) & (level_then > 0) & ~estimated[:, -SEASON]
    growth = np.where(usable, np.clip(level / np.where(usable, level_then, 1.0), 0.5, 2.0), 1.0)
    return np.where(np.isnan(year_ago), level, year_ago * growth)


def _add_rows(panel: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    """Panel with a row for every gap; an added row has its month's mean regressors."""
    merged = gaps.merge(panel[KEY], how="left", indicator=True)
    absent = merged.loc[merged["_merge"] == "left_only", KEY]
    if absent.empty:
        return panel
    whole = pd.concat([panel, absent]).sort_values(KEY, ignore_index=True)
    regressors = list(whole.columns.difference([*KEY, "y", "y_raw"]))
    if not regressors:
        return whole
    return whole.fillna(whole.groupby("ds")[regressors].transform("mean"))
