"""Sales of one series by month: against a year before, and months without any."""

from __future__ import annotations

import pandas as pd


def sales_of(panel: pd.DataFrame, unique_id: str) -> pd.Series:
    """Sales of a series by `ds`; missing in a month without any source row."""
    return panel[panel["unique_id"] == unique_id].set_index("ds")["y_raw"].sort_index()


def year_before(sold: pd.Series, ds: pd.Timestamp) -> float | None:
    """Sales of the same month a year before, None where they are not known."""
    found = sold.get(ds - pd.DateOffset(years=1))
    return None if found is None or pd.isna(found) else float(found)


def year_change(sold: pd.Series, ds: pd.Timestamp, value: float) -> float | None:
    """`value` against sales a year before, as a share of them; None without such sales."""
    before = year_before(sold, ds)
    return value / before - 1 if before else None


def months_silent(sold: pd.Series) -> int:
    """Months since the last sale."""
    return int(sold.iloc[::-1].fillna(0.0).le(0).cumprod().sum())
