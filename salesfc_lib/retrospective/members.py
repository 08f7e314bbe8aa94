"""Which series a row of any table concerns: rows matched to bottom series by their dimensions.

A dimension that a row leaves null, or a table does not have, means all members. The bottom level is
the one that crosses the most dimensions, because it holds every dimension used.
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


def top_and_bottom(series: pd.DataFrame) -> pd.DataFrame:
    """`unique_id` and `level` of the series of the top and the bottom level."""
    ends = pd.concat([top_series(series), bottom_series(series)])
    return ends[["unique_id", "level"]].drop_duplicates()


def match(rows: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Pairs of a row's index label (`row`) and a bottom series (`unique_id`) that the row covers.

    One pair per covered series; a row that covers none has no pair. `rows` may lack dimensions.
    """
    bottom = bottom_series(series)
    if rows.empty or bottom.empty:
        labels = pd.Series(dtype=rows.index.dtype)
        return pd.DataFrame({"row": labels, "unique_id": pd.Series(dtype=object)})
    shared = [name for name in dimensions(series) if name in rows.columns]
    everything = pd.Series(True, index=rows.index)
    given = rows[shared].notna().apply(tuple, axis=1) if shared else everything
    keyed = rows[shared].assign(row=rows.index)
    pairs = [_pairs(group, bottom, shared) for _, group in keyed.groupby(given)]
    table = pd.concat(pairs, ignore_index=True)[["row", "unique_id"]]
    return table.sort_values(["row", "unique_id"], ignore_index=True)


def by_series(transactions: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Transactions with the `unique_id` of their bottom series and the month `ds` of their date."""
    bottom = bottom_series(series)
    rows = transactions.drop(columns="unique_id", errors="ignore").assign(ds=month_of(transactions))
    shared = [name for name in dimensions(series) if name in rows.columns]
    return _join(rows, bottom, [name for name in shared if bottom[name].notna().any()])


def _pairs(group: pd.DataFrame, bottom: pd.DataFrame, shared: list[str]) -> pd.DataFrame:
    """Pairs of rows that leave the same dimensions null."""
    given = [name for name in shared if group[name].notna().all()]
    return _join(group[["row", *given]], bottom, given)


def _join(rows: pd.DataFrame, bottom: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """Each row beside the series that it shares all of `on` with, beside every one without any."""
    others = bottom[["unique_id", *on]]
    return rows.merge(others, on=on) if on else rows.merge(others, how="cross")


def _rows_of_level(series: pd.DataFrame, position: int) -> pd.DataFrame:
    if series.empty:
        return series
    used = series[dimensions(series)].notna().groupby(series["level"]).any().sum(axis=1)
    return series[series["level"] == used.sort_values(kind="stable").index[position]]
