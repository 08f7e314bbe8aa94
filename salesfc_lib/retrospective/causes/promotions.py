"""How much of each month a series was on promotion, and what promotions usually brought.

Days count as the panel counts them, in the unit's business months and with the agreed window around
each promotion, so that what explains a miss is what the models were told.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesfc_lib.foundation import Calendar, bound_months, label_months, schema
from salesfc_lib.retrospective.members import bottom_series, match

MONTHS = Calendar()
MIN_CASES = 6  # series-months with a promotion between two months without


def promotion_share(
    promotion: pd.DataFrame,
    series: pd.DataFrame,
    months: pd.DatetimeIndex,
    calendar: Calendar = MONTHS,
) -> pd.DataFrame:
    """Share of each business month's days on promotion; a day counts once.

    Shape: months x bottom series.
    """
    columns = bottom_series(series)["unique_id"].tolist()
    if promotion.empty or months.empty:
        return pd.DataFrame(0.0, index=months, columns=columns)
    rows = promotion.reset_index(drop=True)
    firsts, ends = bound_months(months.to_numpy(), calendar)
    days = match(rows, series).merge(_days(rows, firsts.min(), ends.max() - 1), on="row")
    days = days.drop_duplicates(["unique_id", "day"])
    ds = label_months(days["day"].to_numpy(), calendar).astype("datetime64[ns]")
    counted = days.assign(ds=ds).groupby(["ds", "unique_id"]).size().unstack(fill_value=0)
    lengths = pd.Series((ends - firsts).astype(np.int64), index=months)
    shares = counted.div(lengths.reindex(counted.index), axis=0)
    return shares.reindex(index=months, columns=columns, fill_value=0.0).fillna(0.0)


def widen(promotion: pd.DataFrame, window: schema.PromotionWindow) -> pd.DataFrame:
    """Promotions with the days around them that they are agreed to influence."""
    before, after = pd.Timedelta(days=window.before), pd.Timedelta(days=window.after)
    return promotion.assign(start=promotion["start"] - before, end=promotion["end"] + after)


def name_promotions(
    calendars: Sequence[pd.DataFrame], series: pd.DataFrame, span: tuple[pd.Timestamp, pd.Timestamp]
) -> dict[str, list[str]]:
    """Names of the promotions in any of the calendars that touch the days of `span`, by series."""
    names: dict[str, set[str]] = {}
    for frame in calendars:
        rows = frame[(frame["start"] <= span[1]) & (frame["end"] >= span[0])].reset_index(drop=True)
        for row, unique_id in match(rows, series).itertuples(index=False):
            names.setdefault(unique_id, set()).add(rows.at[row, "name"])
    return {unique_id: sorted(found) for unique_id, found in names.items()}


def estimate_uplift(sales: pd.DataFrame, shares: pd.DataFrame) -> tuple[float | None, int]:
    """Uplift of a month wholly on promotion as a share of sales without, and the series-months
    used.

    Pooled over series-months with a promotion whose neighbours on both sides had none: (sum of
    sales - sum of the neighbours' mean) / sum of (neighbours' mean x share). It holds what season
    is left between neighbours. None below `MIN_CASES`, or where nothing was gained. `sales` and
    `shares`: months x series.
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


def _days(rows: pd.DataFrame, begin: np.datetime64, end: np.datetime64) -> pd.DataFrame:
    """Every day of every promotion from `begin` through `end`: row, day."""
    starts = rows["start"].clip(lower=pd.Timestamp(begin))
    ends = rows["end"].clip(upper=pd.Timestamp(end))
    days = [pd.date_range(first, last) for first, last in zip(starts, ends, strict=True)]
    table = pd.DataFrame({"row": rows.index, "day": days}).explode("day").dropna()
    return table.astype({"row": "int64", "day": "datetime64[ns]"})
