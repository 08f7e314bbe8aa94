"""When series begin, and which have come to an end.

A panel and a month enter; the series that ended and since when leave, and a table of both ends of every series. The decisions
made here: only a series that sold in nearly every month can be said to have ended, because in a lumpy or seasonal one silence is
nothing new; what began in the first month of the data may be older; and a declared date goes before what sales suggest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.foundation import tables
from salesfc_lib.foundation.schema import Lifecycle

BEFORE = 12  # months, at least, over which that share is taken; at most two years
USUAL = Lifecycle()


def count_silent(known: pd.DataFrame, rule: Lifecycle = USUAL) -> pd.Series:
    """Months without a sale of the series that ended, by column of a frame with a row per month."""
    silent = count_silent_months(known.to_numpy(dtype=float).T, rule)
    return pd.Series(silent, index=known.columns, name="silent")[silent > 0]


def count_silent_months(y: np.ndarray, rule: Lifecycle = USUAL) -> np.ndarray:
    """Months without a sale at the end of each row of y (n, T), 0 for those that have not ended; NaN is no month of the row.

    >>> count_silent_months(np.array([[5.0] * 13 + [0.0] * 3, [5.0] * 14 + [0.0] * 2])).tolist()
    [3, 0]
    """
    known = np.isfinite(y)
    sells = known & (y != 0)  # a month of returns alone is no silence
    later_sale = np.flip(np.logical_or.accumulate(np.flip(sells, axis=1), axis=1), axis=1)
    silent = (known & ~later_sale).sum(axis=1)
    rank = np.flip(
        np.cumsum(np.flip(known & later_sale, axis=1), axis=1), axis=1
    )  # 1: the last known month before the silence
    before = known & later_sale & (rank <= 2 * BEFORE)
    months = before.sum(axis=1)
    regular = (before & sells).sum(axis=1) >= rule.regular_share * months
    return np.asarray(
        np.where((silent >= rule.silent_months) & (months >= BEFORE) & regular, silent, 0)
    )


def list_lifecycles(
    panel: pd.DataFrame,
    series: pd.DataFrame,
    through: pd.Timestamp,
    declared: pd.DataFrame | None = None,
    *,
    rule: Lifecycle = USUAL,
) -> pd.DataFrame:
    """Table lifecycle: the month in which each series was launched and discontinued, null where neither is known.

    `declared` (dimension, member, launched, discontinued) is what a master file says; it holds for every series of that member.

    >>> months = pd.date_range("2024-01-01", periods=18, freq="MS")
    >>> sold = pd.DataFrame({"unique_id": "a", "ds": months, "y_raw": [0.0] + [5.0] * 13 + [0.0] * 4})
    >>> row = list_lifecycles(sold, pd.DataFrame({"unique_id": ["a"]}), months[-1]).iloc[0]
    >>> print(row["launched"].date(), row["discontinued"].date(), row["evidence"])
    2024-02-01 2025-02-01 first sale in 2024-02; sold regularly until 2025-02, and not in the 4 months since
    """
    known = (
        panel[panel["ds"] <= through]
        .pivot(index="ds", columns="unique_id", values="y_raw")
        .sort_index()
    )
    known = known.reindex(columns=series["unique_id"].unique()).dropna(how="all")
    sells = known.gt(0)
    silent = count_silent(known.where(sells.cummax()), rule).reindex(
        known.columns, fill_value=0
    )  # before its first sale: absent
    frame = pd.DataFrame(
        {
            "unique_id": known.columns,
            "first": sells.idxmax().where(sells.any()).to_numpy(),
            "last": sells.iloc[::-1].idxmax().where(sells.any()).to_numpy(),
            "silent": silent.to_numpy(),
        }
    )
    launched = frame["first"].where(frame["first"].gt(known.index.min()))
    frame = frame.assign(launched=launched, discontinued=frame["last"].where(frame["silent"].gt(0)))
    said = [_say_sold(item) for item in frame.itertuples()]
    frame = frame.assign(evidence=said)
    for name in ("launched", "discontinued"):
        days = _find_declared(series, declared, name).reindex(frame["unique_id"]).to_numpy()
        months = pd.Series(days.astype("datetime64[M]").astype("datetime64[ns]"), index=frame.index)
        told = [
            _say_declared(evidence, day, name)
            for evidence, day in zip(frame["evidence"], days, strict=True)
        ]
        frame = frame.assign(evidence=told, **{name: months.where(months.notna(), frame[name])})
    return tables.check(frame[["unique_id", "launched", "discontinued", "evidence"]], "lifecycle")


def _find_declared(series: pd.DataFrame, declared: pd.DataFrame | None, name: str) -> pd.Series:
    """Declared day by unique_id: the latest launch and the earliest end of the members that the series crosses."""
    days = pd.Series(np.datetime64("NaT", "ns"), index=series["unique_id"].unique())
    if declared is None:
        return days
    ids = pd.Index(series["unique_id"])
    for dimension, part in declared.dropna(subset=name).groupby("dimension"):
        if dimension in series:
            found = pd.Series(
                series[dimension].map(part.set_index("member")[name]).to_numpy(), index=ids
            ).dropna()
            found = found[~found.index.duplicated()]
            both = pd.concat([days.reindex(found.index), found], axis=1)
            days.loc[found.index] = both.max(axis=1) if name == "launched" else both.min(axis=1)
    return days


def _say_sold(item: Any) -> str:
    if pd.isna(item.first):
        return "never sold"
    began = (
        f"first sale in {item.first:%Y-%m}"
        if pd.notna(item.launched)
        else "sold from the first month of the data on"
    )
    return (
        f"{began}; sold regularly until {item.last:%Y-%m}, and not in the {item.silent} months since"
        if item.silent
        else began
    )


def _say_declared(evidence: str, day: np.datetime64, name: str) -> str:
    return (
        evidence
        if np.isnat(day)
        else f"{name} {np.datetime_as_string(day, 'D')} as declared; {evidence}"
    )
