"""How much of each month a series was on promotion, and what promotions usually brought.

A promotion calendar and the series enter; a share of the month per bottom series leaves, and one uplift for the unit. The decision
made here: the uplift compares promotion months with the months on both sides of them that had none, so it holds what
season is left between neighbours, and it is not given at all below `MIN_CASES` such months.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.retrospective.members import bottom_series, match

MIN_CASES = 6  # series-months with a promotion between two months without


def promotion_share(promotion: pd.DataFrame, series: pd.DataFrame, months: pd.DatetimeIndex) -> pd.DataFrame:
    """Share of each month's days on promotion, months x bottom series; days of overlapping promotions count once."""
    bottom = bottom_series(series)["unique_id"]
    shares = pd.DataFrame(0.0, index=months, columns=bottom.tolist())
    if promotion.empty or months.empty:
        return shares
    rows = promotion.reset_index(drop=True)
    pairs = match(rows, series).merge(_days(rows, months), on="row").drop_duplicates(["unique_id", "day"])
    ds = pairs["day"].dt.to_period("M").dt.to_timestamp()
    counted = pairs.groupby([ds, "unique_id"]).size().unstack(fill_value=0)
    counted = counted.div(counted.index.days_in_month, axis=0)
    return counted.reindex(index=months, columns=shares.columns, fill_value=0.0).fillna(0.0)


def estimate_uplift(sales: pd.DataFrame, shares: pd.DataFrame) -> tuple[float | None, int]:
    """Uplift of a month wholly on promotion as a share of sales without, and the series-months it rests on.

    Pooled over series-months with a promotion whose neighbours on both sides had none: (sum of sales - sum of the
    neighbours' mean) / sum of (neighbours' mean x share). None below `MIN_CASES`, or where nothing was gained.
    `sales` and `shares`: months x series.
    """
    shares = shares.reindex(index=sales.index, columns=sales.columns, fill_value=0.0)
    plain = sales.where(shares == 0)
    expected = (plain.shift(1) + plain.shift(-1)) / 2
    usable = (shares > 0) & expected.notna() & sales.notna()
    cases = int(usable.to_numpy().sum())
    exposed = float((expected * shares).where(usable).sum().sum())
    if cases < MIN_CASES or exposed <= 0:
        return None, cases
    uplift = float((sales - expected).where(usable).sum().sum()) / exposed
    return (uplift if uplift > 0 else None), cases


def _days(rows: pd.DataFrame, months: pd.DatetimeIndex) -> pd.DataFrame:
    """Every day of every promotion within the months: row, day."""
    first, last = months.min(), months.max() + pd.offsets.MonthEnd(0)
    spans = [
        pd.DataFrame({"row": row.Index, "day": pd.date_range(max(row.start, first), min(row.end, last), freq="D")})
        for row in rows.itertuples()
        if row.start <= last and row.end >= first
    ]
    none = pd.DataFrame({"row": pd.Series(dtype="int64"), "day": pd.Series(dtype="datetime64[ns]")})
    return pd.concat(spans, ignore_index=True) if spans else none
