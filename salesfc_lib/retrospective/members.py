"""Which series a row speaks of: rows of any table matched to bottom series by their dimensions.

A table with dimension columns and the series enter; pairs (row, unique_id) leave. The decisions made here: a
dimension that a row leaves null, or a table does not have, means all members; and the bottom level is the one
that crosses the most dimensions, because it holds every dimension used.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.foundation import month_of

NOT_DIMENSIONS = ("unique_id", "level", "label")


def dimensions(series: pd.DataFrame) -> list[str]:
    """Names of the dimension columns of the series table."""
    return [column for column in series.columns if column not in NOT_DIMENSIONS]


def bottom_series(series: pd.DataFrame) -> pd.DataFrame:
    """Rows of the level that crosses the most dimensions: together they partition the business."""
    return _rows_of_level(series, -1)


def top_series(series: pd.DataFrame) -> pd.DataFrame:
    """Rows of the level that crosses the fewest dimensions: the total, where the unit has one."""
    return _rows_of_level(series, 0)


def match(rows: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Pairs of a row's index label (`row`) and a bottom series (`unique_id`) that the row covers.

    One pair per covered series; a row that covers none has no pair. `rows` may lack dimensions.
    """
    bottom = bottom_series(series)
    shared = [name for name in dimensions(series) if name in rows.columns]
    keyed = rows[shared].assign(row=rows.index)
    if rows.empty or bottom.empty:
        return pd.DataFrame(
            {"row": pd.Series(dtype=rows.index.dtype), "unique_id": pd.Series(dtype=object)}
        )
    given = (
        keyed[shared].notna().apply(tuple, axis=1)
        if shared
        else pd.Series("all", index=keyed.index)
    )
    pairs = pd.concat(
        [_pairs(group, bottom, shared) for _, group in keyed.groupby(given)], ignore_index=True
    )
    return pairs[["row", "unique_id"]].sort_values(["row", "unique_id"], ignore_index=True)


def by_series(transactions: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Transactions with the `unique_id` of their bottom series and the month `ds` of their date."""
    bottom = bottom_series(series)
    rows = transactions.drop(columns="unique_id", errors="ignore").assign(ds=month_of(transactions))
    names = [
        name for name in dimensions(series) if name in rows.columns and bottom[name].notna().any()
    ]
    return (
        rows.merge(bottom[["unique_id", *names]], on=names)
        if names
        else rows.merge(bottom[["unique_id"]], how="cross")
    )


def _pairs(group: pd.DataFrame, bottom: pd.DataFrame, shared: list[str]) -> pd.DataFrame:
    """Pairs of rows that leave the same dimensions null."""
    given = [name for name in shared if group[name].notna().all()]
    if not given:
        return group[["row"]].merge(bottom[["unique_id"]], how="cross")
    return group[["row", *given]].merge(bottom[["unique_id", *given]], on=given)


def _rows_of_level(series: pd.DataFrame, position: int) -> pd.DataFrame:
    if series.empty:
        return series
    used = series[dimensions(series)].notna().groupby(series["level"]).any().sum(axis=1)
    return series[series["level"] == used.sort_values(kind="stable").index[position]]
