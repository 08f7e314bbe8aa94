"""When series begin and end.

Only a series that sold in nearly every month is taken to have ended, because silence is nothing new
in a lumpy or seasonal one; after less than a year of sales, only one that had faded before. A
declared date goes before what sales suggest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.foundation import SEASON, say, say_all, schema, tables

BEFORE = SEASON  # months that the regular share is taken over at least; twice as many at most
# of the largest month, to which sales fell in a series that faded. A guard, set so that no tested
# cutoff of the public panels meets it (benchmarks/looks.md, 093dce9)
FADED_SHARE = 0.1
USUAL = schema.Lifecycle()


def count_silent(known: pd.DataFrame, rule: schema.Lifecycle = USUAL) -> pd.Series:
    """Months without a sale of the series that ended, by column of a frame with a row per month."""
    silent = count_silent_months(known.to_numpy(dtype=float).T, rule)
    return pd.Series(silent, index=known.columns, name="silent")[silent > 0]


def count_silent_months(y: np.ndarray, rule: schema.Lifecycle = USUAL) -> np.ndarray:
    """Months without a sale at the end of each row of y (n, T); 0 for rows that have not ended.

    NaN is no month of the row.

    >>> count_silent_months(np.array([[5.0] * 13 + [0.0] * 3, [5.0] * 14 + [0.0] * 2])).tolist()
    [3, 0]
    >>> count_silent_months(np.array([[128050, 4200, 0, 0, 0], [100, 100.0, 0, 0, 0]])).tolist()
    [3, 0]
    """
    known = np.isfinite(y)
    sells = known & (y != 0)  # a month of returns alone is no silence
    later_sale = np.logical_or.accumulate(sells[:, ::-1], axis=1)[:, ::-1]
    silent = (known & ~later_sale).sum(axis=1)
    before = known & later_sale
    rank = np.cumsum(before[:, ::-1], axis=1)[:, ::-1]  # 1: the last month before the silence
    before &= rank <= 2 * BEFORE
    months = before.sum(axis=1)
    regular = (before & sells).sum(axis=1) >= rule.regular_share * months
    ended = (silent >= rule.silent_months) & ((months >= BEFORE) | _has_faded(y, sells)) & regular
    return np.where(ended, silent, 0)


def _has_faded(y: np.ndarray, sells: np.ndarray) -> np.ndarray:
    """Whether the last sale of a row is a small share of its largest month (n,)."""
    last = y.shape[1] - 1 - sells[:, ::-1].argmax(axis=1)
    size = np.where(sells, np.abs(y), 0.0)
    largest = size.max(axis=1, initial=0.0)
    return (largest > 0) & (size[np.arange(len(y)), last] <= FADED_SHARE * largest)


def list_lifecycles(
    panel: pd.DataFrame,
    series: pd.DataFrame,
    through: pd.Timestamp,
    declared: pd.DataFrame | None = None,
    *,
    rule: schema.Lifecycle = USUAL,
) -> pd.DataFrame:
    """Table lifecycle: months in which each series was launched and discontinued.

    Null: not known, or not ended. A series sold in the first month of the data may be older.
    `declared`: table of that name, from a master file; it holds for every series of a member.

    >>> months = pd.date_range("2024-01-01", periods=18, freq="MS")
    >>> y = [0.0] + [5.0] * 13 + [0.0] * 4
    >>> sold = pd.DataFrame({"unique_id": "a", "ds": months, "y_raw": y})
    >>> row = list_lifecycles(sold, pd.DataFrame({"unique_id": ["a"]}), months[-1]).iloc[0]
    >>> print(row["launched"].date(), row["discontinued"].date())
    2024-02-01 2025-02-01
    >>> from salesfc_lib.foundation import in_words
    >>> in_words(row["evidence"])
    'first sale in 2024-02; sold regularly until 2025-02, and not in the 4 months since'
    """
    past = panel[panel["ds"] <= through]
    known = past.pivot(index="ds", columns="unique_id", values="y_raw").sort_index()
    known = known.reindex(columns=series["unique_id"].unique()).dropna(how="all")
    sells = known.gt(0)
    begun = known.where(sells.cummax())  # before its first sale a series is absent
    silent = count_silent(begun, rule).reindex(known.columns, fill_value=0)
    first, last = (each.idxmax().where(sells.any()) for each in (sells, sells.iloc[::-1]))
    frame = pd.DataFrame({"first": first, "last": last, "silent": silent})
    frame = frame.rename_axis("unique_id").reset_index()
    frame["launched"] = frame["first"].where(frame["first"].gt(known.index.min()))
    frame["discontinued"] = frame["last"].where(frame["silent"].gt(0))
    frame["evidence"] = [_describe_sales(item) for item in frame.itertuples()]
    for name in ("launched", "discontinued"):
        days = _find_declared(series, declared, name).reindex(frame["unique_id"]).to_numpy()
        months = pd.Series(days.astype("datetime64[M]").astype("datetime64[ns]"), index=frame.index)
        frame[name] = months.where(months.notna(), frame[name])
        for row in np.flatnonzero(months.notna()):
            day = np.datetime_as_string(days[row], "D")
            sold = frame["evidence"][row]
            frame.loc[row, "evidence"] = say_all([say(f"lifecycle.{name}", day=day), sold])
    return tables.check(frame[["unique_id", "launched", "discontinued", "evidence"]], "lifecycle")


def _find_declared(series: pd.DataFrame, declared: pd.DataFrame | None, name: str) -> pd.Series:
    """Declared day by unique_id: latest launch or earliest end of the series' members."""
    days = pd.Series(np.datetime64("NaT", "ns"), index=series["unique_id"].unique())
    if declared is None:
        return days
    ids = pd.Index(series["unique_id"])
    for dimension, part in declared.dropna(subset=name).groupby("dimension"):
        if dimension in series:
            declared_days = series[dimension].map(part.set_index("member")[name])
            own = pd.Series(declared_days.to_numpy(), index=ids).dropna()
            own = own[~own.index.duplicated()]
            both = pd.concat([days.reindex(own.index), own], axis=1)
            days.loc[own.index] = both.max(axis=1) if name == "launched" else both.min(axis=1)
    return days


def _describe_sales(item: Any) -> str:
    """When a series was sold, kept by `say`."""
    if pd.isna(item.first):
        return say("lifecycle.never")
    began, ended = say("lifecycle.whole"), ""
    if pd.notna(item.launched):
        began = say("lifecycle.first", month=f"{item.first:%Y-%m}")
    if item.silent:
        ended = say("lifecycle.ended", month=f"{item.last:%Y-%m}", silent=item.silent)
    return say_all([began, ended])
